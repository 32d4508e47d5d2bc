//! After the sign-in: time-outs, restarts, and what a lent connection does to a session.

use std::time::Duration;

use poolwright::{
    domain::{diagnosis::Symptom, pool::PoolMode, stages::Port},
    postgres::{stages, wire::Wire},
    practice::pooler::PoolEntry,
};

use super::{Bench, POOL, capacity::leave, pool};

pub async fn situations(bench: &mut Bench) {
    Box::pin(timeouts(bench)).await;
    Box::pin(lent_connections(bench)).await;
    Box::pin(restarts(bench)).await;
}

/// What a statement meets, as an error of the server or as the end of the connection.
async fn met(wire: &mut Wire, sql: &str) -> Symptom {
    match wire.rows(sql).await {
        Ok(rows) => panic!("{sql} went through: {rows:?}"),
        Err(err) => stages::symptom(err),
    }
}

async fn timeouts(bench: &mut Bench) {
    let pause = || tokio::time::sleep(Duration::from_millis(2600));
    bench.cluster.tell_pooler("SET client_idle_timeout = 1").await.unwrap();
    let mut idle = bench.client(Port::Pooled).await;
    idle.rows("select 1").await.unwrap();
    pause().await;
    let ended = met(&mut idle, "select 1").await;
    bench.judge_symptom(
        "an idle client, ended by the pooler",
        Port::Pooled,
        &ended,
        "idle time-out",
    );
    bench.cluster.tell_pooler("SET client_idle_timeout = 0").await.unwrap();

    bench.cluster.tell_pooler("SET idle_transaction_timeout = 1").await.unwrap();
    let mut open = bench.client(Port::Pooled).await;
    open.rows("begin").await.unwrap();
    pause().await;
    let ended = met(&mut open, "select 1").await;
    bench.judge_symptom(
        "an open transaction, ended by the pooler",
        Port::Pooled,
        &ended,
        "open transaction",
    );
    bench.cluster.tell_pooler("SET idle_transaction_timeout = 0").await.unwrap();

    bench.cluster.tell_pooler("SET query_timeout = 1").await.unwrap();
    let mut slow = bench.client(Port::Pooled).await;
    let ended = met(&mut slow, "select pg_sleep(6)").await;
    bench.judge_symptom("a long query, ended by the pooler", Port::Pooled, &ended, "57014");
    bench.cluster.tell_pooler("SET query_timeout = 0").await.unwrap();

    let mut open = bench.client(Port::Direct).await;
    open.rows("set idle_in_transaction_session_timeout = 100").await.unwrap();
    open.rows("begin").await.unwrap();
    tokio::time::sleep(Duration::from_millis(400)).await;
    let ended = met(&mut open, "select 1").await;
    bench.judge_symptom(
        "an open transaction, ended by PostgreSQL",
        Port::Direct,
        &ended,
        "open transaction",
    );

    let mut open = bench.client(Port::Pooled).await;
    open.rows("begin; set local idle_in_transaction_session_timeout = 100").await.unwrap();
    tokio::time::sleep(Duration::from_millis(400)).await;
    let ended = met(&mut open, "select 1").await;
    bench.judge_symptom("… through the pool", Port::Pooled, &ended, "open transaction");

    let mut slow = bench.client(Port::Direct).await;
    slow.rows("set statement_timeout = 100").await.unwrap();
    let stopped = met(&mut slow, "select pg_sleep(5)").await;
    bench.judge_symptom("a long query, stopped by PostgreSQL", Port::Direct, &stopped, "57014");
}

async fn lent_connections(bench: &mut Bench) {
    let mut one = bench.client(Port::Pooled).await;
    let mut other = bench.client(Port::Pooled).await;
    one.rows("prepare poolwright_name as select 1").await.unwrap();
    // The other one's transaction takes the connection away that the name is known on.
    other.rows("begin").await.unwrap();
    let lost = met(&mut one, "execute poolwright_name").await;
    bench.judge_symptom("a statement prepared by SQL", Port::Pooled, &lost, "26000");
    let taken = met(&mut other, "prepare poolwright_name as select 1").await;
    bench.judge_symptom("… whose name another client took", Port::Pooled, &taken, "42P05");
    leave(vec![one, other]).await;

    let mut reader = bench.client(Port::Direct).await;
    reader.rows("set default_transaction_read_only = on").await.unwrap();
    let refused = met(&mut reader, "create table poolwright_table ()").await;
    bench.judge_symptom("a change in a read-only session", Port::Direct, &refused, "25006");
    let mut stranger = bench.client(Port::Direct).await;
    let refused = met(&mut stranger, "select pg_reload_conf()").await;
    bench.judge_symptom("a right that the role lacks", Port::Direct, &refused, "42501");
    leave(vec![reader, stranger]).await;

    let statement = PoolEntry { mode: PoolMode::Statement, ..pool(POOL, 3) };
    bench.cluster.set_pools(vec![statement]).await.unwrap();
    let mut client = bench.client(Port::Pooled).await;
    let refused = met(&mut client, "begin").await;
    bench.judge_symptom(
        "a transaction in statement mode",
        Port::Pooled,
        &refused,
        "statement mode",
    );
    bench.cluster.set_pools(vec![pool(POOL, 3)]).await.unwrap();
}

async fn restarts(bench: &mut Bench) {
    let (pooled, direct) = (bench.pooled(), bench.direct());
    bench.cluster.tell_pooler("SET query_wait_timeout = 1").await.unwrap();
    bench.fresh_pool().await;
    let mut idle = bench.client(Port::Pooled).await;
    idle.rows("select 1").await.unwrap();
    bench.cluster.stop_server().await.unwrap();
    bench.cluster.start_server().await.unwrap();
    idle.rows("select 1").await.expect("an idle pooled client notices nothing of a restart");
    leave(vec![idle]).await;

    let mut alone = bench.client(Port::Direct).await;
    let mut inside = bench.client(Port::Pooled).await;
    inside.rows("begin").await.unwrap();
    inside.rows("select 1").await.unwrap();

    // Waits for those who are inside, and takes nobody in.
    bench.cluster.close_doors().unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let stopping = bench.test(&pooled, &direct).await;
    bench.judge("the server is stopping", Port::Direct, &stopping.ports.direct, "57P03");

    bench.cluster.stop_server().await.unwrap();
    let ended = met(&mut alone, "select 1").await;
    bench.judge_symptom("a direct client when the server stops", Port::Direct, &ended, "57P01");
    let ended = met(&mut inside, "select 1").await;
    bench.judge_symptom("a pooled client in a transaction", Port::Pooled, &ended, "57P01");
    let finding = bench.test(&pooled, &direct).await;
    bench.judge("the server is down", Port::Direct, &finding.ports.direct, "refused");
    bench.judge(
        "the server behind the pool is down",
        Port::Pooled,
        &finding.ports.pooled,
        "no server behind the pool",
    );

    bench.cluster.start_server().await.unwrap();
    bench.expect("the server is back", (&pooled, ""), (&direct, "")).await;
    bench.cluster.tell_pooler("SET query_wait_timeout = 5").await.unwrap();
}

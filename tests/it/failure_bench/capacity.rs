//! Nothing free: slots of the database, connections of the pool, clients of the pooler.

use std::time::{Duration, Instant};

use poolwright::{
    domain::{diagnosis::Symptom, pool::PoolMode, stages::Port},
    postgres::{stages, wire::Wire},
    practice::pooler::PoolEntry,
};

use super::{Bench, POOL, pool, timing};

pub async fn situations(bench: &mut Bench) {
    full_database(bench).await;
    full_pool(bench).await;
    limits(bench).await;
}

impl Bench {
    pub async fn client(&self, port: Port) -> Wire {
        let url = match port {
            Port::Pooled => self.pooled(),
            Port::Direct => self.direct(),
        };
        let began = Instant::now();
        loop {
            match stages::connect(&url, Some(self.cluster.ca()), &timing()).await {
                Ok(wire) => return wire,
                // After its server or settings changed a pooler remembers that it got no connection, for 15 s by default.
                Err(Symptom::Said(said))
                    if said.message.contains("server_login_retry")
                        && began.elapsed() < Duration::from_secs(30) =>
                {
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                Err(symptom) => panic!("{symptom:?}"),
            }
        }
    }

    pub async fn clients(&self, port: Port, count: usize) -> Vec<Wire> {
        let mut clients = Vec::new();
        for _ in 0..count {
            clients.push(self.client(port).await);
        }
        clients
    }

    /// Clients that each keep a transaction open.
    async fn holders(&self, count: usize) -> Vec<Wire> {
        let mut holders = self.clients(Port::Pooled, count).await;
        for holder in &mut holders {
            holder.rows("begin").await.unwrap();
            holder.rows("select 1").await.unwrap();
        }
        holders
    }
}

pub async fn leave(clients: Vec<Wire>) {
    for client in clients {
        client.close().await;
    }
    // A backend keeps its slot for a moment.
    tokio::time::sleep(Duration::from_millis(200)).await;
}

async fn full_database(bench: &mut Bench) {
    let (pooled, direct) = (bench.pooled(), bench.direct());
    bench.fresh_pool().await;
    let mut holders = bench.clients(Port::Direct, 20).await;
    while holders.len() < 22 {
        match stages::connect(&direct, Some(bench.cluster.ca()), &timing()).await {
            Ok(wire) => holders.push(wire),
            // Connections of the pool that were there before take part.
            Err(_) => break,
        }
    }
    bench.expect("all 22 ordinary slots are used", (&pooled, "53300"), (&direct, "53300")).await;
    bench.expect("… and asked again", (&pooled, "53300"), (&direct, "53300")).await;

    let mut superusers = Vec::new();
    let all = loop {
        match bench.cluster.superuser("postgres").await {
            Ok(connection) => superusers.push(connection),
            Err(_) => break superusers.len(),
        }
        assert!(superusers.len() < 10, "superusers have three slots");
    };
    assert!(0 < all, "a superuser finds a slot of its own");
    bench.expect("all 25 slots are used", (&pooled, "53300"), (&direct, "53300")).await;
    drop(superusers);
    leave(holders).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    // The pooler still remembers; it is asked again before that is told.
    bench.expect("slots are free again", (&pooled, ""), (&direct, "")).await;
}

async fn full_pool(bench: &mut Bench) {
    let holders = bench.holders(3).await;
    // This program gives up before the pooler does …
    bench.expect_pooled("transactions hold the whole pool", "query_wait_timeout").await;
    leave(holders).await;
    // … and the pooler before this program.
    bench.cluster.tell_pooler("SET query_wait_timeout = 1").await.unwrap();
    let holders = bench.holders(3).await;
    bench.expect_pooled("… until the pooler gives up", "query_wait_timeout").await;
    leave(holders).await;

    let session = PoolEntry { mode: PoolMode::Session, ..pool(POOL, 3) };
    bench.cluster.set_pools(vec![session]).await.unwrap();
    bench.fresh_pool().await;
    let mut idle = bench.clients(Port::Pooled, 3).await;
    for client in &mut idle {
        client.rows("select 1").await.unwrap();
    }
    bench.expect_pooled("idle clients hold a pool in session mode", "query_wait_timeout").await;
    leave(idle).await;
    bench.cluster.set_pools(vec![pool(POOL, 3)]).await.unwrap();

    bench.expect_pooled("the pool in transaction mode again", "").await;
    let no_room = bench.no_room();
    bench.cluster.tell_pooler("PAUSE").await.unwrap();
    bench.expect_pooled("the pooler is paused", no_room).await;
    bench.cluster.tell_pooler("RESUME").await.unwrap();
}

async fn limits(bench: &mut Bench) {
    for (situation, set, unset) in [
        ("max_db_connections", "SET max_db_connections = 1", "SET max_db_connections = 0"),
        ("max_user_connections", "SET max_user_connections = 1", "SET max_user_connections = 0"),
    ] {
        bench.fresh_pool().await;
        bench.cluster.tell_pooler(set).await.unwrap();
        let holders = bench.holders(1).await;
        let no_room =
            if situation == "max_db_connections" { bench.no_room() } else { "query_wait_timeout" };
        bench.expect_pooled(situation, no_room).await;
        leave(holders).await;
        bench.cluster.tell_pooler(unset).await.unwrap();
    }
    bench.cluster.tell_pooler("SET query_wait_timeout = 5").await.unwrap();

    let clients = bench.clients(Port::Pooled, 4).await;
    // The console is a client, too.
    bench.cluster.tell_pooler("SET max_client_conn = 4").await.unwrap();
    bench.expect_pooled("max_client_conn is reached", "max_client_conn").await;
    leave(clients).await;
    bench.cluster.tell_pooler("SET max_client_conn = 1000").await.unwrap();

    bench.cluster.tell_pooler("DISABLE \"shop-pool\"").await.unwrap();
    bench.expect_pooled("the pool is switched off", "pool disabled").await;
    bench.cluster.tell_pooler("ENABLE \"shop-pool\"").await.unwrap();

    let mut client = bench.client(Port::Pooled).await;
    client.rows("begin").await.unwrap();
    bench.cluster.set_pools(vec![pool("other-pool", 1)]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let removed = client.rows("select 1").await.unwrap_err();
    let removed = stages::symptom(removed);
    bench.judge_symptom(
        "the pool is removed under a client",
        Port::Pooled,
        &removed,
        "pool removed",
    );
    let finding = bench.test(&bench.pooled(), &bench.direct()).await;
    let column = &finding.ports.pooled;
    bench.judge("… and asked for anew", Port::Pooled, column, "no such pool");
    bench.cluster.set_pools(vec![pool(POOL, 3)]).await.unwrap();
    bench.cluster.tell_pooler("SET query_wait_timeout = 5").await.unwrap();
}

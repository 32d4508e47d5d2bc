//! Who signs in, and to what.

use poolwright::{
    domain::{
        conn_url::ConnUrl,
        diagnosis::{Known, Said, Symptom},
        secret::Secret,
        stages::{Outcome, Port, Stage},
    },
    practice::{
        cluster::{APP_DATABASE, APP_ROLE, OWNER, PUBLIC_HOST},
        pooler::{Auth, PoolEntry},
    },
};
use sqlx::{
    ConnectOptions as _,
    postgres::{PgConnectOptions, PgDatabaseError, PgSslMode},
};
use tokio::{io::AsyncReadExt as _, net::TcpStream};

use super::{Bench, POOL, pool, with_name, with_password, with_user};

pub async fn situations(bench: &mut Bench) {
    passwords(bench).await;
    names(bench).await;
    rights(bench).await;
    parameters(bench).await;
    unencrypted(bench).await;
}

async fn passwords(bench: &mut Bench) {
    let (pooled, direct) = (bench.pooled(), bench.direct());
    bench.expect("everything is right", (&pooled, ""), (&direct, "")).await;

    let wrong = |url: &ConnUrl| with_password(url, "wrong");
    bench.expect("wrong password", (&wrong(&pooled), "28P01"), (&wrong(&direct), "28P01")).await;
    let empty = |url: &ConnUrl| with_password(url, "");
    bench.expect("empty password", (&empty(&pooled), "28P01"), (&empty(&direct), "28P01")).await;
    bench.expect("wrong password, pooled only", (&wrong(&pooled), "28P01"), (&direct, "")).await;
    let stranger = |url: &ConnUrl| with_user(url, "shop_ap");
    bench
        .expect(
            "unknown user",
            (&stranger(&pooled), "no such user"),
            (&stranger(&direct), "no such user"),
        )
        .await;

    // As the account sets it up: the owner's URL beside the app's.
    let owner = ConnUrl {
        user: OWNER.to_owned(),
        password: bench.cluster.password(OWNER).cloned(),
        ..direct.clone()
    };
    bench
        .expect(
            "wrong password of the app beside the owner",
            (&wrong(&pooled), "28P01"),
            (&owner, ""),
        )
        .await;
    bench
        .expect(
            "wrong name of the pool beside the owner",
            (&with_name(&pooled, "nobody-s"), "no such pool"),
            (&owner, ""),
        )
        .await;
    let nothing = Known::default();
    let unnamed = with_name(&pooled, "nobody-s");
    let finding = bench.test_with(&unnamed, &owner, Some(bench.cluster.ca()), &nothing).await;
    bench.judge("… without an account", Port::Pooled, &finding.ports.pooled, "no such pool");

    // The same password, salted anew, behind a pooler that keeps the old secret; or an old password.
    if bench.is_by_file() {
        let old = Secret::new("from before");
        bench.cluster.pooler_remembers(APP_ROLE, old).await.unwrap();
        bench
            .expect("the pooler keeps an old password", (&pooled, "stale secret"), (&direct, ""))
            .await;
        // With a server connection at hand the pooler would not sign in anew.
        bench.fresh_pool().await;
        let before = with_password(&pooled, "from before");
        let before_direct = with_password(&direct, "from before");
        bench
            .expect(
                "the pooler still takes an old password",
                (&before, "28P01"),
                (&before_direct, "28P01"),
            )
            .await;
        let right = bench.cluster.password(APP_ROLE).unwrap().clone();
        bench.cluster.pooler_remembers(APP_ROLE, right).await.unwrap();
        bench.expect("the pooler has learned it", (&pooled, ""), (&direct, "")).await;
    }
}

async fn names(bench: &mut Bench) {
    let (pooled, direct) = (bench.pooled(), bench.direct());
    let named = with_name;
    bench
        .expect(
            "unknown pool and unknown database",
            (&named(&pooled, "nobody-s"), "no such pool"),
            (&named(&direct, "nobody"), "3D000"),
        )
        .await;
    bench
        .expect(
            "database name on the pool port",
            (&named(&pooled, APP_DATABASE), "database for pool"),
            (&direct, ""),
        )
        .await;
    bench
        .expect(
            "pool name on the direct port",
            (&pooled, ""),
            (&named(&direct, POOL), "pool for database"),
        )
        .await;
    bench
        .expect("no name", (&named(&pooled, ""), "no such pool"), (&named(&direct, ""), "3D000"))
        .await;
    let both = |url: &ConnUrl| with_password(&named(url, "nobody-s"), "wrong");
    bench
        .expect(
            "wrong password and wrong name",
            (&both(&pooled), "28P01"),
            (&both(&direct), "28P01"),
        )
        .await;
    let owner = |url: &ConnUrl| ConnUrl {
        user: OWNER.to_owned(),
        password: bench.cluster.password(OWNER).cloned(),
        ..named(url, "pgbouncer")
    };
    let (on_pool, on_direct) = (owner(&pooled), owner(&direct));
    bench.expect("the pooler's console", (&on_pool, "console"), (&on_direct, "3D000")).await;

    let missing = PoolEntry { database: "missing_db".to_owned(), ..pool("lost-pool", 2) };
    bench.cluster.set_pools(vec![pool(POOL, 3), missing]).await.unwrap();
    // Asked for passwords, the pooler cannot even ask a database that is not there.
    let lost = named(&pooled, "lost-pool");
    bench.expect("the pool's database is missing", (&lost, "pool's database"), (&direct, "")).await;
    bench.expect("… and asked again", (&lost, "pool's database"), (&direct, "")).await;
    bench.cluster.set_pools(vec![pool(POOL, 3)]).await.unwrap();

    let exchanged = (direct.clone(), pooled.clone());
    bench
        .expect(
            "the URLs are exchanged",
            (&exchanged.0, "swapped ports"),
            (&exchanged.1, "swapped ports"),
        )
        .await;
    let ports = (
        ConnUrl { port: direct.port, ..pooled.clone() },
        ConnUrl { port: pooled.port, ..direct.clone() },
    );
    bench
        .expect("the ports are exchanged", (&ports.0, "swapped ports"), (&ports.1, "swapped ports"))
        .await;
    bench.expect("the direct URL twice", (&direct, "not pooled"), (&direct, "")).await;
    bench.expect("the pooled URL twice", (&pooled, ""), (&pooled, "not direct")).await;
}

/// A role that may not, or has no connection left; then the right is given back, and the pooler still remembers.
async fn rights(bench: &mut Bench) {
    let (pooled, direct) = (bench.pooled(), bench.direct());
    let role = APP_ROLE;
    for (situation, take, give, code) in [
        (
            "a role without LOGIN",
            format!("ALTER ROLE {role} NOLOGIN"),
            format!("ALTER ROLE {role} LOGIN"),
            "28000",
        ),
        (
            "no right to connect",
            format!("REVOKE CONNECT ON DATABASE {APP_DATABASE} FROM PUBLIC"),
            format!("GRANT CONNECT ON DATABASE {APP_DATABASE} TO PUBLIC"),
            "42501",
        ),
        (
            "the role's own limit",
            format!("ALTER ROLE {role} CONNECTION LIMIT 0"),
            format!("ALTER ROLE {role} CONNECTION LIMIT -1"),
            "role limit",
        ),
        (
            "the database's own limit",
            format!("ALTER DATABASE {APP_DATABASE} CONNECTION LIMIT 0"),
            format!("ALTER DATABASE {APP_DATABASE} CONNECTION LIMIT -1"),
            "database limit",
        ),
    ] {
        bench.fresh_pool().await;
        bench.cluster.as_superuser("postgres", &take).await.unwrap();
        bench.expect(situation, (&pooled, code), (&direct, code)).await;
        bench.expect(&format!("{situation}, asked again"), (&pooled, code), (&direct, code)).await;
        bench.cluster.as_superuser("postgres", &give).await.unwrap();
        bench.expect(&format!("{situation}, given back"), (&pooled, ""), (&direct, "")).await;
    }
}

async fn parameters(bench: &mut Bench) {
    let (pooled, direct) = (bench.pooled(), bench.direct());
    let with = |url: &ConnUrl, options: &str| url.clone().with_parameter("options", options);
    for options in ["-c search_path=app", "-c statement_timeout=5000", "-c jit=off"] {
        bench
            .expect(
                &format!("options={options}"),
                (&with(&pooled, options), "startup parameter"),
                (&with(&direct, options), ""),
            )
            .await;
    }
    bench.cluster.tell_pooler("SET client_login_timeout = 1").await.unwrap();
    let said = silent_client(bench.cluster.pool_port()).await;
    bench.judge_symptom("a sign-in that never ends", Port::Pooled, &said, "sign-in time-out");
    bench.cluster.tell_pooler("SET client_login_timeout = 60").await.unwrap();
}

/// Connects and says nothing; what the server says at last.
async fn silent_client(port: u16) -> Symptom {
    let mut stream = TcpStream::connect((PUBLIC_HOST, port)).await.unwrap();
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    tokio::time::timeout(std::time::Duration::from_secs(10), reading).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&answer).into_owned();
    let field = |tag: char| {
        let mut fields = text.get(5..).unwrap_or_default().split('\0');
        fields.find_map(|field| field.strip_prefix(tag)).unwrap_or_default().to_owned()
    };
    Symptom::Said(Said {
        severity: field('S'),
        sqlstate: field('C'),
        message: field('M'),
        ..Said::default()
    })
}

/// This program never offers it; what both say to a client that does is explained all the same.
async fn unencrypted(bench: &mut Bench) {
    for (port, url) in [(Port::Pooled, bench.pooled()), (Port::Direct, bench.direct())] {
        let options = PgConnectOptions::new_without_pgpass()
            .host(&url.host)
            .port(url.port)
            .username(&url.user)
            .password(url.password.as_ref().unwrap().expose())
            .database(&url.database)
            .ssl_mode(PgSslMode::Disable);
        let refused = options.connect().await.unwrap_err();
        let server = refused.as_database_error().unwrap().downcast_ref::<PgDatabaseError>();
        let symptom = Symptom::Said(Said {
            sqlstate: server.code().to_owned(),
            message: server.message().to_owned(),
            routine: server.routine().map(str::to_owned),
            ..Said::default()
        });
        bench.judge_symptom("a client without TLS", port, &symptom, "TLS required");
    }
    // With encryption nobody verifies, and says so.
    let (pooled, direct) = (bench.pooled(), bench.direct());
    let finding = bench.test_with(&pooled, &direct, None, &bench.known()).await;
    for column in [&finding.ports.pooled, &finding.ports.direct] {
        assert!(column.answered() && !column.passed());
        assert!(matches!(column.get(Stage::Encryption), Outcome::Unverified { .. }));
    }
}

impl Bench {
    fn is_by_file(&self) -> bool {
        self.name.contains(&format!("{:?}", Auth::File).to_lowercase())
    }

    /// Without server connections from before, so that the pooler has to sign in anew.
    pub async fn fresh_pool(&self) {
        self.cluster.tell_pooler("RECONNECT").await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    }
}

//! A private PostgreSQL with PgBouncer, as DigitalOcean runs them: TLS by an own authority, SCRAM, 22 usable slots.

use std::{
    fmt::Write as _,
    io,
    net::{Ipv4Addr, SocketAddrV4},
    path::{Path, PathBuf},
};

use sqlx::{
    ConnectOptions as _, Connection as _, Executor as _,
    postgres::{PgConnectOptions, PgConnection, PgSslMode},
};
use tokio::net::TcpListener;

use crate::domain::secret::Secret;

use super::{
    folder::{self, Folder},
    gate::{self, Gate, Stand, Way},
    identity::Identity,
    pooler::{self, AUTH_ROLE, Auth, Files, PoolEntry, PoolerError, Settings},
    programs::Programs,
    servers::{self, Server, Sign},
    start_error::StartError,
    template::Template,
    tls::{self, Certificates},
};

/// The role DigitalOcean gives: makes databases and roles, is no superuser.
pub const OWNER: &str = "doadmin";
/// The role that the practice app uses.
pub const APP_ROLE: &str = "contrezz_app";
pub const APP_DATABASE: &str = "contrezz";
/// The provider's own role, which no customer has.
pub(super) const SUPERUSER: &str = "_dodb";

/// This computer reaches the cluster here; trusted sources decide.
pub const PUBLIC_HOST: &str = "127.0.0.1";
/// What runs beside the cluster reaches it here, always.
pub const PRIVATE_HOST: &str = "127.0.0.2";

const PUBLIC: Ipv4Addr = Ipv4Addr::LOCALHOST;
const PRIVATE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// PostgreSQL sees direct clients come from here and the pooler from 127.0.0.1, so that the two differ.
const DIRECT_CLIENTS: Ipv4Addr = PRIVATE;

const DIRECT_PORT: u16 = 25060;
const POOL_PORT: u16 = 25061;

/// Both servers, their gates and their folder. Dropping it ends the processes and removes the folder.
///
/// As a fixture: `Cluster::start().await`, `set_pools(&[…])`, then connect to `PUBLIC_HOST` at `direct_port()` or
/// `pool_port()` with `ca()`, `OWNER` or `APP_ROLE` and `password(role)`. TLS is required.
#[derive(Debug)]
pub struct Cluster {
    direct: Gates,
    pooled: Gates,
    // Dropped in this order: the pooler, then the server, then their folder.
    pub(super) pgbouncer: Server,
    pub(super) postgres: Server,
    pub(super) folder: Folder,
    pub(super) programs: Programs,
    pub(super) files: Files,
    certificates: Certificates,
    pub(super) superuser: Secret,
    pub(super) users: Vec<(String, Secret)>,
    pools: Vec<PoolEntry>,
    settings: Settings,
    version: String,
}

/// How often free ports are looked for.
const PORT_TRIES: u32 = 3;

/// How a cluster differs from the usual one.
#[derive(Clone, Debug, Default)]
pub struct Build {
    /// Another PgBouncer than the system's.
    pub pgbouncer: Option<PathBuf>,
    pub auth: Auth,
}

/// The public and the private gate of one port.
#[derive(Debug)]
struct Gates {
    port: u16,
    public: Gate,
    _private: Gate,
}

impl Cluster {
    /// Starts both servers; in about a second, the first time on a computer in two or three.
    pub async fn start() -> Result<Self, StartError> {
        Self::start_as(Build::default()).await
    }

    pub async fn start_as(build: Build) -> Result<Self, StartError> {
        // Until a server listens on its port, another program may take it.
        for _ in 1..PORT_TRIES {
            match Self::start_once(build.clone()).await {
                Err(error) if error.is_taken_port() => {}
                ended => return ended,
            }
        }
        Self::start_once(build).await
    }

    async fn start_once(build: Build) -> Result<Self, StartError> {
        let Build { pgbouncer, auth } = build;
        let prepared = tokio::task::spawn_blocking(|| prepare(pgbouncer));
        let prepared = prepared.await.map_err(|error| StartError::Run {
            program: "the preparation".into(),
            source: io::Error::other(error),
        })??;
        let Prepared { programs, identity, folder, template, certificates } = prepared;
        let Template { passwords, version, .. } = template;
        let home = folder.servers();
        let failed = |source| StartError::Folder { path: home.clone(), source };

        let port = servers::free_port().map_err(StartError::NoPort)?;
        let postgres = Server::postgres(&programs, identity, &home, port)?;
        folder.note_process("postgres", postgres.process()).map_err(failed)?;
        let pool_port = servers::free_port().map_err(StartError::NoPort)?;
        let files = Files { folder: home.clone(), identity, auth };
        let users = vec![
            (OWNER.to_owned(), passwords.owner.clone()),
            (APP_ROLE.to_owned(), passwords.app.clone()),
        ];
        let settings = Settings::default();
        files.write_settings(pool_port, &settings).map_err(failed)?;
        files.write_pools(&[], postgres.port).map_err(failed)?;
        files.write_users(&pooler_users(auth, &users, &passwords.superuser)).map_err(failed)?;
        let pgbouncer = Server::pgbouncer(&programs, identity, &home, pool_port)?;
        folder.note_process("pgbouncer", pgbouncer.process()).map_err(failed)?;

        let (direct, pooled) = open_gates(postgres.port, pool_port).map_err(StartError::NoPort)?;
        let mut cluster = Self {
            direct,
            pooled,
            pgbouncer,
            postgres,
            folder,
            programs,
            files,
            certificates,
            superuser: passwords.superuser,
            users,
            pools: Vec::new(),
            settings,
            version,
        };
        let data = cluster.folder.servers().join("data");
        cluster.postgres.ready(&Sign::PidFile(data)).await?;
        let pooler = SocketAddrV4::new(PUBLIC, pool_port);
        cluster.pgbouncer.ready(&Sign::Port(pooler)).await?;
        if auth == Auth::Query {
            cluster.answer_auth_queries().await?;
        }
        Ok(cluster)
    }

    pub fn direct_port(&self) -> u16 {
        self.direct.port
    }

    pub fn pool_port(&self) -> u16 {
        self.pooled.port
    }

    /// Where PostgreSQL listens itself, without a gate that answers while it is down.
    pub fn server_port(&self) -> u16 {
        self.postgres.port
    }

    /// The certificate authority, PEM.
    pub fn ca(&self) -> &str {
        &self.certificates.authority
    }

    pub fn password(&self, role: &str) -> Option<&Secret> {
        self.users.iter().find(|(name, _)| name == role).map(|(_, password)| password)
    }

    /// All roles but the provider's own.
    pub fn users(&self) -> &[(String, Secret)] {
        &self.users
    }

    /// PostgreSQL's version: `15.18`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// A folder of the person's, removed at the end.
    pub fn scratch(&self) -> PathBuf {
        self.folder.project()
    }

    /// Where the program keeps its own files of this run; removed at the end.
    pub fn own_files(&self) -> PathBuf {
        self.folder.own_files()
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Puts settings of the whole pooler into force, and returns when it has taken them over.
    pub async fn set_settings(&mut self, settings: Settings) -> Result<(), PoolerError> {
        self.files.write_settings(self.pgbouncer.port, &settings).map_err(PoolerError::Write)?;
        self.pgbouncer.reload().map_err(PoolerError::Reload)?;
        pooler::verify_settings(&settings, self.pgbouncer.port, &self.superuser).await?;
        self.settings = settings;
        Ok(())
    }

    pub fn pools(&self) -> &[PoolEntry] {
        &self.pools
    }

    /// Makes these the pools, and returns when the pooler has taken them over.
    pub async fn set_pools(&mut self, pools: Vec<PoolEntry>) -> Result<(), PoolerError> {
        // PgBouncer keeps a user that is left out of a pool it knows, so such a pool has to go first.
        let loses_user = |pool: &PoolEntry| {
            pool.user.is_none()
                && self.pools.iter().any(|old| old.name == pool.name && old.user.is_some())
        };
        if pools.iter().any(loses_user) {
            let others = pools.iter().filter(|pool| !loses_user(pool)).cloned().collect();
            self.take_over(others).await?;
        }
        self.take_over(pools).await
    }

    async fn take_over(&mut self, pools: Vec<PoolEntry>) -> Result<(), PoolerError> {
        self.files.write_pools(&pools, self.postgres.port).map_err(PoolerError::Write)?;
        self.pgbouncer.reload().map_err(PoolerError::Reload)?;
        pooler::verify(&pools, self.pgbouncer.port, &self.superuser).await?;
        self.pools = pools;
        Ok(())
    }

    /// Lets this computer in through the public gates.
    pub async fn let_in(&self) -> io::Result<()> {
        self.stand(Stand::Open).await
    }

    /// Leaves this computer's new connections unanswered.
    pub async fn shut_out(&self) -> io::Result<()> {
        self.stand(Stand::Dropping).await
    }

    async fn stand(&self, stand: Stand) -> io::Result<()> {
        self.direct.public.stand(stand).await?;
        self.pooled.public.stand(stand).await
    }

    /// Makes a role with a fresh password, or gives an existing one a fresh password.
    pub async fn set_role(&mut self, name: &str, password: Secret) -> Result<(), StartError> {
        let exists = self.password(name).is_some();
        let verb = if exists { "ALTER" } else { "CREATE" };
        let mut statement = String::new();
        write!(
            statement,
            "{verb} ROLE {} LOGIN PASSWORD {}",
            identifier(name),
            // The server has to learn it; statements are not logged.
            literal(password.expose())
        )
        .map_err(|error| StartError::Sql(sqlx::Error::Protocol(error.to_string())))?;
        self.as_superuser("postgres", &statement).await?;
        self.users.retain(|(role, _)| role != name);
        self.users.push((name.to_owned(), password));
        let users = pooler_users(self.files.auth, &self.users, &self.superuser);
        self.files.write_users(&users).map_err(|e| StartError::Pooler(PoolerError::Write(e)))?;
        self.pgbouncer.reload().map_err(|e| StartError::Pooler(PoolerError::Reload(e)))
    }

    /// The role and the function that PgBouncer asks for passwords, in every database there is or will be.
    async fn answer_auth_queries(&self) -> Result<(), StartError> {
        // The same secret as the superuser's: both stay between these two servers.
        let password = literal(self.superuser.expose());
        let role = format!("CREATE ROLE {AUTH_ROLE} LOGIN PASSWORD {password}");
        self.as_superuser("postgres", &role).await?;
        for database in ["template1", "defaultdb", APP_DATABASE] {
            let function = format!(
                "CREATE SCHEMA pgb AUTHORIZATION {AUTH_ROLE}; \
                 CREATE FUNCTION pgb.get_auth(text) RETURNS TABLE (usename name, passwd text) \
                 LANGUAGE sql SECURITY DEFINER AS \
                 'SELECT usename, passwd FROM pg_catalog.pg_shadow WHERE usename = $1'; \
                 REVOKE ALL ON FUNCTION pgb.get_auth(text) FROM PUBLIC; \
                 GRANT EXECUTE ON FUNCTION pgb.get_auth(text) TO {AUTH_ROLE}"
            );
            self.as_superuser(database, &function).await?;
        }
        Ok(())
    }

    pub async fn create_database(&self, name: &str) -> Result<(), StartError> {
        let statement = format!("CREATE DATABASE {} OWNER {OWNER}", identifier(name));
        self.as_superuser("postgres", &statement).await
    }

    /// Runs a statement as the provider would. Superusers have slots of their own, so a full database does not stop
    /// this; the connection is closed at once, as it counts against the others' slots meanwhile.
    pub async fn as_superuser(&self, database: &str, statement: &str) -> Result<(), StartError> {
        let mut connection = self.superuser(database).await?;
        let run = async {
            connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(statement))).await?;
            connection.close().await
        };
        run.await.map_err(StartError::Sql)
    }

    /// The provider's own connection, past the gates.
    pub async fn superuser(&self, database: &str) -> Result<PgConnection, StartError> {
        PgConnectOptions::new_without_pgpass()
            .host(PUBLIC_HOST)
            .port(self.postgres.port)
            .username(SUPERUSER)
            // The provider's own sign-in.
            .password(self.superuser.expose())
            .database(database)
            .ssl_mode(PgSslMode::Require)
            .disable_statement_logging()
            .connect()
            .await
            .map_err(StartError::Sql)
    }
}

struct Prepared {
    programs: Programs,
    identity: Identity,
    folder: Folder,
    template: Template,
    certificates: Certificates,
}

/// Everything before the servers start: blocking work on files.
fn prepare(pgbouncer: Option<PathBuf>) -> Result<Prepared, StartError> {
    let programs = Programs::find(pgbouncer)?;
    let identity = Identity::of_the_servers()?;
    let base = folder::base(identity)?;
    let folder = Folder::create(&base, identity)?;
    let home = folder.servers();
    let template = Template::ready(&base, &programs, identity)?;
    template.copy(&home.join("data"), identity)?;
    let certificates = tls::make().map_err(StartError::Certificate)?;
    write_for_servers(&home, identity, &certificates)
        .map_err(|source| StartError::Folder { path: home, source })?;
    Ok(Prepared { programs, identity, folder, template, certificates })
}

fn write_for_servers(home: &Path, identity: Identity, tls: &Certificates) -> io::Result<()> {
    let files = Files { folder: home.to_owned(), identity, auth: Auth::default() };
    files.put("ca.crt", &tls.authority)?;
    files.put("server.crt", &tls.server)?;
    files.put("server.key", &tls.server_key)?;
    files.put("pg_hba.conf", "hostssl all all 127.0.0.0/8 scram-sha-256\n")
}

/// DigitalOcean's ports when they are free, any two others when not.
fn open_gates(postgres: u16, pgbouncer: u16) -> io::Result<(Gates, Gates)> {
    let direct = Way { to: SocketAddrV4::new(PUBLIC, postgres), from: DIRECT_CLIENTS };
    let pooled = Way { to: SocketAddrV4::new(PUBLIC, pgbouncer), from: PUBLIC };
    let pair = listen_on_both(DIRECT_PORT).and_then(|one| Ok((one, listen_on_both(POOL_PORT)?)));
    let (one, two) = match pair {
        Ok(pair) => pair,
        Err(_taken) => (listen_anywhere()?, listen_anywhere()?),
    };
    Ok((Gates::open(one, direct), Gates::open(two, pooled)))
}

struct Listeners {
    port: u16,
    public: TcpListener,
    private: TcpListener,
}

fn listen_on_both(port: u16) -> io::Result<Listeners> {
    let public = gate::listen(SocketAddrV4::new(PUBLIC, port))?;
    let port = public.local_addr()?.port();
    let private = gate::listen(SocketAddrV4::new(PRIVATE, port))?;
    Ok(Listeners { port, public, private })
}

/// A port that is free on one address may be taken on the other, hence the tries.
fn listen_anywhere() -> io::Result<Listeners> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..20 {
        match listen_on_both(0) {
            Ok(listeners) => return Ok(listeners),
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl Gates {
    fn open(listeners: Listeners, way: Way) -> Self {
        let Listeners { port, public, private } = listeners;
        Self {
            port,
            public: Gate::open(public, SocketAddrV4::new(PUBLIC, port), way),
            _private: Gate::open(private, SocketAddrV4::new(PRIVATE, port), way),
        }
    }
}

/// Whom PgBouncer's own file names: everybody, or who asks for the others. The superuser always, for the console.
pub(super) fn pooler_users(
    auth: Auth,
    users: &[(String, Secret)],
    superuser: &Secret,
) -> Vec<(String, Secret)> {
    let mut named = match auth {
        Auth::File => users.to_vec(),
        Auth::Query => vec![(AUTH_ROLE.to_owned(), superuser.clone())],
    };
    named.push((SUPERUSER.to_owned(), superuser.clone()));
    named
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string literal that no setting can change the meaning of.
fn literal(value: &str) -> String {
    format!("E'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

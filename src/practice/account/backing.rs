//! What stands behind the account: servers that run, or nothing but the account's own books.

use std::io;

use crate::{
    domain::secret::Secret,
    practice::{
        cluster::{APP_ROLE, Cluster, OWNER},
        pooler::{PoolEntry, PoolerError, Settings},
        start_error::StartError,
        tls,
    },
};

#[derive(Debug)]
pub(super) enum Backing {
    Servers(Box<Cluster>),
    Books(Books),
}

/// What the account would know of servers. Nothing listens anywhere.
#[derive(Debug)]
pub(super) struct Books {
    authority: String,
    users: Vec<(String, Secret)>,
    pools: Vec<PoolEntry>,
    settings: Settings,
}

impl Books {
    pub(super) fn open() -> Result<Self, StartError> {
        let authority = tls::make().map_err(StartError::Certificate)?.authority;
        let user = |name: &str| (name.to_owned(), new_password());
        Ok(Self {
            authority,
            users: vec![user(OWNER), user(APP_ROLE)],
            pools: Vec::new(),
            settings: Settings::default(),
        })
    }
}

/// In the provider's form.
pub(super) fn new_password() -> Secret {
    let random = uuid::Uuid::new_v4().simple().to_string();
    Secret::new(format!("AVNS_{}", random.get(..19).unwrap_or(&random)))
}

impl Backing {
    pub(super) fn direct_port(&self) -> u16 {
        match self {
            Self::Servers(cluster) => cluster.direct_port(),
            Self::Books(_) => 25060,
        }
    }

    pub(super) fn pool_port(&self) -> u16 {
        match self {
            Self::Servers(cluster) => cluster.pool_port(),
            Self::Books(_) => 25061,
        }
    }

    /// The certificate authority, PEM.
    pub(super) fn ca(&self) -> &str {
        match self {
            Self::Servers(cluster) => cluster.ca(),
            Self::Books(books) => &books.authority,
        }
    }

    /// PostgreSQL's version.
    pub(super) fn version(&self) -> &str {
        match self {
            Self::Servers(cluster) => cluster.version(),
            Self::Books(_) => "17.5",
        }
    }

    pub(super) fn users(&self) -> &[(String, Secret)] {
        match self {
            Self::Servers(cluster) => cluster.users(),
            Self::Books(books) => &books.users,
        }
    }

    pub(super) fn password(&self, role: &str) -> Option<&Secret> {
        self.users().iter().find(|(name, _)| name == role).map(|(_, password)| password)
    }

    pub(super) fn pools(&self) -> &[PoolEntry] {
        match self {
            Self::Servers(cluster) => cluster.pools(),
            Self::Books(books) => &books.pools,
        }
    }

    pub(super) async fn set_pools(&mut self, pools: Vec<PoolEntry>) -> Result<(), PoolerError> {
        match self {
            Self::Servers(cluster) => cluster.set_pools(pools).await,
            Self::Books(books) => {
                books.pools = pools;
                Ok(())
            }
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        match self {
            Self::Servers(cluster) => cluster.settings(),
            Self::Books(books) => &books.settings,
        }
    }

    pub(super) async fn set_settings(&mut self, settings: Settings) -> Result<(), PoolerError> {
        match self {
            Self::Servers(cluster) => cluster.set_settings(settings).await,
            Self::Books(books) => {
                books.settings = settings;
                Ok(())
            }
        }
    }

    /// Makes a role with a fresh password, or gives an existing one a fresh password.
    pub(super) async fn set_role(
        &mut self,
        name: &str,
        password: Secret,
    ) -> Result<(), StartError> {
        match self {
            Self::Servers(cluster) => cluster.set_role(name, password).await,
            Self::Books(books) => {
                books.users.retain(|(role, _)| role != name);
                books.users.push((name.to_owned(), password));
                Ok(())
            }
        }
    }

    pub(super) async fn create_database(&self, name: &str) -> Result<(), StartError> {
        match self {
            Self::Servers(cluster) => cluster.create_database(name).await,
            Self::Books(_) => Ok(()),
        }
    }

    /// Opens or shuts the public ports for this computer.
    pub(super) async fn let_this_computer(&self, may_enter: bool) -> io::Result<()> {
        match self {
            Self::Servers(cluster) if may_enter => cluster.let_in().await,
            Self::Servers(cluster) => cluster.shut_out().await,
            Self::Books(_) => Ok(()),
        }
    }
}

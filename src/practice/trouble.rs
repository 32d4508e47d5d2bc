//! Trouble made on purpose: servers that stop, a pooler told what to do, a password that went stale behind it.

use rustix::process::Signal;
use sqlx::{Connection as _, Executor as _};

use crate::domain::secret::Secret;

use super::{
    cluster::{Cluster, pooler_users},
    pooler::{self, PoolerError},
    servers::{Server, Sign},
    start_error::StartError,
};

impl Cluster {
    /// An order to the pooler's console: `PAUSE`, `SET query_wait_timeout = 2`.
    pub async fn tell_pooler(&self, order: &'static str) -> Result<(), StartError> {
        let told = async {
            let mut console = pooler::console(self.pgbouncer.port, &self.superuser).await?;
            console.execute(sqlx::raw_sql(order)).await?;
            console.close().await
        };
        told.await.map_err(|source| StartError::Pooler(PoolerError::Console(source)))
    }

    /// PostgreSQL takes nobody in any more and waits for those who are in.
    pub fn close_doors(&self) -> Result<(), StartError> {
        self.signal_server(Signal::TERM)
    }

    /// Ends PostgreSQL, whoever is connected.
    pub async fn stop_server(&mut self) -> Result<(), StartError> {
        self.signal_server(Signal::INT)?;
        self.postgres.ended().await
    }

    /// Starts PostgreSQL again, on the port where it was.
    pub async fn start_server(&mut self) -> Result<(), StartError> {
        let home = self.folder.servers();
        let (identity, port) = (self.files.identity, self.postgres.port);
        self.postgres = Server::postgres(&self.programs, identity, &home, port)?;
        self.folder
            .note_process("postgres", self.postgres.process())
            .map_err(|source| StartError::Folder { path: home.clone(), source })?;
        self.postgres.ready(&Sign::PidFile(home.join("data"))).await
    }

    fn signal_server(&self, signal: Signal) -> Result<(), StartError> {
        self.postgres
            .signal(signal)
            .map_err(|err| StartError::Run { program: "postgres".into(), source: err.into() })
    }

    /// The pooler keeps `old` for this role, whatever PostgreSQL knows. `old` may be a stored SCRAM secret.
    pub async fn pooler_remembers(&mut self, role: &str, old: Secret) -> Result<(), StartError> {
        let mut users = pooler_users(self.files.auth, &self.users, &self.superuser);
        users.retain(|(name, _)| name != role);
        users.push((role.to_owned(), old));
        let written = self.files.write_users(&users);
        written.map_err(|source| StartError::Pooler(PoolerError::Write(source)))?;
        self.tell_pooler("RELOAD").await
    }
}

//! The two server processes: started in the foreground as our children, stopped when dropped.

use std::{
    fs::{self, File, OpenOptions},
    io,
    net::{Ipv4Addr, SocketAddrV4, TcpListener},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::{identity::Identity, programs::Programs, start_error::StartError};

/// How long a server may take to be ready; a slow machine under load needs several seconds.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Server {
    name: &'static str,
    child: Child,
    log: PathBuf,
    stop: Signal,
    pub(super) port: u16,
}

impl Server {
    /// PostgreSQL, from a data directory that is ready; certificates lie beside it.
    pub(super) fn postgres(
        programs: &Programs,
        identity: Identity,
        folder: &Path,
        port: u16,
    ) -> Result<Self, StartError> {
        let mut command = identity.command(&programs.postgres, folder);
        command.arg("-D").arg(folder.join("data"));
        let file = |name: &str| folder.join(name).display().to_string();
        for setting in [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={port}"),
            "unix_socket_directories=".to_owned(),
            // No segments in /dev/shm that a killed server would leave there.
            "dynamic_shared_memory_type=mmap".to_owned(),
            "shared_buffers=32MB".to_owned(),
            "max_connections=25".to_owned(),
            "superuser_reserved_connections=3".to_owned(),
            "password_encryption=scram-sha-256".to_owned(),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", file("server.crt")),
            format!("ssl_key_file={}", file("server.key")),
            format!("hba_file={}", file("pg_hba.conf")),
            "timezone=UTC".to_owned(),
            "log_timezone=UTC".to_owned(),
            "fsync=off".to_owned(),
        ] {
            command.arg("-c").arg(setting);
        }
        // Immediate: its data is thrown away, and it never waits for a client.
        Self::start("postgres", command, folder, Signal::QUIT, port)
    }

    pub(super) fn pgbouncer(
        programs: &Programs,
        identity: Identity,
        folder: &Path,
        port: u16,
    ) -> Result<Self, StartError> {
        let mut command = identity.lowering_command(&programs.pgbouncer, folder);
        command.arg("-q").arg(folder.join("pgbouncer.ini"));
        Self::start("pgbouncer", command, folder, Signal::KILL, port)
    }

    fn start(
        name: &'static str,
        mut command: std::process::Command,
        folder: &Path,
        stop: Signal,
        port: u16,
    ) -> Result<Self, StartError> {
        let log = folder.join(format!("{name}.log"));
        let open = || -> io::Result<File> {
            OpenOptions::new().create(true).append(true).mode(0o600).open(&log)
        };
        let output = open().map_err(|source| StartError::Folder { path: log.clone(), source })?;
        let child = command
            .stderr(Stdio::from(output))
            .spawn()
            .map_err(|source| StartError::Run { program: command.get_program().into(), source })?;
        Ok(Self { name, child, log, stop, port })
    }

    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Asks the server to read its configuration again.
    pub(super) fn reload(&self) -> io::Result<()> {
        Ok(self.signal(Signal::HUP)?)
    }

    /// Waits for the sign, or until the server ends or takes too long.
    pub(super) async fn ready(&mut self, sign: &Sign) -> Result<(), StartError> {
        let began = Instant::now();
        while !sign.seen().await {
            let ended = self.child.try_wait().map_or(true, |status| status.is_some());
            if ended {
                return Err(StartError::Ended { program: self.name, log: self.last_words() });
            }
            if PATIENCE < began.elapsed() {
                let seconds = PATIENCE.as_secs();
                let log = self.last_words();
                return Err(StartError::TooSlow { program: self.name, seconds, log });
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// Waits until the server has ended.
    pub(super) async fn ended(&mut self) -> Result<(), StartError> {
        let began = Instant::now();
        while self.child.try_wait().is_ok_and(|status| status.is_none()) {
            if PATIENCE < began.elapsed() {
                let seconds = PATIENCE.as_secs();
                return Err(StartError::TooSlow {
                    program: self.name,
                    seconds,
                    log: self.last_words(),
                });
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    fn last_words(&self) -> String {
        last_words(&fs::read_to_string(&self.log).unwrap_or_default())
    }

    pub(super) fn signal(&self, signal: Signal) -> rustix::io::Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        pid.map_or(Err(rustix::io::Errno::SRCH), |pid| kill_process(pid, signal))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Where it ended by itself its number may be another's by now. `wait` leaves no zombie; PostgreSQL gives its own
        // children five seconds and then kills them, so the wait has an end.
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal(self.stop).ok();
        }
        self.child.wait().ok();
    }
}

/// The last lines of a log, as one line.
pub(super) fn last_words(log: &str) -> String {
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    let words = lines.get(lines.len().saturating_sub(4)..).unwrap_or_default().join(" · ");
    if words.is_empty() { "(none)".to_owned() } else { words }
}

/// A port that was free a moment ago.
pub(super) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// By what a server shows that it takes connections.
pub(super) enum Sign {
    /// PostgreSQL writes it into the pid file in its data folder.
    PidFile(PathBuf),
    Port(SocketAddrV4),
}

impl Sign {
    async fn seen(&self) -> bool {
        match self {
            Self::PidFile(data) => fs::read_to_string(data.join("postmaster.pid"))
                .is_ok_and(|text| text.lines().nth(7).is_some_and(|line| line.trim() == "ready")),
            Self::Port(at) => tokio::net::TcpStream::connect(at).await.is_ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_of_a_log_become_one() {
        assert_eq!(last_words("a\nb\n\nc\nd\ne\n"), "b · c · d · e");
        assert_eq!(last_words("\n"), "(none)");
    }
}

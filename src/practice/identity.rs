//! The system account the servers run as: PostgreSQL and PgBouncer refuse to run as root.

use std::{
    fs, io,
    os::unix::{fs::chown, process::CommandExt as _},
    path::Path,
    process::{Command, Stdio},
};

use super::start_error::StartError;

#[derive(Clone, Copy, Debug)]
pub(super) struct Identity {
    /// User and group to become; `None` runs as whoever we are.
    lower: Option<(u32, u32)>,
}

impl Identity {
    pub(super) fn of_the_servers() -> Result<Self, StartError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self { lower: None });
        }
        let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| account(&accounts, name))
            .map(|lower| Self { lower: Some(lower) })
            .ok_or(StartError::NoAccount)
    }

    pub(super) fn is_lowered(self) -> bool {
        self.lower.is_some()
    }

    /// Who the servers are, as a part of a folder's name.
    pub(super) fn user_id(self) -> u32 {
        self.lower.map_or_else(|| rustix::process::geteuid().as_raw(), |(user, _)| user)
    }

    /// A program run as that account, with an empty environment, in `folder`, out of reach of the terminal's Ctrl-C.
    pub(super) fn command(self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", folder)
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .current_dir(folder)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some((user, group)) = self.lower {
            command.uid(user).gid(group);
        }
        command
    }

    /// Gives a file or folder to that account.
    pub(super) fn give(self, path: &Path) -> io::Result<()> {
        match self.lower {
            Some((user, group)) => chown(path, Some(user), Some(group)),
            None => Ok(()),
        }
    }
}

/// User and group id of `name` in the text of `/etc/passwd`.
fn account(accounts: &str, name: &str) -> Option<(u32, u32)> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        let user = fields.nth(1)?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        Some((user, group))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let accounts = "root:x:0:0::/root:/bin/sh\npostgres2:x:7:7::/:/bin/sh\npostgres:x:101:104:PG,,,:/var:/bin/sh\n";
        assert_eq!(account(accounts, "postgres"), Some((101, 104)));
        assert_eq!(account(accounts, "nobody"), None);
    }
}

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
    /// The account to become; `None` runs as whoever we are.
    lower: Option<Account>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Account {
    name: &'static str,
    user: u32,
    group: u32,
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
        self.lower.map_or_else(|| rustix::process::geteuid().as_raw(), |account| account.user)
    }

    /// A program run as that account, with an empty environment, in `folder`, out of reach of the terminal's Ctrl-C.
    pub(super) fn command(self, program: &Path, folder: &Path) -> Command {
        let mut command = Self::bare(program, folder);
        if let Some(Account { user, group, .. }) = self.lower {
            command.uid(user).gid(group);
        }
        command
    }

    /// The same for a program that becomes the account by itself: it may lie where only we can read.
    pub(super) fn lowering_command(self, program: &Path, folder: &Path) -> Command {
        let mut command = Self::bare(program, folder);
        if let Some(Account { name, .. }) = self.lower {
            command.args(["-u", name]);
        }
        command
    }

    fn bare(program: &Path, folder: &Path) -> Command {
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
        command
    }

    /// Gives a file or folder to that account.
    pub(super) fn give(self, path: &Path) -> io::Result<()> {
        match self.lower {
            Some(Account { user, group, .. }) => chown(path, Some(user), Some(group)),
            None => Ok(()),
        }
    }
}

/// User and group id of `name` in the text of `/etc/passwd`.
fn account(accounts: &str, name: &'static str) -> Option<Account> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        let user = fields.nth(1)?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        Some(Account { name, user, group })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let accounts = "root:x:0:0::/root:/bin/sh\npostgres2:x:7:7::/:/bin/sh\npostgres:x:101:104:PG,,,:/var:/bin/sh\n";
        let postgres = Account { name: "postgres", user: 101, group: 104 };
        assert_eq!(account(accounts, "postgres"), Some(postgres));
        assert_eq!(account(accounts, "nobody"), None);
    }
}

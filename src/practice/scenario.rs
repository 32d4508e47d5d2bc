//! Situations to practise, by name.

use crate::domain::pool::{PoolMode, PoolName};

use super::{
    account::{ALL_SCOPES, Beginning, Trusted},
    app::Load,
    cluster::{APP_DATABASE, APP_ROLE},
    pooler::PoolEntry,
    sample::Migrations,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// A 22-slot database that fills up.
    Full,
    /// A database that is not full, and no trusted source yet.
    Fresh,
    /// A pool for the app's database and role is there, smaller than advised.
    PoolExists,
    /// The trusted sources do not name this computer.
    NotTrusted,
    /// The token can read only.
    ReadOnly,
    /// The token does not show passwords.
    PasswordsHidden,
    /// The app's next release crashes.
    FailingDeployment,
    /// The last migration fails.
    FailingMigration,
}

const ALL: [(&str, Scenario); 8] = [
    ("full", Scenario::Full),
    ("fresh", Scenario::Fresh),
    ("pool-exists", Scenario::PoolExists),
    ("not-trusted", Scenario::NotTrusted),
    ("read-only", Scenario::ReadOnly),
    ("passwords-hidden", Scenario::PasswordsHidden),
    ("failing-deployment", Scenario::FailingDeployment),
    ("failing-migration", Scenario::FailingMigration),
];

impl Scenario {
    pub fn parse(text: &str) -> Option<Self> {
        ALL.into_iter().find(|(name, _)| *name == text).map(|(_, scenario)| scenario)
    }

    /// The one that is practised where none is named comes first.
    pub fn names() -> [&'static str; 8] {
        ALL.map(|(name, _)| name)
    }

    pub(super) fn beginning(self) -> Beginning {
        let beginning = Beginning::default();
        match self {
            Self::Full | Self::ReadOnly | Self::PasswordsHidden | Self::FailingMigration => {
                beginning
            }
            Self::Fresh => {
                Beginning { trusted: Trusted::Everyone, load: Load::Steady, ..beginning }
            }
            Self::PoolExists => Beginning { pools: vec![small_pool()], ..beginning },
            Self::NotTrusted => Beginning { trusted: Trusted::App, ..beginning },
            Self::FailingDeployment => Beginning { deployments_fail: true, ..beginning },
        }
    }

    /// The scopes of the token that practice signs in with.
    pub(super) fn scopes(self) -> Vec<&'static str> {
        let may = |scope: &&str| match self {
            Self::ReadOnly => scope.ends_with(":read") || *scope == "database:view_credentials",
            Self::PasswordsHidden => *scope != "database:view_credentials",
            Self::Full
            | Self::Fresh
            | Self::PoolExists
            | Self::NotTrusted
            | Self::FailingDeployment
            | Self::FailingMigration => true,
        };
        ALL_SCOPES.iter().copied().filter(may).collect()
    }

    pub(super) fn migrations(self) -> Migrations {
        if self == Self::FailingMigration { Migrations::LastFails } else { Migrations::Sound }
    }
}

fn small_pool() -> PoolEntry {
    PoolEntry {
        name: PoolName::given("contrezz-pool"),
        database: APP_DATABASE.to_owned(),
        mode: PoolMode::Transaction,
        size: 4,
        user: Some(APP_ROLE.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_has_one_name() {
        for name in Scenario::names() {
            assert!(Scenario::parse(name).is_some_and(|scenario| ALL.contains(&(name, scenario))));
        }
        assert_eq!(Scenario::parse("help"), None);
    }
}

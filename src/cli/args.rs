//! The command line. No argument ever carries a secret.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(
    name = "poolwright",
    version,
    about = "Sets up PostgreSQL connection pooling on DigitalOcean, from an API token to proof that it works",
    after_help = "Without a command, the window opens. Exit codes: 0 done · 1 stopped, not verified or not proven · \
                  2 a dry run found changes · 64 usage."
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Open a window for a moment and print as JSON what works on this computer; changes nothing
    #[arg(long, exclusive = true)]
    pub self_test: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Practise on a simulated account over a real PostgreSQL and PgBouncer on this computer
    #[cfg(feature = "practice")]
    Practice(Practice),
    /// Run the set-up without a window, from a team profile
    Setup(Setup),
    /// Look whether pool, user, mode and both ports are still as the team profile says; changes nothing
    Check(Check),
    /// Bring a database up to date from a migrations folder, over the direct port, without Node
    #[command(subcommand)]
    Migrate(Migrate),
}

#[derive(Debug, Subcommand)]
pub enum Migrate {
    /// Compare folder and ledger; exit code 0 only where nothing is pending and nothing failed, as Prisma answers
    Status(MigrateStatus),
    /// Apply what is pending, in the folder's order; stop at the first that is refused
    Deploy(MigrateDeploy),
    /// Mark a migration in the ledger, after looking at the database; runs none
    Resolve(MigrateResolve),
}

/// Which database, and which folder. No argument carries a URL: it may hold a password.
#[derive(Debug, Args)]
pub struct MigratePlace {
    /// The migrations folder; otherwise the one beside the Prisma schema, else prisma/migrations, else migrations
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// The Prisma schema whose folder is meant
    #[arg(long, value_name = "FILE", conflicts_with = "folder")]
    pub schema: Option<PathBuf>,
    /// The variable that holds the direct URL; otherwise `DIRECT_URL`, then `DATABASE_URL`
    #[arg(long, value_name = "NAME")]
    pub url_env: Option<String>,
    /// Take the variable from this file where the environment has none
    #[arg(long, value_name = "FILE")]
    pub env_file: Option<PathBuf>,
    /// The cluster's certificate authority, PEM; otherwise the file that `sslrootcert` of the URL names
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// What a team profile says about production holds here too.
#[derive(Debug, Args)]
pub struct MigrateGuard {
    /// The team profile; otherwise poolwright.toml of this folder, where there is one
    #[arg(long, value_name = "FILE")]
    pub profile: Option<PathBuf>,
    /// Allow this on the production cluster of this name, where the profile says production
    #[arg(long, value_name = "CLUSTER")]
    pub production: Option<String>,
}

#[derive(Debug, Args)]
pub struct MigrateStatus {
    #[command(flatten)]
    pub place: MigratePlace,
}

#[derive(Debug, Args)]
pub struct MigrateDeploy {
    #[command(flatten)]
    pub place: MigratePlace,
    #[command(flatten)]
    pub guard: MigrateGuard,
    /// Make the database where it is missing
    #[arg(long)]
    pub create_database: bool,
}

#[derive(Debug, Args)]
pub struct MigrateResolve {
    #[command(flatten)]
    pub place: MigratePlace,
    #[command(flatten)]
    pub guard: MigrateGuard,
    #[command(flatten)]
    pub how: MigrateHow,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct MigrateHow {
    /// What it does is in the database: count it as applied
    #[arg(long, value_name = "NAME")]
    pub applied: Option<String>,
    /// Nothing of it is in the database: let the next deploy run it again
    #[arg(long, value_name = "NAME")]
    pub rolled_back: Option<String>,
    /// Everything up to and with this one is in the database: count all of it as applied
    #[arg(long, value_name = "NAME")]
    pub baseline: Option<String>,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub struct Practice {
    /// Run the whole set-up without a window and print the result
    #[arg(long)]
    pub no_window: bool,
    /// Which situation to practise; `--scenario help` lists them
    #[arg(long, value_name = "NAME", default_value = "full")]
    pub scenario: String,
    /// Say what would change, change nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub proof: Proof,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub crowd: Crowd,
}

/// What is done beside the comparison of step 11.
#[derive(Clone, Debug, Default, Args)]
pub struct Proof {
    /// Put the same load on both URLs after the comparison, and print what came of it
    #[arg(long)]
    pub load: bool,
    /// Write the recording and its chart into this folder: PNG, SVG, CSV and JSON
    #[arg(long, value_name = "FOLDER")]
    pub export: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Check {
    /// The team profile, poolwright.toml
    #[arg(long, value_name = "FILE")]
    pub profile: PathBuf,
    /// Read the token from standard input; otherwise `DIGITALOCEAN_ACCESS_TOKEN`, then the keychain
    #[arg(long)]
    pub token_stdin: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// How large and how slow the practice account is: to see how long lists behave.
#[derive(Debug, Default, Args)]
pub struct Crowd {
    /// Clusters beside the usual two
    #[arg(long, value_name = "NUMBER", default_value_t = 0, hide = true)]
    pub clusters: usize,
    /// Apps beside the usual two
    #[arg(long, value_name = "NUMBER", default_value_t = 0, hide = true)]
    pub apps: usize,
    /// Milliseconds until each answer
    #[arg(long, value_name = "MS", default_value_t = 0, hide = true)]
    pub delay: u64,
}

#[derive(Debug, Args)]
pub struct Setup {
    /// The team profile, poolwright.toml
    #[arg(long, value_name = "FILE")]
    pub profile: PathBuf,
    #[command(flatten)]
    pub changes: Changes,
    /// Read the token from standard input; otherwise `DIGITALOCEAN_ACCESS_TOKEN`, then the keychain
    #[arg(long)]
    pub token_stdin: bool,
    /// Record the connections for this long before the switch: `60s`, `5m`
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub baseline: Option<Duration>,
    #[command(flatten)]
    pub proof: Proof,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub struct Changes {
    /// Say what would change, step by step and as one plan; change nothing
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// Make the changes without asking; never covers production
    #[arg(long)]
    pub yes: bool,
    /// Allow changes to the production cluster of this name
    #[arg(long, value_name = "CLUSTER")]
    pub production: Option<String>,
    /// Allow migrations on production as well
    #[arg(long, requires = "production")]
    pub migrate: bool,
    /// Allow migrations that may lose data in the database of this name
    #[arg(long, value_name = "DATABASE")]
    pub allow_loss: Option<String>,
}

/// `90`, `90s`, `5m`.
fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.trim().strip_suffix('m') {
        Some(minutes) => (minutes, 60),
        None => (text.trim().strip_suffix('s').unwrap_or(text.trim()), 1),
    };
    let number: u64 =
        number.parse().map_err(|err| format!("“{text}” is not a time ({err}); write 60s or 5m"))?;
    if number == 0 {
        return Err("the time is at least 1s".to_owned());
    }
    Ok(Duration::from_secs(number.saturating_mul(unit)))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times_are_seconds_or_minutes() {
        assert_eq!(duration("60s"), Ok(Duration::from_secs(60)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        assert!(duration("soon").is_err());
        assert!(duration("0s").is_err());
    }

    #[test]
    fn a_migration_is_marked_in_exactly_one_way() {
        let parsed = |how: &[&str]| {
            let command = ["poolwright", "migrate", "resolve"];
            Cli::try_parse_from(command.iter().chain(how)).is_ok()
        };
        assert!(parsed(&["--applied", "1_init"]));
        assert!(!parsed(&[]));
        assert!(!parsed(&["--applied", "1_init", "--rolled-back", "1_init"]));
    }

    #[test]
    fn yes_and_a_dry_run_exclude_each_other() {
        let parsed = Cli::try_parse_from([
            "poolwright",
            "setup",
            "--profile",
            "p.toml",
            "--yes",
            "--dry-run",
        ]);
        assert!(parsed.is_err());
    }
}

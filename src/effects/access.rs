//! Trusted sources: this computer's public address, the timed rule that lets it in, and its removal.
//!
//! The account replaces the whole list at once and has no way to guard it against others who write at the same moment.
//! So the list is read right before it is written, whole rules go back as they came, and it is read again afterwards.

use std::net::Ipv4Addr;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{
    address::{self, AddressError},
    digitalocean::client::Client,
    domain::{
        access::{Granted, Kept, Lease, LeaseLength, MANY_RULES, Rule, lets_in, lost},
        cluster::ClusterId,
        problem::{Fix, Problem},
    },
    effects::{Notes, World, account},
    setup::steps::test::Msg,
};

pub(super) async fn find_address(world: &World) -> Result<Msg, Problem> {
    address::public(&world.address_services, &world.timing)
        .await
        .map(Msg::Address)
        .map_err(|err| no_address(&err))
}

/// A note of a cluster that nobody finds any more is kept for so long.
const LONG_OVER: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What giving and ending access works with.
pub(super) struct Desk<'a> {
    pub client: &'a Client,
    pub notes: &'a Notes,
}

/// Adds a rule of ours for this address, or gives the one that is there another end.
pub(super) async fn allow(
    desk: &Desk<'_>,
    cluster: ClusterId,
    cluster_name: String,
    address: Ipv4Addr,
    length: LeaseLength,
) -> Result<Msg, Problem> {
    let before = desk.read(&cluster).await?;
    if before.is_empty() {
        return Err(open_to_everyone());
    }
    let until = length.duration().and_then(|length| Timestamp::now().checked_add(length).ok());
    let lease = Lease { address, until, was_there: false };
    let noted = desk.noted(&cluster, address).await;
    let granted = Granted { cluster, cluster_name, lease };
    let mut wanted = before.clone();
    let kept = Kept::new(granted.clone(), &TimeZone::system());
    let ours = noted.as_ref().and_then(|noted| wanted.iter_mut().find(|rule| noted.is(rule)));
    let kept = if let Some(rule) = ours {
        *rule = rule.clone().described(&kept.description);
        Kept { rule: rule.id().map(str::to_owned), ..kept }
    } else if lets_in(&before, address) {
        // Somebody else's, also where it looks like ours: another person behind the same address.
        let lease = Lease { until: None, was_there: true, ..granted.lease };
        return Ok(Msg::Allowed(Granted { lease, ..granted }, before));
    } else {
        wanted.push(kept.to_rule());
        kept
    };
    desk.give(kept, &before, &wanted).await
}

/// Removes our own rule. One that was there before us stays.
pub(super) async fn remove(
    desk: &Desk<'_>,
    cluster: &ClusterId,
    lease: &Lease,
) -> Result<Vec<Rule>, Problem> {
    let before = desk.read(cluster).await?;
    if lease.was_there {
        return Ok(before);
    }
    // Where the note is gone, the words of the rule tell.
    let kept = desk.noted(cluster, lease.address).await.unwrap_or_else(|| {
        let cluster_name = String::new();
        let granted = Granted { cluster: cluster.clone(), cluster_name, lease: lease.clone() };
        Kept::new(granted, &TimeZone::system())
    });
    let wanted: Vec<Rule> = before.iter().filter(|rule| !kept.is(rule)).cloned().collect();
    if wanted.len() == before.len() {
        desk.forget(&kept).await;
        return Ok(before);
    }
    if wanted.is_empty() {
        return Err(last_one());
    }
    let (after, _) = desk.write(cluster, &wanted).await?;
    if after.iter().any(|rule| kept.is(rule)) {
        return Err(not_taken("The rule for this computer is still there."));
    }
    desk.forget(&kept).await;
    nothing_lost(&wanted, &after)?;
    Ok(after)
}

/// Ends what earlier runs have left. What can't be ended now, and what was given until it is removed, is told.
pub(super) async fn sweep(desk: &Desk<'_>) -> Result<Msg, Problem> {
    let leases = desk.notes.leases();
    let found = tokio::task::spawn_blocking(move || leases.left_behind()).await;
    let (mut ended, mut open) = (Vec::new(), Vec::new());
    for kept in found.unwrap_or_default() {
        let granted = kept.granted.clone();
        let Granted { cluster, lease, .. } = &granted;
        if !granted.ends_by_itself() {
            open.push(granted);
            continue;
        }
        match remove(desk, cluster, lease).await {
            Ok(_) => ended.push(granted),
            // With the cluster its trusted sources are gone, unless it belongs to another account; that one's token
            // will see it one of these days.
            Err(problem) if problem.code == "HTTP 404" => {
                if lease.until.is_some_and(|until| until < Timestamp::now() - LONG_OVER) {
                    desk.forget(&kept).await;
                }
            }
            Err(problem) => {
                tracing::warn!(what = problem.what, why = problem.why, "access was not ended");
                open.push(granted);
            }
        }
    }
    Ok(Msg::Swept { ended, open })
}

impl Desk<'_> {
    /// Sends a rule of ours, noted before so that a crash can't leave it behind unknown.
    async fn give(&self, kept: Kept, before: &[Rule], wanted: &[Rule]) -> Result<Msg, Problem> {
        let granted = &kept.granted;
        let cluster = &granted.cluster;
        let is_new = wanted.len() != before.len();
        self.note(kept.clone()).await?;
        let (after, was_clear) = match self.write(cluster, wanted).await {
            Ok(written) => written,
            Err(problem) if problem.outcome_unknown => {
                // Our rule may be there, and then it has to be removed one day.
                self.notes.note(Msg::Sent(granted.clone())).await;
                return Err(problem);
            }
            Err(problem) => {
                if is_new {
                    self.forget(&kept).await;
                }
                return Err(many_rules(problem, before.len()));
            }
        };
        let stood_before =
            |rule: &&Rule| before.iter().any(|old| old.id().is_some() && old.id() == rule.id());
        let ours = after.iter().find(|rule| kept.is(rule) && !(is_new && stood_before(rule)));
        let Some(rule) = ours else {
            let problem =
                not_taken(&format!("{} is not among the trusted sources.", granted.lease.address));
            if was_clear {
                self.forget(&kept).await;
                return Err(problem);
            }
            // It may still come; the note stays for it.
            self.notes.note(Msg::Sent(granted.clone())).await;
            return Err(problem.outcome_unknown());
        };
        self.note(Kept { rule: rule.id().map(str::to_owned), ..kept.clone() }).await?;
        if let Err(problem) = nothing_lost(wanted, &after) {
            // Our rule is there all the same and has to be removed one day.
            self.notes.note(Msg::Allowed(granted.clone(), after)).await;
            return Err(problem);
        }
        Ok(Msg::Allowed(granted.clone(), after))
    }

    async fn read(&self, cluster: &ClusterId) -> Result<Vec<Rule>, Problem> {
        self.client.trusted_sources(cluster).await.map_err(|err| account::problem(&err))
    }

    /// Writes and reads back; where the answer to the write was lost, what is read back tells. Also says whether the
    /// account has answered that it was done.
    async fn write(
        &self,
        cluster: &ClusterId,
        rules: &[Rule],
    ) -> Result<(Vec<Rule>, bool), Problem> {
        let written = self.client.set_trusted_sources(cluster, rules).await;
        match &written {
            Err(err) if !err.outcome_unknown() => return Err(account::problem(err)),
            Err(err) => tracing::info!(%err, "the trusted sources are looked up"),
            Ok(()) => {}
        }
        let after = self.read(cluster).await.map_err(Problem::outcome_unknown)?;
        Ok((after, written.is_ok()))
    }

    async fn noted(&self, cluster: &ClusterId, address: Ipv4Addr) -> Option<Kept> {
        let (leases, cluster) = (self.notes.leases(), cluster.clone());
        tokio::task::spawn_blocking(move || leases.of(&cluster, address)).await.ok().flatten()
    }

    async fn note(&self, kept: Kept) -> Result<(), Problem> {
        let leases = self.notes.leases();
        let noted = tokio::task::spawn_blocking(move || leases.keep(&kept)).await;
        match noted {
            Ok(Ok(())) => Ok(()),
            Ok(Err(err)) => Err(not_noted(&err)),
            Err(err) => Err(not_noted(&err)),
        }
    }

    /// A note that stays is no harm: the next start finds no rule for it and drops it.
    async fn forget(&self, kept: &Kept) {
        let (leases, granted) = (self.notes.leases(), kept.granted.clone());
        let forgotten = tokio::task::spawn_blocking(move || {
            leases.forget(&granted.cluster, granted.lease.address)
        });
        if let Ok(Err(err)) = forgotten.await {
            tracing::warn!(%err, "the note of access that has ended stays");
        }
    }
}

/// Every rule that was to stay is still there as it was.
pub(super) fn nothing_lost(wanted: &[Rule], after: &[Rule]) -> Result<(), Problem> {
    let lost = lost(wanted, after);
    if lost.is_empty() {
        return Ok(());
    }
    let mut problem = Problem::new(
        "rules lost",
        "Trusted sources are missing or changed after the change.",
        "We sent them back as they were. Most likely: somebody else wrote the list at the same moment.",
    )
    .hint("Compare the list with the cluster's Network Access page and add what is missing");
    for rule in lost {
        problem = problem.detail(format!(
            "missing: {} {} {}",
            rule.kind,
            rule.value,
            rule.description.as_deref().unwrap_or_default()
        ));
    }
    Err(problem)
}

fn many_rules(problem: Problem, before: usize) -> Problem {
    if before < MANY_RULES {
        return problem;
    }
    problem.hint(format!(
        "Remove a trusted source first: there are {before}, and DigitalOcean may take no more than {MANY_RULES}"
    ))
}

fn not_noted(err: &dyn std::error::Error) -> Problem {
    account::chain(
        Problem::new(
            "not noted",
            "This computer was not let in.",
            "The access could not be noted on this computer's disk, and without the note nothing would end it after a crash.",
        )
        .fix("Try again", Fix::TryAgain),
        err,
    )
}

pub(super) fn not_taken(why: &str) -> Problem {
    Problem::new("not taken over", "The trusted sources did not change as asked for.", why)
        .fix("Try again", Fix::TryAgain)
}

pub(super) fn open_to_everyone() -> Problem {
    Problem::new(
        "open to everyone",
        "Nothing was added: every address may connect to this cluster already.",
        "It has no trusted sources. The first one would shut out everybody else, also the app.",
    )
    .hint("Test both connections; the trusted sources do not stand in the way")
    .hint("To close the cluster, add the app as a trusted source first, on the cluster's Network Access page; App Platform then starts a deployment of it")
}

pub(super) fn last_one() -> Problem {
    Problem::new(
        "last rule",
        "The access of this computer was not removed.",
        "It is the last trusted source. Without any, every address of the internet may connect.",
    )
    .hint("Add the app as a trusted source first, on the cluster's Network Access page; App Platform then starts a deployment of it")
}

pub(super) fn no_address(err: &AddressError) -> Problem {
    let problem = match err {
        AddressError::OnlyIpv6 => Problem::new(
            "IPv6 only",
            "This network has only IPv6.",
            "DigitalOcean's trusted sources accept only IPv4 addresses.",
        )
        .hint("Use another network or a VPN with IPv4"),
        AddressError::Differ(first, second) => Problem::new(
            "address",
            "The two services saw different addresses of this computer.",
            format!("One saw {first}, the other {second}. Most likely: a VPN or a line with several ways out."),
        )
        .hint("Type the address that the database sees"),
        AddressError::NotPublic(address) => Problem::new(
            "address",
            "This computer's public address was not found.",
            format!("A service answered {address}, which is no public address."),
        )
        .hint("Type the address"),
        AddressError::Silent { service, .. } | AddressError::NoAddress { service } => Problem::new(
            "address",
            "This computer's public address was not found.",
            format!("{service} gave no address."),
        )
        .fix("Try again", Fix::TryAgain)
        .hint("Type the address"),
        AddressError::Client(_) => Problem::new(
            "certificates",
            "This computer's public address was not found.",
            "No encrypted connection can be made from here.",
        )
        .hint("Install the package ca-certificates"),
    };
    account::chain(problem, err)
}

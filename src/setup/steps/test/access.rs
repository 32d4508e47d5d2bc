//! This computer's timed access: given, noted, taken back, at every cluster that it was given for.

use super::{Effect, Msg, Phase, Step};
use crate::{
    domain::{
        access::{Granted, Rule},
        cluster::ClusterId,
        problem::{Fix, Problem},
        record::Undo,
    },
    setup::{Ctx, facts::Facts, may_change_now},
};

impl Step {
    pub(super) fn allow(&mut self, ctx: &mut Ctx<'_>) {
        let Some(facts) = &ctx.facts.cluster else { return };
        let (cluster, cluster_name) = (facts.cluster.id.clone(), facts.cluster.name.clone());
        if let Err(problem) =
            may_change_now(ctx.facts, ctx.rules, "The trusted sources were not changed.")
        {
            self.phase = Phase::Failed(problem);
            return;
        }
        let typed = self.draft.address.trim();
        match typed.parse() {
            Ok(address) => {
                let length = self.draft.lease;
                let effect = Effect::Allow { cluster, cluster_name, address, length };
                self.phase = Phase::Allowing(ctx.start(effect));
            }
            Err(_) if typed.is_empty() && self.draft.may_ask => self.find_address(ctx, true),
            Err(_) if typed.is_empty() => {
                self.again = Some(|| Msg::FindAndAllow);
                self.phase = Phase::Failed(not_asked());
            }
            Err(_) => self.phase = Phase::Failed(no_ipv4(typed)),
        }
    }

    /// The person agreed that the two services are asked.
    pub(super) fn find_address(&mut self, ctx: &mut Ctx<'_>, allow: bool) {
        self.draft.may_ask = true;
        self.phase = Phase::FindingAddress { ticket: ctx.start(Effect::FindAddress), allow };
    }

    pub(super) fn allowed(&mut self, ctx: &mut Ctx<'_>, granted: Granted, rules: Vec<Rule>) {
        let what = format!(
            "Trusted source {} of {} added for this computer",
            granted.lease.address, granted.cluster_name
        );
        let chosen = ctx.facts.cluster.as_mut().filter(|facts| facts.cluster.id == granted.cluster);
        let is_chosen = chosen.map(|facts| facts.trusted_sources = Some(rules)).is_some();
        Self::open_lease(ctx, granted, what);
        self.phase = Phase::Idle;
        if is_chosen {
            self.run(ctx);
        }
    }

    pub(super) fn open_lease(ctx: &mut Ctx<'_>, granted: Granted, what: String) {
        let Granted { cluster, lease, .. } = &granted;
        // One that gets another end takes the place of the one before.
        for entry in &mut ctx.record.entries {
            if let Undo::RemoveLease { cluster: home, lease: old } = &entry.undo
                && (home, old.address) == (cluster, lease.address)
            {
                entry.undone = true;
            }
        }
        if granted.is_ours() {
            let undo = Undo::RemoveLease { cluster: cluster.clone(), lease: lease.clone() };
            ctx.did(what, undo);
        }
        let is_same = |old: &Granted| old.cluster == granted.cluster;
        ctx.facts.leases.retain(|old| {
            !is_same(old)
                || old.is_ours() && granted.is_ours() && old.lease.address != granted.lease.address
        });
        ctx.facts.leases.push(granted);
    }

    /// Ends the access to the chosen cluster; where there is none, the one that would end first.
    pub(super) fn remove(&mut self, ctx: &mut Ctx<'_>) {
        // A rule that was there before us is not ours to remove; only our access ends.
        let chosen = ctx.facts.cluster.as_ref().map(|facts| facts.cluster.id.clone());
        let before = ctx.facts.leases.len();
        ctx.facts.leases.retain(|old| old.is_ours() || Some(&old.cluster) != chosen.as_ref());
        if ctx.facts.leases.len() < before {
            return;
        }
        let here = chosen.and_then(|chosen| open_at(ctx.facts, &chosen));
        if let Some(granted) = here.or_else(|| ctx.facts.first_to_end().cloned()) {
            self.end(ctx, granted);
        }
    }

    pub(super) fn remove_from(&mut self, ctx: &mut Ctx<'_>, cluster: &ClusterId) {
        if let Some(granted) = open_at(ctx.facts, cluster) {
            self.end(ctx, granted);
        }
    }

    /// Ends everything that ends with the program, one after the other.
    pub(super) fn remove_timed(&mut self, ctx: &mut Ctx<'_>) {
        let next = ctx.facts.leases.iter().find(|granted| granted.ends_by_itself()).cloned();
        self.leaving = next.is_some();
        if let Some(granted) = next {
            self.end(ctx, granted);
        }
    }

    fn end(&mut self, ctx: &mut Ctx<'_>, granted: Granted) {
        let (cluster, lease) = (granted.cluster.clone(), granted.lease.clone());
        let ticket = ctx.start(Effect::Remove { cluster, lease });
        self.phase = Phase::Removing(ticket, Box::new(granted));
    }

    pub(super) fn removed(&mut self, ctx: &mut Ctx<'_>, granted: &Granted, rules: Vec<Rule>) {
        self.phase = Phase::Idle;
        ended(ctx, granted);
        if let Some(facts) = &mut ctx.facts.cluster
            && facts.cluster.id == granted.cluster
        {
            facts.trusted_sources = Some(rules);
        }
        if self.leaving {
            self.remove_timed(ctx);
        }
    }

    pub(super) fn swept(ctx: &mut Ctx<'_>, gone: Vec<Granted>, open: Vec<Granted>) {
        for granted in gone {
            let what = format!(
                "Access of {} to {}, left by an earlier run, removed",
                granted.lease.address, granted.cluster_name
            );
            ctx.did(what, Undo::Impossible("it was meant to end".to_owned()));
        }
        for granted in open {
            let what = format!(
                "Trusted source {} of {} is there since an earlier run",
                granted.lease.address, granted.cluster_name
            );
            Self::open_lease(ctx, granted, what);
        }
    }
}

/// Access of ours to this cluster.
fn open_at(facts: &Facts, cluster: &ClusterId) -> Option<Granted> {
    facts.leases.iter().find(|granted| granted.is_ours() && granted.cluster == *cluster).cloned()
}

fn ended(ctx: &mut Ctx<'_>, granted: &Granted) {
    ctx.facts.leases.retain(|open| open != granted);
    for entry in &mut ctx.record.entries {
        if let Undo::RemoveLease { cluster, lease } = &entry.undo
            && (cluster, lease) == (&granted.cluster, &granted.lease)
        {
            entry.undone = true;
        }
    }
}

fn not_asked() -> Problem {
    Problem::new(
        "address",
        "This computer's public address is not known yet.",
        "Two services can tell it: checkip.amazonaws.com and ipv4.icanhazip.com. Neither was asked yet; nothing else is sent to them.",
    )
    .fix("Ask both and allow this computer", Fix::TryAgain)
    .hint("Type the address")
}

fn no_ipv4(typed: &str) -> Problem {
    let why = match typed.parse::<std::net::Ipv6Addr>() {
        Ok(_) => "DigitalOcean's trusted sources accept only IPv4 addresses.",
        Err(_) => "An IPv4 address has four numbers, as in 203.0.113.7.",
    };
    Problem::new("address", format!("“{typed}” cannot be a trusted source."), why)
        .hint("Type the address that the database sees")
}

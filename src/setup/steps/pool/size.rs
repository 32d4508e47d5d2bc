//! What goes into the pool's size: measured where possible, chosen where the person knows better.

use crate::{
    domain::{
        activity::OURS,
        capacity::{self, Demand, Limits, RESERVE, Sizing},
    },
    setup::{facts::Facts, steps::pool::Draft},
};

/// Fewer are not kept free: one for a migration, one for an administrator.
pub const LEAST_RESERVE: u32 = 2;

/// The sizing without the person's choices, or that with which the pool was established.
pub fn sizing(facts: &Facts, name: &str) -> Option<Sizing> {
    facts.sized.or_else(|| size(facts, name, 0, RESERVE))
}

pub(super) fn of_draft(facts: &Facts, draft: &Draft) -> Option<Sizing> {
    let stays =
        |(application, count): (String, u32)| draft.direct.contains(&application).then_some(count);
    let direct = holders(facts).into_iter().filter_map(stays).sum();
    size(facts, draft.name.trim(), direct, draft.reserve.max(LEAST_RESERVE))
}

fn size(facts: &Facts, name: &str, direct: u32, reserve: u32) -> Option<Sizing> {
    let cluster = facts.cluster.as_ref()?;
    let limit = limit(facts)?;
    let others =
        cluster.pools.iter().filter(|pool| pool.name.as_str() != name).map(|pool| pool.size).sum();
    Some(capacity::size(Demand {
        limit,
        measured: facts.activity.limits.is_some(),
        others,
        direct,
        reserve,
        vcpus: cluster.cluster.vcpus().unwrap_or(1),
    }))
}

/// What ordinary roles have together: measured, or by the plan.
pub fn limit(facts: &Facts) -> Option<u32> {
    let measured = facts.activity.limits.map(Limits::usable);
    measured.or_else(|| facts.cluster.as_ref()?.cluster.limit_by_plan())
}

/// The most connections that each application held while it was recorded, the largest first. The name is empty where a
/// connection has none.
pub fn holders(facts: &Facts) -> Vec<(String, u32)> {
    let mut most: Vec<(String, u32)> = Vec::new();
    for sample in facts.activity.before() {
        let mut now: Vec<(&str, u32)> = Vec::new();
        for holder in sample.holders.iter().filter(|holder| holder.application != OURS) {
            match now.iter_mut().find(|(name, _)| *name == holder.application) {
                Some((_, count)) => *count += holder.count,
                None => now.push((&holder.application, holder.count)),
            }
        }
        for (name, count) in now {
            match most.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => *known = count.max(*known),
                None => most.push((name.to_owned(), count)),
            }
        }
    }
    most.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    most
}

/// What the app itself may open, behind the pool and while two deployments run side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppSide {
    pub instances: u32,
    pub each: u32,
}

impl AppSide {
    pub fn total(self) -> u32 {
        self.instances.saturating_mul(self.each)
    }
}

/// `None` where no app of the account uses the cluster.
pub fn app_side(facts: &Facts) -> Option<AppSide> {
    /// Behind the pool, where step 5 has not said otherwise.
    const EACH: u32 = 5;
    let apps = &facts.cluster.as_ref()?.apps;
    let count = |component: &serde_json::Value| {
        let count = component.get("instance_count").and_then(serde_json::Value::as_u64);
        count.and_then(|count| u32::try_from(count).ok()).unwrap_or(1)
    };
    let of = |app: &crate::domain::app_spec::App, kind: &str| -> u32 {
        let components = app.spec.get(kind).and_then(serde_json::Value::as_array);
        components.into_iter().flatten().map(count).sum()
    };
    let instances = apps.iter().map(|app| of(app, "services") + of(app, "workers")).sum();
    let each = facts.urls.as_ref().map_or(EACH, |urls| urls.limit);
    (0 < instances).then_some(AppSide { instances, each })
}

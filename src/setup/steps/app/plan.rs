//! What would change in an app's settings, and whether there is room for it.

use crate::{
    domain::{
        activity::Sample,
        app_spec::{
            self, App, BadSpec, Spec, SpecChange, SpecPlan, Switch,
            form::{Attachment, WrittenOut, attach, written_out},
            migrating::{self, Offer},
        },
        capacity::RESERVE,
        cluster::{ClusterFacts, Endpoint},
        conn_url::ConnUrl,
        pool::Pool,
        secret::Secret,
        stages::Port,
    },
    setup::{
        facts::Facts,
        steps::{app::Draft, pool::limit},
    },
};

/// How the app gets its URLs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// `${component.pool.DATABASE_URL}`: no password in the settings, and a new one is followed.
    #[default]
    Reference,
    /// The URLs themselves, encrypted by the account.
    WrittenOut,
}

/// What would be sent, and what of it is more than a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub spec: Spec,
    pub changes: Vec<SpecChange>,
    /// The cluster is attached to the app under this name.
    pub attaches: Option<String>,
    /// Migrations that the app runs on its own, and whether a job takes them over.
    pub migrating: Option<(Offer, Migrations)>,
}

/// What becomes of migrations that the app runs on its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Migrations {
    /// A job costs something and changes how the app starts, so it is only offered.
    #[default]
    StayInTheApp,
    MoveToAJob,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPlan {
    #[error("there is no pool yet")]
    NoPool,
    #[error("DigitalOcean hides the password from the token, so no URL can be written out")]
    NoPassword,
    #[error(transparent)]
    Spec(#[from] BadSpec),
}

/// The reason beside the button.
pub fn sentence(err: &NoPlan) -> String {
    let text = err.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// The plan for one app.
pub fn plan(app: &App, draft: &Draft, facts: &Facts) -> Result<Plan, NoPlan> {
    planner(facts)(app, draft)
}

/// Plans any number of apps; what they have in common is worked out once.
pub fn planner(facts: &Facts) -> impl Fn(&App, &Draft) -> Result<Plan, NoPlan> {
    let switch = switch(facts);
    move |app, draft| planned(app, draft, facts, switch.as_ref().ok_or(NoPlan::NoPool)?)
}

fn planned(app: &App, draft: &Draft, facts: &Facts, switch: &Switch) -> Result<Plan, NoPlan> {
    let (cluster, pool) = facts.cluster.as_ref().zip(facts.pool.as_ref()).ok_or(NoPlan::NoPool)?;
    let to = Attachment {
        cluster_name: &cluster.cluster.name,
        database: &pool.db,
        user: pool.user.as_deref(),
        version: &cluster.cluster.version,
    };
    let attached = attach(&app.spec, &to);
    let (base, attaches) = match attached {
        Some((spec, name)) => (spec, Some(name)),
        None => (app.spec.clone(), None),
    };
    let bound = app_spec::plan(&base, switch)?;
    let migrating = migrating::offer(&base).map(|offer| (offer, draft.migrations));
    let bound = match &migrating {
        Some((offer, Migrations::MoveToAJob)) => migrating::with_job(bound, offer, switch),
        Some((_, Migrations::StayInTheApp)) | None => bound,
    };
    Ok(match draft.form {
        Form::Reference => Plan { spec: bound.spec, changes: bound.changes, attaches, migrating },
        Form::WrittenOut => {
            let (pooled, direct) = urls(facts, cluster, pool).ok_or(NoPlan::NoPassword)?;
            let urls = WrittenOut { pool: pool.name.as_str(), pooled: &pooled, direct: &direct };
            let SpecPlan { spec, changes } = written_out(bound, &app.spec, &urls);
            Plan { spec, changes, attaches: None, migrating }
        }
    })
}

/// Both URLs with their password, as the app reaches them from outside. `None` where the token may not see it.
fn urls(facts: &Facts, cluster: &ClusterFacts, pool: &Pool) -> Option<(Secret, Secret)> {
    if let Some(urls) = &facts.urls {
        let known = [&urls.pooled, &urls.direct].map(|url| url.password.is_some());
        return (known == [true; 2]).then(|| (urls.pooled.text(), urls.direct.text()));
    }
    let user = pool.user.as_deref().unwrap_or(&cluster.cluster.direct.user);
    let password = cluster.password_of(user)?;
    let url = |at: &Endpoint, database: &str| {
        ConnUrl {
            user: user.to_owned(),
            password: Some(password.clone()),
            database: database.to_owned(),
            ..at.url()
        }
        .text()
    };
    let pooled = url(pool.public.as_ref()?, pool.name.as_str());
    Some((pooled, url(&cluster.cluster.direct, &pool.db)))
}

/// What is to be changed in an app's settings.
pub fn switch(facts: &Facts) -> Option<Switch> {
    let cluster = facts.cluster.as_ref()?;
    let pool = facts.pool.as_ref()?;
    let keys = facts.urls.as_ref().map_or(("DATABASE_URL".to_owned(), None), |urls| {
        (urls.keys.0.clone(), Some(urls.keys.1.clone()))
    });
    Some(Switch {
        cluster_name: cluster.cluster.name.clone(),
        hosts: hosts(cluster, pool),
        pool: pool.name.clone(),
        pooled_key: keys.0,
        direct_key: keys.1,
        pooled_suffix: suffix(facts),
    })
}

/// Parameters this project's client needs behind the binding.
fn suffix(facts: &Facts) -> String {
    let Some(made) = facts.client_url(Port::Pooled) else { return String::new() };
    made.url
        .parameters
        .iter()
        // The binding ends with sslmode=require; what comes later counts.
        .filter(|(key, value)| (key.as_str(), value.as_str()) != ("sslmode", "require"))
        .map(|(key, value)| format!("&{key}={value}"))
        .collect()
}

/// Is there room while the old instances and those that use the pool run side by side?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// The most that was held by others than us before the switch: the old instances and what else connects.
    pub held: u32,
    pub pool: u32,
    pub reserve: u32,
    pub limit: u32,
}

impl Forecast {
    pub fn needed(self) -> u32 {
        self.held + self.pool + self.reserve
    }

    pub fn fits(self) -> bool {
        self.needed() <= self.limit
    }
}

/// `None` while nothing was recorded, or the limit is not known.
pub fn forecast(facts: &Facts) -> Option<Forecast> {
    let pool = facts.pool.as_ref()?;
    let held = facts.activity.before().into_iter().map(Sample::total_of_others).max()?;
    let limit = limit(facts)?;
    Some(Forecast { held, pool: pool.size, reserve: RESERVE, limit })
}

/// Every name and address under which the cluster and the pool are reached.
fn hosts(cluster: &ClusterFacts, pool: &Pool) -> Vec<String> {
    let others = [cluster.cluster.private.as_ref(), pool.public.as_ref(), pool.private.as_ref()];
    let mut hosts = vec![cluster.cluster.direct.host.clone()];
    for endpoint in others.into_iter().flatten() {
        if !hosts.contains(&endpoint.host) {
            hosts.push(endpoint.host.clone());
        }
    }
    hosts
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::{
        activity::{Activity, Holder, OURS},
        capacity::Limits,
    };

    fn forecast(held: u32) -> Forecast {
        Forecast { held, pool: 11, reserve: 3, limit: 22 }
    }

    #[test]
    fn old_instances_the_pool_and_the_reserve_share_the_limit() {
        assert!(forecast(8).fits());
        assert!(!forecast(9).fits());
        assert_eq!(forecast(9).needed(), 23);
    }

    #[test]
    fn without_a_pool_nothing_is_foretold() {
        let holder = |application: &str, count| Holder {
            application: application.to_owned(),
            user: "app".to_owned(),
            address: None,
            state: "idle".to_owned(),
            count,
            age: None,
        };
        let sample = Sample {
            at: Timestamp::UNIX_EPOCH,
            holders: vec![holder("web", 8), holder(OURS, 1)],
            commits: 0,
            refused: 0,
        };
        assert_eq!(sample.total_of_others(), 8);
        let limits = Limits { max_connections: 25, superuser_reserved: 3, reserved: 0 };
        let activity =
            Activity { limits: Some(limits), samples: vec![sample], ..Activity::default() };
        let facts = Facts { activity, ..Facts::default() };
        assert_eq!(super::forecast(&facts), None);
    }
}

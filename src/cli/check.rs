//! Is everything still as the team profile says? Reads only: for later, and for a build that runs every night.

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::{
    cli::{Exit, args, drive, report, run},
    domain::{
        app_spec,
        cluster::ClusterFacts,
        pool::{Pool, PoolName},
        problem::Problem,
        stages::{Port, Tested},
    },
    effects::{self, World, runner::Runner},
    setup::{
        Rules, Setup,
        answers::Answers,
        step::StepId,
        steps::{pool, sign_in::Keep, urls},
    },
};

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub what: &'static str,
    pub wanted: String,
    pub found: String,
    pub same: bool,
}

impl Finding {
    fn new(what: &'static str, wanted: &dyn ToString, found: &dyn ToString) -> Self {
        let (wanted, found) = (wanted.to_string(), found.to_string());
        Self { what, same: wanted == found, wanted, found }
    }
}

pub async fn check(args: &args::Check) -> Exit {
    match look(args).await {
        Ok(findings) => {
            let drifted = findings.iter().any(|finding| !finding.same);
            let exit = if drifted { Exit::Stopped } else { Exit::Done };
            report::print_findings(&findings, exit, args.json);
            exit
        }
        Err(problem) => {
            report::print_problem(&problem);
            Exit::Stopped
        }
    }
}

async fn look(args: &args::Check) -> Result<Vec<Finding>, Problem> {
    let answers = effects::profile::load(&args.profile)?;
    let world = World::real()?;
    let mut setup = Setup::new(Rules { dry_run: true, ..Rules::default() });
    setup.answer(answers.clone());
    setup.steps.sign_in.remembered = Some(run::token(args.token_stdin, &world).await?);
    // A run without a person never writes to the keychain.
    setup.steps.sign_in.draft.keep = Keep::SessionOnly;
    let mut runner = Runner::new(world, Handle::current(), Arc::new(|| ()));
    for step in [StepId::SignIn, StepId::Cluster] {
        reach(&mut setup, &mut runner, step).await?;
    }
    let mut findings = Vec::new();
    let Some(pool) = find_pool(&setup, &answers) else {
        let wanted = answers.pool.name.unwrap_or_else(|| "a pool".to_owned());
        findings.push(Finding::new("pool", &wanted, &"none"));
        return Ok(findings);
    };
    findings.extend(of_the_pool(&pool, &answers));
    runner.obey(setup.act(jiff::Timestamp::now(), pool::Msg::Adopt(pool.name.clone()).into()));
    runner.obey(setup.act(jiff::Timestamp::now(), urls::Msg::Accept.into()));
    findings.extend(ports(&mut setup, &mut runner, &pool).await);
    if let Some(cluster) = &setup.facts.cluster {
        findings.extend(of_the_app(cluster, &pool.name, &answers));
    }
    Ok(findings)
}

/// Carries a step that reads out; its problem where it does not get through.
async fn reach(setup: &mut Setup, runner: &mut Runner, step: StepId) -> Result<(), Problem> {
    let mut missing = None;
    let mut tell = |_: &Setup, news: drive::News<'_>| {
        if let drive::News::Needs(_, why) = news {
            missing = Some(why);
        }
    };
    let went = drive::one_step(setup, runner, step, &mut |_, _| false, &mut tell).await;
    if went {
        return Ok(());
    }
    Err(setup.problem(step).cloned().unwrap_or_else(|| {
        let what = format!("Step {}, {}, was not reached.", step.number(), step.name());
        Problem::new("check", what, missing.unwrap_or_default())
    }))
}

/// The profile's pool; without a name, the only one there is.
fn find_pool(setup: &Setup, answers: &Answers) -> Option<Pool> {
    let pools = &setup.facts.cluster.as_ref()?.pools;
    match &answers.pool.name {
        Some(name) => pools.iter().find(|pool| pool.name.as_str() == name).cloned(),
        None => pools.first().filter(|_| pools.len() == 1).cloned(),
    }
}

/// What the profile is silent about is not compared.
fn of_the_pool(pool: &Pool, answers: &Answers) -> Vec<Finding> {
    let wanted = &answers.pool;
    let user = pool.user.as_deref().unwrap_or("inbound");
    let mut findings = vec![Finding::new("pool", &pool.name, &pool.name)];
    findings.extend(wanted.size.map(|size| Finding::new("size", &size, &pool.size)));
    findings.extend(wanted.mode.map(|mode| Finding::new("mode", &mode.word(), &pool.mode.word())));
    findings.extend(wanted.db.as_ref().map(|db| Finding::new("database", db, &pool.db)));
    findings.extend(wanted.user.as_ref().map(|wanted| Finding::new("user", wanted, &user)));
    findings
}

/// Both ports stage by stage, and what the probe finds behind the pooled one.
async fn ports(setup: &mut Setup, runner: &mut Runner, pool: &Pool) -> Vec<Finding> {
    let reached = reach(setup, runner, StepId::Test).await;
    let Some(tested) = &setup.facts.tested else {
        let why = reached.err().map_or_else(String::new, |problem| problem.what);
        return vec![Finding::new("both ports", &"work", &why)];
    };
    let mut findings: Vec<Finding> =
        Port::BOTH.into_iter().map(|port| of_a_port(tested, port)).collect();
    if let Some(mode) = tested.probe.and_then(|probe| probe.mode) {
        findings.push(Finding::new("mode as proved", &pool.mode.word(), &mode.word()));
    }
    findings
}

fn of_a_port(tested: &Tested, port: Port) -> Finding {
    let what = match port {
        Port::Pooled => "pooled port",
        Port::Direct => "direct port",
    };
    let found = match tested.ports.column(port).problem() {
        Some((stage, problem)) => format!("{}: {}", stage.title(), problem.what),
        None => "works".to_owned(),
    };
    Finding::new(what, &"works", &found)
}

/// Does the profile's app still go through the pool?
fn of_the_app(cluster: &ClusterFacts, pool: &PoolName, answers: &Answers) -> Option<Finding> {
    let name = answers.app.as_ref()?;
    let app = cluster.apps.iter().find(|app| app.name == *name);
    let hosts = cluster.cluster.hosts();
    let uses = app.map_or("not among the apps of this cluster", |app| {
        if app_spec::uses_pool(&app.spec, &cluster.cluster.name, &hosts, pool) {
            "uses the pool"
        } else {
            "connects directly"
        }
    });
    Some(Finding::new("app", &"uses the pool", &uses))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::pool::PoolMode, setup::answers::PoolAnswers};

    fn pool() -> Pool {
        Pool {
            name: PoolName::given("shop-pool"),
            mode: PoolMode::Session,
            size: 12,
            db: "shop".to_owned(),
            user: None,
            public: None,
            private: None,
        }
    }

    #[test]
    fn only_what_the_profile_names_can_drift() {
        let answers = Answers {
            pool: PoolAnswers {
                size: Some(10),
                mode: Some(PoolMode::Transaction),
                user: Some("shop_app".to_owned()),
                ..PoolAnswers::default()
            },
            ..Answers::default()
        };
        let drifted: Vec<String> = of_the_pool(&pool(), &answers)
            .into_iter()
            .filter(|finding| !finding.same)
            .map(|finding| format!("{}: {} → {}", finding.what, finding.wanted, finding.found))
            .collect();
        assert_eq!(
            drifted,
            ["size: 10 → 12", "mode: transaction → session", "user: shop_app → inbound"]
        );
        assert!(of_the_pool(&pool(), &Answers::default()).iter().all(|finding| finding.same));
    }
}

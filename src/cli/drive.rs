//! Drives the core without a window: opens each step, presses its primary button, waits, goes on.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    cli::{Exit, args::Proof},
    domain::{
        access::Granted,
        problem::{Fix, Problem},
    },
    effects::{Report, runner::Runner},
    setup::{
        Msg, Setup, StepMsg,
        plan::PlanMsg,
        step::{Primary, Standing, StepId},
        steps::{measure, test, verify},
    },
};

/// What the driver tells while it works.
#[derive(Debug)]
pub enum News<'a> {
    /// A step begins.
    Begins(StepId),
    /// What runs now, in the words of the button's place.
    Working(StepId, String),
    Message(&'a StepMsg),
    /// A step ended; ask the set-up for standing and figures.
    Ended(StepId),
    Stopped(StepId, &'a Problem),
    /// A step can't go on without the person.
    Needs(StepId, String),
}

/// May a step that changes something go ahead? Asked before each; the command line asks the person.
pub type Consent<'a> = &'a mut dyn FnMut(StepId, &str) -> bool;

/// Nothing reported for this long means that something is stuck; every effect has shorter limits of its own.
const SILENCE: Duration = Duration::from_secs(600);

/// Steps whose button changes something outside this program.
fn changes(step: StepId) -> bool {
    match step {
        StepId::Pool
        | StepId::Project
        | StepId::EnvFiles
        | StepId::Migrations
        | StepId::App
        | StepId::HandOver => true,
        StepId::SignIn
        | StepId::Cluster
        | StepId::Measure
        | StepId::Urls
        | StepId::Test
        | StepId::Verify => false,
    }
}

/// Runs the set-up from its first open step to its last.
pub async fn drive(
    setup: &mut Setup,
    runner: &mut Runner,
    proof: &Proof,
    consent: Consent<'_>,
    tell: &mut dyn FnMut(&Setup, News<'_>),
) -> Exit {
    for step in StepId::ALL {
        if setup.facts.skipped.contains(&step) {
            tell(setup, News::Ended(step));
            continue;
        }
        tell(setup, News::Begins(step));
        let mut went = one_step(setup, runner, step, consent, tell).await;
        if went && step == StepId::Verify {
            went = beside(setup, runner, proof, tell).await;
        }
        tell(setup, News::Ended(step));
        if !went {
            // A dry run can't go where a missing change would have led; it still looks at the other steps.
            if setup.rules.dry_run && setup.standing(step) != Standing::Stopped {
                continue;
            }
            break;
        }
    }
    // A step that was left out is asked for nothing: it would no longer count as left out.
    if matches!(setup.steps.measure.phase, measure::Phase::Recording(_)) {
        runner.obey(setup.act(Timestamp::now(), measure::Msg::Stop.into()));
    }
    if setup.rules.dry_run {
        read_plan(setup, runner, tell).await;
    }
    end_access(setup, runner, tell).await;
    exit(setup)
}

/// Reads what the plan of a dry run still needs: steps that come after one that stopped, as well.
async fn read_plan(setup: &mut Setup, runner: &mut Runner, tell: &mut dyn FnMut(&Setup, News<'_>)) {
    runner.obey(setup.act(Timestamp::now(), PlanMsg::Open.into()));
    while setup.busy() && wait(setup, runner, tell).await {}
}

/// What was asked for beside the comparison. Whether the set-up may go on.
async fn beside(
    setup: &mut Setup,
    runner: &mut Runner,
    proof: &Proof,
    tell: &mut dyn FnMut(&Setup, News<'_>),
) -> bool {
    let mut wanted: Vec<verify::Msg> = Vec::new();
    if proof.load && !setup.rules.dry_run {
        wanted.push(verify::Msg::Load);
    }
    if let Some(folder) = &proof.export {
        let files = verify::Format::ALL.map(|format| folder.join(format.file_name()));
        wanted.push(verify::Msg::Export(files.into()));
    }
    for msg in wanted {
        runner.obey(setup.act(Timestamp::now(), msg.into()));
        if !settle(setup, runner, StepId::Verify, tell).await {
            return false;
        }
    }
    true
}

/// Waits until nothing of `step` runs any more; `false` where it came to a problem, which is told.
async fn settle(
    setup: &mut Setup,
    runner: &mut Runner,
    step: StepId,
    tell: &mut dyn FnMut(&Setup, News<'_>),
) -> bool {
    while setup.standing(step) == Standing::Working {
        if let Primary::Working(what, _) = setup.primary(step) {
            tell(setup, News::Working(step, what));
        }
        if !wait(setup, runner, tell).await {
            return false;
        }
    }
    match setup.problem(step) {
        Some(problem) => {
            tell(setup, News::Stopped(step, problem));
            false
        }
        None => true,
    }
}

/// What is agreed to: the rule, and that two services are asked for the address.
const ALLOW: &str = "Ask checkip.amazonaws.com and ipv4.icanhazip.com for this computer's address and allow it for 2 hours";

/// Lets this computer in where that is what a problem asks for and the person agreed.
async fn let_in(
    setup: &mut Setup,
    runner: &mut Runner,
    step: StepId,
    consent: Consent<'_>,
    tell: &mut dyn FnMut(&Setup, News<'_>),
) -> bool {
    let offered = setup.problem(step).is_some_and(|problem| {
        problem.hints.iter().any(|hint| hint.fix == Some(Fix::AllowThisComputer))
    });
    if !offered || setup.rules.dry_run || !consent(step, ALLOW) {
        return false;
    }
    tell(setup, News::Working(step, "Asking for this computer's address…".to_owned()));
    runner.obey(setup.act(Timestamp::now(), test::Msg::FindAndAllow.into()));
    settle(setup, runner, StepId::Test, tell).await
}

/// A rule for this computer that we added does not outlast the run, unless it was to stay.
async fn end_access(
    setup: &mut Setup,
    runner: &mut Runner,
    tell: &mut dyn FnMut(&Setup, News<'_>),
) {
    if setup.facts.leases.iter().any(Granted::ends_by_itself) {
        runner.obey(setup.act(Timestamp::now(), test::Msg::RemoveTimed.into()));
        settle(setup, runner, StepId::Test, tell).await;
    }
}

/// How the set-up stands as a whole.
pub fn exit(setup: &Setup) -> Exit {
    let standings: Vec<Standing> =
        StepId::ALL.into_iter().map(|step| setup.standing(step)).collect();
    if standings.iter().any(|standing| matches!(standing, Standing::Stopped | Standing::NeedsYou)) {
        Exit::Stopped
    } else if standings.contains(&Standing::WouldChange) {
        Exit::WouldChange
    } else if standings
        .iter()
        .all(|standing| matches!(standing, Standing::Done | Standing::Skipped))
    {
        Exit::Done
    } else {
        Exit::Stopped
    }
}

/// Whether the set-up may go on to the next step.
pub(super) async fn one_step(
    setup: &mut Setup,
    runner: &mut Runner,
    step: StepId,
    consent: Consent<'_>,
    tell: &mut dyn FnMut(&Setup, News<'_>),
) -> bool {
    runner.obey(setup.act(Timestamp::now(), Msg::Go(step)));
    let mut shut_out = false;
    loop {
        match setup.primary(step) {
            Primary::Next => return true,
            Primary::Working(what, _) => {
                tell(setup, News::Working(step, what));
                if !wait(setup, runner, tell).await {
                    return false;
                }
            }
            Primary::Blocked(_, why) => {
                tell(setup, News::Needs(step, why));
                return false;
            }
            Primary::Act(..) if setup.standing(step) == Standing::Stopped => {
                // Once: who is still shut out afterwards is so for another reason.
                let first = !std::mem::replace(&mut shut_out, true);
                if first && let_in(setup, runner, step, consent, tell).await {
                    continue;
                }
                if let Some(problem) = setup.problem(step) {
                    tell(setup, News::Stopped(step, problem));
                }
                return false;
            }
            Primary::Act(label, msg) => {
                if changes(step) && !setup.rules.dry_run && !consent(step, &label) {
                    tell(
                        setup,
                        News::Needs(
                            step,
                            "It was not allowed. Nothing was changed by this step.".to_owned(),
                        ),
                    );
                    return false;
                }
                runner.obey(setup.act(Timestamp::now(), msg));
            }
        }
    }
}

/// Takes in the next report; `false` when none came.
async fn wait(
    setup: &mut Setup,
    runner: &mut Runner,
    tell: &mut dyn FnMut(&Setup, News<'_>),
) -> bool {
    let Ok(Some(report)) = tokio::time::timeout(SILENCE, runner.next()).await else { return false };
    let now = Timestamp::now();
    if let Report::Note(_, msg) | Report::End(_, msg) = &report {
        tell(setup, News::Message(msg));
    }
    let is_exchange = matches!(report, Report::Exchange(_));
    runner.obey(report.hand_to(setup, now));
    if is_exchange && let Some(waits) = setup.held_back(now) {
        tell(setup, News::Working(setup.current, waits));
    }
    true
}

//! Drives the core without a window: opens each step, presses its primary button, waits, goes on.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    cli::Exit,
    domain::problem::Problem,
    effects::{Report, runner::Runner},
    setup::{
        Msg, Setup, StepMsg,
        step::{Primary, Standing, StepId},
        steps::measure,
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
    consent: Consent<'_>,
    tell: &mut dyn FnMut(&Setup, News<'_>),
) -> Exit {
    for step in StepId::ALL {
        if setup.facts.skipped.contains(&step) {
            tell(setup, News::Ended(step));
            continue;
        }
        tell(setup, News::Begins(step));
        let went = one_step(setup, runner, step, consent, tell).await;
        tell(setup, News::Ended(step));
        if !went {
            // A dry run can't go where a missing change would have led; it still looks at the other steps.
            if setup.rules.dry_run && setup.standing(step) != Standing::Stopped {
                continue;
            }
            break;
        }
    }
    runner.obey(setup.act(Timestamp::now(), measure::Msg::Stop.into()));
    exit(setup)
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
async fn one_step(
    setup: &mut Setup,
    runner: &mut Runner,
    step: StepId,
    consent: Consent<'_>,
    tell: &mut dyn FnMut(&Setup, News<'_>),
) -> bool {
    runner.obey(setup.act(Timestamp::now(), Msg::Go(step)));
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
    let orders = match report {
        Report::Note(ticket, msg) => {
            tell(setup, News::Message(&msg));
            setup.note(now, ticket, msg)
        }
        Report::End(ticket, msg) => {
            tell(setup, News::Message(&msg));
            setup.settle(now, ticket, msg)
        }
        Report::Exchange(exchange) => {
            setup.exchanged(exchange);
            if let Some(waits) = setup.held_back(now) {
                tell(setup, News::Working(setup.current, waits));
            }
            Vec::new()
        }
    };
    runner.obey(orders);
    true
}

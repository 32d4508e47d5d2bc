//! Reads along in the log of a deployment. Whatever goes wrong in here, the deployment is followed all the same.

use std::{convert::Infallible, time::Duration};

use tokio::sync::watch;

use crate::{
    digitalocean::apps::Deployment,
    domain::{
        log::{LogKind, Spot, Tail},
        problem::Problem,
    },
    effects::app::Looks,
    setup::steps::app::Msg,
};

/// Lines of the log that a problem quotes.
const QUOTED: usize = 12;
/// The last words of a deployment are not waited for any longer.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Where in the log there is something to read now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    deployment: String,
    spot: Spot,
}

impl Page {
    pub(super) fn of(seen: &Deployment) -> Option<Self> {
        Some(Self { deployment: seen.id.clone(), spot: seen.spot.clone()? })
    }
}

/// Notes the end of the log whenever it has changed, until nobody waits for it any more.
pub(super) async fn along(
    looks: &Looks<'_>,
    mut told: watch::Receiver<Option<Page>>,
) -> Infallible {
    let mut last = None;
    loop {
        let page = told.borrow_and_update().clone();
        if let Some(page) = page
            && let Some(tail) = tail(looks, &page).await
            && last.as_ref() != Some(&tail)
        {
            looks.notes.note(Msg::Log(tail.clone())).await;
            last = Some(tail);
        }
        tokio::time::sleep(looks.every).await;
    }
}

/// What the component that failed has said last, for the page and in the problem. A container that has ended may have
/// said it while it ran.
pub(super) async fn last_words(
    looks: &Looks<'_>,
    failed: &Deployment,
    problem: Problem,
) -> Problem {
    let Some(page) = Page::of(failed) else { return problem };
    let words = async {
        let said = tail(looks, &page).await;
        if said.is_some() || page.spot.kind != LogKind::Deploy {
            return said;
        }
        let spot = Spot { kind: LogKind::Run, ..page.spot.clone() };
        tail(looks, &Page { spot, ..page.clone() }).await
    };
    match tokio::time::timeout(LAST_WORDS, words).await {
        Ok(Some(tail)) => {
            looks.notes.note(Msg::Log(tail.clone())).await;
            quoting(problem, &tail)
        }
        Ok(None) | Err(_) => problem,
    }
}

fn quoting(problem: Problem, tail: &Tail) -> Problem {
    let Spot { component, kind } = &tail.spot;
    let more = tail.lines.len().saturating_sub(QUOTED);
    let problem = problem.detail(format!("The log of {component}, {}, ends:", kind.when()));
    tail.lines.iter().skip(more).fold(problem, |problem, line| problem.detail(line.clone()))
}

/// `None` where there is no log, it is empty, or it can't be read now.
async fn tail(looks: &Looks<'_>, page: &Page) -> Option<Tail> {
    let Page { deployment, spot } = page;
    let found = looks.client.find_log(looks.app, deployment, spot).await;
    let address =
        found.inspect_err(|err| tracing::info!(%err, "where the log is was not told")).ok()??;
    let end = looks.client.read_log(&address).await;
    let end = end.inspect_err(|err| tracing::info!(%err, "the log was not read")).ok()?;
    let tail = Tail::read(spot.clone(), &end.bytes, end.cut, looks.mask);
    (!tail.lines.is_empty()).then_some(tail)
}

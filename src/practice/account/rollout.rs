//! A deployment under way: its phases, and the real change of releases at their end.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::practice::app::{Doorman, Release};

use super::{
    deployment::{Phase, Reason},
    desk::Order,
};

/// A release may have to wait for the end of a busy time until it gets a connection.
const HEALTHY_WITHIN: Duration = Duration::from_secs(30);
const SETTLED_WITHIN: Duration = Duration::from_secs(10);

/// Steps done when the new instances take over; from then on there is no way back but another deployment.
pub(super) const SWITCHING: usize = 4;

/// What it tells the desk.
#[derive(Debug)]
pub(super) enum News {
    Entered(Phase, usize),
    Ended(Result<(), Reason>),
}

/// A release, or nothing where the app has no service of its own to start, or why it can't be started.
pub(super) type Resolved = Result<Option<(Doorman, Release)>, Reason>;

#[derive(Debug)]
pub(super) struct Rollout {
    pub(super) desk: mpsc::Sender<Order>,
    pub(super) app: String,
    pub(super) deployment: String,
    pub(super) pace: Pace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// As long as a small app takes, more or less.
    Real,
    /// Nothing is started, so nothing is waited for.
    Quick,
}

impl Rollout {
    async fn tell(&self, news: News) {
        let (app, deployment) = (self.app.clone(), self.deployment.clone());
        // The desk is gone only when practice ends.
        self.desk.send(Order::News { app, deployment, news }).await.ok();
    }

    async fn resolve(&self) -> Resolved {
        let (reply, answer) = oneshot::channel();
        let (app, deployment) = (self.app.clone(), self.deployment.clone());
        self.desk.send(Order::Resolve { app, deployment, reply }).await.ok();
        answer.await.unwrap_or(Ok(None))
    }

    /// Two seconds of phases, and a real start in between.
    pub(super) async fn run(self) {
        for (wait, phase, steps) in [
            (300, Phase::Building, 0),
            (300, Phase::Building, 1),
            (500, Phase::PendingDeploy, 2),
            (200, Phase::Deploying, 2),
            (200, Phase::Deploying, 3),
        ] {
            let divisor = if self.pace == Pace::Real { 1 } else { 100 };
            tokio::time::sleep(Duration::from_millis(wait) / divisor).await;
            self.tell(News::Entered(phase, steps)).await;
        }
        let ended = self.start().await;
        self.tell(News::Ended(ended)).await;
    }

    /// The new instances start, then the old ones stop. What does not get well is given up, and the old ones stay.
    async fn start(&self) -> Result<(), Reason> {
        let Some((doorman, release)) = self.resolve().await? else { return Ok(()) };
        let exited = |message: String| Reason { code: "DeployContainerExitNonZero", message };
        let unhealthy =
            |message: String| Reason { code: "DeployContainerHealthChecksFailed", message };
        let mut fleet = doorman.start(&release).map_err(unhealthy)?;
        fleet.healthy(HEALTHY_WITHIN).await.map_err(|message| {
            if release.crashes { exited(message) } else { unhealthy(message) }
        })?;
        self.tell(News::Entered(Phase::Deploying, SWITCHING)).await;
        let size = fleet.size();
        doorman.put_live(fleet).await;
        self.tell(News::Entered(Phase::Deploying, 5)).await;
        doorman.settled(size, SETTLED_WITHIN).await;
        Ok(())
    }
}

//! Logs of an app's component, as the provider serves them: at an address of their own, which takes no token.

use crate::domain::secret::Secret;

use super::{
    call::{Refusal, Request},
    deployment::{Deployment, Phase},
};

/// Where logs lie; behind it app, deployment, component and kind.
pub(super) const PLACE: &str = "/logs/{app}/{deployment}/{component}/{kind}";

/// Which log is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) app: String,
    pub(super) deployment: String,
    pub(super) component: String,
    pub(super) kind: String,
}

impl Wanted {
    /// The path of the log's address.
    pub(super) fn path(&self) -> String {
        let Self { app, deployment, component, kind } = self;
        format!("/logs/{app}/{deployment}/{component}/{kind}")
    }
}

/// The kind that a request names; the API wants one.
pub(super) fn kind(request: &Request) -> Result<&str, Refusal> {
    let kind = request.query.iter().find(|(name, _)| name == "type").map(|(_, kind)| kind.as_str());
    match kind {
        Some(kind @ ("BUILD" | "DEPLOY" | "RUN" | "RUN_RESTARTED")) => Ok(kind),
        Some(_) | None => Err(Refusal::BadRequest("invalid log type".to_owned())),
    }
}

/// What a deployment has said so far, with colours as programs send them. An app that prints its URL when it starts
/// is no rarity.
pub(super) fn text(deployment: &Deployment, wanted: &Wanted, url: Option<&Secret>) -> String {
    let component = &wanted.component;
    let mut lines: Vec<String> = Vec::new();
    match wanted.kind.as_str() {
        "BUILD" => {
            lines.push("\u{1b}[34m│\u{1b}[0m cloning the repository".to_owned());
            if 0 < deployment.steps_done {
                lines.push("\u{1b}[34m│\u{1b}[0m npm ci".to_owned());
                lines.push(" 10 %\r 70 %\r100 % of 214 packages".to_owned());
            }
            if 1 < deployment.steps_done {
                lines.push("\u{1b}[32m✔\u{1b}[0m build complete".to_owned());
            }
        }
        "DEPLOY" if 1 < deployment.steps_done => {
            lines.push(format!("starting {component}"));
            if let Some(url) = url {
                // The simulated app says it in its own log, which is what the program must not show.
                lines.push(format!("connecting to {}", url.expose()));
            }
            if let Some(reason) = deployment.failed() {
                lines.push(format!("\u{1b}[31merror\u{1b}[0m {}", reason.message));
                lines.push(format!("{component} exited: {}", reason.code));
            }
            if deployment.phase == Phase::Active {
                lines.push(format!("{component} is healthy"));
            }
        }
        _ => {} // practice's app says nothing while it runs
    }
    let prefix = format!("[{component}] ");
    lines.iter().map(|line| format!("{prefix}{line}\n")).collect()
}

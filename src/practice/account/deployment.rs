//! A deployment: its phases and steps, as the account shows them.

use jiff::Timestamp;
use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    PendingBuild,
    Building,
    PendingDeploy,
    Deploying,
    Active,
    Superseded,
    Error,
    Canceled,
}

impl Phase {
    fn word(self) -> &'static str {
        match self {
            Self::PendingBuild => "PENDING_BUILD",
            Self::Building => "BUILDING",
            Self::PendingDeploy => "PENDING_DEPLOY",
            Self::Deploying => "DEPLOYING",
            Self::Active => "ACTIVE",
            Self::Superseded => "SUPERSEDED",
            Self::Error => "ERROR",
            Self::Canceled => "CANCELED",
        }
    }

    pub(super) fn is_over(self) -> bool {
        match self {
            Self::PendingBuild | Self::Building | Self::PendingDeploy | Self::Deploying => false,
            Self::Active | Self::Superseded | Self::Error | Self::Canceled => true,
        }
    }
}

/// Why a step failed, in the provider's form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reason {
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// Steps without steps of their own, in their order: build, build of the component, preparation, start, wait, end.
pub(super) const STEPS: usize = 6;

#[derive(Clone, Debug)]
pub(super) struct Deployment {
    pub(super) id: String,
    pub(super) spec: Value,
    pub(super) phase: Phase,
    /// Of `STEPS`.
    pub(super) steps_done: usize,
    reason: Option<Reason>,
    cause: &'static str,
    created_at: Timestamp,
    phase_at: Timestamp,
}

impl Deployment {
    pub(super) fn new(spec: Value, cause: &'static str) -> Self {
        let now = Timestamp::now();
        Self {
            id: uuid::Uuid::new_v4().to_string(),
            spec,
            phase: Phase::PendingBuild,
            steps_done: 0,
            reason: None,
            cause,
            created_at: now,
            phase_at: now,
        }
    }

    /// One that is live already.
    pub(super) fn active(spec: Value) -> Self {
        let mut deployment = Self::new(spec, "initial deployment");
        deployment.enter(Phase::Active, STEPS);
        deployment
    }

    pub(super) fn enter(&mut self, phase: Phase, steps_done: usize) {
        self.phase = phase;
        self.steps_done = steps_done;
        self.phase_at = Timestamp::now();
    }

    pub(super) fn fail(&mut self, reason: Reason) {
        self.enter(Phase::Error, self.steps_done);
        self.reason = Some(reason);
    }

    /// Why it failed.
    pub(super) fn failed(&self) -> Option<&Reason> {
        self.reason.as_ref()
    }

    pub(super) fn created_at(&self) -> String {
        self.created_at.to_string()
    }

    pub(super) fn shown(&self) -> Value {
        let component = component(&self.spec);
        let mut shown = json!({
            "id": self.id,
            "spec": self.spec,
            "phase": self.phase.word(),
            "phase_last_updated_at": self.phase_at.to_string(),
            "created_at": self.created_at.to_string(),
            "updated_at": self.phase_at.to_string(),
            "cause": self.cause,
            "progress": self.progress(component),
            "tier_slug": "basic",
        });
        for (kind, name) in [("services", "services"), ("static_sites", "static_sites")] {
            let names: Vec<Value> = self
                .spec
                .get(kind)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|of| of.get("name"))
                .map(|name| json!({ "name": name, "source_commit_hash": COMMIT }))
                .collect();
            if let Some(shown) = shown.as_object_mut()
                && !names.is_empty()
            {
                shown.insert(name.to_owned(), json!(names));
            }
        }
        shown
    }

    /// Counters that are zero are left out, as the provider does.
    fn progress(&self, component: &str) -> Value {
        let is_running = matches!(self.phase, Phase::Building | Phase::Deploying);
        let failed = usize::from(self.phase == Phase::Error);
        let running = usize::from(is_running);
        let counts = [
            ("pending_steps", STEPS - self.steps_done - running - failed),
            ("running_steps", running),
            ("success_steps", self.steps_done),
            ("error_steps", failed),
        ];
        let mut progress = serde_json::Map::new();
        for (name, count) in counts {
            if 0 < count {
                progress.insert(name.to_owned(), json!(count));
            }
        }
        progress.insert("total_steps".to_owned(), json!(STEPS));
        progress.insert("steps".to_owned(), json!(self.steps(component)));
        Value::Object(progress)
    }

    fn steps(&self, component: &str) -> Value {
        let leaf = |at: usize, name: &str, message: Option<&str>| {
            let status = self.status_of(at);
            let mut step = json!({ "name": name, "status": status });
            if let Some(step) = step.as_object_mut() {
                if let Some(message) = message {
                    step.insert("component_name".to_owned(), json!(component));
                    step.insert("message_base".to_owned(), json!(message));
                }
                if let (Some(reason), "ERROR") = (&self.reason, status) {
                    let Reason { code, message } = reason;
                    step.insert("reason".to_owned(), json!({ "code": code, "message": message }));
                }
            }
            step
        };
        let build = group(
            "build",
            &[
                leaf(0, "initialize", None),
                group("components", &[leaf(1, component, Some("Building service"))]),
            ],
        );
        let parts = [
            leaf(3, "deploy", Some("Deploying service")),
            leaf(4, "wait", Some("Waiting for service")),
        ];
        let deploy = group(
            "deploy",
            &[
                leaf(2, "initialize", None),
                group("components", &[group(component, &parts)]),
                leaf(5, "finalize", None),
            ],
        );
        json!([build, deploy])
    }

    fn status_of(&self, step: usize) -> &'static str {
        match (step.cmp(&self.steps_done), self.phase) {
            (std::cmp::Ordering::Less, _) => "SUCCESS",
            (std::cmp::Ordering::Equal, Phase::Building | Phase::Deploying) => "RUNNING",
            (std::cmp::Ordering::Equal, Phase::Error) => "ERROR",
            (std::cmp::Ordering::Equal | std::cmp::Ordering::Greater, _) => "PENDING",
        }
    }
}

/// The commit that the app's code was built from; practice never builds another.
const COMMIT: &str = "9a4df0b8e161e323bc3cdf1dc71878080fe144fa";

/// The name of what is deployed: the first service, or the first static site.
fn component(spec: &Value) -> &str {
    spec.pointer("/services/0/name")
        .or_else(|| spec.pointer("/static_sites/0/name"))
        .and_then(Value::as_str)
        .unwrap_or("app")
}

/// A step that is as far as its own steps are.
fn group(name: &str, steps: &[Value]) -> Value {
    let has = |status: &str| {
        steps.iter().any(|step| step.get("status").and_then(Value::as_str) == Some(status))
    };
    let status = if has("ERROR") {
        "ERROR"
    } else if has("RUNNING") || (has("SUCCESS") && has("PENDING")) {
        "RUNNING"
    } else if has("PENDING") {
        "PENDING"
    } else {
        "SUCCESS"
    };
    json!({ "name": name, "status": status, "steps": steps })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(deployment: &Deployment, pointer: &str) -> String {
        let shown = deployment.shown();
        let status = shown.pointer(&format!("/progress/steps/{pointer}/status"));
        status.and_then(Value::as_str).unwrap().to_owned()
    }

    #[test]
    fn a_group_is_as_far_as_its_steps() {
        let mut deployment = Deployment::new(json!({ "services": [{ "name": "web" }] }), "manual");
        assert_eq!(status(&deployment, "0"), "PENDING");
        deployment.enter(Phase::Building, 1);
        assert_eq!(status(&deployment, "0"), "RUNNING");
        assert_eq!(status(&deployment, "0/steps/1/steps/0"), "RUNNING");
        deployment.enter(Phase::Deploying, 3);
        assert_eq!(status(&deployment, "0"), "SUCCESS");
        deployment.fail(Reason { code: "DeployFailed", message: "why".to_owned() });
        assert_eq!(status(&deployment, "1"), "ERROR");
        let shown = deployment.shown();
        assert_eq!(
            shown.pointer("/progress/steps/1/steps/1/steps/0/steps/0/reason/message"),
            Some(&json!("why"))
        );
        let counts: Vec<_> = ["pending_steps", "running_steps", "success_steps", "error_steps"]
            .map(|name| shown.pointer(&format!("/progress/{name}")).cloned())
            .to_vec();
        assert_eq!(counts, [Some(json!(2)), None, Some(json!(3)), Some(json!(1))]);
    }
}

//! Apps of App Platform: their settings as raw JSON, and their deployments.

use std::collections::HashSet;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Number, Value};

use crate::{
    digitalocean::{
        client::Client,
        error::{ApiError, Failure},
        pages::Links,
        wire::or_default,
    },
    domain::{
        app_spec::{App, AppId, Spec},
        log::{LogKind, Spot},
        mask,
        operation::{Operation, body},
    },
};

/// Apps on a page: as many as the provider gives. Each comes with up to three copies of its settings, so pages that are
/// too large are asked for anew in small ones.
const PER_PAGE: [u32; 2] = [200, 20];

/// Pages that are asked for at once.
const IN_FLIGHT: usize = 4;

/// More pages than any team's apps fill; links that name more are not believed.
const MOST_PAGES: u32 = 500;

/// An app, and the deployments that are under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    pub app: App,
    pub in_progress: Option<String>,
    pub pending: Option<String>,
}

impl Running {
    /// The deployments that the app names, whatever they are doing.
    pub fn deployments(&self) -> impl Iterator<Item = &str> {
        [&self.app.active_deployment, &self.in_progress, &self.pending]
            .into_iter()
            .filter_map(Option::as_deref)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    pub id: String,
    /// The provider's word: `PENDING_BUILD`, …, `ACTIVE`.
    pub phase: String,
    /// The step that ended in an error.
    pub broken: Option<BrokenStep>,
    /// Whose log tells how it goes, or what went wrong.
    pub spot: Option<Spot>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrokenStep {
    pub component: Option<String>,
    /// `Deploying service`, or the step's name.
    pub step: String,
    /// The provider's sentence.
    pub reason: Option<String>,
}

/// What a change would come to; nothing is changed by asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// US dollars a month, after the change.
    pub cost: Option<String>,
    /// The settings as they would be stored.
    pub spec: Option<Spec>,
}

#[derive(Deserialize)]
struct Apps {
    #[serde(default, deserialize_with = "or_default")]
    apps: Vec<WireApp>,
    #[serde(default, deserialize_with = "or_default")]
    links: Links,
}

#[derive(Deserialize)]
struct OneApp {
    app: WireApp,
}

#[derive(Deserialize)]
struct WireApp {
    id: String,
    spec: Value,
    #[serde(default, deserialize_with = "or_default")]
    live_url: String,
    active_deployment: Option<Named>,
    in_progress_deployment: Option<Named>,
    pending_deployment: Option<Named>,
    updated_at: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(default, deserialize_with = "or_default")]
    id: String,
}

impl WireApp {
    fn running(self) -> Running {
        let id = |named: Option<Named>| named.map(|named| named.id).filter(|id| !id.is_empty());
        let name = self.spec.get("name").and_then(Value::as_str).unwrap_or(&self.id).to_owned();
        let app = App {
            id: AppId(self.id),
            name,
            spec: self.spec.into(),
            live_url: (!self.live_url.is_empty()).then_some(self.live_url),
            active_deployment: id(self.active_deployment),
            updated_at: self.updated_at.and_then(|at| at.parse::<Timestamp>().ok()),
        };
        Running {
            app,
            in_progress: id(self.in_progress_deployment),
            pending: id(self.pending_deployment),
        }
    }
}

#[derive(Deserialize)]
struct WireProposal {
    app_cost: Option<Number>,
    spec: Option<Value>,
}

#[derive(Deserialize)]
struct Deployments {
    #[serde(default, deserialize_with = "or_default")]
    deployments: Vec<WireDeployment>,
}

#[derive(Deserialize)]
struct OneDeployment {
    deployment: WireDeployment,
}

#[derive(Deserialize)]
struct WireDeployment {
    id: String,
    #[serde(default, deserialize_with = "or_default")]
    phase: String,
    #[serde(default, deserialize_with = "or_default")]
    progress: Progress,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Progress {
    #[serde(deserialize_with = "or_default")]
    steps: Vec<Step>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Step {
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "or_default")]
    status: String,
    component_name: Option<String>,
    message_base: Option<String>,
    #[serde(deserialize_with = "or_default")]
    reason: StepReason,
    #[serde(deserialize_with = "or_default")]
    steps: Vec<Self>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct StepReason {
    #[serde(deserialize_with = "or_default")]
    code: String,
    #[serde(deserialize_with = "or_default")]
    message: String,
}

impl Step {
    /// The innermost step that failed: it has the reason, those around it only contain it.
    fn broken(&self) -> Option<BrokenStep> {
        if let Some(inner) = self.steps.iter().find_map(Self::broken) {
            let component = inner.component.or_else(|| self.component_name.clone());
            let reason = inner.reason.or_else(|| self.reason.said());
            return Some(BrokenStep { component, reason, ..inner });
        }
        (self.status == "ERROR").then(|| BrokenStep {
            component: self.component_name.clone(),
            step: self.message_base.clone().unwrap_or_else(|| self.name.clone()),
            reason: self.reason.said(),
        })
    }
}

impl Step {
    /// The component that this step or one of its own belongs to, where it has this status.
    fn component(&self, status: &str) -> Option<&str> {
        let inner = self.steps.iter().find_map(|step| step.component(status));
        let own = || self.component_name.as_deref().filter(|_| self.status == status);
        inner.or_else(own)
    }
}

impl StepReason {
    fn said(&self) -> Option<String> {
        [&self.message, &self.code]
            .into_iter()
            .find(|text| !text.is_empty())
            .map(|text| mask::text(text))
    }
}

impl WireDeployment {
    fn deployment(self) -> Deployment {
        let broken = self.progress.steps.iter().find_map(Step::broken);
        let spot = self.spot("ERROR").or_else(|| self.spot("RUNNING"));
        Deployment { id: self.id, phase: self.phase, broken, spot }
    }

    /// The first component with a step of this status.
    fn spot(&self, status: &str) -> Option<Spot> {
        self.progress.steps.iter().find_map(|part| {
            let kind = if part.name == "build" { LogKind::Build } else { LogKind::Deploy };
            Some(Spot { component: part.component(status)?.to_owned(), kind })
        })
    }
}

impl Client {
    /// Every app of the team.
    pub async fn apps(&self) -> Result<Vec<App>, ApiError> {
        let [many, few] = PER_PAGE;
        match self.apps_by(many).await {
            Err(ApiError { failure: Failure::TooLarge(_), .. }) => self.apps_by(few).await,
            apps => apps,
        }
    }

    async fn apps_by(&self, per_page: u32) -> Result<Vec<App>, ApiError> {
        let page = |page| self.read::<Apps>(Operation::ListApps { page, per_page }, None);
        let first = page(1).await?;
        let linked = first.links.last().or_else(|| first.links.after(1)).unwrap_or(1);
        let mut last = linked.clamp(1, MOST_PAGES);
        let mut pages = vec![first];
        let rest = stream::iter(2..=last).map(page).buffered(IN_FLIGHT);
        pages.extend(rest.try_collect::<Vec<Apps>>().await?);
        // Apps that came since, or a list that does not name its last page.
        while let Some(next) = pages.last().and_then(|page| page.links.after(last))
            && next <= MOST_PAGES
        {
            pages.push(page(next).await?);
            last = next;
        }
        let mut known = HashSet::new();
        let apps = pages.into_iter().flat_map(|page| page.apps).map(|app| app.running().app);
        // One that came meanwhile moves another to the next page.
        Ok(apps.filter(|app| known.insert(app.id.clone())).collect())
    }

    /// Asks for one app, only to see whether the token may.
    pub async fn may_list_apps(&self) -> Result<(), ApiError> {
        self.order(Operation::ListApps { page: 1, per_page: 1 }, None).await
    }

    pub async fn app(&self, id: &AppId) -> Result<Running, ApiError> {
        let one: OneApp = self.read(Operation::ReadApp(id.clone()), None).await?;
        Ok(one.app.running())
    }

    pub async fn propose(&self, id: &AppId, spec: &Value) -> Result<Proposal, ApiError> {
        let body = body::proposal(id, spec);
        let read: WireProposal = self.read(Operation::ProposeApp(id.clone()), Some(&body)).await?;
        let cost = read.app_cost.map(|cost| cost.to_string());
        Ok(Proposal { cost, spec: read.spec.map(Spec::from) })
    }

    /// Replaces the settings, which starts a deployment. New code is never asked for.
    pub async fn update_app(&self, id: &AppId, spec: &Value) -> Result<Running, ApiError> {
        let body = body::app_settings(spec);
        let one: OneApp = self.read(Operation::UpdateApp(id.clone()), Some(&body)).await?;
        Ok(one.app.running())
    }

    /// The newest ones, newest first.
    pub async fn deployments(&self, id: &AppId) -> Result<Vec<Deployment>, ApiError> {
        let list: Deployments = self.read(Operation::ListDeployments(id.clone()), None).await?;
        Ok(list.deployments.into_iter().map(WireDeployment::deployment).collect())
    }

    pub async fn deployment(&self, id: &AppId, deployment: &str) -> Result<Deployment, ApiError> {
        let operation = Operation::ReadDeployment(id.clone(), deployment.to_owned());
        let one: OneDeployment = self.read(operation, None).await?;
        Ok(one.deployment.deployment())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_apps_spec_stays_as_it_came() {
        let text = r#"{"name":"shop-web","zeta":1,"envs":[{"key":"A","value":"EV[1:x:y]","type":"SECRET"}],"alpha":1.50}"#;
        let json = format!(
            r#"{{"apps": [{{"id": "a1", "spec": {text}, "live_url": "https://shop.example",
                "active_deployment": {{"id": "d1"}}, "pending_deployment": {{"id": ""}},
                "updated_at": "2020-12-01T00:42:16Z", "tier_slug": "basic"}}],
                "links": {{"pages": {{"next": "https://api.example/v2/apps?page=2"}}}}, "meta": {{"total": 9}}}}"#
        );
        let list: Apps = serde_json::from_str(&json).unwrap();
        assert_eq!(list.links.after(1), Some(2));
        let running = list.apps.into_iter().next().unwrap().running();
        assert_eq!(running.app.spec.to_string(), text);
        assert_eq!(running.app.name, "shop-web");
        assert_eq!(running.deployments().collect::<Vec<_>>(), ["d1"]);
        assert_eq!(running.app.updated_at, "2020-12-01T00:42:16Z".parse().ok());
    }

    #[test]
    fn no_apps_at_all_is_an_empty_object() {
        assert!(serde_json::from_str::<Apps>("{}").unwrap().apps.is_empty());
    }

    #[test]
    fn the_innermost_broken_step_tells_component_and_reason() {
        let json = r#"{"deployment": {"id": "d2", "phase": "ERROR", "progress": {"error_steps": 1, "steps": [
            {"name": "build", "status": "SUCCESS", "steps": [{"name": "initialize", "status": "SUCCESS"}]},
            {"name": "deploy", "status": "ERROR", "steps": [{"name": "components", "status": "ERROR", "steps": [
                {"name": "web", "status": "ERROR", "component_name": "web",
                 "reason": {"code": "DeployContainerHealthChecksFailed", "message": "no answer on port 8080"},
                 "steps": [{"name": "wait", "status": "ERROR", "message_base": "Waiting for service"}]}]}]}]}}}"#;
        let one: OneDeployment = serde_json::from_str(json).unwrap();
        let expected = Deployment {
            id: "d2".to_owned(),
            phase: "ERROR".to_owned(),
            broken: Some(BrokenStep {
                component: Some("web".to_owned()),
                step: "Waiting for service".to_owned(),
                reason: Some("no answer on port 8080".to_owned()),
            }),
            spot: Some(Spot { component: "web".to_owned(), kind: LogKind::Deploy }),
        };
        assert_eq!(one.deployment.deployment(), expected);
    }

    #[test]
    fn a_deployment_that_has_just_begun_has_no_progress() {
        let one: OneDeployment = serde_json::from_str(r#"{"deployment": {"id": "d3"}}"#).unwrap();
        let expected =
            Deployment { id: "d3".to_owned(), phase: String::new(), broken: None, spot: None };
        assert_eq!(one.deployment.deployment(), expected);
    }

    #[test]
    fn a_cost_is_said_as_the_provider_says_it() {
        let cost = |json: &str| {
            serde_json::from_str::<WireProposal>(json)
                .unwrap()
                .app_cost
                .map(|cost| cost.to_string())
        };
        assert_eq!(cost(r#"{"app_cost": 5}"#).as_deref(), Some("5"));
        assert_eq!(cost(r#"{"app_cost": 12.50}"#).as_deref(), Some("12.50"));
        assert_eq!(cost("{}"), None);
    }
}

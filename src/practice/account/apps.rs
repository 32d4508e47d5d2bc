//! Apps: one that uses the cluster and really runs, one that does not.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinSet},
};

use crate::practice::app::{Release, Site, Traffic};

use super::{
    Beginning,
    call::{Answer, Refusal, Request},
    crowd,
    databases::Databases,
    deployment::{Deployment, Phase, Reason, STEPS},
    desk::Order,
    first_specs, log,
    operation::OnApp,
    pages::paged,
    price,
    rollout::{self, News, Pace, Resolved, Rollout},
    spec::{self, Vault},
    tokens::Scopes,
};

/// Connections that each instance wants where its spec says nothing.
pub(super) const WORKERS: u32 = 10;

#[derive(Debug)]
struct App {
    id: String,
    owner: String,
    spec: Value,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// The newest last.
    deployments: Vec<Deployment>,
    /// Where it runs; `None` for what is only files.
    site: Option<Site>,
    running: Option<AbortHandle>,
    pace: Pace,
    /// The first spec's deployments go well whatever the scenario says.
    first_spec: Value,
}

#[derive(Debug)]
pub(super) struct Apps {
    apps: Vec<App>,
    vault: Vault,
    deployments_fail: bool,
    rollouts: JoinSet<()>,
    /// Where rollouts ask and tell.
    desk: mpsc::Sender<Order>,
    /// Where the account itself is, and its logs.
    base: String,
}

impl Apps {
    /// Both apps and the crowd, and the first of them live.
    pub(super) async fn new(
        site: Option<Site>,
        databases: &Databases,
        beginning: &Beginning,
        (base, desk): (&str, mpsc::Sender<Order>),
    ) -> Self {
        let mut vault = Vault::default();
        let owner = uuid::Uuid::new_v4().to_string();
        let pace = if site.is_some() { Pace::Real } else { Pace::Quick };
        let web = App::live(&owner, first_specs::web(&mut vault), site, pace);
        let docs = App::live(&owner, first_specs::docs(), None, pace);
        let others =
            (0..beginning.crowd.apps).map(|at| App::live(&owner, crowd::app(at), None, pace));
        let apps = Self {
            apps: [web, docs].into_iter().chain(others).collect(),
            vault,
            deployments_fail: beginning.deployments_fail,
            rollouts: JoinSet::new(),
            desk,
            base: base.to_owned(),
        };
        let first = apps.apps.first().and_then(|web| apps.release(web, &web.spec, databases).ok());
        if let Some(Some((doorman, release))) = first
            && let Ok(fleet) = doorman.start(&release)
        {
            doorman.put_live(fleet).await;
        }
        apps
    }

    /// The id of the app that uses the cluster.
    pub(super) fn web_id(&self) -> &str {
        self.apps.first().map_or("", |app| &app.id)
    }

    pub(super) fn traffic(&self) -> Option<Traffic> {
        self.apps.first()?.site.as_ref().map(Site::traffic)
    }

    pub(super) fn list(
        &self,
        request: &Request,
        scopes: &Scopes,
        project: &str,
    ) -> Result<Answer, Refusal> {
        paged(request, "apps", self.apps.iter(), |app| app.shown(scopes, project))
    }

    pub(super) fn propose(
        &self,
        body: &Map<String, Value>,
        databases: &Databases,
    ) -> Result<Answer, Refusal> {
        let wanted = body.get("spec").unwrap_or(&Value::Null);
        spec::check(wanted, databases)?;
        let own = body.get("app_id").and_then(Value::as_str);
        let is_taken = self
            .apps
            .iter()
            .any(|app| Some(app.id.as_str()) != own && app.spec.get("name") == wanted.get("name"));
        Ok(Answer::ok(json!({
            "app_name_available": !is_taken,
            "existing_static_apps": "1",
            "spec": wanted,
            "app_cost": price::of(wanted)?,
        })))
    }

    pub(super) fn perform(
        &mut self,
        id: &str,
        on: OnApp<'_>,
        request: &Request,
        scopes: &Scopes,
        databases: &Databases,
    ) -> Result<Answer, Refusal> {
        let Self { apps, vault, rollouts, desk, base, .. } = self;
        let app = apps.iter_mut().find(|app| app.id == id).ok_or(Refusal::NotFound)?;
        let one = |deployment: Value| Ok(Answer::ok(json!({ "deployment": deployment })));
        match on {
            OnApp::Read => {}
            OnApp::Change => {
                let wanted = request.object()?.get("spec").unwrap_or(&Value::Null);
                spec::check(wanted, databases)?;
                price::of(wanted)?;
                app.spec = vault.sealed(wanted)?;
                app.updated_at = Timestamp::now();
                app.deploy("app spec updated", rollouts, desk);
            }
            OnApp::Deployments => {
                let newest_first = app.deployments.iter().rev();
                return paged(request, "deployments", newest_first, Deployment::shown);
            }
            OnApp::Deploy => {
                request.object()?;
                return one(app.deploy("manual", rollouts, desk));
            }
            OnApp::Deployment(id) => return one(app.deployment(id)?.shown()),
            OnApp::Log(deployment, component) => {
                app.deployment(deployment)?;
                let wanted = log::Wanted {
                    app: app.id.clone(),
                    deployment: deployment.to_owned(),
                    component: component.to_owned(),
                    kind: log::kind(request)?.to_owned(),
                };
                let signature = uuid::Uuid::new_v4();
                let url = format!("{base}{}?signature={signature}", wanted.path());
                return Ok(Answer::ok(json!({ "live_url": url })));
            }
            OnApp::Cancel(id) => return one(app.cancel(id)?),
        }
        Ok(Answer::ok(json!({ "app": app.shown(scopes, databases.project()) })))
    }

    pub(super) fn log(&self, wanted: &log::Wanted, databases: &Databases) -> Option<String> {
        let app = self.apps.iter().find(|app| app.id == wanted.app)?;
        let deployment = app.deployments.iter().find(|known| known.id == wanted.deployment)?;
        let service = deployment.spec.pointer("/services/0").and_then(Value::as_object);
        let url = service.and_then(|service| {
            spec::resolved(&deployment.spec, service, "DATABASE_URL", &self.vault, databases)
        });
        Some(log::text(deployment, wanted, url.as_ref()))
    }

    /// What a deployment that has been built is to start.
    pub(super) fn resolve(&self, app: &str, deployment: &str, databases: &Databases) -> Resolved {
        let found = self.apps.iter().find(|known| known.id == app).and_then(|known| {
            let deployment = known.deployments.iter().find(|known| known.id == deployment)?;
            Some((known, &deployment.spec))
        });
        found.map_or(Ok(None), |(app, spec)| self.release(app, spec, databases))
    }

    fn release(&self, app: &App, spec: &Value, databases: &Databases) -> Resolved {
        let failed = |message: &str| Reason {
            code: "DeployContainerExitNonZero",
            message: message.to_owned(),
        };
        let crashes = self.deployments_fail && *spec != app.first_spec;
        let Some(site) = &app.site else {
            return if crashes { Err(failed("the new release crashes")) } else { Ok(None) };
        };
        let services = spec.get("services").and_then(Value::as_array);
        let service = services.and_then(|services| services.first()).and_then(Value::as_object);
        let service = service.ok_or_else(|| failed("there is no service to start"))?;
        let variable = |key: &str| spec::resolved(spec, service, key, &self.vault, databases);
        let database_url = variable("DATABASE_URL")
            .ok_or_else(|| failed("Environment variable not found: DATABASE_URL."))?;
        let number = |value: Option<&Value>| value.and_then(Value::as_u64);
        let instances = number(service.get("instance_count")).unwrap_or(1);
        // A number, no secret.
        let workers = variable("WEB_CONCURRENCY").and_then(|text| text.expose().parse().ok());
        let release = Release {
            instances: u32::try_from(instances).unwrap_or(1),
            workers: workers.unwrap_or(WORKERS),
            database_url,
            authority: databases.cluster.ca().to_owned(),
            crashes,
        };
        Ok(Some((site.doorman(), release)))
    }

    /// News of a running deployment; late ones, of one that is over, are dropped.
    pub(super) fn note(&mut self, app: &str, deployment: &str, news: News) {
        let Some(app) = self.apps.iter_mut().find(|known| known.id == app) else { return };
        let Some(deployment) = app.deployments.iter_mut().find(|known| known.id == deployment)
        else {
            return;
        };
        if deployment.phase.is_over() {
            return;
        }
        match news {
            News::Entered(phase, steps) => deployment.enter(phase, steps),
            News::Ended(Err(reason)) => deployment.fail(reason),
            News::Ended(Ok(())) => {
                let id = deployment.id.clone();
                for old in &mut app.deployments {
                    if old.id == id {
                        old.enter(Phase::Active, STEPS);
                    } else if old.phase == Phase::Active {
                        old.enter(Phase::Superseded, STEPS);
                    }
                }
            }
        }
    }
}

impl App {
    fn live(owner: &str, spec: Value, site: Option<Site>, pace: Pace) -> Self {
        let now = Timestamp::now();
        Self {
            owner: owner.to_owned(),
            id: uuid::Uuid::new_v4().to_string(),
            deployments: vec![Deployment::active(spec.clone())],
            first_spec: spec.clone(),
            spec,
            created_at: now,
            updated_at: now,
            site,
            running: None,
            pace,
        }
    }

    /// Starts a deployment of the spec in the place of one that is under way; gives it as it is shown.
    fn deploy(
        &mut self,
        cause: &'static str,
        rollouts: &mut JoinSet<()>,
        desk: &mpsc::Sender<Order>,
    ) -> Value {
        if let Some(running) = self.running.take() {
            running.abort();
        }
        for old in &mut self.deployments {
            if !old.phase.is_over() {
                old.enter(Phase::Superseded, old.steps_done);
            }
        }
        let deployment = Deployment::new(self.spec.clone(), cause);
        let shown = deployment.shown();
        let rollout = Rollout {
            desk: desk.clone(),
            app: self.id.clone(),
            deployment: deployment.id.clone(),
            pace: self.pace,
        };
        self.deployments.push(deployment);
        // Those that ended are only kept until somebody looks.
        while rollouts.try_join_next().is_some() {}
        self.running = Some(rollouts.spawn(rollout.run()));
        shown
    }

    fn deployment(&mut self, id: &str) -> Result<&mut Deployment, Refusal> {
        let known = self.deployments.iter_mut().find(|deployment| deployment.id == id);
        known.ok_or(Refusal::NotFound)
    }

    fn cancel(&mut self, id: &str) -> Result<Value, Refusal> {
        let deployment = self.deployment(id)?;
        if deployment.phase.is_over() || rollout::SWITCHING <= deployment.steps_done {
            return Err(Refusal::BadRequest("the deployment can no longer be canceled".to_owned()));
        }
        deployment.enter(Phase::Canceled, deployment.steps_done);
        let shown = deployment.shown();
        if let Some(running) = self.running.take() {
            running.abort();
        }
        Ok(shown)
    }

    fn shown(&self, scopes: &Scopes, project: &str) -> Value {
        let url = self.site.as_ref().map(Site::url).unwrap_or_default();
        let mut shown = json!({
            "id": self.id,
            "owner_uuid": self.owner,
            "spec": self.spec,
            "created_at": self.created_at.to_string(),
            "updated_at": self.updated_at.to_string(),
            "region": {
                "slug": "fra", "label": "Frankfurt", "flag": "germany", "continent": "Europe", "data_centers": ["fra1"],
            },
            "tier_slug": "basic",
        });
        let Some(fields) = shown.as_object_mut() else { return shown };
        let mut put = |key: &str, value: Value| fields.insert(key.to_owned(), value);
        if let Some(newest) = self.deployments.last() {
            put("last_deployment_created_at", json!(newest.created_at()));
        }
        for deployment in &self.deployments {
            match deployment.phase {
                Phase::Active => put("active_deployment", deployment.shown()),
                Phase::PendingBuild => put("pending_deployment", deployment.shown()),
                Phase::Building | Phase::PendingDeploy | Phase::Deploying => {
                    put("in_progress_deployment", deployment.shown())
                }
                Phase::Superseded | Phase::Error | Phase::Canceled => None,
            };
        }
        if !url.is_empty() {
            for key in ["live_url", "live_url_base", "default_ingress"] {
                put(key, json!(url));
            }
            put("live_domain", json!(url.trim_start_matches("http://")));
        }
        if scopes.has("project:read") {
            put("project_id", json!(project));
        }
        shown
    }
}

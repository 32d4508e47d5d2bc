//! Apps: one that uses the cluster and really runs, one that does not.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::{
    sync::{mpsc, oneshot},
    task::{AbortHandle, JoinSet},
};

use crate::practice::{
    app::{Doorman, Release, Site, Traffic},
    cluster::{APP_DATABASE, APP_ROLE},
};

use super::{
    call::{Answer, Refusal, Request},
    databases::{CLUSTER_NAME, Databases},
    deployment::{Deployment, Phase, Reason, STEPS},
    desk::Order,
    operation::OnApp,
    spec::{self, Vault},
    tokens::Scopes,
};

pub const APP_NAME: &str = "contrezz-web";

/// Connections that each instance wants where nothing else is said.
const WORKERS: u32 = 10;
/// A release may have to wait for the end of a busy time until it gets a connection.
const HEALTHY_WITHIN: Duration = Duration::from_secs(30);
const SETTLED_WITHIN: Duration = Duration::from_secs(10);

/// What a running deployment tells.
#[derive(Debug)]
pub(super) enum News {
    Entered(Phase, usize),
    Ended(Result<(), Reason>),
}

/// A release, or nothing where the app has no service of its own to start, or why it can't be started.
pub(super) type Resolved = Result<Option<(Doorman, Release)>, Reason>;

#[derive(Debug)]
struct App {
    id: String,
    spec: Value,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// The newest last.
    deployments: Vec<Deployment>,
    /// Where it runs; `None` for what is only files.
    site: Option<Site>,
    running: Option<AbortHandle>,
    /// The first spec's deployments go well whatever the scenario says.
    first_spec: Value,
}

#[derive(Debug)]
pub(super) struct Apps {
    apps: Vec<App>,
    vault: Vault,
    owner: String,
    deployments_fail: bool,
    tasks: JoinSet<()>,
}

impl Apps {
    /// Both apps, and the first of them live.
    pub(super) async fn new(site: Site, databases: &Databases, deployments_fail: bool) -> Self {
        let mut vault = Vault::default();
        let web = App::live(web_spec(&mut vault), Some(site));
        let docs = App::live(docs_spec(), None);
        let apps = Self {
            apps: vec![web, docs],
            vault,
            owner: uuid::Uuid::new_v4().to_string(),
            deployments_fail,
            tasks: JoinSet::new(),
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
        view: &Scopes,
        project: &str,
    ) -> Result<Answer, Refusal> {
        let shown = self.apps.iter().map(|app| self.shown(app, view, project)).collect();
        paged(request, "apps", shown)
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
            "app_cost": cost(wanted)?,
        })))
    }

    pub(super) fn perform(
        &mut self,
        id: &str,
        on: OnApp<'_>,
        request: &Request,
        view: &Scopes,
        (databases, desk): (&Databases, &mpsc::Sender<Order>),
    ) -> Result<Answer, Refusal> {
        let at = self.apps.iter().position(|app| app.id == id).ok_or(Refusal::NotFound)?;
        match on {
            OnApp::Read => {}
            OnApp::Change => {
                let wanted = request.object()?.get("spec").unwrap_or(&Value::Null);
                spec::check(wanted, databases)?;
                cost(wanted)?;
                let stored = self.vault.sealed(wanted)?;
                let app = self.apps.get_mut(at).ok_or(Refusal::NotFound)?;
                app.spec = stored;
                app.updated_at = Timestamp::now();
                deploy(app, "app spec updated", &mut self.tasks, desk);
            }
            OnApp::Deployments => {
                let app = self.apps.get(at).ok_or(Refusal::NotFound)?;
                let shown = app.deployments.iter().rev().map(Deployment::shown).collect();
                return paged(request, "deployments", shown);
            }
            OnApp::Deploy => {
                request.object()?;
                let app = self.apps.get_mut(at).ok_or(Refusal::NotFound)?;
                let deployment = deploy(app, "manual", &mut self.tasks, desk);
                return Ok(Answer::ok(json!({ "deployment": deployment })));
            }
            OnApp::Deployment(id) => {
                let app = self.apps.get_mut(at).ok_or(Refusal::NotFound)?;
                let deployment = app.deployment(id).ok_or(Refusal::NotFound)?;
                return Ok(Answer::ok(json!({ "deployment": deployment.shown() })));
            }
            OnApp::Cancel(id) => {
                let app = self.apps.get_mut(at).ok_or(Refusal::NotFound)?;
                return app.cancel(id);
            }
        }
        let app = self.apps.get(at).ok_or(Refusal::NotFound)?;
        Ok(Answer::ok(json!({ "app": self.shown(app, view, databases.project()) })))
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
        let Some(site) = &app.site else { return Ok(None) };
        let failed = |message: &str| Reason {
            code: "DeployContainerExitNonZero",
            message: message.to_owned(),
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
            crashes: self.deployments_fail && *spec != app.first_spec,
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

    fn shown(&self, app: &App, view: &Scopes, project: &str) -> Value {
        let url = app.site.as_ref().map(Site::url).unwrap_or_default();
        let mut shown = json!({
            "id": app.id,
            "owner_uuid": self.owner,
            "spec": app.spec,
            "created_at": app.created_at.to_string(),
            "updated_at": app.updated_at.to_string(),
            "region": {
                "slug": "fra", "label": "Frankfurt", "flag": "germany", "continent": "Europe", "data_centers": ["fra1"],
            },
            "tier_slug": "basic",
        });
        let Some(fields) = shown.as_object_mut() else { return shown };
        let mut put = |key: &str, value: Value| fields.insert(key.to_owned(), value);
        if let Some(newest) = app.deployments.last() {
            put("last_deployment_created_at", json!(newest.created_at()));
        }
        for deployment in &app.deployments {
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
        if view.has("project:read") {
            put("project_id", json!(project));
        }
        shown
    }
}

impl App {
    fn live(spec: Value, site: Option<Site>) -> Self {
        let now = Timestamp::now();
        Self {
            id: uuid::Uuid::new_v4().to_string(),
            deployments: vec![Deployment::active(spec.clone())],
            first_spec: spec.clone(),
            spec,
            created_at: now,
            updated_at: now,
            site,
            running: None,
        }
    }

    fn deployment(&mut self, id: &str) -> Option<&mut Deployment> {
        self.deployments.iter_mut().find(|deployment| deployment.id == id)
    }

    fn cancel(&mut self, id: &str) -> Result<Answer, Refusal> {
        let deployment = self.deployment(id).ok_or(Refusal::NotFound)?;
        if deployment.phase.is_over() {
            return Err(Refusal::BadRequest("the deployment is not in progress".to_owned()));
        }
        deployment.enter(Phase::Canceled, deployment.steps_done);
        let shown = deployment.shown();
        if let Some(running) = self.running.take() {
            running.abort();
        }
        Ok(Answer::ok(json!({ "deployment": shown })))
    }
}

/// Starts a deployment of the app's spec in the place of one that is under way; gives it as it is shown.
fn deploy(
    app: &mut App,
    cause: &'static str,
    tasks: &mut JoinSet<()>,
    desk: &mpsc::Sender<Order>,
) -> Value {
    if let Some(running) = app.running.take() {
        running.abort();
    }
    for old in &mut app.deployments {
        if !old.phase.is_over() {
            old.enter(Phase::Superseded, old.steps_done);
        }
    }
    let deployment = Deployment::new(app.spec.clone(), cause);
    let shown = deployment.shown();
    let line = Line { desk: desk.clone(), app: app.id.clone(), deployment: deployment.id.clone() };
    app.deployments.push(deployment);
    // Those that ended are only kept until somebody looks.
    while tasks.try_join_next().is_some() {}
    app.running = Some(tasks.spawn(run(line)));
    shown
}

/// A running deployment's line to the desk.
#[derive(Debug)]
struct Line {
    desk: mpsc::Sender<Order>,
    app: String,
    deployment: String,
}

impl Line {
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
}

/// Two seconds of phases, and a real start in between.
async fn run(line: Line) {
    for (wait, phase, steps) in [
        (300, Phase::Building, 0),
        (300, Phase::Building, 1),
        (500, Phase::PendingDeploy, 2),
        (200, Phase::Deploying, 2),
        (200, Phase::Deploying, 3),
    ] {
        tokio::time::sleep(Duration::from_millis(wait)).await;
        line.tell(News::Entered(phase, steps)).await;
    }
    let ended = start(&line).await;
    line.tell(News::Ended(ended)).await;
}

/// The new instances start, then the old ones stop. What does not get well is given up, and the old ones stay.
async fn start(line: &Line) -> Result<(), Reason> {
    let Some((doorman, release)) = line.resolve().await? else { return Ok(()) };
    let exited = |message: String| Reason { code: "DeployContainerExitNonZero", message };
    let unhealthy = |message: String| Reason { code: "DeployContainerHealthChecksFailed", message };
    let mut fleet = doorman.start(&release).map_err(unhealthy)?;
    fleet
        .healthy(HEALTHY_WITHIN)
        .await
        .map_err(|message| if release.crashes { exited(message) } else { unhealthy(message) })?;
    line.tell(News::Entered(Phase::Deploying, 4)).await;
    let size = fleet.size();
    doorman.put_live(fleet).await;
    line.tell(News::Entered(Phase::Deploying, 5)).await;
    doorman.settled(size, SETTLED_WITHIN).await;
    Ok(())
}

/// One page of a list, with links to the others as the provider words them.
fn paged(request: &Request, key: &str, all: Vec<Value>) -> Result<Answer, Refusal> {
    let (page, on_one) = request.page()?;
    let total = all.len();
    let last = total.div_ceil(on_one).max(1);
    let shown: Vec<Value> =
        all.into_iter().skip((page - 1).saturating_mul(on_one)).take(on_one).collect();
    let link = |to: usize| {
        json!(format!("https://api.digitalocean.com{}?page={to}&per_page={on_one}", request.path))
    };
    let mut pages = Map::new();
    if 1 < page {
        pages.insert("first".to_owned(), link(1));
        pages.insert("prev".to_owned(), link((page - 1).min(last)));
    }
    if page < last {
        pages.insert("next".to_owned(), link(page + 1));
        pages.insert("last".to_owned(), link(last));
    }
    let mut body = json!({ key: shown, "links": {}, "meta": { "total": total } });
    if let Some(links) = body.pointer_mut("/links").and_then(Value::as_object_mut)
        && !pages.is_empty()
    {
        links.insert("pages".to_owned(), Value::Object(pages));
    }
    Ok(Answer::ok(body))
}

/// The monthly cost in dollars, or what is wrong with the sizes.
fn cost(spec: &Value) -> Result<u64, Refusal> {
    const SIZES: [(&str, u64); 4] = [
        ("apps-s-1vcpu-0.5gb", 5),
        ("apps-s-1vcpu-1gb-fixed", 10),
        ("apps-s-1vcpu-1gb", 12),
        ("apps-s-1vcpu-2gb", 25),
    ];
    let mut cost = 0;
    for kind in ["services", "workers", "jobs"] {
        for component in spec.as_object().into_iter().flat_map(|spec| spec::list(spec, kind)) {
            let slug = component.get("instance_size_slug").and_then(Value::as_str);
            let slug = slug.unwrap_or("apps-s-1vcpu-0.5gb");
            let (_, price) = SIZES.iter().find(|(size, _)| *size == slug).ok_or_else(|| {
                Refusal::BadRequest(format!(
                    "error validating app spec field \"{kind}.instance_size_slug\": unknown size {slug}"
                ))
            })?;
            cost += price * component.get("instance_count").and_then(Value::as_u64).unwrap_or(1);
        }
    }
    Ok(cost)
}

fn web_spec(vault: &mut Vault) -> Value {
    let session_key = vault.seal(&uuid::Uuid::new_v4().simple().to_string());
    json!({
        "name": APP_NAME,
        "region": "fra",
        "envs": [
            { "key": "NODE_ENV", "value": "production", "scope": "RUN_AND_BUILD_TIME" },
            { "key": "SESSION_KEY", "value": session_key, "scope": "RUN_TIME", "type": "SECRET" },
        ],
        "services": [{
            "name": "web",
            "github": { "repo": "contrezz/contrezz-web", "branch": "main", "deploy_on_push": true },
            "build_command": "npm run build",
            "run_command": "npm start",
            "environment_slug": "node-js",
            "instance_size_slug": "apps-s-1vcpu-1gb",
            "instance_count": 4,
            "http_port": 8080,
            "health_check": { "http_path": crate::practice::app::HEALTH_PATH },
            "envs": [
                { "key": "DATABASE_URL", "value": "${db.DATABASE_URL}", "scope": "RUN_TIME" },
                { "key": "WEB_CONCURRENCY", "value": WORKERS.to_string(), "scope": "RUN_TIME" },
            ],
        }],
        "databases": [{
            "name": "db",
            "engine": "PG",
            "production": true,
            "cluster_name": CLUSTER_NAME,
            "db_name": APP_DATABASE,
            "db_user": APP_ROLE,
        }],
        "ingress": { "rules": [{ "component": { "name": "web" }, "match": { "path": { "prefix": "/" } } }] },
    })
}

fn docs_spec() -> Value {
    json!({
        "name": "contrezz-docs",
        "region": "fra",
        "static_sites": [{
            "name": "docs",
            "github": { "repo": "contrezz/contrezz-docs", "branch": "main", "deploy_on_push": true },
            "build_command": "npm run build",
            "output_dir": "dist",
        }],
    })
}

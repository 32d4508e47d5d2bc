//! The desk: the one owner of the account's state. Everything comes to it as an order and is carried out in turn.

use std::time::Instant;

use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use crate::{
    domain::secret::Secret,
    practice::{
        app::Traffic,
        faults::{Fault, Faults, Planned},
    },
};

use super::{
    apps::Apps,
    backing::Backing,
    call::{Answer, Body, Call, Refusal, Request},
    databases::Databases,
    log::Wanted,
    operation::Operation,
    rollout::{News, Resolved},
    settings,
    tokens::{Allowance, Grant, Scopes},
};

#[derive(Debug)]
pub(super) enum Order {
    Handle(Request, oneshot::Sender<Handled>),
    Issue(Vec<String>, Allowance, oneshot::Sender<Secret>),
    /// After so many requests that it would meet.
    Fault(u32, Planned, oneshot::Sender<()>),
    /// Everything is well again.
    NoFaults(oneshot::Sender<()>),
    Listen(oneshot::Sender<mpsc::Receiver<Call>>),
    Traffic(oneshot::Sender<Option<Traffic>>),
    /// Answered with what the log says; `None` where there is no such log.
    Log(Wanted, oneshot::Sender<Option<String>>),
    News {
        app: String,
        deployment: String,
        news: News,
    },
    Resolve {
        app: String,
        deployment: String,
        reply: oneshot::Sender<Resolved>,
    },
    Stop,
}

/// How a request ended, and what is to happen to its answer on the way.
#[derive(Debug)]
pub(super) struct Handled {
    pub(super) answer: Answer,
    pub(super) fault: Option<Fault>,
}

#[derive(Debug)]
pub(super) struct Desk {
    databases: Databases,
    apps: Apps,
    grants: Vec<Grant>,
    faults: Faults,
    listeners: Vec<mpsc::Sender<Call>>,
    account: String,
    team: String,
}

/// What is left of a token's budget, as headers.
type Limits = [(&'static str, String); 3];

/// A listener that is this far behind has stopped listening.
const UNHEARD: usize = 4096;

impl Desk {
    pub(super) fn new(databases: Databases, apps: Apps) -> Self {
        let id = || uuid::Uuid::new_v4().to_string();
        Self {
            databases,
            apps,
            grants: Vec::new(),
            faults: Faults::default(),
            listeners: Vec::new(),
            account: id(),
            team: id(),
        }
    }

    /// Works until it is told to stop; gives what stood behind it back, to be ended where that may take its time.
    pub(super) async fn work(mut self, mut orders: mpsc::Receiver<Order>) -> Backing {
        while let Some(order) = orders.recv().await {
            // Who asked may have gone; what was asked for is done all the same.
            match order {
                Order::Handle(request, reply) => {
                    reply.send(self.handle(request).await).ok();
                }
                Order::Issue(scopes, allowance, reply) => {
                    let grant = Grant::new(&scopes, allowance);
                    reply.send(grant.token().clone()).ok();
                    self.grants.push(grant);
                }
                Order::Fault(after, planned, reply) => {
                    self.faults.plan(after, planned);
                    reply.send(()).ok();
                }
                Order::NoFaults(reply) => {
                    self.faults.forget();
                    reply.send(()).ok();
                }
                Order::Listen(reply) => {
                    let (tell, calls) = mpsc::channel(UNHEARD);
                    self.listeners.push(tell);
                    reply.send(calls).ok();
                }
                Order::Traffic(reply) => {
                    reply.send(self.apps.traffic()).ok();
                }
                Order::Log(wanted, reply) => {
                    reply.send(self.apps.log(&wanted, &self.databases)).ok();
                }
                Order::News { app, deployment, news } => self.apps.note(&app, &deployment, news),
                Order::Resolve { app, deployment, reply } => {
                    reply.send(self.apps.resolve(&app, &deployment, &self.databases)).ok();
                }
                Order::Stop => break,
            }
        }
        self.databases.cluster
    }

    async fn handle(&mut self, request: Request) -> Handled {
        let fault = self.faults.take(&request.method, &request.path);
        let answer = match &fault {
            Some(Fault::Status { status, body, retry_after }) => {
                let wait = retry_after.map(|wait| ("retry-after", wait.to_string()));
                let id = ("x-request-id", uuid::Uuid::new_v4().to_string());
                let headers = wait.into_iter().chain([id]).collect();
                Answer { status: *status, body: Some(body.clone()), headers }
            }
            Some(Fault::ClosedBefore | Fault::Page(_)) => Answer::done(),
            Some(Fault::DoneAndFailed) => {
                self.answer(&request).await;
                Refusal::Broken.answer(&uuid::Uuid::new_v4().to_string())
            }
            Some(
                Fault::Late(_)
                | Fault::AnswerLost
                | Fault::HalfAnswer
                | Fault::WrongLength
                | Fault::Endless,
            )
            | None => self.answer(&request).await,
        };
        // What a fault answers is no answer of the account.
        if fault.is_none() {
            self.tell_listeners(request, &answer);
        }
        Handled { answer, fault }
    }

    async fn answer(&mut self, request: &Request) -> Answer {
        let request_id = uuid::Uuid::new_v4().to_string();
        let (answered, limits) = match self.admit(request) {
            Ok((scopes, limits)) => (self.perform(request, &scopes).await, Some(limits)),
            Err((refusal, limits)) => (Err(refusal), limits),
        };
        let mut answer = answered.unwrap_or_else(|refusal| refusal.answer(&request_id));
        answer.headers.extend(limits.into_iter().flatten());
        answer.headers.push(("x-request-id", request_id));
        answer
    }

    /// Who asks, and whether they may ask once more.
    fn admit(&mut self, request: &Request) -> Result<(Scopes, Limits), (Refusal, Option<Limits>)> {
        let token = request.token.as_deref().unwrap_or_default();
        // Compared with what was sent.
        let known = self.grants.iter_mut().find(|grant| grant.token().expose() == token);
        let grant = known.ok_or((Refusal::Unauthorized, None))?;
        let now = Instant::now();
        let spent = grant.budget().spend(now);
        let limits = grant.budget().headers(now);
        match spent {
            Ok(()) => Ok((grant.scopes().clone(), limits)),
            Err(refusal) => Err((refusal, Some(limits))),
        }
    }

    async fn perform(&mut self, request: &Request, scopes: &Scopes) -> Result<Answer, Refusal> {
        let operation = Operation::of(&request.method, &request.path).ok_or(Refusal::NotFound)?;
        if operation.scope().is_some_and(|scope| !scopes.has(scope)) {
            return Err(Refusal::Forbidden);
        }
        match operation {
            Operation::Account => Ok(self.account()),
            Operation::Token => Ok(scopes.told()),
            Operation::Clusters => Ok(self.databases.list(scopes)),
            Operation::Options => Ok(settings::options()),
            Operation::Cluster(id, on) => self.databases.perform(id, on, request, scopes).await,
            Operation::Apps => self.apps.list(request, scopes, self.databases.project()),
            Operation::Propose => self.apps.propose(request.object()?, &self.databases),
            Operation::App(id, on) => self.apps.perform(id, on, request, scopes, &self.databases),
        }
    }

    fn account(&self) -> Answer {
        Answer::ok(json!({
            "account": {
                "droplet_limit": 25,
                "floating_ip_limit": 3,
                "email": "practice@contrezz.example",
                "name": "Practice",
                "uuid": self.account,
                "email_verified": true,
                "status": "active",
                "status_message": "",
                "team": { "uuid": self.team, "name": "Contrezz practice" },
            },
        }))
    }

    fn tell_listeners(&mut self, request: Request, answer: &Answer) {
        if self.listeners.is_empty() {
            return;
        }
        let call = Call {
            method: request.method,
            path: request.path,
            query: request.query,
            body: match request.body {
                Body::Json(body) => Some(body),
                Body::Empty | Body::NotJson => None,
            },
            status: answer.status,
            answer: answer.body.clone(),
        };
        self.listeners.retain(|listener| listener.try_send(call.clone()).is_ok());
    }
}

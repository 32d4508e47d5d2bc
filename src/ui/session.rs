//! One set-up in the window: the core, what carries out its orders, and the page over it.

use std::time::Duration;

use jiff::Timestamp;
use tokio::runtime::Handle;

use crate::{
    domain::{access::Granted, cluster::Environment, proxy::Proxy},
    effects::runner::{Runner, Wake},
    setup::{
        Msg, Order, Setup,
        step::{Primary, StepId},
    },
    ui::{
        Begun,
        page::{Keeping, Page},
    },
};

pub struct Session {
    pub setup: Setup,
    pub page: Page,
    runner: Runner,
    /// Ends practice with the set-up.
    _guard: Option<Box<dyn Send>>,
    /// The page's needs were met when it was opened; else it is opened again once they are.
    could_run: bool,
}

/// Steps whose running action must not be cut off unasked: half of it could be done.
const WHOLE: [StepId; 4] = [StepId::Pool, StepId::Migrations, StepId::App, StepId::HandOver];

/// The last change is written within this; with what `main` waits the program ends within two seconds.
const LAST_WRITE: Duration = Duration::from_millis(400);

impl Session {
    pub fn new(begun: Begun, tasks: Handle, wake: Wake) -> Self {
        let practising = begun.guard.is_some();
        let mut runner = Runner::new(begun.world, tasks, wake);
        let kept = begun.place.is_some();
        if let Some(place) = begun.place {
            runner.keep_in(place);
        }
        let mut session = Self {
            setup: begun.setup,
            page: Page::default(),
            runner,
            _guard: begun.guard,
            could_run: false,
        };
        if kept {
            session.page.keeping = Keeping::Kept;
        }
        session.page.label = practising.then_some(Environment::Practice);
        session.act(Msg::Go(session.setup.current));
        session
    }

    /// From the next request on.
    pub fn take_proxy(&mut self, proxy: &Proxy) {
        self.runner.take_proxy(proxy.clone());
    }

    pub fn act(&mut self, msg: Msg) {
        let opened = matches!(msg, Msg::Go(_));
        let orders = self.setup.act(Timestamp::now(), msg);
        self.obey(orders);
        if opened {
            self.could_run = self.setup.facts.missing_for(self.setup.current).is_none();
        }
        self.reopen();
    }

    /// Takes in what running effects have reported; never waits.
    pub fn take_in(&mut self) {
        let mut changed = false;
        for report in self.runner.drain() {
            changed = true;
            let orders = report.hand_to(&mut self.setup, Timestamp::now());
            if !orders.is_empty() {
                self.obey(orders);
            }
        }
        if changed {
            self.runner.keep(&self.setup);
        }
        if !matches!(self.page.keeping, Keeping::Nowhere) {
            self.page.keeping = self.runner.not_kept().map_or(Keeping::Kept, Keeping::Failing);
        }
        if let Some(msg) = self.setup.due(Timestamp::now()) {
            self.act(msg);
        }
        self.reopen();
    }

    /// What the page needed has arrived while it was looked at: it begins like a page that is opened.
    fn reopen(&mut self) {
        let step = self.setup.current;
        let can_run = self.setup.facts.missing_for(step).is_none();
        if can_run && !self.could_run && !self.setup.plan.open {
            let orders = self.setup.act(Timestamp::now(), Msg::Go(step));
            self.obey(orders);
        }
        self.could_run = can_run;
    }

    /// What is going to be done is on disk before it is done.
    fn obey(&mut self, orders: Vec<Order>) {
        self.runner.keep(&self.setup);
        self.runner.obey(orders);
    }

    /// This computer was let in by us, for a time that is not over.
    pub fn access_ends_with_us(&self) -> bool {
        self.setup.facts.leases.iter().any(Granted::ends_by_itself)
    }

    /// What runs and would be cut off half-way: `Creating pool shop-pool…`
    pub fn unfinished(&self) -> Option<String> {
        WHOLE.into_iter().find_map(|step| match self.setup.primary(step) {
            Primary::Working(what, _) => Some(what),
            Primary::Act(..) | Primary::Blocked(..) | Primary::Next => None,
        })
    }
}

impl Drop for Session {
    /// Nothing is drawn any more, or it happens beside the window.
    fn drop(&mut self) {
        self.runner.keep_now(&self.setup, LAST_WRITE);
    }
}

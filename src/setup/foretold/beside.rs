//! Buttons beside a page's main one that send something to the account: letting this computer in, and taking back.

use crate::{
    domain::access,
    setup::{
        Msg, Setup, StepMsg,
        foretold::Foretold,
        step::{Primary, StepId},
        steps::{app, hand_over, test},
    },
};

/// A button, and what it sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// What it does: `Allow 203.0.113.7 for 2 hours`.
    pub what: String,
    pub told: Vec<Foretold>,
}

impl Setup {
    /// What the other buttons of the page that is shown send. Those that can't be pressed yet are not among them.
    pub fn foretell_beside(&self) -> Vec<Beside> {
        if self.plan.open {
            return Vec::new();
        }
        let mut beside = match self.current {
            // Step 3 offers it where a recording was shut out.
            StepId::Measure if !self.steps.measure.was_shut_out() => Vec::new(),
            StepId::Measure | StepId::Test => self.access().into_iter().collect(),
            StepId::App => self.restoring().into_iter().collect(),
            StepId::HandOver => self.taking_back(),
            StepId::SignIn
            | StepId::Cluster
            | StepId::Pool
            | StepId::Urls
            | StepId::Project
            | StepId::EnvFiles
            | StepId::Migrations
            | StepId::Verify => Vec::new(),
        };
        beside.retain(|one| !one.told.is_empty());
        beside
    }

    fn beside(&self, what: String, msg: Msg) -> Beside {
        Beside { what, told: self.foretell(msg) }
    }

    /// The way in for this computer, or out again.
    fn access(&self) -> Option<Beside> {
        if let Some(lease) = self.facts.lease() {
            let what = format!("Remove the access of {}", lease.address);
            return (!lease.was_there).then(|| self.beside(what, test::Msg::Remove.into()));
        }
        let rules = self.facts.cluster.as_ref()?.trusted_sources.as_ref()?;
        let draft = &self.steps.test.draft;
        let address = draft.address.trim().parse().ok()?;
        if access::lets_in(rules, address) {
            return None;
        }
        let what = format!("Allow {address} {}", draft.lease.lasting());
        Some(self.beside(what, test::Msg::Allow.into()))
    }

    /// The app's earlier settings. After a deployment that failed the main button is the one that puts them back.
    fn restoring(&self) -> Option<Beside> {
        let main = self.primary(StepId::App);
        let is_main = matches!(main, Primary::Act(_, Msg::Step(StepMsg::App(app::Msg::Restore))));
        (app::Step::restorable(&self.record) && !self.steps.app.working() && !is_main).then(|| {
            self.beside("Restore the previous settings".to_owned(), app::Msg::Restore.into())
        })
    }

    /// Temporary access first, then each change, the newest first, as the page lists them; then all at once.
    fn taking_back(&self) -> Vec<Beside> {
        let mut beside = Vec::new();
        if let Some(granted) = self.facts.first_to_end() {
            let what = format!("Remove the access of {}", granted.lease.address);
            beside.push(self.beside(what, test::Msg::RemoveFrom(granted.cluster.clone()).into()));
        }
        beside.extend(self.taking_back_each());
        if 1 < hand_over::Step::undoable_now(&self.facts, &self.rules, &self.record) {
            let what = "Take everything back".to_owned();
            beside.push(self.beside(what, hand_over::Msg::UndoAll.into()));
        }
        beside
    }

    fn taking_back_each(&self) -> impl Iterator<Item = Beside> {
        let entries = self.record.entries.iter().enumerate().rev();
        entries
            .filter(|(_, entry)| !entry.undone)
            .filter(|(_, entry)| {
                hand_over::Step::undoable(&self.facts, &self.rules, &entry.undo).is_ok()
            })
            .map(|(index, entry)| {
                let what = format!("Take back: {}", entry.what);
                self.beside(what, hand_over::Msg::Undo(index).into())
            })
    }
}

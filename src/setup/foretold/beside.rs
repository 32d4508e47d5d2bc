//! Buttons beside a page's main one that send something to the account: letting this computer in, and taking back.

use crate::{
    domain::access,
    setup::{
        Msg, Setup,
        foretold::Foretold,
        step::StepId,
        steps::{hand_over, test},
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
            StepId::Test => self.access().into_iter().collect(),
            StepId::HandOver => self.taking_back(),
            StepId::SignIn
            | StepId::Cluster
            | StepId::Measure
            | StepId::Pool
            | StepId::Urls
            | StepId::Project
            | StepId::EnvFiles
            | StepId::Migrations
            | StepId::App
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

    /// The newest first, as the page lists them.
    fn taking_back(&self) -> Vec<Beside> {
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
            .collect()
    }
}

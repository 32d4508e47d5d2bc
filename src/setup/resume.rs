//! A set-up that is gone on with: everything it stands on is looked at again, one thing after the other, and what is
//! different is said in words. Nothing is sent that changes anything.

mod checks;
mod restored;

use jiff::Timestamp;

use crate::setup::{Order, Rules, Setup, saved::Saved, step::StepId};

/// What of an earlier run is looked at again.
#[derive(Debug)]
pub struct Resume {
    /// As the file had it. What is not looked at again yet stays as it is in here.
    pub saved: Saved,
    pub checks: Vec<Check>,
    /// The person has seen what came of it.
    pub seen: bool,
    /// The cluster was found in the list, and is being read.
    reading: bool,
}

/// One thing that is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub what: What,
    pub outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    Token,
    Cluster,
    Pool,
    Files,
    /// This computer's.
    Address,
    Direct,
    App,
    /// What was under way when the program ended, where no other check tells it.
    UnderWay,
}

impl What {
    pub fn title(self) -> &'static str {
        match self {
            Self::Token => "Token",
            Self::Cluster => "Cluster",
            Self::Pool => "Pool",
            Self::Files => "Files",
            Self::Address => "Address",
            Self::Direct => "Direct URL",
            Self::App => "App",
            Self::UnderWay => "At the end",
        }
    }

    /// Where it is put right.
    pub fn step(self) -> StepId {
        match self {
            Self::Token => StepId::SignIn,
            Self::Cluster => StepId::Cluster,
            Self::Pool => StepId::Pool,
            Self::Files => StepId::Project,
            Self::Address | Self::Direct => StepId::Test,
            Self::App => StepId::App,
            Self::UnderWay => StepId::HandOver,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Waiting,
    Looking,
    /// It is as it was; what was seen.
    Same(String),
    /// What is different, and on which step to look at it.
    Different(String, StepId),
    /// The person has to do something first; it is looked at again then.
    NeedsYou(String),
    /// It could not be looked at, and why.
    Unchecked(String),
}

impl Outcome {
    fn is_over(&self) -> bool {
        match self {
            Self::Same(_) | Self::Different(..) | Self::Unchecked(_) => true,
            Self::Waiting | Self::Looking | Self::NeedsYou(_) => false,
        }
    }
}

impl Resume {
    /// How many are still to be looked at.
    pub fn open(&self) -> usize {
        self.checks.iter().filter(|check| !check.outcome.is_over()).count()
    }

    pub fn different(&self) -> usize {
        let is_different = |check: &&Check| matches!(check.outcome, Outcome::Different(..));
        self.checks.iter().filter(is_different).count()
    }

    /// How many could not be looked at.
    pub fn unchecked(&self) -> usize {
        let is_unchecked = |check: &&Check| matches!(check.outcome, Outcome::Unchecked(_));
        self.checks.iter().filter(is_unchecked).count()
    }

    pub fn last_used(&self) -> Option<Timestamp> {
        self.saved.last_used.parse().ok()
    }

    fn next(&self) -> Option<&Check> {
        self.checks.iter().find(|check| !check.outcome.is_over())
    }

    fn set(&mut self, what: What, outcome: Outcome) {
        if let Some(check) = self.checks.iter_mut().find(|check| check.what == what) {
            check.outcome = outcome;
        }
    }
}

impl Setup {
    /// The set-up as it was left. With its first message it begins to look at everything again.
    pub fn resumed(rules: Rules, saved: Saved) -> Self {
        let mut setup = Self::new(rules);
        setup.restore(&saved);
        let checks = checks::of(&saved);
        setup.resume = Some(Resume { saved, checks, seen: false, reading: false });
        setup
    }

    /// The person has seen what became of what was looked at.
    pub fn welcomed(&mut self) {
        if let Some(resume) = &mut self.resume {
            resume.seen = true;
        }
    }

    /// Looks at the next thing, once what the one before needed has ended.
    pub(super) fn go_on_resuming(&mut self, now: Timestamp, orders: &mut Vec<Order>) {
        while let Some(Check { what, outcome }) =
            self.resume.as_ref().and_then(Resume::next).cloned()
        {
            if self.is_busy_for(what) {
                return;
            }
            if outcome == Outcome::Waiting {
                self.note_outcome(what, Outcome::Looking);
                self.ask(what, now, orders);
                if self.is_busy_for(what) {
                    return;
                }
            }
            let decided = self.decide(what, now, orders);
            let stands = decided == outcome;
            self.note_outcome(what, decided);
            if stands || self.is_busy_for(what) {
                return;
            }
        }
    }

    fn note_outcome(&mut self, what: What, outcome: Outcome) {
        if let Some(resume) = &mut self.resume {
            resume.set(what, outcome);
        }
    }
}

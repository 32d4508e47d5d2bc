//! The one place where late answers die: a ticket per running effect.

use std::collections::BTreeMap;

use crate::setup::step::StepId;

/// One started effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// Effects that are under way, and whose they are.
#[derive(Clone, Debug, Default)]
pub struct Tickets {
    last: u64,
    open: BTreeMap<Ticket, StepId>,
}

impl Tickets {
    pub fn open(&mut self, step: StepId) -> Ticket {
        self.last += 1;
        let ticket = Ticket(self.last);
        self.open.insert(ticket, step);
        ticket
    }

    /// The step that waits for this ticket; `None` where nobody does any more.
    pub fn owner(&self, ticket: Ticket) -> Option<StepId> {
        self.open.get(&ticket).copied()
    }

    pub fn close(&mut self, ticket: Ticket) -> Option<StepId> {
        self.open.remove(&ticket)
    }

    pub fn any(&self) -> bool {
        !self.open.is_empty()
    }
}

//! Faults by name: what a network, a proxy or a busy provider does to a request.

use std::time::Duration;

use serde_json::Value;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answers like this and does nothing.
    Status { status: u16, body: Value, retry_after: Option<u32> },
    /// Does what was asked and answers late.
    Late(Duration),
    /// Ends the connection; nothing was done.
    ClosedBefore,
    /// Does what was asked, then ends the connection without an answer.
    AnswerLost,
    /// A page of a proxy in the place of an answer; nothing was done.
    Page(u16),
    /// Does what was asked; the answer ends in the middle.
    HalfAnswer,
}

impl Fault {
    /// An error as the account words it.
    pub fn error(status: u16, id: &str, message: &str) -> Self {
        let body = serde_json::json!({ "id": id, "message": message });
        Self::Status { status, body, retry_after: None }
    }

    /// Too many requests; come back after so many seconds.
    pub fn slow_down(retry_after: u32) -> Self {
        let body =
            serde_json::json!({ "id": "too_many_requests", "message": "API rate limit exceeded." });
        Self::Status { status: 429, body, retry_after: Some(retry_after) }
    }
}

/// A fault for the next `times` requests with this method and a path that ends like this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    pub method: String,
    pub path_end: String,
    pub times: u32,
    pub fault: Fault,
}

#[derive(Debug, Default)]
pub(super) struct Faults {
    planned: Vec<Planned>,
}

impl Faults {
    pub(super) fn plan(&mut self, planned: Planned) {
        self.planned.push(planned);
    }

    /// The fault that this request meets; the one planned first comes first.
    pub(super) fn take(&mut self, method: &str, path: &str) -> Option<Fault> {
        let planned = self.planned.iter_mut().find(|planned| {
            0 < planned.times && planned.method == method && path.ends_with(&planned.path_end)
        })?;
        planned.times -= 1;
        Some(planned.fault.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_meets_as_many_requests_as_planned_and_no_others() {
        let mut faults = Faults::default();
        let planned = |fault, times| Planned {
            method: "POST".to_owned(),
            path_end: "/pools".to_owned(),
            times,
            fault,
        };
        faults.plan(planned(Fault::AnswerLost, 2));
        faults.plan(planned(Fault::ClosedBefore, 1));

        let pools = "/v2/databases/1/pools";
        assert_eq!(faults.take("GET", pools), None);
        assert_eq!(faults.take("POST", "/v2/databases/1/users"), None);
        let met: Vec<_> = (0..4).map(|_| faults.take("POST", pools)).collect();
        let lost = Some(Fault::AnswerLost);
        assert_eq!(met, [lost.clone(), lost, Some(Fault::ClosedBefore), None]);
    }
}

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
    /// Does what was asked; the body is shorter than the answer, and its announced length agrees.
    WrongLength,
    /// Does what was asked; the body begins well and never ends.
    Endless,
    /// Does what was asked and answers that it failed, as the provider is known to do with pools.
    DoneAndFailed,
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

/// A fault for the next `times` requests with this method and a path that ends like this. In a whole path, `*` stands
/// for one part of it, such as an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    pub method: String,
    pub path_end: String,
    pub times: u32,
    pub fault: Fault,
}

#[derive(Debug, Default)]
pub(super) struct Faults {
    /// With how many requests they let pass first.
    planned: Vec<(u32, Planned)>,
}

impl Faults {
    /// It meets requests of its kind only after so many of them.
    pub(super) fn plan(&mut self, after: u32, planned: Planned) {
        self.planned.push((after, planned));
    }

    pub(super) fn forget(&mut self) {
        self.planned.clear();
    }

    /// The fault that this request meets; the one planned first comes first.
    pub(super) fn take(&mut self, method: &str, path: &str) -> Option<Fault> {
        let (after, planned) = self.planned.iter_mut().find(|(_, planned)| {
            0 < planned.times && planned.method == method && is_like(path, &planned.path_end)
        })?;
        if 0 < *after {
            *after -= 1;
            return None;
        }
        planned.times -= 1;
        Some(planned.fault.clone())
    }
}

fn is_like(path: &str, wanted: &str) -> bool {
    if !wanted.contains('*') {
        return path.ends_with(wanted);
    }
    let (parts, like) = (path.split('/'), wanted.split('/'));
    parts.clone().count() == like.clone().count()
        && parts.zip(like).all(|(part, like)| like == "*" || part == like)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_part_of_a_whole_path() {
        assert!(is_like("/v2/apps/1/deployments/2", "/v2/apps/*/deployments/*"));
        assert!(!is_like("/v2/apps/1/deployments", "/v2/apps/*/deployments/*"));
        assert!(!is_like("/v2/apps/1/other/2", "/v2/apps/*/deployments/*"));
        assert!(is_like("/v2/apps", "/apps"));
    }

    #[test]
    fn a_fault_meets_as_many_requests_as_planned_and_no_others() {
        let mut faults = Faults::default();
        let planned = |fault, times| Planned {
            method: "POST".to_owned(),
            path_end: "/pools".to_owned(),
            times,
            fault,
        };
        faults.plan(1, planned(Fault::AnswerLost, 2));
        faults.plan(0, planned(Fault::ClosedBefore, 1));

        let pools = "/v2/databases/1/pools";
        assert_eq!(faults.take("GET", pools), None);
        assert_eq!(faults.take("POST", "/v2/databases/1/users"), None);
        let met: Vec<_> = (0..5).map(|_| faults.take("POST", pools)).collect();
        let lost = Some(Fault::AnswerLost);
        assert_eq!(met, [None, lost.clone(), lost, Some(Fault::ClosedBefore), None]);
    }
}

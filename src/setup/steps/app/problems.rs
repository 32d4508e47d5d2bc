//! What stands in the way of a switch, in words.

use crate::domain::problem::{Fix, Problem};

/// Two steps must not change one app's settings at once.
pub fn under_way(what: &str, who: &str) -> Problem {
    Problem::new(
        "under way",
        what,
        format!("{who} is still changing the app's settings, and two changes at once would undo each other."),
    )
    .hint("Wait until it has ended, or stop it there")
}

/// We no longer look; what was sent stays sent.
pub(super) fn restore_stopped() -> Problem {
    Problem::new(
        "stopped",
        "Restoring the settings is no longer followed.",
        "What was sent by then stays sent, and its deployment goes on at DigitalOcean. “Look again” reads the app first.",
    )
    .fix("Look again", Fix::TryAgain)
    .outcome_unknown()
}

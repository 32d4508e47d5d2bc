//! A sign-in that another program of this computer keeps.

use crate::domain::secret::Secret;

/// One context of doctl, DigitalOcean's own command line: a name, and the token kept for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    pub context: String,
    /// The one that doctl uses where none is named.
    pub current: bool,
    pub token: Secret,
}

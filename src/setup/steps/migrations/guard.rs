//! What has to hold before migrations run: production is named, and so is the database where data may be lost.

use crate::{
    domain::migration::{Pending, Risk},
    setup::{Rules, facts::Facts, may_change},
};

/// `pending` is `None` where what is pending can't be seen.
pub fn check(
    pending: Option<&[Pending]>,
    named: &str,
    facts: &Facts,
    rules: &Rules,
) -> Result<(), String> {
    may_change(facts, rules)?;
    let losing = losing(pending);
    let Some(database) = database(facts).filter(|_| losing != 0) else { return Ok(()) };
    if named.trim() == database || rules.loss_allowed.as_deref() == Some(database) {
        return Ok(());
    }
    let statements =
        if losing == 1 { "One statement".to_owned() } else { format!("{losing} statements") };
    Err(format!("{statements} may lose data. Type the database's name, {database}, to allow that."))
}

/// Is the database's name asked for?
pub fn asks(pending: Option<&[Pending]>) -> bool {
    losing(pending) != 0
}

/// Statements that may lose data.
fn losing(pending: Option<&[Pending]>) -> usize {
    let risks = pending.unwrap_or_default().iter().flat_map(|pending| &pending.risks);
    risks.filter(|risk: &&Risk| risk.destructive).count()
}

pub fn database(facts: &Facts) -> Option<&str> {
    facts.urls.as_ref().map(|urls| urls.direct.database.as_str())
}

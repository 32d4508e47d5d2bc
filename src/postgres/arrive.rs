//! Do the app's connections come through the pool? Told by the address they come from.

use std::time::{Duration, Instant};

use crate::{
    domain::{
        activity::{Holder, OURS},
        timing::Timing,
    },
    postgres::activity::{RecordError, Watch},
};

/// Looks until pooled backends are there and the app's direct ones are gone, at the longest for `patience`.
///
/// `pooler` is the address PostgreSQL sees for pooled backends. `None` as answer: the server hides addresses from our role.
pub async fn pooled_backends(
    watch: &mut Watch,
    pooler: &str,
    patience: Duration,
    timing: &Timing,
) -> Result<Option<u32>, RecordError> {
    let began = Instant::now();
    loop {
        let holders = watch.holders().await?;
        let (pooled, direct) = split(&holders, pooler);
        if (0 < pooled && direct == 0) || patience <= began.elapsed() {
            let hidden =
                holders.iter().any(|holder| holder.application != OURS && holder.address.is_none());
            return Ok(if pooled == 0 && hidden { None } else { Some(pooled) });
        }
        tokio::time::sleep(timing.again / 4).await;
    }
}

/// Backends from the pooler, and those of others that come straight.
fn split(holders: &[Holder], pooler: &str) -> (u32, u32) {
    let others = holders.iter().filter(|holder| holder.application != OURS);
    others.fold((0, 0), |(pooled, direct), holder| match holder.address.as_deref() {
        Some(address) if address == pooler => (pooled + holder.count, direct),
        Some(_) => (pooled, direct + holder.count),
        None => (pooled, direct),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pooled_and_direct_are_told_apart_by_address_and_ours_are_neither() {
        let holder = |application: &str, address: Option<&str>, count| Holder {
            application: application.to_owned(),
            user: "app".to_owned(),
            address: address.map(str::to_owned),
            state: "idle".to_owned(),
            count,
            age: None,
        };
        let holders = [
            holder("shop", Some("10.0.0.9"), 4),
            holder("shop", Some("10.0.0.1"), 7),
            holder(OURS, Some("10.0.0.1"), 1),
            holder("", None, 2),
        ];
        assert_eq!(split(&holders, "10.0.0.9"), (4, 7));
    }
}

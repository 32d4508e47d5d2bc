//! When a request is sent again, and after which wait. Pure: the clock and the dice come from the caller.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};

use crate::digitalocean::error::Failure;

/// Tries in all.
const TRIES: u32 = 4;

/// Waits between tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waits {
    pub first: Duration,
    pub longest: Duration,
}

/// The wait before the next try; `None` where there is none.
///
/// `only_asks`: the request changes nothing. Any other is sent again only where it is certain that nothing was done.
/// `dice` is from 0 to 1 and spreads the tries of several programs.
pub(super) fn wait(
    failure: &Failure,
    only_asks: bool,
    tries: u32,
    waits: Waits,
    dice: f64,
) -> Option<Duration> {
    if TRIES <= tries || !failure.passing() || !(only_asks || failure.nothing_was_done()) {
        return None;
    }
    if let Failure::Refused(refusal) = failure
        && let Some(asked) = refusal.wait
    {
        // The budget of a minute frees itself within it. For that of an hour the person decides.
        return (asked <= waits.longest * 2).then_some(asked);
    }
    let doubled = waits.first * 2_u32.saturating_pow(tries.saturating_sub(1));
    Some(doubled.min(waits.longest).mul_f64(0.5 + dice.clamp(0.0, 1.0) / 2.0))
}

/// What the answer's headers ask for: `retry-after` in seconds or as a date, else the reset of a budget that is used up.
pub(super) fn asked(
    retry_after: Option<&str>,
    remaining: Option<u32>,
    reset: Option<&str>,
    now: Timestamp,
) -> Option<Duration> {
    let until = |at: Timestamp| {
        let left = at.duration_since(now).max(SignedDuration::ZERO);
        left.try_into().ok()
    };
    let after = retry_after.map(str::trim).and_then(|text| match text.parse::<u64>() {
        Ok(secs) => Some(Duration::from_secs(secs)),
        Err(_) => until(rfc2822::parse(text).ok()?.timestamp()), // then it is a date or nonsense
    });
    after.or_else(|| {
        let reset = reset?.trim().parse().ok()?;
        (remaining == Some(0)).then(|| until(Timestamp::from_second(reset).ok()?)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digitalocean::error::Refusal;

    const WAITS: Waits = Waits { first: Duration::from_secs(1), longest: Duration::from_secs(30) };

    fn status(status: u16, wait: Option<u64>) -> Failure {
        Failure::Refused(Refusal {
            status,
            wait: wait.map(Duration::from_secs),
            ..Refusal::default()
        })
    }

    #[test]
    fn questions_are_asked_four_times_with_growing_waits() {
        let waits: Vec<_> =
            (1..=4).map(|tries| wait(&status(503, None), true, tries, WAITS, 1.0)).collect();
        let secs = |n| Some(Duration::from_secs(n));
        assert_eq!(waits, [secs(1), secs(2), secs(4), None]);
        assert_eq!(wait(&status(503, None), true, 1, WAITS, 0.0), Some(Duration::from_millis(500)));
    }

    #[test]
    fn a_change_is_repeated_only_where_nothing_was_done() {
        for failure in [
            status(500, None),
            status(503, Some(1)),
            Failure::Silent(Duration::from_secs(30)),
            Failure::Half(10),
        ] {
            assert_eq!(wait(&failure, false, 1, WAITS, 0.0), None, "{failure:?}");
            assert!(wait(&failure, true, 1, WAITS, 0.0).is_some(), "{failure:?}");
        }
        assert_eq!(wait(&status(429, Some(7)), false, 1, WAITS, 0.0), Some(Duration::from_secs(7)));
    }

    #[test]
    fn what_will_not_pass_is_not_repeated() {
        for failure in [
            status(401, None),
            status(403, None),
            status(404, None),
            status(422, None),
            Failure::Redirected(302),
            Failure::NotJson { title: None },
            Failure::Unexpected("x".to_owned()),
            Failure::TooLarge(1),
        ] {
            assert_eq!(wait(&failure, true, 1, WAITS, 0.0), None, "{failure:?}");
        }
    }

    #[test]
    fn a_wait_of_more_than_a_minute_is_the_persons_decision() {
        assert_eq!(
            wait(&status(429, Some(60)), true, 1, WAITS, 0.0),
            Some(Duration::from_secs(60))
        );
        assert_eq!(wait(&status(429, Some(61)), true, 1, WAITS, 0.0), None);
        assert_eq!(wait(&status(429, Some(u64::MAX)), true, 1, WAITS, 0.0), None);
    }

    #[test]
    fn the_wait_is_read_from_seconds_a_date_or_the_reset() {
        let now = Timestamp::from_second(784_111_777).unwrap(); // Sun, 06 Nov 1994 08:49:37 GMT
        let secs = |n| Some(Duration::from_secs(n));
        let table = [
            (Some("38"), None, None, secs(38)),
            (Some("Sun, 06 Nov 1994 08:50:00 GMT"), None, None, secs(23)),
            (Some("Sun, 06 Nov 1994 08:49:00 GMT"), None, None, secs(0)),
            (Some("soon"), None, None, None),
            (Some("-5"), None, None, None),
            (None, Some(0), Some("784111800"), secs(23)),
            (None, Some(3), Some("784111800"), None),
            (Some("soon"), Some(0), Some("784111800"), secs(23)),
            (None, Some(0), Some("99999999999999999"), None),
            (None, None, None, None),
        ];
        for (after, remaining, reset, expected) in table {
            assert_eq!(asked(after, remaining, reset, now), expected, "{after:?} {remaining:?}");
        }
    }
}

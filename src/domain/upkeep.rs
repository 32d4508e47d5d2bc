//! What is going to happen to a cluster without anybody's asking: its maintenance, and the end of its version.

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};

/// As the account tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upkeep {
    pub maintenance: Option<Maintenance>,
    /// From then on the version gets no repairs.
    pub end_of_life: Option<Date>,
}

/// A weekly window, in UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maintenance {
    pub day: Weekday,
    pub at: Time,
    /// What waits for it, in the provider's words.
    pub pending: Vec<String>,
}

/// Something to know before the cluster is worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The window opens within a day.
    Maintenance { at: Timestamp, pending: Vec<String> },
    /// The version's end has passed.
    Ended(Date),
    /// It ends within half a year.
    Ends(Date),
}

impl Upkeep {
    pub fn notices(&self, now: Timestamp) -> Vec<Notice> {
        let today = now.to_zoned(TimeZone::UTC).date();
        let window = self.maintenance.as_ref().and_then(|maintenance| {
            let at = maintenance.next(now)?;
            let is_near = at.duration_since(now).as_hours() < 24;
            is_near.then(|| Notice::Maintenance { at, pending: maintenance.pending.clone() })
        });
        let version = self.end_of_life.and_then(|end| {
            let soon = today.saturating_add(6.months());
            match end {
                end if end <= today => Some(Notice::Ended(end)),
                end if end <= soon => Some(Notice::Ends(end)),
                _ => None, // far away
            }
        });
        window.into_iter().chain(version).collect()
    }
}

impl Maintenance {
    /// When the window opens next.
    fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let today = now.to_zoned(TimeZone::UTC).date();
        let on =
            |date: Date| Some(date.to_datetime(self.at).to_zoned(TimeZone::UTC).ok()?.timestamp());
        let days = i64::from(today.weekday().until(self.day));
        let first = on(today.saturating_add(days.days()))?;
        if now <= first { Some(first) } else { on(today.saturating_add((days + 7).days())) }
    }
}

/// The provider's word: `sunday`.
pub fn weekday(word: &str) -> Option<Weekday> {
    Some(match word.to_ascii_lowercase().as_str() {
        "monday" => Weekday::Monday,
        "tuesday" => Weekday::Tuesday,
        "wednesday" => Weekday::Wednesday,
        "thursday" => Weekday::Thursday,
        "friday" => Weekday::Friday,
        "saturday" => Weekday::Saturday,
        "sunday" => Weekday::Sunday,
        _ => return None, // "any", or a word that is new to us
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn the_window_is_told_within_a_day_of_it_and_only_then() {
        // The 23rd of November 2025 is a Sunday.
        let maintenance =
            Maintenance { day: Weekday::Sunday, at: time(3, 0, 0, 0), pending: Vec::new() };
        let upkeep = Upkeep { maintenance: Some(maintenance), end_of_life: None };
        let next = |now: &str| match upkeep.notices(at(now)).as_slice() {
            [Notice::Maintenance { at, .. }] => Some(at.to_string()),
            _ => None, // nothing is near
        };
        let sunday = Some("2025-11-23T03:00:00Z".to_owned());
        assert_eq!(next("2025-11-22T02:59:00Z"), None);
        assert_eq!(next("2025-11-22T03:30:00Z"), sunday);
        assert_eq!(next("2025-11-23T03:00:00Z"), sunday);
        assert_eq!(next("2025-11-23T03:01:00Z"), None);
        assert_eq!(next("2025-11-29T12:00:00Z").as_deref(), Some("2025-11-30T03:00:00Z"));
    }

    #[test]
    fn a_version_is_told_when_its_end_is_near_or_past() {
        let upkeep = Upkeep { maintenance: None, end_of_life: Some(date(2026, 11, 12)) };
        let end = date(2026, 11, 12);
        assert_eq!(upkeep.notices(at("2025-11-24T00:00:00Z")), []);
        assert_eq!(upkeep.notices(at("2026-06-01T00:00:00Z")), [Notice::Ends(end)]);
        assert_eq!(upkeep.notices(at("2026-11-25T00:00:00Z")), [Notice::Ended(end)]);
    }

    #[test]
    fn a_window_on_any_day_has_no_weekday() {
        assert_eq!(weekday("Sunday"), Some(Weekday::Sunday));
        assert_eq!(weekday("any"), None);
    }
}

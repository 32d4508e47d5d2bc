//! The recording of connections, as a file keeps it: short lines, since there may be an hour of them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        activity::{Activity, Age, Holder, Sample, Span},
        capacity::Limits,
    },
    setup::saved::{at, time},
};

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct Recording {
    /// `max_connections`, and those reserved for superusers and for others.
    pub limits: Option<(u32, u32, u32)>,
    pub switch_began_at: Option<String>,
    pub switched_at: Option<String>,
    pub loads: Vec<(String, String)>,
    pub samples: Vec<Moment>,
}

/// Time, transactions, refusals, holders.
type Moment = (String, u64, u32, Vec<Held>);
/// Application, user, address, state, count; milliseconds of the longest, and how many are old.
type Held = (String, String, Option<String>, String, u32, Option<(u64, u32)>);

impl Recording {
    pub(super) fn of(activity: &Activity) -> Self {
        let limits = activity.limits;
        Self {
            limits: limits
                .map(|limits| (limits.max_connections, limits.superuser_reserved, limits.reserved)),
            switch_began_at: activity.switch_began_at.map(time),
            switched_at: activity.switched_at.map(time),
            loads: activity.loads.iter().map(|load| (time(load.from), time(load.until))).collect(),
            samples: activity.samples.iter().map(moment).collect(),
        }
    }

    pub fn activity(&self) -> Activity {
        let limits = |(max_connections, superuser_reserved, reserved)| Limits {
            max_connections,
            superuser_reserved,
            reserved,
        };
        let span = |(from, until): &(String, String)| Span { from: at(from), until: at(until) };
        Activity {
            limits: self.limits.map(limits),
            samples: self.samples.iter().map(sample).collect(),
            switched_at: self.switched_at.as_deref().map(at),
            switch_began_at: self.switch_began_at.as_deref().map(at),
            loads: self.loads.iter().map(span).collect(),
        }
    }
}

fn moment(sample: &Sample) -> Moment {
    let held = |holder: &Holder| {
        let age = holder.age.map(|age| (age.longest.as_millis() as u64, age.long));
        let Holder { application, user, address, state, count, .. } = holder.clone();
        (application, user, address, state, count, age)
    };
    let holders = sample.holders.iter().map(held).collect();
    (time(sample.at), sample.commits, sample.refused, holders)
}

fn sample((when, commits, refused, holders): &Moment) -> Sample {
    let holder = |(application, user, address, state, count, age): &Held| Holder {
        application: application.clone(),
        user: user.clone(),
        address: address.clone(),
        state: state.clone(),
        count: *count,
        age: age.map(|(longest, long)| Age { longest: Duration::from_millis(longest), long }),
    };
    Sample {
        at: at(when),
        holders: holders.iter().map(holder).collect(),
        commits: *commits,
        refused: *refused,
    }
}

//! A recording as a file for other programs: lines for a spreadsheet, or everything as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::domain::{
    activity::{
        Activity,
        verdict::{Comparison, RULE, Side},
    },
    capacity::Limits,
};

impl Activity {
    /// One line per sample, with a head: `time,connections,refused,commits,part`.
    pub fn csv(&self) -> String {
        let mut text = "time,connections,refused,commits,part\n".to_owned();
        for sample in &self.samples {
            let (total, part) = (sample.total(), self.part_of(sample.at).word());
            // Writing into a String never fails.
            writeln!(text, "{},{total},{},{},{part}", sample.at, sample.refused, sample.commits)
                .ok();
        }
        text
    }

    /// Everything that was seen, with the comparison and its rule. No secret is in it.
    pub fn json(&self, comparison: &Comparison) -> Value {
        let samples: Vec<Value> = self
            .samples
            .iter()
            .map(|sample| {
                let holders: Vec<Value> = sample
                    .holders
                    .iter()
                    .map(|holder| {
                        json!({
                            "application": holder.application, "user": holder.user, "address": holder.address,
                            "state": holder.state, "count": holder.count,
                        })
                    })
                    .collect();
                json!({
                    "at": sample.at.to_string(), "part": self.part_of(sample.at).word(),
                    "connections": sample.total(), "refused": sample.refused, "commits": sample.commits,
                    "holders": holders,
                })
            })
            .collect();
        json!({
            "version": 1,
            "limit": self.limits.map(Limits::usable),
            "switch_began_at": self.switch_began_at.map(|at| at.to_string()),
            "switched_at": self.switched_at.map(|at| at.to_string()),
            "verdict": comparison.verdict.word(),
            "meaning": comparison.sentence(),
            "rule": RULE,
            "before": comparison.before.as_ref().map(side),
            "after": comparison.after.as_ref().map(side),
            "samples": samples,
        })
    }
}

fn side(side: &Side) -> Value {
    json!({
        "samples": side.samples, "median": side.median, "peak": side.peak, "refused": side.refused,
        "transactions": side.transactions, "seconds": side.lasted.as_secs_f64(), "per_second": side.per_second,
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::activity::{Holder, Sample, verdict::compare};

    fn activity() -> Activity {
        let at = |second| Timestamp::from_second(second).unwrap();
        let sample = |second, count| Sample {
            at: at(second),
            holders: vec![Holder {
                application: "web, \"shop\"".to_owned(),
                user: "app".to_owned(),
                address: None,
                state: "hidden".to_owned(),
                count,
                age: None,
            }],
            commits: 7,
            refused: 1,
        };
        Activity {
            samples: vec![sample(0, 9), sample(1, 8), sample(2, 4)],
            switch_began_at: Some(at(1)),
            switched_at: Some(at(2)),
            ..Activity::default()
        }
    }

    #[test]
    fn each_sample_is_a_line_with_its_part() {
        assert_eq!(
            activity().csv(),
            "time,connections,refused,commits,part\n\
             1970-01-01T00:00:00Z,9,1,7,before\n\
             1970-01-01T00:00:01Z,8,1,7,meanwhile\n\
             1970-01-01T00:00:02Z,4,1,7,after\n"
        );
    }

    #[test]
    fn json_holds_the_samples_and_the_verdict_with_its_rule() {
        let activity = activity();
        let json = activity.json(&compare(&activity, 1));
        assert_eq!(json["verdict"], "Not proven yet");
        assert_eq!(json["rule"], RULE);
        assert_eq!(json["before"]["median"], 9);
        assert_eq!(json["samples"][2]["part"], "after");
        assert_eq!(json["samples"][0]["holders"][0]["application"], "web, \"shop\"");
    }
}

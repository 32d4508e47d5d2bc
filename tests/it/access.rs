//! This computer's timed access, from its rule to its end: also after a crash, beside other people, at two clusters.

use std::net::Ipv4Addr;

use poolwright::{
    domain::access::LeaseLength,
    practice::{
        account::{Beginning, Crowd, Trusted},
        faults::{Fault, Planned},
    },
    setup::{
        step::StepId,
        steps::{cluster, test},
    },
};
use serde_json::{Value, json};

use crate::paper::{Paper, Run};

const HERE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 7);

async fn shut() -> Paper {
    Paper::open(Beginning { trusted: Trusted::App, ..Beginning::default() }).await
}

async fn let_in(run: &mut Run, length: LeaseLength) {
    run.setup.steps.test.draft.address = HERE.to_string();
    run.setup.steps.test.draft.lease = length;
    run.act(test::Msg::Allow).await;
}

fn count(rules: &Value) -> usize {
    rules.as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_start_removes_what_a_crash_left() {
    let paper = shut().await;
    let before = paper.rules().await;
    let mut run = paper.start();
    run.ready().await;
    let_in(&mut run, LeaseLength::TwoHours).await;
    assert_eq!(run.setup.problem(StepId::Test), None);
    assert_eq!((count(&paper.rules().await), paper.notes().len()), (2, 1));
    // The program is gone, and nobody has cleaned up.
    drop(run);

    let mut next = paper.start();
    next.sign_in().await;
    assert_eq!(paper.rules().await, before);
    assert_eq!(paper.notes(), Vec::<std::path::PathBuf>::new());
    let told = &next.setup.record.entries[0].what;
    assert_eq!(
        told,
        "Access of 203.0.113.7 to contrezz-db-practice, left by an earlier run, removed"
    );
    assert_eq!(next.setup.facts.leases, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_program_that_runs_beside_the_first_leaves_its_access_alone() {
    let paper = shut().await;
    let mut first = paper.start();
    first.ready().await;
    let_in(&mut first, LeaseLength::TwoHours).await;
    let both = paper.rules().await;

    let mut second = paper.start();
    second.ready().await;
    assert_eq!(paper.rules().await, both);
    let_in(&mut second, LeaseLength::HalfAnHour).await;
    assert!(second.setup.facts.lease().unwrap().was_there);
    second.act(test::Msg::Remove).await;
    second.act(test::Msg::RemoveTimed).await;
    assert_eq!(paper.rules().await, both, "the first one's rule and its end are its own");
    first.act(test::Msg::RemoveTimed).await;
    assert_eq!(count(&paper.rules().await), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_elses_temporary_rule_for_the_same_address_is_theirs() {
    let paper = shut().await;
    let theirs = json!([
        { "type": "tag", "value": "web" },
        { "type": "ip_addr", "value": HERE.to_string(), "description": "Poolwright, temporary, until 23:59" },
    ]);
    paper.set_rules(theirs).await;
    let before = paper.rules().await;
    let mut run = paper.start();
    run.ready().await;
    let_in(&mut run, LeaseLength::TwoHours).await;
    let lease = run.setup.facts.lease().unwrap();
    assert!(lease.was_there && lease.until.is_none(), "{lease:?}");
    run.act(test::Msg::Remove).await;
    drop(run);
    paper.start().sign_in().await;
    assert_eq!((paper.rules().await, paper.notes().len()), (before, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_rule_is_found_again_after_another_tool_has_erased_its_description() {
    let paper = shut().await;
    let before = paper.rules().await;
    let mut run = paper.start();
    run.ready().await;
    let_in(&mut run, LeaseLength::TwoHours).await;
    let bare: Vec<Value> = paper
        .rules()
        .await
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| json!({ "uuid": rule["uuid"], "type": rule["type"], "value": rule["value"] }))
        .collect();
    paper.set_rules(json!(bare)).await;
    run.act(test::Msg::Remove).await;
    let after = paper.rules().await;
    assert_eq!((count(&after), &after[0]["uuid"]), (1, &before[0]["uuid"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn access_that_is_given_again_gets_another_end_and_one_that_is_to_stay_stays() {
    let paper = shut().await;
    let mut run = paper.start();
    run.ready().await;
    let_in(&mut run, LeaseLength::HalfAnHour).await;
    let short = paper.rules().await;
    let_in(&mut run, LeaseLength::UntilRemoved).await;
    let long = paper.rules().await;
    assert_eq!((count(&long), &long[1]["uuid"]), (2, &short[1]["uuid"]));
    assert_eq!(long[1]["description"], "Poolwright, temporary, until removed");
    let open = |run: &Run| run.setup.record.entries.iter().filter(|entry| !entry.undone).count();
    assert_eq!((run.setup.facts.leases.len(), open(&run)), (1, 1));
    run.act(test::Msg::RemoveTimed).await;
    drop(run);

    let mut next = paper.start();
    next.sign_in().await;
    assert_eq!(paper.rules().await, long);
    // It is still known for ours, and ends when the person says so.
    assert_eq!(next.setup.facts.leases.len(), 1);
    next.act(test::Msg::Remove).await;
    assert_eq!((count(&paper.rules().await), paper.notes().len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn access_to_a_second_cluster_does_not_lose_the_first_ones() {
    let crowd = Crowd { clusters: 1, ..Crowd::default() };
    let paper =
        Paper::open(Beginning { trusted: Trusted::App, crowd, ..Beginning::default() }).await;
    let list = paper.other.get("/v2/databases").await;
    let second = list.at("/databases").as_array().unwrap().last().unwrap()["id"].clone();
    let second = second.as_str().unwrap().to_owned();
    let second_path = format!("/v2/databases/{second}");
    let (one, other) = (paper.rules().await, paper.rules_of(&second_path).await);

    let mut run = paper.start();
    run.ready().await;
    let_in(&mut run, LeaseLength::TwoHours).await;
    run.act(cluster::Msg::Choose(poolwright::domain::cluster::ClusterId(second))).await;
    run.act(cluster::Msg::Use).await;
    run.setup.rules.production_named = Some("shop-prod-0000".to_owned());
    let_in(&mut run, LeaseLength::HalfAnHour).await;
    assert_eq!(run.setup.problem(StepId::Test), None);
    assert_eq!(run.setup.facts.leases.len(), 2);
    assert_eq!(
        (count(&paper.rules().await), count(&paper.rules_of(&second_path).await)),
        (count(&one) + 1, count(&other) + 1)
    );

    run.act(test::Msg::RemoveTimed).await;
    assert_eq!((paper.rules().await, paper.rules_of(&second_path).await), (one, other));
    assert_eq!((run.setup.facts.leases.len(), paper.notes().len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_whose_answers_were_all_lost_is_removed_at_the_next_start() {
    let paper = shut().await;
    let before = paper.rules().await;
    let mut run = paper.start();
    run.ready().await;
    let plan = |method: &str, after, times, fault| {
        let planned =
            Planned { method: method.to_owned(), path_end: "/firewall".to_owned(), times, fault };
        paper.account.plan_fault_after(after, planned)
    };
    plan("PUT", 0, 1, Fault::AnswerLost).await;
    plan("GET", 1, 4, Fault::ClosedBefore).await;
    let_in(&mut run, LeaseLength::TwoHours).await;
    assert!(run.problem(StepId::Test).outcome_unknown);
    assert_eq!(count(&paper.rules().await), 2);
    assert_eq!(run.setup.facts.leases.len(), 1, "it can be removed from here");
    drop(run);
    paper.start().sign_in().await;
    assert_eq!((paper.rules().await, paper.notes().len()), (before, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_that_vanish_while_ours_is_written_are_named() {
    let paper = shut().await;
    paper
        .set_rules(json!([
            { "type": "tag", "value": "web", "description": "all of it", "new": { "a": [1] } },
            { "type": "ip_addr", "value": "198.51.100.4", "description": "Office" },
        ]))
        .await;
    let mut run = paper.start();
    run.ready().await;
    // Our write takes its time to be answered; meanwhile somebody else writes a list that they read before.
    let late = Fault::Late(std::time::Duration::from_millis(300));
    let planned = Planned {
        method: "PUT".to_owned(),
        path_end: "/firewall".to_owned(),
        times: 1,
        fault: late,
    };
    paper.account.plan_fault(planned).await;
    let theirs = async {
        while count(&paper.rules().await) < 3 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let rules = paper.rules().await;
        paper.set_rules(json!([rules[1], rules[2]])).await;
    };
    tokio::join!(let_in(&mut run, LeaseLength::TwoHours), theirs);
    let problem = run.problem(StepId::Test);
    assert_eq!(problem.code, "rules lost");
    assert_eq!(problem.detail, ["missing: tag web all of it"]);
    assert!(!run.setup.facts.lease().unwrap().was_there, "ours is there and is to be removed");
}

//! Whatever stands in an account, what is sent back differs from what was read in what was planned, and in nothing else.

use poolwright::{
    domain::access::LeaseLength,
    practice::account::{Beginning, Call},
    setup::{
        Msg,
        step::StepId,
        steps::{app, pool, test},
    },
};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{
    paper::{Paper, timing},
    proof::proving,
};

const HERE: &str = "203.0.113.7";

/// So many values; small counts unless everything is to be proved.
fn samples<S: Strategy>(strategy: &S, few: usize, many: usize) -> Vec<S::Value> {
    let count = if proving() { many } else { few };
    let mut runner = TestRunner::new(Config::default());
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// Values that no type of ours knows.
fn unknown() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~]{0,12}".prop_map(Value::from),
        Just(json!("ünï €")),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,6}", inner, 0..4)
                .prop_map(|fields| fields.into_iter().rev().collect()),
        ]
    })
}

fn rule() -> impl Strategy<Value = Value> {
    let source = prop_oneof![
        9 => any::<[u8; 4]>().prop_map(|[a, b, c, d]| ("ip_addr", format!("{a}.{b}.{c}.{d}"))),
        9 => (any::<[u8; 3]>(), 9_u8..33)
            .prop_map(|([a, b, c], length)| { ("ip_addr", format!("{a}.{b}.{c}.0/{length}")) }),
        9 => "[a-z]{3,9}".prop_map(|name| ("tag", name)),
        9 => any::<u128>().prop_map(|id| ("app", uuid::Uuid::from_u128(id).to_string())),
        9 => any::<u32>().prop_map(|id| ("droplet", id.to_string())),
        1 => Just(("ip_addr", "203.0.113.0/24".to_owned())),
    ];
    let said = prop::option::of("[ -~]{0,20}");
    let extra = prop::collection::btree_map("x_[a-z]{1,5}", unknown(), 0..3);
    (source, said, extra).prop_map(|((kind, value), said, extra)| {
        let mut rule = serde_json::Map::new();
        rule.extend(extra);
        rule.insert("value".to_owned(), value.into());
        if let Some(said) = said {
            rule.insert("description".to_owned(), said.into());
        }
        rule.insert("type".to_owned(), kind.into());
        Value::Object(rule)
    })
}

/// The last list that was read and the list that was sent, where one was.
fn sent(calls: &mut mpsc::Receiver<Call>, path_end: &str) -> (Option<Value>, Option<Value>) {
    let (mut read, mut sent) = (None, None);
    while let Ok(call) = calls.try_recv() {
        if call.path.ends_with(path_end) && sent.is_none() {
            match call.method.as_str() {
                "GET" => read = call.answer,
                "PUT" => sent = call.body,
                _ => {} // only what is read and written counts
            }
        }
    }
    (read, sent)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trusted_sources_are_sent_back_as_they_were_but_for_ours() {
    let paper = Paper::open(Beginning::default()).await;
    let mut run = paper.start();
    run.ready().await;
    run.setup.steps.test.draft.lease = LeaseLength::TwoHours;
    HERE.clone_into(&mut run.setup.steps.test.draft.address);
    let mut calls = paper.account.calls().await.unwrap();
    let mut changed = 0;
    for (at, rules) in
        samples(&prop::collection::vec(rule(), 1..14), 60, 1500).into_iter().enumerate()
    {
        if at % 30 == 29 {
            // The budget of a minute is a run's own.
            run.runner = paper.runner(timing());
        }
        paper.set_rules(json!(rules)).await;
        while calls.try_recv().is_ok() {}

        run.act(test::Msg::Allow).await;
        let (read, put) = sent(&mut calls, "/firewall");
        let read = read.unwrap()["rules"].as_array().unwrap().clone();
        let Some(put) = put else {
            assert!(run.setup.facts.lease().unwrap().was_there, "{rules:?}");
            run.act(test::Msg::Remove).await;
            continue;
        };
        changed += 1;
        let put = put["rules"].as_array().unwrap().clone();
        let (ours, others) = put.split_last().unwrap();
        assert_eq!(json!(others).to_string(), json!(read).to_string());
        assert_eq!(ours["value"], HERE);

        run.act(test::Msg::Remove).await;
        let (with_ours, put) = sent(&mut calls, "/firewall");
        let mut with_ours = with_ours.unwrap()["rules"].as_array().unwrap().clone();
        with_ours.pop();
        let put = put.unwrap();
        assert_eq!(put["rules"].to_string(), json!(with_ours).to_string());
        assert_eq!(run.setup.problem(StepId::Test), None, "{rules:?}");
    }
    assert!(30 < changed, "{changed} lists were changed");
    paper.account.close().await;
}

#[derive(Clone, Debug)]
struct Variable {
    value: String,
    scope: Option<&'static str>,
    owner: usize,
    key_first: bool,
    extra: Option<Value>,
}

fn variable() -> impl Strategy<Value = Variable> {
    let scope = prop_oneof![Just(None), Just(Some("RUN_TIME")), Just(Some("BUILD_TIME"))];
    let extra = prop::option::of(unknown());
    ("[ -~]{1,24}", scope, 0_usize..4, any::<bool>(), extra).prop_map(
        |(value, scope, owner, key_first, extra)| Variable {
            // What looks like a binding or an encrypted value would be one.
            value: value.replace(['$', '['], "."),
            scope,
            owner,
            key_first,
            extra,
        },
    )
}

/// Where the app's URL stands, thirty variables, and fields that are new to us.
fn settings() -> impl Strategy<Value = (bool, Vec<Variable>, Vec<(String, Value)>)> {
    let fields = prop::collection::vec(("x_[a-z]{1,8}", unknown()), 0..5);
    (any::<bool>(), prop::collection::vec(variable(), 30), fields)
}

/// The spec with all of that in it; six of the variables are secrets.
fn filled(
    mut spec: Value,
    url_of_the_app: bool,
    variables: &[Variable],
    fields: Vec<(String, Value)>,
) -> Value {
    let url = spec["services"][0]["envs"].as_array_mut().unwrap().remove(0);
    let owner = if url_of_the_app { &mut spec } else { &mut spec["services"][0] };
    owner["envs"].as_array_mut().unwrap().push(url);
    spec["workers"] =
        json!([{ "name": "mailer", "envs": [], "x_unknown": [1.50, {"b": 1, "a": null}] }]);
    spec["jobs"] = json!([{ "kind": "PRE_DEPLOY", "name": "migrate" }]);
    for (at, variable) in variables.iter().enumerate() {
        let key = ("key".to_owned(), json!(format!("V{at}")));
        let value = ("value".to_owned(), json!(variable.value));
        let mut fields = if variable.key_first { vec![key, value] } else { vec![value, key] };
        fields.extend(variable.scope.map(|scope| ("scope".to_owned(), json!(scope))));
        fields.extend((at % 5 == 0).then(|| ("type".to_owned(), json!("SECRET"))));
        fields.extend(variable.extra.clone().map(|extra| ("x_extra".to_owned(), extra)));
        let owner = match variable.owner {
            0 => &mut spec,
            1 => &mut spec["services"][0],
            2 => &mut spec["workers"][0],
            _ => &mut spec["jobs"][0],
        };
        let owner = owner.as_object_mut().unwrap();
        let envs = owner.entry("envs").or_insert_with(|| json!([]));
        envs.as_array_mut().unwrap().push(Value::Object(fields.into_iter().collect()));
    }
    for (at, (name, value)) in fields.into_iter().enumerate() {
        let owner = if at % 2 == 0 { &mut spec } else { &mut spec["services"][0] };
        owner[&name] = value;
    }
    spec
}

/// What was sent with the planned changes taken back.
fn taken_back(mut put: Value, read: &Value, changes: &[(Option<String>, String, bool)]) -> Value {
    for (component, key, is_new) in changes {
        let pointer = match component.as_deref() {
            None => "/envs",
            Some("web") => "/services/0/envs",
            Some("migrate") => "/jobs/0/envs",
            Some(other) => panic!("nothing was to change at {other}"),
        };
        let old = read.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
        let envs = put.pointer_mut(pointer).unwrap().as_array_mut().unwrap();
        let at = envs.iter().position(|env| env["key"] == **key).unwrap();
        if *is_new {
            assert_eq!(at + 1, envs.len(), "new ones come last");
            envs.pop();
        } else {
            envs[at] = old[at].clone();
        }
        if *is_new && read.pointer(pointer).is_none() {
            let owner = put.pointer_mut(pointer.trim_end_matches("/envs")).unwrap();
            owner.as_object_mut().unwrap().shift_remove("envs");
        }
    }
    put
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_apps_settings_are_sent_back_as_they_were_but_for_the_planned_variables() {
    for (url_of_the_app, variables, fields) in samples(&settings(), 12, 200) {
        let paper = Paper::open(Beginning::default()).await;
        let spec = filled(paper.spec().await, url_of_the_app, &variables, fields);
        let app = paper.other.app().await;
        let put = paper.other.put(&app, json!({ "spec": spec })).await;
        assert_eq!(put.status, 200, "{}", put.body);
        let mut run = paper.start();
        run.ready().await;
        run.act(pool::Msg::Act).await;
        run.act(Msg::Go(StepId::App)).await;
        let plan = run.setup.steps.app.plan(&run.setup.facts).unwrap().unwrap();
        let changes: Vec<_> = plan
            .changes
            .iter()
            .map(|change| {
                (change.place.component.clone(), change.place.key.clone(), change.old.is_none())
            })
            .collect();
        // The app's own URL would reach the job that runs migrations, which gets the direct one.
        assert_eq!(changes.len(), if url_of_the_app { 2 } else { 1 }, "{changes:?}");

        let mut calls = paper.account.calls().await.unwrap();
        run.act(app::Msg::Switch).await;
        assert_eq!(run.setup.problem(StepId::App), None);
        let (read, put) = sent(&mut calls, app.rsplit('/').next().unwrap());
        let (read, put) = (read.unwrap()["app"]["spec"].clone(), put.unwrap());
        assert_eq!(put.as_object().unwrap().len(), 1, "nothing goes beside the spec");
        assert_eq!(
            read.to_string().matches("EV[1:").count(),
            7,
            "six of ours, and the session's key"
        );
        let back = taken_back(put["spec"].clone(), &read, &changes);
        assert_eq!(back.to_string(), read.to_string());
        // And what arrived is what was sent.
        assert_eq!(paper.spec().await.to_string(), put["spec"].to_string());
        paper.account.close().await;
    }
}

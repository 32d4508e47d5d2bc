//! Page 6: both ports stage by stage, what stands behind the pooled one, and this computer's timed access.

use std::net::{Ipv4Addr, Ipv6Addr};

use egui::{RichText, Ui};

use crate::{
    domain::{
        access::{self, LeaseLength, MANY_RULES, Rule},
        secret::Secret,
        stages::{BothPorts, Outcome, Port, Probe, Stage, Tracking},
    },
    setup::{
        Setup,
        facts::Facts,
        may_change,
        step::StepId,
        steps::test::{Draft, Msg, Phase, Step},
    },
    ui::{
        act::{Act, Copied},
        brake,
        kit::{
            self, Icon,
            stages::{Cell, Head, Mark, Row},
        },
        theme::{Theme, gap},
    },
};

pub fn show(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let mut act = None;
    let rules = setup.facts.cluster.as_ref().and_then(|facts| facts.trusted_sources.clone());
    let lets_in = setup.facts.established(StepId::Test);
    // First where it is open, or where a test did not pass; else behind the result.
    let first = setup.facts.lease().is_some() || setup.facts.tested.is_some() && !lets_in;
    if let Some(rules) = rules.as_ref().filter(|_| first) {
        act = kit::card(ui, Some("Access of this computer"), |ui| access(ui, setup, rules));
    }
    act = result(ui, &setup.steps.test, &setup.facts).or(act);
    if let Some(probe) = setup.facts.tested.as_ref().and_then(|tested| tested.probe) {
        behind(ui, &setup.facts, probe);
    }
    if let Some(rules) = rules.filter(|_| !first) {
        let opened = kit::fold(ui, "Access of this computer", |ui| access(ui, setup, &rules));
        act = opened.flatten().or(act);
    }
    kit::fold(ui, "Why stage by stage?", |ui| {
        kit::paragraph(
            ui,
            "A connection goes through seven stages. The first that does not pass tells the cause: no address points at the name, no answer on the port at the trusted sources, a refused sign-in at the password, an unknown database on the pooled port at the pool's name.",
        );
        kit::paragraph(
            ui,
            "“It really is” compares process ids: PostgreSQL tells the same one at sign-in and in a query, a pooler does not. The test reads only; it changes nothing.",
        );
    });
    act
}

/// Whether this computer may connect, and the rule that lets it in for a while. Step 3 asks for it too.
pub(super) fn access(ui: &mut Ui, setup: &mut Setup, rules: &[Rule]) -> Option<Act> {
    let theme = Theme::of(ui);
    if let Some(lease) = setup.facts.lease() {
        let until = lease.until.map_or("until it is removed".to_owned(), |until| {
            format!("until {}", kit::clock(until))
        });
        let text = format!("{} is a trusted source {until}.", lease.address);
        kit::marked(ui, Icon::Done, theme.success.text, "Open", &text);
        return if lease.was_there {
            kit::caption(ui, "The rule was there before. It is not removed by this program.");
            None
        } else {
            let end = match lease.until {
                Some(_) => {
                    "It is removed at that time, or when the program ends; after a crash, at the next start. No other rule is touched."
                }
                None => "It stays when the program ends. No other rule is touched.",
            };
            kit::caption(ui, end);
            let idle = matches!(setup.steps.test.phase, Phase::Idle | Phase::Failed(_));
            ui.add_enabled_ui(idle, |ui| kit::secondary_button(ui, "Remove the access now"))
                .inner
                .clicked()
                .then(|| Msg::Remove.into())
        };
    }
    if rules.is_empty() {
        let text = "Every address may try to connect: the cluster has no trusted sources.";
        kit::marked(ui, Icon::Info, theme.info.text, "Note", text);
        kit::caption(
            ui,
            "The first one shuts everybody else out, the app too, so none is added from here. To close the cluster, add the app first, on the cluster's Network Access page; App Platform then starts a deployment of it.",
        );
        return None;
    }
    let address: Option<Ipv4Addr> = setup.steps.test.draft.address.trim().parse().ok();
    kit::paragraph(ui, &who_may(rules, address));
    if address.is_some_and(|address| access::lets_in(rules, address)) {
        return None;
    }
    if MANY_RULES <= rules.len() {
        let text = format!("DigitalOcean may take no more than {MANY_RULES}; then it says so.");
        kit::caption(ui, &text);
    }
    let blocked = may_change(&setup.facts, &setup.rules).err();
    let step = &mut setup.steps.test;
    let idle = matches!(step.phase, Phase::Idle | Phase::Failed(_));
    let act = lease_form(ui, &mut step.draft, address, idle, blocked.as_deref());
    brake::in_card(ui, setup);
    act
}

/// `Only 3 trusted sources may connect, and this computer (203.0.113.7) is not one of them.`
fn who_may(rules: &[Rule], address: Option<Ipv4Addr>) -> String {
    let sources = kit::count(rules.len(), "trusted source", "trusted sources");
    match address {
        Some(address) if access::lets_in(rules, address) => {
            format!("Only {sources} may connect, and this computer ({address}) is one of them.")
        }
        Some(address) => {
            format!("Only {sources} may connect, and this computer ({address}) is not one of them.")
        }
        None => format!(
            "Only {sources} may connect. Whether this computer is one of them is known once its address is."
        ),
    }
}

fn lease_form(
    ui: &mut Ui,
    draft: &mut Draft,
    address: Option<Ipv4Addr>,
    idle: bool,
    blocked: Option<&str>,
) -> Option<Act> {
    let mut act = None;
    ui.columns(2, |columns| {
        let [left, right] = columns else { return };
        kit::field(
            left,
            "Public address of this computer",
            &mut draft.address,
            "IPv4, as 203.0.113.7",
        );
        let lengths = LeaseLength::ALL.map(|length| (length, length.words().to_owned()));
        kit::select(right, "Allow for", &mut draft.lease, &lengths);
    });
    ui.horizontal_wrapped(|ui| {
        let find =
            ui.add_enabled_ui(idle, |ui| kit::secondary_button(ui, "Find the address")).inner;
        if find.clicked() {
            act = Some(Msg::FindAddress.into());
        }
        let who = address.map_or("the address".to_owned(), |address| address.to_string());
        let label = match draft.lease.duration() {
            Some(_) => format!("Allow {who} for {}", draft.lease.words()),
            None => format!("Allow {who} until I remove it"),
        };
        let possible = idle && address.is_some() && blocked.is_none();
        let allow = ui.add_enabled_ui(possible, |ui| kit::secondary_button(ui, &label)).inner;
        if allow.clicked() {
            act = Some(Msg::Allow.into());
        }
    });
    kit::caption(
        ui,
        "“Find the address” asks checkip.amazonaws.com and ipv4.icanhazip.com which address this computer has; both must say the same. Nothing else is sent to them.",
    );
    let is_ipv6 = draft.address.trim().parse::<Ipv6Addr>().is_ok();
    match (blocked, address) {
        (Some(why), _) => kit::caption(ui, why),
        (None, None) if is_ipv6 => kit::caption(
            ui,
            "This is an IPv6 address. DigitalOcean's trusted sources accept only IPv4 addresses.",
        ),
        (None, None) => kit::caption(ui, "To allow this computer, its address is needed first."),
        (None, Some(_)) if draft.lease.duration().is_none() => kit::caption(
            ui,
            "The rule is added to the others and read back. It stays when the program ends.",
        ),
        (None, Some(_)) => kit::caption(
            ui,
            "The rule is added to the others and read back. It is removed at its time, or when the program ends.",
        ),
    };
    act
}

fn result(ui: &mut Ui, step: &Step, facts: &Facts) -> Option<Act> {
    let number = |port: Port| {
        facts.urls.as_ref().map_or(String::new(), |urls| {
            let url = match port {
                Port::Pooled => &urls.pooled,
                Port::Direct => &urls.direct,
            };
            format!("port {}", url.port)
        })
    };
    let (pooled, direct) = (number(Port::Pooled), number(Port::Direct));
    let heads =
        [Head { name: "Pooled", detail: &pooled }, Head { name: "Direct", detail: &direct }];
    let running = matches!(step.phase, Phase::Running(_));
    kit::card(ui, None, |ui| {
        let rows = rows(&step.live, running);
        kit::stages::stages(ui, &heads, &rows);
        let tested = facts.tested.as_ref()?;
        ui.add_space(gap::S);
        let mut act = None;
        ui.horizontal_wrapped(|ui| {
            let name = "Copy the result for a ticket";
            if kit::copy_button(ui, name, name) {
                let kind = "Result of the test".to_owned();
                let text = Secret::new(ticket(&step.live));
                act = Some(Act::Copy(Copied { text, kind, secret: false }));
            }
            let version = tested.server_version.as_deref();
            let version =
                version.map(|version| format!(" · PostgreSQL {version}")).unwrap_or_default();
            let text = format!("Tested at {}{version}", kit::clock(tested.at));
            ui.label(RichText::new(text).small().color(Theme::of(ui).text_2));
        });
        act
    })
}

fn rows(ports: &BothPorts, running: bool) -> Vec<Row> {
    Stage::ALL
        .into_iter()
        .map(|stage| Row {
            title: stage.title().to_owned(),
            cells: Port::BOTH
                .into_iter()
                .map(|port| {
                    let column = ports.column(port);
                    cell(column.get(stage), running && column.problem().is_none())
                })
                .collect(),
        })
        .collect()
}

/// `waiting`: the test runs and may still come to this stage.
fn cell(outcome: &Outcome, waiting: bool) -> Cell {
    let cell = |mark, found: &str, took| Cell { mark, found: found.to_owned(), took };
    match outcome {
        Outcome::NotReached if waiting => cell(Mark::NotReached, "waiting", None),
        Outcome::NotReached => cell(Mark::NotReached, "not reached", None),
        Outcome::Running => cell(Mark::Running, "running", None),
        Outcome::Waiting(why) => cell(Mark::Running, why, None),
        Outcome::Passed { found, took } => cell(Mark::Passed, found, Some(*took)),
        Outcome::Unverified { found, took } => cell(Mark::Unverified, found, Some(*took)),
        Outcome::Failed(problem) => cell(Mark::Failed, &problem.what, None),
    }
}

/// The result as plain text. Found texts and problems carry no secret.
fn ticket(ports: &BothPorts) -> String {
    let mut lines = Vec::new();
    for port in Port::BOTH {
        for stage in Stage::ALL {
            let told = match ports.column(port).get(stage) {
                Outcome::NotReached | Outcome::Running | Outcome::Waiting(_) => {
                    "not reached".to_owned()
                }
                Outcome::Passed { found, took } => {
                    format!("passed: {found} ({})", kit::took(*took))
                }
                Outcome::Unverified { found, took } => {
                    format!("passed, not verified: {found} ({})", kit::took(*took))
                }
                Outcome::Failed(problem) => {
                    let detail = problem.detail.join("; ");
                    format!("[{}] {} {} {detail}", problem.code, problem.what, problem.why)
                }
            };
            lines.push(format!("{:<7} {:<17} {}", port.word(), stage.title(), told.trim_end()));
        }
    }
    lines.join("\n")
}

/// What the probe on a second connection found.
fn behind(ui: &mut Ui, facts: &Facts, probe: Probe) {
    let theme = Theme::of(ui);
    kit::card(ui, Some("What stands behind the pooled port"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::XS;
        let ordered = facts.pool.as_ref().map(|pool| pool.mode);
        match probe.mode {
            Some(mode) if ordered.is_none_or(|ordered| ordered == mode) => {
                let text = format!("{} mode: {}.", mode.title(), mode.meaning());
                kit::marked(ui, Icon::Done, theme.success.text, "Proved", &text);
            }
            Some(mode) => {
                let text = format!("{} mode was found, another was asked for.", mode.title());
                kit::marked(ui, Icon::Warning, theme.warning.text, "Warning", &text);
            }
            None => {
                kit::marked(ui, Icon::Info, theme.info.text, "Unclear", "The mode stayed unclear.");
            }
        }
        let (mark, color, word, text) = match probe.tracking {
            Tracking::Tracked => (
                Icon::Done,
                theme.success.text,
                "Proved",
                "Prepared statements are followed from one server connection to the next; libraries may use them.",
            ),
            Tracking::NotTracked => (
                Icon::Warning,
                theme.warning.text,
                "Warning",
                "Prepared statements are lost between transactions. The pooled URL says so to the libraries that prepare by name.",
            ),
            Tracking::Unknown => (
                Icon::Info,
                theme.info.text,
                "Unclear",
                "Whether prepared statements are followed stayed unclear. The URL is written in its safe form.",
            ),
        };
        kit::marked(ui, mark, color, word, text);
    });
}

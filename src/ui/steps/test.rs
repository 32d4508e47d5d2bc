//! Page 6: both ports stage by stage, what stands behind the pooled one, and this computer's timed access.

mod access;
mod behind;

pub(super) use access::access;

use egui::{Key, Label, RichText, Ui, accesskit::Live};
use jiff::Timestamp;

use crate::{
    domain::{
        diagnosis::Repair,
        problem::Quote,
        secret::Secret,
        stages::{BothPorts, Outcome, Port, Stage, Tested},
    },
    setup::{
        Setup,
        facts::Facts,
        steps::test::{Msg, Phase, Step, TypedPassword},
    },
    ui::{
        act::{Act, Copied},
        kit::{
            self, Icon,
            stages::{Cell, Head, Mark, Row},
        },
        theme::{Theme, gap},
    },
};

pub fn show(ui: &mut Ui, setup: &mut Setup, now: Timestamp) -> Option<Act> {
    let mut act = None;
    let rules = setup.facts.cluster.as_ref().and_then(|facts| facts.trusted_sources.clone());
    act = password(ui, &mut setup.steps.test).or(act);
    // First where it is open or may be what is missing; else behind the result.
    let first = setup.facts.lease().is_some() || silent(&setup.steps.test.live);
    if let Some(rules) = rules.as_ref().filter(|_| first) {
        act = kit::card(ui, Some("Access of this computer"), |ui| access::access(ui, setup, rules))
            .or(act);
    }
    act = result(ui, &setup.steps.test, &setup.facts, now).or(act);
    if let Some(probe) = setup.facts.tested.as_ref().and_then(|tested| tested.probe) {
        act = behind::behind(ui, setup, probe).or(act);
    }
    if let Some(rules) = rules.filter(|_| !first) {
        let opened =
            kit::fold(ui, "Access of this computer", |ui| access::access(ui, setup, &rules));
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

/// A port did not answer at all, as where this computer is no trusted source.
fn silent(ports: &BothPorts) -> bool {
    Port::BOTH.into_iter().any(|port| {
        matches!(ports.column(port).get(Stage::Port), Outcome::Failed(problem) if problem.code.starts_with("time-out"))
    })
}

/// Where another password is typed.
fn password(ui: &mut Ui, step: &mut Step) -> Option<Act> {
    let idle = matches!(step.phase, Phase::Idle | Phase::Failed(_));
    let TypedPassword { user, typed } = step.draft.password.as_mut()?;
    kit::card(ui, Some("Another password"), |ui| {
        // The field edits a plain text; the copy made for it is wiped after each frame.
        let mut text = zeroize::Zeroizing::new(typed.expose().to_owned());
        let label = format!("Password of {user}");
        let field = kit::form(ui, |ui| kit::secret_field(ui, &label, &mut text));
        if field.changed() {
            *typed = Secret::new(text.as_str());
        }
        kit::caption(ui, "As it is, without the encoding of a URL. It is not written to disk.");
        ui.add_space(gap::XS);
        let usable = idle && !text.is_empty();
        let label = "Use this password and test again";
        let button = ui.add_enabled_ui(usable, |ui| kit::secondary_button(ui, label)).inner;
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        (button.clicked() || entered && usable).then(|| Msg::UsePassword.into())
    })
}

fn result(ui: &mut Ui, step: &Step, facts: &Facts, now: Timestamp) -> Option<Act> {
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
    let old = facts.tested.as_ref().and_then(|tested| tested.old(now));
    kit::card(ui, None, |ui| {
        let rows = rows(&step.live, running);
        match old {
            Some(_) => kit::stages::old_stages(ui, &heads, &rows),
            None => kit::stages::stages(ui, &heads, &rows),
        }
        let tested = facts.tested.as_ref()?;
        // Nothing else would draw the page when the result gets old.
        ui.ctx().request_repaint_after(Tested::FRESH);
        ui.add_space(gap::S);
        let mut act = None;
        let theme = Theme::of(ui);
        let unverified = is_unverified(&step.live);
        if unverified {
            let text = "Encrypted, but nobody verified the server: without the cluster's certificate another one could answer in its place. The password was proved, not sent.";
            kit::marked(ui, Icon::Warning, theme.warning.text, "Warning", text);
        }
        ui.horizontal_wrapped(|ui| {
            let told = facts.cluster.as_ref().is_some_and(|cluster| cluster.ca.is_some());
            let label = "Use this cluster's certificate and test again";
            if unverified && told && kit::secondary_button(ui, label).clicked() {
                act = Some(Msg::Repair(Repair::Certificate).into());
            }
            let name = "Copy the result for a ticket";
            if kit::copy_button(ui, name, name) {
                let kind = "Result of the test".to_owned();
                let text = Secret::new(ticket(&step.live, facts, tested));
                act = Some(Act::Copy(Copied { text, kind, secret: false }));
            }
            let version = tested.server_version.as_deref();
            let version =
                version.map(|version| format!(" · PostgreSQL {version}")).unwrap_or_default();
            let when = match old {
                Some(age) => format!("Tested {} ago; it may not hold any more", kit::ago(age)),
                None => format!("Both connections work. Tested at {}", kit::clock(tested.at)),
            };
            let color = if old.is_some() { theme.idle } else { theme.text_2 };
            // On the next line as a whole, where it has no room beside the buttons.
            let told = RichText::new(format!("{when}{version}")).small().color(color);
            let told = ui.add(Label::new(told).extend());
            if old.is_none() {
                ui.ctx().accesskit_node_builder(told.id, |node| node.set_live(Live::Polite));
            }
        });
        act
    })
}

/// Encrypted, and nobody verified who answers.
fn is_unverified(ports: &BothPorts) -> bool {
    Port::BOTH
        .into_iter()
        .any(|port| matches!(ports.column(port).get(Stage::Encryption), Outcome::Unverified { .. }))
}

fn rows(ports: &BothPorts, running: bool) -> Vec<Row> {
    let mut rows: Vec<Row> = Stage::ALL
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
        .collect();
    // One host, one address.
    if let Some([pooled, direct]) = rows.first_mut().map(|row| row.cells.as_mut_slice())
        && pooled.found == direct.found
        && direct.mark == Mark::Passed
    {
        "same".clone_into(&mut direct.found);
    }
    rows
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

/// The result as plain text. Found texts and problems carry no secret, URLs no password.
fn ticket(ports: &BothPorts, facts: &Facts, tested: &Tested) -> String {
    let version = tested.server_version.as_deref().unwrap_or("not known");
    let mut lines = vec![format!(
        "Poolwright {}, tested {}, PostgreSQL {version}",
        env!("CARGO_PKG_VERSION"),
        tested.at.strftime("%Y-%m-%d %H:%M:%S UTC"),
    )];
    for port in Port::BOTH {
        if let Some(urls) = &facts.urls {
            let url = match port {
                Port::Pooled => &urls.pooled,
                Port::Direct => &urls.direct,
            };
            lines.push(format!("{:<7} {}", port.word(), url.without_password().masked()));
        }
    }
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
                    let quote = problem.quote.as_ref().map(Quote::sentence);
                    let more: Vec<&str> =
                        quote.iter().chain(&problem.detail).map(String::as_str).collect();
                    let more = more.join("; ");
                    format!("[{}] {} {} {more}", problem.code, problem.what, problem.why)
                }
            };
            lines.push(format!("{:<7} {:<17} {}", port.word(), stage.title(), told.trim_end()));
        }
    }
    lines.extend(tested.probe.map(behind::sentence));
    lines.join("\n")
}

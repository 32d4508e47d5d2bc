//! One URL in its parts: what each means here, and how to copy, show and edit it.

use egui::{Id, Label, RichText, Ui};

use crate::{
    domain::{
        client::ClientUrl,
        conn_url::{ConnUrl, PieceKind, parameters::known},
        secret::Secret,
        stages::Port,
        words::capital,
    },
    setup::{
        facts::{Facts, Urls},
        steps::urls::Step,
    },
    ui::{
        act::{Act, Copied},
        kit::{self, Column, Half, Part},
        theme::Theme,
    },
};

pub(super) fn card(
    ui: &mut Ui,
    facts: &Facts,
    urls: &Urls,
    port: Port,
    made: &ClientUrl,
) -> Option<Act> {
    let url = &made.url;
    let title = match port {
        Port::Pooled => format!("For your app (pooled, port {})", url.port),
        Port::Direct => format!("For migrations and administration (direct, port {})", url.port),
    };
    let key = match port {
        Port::Pooled => &urls.keys.0,
        Port::Direct => &urls.keys.1,
    };
    let name = name(port);
    kit::card(ui, Some(&title), |ui| {
        let shown = Shown::of(ui, port);
        let pieces = if shown.now { made.pieces_in_clear() } else { made.pieces() };
        let lead = pieces.iter().position(|piece| piece.kind == PieceKind::Database).unwrap_or(0);
        let parts: Vec<Part> = pieces
            .into_iter()
            .map(|piece| Part {
                name: part_name(&piece.kind, port),
                sentence: sentence(&piece.kind, facts, port, made),
                said: (piece.kind == PieceKind::Password && !shown.now).then_some("hidden"),
                text: piece.text,
            })
            .collect();
        kit::anatomy(ui, &name, &parts, lead);
        let act = ui
            .horizontal_wrapped(|ui| {
                let act = copies(ui, port, made);
                shown.toggle(ui, &name);
                // On the next line as a whole, where it has no room beside the buttons.
                let goes = RichText::new(format!("goes into {key}")).small();
                ui.add(Label::new(goes.color(Theme::of(ui).text_2)).extend());
                act
            })
            .inner;
        kit::fold(ui, &format!("Why these parameters, {}?", port.word()), |ui| {
            let columns = [Column::text_of("Parameter", 200.0), Column::text("Reason")];
            kit::table(ui, &format!("Parameters of the {name}"), &columns, &reasons(made));
        });
        act
    })
}

fn name(port: Port) -> String {
    format!("{} URL", capital(port.word()))
}

/// Why each parameter is there, why some are not, and what the others mean.
fn reasons(made: &ClientUrl) -> Vec<Vec<String>> {
    let with_reason =
        made.reasons.iter().map(|(parameter, reason)| vec![parameter.clone(), reason.clone()]);
    let kept = made.url.parameters.iter().filter(|(key, _)| made.reason(key).is_none());
    with_reason.chain(kept.map(|(key, _)| vec![key.clone(), meaning(key)])).collect()
}

fn meaning(parameter: &str) -> String {
    known(parameter).map_or_else(
        || "Not known here; it is kept as it was.".to_owned(),
        |parameter| parameter.meaning.to_owned(),
    )
}

/// With its password, for the clipboard.
pub(super) fn whole(port: Port, made: &ClientUrl) -> Copied {
    let kind = format!("{} with password", name(port));
    Copied { text: made.text(), kind, secret: true }
}

fn copies(ui: &mut Ui, port: Port, made: &ClientUrl) -> Option<Act> {
    let name = name(port);
    let mut act = None;
    if kit::copy_button(ui, "Copy", &format!("Copy {name} with password")) {
        act = Some(Act::Copy(whole(port, made)));
    }
    if kit::copy_button(ui, "Copy without password", &format!("Copy {name} without password")) {
        let kind = format!("{name} without password");
        act = Some(Act::Copy(Copied { text: made.without_password(), kind, secret: false }));
    }
    act
}

/// A password stands on the screen for half a minute, and only while the window has the focus.
struct Shown {
    id: Id,
    now: bool,
}

impl Shown {
    const SECONDS: f64 = 30.0;

    fn of(ui: &Ui, port: Port) -> Self {
        let id = Id::unique("password shown until").with(port.word());
        let (time, focused) = ui.input(|input| (input.time, input.focused));
        let left = ui.data(|data| data.get_temp::<f64>(id)).unwrap_or(0.0) - time;
        let now = 0.0 < left && focused;
        if now {
            ui.request_repaint_after(std::time::Duration::from_secs_f64(left));
        } else {
            ui.data_mut(|data| data.remove::<f64>(id));
        }
        Self { id, now }
    }

    fn toggle(&self, ui: &mut Ui, name: &str) {
        let label = if self.now { "Hide" } else { "Show" };
        let response = kit::secondary_button(ui, label)
            .accessible_name(format!("{label} the password of the {name}"));
        if response.clicked() {
            let until = ui.input(|input| input.time) + Self::SECONDS;
            ui.data_mut(|data| {
                if self.now {
                    data.remove::<f64>(self.id);
                } else {
                    data.insert_temp(self.id, until);
                }
            });
            ui.request_repaint();
        }
    }
}

fn part_name(kind: &PieceKind, port: Port) -> &'static str {
    match (kind, port) {
        (PieceKind::Scheme, _) => "scheme",
        (PieceKind::User, _) => "user",
        (PieceKind::Password, _) => "password",
        (PieceKind::Host, _) => "host",
        (PieceKind::Port, _) => "port",
        (PieceKind::Database, Port::Pooled) => "pool's name",
        (PieceKind::Database, Port::Direct) => "database",
        (PieceKind::Parameter(_), _) => "parameter",
    }
}

fn sentence(kind: &PieceKind, facts: &Facts, port: Port, made: &ClientUrl) -> String {
    let url = &made.url;
    match kind {
        PieceKind::Scheme => "The client knows by this beginning what it connects to.".to_owned(),
        PieceKind::User => user_sentence(facts, port, &url.user),
        PieceKind::Password => {
            "Special characters are encoded, so that every tool reads the same password.".to_owned()
        }
        PieceKind::Host => host_sentence(facts, url).to_owned(),
        PieceKind::Port => port_sentence(port).to_owned(),
        PieceKind::Database => database_sentence(facts, port, &url.database),
        PieceKind::Parameter(key) => made.reason(key).map_or_else(|| meaning(key), str::to_owned),
    }
}

fn user_sentence(facts: &Facts, port: Port, user: &str) -> String {
    match port {
        Port::Pooled if facts.pool.as_ref().is_some_and(|pool| pool.user.is_none()) => {
            format!(
                "The pool has no user of its own; each client signs in as itself, here as {user}."
            )
        }
        Port::Pooled => format!("The pool signs in to the database as {user}."),
        Port::Direct => format!("{user} owns the tables that migrations change."),
    }
}

fn host_sentence(facts: &Facts, url: &ConnUrl) -> &'static str {
    let private = facts.cluster.as_ref().and_then(|facts| facts.cluster.private.as_ref());
    if private.is_some_and(|private| private.host == url.host) || url.host.starts_with("private-") {
        "The cluster's private host, reached from DigitalOcean's network only."
    } else {
        "The cluster's public host. Pool and database stand behind the same name, on two ports."
    }
}

fn port_sentence(port: Port) -> &'static str {
    match port {
        Port::Pooled => "The port of PgBouncer, which lends out the connections of the pool.",
        Port::Direct => "The port of PostgreSQL itself: one connection per client.",
    }
}

fn database_sentence(facts: &Facts, port: Port, database: &str) -> String {
    match (port, &facts.pool) {
        (Port::Pooled, Some(pool)) if pool.name.as_str() == database => Step::pool_sentence(pool),
        (Port::Pooled, _) => {
            format!("On this port the last part is the name of a pool: here “{database}”.")
        }
        (Port::Direct, _) => format!("“{database}” is the database itself."),
    }
}

/// The parts of a pasted URL as fields; what is changed there changes the URL.
pub(super) fn edit(ui: &mut Ui, url: &mut ConnUrl, port: Port) {
    let word = port.word();
    kit::halves(ui, |ui, half| match half {
        Half::Left => {
            kit::field(ui, &format!("Host, {word}"), &mut url.host, "");
        }
        Half::Right => {
            let mut number = u32::from(url.port);
            kit::number(ui, &format!("Port, {word}"), &mut number, 1..=65535);
            url.port = u16::try_from(number).unwrap_or(url.port);
        }
    });
    let name = part_name(&PieceKind::Database, port);
    let name = if port == Port::Pooled { "Pool's name".to_owned() } else { capital(name) };
    kit::halves(ui, |ui, half| {
        match half {
            Half::Left => kit::field(ui, &format!("{name}, {word}"), &mut url.database, ""),
            Half::Right => kit::field(ui, &format!("User, {word}"), &mut url.user, ""),
        };
    });
    // The field edits a plain text; the copy made for it is wiped after each frame.
    let text = url.password.as_ref().map_or("", |password| password.expose());
    let mut text = zeroize::Zeroizing::new(text.to_owned());
    if kit::secret_field(ui, &format!("Password, {word}"), &mut text).changed() {
        url.password = (!text.is_empty()).then(|| Secret::new(text.as_str()));
    }
}

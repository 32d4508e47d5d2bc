//! Page 5: both URLs in their parts, in the form that the project's client reads, checked as a pair.

use egui::{Id, RichText, Ui};

use crate::{
    domain::{
        conn_url::{ConnUrl, PairFinding},
        secret::Secret,
        stack::{self, Client, ClientUrl},
        stages::Port,
    },
    setup::{
        Setup,
        facts::{Facts, Urls},
        steps::urls::KEYS,
    },
    ui::{
        act::{Act, Copied},
        kit::{self, Column, Icon, Part},
        theme::{Theme, gap},
    },
};

pub fn show(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    hidden_password(ui, setup);
    let view = View::now(ui, &setup.facts);
    let urls = setup.steps.urls.build(&setup.facts);
    let mut act = None;
    match &urls {
        Ok(urls) => {
            for port in Port::BOTH {
                let url = view.url(&setup.facts, urls, port);
                act = card(ui, &setup.facts, urls, port, &url).or(act);
            }
        }
        Err(why) => kit::note(ui, Theme::of(ui).info, Icon::Info, "No URLs yet.", why),
    }
    form(ui, setup, view);
    if let Ok(urls) = &urls {
        let findings = setup.steps.urls.findings(&setup.facts);
        kit::card(ui, Some("Pair check"), |ui| pair(ui, &findings));
        act = certificate(ui, urls).or(act);
    }
    why(ui);
    act
}

/// A password that the account does not show has to be pasted.
fn hidden_password(ui: &mut Ui, setup: &mut Setup) {
    let draft = &mut setup.steps.urls.draft;
    let Some(role) = setup.facts.pool.as_ref().and_then(|pool| pool.user.clone()) else { return };
    let known =
        setup.facts.cluster.as_ref().is_some_and(|facts| facts.password_of(&role).is_some());
    if known && draft.password.is_none() {
        return;
    }
    kit::card(ui, Some("Password"), |ui| {
        kit::paragraph(
            ui,
            &format!(
                "The account does not show the password of {role} to this token. It is used for both URLs and is not written to disk."
            ),
        );
        // The field edits a plain text; the copy made for it is wiped after each frame.
        let text = draft.password.as_ref().map_or("", |password| password.expose());
        let mut text = zeroize::Zeroizing::new(text.to_owned());
        if kit::secret_field(ui, &format!("Password of {role}"), &mut text).changed() {
            draft.password = (!text.is_empty()).then(|| Secret::new(text.as_str()));
        }
    });
}

/// How the URLs are shown and copied. Neither the files nor the account depend on it.
#[derive(Clone, Copy)]
struct View {
    client: Client,
    private: bool,
}

impl View {
    fn ids() -> (Id, Id) {
        (Id::unique("client of the URLs"), Id::unique("place of the code"))
    }

    /// What was chosen last, else what suits the project.
    fn now(ui: &Ui, facts: &Facts) -> Self {
        let ids = Self::ids();
        let known = facts.project.as_ref().map_or(Client::Unknown, |project| project.client);
        Self {
            client: ui.data(|data| data.get_temp(ids.0)).unwrap_or(known),
            private: ui.data(|data| data.get_temp(ids.1)).unwrap_or(false),
        }
    }

    fn url(self, facts: &Facts, urls: &Urls, port: Port) -> ClientUrl {
        let (pooled, direct) = match &urls.private {
            Some(private) if self.private => (&private.0, &private.1),
            _ => (&urls.pooled, &urls.direct),
        };
        let base = match port {
            Port::Pooled => pooled,
            Port::Direct => direct,
        };
        let probe = facts.tested.as_ref().and_then(|tested| tested.probe);
        stack::url_for(self.client, port, base, probe, urls.limit)
    }
}

const CLIENTS: [Client; 5] =
    [Client::Prisma6, Client::Prisma7, Client::NodePostgres, Client::Libpq, Client::Unknown];

/// Which code reads the URLs, under which names, and how many connections an instance may open.
fn form(ui: &mut Ui, setup: &mut Setup, view: View) {
    let View { mut client, mut private } = view;
    let ids = View::ids();
    let cluster = setup.facts.cluster.as_ref().map(|facts| &facts.cluster);
    let region = cluster.map_or("", |cluster| cluster.region.as_str());
    let mut places = vec![(false, "Anywhere: public host".to_owned())];
    if cluster.is_some_and(|cluster| cluster.private.is_some()) {
        places.push((true, format!("DigitalOcean, {region}: private host")));
    }
    let draft = &mut setup.steps.urls.draft;
    kit::card(ui, Some("Form and names"), |ui| {
        ui.columns(2, |columns| {
            let [left, right] = columns else { return };
            let clients = CLIENTS.map(|client| (client, client.title().to_owned()));
            if kit::select(left, "Written for", &mut client, &clients) {
                left.data_mut(|data| data.insert_temp(ids.0, client));
            }
            if kit::select(right, "Where the code runs", &mut private, &places) {
                right.data_mut(|data| data.insert_temp(ids.1, private));
            }
        });
        if private {
            kit::caption(
                ui,
                "The private host is reached from DigitalOcean's network only. This computer tests over the public host.",
            );
        }
        ui.columns(2, |columns| {
            let [left, right] = columns else { return };
            names(left, &mut draft.pooled_key, &mut draft.direct_key);
            kit::number(right, "Connections per instance", &mut draft.limit, 1..=200);
        });
        if !is_usual(&draft.pooled_key, &draft.direct_key) || own_names(ui) {
            ui.columns(2, |columns| {
                let [left, right] = columns else { return };
                kit::field(left, "Variable, pooled", &mut draft.pooled_key, "");
                kit::field(right, "Variable, direct", &mut draft.direct_key, "");
            });
        }
    });
}

fn is_usual(pooled: &str, direct: &str) -> bool {
    KEYS.contains(&(pooled, direct))
}

/// The person wants to type names although those in place are usual ones.
fn own_names(ui: &Ui) -> bool {
    ui.data(|data| data.get_temp(Id::unique("own names of the variables"))).unwrap_or(false)
}

/// Pairs of names that tools know, or own ones.
fn names(ui: &mut Ui, pooled: &mut String, direct: &mut String) {
    let place = |pair: &(&str, &str)| pair.0 == pooled.as_str() && pair.1 == direct.as_str();
    let own = own_names(ui);
    let mut chosen = KEYS.iter().position(place).filter(|_| !own);
    let mut options: Vec<(Option<usize>, String)> = KEYS
        .iter()
        .enumerate()
        .map(|(index, (one, other))| (Some(index), format!("{one} + {other}")))
        .collect();
    options.push((None, "Own names".to_owned()));
    if kit::select(ui, "Variables", &mut chosen, &options) {
        ui.data_mut(|data| {
            data.insert_temp(Id::unique("own names of the variables"), chosen.is_none());
        });
        if let Some((one, other)) = chosen.and_then(|index| KEYS.get(index)) {
            (*one).clone_into(pooled);
            (*other).clone_into(direct);
        }
    }
}

fn card(ui: &mut Ui, facts: &Facts, urls: &Urls, port: Port, made: &ClientUrl) -> Option<Act> {
    let url = &made.url;
    let title = match port {
        Port::Pooled => format!("For your app (pooled, port {})", url.port),
        Port::Direct => format!("For migrations and administration (direct, port {})", url.port),
    };
    let key = match port {
        Port::Pooled => &urls.keys.0,
        Port::Direct => &urls.keys.1,
    };
    let name = format!("{} URL", capital(port.word()));
    kit::card(ui, Some(&title), |ui| {
        let shown = Shown::of(ui, port);
        let parts = parts(facts, port, made, shown.now);
        let lead = parts.iter().position(|part| part.text.starts_with('/')).unwrap_or(0);
        kit::anatomy(ui, &name, &parts, lead);
        let act = ui
            .horizontal_wrapped(|ui| {
                let act = copies(ui, &name, url);
                shown.toggle(ui, &name);
                ui.label(
                    RichText::new(format!("goes into {key}")).small().color(Theme::of(ui).text_2),
                );
                act
            })
            .inner;
        if !made.reasons.is_empty() {
            kit::fold(ui, &format!("Why these parameters, {}?", port.word()), |ui| {
                let columns = [Column::text_of("Parameter", 160.0), Column::text("Reason")];
                let rows: Vec<Vec<String>> = made
                    .reasons
                    .iter()
                    .map(|(parameter, reason)| vec![parameter.clone(), reason.clone()])
                    .collect();
                kit::table(ui, &format!("Parameters of the {name}"), &columns, &rows);
            });
        }
        act
    })
}

fn copies(ui: &mut Ui, name: &str, url: &ConnUrl) -> Option<Act> {
    let mut act = None;
    if kit::copy_button(ui, "Copy", &format!("Copy {name} with password")) {
        let kind = format!("{name} with password");
        act = Some(Act::Copy(Copied { text: url.text(), kind, secret: true }));
    }
    if kit::copy_button(ui, "Copy without password", &format!("Copy {name} without password")) {
        let kind = format!("{name} without password");
        let text = url.without_password().text();
        act = Some(Act::Copy(Copied { text, kind, secret: false }));
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
        let (label, verb) = if self.now { ("Hide", "Hide") } else { ("Show", "Show") };
        let response = kit::secondary_button(ui, label)
            .accessible_name(format!("{verb} the password of the {name}"));
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

/// The URL cut at its separators. Parts are encoded, so no separator is ever inside one.
fn parts(facts: &Facts, port: Port, made: &ClientUrl, with_password: bool) -> Vec<Part> {
    let url = &made.url;
    let masked = url.masked();
    let secret = url.text();
    // The person asked to see it; it is hidden again after half a minute.
    let text = if with_password { secret.expose() } else { masked.as_str() };
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (credentials, address) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    let (host, number) = address.rsplit_once(':').unwrap_or((address, ""));
    let (database, query) = path.split_once('?').unwrap_or((path, ""));
    let part = |text: String, name, sentence: &str| Part {
        text,
        name,
        sentence: sentence.to_owned(),
        said: None,
    };
    let mut parts = vec![
        part(
            format!("{scheme}://"),
            "scheme",
            "Every PostgreSQL client knows a URL by this beginning.",
        ),
        part(user.to_owned(), "user", &user_sentence(facts, port, &url.user)),
        Part {
            said: (!with_password).then_some("hidden"),
            ..part(
                format!(":{password}"),
                "password",
                "Special characters are percent-encoded, so that every tool reads the same password.",
            )
        },
        part(format!("@{host}"), "host", host_sentence(facts, &url.host)),
        part(format!(":{number}"), "port", port_sentence(port)),
        part(format!("/{database}"), path_name(port), &path_sentence(facts, port, &url.database)),
    ];
    for (index, parameter) in query.split('&').filter(|text| !text.is_empty()).enumerate() {
        let key = parameter.split('=').next().unwrap_or(parameter);
        let reason = made.reasons.iter().find(|(name, _)| name.split('=').next() == Some(key));
        let sentence = reason.map_or("The connection is encrypted.", |(_, reason)| reason.as_str());
        let sign = if index == 0 { '?' } else { '&' };
        parts.push(part(format!("{sign}{parameter}"), "parameter", sentence));
    }
    parts
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

fn host_sentence(facts: &Facts, host: &str) -> &'static str {
    let private = facts.cluster.as_ref().and_then(|facts| facts.cluster.private.as_ref());
    if private.is_some_and(|private| private.host == host) {
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

fn path_name(port: Port) -> &'static str {
    match port {
        Port::Pooled => "pool's name",
        Port::Direct => "database",
    }
}

fn path_sentence(facts: &Facts, port: Port, database: &str) -> String {
    match (port, &facts.pool) {
        (Port::Pooled, Some(pool)) => crate::setup::steps::urls::Step::pool_sentence(pool),
        (Port::Pooled, None) | (Port::Direct, _) => format!("“{database}” is the database itself."),
    }
}

fn pair(ui: &mut Ui, findings: &[PairFinding]) {
    let theme = Theme::of(ui);
    ui.spacing_mut().item_spacing.y = gap::XS;
    for finding in findings {
        let (mark, color, word) = match (finding.ok, finding.warning) {
            (true, _) => (Icon::Done, theme.success.text, "Passed"),
            (false, true) => (Icon::Warning, theme.warning.text, "Warning"),
            (false, false) => (Icon::Stopped, theme.danger.text, "To be changed"),
        };
        kit::marked(ui, mark, color, word, &finding.text);
    }
}

fn certificate(ui: &mut Ui, urls: &Urls) -> Option<Act> {
    let ca = urls.ca.as_ref()?;
    let mut act = None;
    kit::fold(ui, "Where does the certificate go?", |ui| {
        kit::paragraph(
            ui,
            "Encryption is on either way. With the cluster's own certificate authority a client also proves that it talks to this cluster: save it as a file and set sslmode=verify-full and sslrootcert to its path. It is no secret.",
        );
        if kit::copy_button(ui, "Copy certificate", "Copy certificate of the cluster") {
            let kind = "Certificate of the cluster".to_owned();
            act = Some(Act::Copy(Copied { text: Secret::new(ca.as_str()), kind, secret: false }));
        }
    });
    act
}

fn why(ui: &mut Ui) {
    kit::fold(ui, "Why two URLs?", |ui| {
        kit::paragraph(
            ui,
            "An app opens many short connections: over the pool they share a few. A migration needs one connection of its own from beginning to end: over a pool it can stop half-way. So each gets its own URL, and both lead to the same database.",
        );
        kit::paragraph(ui, "Nothing is sent or written on this page.");
    });
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

//! Page 5: both URLs in their parts, in the form that a client reads, checked as a pair.

mod parts;
mod paste;
mod reader;

use egui::{Id, Ui};

use crate::{
    domain::{
        client::{Client, ClientUrl},
        conn_url::pair::{PairFinding, PairFix, Verdict},
        secret::Secret,
        stages::Port,
        words::capital,
    },
    setup::{
        Setup,
        facts::{Facts, Urls},
        steps::urls::{KEYS, Msg, Phase, default_ca_file},
    },
    ui::{
        act::{Act, Copied},
        kit::{self, Half, Icon},
        theme::{Theme, gap},
    },
};

pub fn show(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    hidden_password(ui, setup);
    let brings = setup.facts.cluster.is_none();
    if brings {
        paste::show(ui, setup);
        // About what was pasted, so beside it.
        pair(ui, setup);
    }
    let view = View::now(ui, &setup.facts);
    let urls = setup.steps.urls.build(&setup.facts);
    let mut act = None;
    match &urls {
        Ok(urls) => {
            for port in Port::BOTH {
                let url = view.url(&setup.facts, urls, port);
                act = parts::card(ui, &setup.facts, urls, port, &url).or(act);
            }
            if !brings {
                pair(ui, setup);
            }
        }
        Err(why) => kit::note(ui, Theme::of(ui).info, Icon::Info, "No URLs yet.", why),
    }
    act = form(ui, setup, view).or(act);
    if let Ok(urls) = &urls {
        let needs = urls.needs(setup.facts.tested.as_ref());
        act = reader::settings(ui, view.client, &needs).or(act);
        act = certificate(ui, urls).or(act);
    }
    if !brings {
        paste::show(ui, setup);
    }
    why(ui);
    act
}

/// A password that the account does not show has to be pasted.
fn hidden_password(ui: &mut Ui, setup: &mut Setup) {
    let draft = &mut setup.steps.urls.draft;
    let (Some(cluster), Some(pool)) = (&setup.facts.cluster, &setup.facts.pool) else { return };
    let role = pool.user.as_ref().unwrap_or(&cluster.cluster.direct.user);
    let id = &cluster.cluster.id;
    let typed = draft.typed_for(id, role).cloned();
    if cluster.password_of(role).is_some() && typed.is_none() {
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
        let text = typed.as_ref().map_or("", |password| password.expose());
        let mut text = zeroize::Zeroizing::new(text.to_owned());
        if kit::secret_field(ui, &format!("Password of {role}"), &mut text).changed() {
            draft.type_for(id, role, Secret::new(text.as_str()));
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
        Self {
            client: ui.data(|data| data.get_temp(ids.0)).unwrap_or(facts.client()),
            private: ui.data(|data| data.get_temp(ids.1)).unwrap_or(false),
        }
    }

    fn url(self, facts: &Facts, urls: &Urls, port: Port) -> ClientUrl {
        let base = match (&urls.private, port) {
            (Some((pooled, _)), Port::Pooled) if self.private => pooled,
            (Some((_, direct)), Port::Direct) if self.private => direct,
            _ => urls.base(port),
        };
        self.client.url(port, base, &urls.needs(facts.tested.as_ref()))
    }
}

/// One of the URLs with its password, in the form that is chosen on the page.
pub fn whole(ui: &Ui, setup: &Setup, port: Port) -> Option<Copied> {
    let urls = setup.steps.urls.build(&setup.facts).ok()?;
    let made = View::now(ui, &setup.facts).url(&setup.facts, &urls, port);
    Some(parts::whole(port, &made))
}

/// Which code reads the URLs, under which names, and how many connections an instance may open.
fn form(ui: &mut Ui, setup: &mut Setup, view: View) -> Option<Act> {
    let mut act = None;
    let View { mut client, mut private } = view;
    let ids = View::ids();
    kit::card(ui, Some("Form and names"), |ui| {
        if reader::choice(ui, &setup.facts, &mut client) {
            ui.data_mut(|data| data.insert_temp(ids.0, client));
        }
        kit::halves(ui, |ui, half| match half {
            Half::Left => {
                if kit::select(ui, "Where the code runs", &mut private, &places(&setup.facts)) {
                    ui.data_mut(|data| data.insert_temp(ids.1, private));
                }
            }
            Half::Right => {
                let limit = &mut setup.steps.urls.draft.limit;
                kit::number(ui, "Connections per instance", limit, 1..=200);
            }
        });
        if private {
            kit::caption(
                ui,
                "The private host is reached from DigitalOcean's network only. This computer tests over the public host.",
            );
        }
        kit::halves(ui, |ui, half| match half {
            Half::Left => {
                let draft = &mut setup.steps.urls.draft;
                names(ui, &mut draft.pooled_key, &mut draft.direct_key);
            }
            Half::Right => verification(ui, setup),
        });
        let draft = &mut setup.steps.urls.draft;
        if !is_usual(&draft.pooled_key, &draft.direct_key) || own_names(ui) {
            kit::halves(ui, |ui, half| {
                match half {
                    Half::Left => kit::field(ui, "Variable, pooled", &mut draft.pooled_key, ""),
                    Half::Right => kit::field(ui, "Variable, direct", &mut draft.direct_key, ""),
                };
            });
        }
        if draft.verify {
            if draft.ca_file.is_empty() {
                draft.ca_file = default_ca_file(&setup.facts);
            }
            kit::field(
                ui,
                "File of the certificate authority",
                &mut draft.ca_file,
                "As the app opens it, from the folder it runs in. It is no secret.",
            );
            act = authority(ui, setup);
        }
    });
    act
}

/// Puts the authority's file into the project.
fn authority(ui: &mut Ui, setup: &Setup) -> Option<Act> {
    let step = &setup.steps.urls;
    let theme = Theme::of(ui);
    if let Phase::Saved(file) = &step.phase
        && step.draft.ca_file.trim() == file.to_string_lossy()
    {
        let text = format!("{} stands in the project.", file.display());
        kit::marked(ui, Icon::Done, theme.success.text, "Written", &text);
        return None;
    }
    let label = format!("Write {}", step.draft.ca_file.trim());
    match step.authority(&setup.facts, &setup.rules) {
        Ok(_) => kit::secondary_button(ui, &label).clicked().then(|| Msg::SaveAuthority.into()),
        Err(why) => {
            ui.add_enabled_ui(false, |ui| kit::secondary_button(ui, &label));
            kit::caption(ui, &why);
            None
        }
    }
}

fn places(facts: &Facts) -> Vec<(bool, String)> {
    let mut places = vec![(false, "Anywhere: public host".to_owned())];
    if let Some(cluster) = facts.cluster.as_ref().map(|facts| &facts.cluster)
        && cluster.private.is_some()
    {
        places.push((true, format!("DigitalOcean, {}: private host", cluster.region)));
    }
    places
}

/// Encrypted always; whether the server must prove who it is.
fn verification(ui: &mut Ui, setup: &mut Setup) {
    let has_authority = setup.facts.cluster.as_ref().is_some_and(|facts| facts.ca.is_some());
    let mut options = vec![(false, "Encrypted, not checked".to_owned())];
    if has_authority {
        options.push((true, "Encrypted and checked (verify-full)".to_owned()));
    }
    kit::select(ui, "Certificate", &mut setup.steps.urls.draft.verify, &options);
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

fn pair(ui: &mut Ui, setup: &mut Setup) {
    let findings = setup.steps.urls.findings(&setup.facts);
    if findings.is_empty() {
        return;
    }
    let mut fix = None;
    kit::card(ui, Some("Pair check"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::XS;
        if TWO_COLUMNS <= ui.available_width() && findings.iter().all(is_good) {
            ui.columns(2, |columns| {
                for (index, finding) in findings.iter().enumerate() {
                    if let Some(ui) = columns.get_mut(index % 2) {
                        judged(ui, finding);
                    }
                }
            });
            return;
        }
        for finding in &findings {
            fix = judged(ui, finding).or(fix.take());
        }
    });
    if let Some(fix) = fix {
        setup.steps.urls.apply(&fix, &setup.facts);
    }
}

/// From this width on, short findings stand two by two.
const TWO_COLUMNS: f32 = 480.0;

fn is_good(finding: &PairFinding) -> bool {
    finding.verdict == Verdict::Good
}

fn judged(ui: &mut Ui, finding: &PairFinding) -> Option<PairFix> {
    let theme = Theme::of(ui);
    let (mark, color, word) = match finding.verdict {
        Verdict::Good => (Icon::Done, theme.success.text, "Passed"),
        Verdict::Doubtful => (Icon::Warning, theme.warning.text, "Warning"),
        Verdict::Wrong => (Icon::Stopped, theme.danger.text, "To be changed"),
    };
    kit::marked(ui, mark, color, word, &capital(&finding.text));
    let fix = finding.fix.as_ref()?;
    kit::beneath(ui, |ui| kit::secondary_button(ui, &fix.label()).clicked().then(|| fix.clone()))
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

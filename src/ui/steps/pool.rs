//! Page 4: the pool's size, mode and name; what will be sent; the pool as it was read back.

mod size;

use egui::Ui;

use crate::{
    domain::{
        pool::{Pool, PoolMode, PoolOrder},
        problem::{Fix, Problem},
        project::{Kind, Project, Target},
        secret::Secret,
    },
    setup::{
        Setup,
        step::StepId,
        steps::pool::{self, Decision, NameLook, Phase},
    },
    ui::{
        act::{Act, Copied},
        kit::{self, Column, Icon},
        theme::{Theme, gap},
    },
};

pub fn show(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    if setup.facts.cluster.is_none() {
        kit::card(ui, Some("Size"), |ui| {
            kit::paragraph(
                ui,
                "Here the pool gets its size, mode and name once a cluster is chosen.",
            );
        });
        return None;
    }
    let act = outcome(ui, setup);
    let editing =
        matches!(setup.steps.pool.phase, Phase::Editing | Phase::Failed(_) | Phase::WouldChange(_));
    ui.add_enabled_ui(editing, |ui| {
        let before = snapshot(setup);
        size::size(ui, setup);
        mode(ui, setup);
        names(ui, setup);
        // A dry run's answer was about other values.
        if snapshot(setup) != before && matches!(setup.steps.pool.phase, Phase::WouldChange(_)) {
            setup.steps.pool.phase = Phase::Editing;
        }
    });
    act
}

/// What the person can edit here.
fn snapshot(setup: &Setup) -> (String, u32, PoolMode, String, Option<String>) {
    let draft = &setup.steps.pool.draft;
    (draft.name.clone(), draft.size, draft.mode, draft.db.clone(), draft.user.clone())
}

/// What the values come to: done, adopted, changed, refused, or only shown.
fn outcome(ui: &mut Ui, setup: &Setup) -> Option<Act> {
    let theme = Theme::of(ui);
    let step = &setup.steps.pool;
    if let Phase::WouldChange(order) = &step.phase {
        let title = format!("Dry run: pool {} would be ordered.", order.name);
        kit::note(
            ui,
            theme.info,
            Icon::Would,
            &title,
            &format!("{}. Nothing was sent.", words(order)),
        );
        return None;
    }
    if !matches!(step.phase, Phase::Editing | Phase::Failed(_)) {
        return None;
    }
    match step.decide(&setup.facts) {
        Ok(Decision::Adopt(pool)) if setup.facts.established(StepId::Pool) => {
            ready(ui, &pool);
            None
        }
        Ok(Decision::Adopt(pool)) => adopt(ui, setup, &pool),
        Ok(decision) if decision.by_hand(&setup.facts) => by_hand(ui, &decision),
        Ok(Decision::Change { from, to }) => {
            change(ui, &from, &to);
            None
        }
        Ok(Decision::Create(_)) => None,
        Err(problem) => refused(ui, &problem),
    }
}

/// A pool that is there already is used as it is, unless the person wants more of it or another one.
fn adopt(ui: &mut Ui, setup: &Setup, pool: &Pool) -> Option<Act> {
    let theme = Theme::of(ui);
    let suggested = setup.steps.pool.sizing(&setup.facts).map(|sizing| sizing.suggested);
    let larger = suggested.filter(|suggested| pool.size < *suggested);
    let title = format!("Pool {} serves this database and user already.", pool.name);
    let mut text = format!(
        "{} connections, {} mode. It is used as it is; nothing is sent.",
        pool.size,
        pool.mode.word()
    );
    if let Some(suggested) = larger {
        text = format!("{text} {suggested} would be the suggestion for this cluster.");
    }
    kit::note(ui, theme.info, Icon::Info, &title, &text);
    let mut act = None;
    ui.horizontal_wrapped(|ui| {
        if let Some(suggested) = larger
            && kit::secondary_button(ui, &format!("Make it {suggested}")).clicked()
        {
            act = Some(pool::Msg::UseSize(suggested).into());
        }
        if kit::secondary_button(ui, "Create another pool").clicked() {
            act = Some(pool::Msg::Another.into());
        }
    });
    act
}

/// The token may not do it: the values for DigitalOcean's panel, each to be copied.
fn by_hand(ui: &mut Ui, decision: &Decision) -> Option<Act> {
    let (order, title, how) = match decision {
        Decision::Create(order) => (
            order,
            "Create the pool in DigitalOcean's panel",
            "Open the cluster's page, tab “Connection Pools”, button “Create a Pool”, and give it these values. Then press “Check now”.",
        ),
        Decision::Change { to, .. } => (
            to,
            "Change the pool in DigitalOcean's panel",
            "Open the cluster's page, tab “Connection Pools”, and edit the pool: these are the values it is to have. Then press “Check now”.",
        ),
        Decision::Adopt(_) => return None,
    };
    let mut act = None;
    kit::card(ui, Some(title), |ui| {
        ui.spacing_mut().item_spacing.y = gap::S;
        kit::paragraph(ui, how);
        let values = [
            ("Pool name", order.name.as_str().to_owned()),
            ("Database", order.db.clone()),
            ("User", order.user.clone().unwrap_or_default()),
            ("Pool mode", order.mode.title().to_owned()),
            ("Pool size", order.size.to_string()),
        ];
        for (what, value) in values {
            act = by_hand_value(ui, what, &value).or(act.take());
        }
        if kit::link_button(ui, "Open DigitalOcean's databases page").clicked() {
            act = Some(Act::Open("https://cloud.digitalocean.com/databases".to_owned()));
        }
    });
    act
}

/// One value, and the button that copies it.
fn by_hand_value(ui: &mut Ui, what: &str, value: &str) -> Option<Act> {
    let mut act = None;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = gap::M;
        let shown = if value.is_empty() { "none: the inbound user" } else { value };
        let copies = ui.add_enabled_ui(!value.is_empty(), |ui| {
            kit::copy_button(ui, "Copy", &format!("Copy the {}", what.to_lowercase()))
        });
        if copies.inner {
            let (text, kind) = (Secret::new(value), what.to_owned());
            act = Some(Act::Copy(Copied { text, kind, secret: false }));
        }
        ui.vertical(|ui| {
            ui.add_space(5.0);
            kit::key_value(ui, what, shown);
        });
    });
    act
}

fn words(order: &PoolOrder) -> String {
    format!(
        "{} connections, {} mode, database {} as {}",
        order.size,
        order.mode.word(),
        order.db,
        order.user.as_deref().unwrap_or("the inbound user")
    )
}

fn ready(ui: &mut Ui, pool: &Pool) {
    let theme = Theme::of(ui);
    let user = pool.user.as_deref().unwrap_or("the inbound user");
    let port = pool.public.as_ref().map_or(String::new(), |at| format!(" on port {}", at.port));
    let text = format!(
        "{} connections, {} mode, database {} as {user}{port}; read back from DigitalOcean.",
        pool.size,
        pool.mode.word(),
        pool.db
    );
    kit::note(ui, theme.success, Icon::Done, &format!("Pool {} is there.", pool.name), &text);
}

/// What the pool has, what it will have, and what stays.
fn change(ui: &mut Ui, from: &Pool, to: &PoolOrder) {
    kit::card(ui, Some(&format!("Pool {} changes", from.name)), |ui| {
        ui.spacing_mut().item_spacing.y = gap::S;
        let row = |what: &str, now: String, then: String| {
            let then = if now == then { "stays".to_owned() } else { then };
            vec![what.to_owned(), now, then]
        };
        let rows = [
            row("Size", from.size.to_string(), to.size.to_string()),
            row("Mode", from.mode.word().to_owned(), to.mode.word().to_owned()),
        ];
        let columns = [Column::text_of("", 90.0), Column::text("Now"), Column::text("Then")];
        kit::table(ui, "Changes of the pool", &columns, &rows);
        kit::caption(
            ui,
            &format!(
                "Database {} and user {} go along unchanged. Clients of the pool reconnect by themselves; the pool is read back and compared.",
                to.db,
                to.user.as_deref().unwrap_or("(inbound)")
            ),
        );
        if from.mode != to.mode {
            kit::caption(
                ui,
                "DigitalOcean's guide says that a mode can't be changed, its API that it can. It is tried, and what came of it is told.",
            );
        }
    });
}

/// Why the button waits, with the fix where one is known.
fn refused(ui: &mut Ui, problem: &Problem) -> Option<Act> {
    let theme = Theme::of(ui);
    kit::note(ui, theme.warning, Icon::Warning, &problem.what, &problem.why);
    let fixes: Vec<(&str, pool::Msg)> = problem
        .hints
        .iter()
        .filter_map(|hint| {
            let msg = match &hint.fix {
                Some(Fix::UseSize(size)) => pool::Msg::UseSize(*size),
                Some(Fix::UsePool(name)) => pool::Msg::Adopt(name.clone()),
                _ => return None, // only the person can do it; the note says so
            };
            Some((hint.label.as_str(), msg))
        })
        .collect();
    // A row without a button would leave a hole.
    if fixes.is_empty() {
        return None;
    }
    let mut act = None;
    ui.horizontal_wrapped(|ui| {
        for (label, msg) in fixes {
            if kit::secondary_button(ui, label).clicked() {
                act = Some(msg.into());
            }
        }
    });
    act
}

fn mode(ui: &mut Ui, setup: &mut Setup) {
    let mut target = setup.steps.project.target(&setup.facts);
    let project = setup.facts.project.as_ref();
    let mode = &mut setup.steps.pool.draft.mode;
    kit::card(ui, Some("Mode"), |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for choice in PoolMode::ALL {
            if kit::radio(ui, *mode == choice, choice.title(), choice.meaning()).clicked() {
                *mode = choice;
            }
        }
        if *mode != PoolMode::Session {
            ui.add_space(gap::S);
            kit::caption(
                ui,
                "What lasts longer than a transaction does not work over it: LISTEN, session advisory locks, temporary tables that are kept. Step 6 tries what does.",
            );
        }
        target.mode = Some(*mode);
        if let Some(project) = project {
            in_the_project(ui, project, &target);
        }
    });
}

/// Places in the project's code that get lost in a pool of the chosen mode.
fn in_the_project(ui: &mut Ui, project: &Project, target: &Target) {
    let theme = Theme::of(ui);
    let lost = project.findings.iter().filter(|finding| match finding.kind {
        Kind::Feature(feature) => feature.is_lost(target),
        _ => false, // what has nothing to do with the mode
    });
    for finding in lost {
        let text = format!(
            "In your project, {}:{}: {}. Give that one the direct URL, or choose Session.",
            finding.file.display(),
            finding.line,
            finding.what
        );
        kit::marked(ui, Icon::Warning, theme.warning.text, "Warning", &text);
    }
}

fn names(ui: &mut Ui, setup: &mut Setup) {
    let look = setup.steps.pool.name_look(&setup.facts);
    let Some(cluster) = &setup.facts.cluster else { return };
    let draft = &mut setup.steps.pool.draft;
    let databases: Vec<(String, String)> =
        cluster.databases.iter().map(|name| (name.clone(), name.clone())).collect();
    let mut users: Vec<(Option<String>, String)> =
        cluster.users.iter().map(|user| (Some(user.name.clone()), user.name.clone())).collect();
    users.push((None, "inbound user".to_owned()));
    let primary = cluster.users.iter().find(|user| user.role == "primary");
    let administrator = primary.is_some_and(|user| draft.user.as_ref() == Some(&user.name));
    kit::card(ui, Some("Name and access"), |ui| {
        ui.spacing_mut().item_spacing = egui::vec2(gap::L, gap::M);
        let width = ui.available_width();
        let hint = "3 to 60 letters, digits, - and _";
        let mut fields = |ui: &mut Ui, width: f32| {
            ui.scope(|ui| {
                ui.set_width(width);
                kit::field(ui, "Name", &mut draft.name, hint);
            });
            ui.scope(|ui| {
                ui.set_width(width);
                kit::select(ui, "Database", &mut draft.db, &databases);
            });
            ui.scope(|ui| {
                ui.set_width(width);
                kit::select(ui, "User", &mut draft.user, &users);
            });
        };
        if width < 560.0 {
            fields(ui, width);
        } else {
            ui.horizontal_top(|ui| fields(ui, (width - 2.0 * gap::L) / 3.0));
        }
        name_look(ui, &look);
        kit::caption(
            ui,
            "In the pooled URL the pool's name stands where the database's name usually stands.",
        );
        let theme = Theme::of(ui);
        if administrator {
            let text = "An app needs less: create a user for it in the cluster's page “Users & databases”.";
            kit::note(ui, theme.warning, Icon::Warning, "This user is the administrator.", text);
        }
        if draft.user.is_none() {
            let text = "Each client signs in to the pool as the user of its own URL, and the pool opens connections for each of them. The URL that DigitalOcean shows has no user and no password then; step 5 fills them in.";
            kit::note(ui, theme.info, Icon::Info, "A pool with the inbound user.", text);
        }
        kit::fold(ui, "Pool user or inbound user?", |ui| {
            kit::paragraph(
                ui,
                "With a user of its own, the pool signs in to the database as that user for everybody: all its connections can be shared, and the URL names that user. This suits an app.",
            );
            kit::paragraph(
                ui,
                "With the inbound user, whoever connects keeps the own name. Connections are shared only between clients of the same name, so several users need a larger pool. A pool without a user can also come about by accident: some tools leave the user out when they change the size, which wipes it.",
            );
        });
    });
}

/// What is to be said of the name while it is typed.
fn name_look(ui: &mut Ui, look: &NameLook) {
    let theme = Theme::of(ui);
    let (icon, colour, text) = match look {
        NameLook::Good => (Icon::Done, theme.success.text, "The name is free.".to_owned()),
        NameLook::Taken => {
            (Icon::Info, theme.text_2, "A pool of this name is there; see above.".to_owned())
        }
        NameLook::Unusual(err) => (
            Icon::Warning,
            theme.warning.text,
            format!("DigitalOcean may refuse it: {err}. If it does, its answer is shown."),
        ),
        NameLook::Empty => (Icon::Info, theme.text_2, "The pool needs a name.".to_owned()),
        NameLook::Database => (
            Icon::Warning,
            theme.warning.text,
            "This is the name of a database: in the URLs nobody could tell them apart.".to_owned(),
        ),
    };
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = gap::S;
        kit::icon(ui, icon, 15.0, colour);
        kit::live(ui, &text);
    });
}

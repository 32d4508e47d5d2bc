//! Page 8: the env files that get both URLs, each with a tick and its changed lines, masked.

use egui::Ui;

use crate::{
    domain::{
        env_file::{KeyChange, Plan},
        env_target::{self, EnvTarget},
        secret::Secret,
        words::{capital, quoted},
    },
    setup::{
        Setup,
        facts::Facts,
        steps::env_files::{AuthorityPlan, Draft, EnvFile, Msg, Phase, Step, is_example},
    },
    ui::{
        act::{Act, Copied},
        kit::{
            self, Icon, Tick,
            diff::{self, Change, changes},
        },
        steps::written,
        theme::{Theme, gap},
    },
};

pub fn show(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let facts = &setup.facts;
    let Step { draft, phase, files, .. } = &mut setup.steps.env_files;
    let mut act = None;
    if let Some(written) = facts.env_files.as_ref().filter(|written| !written.is_empty()) {
        kit::card(ui, Some("Written"), |ui| written::files(ui, written, facts));
    }
    if let Phase::WouldChange(count) = phase {
        written::would(ui, &format!("{} would be written.", kit::count(*count, "file", "files")));
    }
    for file in files.iter() {
        act = card(ui, facts, draft, file).or(act);
    }
    diff::walk(ui);
    authority(ui, facts, &setup.steps.env_files);
    let Step { draft, phase, .. } = &mut setup.steps.env_files;
    let idle = matches!(phase, Phase::Idle | Phase::Failed(_));
    act = kit::card(ui, None, |ui| another(ui, draft, idle)).or(act);
    act = elsewhere(ui, facts, &setup.steps.env_files).or(act);
    kit::fold(ui, "Which file wins?", |ui| {
        kit::paragraph(
            ui,
            "Most loaders take a variable of the process before one of a file, .env.local before .env, and the file of the environment, such as .env.production, before the general one. Variables that the hosting platform sets win over all files: step 10 sets them.",
        );
        kit::paragraph(
            ui,
            "A file is changed in place: comments, order and quotes stay. The previous file is kept outside the project, so that it can't be committed.",
        );
    });
    act
}

fn card(ui: &mut Ui, facts: &Facts, draft: &mut Draft, file: &EnvFile) -> Option<Act> {
    let theme = Theme::of(ui);
    kit::card(ui, None, |ui| {
        let plan = Step::plan(facts, file);
        let name = file.file.display().to_string();
        let extent = what(file, plan.as_ref().ok());
        let tick = Tick { title: &name, extent: &extent, reason: "" };
        let target = draft.targets.iter_mut().find(|target| target.file == file.file);
        let ticked = target.is_some_and(|target| {
            diff::tick(ui, &mut target.ticked, tick);
            target.ticked
        });
        match &plan {
            Ok(plan) => planned(ui, plan, is_example(&file.file)),
            Err(err) => {
                let text = format!("{}.", capital(&err.to_string()));
                kit::marked(ui, Icon::Stopped, theme.danger.text, "Stopped", &text);
            }
        }
        // A file that is left out needs no warning.
        ticked.then(|| guard(ui, file, &name)).flatten()
    })
}

/// The file that the URLs name, in which the client finds the cluster's authority.
fn authority(ui: &mut Ui, facts: &Facts, step: &Step) {
    let (Some(plan), Some(file)) = (step.authority_plan(facts), &step.authority) else { return };
    let theme = Theme::of(ui);
    let name = file.file.display().to_string();
    kit::card(ui, Some("Certificate authority"), |ui| {
        match plan {
            AuthorityPlan::Keep => {
                let text = format!("{name} holds this cluster's authority.");
                kit::marked(ui, Icon::Done, theme.success.text, "Done", &text);
            }
            AuthorityPlan::Add => {
                let text = format!("{name} is new. It is written together with the variables.");
                kit::paragraph(ui, &text);
            }
            AuthorityPlan::Replace => {
                let text = format!("{name} holds another authority. It is replaced.");
                kit::marked(ui, Icon::Warning, theme.warning.text, "Warning", &text);
            }
        }
        kit::caption(
            ui,
            "The URLs name this file; with it the client checks that the server is this cluster. It is no secret and may be committed.",
        );
    });
}

/// `2 variables change`, `new file, 2 variables`, `stays as it is`.
fn what(file: &EnvFile, plan: Option<&Plan>) -> String {
    let changed = plan.map_or(0, |plan| plan.changed().count());
    match (&file.text, changed) {
        (_, 0) => "stays as it is".to_owned(),
        (None, changed) => {
            format!("new file, {}", kit::count(changed, "variable", "variables"))
        }
        (Some(_), changed) if is_example(&file.file) => {
            kit::count(changed, "name is added", "names are added")
        }
        (Some(_), changed) => kit::count(changed, "variable changes", "variables change"),
    }
}

fn planned(ui: &mut Ui, plan: &Plan, is_example: bool) {
    let theme = Theme::of(ui);
    if plan.changes_something() {
        let lines: Vec<Change> = plan.changed().map(line).collect();
        changes(ui, &lines);
        kit::caption(
            ui,
            if is_example {
                "Nothing else in this file changes. It names the variables for the team; no value of yours is in it."
            } else {
                "Nothing else in this file changes. Passwords are masked here."
            },
        );
    } else {
        let text = if is_example {
            "Both variables are named there."
        } else {
            "Both variables stand there as they should."
        };
        kit::marked(ui, Icon::Done, theme.success.text, "Done", text);
    }
    for key in &plan.duplicates {
        let text = format!(
            "{key} stands there more than once. The last one counts for most loaders; it is the one that is changed."
        );
        kit::marked(ui, Icon::Warning, theme.warning.text, "Warning", &text);
    }
    if plan.behind_mark {
        let text = "The file begins with a byte order mark. Node and shells do not see what stands on its first line. Save it as UTF-8 without the mark.";
        kit::marked(ui, Icon::Warning, theme.warning.text, "Warning", text);
    }
}

/// Old and new are masked by the plan.
fn line(change: &KeyChange) -> Change {
    Change {
        line: Some(change.line),
        before: change.old.as_ref().map(|old| format!("{}={old}", change.key)),
        after: format!("{}={}", change.key, change.new),
    }
}

/// What git would do with the password in this file.
fn guard(ui: &mut Ui, file: &EnvFile, name: &str) -> Option<Act> {
    let theme = Theme::of(ui);
    if is_example(&file.file) {
        return None;
    }
    if file.tracked {
        let text = "A password in it would be committed. Stop tracking it, or leave it out.";
        kit::note(ui, theme.danger, Icon::Locked, "This file is tracked by git.", text);
        let label = "Copy the command that stops tracking";
        let copy = |ui: &mut Ui| kit::copy_button(ui, label, &format!("{label} {name}"));
        return ui.horizontal(copy).inner.then(|| {
            let name = quoted(name);
            let text =
                Secret::new(format!("git rm --cached -- {name} && echo {name} >> .gitignore"));
            let kind = "Command that stops tracking".to_owned();
            Act::Copy(Copied { text, kind, secret: false })
        });
    }
    if !file.ignored {
        let text =
            format!("git does not ignore {name}. Add it to .gitignore before the next commit.");
        kit::marked(ui, Icon::Warning, theme.warning.text, "Warning", &text);
    }
    None
}

/// One more file, existing or not.
fn another(ui: &mut Ui, draft: &mut Draft, idle: bool) -> Option<Act> {
    kit::field(
        ui,
        "Another file",
        &mut draft.another,
        "Inside the project, such as .env.production. It is made where it does not exist.",
    );
    let refusal = draft.refusal();
    let mut act = None;
    ui.horizontal_wrapped(|ui| {
        let add = |ui: &mut Ui| kit::secondary_button(ui, "Add file");
        if ui.add_enabled_ui(idle && refusal.is_none(), add).inner.clicked() {
            draft.add();
            act = Some(Msg::Read.into());
        }
        if let Some(why) = refusal.filter(|_| !draft.another.trim().is_empty()) {
            ui.add_space(gap::XS);
            kit::caption(ui, why);
        }
    });
    act
}

/// The same variables for a place that is no env file.
fn elsewhere(ui: &mut Ui, facts: &Facts, step: &Step) -> Option<Act> {
    step.elsewhere(facts, EnvTarget::Compose)?;
    kit::card(ui, Some("For another place"), |ui| {
        let id = ui.scope_id().with("for another place");
        let mut target: EnvTarget = ui.data(|data| data.get_temp(id)).unwrap_or(EnvTarget::Compose);
        let options = EnvTarget::ALL.map(|target| (target, target.title().to_owned()));
        if kit::select(ui, "Format", &mut target, &options) {
            ui.data_mut(|data| data.insert_temp(id, target));
        }
        let (assignments, names) = step.elsewhere(facts, target)?;
        let shown = match env_target::masked(target, &assignments, names) {
            Ok(shown) => shown,
            Err(err) => {
                kit::caption(ui, &format!("{}.", capital(&err.to_string())));
                return None;
            }
        };
        let label = if target.is_secret() { "Copy with password" } else { "Copy" };
        let name = format!("{label}: {}", target.title());
        let copied = kit::code_to(ui, target.advice(), &shown, [label, &name]);
        if let Some(advice) = target.authority_advice(names) {
            kit::caption(ui, &advice);
        }
        if !copied {
            return None;
        }
        let text = env_target::text(target, &assignments, names).ok()?;
        let kind = format!("{} variables", target.title());
        Some(Act::Copy(Copied { text, kind, secret: target.is_secret() }))
    })
}

//! Who runs the migrations: the built-in runner or the project's own tool, its command, what it gets, what it says.

use std::path::Path;

use egui::Ui;

use crate::domain::secret::Secret;
use crate::{
    domain::migration::{
        output::{Line, Log},
        tool::{EnvFiles, Found, Tool, variable::Form},
    },
    setup::{
        facts::Facts,
        steps::migrations::{
            Msg, Step,
            own::{self, Kind, Look, Own, Phase, Runner},
        },
    },
    ui::{
        act::{Act, Copied},
        kit::{self, Begin, Icon, Listed},
        theme::{Theme, gap},
    },
};

pub(super) fn show(
    ui: &mut Ui,
    step: &mut Step,
    facts: &Facts,
    chosen: Option<Runner>,
) -> Option<Act> {
    let folder = facts.project.as_ref().and_then(|project| project.migrations.as_deref());
    let own = &mut step.own;
    let Some(look) = own.look_of(facts).cloned() else {
        return unread(ui, own, folder);
    };
    let Some(chosen) = chosen else {
        kit::paragraph(
            ui,
            "The project has no folder of migrations, and none of the eighteen tools that Poolwright knows. Run your own with the direct URL of step 5, or skip this step.",
        );
        return again(ui, own);
    };
    let idle = !own.busy();
    let several = 1 < look.tools.len() + usize::from(folder.is_some());
    if several {
        ui.add_enabled_ui(idle, |ui| choice(ui, own, &look, folder, chosen));
    }
    match chosen {
        Runner::BuiltIn => {
            if let Some(folder) = folder.filter(|_| !several) {
                kit::key_value(ui, "Runner", "The built-in one: no Node is needed");
                kit::key_value(ui, "Folder", &folder.display().to_string());
            }
            None
        }
        Runner::Tool(at) => {
            let found = look.tools.get(at)?;
            ui.add_enabled_ui(idle, |ui| command(ui, own, at, found));
            what_it_gets(ui, found);
            ask(ui, own, at, found)
        }
    }
}

fn unread(ui: &mut Ui, own: &Own, folder: Option<&Path>) -> Option<Act> {
    if let Some(folder) = folder {
        kit::key_value(ui, "Folder", &folder.display().to_string());
    }
    if own.busy() {
        kit::caption(ui, "Looking at the project and the database…");
    } else {
        kit::caption(ui, "The project's tools were not looked for yet.");
    }
    None
}

fn again(ui: &mut Ui, own: &Own) -> Option<Act> {
    let button = |ui: &mut Ui| kit::secondary_button(ui, "Look again");
    ui.add_enabled_ui(!own.busy(), button).inner.clicked().then(|| Msg::Read.into())
}

fn choice(ui: &mut Ui, own: &mut Own, look: &Look, folder: Option<&Path>, chosen: Runner) {
    let mut choose = |ui: &mut Ui, runner, title: &str, meaning: &str| {
        if kit::radio_above(ui, runner == chosen, title, meaning).clicked() && runner != chosen {
            own.draft.runner = Some(runner);
        }
    };
    for (at, found) in look.tools.iter().enumerate() {
        let place = if found.folder == Path::new("") {
            String::new()
        } else {
            format!(" in {}", found.folder.display())
        };
        let state = if found.installed { "" } else { ", not installed here" };
        choose(
            ui,
            Runner::Tool(at),
            &format!("{}{place}", found.tool.title()),
            &format!("{}{state}", found.command),
        );
    }
    if let Some(folder) = folder {
        let meaning = format!(
            "Applies {} without Node, and leaves the same history as Prisma. Shows progress by statement and waits at most 5 s for a table.",
            folder.display()
        );
        choose(ui, Runner::BuiltIn, "Built-in runner", &meaning);
    }
}

fn command(ui: &mut Ui, own: &mut Own, at: usize, found: &Found) {
    let mut text = own.command(at, found).to_owned();
    let folder = if found.folder == Path::new("") {
        "the project's folder".to_owned()
    } else {
        found.folder.display().to_string()
    };
    let hint = format!("Runs in {folder}, without a shell.");
    if kit::field(ui, "Command", &mut text, &hint).changed() {
        own.draft.command = Some((at, text.clone()));
    }
    let scripts: Vec<(String, String)> = std::iter::once(found.command.clone())
        .chain(
            found
                .scripts
                .iter()
                .filter(|(_, text)| text.contains(program(found.tool)))
                .map(|(name, _)| format!("npm run {name}")),
        )
        .map(|command| (command.clone(), command))
        .collect();
    if 1 < scripts.len() {
        let mut picked = text.clone();
        if kit::select(ui, "Or a script of package.json", &mut picked, &scripts) && picked != text {
            own.draft.command = Some((at, picked));
        }
    }
    if text != found.command && kit::link_button(ui, "Put the command back").clicked() {
        own.draft.command = None;
    }
}

/// The name by which a script calls the tool.
fn program(tool: Tool) -> &'static str {
    tool.command()
        .split(' ')
        .find(|word| !matches!(*word, "npx" | "--no" | "python" | "php" | "bin/rails"))
        .unwrap_or_default()
}

fn what_it_gets(ui: &mut Ui, found: &Found) {
    let of = |form: fn(Form) -> bool| {
        let names: Vec<&str> = found
            .variables
            .iter()
            .filter(|variable| form(variable.form))
            .map(|variable| variable.name.as_str())
            .collect();
        names.join(", ")
    };
    let urls = of(Form::is_url);
    if !urls.is_empty() {
        kit::key_value(ui, "The direct URL in", &urls);
    }
    let parts = of(|form| !form.is_url());
    if !parts.is_empty() {
        kit::key_value(ui, "Its parts in", &parts);
    }
    kit::key_value(ui, "Found by", &found.evidence.join(" · "));
    let files = match found.tool.env_files() {
        EnvFiles::None => "The tool reads no env file by itself.",
        EnvFiles::Below => {
            "The tool reads env files too; what is set already stays, so these values win."
        }
    };
    kit::caption(ui, files);
}

fn ask(ui: &mut Ui, own: &Own, at: usize, found: &Found) -> Option<Act> {
    let theme = Theme::of(ui);
    if found.tool != Tool::Prisma {
        let text = "What is pending is known to the tool alone; what it will lock or lose can't be shown here.";
        kit::marked(ui, Icon::Info, theme.info.text, "Note", text);
    }
    found.status.as_ref()?;
    let label = format!("Ask {} what is pending", found.tool.title());
    let usable = !own.busy() && found.installed;
    let button = |ui: &mut Ui| kit::secondary_button(ui, &label);
    let asked = ui.horizontal(|ui| ui.add_enabled_ui(usable, button).inner.clicked()).inner;
    asked.then(|| Msg::Own(own::Msg::Ask(at)).into())
}

/// What a program says, while it runs and afterwards.
pub(super) fn output(ui: &mut Ui, own: &Own) -> Option<Act> {
    let theme = Theme::of(ui);
    let running = matches!(own.phase, Phase::Running(_) | Phase::Stopping(..));
    if !running && own.ended.is_none() && own.log.is_empty() {
        return None;
    }
    kit::card(ui, Some("Output"), |ui| {
        match &own.phase {
            Phase::Running(running) => {
                kit::caption(ui, &running.command);
                kit::caption(
                    ui,
                    &format!("If it is stopped: {}", stop(running.kind, running.tool)),
                );
            }
            Phase::Stopping(running, _) => {
                kit::live(
                    ui,
                    &format!("{} was asked to end; after 10 s it is ended.", running.command),
                );
            }
            Phase::Idle | Phase::Looking(_) | Phase::Failed(_) => {
                if let Some((kind, ended)) = own.ended {
                    let took = kit::took(ended.took);
                    match (ended.code, kind) {
                        (Some(0), _) => {
                            let text = format!("Ended well after {took}.");
                            kit::marked(ui, Icon::Done, theme.success.text, "Done", &text);
                        }
                        (Some(code), Kind::Ask) => {
                            let text = format!(
                                "Ended with exit code {code} after {took}; with many tools that means that something is pending."
                            );
                            kit::marked(ui, Icon::Info, theme.info.text, "Note", &text);
                        }
                        (Some(code), Kind::Migrate) => {
                            let text = format!("Ended with exit code {code} after {took}.");
                            kit::marked(ui, Icon::Stopped, theme.danger.text, "Stopped", &text);
                        }
                        (None, _) => {
                            let text = format!("Was ended after {took}.");
                            kit::marked(ui, Icon::Stopped, theme.danger.text, "Stopped", &text);
                        }
                    }
                }
            }
        }
        lines(ui, &own.log)
    })
}

fn stop(kind: Kind, tool: Tool) -> &'static str {
    match kind {
        Kind::Migrate => tool.stop(),
        Kind::Ask => "it only reads.",
    }
}

fn lines(ui: &mut Ui, log: &Log) -> Option<Act> {
    if log.is_empty() {
        kit::caption(ui, "It has said nothing.");
        return None;
    }
    if log.gone() != 0 {
        kit::caption(ui, &format!("{} earlier lines are not kept.", log.gone()));
    }
    let listed: Vec<Listed<'_>> =
        log.lines().map(|line| Listed { number: None, text: &line.text, marked: false }).collect();
    kit::listing(ui, "Output of the program", Begin::End, &listed);
    ui.add_space(gap::XS);
    let copy =
        |ui: &mut Ui| kit::copy_button(ui, "Copy the output", "Copy the output of the program");
    ui.horizontal(copy).inner.then(|| {
        let text: Vec<&str> = log.lines().map(|Line { text, .. }| text.as_str()).collect();
        // Every line was masked before it came here.
        let text = Secret::new(text.join("\n"));
        Act::Copy(Copied { text, kind: "Output of the program".to_owned(), secret: false })
    })
}

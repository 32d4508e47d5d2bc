//! Page 7: the project's folder, what was found in it, and the smallest edits with a tick each.

use egui::Ui;

use crate::{
    domain::stack::{Client, Edit, Finding, Project},
    setup::{
        Setup,
        facts::Facts,
        steps::project::{Draft, Msg, Phase},
    },
    ui::{
        act::Act,
        kit::{self, Icon, diff},
        steps::written,
        theme::{Theme, gap},
    },
};

pub fn show(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let theme = Theme::of(ui);
    let step = &mut setup.steps.project;
    let busy = matches!(step.phase, Phase::Scanning(_) | Phase::Writing(_));
    let act = kit::card(ui, None, |ui| folder(ui, &mut step.draft, &setup.facts, busy));
    let Some(project) = &setup.facts.project else {
        kit::fold(ui, "What is read?", |ui| {
            kit::paragraph(
                ui,
                "Manifests, schemas, env files and code in this folder, to find what connects to the database and how. Ignored files, links and files over 1 MiB are left alone. Nothing leaves this computer.",
            );
        });
        return act;
    };
    kit::card(ui, Some("What this project is"), |ui| what_it_is(ui, project));
    if let Phase::WouldChange(count) = step.phase {
        written::would(ui, &format!("{} would change.", kit::count(count, "file", "files")));
    }
    if let Some(written) = &setup.facts.project_files {
        kit::card(ui, Some("Files"), |ui| written::files(ui, written, &setup.facts));
    } else if project.edits.is_empty() {
        let text = "The files of this project stay as they are.";
        kit::note(ui, theme.success, Icon::Done, "Nothing has to change here.", text);
    } else {
        edits(ui, &mut step.draft, &project.edits);
    }
    if !project.findings.is_empty() {
        kit::card(ui, Some("Worth a look in the code"), |ui| findings(ui, &project.findings));
    }
    kit::fold(ui, "Why so little?", |ui| {
        kit::paragraph(
            ui,
            "Each edit is the smallest that works: quotes, line ends and everything around it stay. Code that opens connections is pointed out with its line, not rewritten: what it should do is your decision.",
        );
        kit::paragraph(
            ui,
            "The previous file is kept outside the project, and step 12 can put it back as long as nobody changed it since.",
        );
    });
    act
}

fn folder(ui: &mut Ui, draft: &mut Draft, facts: &Facts, busy: bool) -> Option<Act> {
    let mut act = None;
    kit::field(
        ui,
        "Folder of the project",
        &mut draft.folder,
        "The folder with package.json or the like",
    );
    ui.add_enabled_ui(!busy, |ui| {
        ui.horizontal_wrapped(|ui| {
            if kit::secondary_button(ui, "Choose folder…").clicked() {
                act = Some(Act::ChooseFolder);
            }
            if facts.project.is_some() && kit::link_button(ui, "Read it again").clicked() {
                act = Some(Msg::Scan.into());
            }
        });
    });
    act
}

fn what_it_is(ui: &mut Ui, project: &Project) {
    let client = match project.client {
        Client::Unknown => "No client that we know. The env files get plain URLs.",
        Client::Prisma6 | Client::Prisma7 | Client::Libpq | Client::NodePostgres => {
            project.client.title()
        }
    };
    kit::key_value(ui, "Client", client);
    if !project.evidence.is_empty() {
        kit::key_value(ui, "Seen in", &project.evidence.join("\n"));
    }
    let migrations = project.migrations.as_ref().map(|folder| folder.display().to_string());
    kit::key_value(ui, "Migrations", migrations.as_deref().unwrap_or("none found"));
    let env: Vec<String> =
        project.env_files.iter().map(|file| file.display().to_string()).collect();
    let env = if env.is_empty() { "none found".to_owned() } else { env.join(", ") };
    kit::key_value(ui, "Env files", &env);
}

/// Each edit with a tick, its reason and its difference.
fn edits(ui: &mut Ui, draft: &mut Draft, edits: &[Edit]) {
    for edit in edits {
        kit::card(ui, None, |ui| {
            let file = edit.file.display().to_string();
            let mut ticked = !draft.left_out.contains(&edit.file);
            let label = format!("{file}  {}", diff::size(&edit.before, &edit.after));
            if kit::check(ui, &mut ticked, &label).changed() {
                draft.left_out.retain(|other| *other != edit.file);
                if !ticked {
                    draft.left_out.push(edit.file.clone());
                }
            }
            kit::caption(ui, &edit.reason);
            diff::diff(ui, &edit.before, &edit.after);
        });
    }
}

fn findings(ui: &mut Ui, findings: &[Finding]) {
    for (index, finding) in findings.iter().enumerate() {
        if 0 < index {
            kit::hairline(ui);
        }
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = gap::XS;
            kit::mono(ui, &format!("{}:{}", finding.file.display(), finding.line));
            let color = Theme::of(ui).warning.text;
            kit::marked(ui, Icon::Warning, color, "Worth a look", &finding.what);
            if !finding.why.is_empty() {
                kit::caption(ui, &finding.why);
            }
        });
    }
}

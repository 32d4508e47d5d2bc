//! Page 7: the project's folder, what it is built with, what in it needs care, and the edits with a tick each.

use std::path::{Path, PathBuf};

use egui::{TextStyle, Ui};

use crate::{
    domain::project::{Edit, Finding, Kind, LeftOut, Part, Place, Project, Target},
    setup::{
        Setup,
        facts::Facts,
        steps::project::{Draft, Msg, Phase, Step},
    },
    ui::{
        act::Act,
        kit::{self, Icon, Tick, diff},
        steps::written,
        theme::{Theme, gap},
    },
};

pub fn show(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let step = &mut setup.steps.project;
    let mut act = kit::card(ui, None, |ui| folder(ui, step, &setup.facts));
    if let Phase::Scanning(_, seen) = step.phase {
        reading(ui, seen);
        return act;
    }
    let Some(project) = &setup.facts.project else {
        what_is_read(ui);
        return act;
    };
    what_it_is(ui, project);
    if let Phase::WouldChange(count) = step.phase {
        written::would(ui, &format!("{} would change.", kit::count(count, "file", "files")));
    }
    if let Some(written) = &setup.facts.project_files {
        kit::card(ui, Some("Files"), |ui| written::files(ui, written, &setup.facts));
    } else if project.edits.is_empty() {
        let (theme, text) = (Theme::of(ui), "The files of this project stay as they are.");
        kit::note(ui, theme.success, Icon::Done, "Nothing has to change here.", text);
    } else {
        for edit in &project.edits {
            act = kit::card(ui, None, |ui| edited(ui, &mut step.draft, project, edit)).or(act);
        }
        diff::walk(ui);
    }
    act = findings(ui, project, &step.target(&setup.facts)).or(act);
    act = places(ui, &project.places).or(act);
    left_out(ui, &project.left_out);
    why_so_little(ui);
    act
}

fn folder(ui: &mut Ui, step: &mut Step, facts: &Facts) -> Option<Act> {
    let busy = matches!(step.phase, Phase::Scanning(..) | Phase::Writing(..));
    let mut act = None;
    kit::field(
        ui,
        "Folder of the project",
        &mut step.draft.folder,
        "Typed, chosen, or dropped on this window",
    );
    if let Some(dropped) = dropped(ui).filter(|_| !busy) {
        step.draft.folder = dropped.display().to_string();
        act = Some(Msg::Scan.into());
    }
    if ui.input(|input| !input.raw.hovered_files.is_empty()) {
        let info = Theme::of(ui).info;
        kit::note(
            ui,
            info,
            Icon::Would,
            "Let go to read it.",
            "A folder can be dropped anywhere on this window.",
        );
    }
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

/// The folder that was dropped on the window in this frame.
fn dropped(ui: &Ui) -> Option<PathBuf> {
    ui.input(|input| input.raw.dropped_files.first().map(|file| file.path().to_owned()))
}

fn reading(ui: &mut Ui, seen: usize) {
    kit::card(ui, None, |ui| {
        let text = match seen {
            0 => "Looking for files…".to_owned(),
            seen => format!("{} read so far.", kit::count(seen, "file", "files")),
        };
        kit::live(ui, &text);
        kit::caption(ui, "Nothing is changed by reading, and nothing leaves this computer.");
    });
}

fn what_is_read(ui: &mut Ui) {
    kit::fold(ui, "What is read?", |ui| {
        kit::paragraph(
            ui,
            "Manifests, schemas, env files, configuration and code in this folder, to find what connects to the database and how. Ignored files, links and files over 1 MiB are left alone. Nothing leaves this computer.",
        );
    });
}

fn what_it_is(ui: &mut Ui, project: &Project) {
    kit::card(ui, Some("What this project is"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::S;
        if project.parts.is_empty() {
            kit::paragraph(
                ui,
                "No database client that Poolwright knows was found. The env files get plain URLs; how the code reads them is yours to check.",
            );
        }
        for part in &project.parts {
            stacks(ui, part, 1 < project.parts.len());
        }
        let migrations = project.migrations.as_ref().map(|folder| folder.display().to_string());
        kit::key_value(ui, "Migrations", migrations.as_deref().unwrap_or("none found"));
        let env: Vec<String> =
            project.env_files.iter().map(|file| file.display().to_string()).collect();
        let env = if env.is_empty() { "none found".to_owned() } else { env.join(", ") };
        kit::key_value(ui, "Env files", &env);
    });
}

/// Lines of evidence that are shown of one stack.
const EVIDENCE: usize = 4;

fn stacks(ui: &mut Ui, part: &Part, several: bool) {
    if several {
        match part.folder.to_str() {
            Some("") => kit::caption(ui, "At the top"),
            _ => kit::mono(ui, &part.folder.display().to_string()), // a package in a folder
        };
    }
    for stack in &part.stacks {
        let title = stack.title();
        let mut seen: Vec<String> =
            stack.evidence.iter().take(EVIDENCE).map(ToString::to_string).collect();
        if EVIDENCE < stack.evidence.len() {
            seen.push(format!("and in {} more", stack.evidence.len() - EVIDENCE));
        }
        kit::key_value(ui, &title, &seen.join("\n"));
    }
}

/// A file with its hunks, each with its tick, its reason and its difference.
fn edited(ui: &mut Ui, draft: &mut Draft, project: &Project, edit: &Edit) -> Option<Act> {
    let before = edit.before.as_deref().unwrap_or_default();
    let mut act = None;
    at_place(ui, &edit.file.display().to_string(), |ui| {
        if edit.before.is_none() {
            kit::caption(ui, "new file");
        } else {
            act = open_button(ui, &edit.file, "its changes");
        }
    });
    for (index, hunk) in edit.hunks.iter().enumerate() {
        let Some(finding) = project.findings.get(hunk.finding) else { continue };
        if 0 < index {
            ui.add_space(gap::S);
        }
        let alone = edit.after(|other| other == index);
        let mut ticked = draft.takes(edit, index);
        let extent = diff::size(before, &alone);
        let tick = Tick { title: &finding.what, extent: &extent, reason: &finding.why };
        if diff::tick(ui, &mut ticked, tick).changed() {
            draft.turn(edit, index);
        }
        diff::hunk(ui, before, &alone);
    }
    kit::caption(ui, "Nothing else in this file changes.");
    act
}

/// A place in the project with what there is to it: beside it where there is room, else below.
fn at_place(ui: &mut Ui, place: &str, beside: impl FnOnce(&mut Ui)) {
    const BESIDE: f32 = 130.0;
    let font = TextStyle::Monospace.resolve(ui.style());
    let width = ui.fonts_mut(|fonts| fonts.glyph_width(&font, '0')) * place.chars().count() as f32;
    let both = |ui: &mut Ui| {
        kit::mono(ui, place);
        beside(ui);
    };
    if width + BESIDE <= ui.available_width() {
        ui.horizontal(both);
    } else {
        ui.vertical(both);
    }
}

/// One file can have several things to look at; each button says which.
fn open_button(ui: &mut Ui, file: &Path, because_of: &str) -> Option<Act> {
    let name = format!("Open {} in the editor: {because_of}", file.display());
    kit::link_of(ui, "Open in editor", &name)
        .clicked()
        .then(|| Msg::OpenFile(PathBuf::from(file)).into())
}

/// What is left for the person, under a heading for each kind.
fn findings(ui: &mut Ui, project: &Project, target: &Target) -> Option<Act> {
    let mut open: Vec<&Finding> =
        project.without_edit().filter(|finding| finding.matters(target)).collect();
    if open.is_empty() {
        return None;
    }
    open.sort_by_key(|finding| finding.kind);
    let mut act = None;
    kit::card(ui, Some("Worth a look in the code"), |ui| {
        let mut heading = "";
        for finding in open {
            if finding.kind.title() != heading {
                if !heading.is_empty() {
                    ui.add_space(gap::XS);
                    kit::hairline(ui);
                }
                heading = finding.kind.title();
                kit::part(ui, heading);
            }
            act = one_finding(ui, finding).or(act.take());
        }
    });
    act
}

fn one_finding(ui: &mut Ui, finding: &Finding) -> Option<Act> {
    let mut act = None;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = gap::XS;
        let theme = Theme::of(ui);
        let (icon, tone) = match finding.kind {
            Kind::Secret => (Icon::Stopped, theme.danger),
            _ => (Icon::Warning, theme.warning), // something to weigh
        };
        kit::marked(ui, icon, tone.text, "Worth a look", &finding.what);
        kit::beneath(ui, |ui| {
            if !finding.why.is_empty() {
                kit::caption(ui, &finding.why);
            }
            at_place(ui, &format!("{}:{}", finding.file.display(), finding.line), |ui| {
                act = open_button(ui, &finding.file, &finding.what);
            });
        });
    });
    act
}

/// First what has to be changed, then what can stay.
fn places(ui: &mut Ui, places: &[Place]) -> Option<Act> {
    if places.is_empty() {
        return None;
    }
    let (change, leave): (Vec<&Place>, Vec<&Place>) =
        places.iter().partition(|place| place.change.is_some());
    let mut act = None;
    kit::card(ui, Some("Other places that connect"), |ui| {
        for (index, place) in change.into_iter().chain(leave).enumerate() {
            if 0 < index {
                kit::hairline(ui);
            }
            act = one_place(ui, place).or(act.take());
        }
    });
    act
}

fn one_place(ui: &mut Ui, place: &Place) -> Option<Act> {
    let mut act = None;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = gap::XS;
        let theme = Theme::of(ui);
        let (icon, color, word, advice) = match &place.change {
            Some(change) => (Icon::Warning, theme.warning.text, "Change", change.as_str()),
            None => (Icon::Done, theme.success.text, "Leave", "Leave it as it is."),
        };
        kit::marked(ui, icon, color, word, &format!("{}. {advice}", place.what));
        kit::beneath(ui, |ui| {
            kit::caption(ui, &place.why);
            at_place(ui, &format!("{}:{}", place.file.display(), place.line), |ui| {
                if place.change.is_some() {
                    act = open_button(ui, &place.file, &place.what);
                }
            });
        });
    });
    act
}

/// Lines of what was not read that are shown.
const LEFT_OUT: usize = 20;

fn left_out(ui: &mut Ui, files: &[LeftOut]) {
    if files.is_empty() {
        return;
    }
    let title = format!("{} could not be read", kit::count(files.len(), "file", "files"));
    kit::fold(ui, &title, |ui| {
        for left in files.iter().take(LEFT_OUT) {
            kit::mono(ui, &left.file.display().to_string());
            kit::caption(ui, left.reason.words());
        }
        if LEFT_OUT < files.len() {
            kit::caption(ui, &format!("and {} more", files.len() - LEFT_OUT));
        }
    });
}

fn why_so_little(ui: &mut Ui) {
    kit::fold(ui, "Why so little?", |ui| {
        kit::paragraph(
            ui,
            "Each edit is the smallest that works: quotes, line ends and everything around it stay. Code whose right form depends on what it is for is pointed out with its line, not rewritten.",
        );
        kit::paragraph(
            ui,
            "The previous file is kept outside the project, and step 12 can put it back as long as nobody changed it since.",
        );
    });
}

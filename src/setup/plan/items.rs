//! What the steps would still change, item by item, as they themselves say it; and the ticks, which are theirs.

use std::path::Path;

use crate::{
    domain::{
        app_spec::App,
        cluster::Environment,
        env_file::KeyChange,
        figures::{self, count},
        migration::Pending,
        project::{Edit, Hunk},
    },
    setup::{
        Setup, may_change,
        plan::{Back, Item, Key, Line, Tick},
        step::{Primary, Standing, StepId},
        steps::{
            app::{self, Draft},
            env_files::{self, AuthorityPlan, EnvFile},
            migrations::own::Runner,
        },
    },
};

const REVERTED: Back = Back::Can("can be reverted");
const DEPLOYED_AGAIN: Back = Back::Can("can be restored, with one more deployment");
const STAYS: Back = Back::Never("can't be undone: restore a backup instead");

impl Setup {
    /// Every change still to be made, in the order in which it is.
    pub fn plan_items(&self) -> Vec<Item> {
        self.items().collect()
    }

    /// The same one after the other: whoever asks for the first does not wait for thousands of apps.
    pub(super) fn items(&self) -> impl Iterator<Item = Item> {
        let open = |step: StepId| {
            !self.facts.skipped.contains(&step) && self.facts.missing_for(step).is_none()
        };
        let once = |wanted: bool| wanted.then_some(()).into_iter();
        let project = once(open(StepId::Project) && self.facts.project_files.is_none());
        let app = once(open(StepId::App) && self.facts.deployed.is_none());
        (project.flat_map(|()| self.project_items()))
            .chain(once(open(StepId::EnvFiles)).flat_map(|()| self.env_items()))
            .chain(once(open(StepId::Migrations)).filter_map(|()| self.migration_item()))
            .chain(app.flat_map(|()| self.app_items()))
    }

    fn project_items(&self) -> impl Iterator<Item = Item> {
        let edits = self.facts.project.iter().flat_map(|project| &project.edits);
        edits.map(|edit| {
            let draft = &self.steps.project.draft;
            let taken = |index: &usize| draft.takes(edit, *index);
            let any = (0..edit.hunks.len()).any(|index| taken(&index));
            let hunks = edit.hunks.iter().enumerate();
            // Without a tick it is told what the tick would bring.
            let shown = hunks.filter(|(index, _)| !any || taken(index)).map(|(_, hunk)| hunk);
            let lines: Vec<Line> = shown.flat_map(|hunk| lines_of(edit, hunk)).collect();
            let added = lines.iter().filter(|line| line.new.is_some()).count();
            let removed = lines.iter().filter(|line| line.old.is_some()).count();
            Item {
                key: Key::Project(edit.file.clone()),
                what: edit.file.display().to_string(),
                change: figures::lines(added, removed),
                lines,
                back: REVERTED,
                tick: if any { Tick::On } else { Tick::Off },
            }
        })
    }

    fn env_items(&self) -> Vec<Item> {
        let step = &self.steps.env_files;
        let mut items: Vec<Item> =
            step.files.iter().filter_map(|file| self.env_item(file)).collect();
        let what = match step.authority_plan(&self.facts) {
            Some(AuthorityPlan::Add) => "new",
            Some(AuthorityPlan::Replace) => "replaced",
            Some(AuthorityPlan::Keep) | None => return items,
        };
        if let Some(file) = step.authority.as_ref().map(|there| there.file.clone()) {
            let tick = match items.iter().any(|item| item.tick == Tick::On) {
                true => Tick::WithOthers,
                // Nothing else is to be written: its own button writes it.
                false if step.ticked().next().is_some() => Tick::On,
                false => Tick::WithOthers,
            };
            items.push(Item {
                what: file.display().to_string(),
                key: Key::Authority(file),
                change: format!("the cluster's certificate authority, {what}"),
                lines: Vec::new(),
                back: REVERTED,
                tick,
            });
        }
        items
    }

    fn env_item(&self, file: &EnvFile) -> Option<Item> {
        let ticked = self.steps.env_files.ticked().any(|ticked| ticked.file == file.file);
        let name = file.file.display().to_string();
        let item = |change: String, lines, tick| Item {
            key: Key::Env(file.file.clone()),
            what: name.clone(),
            change,
            lines,
            back: REVERTED,
            tick,
        };
        let plan = match env_files::Step::plan(&self.facts, file) {
            Ok(plan) => plan,
            Err(err) if ticked => {
                let refused = Tick::Refused(format!("{err}."));
                return Some(item("can't be changed".to_owned(), Vec::new(), refused));
            }
            Err(_) => return None,
        };
        let lines: Vec<Line> = plan.changed().map(variable).collect();
        if lines.is_empty() {
            return None;
        }
        let change = if env_files::is_example(&file.file) {
            count(lines.len(), "name without a value", "names without values")
        } else {
            count(lines.len(), "variable", "variables")
        };
        let tick = match ticked {
            true if file.is_exposed() => Tick::Refused(format!(
                "{name} is tracked by git; a password in it would be committed."
            )),
            true => Tick::On,
            false => Tick::Off,
        };
        Some(item(change, lines, tick))
    }

    fn migration_item(&self) -> Option<Item> {
        let step = &self.steps.migrations;
        let status = step.status_of(&self.facts);
        let runner = step.runner(&self.facts)?;
        let what = match step.command(&self.facts) {
            Some(command) => command.to_owned(),
            None => "Built-in runner".to_owned(),
        };
        let (change, lines) = match (status, runner) {
            (Some(status), _) if !status.pending.is_empty() || !status.failed.is_empty() => {
                let pending = status.pending.len();
                let change = count(pending, "pending migration", "pending migrations");
                (change, status.pending.iter().map(migration).collect())
            }
            (None, Runner::Tool(_)) => ("what is pending is not known".to_owned(), Vec::new()),
            (Some(_), _) | (None, Runner::BuiltIn) => return None,
        };
        let turned = self.plan.turned.contains(&Key::Migrations);
        let production = self
            .facts
            .cluster
            .as_ref()
            .is_some_and(|cluster| cluster.environment == Environment::Production);
        let unnamed = may_change(&self.facts, &self.rules).err();
        let tick = match step.primary(&self.facts, &self.rules) {
            Primary::Next if self.standing(StepId::Migrations) != Standing::WouldChange => {
                return None;
            }
            Primary::Blocked(_, why) if Some(&why) != unnamed.as_ref() => Tick::Refused(why),
            // In production it runs only where the person says so.
            _ if production == turned => Tick::On, // it may run, or runs
            _ => Tick::Off,                        // the same
        };
        Some(Item { key: Key::Migrations, what, change, lines, back: STAYS, tick })
    }

    fn app_items(&self) -> impl Iterator<Item = Item> {
        let apps = self.facts.cluster.iter().flat_map(|cluster| &cluster.apps);
        let planner = app::planner(&self.facts);
        apps.filter_map(move |app| self.app_item(app, &planner))
    }

    fn app_item(
        &self,
        app: &App,
        planner: impl Fn(&App, &Draft) -> Result<app::Plan, app::NoPlan>,
    ) -> Option<Item> {
        let step = &self.steps.app;
        let chosen = step.app(&self.facts).is_some_and(|chosen| chosen.id == app.id);
        let draft = if chosen { &step.draft } else { &Draft::default() };
        let key = Key::App(app.id.clone());
        let item = |change: String, lines, tick| Item {
            key: key.clone(),
            what: app.name.clone(),
            change,
            lines,
            back: DEPLOYED_AGAIN,
            tick,
        };
        match planner(app, draft) {
            Err(err) if chosen => {
                let refused = Tick::Refused(app::sentence(&err));
                Some(item("can't be switched".to_owned(), Vec::new(), refused))
            }
            Err(_) => None,
            Ok(plan) if plan.changes.is_empty() => None,
            Ok(plan) => {
                let variables = count(plan.changes.len(), "variable", "variables");
                let attached = plan.attaches.map(|name| Line {
                    place: "databases".to_owned(),
                    old: None,
                    new: Some(format!("{name}: the cluster attached to the app")),
                });
                let changes = plan.changes.into_iter().map(|change| Line {
                    place: match change.place.component {
                        Some(component) => format!("{component}: {}", change.place.key),
                        None => change.place.key,
                    },
                    old: change.old,
                    new: Some(change.new),
                });
                let lines = attached.into_iter().chain(changes).collect();
                let tick = match chosen && !self.plan.turned.contains(&key) {
                    false => Tick::Off,
                    true if app::Step::by_hand(&self.facts) => Tick::Refused(
                        "The token may not change apps. Step 10 gives the values for the panel."
                            .to_owned(),
                    ),
                    true => Tick::On,
                };
                Some(item(format!("{variables}, then one deployment"), lines, tick))
            }
        }
    }

    /// Takes a tick off or puts it back: on the step's own draft where that has one.
    pub(super) fn turn(&mut self, key: &Key) {
        match key {
            Key::Project(file) => self.turn_edit(file),
            Key::Env(file) => {
                let targets = &mut self.steps.env_files.draft.targets;
                if let Some(target) = targets.iter_mut().find(|target| target.file == *file) {
                    target.ticked = !target.ticked;
                }
            }
            Key::Authority(_) => {}
            Key::Migrations => self.turn_here(key),
            Key::App(app) => {
                let chosen = self.steps.app.app(&self.facts).map(|chosen| chosen.id.clone());
                if chosen.as_ref() == Some(app) {
                    self.turn_here(key);
                } else if !self.steps.app.working() {
                    // Step 10 switches one app at a time.
                    self.plan.turned.retain(|turned| turned != key);
                    self.steps.app.draft.app = Some(app.clone());
                }
            }
        }
    }

    fn turn_here(&mut self, key: &Key) {
        let turned = &mut self.plan.turned;
        if turned.contains(key) {
            turned.retain(|other| other != key);
        } else {
            turned.push(key.clone());
        }
    }

    /// All hunks of a file go, or those come back that were proposed; all, where none was.
    fn turn_edit(&mut self, file: &Path) {
        let edits = self.facts.project.iter().flat_map(|project| &project.edits);
        let Some(edit) = edits.into_iter().find(|edit| edit.file == file) else { return };
        let draft = &mut self.steps.project.draft;
        let all = 0..edit.hunks.len();
        let taken: Vec<usize> = all.clone().filter(|index| draft.takes(edit, *index)).collect();
        let is_proposed = |index: &usize| edit.hunks.get(*index).is_some_and(|hunk| hunk.proposed);
        let wanted: Vec<usize> = if !taken.is_empty() {
            taken
        } else if all.clone().any(|index| is_proposed(&index)) {
            all.filter(is_proposed).collect()
        } else {
            all.collect()
        };
        for index in wanted {
            draft.turn(edit, index);
        }
    }
}

fn variable(change: &KeyChange) -> Line {
    Line { place: change.key.clone(), old: change.old.clone(), new: Some(change.new.clone()) }
}

fn migration(pending: &Pending) -> Line {
    let risks = pending.risks.iter().filter(|risk| risk.destructive);
    let risks: Vec<String> =
        risks.map(|risk| format!("line {} {}", risk.line, risk.what)).collect();
    let new = if risks.is_empty() { "applied".to_owned() } else { risks.join("; ") };
    Line { place: pending.script.name.clone(), old: None, new: Some(new) }
}

/// The whole lines that a hunk touches: those that go, then those that come.
fn lines_of(edit: &Edit, hunk: &Hunk) -> Vec<Line> {
    let before = edit.before.as_deref().unwrap_or_default();
    let mut lines = Vec::new();
    for piece in &hunk.pieces {
        let end = piece.at + piece.length;
        let head = before.get(..piece.at).and_then(|text| text.rfind('\n')).map_or(0, |at| at + 1);
        let tail = before.get(end..).and_then(|text| text.find('\n'));
        let tail = tail.map_or(before.len(), |at| end + at);
        let part = |from, to| before.get(from..to).unwrap_or_default();
        let old = part(head, tail);
        let new = format!("{}{}{}", part(head, piece.at), piece.with, part(end, tail));
        let place = format!("line {}", part(0, head).matches('\n').count() + 1);
        lines.extend(apart(&place, old, &new));
    }
    lines
}

/// The lines in which two texts differ; what they have in common at both ends is left out.
fn apart(place: &str, old: &str, new: &str) -> Vec<Line> {
    let (mut old, mut new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let ends = |a: &[&str], b: &[&str]| a.last().is_some() && a.last() == b.last();
    while ends(&old, &new) {
        old.pop();
        new.pop();
    }
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let line = |old, new| Line { place: place.to_owned(), old, new };
    let gone = old.into_iter().skip(same).map(|text| line(Some(text.trim().to_owned()), None));
    let come = new.into_iter().skip(same).map(|text| line(None, Some(text.trim().to_owned())));
    gone.chain(come).collect()
}

//! Step 7: the project folder: what it is built with, what in it needs care, the smallest edit that works.

use std::path::PathBuf;

use crate::{
    domain::{
        problem::Problem,
        record::Undo,
        stack::{Edit, Project},
    },
    setup::{
        Ctx, Rules,
        facts::{Facts, WrittenFile},
        step::{Primary, Standing, StepId},
        ticket::Ticket,
    },
};

#[derive(Debug, Default)]
pub struct Step {
    pub draft: Draft,
    pub phase: Phase,
}

#[derive(Debug, Default)]
pub struct Draft {
    pub folder: String,
    /// Edits the person left out, by file.
    pub left_out: Vec<PathBuf>,
}

#[derive(Debug, Default)]
pub enum Phase {
    #[default]
    Idle,
    Scanning(Ticket),
    Writing(Ticket),
    Failed(Problem),
    WouldChange(usize),
}

#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Reads the folder; `direct_key` is the variable the schema should name for migrations.
    Scan {
        folder: PathBuf,
        direct_key: String,
    },
    Write {
        root: PathBuf,
        edits: Vec<Edit>,
    },
}

#[derive(Debug)]
pub enum Msg {
    Scan,
    Scanned(Box<Project>),
    Write,
    Written(Vec<WrittenFile>),
    Stop,
    Failed(Problem),
}

impl Step {
    /// The edits that are ticked and not written yet.
    pub fn to_write<'a>(&'a self, facts: &'a Facts) -> impl Iterator<Item = &'a Edit> {
        facts
            .project
            .iter()
            .flat_map(|project| &project.edits)
            .filter(|edit| !self.draft.left_out.contains(&edit.file) && edit.before != edit.after)
    }

    pub fn primary(&self, facts: &Facts, _rules: &Rules) -> Primary<Msg> {
        match &self.phase {
            Phase::Scanning(_) => {
                Primary::Working("Reading the project…".to_owned(), Some(Msg::Stop))
            }
            Phase::Writing(_) => Primary::Working("Writing…".to_owned(), None),
            Phase::WouldChange(_) => Primary::Next,
            Phase::Idle | Phase::Failed(_) => self.offer(facts),
        }
    }

    fn offer(&self, facts: &Facts) -> Primary<Msg> {
        let folder = self.draft.folder.trim();
        if folder.is_empty() {
            return Primary::Blocked(
                "Read the project".to_owned(),
                "Choose the project's folder first.".to_owned(),
            );
        }
        let read = facts
            .project
            .as_ref()
            .is_some_and(|project| project.root.as_path() == std::path::Path::new(folder));
        if !read || facts.review.contains(&StepId::Project) {
            return Primary::Act("Read the project".to_owned(), Msg::Scan);
        }
        if facts.project_files.is_some() {
            return Primary::Next;
        }
        match self.to_write(facts).count() {
            0 => Primary::Act("Keep the files as they are".to_owned(), Msg::Write),
            1 => Primary::Act("Change 1 file".to_owned(), Msg::Write),
            n => Primary::Act(format!("Change {n} files"), Msg::Write),
        }
    }

    pub fn open(&mut self, ctx: &mut Ctx<'_>) {
        if ctx.facts.project.is_none()
            && matches!(self.phase, Phase::Idle)
            && !self.draft.folder.trim().is_empty()
        {
            self.scan(ctx);
        }
    }

    pub fn update(&mut self, ctx: &mut Ctx<'_>, msg: Msg) {
        match (msg, &self.phase) {
            (Msg::Scan, Phase::Idle | Phase::Failed(_)) => self.scan(ctx),
            (Msg::Scanned(project), Phase::Scanning(_)) => {
                if ctx.facts.project.as_ref().is_some_and(|old| old.root != project.root) {
                    ctx.facts.changed(StepId::Project);
                }
                ctx.facts.review.retain(|step| *step != StepId::Project);
                ctx.facts.project_files = None;
                self.draft.folder = project.root.display().to_string();
                ctx.facts.project = Some(*project);
                self.phase = Phase::Idle;
            }
            (Msg::Write, Phase::Idle | Phase::Failed(_)) => self.write(ctx),
            (Msg::Written(files), Phase::Writing(_)) => {
                for file in &files {
                    let undo = Undo::RestoreFile {
                        file: file.file.clone(),
                        backup: file.backup.clone(),
                        ours: file.hash.clone(),
                    };
                    ctx.did(format!("{} changed, {}", file.file.display(), file.what), undo);
                }
                ctx.facts.project_files = Some(files);
                self.phase = Phase::Idle;
            }
            (Msg::Stop, Phase::Scanning(ticket)) => {
                ctx.cancel(*ticket);
                self.phase = Phase::Idle;
            }
            (Msg::Failed(problem), _) => self.phase = Phase::Failed(problem),
            (Msg::Scan | Msg::Scanned(_) | Msg::Write | Msg::Written(_) | Msg::Stop, _) => {}
        }
    }

    fn scan(&mut self, ctx: &mut Ctx<'_>) {
        let folder = PathBuf::from(self.draft.folder.trim());
        let direct_key = ctx
            .facts
            .urls
            .as_ref()
            .map_or_else(|| "DIRECT_URL".to_owned(), |urls| urls.keys.1.clone());
        self.phase = Phase::Scanning(ctx.start(Effect::Scan { folder, direct_key }));
    }

    fn write(&mut self, ctx: &mut Ctx<'_>) {
        let Some(root) = ctx.facts.project.as_ref().map(|project| project.root.clone()) else {
            return;
        };
        let edits: Vec<Edit> = self.to_write(ctx.facts).cloned().collect();
        if edits.is_empty() {
            ctx.facts.project_files = Some(Vec::new());
        } else if ctx.rules.dry_run {
            self.phase = Phase::WouldChange(edits.len());
        } else {
            self.phase = Phase::Writing(ctx.start(Effect::Write { root, edits }));
        }
    }

    pub fn standing(&self, facts: &Facts) -> Standing {
        match &self.phase {
            Phase::Scanning(_) | Phase::Writing(_) => Standing::Working,
            Phase::Failed(_) => Standing::Stopped,
            Phase::WouldChange(_) => Standing::WouldChange,
            Phase::Idle if facts.project_files.is_some() => Standing::Done,
            Phase::Idle if self.draft.folder.trim().is_empty() => Standing::NeedsYou,
            Phase::Idle => Standing::Ready,
        }
    }

    pub fn problem(&self) -> Option<&Problem> {
        match &self.phase {
            Phase::Failed(problem) => Some(problem),
            Phase::Idle | Phase::Scanning(_) | Phase::Writing(_) | Phase::WouldChange(_) => None,
        }
    }
}

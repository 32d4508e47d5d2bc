//! Step 7: the project folder: what it is built with, what in it needs care, the smallest edit that works.

use std::path::{Path, PathBuf};

use crate::{
    domain::{
        problem::Problem,
        project::{Edit, Project, Rewrite, Target},
    },
    setup::{
        Ctx, Rules,
        facts::{Facts, WrittenFile},
        step::{Primary, Standing, StepId},
        ticket::Ticket,
    },
};

#[derive(Clone, Debug, Default)]
pub struct Step {
    pub draft: Draft,
    pub phase: Phase,
    /// Files of ours that were looked at again, with their hashes; `None` where a file is gone.
    pub looked: Option<Vec<(PathBuf, Option<String>)>>,
    looking: Option<Ticket>,
}

#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub folder: String,
    /// Hunks whose tick the person turned: by file, and by their index in its edit.
    pub turned: Vec<(PathBuf, usize)>,
}

impl Draft {
    /// Is this hunk to be written?
    pub fn takes(&self, edit: &Edit, index: usize) -> bool {
        let proposed = edit.hunks.get(index).is_some_and(|hunk| hunk.proposed);
        let is_turned = self.turned.iter().any(|(file, at)| *file == edit.file && *at == index);
        proposed != is_turned
    }

    /// Takes the tick off, or puts it back.
    pub fn turn(&mut self, edit: &Edit, index: usize) {
        let this = (edit.file.clone(), index);
        if self.turned.contains(&this) {
            self.turned.retain(|other| *other != this);
        } else {
            self.turned.push(this);
        }
    }
}

#[derive(Clone, Debug, Default)]
pub enum Phase {
    #[default]
    Idle,
    /// With the number of files seen so far.
    Scanning(Ticket, usize),
    /// The hunks that are written: by file and index.
    Writing(Ticket, Vec<(PathBuf, usize)>),
    Failed(Problem),
    WouldChange(usize),
}

#[derive(Debug, PartialEq)]
pub enum Effect {
    Scan {
        folder: PathBuf,
        target: Target,
    },
    Write {
        root: PathBuf,
        rewrites: Vec<Rewrite>,
    },
    /// Opens a file in the program that the desktop has for it.
    Open {
        file: PathBuf,
    },
    /// What stands in these files by now.
    Look {
        files: Vec<PathBuf>,
    },
}

#[derive(Debug)]
pub enum Msg {
    Scan,
    /// News of the scan: how many files were seen so far.
    Seen(usize),
    Scanned(Box<Project>),
    Write,
    Written(Vec<WrittenFile>),
    /// Relative to the project.
    OpenFile(PathBuf),
    Opened,
    Looked(Vec<(PathBuf, Option<String>)>),
    Stop,
    Failed(Problem),
}

impl Step {
    /// The files as they are to be, with the ticked hunks that are not written yet.
    pub fn to_write(&self, facts: &Facts) -> Vec<Rewrite> {
        let edits = facts.project.iter().flat_map(|project| &project.edits);
        edits
            .filter(|edit| (0..edit.hunks.len()).any(|index| self.draft.takes(edit, index)))
            .map(|edit| Rewrite {
                file: edit.file.clone(),
                before: edit.before.clone(),
                after: edit.after(|index| self.draft.takes(edit, index)),
            })
            .collect()
    }

    /// What findings and edits are made for, as far as it is chosen by now.
    pub fn target(&self, facts: &Facts) -> Target {
        let proposed = Target {
            mode: facts.pool.as_ref().map(|pool| pool.mode),
            probe: facts.tested.as_ref().and_then(|tested| tested.probe),
            ..Target::default()
        };
        let Some(urls) = &facts.urls else { return proposed };
        let (pooled_key, direct_key) = urls.keys.clone();
        Target { pooled_key, direct_key, limit: urls.limit, ..proposed }
    }

    /// Does what was read belong to the folder in the draft?
    pub fn has_read(&self, facts: &Facts) -> bool {
        let folder = Path::new(self.draft.folder.trim());
        facts.project.as_ref().is_some_and(|project| project.root == folder)
    }

    pub fn primary(&self, facts: &Facts, _rules: &Rules) -> Primary<Msg> {
        match &self.phase {
            Phase::Scanning(..) => {
                Primary::Working("Reading the project…".to_owned(), Some(Msg::Stop))
            }
            Phase::Writing(..) => Primary::Working("Writing…".to_owned(), None),
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
        if !self.has_read(facts) || facts.review.contains(&StepId::Project) {
            return Primary::Act("Read the project".to_owned(), Msg::Scan);
        }
        if facts.project_files.is_some() {
            return Primary::Next;
        }
        match self.to_write(facts).len() {
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
            (Msg::Seen(count), Phase::Scanning(ticket, _)) => {
                self.phase = Phase::Scanning(*ticket, count);
            }
            (Msg::Scanned(project), Phase::Scanning(..)) => self.scanned(ctx, *project),
            (Msg::Write, Phase::Idle | Phase::Failed(_)) => self.write(ctx),
            (Msg::Written(files), Phase::Writing(_, hunks)) => {
                if let Some(project) = &mut ctx.facts.project {
                    see_to(project, hunks);
                }
                for file in &files {
                    let what = format!("{} changed, {}", file.file.display(), file.what);
                    ctx.did(what, file.undo(Vec::new()));
                }
                ctx.facts.project_files = Some(files);
                self.phase = Phase::Idle;
            }
            (Msg::OpenFile(file), Phase::Idle | Phase::Failed(_)) => {
                if let Some(project) = &ctx.facts.project {
                    let file = project.root.join(file);
                    ctx.start(Effect::Open { file });
                }
            }
            (Msg::Stop, Phase::Scanning(ticket, _)) => {
                ctx.cancel(*ticket);
                self.phase = Phase::Idle;
            }
            (Msg::Looked(files), _) => {
                self.looked = Some(files);
                self.looking = None;
            }
            (Msg::Failed(problem), _) => {
                self.looking = None;
                self.phase = Phase::Failed(problem);
            }
            (
                Msg::Scan
                | Msg::Seen(_)
                | Msg::Scanned(_)
                | Msg::Write
                | Msg::Written(_)
                | Msg::OpenFile(_)
                | Msg::Opened
                | Msg::Stop,
                _,
            ) => {}
        }
    }

    /// Looks whether files that an earlier run wrote are still as it left them.
    pub(in crate::setup) fn look_at(&mut self, ctx: &mut Ctx<'_>, files: Vec<PathBuf>) {
        self.looked = None;
        self.looking = Some(ctx.start(Effect::Look { files }));
    }

    pub(in crate::setup) fn looks(&self) -> bool {
        self.looking.is_some()
    }

    fn scan(&mut self, ctx: &mut Ctx<'_>) {
        let folder = PathBuf::from(self.draft.folder.trim());
        let target = self.target(ctx.facts);
        self.phase = Phase::Scanning(ctx.start(Effect::Scan { folder, target }), 0);
    }

    fn scanned(&mut self, ctx: &mut Ctx<'_>, project: Project) {
        if ctx.facts.project.as_ref().is_some_and(|old| old.root != project.root) {
            ctx.facts.changed(StepId::Project);
        }
        ctx.facts.review.retain(|step| *step != StepId::Project);
        ctx.facts.project_files = None;
        self.draft = Draft { folder: project.root.display().to_string(), turned: Vec::new() };
        ctx.facts.project = Some(project);
        self.phase = Phase::Idle;
    }

    fn write(&mut self, ctx: &mut Ctx<'_>) {
        let Some(project) = &ctx.facts.project else { return };
        let rewrites = self.to_write(ctx.facts);
        if rewrites.is_empty() {
            ctx.facts.project_files = Some(Vec::new());
        } else if ctx.rules.dry_run {
            self.phase = Phase::WouldChange(rewrites.len());
        } else {
            let hunks = project
                .edits
                .iter()
                .flat_map(|edit| (0..edit.hunks.len()).map(move |index| (edit, index)))
                .filter(|(edit, index)| self.draft.takes(edit, *index))
                .map(|(edit, index)| (edit.file.clone(), index))
                .collect();
            let root = project.root.clone();
            self.phase = Phase::Writing(ctx.start(Effect::Write { root, rewrites }), hunks);
        }
    }

    pub fn standing(&self, facts: &Facts) -> Standing {
        match &self.phase {
            Phase::Scanning(..) | Phase::Writing(..) => Standing::Working,
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
            Phase::Idle | Phase::Scanning(..) | Phase::Writing(..) | Phase::WouldChange(_) => None,
        }
    }
}

/// The findings of these hunks are no longer open.
fn see_to(project: &mut Project, hunks: &[(PathBuf, usize)]) {
    let found = hunks.iter().filter_map(|(file, index)| {
        let edit = project.edits.iter().find(|edit| edit.file == *file)?;
        edit.hunks.get(*index).map(|hunk| hunk.finding)
    });
    project.seen_to = found.collect();
}

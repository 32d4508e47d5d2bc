//! Step 8: both URLs into the env files; every other byte stays.

use std::path::{Component, Path, PathBuf};

use crate::{
    domain::{
        env_file::{self, Assignment, BadAssignment, Plan},
        env_name,
        problem::Problem,
        record::Undo,
        secret::Secret,
        stages::Port,
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
    /// The files as read; `text: None` where the file does not exist yet.
    pub files: Vec<EnvFile>,
    /// The project that the targets and the files are of.
    root: Option<PathBuf>,
}

#[derive(Debug, Default)]
pub struct Draft {
    /// Relative to the project, one per target. Filled with the files that hold the key already, else `.env`.
    pub targets: Vec<Target>,
    /// Another file, as typed so far.
    pub another: String,
}

impl Draft {
    /// Why `another` can't become a target, or `None`.
    pub fn refusal(&self) -> Option<&'static str> {
        let name = Path::new(self.another.trim());
        let plain = name.components().all(|part| matches!(part, Component::Normal(_)));
        if name.as_os_str().is_empty() {
            Some("Name a file inside the project, such as .env.production.")
        } else if !plain {
            Some("The file has to lie inside the project.")
        } else if is_example(name) {
            Some("Example files are committed; they get no values.")
        } else if self.targets.iter().any(|target| target.file == name) {
            Some("This file is in the list already.")
        } else {
            None
        }
    }

    /// Takes `another` into the targets; it is read with the next look at the files.
    pub fn add(&mut self) {
        if self.refusal().is_none() {
            let file = PathBuf::from(self.another.trim());
            self.targets.push(Target { file, ticked: true });
            self.another.clear();
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub file: PathBuf,
    pub ticked: bool,
}

/// An env file as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvFile {
    pub file: PathBuf,
    pub text: Option<Secret>,
    /// Tracked by git: a password written here would be committed.
    pub tracked: bool,
    /// Covered by a `.gitignore`.
    pub ignored: bool,
}

#[derive(Debug, Default)]
pub enum Phase {
    #[default]
    Idle,
    Reading(Ticket),
    Writing(Ticket),
    Failed(Problem),
    WouldChange(usize),
}

/// One file to write: the text planned from, and the text to stand there.
#[derive(Debug, PartialEq, Eq)]
pub struct Write {
    pub file: PathBuf,
    /// What the plan was made from; another text there now means somebody changed it.
    pub before: Option<Secret>,
    pub after: Secret,
    pub what: String,
}

#[derive(Debug, PartialEq)]
pub enum Effect {
    Read { root: PathBuf, files: Vec<PathBuf> },
    Write { root: PathBuf, writes: Vec<Write> },
}

#[derive(Debug)]
pub enum Msg {
    Read,
    Files(Vec<EnvFile>),
    Write,
    Written(Vec<WrittenFile>),
    Stop,
    Failed(Problem),
}

impl Step {
    /// The two variables as they are to stand in this project's env files.
    pub fn assignments(facts: &Facts) -> Vec<Assignment> {
        let Some(urls) = &facts.urls else { return Vec::new() };
        let assignment = |key: &String, port| {
            let value = facts.client_url(port)?.text();
            Some(Assignment { key: key.clone(), value })
        };
        [assignment(&urls.keys.0, Port::Pooled), assignment(&urls.keys.1, Port::Direct)]
            .into_iter()
            .flatten()
            .collect()
    }

    /// What would change in one file; an example file gets names without values from its own writer.
    pub fn plan(facts: &Facts, file: &EnvFile) -> Result<Plan, BadAssignment> {
        // The text is needed to plan the edit; it leaves only inside the plan.
        let text = file.text.as_ref().map_or("", |text| text.expose());
        env_file::plan(text, &Self::assignments(facts))
    }

    pub fn ticked(&self) -> impl Iterator<Item = &EnvFile> {
        self.files.iter().filter(|file| {
            self.draft.targets.iter().any(|target| target.ticked && target.file == file.file)
        })
    }

    fn changes(&self, facts: &Facts) -> Result<usize, BadAssignment> {
        let mut count = 0;
        for file in self.ticked() {
            let changes = Self::plan(facts, file)?.changes;
            count +=
                changes.iter().filter(|change| change.action != env_file::Action::Keep).count();
        }
        Ok(count)
    }

    pub fn primary(&self, facts: &Facts, _rules: &Rules) -> Primary<Msg> {
        match &self.phase {
            Phase::Reading(_) => {
                Primary::Working("Reading the env files…".to_owned(), Some(Msg::Stop))
            }
            Phase::Writing(_) => Primary::Working("Writing the env files…".to_owned(), None),
            Phase::WouldChange(_) => Primary::Next,
            Phase::Idle | Phase::Failed(_) if self.files.is_empty() => {
                Primary::Act("Read the env files".to_owned(), Msg::Read)
            }
            Phase::Idle | Phase::Failed(_) => self.offer(facts),
        }
    }

    fn offer(&self, facts: &Facts) -> Primary<Msg> {
        let label = "Write the env files".to_owned();
        if let Some(file) = self.ticked().find(|file| file.tracked) {
            return Primary::Blocked(
                label,
                format!(
                    "{} is tracked by git; a password in it would be committed.",
                    file.file.display()
                ),
            );
        }
        match self.changes(facts) {
            Err(err) => Primary::Blocked(label, format!("{err}.")),
            Ok(0) if facts.env_files.is_some() => Primary::Next,
            Ok(0) if self.ticked().next().is_none() => {
                Primary::Blocked(label, "Tick at least one file.".to_owned())
            }
            Ok(0) => Primary::Act("Keep the env files as they are".to_owned(), Msg::Write),
            Ok(1) => Primary::Act("Write 1 variable".to_owned(), Msg::Write),
            Ok(n) => Primary::Act(format!("Write {n} variables"), Msg::Write),
        }
    }

    pub fn open(&mut self, ctx: &mut Ctx<'_>) {
        let unknown = self.files.is_empty()
            || ctx.facts.review.contains(&StepId::EnvFiles)
            || self.is_of_another_project(ctx.facts);
        if unknown && matches!(self.phase, Phase::Idle) {
            self.read(ctx);
        }
    }

    pub fn update(&mut self, ctx: &mut Ctx<'_>, msg: Msg) {
        match (msg, &self.phase) {
            (Msg::Read, Phase::Idle | Phase::Failed(_)) => self.read(ctx),
            (Msg::Files(files), Phase::Reading(_)) => {
                self.files = files;
                self.phase = Phase::Idle;
                if !self.draft.targets.iter().any(|target| target.ticked) {
                    self.propose(ctx.facts);
                }
            }
            (Msg::Write, Phase::Idle | Phase::Failed(_)) => self.write(ctx),
            (Msg::Written(written), Phase::Writing(_)) => {
                for file in &written {
                    let undo = Undo::RestoreFile {
                        file: file.file.clone(),
                        backup: file.backup.clone(),
                        ours: file.hash.clone(),
                    };
                    ctx.did(format!("{} written, {}", file.file.display(), file.what), undo);
                }
                ctx.facts.review.retain(|step| *step != StepId::EnvFiles);
                ctx.facts.env_files = Some(written);
                self.phase = Phase::Idle;
                self.read(ctx);
            }
            (Msg::Stop, Phase::Reading(ticket)) => {
                ctx.cancel(*ticket);
                self.phase = Phase::Idle;
            }
            (Msg::Failed(problem), _) => self.phase = Phase::Failed(problem),
            (Msg::Read | Msg::Files(_) | Msg::Write | Msg::Written(_) | Msg::Stop, _) => {}
        }
    }

    fn read(&mut self, ctx: &mut Ctx<'_>) {
        let Some(project) = &ctx.facts.project else { return };
        if self.is_of_another_project(ctx.facts) {
            self.draft = Draft::default();
            self.files.clear();
        }
        self.root = Some(project.root.clone());
        if self.draft.targets.is_empty() {
            let secret_files = project.env_files.iter().filter(|file| !is_example(file));
            self.draft.targets =
                secret_files.map(|file| Target { file: file.clone(), ticked: false }).collect();
            if self.draft.targets.is_empty() {
                self.draft.targets.push(Target { file: PathBuf::from(".env"), ticked: false });
            }
        }
        let files = self.draft.targets.iter().map(|target| target.file.clone()).collect();
        self.phase = Phase::Reading(ctx.start(Effect::Read { root: project.root.clone(), files }));
    }

    fn is_of_another_project(&self, facts: &Facts) -> bool {
        let root = facts.project.as_ref().map(|project| &project.root);
        self.root.is_some() && self.root.as_ref() != root
    }

    /// Ticks the files that hold one of the keys already; where none does, the first. A test's or another
    /// environment's file is not to get this cluster's URLs unasked.
    fn propose(&mut self, facts: &Facts) {
        let holds = |file: &&EnvFile| match Self::plan(facts, file) {
            Ok(plan) => plan.changes.iter().any(|change| change.action != env_file::Action::Add),
            // Ticked, so that the person sees why it can't be written.
            Err(_) => true,
        };
        let holding: Vec<&PathBuf> =
            self.files.iter().filter(holds).map(|file| &file.file).collect();
        for (at, target) in self.draft.targets.iter_mut().enumerate() {
            target.ticked =
                if holding.is_empty() { at == 0 } else { holding.contains(&&target.file) };
        }
    }

    fn write(&mut self, ctx: &mut Ctx<'_>) {
        let Some(root) = ctx.facts.project.as_ref().map(|project| project.root.clone()) else {
            return;
        };
        let mut writes = Vec::new();
        for file in self.ticked().filter(|file| !file.tracked) {
            let Ok(plan) = Self::plan(ctx.facts, file) else { return };
            if plan.changes_something() {
                let keys = plan
                    .changes
                    .iter()
                    .filter(|change| change.action != env_file::Action::Keep)
                    .count();
                writes.push(Write {
                    file: file.file.clone(),
                    before: file.text.clone(),
                    after: plan.text,
                    what: if keys == 1 {
                        "1 variable".to_owned()
                    } else {
                        format!("{keys} variables")
                    },
                });
            }
        }
        if writes.is_empty() {
            ctx.facts.review.retain(|step| *step != StepId::EnvFiles);
            ctx.facts.env_files = Some(ctx.facts.env_files.take().unwrap_or_default());
        } else if ctx.rules.dry_run {
            self.phase = Phase::WouldChange(writes.len());
        } else {
            self.phase = Phase::Writing(ctx.start(Effect::Write { root, writes }));
        }
    }

    pub fn standing(&self, facts: &Facts) -> Standing {
        match &self.phase {
            Phase::Writing(_) => Standing::Working,
            Phase::Reading(_) if facts.env_files.is_none() => Standing::Working,
            Phase::Failed(_) => Standing::Stopped,
            Phase::WouldChange(_) => Standing::WouldChange,
            Phase::Idle | Phase::Reading(_) if facts.established(StepId::EnvFiles) => {
                Standing::Done
            }
            Phase::Idle | Phase::Reading(_) => Standing::Ready,
        }
    }

    pub fn problem(&self) -> Option<&Problem> {
        match &self.phase {
            Phase::Failed(problem) => Some(problem),
            Phase::Idle | Phase::Reading(_) | Phase::Writing(_) | Phase::WouldChange(_) => None,
        }
    }
}

/// `.env.example` and its relatives are committed: they get no values.
pub fn is_example(file: &Path) -> bool {
    file.file_name().and_then(|name| name.to_str()).is_some_and(env_name::is_example)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str) -> Option<&'static str> {
        let targets = vec![Target { file: PathBuf::from(".env"), ticked: true }];
        Draft { targets, another: name.to_owned() }.refusal()
    }

    #[test]
    fn a_target_is_a_new_file_inside_the_project_that_is_not_committed() {
        assert_eq!(refusal(".env.production"), None);
        assert_eq!(refusal("apps/web/.env"), None);
        for name in ["", "/etc/environment", "../.env", "a/../../.env", ".env", ".env.example"] {
            assert!(refusal(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_refused_name_is_not_added() {
        let mut draft = Draft { another: "../.env".to_owned(), ..Draft::default() };
        draft.add();
        assert!(draft.targets.is_empty());
        draft.another = " .env.local ".to_owned();
        draft.add();
        assert_eq!(draft.targets, [Target { file: PathBuf::from(".env.local"), ticked: true }]);
        assert_eq!(draft.another, "");
    }
}

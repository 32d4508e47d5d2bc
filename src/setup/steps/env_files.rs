//! Step 8: both URLs into the env files; every other byte stays. Examples get the names, and the certificate authority
//! a file of its own.

use std::path::{Component, Path, PathBuf};

use crate::{
    domain::{
        client::Needs,
        conn_url::ConnUrl,
        env_file::{self, Assignment, BadAssignment, Plan, WrittenKey, example::Placeholder},
        env_name,
        env_target::{Authority, EnvTarget, Names},
        figures::count,
        problem::Problem,
        runbook::EnvChange,
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

#[derive(Clone, Debug, Default)]
pub struct Step {
    pub draft: Draft,
    pub phase: Phase,
    /// The files as read; `text: None` where the file does not exist yet.
    pub files: Vec<EnvFile>,
    /// The file of the certificate authority as it stands, where the URLs name one of the project.
    pub authority: Option<EnvFile>,
    /// The project that the targets and the files are of.
    root: Option<PathBuf>,
}

#[derive(Clone, Debug, Default)]
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

impl EnvFile {
    /// A password in it would be committed.
    pub fn is_exposed(&self) -> bool {
        self.tracked && !is_example(&self.file)
    }
}

#[derive(Clone, Debug, Default)]
pub enum Phase {
    #[default]
    Idle,
    Reading(Ticket),
    Writing(Ticket, Vec<Ours>),
    Failed(Problem),
    WouldChange(usize),
}

/// What is ours in one of the files that are being written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ours {
    /// By which it can be taken back key by key.
    keys: Vec<WrittenKey>,
    /// For the runbook.
    changes: Vec<EnvChange>,
}

/// What step 8 writes besides the env files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorityPlan {
    Keep,
    Add,
    Replace,
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
        let ca_file = facts.urls.as_ref().and_then(|urls| urls.ca_file.as_deref());
        Self::assignments_with(facts, ca_file)
    }

    /// The same for a place where the authority's file has another path.
    fn assignments_with(facts: &Facts, ca_file: Option<&str>) -> Vec<Assignment> {
        let (Some(urls), Some(needs)) = (&facts.urls, facts.needs()) else { return Vec::new() };
        let needs = Needs { ca_file, ..needs };
        let assignment = |key: &String, port| {
            let value = facts.client().url(port, urls.base(port), &needs).text();
            Assignment { key: key.clone(), value }
        };
        vec![assignment(&urls.keys.0, Port::Pooled), assignment(&urls.keys.1, Port::Direct)]
    }

    /// The two variables for a place that is no env file, and what its text names beside them; `None` without a pool.
    pub fn elsewhere<'a>(
        &'a self,
        facts: &'a Facts,
        target: EnvTarget,
    ) -> Option<(Vec<Assignment>, Names<'a>)> {
        let (urls, cluster, pool) =
            (facts.urls.as_ref()?, facts.cluster.as_ref()?, facts.pool.as_ref()?);
        let targets = &self.draft.targets;
        let env_file = targets.iter().find(|target| target.ticked).or(targets.first());
        let env_file = env_file.and_then(|target| target.file.to_str());
        let authority = urls.ca_file.as_deref().zip(urls.ca.as_deref());
        let key = facts.client().authority_key();
        let names = Names {
            env_file: env_file.unwrap_or(".env"),
            cluster: &cluster.cluster.name,
            pool: pool.name.as_str(),
            authority: authority.map(|(file, pem)| Authority { file, pem, key }),
        };
        let place = target.authority_place(names);
        let ca_file = place.as_deref().or(urls.ca_file.as_deref());
        Some((Self::assignments_with(facts, ca_file), names))
    }

    /// The same two for an example: their form, with words in the place of everything that is this set-up's own.
    fn placeholders(facts: &Facts) -> Vec<Placeholder> {
        let (Some(urls), Some(needs)) = (&facts.urls, facts.needs()) else { return Vec::new() };
        let placeholder = |key: &String, port, database, comment| {
            let password = Some(Secret::new("PASSWORD"));
            let base = ConnUrl::new(("HOST", urls.base(port).port), "USER", password, database);
            // Words alone stand in it.
            let form = facts.client().url(port, &base, &needs).text().expose().to_owned();
            Placeholder { key: key.clone(), form, comment }
        };
        vec![
            placeholder(&urls.keys.0, Port::Pooled, "POOL", "For the app: the URL of the pool."),
            placeholder(
                &urls.keys.1,
                Port::Direct,
                "DATABASE",
                "For migrations: the URL of the database itself.",
            ),
        ]
    }

    /// What would change in one file. An example gets the names it lacks, and no value.
    pub fn plan(facts: &Facts, file: &EnvFile) -> Result<Plan, BadAssignment> {
        // The text is needed to plan the edit; it leaves only inside the plan.
        let text = file.text.as_ref().map_or("", |text| text.expose());
        if is_example(&file.file) {
            env_file::example::plan(text, &Self::placeholders(facts))
        } else {
            env_file::plan(text, &Self::assignments(facts))
        }
    }

    /// What becomes of the certificate authority's file; `None` where the URLs name none in the project.
    pub fn authority_plan(&self, facts: &Facts) -> Option<AuthorityPlan> {
        let (file, pem) = authority(facts)?;
        let there = self.authority.as_ref().filter(|there| there.file == file)?;
        Some(match &there.text {
            None => AuthorityPlan::Add,
            // No secret; it comes as one because any file is read so.
            Some(text) if text.expose() == pem => AuthorityPlan::Keep,
            Some(_) => AuthorityPlan::Replace,
        })
    }

    pub fn ticked(&self) -> impl Iterator<Item = &EnvFile> {
        self.files.iter().filter(|file| {
            self.draft.targets.iter().any(|target| target.ticked && target.file == file.file)
        })
    }

    fn changes(&self, facts: &Facts) -> Result<usize, BadAssignment> {
        self.ticked().map(|file| Ok(Self::plan(facts, file)?.changed().count())).sum()
    }

    pub fn primary(&self, facts: &Facts, _rules: &Rules) -> Primary<Msg> {
        match &self.phase {
            Phase::Reading(_) => {
                Primary::Working("Reading the env files…".to_owned(), Some(Msg::Stop))
            }
            Phase::Writing(..) => Primary::Working("Writing the env files…".to_owned(), None),
            Phase::WouldChange(_) => Primary::Next,
            Phase::Idle | Phase::Failed(_) if self.files.is_empty() => {
                Primary::Act("Read the env files".to_owned(), Msg::Read)
            }
            Phase::Idle | Phase::Failed(_) => self.offer(facts),
        }
    }

    fn offer(&self, facts: &Facts) -> Primary<Msg> {
        let label = "Write the env files".to_owned();
        if let Some(file) = self.ticked().find(|file| file.is_exposed()) {
            return Primary::Blocked(
                label,
                format!(
                    "{} is tracked by git; a password in it would be committed.",
                    file.file.display()
                ),
            );
        }
        let changes = match self.changes(facts) {
            Ok(changes) => changes,
            Err(err) => return Primary::Blocked(label, format!("{err}.")),
        };
        let is_writing_authority =
            !matches!(self.authority_plan(facts), None | Some(AuthorityPlan::Keep));
        let variables = count(changes, "variable", "variables");
        match (changes, is_writing_authority) {
            (0, false) if facts.env_files.is_some() => Primary::Next,
            (0, _) if self.ticked().next().is_none() => {
                Primary::Blocked(label, "Tick at least one file.".to_owned())
            }
            (0, false) => Primary::Act("Keep the env files as they are".to_owned(), Msg::Write),
            (0, true) => Primary::Act("Write the certificate authority".to_owned(), Msg::Write),
            (_, false) => Primary::Act(format!("Write {variables}"), Msg::Write),
            (_, true) => Primary::Act(format!("Write {variables} and the authority"), Msg::Write),
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
            (Msg::Files(mut files), Phase::Reading(_)) => {
                let file = authority(ctx.facts).map(|(file, _)| file);
                self.authority =
                    files.extract_if(.., |read| Some(&read.file) == file.as_ref()).next();
                self.files = files;
                self.phase = Phase::Idle;
                if !self.draft.targets.iter().any(|target| target.ticked) {
                    self.propose(ctx.facts);
                }
            }
            (Msg::Write, Phase::Idle | Phase::Failed(_)) => self.write(ctx),
            (Msg::Written(written), Phase::Writing(_, ours)) => {
                // In the order in which they were to be written.
                for (file, ours) in written.iter().zip(ours) {
                    let what = format!("{} written, {}", file.file.display(), file.what);
                    ctx.did(what, file.undo(ours.keys.clone()));
                    ctx.facts.env_changes.extend(ours.changes.iter().cloned());
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
            let target = |file: &PathBuf| Target { file: file.clone(), ticked: false };
            self.draft.targets = project.env_files.iter().map(target).collect();
            if project.env_files.iter().all(|file| is_example(file)) {
                self.draft.targets.insert(0, target(&PathBuf::from(".env")));
            }
        }
        let targets = self.draft.targets.iter().map(|target| target.file.clone());
        let files = targets.chain(authority(ctx.facts).map(|(file, _)| file)).collect();
        self.phase = Phase::Reading(ctx.start(Effect::Read { root: project.root.clone(), files }));
    }

    fn is_of_another_project(&self, facts: &Facts) -> bool {
        let root = facts.project.as_ref().map(|project| &project.root);
        self.root.is_some() && self.root.as_ref() != root
    }

    /// Ticks the files that hold one of the keys already; where none does, the first. A test's or another
    /// environment's file is not to get this cluster's URLs unasked. An example is for the team: ticked where git
    /// tracks it.
    fn propose(&mut self, facts: &Facts) {
        let holds = |file: &&EnvFile| match Self::plan(facts, file) {
            Ok(plan) => plan.changes.iter().any(|change| change.action != env_file::Action::Add),
            // Ticked, so that the person sees why it can't be written.
            Err(_) => true,
        };
        let (examples, files): (Vec<&EnvFile>, Vec<&EnvFile>) =
            self.files.iter().partition(|file| is_example(&file.file));
        let mut proposed: Vec<&PathBuf> =
            files.iter().copied().filter(holds).map(|file| &file.file).collect();
        if proposed.is_empty() {
            proposed.extend(files.first().map(|file| &file.file));
        }
        proposed.extend(examples.iter().filter(|file| file.tracked).map(|file| &file.file));
        for target in &mut self.draft.targets {
            target.ticked = proposed.contains(&&target.file);
        }
    }

    fn write(&mut self, ctx: &mut Ctx<'_>) {
        let Some(root) = ctx.facts.project.as_ref().map(|project| project.root.clone()) else {
            return;
        };
        let Ok((writes, ours)) = self.writes(ctx.facts) else { return };
        if writes.is_empty() {
            ctx.facts.review.retain(|step| *step != StepId::EnvFiles);
            ctx.facts.env_files = Some(ctx.facts.env_files.take().unwrap_or_default());
        } else if ctx.rules.dry_run {
            self.phase = Phase::WouldChange(writes.len());
        } else {
            self.phase = Phase::Writing(ctx.start(Effect::Write { root, writes }), ours);
        }
    }

    /// What is to be written, and what of each is ours.
    fn writes(&self, facts: &Facts) -> Result<(Vec<Write>, Vec<Ours>), BadAssignment> {
        let assignments = Self::assignments(facts);
        let mut writes: Vec<Write> = self.authority_write(facts).into_iter().collect();
        let mut all = vec![Ours::default(); writes.len()];
        for file in self.ticked().filter(|file| !file.is_exposed()) {
            let plan = Self::plan(facts, file)?;
            let changed: Vec<&str> = plan.changed().map(|change| change.key.as_str()).collect();
            if changed.is_empty() {
                continue;
            }
            let is_example = is_example(&file.file);
            let keys = assignments
                .iter()
                .filter(|assignment| !is_example && changed.contains(&assignment.key.as_str()))
                .map(WrittenKey::from)
                .collect();
            let changes = plan.changed().map(|change| EnvChange {
                file: file.file.clone(),
                key: change.key.clone(),
                old: change.old.clone(),
                new: change.new.clone(),
            });
            all.push(Ours { keys, changes: changes.collect() });
            writes.push(Write {
                file: file.file.clone(),
                before: file.text.clone(),
                what: if is_example {
                    count(changed.len(), "name without a value", "names without values")
                } else {
                    count(changed.len(), "variable", "variables")
                },
                after: plan.text,
            });
        }
        Ok((writes, all))
    }

    fn authority_write(&self, facts: &Facts) -> Option<Write> {
        let (file, pem) = authority(facts)?;
        match self.authority_plan(facts)? {
            AuthorityPlan::Keep => None,
            AuthorityPlan::Add | AuthorityPlan::Replace => Some(Write {
                file,
                before: self.authority.as_ref().and_then(|there| there.text.clone()),
                after: Secret::new(pem),
                what: "the cluster's certificate authority".to_owned(),
            }),
        }
    }

    pub fn standing(&self, facts: &Facts) -> Standing {
        match &self.phase {
            Phase::Writing(..) => Standing::Working,
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
            Phase::Idle | Phase::Reading(_) | Phase::Writing(..) | Phase::WouldChange(_) => None,
        }
    }
}

/// Where the URLs look for the cluster's certificate authority, inside the project, and the authority itself.
fn authority(facts: &Facts) -> Option<(PathBuf, &str)> {
    let urls = facts.urls.as_ref()?;
    let file = Path::new(urls.ca_file.as_deref()?);
    Some((file.to_owned(), urls.ca.as_deref()?)).filter(|_| file.is_relative())
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
    fn a_target_is_a_new_file_inside_the_project() {
        assert_eq!(refusal(".env.production"), None);
        assert_eq!(refusal(".env.example"), None);
        assert_eq!(refusal("apps/web/.env"), None);
        for name in ["", "/etc/environment", "../.env", "a/../../.env", ".env"] {
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

//! Step 9, the project's own tool: which one, what stands around its run, the run itself and its stop.

use std::path::PathBuf;

use crate::{
    domain::{
        cluster::ClusterId,
        migration::{
            Pending, Status,
            output::{Line, Log},
            surroundings::{Backup, Surroundings},
            tool::{Ended, Found, Tool, command::Command, variable::Variable},
        },
        problem::{Fix, Problem},
        record::Undo,
    },
    setup::{
        Ctx, Rules,
        facts::{Facts, ToolRun},
        step::{Primary, StepId},
        steps::{measure::Target, migrations::guard},
        ticket::Ticket,
    },
};

#[derive(Clone, Debug, Default)]
pub struct Own {
    pub draft: Draft,
    pub phase: Phase,
    look: Option<Look>,
    /// Where was looked: another project or database has to be looked at anew.
    looked_at: Option<(PathBuf, Target)>,
    /// What the program that runs or ran last says.
    pub log: Log,
    /// How the last run ended, and what it was.
    pub ended: Option<(Kind, Ended)>,
}

#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// `None` until the person chooses.
    pub runner: Option<Runner>,
    /// The command as edited, for the tool at this place.
    pub command: Option<(usize, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    BuiltIn,
    /// The tool's place in what was found.
    Tool(usize),
}

#[derive(Clone, Debug, Default)]
pub enum Phase {
    #[default]
    Idle,
    Looking(Ticket),
    Running(Running),
    /// Asked to end; the second ticket is that of the asking.
    Stopping(Running, Ticket),
    Failed(Problem),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    pub ticket: Ticket,
    pub kind: Kind,
    pub tool: Tool,
    pub command: String,
    /// The number of its processes' group, once it runs.
    pub group: Option<i32>,
}

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Migrate,
    /// Asks the tool what is pending; changes nothing.
    Ask,
}

/// What was found in the project and around its database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    pub tools: Vec<Found>,
    /// The problem where the database could not be proved to be reached directly.
    pub surroundings: Result<Surroundings, Problem>,
    pub backup: Backup,
}

#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Reads the project, the database and the list of backups; changes nothing.
    Look {
        root: PathBuf,
        /// Names of the variables, pooled and direct.
        keys: (String, String),
        direct: Target,
        cluster: Option<ClusterId>,
        patience: std::time::Duration,
    },
    /// Proves by process id that the URL is direct, then runs the program with it.
    Run(Box<Job>),
    /// Ends the processes of a run: politely first.
    Stop { group: i32 },
}

#[derive(Debug, PartialEq)]
pub struct Job {
    pub folder: PathBuf,
    pub tool: Tool,
    pub command: Command,
    pub variables: Vec<Variable>,
    pub direct: Target,
    pub patience: std::time::Duration,
}

#[derive(Debug)]
pub enum Msg {
    Look,
    Looked(Box<Look>),
    /// The tool's place in what was found.
    Run(usize),
    Ask(usize),
    Started(i32),
    Lines(Vec<Line>),
    Ended(Ended),
    Failed(Problem),
    Stop,
    Stopped,
    UseBuiltIn,
}

/// What the step is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    Nothing,
    /// The history may have changed.
    Read,
    /// A dry run came to where the tool would run.
    WouldRun,
}

/// What the person saw and typed before a run.
#[derive(Clone, Copy, Debug)]
pub struct Allowed<'a> {
    pub pending: Option<&'a [Pending]>,
    /// The database's name.
    pub named: &'a str,
}

impl Own {
    /// What was found, while project and database are still those that were looked at.
    pub fn look_of(&self, facts: &Facts) -> Option<&Look> {
        self.look.as_ref().filter(|_| self.looked_at == place(facts))
    }

    pub fn busy(&self) -> bool {
        matches!(self.phase, Phase::Looking(_) | Phase::Running(_) | Phase::Stopping(..))
    }

    /// A tool is under way, not only a look.
    pub fn runs(&self) -> bool {
        matches!(self.phase, Phase::Running(_) | Phase::Stopping(..))
    }

    pub fn problem(&self) -> Option<&Problem> {
        match &self.phase {
            Phase::Failed(problem) => Some(problem),
            Phase::Idle | Phase::Looking(_) | Phase::Running(_) | Phase::Stopping(..) => None,
        }
    }

    pub fn working(&self) -> Option<Primary<Msg>> {
        match &self.phase {
            Phase::Looking(_) => Some(Primary::Working(
                "Looking at the project and the database…".to_owned(),
                Some(Msg::Stop),
            )),
            Phase::Running(running) => {
                let what = match running.group {
                    Some(_) => format!("Running {}…", running.command),
                    None => "Proving the connection to be direct…".to_owned(),
                };
                Some(Primary::Working(what, Some(Msg::Stop)))
            }
            Phase::Stopping(running, _) => {
                Some(Primary::Working(format!("Stopping {}…", running.command), None))
            }
            Phase::Idle | Phase::Failed(_) => None,
        }
    }

    /// The command of the tool at `at`, as it stands in the field.
    pub fn command<'a>(&'a self, at: usize, found: &'a Found) -> &'a str {
        match &self.draft.command {
            Some((of, text)) if *of == at => text,
            Some(_) | None => &found.command,
        }
    }

    /// What the button of the tool at `at` does.
    pub fn primary(
        &self,
        at: usize,
        allowed: Allowed<'_>,
        facts: &Facts,
        rules: &Rules,
    ) -> Primary<Msg> {
        let Some(look) = self.look_of(facts) else {
            return Primary::Act("Read the migrations".to_owned(), Msg::Look);
        };
        let Some(found) = look.tools.get(at) else { return Primary::Next };
        let done =
            facts.tool_run.as_ref().is_some_and(|run| run.command == self.command(at, found));
        if done && !facts.review.contains(&StepId::Migrations) {
            return Primary::Next;
        }
        let label = format!("Migrate with {}", found.tool.title());
        // Of another tool's migrations nothing is known here.
        let pending = allowed.pending.filter(|_| found.tool == Tool::Prisma);
        match self.may_run(at, found, look) {
            Err(why) => Primary::Blocked(label, why),
            Ok(_) => match guard::check(pending, allowed.named, facts, rules) {
                Err(why) if !rules.dry_run => Primary::Blocked(label, why),
                Ok(()) | Err(_) => Primary::Act(label, Msg::Run(at)),
            },
        }
    }

    /// The command, looked through; or why it can't be run, whatever is allowed.
    pub fn may_run(&self, at: usize, found: &Found, look: &Look) -> Result<Command, String> {
        let text = self.command(at, found);
        let command = Command::parse(text, &found.scripts).map_err(|refusal| refusal.0)?;
        let edited = text != found.command;
        if let Some(why) = found.elsewhere.as_ref().filter(|_| !edited) {
            return Err(why.clone());
        }
        if !found.installed && !edited {
            return Err(format!(
                "{} is not installed here. Install the project's dependencies, then read again.",
                found.tool.title()
            ));
        }
        if let Err(problem) = &look.surroundings {
            return Err(format!(
                "{} Migrations run over the direct connection only.",
                problem.what
            ));
        }
        Ok(command)
    }

    pub fn update(&mut self, ctx: &mut Ctx<'_>, msg: Msg, allowed: Allowed<'_>) -> After {
        match (msg, std::mem::take(&mut self.phase)) {
            (Msg::Look, Phase::Idle | Phase::Failed(_)) => self.look(ctx),
            (Msg::Looked(look), Phase::Looking(_)) => self.look = Some(*look),
            (Msg::Run(at), phase @ (Phase::Idle | Phase::Failed(_))) => {
                self.phase = phase;
                if ctx.rules.dry_run {
                    return After::WouldRun;
                }
                self.run(ctx, at, Kind::Migrate, allowed);
            }
            (Msg::Ask(at), phase @ (Phase::Idle | Phase::Failed(_))) => {
                self.phase = phase;
                self.run(ctx, at, Kind::Ask, allowed);
            }
            (Msg::Started(group), Phase::Running(running)) => {
                self.phase = Phase::Running(Running { group: Some(group), ..running });
            }
            (Msg::Lines(lines), phase) => {
                self.log.add(lines);
                self.phase = phase;
            }
            (Msg::Ended(ended), Phase::Running(running)) => return self.ended(ctx, running, ended),
            (Msg::Ended(ended), Phase::Stopping(running, _)) => {
                self.ended = Some((running.kind, ended));
                self.phase = Phase::Failed(stopped(&running, ended));
            }
            (Msg::Failed(problem), Phase::Looking(_) | Phase::Running(_) | Phase::Stopping(..)) => {
                self.phase = Phase::Failed(problem);
            }
            (Msg::Stop, phase) => self.phase = stop(ctx, phase),
            (Msg::UseBuiltIn, Phase::Idle | Phase::Failed(_)) => {
                self.draft.runner = Some(Runner::BuiltIn)
            }
            // The run itself tells its end.
            (Msg::Stopped, phase) => self.phase = phase,
            (
                Msg::Look
                | Msg::Looked(_)
                | Msg::Run(_)
                | Msg::Ask(_)
                | Msg::Started(_)
                | Msg::Ended(_)
                | Msg::Failed(_)
                | Msg::UseBuiltIn,
                phase,
            ) => self.phase = phase,
        }
        After::Nothing
    }

    pub fn fail(&mut self, problem: Problem) {
        self.phase = Phase::Failed(problem);
    }

    pub fn look(&mut self, ctx: &mut Ctx<'_>) {
        if self.busy() {
            return;
        }
        let Some((root, direct)) = place(ctx.facts) else { return };
        let keys = ctx.facts.urls.as_ref().map(|urls| urls.keys.clone()).unwrap_or_default();
        let cluster = ctx.facts.cluster.as_ref().map(|facts| facts.cluster.id.clone());
        if self.looked_at.as_ref() != Some(&(root.clone(), direct.clone())) {
            self.look = None;
            self.draft = Draft::default();
            self.log = Log::default();
            self.ended = None;
        }
        self.looked_at = Some((root.clone(), direct.clone()));
        let patience = ctx.rules.slot_patience;
        self.phase = Phase::Looking(ctx.start(super::Effect::Own(Effect::Look {
            root,
            keys,
            direct,
            cluster,
            patience,
        })));
    }

    fn run(&mut self, ctx: &mut Ctx<'_>, at: usize, kind: Kind, allowed: Allowed<'_>) {
        let Some(look) = self.look_of(ctx.facts) else { return };
        let Some(found) = look.tools.get(at) else { return };
        let command = match kind {
            Kind::Migrate => self.may_run(at, found, look).ok(),
            Kind::Ask => {
                found.status.as_ref().and_then(|text| Command::parse(text, &found.scripts).ok())
            }
        };
        let Some(command) = command else { return };
        let pending = allowed.pending.filter(|_| found.tool == Tool::Prisma);
        if kind == Kind::Migrate
            && guard::check(pending, allowed.named, ctx.facts, ctx.rules).is_err()
        {
            return;
        }
        let Some((root, direct)) = place(ctx.facts) else { return };
        let (tool, text) = (found.tool, command.to_string());
        let job = Job {
            folder: root.join(&found.folder),
            tool,
            command,
            variables: found.variables.clone(),
            direct,
            patience: ctx.rules.slot_patience,
        };
        self.log = Log::default();
        self.ended = None;
        let ticket = ctx.start(super::Effect::Own(Effect::Run(Box::new(job))));
        self.phase = Phase::Running(Running { ticket, kind, tool, command: text, group: None });
    }

    fn ended(&mut self, ctx: &mut Ctx<'_>, running: Running, ended: Ended) -> After {
        self.ended = Some((running.kind, ended));
        if ended.code != Some(0) {
            // Many tools say by their exit code that something is pending.
            if running.kind == Kind::Migrate {
                self.phase = Phase::Failed(failed(&running, ended, &self.log));
            }
            return After::Nothing;
        }
        if running.kind == Kind::Ask {
            return After::Nothing;
        }
        let by_prisma = running.tool == Tool::Prisma;
        ctx.did(
            format!("{} ended well over the direct connection", running.command),
            Undo::Impossible("a migration cannot be undone from here".to_owned()),
        );
        ctx.facts.review.retain(|step| *step != StepId::Migrations);
        ctx.facts.tool_run = Some(ToolRun {
            title: running.tool.title(),
            command: running.command,
            took: ended.took,
            verified: false,
        });
        if by_prisma { After::Read } else { After::Nothing }
    }

    /// The history was read after a run: nothing pending and nothing half-way is what the run was to bring about.
    pub fn ran_over(&self, facts: &mut Facts, status: &Status) {
        if let Some(run) = &mut facts.tool_run
            && run.title == Tool::Prisma.title()
        {
            run.verified = status.pending.is_empty() && status.failed.is_empty();
        }
    }
}

fn stop(ctx: &mut Ctx<'_>, phase: Phase) -> Phase {
    match phase {
        Phase::Looking(ticket) => {
            ctx.cancel(ticket);
            Phase::Idle
        }
        // It has not begun.
        Phase::Running(Running { ticket, group: None, .. }) => {
            ctx.cancel(ticket);
            Phase::Idle
        }
        Phase::Running(running) => {
            let group = running.group.unwrap_or_default();
            let asking = ctx.start(super::Effect::Own(Effect::Stop { group }));
            Phase::Stopping(running, asking)
        }
        phase @ (Phase::Idle | Phase::Stopping(..) | Phase::Failed(_)) => phase,
    }
}

fn place(facts: &Facts) -> Option<(PathBuf, Target)> {
    let urls = facts.urls.as_ref()?;
    let target = Target { url: urls.direct.clone(), ca: urls.ca.clone() };
    Some((facts.project.as_ref()?.root.clone(), target))
}

fn stopped(running: &Running, ended: Ended) -> Problem {
    let what = format!("{} was stopped after {} s.", running.command, ended.took.as_secs());
    let why = match running.kind {
        Kind::Migrate => running.tool.stop(),
        Kind::Ask => "It only read.",
    };
    Problem::new("stopped", what, why)
}

fn failed(running: &Running, ended: Ended, log: &Log) -> Problem {
    if running.tool == Tool::Prisma && no_engine(log) {
        return Problem::new(
            "no engine",
            "Prisma could not fetch its engine.",
            "It downloads a program of its own at its first run, and that was not reached. Nothing was applied.",
        )
        .fix("Use the built-in runner", Fix::UseBuiltInRunner)
        .fix("Try again", Fix::TryAgain)
        .hint("The built-in runner applies the same folder without Node, and leaves the same history");
    }
    let (code, how) = match ended.code {
        Some(code) => (format!("exit {code}"), format!("ended with exit code {code}")),
        None => ("signal".to_owned(), "was ended by the system".to_owned()),
    };
    let said = log.lines().filter(|line| !line.text.trim().is_empty()).last();
    let why = match said {
        Some(line) => format!("Its last words: “{}”.", shortened(&line.text)),
        None => "It said nothing.".to_owned(),
    };
    Problem::new(code, format!("{} {how}.", running.command), why)
        .fix("Try again", Fix::TryAgain)
        .hint("Its whole output stands below: what was applied before stays applied")
}

/// Prisma's message when its engine's download does not come through.
fn no_engine(log: &Log) -> bool {
    log.lines().any(|line| {
        let text = &line.text;
        text.contains("binaries.prisma.sh")
            || text.contains("/all_commits/")
            || text.contains("schema-engine") && text.contains("failed")
    })
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 200;
    if text.chars().count() <= LONGEST {
        return text.trim().to_owned();
    }
    text.trim().chars().take(LONGEST).chain(['…']).collect()
}

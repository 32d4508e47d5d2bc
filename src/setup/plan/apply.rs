//! Makes the ticked changes: everything is read again first, then one step after the other presses its own button.

use jiff::Timestamp;

use crate::{
    domain::problem::Problem,
    setup::{
        Msg, Order, Setup, StepMsg,
        plan::{Item, Key, ORDER, Phase, PlanMsg, Run, Shown},
        step::{Primary, Standing, StepId},
        steps::{cluster, env_files, migrations},
    },
};

impl Setup {
    pub(in crate::setup) fn update_plan(
        &mut self,
        now: Timestamp,
        orders: &mut Vec<Order>,
        msg: PlanMsg,
    ) {
        let is_at_work = matches!(self.plan.phase, Phase::Looking(_) | Phase::Applying(_));
        match msg {
            PlanMsg::Open => {
                self.plan.open = true;
                self.plan.read.clear();
                if matches!(self.plan.phase, Phase::Over(..) | Phase::Stale(_)) {
                    self.plan.phase = Phase::Idle;
                }
            }
            PlanMsg::Turn(key) if !is_at_work => self.turn(&key),
            PlanMsg::Apply if !is_at_work => self.look_again(now, orders),
            PlanMsg::Stop => self.stop_applying(now, orders),
            PlanMsg::Turn(_) | PlanMsg::Apply => {}
        }
    }

    /// Goes on with what is under way, once what it waits for has ended.
    pub(in crate::setup) fn go_on_planning(&mut self, now: Timestamp, orders: &mut Vec<Order>) {
        match &self.plan.phase {
            Phase::Idle | Phase::Over(..) | Phase::Stale(_) if self.plan.open => {
                self.read_on(now, orders);
            }
            Phase::Idle | Phase::Over(..) | Phase::Stale(_) => {}
            Phase::Looking(_) => self.compare(now, orders),
            Phase::Applying(_) => self.make_next(now, orders),
        }
    }

    /// Reads each step once, as opening its page does, when what it needs is there.
    fn read_on(&mut self, now: Timestamp, orders: &mut Vec<Order>) {
        for step in ORDER {
            let is_due = !self.plan.read.contains(&step)
                && !self.facts.skipped.contains(&step)
                && self.facts.missing_for(step).is_none();
            if is_due {
                self.plan.read.push(step);
                self.with(now, orders, |steps, ctx| steps.open(step, ctx));
            }
        }
    }

    fn shown(&self) -> Shown {
        Shown {
            items: self.plan_items(),
            env_files: self.steps.env_files.files.clone(),
            authority: self.steps.env_files.authority.clone(),
            pool: self.facts.pool.clone(),
        }
    }

    fn look_again(&mut self, now: Timestamp, orders: &mut Vec<Order>) {
        if !matches!(self.plan_primary(), Primary::Act(..)) {
            return;
        }
        let shown = self.shown();
        let steps = self.ticked_steps(&shown.items);
        self.plan.phase = Phase::Looking(Box::new(shown));
        if self.facts.account.is_some() {
            self.send(now, orders, cluster::Msg::Use);
        }
        if steps.contains(&StepId::Project)
            && let Some(project) = &self.facts.project
        {
            let files = project.edits.iter().map(|edit| project.root.join(&edit.file)).collect();
            self.with(now, orders, |steps, ctx| steps.project.look_at(ctx, files));
        }
        if steps.contains(&StepId::EnvFiles) {
            self.send(now, orders, env_files::Msg::Read);
        }
        if steps.contains(&StepId::Migrations) {
            self.send(now, orders, migrations::Msg::Read);
        }
    }

    fn send(&mut self, now: Timestamp, orders: &mut Vec<Order>, msg: impl Into<StepMsg>) {
        let msg = msg.into();
        self.with(now, orders, |steps, ctx| steps.update(ctx, msg));
    }

    fn is_looking(&self) -> bool {
        self.steps.project.looks()
            || matches!(self.steps.env_files.phase, env_files::Phase::Reading(_))
            || [StepId::Cluster, StepId::Migrations]
                .into_iter()
                .any(|step| self.standing(step) == Standing::Working)
    }

    /// Everything was read again: is it still what the person saw?
    fn compare(&mut self, now: Timestamp, orders: &mut Vec<Order>) {
        if self.is_looking() {
            return;
        }
        let Phase::Looking(shown) = std::mem::take(&mut self.plan.phase) else { return };
        let steps = self.ticked_steps(&shown.items);
        let mut looked = [StepId::Cluster].into_iter().chain(steps.iter().copied());
        if let Some(problem) = looked.find_map(|step| self.problem(step).cloned()) {
            self.plan.phase = Phase::Stale(unreadable(problem));
            return;
        }
        let moved = self.moved(&shown, &steps);
        if moved.is_empty() {
            let run = Run { rest: steps, ..Run::default() };
            self.plan.phase = Phase::Applying(run);
            self.make_next(now, orders);
            return;
        }
        if moved.iter().any(|item| matches!(item, Moved::File(Key::Project(_)))) {
            self.send(now, orders, crate::setup::steps::project::Msg::Scan);
        }
        if moved.contains(&Moved::Pool) && !self.facts.review.contains(&StepId::Pool) {
            self.facts.review.push(StepId::Pool);
        }
        self.plan.phase = Phase::Stale(stale(&moved));
    }

    /// What differs from what the person saw.
    fn moved(&self, shown: &Shown, steps: &[StepId]) -> Vec<Moved> {
        let mut moved = Vec::new();
        if let Some(pool) = &shown.pool
            && let Some(cluster) =
                self.facts.cluster.as_ref().filter(|_| self.facts.account.is_some())
            && !cluster.pools.iter().any(|there| {
                there.name == pool.name
                    && (there.mode, there.size) == (pool.mode, pool.size)
                    && (&there.db, &there.user) == (&pool.db, &pool.user)
            })
        {
            moved.push(Moved::Pool);
        }
        if steps.contains(&StepId::Project) {
            moved.extend(self.edited_since().map(Moved::File));
        }
        let now = self.plan_items();
        let is_same = |item: &&Item| match &item.key {
            Key::Env(file) => {
                let of = |files: &[env_files::EnvFile]| {
                    files.iter().find(|read| read.file == *file).cloned()
                };
                of(&shown.env_files) == of(&self.steps.env_files.files)
            }
            Key::Authority(_) => shown.authority == self.steps.env_files.authority,
            Key::Project(_) => true,
            Key::Migrations | Key::App(_) => now.contains(item),
        };
        let ours = shown.items.iter().filter(|item| steps.contains(&item.key.step()));
        moved.extend(ours.filter(|item| !is_same(item)).map(|item| match &item.key {
            Key::Project(_) | Key::Env(_) | Key::Authority(_) => Moved::File(item.key.clone()),
            Key::Migrations => Moved::Migrations,
            Key::App(_) => Moved::App(item.what.clone()),
        }));
        moved
    }

    /// Files whose edit was planned from another text than the one that stands there now.
    fn edited_since(&self) -> impl Iterator<Item = Key> {
        let project = self.facts.project.iter();
        let looked = self.steps.project.looked.as_deref().unwrap_or_default();
        project.flat_map(move |project| {
            let is_edited = move |edit: &&crate::domain::project::Edit| {
                let file = project.root.join(&edit.file);
                let was = edit.before.as_deref().map(crate::domain::migration::script::checksum);
                let there = looked.iter().find(|(looked, _)| *looked == file);
                there.is_none_or(|(_, hash)| *hash != was)
            };
            project.edits.iter().filter(is_edited).map(|edit| Key::Project(edit.file.clone()))
        })
    }

    /// One button after the other; each waits until what it began has ended.
    fn make_next(&mut self, now: Timestamp, orders: &mut Vec<Order>) {
        loop {
            let Phase::Applying(run) = &mut self.plan.phase else { return };
            let (step, pressed) = if let Some(under_way) = run.now {
                under_way
            } else if run.rest.is_empty() {
                let run = std::mem::take(run);
                self.plan.phase = Phase::Over(run, None);
                return;
            } else {
                (run.rest.remove(0), false)
            };
            run.now = Some((step, pressed));
            match self.primary(step) {
                Primary::Working(..) => return,
                Primary::Act(_, msg) if !pressed => {
                    if let Phase::Applying(run) = &mut self.plan.phase {
                        run.now = Some((step, true));
                    }
                    self.press(now, orders, msg);
                }
                Primary::Next | Primary::Act(..) | Primary::Blocked(..) => self.ended(step),
            }
        }
    }

    fn press(&mut self, now: Timestamp, orders: &mut Vec<Order>, msg: Msg) {
        if let Msg::Step(msg) = msg {
            self.facts.skipped.retain(|skipped| *skipped != msg.step());
            self.with(now, orders, |steps, ctx| steps.update(ctx, msg));
        }
    }

    /// A step has come to an end: on to the next where it was a good one.
    fn ended(&mut self, step: StepId) {
        let standing = self.standing(step);
        let is_good =
            matches!(standing, Standing::Done | Standing::DoneNotVerified | Standing::WouldChange);
        let said = self.problem(step).cloned();
        let why = match self.primary(step) {
            Primary::Blocked(_, why) => why,
            _ => "It was not finished. Open its step to go on there.".to_owned(), // no reason is told
        };
        let dry = self.rules.dry_run;
        let Phase::Applying(run) = &mut self.plan.phase else { return };
        run.now = None;
        if is_good {
            run.made.push(step);
        } else {
            run.not_made.push(step);
        }
        if is_good && !run.stopping {
            return;
        }
        let mut run = std::mem::take(run);
        run.not_made.append(&mut run.rest);
        let problem = match (is_good, said) {
            (true, _) if run.not_made.is_empty() => None,
            (true, _) => Some(told(stopped(), &run, dry)),
            (false, Some(said)) => Some(told(said, &run, dry)),
            (false, None) => {
                let what = format!("Step {}, {}, was not done.", step.number(), step.name());
                Some(told(Problem::new("stopped", what, why), &run, dry))
            }
        };
        self.plan.phase = Phase::Over(run, problem);
    }

    fn stop_applying(&mut self, now: Timestamp, orders: &mut Vec<Order>) {
        match &mut self.plan.phase {
            Phase::Looking(_) => self.plan.phase = Phase::Idle,
            Phase::Applying(run) => {
                run.stopping = true;
                if let Some((step, _)) = run.now
                    && let Primary::Working(_, Some(stop)) = self.primary(step)
                {
                    self.press(now, orders, stop);
                }
            }
            Phase::Idle | Phase::Over(..) | Phase::Stale(_) => {}
        }
    }

    /// The step whose problem the plan shows, for its fix buttons.
    pub fn plan_stopped_at(&self) -> Option<StepId> {
        match &self.plan.phase {
            Phase::Over(run, Some(_)) => run.not_made.first().copied(),
            Phase::Over(_, None)
            | Phase::Idle
            | Phase::Looking(_)
            | Phase::Applying(_)
            | Phase::Stale(_) => None,
        }
    }
}

/// One thing that is no longer as it was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Moved {
    Pool,
    File(Key),
    Migrations,
    App(String),
}

impl Moved {
    fn sentence(&self) -> String {
        match self {
            Self::Pool => "The pool is not as it was any more: look at step 4.".to_owned(),
            Self::File(Key::Project(file) | Key::Env(file) | Key::Authority(file)) => {
                format!("{} was saved by another program.", file.display())
            }
            Self::Migrations | Self::File(Key::Migrations) => {
                "Other migrations are pending now.".to_owned()
            }
            Self::App(name) => format!("The settings of {name} were changed."),
            Self::File(Key::App(app)) => format!("The settings of {} were changed.", app.0),
        }
    }
}

fn stale(moved: &[Moved]) -> Problem {
    let said: Vec<String> = moved.iter().map(Moved::sentence).collect();
    Problem::new("stale plan", "The plan is out of date. Nothing was changed.", said.join(" "))
        .hint("Look at the plan again: it was read anew")
}

fn unreadable(problem: Problem) -> Problem {
    let why = format!("{} {}", problem.what, problem.why);
    Problem {
        what: "The plan could not be looked at again. Nothing was changed.".to_owned(),
        why: why.trim_end().to_owned(),
        ..problem
    }
}

fn stopped() -> Problem {
    Problem::new("stopped", "The plan was stopped.", "")
}

/// What was made by then, and what was not.
fn told(mut problem: Problem, run: &Run, dry: bool) -> Problem {
    let names = |steps: &[StepId]| {
        let names: Vec<String> =
            steps.iter().map(|step| format!("step {} ({})", step.number(), step.name())).collect();
        names.join(", ")
    };
    let made = match (run.made.as_slice(), dry) {
        ([], _) => "Nothing of the plan was done before.".to_owned(),
        (made, true) => format!("Looked at: {}.", names(made)),
        (made, false) => format!("Done: {}.", names(made)),
    };
    let not_made = match run.not_made.as_slice() {
        [] => String::new(),
        left => format!(" Not done: {}.", names(left)),
    };
    let why = format!("{} {made}{not_made}", problem.why);
    why.trim_start().clone_into(&mut problem.why);
    problem
}

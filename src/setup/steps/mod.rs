//! The twelve steps side by side: one line per step and question, nothing else.

pub mod app;
pub mod cluster;
pub mod env_files;
pub mod hand_over;
pub mod measure;
pub mod migrations;
pub mod pool;
pub mod project;
pub mod sign_in;
pub mod test;
pub mod urls;
pub mod verify;

use crate::{
    domain::problem::{Fix, Problem},
    setup::{
        Ctx, Rules,
        facts::Facts,
        step::{Primary, Standing, StepId},
    },
};

#[derive(Clone, Debug, Default)]
pub struct Steps {
    pub sign_in: sign_in::Step,
    pub cluster: cluster::Step,
    pub measure: measure::Step,
    pub pool: pool::Step,
    pub urls: urls::Step,
    pub test: test::Step,
    pub project: project::Step,
    pub env_files: env_files::Step,
    pub migrations: migrations::Step,
    pub app: app::Step,
    pub verify: verify::Step,
    pub hand_over: hand_over::Step,
}

/// Writes the enums and the dispatch that are the same line for every step.
macro_rules! steps {
    ($($id:ident $module:ident),+ $(,)?) => {
        /// A message to one step.
        #[derive(Debug)]
        pub enum StepMsg { $($id($module::Msg)),+ }

        /// An effect of one step, as a value.
        #[derive(Debug)]
        pub enum Effect { $($id($module::Effect)),+ }

        $(
            impl From<$module::Msg> for StepMsg {
                fn from(msg: $module::Msg) -> Self { Self::$id(msg) }
            }
            impl From<$module::Effect> for Effect {
                fn from(effect: $module::Effect) -> Self { Self::$id(effect) }
            }
        )+

        impl StepMsg {
            pub fn step(&self) -> StepId {
                match self { $(Self::$id(_) => StepId::$id),+ }
            }

            /// The message that says a step's effect ended in a problem.
            pub fn failed(step: StepId, problem: Problem) -> Self {
                match step { $(StepId::$id => Self::$id($module::Msg::Failed(problem))),+ }
            }
        }

        impl Effect {
            pub fn step(&self) -> StepId {
                match self { $(Self::$id(_) => StepId::$id),+ }
            }
        }

        impl Steps {
            fn dispatch(&mut self, ctx: &mut Ctx<'_>, msg: StepMsg) {
                match msg { $(StepMsg::$id(msg) => self.$module.update(ctx, msg)),+ }
            }

            /// The page was opened: drafts are filled in, reads that change nothing begin.
            pub(super) fn open(&mut self, step: StepId, ctx: &mut Ctx<'_>) {
                if ctx.facts.missing_for(step).is_some() {
                    return;
                }
                match step { $(StepId::$id => self.$module.open(ctx)),+ }
            }

            pub(super) fn primary(&self, step: StepId, facts: &Facts, rules: &Rules) -> Primary<StepMsg> {
                match step { $(StepId::$id => self.$module.primary(facts, rules).map(StepMsg::$id)),+ }
            }

            pub(super) fn standing(&self, step: StepId, facts: &Facts) -> Standing {
                match step { $(StepId::$id => self.$module.standing(facts)),+ }
            }

            pub(super) fn problem(&self, step: StepId) -> Option<&Problem> {
                match step { $(StepId::$id => self.$module.problem()),+ }
            }
        }
    };
}

steps! {
    SignIn sign_in,
    Cluster cluster,
    Measure measure,
    Pool pool,
    Urls urls,
    Test test,
    Project project,
    EnvFiles env_files,
    Migrations migrations,
    App app,
    Verify verify,
    HandOver hand_over,
}

impl Steps {
    pub(super) fn update(&mut self, ctx: &mut Ctx<'_>, msg: StepMsg) {
        let before = ctx.facts.token().cloned();
        let compares = matches!(msg, StepMsg::Verify(verify::Msg::Compare));
        let let_in = matches!(msg, StepMsg::Test(test::Msg::Allowed(..)));
        let sampled = matches!(msg, StepMsg::Measure(measure::Msg::Sample(_)));
        let switching = ctx.facts.activity.switch_began_at;
        if !self.in_the_way(&msg) {
            self.dispatch(ctx, msg);
        }
        self.cluster.keep_to_the_account(ctx);
        ctx.facts.note_production();
        if !ctx.rules.dry_run
            && ctx.facts.token().is_some_and(|token| Some(token) != before.as_ref())
        {
            ctx.start(test::Effect::Sweep);
        }
        self.measure.keep_to_the_cluster(ctx);
        let switch_begins = switching.is_none() && ctx.facts.activity.switch_began_at.is_some();
        if (let_in && self.measure.was_shut_out())
            || (switch_begins && !ctx.facts.activity.samples.is_empty())
        {
            self.measure.record(ctx);
        }
        if sampled {
            self.verify.sampled(ctx);
        }
        self.verify.watch(ctx);
        if compares && matches!(self.verify.phase, verify::Phase::Watching) {
            self.measure.record(ctx);
        }
        match &self.measure.phase {
            measure::Phase::Recording(_) => {}
            measure::Phase::Idle => self.verify.ended(ctx, None),
            measure::Phase::Failed(problem) => self.verify.ended(ctx, Some(problem)),
        }
    }

    /// One app's settings are changed by one step at a time: undo waits for step 10, and step 10 for undo.
    fn in_the_way(&mut self, msg: &StepMsg) -> bool {
        use hand_over::Msg::{DeleteUnchecked, Undo, UndoAll};
        match msg {
            StepMsg::HandOver(Undo(_) | UndoAll | DeleteUnchecked) if self.app.working() => {
                self.hand_over.refuse(app::under_way("Nothing was taken back.", "Step 10"));
                true
            }
            StepMsg::App(app::Msg::Switch | app::Msg::Restore) if self.hand_over.undoing() => {
                self.app.refuse(app::under_way("The app was not changed.", "Step 12"));
                true
            }
            _ => false, // nothing else touches an app
        }
    }

    /// What “Try again” sends where the problem shown did not come from the primary button.
    pub(super) fn again(&self, step: StepId) -> Option<StepMsg> {
        match step {
            StepId::SignIn => self.sign_in.again().map(Into::into),
            StepId::Urls => self.urls.again().map(Into::into),
            StepId::Test => self.test.again().map(Into::into),
            StepId::App => self.app.again().map(Into::into),
            StepId::Verify => self.verify.again().map(Into::into),
            StepId::Migrations => self.migrations.again().map(Into::into),
            StepId::HandOver => self.hand_over.again().map(Into::into),
            StepId::Cluster
            | StepId::Measure
            | StepId::Pool
            | StepId::Project
            | StepId::EnvFiles => None,
        }
    }

    /// Ends what a dry run found: from now on the steps do what they then would have done.
    pub(super) fn end_dry_run(&mut self) {
        if matches!(self.pool.phase, pool::Phase::WouldChange(_)) {
            self.pool.phase = pool::Phase::default();
        }
        if matches!(self.project.phase, project::Phase::WouldChange(_)) {
            self.project.phase = project::Phase::default();
        }
        if matches!(self.env_files.phase, env_files::Phase::WouldChange(_)) {
            self.env_files.phase = env_files::Phase::default();
        }
        if matches!(self.migrations.phase, migrations::Phase::WouldChange(_)) {
            self.migrations.phase = migrations::Phase::default();
        }
        if matches!(self.app.phase, app::Phase::WouldChange(_)) {
            self.app.phase = app::Phase::default();
        }
        if matches!(self.hand_over.phase, hand_over::Phase::WouldChange) {
            self.hand_over.phase = hand_over::Phase::default();
        }
    }

    /// The message a fix button sends, for the steps that know it.
    pub(super) fn fix(&self, step: StepId, fix: &Fix) -> Option<StepMsg> {
        match (step, fix) {
            (StepId::SignIn, Fix::KeepSealed) => Some(sign_in::Msg::KeepSealed.into()),
            (StepId::SignIn, Fix::KeepForSession) => Some(sign_in::Msg::KeepForSession.into()),
            (StepId::Pool, Fix::UseSize(size)) => Some(pool::Msg::UseSize(*size).into()),
            (StepId::Pool, Fix::UsePool(name)) => Some(pool::Msg::Adopt(name.clone()).into()),
            (StepId::App, Fix::RestoreApp) => Some(app::Msg::Restore.into()),
            (StepId::HandOver, Fix::DeleteUnchecked) => {
                Some(hand_over::Msg::DeleteUnchecked.into())
            }
            (StepId::Test, fix) => self.test.fix(fix).map(Into::into),
            (StepId::Measure, fix @ Fix::AllowThisComputer) => self.test.fix(fix).map(Into::into),
            (StepId::Migrations, Fix::UseBuiltInRunner) => {
                Some(migrations::Msg::Own(migrations::own::Msg::UseBuiltIn).into())
            }
            _ => None, // a fix belongs to the one step that offers it
        }
    }
}

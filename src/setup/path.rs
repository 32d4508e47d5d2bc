//! The way through the steps: all of them, or what a newcomer needs of a set-up that the team has made already.

use jiff::Timestamp;

use crate::setup::{
    Order, Setup,
    step::{Standing, StepId},
    steps::pool,
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Path {
    #[default]
    Whole,
    /// The URLs, the test, the env files and the migrations. Each step that is done leads to the next by itself.
    Newcomer,
}

impl Path {
    /// What a newcomer leaves to the team, with the reason.
    pub fn left_out(self, step: StepId) -> Option<&'static str> {
        match (self, step) {
            (Self::Whole, _) => None,
            (Self::Newcomer, StepId::Measure | StepId::App | StepId::Verify) => {
                Some("the team has switched the app already")
            }
            (Self::Newcomer, StepId::Project) => {
                Some("the team has changed the project's files already; they are only read")
            }
            (Self::Newcomer, StepId::HandOver) => Some("the team has the runbook"),
            (
                Self::Newcomer,
                StepId::SignIn
                | StepId::Cluster
                | StepId::Pool
                | StepId::Urls
                | StepId::Test
                | StepId::EnvFiles
                | StepId::Migrations,
            ) => None,
        }
    }
}

impl Setup {
    /// Leads through what a newcomer needs; the rest is left out, with the reason.
    pub fn lead_newcomer(&mut self) {
        self.path = Path::Newcomer;
        for step in StepId::ALL {
            let is_left_out = self.path.left_out(step).is_some() && step.skippable().is_some();
            if is_left_out && !self.facts.skipped.contains(&step) {
                self.facts.skipped.push(step);
            }
        }
    }

    /// Shows every step again.
    pub(super) fn lead_all_the_way(&mut self) {
        let path = std::mem::take(&mut self.path);
        self.facts.skipped.retain(|step| path.left_out(*step).is_none());
    }

    /// The step is one that this person is led through. One with a problem is, whatever the path.
    pub fn leads_to(&self, step: StepId) -> bool {
        self.path.left_out(step).is_none() || step == self.current || self.problem(step).is_some()
    }

    /// The next step of the path.
    pub fn next(&self, step: StepId) -> Option<StepId> {
        let later = StepId::ALL.into_iter().skip(step.number());
        later.into_iter().find(|later| self.leads_to(*later))
    }

    pub fn previous(&self, step: StepId) -> Option<StepId> {
        let earlier = StepId::ALL.into_iter().take(step.number() - 1);
        earlier.into_iter().rev().find(|earlier| self.leads_to(*earlier))
    }

    /// The page that is open, and whether it is done.
    pub(super) fn place(&self) -> (StepId, bool) {
        (self.current, self.standing(self.current).settled())
    }

    /// On a newcomer's path, goes on from a page that just got done to the next that is not.
    pub(super) fn walk_on(
        &mut self,
        now: Timestamp,
        from: (StepId, bool),
        orders: &mut Vec<Order>,
    ) {
        if self.path != Path::Newcomer {
            return;
        }
        // Read beside the other steps: which env files there are, and which client reads them.
        self.with(now, orders, |steps, ctx| steps.open(StepId::Project, ctx));
        if from.1 || self.place() != (from.0, true) {
            return;
        }
        while let Some(next) = self.next(self.current) {
            self.current = next;
            self.with(now, orders, |steps, ctx| steps.open(next, ctx));
            if next == StepId::Pool && self.steps.pool.adopts(&self.facts) {
                // The profile names it, and nothing is sent.
                self.with(now, orders, |steps, ctx| steps.update(ctx, pool::Msg::Act.into()));
            }
            if !matches!(self.standing(next), Standing::Done | Standing::DoneNotVerified) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::cluster::Environment;
    use crate::setup::{
        Msg, Rules,
        facts::Facts,
        steps::urls,
        stories::{cluster, made, order},
    };

    fn newcomer() -> Setup {
        let mut setup = Setup::new(Rules::default());
        setup.lead_newcomer();
        setup
    }

    #[test]
    fn a_newcomer_is_led_to_what_is_needed_only() {
        let setup = newcomer();
        let led: Vec<StepId> =
            StepId::ALL.into_iter().filter(|step| setup.leads_to(*step)).collect();
        assert_eq!(
            led,
            [
                StepId::SignIn,
                StepId::Cluster,
                StepId::Pool,
                StepId::Urls,
                StepId::Test,
                StepId::EnvFiles,
                StepId::Migrations,
            ]
        );
        assert_eq!(setup.next(StepId::Test), Some(StepId::EnvFiles));
        assert_eq!(setup.next(StepId::Migrations), None);
        assert_eq!(setup.previous(StepId::Pool), Some(StepId::Cluster));
        for step in [StepId::Measure, StepId::Project, StepId::App, StepId::Verify] {
            assert_eq!(setup.standing(step), Standing::Skipped);
        }
    }

    #[test]
    fn every_step_comes_back_when_it_is_asked_for() {
        let mut setup = newcomer();
        setup.act(Timestamp::UNIX_EPOCH, Msg::EveryStep);
        assert!(StepId::ALL.into_iter().all(|step| setup.leads_to(step)));
        assert_eq!(setup.facts, Facts::default());
    }

    /// The cluster was just read, with the pool of the profile in it.
    fn read(setup: &mut Setup) {
        setup.current = StepId::Cluster;
        let mut facts = cluster(Environment::Development);
        let pool = made(&order());
        facts.pools = vec![pool.clone()];
        setup.steps.pool.draft.name = pool.name.as_str().to_owned();
        setup.steps.pool.draft.size = pool.size;
        setup.steps.pool.draft.size_chosen = true;
        let from = setup.place();
        setup.facts.account = Some(crate::setup::stories::account());
        setup.facts.cluster = Some(facts);
        setup.walk_on(Timestamp::UNIX_EPOCH, from, &mut Vec::new());
    }

    #[test]
    fn the_pool_of_the_team_is_used_without_a_question() {
        let mut setup = newcomer();
        read(&mut setup);
        assert_eq!(setup.current, StepId::Urls);
        assert_eq!(setup.facts.pool, Some(made(&order())));
        assert!(setup.record.entries.is_empty());
    }

    #[test]
    fn going_back_to_a_page_that_is_done_stays_there() {
        let mut setup = newcomer();
        read(&mut setup);
        setup.act(Timestamp::UNIX_EPOCH, Msg::Go(StepId::Pool));
        setup.act(Timestamp::UNIX_EPOCH, pool::Msg::Stop.into());
        assert_eq!((setup.current, setup.standing(StepId::Pool)), (StepId::Pool, Standing::Done));
    }

    #[test]
    fn the_whole_path_goes_nowhere_by_itself() {
        let mut setup = Setup::new(Rules::default());
        read(&mut setup);
        assert_eq!((setup.current, &setup.facts.pool), (StepId::Cluster, &None));
        setup.act(Timestamp::UNIX_EPOCH, urls::Msg::Accept.into());
        assert_eq!(setup.current, StepId::Cluster);
    }
}

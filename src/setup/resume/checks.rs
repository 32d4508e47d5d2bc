//! Each thing that is looked at again: what is asked for it, and what the answer comes to.

use jiff::Timestamp;

use crate::{
    domain::{
        app_spec::AppId,
        cluster::ClusterId,
        figures::{count, took},
        pool::Pool,
        stages::{Outcome as Staged, Port, Stage},
    },
    setup::{
        Order, Setup, StepMsg,
        facts::{Account, WrittenFile},
        resume::{
            Check, Outcome, What,
            restored::{deployed, env_change, written},
        },
        saved::{Keeping, Saved, UnderWay},
        step::{Primary, Standing, StepId},
        steps::{app, cluster, project, sign_in, test, urls},
    },
};

/// What there is to look at.
pub(super) fn of(saved: &Saved) -> Vec<Check> {
    let account = saved.account.is_some();
    let under_way = saved.under_way.as_ref();
    let pool = under_way
        .is_some_and(|way| matches!(way, UnderWay::CreatePool(_) | UnderWay::ChangePool(_)));
    let app = under_way.is_some_and(|way| {
        matches!(way, UnderWay::SwitchApp { .. } | UnderWay::FollowDeployment { .. })
    });
    let any_file = saved.project.is_some() || files_of(saved).next().is_some();
    let there = [
        (What::Token, account),
        (What::Cluster, account && saved.cluster.is_some()),
        (What::Pool, account && (saved.pool.is_some() || pool)),
        (What::Files, any_file),
        (What::Address, saved.tested),
        (What::Direct, saved.tested),
        (What::App, account && (saved.deployed.is_some() || app)),
        (What::UnderWay, under_way.is_some() && !pool && !app),
    ];
    let wanted = there.into_iter().filter(|(_, there)| *there);
    wanted.map(|(what, _)| Check { what, outcome: Outcome::Waiting }).collect()
}

impl Setup {
    /// Something runs that the check waits for.
    pub(super) fn is_busy_for(&self, what: What) -> bool {
        let works = |step| self.standing(step) == Standing::Working;
        match what {
            What::Token => works(StepId::SignIn),
            What::Cluster => works(StepId::SignIn) || works(StepId::Cluster),
            What::Pool => works(StepId::Pool),
            What::Files => works(StepId::Project) || self.steps.project.looks(),
            What::Address | What::Direct => works(StepId::Test),
            What::App | What::UnderWay => false,
        }
    }

    pub(super) fn ask(&mut self, what: What, now: Timestamp, orders: &mut Vec<Order>) {
        match what {
            What::Token => self.ask_token(now, orders),
            What::Cluster if self.facts.cluster.is_none() && self.facts.account.is_some() => {
                self.tell(now, orders, cluster::Msg::List);
            }
            What::Files => self.ask_files(now, orders),
            What::Address if self.facts.urls.is_some() && self.facts.tested.is_none() => {
                self.tell(now, orders, test::Msg::Run);
            }
            What::App => self.ask_app(now, orders),
            What::Cluster | What::Pool | What::Address | What::Direct | What::UnderWay => {}
        }
    }

    pub(super) fn decide(
        &mut self,
        what: What,
        now: Timestamp,
        orders: &mut Vec<Order>,
    ) -> Outcome {
        let Some(saved) = self.resume.as_ref().map(|resume| resume.saved.clone()) else {
            return Outcome::Unchecked(String::new());
        };
        match what {
            What::Token => self.token(&saved, now),
            What::Cluster => self.cluster_again(&saved, now, orders),
            What::Pool => self.pool_again(&saved, now, orders),
            What::Files => self.files(&saved),
            What::Address => self.address(),
            What::Direct => self.direct(),
            What::App => self.app_again(&saved),
            What::UnderWay => self.under_way_then(&saved),
        }
    }

    fn tell(&mut self, now: Timestamp, orders: &mut Vec<Order>, msg: impl Into<StepMsg>) {
        let msg = msg.into();
        self.with(now, orders, |steps, ctx| steps.update(ctx, msg));
    }

    fn reviewed(&mut self, step: StepId) {
        self.facts.review.retain(|other| *other != step);
    }

    fn ask_token(&mut self, now: Timestamp, orders: &mut Vec<Order>) {
        if self.facts.account.is_some() {
            return;
        }
        let account = self.resume.as_ref().and_then(|resume| resume.saved.account.clone());
        if self.steps.sign_in.remembered.is_some() {
            self.tell(now, orders, sign_in::Msg::SignIn);
        } else if let Some(account) = account
            && account.kept == Keeping::Keychain
        {
            self.tell(now, orders, sign_in::Msg::Switch(account.name));
        }
    }

    fn token(&mut self, saved: &Saved, now: Timestamp) -> Outcome {
        let was = saved.account.as_ref().map_or("", |account| account.name.as_str());
        let Some(account) = &self.facts.account else {
            let said = self.problem(StepId::SignIn).map(|problem| problem.what.clone());
            return Outcome::NeedsYou(said.unwrap_or_else(|| {
                match saved.account.as_ref().map(|account| account.kept) {
                    Some(Keeping::Sealed) => {
                        format!("The token of {was} is in an encrypted file. Type its passphrase.")
                    }
                    _ => format!("The token of {was} was kept for one run only. Sign in again."), // or was not found
                }
            }));
        };
        if account.label() != was {
            let words = format!("You are signed in as {}. It was {was}.", account.label());
            return Outcome::Different(words, StepId::SignIn);
        }
        Outcome::Same(valid(account, now))
    }

    /// Chooses it in the list and reads it; then, whether it is the one.
    fn cluster_again(&mut self, saved: &Saved, now: Timestamp, orders: &mut Vec<Order>) -> Outcome {
        let Some(was) = &saved.cluster else { return Outcome::Unchecked(String::new()) };
        if let Some(facts) = &self.facts.cluster {
            let cluster = &facts.cluster;
            if cluster.id.0 == was.id {
                return Outcome::Same(format!("{} is {}.", cluster.name, cluster.status));
            }
            let words = format!("{} is chosen now. It was {}.", cluster.name, was.name);
            return Outcome::Different(words, StepId::Cluster);
        }
        if let Some(problem) = self.problem(StepId::Cluster) {
            return Outcome::NeedsYou(problem.what.clone());
        }
        let id = ClusterId(was.id.clone());
        let listed = self.steps.cluster.listed().is_some();
        let Some(row) = self.steps.cluster.clusters.iter().find(|cluster| cluster.id == id) else {
            return if listed {
                let words = format!("{} is not in this account any more.", was.name);
                Outcome::Different(words, StepId::Cluster)
            } else {
                Outcome::NeedsYou("The clusters were not read yet.".to_owned())
            };
        };
        if let Some(refusal) = row.refusal() {
            return Outcome::NeedsYou(format!("{} is {refusal}.", row.name));
        }
        if self.resume.as_mut().is_some_and(|resume| std::mem::replace(&mut resume.reading, true)) {
            return Outcome::NeedsYou(format!("{} was not read yet.", was.name));
        }
        self.tell(now, orders, cluster::Msg::Choose(id));
        self.tell(now, orders, cluster::Msg::Use);
        Outcome::Looking
    }

    fn pool_again(&mut self, saved: &Saved, now: Timestamp, orders: &mut Vec<Order>) -> Outcome {
        let under_way = match &saved.under_way {
            Some(UnderWay::CreatePool(pool)) => Some((pool, true)),
            Some(UnderWay::ChangePool(pool)) => Some((pool, false)),
            _ => None, // no pool was being made
        };
        let Some(was) = under_way.map(|(pool, _)| pool).or(saved.pool.as_ref()) else {
            return Outcome::Unchecked(String::new());
        };
        let wanted = was.order();
        let Some(facts) = self.facts.cluster.as_ref().filter(|facts| {
            saved.cluster.as_ref().is_some_and(|cluster| cluster.id == facts.cluster.id.0)
        }) else {
            return unread("the cluster");
        };
        let found = facts.pools.iter().find(|pool| pool.name == wanted.name).cloned();
        let outcome = match (found, under_way) {
            (Some(pool), Some((_, created))) if pool.fulfils(&wanted) => {
                let verb = if created { "creation" } else { "change" };
                let said = format!("{}: its {verb} had arrived.", shape(&pool));
                self.with(now, orders, |steps, ctx| steps.pool.was_made(ctx, pool, created));
                Outcome::Same(said)
            }
            (Some(pool), None) if pool.fulfils(&wanted) => {
                let said = format!("{}.", shape(&pool));
                self.with(now, orders, |steps, ctx| steps.pool.is_as_it_was(ctx, pool));
                Outcome::Same(said)
            }
            (Some(pool), way) => {
                let then = if way.is_some() { "It was to have" } else { "It had" };
                let words = format!(
                    "{}. {then} {} connections, {} mode.",
                    shape(&pool),
                    wanted.size,
                    wanted.mode.word()
                );
                self.ask_for_review(StepId::Pool);
                Outcome::Different(words, StepId::Pool)
            }
            (None, Some(_)) => {
                self.with(now, orders, |steps, _| steps.pool.was_not_made(&wanted));
                let words = format!(
                    "Pool {} was ordered when the program ended, and the account does not have it. Nothing was sent again.",
                    wanted.name
                );
                Outcome::Different(words, StepId::Pool)
            }
            (None, None) => {
                self.ask_for_review(StepId::Pool);
                Outcome::Different(format!("Pool {} is gone.", wanted.name), StepId::Pool)
            }
        };
        if under_way.is_some() {
            self.forget_under_way();
        }
        self.use_urls(saved, now, orders);
        outcome
    }

    /// The same URLs as before, with passwords read anew.
    fn use_urls(&mut self, saved: &Saved, now: Timestamp, orders: &mut Vec<Order>) {
        if saved.urls_used
            && self.facts.urls.is_none()
            && self.facts.established(StepId::Pool)
            && let Primary::Act(_, msg) = self.steps.primary(StepId::Urls, &self.facts, &self.rules)
            && matches!(msg, StepMsg::Urls(urls::Msg::Accept))
        {
            self.tell(now, orders, urls::Msg::Accept);
        }
    }

    fn ask_files(&mut self, now: Timestamp, orders: &mut Vec<Order>) {
        let Some(saved) = self.resume.as_ref().map(|resume| &resume.saved) else { return };
        let files = files_of(saved).map(|(_, file)| file.file).collect::<Vec<_>>();
        let scan = saved.project.is_some() && self.facts.project.is_none();
        self.with(now, orders, |steps, ctx| {
            steps.project.look_at(ctx, files);
            if scan {
                steps.update(ctx, project::Msg::Scan.into());
            }
        });
    }

    fn files(&mut self, saved: &Saved) -> Outcome {
        if saved.project.is_some() && self.facts.project.is_none() {
            let why = self.problem(StepId::Project).map(|problem| problem.what.clone());
            return Outcome::Different(why.unwrap_or_default(), StepId::Project);
        }
        let now = self.steps.project.looked.clone().unwrap_or_default();
        let mut different: Vec<(StepId, String)> = Vec::new();
        for (step, file) in files_of(saved) {
            let name = file.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match now.iter().find(|(path, _)| *path == file.file) {
                Some((_, Some(hash))) if *hash == file.hash => {}
                Some((_, Some(_))) => {
                    different.push((step, format!("{name} was changed since we wrote it.")));
                }
                Some((_, None)) | None => different.push((step, format!("{name} is gone."))),
            }
        }
        let is_same = |step| different.iter().all(|(other, _)| *other != step);
        let all = |files: &Option<Vec<crate::setup::saved::File>>| {
            files.as_ref().map(|files| files.iter().map(written).collect::<Vec<WrittenFile>>())
        };
        if is_same(StepId::Project) {
            self.facts.project_files = all(&saved.project_files);
        }
        if is_same(StepId::EnvFiles) {
            self.facts.env_files = all(&saved.env_files);
            self.facts.env_changes = saved.env_changes.iter().map(env_change).collect();
            self.reviewed(StepId::EnvFiles);
        }
        if is_same(StepId::HandOver) {
            self.facts.runbook = saved.runbook.as_ref().map(written);
            self.reviewed(StepId::HandOver);
        }
        for (step, _) in &different {
            self.ask_for_review(*step);
        }
        match different.first() {
            Some((step, _)) => {
                let words: Vec<&str> = different.iter().map(|(_, words)| words.as_str()).collect();
                Outcome::Different(words.join(" "), *step)
            }
            None => Outcome::Same(match files_of(saved).count() {
                0 => "The project was read again.".to_owned(),
                1 => "1 file is as we wrote it.".to_owned(),
                many => format!("{many} files are as we wrote them."),
            }),
        }
    }

    /// Told by the same test as the direct URL: whoever is let in gets an answer at the port.
    fn address(&mut self) -> Outcome {
        let Some(tested) = &self.facts.tested else { return self.untested() };
        let reached = Port::BOTH.into_iter().any(|port| {
            let column = tested.ports.column(port);
            matches!(column.get(Stage::Port), Staged::Passed { .. } | Staged::Unverified { .. })
        });
        if reached {
            return Outcome::Same("This computer is let in.".to_owned());
        }
        self.ask_for_review(StepId::Test);
        Outcome::Different("No port answers this computer.".to_owned(), StepId::Test)
    }

    fn direct(&mut self) -> Outcome {
        let Some(tested) = &self.facts.tested else { return self.untested() };
        let column = tested.ports.column(Port::Direct);
        if let Some((_, problem)) = column.problem() {
            let words = problem.what.clone();
            self.ask_for_review(StepId::Test);
            return Outcome::Different(words, StepId::Test);
        }
        Outcome::Same(match column.get(Stage::Query) {
            Staged::Passed { took: time, .. } | Staged::Unverified { took: time, .. } => {
                format!("It answers, {}.", took(*time))
            }
            _ => "It answers.".to_owned(), // no time was told
        })
    }

    fn untested(&self) -> Outcome {
        match self.problem(StepId::Test) {
            Some(problem) => Outcome::Different(problem.what.clone(), StepId::Test),
            None => unread("the URLs"),
        }
    }

    fn ask_app(&mut self, now: Timestamp, orders: &mut Vec<Order>) {
        let Some(saved) = self.resume.as_ref().map(|resume| resume.saved.clone()) else { return };
        if self.facts.cluster.is_none() {
            return;
        }
        match saved.under_way {
            Some(UnderWay::FollowDeployment { app, deployment, .. }) => {
                let started = app::Started { app: AppId(app), deployment };
                self.with(now, orders, |steps, ctx| steps.app.follow_on(ctx, started));
            }
            Some(UnderWay::SwitchApp { app, served, .. }) if self.is_switched(&app) => {
                let app = AppId(app);
                self.with(now, orders, |steps, ctx| steps.app.look_for(ctx, app, served));
            }
            _ => {} // what the cluster's read told is enough
        }
    }

    /// The app's settings are those that were sent.
    fn is_switched(&self, app: &str) -> bool {
        let apps = self.facts.cluster.as_ref().map_or(&[][..], |cluster| &cluster.apps);
        let Some(app) = apps.iter().find(|known| known.id.0 == app) else { return false };
        app::plan(app, &self.steps.app.draft, &self.facts).is_ok_and(|plan| plan.changes.is_empty())
    }

    fn app_again(&mut self, saved: &Saved) -> Outcome {
        let Some(cluster) = &self.facts.cluster else { return unread("the cluster") };
        match &saved.under_way {
            Some(UnderWay::FollowDeployment { name, deployment, .. }) => {
                let words =
                    format!("{name}: deployment {deployment} was under way and is followed again.");
                self.forget_under_way();
                return Outcome::Same(words);
            }
            Some(UnderWay::SwitchApp { app, name, .. }) => {
                let arrived = self.is_switched(app);
                let words = if arrived {
                    format!(
                        "The new settings of {name} had arrived when the program ended. Nothing was sent again."
                    )
                } else {
                    format!(
                        "The new settings of {name} had not arrived when the program ended. Nothing was sent again."
                    )
                };
                self.forget_under_way();
                if arrived {
                    return Outcome::Same(words);
                }
                self.facts.switched_back();
                return Outcome::Different(words, StepId::App);
            }
            _ => {} // the app was switched, or is not yet
        }
        let Some(was) = &saved.deployed else { return Outcome::Unchecked(String::new()) };
        let name = &was.app_name;
        let app = cluster.apps.iter().find(|app| app.id.0 == was.app);
        let outcome = match (app, &was.deployment) {
            (None, _) if was.app.is_empty() => Outcome::Unchecked(format!(
                "{name} was restarted by hand; nobody can tell from here."
            )),
            (None, _) => Outcome::Different(format!("{name} is gone."), StepId::App),
            (Some(app), Some(ours)) if app.active_deployment.as_ref() != Some(ours) => {
                let now = app.active_deployment.as_deref().unwrap_or("none");
                let words = format!("{name} runs deployment {now}. Ours was {ours}.");
                Outcome::Different(words, StepId::App)
            }
            (Some(_), Some(ours)) => Outcome::Same(format!("{name} runs our deployment {ours}.")),
            (Some(_), None) if self.is_switched(&was.app) => {
                Outcome::Same(format!("{name} is set to the pool."))
            }
            (Some(_), None) => {
                Outcome::Different(format!("{name} is not set to the pool any more."), StepId::App)
            }
        };
        if matches!(outcome, Outcome::Same(_) | Outcome::Unchecked(_)) {
            self.facts.deployed = Some(deployed(was));
            self.reviewed(StepId::App);
            self.compare_again(saved);
        } else {
            self.ask_for_review(StepId::App);
        }
        outcome
    }

    fn compare_again(&mut self, saved: &Saved) {
        if saved.compared {
            let comparison = crate::setup::steps::verify::Step::live(&self.facts, &self.rules);
            self.facts.comparison = Some(comparison);
            self.reviewed(StepId::Verify);
        }
    }

    fn under_way_then(&mut self, saved: &Saved) -> Outcome {
        let (words, step) = match &saved.under_way {
            Some(UnderWay::ProjectFiles) => (
                "Project files were being written. Each is as it was or as it was to be: step 7 shows what is left.",
                StepId::Project,
            ),
            Some(UnderWay::EnvFiles) => (
                "Env files were being written. Each is as it was or as it was to be: step 8 shows what is left.",
                StepId::EnvFiles,
            ),
            Some(UnderWay::Migrations) => (
                "Migrations were being applied. Step 9 reads what the database has noted before anything runs.",
                StepId::Migrations,
            ),
            Some(UnderWay::RestoreApp) => (
                "An app's earlier settings were being put back. Look at step 10 and at the app's page.",
                StepId::App,
            ),
            Some(UnderWay::TakingBack { what }) => {
                let words = format!(
                    "It was being taken back: {}. Step 12 looks first how things stand.",
                    what.trim_end_matches('.')
                );
                self.forget_under_way();
                return Outcome::Different(words, StepId::HandOver);
            }
            Some(
                UnderWay::CreatePool(_)
                | UnderWay::ChangePool(_)
                | UnderWay::SwitchApp { .. }
                | UnderWay::FollowDeployment { .. },
            )
            | None => return Outcome::Unchecked(String::new()),
        };
        self.forget_under_way();
        self.ask_for_review(step);
        Outcome::Different(words.to_owned(), step)
    }

    /// It is told now, and whatever it left is looked after by its step.
    fn forget_under_way(&mut self) {
        if let Some(resume) = &mut self.resume {
            resume.saved.under_way = None;
        }
    }

    fn ask_for_review(&mut self, step: StepId) {
        if !self.facts.review.contains(&step) {
            self.facts.review.push(step);
        }
    }
}

/// Every file that we wrote, with its step.
fn files_of(saved: &Saved) -> impl Iterator<Item = (StepId, WrittenFile)> {
    let of = |step, files: &Option<Vec<crate::setup::saved::File>>| {
        let files: Vec<WrittenFile> = files.iter().flatten().map(written).collect();
        files.into_iter().map(move |file| (step, file))
    };
    of(StepId::Project, &saved.project_files)
        .chain(of(StepId::EnvFiles, &saved.env_files))
        .chain(saved.runbook.iter().map(|file| (StepId::HandOver, written(file))))
        .collect::<Vec<_>>()
        .into_iter()
}

fn unread(what: &str) -> Outcome {
    Outcome::Unchecked(format!("It was not looked at: {what} could not be read."))
}

/// `shop-pool has 11 connections, transaction mode`
fn shape(pool: &Pool) -> String {
    let connections = count(pool.size as usize, "connection", "connections");
    format!("{} has {connections}, {} mode", pool.name, pool.mode.word())
}

fn valid(account: &Account, now: Timestamp) -> String {
    match sign_in::days_left(account, now) {
        Some(0) => "It is valid and ends today.".to_owned(),
        Some(days) => format!("It is valid for {}.", count(days as usize, "more day", "more days")),
        None => "It is valid.".to_owned(),
    }
}

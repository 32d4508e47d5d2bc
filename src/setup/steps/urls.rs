//! Step 5: the pooled and the direct URL, built from what the account gave or pasted, checked as a pair.

use std::path::PathBuf;

use crate::{
    domain::{
        cluster::{ClusterFacts, ClusterId, Endpoint},
        conn_url::{
            ConnUrl,
            pair::{self, Known, KnownPool, PairFinding, PairFix, Verdict},
            paste::{self, Pasted},
            repair::Repair,
        },
        env_name::is_key,
        pool::Pool,
        problem::Problem,
        secret::Secret,
        stages::Port,
    },
    setup::{
        Ctx, Rules,
        facts::{Facts, Urls, WrittenFile},
        step::{Primary, Standing, StepId},
        ticket::Ticket,
    },
};

#[derive(Clone, Debug, Default)]
pub struct Step {
    pub draft: Draft,
    pub phase: Phase,
}

#[derive(Clone, Debug, Default)]
pub enum Phase {
    #[default]
    Idle,
    /// The certificate authority is being written into the project.
    Saving(Ticket),
    /// It stands there, in this file.
    Saved(PathBuf),
    Failed(Problem),
}

#[derive(Clone, Debug)]
pub struct Draft {
    pub pooled_key: String,
    pub direct_key: String,
    /// Connections one instance of the app may open.
    pub limit: u32,
    /// A password that the account hides, typed by the person.
    typed: Option<TypedPassword>,
    /// The certificate is to be checked against the cluster's authority, which the app finds in this file.
    pub verify: bool,
    pub ca_file: String,
    /// What the person is pasting, until a URL is found in it.
    pub pasting: Option<Secret>,
    /// URLs that the person brought. They stand in the place of those made from the account.
    pub pasted: Pasted,
    /// The one thing that a single pasted URL does not say: the pool's name or the database's.
    pub missing_name: String,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            pooled_key: "DATABASE_URL".to_owned(),
            direct_key: "DIRECT_URL".to_owned(),
            limit: 5,
            typed: None,
            verify: false,
            ca_file: String::new(),
            pasting: None,
            pasted: Pasted::default(),
            missing_name: String::new(),
        }
    }
}

/// A password belongs to one role of one cluster, and to no other.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TypedPassword {
    cluster: ClusterId,
    role: String,
    password: Secret,
}

impl Draft {
    /// The password typed for this role of this cluster.
    pub fn typed_for(&self, cluster: &ClusterId, role: &str) -> Option<&Secret> {
        self.typed
            .as_ref()
            .filter(|typed| typed.cluster == *cluster && typed.role == role)
            .map(|typed| &typed.password)
    }

    pub fn type_for(&mut self, cluster: &ClusterId, role: &str, password: Secret) {
        self.typed = (!password.is_empty()).then(|| TypedPassword {
            cluster: cluster.clone(),
            role: role.to_owned(),
            password,
        });
    }

    /// Looks for URLs in what was pasted. Where one is found, the text itself is forgotten.
    pub fn paste(&mut self, text: Secret, known: &Known) {
        // Read into its parts, where the passwords are secrets again.
        let found = paste::pasted(text.expose(), known);
        if found.is_empty() {
            self.pasting = (!text.is_empty()).then_some(text);
            return;
        }
        self.pasting = None;
        self.pasted = match (found.missing(), self.pasted.missing()) {
            // The second of two that are pasted one by one.
            (Some(one), Some(other)) if one != other => Pasted {
                pooled: found.pooled.or(self.pasted.pooled.take()),
                direct: found.direct.or(self.pasted.direct.take()),
                ..found
            },
            (Some(_) | None, Some(_) | None) => found,
        };
    }

    /// Takes one reading of a URL whose password was not encoded.
    pub fn choose(&mut self, repair: &Repair, known: &Known) {
        self.pasted.unread.retain(|unread| !unread.repairs.contains(repair));
        self.pasted.add(repair.url.clone(), known);
    }

    pub fn forget_pasted(&mut self) {
        self.pasted = Pasted::default();
        self.pasting = None;
        self.missing_name.clear();
    }

    /// Both URLs as pasted; where one is missing, made from the other and the name that was typed.
    fn brought(&self, known: &Known) -> Option<Result<(ConnUrl, ConnUrl), String>> {
        let name = self.missing_name.trim();
        let other = |given: &ConnUrl, port| paste::counterpart(given, port, name, known);
        let asked = |kind: &str| {
            Err(format!(
                "One URL was found. Type the {kind}'s name, and the other is made from it."
            ))
        };
        Some(match (&self.pasted.pooled, &self.pasted.direct) {
            (Some(pooled), Some(direct)) => Ok((pooled.clone(), direct.clone())),
            (Some(_), None) if name.is_empty() => asked("database"),
            (None, Some(_)) if name.is_empty() => asked("pool"),
            (Some(pooled), None) => Ok((pooled.clone(), other(pooled, Port::Direct))),
            (None, Some(direct)) => Ok((other(direct, Port::Pooled), direct.clone())),
            (None, None) => return None,
        })
    }
}

/// Names offered for the two variables: Prisma's and Supabase's, the original guide's, Railway's.
pub const KEYS: [(&str, &str); 3] = [
    ("DATABASE_URL", "DIRECT_URL"),
    ("DATABASE_URL", "DIRECT_DATABASE_URL"),
    ("DATABASE_URL", "DATABASE_UNPOOLED_URL"),
];

#[derive(Debug, PartialEq, Eq)]
pub enum Effect {
    /// Safe to repeat: the same text in the same file.
    SaveAuthority { root: PathBuf, file: PathBuf, pem: String },
}

#[derive(Debug)]
pub enum Msg {
    Accept,
    SaveAuthority,
    /// `None`: it stood there already.
    Saved(Option<WrittenFile>),
    Failed(Problem),
}

impl Step {
    /// Both URLs as the draft makes them, or why they can't be made.
    pub fn build(&self, facts: &Facts) -> Result<Urls, String> {
        let cluster = facts.cluster.as_ref();
        let (pooled, direct, private) = match self.draft.brought(&known(facts)) {
            Some(brought) => {
                let (pooled, direct) = brought?;
                (pooled, direct, None)
            }
            None => self.of_account(facts)?,
        };
        // The authority that the account names is that of its own cluster.
        let is_of = |cluster: &&ClusterFacts| {
            let of_account = [Some(&cluster.cluster.direct), cluster.cluster.private.as_ref()];
            of_account.into_iter().flatten().any(|at| at.host == direct.host)
        };
        let ca = cluster.filter(is_of).and_then(|cluster| cluster.ca.clone());
        let ca_file = self.draft.ca_file.trim();
        let ca_file = match (self.draft.verify && ca.is_some(), ca_file.is_empty()) {
            (false, _) => None,
            (true, true) => Some(default_ca_file(facts)),
            (true, false) => Some(ca_file.to_owned()),
        };
        Ok(Urls {
            pooled,
            direct,
            private,
            ca,
            ca_file,
            keys: (
                self.draft.pooled_key.trim().to_owned(),
                self.draft.direct_key.trim().to_owned(),
            ),
            limit: self.draft.limit,
        })
    }

    fn of_account(&self, facts: &Facts) -> Result<Made, String> {
        let cluster =
            facts.cluster.as_ref().ok_or("Paste both URLs, or choose the cluster first.")?;
        let pool = facts.pool.as_ref().ok_or("Create the pool first.")?;
        let direct = &cluster.cluster.direct;
        let role = pool.user.clone().unwrap_or_else(|| direct.user.clone());
        let password = self.draft.typed_for(&cluster.cluster.id, &role).or_else(|| cluster.password_of(&role)).ok_or_else(|| {
            format!("The password of {role} is hidden from this token (scope database:view_credentials). Paste it.")
        })?;
        let admin_password = cluster.password_of(&direct.user).unwrap_or(password);
        let make = |at: &Endpoint, user: &str, password: &Secret, database: &str| ConnUrl {
            user: user.to_owned(),
            password: Some(password.clone()),
            database: database.to_owned(),
            ..at.url()
        };
        let pooled_at =
            |at: Option<&Endpoint>| at.map(|at| make(at, &role, password, pool.name.as_str()));
        let pooled = pooled_at(pool.public.as_ref())
            .ok_or("The account did not say where the pool listens.")?;
        // Migrations change tables, so the direct URL belongs to the role that owns them.
        let direct_at = |at: &Endpoint| make(at, &direct.user, admin_password, &pool.db);
        let private =
            pooled_at(pool.private.as_ref()).zip(cluster.cluster.private.as_ref().map(direct_at));
        Ok((pooled, direct_at(direct), private))
    }

    pub fn findings(&self, facts: &Facts) -> Vec<PairFinding> {
        self.build(facts).map_or_else(
            |_| Vec::new(),
            |urls| pair::check(&urls.pooled, &urls.direct, &known(facts)),
        )
    }

    /// Carries out what a button beside a finding offers. Only pasted URLs need it.
    pub fn apply(&mut self, fix: &PairFix, facts: &Facts) {
        if let Some(Ok((mut pooled, mut direct))) = self.draft.brought(&known(facts)) {
            fix.apply(&mut pooled, &mut direct);
            self.draft.pasted.pooled = Some(pooled);
            self.draft.pasted.direct = Some(direct);
        }
    }

    /// Words for the pool's part of the URL, which most guides get wrong.
    pub fn pool_sentence(pool: &Pool) -> String {
        format!(
            "“{}” is the pool's name, not a database. Using “{}” here is refused.",
            pool.name, pool.db
        )
    }

    pub fn primary(&self, facts: &Facts, _rules: &Rules) -> Primary<Msg> {
        let label = "Use these URLs".to_owned();
        let urls = match self.build(facts) {
            Ok(urls) => urls,
            Err(why) => return Primary::Blocked(label, why),
        };
        if let Some(key) = [&urls.keys.0, &urls.keys.1].into_iter().find(|key| !is_key(key)) {
            return Primary::Blocked(
                label,
                format!("“{key}” is not a variable name: letters, digits and _ only."),
            );
        }
        if urls.keys.0 == urls.keys.1 {
            return Primary::Blocked(label, "Both variables have the same name.".to_owned());
        }
        let wrong = |finding: &PairFinding| finding.verdict == Verdict::Wrong;
        if let Some(finding) = self.findings(facts).into_iter().find(wrong) {
            return Primary::Blocked(label, finding.text);
        }
        if facts.urls.as_ref() == Some(&urls) && facts.established(StepId::Urls) {
            Primary::Next
        } else {
            Primary::Act(label, Msg::Accept)
        }
    }

    pub fn open(&mut self, _ctx: &mut Ctx<'_>) {}

    pub fn update(&mut self, ctx: &mut Ctx<'_>, msg: Msg) {
        match msg {
            Msg::Accept => self.accept(ctx),
            Msg::SaveAuthority => {
                if let Ok(effect) = self.authority(ctx.facts, ctx.rules) {
                    self.phase = Phase::Saving(ctx.start(effect));
                }
            }
            Msg::Saved(written) => {
                if let Some(written) = &written {
                    let what = format!("{} written, {}", written.file.display(), written.what);
                    ctx.did(what, written.undo(Vec::new()));
                }
                let file = self.build(ctx.facts).ok().and_then(|urls| urls.ca_file);
                self.phase = file.map_or(Phase::Idle, |file| Phase::Saved(PathBuf::from(file)));
            }
            Msg::Failed(problem) => self.phase = Phase::Failed(problem),
        }
    }

    fn accept(&mut self, ctx: &mut Ctx<'_>) {
        let Ok(urls) = self.build(ctx.facts) else { return };
        if ctx.facts.urls.as_ref().is_some_and(|old| *old != urls) {
            ctx.facts.changed(StepId::Urls);
        }
        ctx.facts.review.retain(|step| *step != StepId::Urls);
        ctx.facts.urls = Some(urls);
    }

    /// The certificate authority as a file of the project, or why it can't be written.
    pub fn authority(&self, facts: &Facts, rules: &Rules) -> Result<Effect, String> {
        let urls = self.build(facts)?;
        let (Some(pem), Some(file)) = (urls.ca, urls.ca_file) else {
            return Err("The certificate is not checked, so no file is needed.".to_owned());
        };
        let Some(project) = &facts.project else {
            return Err("The project is not known yet: step 7 reads it. Or copy the certificate."
                .to_owned());
        };
        if matches!(self.phase, Phase::Saving(_)) {
            return Err("It is being written.".to_owned());
        }
        if rules.dry_run {
            return Err("This is a dry run: nothing is written.".to_owned());
        }
        Ok(Effect::SaveAuthority { root: project.root.clone(), file: PathBuf::from(file), pem })
    }

    /// What “Try again” does on the problem that is shown.
    pub(super) fn again(&self) -> Option<Msg> {
        matches!(self.phase, Phase::Failed(_)).then_some(Msg::SaveAuthority)
    }

    pub fn standing(&self, facts: &Facts) -> Standing {
        if facts.established(StepId::Urls) {
            Standing::Done
        } else if facts.cluster.is_none() && self.draft.pasted.is_empty() {
            Standing::NotStarted
        } else {
            Standing::Ready
        }
    }

    pub fn problem(&self) -> Option<&Problem> {
        match &self.phase {
            Phase::Failed(problem) => Some(problem),
            Phase::Idle | Phase::Saving(_) | Phase::Saved(_) => None,
        }
    }
}

/// The pooled and the direct URL, and both over the private host.
type Made = (ConnUrl, ConnUrl, Option<(ConnUrl, ConnUrl)>);

/// What the account says of the cluster, for judging URLs that were pasted.
pub fn known(facts: &Facts) -> Known {
    let Some(cluster) = &facts.cluster else { return Known::default() };
    let pools = cluster.pools.iter().chain(&facts.pool);
    let pooled_port = pools.clone().find_map(|pool| pool.public.as_ref()).map(|at| at.port);
    let mut known = Known {
        pools: Vec::new(),
        databases: cluster.databases.clone(),
        ports: pooled_port.map(|port| (cluster.cluster.direct.port, port)),
    };
    for pool in pools.map(KnownPool::from) {
        if !known.pools.contains(&pool) {
            known.pools.push(pool);
        }
    }
    known
}

/// Beside the project's other files. It is no secret.
pub fn default_ca_file(facts: &Facts) -> String {
    let name = facts.cluster.as_ref().map_or("cluster", |cluster| &cluster.cluster.name);
    format!("{name}-ca.crt")
}

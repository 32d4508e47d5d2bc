//! Step 5: the pooled and the direct URL, built from what the account gave, checked as a pair.

use crate::{
    domain::{
        cluster::Endpoint,
        conn_url::{self, ConnUrl, PairFinding},
        pool::Pool,
        problem::Problem,
        secret::Secret,
    },
    setup::{
        Ctx, Rules,
        facts::{Facts, Urls},
        step::{Primary, Standing, StepId},
    },
};

#[derive(Debug, Default)]
pub struct Step {
    pub draft: Draft,
}

#[derive(Debug)]
pub struct Draft {
    pub pooled_key: String,
    pub direct_key: String,
    /// Connections one instance of the app may open.
    pub limit: u32,
    /// A password that the account hides, typed by the person.
    pub password: Option<Secret>,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            pooled_key: "DATABASE_URL".to_owned(),
            direct_key: "DIRECT_URL".to_owned(),
            limit: 5,
            password: None,
        }
    }
}

/// Names offered for the two variables: Prisma's and Supabase's, the original guide's, Railway's.
pub const KEYS: [(&str, &str); 3] = [
    ("DATABASE_URL", "DIRECT_URL"),
    ("DATABASE_URL", "DIRECT_DATABASE_URL"),
    ("DATABASE_URL", "DATABASE_UNPOOLED_URL"),
];

/// This step asks nothing of the outside.
#[derive(Debug, PartialEq)]
pub enum Effect {}

#[derive(Debug)]
pub enum Msg {
    Accept,
    Failed(Problem),
}

impl Step {
    /// Both URLs as the draft makes them, or why they can't be made.
    pub fn build(&self, facts: &Facts) -> Result<Urls, String> {
        let cluster = facts.cluster.as_ref().ok_or("Choose the cluster first.")?;
        let pool = facts.pool.as_ref().ok_or("Create the pool first.")?;
        let direct = &cluster.cluster.direct;
        let role = pool.user.clone().unwrap_or_else(|| direct.user.clone());
        let password = self.draft.password.clone().or_else(|| cluster.password_of(&role).cloned()).ok_or_else(|| {
            format!("The password of {role} is hidden from this token (scope database:view_credentials). Paste it.")
        })?;
        let admin_password =
            cluster.password_of(&direct.user).cloned().unwrap_or_else(|| password.clone());
        let make = |endpoint: &Endpoint, user: &str, password: &Secret, database: &str| ConnUrl {
            user: user.to_owned(),
            password: Some(password.clone()),
            host: endpoint.host.clone(),
            port: endpoint.port,
            database: database.to_owned(),
            parameters: vec![("sslmode".to_owned(), "require".to_owned())],
        };
        let pooled_at = |endpoint: Option<&Endpoint>| {
            endpoint.map(|at| make(at, &role, &password, pool.name.as_str()))
        };
        let pooled = pooled_at(pool.public.as_ref())
            .ok_or("The account did not say where the pool listens.")?;
        // Migrations change tables, so the direct URL belongs to the role that owns them.
        let direct_url = make(direct, &direct.user, &admin_password, &pool.db);
        let private = pooled_at(pool.private.as_ref()).zip(
            cluster
                .cluster
                .private
                .as_ref()
                .map(|at| make(at, &direct.user, &admin_password, &pool.db)),
        );
        Ok(Urls {
            pooled,
            direct: direct_url,
            private,
            ca: cluster.ca.clone(),
            keys: (
                self.draft.pooled_key.trim().to_owned(),
                self.draft.direct_key.trim().to_owned(),
            ),
            limit: self.draft.limit,
        })
    }

    pub fn findings(&self, facts: &Facts) -> Vec<PairFinding> {
        self.build(facts)
            .map_or_else(|_| Vec::new(), |urls| conn_url::pair_check(&urls.pooled, &urls.direct))
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
        if let Some(finding) =
            self.findings(facts).into_iter().find(|finding| !finding.ok && !finding.warning)
        {
            return Primary::Blocked(label, finding.text);
        }
        if facts.urls.as_ref() == Some(&urls) && facts.established(StepId::Urls) {
            Primary::Next
        } else {
            Primary::Act(label, Msg::Accept)
        }
    }

    pub fn open(&mut self, _ctx: &mut Ctx<'_>) {}

    #[expect(clippy::needless_pass_by_value, reason = "as every step's; this one keeps nothing")]
    pub fn update(&mut self, ctx: &mut Ctx<'_>, msg: Msg) {
        match msg {
            Msg::Accept => {
                if let Ok(urls) = self.build(ctx.facts) {
                    if ctx.facts.urls.as_ref().is_some_and(|old| *old != urls) {
                        ctx.facts.changed(StepId::Urls);
                    }
                    ctx.facts.review.retain(|step| *step != StepId::Urls);
                    ctx.facts.urls = Some(urls);
                }
            }
            Msg::Failed(_) => {} // no effect of this step can fail
        }
    }

    pub fn standing(&self, facts: &Facts) -> Standing {
        if facts.established(StepId::Urls) { Standing::Done } else { Standing::Ready }
    }

    pub fn problem(&self) -> Option<&Problem> {
        None
    }
}

/// A name that every shell and env reader accepts.
pub fn is_key(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

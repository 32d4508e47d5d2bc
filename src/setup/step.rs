//! The twelve steps in one table: order, names, groups, what each depends on.

/// A step of the set-up. Stored by `key`, never by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepId {
    SignIn,
    Cluster,
    Measure,
    Pool,
    Urls,
    Test,
    Project,
    EnvFiles,
    Migrations,
    App,
    Verify,
    HandOver,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Connect,
    Pool,
    Urls,
    Change,
    Prove,
    HandOver,
}

impl Group {
    pub const ALL: [Self; 6] =
        [Self::Connect, Self::Pool, Self::Urls, Self::Change, Self::Prove, Self::HandOver];

    pub fn title(self) -> &'static str {
        match self {
            Self::Connect => "Connect",
            Self::Pool => "Pool",
            Self::Urls => "URLs",
            Self::Change => "Change",
            Self::Prove => "Prove",
            Self::HandOver => "Hand over",
        }
    }

    pub fn steps(self) -> impl Iterator<Item = StepId> {
        StepId::ALL.into_iter().filter(move |step| step.group() == self)
    }
}

impl StepId {
    pub const ALL: [Self; 12] = [
        Self::SignIn,
        Self::Cluster,
        Self::Measure,
        Self::Pool,
        Self::Urls,
        Self::Test,
        Self::Project,
        Self::EnvFiles,
        Self::Migrations,
        Self::App,
        Self::Verify,
        Self::HandOver,
    ];

    /// From 1.
    pub fn number(self) -> usize {
        Self::ALL.iter().position(|step| *step == self).unwrap_or(0) + 1
    }

    pub fn next(self) -> Option<Self> {
        Self::ALL.get(self.number()).copied()
    }

    pub fn previous(self) -> Option<Self> {
        Self::ALL.get(self.number().checked_sub(2)?).copied()
    }

    pub fn group(self) -> Group {
        match self {
            Self::SignIn | Self::Cluster => Group::Connect,
            Self::Measure | Self::Pool => Group::Pool,
            Self::Urls | Self::Test => Group::Urls,
            Self::Project | Self::EnvFiles | Self::Migrations | Self::App => Group::Change,
            Self::Verify => Group::Prove,
            Self::HandOver => Group::HandOver,
        }
    }

    /// The word in profiles, saved set-ups and reports.
    pub fn key(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::Cluster => "cluster",
            Self::Measure => "measure",
            Self::Pool => "pool",
            Self::Urls => "urls",
            Self::Test => "test",
            Self::Project => "project",
            Self::EnvFiles => "env-files",
            Self::Migrations => "migrations",
            Self::App => "app",
            Self::Verify => "verify",
            Self::HandOver => "hand-over",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.key() == key)
    }

    /// The short name in the rail.
    pub fn name(self) -> &'static str {
        match self {
            Self::SignIn => "Sign in",
            Self::Cluster => "Cluster",
            Self::Measure => "Measure",
            Self::Pool => "Size and create",
            Self::Urls => "Pooled and direct",
            Self::Test => "Test",
            Self::Project => "Project files",
            Self::EnvFiles => "Env files",
            Self::Migrations => "Migrations",
            Self::App => "App Platform",
            Self::Verify => "Before and after",
            Self::HandOver => "Runbook and undo",
        }
    }

    /// The page's heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::SignIn => "Sign in to DigitalOcean",
            Self::Cluster => "Choose the cluster",
            Self::Measure => "Measure the connections",
            Self::Pool => "Size and create the pool",
            Self::Urls => "Pooled and direct URLs",
            Self::Test => "Test both connections",
            Self::Project => "Change the project files",
            Self::EnvFiles => "Write the env files",
            Self::Migrations => "Run the migrations",
            Self::App => "Switch the app to the pool",
            Self::Verify => "Before and after",
            Self::HandOver => "Runbook and undo",
        }
    }

    /// One sentence of purpose under the heading.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::SignIn => {
                "Finds your clusters and apps. Nothing is changed with it until a button says so."
            }
            Self::Cluster => "Reads the account. Nothing is changed.",
            Self::Measure => {
                "Records who holds connections today, so that step 11 can show what changed."
            }
            Self::Pool => {
                "One request to DigitalOcean. It changes nothing for your app until step 10."
            }
            Self::Urls => {
                "One URL for the app, through the pool; one for migrations, straight to the database."
            }
            Self::Test => {
                "Checks, stage by stage, that this computer reaches the pool and the database."
            }
            Self::Project => "Reads your project and shows the smallest edit that works.",
            Self::EnvFiles => {
                "Puts both URLs into the files that your tools read. Every other byte stays."
            }
            Self::Migrations => "Applies pending migrations over the direct connection.",
            Self::App => "Points the app at the pool. App Platform then starts one deployment.",
            Self::Verify => "What changed in the database since the app went over to the pool.",
            Self::HandOver => "What was changed, how to look after it, and how to take it back.",
        }
    }

    /// Steps whose facts this one needs.
    pub fn needs(self) -> &'static [Self] {
        match self {
            Self::SignIn => &[],
            Self::Cluster => &[Self::SignIn],
            Self::Measure | Self::Pool => &[Self::Cluster],
            Self::Urls => &[Self::Pool],
            Self::Test => &[Self::Urls],
            Self::Project => &[],
            Self::EnvFiles => &[Self::Urls, Self::Project],
            Self::Migrations => &[Self::Test, Self::Project],
            Self::App => &[Self::Pool],
            Self::Verify => &[Self::App],
            Self::HandOver => &[Self::Pool],
        }
    }

    /// Scopes without which something on this step is done by hand.
    pub fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::SignIn
            | Self::Cluster
            | Self::Project
            | Self::EnvFiles
            | Self::Migrations
            | Self::Verify => &[],
            Self::Measure | Self::Urls => &["database:view_credentials"],
            Self::Pool => &["database:create", "database:update"],
            Self::Test => &["database:update"],
            Self::App => &["app:read", "app:update"],
            Self::HandOver => &["database:delete"],
        }
    }

    /// May the person leave it out? With what that costs, in words.
    pub fn skippable(self) -> Option<&'static str> {
        match self {
            Self::SignIn | Self::Cluster | Self::Pool | Self::Urls | Self::HandOver => None,
            Self::Measure => Some("no baseline for the comparison"),
            Self::Test => Some("nothing is proven to work"),
            Self::Project => Some("the project's files stay as they are"),
            Self::EnvFiles => Some("no env file is written"),
            Self::Migrations => Some("no migration is run"),
            Self::App => Some("no app is switched"),
            Self::Verify => Some("the effect is not shown"),
        }
    }
}

/// How a step stands. Shown by icon and word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    NotStarted,
    Ready,
    NeedsYou,
    Working,
    /// Read back and verified; set only from facts that a check wrote.
    Done,
    DoneNotVerified,
    Skipped,
    NeedsReview,
    Stopped,
    /// A dry run found what it would change here.
    WouldChange,
}

impl Standing {
    pub fn word(self) -> &'static str {
        match self {
            Self::NotStarted => "Not started",
            Self::Ready => "Ready",
            Self::NeedsYou => "Needs you",
            Self::Working => "Working…",
            Self::Done => "Done",
            Self::DoneNotVerified => "Done, not verified",
            Self::Skipped => "Skipped",
            Self::NeedsReview => "Needs review",
            Self::Stopped => "Stopped",
            Self::WouldChange => "Would change",
        }
    }

    /// Nothing more is to be done here.
    pub fn settled(self) -> bool {
        matches!(self, Self::Done | Self::DoneNotVerified | Self::Skipped)
    }
}

/// What the primary button does now, or why it can't. Asked by the button, by `update` and by the command line.
#[derive(Debug)]
pub enum Primary<M> {
    /// The label and the message it sends.
    Act(String, M),
    /// The label, and the reason it is not available.
    Blocked(String, String),
    /// Something runs; what, and how to stop it.
    Working(String, Option<M>),
    /// Nothing more to do here.
    Next,
}

impl<M> Primary<M> {
    pub fn map<N>(self, to: impl Fn(M) -> N) -> Primary<N> {
        match self {
            Self::Act(label, msg) => Primary::Act(label, to(msg)),
            Self::Blocked(label, why) => Primary::Blocked(label, why),
            Self::Working(what, stop) => Primary::Working(what, stop.map(to)),
            Self::Next => Primary::Next,
        }
    }
}

//! One of every problem that effects tell of account, keychain, files and migrations, for the guide.

use std::{io, net::Ipv4Addr, path::PathBuf, time::Duration};

use serde_json::json;

use crate::{
    address::AddressError,
    digitalocean::{
        apps::{BrokenStep, Running},
        error::{ApiError, Failure, Reason, Refusal},
    },
    disk::DiskError,
    domain::{
        app_spec::{App, AppId, Place, Spec, difference::Difference},
        cluster::ClusterId,
        env_file::NotTakenBack,
        migration::{
            self, Entry, Layout,
            script::{BadText, Spot},
        },
        operation::Operation,
        pool::{Pool, PoolMode, PoolName},
        problem::Problem,
    },
    effects::{
        access, account, app, files, migrations, pool,
        profile::{self, ProfileError},
        project, saved, sign_in, slot,
    },
    keychain::KeychainError,
    postgres::migrate::{MigrateError, ScriptError},
    project::{
        command::CommandError,
        files::FileError,
        migrations::{Folder, FolderError},
        scan::ScanError,
    },
    saved::SavedError,
    sealed::SealedError,
    setup::steps::measure::Target,
};

pub(crate) fn told() -> Vec<(&'static str, Vec<Problem>)> {
    vec![
        ("token", tokens()),
        ("account", account_s()),
        ("access", accesses()),
        ("measure", vec![slot::no_answer(Duration::from_secs(5)), slot::refused(&silent())]),
        ("pool", pools()),
        ("files", [folders(), files_s()].concat()),
        ("migrations", [commands(), deploys(), marks(), scripts()].concat()),
        ("app", apps()),
        ("saved", [profiles(), set_ups()].concat()),
    ]
}

fn denied() -> io::Error {
    io::Error::from(io::ErrorKind::PermissionDenied)
}

fn silent() -> crate::postgres::activity::RecordError {
    crate::postgres::activity::RecordError::Silent(Duration::from_secs(5))
}

fn shop_pool() -> PoolName {
    PoolName::given("shop-pool")
}

/// What creating a pool was answered with.
fn answered(failure: Failure) -> Problem {
    let operation = Operation::CreatePool(ClusterId("c1".to_owned()), shop_pool());
    account::problem(&ApiError { operation, failure })
}

fn refused(status: u16, message: &str) -> Failure {
    Failure::Refused(Refusal {
        status,
        id: Some("id".to_owned()),
        message: Some(message.to_owned()),
        request_id: None,
        wait: (status == 429).then_some(Duration::from_secs(38)),
    })
}

fn tokens() -> Vec<Problem> {
    let sealed = |err: &SealedError| {
        let what = "The encrypted file of tokens was not read.";
        sign_in::sealed::problem(err, what, "It is left as it is.")
    };
    vec![
        answered(refused(401, "Unable to authenticate you")),
        answered(refused(403, "You are not authorized to perform this operation")),
        sign_in::not_kept(&KeychainError::Silent(Duration::from_secs(3))),
        sign_in::not_kept(&KeychainError::Unavailable(keyring_core::Error::NoDefaultStore)),
        sealed(&SealedError::Passphrase),
        sealed(&SealedError::Newer(2)),
    ]
}

fn account_s() -> Vec<Problem> {
    // The library makes an error for nobody else.
    let source = || reqwest::Proxy::all(":::").unwrap_err();
    let reasons = [
        Reason::Name,
        Reason::Refused,
        Reason::Silent,
        Reason::Authority,
        Reason::Certificate,
        Reason::Proxy,
    ];
    let unreachable = reasons
        .into_iter()
        .map(|reason| answered(Failure::Unreachable { reason, source: source() }));
    let answers = [
        Failure::NotJson { title: Some("Welcome to Hotel Wi-Fi".to_owned()) },
        Failure::Redirected(302),
        refused(429, "Too many requests"),
        refused(404, "not found"),
        refused(422, "pool size exceeds the available connections"),
        refused(412, "Cannot make changes while the service is undergoing maintenance"),
        refused(500, "Server Error"),
        Failure::Silent(Duration::from_secs(30)),
        Failure::Broken(source()),
        Failure::Half(512),
        Failure::Unexpected("pools: missing field".to_owned()),
        Failure::TooLarge(8 * 1024 * 1024),
    ];
    unreachable.chain(answers.into_iter().map(answered)).collect()
}

fn accesses() -> Vec<Problem> {
    let (one, other) = (Ipv4Addr::new(203, 0, 113, 7), Ipv4Addr::new(203, 0, 113, 8));
    let rule = crate::domain::access::Rule {
        kind: "app".to_owned(),
        value: "shop-web".to_owned(),
        description: None,
        raw: json!({ "uuid": "r1" }),
    };
    let mut told = vec![
        access::no_address(&AddressError::OnlyIpv6),
        access::no_address(&AddressError::Differ(one, other)),
        access::no_address(&AddressError::NotPublic(Ipv4Addr::new(100, 64, 0, 1))),
        access::open_to_everyone(),
        access::not_taken("203.0.113.7 is not among the trusted sources."),
        access::last_one(),
    ];
    told.extend(access::nothing_lost(&[rule], &[]).err());
    told
}

fn pools() -> Vec<Problem> {
    let name = &shop_pool();
    let now = Pool {
        name: name.clone(),
        mode: PoolMode::Session,
        size: 20,
        db: "shop".to_owned(),
        user: Some("shop_app".to_owned()),
        public: None,
        private: None,
    };
    vec![
        pool::user_hidden(name),
        pool::changed_since(&now),
        pool::gone(name),
        pool::not_restored(name),
        pool::clients::still_used(&["shop-web".to_owned()]),
        pool::clients::in_use(name, &[("worker".to_owned(), 3)]),
        pool::clients::clients_unknown(
            name,
            "The pool was not tested from here, so its connections can't be told from others.",
        ),
        pool::clients::apps_unknown(name),
    ]
}

fn folders() -> Vec<Problem> {
    let folder = || PathBuf::from("shop");
    [
        ScanError::Missing(folder()),
        ScanError::NotAFolder(folder()),
        ScanError::Everything(PathBuf::from("/")),
        ScanError::Name(folder()),
        ScanError::Read { folder: folder(), source: denied() },
        ScanError::Stopped,
    ]
    .iter()
    .map(project::problem)
    .collect()
}

fn files_s() -> Vec<Problem> {
    let env = || PathBuf::from(".env");
    let link = || io::Error::from(io::ErrorKind::NotFound);
    let disk = |err| FileError::Disk(err);
    [
        FileError::Changed { file: env(), at: None },
        FileError::NotOurs(env()),
        FileError::NotOurKey {
            file: env(),
            source: NotTakenBack::Changed("DATABASE_URL".to_owned()),
        },
        FileError::NoBackup(PathBuf::from("backups/1")),
        FileError::Outside { file: env(), to: PathBuf::from("/etc") },
        FileError::DeadLink { file: env(), source: link() },
        FileError::NoFolder(env()),
        disk(DiskError::Full { path: env(), source: io::Error::from(io::ErrorKind::StorageFull) }),
        disk(DiskError::Denied { path: env(), source: denied() }),
        disk(DiskError::IsFolder(env())),
        disk(DiskError::NotAFile(env())),
        disk(DiskError::TooLarge { path: env(), limit: 1024 * 1024 }),
        disk(DiskError::ReadBack(env())),
    ]
    .iter()
    .map(|err| files::problem(err, "Nothing was changed."))
    .collect()
}

const NAME: &str = "20260301_add_orders";

fn folder() -> Folder {
    Folder {
        path: PathBuf::from("prisma/migrations"),
        layout: Layout::Prisma,
        entries: vec![Entry { name: NAME.to_owned(), has_script: true }],
        schemas: Vec::new(),
    }
}

fn migrate(err: MigrateError) -> Problem {
    let url = "postgresql://shop_app@db.example:25060/shop";
    let direct = Target { url: crate::domain::conn_url::ConnUrl::parse(url).unwrap(), ca: None };
    migrations::told::migrate(err, &folder(), &direct)
}

fn commands() -> Vec<Problem> {
    [
        CommandError::Missing("npx".to_owned()),
        CommandError::Start { program: "npx".to_owned(), source: denied() },
        CommandError::Certificate(denied()),
        CommandError::Wait(denied()),
    ]
    .iter()
    .map(migrations::own::problem)
    .collect()
}

fn deploys() -> Vec<Problem> {
    let script = ScriptError {
        name: NAME.to_owned(),
        said: crate::domain::diagnosis::Said {
            sqlstate: "42P07".to_owned(),
            message: "relation \"orders\" already exists".to_owned(),
            ..crate::domain::diagnosis::Said::default()
        },
        place: Some(Spot { line: 3, column: 14 }),
        statement: "CREATE TABLE orders".to_owned(),
        kept: None,
        left_open: false,
        for_psql: None,
        may_commit: false,
        tries: 1,
    };
    let unfinished = migration::Failure {
        name: NAME.to_owned(),
        started_at: jiff::Timestamp::UNIX_EPOCH,
        logs: None,
    };
    let holder = Some("shop-ci, since 2 min".to_owned());
    [
        MigrateError::NotEmpty,
        MigrateError::Failed(vec![unfinished]),
        MigrateError::Script(Box::new(script)),
        MigrateError::Locked { holder },
        MigrateError::LockLost,
    ]
    .into_iter()
    .map(migrate)
    .collect()
}

fn marks() -> Vec<Problem> {
    let name = || NAME.to_owned();
    let mut told: Vec<Problem> = [
        MigrateError::AlreadyApplied(name()),
        MigrateError::NeverApplied(name()),
        MigrateError::NotFailed(name()),
        MigrateError::Unmanaged,
    ]
    .into_iter()
    .map(migrate)
    .collect();
    told.push(migrations::told::not_in_folder(NAME, &folder()));
    told
}

fn scripts() -> Vec<Problem> {
    let path = || PathBuf::from("prisma/migrations");
    let script = || path().join(NAME).join("migration.sql");
    let spot = Spot { line: 3, column: 14 };
    [
        FolderError::Missing(path()),
        FolderError::NoScript(script()),
        FolderError::Provider("sqlite".to_owned()),
        FolderError::Prisma8(path()),
        FolderError::OtherTool { path: path(), tool: "Flyway" },
        FolderError::TooLarge(script()),
        FolderError::NotText { path: script(), bad: BadText::Utf16 },
        FolderError::NotText { path: script(), bad: BadText::NotUtf8(spot) },
        FolderError::NotText { path: script(), bad: BadText::Nul(spot) },
        FolderError::Read { path: script(), source: denied() },
    ]
    .iter()
    .map(migrations::told::folder)
    .collect()
}

fn apps() -> Vec<Problem> {
    let id = AppId("a1".to_owned());
    let running = Running {
        app: App {
            id: id.clone(),
            name: "shop-web".to_owned(),
            spec: Spec::from(json!({})),
            live_url: None,
            active_deployment: None,
            updated_at: None,
        },
        in_progress: None,
        pending: None,
    };
    let place = Place { component: Some("web".to_owned()), key: "DATABASE_URL".to_owned() };
    let difference = Difference { variables: vec![place], elsewhere: false };
    let broken = app::broken(&BrokenStep {
        component: Some("web".to_owned()),
        step: "Deploying service".to_owned(),
        reason: Some("health check: no answer on port 8080".to_owned()),
    });
    let why = format!("{broken} The previous deployment still serves.");
    vec![
        app::deployment_failed(&id, "shop-web", &why, "d1"),
        app::stopped(&id),
        app::changed_elsewhere(&running, &difference),
        app::changed_since(&running, &difference),
        app::not_taken(&running),
    ]
}

fn profiles() -> Vec<Problem> {
    let file = || PathBuf::from("poolwright.toml");
    let fault =
        crate::domain::profile::parse("version = 1\n[pool]\nsize = \"ten\"\n", &[]).unwrap_err();
    let source = DiskError::Denied { path: file(), source: denied() };
    [
        ProfileError::Missing(file()),
        ProfileError::Fault { file: file(), fault },
        ProfileError::Read { file: file(), source },
        ProfileError::NotText(file()),
    ]
    .iter()
    .map(profile::problem)
    .collect()
}

fn set_ups() -> Vec<Problem> {
    let path = PathBuf::from("setups/1.json");
    let full = SavedError::Disk(DiskError::Full {
        path,
        source: io::Error::from(io::ErrorKind::StorageFull),
    });
    vec![
        saved::not_opened(&SavedError::OpenElsewhere),
        saved::not_opened(&SavedError::Gone),
        saved::not_saved(&full),
    ]
}

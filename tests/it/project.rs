//! The project's folder: what is found in it, with file and line, and what is never touched.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "other programs write files plainly")]

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use poolwright::{
    domain::{
        client::Client,
        project::{LeftOut, Project, Target, Unread},
    },
    project::{
        git,
        scan::{self, Progress, ScanError},
    },
};
use tempfile::TempDir;

pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn target() -> Target {
    Target::default()
}

const GO_ON: Progress<'static> = Progress { stopped: &|| false, seen: &|_| {} };

fn evidence(project: &Project) -> Vec<String> {
    project.evidence().collect()
}

/// A project in a folder of its own.
struct Place(TempDir);

impl Place {
    fn with(files: &[(&str, &str)]) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            place.put(name, text);
        }
        place
    }

    /// The project that practice works on: it makes every mistake of the guide.
    fn of_practice() -> Self {
        let place = Self::with(&[]);
        copy(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/practice/project"),
            place.0.path(),
        );
        place
    }

    fn root(&self) -> PathBuf {
        scan::root(self.0.path()).unwrap()
    }

    fn put(&self, name: &str, text: &str) {
        let file = self.0.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn scan(&self) -> Project {
        scan::scan(&self.root(), &target(), None, GO_ON).unwrap()
    }

    async fn scan_with_git(&self) -> Project {
        let tracked = git::tracked_below(&self.root()).await;
        scan::scan(&self.root(), &target(), tracked.as_ref(), GO_ON).unwrap()
    }

    fn git(&self, arguments: &[&str]) {
        let mut git = Command::new("git");
        git.arg("-C").arg(self.0.path()).args(arguments).env_clear().env("HOME", self.0.path());
        git.env("PATH", std::env::var_os("PATH").unwrap());
        let run = git.output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    }
}

/// `file:line what`
fn told(project: &Project) -> Vec<String> {
    let findings = project.findings.iter();
    findings
        .map(|found| format!("{}:{} {}", found.file.display(), found.line, found.what))
        .collect()
}

const PACKAGE_6: &str = r#"{ "dependencies": { "@prisma/client": "6.19.3" } }"#;
const PACKAGE_7: &str = r#"{ "dependencies": { "@prisma/client": "7.2.0" } }"#;
const SCHEMA: &str =
    "datasource db {\n  provider = \"postgresql\"\n  url = env(\"DATABASE_URL\")\n}\n";

#[test]
fn the_mistakes_of_the_guide_are_found_each_in_its_line() {
    let place = Place::of_practice();
    place.put(".env", "DATABASE_URL=\"postgresql://localhost/contrezz\"\n");

    let project = place.scan();

    assert_eq!(project.client, Client::Prisma6);
    assert_eq!(project.migrations.as_deref(), Some(Path::new("prisma/migrations")));
    assert_eq!(project.env_files, [Path::new(".env"), Path::new(".env.example")]);
    assert_eq!(
        told(&project),
        [
            "prisma/schema.prisma:7 The schema has no directUrl.",
            "prisma/schema.prisma:9 relationMode = \"prisma\" is set.",
            "src/lib/db.ts:7 The client is not closed on SIGTERM.",
            "src/lib/db.ts:10 A query is appended to the URL with a “?” of its own.",
            "src/lib/db.ts:16 __internal sets no connection limit.",
            "src/lib/payments.ts:3 A further PrismaClient is made here.",
            "src/server.ts:9 A PrismaClient is made for each request.",
            "src/server.ts:20 COUNT(*) comes back as a BigInt.",
        ]
    );
}

#[test]
fn a_project_that_does_it_right_has_no_findings() {
    let place = Place::with(&[
        ("package.json", PACKAGE_6),
        (
            "prisma/schema.prisma",
            "datasource db {\n  provider = \"postgresql\"\n  url = env(\"DATABASE_URL\")\n  directUrl = env(\"DIRECT_URL\")\n}\n",
        ),
        (
            "src/db.ts",
            "import { PrismaClient } from '@prisma/client';\n\
             const kept = globalThis as { prisma?: PrismaClient };\n\
             export const prisma = kept.prisma ?? new PrismaClient();\n\
             for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, async () => { await prisma.$disconnect(); });\n",
        ),
        (
            "src/server.ts",
            "import { prisma } from './db';\napp.get('/', (req, res) => prisma.user.count());\n",
        ),
        (
            "prisma/seed.ts",
            "import { PrismaClient } from '@prisma/client';\nconst prisma = new PrismaClient();\n",
        ),
    ]);

    let project = place.scan();

    assert_eq!((told(&project), project.edits), (vec![], vec![]));
}

#[test]
fn prisma_7_gets_the_direct_url_in_its_configuration() {
    let place = Place::with(&[
        ("package.json", PACKAGE_7),
        ("prisma/schema.prisma", "datasource db {\n  provider = \"postgresql\"\n}\n"),
        (
            "prisma.config.ts",
            "import { defineConfig, env } from 'prisma/config';\n\
             export default defineConfig({\n\
             \x20 schema: path.join('prisma', 'schema.prisma'),\n\
             \x20 migrations: { path: './db/migrations' },\n\
             \x20 datasource: { url: env('DATABASE_URL') },\n\
             });\n",
        ),
        ("db/migrations/1_init/migration.sql", "SELECT 1;\n"),
        (
            "src/db.ts",
            "const adapter = new PrismaPg({ connectionString: process.env.DATABASE_URL });\n\
             export const prisma = new PrismaClient({ adapter, datasourceUrl: url });\n\
             process.on('SIGTERM', () => prisma.$disconnect());\n",
        ),
    ]);

    let project = place.scan();

    assert_eq!(project.client, Client::Prisma7);
    let edited: Vec<&Path> = project.edits.iter().map(|edit| edit.file.as_path()).collect();
    assert_eq!(edited, [Path::new("prisma.config.ts"), Path::new("src/db.ts")]);
    assert_eq!(project.migrations.as_deref(), Some(Path::new("db/migrations")));
    assert_eq!(
        told(&project),
        [
            "prisma.config.ts:5 datasource.url reads DATABASE_URL.",
            "src/db.ts:1 The adapter has no max.",
            "src/db.ts:2 datasourceUrl is no longer an option of the client.",
            "src/db.ts:2 The client is not closed on SIGINT.",
        ]
    );
}

#[test]
fn prisma_7_without_a_configuration_is_told_where_it_goes() {
    let place = Place::with(&[("package.json", PACKAGE_7), ("prisma/schema.prisma", SCHEMA)]);

    assert_eq!(
        told(&place.scan()),
        [
            "package.json:1 No prisma.config.ts names a URL for migrations.",
            "prisma/schema.prisma:3 url stands in the schema.",
        ]
    );
}

#[test]
fn the_client_is_told_by_its_version() {
    let client = |wanted: &str, schema: &str| {
        let package = format!("{{ \"dependencies\": {{ \"prisma\": \"{wanted}\" }} }}");
        Place::with(&[("package.json", &package), ("prisma/schema.prisma", schema)]).scan().client
    };
    let without_url = "datasource db {\n  provider = \"postgresql\"\n}\n";

    assert_eq!(client("^4.16.0", SCHEMA), Client::Prisma6);
    assert_eq!(client("~6.2", SCHEMA), Client::Prisma6);
    assert_eq!(client(">=7", without_url), Client::Prisma7);
    assert_eq!(client("^8.0.0-rc.5", without_url), Client::Unknown);
    assert_eq!(client("3.15.2", SCHEMA), Client::Unknown);
    assert_eq!(client("latest", SCHEMA), Client::Prisma6, "Prisma 7 refuses a url in the schema");
    assert_eq!(client("latest", without_url), Client::Prisma7);
    let pg = Place::with(&[("package.json", r#"{ "dependencies": { "pg": "^8.16.0" } }"#)]);
    assert_eq!(pg.scan().client, Client::NodePostgres);
    assert_eq!(evidence(&pg.scan()), ["pg ^8.16.0 in package.json:1"]);
    assert_eq!(Place::with(&[("manage.py", "")]).scan().client, Client::Unknown);
}

#[test]
fn what_an_edit_would_break_is_only_named() {
    let schema = |package: &str, schema: &str| {
        let project =
            Place::with(&[("package.json", package), ("prisma/schema.prisma", schema)]).scan();
        assert_eq!(project.edits, [], "{schema}");
        told(&project)
    };
    let old = PACKAGE_6.replace("6.19.3", "4.9.0");
    assert_eq!(schema(&old, SCHEMA), ["prisma/schema.prisma:3 This Prisma has no directUrl."]);
    let other = SCHEMA.replace("\n}", "\n  directUrl = env(\"DATABASE_URL_UNPOOLED\")\n}");
    assert_eq!(
        schema(PACKAGE_6, &other),
        ["prisma/schema.prisma:4 directUrl reads DATABASE_URL_UNPOOLED."]
    );
    let one_line =
        "datasource db {\n  provider = \"postgresql\"\n  url = env(\"DATABASE_URL\") }\n";
    assert_eq!(
        schema(PACKAGE_6, one_line),
        ["prisma/schema.prisma:3 The schema has no directUrl."]
    );
    assert_eq!(schema(PACKAGE_6, &SCHEMA.replace("postgresql", "mysql")), [""; 0]);
}

#[test]
fn each_package_of_a_monorepo_is_judged_by_itself() {
    let db = "import { PrismaClient } from '@prisma/client';\nexport const prisma = new PrismaClient();\n";
    let place = Place::with(&[
        ("package.json", r#"{ "workspaces": ["apps/*"] }"#),
        ("pnpm-lock.yaml", "packages:\n\n  '@prisma/client@6.19.3':\n    resolution: {}\n"),
        (
            "apps/web/package.json",
            r#"{ "dependencies": { "@prisma/client": "^6", "next": "15" } }"#,
        ),
        ("apps/web/src/db.ts", db),
        ("apps/web/.env.local", "A=1\n"),
        ("apps/api/package.json", r#"{ "dependencies": { "@prisma/client": "^6" } }"#),
        ("apps/api/src/db.ts", db),
        ("apps/api/src/prisma/schema.prisma", SCHEMA),
        ("apps/api/src/prisma/migrations/1_init/migration.sql", "SELECT 1;\n"),
        ("apps/api/src/prisma/.env", "A=1\n"),
        (".env", "A=1\n"),
    ]);

    let project = place.scan();

    assert_eq!(
        evidence(&project)[..3],
        [
            "@prisma/client ^6 in apps/api/package.json:1",
            "@prisma/client 6.19.3 in pnpm-lock.yaml:3",
            "datasource that reads DATABASE_URL in apps/api/src/prisma/schema.prisma:1",
        ]
    );
    assert_eq!(project.migrations.as_deref(), Some(Path::new("apps/api/src/prisma/migrations")));
    assert_eq!(
        told(&project),
        [
            "apps/api/src/db.ts:2 The client is not closed on SIGTERM.",
            "apps/api/src/prisma/schema.prisma:3 The schema has no directUrl.",
        ]
    );
    assert_eq!(
        project.env_files,
        [".env", "apps/web/.env.local", "apps/api/src/prisma/.env"].map(PathBuf::from)
    );
}

#[test]
fn the_scan_never_leaves_the_folder() {
    let outside = Place::with(&[
        ("package.json", PACKAGE_6),
        ("prisma/schema.prisma", SCHEMA),
        ("src/db.ts", "const prisma = new PrismaClient();\n"),
        (".env.production", "A=1\n"),
    ]);
    let place = Place::with(&[
        ("package.json", PACKAGE_6),
        (
            "prisma.config.ts",
            "export default { schema: '../../etc', migrations: { path: '../x' } };\n",
        ),
    ]);
    for name in ["prisma", "src", ".env.production"] {
        symlink(outside.0.path().join(name), place.0.path().join(name)).unwrap();
    }
    symlink(place.0.path(), place.0.path().join("loop")).unwrap();

    let project = place.scan();

    assert_eq!(evidence(&project), ["@prisma/client 6.19.3 in package.json:1"]);
    let links: Vec<&Path> = project.left_out.iter().map(|left| left.file.as_path()).collect();
    assert_eq!(links, [Path::new("loop"), Path::new("prisma"), Path::new("src")]);
    assert_eq!((project.migrations, project.env_files), (None, vec![]));
}

#[test]
fn what_git_ignores_is_not_read_but_env_files_are() {
    let client = "const prisma = new PrismaClient();\n";
    let place = Place::with(&[
        (".gitignore", "generated/\n.env\n"),
        ("package.json", PACKAGE_6),
        ("prisma/schema.prisma", SCHEMA),
        ("generated/db.ts", client),
        ("node_modules/x/db.ts", client),
        ("dist/db.js", client),
        (".env", "A=1\n"),
    ]);

    let project = place.scan();

    assert_eq!(told(&project), ["prisma/schema.prisma:3 The schema has no directUrl."]);
    assert_eq!(project.env_files, [Path::new(".env")]);
}

#[test]
fn files_that_can_not_be_read_do_not_stop_it() {
    let place = Place::with(&[
        ("package.json", PACKAGE_6),
        ("prisma/schema.prisma", SCHEMA),
        (
            "src/huge.ts",
            &format!("const prisma = new PrismaClient();\n{}", " ".repeat(1024 * 1024)),
        ),
        ("deep.ts", &format!("// PrismaClient\n{}", "[".repeat(200_000))),
        ("broken/package.json", "{ \"dependencies\": { \"prisma\": "),
    ]);
    fs::write(place.0.path().join("src/latin.ts"), b"// \xe9\nnew PrismaClient();\n").unwrap();
    assert!(Command::new("mkfifo").arg(place.0.path().join("pipe.ts")).status().unwrap().success());
    fs::create_dir(place.0.path().join(".env")).unwrap();

    let project = place.scan();

    assert_eq!(told(&project), ["prisma/schema.prisma:3 The schema has no directUrl."]);
    assert_eq!((project.edits.len(), project.env_files), (1, vec![]));
    let left = |file: &str, reason| LeftOut { file: file.into(), reason };
    assert_eq!(
        project.left_out,
        [left("src/huge.ts", Unread::TooLarge), left("src/latin.ts", Unread::NotText)]
    );
}

#[test]
fn what_may_not_be_entered_is_told() {
    if rustix::process::geteuid().is_root() {
        // Nothing is closed to root; a link stands for it.
        return;
    }
    let place = Place::with(&[("package.json", PACKAGE_6), ("secret/db.ts", "new PrismaClient()")]);
    let folder = place.0.path().join("secret");
    fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();

    let left_out = place.scan().left_out;

    fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    assert_eq!(left_out, [LeftOut { file: "secret".into(), reason: Unread::NoAccess }]);
}

#[test]
fn a_folder_that_is_no_project_is_named() {
    let place = Place::with(&[("file", "")]);
    let refused = |path: &str| scan::root(&place.0.path().join(path)).unwrap_err();
    assert!(matches!(refused("missing"), ScanError::Missing(_)));
    assert!(matches!(refused("file"), ScanError::NotAFolder(_)));
    assert!(matches!(refused("/"), ScanError::Everything(_)));
}

#[test]
fn a_stopped_scan_ends_at_the_next_file() {
    let place = Place::of_practice();
    let ended = scan::scan(&place.root(), &target(), None, Progress { stopped: &|| true, ..GO_ON });
    assert!(matches!(ended, Err(ScanError::Stopped)));
}

#[tokio::test]
async fn a_password_in_a_tracked_file_is_found_and_not_repeated() {
    let secret = "postgresql://shop:Zq7canary@db.shop.io:25060/shop";
    let place = Place::with(&[
        (".gitignore", ".env\n"),
        (".env", &format!("DATABASE_URL={secret}\n")),
        (".env.production", &format!("# live\nDATABASE_URL={secret}\n")),
        ("untracked.txt", secret),
    ]);
    place.git(&["init", "-q"]);
    place.git(&["add", ".gitignore", ".env.production"]);

    let project = place.scan_with_git().await;

    assert_eq!(
        told(&project),
        [".env.production:2 A database password stands in a file that git tracks."]
    );
    assert!(!format!("{project:?}").contains("Zq7canary"));
}

#[tokio::test]
async fn git_tells_since_when_a_password_is_in_its_history() {
    let place =
        Place::with(&[("app.yml", "# live\nurl: postgresql://shop:Zq7canary@db.shop.io/x\n")]);
    place.git(&["init", "-q"]);
    place.git(&["add", "."]);
    let root = place.root();
    let file = Path::new("app.yml");
    assert_eq!(git::since(&root, file, 2).await, None, "not committed yet");

    place.git(&[
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@b.c",
        "commit",
        "-q",
        "--no-gpg-sign",
        "-m",
        "x",
        "--date=2025-03-03T12:00:00Z",
    ]);

    let now = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC);
    let today = now.strftime("%-d %B %Y").to_string();
    assert_eq!(git::since(&root, file, 2).await, Some(today));
    assert_eq!(git::since(&root, Path::new("missing"), 1).await, None);
}

#[tokio::test]
async fn git_is_asked_about_each_env_file() {
    let place = Place::with(&[
        (".gitignore", ".env*\n!.env.example\n"),
        (".env", ""),
        (".env.example", ""),
        (".env.*", ""),
        ("nested/.env", ""),
    ]);
    let root = place.root();
    let asked = async |name: &str| {
        let file = root.join(name);
        (git::tracks(&file).await, git::ignores(&root, &file).await)
    };
    // No repository yet: the rules are read all the same.
    assert_eq!(asked(".env").await, (false, true));
    assert_eq!(asked(".env.example").await, (false, false));
    assert_eq!(asked("nested/.env").await, (false, true));

    place.git(&["init", "-q"]);
    place.git(&["add", "-f", ".env.example", "nested/.env"]);

    assert_eq!(asked(".env").await, (false, true));
    assert_eq!(asked(".env.example").await, (true, false));
    assert_eq!(asked("nested/.env").await, (true, true), "covered, though tracked");
    assert_eq!(asked(".env.*").await, (false, true), "a name is no pattern");
    assert_eq!(asked(".env.new").await, (false, true), "also before it exists");
}

#[tokio::test]
async fn a_repository_runs_none_of_its_programs() {
    let place = Place::with(&[(".env", "")]);
    place.git(&["init", "-q"]);
    let hook = place.0.path().join("hook");
    fs::write(&hook, format!("#!/bin/sh\ntouch {}\n", place.0.path().join("pwned").display()))
        .unwrap();
    fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    place.git(&["config", "core.fsmonitor", hook.to_str().unwrap()]);

    git::tracked_below(&place.root()).await.unwrap();
    git::tracks(&place.root().join(".env")).await;
    git::ignores(&place.root(), &place.root().join(".env")).await;

    assert!(!place.0.path().join("pwned").exists());
}

//! What a package does with its clients as a whole: one per process, closed at the end, limits where they are read.

use std::path::{Path, PathBuf};

use crate::domain::{
    client::Client,
    project::{Kind, Library, Piece, Target},
};

use super::{
    code::{Code, Made, Place},
    found::{Found, insert, replace},
    package::{Package, owner},
    script_edit::Style,
};

/// Frameworks that run the process themselves and end it without asking.
const OWN_PROCESS: [&str; 6] =
    ["@remix-run/node", "@sveltejs/kit", "astro", "next", "nuxt", "serverless"];

/// Folders of code that does not run in the app.
const ASIDE: [&str; 14] = [
    "__mocks__",
    "__tests__",
    "bench",
    "benches",
    "cypress",
    "e2e",
    "examples",
    "fixtures",
    "mocks",
    "playwright",
    "scripts",
    "spec",
    "test",
    "tests",
];

/// The code files that have to do with a client, by path.
pub type Scripts<'a> = [(&'a Path, &'a Code)];

/// The findings of every package, each by itself. `client` says which Prisma a package has.
pub fn findings(
    packages: &[Package],
    files: &Scripts<'_>,
    target: &Target,
    client: &dyn Fn(&Package) -> Client,
) -> Vec<Found> {
    let mut findings = Vec::new();
    for package in packages {
        let own: Vec<(&Path, &Code)> = files
            .iter()
            .filter(|(path, _)| owner(packages, path).is_some_and(|other| other == package))
            .copied()
            .collect();
        for (path, code) in &own {
            findings.extend(in_file(path, code, client(package)));
        }
        let of_app: Vec<(&Path, &Code)> = own
            .into_iter()
            .filter(|(path, _)| !is_aside(path.strip_prefix(&package.folder).unwrap_or(path)))
            .collect();
        let of_all = InPackage { package, files: &of_app, all: files };
        findings.extend(of_all.clients());
        findings.extend(of_all.shutdown());
        findings.extend(of_all.health(target));
    }
    findings
}

fn placed(kind: Kind, path: &Path, code: &Code, place: &Place, what: &str, why: &str) -> Found {
    Found::new(kind, (path, place.line), what, why).fixed(&code.text, place.pieces.clone())
}

fn in_file(path: &Path, code: &Code, client: Client) -> Vec<Found> {
    let mut findings = Vec::new();
    let limit_goes = if client == Client::Prisma7 {
        "Prisma 7 refuses it. The limit goes into the adapter: max."
    } else {
        "Prisma has no such option, so it changes nothing. The limit goes into the URL, as connection_limit; step 8 \
         writes it there."
    };
    for place in &code.internal {
        let what = "__internal sets no connection limit.";
        findings.push(placed(Kind::Settings, path, code, place, what, limit_goes));
    }
    for place in &code.appended {
        findings.push(placed(
            Kind::Settings,
            path,
            code,
            place,
            "A query is appended to the URL with a “?” of its own.",
            "The URL has a query already, ?sslmode=require, so this becomes part of its last value. \
             The URL in the env file has the parameter in its right place.",
        ));
    }
    for place in &code.without_max {
        findings.push(placed(
            Kind::Limits,
            path,
            code,
            place,
            "The adapter has no max.",
            "It opens up to 10 connections; limits in the URL are not read.",
        ));
    }
    if client == Client::Prisma7 {
        for (line, option) in &code.removed_options {
            findings.push(Found::new(
                Kind::Settings,
                (path, *line),
                format!("{option} is no longer an option of the client."),
                "Prisma 7 refuses it. The pooled URL goes into the adapter: connectionString.",
            ));
        }
    }
    for place in &code.big_counts {
        findings.push(placed(
            Kind::Health,
            path,
            code,
            place,
            "COUNT(*) comes back as a BigInt.",
            "JSON can't hold one, so res.json fails and the answer is an error.",
        ));
    }
    findings
}

/// The client that others are to import.
struct Shared<'a> {
    path: &'a Path,
    code: &'a Code,
    made: &'a Made,
}

struct InPackage<'a> {
    package: &'a Package,
    /// Without tests, seeds and scripts.
    files: &'a Scripts<'a>,
    /// Of every package.
    all: &'a Scripts<'a>,
}

impl<'a> InPackage<'a> {
    fn kept(&self) -> Vec<Shared<'a>> {
        let made = self.files.iter().filter_map(|(path, code)| {
            let made = code.clients.iter().find(|made| !made.per_request)?;
            Some(Shared { path, code, made })
        });
        made.collect()
    }

    /// The one that is exported, else the first.
    fn shared(&self) -> Option<Shared<'a>> {
        let kept = self.kept();
        let at = kept.iter().position(|shared| shared.code.exports).unwrap_or(0);
        kept.into_iter().nth(at)
    }

    /// One client per process.
    fn clients(&self) -> Vec<Found> {
        let shared = self.shared();
        let mut findings = Vec::new();
        for (path, code) in self.files {
            for made in code.clients.iter().filter(|made| made.library == Library::Prisma) {
                let is_shared = shared
                    .as_ref()
                    .is_some_and(|shared| shared.path == *path && shared.made.line == made.line);
                if made.per_request {
                    let found = Found::new(
                        Kind::Clients,
                        (path, made.line),
                        "A PrismaClient is made for each request.",
                        "Each one opens connections of its own. Make one in a module and import it.",
                    );
                    let pieces =
                        shared.as_ref().map(|shared| self.imported(path, code, made, shared));
                    findings.push(found.fixed(&code.text, pieces.unwrap_or_default()));
                } else if !is_shared
                    && let Some(shared) = &shared
                    && shared.made.library == made.library
                {
                    let found = Found::new(
                        Kind::Clients,
                        (path, made.line),
                        "A further PrismaClient is made here.",
                        format!(
                            "Each one keeps connections of its own. Import that of {}:{} instead.",
                            shared.path.display(),
                            shared.made.line
                        ),
                    );
                    findings.push(found.fixed(&code.text, self.imported(path, code, made, shared)));
                }
            }
        }
        findings
    }

    /// Takes `const prisma = new PrismaClient();` away and imports the shared client under its name; nothing where that
    /// would change more than the client.
    fn imported(&self, path: &Path, code: &Code, made: &Made, shared: &Shared<'_>) -> Vec<Piece> {
        let (Some(statement), Some(name)) = (&made.statement, &made.name) else {
            return Vec::new();
        };
        let is_module = !code.imports.is_empty();
        if code.disconnect.is_some() || !is_module || shared.path == path {
            return Vec::new();
        }
        let mut pieces = vec![replace(statement.clone(), "")];
        let there = code
            .imports
            .iter()
            .any(|import| import.names.contains(name) && leads_to(path, &import.from, shared.path));
        let is_unused = code.text.matches("PrismaClient").count() == 2;
        let own = code.imports.iter().find(|import| import.names == ["PrismaClient"]);
        if there {
            pieces.extend(own.filter(|_| is_unused).map(|own| replace(own.whole.clone(), "")));
        } else {
            let names = match (&shared.code.export_default, &shared.made.name) {
                (Some(default), Some(made)) if default == made => name.clone(),
                (_, Some(made)) if shared.code.exported.contains(made) && made == name => {
                    format!("{{ {name} }}")
                }
                (_, Some(made)) if shared.code.exported.contains(made) => {
                    format!("{{ {made} as {name} }}")
                }
                _ => return Vec::new(), // exported in another way
            };
            let Some(last) = code.imports.last() else { return Vec::new() };
            let style = &code.style;
            let from = style.text(&way(path, shared.path, self.extension(code)));
            let line = format!("import {names} from {from}{}", style.semicolon);
            match own.filter(|_| is_unused) {
                // In the place of the import that nothing uses any more.
                Some(own) => pieces.push(replace(own.statement.clone(), line)),
                None => {
                    pieces.push(insert(last.statement.end, format!("{}{line}", style.line_end)))
                }
            }
        }
        pieces
    }

    /// What imports of the package's own files end with: as in this file, else as in the others.
    fn extension(&self, code: &Code) -> &'static str {
        let ends = |code: &Code| {
            let mut own = code.imports.iter().filter(|import| import.from.starts_with('.'));
            own.find_map(|import| {
                [".js", ".ts", ".mjs"].into_iter().find(|end| import.from.ends_with(end))
            })
        };
        ends(code)
            .or_else(|| self.files.iter().find_map(|(_, code)| ends(code)))
            .unwrap_or_default()
    }

    /// Connections are given back on both signals.
    fn shutdown(&self) -> Option<Found> {
        let first = self.shared()?;
        if OWN_PROCESS.iter().any(|name| self.package.depends_on(name).is_some()) {
            return None;
        }
        // A package that others start is closed by them.
        let serves = self.files.iter().any(|(_, code)| code.serves.is_some());
        let files = if serves { self.files } else { self.all };
        let heard = |signal: fn(&Code) -> Option<usize>| {
            files.iter().any(|(_, code)| signal(code).is_some())
        };
        let closes = files.iter().any(|(_, code)| code.disconnect.is_some());
        let (term, int) = (heard(|code| code.sigterm), heard(|code| code.sigint));
        let what = match (closes, term, int) {
            (true, true, true) => return None,
            (true, true, false) => "The client is not closed on SIGINT.",
            (..) => "The client is not closed on SIGTERM.",
        };
        let closing = Code::closes(first.made.library);
        let found = Found::new(
            Kind::Shutdown,
            (first.path, first.made.line),
            what,
            format!(
                "A deployment ends the old instances with SIGTERM, and Ctrl+C sends SIGINT; connections that are not \
                 closed stay in use until the server notices. Call {closing} on both.",
            ),
        );
        let name = first.made.name.as_ref().filter(|_| first.made.at_top && !term && !int);
        let pieces = name.map(|name| {
            let text = &first.code.text;
            vec![insert(text.len(), first.code.style.shutdown(text, name, closing))]
        });
        Some(found.fixed(&first.code.text, pieces.unwrap_or_default()))
    }

    /// An endpoint that tells how many connections are open.
    fn health(&self, target: &Target) -> Option<Found> {
        let (path, code) = self.files.iter().find(|(_, code)| code.serves.is_some())?;
        let connects = self.files.iter().any(|(_, code)| !code.clients.is_empty());
        let tells = self.files.iter().any(|(_, code)| code.tells_connections);
        let by_library = self.package.depends_on("@nestjs/terminus").is_some();
        if !connects || tells || by_library {
            return None;
        }
        let found = Found::new(
            Kind::Health,
            (path, code.serves?),
            "No endpoint tells how many connections are open.",
            format!(
                "It shows whether the pool works, from outside: with {} connections for each instance the number stays \
                 low under load.",
                target.limit
            ),
        );
        let pieces = self.health_endpoint(path, code);
        Some(found.offered(&code.text, pieces.unwrap_or_default()))
    }

    /// For Express, where the client is at hand.
    fn health_endpoint(&self, path: &Path, code: &Code) -> Option<Vec<Piece>> {
        let (at, app) = code.serves_at.as_ref()?;
        code.imports.iter().any(|import| import.from == "express").then_some(())?;
        let shared = self.shared().filter(|shared| shared.made.library == Library::Prisma)?;
        let from = code.imports.iter().find(|import| leads_to(path, &import.from, shared.path))?;
        let [client] = from.names.as_slice() else { return None };
        Some(vec![insert(*at, endpoint(&code.style, app, client))])
    }
}

fn endpoint(style: &Style, app: &str, client: &str) -> String {
    let Style { semicolon, line_end: end, indent, .. } = style;
    let typed = if style.typed { "<{ connections: number }[]>" } else { "" };
    let route = style.text("/health/db");
    let sql = "SELECT count(*)::int AS connections FROM pg_stat_activity WHERE datname = current_database()";
    let lines = [
        format!("{app}.get({route}, async (_req, res) => {{"),
        format!("{indent}try {{"),
        format!("{indent}{indent}const [row] = await {client}.$queryRaw{typed}`{sql}`{semicolon}"),
        format!(
            "{indent}{indent}res.json({{ healthy: true, connections: row?.connections }}){semicolon}"
        ),
        format!("{indent}}} catch {{"),
        format!("{indent}{indent}res.status(503).json({{ healthy: false }}){semicolon}"),
        format!("{indent}}}"),
        format!("}}){semicolon}"),
        String::new(),
        String::new(),
    ];
    lines.join(end)
}

/// Does an import of `from` in `path` lead to `to`?
fn leads_to(path: &Path, from: &str, to: &Path) -> bool {
    let folder = path.parent().unwrap_or(Path::new(""));
    let Some(led) = super::walk::inside(folder, from).filter(|_| from.starts_with('.')) else {
        return false;
    };
    let stem = |path: &Path| path.with_extension("");
    led == stem(to) || stem(&led) == stem(to) || led.join("index") == stem(to)
}

/// `../lib/db`, with an extension where the others of the file have one.
fn way(path: &Path, to: &Path, extension: &str) -> String {
    let folder = path.parent().unwrap_or(Path::new(""));
    let shared = folder
        .components()
        .zip(to.components())
        .take_while(|(ours, theirs)| ours == theirs)
        .count();
    let up = folder.components().count() - shared;
    let below: PathBuf = to.components().skip(shared).collect();
    let below = below.with_extension("").display().to_string().replace('\\', "/");
    let begin = if up == 0 { "./".to_owned() } else { "../".repeat(up) };
    format!("{begin}{below}{extension}")
}

/// Tests, seeds and scripts have clients of their own, and may.
pub fn is_aside(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("seed.")
        || path.starts_with("prisma")
        || name.starts_with("prisma.config.")
        || name.starts_with("test_")
        || name == "conftest.py"
        || name.ends_with("_test.go")
        || name.ends_with("_spec.rb")
        || name.split('.').any(|part| matches!(part, "test" | "spec" | "e2e" | "mock"))
        || path.parent().is_some_and(|folder| {
            folder
                .components()
                .any(|part| part.as_os_str().to_str().is_some_and(|part| ASIDE.contains(&part)))
        })
}

//! What one TypeScript or JavaScript file does with its database client.

use std::{ops::Range, path::Path};

use tree_sitter::Node;

use crate::{
    domain::project::{Library, Piece},
    project::script::{Script, ancestors, children, line},
};

use super::{
    drivers::{self, Sighted},
    found::{insert, replace},
    script_edit::{Style, options_with, removal},
    sql,
};

/// Lines are counted from 1.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// The whole file, for its edits.
    pub text: String,
    pub clients: Vec<Made>,
    /// Something is exported here, so that others can import the client.
    pub exports: bool,
    pub export_default: Option<String>,
    pub exported: Vec<String>,
    pub imports: Vec<Import>,
    /// `__internal` in the options of a client.
    pub internal: Vec<Place>,
    /// `datasources` or `datasourceUrl` in them.
    pub removed_options: Vec<(usize, String)>,
    /// `?connection_limit=…` and its like, appended to a URL.
    pub appended: Vec<Place>,
    /// Driver adapters without `max`.
    pub without_max: Vec<Place>,
    /// `COUNT(*)` as a `BigInt`, in a function that answers with JSON.
    pub big_counts: Vec<Place>,
    /// Where SIGTERM is listened to, by this code or by a library it uses for that.
    pub sigterm: Option<usize>,
    pub sigint: Option<usize>,
    /// Where a client is closed.
    pub disconnect: Option<usize>,
    /// Where a server begins to listen.
    pub serves: Option<usize>,
    /// The byte of that statement, and the server's name.
    pub serves_at: Option<(usize, String)>,
    /// It asks for the connections that are open.
    pub tells_connections: bool,
    /// Of other libraries; they hold in themselves.
    pub sighted: Vec<Sighted>,
    pub style: Style,
}

/// A line, and what sees to it where that is safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub pieces: Vec<Piece>,
}

/// A place where a client is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    pub library: Library,
    pub line: usize,
    pub per_request: bool,
    /// The name it is kept under.
    pub name: Option<String>,
    /// It is kept at the top of its file.
    pub at_top: bool,
    /// `const prisma = new PrismaClient();`, where taking it away takes nothing else.
    pub statement: Option<Range<usize>>,
}

/// `import prisma from './lib/db'`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    pub statement: Range<usize>,
    /// What goes with it when it is taken away.
    pub whole: Range<usize>,
    pub from: String,
    pub names: Vec<String>,
}

impl Code {
    /// Nothing is changed in a file that is cut off or in the middle of a merge.
    fn leave_as_it_is(&mut self) {
        let places =
            [&mut self.internal, &mut self.appended, &mut self.without_max, &mut self.big_counts];
        for place in places.into_iter().flatten() {
            place.pieces.clear();
        }
        for sighted in &mut self.sighted {
            sighted.found.fix = None;
        }
        for made in &mut self.clients {
            (made.statement, made.name) = (None, None);
        }
        self.serves_at = None;
    }

    /// What closes the clients of a library.
    pub fn closes(library: Library) -> &'static str {
        match library {
            Library::Prisma => "$disconnect()",
            Library::PostgresJs => "end({ timeout: 5 })",
            Library::Knex | Library::TypeOrm => "destroy()",
            Library::Sequelize => "close()",
            _ => "end()", // node-postgres and what stands on it
        }
    }
}

/// URL parameters of Prisma's: nothing else has these names.
const PARAMETERS: [&str; 4] =
    ["connection_limit=", "pool_timeout=", "pgbouncer=", "statement_cache_size="];

/// `None` where the file can't be read as its language.
pub fn read(file: &Path, text: &str, target: &crate::domain::project::Target) -> Option<Code> {
    let script = Script::parse(file, text)?;
    let names = client_names(&script);
    let mut code = Code {
        style: Style::of(file, text),
        imports: imports(&script),
        tells_connections: text.contains("pg_stat_activity"),
        ..Code::default()
    };
    for node in script.nodes() {
        match node.kind() {
            "new_expression" => made(&script, node, &names, target, &mut code),
            "class_heritage" => extended(&script, node, &names, &mut code),
            "export_statement" => exported(&script, node, &mut code),
            "member_expression" => member(&script, node, &mut code),
            "string" => signal(&script, node, &mut code),
            "call_expression" => called(&script, node, &mut code),
            "binary_expression" if appends(&script, node) => {
                let pieces = without_appended(&script, node);
                code.appended.push(Place { line: line(node), pieces });
            }
            "template_string" if substitutes(&script, node) => {
                let pieces = without_substituted(&script, node);
                code.appended.push(Place { line: line(node), pieces });
            }
            _ => {} // has no say in this
        }
    }
    drivers::read(file, &script, target, &mut code);
    text.clone_into(&mut code.text);
    if !script.is_sound() {
        code.leave_as_it_is();
    }
    Some(code)
}

fn signal(script: &Script, node: Node<'_>, code: &mut Code) {
    match script.string(node) {
        Some("SIGTERM") => code.sigterm = code.sigterm.or(Some(line(node))),
        Some("SIGINT") => code.sigint = code.sigint.or(Some(line(node))),
        Some("close-with-grace" | "http-terminator" | "@godaddy/terminus") => {
            code.sigterm = code.sigterm.or(Some(line(node)));
            code.sigint = code.sigint.or(Some(line(node)));
        }
        _ => {} // any other text
    }
}

fn called(script: &Script, node: Node<'_>, code: &mut Code) {
    if let Some(sql) = big_count(script, node) {
        let begin = sql.start_byte() + 1;
        let text = script.text(sql);
        let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
        let ends = sql::big_counts(inner);
        let pieces: Vec<Piece> = ends.iter().map(|end| insert(begin + end, "::int")).collect();
        if !pieces.is_empty() {
            code.big_counts.push(Place { line: line(node), pieces });
        }
    }
    let function = node.child_by_field_name("function");
    let property = function.and_then(|function| function.child_by_field_name("property"));
    if property.is_some_and(|property| script.text(property) == "listen") && serves(script, node) {
        code.serves = code.serves.or(Some(line(node)));
        let app = function.and_then(|function| function.child_by_field_name("object"));
        let statement = node.parent().filter(|parent| parent.kind() == "expression_statement");
        if let (Some(app), Some(statement), None) = (app, statement, &code.serves_at) {
            code.serves_at = Some((statement.start_byte(), script.text(app).to_owned()));
        }
    }
}

/// `app.listen(8080)`: with a port, not with the name of a channel.
fn serves(script: &Script, node: Node<'_>) -> bool {
    first_argument(node).is_some_and(|first| match first.kind() {
        "number" | "object" => true,
        "string" | "template_string" => false,
        _ => {
            let text = script.text(first).to_ascii_lowercase();
            text.contains("port")
        }
    })
}

fn exported(script: &Script, node: Node<'_>, code: &mut Code) {
    code.exports = true;
    let value = node.child_by_field_name("value");
    if let Some(value) = value.filter(|value| value.kind() == "identifier") {
        code.export_default = Some(script.text(value).to_owned());
    }
    if let Some(declaration) = node.child_by_field_name("declaration") {
        let declarators =
            children(declaration).filter(|child| child.kind() == "variable_declarator");
        code.exported.extend(
            declarators
                .filter_map(|one| one.child_by_field_name("name"))
                .map(|name| script.text(name).to_owned()),
        );
    }
}

fn imports(script: &Script) -> Vec<Import> {
    let statements = script.of_kind("import_statement");
    statements
        .filter_map(|node| {
            let from = script.string(node.child_by_field_name("source")?)?.to_owned();
            let clause = children(node).find(|child| child.kind() == "import_clause");
            let mut names = Vec::new();
            for part in clause.into_iter().flat_map(children) {
                match part.kind() {
                    "identifier" => names.push(script.text(part).to_owned()),
                    "named_imports" => names.extend(
                        children(part)
                            .filter_map(|one| {
                                one.child_by_field_name("alias")
                                    .or_else(|| one.child_by_field_name("name"))
                            })
                            .map(|name| script.text(name).to_owned()),
                    ),
                    "namespace_import" => {
                        names.extend(children(part).map(|name| script.text(name).to_owned()));
                    }
                    _ => {} // a comment
                }
            }
            Some(Import { statement: node.byte_range(), whole: removal(script, node), from, names })
        })
        .collect()
}

/// The client's own name, and those it is imported under.
fn client_names(script: &Script) -> Vec<&str> {
    let mut names = vec!["PrismaClient"];
    for node in script.of_kind("import_specifier") {
        let name = node.child_by_field_name("name").map(|name| script.text(name));
        if name == Some("PrismaClient") {
            names.extend(node.child_by_field_name("alias").map(|alias| script.text(alias)));
        }
    }
    names
}

fn made(
    script: &Script,
    node: Node<'_>,
    names: &[&str],
    target: &crate::domain::project::Target,
    code: &mut Code,
) {
    let Some(constructor) = node.child_by_field_name("constructor") else { return };
    let name = script.text(constructor).rsplit('.').next().unwrap_or_default();
    if names.contains(&name) {
        code.clients.push(kept(script, node, Library::Prisma));
        options(script, node, code);
    } else if name == "PrismaPg" && !has_option(script, node, "max") {
        let pieces = options_with(script, node, "max", &code.style.limit(target.limit));
        code.without_max.push(Place { line: line(node), pieces });
    }
}

/// How the client that is made at `node` is kept.
pub fn kept(script: &Script, node: Node<'_>, library: Library) -> Made {
    let declarator = ancestors(node)
        .take_while(|around| !is_function(*around))
        .find(|around| around.kind() == "variable_declarator");
    let name = declarator
        .and_then(|one| one.child_by_field_name("name"))
        .filter(|name| name.kind() == "identifier")
        .map(|name| script.text(name).to_owned());
    let declaration = declarator.and_then(|one| one.parent());
    let at_top = declaration
        .and_then(|one| one.parent())
        .is_some_and(|parent| matches!(parent.kind(), "program" | "export_statement"));
    let bare = declarator.is_some_and(|one| one.child_by_field_name("value") == Some(node))
        && first_argument(node).is_none();
    let statement = declaration
        .filter(|one| bare && one.named_child_count() == 1)
        .filter(|one| one.parent().is_some_and(|parent| parent.kind() != "export_statement"))
        .map(|one| removal(script, one));
    Made {
        library,
        line: line(node),
        per_request: per_request(script, node),
        name,
        at_top,
        statement,
    }
}

/// `class Database extends PrismaClient`: the framework makes one of it.
fn extended(script: &Script, node: Node<'_>, names: &[&str], code: &mut Code) {
    let clause = children(node).find(|child| child.kind() == "extends_clause");
    let value = clause.and_then(|clause| clause.child_by_field_name("value"));
    if value.is_some_and(|value| names.contains(&script.text(value))) {
        code.clients.push(Made {
            library: Library::Prisma,
            line: line(node),
            per_request: false,
            name: None,
            at_top: false,
            statement: None,
        });
    }
}

fn member(script: &Script, node: Node<'_>, code: &mut Code) {
    let Some(property) = node.child_by_field_name("property") else { return };
    match script.text(property) {
        "$disconnect" | "end" | "destroy" | "close" => {
            code.disconnect = code.disconnect.or(Some(line(node)));
        }
        "enableShutdownHooks" => {
            code.sigterm = code.sigterm.or(Some(line(node)));
            code.sigint = code.sigint.or(Some(line(node)));
        }
        "exports" => code.exports |= script.text(node) == "module.exports",
        _ => {} // any other member
    }
}

fn options(script: &Script, node: Node<'_>, code: &mut Code) {
    let Some(options) = first_argument(node).filter(|first| first.kind() == "object") else {
        return;
    };
    for pair in children(options).filter(|child| child.kind() == "pair") {
        match script.key(pair) {
            Some("__internal") => {
                let pieces = if is_only_a_limit(script, pair) {
                    vec![replace(removal(script, pair), "")]
                } else {
                    Vec::new()
                };
                code.internal.push(Place { line: line(pair), pieces });
            }
            Some(key @ ("datasources" | "datasourceUrl")) => {
                code.removed_options.push((line(pair), key.to_owned()));
            }
            _ => {} // options that exist in every version
        }
    }
}

/// `__internal: { engine: { connection_limit: 5 } }` and nothing more.
fn is_only_a_limit(script: &Script, pair: Node<'_>) -> bool {
    only(pair)
        .filter(|engine| script.key(*engine) == Some("engine"))
        .and_then(only)
        .is_some_and(|limit| script.key(limit) == Some("connection_limit"))
}

/// The one property of the object that is this property's value.
fn only(pair: Node<'_>) -> Option<Node<'_>> {
    let value = pair.child_by_field_name("value")?;
    let mut pairs = children(value).filter(|child| child.kind() != "comment");
    let first = pairs.next().filter(|first| first.kind() == "pair")?;
    pairs.next().is_none().then_some(first)
}

/// Options in a variable, or what is spread into them, may well have it.
pub fn has_option(script: &Script, node: Node<'_>, name: &str) -> bool {
    let Some(options) = first_argument(node) else { return false };
    options.kind() != "object" || object_has(script, options, name)
}

pub fn object_has(script: &Script, object: Node<'_>, name: &str) -> bool {
    children(object).any(|child| match child.kind() {
        "pair" => script.key(child) == Some(name),
        "shorthand_property_identifier" => script.text(child) == name,
        "spread_element" => true,
        _ => false, // methods and comments
    })
}

pub fn first_argument(node: Node<'_>) -> Option<Node<'_>> {
    children(node.child_by_field_name("arguments")?).find(|child| child.kind() != "comment")
}

/// Is it made anew whenever a request comes in? A client that is kept (`global.prisma ??= new …`) is not.
fn per_request(script: &Script, node: Node<'_>) -> bool {
    let is_kept = node.parent().is_some_and(|parent| {
        matches!(parent.kind(), "assignment_expression" | "augmented_assignment_expression")
    });
    !is_kept && ancestors(node).any(|around| is_function(around) && handles(script, around))
}

fn is_function(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "arrow_function"
            | "function_expression"
            | "function_declaration"
            | "generator_function"
            | "generator_function_declaration"
            | "method_definition"
    )
}

/// Parameters that only the handler of a request has.
const REQUEST: [&str; 9] =
    ["req", "_req", "request", "_request", "res", "reply", "ctx", "event", "interaction"];

/// What routers call their methods.
const ROUTES: [&str; 10] =
    ["get", "post", "put", "patch", "delete", "head", "options", "all", "use", "route"];

/// What frameworks expect a module of routes to export.
const EXPORTED: [&str; 13] = [
    "GET",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "handler",
    "loader",
    "action",
    "getServerSideProps",
    "getStaticProps",
    "middleware",
];

fn handles(script: &Script, function: Node<'_>) -> bool {
    takes_request(script, function) || is_route(script, function) || is_exported(script, function)
}

fn takes_request(script: &Script, function: Node<'_>) -> bool {
    let parameters = function
        .child_by_field_name("parameters")
        .or_else(|| function.child_by_field_name("parameter"));
    let Some(parameters) = parameters else { return false };
    let names = children(parameters)
        .map(|parameter| parameter.child_by_field_name("pattern").unwrap_or(parameter))
        .chain([parameters]);
    names.into_iter().any(|name| REQUEST.contains(&script.text(name)))
}

/// `app.get("/users", …)`
fn is_route(script: &Script, function: Node<'_>) -> bool {
    let call = function.parent().and_then(|arguments| arguments.parent());
    let method = call
        .filter(|call| call.kind() == "call_expression")
        .and_then(|call| call.child_by_field_name("function")?.child_by_field_name("property"));
    method.is_some_and(|method| ROUTES.contains(&script.text(method)))
}

/// `export async function GET`, `export const loader = …`
fn is_exported(script: &Script, function: Node<'_>) -> bool {
    let name = function.child_by_field_name("name").or_else(|| {
        let declarator = function.parent()?;
        (declarator.kind() == "variable_declarator")
            .then(|| declarator.child_by_field_name("name"))
            .flatten()
    });
    name.is_some_and(|name| EXPORTED.contains(&script.text(name)))
        && ancestors(function).take(3).any(|around| around.kind() == "export_statement")
}

/// `url + "?connection_limit=5"`
fn appends(script: &Script, node: Node<'_>) -> bool {
    let operator = node.child_by_field_name("operator").map(|operator| operator.kind());
    let Some(right) = node.child_by_field_name("right") else { return false };
    operator == Some("+")
        && matches!(right.kind(), "string" | "template_string")
        && begins_a_query(script.text(right).trim_start_matches(['"', '\'', '`']))
}

/// `` `${url}?connection_limit=5` ``
fn substitutes(script: &Script, node: Node<'_>) -> bool {
    let mut pieces = children(node).skip_while(|piece| piece.kind() != "template_substitution");
    pieces.any(|piece| piece.kind() == "string_fragment" && begins_a_query(script.text(piece)))
}

/// `` prisma.$queryRaw`SELECT COUNT(*) …` `` in a function that calls `res.json`: the SQL.
fn big_count<'a>(script: &Script, node: Node<'a>) -> Option<Node<'a>> {
    let callee = node.child_by_field_name("function").map(|callee| script.text(callee));
    // The grammar takes a type before the template for something else, so its text is looked at.
    let name = callee.and_then(|callee| callee.split('<').next()?.rsplit('.').next());
    let is_query = name == Some("$queryRaw");
    let sql = node.child_by_field_name("arguments").filter(|sql| sql.kind() == "template_string");
    let around = ancestors(node).find(|around| is_function(*around));
    sql.filter(|_| is_query && around.is_some_and(|around| script.text(around).contains(".json(")))
}

/// `url` of `url + "?…"`, with the variable that only this needed.
fn without_appended(script: &Script, node: Node<'_>) -> Vec<Piece> {
    let (Some(left), Some(right)) =
        (node.child_by_field_name("left"), node.child_by_field_name("right"))
    else {
        return Vec::new();
    };
    if !is_option(node) {
        return Vec::new();
    }
    let mut pieces = vec![replace(left.end_byte()..node.end_byte(), "")];
    pieces.extend(orphan(script, right));
    pieces
}

/// `` `${url}?…` `` becomes `url`.
fn without_substituted(script: &Script, node: Node<'_>) -> Vec<Piece> {
    let first = children(node).next().filter(|first| {
        first.kind() == "template_substitution" && first.start_byte() == node.start_byte() + 1
    });
    let Some(url) = first.and_then(|first| first.named_child(0)).filter(|_| is_option(node)) else {
        return Vec::new();
    };
    let mut pieces = vec![replace(node.byte_range(), script.text(url))];
    pieces.extend(orphan(script, node));
    pieces
}

/// The value of an option may be undefined as well as a text.
fn is_option(node: Node<'_>) -> bool {
    node.parent().is_some_and(|parent| parent.kind() == "pair")
}

/// A variable of this file that is used in `node` alone: its declaration goes with it.
fn orphan(script: &Script, node: Node<'_>) -> Option<Piece> {
    let inside = |other: &Node<'_>| {
        node.start_byte() <= other.start_byte() && other.end_byte() <= node.end_byte()
    };
    let used: Vec<Node<'_>> = script.of_kind("identifier").filter(|name| inside(name)).collect();
    let [used] = used.as_slice() else { return None };
    let name = script.text(*used);
    let mut others =
        script.of_kind("identifier").filter(|other| script.text(*other) == name && !inside(other));
    let declared = others.next()?;
    if others.next().is_some() {
        return None;
    }
    let declaration =
        declared.parent().filter(|one| one.kind() == "variable_declarator")?.parent()?;
    let alone = declaration.named_child_count() == 1
        && declaration.parent().is_some_and(|parent| parent.kind() == "program");
    alone.then(|| replace(removal(script, declaration), ""))
}

fn begins_a_query(text: &str) -> bool {
    text.starts_with('?') && PARAMETERS.iter().any(|parameter| text.contains(parameter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> crate::domain::project::Target {
        crate::domain::project::Target::default()
    }

    fn read(text: &str) -> Code {
        super::read(Path::new("db.ts"), text, &target()).unwrap()
    }

    fn lines(places: &[Place]) -> Vec<usize> {
        places.iter().map(|place| place.line).collect()
    }

    /// The text with every piece of these places.
    fn edited(text: &str, places: &[Place]) -> String {
        let mut pieces: Vec<&Piece> = places.iter().flat_map(|place| &place.pieces).collect();
        pieces.sort_by_key(|piece| piece.at);
        let mut edited = text.to_owned();
        for piece in pieces.into_iter().rev() {
            edited.replace_range(piece.at..piece.at + piece.length, &piece.with);
        }
        edited
    }

    fn made(text: &str) -> Vec<(usize, bool)> {
        read(text).clients.iter().map(|made| (made.line, made.per_request)).collect()
    }

    #[test]
    fn a_client_made_for_each_request_is_told_from_one_that_is_kept() {
        for per_request in [
            "app.get('/users', async (a, b) => { const prisma = new PrismaClient(); });",
            "const list = async (req: Request, res: Response) => { await new PrismaClient().user.count() };",
            "export async function GET() { const db = new PrismaClient(); }",
            "export const loader = async () => { const db = new PrismaClient(); };",
            "export default async function handler(req, res) { if (x) { const db = new PrismaClient(); } }",
            "class Users { async list(@Req() req: Request) { const db = new PrismaClient(); } }",
            "router.route('/').all(function () { return new PrismaClient(); });",
        ] {
            assert_eq!(made(per_request), [(1, true)], "{per_request}");
        }
        for kept in [
            "const prisma = new PrismaClient();",
            "export const prisma = globalForPrisma.prisma ?? new PrismaClient();",
            "const make = () => { return new PrismaClient() };",
            "const make = () => new PrismaClient().$extends({});",
            "app.get('/', (req, res) => { globalThis.prisma ??= new PrismaClient(); });",
            "function get(key) { if (!client) client = new PrismaClient(); return client; }",
            "import { PrismaClient as Client } from './generated'; const db = new Client();",
            "class Database extends PrismaClient implements OnModuleInit {}",
        ] {
            assert_eq!(made(kept), [(1, false)], "{kept}");
        }
    }

    #[test]
    fn words_in_comments_and_strings_make_no_client() {
        let code =
            read("// new PrismaClient()\nconst help = 'new PrismaClient({ __internal: 1 })';");
        assert_eq!((code.clients, code.internal), (vec![], vec![]));
    }

    #[test]
    fn options_that_do_not_exist_are_found_by_their_place() {
        let code = read(
            "const prisma = new PrismaClient({\n  datasources: { db: { url } },\n  '__internal': {},\n});\nconst other = { __internal: 1 };",
        );
        assert_eq!(lines(&code.internal), [3]);
        assert_eq!(code.removed_options, [(2, "datasources".to_owned())]);
    }

    #[test]
    fn a_query_appended_to_a_url_is_found_in_both_forms() {
        let code = read(
            "const a = process.env.DATABASE_URL + '?connection_limit=5';\n\
             const b = process.env.DATABASE_URL + `?connection_limit=${limit}`;\n\
             const c = `${process.env.DATABASE_URL}?pgbouncer=true&pool_timeout=20`;\n\
             const d = `${process.env.DATABASE_URL}&connection_limit=5`;\n\
             const e = 'postgresql://localhost/shop?connection_limit=5';\n\
             const f = `postgresql://${host}/shop?sslmode=require&connection_limit=5`;\n\
             const g = base + '?page=' + connection_limit;\n",
        );
        // The sixth builds its URL from parts; its query begins where the URL has none yet.
        assert_eq!(lines(&code.appended), [1, 2, 3]);
    }

    #[test]
    fn an_adapter_needs_its_own_limit() {
        let code = read(
            "new PrismaPg({ connectionString });\nnew PrismaPg({ connectionString, max: 5 });\n\
             new PrismaPg(pool);\nnew PrismaPg({ ...options });\n",
        );
        assert_eq!(lines(&code.without_max), [1]);
    }

    #[test]
    fn a_shutdown_is_heard_in_each_of_its_forms() {
        for heard in [
            "process.on('SIGTERM', stop)",
            "for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)",
            "app.enableShutdownHooks()",
            "import grace from 'close-with-grace'",
        ] {
            assert_eq!(read(heard).sigterm, Some(1), "{heard}");
        }
        assert_eq!(read("await prisma.$disconnect()").disconnect, Some(1));
        let comment = read("// SIGTERM and $disconnect");
        assert_eq!((comment.sigterm, comment.disconnect), (None, None));
    }

    #[test]
    fn a_count_that_json_can_not_hold_is_found_in_the_handler_only() {
        let handler = |sql: &str, then: &str| {
            lines(&read(&format!("app.get('/', async (req, res) => {{ const n = await prisma.$queryRaw<N[]>`{sql}`; {then} }});"))
                .big_counts)
        };
        assert_eq!(handler("SELECT COUNT(*) AS n FROM a", "res.json({ n: n[0].n });"), [1]);
        assert_eq!(handler("SELECT COUNT(*)::int AS n FROM a", "res.json(n);"), [0; 0]);
        assert_eq!(handler("SELECT cast(count(*) as int) FROM a", "res.json(n);"), [0; 0]);
        assert_eq!(handler("SELECT 1", "res.json(n);"), [0; 0]);
        assert_eq!(handler("SELECT count(*) FROM a", "console.log(n);"), [0; 0]);
    }

    #[test]
    fn an_option_that_does_nothing_goes_with_its_lines() {
        let text = "const prisma = new PrismaClient({\n  log: ['error'],\n  // @ts-ignore\n  __internal: {\n    engine: { connection_limit: 5 },\n  },\n});\n";
        let code = read(text);
        assert_eq!(
            edited(text, &code.internal),
            "const prisma = new PrismaClient({\n  log: ['error'],\n});\n"
        );
        let other = "new PrismaClient({ __internal: { debug: true } })";
        assert_eq!(edited(other, &read(other).internal), other);
    }

    #[test]
    fn an_appended_query_goes_with_the_variable_that_only_it_needed() {
        let text = "const limit = process.env.CI\n  ? 1 // few\n  : 5; // more\n\nnew X({ url: process.env.DATABASE_URL + `?connection_limit=${limit}` });\n";
        assert_eq!(
            edited(text, &read(text).appended),
            "new X({ url: process.env.DATABASE_URL });\n"
        );
        let used =
            "const limit = 5;\nnew X({ url: `${url}?connection_limit=${limit}` });\nlog(limit);\n";
        assert_eq!(
            edited(used, &read(used).appended),
            "const limit = 5;\nnew X({ url: url });\nlog(limit);\n"
        );
    }

    #[test]
    fn a_limit_is_set_in_the_form_of_the_options() {
        let set = |text: &str| edited(text, &read(text).without_max);
        let limit = "process.env.NODE_ENV === 'production' ? 5 : 10";
        assert_eq!(
            set("new PrismaPg({ url });"),
            format!("new PrismaPg({{ url, max: {limit} }});")
        );
        assert_eq!(
            set("new PrismaPg({\n\turl: 'x',\n});"),
            format!("new PrismaPg({{\n\turl: 'x',\n\tmax: {limit},\n}});")
        );
    }

    #[test]
    fn a_file_that_is_cut_off_is_not_changed() {
        let whole = "new PrismaClient({ __internal: { engine: { connection_limit: 5 } } });\n";
        assert_ne!(edited(whole, &read(whole).internal), whole);
        let broken = format!("{whole}<<<<<<< HEAD\nconst = ;\n");
        let code = read(&broken);
        assert_eq!(lines(&code.internal), [1], "found all the same");
        assert_eq!(edited(&broken, &code.internal), broken);
    }

    #[test]
    fn a_broken_file_still_gives_what_can_be_read() {
        assert_eq!(made("const = ;\nconst prisma = new PrismaClient();\n"), [(2, false)]);
    }
}

//! What one TypeScript or JavaScript file does with its database client.

use std::path::Path;

use tree_sitter::Node;

use crate::project::script::{Script, ancestors, children, line};

/// Lines are counted from 1.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Code {
    pub clients: Vec<Made>,
    /// Something is exported here, so that others can import the client.
    pub exports: bool,
    /// `__internal` in the options of a client.
    pub internal: Vec<usize>,
    /// `datasources` or `datasourceUrl` in them.
    pub removed_options: Vec<(usize, String)>,
    /// `?connection_limit=…` and its like, appended to a URL.
    pub appended: Vec<usize>,
    /// Driver adapters without `max`.
    pub without_max: Vec<usize>,
    /// `COUNT(*)` as a `BigInt`, in a function that answers with JSON.
    pub big_counts: Vec<usize>,
    /// Where SIGTERM is listened to, by this code or by a library it uses for that.
    pub sigterm: Option<usize>,
    /// Where a client is closed.
    pub disconnect: Option<usize>,
}

/// A place where a Prisma client is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    pub line: usize,
    pub per_request: bool,
}

/// Words without which nothing below can be found.
const HINTS: [&str; 10] = [
    "PrismaClient",
    "$queryRaw",
    "PrismaPg",
    "$disconnect",
    "SIGTERM",
    "enableShutdownHooks",
    "close-with-grace",
    "connection_limit",
    "pool_timeout",
    "pgbouncer",
];

/// URL parameters of Prisma's: nothing else has these names.
const PARAMETERS: [&str; 4] =
    ["connection_limit=", "pool_timeout=", "pgbouncer=", "statement_cache_size="];

/// `None` where the file has nothing to do with a client.
pub fn read(file: &Path, text: &str) -> Option<Code> {
    if !HINTS.iter().any(|hint| text.contains(hint)) {
        return None;
    }
    let script = Script::parse(file, text)?;
    let names = client_names(&script);
    let mut code = Code::default();
    for node in script.nodes() {
        match node.kind() {
            "new_expression" => made(&script, node, &names, &mut code),
            "class_heritage" => extended(&script, node, &names, &mut code),
            "export_statement" => code.exports = true,
            "member_expression" => member(&script, node, &mut code),
            "string" => {
                if matches!(script.string(node), Some("SIGTERM" | "close-with-grace")) {
                    code.sigterm = code.sigterm.or(Some(line(node)));
                }
            }
            "call_expression" if answers_a_big_count(&script, node) => {
                code.big_counts.push(line(node));
            }
            "binary_expression" if appends(&script, node) => code.appended.push(line(node)),
            "template_string" if substitutes(&script, node) => code.appended.push(line(node)),
            _ => {} // has no say in this
        }
    }
    Some(code)
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

fn made(script: &Script, node: Node<'_>, names: &[&str], code: &mut Code) {
    let Some(constructor) = node.child_by_field_name("constructor") else { return };
    let name = script.text(constructor).rsplit('.').next().unwrap_or_default();
    if names.contains(&name) {
        code.clients.push(Made { line: line(node), per_request: per_request(script, node) });
        options(script, node, code);
    } else if name == "PrismaPg" && !has_max(script, node) {
        code.without_max.push(line(node));
    }
}

/// `class Database extends PrismaClient`: the framework makes one of it.
fn extended(script: &Script, node: Node<'_>, names: &[&str], code: &mut Code) {
    let clause = children(node).find(|child| child.kind() == "extends_clause");
    let value = clause.and_then(|clause| clause.child_by_field_name("value"));
    if value.is_some_and(|value| names.contains(&script.text(value))) {
        code.clients.push(Made { line: line(node), per_request: false });
    }
}

fn member(script: &Script, node: Node<'_>, code: &mut Code) {
    let Some(property) = node.child_by_field_name("property") else { return };
    match script.text(property) {
        "$disconnect" => code.disconnect = code.disconnect.or(Some(line(node))),
        "enableShutdownHooks" => code.sigterm = code.sigterm.or(Some(line(node))),
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
            Some("__internal") => code.internal.push(line(pair)),
            Some(key @ ("datasources" | "datasourceUrl")) => {
                code.removed_options.push((line(pair), key.to_owned()));
            }
            _ => {} // options that exist in every version
        }
    }
}

/// A pool made elsewhere, or options in a variable, may well have it.
fn has_max(script: &Script, node: Node<'_>) -> bool {
    let Some(options) = first_argument(node) else { return false };
    options.kind() != "object"
        || children(options).any(|child| match child.kind() {
            "pair" => script.key(child) == Some("max"),
            "shorthand_property_identifier" => script.text(child) == "max",
            "spread_element" => true,
            _ => false, // methods and comments
        })
}

fn first_argument(node: Node<'_>) -> Option<Node<'_>> {
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

/// `` prisma.$queryRaw`SELECT COUNT(*) …` `` in a function that calls `res.json`.
fn answers_a_big_count(script: &Script, node: Node<'_>) -> bool {
    let callee = node.child_by_field_name("function").map(|callee| script.text(callee));
    // The grammar takes a type before the template for something else, so its text is looked at.
    let name = callee.and_then(|callee| callee.split('<').next()?.rsplit('.').next());
    let is_query = name == Some("$queryRaw");
    let sql = node.child_by_field_name("arguments").filter(|sql| sql.kind() == "template_string");
    let Some(sql) = sql.filter(|_| is_query) else { return false };
    let sql = script.text(sql).to_ascii_lowercase();
    let around = ancestors(node).find(|around| is_function(*around));
    sql.contains("count(")
        && !sql.contains("::int")
        && !sql.contains("as int")
        && around.is_some_and(|around| script.text(around).contains(".json("))
}

fn begins_a_query(text: &str) -> bool {
    text.starts_with('?') && PARAMETERS.iter().any(|parameter| text.contains(parameter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Code {
        super::read(Path::new("db.ts"), text).unwrap()
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
        assert_eq!(code, Code::default());
    }

    #[test]
    fn options_that_do_not_exist_are_found_by_their_place() {
        let code = read(
            "const prisma = new PrismaClient({\n  datasources: { db: { url } },\n  '__internal': {},\n});\nconst other = { __internal: 1 };",
        );
        assert_eq!(code.internal, [3]);
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
        assert_eq!(code.appended, [1, 2, 3]);
    }

    #[test]
    fn an_adapter_needs_its_own_limit() {
        let code = read(
            "new PrismaPg({ connectionString });\nnew PrismaPg({ connectionString, max: 5 });\n\
             new PrismaPg(pool);\nnew PrismaPg({ ...options });\n",
        );
        assert_eq!(code.without_max, [1]);
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
        assert_eq!(read("// SIGTERM and $disconnect"), Code::default());
    }

    #[test]
    fn a_count_that_json_can_not_hold_is_found_in_the_handler_only() {
        let handler = |sql: &str, then: &str| {
            read(&format!("app.get('/', async (req, res) => {{ const n = await prisma.$queryRaw<N[]>`{sql}`; {then} }});"))
                .big_counts
        };
        assert_eq!(handler("SELECT COUNT(*) AS n FROM a", "res.json({ n: n[0].n });"), [1]);
        assert_eq!(handler("SELECT COUNT(*)::int AS n FROM a", "res.json(n);"), [0; 0]);
        assert_eq!(handler("SELECT cast(count(*) as int) FROM a", "res.json(n);"), [0; 0]);
        assert_eq!(handler("SELECT 1", "res.json(n);"), [0; 0]);
        assert_eq!(handler("SELECT count(*) FROM a", "console.log(n);"), [0; 0]);
    }

    #[test]
    fn a_broken_file_still_gives_what_can_be_read() {
        assert_eq!(made("const = ;\nconst prisma = new PrismaClient();\n"), [(2, false)]);
    }
}

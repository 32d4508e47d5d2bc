//! Go: pgx and lib/pq.

use crate::domain::project::{Feature, Kind, Library, Piece};

use super::{Code, Read};
use crate::project::scan::{drivers::Sighted, found::insert};

pub fn read(code: &Code<'_>, read: &mut Read) {
    pgx(code, read);
    lib_pq(code, read);
}

/// Ways of pgx that prepare nothing by name.
const SAFE: [&str; 3] =
    ["QueryExecModeExec", "QueryExecModeSimpleProtocol", "QueryExecModeCacheDescribe"];

fn pgx(code: &Code<'_>, read: &mut Read) {
    let source = &code.source;
    let makes: [&[&str]; 5] = [
        &["pgxpool", ".", "New", "("],
        &["pgxpool", ".", "NewWithConfig", "("],
        &["pgxpool", ".", "ParseConfig", "("],
        &["pgx", ".", "Connect", "("],
        &["pgx", ".", "ConnectConfig", "("],
    ];
    let Some((name, at)) = makes
        .into_iter()
        .filter_map(|words| source.find_all(words).next().map(|at| (words, at)))
        .min_by_key(|(_, at)| *at)
    else {
        return;
    };
    let title = name.get(..3).unwrap_or_default().concat();
    read.clients.push((Library::Pgx, code.seen(&title, at)));
    let is_safe =
        SAFE.iter().any(|mode| source.has(mode)) || source.text.contains("default_query_exec_mode");
    if code.target.loses_statements() && !is_safe {
        let found = code.feature(Feature::NamedStatement, at, "pgx prepares statements by name.");
        let why = format!(
            "{} The URL of step 5 switches it off with default_query_exec_mode=exec; keep that in the URL, or set \
             DefaultQueryExecMode = pgx.QueryExecModeExec.",
            found.finding.why
        );
        read.sighted.push(found.because(&why).into());
    }
}

fn lib_pq(code: &Code<'_>, read: &mut Read) {
    let source = &code.source;
    for call in source.calls("Open") {
        let is_sql = source.word(call.name.wrapping_sub(2)) == "sql";
        let driver = source.literal(call.open + 1).unwrap_or_default();
        if !is_sql || !matches!(driver, "postgres" | "pgx") {
            continue;
        }
        let library = if driver == "pgx" { Library::Pgx } else { Library::LibPq };
        read.clients.push((library, code.seen("sql.Open", call.name)));
        if !source.has("SetMaxOpenConns") {
            let what = "sql.Open sets no limit.";
            let why = code.limit_why(
                "Without SetMaxOpenConns an instance opens as many connections as it has work.",
            );
            let found = code.found(Kind::Limits, call.name, what, why);
            read.sighted
                .push(found.fixed(source.text, max_open(code, call.name, call.close)).into());
        }
    }
    for at in source.find("NewListener").filter(|at| source.word(at.wrapping_sub(2)) == "pq") {
        read.sighted.push(code.feature(Feature::Listen, at, "LISTEN is used here.").into());
    }
    for at in source.find("WaitForNotification") {
        read.sighted.push(code.feature(Feature::Listen, at, "LISTEN is used here.").into());
    }
    for call in source.calls("Prepare").chain(source.calls("PrepareContext")) {
        if source.word(call.name.wrapping_sub(1)) == "." {
            let what = "A statement is prepared by name here.";
            let found = code.feature(Feature::NamedStatement, call.name, what);
            read.sighted.push(Sighted { found, needs: &[Library::LibPq, Library::Pgx] });
        }
    }
}

/// After `db, err := sql.Open(…)` and the block that handles `err`.
fn max_open(code: &Code<'_>, open: usize, close: usize) -> Vec<Piece> {
    let source = &code.source;
    // `db, err := sql . Open`
    let Some(begin) = open.checked_sub(7) else { return Vec::new() };
    let statement: Vec<&str> = (begin..open).map(|at| source.word(at)).collect();
    let [db, ",", "err", ":", "=", "sql", "."] = statement.as_slice() else { return Vec::new() };
    let handled = ["if", "err", "!", "=", "nil", "{"];
    let is_handled =
        handled.iter().enumerate().all(|(by, word)| source.word(close + 1 + by) == *word);
    let end = if is_handled { source.closing(close + handled.len()) } else { None };
    let Some(end) = end.and_then(|end| source.tokens.get(end)) else { return Vec::new() };
    let line = format!(
        "{}{}{db}.SetMaxOpenConns({})",
        source.line_end(),
        source.indent(begin),
        code.target.limit
    );
    vec![insert(end.range.end, line)]
}

//! What SQL in code asks of a session, read with a parser.

use squawk_syntax::{
    SourceFile,
    ast::{self, AstNode},
};

use crate::domain::project::Feature;

/// What lasts longer than a transaction, with the byte where it stands.
///
/// Empty for a text that is no SQL: a sentence that begins with one of its words is none.
pub fn features(text: &str) -> Vec<(Feature, usize)> {
    let sql = without_holes(text);
    let parsed = SourceFile::parse(&sql);
    let is_sound = parsed.errors().is_empty();
    let root = parsed.syntax_node();
    let mut found = Vec::new();
    for node in root.descendants() {
        let at = usize::from(node.text_range().start());
        let feature = if let Some(call) = ast::CallExpr::cast(node.clone()) {
            called(&call)
        } else if is_sound {
            stated(&node)
        } else {
            None
        };
        found.extend(feature.map(|feature| (feature, at)));
    }
    found
}

fn stated(node: &squawk_syntax::SyntaxNode) -> Option<Feature> {
    if ast::Listen::can_cast(node.kind()) {
        return Some(Feature::Listen);
    }
    if ast::Prepare::can_cast(node.kind()) {
        return Some(Feature::Prepare);
    }
    if let Some(set) = ast::Set::cast(node.clone()) {
        let is_local = set.set_scope().is_some_and(|scope| says(scope.syntax(), "LOCAL"));
        return (!is_local).then_some(Feature::Set);
    }
    if let Some(table) = ast::CreateTable::cast(node.clone()) {
        return temporary(table.persistence().map(|p| p.syntax().clone()), table.on_commit());
    }
    if let Some(table) = ast::CreateTableAs::cast(node.clone()) {
        return temporary(table.persistence().map(|p| p.syntax().clone()), table.on_commit());
    }
    let held = ast::Declare::cast(node.clone())?.cursor_hold()?;
    (!says(held.syntax(), "WITHOUT")).then_some(Feature::WithHold)
}

fn temporary(
    persistence: Option<squawk_syntax::SyntaxNode>,
    on_commit: Option<ast::OnCommit>,
) -> Option<Feature> {
    let is_temporary = persistence.is_some_and(|kind| says(&kind, "TEMP"));
    let is_dropped = on_commit.is_some_and(|action| says(action.syntax(), "DROP"));
    (is_temporary && !is_dropped).then_some(Feature::TempTable)
}

fn called(call: &ast::CallExpr) -> Option<Feature> {
    let name = call.expr()?.syntax().text().to_string().to_ascii_lowercase();
    let name = name.rsplit('.').next()?;
    let arguments = call.arg_list().map(|list| list.syntax().text().to_string().to_lowercase());
    match name {
        "pg_advisory_lock"
        | "pg_advisory_lock_shared"
        | "pg_try_advisory_lock"
        | "pg_try_advisory_lock_shared" => Some(Feature::AdvisoryLock),
        // The third argument says whether it is for this transaction alone.
        "set_config" if arguments.is_some_and(|list| list.contains("false")) => Some(Feature::Set),
        _ => None, // any other function
    }
}

fn says(node: &squawk_syntax::SyntaxNode, word: &str) -> bool {
    node.text().to_string().to_ascii_uppercase().contains(word)
}

/// The bytes after each `count(…)` that is not made an integer.
pub fn big_counts(text: &str) -> Vec<usize> {
    let sql = without_holes(text);
    let parsed = SourceFile::parse(&sql);
    let mut ends = Vec::new();
    for node in parsed.syntax_node().descendants() {
        let Some(call) = ast::CallExpr::cast(node.clone()) else { continue };
        let is_count = call
            .expr()
            .is_some_and(|name| name.syntax().text().to_string().eq_ignore_ascii_case("count"));
        let is_cast = node
            .parent()
            .is_some_and(|parent| ast::CastExpr::can_cast(parent.kind()) || says(&parent, "::INT"));
        let end = usize::from(node.text_range().end());
        let after = sql.get(end..).unwrap_or_default().trim_start();
        // A window or a filter belongs to the count; what follows it is to be cast then.
        let goes_on = ["over", "filter", "::"].iter().any(|word| {
            after.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word))
        });
        if is_count && !is_cast && !goes_on {
            ends.push(end);
        }
    }
    ends
}

/// Values that the program puts in (`${x}`, `#{x}`, `{x}`, `%s`, `%(x)s`, `?`) as a name of the same length.
fn without_holes(text: &str) -> String {
    let mut sql = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let hole = match first {
            '$' | '#' if rest.get(1..).is_some_and(|rest| rest.starts_with('{')) => {
                braces(rest.get(1..).unwrap_or_default()).map(|length| length + 1)
            }
            '{' => braces(rest),
            '%' => percent(rest),
            '?' => Some(1),
            _ => None, // the statement's own
        };
        let length = hole.unwrap_or(first.len_utf8());
        let (head, tail) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if hole.is_some() {
            sql.push_str(&"p".repeat(head.len()));
        } else {
            sql.push_str(head);
        }
        rest = tail;
    }
    sql
}

fn braces(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {} // inside
        }
    }
    None
}

fn percent(text: &str) -> Option<usize> {
    let rest = text.get(1..)?;
    if rest.starts_with(['s', 'd', 'q', 'v', 'L', 'I']) {
        return Some(2);
    }
    let name = rest.strip_prefix('(')?;
    let end = name.find(')')?;
    name.get(end + 1..)?.starts_with('s').then_some(end + 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(sql: &str) -> Vec<Feature> {
        features(sql).into_iter().map(|(feature, _)| feature).collect()
    }

    #[test]
    fn each_feature_of_a_session_is_recognised() {
        for (sql, feature) in [
            ("LISTEN jobs", Feature::Listen),
            ("listen ${channel};", Feature::Listen),
            ("SELECT pg_advisory_lock(%s)", Feature::AdvisoryLock),
            ("select pg_catalog.pg_try_advisory_lock($1, ?)", Feature::AdvisoryLock),
            ("SET search_path TO shop, public", Feature::Set),
            ("SET SESSION statement_timeout = 5000", Feature::Set),
            ("SELECT set_config('app.user', $1, false)", Feature::Set),
            ("CREATE TEMP TABLE t (id int)", Feature::TempTable),
            ("create temporary table t as select 1", Feature::TempTable),
            ("PREPARE get AS SELECT 1", Feature::Prepare),
            ("DECLARE c CURSOR WITH HOLD FOR SELECT 1", Feature::WithHold),
        ] {
            assert_eq!(kinds(sql), [feature], "{sql}");
        }
    }

    #[test]
    fn what_ends_with_its_transaction_and_what_is_no_sql_is_none() {
        for sql in [
            "SELECT pg_advisory_xact_lock(1)",
            "SET LOCAL statement_timeout = 5000",
            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "SELECT set_config('app.user', $1, true)",
            "CREATE TEMP TABLE t (id int) ON COMMIT DROP",
            "DECLARE c CURSOR FOR SELECT 1",
            "UPDATE t SET x = 1",
            "NOTIFY jobs",
            "Listen to what it says",
            "Set the table, and listen",
            "SELECT 'LISTEN jobs'",
        ] {
            assert_eq!(kinds(sql), [], "{sql}");
        }
    }

    #[test]
    fn a_count_is_found_with_the_place_of_its_cast() {
        let sql = "SELECT count(*) AS n, COUNT(id)::int, max(x) FROM t";
        assert_eq!(big_counts(sql), ["SELECT count(*)".len()]);
        assert_eq!(big_counts("SELECT CAST(count(*) AS int)"), [0; 0]);
        let window = "SELECT count(*) OVER ()";
        assert_eq!(big_counts(window), [window.len()]);
    }
}

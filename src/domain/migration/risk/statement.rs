//! Rules of our own, by statement: what loses data, rewrites a table or keeps others out.

use squawk_syntax::{
    SyntaxKind, SyntaxNode,
    ast::{self, AstNode as _, Stmt},
};

use super::{Finding, alter_table, text};
use crate::domain::migration::{
    Harm::{Breaks, Brief, Destroys, Fails, Locks, Rewrites, Unseen},
    lock::Lock,
};

pub(super) fn findings(stmt: &Stmt) -> Vec<Finding> {
    let node = stmt.syntax();
    match stmt {
        Stmt::AlterTable(table) => alter_table::findings(table),
        Stmt::AlterType(ty) => alter_type(ty).into_iter().collect(),
        Stmt::Truncate(truncate) => truncated(truncate),
        Stmt::CreateIndex(index) => created_index(index).into_iter().collect(),
        Stmt::CreateTable(table) => referenced(table),
        Stmt::CreateTrigger(trigger) => {
            let on = trigger.on_relation().and_then(|on| on.relation_name_ref());
            on.map(|on| created_trigger(&text(on.syntax()))).into_iter().collect()
        }
        Stmt::Vacuum(vacuum) => vacuumed(vacuum).into_iter().collect(),
        Stmt::Cluster(cluster) => {
            let table = cluster
                .table_name_ref()
                .map_or_else(|| "every clustered table".to_owned(), |table| text(table.syntax()));
            vec![
                Finding::new(Rewrites, format!("writes {table} anew in the order of an index"))
                    .locks(Lock::AccessExclusive, &table)
                    .of(&table),
            ]
        }
        Stmt::Refresh(refresh) => refreshed(refresh),
        Stmt::Lock(lock) => vec![locked(lock)],
        Stmt::Do(block) => done(block),
        Stmt::Call(_) => {
            vec![Finding::new(
                Unseen,
                format!("runs a procedure, {}, whose text is in the database", shortened(node)),
            )]
        }
        // What these hold runs later, or never.
        Stmt::CreateFunction(_)
        | Stmt::CreateProcedure(_)
        | Stmt::CreateRule(_)
        | Stmt::CreateView(_)
        | Stmt::CreatePolicy(_)
        | Stmt::Prepare(_) => Vec::new(),
        Stmt::AlterDatabase(_) | Stmt::AlterSystem(_) | Stmt::AlterRole(_) | Stmt::AlterUser(_) => {
            vec![Finding::new(Breaks, "changes settings that other sessions get too")]
        }
        _ => dropped(node).into_iter().chain(written(node)).collect(), // by their kind, or by the writes inside
    }
}

/// `DROP …`, by what is dropped: the noun, what goes with it, and whether that is data.
const DROPS: [(SyntaxKind, &str, &str, Loss); 21] = [
    (SyntaxKind::DROP_TABLE, "table", "and its rows", Loss::Data),
    (SyntaxKind::DROP_SCHEMA, "schema", "with everything in it", Loss::Data),
    (SyntaxKind::DROP_DATABASE, "database", "with everything in it", Loss::Data),
    (SyntaxKind::DROP_MATERIALIZED_VIEW, "materialized view", "and its rows", Loss::Data),
    (SyntaxKind::DROP_SEQUENCE, "sequence", "and the number it stands at", Loss::Data),
    (SyntaxKind::DROP_OWNED, "everything that belongs to", "", Loss::Data),
    (SyntaxKind::DROP_TABLESPACE, "tablespace", "", Loss::Data),
    (SyntaxKind::DROP_EXTENSION, "extension", "with its types and functions", Loss::Definition),
    (SyntaxKind::DROP_TYPE, "type", "", Loss::Definition),
    (SyntaxKind::DROP_DOMAIN, "domain", "", Loss::Definition),
    (SyntaxKind::DROP_VIEW, "view", "", Loss::Definition),
    (SyntaxKind::DROP_FOREIGN_TABLE, "foreign table", "; the rows lie elsewhere", Loss::Definition),
    (SyntaxKind::DROP_FUNCTION, "function", "", Loss::Definition),
    (SyntaxKind::DROP_PROCEDURE, "procedure", "", Loss::Definition),
    (SyntaxKind::DROP_ROUTINE, "routine", "", Loss::Definition),
    (SyntaxKind::DROP_AGGREGATE, "aggregate", "", Loss::Definition),
    (SyntaxKind::DROP_TRIGGER, "trigger", "", Loss::Definition),
    (SyntaxKind::DROP_RULE, "rule", "", Loss::Definition),
    (
        SyntaxKind::DROP_POLICY,
        "policy",
        "and with it a limit on who sees which rows",
        Loss::Definition,
    ),
    (SyntaxKind::DROP_ROLE, "role", "; whoever signs in with it no longer can", Loss::Definition),
    (SyntaxKind::DROP_USER, "role", "; whoever signs in with it no longer can", Loss::Definition),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Loss {
    Data,
    /// It can be made again from its definition.
    Definition,
}

fn dropped(node: &SyntaxNode) -> Option<Finding> {
    let (_, noun, with, loss) = DROPS.into_iter().find(|(kind, ..)| *kind == node.kind())?;
    let cascades = node.children().any(|child| child.kind() == SyntaxKind::CASCADE);
    let names = names(node);
    let with = match (cascades, with.strip_prefix(';')) {
        (true, _) if with.is_empty() => " and whatever depends on it".to_owned(),
        (true, _) => format!(" {with} and whatever depends on it"),
        (false, Some(more)) => format!(";{more}"),
        (false, None) if with.is_empty() => String::new(),
        (false, None) => format!(" {with}"),
    };
    let what = format!("drops {noun} {names}{with}");
    let finding = match loss {
        Loss::Data => Finding::new(Destroys, what),
        Loss::Definition if cascades => Finding::new(Breaks, what)
            .destructive()
            .safer("Without CASCADE it stops where something still depends on it"),
        Loss::Definition => Finding::new(Breaks, what),
    };
    let one = !names.contains(',');
    let finding = match node.kind() {
        SyntaxKind::DROP_TABLE => finding
            .locks(Lock::AccessExclusive, &names)
            .safer("Rename it first, and drop it when nobody has missed it"),
        _ => finding, // its lock is held by no table that lives on
    };
    Some(if one { finding.of(&names) } else { finding })
}

/// What a statement is about, without its options.
fn names(node: &SyntaxNode) -> String {
    let options = [SyntaxKind::IF_EXISTS, SyntaxKind::CASCADE, SyntaxKind::RESTRICT];
    let children = node.children().filter(|child| !options.contains(&child.kind()));
    let names: Vec<String> = children.map(|child| text(&child)).collect();
    if node.kind() == SyntaxKind::DROP_TRIGGER || node.kind() == SyntaxKind::DROP_POLICY {
        return names.join(" "); // the table's name comes with its own ON
    }
    names.join(", ")
}

/// `UPDATE` and `DELETE` of all rows, wherever they stand in the statement; rules of SQL alone do not tell them apart.
fn written(node: &SyntaxNode) -> Vec<Finding> {
    node.descendants().filter_map(|node| all_rows(&node)).collect()
}

fn all_rows(node: &SyntaxNode) -> Option<Finding> {
    if let Some(delete) = ast::Delete::cast(node.clone()) {
        let table = text(delete.relation_name()?.syntax());
        let narrowed =
            delete.where_clause_or_current_of().is_some() || delete.using_clause().is_some();
        return (!narrowed).then(|| {
            Finding::new(Destroys, format!("deletes every row of {table}: it has no WHERE"))
                .locks(Lock::RowExclusive, &table)
                .safer("Add a WHERE, or use TRUNCATE where all rows are meant")
                .of(&table)
        });
    }
    let update = ast::Update::cast(node.clone())?;
    let table = text(update.relation_name()?.syntax());
    let narrowed = update.where_clause_or_current_of().is_some() || update.from_clause().is_some();
    (!narrowed).then(|| {
        Finding::new(Destroys, format!("changes every row of {table}: it has no WHERE"))
            .locks(Lock::RowExclusive, &table)
            .safer("Add a WHERE, and change a large table in parts, each in a script of its own")
            .of(&table)
    })
}

fn truncated(truncate: &ast::Truncate) -> Vec<Finding> {
    let cascades = matches!(truncate.drop_behavior(), Some(ast::DropBehavior::Cascade(_)));
    let with = if cascades { ", and every table that references it" } else { "" };
    let tables = truncate.table_list().into_iter().flat_map(|list| list.table_relation_names());
    tables
        .map(|table| {
            let table = text(table.syntax());
            Finding::new(Destroys, format!("empties {table}{with}"))
                .locks(Lock::AccessExclusive, &table)
                .of(&table)
        })
        .collect()
}

fn alter_type(ty: &ast::AlterType) -> Option<Finding> {
    let name = text(ty.type_name_ref()?.syntax());
    match ty.action()? {
        ast::AlterTypeAction::RenameValue(_) => Some(
            Finding::new(Breaks, format!("renames a value of {name}"))
                .safer("Add the new value, move the rows, and leave the old one"),
        ),
        ast::AlterTypeAction::AddValue(_) => Some(
            Finding::new(Fails, format!("adds a value to {name}; a statement after it in the same script can't use it yet"))
                .safer("Use the new value in a later migration"),
        ),
        ast::AlterTypeAction::AlterTypeAttributeActionList(_) => Some(
            Finding::new(Rewrites, format!("changes the parts of {name}; tables that have it are rewritten")).destructive(),
        ),
        ast::AlterTypeAction::TypeRenameTo(_)
        | ast::AlterTypeAction::RenameAttribute(_)
        | ast::AlterTypeAction::SetSchema(_) => {
            Some(Finding::new(Breaks, format!("gives {name} or a part of it another name")))
        }
        ast::AlterTypeAction::OwnerTo(_) | ast::AlterTypeAction::SetOptions(_) => None,
    }
}

/// The linter speaks of an index that is built under a lock; here is the lock of the better one.
fn created_index(index: &ast::CreateIndex) -> Option<Finding> {
    let table = text(index.table_relation_name()?.syntax());
    index.concurrently_token().map(|_| {
        Finding::new(Brief, format!("builds an index on {table} beside the others' work"))
            .locks(Lock::ShareUpdateExclusive, &table)
            .of(&table)
    })
}

/// A new table that references others locks those.
fn referenced(table: &ast::CreateTable) -> Vec<Finding> {
    let Some(arguments) = table.table_arg_list() else { return Vec::new() };
    let mut names: Vec<String> = arguments
        .syntax()
        .descendants()
        .filter_map(|node| {
            let foreign =
                ast::ForeignKeyConstraint::cast(node.clone()).and_then(|key| key.table_name_ref());
            foreign.or_else(|| ast::ReferencesConstraint::cast(node)?.table())
        })
        .map(|name| text(name.syntax()))
        .collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .map(|name| {
            Finding::new(Brief, format!("makes a table that references {name}"))
                .locks(Lock::ShareRowExclusive, &name)
                .of(&name)
        })
        .collect()
}

fn created_trigger(table: &str) -> Finding {
    Finding::new(Brief, format!("makes a trigger on {table}"))
        .locks(Lock::ShareRowExclusive, table)
        .of(table)
}

fn vacuumed(vacuum: &ast::Vacuum) -> Option<Finding> {
    let in_list = vacuum.vacuum_option_list().is_some_and(|list| {
        list.vacuum_options().any(|option| {
            let option = text(option.syntax()).to_lowercase();
            option.starts_with("full") && !option.ends_with("false") && !option.ends_with("off")
        })
    });
    let tables = vacuum
        .table_and_columns_list()
        .map_or_else(|| "every table".to_owned(), |list| text(list.syntax()));
    (in_list || vacuum.full_token().is_some()).then(|| {
        Finding::new(Rewrites, format!("writes {tables} anew"))
            .locks(Lock::AccessExclusive, &tables)
            .safer("A plain VACUUM blocks nobody")
    })
}

fn refreshed(refresh: &ast::Refresh) -> Vec<Finding> {
    let Some(view) = refresh.view_ref().map(|view| text(view.syntax())) else { return Vec::new() };
    let beside = refresh
        .syntax()
        .children_with_tokens()
        .any(|element| element.kind() == SyntaxKind::CONCURRENTLY_KW);
    vec![if beside {
        Finding::new(Locks, format!("computes {view} anew beside its readers"))
            .locks(Lock::Exclusive, &view)
    } else {
        Finding::new(Rewrites, format!("computes {view} anew"))
            .locks(Lock::AccessExclusive, &view)
            .safer("REFRESH MATERIALIZED VIEW CONCURRENTLY lets others read meanwhile")
    }]
}

fn locked(lock: &ast::Lock) -> Finding {
    use ast::LockMode as Mode;
    let on = lock.relation_list().map_or_else(String::new, |list| text(list.syntax()));
    let mode = lock.lock_mode_clause().and_then(|clause| clause.lock_mode());
    let strength = match mode {
        None | Some(Mode::AccessExclusive(_)) => Lock::AccessExclusive,
        Some(Mode::Exclusive(_)) => Lock::Exclusive,
        Some(Mode::ShareRowExclusive(_)) => Lock::ShareRowExclusive,
        Some(Mode::Share(_)) => Lock::Share,
        Some(Mode::ShareUpdateExclusive(_)) => Lock::ShareUpdateExclusive,
        Some(Mode::RowExclusive(_) | Mode::RowShare(_) | Mode::AccessShare(_)) => {
            Lock::RowExclusive
        }
    };
    Finding::new(Locks, format!("locks {on} by name")).locks(strength, &on).of(&on)
}

/// A block runs at once: its statements count as the script's own.
fn done(block: &ast::Do) -> Vec<Finding> {
    let Some(body) = block.plpgsql() else {
        return vec![Finding::new(Unseen, "runs a block in a language that is not looked into")];
    };
    let inner = body.syntax();
    let mut found: Vec<Finding> = inner
        .descendants()
        .filter_map(Stmt::cast)
        .flat_map(|stmt| findings(&stmt))
        .map(|finding| Finding { what: format!("{}, inside a block", finding.what), ..finding })
        .collect();
    let dynamic =
        inner.descendants_with_tokens().any(|element| element.kind() == SyntaxKind::EXECUTE_KW);
    if dynamic {
        found.push(Finding::new(Unseen, "runs SQL that it puts together first"));
    }
    if found.is_empty() && !body.errors().is_empty() {
        found.push(Finding::new(Unseen, "runs a block that can't be read by our parser"));
    }
    found
}

fn shortened(node: &SyntaxNode) -> String {
    let all = text(node);
    let name: String = all.chars().take_while(|c| *c != '(').collect();
    name.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use crate::domain::migration::{Harm, Risk, lock::Lock, risk::tests::risks};

    fn one(sql: &str) -> Risk {
        let mut found = risks(sql);
        found.retain(|risk| risk.harm != Harm::Brief);
        let [risk] =
            <[Risk; 1]>::try_from(found).unwrap_or_else(|found| panic!("{sql}: {found:?}"));
        risk
    }

    #[test]
    fn each_loss_has_its_sentence() {
        for (sql, what) in [
            ("DROP TABLE a", "drops table a and its rows"),
            (
                "drop table if exists public.\"User\", b",
                "drops table public.\"User\", b and its rows",
            ),
            ("DROP TABLE a CASCADE", "drops table a and its rows and whatever depends on it"),
            (
                "DROP SCHEMA old CASCADE",
                "drops schema old with everything in it and whatever depends on it",
            ),
            ("DROP DATABASE shop", "drops database shop with everything in it"),
            ("DROP MATERIALIZED VIEW m", "drops materialized view m and its rows"),
            ("DROP SEQUENCE s", "drops sequence s and the number it stands at"),
            ("DROP OWNED BY bob", "drops everything that belongs to bob"),
            ("TRUNCATE a", "empties a"),
            ("truncate table a cascade", "empties a, and every table that references it"),
            ("DELETE FROM a", "deletes every row of a: it has no WHERE"),
            ("update only a set b = 1", "changes every row of only a: it has no WHERE"),
            (
                "WITH gone AS (DELETE FROM a RETURNING *) SELECT * FROM gone",
                "deletes every row of a: it has no WHERE",
            ),
            (
                "DO $$ BEGIN DELETE FROM a; END $$",
                "deletes every row of a: it has no WHERE, inside a block",
            ),
        ] {
            let risk = one(sql);
            assert_eq!(
                (risk.what.as_str(), risk.harm, risk.destructive),
                (what, Harm::Destroys, true),
                "{sql}"
            );
        }
    }

    #[test]
    fn some_rows_are_no_loss() {
        for sql in [
            "DELETE FROM a WHERE b = 1",
            "UPDATE a SET b = 1 WHERE c",
            "UPDATE a SET b = other.b FROM other WHERE other.id = a.id",
            "DELETE FROM a USING b WHERE a.id = b.id",
            "INSERT INTO a SELECT * FROM b",
            "INSERT INTO a VALUES (1) ON CONFLICT (id) DO UPDATE SET b = 1",
        ] {
            assert_eq!(risks(sql), [], "{sql}");
        }
    }

    #[test]
    fn dropping_a_definition_loses_no_rows_unless_it_cascades() {
        for (sql, what, destructive) in [
            ("DROP VIEW v", "drops view v", false),
            ("DROP VIEW v CASCADE", "drops view v and whatever depends on it", true),
            ("DROP TYPE t", "drops type t", false),
            ("DROP FUNCTION f(int)", "drops function f(int)", false),
            ("DROP TRIGGER t ON a", "drops trigger t ON a", false),
            (
                "DROP EXTENSION postgis CASCADE",
                "drops extension postgis with its types and functions and whatever depends on it",
                true,
            ),
            ("DROP ROLE bob", "drops role bob; whoever signs in with it no longer can", false),
        ] {
            let risk = one(sql);
            assert_eq!(
                (risk.what.as_str(), risk.harm, risk.destructive),
                (what, Harm::Breaks, destructive),
                "{sql}"
            );
        }
    }

    #[test]
    fn rewriting_and_locking_are_told_with_the_lock() {
        for (sql, harm, lock, on) in [
            ("VACUUM FULL a", Harm::Rewrites, Lock::AccessExclusive, "a"),
            ("VACUUM (FULL, VERBOSE) a", Harm::Rewrites, Lock::AccessExclusive, "a"),
            ("CLUSTER a USING i", Harm::Rewrites, Lock::AccessExclusive, "a"),
            ("REFRESH MATERIALIZED VIEW m", Harm::Rewrites, Lock::AccessExclusive, "m"),
            ("REFRESH MATERIALIZED VIEW CONCURRENTLY m", Harm::Locks, Lock::Exclusive, "m"),
            ("LOCK TABLE a", Harm::Locks, Lock::AccessExclusive, "a"),
            ("LOCK a IN SHARE MODE", Harm::Locks, Lock::Share, "a"),
            ("LOCK a IN SHARE ROW EXCLUSIVE MODE", Harm::Locks, Lock::ShareRowExclusive, "a"),
        ] {
            let risk = one(sql);
            assert_eq!((risk.harm, risk.lock), (harm, Some((lock, on.to_owned()))), "{sql}");
        }
        assert_eq!(risks("VACUUM a"), []);
        assert_eq!(risks("VACUUM (FULL false) a"), []);
    }

    #[test]
    fn short_locks_are_kept_apart_from_long_ones() {
        for (sql, lock, on) in [
            ("CREATE INDEX CONCURRENTLY i ON a(b)", Lock::ShareUpdateExclusive, "a"),
            (
                "CREATE TRIGGER t BEFORE UPDATE ON a FOR EACH ROW EXECUTE FUNCTION f()",
                Lock::ShareRowExclusive,
                "a",
            ),
            ("CREATE TABLE b (a_id int REFERENCES a(id))", Lock::ShareRowExclusive, "a"),
            (
                "CREATE TABLE b (x int, FOREIGN KEY (x) REFERENCES s.a (id))",
                Lock::ShareRowExclusive,
                "s.a",
            ),
        ] {
            let found = risks(sql);
            let locks: Vec<_> = found.iter().map(|risk| (risk.harm, risk.lock.clone())).collect();
            assert_eq!(locks, [(Harm::Brief, Some((lock, on.to_owned())))], "{sql}");
        }
    }

    #[test]
    fn what_is_not_in_the_text_is_said_to_be_unseen() {
        for sql in [
            "CALL tidy_up(1)",
            "DO LANGUAGE plpython3u $$ x = 1 $$",
            "DO $$ BEGIN EXECUTE 'DROP TABLE ' || name; END $$",
        ] {
            assert_eq!(one(sql).harm, Harm::Unseen, "{sql}");
        }
        assert_eq!(
            one("CALL shop.tidy_up(1)").what,
            "runs a procedure, shop.tidy_up, whose text is in the database"
        );
    }

    #[test]
    fn types_break_what_uses_them() {
        for (sql, harm) in [
            ("ALTER TYPE mood ADD VALUE 'sad'", Harm::Fails),
            ("ALTER TYPE mood RENAME VALUE 'a' TO 'b'", Harm::Breaks),
            ("ALTER TYPE mood RENAME TO feeling", Harm::Breaks),
            ("ALTER TYPE pair ALTER ATTRIBUTE a TYPE text", Harm::Rewrites),
        ] {
            let found = risks(sql);
            assert!(found.iter().any(|risk| risk.harm == harm), "{sql}: {found:?}");
        }
    }
}

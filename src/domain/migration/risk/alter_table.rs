//! `ALTER TABLE`, action by action: what is lost, what is rewritten, which lock is taken.

use squawk_syntax::ast::{
    self, AlterColumnOption as Column, AlterTableAction as Action, AstNode as _,
};

use super::{Finding, text};
use crate::domain::migration::{
    Harm::{Breaks, Brief, Destroys, Fails, Locks, Rewrites},
    lock::Lock,
};

pub(super) fn findings(table: &ast::AlterTable) -> Vec<Finding> {
    let Some(name) = table.table_relation_name().map(|name| text(name.syntax())) else {
        return Vec::new();
    };
    table.actions().map(|action| finding(&name, &action).of(&name)).collect()
}

fn finding(table: &str, action: &Action) -> Finding {
    let all = |finding: Finding| finding.locks(Lock::AccessExclusive, table);
    let brief = |what: String| all(Finding::new(Brief, what));
    match action {
        Action::DropColumn(drop) => all(dropped(table, drop)),
        Action::AlterColumn(column) => altered(table, column),
        Action::AddColumn(column) => added(table, column),
        Action::AddConstraint(add) => constrained(table, add),
        Action::SetLogged(_) => {
            all(Finding::new(Rewrites, format!("writes {table} anew, into the server's log")))
        }
        Action::SetUnlogged(_) => all(Finding::new(
            Rewrites,
            format!("writes {table} anew without a log; after a crash of the server it is empty"),
        ))
        .destructive(),
        Action::SetTablespace(_) => {
            all(Finding::new(Rewrites, format!("copies {table} to another place on disk")))
        }
        Action::SetAccessMethod(_) => {
            all(Finding::new(Rewrites, format!("writes {table} anew in another form")))
        }
        Action::DropConstraint(drop) => {
            let name =
                drop.constraint_name_ref().map_or_else(String::new, |name| text(name.syntax()));
            let what =
                format!("drops constraint {name} of {table}: what it kept out may now come in");
            all(Finding::new(Breaks, what))
        }
        Action::ValidateConstraint(_) => {
            Finding::new(Brief, format!("checks every row of {table} beside the others' work"))
                .locks(Lock::ShareUpdateExclusive, table)
        }
        Action::AttachPartition(attach) => {
            let part = attach.table_name_ref().map_or_else(String::new, |name| text(name.syntax()));
            Finding::new(
                Locks,
                format!("checks every row of {part} before it becomes a part of {table}"),
            )
            .locks(Lock::AccessExclusive, &part)
            .safer("A valid CHECK with the same bounds saves the reading")
        }
        // The linter speaks of these two where they need a word.
        Action::DetachPartition(_) => brief(format!("takes a part off {table}")),
        Action::RenameColumn(_) | Action::TableRenameTo(_) => {
            brief(format!("renames {table} or a column of it"))
        }
        Action::SetSchema(_) => {
            all(Finding::new(Breaks, format!("moves {table} into another schema")))
                .safer("A view of the old name keeps running code alive")
        }
        Action::MergePartitions(_) | Action::SplitPartition(_) => {
            all(Finding::new(Rewrites, format!("writes parts of {table} anew")))
        }
        Action::DisableTrigger(_) | Action::DisableRule(_) => Finding::new(
            Breaks,
            format!("switches a trigger or rule of {table} off, and with it what it kept right"),
        )
        .locks(Lock::ShareRowExclusive, table),
        Action::DisableRls(_) | Action::NoForceRls(_) => {
            all(Finding::new(Breaks, format!("lifts the limits on who sees which rows of {table}")))
        }
        Action::EnableRls(_) | Action::ForceRls(_) => all(Finding::new(
            Breaks,
            format!("lets roles see only the rows of {table} that a policy allows"),
        )),
        _ => passing(table, action), // holds others up for a moment at most
    }
}

fn passing(table: &str, action: &Action) -> Finding {
    let (what, lock) = match action {
        Action::EnableTrigger(_)
        | Action::EnableAlwaysTrigger(_)
        | Action::EnableReplicaTrigger(_) => ("switches a trigger on for", Lock::ShareRowExclusive),
        Action::SetOptions(_)
        | Action::ResetOptions(_)
        | Action::ClusterOn(_)
        | Action::SetWithoutCluster(_) => {
            ("changes from now on how rows are stored in", Lock::ShareUpdateExclusive)
        }
        _ => ("changes", Lock::AccessExclusive), // the strongest, for whatever else there is
    };
    Finding::new(Brief, format!("{what} {table}")).locks(lock, table)
}

fn dropped(table: &str, drop: &ast::DropColumn) -> Finding {
    let column = drop.column_name_ref().map_or_else(String::new, |name| text(name.syntax()));
    let with = match drop.drop_behavior() {
        Some(ast::DropBehavior::Cascade(_)) => ", and whatever depends on it",
        Some(ast::DropBehavior::Restrict(_)) | None => "",
    };
    Finding::new(Destroys, format!("drops column {column} of {table} with its values{with}"))
        .safer("Let the app stop using it first, and drop it in a later migration")
}

fn altered(table: &str, alter: &ast::AlterColumn) -> Finding {
    let column = alter.column_name_ref().map_or_else(String::new, |name| text(name.syntax()));
    let all = |finding: Finding| finding.locks(Lock::AccessExclusive, table);
    match alter.option() {
        Some(Column::SetType(to)) => {
            let to = to.ty().map_or_else(String::new, |ty| text(ty.syntax()));
            all(Finding::new(Rewrites, format!("changes column {column} of {table} to {to}")))
                .destructive()
                .safer("Add a column of the new type, fill it in parts, and change over")
        }
        Some(Column::SetNotNull(_)) => all(Finding::new(
            Locks,
            format!("reads every row of {table} to see that {column} has no empty value; ends in an error where one has"),
        ))
        .safer("Add CHECK (… IS NOT NULL) NOT VALID, validate it in a later migration, then this reads nothing"),
        Some(Column::DropExpression(_)) => {
            all(Finding::new(Breaks, format!("no longer computes column {column} of {table}")))
        }
        Some(Column::SetExpression(_)) => {
            all(Finding::new(Rewrites, format!("computes column {column} of {table} anew in every row"))).destructive()
        }
        Some(Column::DropDefault(_)) => all(Finding::new(
            Breaks,
            format!("takes the default of column {column} of {table} away: rows that are added without it get none"),
        )),
        Some(Column::SetStatistics(_) | Column::SetOptions(_) | Column::SetOptionsList(_) | Column::ResetOptions(_)) => {
            Finding::new(Brief, format!("changes how column {column} of {table} is measured"))
                .locks(Lock::ShareUpdateExclusive, table)
        }
        Some(
            Column::AddGenerated(_)
            | Column::DropIdentity(_)
            | Column::DropNotNull(_)
            | Column::Inherit(_)
            | Column::NoInherit(_)
            | Column::Restart(_)
            | Column::SetCompression(_)
            | Column::SetDefault(_)
            | Column::SetGenerated(_)
            | Column::SetGeneratedOptions(_)
            | Column::SetSequenceOption(_)
            | Column::SetStorage(_),
        )
        | None => all(Finding::new(Brief, format!("changes column {column} of {table}"))),
    }
}

/// What the linter does not say of a new column: it has to be filled in every row.
fn added(table: &str, add: &ast::AddColumn) -> Finding {
    let column = add.column_name().map_or_else(String::new, |name| text(name.syntax()));
    let ty = add.ty().map_or_else(String::new, |ty| text(ty.syntax()).to_lowercase());
    let numbered = ["serial", "bigserial", "smallserial"].contains(&ty.as_str());
    let finding = if numbered {
        Finding::new(Rewrites, format!("writes {table} anew to number its rows in column {column}"))
            .safer("Add an empty column, fill it in parts, then set its default")
    } else {
        Finding::new(Brief, format!("adds column {column} to {table}"))
    };
    finding.locks(Lock::AccessExclusive, table)
}

fn constrained(table: &str, add: &ast::AddConstraint) -> Finding {
    use ast::Constraint;
    let (what, lock) = match add.constraint() {
        Some(Constraint::ForeignKeyConstraint(_) | Constraint::ReferencesConstraint(_)) => {
            ("adds a foreign key to", Lock::ShareRowExclusive)
        }
        Some(Constraint::ExcludeConstraint(_)) => {
            return Finding::new(Locks, format!("builds an index on {table} and checks every row"))
                .locks(Lock::AccessExclusive, table);
        }
        Some(Constraint::PrimaryKeyConstraint(key)) if key.using_index().is_none() => {
            return Finding::new(Fails, format!("builds the index of a primary key of {table}; ends in an error where values repeat or are empty"))
                .locks(Lock::AccessExclusive, table)
                .safer("Build a unique index CONCURRENTLY first, then ADD PRIMARY KEY USING INDEX");
        }
        Some(
            Constraint::CheckConstraint(_)
            | Constraint::DefaultConstraint(_)
            | Constraint::GeneratedConstraint(_)
            | Constraint::NotNullConstraint(_)
            | Constraint::NullConstraint(_)
            | Constraint::PrimaryKeyConstraint(_)
            | Constraint::UniqueConstraint(_),
        )
        | None => ("adds a constraint to", Lock::AccessExclusive),
    };
    Finding::new(Brief, format!("{what} {table}")).locks(lock, table)
}

#[cfg(test)]
mod tests {
    use crate::domain::migration::{Harm, lock::Lock, risk::tests::risks};

    #[test]
    fn every_action_has_its_harm_and_lock() {
        use Harm::{Breaks, Brief, Destroys, Fails, Locks, Rewrites};
        use Lock::{
            AccessExclusive as All, ShareRowExclusive as Rows, ShareUpdateExclusive as Update,
        };
        for (action, harm, destructive, lock) in [
            ("DROP COLUMN b", Destroys, true, All),
            ("DROP b", Destroys, true, All),
            ("DROP COLUMN IF EXISTS b CASCADE", Destroys, true, All),
            ("ALTER COLUMN b TYPE int", Rewrites, true, All),
            ("ALTER b SET DATA TYPE int USING b::int", Rewrites, true, All),
            ("ALTER COLUMN b SET NOT NULL", Locks, false, All),
            ("ALTER COLUMN b DROP DEFAULT", Breaks, false, All),
            ("ALTER COLUMN b DROP EXPRESSION", Breaks, false, All),
            ("ALTER COLUMN b SET DEFAULT 1", Brief, false, All),
            ("ALTER COLUMN b SET STATISTICS 1000", Brief, false, Update),
            ("ADD COLUMN b int", Brief, false, All),
            ("ADD COLUMN b bigserial", Rewrites, false, All),
            ("SET UNLOGGED", Rewrites, true, All),
            ("SET LOGGED", Rewrites, false, All),
            ("SET TABLESPACE fast", Rewrites, false, All),
            ("DROP CONSTRAINT c", Breaks, false, All),
            ("VALIDATE CONSTRAINT c", Brief, false, Update),
            ("ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES c(id) NOT VALID", Brief, false, Rows),
            ("ADD CONSTRAINT k CHECK (b > 0) NOT VALID", Brief, false, All),
            ("ADD PRIMARY KEY (b)", Fails, false, All),
            ("ADD CONSTRAINT p PRIMARY KEY USING INDEX i", Brief, false, All),
            ("ADD EXCLUDE USING gist (b WITH &&)", Locks, false, All),
            ("ATTACH PARTITION p FOR VALUES IN (1)", Locks, false, All),
            ("SET SCHEMA other", Breaks, false, All),
            ("DISABLE TRIGGER ALL", Breaks, false, Rows),
            ("ENABLE ROW LEVEL SECURITY", Breaks, false, All),
            ("DISABLE ROW LEVEL SECURITY", Breaks, false, All),
            ("OWNER TO bob", Brief, false, All),
        ] {
            let found = risks(&format!("ALTER TABLE a {action};"));
            let ours = found
                .iter()
                .map(|risk| (risk.harm, risk.destructive, risk.lock.as_ref().map(|lock| lock.0)));
            assert!(
                ours.clone().any(|one| one == (harm, destructive, Some(lock))),
                "{action}: {:?}",
                ours.collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn the_sentence_names_table_and_column() {
        let what = |sql: &str| risks(sql).into_iter().map(|risk| risk.what).collect::<Vec<_>>();
        assert_eq!(
            what("ALTER TABLE \"User\" DROP COLUMN old;"),
            ["drops column old of \"User\" with its values"]
        );
        assert_eq!(
            what("ALTER TABLE a ALTER b TYPE numeric(10, 2)"),
            ["changes column b of a to numeric(10, 2)"]
        );
    }

    #[test]
    fn several_actions_are_told_one_by_one() {
        let found = risks("ALTER TABLE a DROP COLUMN b, DROP COLUMN c, ADD COLUMN d int");
        let harms: Vec<Harm> = found.iter().map(|risk| risk.harm).collect();
        assert_eq!(harms, [Harm::Destroys, Harm::Destroys]);
    }
}

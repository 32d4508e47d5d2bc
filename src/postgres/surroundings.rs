//! What stands around a migration, asked over the connection that has just proved itself direct.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    domain::migration::surroundings::{Blocker, Surroundings},
    postgres::wire::{Row, Wire, WireError},
};

const SIZE: &str = "select current_setting('server_version'), count(*), \
     coalesce(sum(greatest(c.reltuples, 0)), 0)::int8 \
     from pg_class c join pg_namespace n on n.oid = c.relnamespace \
     where c.relkind in ('r', 'p') and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'";

/// Locks on tables are seen by everybody; whose they are and since when only by their own role and `pg_monitor`.
const HELD: &str = "select a.pid, coalesce(a.usename::text, '?'), coalesce(a.application_name, ''), \
     coalesce(a.state, ''), extract(epoch from clock_timestamp() - a.xact_start)::int8, \
     string_agg(distinct l.relation::regclass::text, ', ' order by l.relation::regclass::text) \
     from pg_locks l join pg_stat_activity a on a.pid = l.pid \
     join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace \
     where l.granted and l.locktype = 'relation' and a.pid <> pg_backend_pid() \
     and l.database = (select oid from pg_database where datname = current_database()) \
     and c.relkind in ('r', 'p', 'm') and n.nspname <> 'information_schema' and n.nspname !~ '^pg_' \
     and a.backend_type is distinct from 'autovacuum worker' \
     group by 1, 2, 3, 4, 5 order by 5 desc nulls last, 1 limit 50";

/// Transactions that were prepared for a commit in two phases and never ended: they hold their locks for ever.
const PREPARED: &str = "select p.owner::text, p.gid, extract(epoch from clock_timestamp() - p.prepared)::int8, \
     coalesce((select string_agg(distinct l.relation::regclass::text, ', ') from pg_locks l \
     where l.virtualtransaction = '-1/' || p.transaction::text and l.locktype = 'relation'), 'something') \
     from pg_prepared_xacts p where p.database = current_database() order by p.prepared limit 20";

/// Reads it; changes nothing. `wire` is direct; a transaction with locks counts from the age `long` on.
pub async fn read(wire: &mut Wire, long: Duration) -> Result<Surroundings, WireError> {
    let proved_at = Timestamp::now();
    let size = wire.rows(SIZE).await?;
    let held = wire.rows(HELD).await?;
    let prepared = wire.rows(PREPARED).await?;
    let size = size.first().map(Vec::as_slice).unwrap_or_default();
    let hidden = held.iter().filter(|row| text(row, 4).is_none()).count();
    let mut blockers: Vec<Blocker> = held.iter().filter_map(blocker).collect();
    blockers.extend(prepared.iter().filter_map(left_prepared));
    blockers.retain(|blocker| long <= blocker.age);
    Ok(Surroundings {
        proved_at,
        server: text(size, 0).unwrap_or_default(),
        tables: number(size, 1),
        rows: number(size, 2),
        blockers,
        hidden: u32::try_from(hidden).unwrap_or(u32::MAX),
    })
}

fn blocker(row: &Row) -> Option<Blocker> {
    Some(Blocker {
        process: text(row, 0)?.parse().ok(),
        user: text(row, 1)?,
        application: text(row, 2)?,
        state: text(row, 3)?,
        age: Duration::from_secs(text(row, 4)?.parse().ok()?),
        tables: text(row, 5)?,
    })
}

fn left_prepared(row: &Row) -> Option<Blocker> {
    Some(Blocker {
        process: None,
        user: text(row, 0)?,
        application: text(row, 1)?,
        state: "left prepared".to_owned(),
        age: Duration::from_secs(text(row, 2)?.parse().ok()?),
        tables: text(row, 3)?,
    })
}

fn text(row: &[Option<String>], index: usize) -> Option<String> {
    row.get(index).cloned().flatten()
}

fn number(row: &[Option<String>], index: usize) -> u64 {
    text(row, index).and_then(|text| text.parse().ok()).unwrap_or(0)
}

//! What stands in the way of a pool, in words.

use crate::domain::{
    capacity::Sizing,
    pool::{Pool, PoolOrder},
    problem::{Fix, Problem},
};

pub(super) fn no_cluster() -> Problem {
    Problem::new("no cluster", "No cluster is chosen.", "Step 2 chooses it.")
}

pub(super) fn no_name() -> Problem {
    Problem::new("pool name", "The pool has no name yet.", "It has 3 to 60 characters.")
}

pub(super) fn database_name(name: &str) -> Problem {
    Problem::new(
        "pool name",
        format!("{name} is also the name of a database."),
        "In the pooled URL the pool's name stands where the database's usually stands; with equal names nobody can tell them apart.",
    )
    .hint("Choose another name")
}

pub(super) fn no_database(name: &str) -> Problem {
    Problem::new("database", format!("There is no database {name} on this cluster."), "")
}

pub(super) fn no_connection() -> Problem {
    Problem::new("capacity", "A pool has at least 1 connection.", "").fix("Use 1", Fix::UseSize(1))
}

pub(super) fn over_booked(size: u32, sizing: &Sizing) -> Problem {
    let demand = sizing.demand;
    let problem = Problem::new(
        "capacity",
        format!("{size} is more than the {} connections that are free.", sizing.ceiling),
        format!(
            "{} in all: {} in other pools, {} direct, {} kept free for migrations and administration.",
            demand.limit, demand.others, demand.direct, demand.reserve
        ),
    );
    if sizing.ceiling == 0 {
        return problem.hint("Make another pool smaller, or choose a larger plan");
    }
    problem.fix(format!("Use {}", sizing.suggested), Fix::UseSize(sizing.suggested))
}

pub(super) fn name_taken(pool: &Pool) -> Problem {
    Problem::new(
        "name taken",
        format!("A pool named {} exists.", pool.name),
        format!(
            "It serves database {} as {}, {} connections, {} mode.",
            pool.db,
            pool.user.as_deref().unwrap_or("the inbound user"),
            pool.size,
            pool.mode.word()
        ),
    )
    .fix("Use this pool", Fix::UsePool(pool.name.clone()))
    .hint("Choose another name")
}

pub(super) fn not_created(order: &PoolOrder) -> Problem {
    Problem::new(
        "not created",
        format!("Pool {} was not created.", order.name),
        "The answer to the request was lost, and the account does not list the pool.",
    )
    .fix("Create the pool again", Fix::TryAgain)
}

pub(super) fn not_there_yet(order: &PoolOrder) -> Problem {
    Problem::new(
        "not there yet",
        format!("Pool {} is not there yet.", order.name),
        "The account was asked, and does not list it under this name.",
    )
    .fix("Check again", Fix::TryAgain)
    .hint("Create it with the values below, in the cluster's tab “Connection Pools”")
}

pub(super) fn different(pool: &Pool, order: &PoolOrder) -> Problem {
    let user = |user: &Option<String>| {
        user.as_deref().map_or("the inbound user".to_owned(), str::to_owned)
    };
    Problem::new(
        "pool differs",
        format!("Pool {} exists, but not as asked for.", pool.name),
        format!(
            "It has {} connections in {} mode on {} as {}; {} in {} mode on {} as {} were asked for.",
            pool.size,
            pool.mode.word(),
            pool.db,
            user(&pool.user),
            order.size,
            order.mode.word(),
            order.db,
            user(&order.user)
        ),
    )
    .fix("Use this pool", Fix::UsePool(pool.name.clone()))
    .hint("Choose another name")
}

/// DigitalOcean's guide says that a mode can't be changed, its API that it can.
pub(super) fn mode_kept(pool: &Pool, order: &PoolOrder) -> Problem {
    Problem::new(
        "mode kept",
        format!("Pool {} is still in {} mode.", pool.name, pool.mode.word()),
        format!(
            "DigitalOcean took the change to {} mode and kept the old one. Its size is {} now; database and user are as before.",
            order.mode.word(),
            pool.size
        ),
    )
    .fix("Use this pool", Fix::UsePool(pool.name.clone()))
    .hint(format!("Create another pool in {} mode, and delete this one when nothing uses it", order.mode.word()))
}

/// One of each, for the guide.
#[cfg(test)]
pub(crate) fn told() -> Vec<Problem> {
    use crate::{
        domain::{
            capacity::{Demand, size},
            pool::PoolMode,
        },
        setup::stories,
    };
    let order = PoolOrder { size: 20, ..stories::order() };
    let pool = Pool { mode: PoolMode::Session, size: 10, ..stories::made(&order) };
    let demand = Demand { limit: 97, measured: true, others: 60, direct: 14, reserve: 3, vcpus: 2 };
    vec![
        over_booked(48, &size(demand)),
        name_taken(&pool),
        database_name("shop"),
        different(&pool, &order),
        mode_kept(&pool, &order),
        not_created(&order),
        not_there_yet(&order),
    ]
}

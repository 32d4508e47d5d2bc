//! How many connections a cluster has, who holds them, and what size suits a pool.
//! The arithmetic is DigitalOcean's advice and HikariCP's rule; each number is shown with its reason.

/// Limits as the server gives them over the direct connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub max_connections: u32,
    pub superuser_reserved: u32,
    /// `reserved_connections`, from PostgreSQL 16; 0 before.
    pub reserved: u32,
}

impl Limits {
    /// Connections that ordinary roles can hold together.
    pub fn usable(self) -> u32 {
        self.max_connections.saturating_sub(self.superuser_reserved).saturating_sub(self.reserved)
    }

    /// What the plan allows while nothing is measured: `min(25 × RAM, 1000) − 3`.
    pub fn usable_by_plan(ram_gib: u32) -> u32 {
        ram_gib.saturating_mul(25).min(1000).saturating_sub(3)
    }
}

/// What goes into the arithmetic of a pool's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Usable connections of the cluster.
    pub limit: u32,
    /// `limit` was measured, not derived from the plan.
    pub measured: bool,
    /// Sum of the sizes of the cluster's other pools.
    pub others: u32,
    /// Backends that will stay direct.
    pub direct: u32,
    /// Kept free: one migration, one administrator, this program.
    pub reserve: u32,
    pub vcpus: u32,
}

pub const RESERVE: u32 = 3;

/// The marks on the scale and the suggestion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizing {
    pub demand: Demand,
    /// The most a pool may have: `limit − others − direct − reserve`.
    pub ceiling: u32,
    /// `2 × vCPU + 1`: enough to keep the processors busy (HikariCP, PostgreSQL wiki).
    pub low: u32,
    /// `⌊limit / 2⌋`: DigitalOcean's starting point.
    pub half: u32,
    /// `min(max(half, low), ceiling)`.
    pub suggested: u32,
}

pub fn size(demand: Demand) -> Sizing {
    let ceiling = demand
        .limit
        .saturating_sub(demand.others)
        .saturating_sub(demand.direct)
        .saturating_sub(demand.reserve);
    let low = demand.vcpus.saturating_mul(2).saturating_add(1);
    let half = demand.limit / 2;
    Sizing { demand, ceiling, low, half, suggested: half.max(low).min(ceiling) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demand(limit: u32, others: u32, direct: u32, vcpus: u32) -> Demand {
        Demand { limit, measured: true, others, direct, reserve: RESERVE, vcpus }
    }

    #[test]
    fn half_the_limit_is_suggested_where_it_fits() {
        let sizing = size(demand(97, 10, 4, 2));
        assert_eq!((sizing.ceiling, sizing.low, sizing.half, sizing.suggested), (80, 5, 48, 48));
    }

    #[test]
    fn the_ceiling_wins_over_half() {
        assert_eq!(size(demand(22, 10, 4, 1)).suggested, 5);
        assert_eq!(size(demand(22, 22, 4, 1)).suggested, 0);
    }

    #[test]
    fn the_processor_mark_wins_over_a_small_half() {
        assert_eq!(size(demand(22, 0, 0, 8)).suggested, 17);
    }

    #[test]
    fn plans_follow_the_memory() {
        let limits: Vec<u32> = [1, 2, 4, 8, 16, 32, 64, 256].map(Limits::usable_by_plan).to_vec();
        assert_eq!(limits, [22, 47, 97, 197, 397, 797, 997, 997]);
    }
}

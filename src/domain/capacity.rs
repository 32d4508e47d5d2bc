//! How many connections a cluster has, who holds them, and what size suits a pool.
//! The arithmetic is DigitalOcean's advice and HikariCP's rule; each number is shown with its reason.

use crate::domain::figures::count;

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

/// What a rolling deployment needs: old and new instances of the app run side by side for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// The most that the app held at one moment, all its instances together.
    pub app: u32,
    /// `None` where the app is not known.
    pub instances: Option<u32>,
    /// Held by everybody else, this program left out.
    pub others: u32,
    pub limit: u32,
}

impl Rollout {
    /// Per instance, rounded up.
    pub fn each(self) -> Option<u32> {
        let instances = self.instances.filter(|instances| 0 < *instances)?;
        Some(self.app.div_ceil(instances))
    }

    pub fn during(self) -> u32 {
        self.app.saturating_mul(2).saturating_add(self.others)
    }

    pub fn fits(self) -> bool {
        self.during() <= self.limit
    }

    /// `2 instances × 32 = 64. A deployment doubles that to 128, and others hold 17: 145 in all; but only 97 may connect, so
    /// 48 will be refused.`
    pub fn sentence(self) -> String {
        let app = match (self.instances, self.each()) {
            (Some(instances), Some(each)) if each * instances == self.app => {
                format!(
                    "{} × {each} = {}",
                    count(instances as usize, "instance", "instances"),
                    self.app
                )
            }
            (Some(instances), Some(each)) => {
                let instances = count(instances as usize, "instance", "instances");
                format!("{instances} hold {}, up to {each} each", self.app)
            }
            (_, _) => format!("The app holds {}", self.app),
        };
        let others = match self.others {
            0 => String::new(),
            others => format!(", and others hold {others}: {} in all", self.during()),
        };
        let (doubled, limit) = (self.app.saturating_mul(2), self.limit);
        let end = match self.during().saturating_sub(limit) {
            0 => format!("{limit} may connect, so that fits."),
            over => format!("but only {limit} may connect, so {over} will be refused."),
        };
        format!("{app}. A deployment doubles that to {doubled}{others}; {end}")
    }
}

/// What the pool's size should become, from what was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// So many would be enough, and would leave so many for other pools.
    Smaller {
        to: u32,
        frees: u32,
    },
    /// All were at work at once, and there is room.
    Larger {
        to: u32,
    },
    Fits,
}

/// `open`: the most server connections of the pool at one moment; the pooler opens one more only when all are at work.
/// `busy`: the most that were at work, where the server lets us see it.
pub fn advise(size: u32, open: u32, busy: Option<u32>, sizing: &Sizing) -> Advice {
    // A quarter more than was ever needed, and never less than keeps the processors busy.
    let enough = open.saturating_add(open.div_ceil(4)).max(sizing.low).max(1);
    let larger = size.saturating_add(size.div_ceil(2)).min(sizing.ceiling);
    // To free a single connection nobody resizes a pool.
    if enough + 1 < size {
        Advice::Smaller { to: enough, frees: size - enough }
    } else if busy.is_some_and(|busy| size <= busy) && size < larger {
        Advice::Larger { to: larger }
    } else {
        Advice::Fits
    }
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

    #[test]
    fn a_rolling_deployment_doubles_the_app() {
        let rollout = |app, instances, others| Rollout { app, instances, others, limit: 97 };
        assert_eq!(
            rollout(64, Some(2), 17).sentence(),
            "2 instances × 32 = 64. A deployment doubles that to 128, and others hold 17: 145 in all; but only 97 may connect, so 48 will be refused."
        );
        assert!(!rollout(64, Some(2), 17).fits());
        assert_eq!(
            rollout(9, Some(2), 0).sentence(),
            "2 instances hold 9, up to 5 each. A deployment doubles that to 18; 97 may connect, so that fits."
        );
        assert_eq!(
            rollout(48, None, 1).sentence(),
            "The app holds 48. A deployment doubles that to 96, and others hold 1: 97 in all; 97 may connect, so that fits."
        );
    }

    #[test]
    fn the_next_size_follows_from_what_was_seen() {
        let sizing = size(demand(97, 10, 4, 2));
        assert_eq!(advise(48, 19, Some(7), &sizing), Advice::Smaller { to: 24, frees: 24 });
        assert_eq!(advise(24, 20, Some(9), &sizing), Advice::Fits);
        assert_eq!(advise(11, 8, Some(8), &sizing), Advice::Fits, "a single one is not worth it");
        assert_eq!(advise(24, 24, Some(24), &sizing), Advice::Larger { to: 36 });
        assert_eq!(advise(24, 24, None, &sizing), Advice::Fits, "unseen, nothing is claimed");
        assert_eq!(advise(80, 80, Some(80), &sizing), Advice::Fits, "there is no room for more");
        assert_eq!(advise(10, 1, Some(1), &sizing), Advice::Smaller { to: 5, frees: 5 });
    }
}

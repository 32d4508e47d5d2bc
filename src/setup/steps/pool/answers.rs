//! What the account has by now, and what follows from it.

use crate::{
    domain::{
        cluster::ClusterId,
        pool::{Pool, PoolOrder},
        record::Undo,
    },
    setup::{
        Ctx,
        facts::Grant,
        step::StepId,
        steps::pool::{Phase, Step, problems},
    },
};

impl Step {
    pub(super) fn found(&mut self, ctx: &mut Ctx<'_>, found: Option<Pool>, order: &PoolOrder) {
        let by_hand = matches!(self.phase, Phase::Checking(..));
        match found {
            Some(pool) if pool.fulfils(order) && by_hand => {
                let what = format!("Pool {} made by hand in DigitalOcean's panel", pool.name);
                let why = "it was made by hand: delete it in the panel".to_owned();
                ctx.did(what, Undo::Impossible(why));
                self.established(ctx, pool);
            }
            // Refused because it was there, and never sent before: somebody else's, which is not ours to delete.
            Some(pool)
                if pool.fulfils(order)
                    && matches!(self.phase, Phase::Creating(..))
                    && self.unanswered.as_ref() != Some(&pool.name) =>
            {
                self.established(ctx, pool);
            }
            Some(pool) if pool.fulfils(order) => self.made(ctx, pool),
            Some(pool) => {
                let changing = matches!(self.phase, Phase::Changing(..));
                self.phase = Phase::Failed(if changing && pool.mode != order.mode {
                    problems::mode_kept(&pool, order)
                } else {
                    problems::different(&pool, order)
                });
                // The card offers to use it, so it has to be known.
                self.know(ctx, pool);
            }
            None if by_hand => self.phase = Phase::Failed(problems::not_there_yet(order)),
            None => self.phase = Phase::Failed(problems::not_created(order)),
        }
    }

    /// The account did what was ordered, or was found to have done it.
    pub(super) fn made(&mut self, ctx: &mut Ctx<'_>, pool: Pool) {
        let Some(cluster) = &ctx.facts.cluster else { return };
        let earlier = cluster.pools.iter().find(|other| other.name == pool.name).map(Pool::order);
        let id = cluster.cluster.id.clone();
        let existed = earlier.is_some();
        let (verb, undo) = match earlier {
            Some(earlier) => {
                ("changed", Undo::RestorePool { cluster: id, earlier, sent: pool.order() })
            }
            None => ("created", Undo::DeletePool { cluster: id, pool: pool.name.clone() }),
        };
        let (name, size, mode) = (&pool.name, pool.size, pool.mode.word());
        ctx.did(format!("Pool {name} {verb}: {size} connections, {mode} mode"), undo);
        ctx.facts.learn(if existed { "database:update" } else { "database:create" }, Grant::Has);
        self.established(ctx, pool);
    }

    fn know(&self, ctx: &mut Ctx<'_>, pool: Pool) {
        if let Some(cluster) = &mut ctx.facts.cluster {
            cluster.pools.retain(|other| other.name != pool.name);
            cluster.pools.push(pool);
        }
    }

    pub(super) fn established(&mut self, ctx: &mut Ctx<'_>, pool: Pool) {
        if ctx
            .facts
            .pool
            .as_ref()
            .is_some_and(|old| old.name != pool.name || old.db != pool.db || old.user != pool.user)
        {
            ctx.facts.changed(StepId::Pool);
        }
        ctx.facts.sized = self.sizing(ctx.facts);
        self.know(ctx, pool.clone());
        ctx.facts.review.retain(|step| *step != StepId::Pool);
        ctx.facts.pool = Some(pool);
        self.phase = Phase::Editing;
    }
}

/// When a set-up is gone on with.
impl Step {
    /// The form as it was filled in for this cluster.
    pub(in crate::setup) fn fill_again(
        &mut self,
        order: &PoolOrder,
        size_chosen: bool,
        cluster: ClusterId,
    ) {
        order.name.as_str().clone_into(&mut self.draft.name);
        self.draft.mode = order.mode;
        self.draft.size = order.size;
        self.draft.size_chosen = size_chosen;
        self.draft.db.clone_from(&order.db);
        self.draft.user.clone_from(&order.user);
        self.draft.filled = Some(cluster);
    }

    /// The account has it as it was read back then.
    pub(in crate::setup) fn is_as_it_was(&mut self, ctx: &mut Ctx<'_>, pool: Pool) {
        self.established(ctx, pool);
    }

    /// The account has what was ordered when the program ended.
    pub(in crate::setup) fn was_made(&mut self, ctx: &mut Ctx<'_>, pool: Pool, created: bool) {
        if created && let Some(cluster) = &mut ctx.facts.cluster {
            // It was not there before the order.
            cluster.pools.retain(|other| other.name != pool.name);
        }
        self.made(ctx, pool);
    }

    /// It has not, and nothing is sent again by itself.
    pub(in crate::setup) fn was_not_made(&mut self, order: &PoolOrder) {
        self.unanswered = Some(order.name.clone());
        self.phase = Phase::Failed(problems::not_created(order));
    }
}

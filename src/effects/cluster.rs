//! Step 2: reads clusters and everything about the chosen one.

use crate::{
    domain::{problem::Problem, secret::Secret},
    effects::{Notes, World},
    setup::steps::cluster::{Effect, Msg},
};

pub(super) async fn run(
    effect: Effect,
    token: Option<Secret>,
    world: &World,
    notes: &Notes,
) -> Result<Msg, Problem> {
    todo!("{effect:?} {token:?} {notes:?} {world:?}")
}

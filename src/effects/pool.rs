//! Step 4: creates, changes and finds pools, each read back.

use crate::{
    domain::{problem::Problem, secret::Secret},
    effects::{Notes, World},
    setup::steps::pool::{Effect, Msg},
};

pub(super) async fn run(
    effect: Effect,
    token: Option<Secret>,
    world: &World,
    notes: &Notes,
) -> Result<Msg, Problem> {
    todo!("{effect:?} {token:?} {notes:?} {world:?}")
}

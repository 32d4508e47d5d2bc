//! Step 8: reads and writes env files.

use crate::{
    domain::problem::Problem,
    effects::World,
    setup::steps::env_files::{Effect, Msg},
};

pub(super) async fn run(effect: Effect, world: &World) -> Result<Msg, Problem> {
    todo!("{effect:?} {world:?}")
}

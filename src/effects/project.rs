//! Step 7: reads the project folder and writes the ticked edits.

use crate::{
    domain::problem::Problem,
    effects::World,
    setup::steps::project::{Effect, Msg},
};

pub(super) async fn run(effect: Effect, world: &World) -> Result<Msg, Problem> {
    todo!("{effect:?} {world:?}")
}

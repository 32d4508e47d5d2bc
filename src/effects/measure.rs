//! Step 3: records who holds connections.

use crate::{
    domain::problem::Problem,
    effects::{Notes, World},
    setup::steps::measure::{Effect, Msg},
};

pub(super) async fn run(effect: Effect, world: &World, notes: &Notes) -> Result<Msg, Problem> {
    todo!("{effect:?} {notes:?} {world:?}")
}

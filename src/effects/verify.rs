//! Step 11: sends requests to the app's health address.

use crate::{
    domain::problem::Problem,
    effects::World,
    setup::steps::verify::{Effect, Msg},
};

pub(super) async fn run(effect: Effect, world: &World) -> Result<Msg, Problem> {
    todo!("{effect:?} {world:?}")
}

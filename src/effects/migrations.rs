//! Step 9: status and deploy over a connection proved direct.

use crate::{
    domain::problem::Problem,
    effects::{Notes, World},
    setup::steps::migrations::{Effect, Msg},
};

pub(super) async fn run(effect: Effect, world: &World, notes: &Notes) -> Result<Msg, Problem> {
    todo!("{effect:?} {notes:?} {world:?}")
}

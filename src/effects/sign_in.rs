//! Step 1: asks the account who the token belongs to, and keeps it.

use crate::{
    domain::problem::Problem,
    effects::{Notes, World},
    setup::steps::sign_in::{Effect, Msg},
};

pub(super) async fn run(effect: Effect, world: &World, notes: &Notes) -> Result<Msg, Problem> {
    todo!("{effect:?} {notes:?} {world:?}")
}

//! Step 6: runs the staged test on both ports.

use crate::{
    domain::{problem::Problem, secret::Secret},
    effects::{Notes, World},
    setup::steps::test::{Effect, Msg},
};

pub(super) async fn run(
    effect: Effect,
    token: Option<Secret>,
    world: &World,
    notes: &Notes,
) -> Result<Msg, Problem> {
    todo!("{effect:?} {token:?} {notes:?} {world:?}")
}

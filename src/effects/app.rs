//! Step 10: proposes, sends and follows the app's new settings.

use crate::{
    domain::{problem::Problem, secret::Secret},
    effects::{Notes, World},
    setup::steps::app::{Effect, Msg},
};

pub(super) async fn run(
    effect: Effect,
    token: Option<Secret>,
    world: &World,
    notes: &Notes,
) -> Result<Msg, Problem> {
    todo!("{effect:?} {token:?} {notes:?} {world:?}")
}

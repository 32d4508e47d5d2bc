//! Trusted sources: this computer's public address, the timed rule that lets it in, and its removal.

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
    todo!("{effect:?} {token:?} {world:?} {notes:?}")
}

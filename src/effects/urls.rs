//! Step 5: puts the cluster's certificate authority into the project.

use crate::{
    domain::{problem::Problem, secret::Secret},
    effects::{World, files},
    project,
    setup::steps::urls::{Effect, Msg},
};

pub(super) async fn run(effect: Effect, world: &World) -> Result<Msg, Problem> {
    let Effect::SaveAuthority { root, file, pem } = effect;
    let there = {
        let (root, file) = (root.clone(), file.clone());
        let read = move || {
            project::files::read(&root, &file)
                .map_err(|err| files::problem(&err, "Nothing was changed."))
        };
        files::blocking(read).await?
    };
    if there.as_deref() == Some(pem.as_bytes()) {
        return Ok(Msg::Saved(None));
    }
    let before = there.map(|bytes| Secret::new(String::from_utf8_lossy(&bytes)));
    let what = "the cluster's certificate authority".to_owned();
    let write = files::Write { file, before, after: Secret::new(pem), what };
    let mut written = files::write(&root, vec![write], world).await?;
    Ok(Msg::Saved(written.pop()))
}

//! What a window asks of the desktop around it: its looks, and to take a copied secret back.

use std::time::Duration;

use tokio::{runtime::Handle, task::AbortHandle};

use crate::{appearance, clipboard, domain::secret::Secret};

/// How long a copied secret stays on the clipboard.
pub const COPY_STAYS: Duration = Duration::from_secs(60);

/// How the person wants the desktop to look; as far as the desktop tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looks {
    pub dark: Option<bool>,
    pub reduced_motion: bool,
}

/// Tells the desktop's looks now and after each change, until `tell` answers `false`.
pub fn follow_looks(tasks: &Handle, mut tell: impl FnMut(Looks) -> bool + Send + 'static) {
    tasks.spawn(appearance::follow(move |seen| {
        tell(Looks { dark: seen.dark, reduced_motion: seen.reduced_motion })
    }));
}

/// The secret that was copied last, to be taken back.
#[derive(Debug)]
pub struct Copies {
    tasks: Handle,
    last: Option<(Secret, AbortHandle)>,
}

impl Copies {
    pub fn new(tasks: Handle) -> Self {
        Self { tasks, last: None }
    }

    /// `secret` was put on the clipboard; it is taken back in a minute.
    pub fn made(&mut self, secret: Secret) {
        if let Some((_, wait)) = self.last.take() {
            // It has been replaced on the clipboard already.
            wait.abort();
        }
        let ours = secret.clone();
        let wait = self.tasks.spawn(async move {
            tokio::time::sleep(COPY_STAYS).await;
            // The owner of the clipboard may be slow to answer.
            tokio::task::spawn_blocking(move || clipboard::take_back(&ours)).await.ok();
        });
        self.last = Some((secret, wait.abort_handle()));
    }

    /// Takes the last secret back at once; when the program ends.
    pub fn take_back_now(&mut self) {
        if let Some((secret, wait)) = self.last.take()
            && !wait.is_finished()
        {
            wait.abort();
            clipboard::take_back(&secret);
        }
    }
}

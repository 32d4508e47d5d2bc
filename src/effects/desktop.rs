//! What a window asks of the desktop around it: its looks, and to take a copied secret back.

use std::time::Duration;

use tokio::{runtime::Handle, task::AbortHandle};

use crate::{appearance, clipboard, domain::secret::Secret};

/// How the person wants the desktop to look; as far as the desktop tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    pub dark: Option<bool>,
    pub reduced_motion: bool,
    pub high_contrast: bool,
}

/// Tells the desktop's looks now and after each change, until `tell` answers `false`.
pub fn follow_looks(tasks: &Handle, mut tell: impl FnMut(Looks) -> bool + Send + 'static) {
    tasks.spawn(appearance::follow(move |seen| {
        let appearance::Appearance { dark, reduced_motion, high_contrast } = seen;
        tell(Looks { dark, reduced_motion, high_contrast })
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

    /// Puts `secret` on the clipboard, marked as nothing to keep, and takes it back after `stays`. Where the desktop
    /// takes no mark, `plain` copies it without one.
    pub fn make(
        &mut self,
        secret: Secret,
        stays: Duration,
        plain: impl FnOnce(Secret) + Send + 'static,
    ) {
        if let Some((_, wait)) = self.last.take() {
            // It has been replaced on the clipboard already.
            wait.abort();
        }
        let ours = secret.clone();
        let wait = self.tasks.spawn(async move {
            let text = ours.clone();
            let put = tokio::task::spawn_blocking(move || clipboard::put(&text)).await;
            // Held, or on some desktops it would be gone at once.
            let _held = match put {
                Ok(Ok(held)) => Some(held),
                Ok(Err(err)) => {
                    tracing::info!(%err, "copied without a mark");
                    plain(ours.clone());
                    None
                }
                Err(_) => None, // the program ends
            };
            tokio::time::sleep(stays).await;
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

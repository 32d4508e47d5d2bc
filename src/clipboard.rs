//! The system's clipboard, as far as the window needs more than egui gives: a secret is put there with the mark that
//! programs which keep a history respect, and taken back.

use arboard::{Clipboard, Error};

use crate::domain::secret::Secret;

/// Puts a secret on the clipboard and asks that no history keeps it. It stays as long as the answer is held.
/// Blocks for as long as the display takes to answer.
pub fn put(secret: &Secret) -> Result<Clipboard, Error> {
    let mut clipboard = Clipboard::new()?;
    // The person asked for it on the clipboard.
    let text = secret.expose();
    #[cfg(any(target_os = "linux", target_os = "freebsd"))]
    {
        use arboard::SetExtLinux as _;
        clipboard.set().exclude_from_history().text(text)?;
    }
    #[cfg(target_os = "macos")]
    {
        use arboard::SetExtApple as _;
        clipboard.set().exclude_from_history().text(text)?;
    }
    #[cfg(target_os = "windows")]
    {
        use arboard::SetExtWindows as _;
        clipboard
            .set()
            .exclude_from_monitoring()
            .exclude_from_cloud()
            .exclude_from_history()
            .text(text)?;
    }
    Ok(clipboard)
}

/// Clears the clipboard if it still holds `ours`; something else that was copied since stays.
/// Blocks for as long as the owner of the clipboard takes to answer.
pub fn take_back(ours: &Secret) {
    let cleared = Clipboard::new().and_then(|mut clipboard| {
        // Compared only: to clear what somebody else put there would lose their text.
        if clipboard.get_text()? == ours.expose() { clipboard.clear() } else { Ok(()) }
    });
    match cleared {
        // Nothing textual is on it, so nothing of ours.
        Ok(()) | Err(Error::ContentNotAvailable) => {}
        Err(err) => tracing::warn!(%err, "the clipboard could not be cleared"),
    }
}

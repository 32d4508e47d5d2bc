//! The system's clipboard, as far as the window needs more than egui gives: taking a secret back.

use crate::domain::secret::Secret;

/// Clears the clipboard if it still holds `ours`; something else that was copied since stays.
/// Blocks for as long as the owner of the clipboard takes to answer.
pub fn take_back(ours: &Secret) {
    let cleared = arboard::Clipboard::new().and_then(|mut clipboard| {
        // Compared only: to clear what somebody else put there would lose their text.
        if clipboard.get_text()? == ours.expose() { clipboard.clear() } else { Ok(()) }
    });
    match cleared {
        // Nothing textual is on it, so nothing of ours.
        Ok(()) | Err(arboard::Error::ContentNotAvailable) => {}
        Err(err) => tracing::warn!(%err, "the clipboard could not be cleared"),
    }
}

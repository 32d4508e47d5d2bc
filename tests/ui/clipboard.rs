//! The clipboard of the desktop: a secret of ours is taken back, somebody else's text is not.

use poolwright::{clipboard::take_back, domain::secret::Secret};

/// One test, because the display has one clipboard.
#[test]
fn only_what_is_ours_is_taken_back() {
    let display = ["DISPLAY", "WAYLAND_DISPLAY"].map(std::env::var_os);
    assert!(display.iter().any(Option::is_some), "no display: run the tests under scripts/session");
    let mut clipboard = arboard::Clipboard::new().expect("the display's clipboard");
    let ours = Secret::new("AVNS_canary");

    clipboard.set_text("AVNS_canary").expect("a copy");
    take_back(&ours);
    assert!(clipboard.get_text().is_err(), "ours is gone");

    clipboard.set_text("a shopping list").expect("a copy");
    take_back(&ours);
    assert_eq!(clipboard.get_text().expect("a text"), "a shopping list");
}

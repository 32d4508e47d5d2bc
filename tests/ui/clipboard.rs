//! The clipboard of the desktop: a secret of ours carries the mark that histories respect and is taken back, somebody
//! else's text is not.

use poolwright::{
    clipboard::{put, take_back},
    domain::secret::Secret,
};
use x11rb::{
    COPY_FROM_PARENT,
    connection::Connection as _,
    protocol::{
        Event,
        xproto::{AtomEnum, ConnectionExt as _, CreateWindowAux, WindowClass},
    },
};

/// One test, because the display has one clipboard.
#[test]
fn what_is_ours_is_marked_and_only_that_is_taken_back() {
    assert!(
        std::env::var_os("DISPLAY").is_some(),
        "no display: run the tests under scripts/session"
    );
    let ours = Secret::new("AVNS_canary");
    let mut clipboard = arboard::Clipboard::new().expect("the display's clipboard");
    clipboard.set_text("a shopping list").expect("a copy");
    take_back(&ours);
    assert_eq!(clipboard.get_text().expect("a text"), "a shopping list");

    let held = put(&ours).expect("a copy");
    let targets = targets();
    assert!(targets.iter().any(|name| name == "UTF8_STRING"), "{targets:?}");
    assert!(targets.iter().any(|name| name == "x-kde-passwordManagerHint"), "{targets:?}");
    assert_eq!(clipboard.get_text().expect("a text"), "AVNS_canary");
    take_back(&ours);
    assert!(clipboard.get_text().is_err(), "ours is gone");
    drop(held);
}

/// The forms in which the clipboard offers what it holds, as another program asks for them.
fn targets() -> Vec<String> {
    let (display, screen) = x11rb::connect(None).expect("the display");
    let root = display.setup().roots.get(screen).expect("a screen").root;
    let window = display.generate_id().expect("an id");
    let aux = CreateWindowAux::new();
    let class = WindowClass::INPUT_OUTPUT;
    display
        .create_window(0, window, root, 0, 0, 1, 1, 0, class, COPY_FROM_PARENT, &aux)
        .expect("sent");
    let atom = |name: &str| {
        let asked = display.intern_atom(false, name.as_bytes()).expect("sent");
        asked.reply().expect("an atom").atom
    };
    let (clipboard, targets, here) = (atom("CLIPBOARD"), atom("TARGETS"), atom("POOLWRIGHT_TEST"));
    display.convert_selection(window, clipboard, targets, here, 0_u32).expect("sent");
    display.flush().expect("sent");
    loop {
        // The owner answers, or the display says that there is none.
        if let Event::SelectionNotify(told) = display.wait_for_event().expect("an answer") {
            assert_ne!(told.property, 0, "nobody owns the clipboard");
            break;
        }
    }
    let property = display.get_property(false, window, here, AtomEnum::ATOM, 0, 64).expect("sent");
    let property = property.reply().expect("the list");
    let name = |atom: u32| {
        let asked = display.get_atom_name(atom).expect("sent").reply().expect("a name");
        String::from_utf8_lossy(&asked.name).into_owned()
    };
    property.value32().expect("atoms").map(name).collect()
}

//! The window over the system's password store in every state that one can be in: it goes on, says what is the matter, and
//! ends in time.

use std::{
    io::{BufRead as _, BufReader},
    os::unix::net::UnixListener,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use egui::{Key, Modifiers, accesskit::Role, accesskit::Toggled};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use poolwright::{
    domain::secret::Secret,
    keychain::Keychain,
    ui::{Begun, start::Start},
};
use x11rb::{
    connection::Connection as _,
    protocol::{
        xproto::{
            AtomEnum, BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, CLIENT_MESSAGE_EVENT,
            ClientMessageEvent, ConnectionExt as _, EventMask, MOTION_NOTIFY_EVENT,
            Window as Handle,
        },
        xtest::ConnectionExt as _,
    },
    rust_connection::RustConnection,
};

use crate::{
    session::{INSIDE, KEYRING, LOCK, child, in_child, in_session, passed},
    start,
    window::{Window, begun},
};

/// Asking the store is cut off after three seconds.
const LIMIT: Duration = Duration::from_secs(3);
/// Of a frame with a click in it, on a machine that builds meanwhile.
const SLOWEST: Duration = Duration::from_secs(1);

fn store() -> Keychain {
    Keychain::System { service: "poolwright".to_owned() }
}

/// A set-up whose beginning asks the store. Frames come and clicks are answered while it is asked.
fn window() -> Window {
    let mut begun = begun();
    begun.world.keychain = store();
    begun.world.data = std::env::var_os("XDG_DATA_HOME").expect("a folder for data").into();
    let began = Instant::now();
    let mut window = Window::open(Some(Begun { ..begun }), None);
    for turn in 0..10 {
        let clicked = Instant::now();
        window.harness.get_by_role_and_label(Role::Switch, "Dry run").click();
        window.harness.step();
        window.harness.step();
        let switch = window.harness.get_by_role_and_label(Role::Switch, "Dry run");
        let wanted = if turn % 2 == 0 { Toggled::True } else { Toggled::False };
        assert_eq!(switch.accesskit_node().toggled(), Some(wanted), "click {turn}");
        assert!(clicked.elapsed() < SLOWEST, "click {turn} took {:?}", clicked.elapsed());
    }
    assert!(began.elapsed() < LIMIT, "the window waited for the store");
    window
}

/// Opens the settings and waits until they say how the store answered.
fn told(window: &mut Window, text: &str) {
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Comma);
    window.wait_for(text);
}

fn keep() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (store, name) = (store(), Secret::new("Team Shop"));
    let kept = runtime.expect("a runtime").block_on(store.keep("accounts", &name, LIMIT));
    kept.expect("it is kept");
}

#[test]
fn without_a_bus() {
    if in_child("keychain::without_a_bus", "unix:path=/nonexistent/bus") {
        told(&mut window(), "No password store is running.");
    }
}

#[test]
fn on_a_bus_without_a_store() {
    if in_session("keychain::on_a_bus_without_a_store", "") {
        told(&mut window(), "No password store is running.");
    }
}

#[test]
fn with_one_that_is_open() {
    if in_session("keychain::with_one_that_is_open", KEYRING) {
        keep();
        told(&mut window(), "It answers. Tokens kept in it: Team Shop.");
    }
}

#[test]
fn with_one_that_is_locked_and_opened_later() {
    if in_session("keychain::with_one_that_is_locked_and_opened_later", KEYRING) {
        keep();
        assert!(Command::new("bash").args(["-c", LOCK]).status().expect("bash").success());
        let mut window = window();
        told(&mut window, "It is locked, and it was not unlocked.");
        assert!(Command::new("bash").args(["-c", KEYRING]).status().expect("bash").success());
        // Wherever the page is scrolled to.
        window.harness.get_by_role_and_label(Role::Button, "Try again").click_accesskit();
        window.wait_for("It answers. Tokens kept in it: Team Shop.");
    }
}

#[test]
fn with_a_bus_that_never_answers() {
    let test = "keychain::with_a_bus_that_never_answers";
    if std::env::var_os(INSIDE).is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bus");
        // Accepts by its queue and says nothing.
        let _silent = UnixListener::bind(&path).expect("a socket");
        let bus = format!("unix:path={}", path.display());
        let run = child(test, folder.path()).env("DBUS_SESSION_BUS_ADDRESS", bus).output();
        passed(&run.expect("the test runs once more"));
        return;
    }
    told(&mut window(), "No answer came within 3 s.");
}

#[test]
fn with_a_store_that_never_answers() {
    if in_session("keychain::with_a_store_that_never_answers", "") {
        let (_silent, called) = silent_store();
        let mut window = window();
        called.recv_timeout(LIMIT).expect("the store is asked");
        told(&mut window, "No answer came within 3 s.");
    }
}

/// Has the name of a password store on this bus, and answers nothing. Tells of each call.
fn silent_store() -> (zbus::blocking::Connection, mpsc::Receiver<()>) {
    let bus = zbus::blocking::Connection::session().expect("the bus");
    let messages = zbus::blocking::MessageIterator::from(&bus);
    bus.request_name("org.freedesktop.secrets").expect("the name");
    let (tell, called) = mpsc::sync_channel(64);
    let ear = std::thread::Builder::new().spawn(move || {
        let is_call =
            |message: &zbus::Message| message.message_type() == zbus::message::Type::MethodCall;
        for _ in messages.filter_map(Result::ok).filter(is_call) {
            // Nobody listens once the test is over, or to so many.
            tell.try_send(()).ok();
        }
    });
    ear.expect("a thread");
    (bus, called)
}

#[test]
fn the_window_ends_within_two_seconds_while_the_store_is_asked() {
    let test = "keychain::the_window_ends_within_two_seconds_while_the_store_is_asked";
    let display = std::env::var("DISPLAY").unwrap_or_default();
    if std::env::var_os(INSIDE).is_none() {
        assert!(!display.is_empty(), "no display: run the tests under scripts/session");
    }
    if !in_session(test, &format!("export DISPLAY={display}")) {
        return;
    }
    let (_silent, called) = silent_store();
    let mut program = Program::start();
    let screen = Screen::of(program.0.id());
    // A set-up begins by asking the store.
    let page = start::page(Start::default(), true);
    let tile = page.get_by_role_and_label(Role::Button, "Sign in with a token").rect().center();
    let asked = (0..50).any(|_| {
        screen.click(tile);
        called.recv_timeout(Duration::from_millis(200)).is_ok()
    });
    assert!(asked, "the store was not asked");
    screen.close();
    let asked_to_end = Instant::now();
    let ended = (0..200).find_map(|_| {
        std::thread::park_timeout(Duration::from_millis(10));
        program.0.try_wait().expect("its state")
    });
    let took = asked_to_end.elapsed();
    let ended = ended.expect("the program ends");
    assert!(ended.success(), "{ended}");
    assert!(took < Duration::from_secs(2), "it took {took:?}");
}

struct Program(Child);

impl Program {
    /// With its first frame on the screen.
    fn start() -> Self {
        let mut program = Command::new(env!("CARGO_BIN_EXE_poolwright"))
            .env("POOLWRIGHT_LOG", "debug")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut said = BufReader::new(program.stderr.take().expect("its messages"));
        let mut line = String::new();
        while !line.contains("first frame") {
            line.clear();
            assert!(0 < said.read_line(&mut line).expect("a line"), "it ended without a window");
        }
        // Read on, so that it is never held up by a full pipe.
        let reader = std::thread::Builder::new().spawn(move || said.lines().count());
        reader.expect("a thread");
        Self(program)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended already where all went well.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The display, as a person has it: the pointer is moved, and the window is asked to close.
struct Screen {
    display: RustConnection,
    window: Handle,
}

impl Screen {
    fn of(process: u32) -> Self {
        let (display, screen) = x11rb::connect(None).expect("the display");
        let root = display.setup().roots.get(screen).expect("a screen").root;
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            let tree = display.query_tree(root).expect("sent").reply().expect("the windows");
            let ours = |window: &Handle| process_of(&display, *window) == Some(process);
            if let Some(window) = tree.children.into_iter().find(ours) {
                return Self { display, window };
            }
            assert!(Instant::now() < until, "no window of the program");
        }
    }

    fn click(&self, at: egui::Pos2) {
        let (x, y) = (at.x as i16, at.y as i16);
        let sent = |event, detail, (x, y)| {
            self.display.xtest_fake_input(event, detail, 0, 0_u32, x, y, 0).expect("sent");
        };
        sent(MOTION_NOTIFY_EVENT, 0, (x, y));
        sent(BUTTON_PRESS_EVENT, 1, (0, 0));
        sent(BUTTON_RELEASE_EVENT, 1, (0, 0));
        self.display.flush().expect("sent");
    }

    /// What a window manager sends for the cross in the title bar.
    fn close(&self) {
        let atom = |name: &str| {
            let asked = self.display.intern_atom(false, name.as_bytes()).expect("sent");
            asked.reply().expect("an atom").atom
        };
        let event = ClientMessageEvent {
            response_type: CLIENT_MESSAGE_EVENT,
            format: 32,
            sequence: 0,
            window: self.window,
            type_: atom("WM_PROTOCOLS"),
            data: [atom("WM_DELETE_WINDOW"), 0, 0, 0, 0].into(),
        };
        self.display.send_event(false, self.window, EventMask::NO_EVENT, event).expect("sent");
        self.display.flush().expect("sent");
    }
}

fn process_of(display: &RustConnection, window: Handle) -> Option<u32> {
    let name = display.intern_atom(false, b"_NET_WM_PID").ok()?.reply().ok()?.atom;
    let asked = display.get_property(false, window, name, AtomEnum::CARDINAL, 0, 1).ok()?;
    asked.reply().ok()?.value32()?.next()
}

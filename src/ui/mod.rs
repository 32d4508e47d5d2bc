//! The window: draws the core's phases, edits its drafts, sends its messages. The only place that names egui.

pub mod act;
pub mod app;
pub mod brake;
pub mod kit;
pub mod leaving;
pub mod page;
pub mod session;
pub mod start;
pub mod steps;
pub mod theme;

use std::sync::Arc;

use eframe::{NativeOptions, Renderer};
use egui::ViewportBuilder;
use futures_util::future::BoxFuture;

use crate::{domain::problem::Problem, effects::World, setup::Setup, ui::app::App};

/// What the window is opened with.
pub struct Open {
    /// Of the one runtime, made in `main`.
    pub tasks: tokio::runtime::Handle,
    /// The set-up to begin with; `None` shows the start page.
    pub begin: Option<Begun>,
    /// `None` where practice is not built in.
    pub practice: Option<StartPractice>,
    pub real: StartReal,
}

/// A set-up and the world that it acts on.
pub struct Begun {
    pub setup: Setup,
    pub world: World,
    /// Ends practice when it is dropped.
    pub guard: Option<Box<dyn Send>>,
}

pub type StartPractice = Arc<dyn Fn() -> BoxFuture<'static, Result<Begun, Problem>> + Send + Sync>;
pub type StartReal = Arc<dyn Fn() -> Result<Begun, Problem> + Send + Sync>;

/// Why there is no window; one sentence for the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    #[error("no window can be opened: neither an X11 nor a Wayland display answers here")]
    NoDisplay,
    #[error(
        "no window can be opened: neither OpenGL nor Vulkan works on this display; on Debian and \
         Ubuntu the packages libgl1-mesa-dri, mesa-vulkan-drivers and libxkbcommon-x11-0 bring them"
    )]
    NoRenderer,
    #[error("the window was closed by an error of the display")]
    Broken,
}

/// Opens the window and stays until it is closed. OpenGL first, it starts quicker; then Vulkan.
pub fn run(open: Open) -> Result<(), WindowError> {
    let mut open = Some(open);
    for renderer in renderers() {
        let slot = &mut open;
        let ended = eframe::run_native(
            "Poolwright",
            options(renderer),
            Box::new(move |created| {
                let open = slot.take().ok_or("the set-up was handed to another window")?;
                Ok(Box::new(App::new(&created.egui_ctx, open)))
            }),
        );
        let Err(err) = ended else { return Ok(()) };
        tracing::info!(%renderer, %err, "no window");
        if open.is_none() {
            // It was open already; a second window would begin without a set-up.
            return Err(WindowError::Broken);
        }
        if matches!(err, eframe::Error::WinitEventLoop(_) | eframe::Error::Winit(_)) {
            // Another renderer needs the same display.
            return Err(WindowError::NoDisplay);
        }
    }
    Err(WindowError::NoRenderer)
}

/// Windows without drivers, as over a remote desktop, has only OpenGL 1.1; elsewhere OpenGL starts quicker.
fn renderers() -> [Renderer; 2] {
    if cfg!(any(windows, target_os = "macos")) {
        [Renderer::Wgpu, Renderer::Glow]
    } else {
        [Renderer::Glow, Renderer::Wgpu]
    }
}

fn options(renderer: Renderer) -> NativeOptions {
    NativeOptions {
        viewport: ViewportBuilder::default()
            .with_title("Poolwright")
            .with_app_id("poolwright")
            .with_inner_size([1180.0, 780.0])
            .with_min_inner_size([640.0, 450.0])
            // None, rather than another program's.
            .with_icon(egui::IconData::default()),
        renderer,
        ..NativeOptions::default()
    }
}

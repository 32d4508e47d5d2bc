//! The window: draws the core's phases, edits its drafts, sends its messages. The only place that names egui.

pub mod act;
pub mod app;
pub mod kit;
pub mod page;
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

/// No renderer could open a window.
#[derive(Debug, thiserror::Error)]
#[error(
    "no window can be opened here ({0}); on Debian and Ubuntu the packages libgl1-mesa-dri, \
     libxkbcommon-x11-0 and mesa-vulkan-drivers bring what is missing"
)]
pub struct WindowError(String);

/// Opens the window and stays until it is closed. OpenGL first, it starts quicker; then Vulkan.
pub fn run(open: Open) -> Result<(), WindowError> {
    let mut open = Some(open);
    let mut last = String::new();
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
        match ended {
            Ok(()) => return Ok(()),
            Err(err) => {
                tracing::warn!(%renderer, %err, "no window");
                last = err.to_string();
            }
        }
        if open.is_none() {
            // It was open already; a second window would begin without a set-up.
            break;
        }
    }
    Err(WindowError(last))
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
            .with_min_inner_size([640.0, 450.0]),
        renderer,
        ..NativeOptions::default()
    }
}

//! The window: draws the core's phases, edits its drafts, sends its messages. The only place that names egui.

pub mod act;
pub mod app;
pub mod brake;
pub mod kit;
pub mod leaving;
pub mod page;
mod plan;
pub mod self_test;
pub mod session;
pub mod settings;
pub mod start;
pub mod steps;
pub mod theme;

use std::{cell::Cell, error::Error, path::PathBuf, sync::Arc};

use eframe::{CreationContext, NativeOptions, Renderer};
use egui::ViewportBuilder;
use futures_util::future::BoxFuture;

use crate::{
    domain::problem::Problem,
    effects::{World, saved::Place, settings::Kept},
    setup::Setup,
    ui::app::App,
};

/// What the window is opened with.
pub struct Open {
    /// Of the one runtime, made in `main`.
    pub tasks: tokio::runtime::Handle,
    /// The set-up to begin with; `None` shows the start page.
    pub begin: Option<Begun>,
    /// The folder of saved set-ups; `None` where none are kept.
    pub saves: Option<PathBuf>,
    /// `None` where practice is not built in.
    pub practice: Option<StartPractice>,
    pub real: StartReal,
    /// As they were kept at the last start.
    pub settings: Kept,
}

/// A set-up and the world that it acts on.
pub struct Begun {
    pub setup: Setup,
    pub world: World,
    /// Where it is kept; `None`: it ends with the window.
    pub place: Option<Place>,
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

/// Opens the window and stays until it is closed.
pub fn run(open: Open) -> Result<(), WindowError> {
    let mut open = Some(open);
    show(|created| {
        let open = open.take().ok_or("the set-up was handed to another window")?;
        let mut app = App::new(&created.egui_ctx, open);
        app.drawn_with = self_test::renderer(created);
        Ok(Box::new(app))
    })
}

type Made<'app> = Result<Box<dyn eframe::App + 'app>, Box<dyn Error + Send + Sync>>;

/// Shows what `make` makes, with the first renderer that works here.
fn show<'app>(mut make: impl FnMut(&CreationContext<'_>) -> Made<'app>) -> Result<(), WindowError> {
    let is_open = Cell::new(false);
    for renderer in renderers() {
        let ended = eframe::run_native(
            "Poolwright",
            options(renderer),
            Box::new(|created| {
                is_open.set(true);
                make(created)
            }),
        );
        let Err(err) = ended else { return Ok(()) };
        tracing::info!(%renderer, %err, "no window");
        if is_open.get() {
            // A second window would begin without a set-up.
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

/// Where it can't be read, none rather than the toolkit's.
fn icon() -> egui::IconData {
    let png = include_bytes!("../../assets/icons/poolwright-128.png");
    eframe::icon_data::from_png_bytes(png).unwrap_or_default()
}

fn options(renderer: Renderer) -> NativeOptions {
    NativeOptions {
        viewport: ViewportBuilder::default()
            .with_title("Poolwright")
            .with_app_id("poolwright")
            .with_inner_size([1180.0, 780.0])
            .with_min_inner_size([640.0, 450.0])
            .with_icon(icon()),
        renderer,
        ..NativeOptions::default()
    }
}

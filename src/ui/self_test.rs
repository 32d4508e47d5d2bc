//! A window that shows itself for a moment and says what it was drawn with.

use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

use eframe::CreationContext;
use egui::{FontId, Ui, ViewportCommand};

use crate::ui::{WindowError, kit, theme};

/// Long enough to be seen, and for the display to say what is wrong.
const SHOWN_FOR: Duration = Duration::from_secs(2);
/// Of our texts and figures, and of a name in the account.
const LETTERS: &str = "Pool 25061 ✓ – “ä” ł";

/// What the window was drawn with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// `OpenGL 4.5, Mesa 22.3.6`, or the adapter that Vulkan, Metal or Direct3D named.
    pub renderer: String,
    pub frames: u32,
    /// Every family of ours has every letter that is tried.
    pub letters: bool,
}

/// Opens the window, draws and closes it.
pub fn run() -> Result<Shown, WindowError> {
    let shown = RefCell::new(Shown::default());
    super::show(|created| {
        theme::install(&created.egui_ctx);
        shown.borrow_mut().renderer = renderer(created);
        Ok(Box::new(Window { shown: &shown, until: Instant::now() + SHOWN_FOR }))
    })?;
    Ok(shown.into_inner())
}

struct Window<'run> {
    shown: &'run RefCell<Shown>,
    until: Instant,
}

impl eframe::App for Window<'_> {
    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let mut shown = self.shown.borrow_mut();
        kit::heading(ui, "Self-test");
        kit::paragraph(ui, &format!("{LETTERS} {}", shown.renderer));
        shown.frames += 1;
        shown.letters = theme::families().into_iter().all(|family| {
            ui.fonts_mut(|fonts| fonts.has_glyphs(&FontId::new(14.0, family), LETTERS))
        });
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            ui.ctx().send_viewport_cmd(ViewportCommand::Close);
        }
        ui.ctx().request_repaint_after(left);
    }
}

/// In the words of the driver.
pub(super) fn renderer(created: &CreationContext<'_>) -> String {
    if let Some(state) = &created.wgpu_render_state {
        let adapter = state.adapter.get_info();
        return format!("{:?}, {}", adapter.backend, adapter.name);
    }
    let Some(gl) = &created.gl else { return "none".to_owned() };
    let version = eframe::glow::HasContext::version(&**gl);
    format!("OpenGL {}.{}, {}", version.major, version.minor, version.vendor_info)
}

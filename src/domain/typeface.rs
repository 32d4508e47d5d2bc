//! The bundled fonts: for the window, and for pictures made without one.

pub static INTER: &[u8] = include_bytes!("../../assets/fonts/Inter-Regular.otf");
pub static INTER_MEDIUM: &[u8] = include_bytes!("../../assets/fonts/Inter-Medium.otf");
pub static INTER_SEMIBOLD: &[u8] = include_bytes!("../../assets/fonts/Inter-SemiBold.otf");
/// The cut without ligatures: `===` and `://` stand as they are typed, and as they are copied.
pub static JETBRAINS_MONO: &[u8] = include_bytes!("../../assets/fonts/JetBrainsMonoNL-Regular.ttf");

//! Files that were written and read back, as pages 7, 8 and 12 show them.

use egui::Ui;

use crate::{
    setup::facts::WrittenFile,
    ui::{
        kit::{self, Icon},
        theme::{Theme, gap},
    },
};

pub fn files(ui: &mut Ui, written: &[WrittenFile]) {
    let theme = Theme::of(ui);
    ui.spacing_mut().item_spacing.y = gap::XS;
    if written.is_empty() {
        kit::marked(ui, Icon::Done, theme.success.text, "Done", "Nothing was changed.");
    }
    for file in written {
        let text = format!("{}: {}, written and read back", file.file.display(), file.what);
        kit::marked(ui, Icon::Done, theme.success.text, "Done", &text);
        let backup = match &file.backup {
            Some(backup) => format!("The previous file is kept as {}.", backup.display()),
            None => "The file is new.".to_owned(),
        };
        kit::caption(ui, &backup);
    }
}

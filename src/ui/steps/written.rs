//! Files that were written and read back, and what a dry run would write.

use std::path::Path;

use egui::Ui;

use crate::{
    setup::facts::{Facts, WrittenFile},
    ui::{
        kit::{self, Icon},
        theme::{Theme, gap},
    },
};

/// What a dry run found that it would do.
pub fn would(ui: &mut Ui, what: &str) {
    let info = Theme::of(ui).info;
    kit::note(ui, info, Icon::Would, what, "This is a dry run: nothing was changed.");
}

/// Names are told from the project's folder on.
pub fn files(ui: &mut Ui, written: &[WrittenFile], facts: &Facts) {
    let root = facts.project.as_ref().map(|project| project.root.as_path());
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = gap::XS;
        lines(ui, written, root);
    });
}

fn lines(ui: &mut Ui, written: &[WrittenFile], root: Option<&Path>) {
    let theme = Theme::of(ui);
    if written.is_empty() {
        kit::marked(ui, Icon::Done, theme.success.text, "Done", "Nothing was changed.");
    }
    for file in written {
        let inside = root.and_then(|root| file.file.strip_prefix(root).ok());
        let name = inside.unwrap_or(&file.file).display();
        let text = format!("{name}: {}, written and read back", file.what);
        kit::marked(ui, Icon::Done, theme.success.text, "Done", &text);
        let backup = match &file.backup {
            Some(backup) => format!("The previous file is kept as {}.", backup.display()),
            None => "The file is new.".to_owned(),
        };
        kit::beneath(ui, |ui| kit::caption(ui, &backup));
    }
}

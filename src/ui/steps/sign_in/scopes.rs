//! What a token may do: what each scope is used for, and whether this one has it.

use egui::{Align, Label, Layout, RichText, Ui, vec2};

use crate::{
    domain::words::capital,
    setup::facts::{Grant, Scope},
    ui::{
        kit::{self, Column, Icon},
        theme::{Theme, gap},
    },
};

/// `known`: the account was asked what the token may do.
pub(super) fn scopes(ui: &mut Ui, scopes: &[Scope], known: bool) {
    if scopes.is_empty() {
        return;
    }
    let title = "What the token is used for";
    kit::card(ui, Some(title), |ui| {
        if !known {
            let columns =
                [Column::text("Use"), Column::text_of("Scope", 180.0), Column::text("Without it")];
            let row = |scope: &Scope| {
                vec![capital(scope.needed_for), scope.name.to_owned(), scope.without.to_owned()]
            };
            let rows: Vec<Vec<String>> = scopes.iter().map(row).collect();
            kit::table(ui, title, &columns, &rows);
            return;
        }
        ui.spacing_mut().item_spacing.y = gap::XS;
        for (place, scope) in scopes.iter().enumerate() {
            if 0 < place {
                kit::hairline(ui);
            }
            row(ui, scope);
        }
    });
}

/// From this width on, each has its columns.
const WIDE: f32 = 520.0;

fn row(ui: &mut Ui, scope: &Scope) {
    let theme = Theme::of(ui);
    let (icon, colour, word) = match scope.grant {
        Grant::Has => (Icon::Done, theme.success.text, "granted"),
        Grant::Lacks => (Icon::Warning, theme.warning.text, "missing"),
        Grant::Unknown => (Icon::NotStarted, theme.idle, "known when used"),
    };
    let cell = |ui: &mut Ui, width: f32, add: &dyn Fn(&mut Ui)| {
        let layout = Layout::left_to_right(Align::Center).with_main_wrap(true);
        ui.allocate_ui_with_layout(vec2(width, 24.0), layout, |ui| {
            ui.set_min_width(width);
            add(ui);
        });
    };
    let needed = |ui: &mut Ui| {
        ui.add(Label::new(capital(scope.needed_for)).wrap());
    };
    let name = |ui: &mut Ui| {
        ui.add(Label::new(RichText::new(scope.name).monospace()).wrap());
    };
    let state = |ui: &mut Ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        kit::icon(ui, icon, 15.0, colour);
        kit::caption(ui, word);
    };
    let width = ui.available_width();
    if width < WIDE {
        cell(ui, width, &needed);
        ui.horizontal_wrapped(|ui| {
            name(ui);
            ui.add_space(gap::S);
            state(ui);
        });
    } else {
        ui.horizontal(|ui| {
            cell(ui, width * 0.42, &needed);
            cell(ui, width * 0.34, &name);
            cell(ui, width * 0.2, &state);
        });
    }
    if scope.grant == Grant::Lacks {
        kit::caption(ui, &format!("Without it: {}", scope.without));
        ui.add_space(gap::XS);
    }
}

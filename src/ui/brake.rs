//! The brake of production: the cluster's name, typed or pasted, before anything may be changed.

use egui::{Rect, Ui, vec2};

use crate::{
    domain::cluster::Environment,
    setup::{Setup, may_change},
    ui::{
        kit,
        theme::{Theme, gap},
    },
};

pub const HEIGHT: f32 = 48.0;

/// The field and its button. `typed` is what stands in the field so far.
pub fn ask(ui: &mut Ui, typed: &mut String, setup: &mut Setup) {
    let Some(name) = setup.facts.cluster.as_ref().map(|facts| facts.cluster.name.clone()) else {
        return;
    };
    let theme = Theme::of(ui);
    ui.horizontal(|ui| {
        ui.set_height(HEIGHT);
        let edge = Rect::from_min_size(ui.max_rect().min + vec2(0.0, 6.0), vec2(4.0, 36.0));
        ui.painter().rect_filled(edge, 2, theme.environment(Environment::Production));
        ui.add_space(gap::M);
        let label = format!("Allow changes to {name}");
        let room = ui.available_width() - kit::button_width(ui, &label) - gap::S;
        let field = ui
            .add(
                egui::TextEdit::singleline(typed)
                    .margin(egui::Margin::symmetric(10, 7))
                    .min_size(vec2(0.0, 34.0))
                    .align(egui::Align2::LEFT_CENTER)
                    .desired_width(200.0_f32.min(room).max(80.0)),
            )
            .accessible_name(format!("Name of the cluster, {name}, to allow changes"));
        let right = typed.trim() == name;
        let button = ui.add_enabled_ui(right, |ui| kit::secondary_button(ui, &label)).inner;
        let entered =
            field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter)) && right;
        if button.clicked() || entered {
            setup.rules.production_named = Some(name);
            typed.clear();
        }
    });
}

/// Inside a card whose button waits for the name; nothing where it does not.
pub fn in_card(ui: &mut Ui, setup: &mut Setup) {
    if setup.rules.dry_run || may_change(&setup.facts, &setup.rules).is_ok() {
        return;
    }
    let id = ui.make_persistent_id("name of the production cluster");
    let mut typed = ui.data(|data| data.get_temp::<String>(id)).unwrap_or_default();
    ask(ui, &mut typed, setup);
    ui.data_mut(|data| data.insert_temp(id, typed));
}

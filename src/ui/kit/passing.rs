//! What stands over a page for a while: a word in passing, and the question on leaving.

use egui::{
    Align2, Area, Frame, Id, Label, Margin, Modal, Order, RichText, Role, Ui, WidgetInfo,
    accesskit::Live, vec2,
};

use crate::ui::{
    kit::{self, Icon},
    theme::{Theme, gap},
};

/// A confirmation that needs no action. Read out politely; never an error.
pub fn toast(ui: &Ui, text: &str) {
    let theme = Theme::of(ui);
    Area::new(Id::unique("said in passing"))
        .order(Order::Foreground)
        .anchor(Align2::CENTER_BOTTOM, vec2(0.0, -80.0))
        .interactable(false)
        .show(ui.ctx(), |ui| {
            Frame::new()
                .fill(theme.text)
                .corner_radius(6)
                .inner_margin(Margin::symmetric(14, 8))
                .show(ui, |ui| {
                    let text = RichText::new(text).color(theme.surface);
                    let label = ui.add(Label::new(text).extend().selectable(false));
                    ui.ctx().accesskit_node_builder(label.id, |node| {
                        node.set_role(Role::Status);
                        node.set_live(Live::Polite);
                    });
                });
        });
}

/// On quit, while the access of this computer is removed. Whether it is to stay.
pub fn farewell(ui: &Ui, stay: &str) -> bool {
    Modal::new(Id::unique("leaving"))
        .show(ui.ctx(), |ui| {
            ui.set_width(360.0);
            ui.spacing_mut().item_spacing.y = gap::M;
            kit::subheading(ui, "Removing this computer's access");
            ui.horizontal(|ui| {
                kit::icon(ui, Icon::Working, 16.0, Theme::of(ui).accent);
                let text = "The trusted source that let this computer in is being removed…";
                let label = ui.add(Label::new(text).wrap());
                label.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
            });
            kit::secondary_button(ui, stay).clicked()
        })
        .inner
}

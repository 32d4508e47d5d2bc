//! What the Tab key leads to is brought into sight.

use egui::{Id, InputState, Memory, Ui, vec2};

use crate::ui::theme::gap;

/// Called last inside a scroll area: scrolls to what took the focus there since the last frame.
pub fn keep_focus_in_sight(ui: &Ui) {
    let focused = ui.memory(Memory::focused);
    let seen = ui.unique_id().with("focus");
    let before: Option<Id> = ui.data(|data| data.get_temp(seen)).unwrap_or_default();
    if before == focused {
        return;
    }
    ui.data_mut(|data| data.insert_temp(seen, focused));
    // What a pointer led to is in sight; and whoever asks for what was not clicked takes its focus away.
    let by_pointer = |input: &InputState| {
        let pointer = &input.pointer;
        pointer.any_pressed() || pointer.any_down() || pointer.any_released()
    };
    if ui.input(by_pointer) {
        return;
    }
    let Some(taken) = focused.and_then(|id| ui.ctx().read_response(id)) else { return };
    let clip = ui.clip_rect();
    // What stands elsewhere in the window is drawn where it is; what is out of sight here is cut off whole.
    let is_here = taken.layer_id == ui.layer_id()
        && clip.x_range().contains(taken.rect.center().x)
        && (!taken.interact_rect.is_positive() || clip.contains(taken.interact_rect.center()));
    if is_here {
        ui.scroll_to_rect(taken.rect.expand2(vec2(0.0, gap::S)), None);
    }
}

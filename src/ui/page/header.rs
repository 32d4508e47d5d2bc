//! The header: which set-up this is, in which environment; dry run, access and requests on its right.

use egui::{
    Align, Color32, Label, Layout, RichText, Role, TextStyle, Ui, UiBuilder, WidgetInfo, vec2,
};
use jiff::Timestamp;

use super::{
    Page, Places,
    actions::{Action, with_keys},
    drawer::Tab,
    environment, fixed, surface,
};
use crate::{
    domain::access::Lease,
    setup::{Setup, steps::test},
    ui::{
        act::Act,
        kit,
        theme::{Theme, gap, role},
    },
};

/// The set-up's name: its app, else its cluster.
fn name(setup: &Setup) -> String {
    let app = setup.steps.app.app(&setup.facts).map(|app| app.name.clone());
    let cluster = || setup.facts.cluster.as_ref().map(|facts| facts.cluster.name.clone());
    app.or_else(cluster).unwrap_or_else(|| "New set-up".to_owned())
}

/// `shop-db`, `fra1`, `Team Shop`
fn whereabouts(setup: &Setup) -> Vec<String> {
    let cluster = setup.facts.cluster.as_ref().map(|facts| &facts.cluster);
    let account = setup.facts.account.as_ref();
    let named = cluster.filter(|cluster| cluster.name != name(setup));
    [
        named.map(|cluster| cluster.name.clone()),
        cluster.map(|cluster| cluster.region.clone()),
        account.and_then(|account| account.team.clone().or_else(|| account.email.clone())),
    ]
    .into_iter()
    .flatten()
    .filter(|part| !part.is_empty())
    .collect()
}

/// As many of the parts as have room, from the first on; all of them under the pointer and for those who hear the window.
fn place(ui: &mut Ui, parts: &[String]) {
    const BETWEEN: &str = " · ";
    // The chips begin where this ends.
    let room = ui.available_width() - gap::M;
    let font = TextStyle::Body.resolve(ui.style());
    let fits = |text: &str| {
        let text = ui.painter().layout_no_wrap(text.to_owned(), font.clone(), Color32::PLACEHOLDER);
        text.size().x <= room
    };
    let first = |count: usize| parts.iter().take(count).cloned().collect::<Vec<_>>().join(BETWEEN);
    let shown = (1..=parts.len()).rev().map(first).find(|text| fits(text)).unwrap_or_default();
    let whole = parts.join(BETWEEN);
    let text = RichText::new(&shown).color(Theme::of(ui).text_2);
    let response = ui.add(Label::new(text).extend());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &whole));
    if shown != whole {
        response.on_hover_text(whole);
    }
}

/// What is left of a lease: `1:42`, hours and minutes; `None` where it has no end.
fn left(lease: &Lease, now: Timestamp) -> Option<String> {
    let seconds = lease.until?.duration_since(now).as_secs().max(0);
    let minutes = (seconds + 59) / 60;
    Some(format!("{}:{:02}", minutes / 60, minutes % 60))
}

impl Page {
    pub(super) fn header(
        &mut self,
        ui: &mut Ui,
        places: &Places,
        setup: &mut Setup,
        now: Timestamp,
        acts: &mut Vec<Act>,
    ) {
        surface(ui, places.header, true);
        let side = if places.wide { 20.0 } else { gap::L };
        let inner = places.header.shrink2(vec2(side, 0.0));
        let chips = chips(setup, now);
        let width = chips.iter().map(|chip| kit::chip_width(ui, &chip.text) + gap::S).sum::<f32>();
        let (left, right) = inner.split_left_right_at_x(inner.right() - width);
        let row = Layout::left_to_right(Align::Center);
        let folded = !places.wide && !places.tall;
        ui.scope_builder(UiBuilder::new().max_rect(left).layout(row), |ui| {
            ui.spacing_mut().item_spacing.x = gap::M;
            let environment = environment(setup, self.label);
            let pill = environment.map_or(0.0, |it| gap::M + kit::pill_width(ui, it.word()));
            if folded {
                self.step_menu(ui, setup, left.width() - pill, acts);
            } else {
                let name = RichText::new(name(setup)).text_style(role::card_title());
                ui.scope(|ui| {
                    ui.set_max_width((left.width() - pill).max(0.0));
                    let name = ui.add(Label::new(name).truncate());
                    name.on_hover_text(whereabouts(setup).join(" · "));
                });
            }
            // Where even the shortest texts leave no room, band and title still tell the environment.
            if let Some(environment) = environment
                && pill <= gap::M + ui.available_width()
            {
                kit::pill(ui, environment.word(), Theme::of(ui).environment(environment));
            }
            if !folded {
                place(ui, &whereabouts(setup));
            }
        });
        ui.scope_builder(UiBuilder::new().max_rect(right).layout(row), |ui| {
            ui.spacing_mut().item_spacing.x = gap::S;
            ui.add_space(0.0);
            for (place, chip) in chips.iter().enumerate() {
                self.chip(ui, place, chip, setup, acts);
            }
        });
        if setup.facts.first_to_end().is_some() {
            ui.request_repaint_after(std::time::Duration::from_secs(30));
        }
    }

    fn chip(
        &mut self,
        ui: &mut Ui,
        place: usize,
        chip: &Chip,
        setup: &mut Setup,
        acts: &mut Vec<Act>,
    ) {
        let response = kit::chip(ui, &chip.text, chip.on);
        let id = response.id;
        if place == 0 {
            self.panes.header = Some(id);
        }
        match chip.what {
            What::DryRun => {
                let on = setup.rules.dry_run;
                response.widget_info(|| WidgetInfo::selected(Role::Switch, true, on, "Dry run"));
                if response.clicked() {
                    setup.set_dry_run(!on);
                }
                let text = "Nothing is changed anywhere; each step says what it would do.";
                response.on_hover_text(with_keys(ui.ctx(), text, Action::DryRun));
            }
            What::Access => {
                response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &chip.name));
                if response.clicked() {
                    acts.push(test::Msg::Remove.into());
                }
                response.on_hover_text("Remove this computer from the trusted sources now");
            }
            What::Requests => {
                response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &chip.name));
                ui.ctx().accesskit_node_builder(id, |node| node.set_expanded(chip.on));
                ui.data_mut(|data| data.insert_temp(fixed("opener of the requests"), id));
                if response.clicked() {
                    let sent = !setup.record.exchanges.is_empty();
                    self.open_drawer(ui, if sent { Tab::History } else { Tab::Next });
                }
                let text = "What was sent to DigitalOcean.";
                response.on_hover_text(with_keys(ui.ctx(), text, Action::Requests));
            }
        }
    }
}

enum What {
    Access,
    DryRun,
    Requests,
}

struct Chip {
    what: What,
    text: String,
    /// For those who hear the window; holds the visible text.
    name: String,
    on: bool,
}

fn chips(setup: &Setup, now: Timestamp) -> Vec<Chip> {
    let mut chips = Vec::new();
    if let Some(granted) = setup.facts.first_to_end() {
        let text = left(&granted.lease, now)
            .map_or("Access open".to_owned(), |left| format!("Access {left}"));
        let name = format!("{text}, remove this computer's access now");
        chips.push(Chip { what: What::Access, text, name, on: false });
    }
    let on = setup.rules.dry_run;
    let text = if on { "Dry run on" } else { "Dry run off" }.to_owned();
    chips.push(Chip { what: What::DryRun, name: text.clone(), text, on });
    let text = format!("Requests {}", setup.record.exchanges.len());
    chips.push(Chip { what: What::Requests, name: text.clone(), text, on: false });
    chips
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_the_access_is_rounded_up_to_a_minute() {
        let lease = |seconds| Lease {
            address: [203, 0, 113, 7].into(),
            until: Some(Timestamp::from_second(seconds).unwrap()),
            was_there: false,
        };
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(left(&lease(2 * 3600), now).as_deref(), Some("2:00"));
        assert_eq!(left(&lease(6101), now).as_deref(), Some("1:42"));
        assert_eq!(left(&lease(1), now).as_deref(), Some("0:01"));
        assert_eq!(left(&lease(-5), now).as_deref(), Some("0:00"));
        assert_eq!(left(&Lease { until: None, ..lease(0) }, now), None);
    }
}

//! The drawer of requests: what the primary button will send, and what was sent.

use egui::{
    Align, Area, Frame, Layout, Margin, Order, Rect, RichText, Role, ScrollArea, Sense, Stroke, Ui,
    WidgetInfo, vec2,
};
use jiff::tz::TimeZone;

use super::{Page, fixed};
use crate::{
    domain::{record::Exchange, secret::Secret},
    setup::{
        Setup,
        step::{Primary, StepId},
        steps::pool,
    },
    ui::{
        act::{Act, Copied},
        kit::{self, Icon},
        theme::{Theme, gap, role},
    },
};

/// The newest that are listed; a set-up sends fewer.
const SHOWN: usize = 200;

impl Page {
    pub(super) fn drawer(&mut self, ui: &mut Ui, rect: Rect, setup: &Setup, acts: &mut Vec<Act>) {
        let theme = Theme::of(ui);
        Area::new(fixed("requests"))
            .order(Order::Middle)
            .fixed_pos(rect.min)
            .constrain(false)
            .fade_in(false)
            .role(Role::Complementary)
            .accessible_name("Requests")
            .show(ui.ctx(), |ui| {
                ui.painter().rect_filled(rect, 0, theme.surface);
                ui.painter().vline(rect.left() + 0.5, rect.y_range(), Stroke::new(1.0, theme.edge));
                ui.set_min_size(rect.size());
                ui.set_max_size(rect.size());
                Frame::new().inner_margin(Margin::symmetric(18, 14)).show(ui, |ui| {
                    ui.set_max_size(rect.size() - vec2(36.0, 28.0));
                    self.top(ui);
                    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                        ui.spacing_mut().item_spacing.y = gap::S;
                        next(ui, setup, acts);
                        ui.add_space(gap::S);
                        history(ui, &setup.record.exchanges);
                    });
                });
            });
    }

    fn top(&mut self, ui: &mut Ui) {
        ui.horizontal(|ui| {
            kit::subheading(ui, "Requests to DigitalOcean");
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let theme = Theme::of(ui);
                let (_, rect) = ui.allocate_space(vec2(28.0, 28.0));
                let response = ui.interact(rect, fixed("close the requests"), Sense::click());
                response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Close requests"));
                if response.hovered() {
                    ui.painter().rect_filled(rect, 6, theme.raised);
                }
                // The first pass only measures; there is nothing to focus yet.
                if self.drawer_enters && !ui.is_sizing_pass() {
                    self.drawer_enters = false;
                    response.request_focus();
                }
                let mark = rect.shrink(8.0);
                kit::paint_icon(ui.painter(), mark, Icon::Cross, theme.text_2, theme.surface);
                kit::focus_ring(ui, &response);
                if response.clicked() {
                    self.turn_drawer(ui);
                }
                response.on_hover_text("Close. Esc");
            });
        });
    }
}

/// What the page's primary button will send, as far as it is known before.
fn next(ui: &mut Ui, setup: &Setup, acts: &mut Vec<Act>) {
    part(ui, "The button of this page");
    let request = match setup.current {
        StepId::Pool => pool::request(&setup.steps.pool, &setup.facts),
        _ => None, // no other step sends one request that is known before
    };
    if let Some(request) = request {
        block(ui, &format!("{} {}\n{}", request.method, request.path, request.body));
        kit::caption(ui, "The same as a command:");
        block(ui, &request.command);
        if kit::copy_button(ui, "Copy", "Copy the command") {
            acts.push(Act::Copy(Copied {
                text: Secret::new(request.command),
                kind: "Command".to_owned(),
                secret: false,
            }));
        }
        if setup.rules.dry_run {
            kit::caption(ui, "Dry run is on: it is not sent.");
        }
        return;
    }
    let text = match (setup.current, setup.primary(setup.current)) {
        (_, Primary::Next) => "Nothing: it goes to the next page.",
        (StepId::SignIn, _) => {
            "GET requests that tell who this is and what the token may do. They change nothing."
        }
        (StepId::Cluster, _) => {
            "GET requests for clusters, pools, users, databases, trusted sources and apps. They change nothing."
        }
        (StepId::App, _) => {
            "POST /v2/apps/propose, which changes nothing, then PUT /v2/apps/{id} with the whole spec, in which only our variables differ."
        }
        (StepId::HandOver, _) => "Nothing: the runbook is a file on this computer.",
        (StepId::Pool, _) => "Nothing yet: the page says what is missing.",
        (_, _) => "Nothing to DigitalOcean.",
    };
    kit::caption(ui, text);
}

fn history(ui: &mut Ui, exchanges: &[Exchange]) {
    part(ui, "Sent so far");
    if exchanges.is_empty() {
        kit::caption(ui, "Nothing was sent yet.");
    }
    let zone = TimeZone::system();
    for exchange in exchanges.iter().rev().take(SHOWN) {
        row(ui, exchange, &zone);
    }
    if SHOWN < exchanges.len() {
        kit::caption(ui, &format!("{} older ones are not listed.", exchanges.len() - SHOWN));
    }
}

fn row(ui: &mut Ui, exchange: &Exchange, zone: &TimeZone) {
    let theme = Theme::of(ui);
    let (icon, colour, status) = match exchange.status {
        Some(status @ 0..400) => (Icon::Done, theme.success.text, status.to_string()),
        Some(status) => (Icon::Stopped, theme.danger.text, status.to_string()),
        None => (Icon::Warning, theme.warning.text, "no answer".to_owned()),
    };
    let at = exchange.at.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string();
    let left = exchange.rate_left.map_or(String::new(), |left| format!(" · {left} left this hour"));
    let second = format!("{status} · {} ms · {at}{left}", exchange.took.as_millis());
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = gap::S;
        kit::icon(ui, icon, 15.0, colour);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            kit::mono(ui, &format!("{} {}", exchange.method, exchange.path));
            kit::caption(ui, &second);
            if let Some(id) = &exchange.request_id {
                kit::caption(ui, &format!("Request id {id}"));
            }
            if let Some(body) = &exchange.body {
                ui.push_id((exchange.at, &exchange.path), |ui| {
                    kit::fold(ui, "Body", |ui| block(ui, body));
                });
            }
        });
    });
    ui.add_space(gap::XS);
}

fn part(ui: &mut Ui, title: &str) {
    let text = RichText::new(title).text_style(role::strong());
    let response = ui.add(egui::Label::new(text));
    response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, title));
}

/// Code on its own ground.
fn block(ui: &mut Ui, text: &str) {
    Frame::new()
        .fill(Theme::of(ui).raised)
        .corner_radius(6)
        .inner_margin(Margin::symmetric(10, 8))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            kit::mono(ui, text);
        });
}

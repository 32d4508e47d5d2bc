//! On page 11: many requests to the app at once, and the same transactions over both URLs.

use egui::Ui;

use crate::{
    domain::{
        activity::LOAD,
        load::{Loaded, Outcome, Progress, Through},
        stages::Port,
    },
    setup::{
        Setup,
        facts::Requests,
        may_change,
        steps::verify::{self, Msg, Phase},
    },
    ui::{
        act::Act,
        brake,
        kit::{self, Column, Half, Icon},
        theme::{FORM_WIDTH, Theme, gap},
    },
};

/// The guide's test: many `GET`s at once, what became of them, and the connections they caused.
pub fn requests(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let caps = verify::caps(&setup.facts);
    let idle = matches!(setup.steps.verify.phase, Phase::Idle | Phase::Failed(_));
    kit::card(ui, Some("Many requests to the app at once"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::M;
        match &setup.facts.requests {
            Some(requests) => answers(ui, requests),
            None => {
                kit::paragraph(
                    ui,
                    "Shows whether any of them is refused, and how many server connections they take.",
                );
            }
        }
        let draft = &mut setup.steps.verify.draft;
        let many = kit::count(draft.requests as usize, "request", "requests");
        let address = !draft.health_url.trim().is_empty();
        let ready = idle && address;
        let again = if setup.facts.requests.is_some() { " again" } else { "" };
        let label = format!("Send {many}{again}");
        let send = ui.add_enabled_ui(ready, |ui| kit::secondary_button(ui, &label)).inner;
        if !address {
            kit::caption(ui, "The address to ask is needed first: see “Address and number”.");
        }
        kit::fold(ui, "Address and number", |ui| {
            ui.set_max_width(FORM_WIDTH.min(ui.available_width()));
            let hint = "A page of the app that asks the database, as /health/db.";
            kit::field(ui, "Address that is asked", &mut draft.health_url, hint);
            kit::number(ui, "Requests, all at once", &mut draft.requests, 1..=caps.requests);
            kit::caption(
                ui,
                &format!("At most {} here. They create real load for a moment.", caps.requests),
            );
        });
        send.clicked().then(|| Msg::Request.into())
    })
}

fn answers(ui: &mut Ui, requests: &Requests) {
    let path = requests.url.splitn(4, '/').nth(3).map_or("/".to_owned(), |path| format!("/{path}"));
    let asked = kit::count(requests.asked as usize, "request", "requests");
    let columns = [
        Column::text(format!("{asked} to {path}")),
        Column::figures("answered", 72.0),
        Column::figures("p50", 56.0),
        Column::figures("p95", 56.0),
        Column::figures("slowest", 60.0),
        Column::figures("connections they caused", 150.0),
    ];
    let caused = requests.connections.map_or("hidden".to_owned(), |(before, peak)| {
        format!("{} ({before} → {peak})", peak.saturating_sub(before))
    });
    let row = vec![
        "through the pool".to_owned(),
        format!("{} of {}", requests.answered, requests.asked),
        kit::took(requests.p50),
        kit::took(requests.p95),
        kit::took(requests.slowest),
        caused,
    ];
    kit::table(ui, "Requests to the app", &columns, &[row]);
    let codes: Vec<String> =
        requests.codes.iter().map(|(code, count)| format!("{code}: {count}")).collect();
    kit::caption(ui, &format!("Answers by status: {}.", codes.join(", ")));
}

/// The same transactions over both URLs, held to what is allowed.
pub fn load(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let order = setup.steps.verify.order(&setup.facts);
    let urls = setup.facts.urls.is_some();
    let blocked = may_change(&setup.facts, &setup.rules).err();
    kit::card(ui, Some("Load test"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::M;
        if let Phase::Loading(_, Some((port, progress))) = &setup.steps.verify.phase {
            under_way(ui, *port, *progress, order.clients, order.lasts);
        }
        match &setup.facts.loaded {
            Some(loaded) => result(ui, loaded),
            None => {
                kit::paragraph(
                    ui,
                    "The same transactions over the direct and the pooled URL, by the same number of clients. They only read. A transaction asks the server for the time it may take, at most 2 s.",
                );
            }
        }
        let clients = kit::count(order.clients as usize, "client", "clients");
        let each = match order.through {
            Through::Both => format!("{} on each URL", kit::lasted(order.lasts)),
            Through::PoolOnly => format!("{} through the pool", kit::lasted(order.lasts)),
        };
        let again = if setup.facts.loaded.is_some() { " again" } else { "" };
        let ready = matches!(setup.steps.verify.phase, Phase::Idle | Phase::Failed(_))
            && urls
            && blocked.is_none()
            && !setup.rules.dry_run;
        let label = format!("Run the load test{again}");
        let run = ui.add_enabled_ui(ready, |ui| kit::secondary_button(ui, &label)).inner;
        kit::caption(ui, &format!("{clients}, {each}. {}", meaning(&order)));
        if let Some(why) = blocked.as_deref().filter(|_| !setup.rules.dry_run) {
            kit::caption(ui, why);
        }
        brake::in_card(ui, setup);
        options(ui, setup);
        run.clicked().then(|| Msg::Load.into())
    })
}

fn meaning(order: &crate::domain::load::Order) -> &'static str {
    match (order.guarded, order.through) {
        (true, _) => {
            "This creates real load. It ends by itself when others wait more than before, or when fewer than 3 connections are free."
        }
        (false, Through::Both) => {
            "This creates real load: directly it may take every connection, and others are refused meanwhile."
        }
        (false, Through::PoolOnly) => {
            "This creates real load; it takes no more connections than the pool has."
        }
    }
}

fn options(ui: &mut Ui, setup: &mut Setup) {
    let caps = verify::caps(&setup.facts);
    let draft = &mut setup.steps.verify.draft;
    kit::fold(ui, "Options of the load test", |ui| {
        ui.set_max_width(FORM_WIDTH.min(ui.available_width()));
        ui.spacing_mut().item_spacing.y = gap::M;
        let most = u32::try_from(caps.lasts.as_secs()).unwrap_or(u32::MAX);
        kit::halves(ui, |ui, half| {
            match half {
                Half::Left => kit::number(ui, "Clients", &mut draft.clients, 1..=caps.clients),
                Half::Right => kit::number(ui, "Seconds on each URL", &mut draft.seconds, 1..=most),
            };
        });
        let through = [
            (Through::Both, "Both URLs, one after the other".to_owned()),
            (Through::PoolOnly, "The pooled URL only".to_owned()),
        ];
        kit::select(ui, "Load on", &mut draft.through, &through);
        let hint = "One statement that reads. It runs in a transaction that can't write.";
        kit::field(ui, "Statement", &mut draft.statement, hint);
        kit::caption(
            ui,
            &format!(
                "At most {} clients and {} here. The server's list shows them as “{LOAD}”.",
                caps.clients,
                kit::lasted(caps.lasts)
            ),
        );
    });
}

fn title(port: Port) -> &'static str {
    match port {
        Port::Direct => "Direct",
        Port::Pooled => "Pooled",
    }
}

fn under_way(
    ui: &mut Ui,
    port: Port,
    progress: Progress,
    clients: u32,
    lasts: std::time::Duration,
) {
    let theme = Theme::of(ui);
    ui.horizontal_wrapped(|ui| {
        kit::icon(ui, Icon::Working, 16.0, theme.accent);
        kit::live(
            ui,
            &format!(
                "{}: {} of {}, {} of {clients} clients connected, {} transactions, {} refused",
                title(port),
                kit::lasted(progress.elapsed.min(lasts)),
                kit::lasted(lasts),
                progress.connected,
                progress.transactions,
                progress.refused
            ),
        );
    });
}

fn result(ui: &mut Ui, loaded: &Loaded) {
    let outcomes: Vec<(Port, &Outcome)> = loaded.outcomes().collect();
    let mut columns = vec![Column::text("On each URL")];
    columns.extend(outcomes.iter().map(|(port, _)| Column::figures(port.word(), 132.0)));
    let row = |name: &str, of: &dyn Fn(&Outcome) -> String| {
        let figures = outcomes.iter().map(|(_, outcome)| of(outcome));
        std::iter::once(name.to_owned()).chain(figures).collect::<Vec<String>>()
    };
    let rows = [
        row("clients served", &|outcome| format!("{} of {}", outcome.served, outcome.clients)),
        row("first error", &|outcome| {
            outcome
                .first_error
                .as_ref()
                .map_or("none".to_owned(), |first| format!("client {}", first.client))
        }),
        row("connections refused", &|outcome| outcome.refused.to_string()),
        row("transactions a second", &|outcome| format!("{:.0}", outcome.per_second())),
        row("wait for a connection, p95", &|outcome| kit::took(outcome.wait_p95)),
        row("whole transaction, p95", &|outcome| kit::took(outcome.p95)),
        row("server connections, most", &|outcome| outcome.peak.to_string()),
    ];
    kit::table(ui, "Load test", &columns, &rows);
    kit::paragraph(ui, &loaded.sentence());
    let theme = Theme::of(ui);
    for (port, outcome) in outcomes {
        if let Some(why) = &outcome.ended {
            let text = format!("{}: ended by itself, because {why}.", title(port));
            kit::marked(ui, Icon::Warning, theme.warning.text, "Warning", &text);
        }
        if let Some(first) = &outcome.first_error {
            kit::caption(ui, &format!("{}, first error: “{}”.", title(port), first.said));
        }
    }
    kit::caption(ui, "The wait in the pool's queue is part of these times.");
}

//! This computer's access: whether the trusted sources let it in, and the rule that does for a while.

use std::net::{Ipv4Addr, Ipv6Addr};

use egui::Ui;

use crate::{
    domain::access::{self, LeaseLength, MANY_RULES, Rule},
    setup::{
        Setup, may_change,
        steps::test::{Draft, Msg, Phase},
    },
    ui::{
        act::Act,
        brake,
        kit::{self, Half, Icon},
        theme::Theme,
    },
};

/// Whether this computer may connect, and the rule that lets it in for a while. Step 3 asks for it too.
pub(in super::super) fn access(ui: &mut Ui, setup: &mut Setup, rules: &[Rule]) -> Option<Act> {
    let theme = Theme::of(ui);
    if let Some(lease) = setup.facts.lease() {
        let until = lease.until.map_or("until it is removed".to_owned(), |until| {
            format!("until {}", kit::clock(until))
        });
        let text = format!("{} is a trusted source {until}.", lease.address);
        kit::marked(ui, Icon::Done, theme.success.text, "Open", &text);
        return if lease.was_there {
            kit::caption(ui, "The rule was there before. It is not removed by this program.");
            None
        } else {
            let end = match lease.until {
                Some(_) => {
                    "It is removed at that time, or when the program ends; after a crash, at the next start. No other rule is touched."
                }
                None => "It stays when the program ends. No other rule is touched.",
            };
            kit::caption(ui, end);
            let idle = matches!(setup.steps.test.phase, Phase::Idle | Phase::Failed(_));
            ui.add_enabled_ui(idle, |ui| kit::secondary_button(ui, "Remove the access now"))
                .inner
                .clicked()
                .then(|| Msg::Remove.into())
        };
    }
    if rules.is_empty() {
        let text = "Every address may try to connect: the cluster has no trusted sources.";
        kit::marked(ui, Icon::Info, theme.info.text, "Note", text);
        kit::caption(
            ui,
            "The first one shuts everybody else out, the app too, so none is added from here. To close the cluster, add the app first, on the cluster's Network Access page; App Platform then starts a deployment of it.",
        );
        return None;
    }
    let address: Option<Ipv4Addr> = setup.steps.test.draft.address.trim().parse().ok();
    kit::paragraph(ui, &who_may(rules, address));
    if address.is_some_and(|address| access::lets_in(rules, address)) {
        return None;
    }
    if MANY_RULES <= rules.len() {
        let text = format!("DigitalOcean may take no more than {MANY_RULES}; then it says so.");
        kit::caption(ui, &text);
    }
    let blocked = may_change(&setup.facts, &setup.rules).err();
    let step = &mut setup.steps.test;
    let idle = matches!(step.phase, Phase::Idle | Phase::Failed(_));
    let act = lease_form(ui, &mut step.draft, address, idle, blocked.as_deref());
    brake::in_card(ui, setup);
    act
}

/// `Only 3 trusted sources may connect, and this computer (203.0.113.7) is not one of them.`
fn who_may(rules: &[Rule], address: Option<Ipv4Addr>) -> String {
    let sources = kit::count(rules.len(), "trusted source", "trusted sources");
    match address {
        Some(address) if access::lets_in(rules, address) => {
            format!("Only {sources} may connect, and this computer ({address}) is one of them.")
        }
        Some(address) => {
            format!("Only {sources} may connect, and this computer ({address}) is not one of them.")
        }
        None => format!(
            "Only {sources} may connect. Whether this computer is one of them is known once its address is."
        ),
    }
}

fn lease_form(
    ui: &mut Ui,
    draft: &mut Draft,
    address: Option<Ipv4Addr>,
    idle: bool,
    blocked: Option<&str>,
) -> Option<Act> {
    let mut act = None;
    kit::halves(ui, |ui, half| match half {
        Half::Left => {
            let label = "Public address of this computer";
            kit::field(ui, label, &mut draft.address, "IPv4, as 203.0.113.7");
        }
        Half::Right => {
            let lengths = LeaseLength::ALL.map(|length| (length, length.words().to_owned()));
            kit::select(ui, "Allow for", &mut draft.lease, &lengths);
        }
    });
    ui.horizontal_wrapped(|ui| {
        let find =
            ui.add_enabled_ui(idle, |ui| kit::secondary_button(ui, "Find the address")).inner;
        if find.clicked() {
            act = Some(Msg::FindAddress.into());
        }
        let who = address.map_or("the address".to_owned(), |address| address.to_string());
        let label = format!("Allow {who} {}", draft.lease.lasting());
        let possible = idle && address.is_some() && blocked.is_none();
        let allow = ui.add_enabled_ui(possible, |ui| kit::secondary_button(ui, &label)).inner;
        if allow.clicked() {
            act = Some(Msg::Allow.into());
        }
    });
    kit::caption(
        ui,
        "“Find the address” asks checkip.amazonaws.com and ipv4.icanhazip.com which address this computer has; both must say the same. Nothing else is sent to them.",
    );
    let is_ipv6 = draft.address.trim().parse::<Ipv6Addr>().is_ok();
    match (blocked, address) {
        (Some(why), _) => kit::caption(ui, why),
        (None, None) if is_ipv6 => kit::caption(
            ui,
            "This is an IPv6 address. DigitalOcean's trusted sources accept only IPv4 addresses.",
        ),
        (None, None) => kit::caption(ui, "To allow this computer, its address is needed first."),
        (None, Some(_)) if draft.lease.duration().is_none() => kit::caption(
            ui,
            "The rule is added to the others and read back. It stays when the program ends.",
        ),
        (None, Some(_)) => kit::caption(
            ui,
            "The rule is added to the others and read back. It is removed at its time, or when the program ends.",
        ),
    };
    act
}

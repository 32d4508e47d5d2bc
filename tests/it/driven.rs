//! A set-up with its effects, driven as the window drives them.

use std::time::Duration;

use jiff::Timestamp;
use poolwright::{
    effects::runner::Runner,
    setup::{Order, Setup},
};

/// Obeys, and takes in everything that comes of it.
pub async fn settle(setup: &mut Setup, runner: &mut Runner, orders: Vec<Order>) {
    runner.obey(orders);
    while setup.busy() {
        let next = tokio::time::timeout(Duration::from_secs(60), runner.next());
        let report = next.await.expect("something is reported").unwrap();
        runner.obey(report.hand_to(setup, Timestamp::now()));
    }
}

//! DigitalOcean's own Python client uses the practice account and finds nothing wrong with it.

use std::{io::Write as _, process::Stdio};

use poolwright::practice::account::{ALL_SCOPES, Account, Allowance, Beginning};

use crate::peers;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_providers_python_client_finds_nothing_wrong() {
    let account = Account::on_paper(Beginning::default()).await.unwrap();
    let token = account.issue(ALL_SCOPES, Allowance::default()).await.unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/pydo_account.py");
    let mut command = peers::command("python");
    command.arg(script).arg(account.base());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let ended = tokio::task::spawn_blocking(move || {
        let mut python = command.spawn().unwrap();
        // The client signs in with it.
        python.stdin.take().unwrap().write_all(token.expose().as_bytes()).unwrap();
        python.wait_with_output().unwrap()
    });
    let ended = ended.await.unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    let complaints = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{said}\n{complaints}");
    assert_eq!(said.trim(), "nothing is wrong");
    account.close().await;
}

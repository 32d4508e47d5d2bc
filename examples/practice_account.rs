//! Starts the practice account, tells as JSON how to reach it, and ends it when standard input ends. For scripts that
//! open the program itself on it: `DIGITALOCEAN_API_URL` leads there.
//!
//!   `practice_account SCENARIO`
#![expect(clippy::print_stdout, reason = "a script reads it")]

use poolwright::practice::{Practice, scenario::Scenario};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    poolwright::safety::before_anything();
    let wanted = std::env::args().nth(1).ok_or("practice_account SCENARIO")?;
    let scenario = Scenario::parse(&wanted).ok_or("there is no such scenario")?;
    let practice = Practice::start(scenario).await?;
    let told = json!({
        "api": practice.api_base(),
        "cluster": practice.cluster_name(),
        "project": practice.project(),
        // It opens an account that ends with this program.
        "token": practice.token().expose(),
    });
    println!("{told}");
    // Reading waits, and the account must go on meanwhile.
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()))
        .await??;
    practice.stop().await;
    Ok(())
}

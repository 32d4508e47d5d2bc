//! Starts the practice cluster alone, tells how to reach it, and ends it when standard input ends. For measuring scripts.
#![expect(clippy::print_stdout, reason = "a script reads it")]

use poolwright::practice::cluster::{Cluster, OWNER, PUBLIC_HOST};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    poolwright::safety::before_anything();
    let cluster = Cluster::start().await?;
    let password = cluster.password(OWNER).ok_or("the owner has a password")?;
    // It opens a cluster that ends with this program.
    let password = password.expose();
    println!("postgresql://{OWNER}:{password}@{PUBLIC_HOST}:{}/defaultdb", cluster.direct_port());
    // Reading waits, and the cluster's gates must go on meanwhile.
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()))
        .await??;
    Ok(())
}

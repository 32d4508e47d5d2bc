//! How to look after a pool, and what to do about each message: the runbook's lasting part.

use crate::domain::{
    runbook::{
        Runbook,
        markdown::{Page, code, plain},
    },
    words::argument,
};

/// Messages, what they mean, what to do. Causes that are often told wrongly are told right here.
const MESSAGES: [(&[&str], &str, &str); 13] = [
    (
        &["remaining connection slots are reserved", "sorry, too many clients already", "53300"],
        "Every connection that ordinary users may have is in use.",
        "See who holds them with the query above. Lower the limit per instance of programs that connect directly, or make room in the pools.",
    ),
    (
        &[
            "prepared statement \"s0\" already exists",
            "prepared statement \"s0\" does not exist",
            "42P05",
            "26000",
        ],
        "The pool lends another connection for each transaction, the client prepares statements by name, and the pooler does not keep track of them. Transaction mode is the reason, not session mode.",
        "Prisma 4 to 6: pgbouncer=true in the pooled URL. Other clients: switch named statements off. Or use a pool in session mode.",
    ),
    (
        &[
            "Connection terminated unexpectedly",
            "terminating connection due to administrator command",
            "57P01",
        ],
        "The server or the pooler ended a connection: an idle time-out passed, or it was restarted. pool_timeout has nothing to do with it; that is the wait for a free connection.",
        "Set the client's idle time-out below the pooler's (600 s by default), and let it connect again.",
    ),
    (
        &["Timed out fetching a new connection from the connection pool", "P2024"],
        "All connections of one instance's own pool are busy.",
        "Look for slow or open transactions first; then raise connection_limit. Behind the pool that only queues, it opens nothing.",
    ),
    (
        &["query_wait_timeout"],
        "All connections of the pool are lent out, or the database behind it is full.",
        "Look for transactions that stay open. Then make the pool larger, within the sum above.",
    ),
    (
        &["no such database", "SASL authentication failed"],
        "On the pooled port: the last part of the URL must be the pool's name. The pooler gives the second answer for a wrong user as well.",
        "Use the pooled URL above as it stands.",
    ),
    (
        &["Timed out trying to acquire a postgres advisory lock", "P1002"],
        "Migrations ran over the pool. Its connection keeps Prisma's lock, and the next run over the direct URL waits for it in vain.",
        "Run migrations over the direct URL only. To find who holds the lock: SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 72707369.",
    ),
    (
        &["invalid URI query parameter: \"pgbouncer\""],
        "psql and other programs on libpq got the URL made for Prisma.",
        "Give them the direct URL, or the pooled one without Prisma's parameters.",
    ),
    (
        &["unsupported startup parameter"],
        "The client sends a setting at sign-in that the pooler does not take: options, search_path, statement_timeout.",
        "Remove it from the pooled URL; set it inside the transaction or for the role.",
    ),
    (
        &["self-signed certificate in certificate chain"],
        "The client checks the certificate; DigitalOcean signs each cluster with an authority of its own.",
        "Give the client the cluster's certificate and sslmode=verify-full.",
    ),
    (
        &["no pg_hba.conf entry", "SSL required"],
        "The client ignored sslmode and connected without encryption.",
        "Switch encryption on in the client's own settings.",
    ),
    (
        &["ETIMEDOUT", "connection timed out"],
        "The program's address is not among the trusted sources, or a firewall blocks the port. App Platform's builds never reach a cluster with trusted sources.",
        "Add the app or the address under Network Access. Do at run time what the build tried.",
    ),
    (
        &["password authentication failed", "28P01"],
        "The password was changed after the URL was copied.",
        "Fetch the URL again as above; write it into the env files; deploy the app.",
    ),
];

/// Connections by database, role, program and state, the most first.
const WHO: &str = "SELECT datname, usename, application_name, state, COUNT(*) AS connections
FROM pg_stat_activity
WHERE backend_type = 'client backend'
GROUP BY datname, usename, application_name, state
ORDER BY connections DESC;";

pub(super) fn looking_after(page: &mut Page, runbook: &Runbook<'_>) {
    page.heading(2, "Looking after it");
    watch(page, runbook);
    resize(page, runbook);
    change_password(page, runbook);
    page.heading(3, "Add another app");
    page.text(
        "Attach the cluster to the app as a database component, which also adds it to the trusted sources, and bind its variables as above. Every app shares the pool's connections; a busy one is better off with a pool of its own. More instances of the same app need no change: they queue at the pool.",
    );
    migrations(page, runbook);
}

fn watch(page: &mut Page, runbook: &Runbook<'_>) {
    let direct = runbook.direct_key();
    page.heading(3, "Watch the connections");
    page.text("In the project's folder, over the direct URL:");
    let load = load(runbook);
    page.code("sh", &format!("{load}\npsql \"${direct}\" <<'SQL'\n{WHO}\nSQL"));
    page.text(
        "Set alert policies for CPU, memory and disk on the cluster's Insights page. A constant CPU near 100 % asks for a smaller pool or a larger plan; requests that wait while CPU is low ask for a larger pool.",
    );
    if let Some(url) = &runbook.health_url {
        page.text("Fifty requests at once, to see that none is refused:");
        let url = argument(url);
        let count = "for n in $(seq 50); do";
        page.code(
            "sh",
            &format!(
                "{count} curl -s -o /dev/null -w '%{{http_code}}\\n' {url} & done | sort | uniq -c"
            ),
        );
    }
}

/// Puts the env file's variables into a shell.
fn load(runbook: &Runbook<'_>) -> String {
    let file = runbook.env_file.display().to_string();
    let place = if runbook.env_file.is_absolute() { "" } else { "./" };
    format!("set -a; . {}; set +a", argument(&format!("{place}{file}")))
}

fn resize(page: &mut Page, runbook: &Runbook<'_>) {
    let (cluster, pool) = (runbook.cluster, runbook.pool);
    page.heading(3, "Resize the pool");
    let user =
        pool.user.as_deref().map_or(String::new(), |user| format!(" --user {}", argument(user)));
    page.code(
        "sh",
        &format!(
            "doctl databases pool update {} {} --size NEW_SIZE --mode {} --db {}{user}",
            argument(&cluster.id.0),
            argument(pool.name.as_str()),
            pool.mode.word(),
            argument(&pool.db)
        ),
    );
    let ceiling = runbook.sizing.map_or_else(String::new, |sizing| {
        format!(" At most {} fit beside what else the cluster serves.", sizing.ceiling)
    });
    page.text(format!(
        "All four settings belong to the command: DigitalOcean replaces the whole pool, and a user that is left out is taken off it.{ceiling} In the panel: Connection Pools, the pool's menu, Edit."
    ));
}

fn change_password(page: &mut Page, runbook: &Runbook<'_>) {
    page.heading(3, "Change the password");
    let user = runbook.pool.user.as_deref().unwrap_or(&runbook.cluster.direct.user);
    page.text(format!(
        "In the panel: Users & Databases, the menu of {}, Reset password. From that moment the old password opens nothing new, so do the rest at once: deploy the app (a bound variable then takes the new password by itself), and write the env files again with step 8.",
        code(user)
    ));
}

fn migrations(page: &mut Page, runbook: &Runbook<'_>) {
    let direct = runbook.direct_key();
    page.heading(3, "Run migrations");
    page.text(format!(
        "Always over the direct URL, {}. Over the pool they can stop half-way and leave a lock behind.",
        code(direct)
    ));
    let (command, why) = runbook.client.migrate((runbook.pooled_key(), direct));
    page.code("sh", &format!("{}\n{command}", load(runbook)));
    page.text(plain(&why));
}

pub(super) fn messages(page: &mut Page) {
    page.heading(2, "When something goes wrong");
    let rows = MESSAGES.map(|(messages, meaning, remedy)| {
        let messages: Vec<String> = messages.iter().map(|message| code(message)).collect();
        [messages.join(" · "), plain(meaning), plain(remedy)]
    });
    page.table(["Message", "What it means", "What to do"], rows);
    page.text(
        "Requests that are refused during a deployment only: old and new instances run side by side, so the app holds twice its connections. Behind the pool they queue; programs that connect directly need half the limit per instance.",
    );
}

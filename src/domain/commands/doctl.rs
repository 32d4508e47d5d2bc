//! A request for doctl, DigitalOcean's own command line.

use serde_json::Value;

use crate::domain::{
    commands::{PoolRequest, Request},
    words::argument,
};

/// `None` where doctl has no command for it, or one that does something else.
pub fn doctl(request: &Request<'_>) -> Option<String> {
    let parts = request.parts();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match request.method {
        "GET" => question(request, &parts),
        "DELETE" => match parts.as_slice() {
            ["databases", cluster, "pools", pool] => {
                Some(command("databases pool delete", &[cluster, pool]))
            }
            _ => None, // nothing else is deleted
        },
        "POST" | "PUT" => change(request, &parts),
        _ => None, // the account has no other
    }
}

/// Why a request that changes something has no form for doctl.
pub fn no_doctl(request: &Request<'_>) -> Option<&'static str> {
    let parts = request.parts();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match (request.method, parts.as_slice()) {
        ("PUT", ["databases", _, "firewall"]) => Some(
            "doctl has no command that keeps the descriptions of the trusted sources: it erases them.",
        ),
        _ => None, // doctl can, or there is nothing to say
    }
}

fn question(request: &Request<'_>, parts: &[&str]) -> Option<String> {
    Some(match parts {
        ["account"] => command("account get", &[]),
        ["databases"] => command("databases list", &[]),
        ["databases", cluster] => command("databases get", &[cluster]),
        ["databases", cluster, "users"] => command("databases user list", &[cluster]),
        ["databases", cluster, "dbs"] => command("databases db list", &[cluster]),
        ["databases", cluster, "pools"] => command("databases pool list", &[cluster]),
        ["databases", cluster, "pools", pool] => command("databases pool get", &[cluster, pool]),
        ["databases", cluster, "firewall"] => command("databases firewalls list", &[cluster]),
        ["databases", cluster, "ca"] => command("databases get-ca", &[cluster]),
        ["databases", cluster, "backups"] => command("databases backups", &[cluster]),
        ["apps"] => command("apps list", &[]),
        ["apps", app] => command("apps get", &[app]),
        ["apps", app, "deployments"] => command("apps list-deployments", &[app]),
        ["apps", app, "deployments", deployment] => {
            command("apps get-deployment", &[app, deployment])
        }
        ["apps", app, "deployments", deployment, "components", component, "logs"] => {
            let kind =
                request.path.split(['?', '&']).find_map(|part| part.strip_prefix("type="))?;
            let logs = command("apps logs", &[app, component]);
            format!(
                "{logs} --deployment {} --type {}",
                argument(deployment),
                argument(&kind.to_lowercase())
            )
        }
        _ => return None, // doctl asks it only for itself
    })
}

fn change(request: &Request<'_>, parts: &[&str]) -> Option<String> {
    if let Some(pool) = PoolRequest::read(request) {
        return Some(pool_command(&pool));
    }
    match (request.method, parts) {
        ("POST", ["apps", "propose"]) => {
            let fields = request.fields()?;
            let app = fields.get("app_id").and_then(Value::as_str)?;
            Some(with_spec(app, &format!("doctl apps propose --app {}", argument(app))))
        }
        ("PUT", ["apps", app]) => Some(with_spec(app, &command("apps update", &[app]))),
        _ => None, // see `no_doctl`
    }
}

/// Without the user, doctl would take it off the pool; without the mode, it would make it a transaction pool.
fn pool_command(pool: &PoolRequest) -> String {
    let verb = if pool.is_new { "create" } else { "update" };
    let user =
        pool.user.as_deref().map_or(String::new(), |user| format!(" --user {}", argument(user)));
    format!(
        "{} --mode {} --size {} --db {}{user}",
        command(&format!("databases pool {verb}"), &[&pool.cluster, &pool.name]),
        argument(&pool.mode),
        pool.size,
        argument(&pool.db),
    )
}

/// An app's settings go as a file: the whole of them, with their encrypted values as the account gives them.
fn with_spec(app: &str, command: &str) -> String {
    format!(
        "doctl apps spec get {} --format json > spec.json\n# Change in spec.json what differs, and nothing else.\n{command} --spec spec.json",
        argument(app)
    )
}

fn command(verb: &str, arguments: &[&str]) -> String {
    let mut command = format!("doctl {verb}");
    for one in arguments {
        command.push(' ');
        command.push_str(&argument(one));
    }
    command
}

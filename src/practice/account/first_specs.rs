//! The specs of the account's apps as they are at first: with a database's direct URL, and without a database.

use serde_json::{Value, json};

use crate::practice::{
    app::HEALTH_PATH,
    cluster::{APP_DATABASE, APP_ROLE},
};

use super::{apps::WORKERS, databases::CLUSTER_NAME, spec::Vault};

pub const APP_NAME: &str = "contrezz-web";

pub(super) fn web(vault: &mut Vault) -> Value {
    let session_key = vault.seal(&uuid::Uuid::new_v4().simple().to_string());
    json!({
        "name": APP_NAME,
        "region": "fra",
        "envs": [
            { "key": "NODE_ENV", "value": "production", "scope": "RUN_AND_BUILD_TIME" },
            { "key": "SESSION_KEY", "value": session_key, "scope": "RUN_TIME", "type": "SECRET" },
        ],
        "services": [{
            "name": "web",
            "github": { "repo": "contrezz/contrezz-web", "branch": "main", "deploy_on_push": true },
            "build_command": "npm run build",
            "run_command": "npm start",
            "environment_slug": "node-js",
            "instance_size_slug": "apps-s-1vcpu-1gb",
            "instance_count": 4,
            "http_port": 8080,
            "health_check": { "http_path": HEALTH_PATH },
            "envs": [
                { "key": "DATABASE_URL", "value": "${db.DATABASE_URL}", "scope": "RUN_TIME" },
                { "key": "WEB_CONCURRENCY", "value": WORKERS.to_string(), "scope": "RUN_TIME" },
            ],
        }],
        "databases": [{
            "name": "db",
            "engine": "PG",
            "production": true,
            "cluster_name": CLUSTER_NAME,
            "db_name": APP_DATABASE,
            "db_user": APP_ROLE,
        }],
        "ingress": { "rules": [{ "component": { "name": "web" }, "match": { "path": { "prefix": "/" } } }] },
    })
}

pub(super) fn docs() -> Value {
    json!({
        "name": "contrezz-docs",
        "region": "fra",
        "static_sites": [{
            "name": "docs",
            "github": { "repo": "contrezz/contrezz-docs", "branch": "main", "deploy_on_push": true },
            "build_command": "npm run build",
            "output_dir": "dist",
        }],
    })
}

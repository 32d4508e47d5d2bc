use serde_json::json;

use super::*;

const CREATE: &str =
    r#"{"name":"shop-pool","mode":"transaction","size":11,"db":"shop","user":"shop_app"}"#;

fn request<'a>(method: &'a str, path: &'a str, body: Option<&'a str>) -> Request<'a> {
    Request { method, path, body }
}

#[test]
fn a_pool_is_made_and_changed_with_its_user_and_mode() {
    let made = request("POST", "/v2/databases/c1/pools", Some(CREATE));
    assert_eq!(
        doctl(&made).as_deref(),
        Some(
            "doctl databases pool create c1 shop-pool --mode transaction --size 11 --db shop --user shop_app"
        )
    );
    let body = r#"{"mode":"session","size":4,"db":"shop","user":"shop_app"}"#;
    let changed = request("PUT", "/v2/databases/c1/pools/shop-pool", Some(body));
    assert_eq!(
        doctl(&changed).as_deref(),
        Some(
            "doctl databases pool update c1 shop-pool --mode session --size 4 --db shop --user shop_app"
        )
    );
    let inbound = r#"{"name":"p-1","mode":"session","size":4,"db":"shop"}"#;
    let inbound = doctl(&request("POST", "/v2/databases/c1/pools", Some(inbound)));
    assert_eq!(
        inbound.as_deref(),
        Some("doctl databases pool create c1 p-1 --mode session --size 4 --db shop")
    );
}

#[test]
fn what_doctl_would_do_otherwise_has_no_command_and_a_reason() {
    let rules = request("PUT", "/v2/databases/c1/firewall", Some(r#"{"rules":[]}"#));
    assert_eq!(doctl(&rules), None);
    assert!(no_doctl(&rules).is_some_and(|why| why.contains("descriptions")));
    let token = request("GET", "/v1/oauth/token/info", None);
    assert_eq!((doctl(&token), no_doctl(&token)), (None, None));
}

#[test]
fn terraform_has_pools_alone_and_puts_nothing_in_their_names() {
    let made = request("POST", "/v2/databases/c1/pools", Some(CREATE));
    assert_eq!(
        terraform(&made).as_deref(),
        Some(
            "resource \"digitalocean_database_connection_pool\" \"shop-pool\" {\n  cluster_id = \"c1\"\n  name       = \"shop-pool\"\n  mode       = \"transaction\"\n  size       = 11\n  db_name    = \"shop\"\n  user       = \"shop_app\"\n}"
        )
    );
    assert_eq!(
        import(&made).as_deref(),
        Some(
            "import {\n  to = digitalocean_database_connection_pool.shop-pool\n  id = \"c1,shop-pool\"\n}"
        )
    );
    let body = json!({"mode": "session", "size": 4, "db": "a${b}%{c}\"\\"}).to_string();
    let changed = request("PUT", "/v2/databases/c1/pools/9.p", Some(&body));
    let text = terraform(&changed).expect("a resource");
    assert!(text.starts_with("# Terraform deletes the pool"), "{text}");
    assert!(text.contains("\"pool_9_p\" {"), "{text}");
    assert!(text.contains(r#"db_name    = "a$${b}%%{c}\"\\""#), "{text}");
    assert_eq!(terraform(&request("GET", "/v2/databases", None)), None);
    assert_eq!(import(&request("DELETE", "/v2/databases/c1/pools/p", None)), None);
}

//! A request for curl. The token stays in the shell's variable, outside of the command's arguments.

use crate::domain::{commands::Request, operation::HOME, words::quoted};

/// The token goes through standard input, so that no list of processes shows it.
const TOKEN: &str = "--header @- <<< \"Authorization: Bearer $DIGITALOCEAN_TOKEN\"";

/// `None` never happens for a request of the account's; the form is that of the other commands.
pub fn curl(request: &Request<'_>) -> Option<String> {
    let Request { method, path, body } = request;
    if !path.starts_with('/') {
        return None;
    }
    let note = if request.is_masked() {
        "# body.json holds the request's body, with each value that is masked here as it really is.\n"
    } else {
        ""
    };
    let method = if *method == "GET" { String::new() } else { format!(" --request {method}") };
    // Practice's address would be of use to nobody else.
    let url = quoted(&format!("{HOME}{path}"));
    let data = body.map_or_else(String::new, |body| {
        let data = if request.is_masked() { "@body.json".to_owned() } else { quoted(body) };
        format!(" \\\n  --header 'Content-Type: application/json' \\\n  --data {data}")
    });
    Some(format!("{note}curl --fail-with-body{method} {url}{data} \\\n  {TOKEN}"))
}

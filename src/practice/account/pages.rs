//! Long lists, page by page.

use serde_json::{Map, Value, json};

use super::call::{Answer, Refusal, Request};

/// One page of a list, with links to the others as the provider words them.
/// Only what is on it is made.
pub(super) fn paged<T>(
    request: &Request,
    key: &str,
    all: impl ExactSizeIterator<Item = T>,
    show: impl Fn(T) -> Value,
) -> Result<Answer, Refusal> {
    let (page, on_one) = request.page()?;
    let total = all.len();
    let last = total.div_ceil(on_one).max(1);
    let shown: Vec<Value> =
        all.skip((page - 1).saturating_mul(on_one)).take(on_one).map(show).collect();
    let link = |to: usize| {
        json!(format!("https://api.digitalocean.com{}?page={to}&per_page={on_one}", request.path))
    };
    let mut pages = Map::new();
    if 1 < page {
        pages.insert("first".to_owned(), link(1));
        pages.insert("prev".to_owned(), link((page - 1).min(last)));
    }
    if page < last {
        pages.insert("next".to_owned(), link(page + 1));
        pages.insert("last".to_owned(), link(last));
    }
    let mut body = json!({ key: shown, "links": {}, "meta": { "total": total } });
    if let Some(links) = body.pointer_mut("/links").and_then(Value::as_object_mut)
        && !pages.is_empty()
    {
        links.insert("pages".to_owned(), Value::Object(pages));
    }
    Ok(Answer::ok(body))
}

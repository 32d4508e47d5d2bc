//! Lists that come in pages.

use serde::Deserialize;

use crate::digitalocean::wire::or_default;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Links {
    #[serde(deserialize_with = "or_default")]
    pages: Pages,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Pages {
    next: Option<String>,
    last: Option<String>,
}

impl Links {
    /// The page after `page`. The link is absolute and names the provider's host; only its number is used, so the token
    /// goes nowhere else. A number that does not grow ends the list.
    pub(super) fn after(&self, page: u32) -> Option<u32> {
        number(self.pages.next.as_deref()?).filter(|next| page < *next)
    }

    /// The last page, as far as it is known.
    pub(super) fn last(&self) -> Option<u32> {
        number(self.pages.last.as_deref()?)
    }
}

fn number(link: &str) -> Option<u32> {
    let (_, query) = link.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix("page="))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_a_number_that_grows() {
        let after = |json: &str, page| serde_json::from_str::<Links>(json).unwrap().after(page);
        let next = |url: &str| format!(r#"{{"pages": {{"next": "{url}", "last": "x"}}}}"#);
        assert_eq!(after(&next("https://api.example/v2/apps?page=2&per_page=50"), 1), Some(2));
        assert_eq!(after(&next("https://api.example/v2/apps?per_page=50&page=3"), 2), Some(3));
        assert_eq!(after(&next("https://api.example/v2/apps?page=2"), 2), None);
        assert_eq!(after(&next("https://api.example/v2/apps"), 1), None);
        assert_eq!(after(r#"{"pages": {"first": "x"}}"#, 1), None);
        assert_eq!(after(r#"{"pages": null}"#, 1), None);
        assert_eq!(after("{}", 1), None);
    }

    #[test]
    fn the_last_page_is_known_where_it_is_linked() {
        let last = |json: &str| serde_json::from_str::<Links>(json).unwrap().last();
        let linked = r#"{"pages": {"last": "https://api.example/v2/apps?page=10&per_page=200"}}"#;
        assert_eq!((last(linked), last("{}")), (Some(10), None));
    }
}

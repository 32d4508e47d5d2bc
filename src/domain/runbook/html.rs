//! The document as one HTML file: its style and its picture inside, nothing from anywhere else, in light and dark.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html::push_html};

use crate::domain::words::escaped;

const STYLE: &str = include_str!("page.css");

/// What a browser may load: nothing. The style stands in the file itself.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// `picture` is an SVG; it stands where the document names its picture.
pub(super) fn page(title: &str, markdown: &str, picture: Option<&str>) -> String {
    let (events, headings) = taken(markdown, picture.unwrap_or_default());
    let is_part = |event: &Event<'_>| {
        matches!(event, Event::Start(Tag::Heading { level: HeadingLevel::H2, .. }))
    };
    let first = events.iter().position(is_part).unwrap_or(events.len());
    let (before, parts) = events.split_at(first);
    let (mut head, mut body) = (String::new(), String::new());
    push_html(&mut head, before.iter().cloned());
    push_html(&mut body, parts.iter().cloned());
    let (title, contents) = (escaped(title), contents(&headings));
    format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{STYLE}</style>
</head>
<body>
<main>
{head}{contents}{body}</main>
</body>
</html>
"#
    )
}

/// Links to the parts.
fn contents(headings: &[String]) -> String {
    let entries: String = (1..)
        .zip(headings)
        .map(|(part, heading)| {
            format!("<li><a href=\"#part-{part}\">{}</a></li>\n", escaped(heading))
        })
        .collect();
    format!("<nav aria-label=\"Contents\">\n<ol>\n{entries}</ol>\n</nav>\n")
}

/// What is taken of the document, and the headings of its parts.
fn taken<'e>(markdown: &'e str, picture: &str) -> (Vec<Event<'e>>, Vec<String>) {
    let mut taken = Vec::new();
    let mut headings: Vec<String> = Vec::new();
    let mut is_heading = false;
    let mut events = Parser::new_ext(markdown, Options::ENABLE_TABLES).peekable();
    while let Some(event) = events.next() {
        match event {
            Event::Start(Tag::Paragraph)
                if matches!(events.peek(), Some(Event::Start(Tag::Image { .. }))) =>
            {
                // The words within are for who has no picture.
                events.by_ref().take_while(|event| *event != Event::End(TagEnd::Paragraph)).count();
                let figure = format!("<figure>\n{picture}</figure>\n");
                taken.push(Event::Html(CowStr::from(figure)));
            }
            Event::Start(Tag::Heading { level: HeadingLevel::H2, classes, attrs, .. }) => {
                is_heading = true;
                headings.push(String::new());
                let id = Some(CowStr::from(format!("part-{}", headings.len())));
                let level = HeadingLevel::H2;
                taken.push(Event::Start(Tag::Heading { level, id, classes, attrs }));
            }
            Event::End(TagEnd::Heading(_)) => {
                is_heading = false;
                taken.push(event);
            }
            Event::Start(Tag::Table(_)) => taken.extend([Event::Html(CowStr::from(TABLE)), event]),
            Event::End(TagEnd::Table) => {
                taken.extend([event, Event::Html(CowStr::from("</div>\n"))]);
            }
            // We write none of these; a name that looks like one stays words.
            Event::Html(text) | Event::InlineHtml(text) => taken.push(Event::Text(text)),
            Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::HtmlBlock)
            | Event::End(TagEnd::Link | TagEnd::Image | TagEnd::HtmlBlock) => {}
            other => {
                if let (true, Event::Text(text) | Event::Code(text)) = (is_heading, &other)
                    && let Some(heading) = headings.last_mut()
                {
                    heading.push_str(text);
                }
                taken.push(other);
            }
        }
    }
    (taken, headings)
}

/// A wide table scrolls by itself, also by keyboard.
const TABLE: &str = "<div class=\"table\" tabindex=\"0\" role=\"group\" aria-label=\"Table\">\n";

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands between the contents and the end.
    fn body(markdown: &str) -> String {
        let page = page("t", markdown, Some("<svg></svg>\n"));
        let (_, rest) = page.split_once("</nav>\n").expect("contents");
        rest.strip_suffix("</main>\n</body>\n</html>\n").expect("an end").to_owned()
    }

    #[test]
    fn the_picture_stands_in_its_place_and_tables_scroll() {
        assert_eq!(
            body("## A `b`\n\n![words](x.svg)\n\n| a |\n| --- |\n| 1\\|2 |\n"),
            concat!(
                "<h2 id=\"part-1\">A <code>b</code></h2>\n",
                "<figure>\n<svg></svg>\n</figure>\n",
                "<div class=\"table\" tabindex=\"0\" role=\"group\" aria-label=\"Table\">\n",
                "<table><thead><tr><th>a</th></tr></thead><tbody>\n<tr><td>1|2</td></tr>\n</tbody></table>\n",
                "</div>\n"
            )
        );
        let page = page("a < b", "# T\n\nx\n\n## A `b`\n", None);
        assert!(page.contains("<title>a &lt; b</title>"));
        assert!(page.contains("<li><a href=\"#part-1\">A b</a></li>"));
        let at = |part: &str| page.find(part).expect("a part");
        assert!(at("<h1>T</h1>") < at("<nav") && at("<nav") < at("<h2 id"));
    }

    #[test]
    fn nothing_of_the_document_becomes_an_element_or_leads_elsewhere() {
        let text = body(
            "## a\n\n<script>x</script>\n\n<b>c</b> [d](https://evil.example) ![e](https://evil.example/f) <https://evil.example/g>\n",
        );
        assert!(
            !text.contains("<script>") && !text.contains("<b>") && !text.contains("<img"),
            "{text}"
        );
        assert!(!text.contains("href") && !text.contains("src="), "{text}");
        assert!(text.contains("&lt;script&gt;x&lt;/script&gt;"), "{text}");
    }
}

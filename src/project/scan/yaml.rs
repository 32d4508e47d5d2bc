//! The block mappings of a YAML file, line by line: enough to put a line beside others. What is written in another
//! form (in braces, over several lines) is not understood, and then nothing is changed.

/// `key: value`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// From 1.
    pub number: usize,
    /// Byte of the line's begin.
    pub at: usize,
    pub indent: usize,
    pub key: &'a str,
    /// Without quotes and comments; an anchor stays.
    pub value: &'a str,
}

/// Blank lines, comments and items of lists are left out.
pub fn lines(text: &str) -> Vec<Line<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    for (index, whole) in text.split_inclusive('\n').enumerate() {
        let line = whole.trim_end();
        let content = line.trim_start();
        if let Some((key, value)) = content.split_once(':')
            && !content.starts_with(['#', '-', '{', '%'])
            && (value.is_empty() || value.starts_with(' '))
        {
            let value = value.split(" #").next().unwrap_or_default().trim();
            found.push(Line {
                number: index + 1,
                at,
                indent: line.len() - content.len(),
                key: key.trim().trim_matches(['"', '\'']),
                value: value.trim_matches(['"', '\'']),
            });
        }
        at += whole.len();
    }
    found
}

/// The lines directly below `parent`.
pub fn children<'l, 'a>(lines: &'l [Line<'a>], parent: &Line<'_>) -> Vec<&'l Line<'a>> {
    let below: Vec<&Line<'_>> = lines
        .iter()
        .skip_while(|line| line.number <= parent.number)
        .take_while(|line| parent.indent < line.indent)
        .collect();
    let indent = below.first().map_or(0, |first| first.indent);
    below.into_iter().filter(|line| line.indent == indent).collect()
}

pub fn child<'l, 'a>(lines: &'l [Line<'a>], parent: &Line<'_>, key: &str) -> Option<&'l Line<'a>> {
    children(lines, parent).into_iter().find(|line| line.key == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_below_their_parent_only() {
        let text = "# top\na:\n  b: 1 # one\n  c:\n    b: 2\nd:\n  - x: 1\n  b: \"3\"\n";
        let lines = lines(text);
        let top =
            |key: &str| lines.iter().find(|line| line.indent == 0 && line.key == key).unwrap();
        assert_eq!(
            child(&lines, top("a"), "b").map(|line| (line.number, line.value)),
            Some((3, "1"))
        );
        assert_eq!(child(&lines, top("d"), "b").map(|line| line.value), Some("3"));
        assert_eq!(child(&lines, top("d"), "c"), None);
        assert_eq!(text.get(top("d").at..top("d").at + 1), Some("d"));
    }
}

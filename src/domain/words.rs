//! Words as people write and mistype them.

/// How many letters have to be added, removed or replaced to make one word of the other.
pub fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut left = at + 1;
        let mut next = vec![left];
        for (above, (beside, letter_of_other)) in row.iter().zip(row.iter().skip(1).zip(&other)) {
            let changed = above + usize::from(letter != *letter_of_other);
            left = changed.min(left + 1).min(beside + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// With an upper-case first letter, as a sentence begins.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// Text in XML or HTML, also inside quotes.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// One word for a POSIX shell, whatever it holds.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The same, without quotes where no shell would read more than the word.
pub fn argument(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:@%+=,-".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_changed_letters() {
        for (one, other, apart) in [
            ("pool", "pool", 0),
            ("pol", "pool", 1),
            ("shop", "shop", 0),
            ("", "ab", 2),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("shpo", "shop", 2),
            ("shop", "shops", 1),
        ] {
            assert_eq!(distance(one, other), apart, "{one} {other}");
        }
    }

    #[test]
    fn a_sentence_begins_with_a_capital() {
        assert_eq!(capital("the élan"), "The élan");
        assert_eq!(capital("élan"), "Élan");
        assert_eq!(capital(""), "");
    }

    #[test]
    fn what_is_escaped_is_no_markup() {
        assert_eq!(escaped("a < b & \"c\""), "a &lt; b &amp; &quot;c&quot;");
    }

    #[test]
    fn a_quoted_word_may_hold_a_quote() {
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }

    #[test]
    fn arguments_are_quoted_where_a_shell_would_read_more() {
        assert_eq!(argument("shop-pool_9"), "shop-pool_9");
        assert_eq!(argument("$(touch x)"), "'$(touch x)'");
        assert_eq!(argument("it's"), r"'it'\''s'");
        assert_eq!(argument("-rf"), "'-rf'");
        assert_eq!(argument(""), "''");
    }
}

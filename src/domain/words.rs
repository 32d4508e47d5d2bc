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

/// One word for a POSIX shell, whatever it holds.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
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
    fn a_quoted_word_may_hold_a_quote() {
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}

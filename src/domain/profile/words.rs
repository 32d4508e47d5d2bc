//! The known word that a mistyped one is nearest to.

use crate::domain::words::distance;

/// The known word that was most likely meant, else all of them.
pub(super) fn nearest(word: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .map(|other| (distance(word, other), *other))
        .filter(|(distance, other)| *distance <= 1.max(other.chars().count() / 3))
        .min();
    match near {
        Some((_, other)) => other.to_owned(),
        None => format!("one of {}", known.join(", ")),
    }
}

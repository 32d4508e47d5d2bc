//! The order in which a folder's migrations run: Prisma's two, and the one of plain numbered files.

use std::cmp::Ordering;

use icu_collator::{
    Collator, CollatorBorrowed, CollatorPreferences, options::CollatorOptions,
    preferences::CollationNumericOrdering,
};

/// Orders as Prisma 6.6 and later does: JavaScript's `localeCompare`, which is ICU's. What ICU calls equal is ordered by bytes.
pub fn as_prisma<T>(items: &mut [T], name: impl Fn(&T) -> &str) {
    let collator = collator(None);
    items.sort_by(|one, other| compare(collator.as_ref(), name(one), name(other)));
}

/// Orders numbered files: `2_more.sql` comes before `10_last.sql`.
pub fn by_number<T>(items: &mut [T], name: impl Fn(&T) -> &str) {
    let collator = collator(Some(CollationNumericOrdering::True));
    items.sort_by(|one, other| compare(collator.as_ref(), name(one), name(other)));
}

/// Prisma up to 6.5 orders by bytes. The first neighbours of `names`, which are in the newer order, that it would exchange.
pub fn exchanged_by_older_prisma<'a>(names: &[&'a str]) -> Option<(&'a str, &'a str)> {
    names.windows(2).find_map(|pair| match pair {
        [first, second] if second < first => Some((*first, *second)),
        _ => None, // in both orders alike
    })
}

/// `None` only where the library was built without its tables, which this program never is.
fn collator(numeric: Option<CollationNumericOrdering>) -> Option<CollatorBorrowed<'static>> {
    let mut preferences = CollatorPreferences::default();
    preferences.numeric_ordering = numeric;
    Collator::try_new(preferences, CollatorOptions::default()).ok()
}

fn compare(collator: Option<&CollatorBorrowed<'_>>, one: &str, other: &str) -> Ordering {
    collator.map_or(Ordering::Equal, |it| it.compare(one, other)).then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(order: impl Fn(&mut [&'static str]), names: &[&'static str]) -> Vec<&'static str> {
        let mut names = names.to_vec();
        names.sort_by(|one, other| other.cmp(one));
        order(&mut names);
        names
    }

    #[test]
    fn prisma_s_order_is_the_one_seen_in_prisma() {
        let seen = [
            ".hidden",
            "0_init",
            "1_init",
            "10_x",
            "2_y",
            "2025_z",
            "20250_q",
            "20250101_a",
            "20250101_B",
            "A",
            "b",
            "é",
        ];
        assert_eq!(sorted(|names| as_prisma(names, |name| name), &seen), seen);
    }

    #[test]
    fn fourteen_digits_are_ordered_alike_by_every_version() {
        let names = ["20250101000000_init", "20250102000000_Add", "20250102000001_add"];
        assert_eq!(sorted(|names| as_prisma(names, |name| name), &names), names);
        assert_eq!(exchanged_by_older_prisma(&names), None);
    }

    #[test]
    fn where_the_two_orders_differ_the_pair_is_named() {
        assert_eq!(exchanged_by_older_prisma(&["1_init", "10_x"]), Some(("1_init", "10_x")));
        assert_eq!(exchanged_by_older_prisma(&["1_a", "1_B"]), Some(("1_a", "1_B")));
    }

    #[test]
    fn plain_files_are_ordered_by_their_numbers() {
        let names = ["1.2_b.sql", "1.10_a.sql", "2_more.sql", "10_last.sql", "V9.sql", "V10.sql"];
        assert_eq!(sorted(|names| by_number(names, |name| name), &names), names);
    }
}

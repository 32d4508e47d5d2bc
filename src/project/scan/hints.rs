//! Words without which nothing can be found in a file, looked for in one pass over its bytes.

/// Several words at once: most files have none of them and are read no further.
#[derive(Debug)]
pub struct Hints {
    /// A bit for each pair of bytes that a word begins with.
    pairs: Box<[u64]>,
    words: Vec<Vec<u8>>,
}

const PAIRS: usize = 1 << 16;

impl Hints {
    /// Words of at least two bytes.
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let words: Vec<Vec<u8>> =
            words.into_iter().filter(|word| 2 <= word.len()).map(Into::into).collect();
        let mut pairs = vec![0_u64; PAIRS / 64].into_boxed_slice();
        for word in &words {
            if let [first, second, ..] = word.as_slice() {
                let pair = pair(*first, *second);
                if let Some(bits) = pairs.get_mut(pair / 64) {
                    *bits |= 1 << (pair % 64);
                }
            }
        }
        Self { pairs, words }
    }

    pub fn is_in(&self, text: &[u8]) -> bool {
        text.windows(2).enumerate().any(|(at, window)| match window {
            [first, second] => {
                let pair = pair(*first, *second);
                let bits = self.pairs.get(pair / 64).copied().unwrap_or(0);
                bits >> (pair % 64) & 1 == 1 && self.begins(text.get(at..).unwrap_or_default())
            }
            _ => false, // windows have two bytes
        })
    }

    fn begins(&self, text: &[u8]) -> bool {
        self.words.iter().any(|word| text.starts_with(word))
    }
}

fn pair(first: u8, second: u8) -> usize {
    usize::from(first) << 8 | usize::from(second)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_answers_as_a_plain_search_does(text in "[abc]{0,40}", words in prop::collection::vec("[abc]{2,4}", 0..5)) {
            let hints = Hints::new(words.iter().map(String::as_str));
            prop_assert_eq!(hints.is_in(text.as_bytes()), words.iter().any(|word| text.contains(word.as_str())));
        }
    }
}

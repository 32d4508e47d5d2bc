//! Words without which nothing can be found in a file, looked for in one pass over its bytes.

/// Several words at once: most files have none of them and are read no further.
///
/// Each word is looked for by its rarest pair of bytes, so that few places of ordinary text are compared with a word.
#[derive(Debug)]
pub struct Hints {
    /// A bit for each pair of bytes that a word is looked for by.
    pairs: Box<[u64]>,
    /// By their pair.
    words: Vec<Word>,
}

#[derive(Debug)]
struct Word {
    pair: u16,
    /// How far into the word the pair is.
    offset: usize,
    word: Vec<u8>,
}

const PAIRS: usize = 1 << 16;

impl Hints {
    /// Words of at least two bytes.
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut words: Vec<Word> = words.into_iter().filter_map(Word::new).collect();
        words.sort_by_key(|word| word.pair);
        let mut pairs = vec![0_u64; PAIRS / 64].into_boxed_slice();
        for word in &words {
            if let Some(bits) = pairs.get_mut(usize::from(word.pair / 64)) {
                *bits |= 1 << (word.pair % 64);
            }
        }
        Self { pairs, words }
    }

    pub fn is_in(&self, text: &[u8]) -> bool {
        let mut before = 0_u8;
        text.iter().enumerate().any(|(at, byte)| {
            let pair = pair(before, *byte);
            before = *byte;
            let bits = self.pairs.get(usize::from(pair / 64)).copied().unwrap_or(0);
            bits >> (pair % 64) & 1 == 1
                && at.checked_sub(1).is_some_and(|at| self.is_at(text, at, pair))
        })
    }

    /// Is there a word around the pair at this place?
    fn is_at(&self, text: &[u8], at: usize, pair: u16) -> bool {
        let first = self.words.partition_point(|word| word.pair < pair);
        let mut words = self.words.iter().skip(first).take_while(|word| word.pair == pair);
        words.any(|word| {
            let begin = at.checked_sub(word.offset);
            let rest = begin.and_then(|begin| text.get(begin..));
            rest.is_some_and(|rest| rest.starts_with(&word.word))
        })
    }
}

impl Word {
    fn new(word: &str) -> Option<Self> {
        let bytes = word.as_bytes();
        let (offset, rarest) = bytes
            .windows(2)
            .enumerate()
            .max_by_key(|(_, pair)| pair.iter().map(|byte| rarity(*byte)).sum::<usize>())?;
        let [first, second] = rarest else { return None };
        Some(Self { pair: pair(*first, *second), offset, word: bytes.to_owned() })
    }
}

/// The letters of code and prose, the most frequent first; a blank before them, everything else after them.
const FREQUENT: &[u8] = b" etaoinsrldchumpfgybvwkxjqz.'\"";

fn rarity(byte: u8) -> usize {
    FREQUENT.iter().position(|other| *other == byte).unwrap_or(FREQUENT.len())
}

fn pair(first: u8, second: u8) -> u16 {
    u16::from(first) << 8 | u16::from(second)
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

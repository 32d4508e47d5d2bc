//! Words without which nothing can be found in a file, looked for in one pass over its bytes.

/// Several words at once: most files have none of them and are read no further.
///
/// Each word is looked for by its rarest pair of bytes, so that few places of ordinary text are compared with a word.
#[derive(Debug)]
pub struct Hints {
    /// A bit for each pair of bytes that a word is looked for by.
    pairs: Box<[u64; PAIRS / 64]>,
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

/// So many pairs are looked up before one branch is taken.
const STRIDE: usize = 8;

impl Hints {
    /// Words of at least two bytes.
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut words: Vec<Word> = words.into_iter().filter_map(Word::new).collect();
        words.sort_by_key(|word| word.pair);
        let mut pairs = Box::new([0_u64; PAIRS / 64]);
        for word in &words {
            if let Some(bits) = pairs.get_mut(usize::from(word.pair / 64)) {
                *bits |= 1 << (word.pair % 64);
            }
        }
        Self { pairs, words }
    }

    pub fn is_in(&self, text: &[u8]) -> bool {
        let mut at = 0;
        // Written out, because this runs over every byte of a project, and optimized for size no loop is unrolled.
        while let Some([a, b, c, d, e, f, g, h, i]) = rest(text, at).first_chunk() {
            let one = self.bit(*a, *b) | self.bit(*b, *c) | self.bit(*c, *d) | self.bit(*d, *e);
            let other = self.bit(*e, *f) | self.bit(*f, *g) | self.bit(*g, *h) | self.bit(*h, *i);
            if one | other != 0 && (at..at + STRIDE).any(|at| self.is_at(text, at)) {
                return true;
            }
            at += STRIDE;
        }
        (at..text.len()).any(|at| self.is_at(text, at))
    }

    /// 1 where a word is looked for by this pair.
    fn bit(&self, first: u8, second: u8) -> u64 {
        let pair = usize::from(pair(first, second));
        // Never outside: a pair has sixteen bits.
        self.pairs.get(pair / 64).copied().unwrap_or(0) >> (pair % 64) & 1
    }

    /// Is there a word around the pair at this place?
    fn is_at(&self, text: &[u8], at: usize) -> bool {
        let Some([one, other]) = rest(text, at).first_chunk() else { return false };
        if self.bit(*one, *other) == 0 {
            return false;
        }
        let pair = pair(*one, *other);
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

fn rest(text: &[u8], at: usize) -> &[u8] {
    text.get(at..).unwrap_or_default()
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
        fn it_answers_as_a_plain_search_does(text in "[abc]{0,60}", words in prop::collection::vec("[abc]{2,4}", 0..5)) {
            let hints = Hints::new(words.iter().map(String::as_str));
            prop_assert_eq!(hints.is_in(text.as_bytes()), words.iter().any(|word| text.contains(word.as_str())));
        }
    }
}

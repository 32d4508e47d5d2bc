//! Nothing that can be pasted makes the reader panic, or keeps it busy for a thousandth of a second.

use std::time::{Duration, Instant};

use super::{
    ConnUrl, Form,
    pair::{self, Known},
    paste::{self, Pasted},
    repair::repairs,
};

/// A small generator with a fixed seed: the same inputs each time, without a dependency.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.roll() % limit.max(1) as u64) as usize
    }

    fn pick<'a>(&mut self, from: &[&'a [u8]]) -> &'a [u8] {
        from.get(self.below(from.len())).copied().unwrap_or_default()
    }
}

/// What people paste, to be broken.
const SEEDS: [&[u8]; 9] = [
    b"postgresql://doadmin:AVNS_abc123@shop-db-do-user-1.f.db.ondigitalocean.com:25060/defaultdb?sslmode=require",
    b"postgres://u:p@[::1]:25061/pool?a=1&b=2",
    b"jdbc:postgresql://h:1/d?user=u&password=p",
    b"host=h port=5432 user=u password='p\\'q' dbname=d sslmode=require",
    b"username = doadmin\npassword = x\nhost = h\nport = 25060\ndatabase = d",
    b"Host=h;Port=1;Database=\"a;b\";Username=u;Password='p'",
    b"PGPASSWORD=p psql -U u -h h -p 25060 -d d --set=sslmode=require",
    b"DATABASE_URL=\"postgresql://u:p@h/d\"\nDIRECT_URL='postgresql://u:p#@/?@h:2/d'",
    b"postgresql://a:1,b:2,/var/run:3/d?host=/run&port=1,2,3&options=-c%20a%3Db",
];

/// What means something somewhere.
const PIECES: [&[u8]; 24] = [
    b"@",
    b":",
    b"/",
    b"?",
    b"#",
    b"%",
    b"%00",
    b"%ff",
    b"%c3%28",
    b"&",
    b"=",
    b"[",
    b"]",
    b",",
    b"'",
    b"\"",
    b"\\",
    b"\0",
    b"\n",
    b"://",
    b"postgresql://",
    "é".as_bytes(),
    "\u{202e}".as_bytes(),
    b"\xf0\x9f",
];

fn input(dice: &mut Dice) -> Vec<u8> {
    let mut bytes = dice.pick(&SEEDS).to_vec();
    if dice.below(8) == 0 {
        bytes = (0..dice.below(80)).map(|_| dice.roll() as u8).collect();
    }
    for _ in 0..dice.below(6) {
        let at = dice.below(bytes.len() + 1);
        match dice.below(5) {
            0 => bytes.truncate(at),
            1 => drop(bytes.splice(at..at, dice.pick(&PIECES).iter().copied())),
            2 => drop(bytes.splice(at..at, dice.pick(&SEEDS).iter().copied())),
            3 if at < bytes.len() => bytes[at] = dice.roll() as u8,
            _ => {
                let piece = dice.pick(&PIECES);
                let many = piece.repeat(1 + dice.below(40));
                drop(bytes.splice(at..at, many));
            }
        }
    }
    bytes
}

/// Everything that is done with a pasted text. What is read must be written and read again the same.
fn use_it(text: &str, known: &Known) {
    if let Ok(url) = ConnUrl::parse(text) {
        assert_eq!(ConnUrl::parse(url.text().expose()).as_ref(), Ok(&url));
    }
    for repair in repairs(text) {
        assert_eq!(ConnUrl::parse(repair.url.text().expose()), Ok(repair.url));
    }
    let Pasted { pooled, direct, .. } = paste::pasted(text, known);
    if let (Some(pooled), Some(direct)) = (pooled, direct) {
        pair::check(&pooled, &direct, known);
        for form in [Form::URL, Form::Jdbc, Form::DotNet] {
            pooled.pieces(form);
        }
    }
}

/// The shortest of some runs: on a busy machine one of them may be interrupted.
fn shortest(text: &str, known: &Known) -> Duration {
    let run = || {
        let began = Instant::now();
        use_it(text, known);
        began.elapsed()
    };
    (0..50).map(|_| run()).min().unwrap_or_default()
}

const LIMIT: Duration = Duration::from_millis(1);

#[test]
fn no_input_panics_or_takes_a_thousandth_of_a_second() {
    let inputs = if std::env::var_os("POOLWRIGHT_PROVE").is_some() { 10_000_000 } else { 20_000 };
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let known = Known::default();
    let began = Instant::now();
    let mut slowest = Duration::ZERO;
    for _ in 0..inputs {
        let bytes = input(&mut dice);
        let text = String::from_utf8_lossy(&bytes);
        let once = Instant::now();
        use_it(&text, &known);
        let took = once.elapsed();
        if slowest < took {
            slowest = took.min(shortest(&text, &known)).max(slowest);
            assert!(slowest < LIMIT, "{slowest:?} for {text:?}");
        }
    }
    println!("{inputs} inputs in {:?}, the slowest in {slowest:?}", began.elapsed());
}

#[test]
fn a_long_input_is_refused_before_it_is_looked_at() {
    let known = Known::default();
    for piece in PIECES {
        let text = String::from_utf8_lossy(&piece.repeat(200_000)).into_owned();
        let text = format!("postgresql://u:{text}");
        assert!(shortest(&text, &known) < 20 * LIMIT, "{piece:?}");
    }
}

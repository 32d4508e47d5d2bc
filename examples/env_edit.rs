//! Edits an env file of 10,000 lines as step 8 does, and prints the times as rows for benches/table.
#![expect(clippy::print_stdout, reason = "a script reads it")]

use std::{hint::black_box, time::Instant};

use poolwright::domain::{
    env_file::{self, Assignment, WrittenKey},
    secret::Secret,
};
use serde_json::json;

const LINES: usize = 10_000;
const RUNS: usize = 201;
/// Milliseconds.
const LIMIT: u8 = 10;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = text();
    let ours = [
        ("DATABASE_URL", "postgresql://shop:word@db.example:25061/shop-pool?sslmode=require"),
        ("DIRECT_URL", "postgresql://shop:word@db.example:25060/shop?sslmode=require"),
    ]
    .map(|(key, value)| Assignment { key: key.to_owned(), value: Secret::new(value) });
    let keys = ours.each_ref().map(WrittenKey::from);
    let written = env_file::plan(&text, &ours)?.text;
    // The file's own text, which is what is measured.
    let written = written.expose();

    let setting = times(|| env_file::plan(black_box(&text), &ours).is_ok());
    let removing = times(|| env_file::remove(black_box(written), "DIRECT_URL").is_ok());
    let back = times(|| env_file::take_back(black_box(written), Some(&text), &keys).is_ok());
    for (what, times) in
        [("setting two keys", setting), ("removing one", removing), ("taking both back", back)]
    {
        let group = format!("An env file of {LINES} lines");
        let row =
            json!({ "group": group, "what": what, "unit": "ms", "values": times, "limit": LIMIT });
        println!("{row}");
    }
    Ok(())
}

/// Comments, blank lines, quotes of each kind; one of our keys far down, the other new.
fn text() -> String {
    (0..LINES)
        .map(|line| match line % 8 {
            0 => format!("# Part {line}\n"),
            1 => "\n".to_owned(),
            2 => format!("export PLAIN_{line}=value-{line} # why\n"),
            3 => format!("QUOTED_{line}=\"a value with \\\"quotes\\\" and {line}\"\n"),
            4 => format!("SINGLE_{line}='{{\"json\": [{line}]}}'\n"),
            5 if line == LINES - 11 => "DATABASE_URL=postgresql://old@db.example/shop\n".to_owned(),
            _ => format!("URL_{line}=https://example.com/{line}?a=b&c=d\n"),
        })
        .collect()
}

/// Milliseconds of each run.
fn times(mut run: impl FnMut() -> bool) -> Vec<f64> {
    (0..RUNS)
        .map(|_| {
            let began = Instant::now();
            assert!(black_box(run()), "the text is edited");
            began.elapsed().as_secs_f64() * 1000.0
        })
        .collect()
}

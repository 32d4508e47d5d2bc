//! How long a frame of each page takes, laid out and tessellated; only the GPU's part is left out.

use std::{hint::black_box, time::Instant};

use serde_json::json;

use crate::{fixtures, pictures};

const FRAMES: usize = 60;
/// Milliseconds.
const LIMIT: u8 = 4;

#[test]
#[ignore = "a measurement, which benches/frames runs"]
fn a_frame_of_every_page() {
    // As for the pictures: only pages whose names begin so.
    let only = std::env::var("POOLWRIGHT_PICTURE").unwrap_or_default();
    let pages = pictures::every_page().filter(|(name, _)| name.starts_with(&only));
    let pages: Vec<(&str, Vec<f64>)> = pages.map(|(name, make)| (*name, times(make()))).collect();
    let mut medians: Vec<f64> = pages.iter().map(|(_, times)| median(times)).collect();
    medians.sort_by(f64::total_cmp);
    let heaviest =
        pages.into_iter().max_by(|(_, one), (_, other)| median(one).total_cmp(&median(other)));
    let (name, times) = heaviest.expect("pages");
    let group = "A frame, laid out and tessellated";
    let what = format!("each of {} pages, the median of {FRAMES} frames", medians.len());
    let pages = json!({ "group": group, "what": what, "unit": "ms", "values": medians });
    let what = format!("the heaviest page, {name}");
    let heaviest =
        json!({ "group": group, "what": what, "unit": "ms", "values": times, "limit": LIMIT });
    println!("{pages}\n{heaviest}");
}

fn times(setup: poolwright::setup::Setup) -> Vec<f64> {
    let mut window = fixtures::window(setup);
    (0..FRAMES)
        .map(|_| {
            let began = Instant::now();
            window.step();
            let shapes = window.output().shapes.clone();
            black_box(window.ctx.tessellate(shapes, 1.0));
            began.elapsed().as_secs_f64() * 1000.0
        })
        .collect()
}

fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

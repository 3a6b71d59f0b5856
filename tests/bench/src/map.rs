//! The map of a big cluster as a page asks for it: the first one, and one after each write.

use std::time::Instant;

use bench_engine::figure::Figure;
use serde_json::json;
use wire::dispatch;

use crate::{Failure, event};

const SIZES: [usize; 2] = [1000, 10_000];
const WRITES: u32 = 20;

pub fn run() -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    for services in SIZES {
        figures.extend(event::opened(services, async |host, session, writer| {
            let args = json!({"session": session.id(), "windowSeconds": 60, "level": "services", "namespaces": []});
            let start = Instant::now();
            let first = dispatch(host, "graph", args.clone()).await?;
            let mut millis = vec![start.elapsed().as_secs_f64() * 1e3];
            let size = first.len() as f64 / 1024.0;
            let mut live = session.live();
            event::write(writer, "/metadata/annotations", json!({})).await?;
            for stamp in 0..WRITES {
                live.mark_unchanged();
                event::write(writer, "/metadata/annotations/bench", json!(stamp.to_string())).await?;
                live.changed().await?;
                let start = Instant::now();
                dispatch(host, "graph", args.clone()).await?;
                millis.push(start.elapsed().as_secs_f64() * 1e3);
            }
            let after = millis.split_off(1);
            Ok(vec![
                Figure::of(format!("first map of {services} services"), "ms", "", millis),
                Figure::of("its size on the bridge", "KiB", "", vec![size]),
                Figure::of(format!("map of {services} services after a write"), "ms", "", after),
            ])
        })?);
    }
    Ok(figures)
}

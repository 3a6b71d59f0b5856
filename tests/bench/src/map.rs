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
            let mut stages = Vec::new();
            let mut start = Instant::now();
            let mut since = || std::mem::replace(&mut start, Instant::now()).elapsed().as_secs_f64() * 1e3;
            session.ready().await?;
            stages.push(Figure::of(format!("world of {services} services read"), "ms", "", vec![since()]));
            session.findings(false).await?;
            stages.push(Figure::of("checked, its traffic too", "ms", "", vec![since()]));
            let first = dispatch(host, "graph", args.clone()).await?;
            let mut millis = vec![since()];
            let size = first.len() as f64 / 1024.0;
            let mut live = session.live();
            event::write(writer, "/metadata/annotations", json!({"bench": ""})).await?;
            for stamp in 0..WRITES {
                live.mark_unchanged();
                event::write(writer, "/metadata/annotations/bench", json!(stamp.to_string())).await?;
                live.changed().await?;
                let start = Instant::now();
                dispatch(host, "graph", args.clone()).await?;
                millis.push(start.elapsed().as_secs_f64() * 1e3);
            }
            let after = millis.split_off(1);
            stages.extend([
                Figure::of("first map of it", "ms", "", millis),
                Figure::of("its size on the bridge", "KiB", "", vec![size]),
                Figure::of("map after a write", "ms", "", after),
            ]);
            Ok(stages)
        })?);
    }
    Ok(figures)
}

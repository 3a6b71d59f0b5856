//! What a Prometheus, or one of its kin, is asked over seven days for the sizes of all proxies: how long it takes and what comes back. It is
//! a genuine one at the address in `NETLOFT_PROMETHEUS`, with samples of `container_*` in it (`tests/bench/days.mjs` makes them).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bench_engine::figure::{Figure, memory};
use cluster::{Connection, Context, ExecPolicy};
use signals::promql::{Client, Way, questions, sizes};

use crate::{Failure, list};

const RUNS: usize = 5;

pub fn run() -> Result<Vec<Figure>, Failure> {
    let Ok(url) = std::env::var("NETLOFT_PROMETHEUS") else {
        return Ok(vec![Figure::note("NETLOFT_PROMETHEUS names no Prometheus to ask")]);
    };
    list::runtime()?.block_on(async {
        let client = Client::new(connected(&url).await?, Way::Address);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs_f64();
        let known = client.query(&questions::containers(""), Some(now)).await?.finite();
        let mut namespaces: BTreeMap<&str, usize> = BTreeMap::new();
        for (labels, _) in &known {
            *namespaces.entry(labels.get("namespace").map_or("", String::as_str)).or_default() += 1;
        }
        let pods = known.len();
        let before = memory().map_or(0.0, |(now, _)| now);
        let (mut all, mut most) = (vec![], vec![]);
        for _ in 0..RUNS {
            let start = Instant::now();
            let mut longest = Duration::ZERO;
            let mut found = 0;
            for (namespace, pods) in &namespaces {
                let begun = Instant::now();
                found += sizes(&client, namespace, *pods, "", now).await?.len();
                longest = longest.max(begun.elapsed());
            }
            if found < pods {
                return Err(format!("{found} of {pods} proxies were told").into());
            }
            all.push(start.elapsed().as_secs_f64() * 1e3);
            most.push(longest.as_secs_f64() * 1e3);
        }
        let held = (memory().map_or(0.0, |(now, _)| now) - before) / 1024.0 / 1024.0;
        let of = format!("{pods} proxies in {} namespaces over 7 days", namespaces.len());
        Ok(vec![
            Figure::of(format!("{of}, one namespace after the other"), "ms", "", all),
            Figure::of("the slowest namespace", "ms", "", most),
            Figure::of("memory here grows by", "MiB", "", vec![held]),
        ])
    })
}

async fn connected(url: &str) -> Result<Connection, Failure> {
    let context = Context::of_server("prometheus", "bench", url, "");
    Ok(cluster::connect(&context, &ExecPolicy::default()).await?)
}

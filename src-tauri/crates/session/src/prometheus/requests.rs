//! Who called whom in the days before the local record, where a Prometheus has Istio's own metrics.

use std::time::{Duration, Instant};

use mesh::Unknown;
use signals::promql::questions::{growth, was_counted};
use signals::promql::{BUCKETS, REQUESTS, Trouble, edges};
use world::{Said, said};

use super::now;
use crate::map::Flow;
use crate::traffic::all_flows;
use crate::{Result, Session};

/// How far back it is asked, and from one moment to the next, in seconds.
const OVER: (f64, f64) = (604_800.0, 900.0);
/// Shorter than this a rate misses what is scraped once a minute, in seconds.
const SHORTEST: u32 = 120;
/// How long is believed what moments it has.
const BELIEVED: Duration = Duration::from_secs(600);

/// At which times it has requests, in seconds since 1970, as they were asked then of this one.
pub(crate) struct Counted {
    at: Instant,
    of: String,
    moments: Vec<u64>,
}

impl Session {
    /// The times (seconds since 1970) of which it can tell who called whom; none where there is no Prometheus that does.
    pub(crate) async fn moments_counted(&self) -> Vec<u64> {
        let Ok(reliable) = self.reliable() else { return Vec::new() };
        let standing = self.prometheus.standing.borrow().clone();
        let of = format!("{} {}", standing.asked, reliable.only);
        let mut known = self.prometheus.counted.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.of == of && known.at.elapsed() < BELIEVED) {
            return known.moments.clone();
        }
        let to = (now() / OVER.1).floor() * OVER.1;
        let lines = reliable.client.over(&was_counted(&reliable.only), (to - OVER.0, to), OVER.1).await;
        let lines = lines.unwrap_or_else(|trouble| {
            tracing::debug!(%trouble, "a Prometheus did not tell since when it counts requests");
            Vec::new()
        });
        let points = lines.into_iter().flat_map(|line| line.points);
        let moments: Vec<u64> = points.filter(|(_, count)| *count > 0.0).map(|(at, _)| at as u64).collect();
        *known = Some(Counted { at: Instant::now(), of, moments: moments.clone() });
        moments
    }

    /// The flows at a time (seconds since 1970), as the mean over so many seconds before it.
    pub(crate) async fn flows_counted(&self, at: u64, window: u32) -> Result<std::result::Result<Vec<Flow>, Unknown>> {
        let reliable = match self.reliable() {
            Ok(reliable) => reliable,
            Err(unknown) => return Ok(Err(unknown)),
        };
        let window = window.max(SHORTEST);
        let ask = async |metric: &str, also: &str| {
            let query = growth(metric, also, window, &reliable.only);
            reliable.client.query(&query, Some(at as f64)).await.map(|answer| answer.finite())
        };
        let unknown = |because: Said| Ok(Err(Unknown { about: ("traffic", "流量").into(), because }));
        let counted: std::result::Result<_, Trouble> =
            tokio::try_join!(ask(REQUESTS, "response_code"), ask(BUCKETS, "le"));
        match counted {
            Err(trouble) => unknown(trouble.said()),
            Ok((requests, _)) if requests.is_empty() => {
                unknown(said!("{} has no requests of that time", "{} 没有那时的请求", reliable.name))
            }
            Ok((requests, buckets)) => {
                let edges = edges(requests, buckets, f64::from(window));
                let ready = self.ready().await?;
                Ok(Ok(all_flows(&edges, &[], &ready)))
            }
        }
    }
}

//! What each proxy of a namespace used over days.

use std::collections::{BTreeMap, HashMap};

use super::client::{Client, Trouble};
use super::questions;

/// How far back it is asked, in PromQL and in seconds.
pub const OVER: (&str, f64) = ("7d", 604_800.0);

/// What one proxy used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Size {
    /// Cores, below which it was in 95 of 100 moments.
    pub cpu_p95: f64,
    /// Bytes at the most.
    pub memory_most: f64,
    /// Seconds since it was first seen.
    pub seen: f64,
}

/// By pod; `pods` is about how many there are. `now` is the world's time in seconds since 1970.
///
/// # Errors
/// Where it is not reached, or refuses.
pub async fn sizes(
    client: &Client,
    namespace: &str,
    pods: usize,
    only: &str,
    now: f64,
) -> Result<HashMap<String, Size>, Trouble> {
    let mut all = HashMap::new();
    for part in questions::parts(pods) {
        all.extend(of_part(client, &questions::usage(namespace, &part, OVER.0, only), now).await?);
    }
    Ok(all)
}

async fn of_part(client: &Client, asked: &questions::Usage, now: f64) -> Result<HashMap<String, Size>, Trouble> {
    let ask = async |query: &str| {
        let answer = client.query(query, Some(now)).await?;
        let pod = |(labels, value): (BTreeMap<String, String>, f64)| Some((labels.get("pod")?.clone(), value));
        Ok::<HashMap<String, f64>, Trouble>(answer.finite().into_iter().filter_map(pod).collect())
    };
    let (cpu, memory, seen) = tokio::try_join!(ask(&asked.cpu), ask(&asked.memory), ask(&asked.seen))?;
    // Of a pod that lived for less than two scrapes there is no rate.
    let size = |(pod, memory_most): (String, f64)| {
        let (cpu_p95, seen) = (*cpu.get(&pod)?, seen.get(&pod).copied().unwrap_or_default());
        Some((pod, Size { cpu_p95, memory_most, seen }))
    };
    Ok(memory.into_iter().filter_map(size).collect())
}

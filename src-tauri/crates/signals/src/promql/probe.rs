//! Whether it can be relied on: it answers, keeps our time, is up to date, and knows this cluster.

use std::collections::BTreeSet;

use super::answer::Labels;
use super::client::{Client, Trouble};
use super::questions;

/// Its clock, or its newest sample, may be this far away, in seconds: Prometheus itself looks back five minutes
/// (prometheus.io/docs/prometheus/latest/querying/basics, "Staleness").
const FAR: (f64, f64) = (60.0, 300.0);

/// Namespace and name.
type Names = (String, String);

/// What it should know, where it is this cluster's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Pods with a proxy.
    pub pods: BTreeSet<Names>,
    /// Workloads in the mesh.
    pub workloads: BTreeSet<Names>,
}

/// How much of some series is of this cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cover {
    /// Things that it has series of and that are here.
    pub ours: u32,
    /// Things that it has series of and that are not.
    pub others: u32,
}

impl Cover {
    fn of(series: &[(Labels, f64)], [namespace, name]: [&str; 2], known: &BTreeSet<Names>) -> Self {
        let label = |labels: &Labels, key: &str| labels.get(key).cloned().unwrap_or_default();
        let names = series.iter().map(|(labels, _)| (label(labels, namespace), label(labels, name)));
        let all: BTreeSet<Names> = names.filter(|(_, name)| !name.is_empty() && name != "unknown").collect();
        let ours = all.intersection(known).count();
        Self { ours: ours as u32, others: (all.len() - ours) as u32 }
    }
}

/// One that can be relied on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Its version, as it says; empty where it does not.
    pub version: String,
    /// Seconds since its newest sample.
    pub age: f64,
    /// Container series of proxies.
    pub containers: Cover,
    /// Series of Istio's requests.
    pub requests: Cover,
}

/// Asks it. `now` is the world's time in seconds since 1970.
///
/// # Errors
/// Why it cannot be relied on, in words.
pub async fn probe(client: &Client, only: &str, known: &Known, now: f64) -> Result<Report, String> {
    let said = |trouble: Trouble| trouble.to_string();
    let clock = client.query("time()", None).await.and_then(|answer| Ok(answer.number()?)).map_err(said)?;
    let behind = now - clock;
    if behind.abs() > FAR.0 {
        let way = if behind > 0.0 { "behind" } else { "ahead of" };
        return Err(format!(
            "its clock is {} {way} this machine's: what it calls now is another time",
            span(behind.abs())
        ));
    }
    let age = newest(client, only, now).await?;
    if age > FAR.1 {
        return Err(format!("its newest sample is {} old: nothing has been scraped since", span(age)));
    }
    let count = async |query: String| client.query(&query, Some(now)).await.map(|answer| answer.finite());
    let containers = count(questions::containers(only)).await.map_err(said)?;
    let requests = count(questions::requests(only)).await.map_err(said)?;
    let containers = Cover::of(&containers, ["namespace", "pod"], &known.pods);
    let requests = Cover::of(&requests, ["destination_workload_namespace", "destination_workload"], &known.workloads);
    if containers.ours + requests.ours == 0 && containers.others + requests.others > 0 {
        return Err("it has series of proxies, and none of this cluster: it is another cluster's".to_owned());
    }
    // Not every kin of Prometheus tells its version.
    let version = client.version().await.unwrap_or_default();
    Ok(Report { version, age, containers, requests })
}

async fn newest(client: &Client, only: &str, now: f64) -> Result<f64, String> {
    for query in [questions::newest(only), questions::newest_of_long(only)] {
        let answer = client.query(&query, Some(now)).await.map_err(|trouble| trouble.to_string())?;
        if let Ok(age) = answer.number() {
            return Ok(age);
        }
    }
    let which = if only.is_empty() { String::new() } else { format!(" with {only}") };
    Err(format!("it has no sample of anything that it scrapes{which}, of the last two hours at least"))
}

fn span(seconds: f64) -> String {
    match seconds {
        ..120.0 => format!("{seconds:.0} s"),
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.0} h", seconds / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_series_they_are() {
        let series = |names: &[(&str, &str)]| -> Vec<(Labels, f64)> {
            let labels = |(namespace, pod): &(&str, &str)| {
                (Labels::from([("ns".to_owned(), (*namespace).to_owned()), ("pod".to_owned(), (*pod).to_owned())]), 1.0)
            };
            names.iter().map(labels).collect()
        };
        let known = BTreeSet::from([("shop".to_owned(), "a-1".to_owned()), ("shop".to_owned(), "b-1".to_owned())]);
        for (names, expected) in [
            (&[("shop", "a-1"), ("west", "a-1"), ("", "unknown")][..], Cover { ours: 1, others: 1 }),
            (&[], Cover::default()),
            (&[("shop", "a-2")], Cover { ours: 0, others: 1 }),
        ] {
            assert_eq!(Cover::of(&series(names), ["ns", "pod"], &known), expected, "{names:?}");
        }
        assert_eq!([span(90.0), span(3480.0), span(9e4)], ["90 s", "58 min", "25 h"]);
    }
}

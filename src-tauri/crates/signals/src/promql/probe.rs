//! Whether it can be relied on: it answers, keeps our time, is up to date, and knows this cluster.

use std::collections::BTreeSet;

use world::Said;

use super::answer::{Answer, Labels};
use super::client::{Client, Trouble};
use super::find::Kind;
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
    /// What it is, where it tells.
    pub kind: Option<Kind>,
    /// Its version, as it says; empty where it does not.
    pub version: String,
    /// Seconds since its newest sample.
    pub age: f64,
    /// Container series of proxies.
    pub containers: Cover,
    /// Series of Istio's requests.
    pub requests: Cover,
}

/// Why one cannot be relied on.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Unreliable {
    /// It does not answer, or says no.
    #[error(transparent)]
    Trouble(#[from] Trouble),
    /// It keeps another time: so many seconds behind, or ahead where that is negative.
    #[error("its clock is {} {} this machine's: what it calls now is another time", span(.0.abs()), if *.0 > 0.0 { "behind" } else { "ahead of" })]
    Clock(f64),
    /// Nothing was scraped for so many seconds.
    #[error("its newest sample is {} old: nothing has been scraped since", span(*.0))]
    Old(f64),
    /// It has nothing that matches.
    #[error("it has no sample of anything that it scrapes{}, of the last two hours at least", if .0.is_empty() { String::new() } else { format!(" with {}", .0) })]
    Empty(String),
    /// What it knows is not here.
    #[error("it has series of proxies, and none of this cluster: it is another cluster's")]
    Foreign,
}

impl Unreliable {
    /// In both languages.
    pub fn said(&self) -> Said {
        let zh = match self {
            Self::Trouble(trouble) => trouble.said().zh,
            Self::Clock(by) => {
                let (span, way) = (span(by.abs()), if *by > 0.0 { "慢" } else { "快" });
                format!("它的时钟比本机{way} {span}：它所说的“现在”是另一个时间")
            }
            Self::Old(age) => format!("它最新的样本是 {} 前的：此后没有抓取过", span(*age)),
            Self::Empty(only) if only.is_empty() => "至少最近两小时，它所抓取的目标没有任何样本".to_owned(),
            Self::Empty(only) => format!("至少最近两小时，它所抓取的目标没有任何带 {only} 的样本"),
            Self::Foreign => "它有代理的序列，但没有此集群的：它属于另一个集群".to_owned(),
        };
        Said::new(self.to_string(), zh)
    }
}

/// Asks it. `now` is the world's time in seconds since 1970.
///
/// # Errors
/// Why it cannot be relied on.
pub async fn probe(client: &Client, only: &str, known: &Known, now: f64) -> Result<Report, Unreliable> {
    let (clock, told) = client.clock().await?;
    if (now - clock).abs() > FAR.0 {
        return Err(Unreliable::Clock(now - clock));
    }
    let age = newest(client, only, now).await?;
    if age > FAR.1 {
        return Err(Unreliable::Old(age));
    }
    let count = async |query: String| client.query(&query, Some(now)).await.map(Answer::finite);
    let (containers, requests) = (count(questions::containers(only)).await?, count(questions::requests(only)).await?);
    let containers = Cover::of(&containers, ["namespace", "pod"], &known.pods);
    let requests = Cover::of(&requests, ["destination_workload_namespace", "destination_workload"], &known.workloads);
    if containers.ours + requests.ours == 0 && containers.others + requests.others > 0 {
        return Err(Unreliable::Foreign);
    }
    // Not every kin of Prometheus tells its version, and VictoriaMetrics tells one of Prometheus'.
    let (version, said) = client.version().await.unwrap_or_default();
    let version = if told == Some(Kind::VictoriaMetrics) { String::new() } else { version };
    Ok(Report { kind: told.or(said), version, age, containers, requests })
}

async fn newest(client: &Client, only: &str, now: f64) -> Result<f64, Unreliable> {
    for query in [questions::newest(only), questions::newest_of_long(only)] {
        if let Ok(age) = client.query(&query, Some(now)).await?.number() {
            return Ok(age);
        }
    }
    Err(Unreliable::Empty(only.to_owned()))
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

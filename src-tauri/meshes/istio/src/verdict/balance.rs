//! Among which of its endpoints a caller's proxy chooses, and how much of the requests each gets.
//! Upstream: istio/istio pilot/pkg/networking/core/loadbalancer/loadbalancer.go, ApplyLocalityLoadBalancer; pilot/pkg/xds/endpoints/endpoint_builder.go,
//! BuildClusterLoadAssignment.

use serde_json::Value;
use world::{Labels, Pod, Said};

use super::endpoint::Cluster;
use super::preference::{Distribute, Failover, Preference};
use super::way::Hop;
use crate::kinds::workload_entry::WorkloadEntry;
use crate::read::Index;
use crate::read::locality::{Locality, hidden, of_pod};
use crate::read::registry::Host;

/// How an endpoint stands beside the others.
#[derive(Clone, Debug)]
pub(super) struct Stand {
    /// One unless somebody says otherwise.
    pub weight: f64,
    /// What whoever lists it by its address says; `None` where the pod itself shows it.
    pub listed: Option<(Labels, Locality)>,
}

impl Default for Stand {
    fn default() -> Self {
        Self { weight: 1.0, listed: None }
    }
}

impl Stand {
    /// As an entry lists it.
    pub fn of(entry: &WorkloadEntry) -> Self {
        let weight = f64::from(entry.weight.filter(|weight| *weight > 0).unwrap_or(1));
        Self { weight, listed: Some((entry.labels.clone(), entry.locality())) }
    }
}

/// What rules say of the choice.
#[derive(Clone, Debug, Default)]
pub(super) struct Balance {
    settings: Option<Preference>,
    /// Endpoints that fail are noticed: only then are some preferred to others.
    notices: bool,
    /// Nobody chooses: connections go where the caller sent them.
    pub passthrough: bool,
}

impl Balance {
    /// What is said of the choice for a host, and of endpoints that fail.
    pub fn new(index: &Index, host: &Host, load_balancer: Option<&Value>, outliers: Option<&Value>) -> Self {
        let settings = Preference::of(index, host, load_balancer);
        let simple = load_balancer.and_then(|lb| lb.get("simple")).and_then(Value::as_str);
        Self { settings, notices: outliers.is_some(), passthrough: simple == Some("PASSTHROUGH") }
    }

    /// Where endpoints are counts.
    fn asks_places(&self) -> bool {
        self.settings.as_ref().is_some_and(|said| self.notices || said.forced || !said.distribute.is_empty())
    }
}

/// An endpoint as the choice sees it.
struct Seen<'a> {
    weight: f64,
    locality: Locality,
    labels: &'a Labels,
    node: &'a str,
}

impl Seen<'_> {
    /// A label, with those that istiod adds. Upstream: pilot/pkg/serviceregistry/util/label/label.go, AugmentLabels.
    fn label(&self, name: &str) -> &str {
        let [region, zone, subzone] = &self.locality.parts;
        let added = match name {
            "topology.kubernetes.io/region" => region,
            "topology.kubernetes.io/zone" => zone,
            "topology.istio.io/subzone" => subzone,
            "kubernetes.io/hostname" => self.node,
            _ => "",
        };
        if added.is_empty() { self.labels.get(name).unwrap_or_default() } else { added }
    }
}

/// The part of the requests that each pod gets, then each address; none where nothing is to be chosen. Where places count and are not known, as
/// if they did not count.
pub(super) fn shares(hop: &Hop, cluster: &Cluster) -> Vec<f64> {
    let weights = if cluster.balance.asks_places() && unplaced(hop, cluster).is_none() {
        by_place(hop, cluster)
    } else {
        let peers = cluster.peers.iter().map(|peer| peer.stand.weight);
        peers.chain(cluster.addresses.iter().map(|address| address.stand.weight)).collect()
    };
    let total: f64 = weights.iter().sum();
    if total > 0.0 { weights.into_iter().map(|weight| weight / total).collect() } else { weights }
}

/// Why it is not known which of them are preferred; `None` where that is known, or nobody asks.
pub(super) fn unplaced(hop: &Hop, cluster: &Cluster) -> Option<Said> {
    if !cluster.balance.asks_places() || cluster.peers.len() + cluster.addresses.len() < 2 {
        return None;
    }
    let own = cluster.peers.iter().filter(|peer| peer.stand.listed.is_none());
    own.map(|peer| &peer.pod.labels).chain([&hop.from.labels]).find_map(|labels| hidden(hop.index, labels))
}

/// What each weighs where its place or its labels count.
fn by_place(hop: &Hop, cluster: &Cluster) -> Vec<f64> {
    let none = Labels::new();
    let of = |stand: &Stand, pod: Option<&Pod>| -> (f64, Locality) {
        let own = || pod.map(|pod| of_pod(hop.index, pod)).unwrap_or_default();
        (stand.weight, stand.listed.as_ref().map_or_else(own, |(_, locality)| locality.clone()))
    };
    let peers = cluster.peers.iter().map(|peer| {
        let (weight, locality) = of(&peer.stand, Some(&peer.pod));
        match &peer.stand.listed {
            Some((labels, _)) => Seen { weight, locality, labels, node: "" },
            None => Seen { weight, locality, labels: &peer.pod.labels, node: &peer.pod.node },
        }
    });
    let addresses = cluster.addresses.iter().map(|address| {
        let (weight, locality) = of(&address.stand, None);
        Seen { weight, locality, labels: address.stand.listed.as_ref().map_or(&none, |(labels, _)| labels), node: "" }
    });
    let all: Vec<Seen> = peers.chain(addresses).collect();
    match &cluster.balance.settings {
        Some(settings) if !settings.distribute.is_empty() => distributed(hop, &settings.distribute, &all),
        Some(settings) => preferred(hop, settings, &all),
        None => all.iter().map(|seen| seen.weight).collect(),
    }
}

/// By the first of the lists that is for the caller's place: each place that it names gets its part, places that it does not name get nothing.
/// Upstream: applyLocalityWeights.
fn distributed(hop: &Hop, lists: &[Distribute], all: &[Seen]) -> Vec<f64> {
    let home = hop.from.locality(hop.index);
    let Some(list) = lists.iter().find(|list| home.fits(&list.from)) else {
        return all.iter().map(|seen| seen.weight).collect();
    };
    let mut weights = vec![0.0; all.len()];
    let mut left: Vec<usize> = (0..all.len()).collect();
    for (place, part) in &list.to {
        let (here, elsewhere): (Vec<usize>, Vec<usize>) =
            left.into_iter().partition(|at| all.get(*at).is_some_and(|seen| seen.locality.fits(place)));
        left = elsewhere;
        let sum: f64 = here.iter().filter_map(|at| all.get(*at)).map(|seen| seen.weight).sum();
        for at in here {
            if let (Some(weight), Some(seen)) = (weights.get_mut(at), all.get(at)) {
                *weight = part * seen.weight / sum;
            }
        }
    }
    weights
}

/// Only the endpoints that stand first: those behind them are for when they fail. Upstream: applyFailoverPriorities, applyLocalityFailover.
fn preferred(hop: &Hop, settings: &Preference, all: &[Seen]) -> Vec<f64> {
    let home = hop.from.locality(hop.index);
    let own = Seen { weight: 1.0, locality: home.clone(), labels: &hop.from.labels, node: &hop.from.node };
    let rank = |seen: &Seen| {
        let by_labels = differs_at(&settings.failover_priority, &own, seen);
        let by_place = settings.failover_priority.is_empty() || !settings.failover.is_empty();
        let place = if settings.by_region {
            region_distance(&home, &seen.locality, &settings.failover)
        } else if by_place {
            distance(&home, &seen.locality, &settings.failover)
        } else {
            0
        };
        (by_labels, place)
    };
    let first = all.iter().map(rank).min();
    all.iter().map(|seen| if Some(rank(seen)) == first { seen.weight } else { 0.0 }).collect()
}

/// How early an endpoint differs from what is preferred: none where all labels are as the caller's, or as they are written.
fn differs_at(labels: &[String], own: &Seen, seen: &Seen) -> usize {
    let network = labels.first().is_some_and(|first| first == "topology.istio.io/network");
    let mut far = 0;
    for (at, label) in labels.iter().enumerate() {
        let (name, value) = label.split_once('=').map_or((label.as_str(), None), |(name, value)| (name, Some(value)));
        if value.unwrap_or_else(|| own.label(name)) == seen.label(name) {
            continue;
        }
        if at == 0 && network {
            far = labels.len();
            continue;
        }
        return far + labels.len() - at;
    }
    far
}

/// Upstream: applyZoneAwareRegionalFailover.
fn region_distance(home: &Locality, place: &Locality, failover: &[Failover]) -> usize {
    let ([region, ..], [other, ..]) = (&home.parts, &place.parts);
    let next = failover.iter().find(|f| f.from == *region).is_some_and(|f| f.to == *other);
    if region == other { 0 } else { 2 - usize::from(next) }
}

fn distance(home: &Locality, place: &Locality, failover: &[Failover]) -> usize {
    let ([region, ..], [other, ..]) = (&home.parts, &place.parts);
    match home.parts.iter().zip(&place.parts).take_while(|(a, b)| a == b).count() {
        3 => 0,
        2 => 1,
        1 => 2,
        _ => match failover.iter().find(|f| f.from == *region) {
            Some(to) if to.to != *other => 4,
            _ => 3,
        },
    }
}

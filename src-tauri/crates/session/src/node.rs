//! The panel of one node: what is behind it, what is in force, where its requests go, who may call it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mesh::{Lost, Outcome, Ready, Route, Step, Verdict};
use world::{ObjectKey, Said, World, said};

use crate::findings::{Located, locate};
use crate::map::{Flow, Health, Level, Node, NodeKind, Secured, node_of, object_of};
use crate::matrix::{Cell, cell, column, most_of};
use crate::objects::Row;
use crate::proxies::{Proxy, Sync};
use crate::session::defect;
use crate::{Error, Result, Session};

/// A workload behind the node.
#[derive(Clone, Debug, PartialEq)]
pub struct Behind {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Label `version`.
    pub version: String,
    /// Pods.
    pub pods: u32,
    /// Ready pods.
    pub ready: u32,
    /// How it fares.
    pub health: Health,
    /// Why, where it is not ok.
    pub because: Said,
    /// Requests a second that it takes.
    pub per_second: f64,
    /// Share of errors.
    pub error_share: f64,
    /// Who it is.
    pub service_account: String,
}

/// One rule of the route, with what the tray makes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// As it is.
    pub route: Route,
    /// The shares with the tray applied, in the order of the destinations; `None` where they stay.
    pub pending: Vec<Option<f64>>,
}

/// Somebody who calls it, or would.
#[derive(Clone, Debug, PartialEq)]
pub struct Calling {
    /// Namespace.
    pub namespace: String,
    /// Workload.
    pub workload: String,
    /// The mesh lets it, or a part of what it asks.
    pub allowed: bool,
    /// What it loses all the same: not every workload that is called takes it.
    pub lost: Vec<Lost>,
    /// How it would travel.
    pub secured: Secured,
    /// In words.
    pub because: Said,
    /// The object that decides it.
    pub object: Option<ObjectKey>,
    /// The field in it.
    pub path: String,
    /// Requests a second that were seen.
    pub per_second: f64,
}

/// The panel.
#[derive(Clone, Debug)]
pub struct Detail {
    /// As on the map.
    pub node: Node,
    /// Share of requests that succeed.
    pub success_share: Option<f64>,
    /// Milliseconds.
    pub p50: Option<f64>,
    /// Milliseconds.
    pub p99: Option<f64>,
    /// Share of requests over mutual TLS.
    pub mtls_share: Option<f64>,
    /// Workloads behind it.
    pub workloads: Vec<Behind>,
    /// Objects in force.
    pub objects: Vec<Row>,
    /// Where requests go.
    pub rules: Vec<Rule>,
    /// What is wrong here.
    pub findings: Vec<Located>,
    /// Its proxies.
    pub proxies_total: u32,
    /// Those in sync.
    pub proxies_synced: u32,
    /// Its own object.
    pub object: ObjectKey,
}

impl Session {
    /// The panel of a node of the map.
    ///
    /// # Errors
    /// Where there is no such node.
    pub async fn node(&self, id: &str, window: u32) -> Result<Detail> {
        let missing = || Error::NoSuchNode { node: id.to_owned() };
        let (_, namespace, name) = node_of(id).ok_or_else(missing)?;
        let level = if id.starts_with("workload:") { Level::Workloads } else { Level::Services };
        let names = self.workloads_of(id).await?;
        let behind = names.iter().map(|(ns, name)| crate::map::workload_id(ns, name)).collect();
        let asked = vec![(level, vec![id.to_owned()]), (Level::Workloads, behind)];
        let mut nodes = self.nodes(asked, window).await?.into_iter();
        let node = nodes.next().unwrap_or_default().pop().ok_or_else(missing)?;
        let (ready, drafted) = (self.ready().await?, self.drafted().await?);
        let flows = self.traffic.borrow().over(window, &ready);
        let into: Vec<&Flow> = flows.iter().filter(|flow| takes(flow, id, &names)).collect();
        let in_force = self.in_force(&ready, namespace, name, &names);
        let world = ready.world();
        let findings = self.findings(false).await?;
        let here = findings
            .findings
            .iter()
            .filter(|f| in_force.contains(&f.object) || (f.object.namespace == namespace && f.object.name == name));
        let fleet = self.fleet.borrow().clone();
        let is_here = |p: &&Proxy| p.is_xds() && names.contains(&(p.namespace.clone(), p.workload.clone()));
        let proxies: Vec<_> = fleet.proxies.iter().filter(is_here).collect();
        let measured = Measured::of(&into);
        Ok(Detail {
            success_share: measured.share(measured.good),
            p50: measured.p50,
            p99: measured.p99,
            mtls_share: measured.mtls_share(),
            workloads: behind_of(world, nodes.next().unwrap_or_default()),
            objects: self.rows_of(&in_force.iter().cloned().collect::<Vec<_>>()).await?,
            rules: rules(&ready, &drafted, namespace, name),
            findings: locate(self.engine(), world, None, here.cloned().collect()),
            proxies_total: proxies.len() as u32,
            proxies_synced: proxies.iter().filter(|proxy| proxy.sync <= Sync::NotSent).count() as u32,
            object: object_of(world, id).unwrap_or_else(|| ObjectKey::new("", "", namespace, name)),
            node,
        })
    }

    fn in_force(&self, ready: &Ready, namespace: &str, name: &str, names: &[(String, String)]) -> BTreeSet<ObjectKey> {
        let mut keys: BTreeSet<ObjectKey> = ready.in_force(namespace, name).into_iter().collect();
        for (ns, workload) in names {
            keys.extend(ready.in_force(ns, workload));
        }
        keys
    }
}

/// Workloads as the map shows them.
fn behind_of(world: &World, nodes: Vec<Node>) -> Vec<Behind> {
    let of = |node: Node| Behind {
        service_account: world
            .workload(&node.namespace, &node.name)
            .map(|w| w.service_account.clone())
            .unwrap_or_default(),
        namespace: node.namespace,
        name: node.name,
        version: node.version,
        pods: node.pods,
        ready: node.ready,
        health: node.health,
        because: node.because,
        per_second: node.per_second,
        error_share: node.error_share,
    };
    nodes.into_iter().map(of).collect()
}

fn takes(flow: &Flow, id: &str, names: &[(String, String)]) -> bool {
    match node_of(id) {
        Some((NodeKind::Service, ns, name)) => flow.service.0 == ns && flow.service.1 == name,
        Some((NodeKind::External, _, name)) => flow.service.0.is_empty() && flow.service.1 == name,
        _ => names.contains(&(flow.service.0.clone(), flow.workload.clone())),
    }
}

/// Sums over flows.
#[derive(Default)]
struct Measured {
    all: f64,
    good: f64,
    /// Of which it is known how they travel, and those of them under mutual TLS.
    known: f64,
    mtls: f64,
    p50: Option<f64>,
    p99: Option<f64>,
}

impl Measured {
    fn of(flows: &[&Flow]) -> Self {
        let mut sum = Self::default();
        for flow in flows {
            sum.all += flow.per_second;
            sum.good += flow.per_second * (1.0 - flow.error_share);
            sum.known += if flow.secured == Secured::Unknown { 0.0 } else { flow.per_second };
            sum.mtls += if flow.secured == Secured::Mtls { flow.per_second } else { 0.0 };
            sum.p50 = sum.p50.into_iter().chain(flow.p50).reduce(f64::max);
            sum.p99 = sum.p99.into_iter().chain(flow.p99).reduce(f64::max);
        }
        sum
    }

    fn share(&self, part: f64) -> Option<f64> {
        (self.all > 0.0).then(|| (part / self.all).clamp(0.0, 1.0))
    }

    fn mtls_share(&self) -> Option<f64> {
        (self.known > 0.0).then(|| (self.mtls / self.known).clamp(0.0, 1.0))
    }
}

/// The rules as they are, each with the shares that the tray gives the same rule.
fn rules(ready: &Ready, drafted: &Ready, namespace: &str, name: &str) -> Vec<Rule> {
    let after = drafted.routes(namespace, name);
    let rules = ready.routes(namespace, name).into_iter().map(|route| {
        let same = after.iter().find(|other| other.object == route.object && other.path == route.path);
        let pending = route.destinations.iter().map(|destination| {
            let share = same.map(|other| {
                other.destinations.iter().filter(|d| d.name == destination.name).map(|d| d.share).sum::<f64>()
            })?;
            ((share - destination.share).abs() > 0.0005).then_some(share)
        });
        Rule { pending: pending.collect(), route }
    });
    rules.collect()
}

/// What a list of callers is made of: the world's revision, the node, and who was seen to call it.
pub(crate) type CallersKey = (u64, String, BTreeSet<Names>);

type Names = (String, String);

impl Session {
    /// Everyone who was seen to call a node, and of the others those whom the mesh refuses whatever they ask, up to fifty: each as a place of
    /// the matrix, at the first port of the service. Asked by itself, for every workload of the mesh has to be judged; who was judged is judged
    /// again when the world or those who call are others.
    ///
    /// # Errors
    /// Where there is no such node.
    pub async fn callers(&self, id: &str, window: u32) -> Result<Vec<Cell>> {
        let (_, namespace, name) = node_of(id).ok_or_else(|| Error::NoSuchNode { node: id.to_owned() })?;
        let ready = self.ready().await?;
        let flows = self.traffic.borrow().over(window, &ready);
        let mut rates: BTreeMap<Names, f64> = BTreeMap::new();
        for flow in flows.iter().filter(|f| f.service.0 == namespace && f.service.1 == name && !f.from.0.is_empty()) {
            *rates.entry(flow.from.clone()).or_default() += flow.per_second.max(flow.denied_per_second);
        }
        let seen: BTreeSet<Names> = rates.keys().cloned().collect();
        let key = (ready.world().revision(), id.to_owned(), seen.clone());
        let of = (namespace.to_owned(), name.to_owned());
        let made = self.callers.get(key, move || Arc::new(judged(&ready, &seen, &of))).await;
        let mut rows = made.ok_or_else(|| defect("judging the callers"))?.to_vec();
        for Cell { calling, .. } in &mut rows {
            let rate = rates.remove(&(calling.namespace.clone(), calling.workload.clone()));
            calling.per_second = rate.unwrap_or_default();
        }
        Ok(rows)
    }
}

fn judged(ready: &Ready, seen: &BTreeSet<Names>, of: &Names) -> Vec<Cell> {
    let Some(port) = ready.world().service(&of.0, &of.1).and_then(|s| s.ports.first()).map(|p| p.port) else {
        return Vec::new();
    };
    let column = column(ready, of, Some((port, "http")), most_of(ready.world().workloads().count()));
    let others = ready.world().workloads().map(|w| (w.namespace.clone(), w.name.clone())).filter(|w| !seen.contains(w));
    let ask = |from: Names| cell(ready, &from, &column);
    let mut rows: Vec<Cell> = seen.iter().cloned().map(ask).collect();
    let own = |Cell { calling, .. }: &Cell| calling.namespace == of.0 && calling.workload.starts_with(&of.1);
    rows.extend(others.map(ask).filter(|cell| cell.is_refused() && !own(cell)).take(50));
    rows
}

pub(crate) fn calling(namespace: String, workload: String, verdict: &Verdict, per_second: f64) -> Calling {
    let allowed = !matches!(verdict.outcome, Outcome::Denied | Outcome::Refused | Outcome::Blocked | Outcome::Unknown);
    let decided = |step: &&Step| if allowed { step.step == "authorize" || step.step == "transport" } else { true };
    let step = verdict.trace.iter().rev().find(decided).or(verdict.trace.last());
    let because = verdict.unknown.first().map(|unknown| {
        let Said { en, zh } = &unknown.because;
        said!("unknown: {en}", "未知：{zh}")
    });
    Calling {
        namespace,
        workload,
        allowed,
        lost: verdict.lost.clone(),
        secured: verdict.transport.into(),
        because: because.or_else(|| step.map(|s| s.because.clone())).unwrap_or_default(),
        object: step.and_then(|s| s.object.clone()),
        path: step.and_then(|s| s.path.clone()).unwrap_or_default(),
        per_second,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_mtls_is_of_what_is_known() {
        let flow = |per_second: f64, secured: Secured| Flow {
            from: ("shop".into(), "page".into()),
            service: ("shop".into(), "reviews".into()),
            port: 9080,
            workload: "reviews-v1".into(),
            protocol: "http".into(),
            per_second,
            error_share: 0.0,
            denied_per_second: 0.0,
            p50: None,
            p99: None,
            secured,
        };
        let (mtls, plain, unknown) =
            (flow(3.0, Secured::Mtls), flow(1.0, Secured::Plaintext), flow(4.0, Secured::Unknown));
        for (flows, expected) in [
            (vec![], None),
            (vec![&unknown], None),
            (vec![&plain], Some(0.0)),
            (vec![&mtls, &unknown], Some(1.0)),
            (vec![&mtls, &plain, &unknown], Some(0.75)),
        ] {
            assert_eq!(Measured::of(&flows).mtls_share(), expected, "{flows:?}");
        }
    }
}

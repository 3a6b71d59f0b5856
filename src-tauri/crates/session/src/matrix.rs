//! Who may call whom: every workload, and whoever calls from outside the mesh, against every service at each of its ports and every host
//! outside, as the engine decides it, with what was seen. A service may select pods, or have endpoints that somebody keeps by hand.
//!
//! Each is asked with `GET /`, and with the methods, paths and headers that the policies in force at the service name: counters know none of
//! them, so that of a caller that was seen nobody can tell which of them it makes. Tokens are not tried.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use mesh::{Lost, Outcome, Ready};
use serde_json::{Value, json};
use world::{Change, Object, ObjectKey, Origin, World};

use crate::map::{Flow, Secured};
use crate::node::{Calling, calling};
use crate::policies::{Sample, requests_named};
use crate::traffic::{Names, UNKNOWN_CALLERS};
use crate::{Error, Result, Session};

/// More cells than this are not decided at once: the user chooses namespaces.
pub const MOST_CELLS: usize = 12_000;
/// So many requests of one service are asked about at most,
const MOST_REQUESTS: usize = 24;
/// and so many in all: where there are many cells, it is fewer of each.
const MOST_QUESTIONS: usize = 3 * MOST_CELLS;

/// A service that can be called, or a host outside that a ServiceEntry names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Namespace; empty for a host.
    pub namespace: String,
    /// Name; the host.
    pub service: String,
    /// What is called at the first of its ports: `http://reviews.shop:9080`.
    pub url: String,
    /// Its ports at which the same becomes of everybody's calls: all of them, or some. The first is asked for.
    pub ports: Vec<u16>,
    /// The requests that were asked about; the first is the generic one.
    pub asked: Vec<Sample>,
    /// So many more that policies name were not.
    pub unasked: usize,
}

/// What becomes of one of the requests that a workload could make of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Which.
    pub asked: Sample,
    /// What becomes of it.
    pub outcome: Outcome,
    /// By what, and how it travels.
    pub calling: Calling,
}

/// What becomes of one workload's calls to one service.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// What becomes of `GET /`.
    pub outcome: Outcome,
    /// By what, how it travels, and how much was seen.
    pub calling: Calling,
    /// Every request that was asked about, where not the same becomes of all of them for the same reason.
    pub requests: Vec<Judged>,
    /// Requests a second that were refused.
    pub denied_per_second: f64,
}

/// The matrix, or why there is none.
#[derive(Clone, Debug, Default)]
pub struct Matrix {
    /// (namespace, workload) of those who call; an empty namespace for whoever has no proxy of a mesh and so no name in it.
    pub rows: Vec<Names>,
    /// What is called.
    pub columns: Vec<Column>,
    /// Row by row.
    pub cells: Vec<Cell>,
    /// There would be more cells than are decided at once: none are.
    pub too_many: bool,
}

/// World, tray, namespaces, and whether the tray is applied.
pub(crate) type MatrixKey = (u64, u64, Vec<String>, bool);

impl Session {
    /// The matrix of these namespaces, or of all; with the tray applied, or as it is.
    ///
    /// # Errors
    /// A defect alone: what cannot be known is an answer.
    pub async fn matrix(&self, namespaces: &[String], with_draft: bool) -> Result<Matrix> {
        let ready = if with_draft { self.drafted().await? } else { self.ready().await? };
        let key = (self.world().revision(), self.tray.borrow().revision(), namespaces.to_vec(), with_draft);
        let (of, wanted) = (ready.clone(), namespaces.to_vec());
        let made = self.matrix.get(key, move || Arc::new(decide(&of, &wanted))).await;
        let decided = made.ok_or_else(|| Error::Defect { what: "deciding who may call whom failed".into() })?;
        let flows = self.traffic.borrow().over(3600, &ready);
        Ok(with_traffic(&decided, &flows))
    }
}

/// A pod of nobody, by which the engine is asked what becomes of calls from outside the mesh: its namespace is none that a cluster can have.
const STRANGER: (&str, &str) = ("outside.the.mesh", "stranger");

/// The same mesh with a caller who has no proxy.
fn with_stranger(ready: &Ready) -> Option<Ready> {
    let (namespace, name) = STRANGER;
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": namespace, "name": name},
        "spec": {"serviceAccountName": "default", "containers": [{"name": "app"}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}});
    let pod = Object::read(pod, Origin::Draft).ok()?;
    Some(ready.after(&ready.world().after([Change::Put(pod)])))
}

fn decide(ready: &Ready, namespaces: &[String]) -> Matrix {
    let world = ready.world();
    let wanted = |namespace: &str| namespaces.is_empty() || namespaces.iter().any(|one| one == namespace);
    let mut rows: Vec<Names> =
        world.workloads().filter(|w| wanted(&w.namespace)).map(|w| (w.namespace.clone(), w.name.clone())).collect();
    rows.sort();
    let stranger = with_stranger(ready).filter(|_| !rows.is_empty());
    if stranger.is_some() {
        rows.insert(0, (String::new(), UNKNOWN_CALLERS.into()));
    }
    let services = world.services().filter(|s| wanted(&s.namespace));
    let ports = |service: &world::Service| service.ports.iter().map(|port| (port.port, "http")).collect();
    let mut callable: Vec<(Names, Vec<(u16, &str)>)> =
        services.map(|service| ((service.namespace.clone(), service.name.clone()), ports(service))).collect();
    callable.sort();
    callable.extend(hosts(world));
    callable.retain(|(_, ports)| !ports.is_empty());
    let pairs = rows.len() * callable.iter().map(|(_, ports)| ports.len()).sum::<usize>();
    if pairs > MOST_CELLS {
        let all = callable.into_iter().map(|(of, ports)| {
            let numbers = ports.iter().map(|(port, _)| *port).collect();
            Column { ports: numbers, asked: Vec::new(), ..column(ready, &of, ports.first().copied(), 0) }
        });
        return Matrix { rows, columns: all.collect(), cells: Vec::new(), too_many: true };
    }
    let ready = stranger.as_ref().unwrap_or(ready);
    let most = most_of(pairs);
    let mut columns: Vec<(Column, Vec<Cell>)> = Vec::new();
    for (of, ports) in callable {
        let mut own: Vec<(Column, Vec<Cell>)> = Vec::new();
        let asked = column(ready, &of, None, most);
        for port in ports {
            let column = Column { url: url(&of, port), ports: vec![port.0], ..asked.clone() };
            let cells: Vec<Cell> = rows.iter().map(|row| cell(ready, row, &column)).collect();
            match own.iter_mut().find(|(_, others)| cells.iter().zip(others.iter()).all(|(a, b)| a.agrees(b))) {
                Some((same, _)) => same.ports.push(port.0),
                None => own.push((column, cells)),
            }
        }
        columns.extend(own);
    }
    let cells = (0..rows.len()).flat_map(|row| columns.iter().filter_map(move |(_, cells)| cells.get(row).cloned()));
    Matrix {
        cells: cells.collect(),
        rows,
        columns: columns.into_iter().map(|(column, _)| column).collect(),
        too_many: false,
    }
}

/// So many requests of one service are asked about where there are so many pairs.
pub(crate) fn most_of(pairs: usize) -> usize {
    (MOST_QUESTIONS / pairs.max(1)).min(MOST_REQUESTS)
}

/// A service, or a host, at a port; up to so many requests are asked about.
pub(crate) fn column(ready: &Ready, of: &Names, port: Option<(u16, &str)>, most: usize) -> Column {
    let (asked, unasked) = requests_named(ready, (&of.0, &of.1), most);
    Column {
        namespace: of.0.clone(),
        service: of.1.clone(),
        url: port.map(|port| url(of, port)).unwrap_or_default(),
        ports: port.iter().map(|(port, _)| *port).collect(),
        asked,
        unasked,
    }
}

fn url((namespace, name): &Names, (port, scheme): (u16, &str)) -> String {
    match namespace.as_str() {
        // A host that stands for many is asked for by one of them.
        "" => format!("{scheme}://{}:{port}", name.replacen('*', "any", 1)),
        namespace => format!("{scheme}://{name}.{namespace}:{port}"),
    }
}

/// The hosts outside that ServiceEntries name, with their ports and how each is spoken to. What is in the mesh, or selects pods, is inside.
fn hosts(world: &World) -> Vec<(Names, Vec<(u16, &'static str)>)> {
    let mut all: BTreeMap<Names, BTreeMap<u16, &'static str>> = BTreeMap::new();
    for entry in world.documents_of("networking.istio.io", "ServiceEntry") {
        let list = |pointer: &str| entry.at(pointer).and_then(Value::as_array).into_iter().flatten();
        if entry.at("/spec/location").is_some_and(|at| at == "MESH_INTERNAL")
            || entry.at("/spec/workloadSelector").is_some()
        {
            continue;
        }
        let ports = list("/spec/ports").filter_map(|port| {
            let protocol = port["protocol"].as_str().unwrap_or_default().to_ascii_uppercase();
            let scheme = if matches!(protocol.as_str(), "HTTPS" | "TLS") { "https" } else { "http" };
            Some((port["number"].as_u64().and_then(|number| u16::try_from(number).ok())?, scheme))
        });
        let ports: BTreeMap<u16, &str> = ports.collect();
        for host in list("/spec/hosts").filter_map(Value::as_str).filter(|host| *host != "*") {
            all.entry((String::new(), host.to_owned())).or_default().extend(&ports);
        }
    }
    all.into_iter().map(|(of, ports)| (of, ports.into_iter().collect())).collect()
}

impl Cell {
    /// Some of what it could ask gets through, and some does not: it is another request, or comes to another of the workloads.
    pub fn is_some(&self) -> bool {
        let served = self.requests.iter().filter(|one| serves(one.outcome)).count();
        let loses = |calling: &Calling| !calling.lost.is_empty();
        (1..self.requests.len()).contains(&served)
            || loses(&self.calling)
            || self.requests.iter().any(|one| loses(&one.calling))
    }

    /// Nothing of what it could ask gets through: it is refused.
    pub(crate) fn is_refused(&self) -> bool {
        let refuses = |outcome: Outcome| matches!(outcome, Outcome::Denied | Outcome::Refused);
        refuses(self.outcome) && self.requests.iter().all(|one| refuses(one.outcome))
    }

    /// Whether the same becomes of both, for the same reason.
    fn agrees(&self, other: &Self) -> bool {
        let alike = |(one, other): (&Judged, &Judged)| {
            reason(one.outcome, &one.calling) == reason(other.outcome, &other.calling)
        };
        reason(self.outcome, &self.calling) == reason(other.outcome, &other.calling)
            && self.requests.len() == other.requests.len()
            && self.requests.iter().zip(&other.requests).all(alike)
    }
}

fn serves(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Forwarded | Outcome::Direct | Outcome::Redirected | Outcome::Aborted)
}

type Reason<'a> = (Outcome, Secured, Option<&'a ObjectKey>, &'a str, &'a [Lost]);

fn reason(outcome: Outcome, calling: &Calling) -> Reason<'_> {
    (outcome, calling.secured, calling.object.as_ref(), &calling.path, &calling.lost)
}

/// What becomes of all that a workload could ask there. A caller without a namespace is a stranger, whom the mesh has to hold.
pub(crate) fn cell(ready: &Ready, row: &Names, column: &Column) -> Cell {
    let mut requests: Vec<Judged> = column.asked.iter().map(|sample| judged(ready, row, column, sample)).collect();
    let generic = requests.first().cloned().unwrap_or_else(|| judged(ready, row, column, &Sample::any()));
    let alike = |one: &Judged| reason(one.outcome, &one.calling) == reason(generic.outcome, &generic.calling);
    if requests.iter().all(alike) {
        requests.clear();
    }
    Cell { outcome: generic.outcome, calling: generic.calling, requests, denied_per_second: 0.0 }
}

fn judged(ready: &Ready, row: &Names, column: &Column, sample: &Sample) -> Judged {
    let stranger = || (STRANGER.0.to_owned(), STRANGER.1.to_owned());
    let from = if row.0.is_empty() { stranger() } else { row.clone() };
    let verdict = ready.explain(&sample.request(&from, &column.url));
    let calling = calling(row.0.clone(), row.1.clone(), &verdict, 0.0);
    Judged { asked: sample.clone(), outcome: verdict.outcome, calling }
}

fn with_traffic(decided: &Matrix, flows: &[Flow]) -> Matrix {
    let mut matrix = decided.clone();
    if matrix.cells.is_empty() {
        return matrix;
    }
    let rows: HashMap<_, _> = decided.rows.iter().enumerate().map(|(at, row)| (row.clone(), at)).collect();
    let mut columns: HashMap<_, usize> = HashMap::new();
    for (at, column) in decided.columns.iter().enumerate() {
        let of = (column.namespace.clone(), column.service.clone());
        columns.extend(column.ports.iter().map(|port| ((of.clone(), *port), at)));
    }
    for flow in flows {
        let column = columns.get(&(flow.service.clone(), flow.port));
        let (Some(row), Some(column)) = (rows.get(&flow.from), column) else { continue };
        if let Some(cell) = matrix.cells.get_mut(row * decided.columns.len() + column) {
            cell.calling.per_second += flow.per_second;
            cell.denied_per_second += flow.denied_per_second;
        }
    }
    matrix
}

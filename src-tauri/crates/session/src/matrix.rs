//! Who may call whom: every workload against every service at each of its ports, as the engine decides it, with what was seen.
//!
//! Each is asked with `GET /`, and with the methods and paths that the policies in force at the service name: counters know neither, so that
//! of a caller that was seen nobody can tell which of them it makes. Headers and tokens are not tried.

use std::collections::HashMap;
use std::sync::Arc;

use mesh::{Outcome, Ready, Request};
use world::ObjectKey;

use crate::map::{Flow, Secured};
use crate::node::{Calling, calling};
use crate::policies::{Sample, any_request, requests_named};
use crate::{Error, Result, Session};

/// More cells than this are not decided at once: the user chooses namespaces.
pub const MOST_CELLS: usize = 12_000;
/// So many requests of one service are asked about at most,
const MOST_REQUESTS: usize = 24;
/// and so many in all: where there are many cells, it is fewer of each.
const MOST_QUESTIONS: usize = 3 * MOST_CELLS;

/// A service that can be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub service: String,
    /// Its ports at which the same becomes of everybody's calls: all of them, or some. The first is asked for.
    pub ports: Vec<u16>,
    /// Method and path of the requests that were asked about; the first is the generic one.
    pub asked: Vec<(String, String)>,
    /// So many more that policies name were not.
    pub unasked: usize,
}

/// What becomes of one of the requests that a workload could make of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// `POST`
    pub method: String,
    /// `/reserve`
    pub path: String,
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
    /// (namespace, workload) of those who call.
    pub rows: Vec<(String, String)>,
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

fn decide(ready: &Ready, namespaces: &[String]) -> Matrix {
    let world = ready.world();
    let wanted = |namespace: &str| namespaces.is_empty() || namespaces.iter().any(|one| one == namespace);
    let mut rows: Vec<(String, String)> =
        world.workloads().filter(|w| wanted(&w.namespace)).map(|w| (w.namespace.clone(), w.name.clone())).collect();
    rows.sort();
    let services = world.services().filter(|s| wanted(&s.namespace) && !s.selector.is_empty());
    let mut callable: Vec<(String, String, Vec<u16>)> = services
        .filter(|service| !service.ports.is_empty())
        .map(|s| (s.namespace.clone(), s.name.clone(), s.ports.iter().map(|port| port.port).collect()))
        .collect();
    callable.sort();
    let pairs = rows.len() * callable.iter().map(|(_, _, ports)| ports.len()).sum::<usize>();
    if pairs > MOST_CELLS {
        let column = |(namespace, service, ports)| Column { namespace, service, ports, asked: Vec::new(), unasked: 0 };
        return Matrix { rows, columns: callable.into_iter().map(column).collect(), cells: Vec::new(), too_many: true };
    }
    let most = (MOST_QUESTIONS / pairs.max(1)).min(MOST_REQUESTS);
    let mut columns: Vec<(Column, Vec<Cell>)> = Vec::new();
    for (namespace, service, ports) in callable {
        let (asked, unasked) = requests_named(ready, (&namespace, &service), most);
        let mut own: Vec<(Column, Vec<Cell>)> = Vec::new();
        for port in ports {
            let (namespace, service, asked) = (namespace.clone(), service.clone(), asked.clone());
            let column = Column { namespace, service, ports: vec![port], asked, unasked };
            let cells: Vec<Cell> = rows.iter().map(|row| cell(ready, row, &column)).collect();
            match own.iter_mut().find(|(_, others)| cells.iter().zip(others.iter()).all(|(a, b)| a.agrees(b))) {
                Some((same, _)) => same.ports.push(port),
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

impl Cell {
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

fn reason(outcome: Outcome, calling: &Calling) -> (Outcome, Secured, Option<&ObjectKey>, &str) {
    (outcome, calling.secured, calling.object.as_ref(), &calling.path)
}

fn cell(ready: &Ready, row: &(String, String), column: &Column) -> Cell {
    let mut requests: Vec<Judged> = column.asked.iter().map(|sample| judged(ready, row, column, sample)).collect();
    let generic = requests.first().cloned().unwrap_or_else(|| judged(ready, row, column, &any_request()));
    let alike = |one: &Judged| reason(one.outcome, &one.calling) == reason(generic.outcome, &generic.calling);
    if requests.iter().all(alike) {
        requests.clear();
    }
    Cell { outcome: generic.outcome, calling: generic.calling, requests, denied_per_second: 0.0 }
}

fn judged(ready: &Ready, row: &(String, String), column: &Column, (method, path): &Sample) -> Judged {
    let port = column.ports.first().copied().unwrap_or(80);
    let url = format!("http://{}.{}:{port}{path}", column.service, column.namespace);
    let verdict = ready.explain(&Request::of_workload(row, method, url));
    let calling = calling(row.0.clone(), row.1.clone(), &verdict, 0.0);
    Judged { method: method.clone(), path: path.clone(), outcome: verdict.outcome, calling }
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

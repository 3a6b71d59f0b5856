//! Who may call whom: every workload against every service, as the engine decides it, with what was seen.

use std::collections::HashMap;
use std::sync::Arc;

use mesh::{Caller, Outcome, Ready, Request};

use crate::map::Flow;
use crate::node::{Calling, calling};
use crate::{Error, Result, Session};

/// More cells than this are not decided at once: the user chooses namespaces.
pub const MOST_CELLS: usize = 12_000;

/// A service that can be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub service: String,
    /// The port that is asked for: its first.
    pub port: u16,
}

/// What becomes of one workload's calls to one service.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// What becomes of a request.
    pub outcome: Outcome,
    /// By what, how it travels, and how much was seen.
    pub calling: Calling,
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
    let mut columns: Vec<Column> = services
        .filter_map(|service| {
            let port = service.ports.first()?.port;
            Some(Column { namespace: service.namespace.clone(), service: service.name.clone(), port })
        })
        .collect();
    columns.sort_by(|a, b| (&a.namespace, &a.service).cmp(&(&b.namespace, &b.service)));
    if rows.len() * columns.len() > MOST_CELLS {
        return Matrix { rows, columns, cells: Vec::new(), too_many: true };
    }
    let mut cells = Vec::with_capacity(rows.len() * columns.len());
    for row in &rows {
        cells.extend(columns.iter().map(|column| cell(ready, row, column)));
    }
    Matrix { rows, columns, cells, too_many: false }
}

fn cell(ready: &Ready, (namespace, workload): &(String, String), column: &Column) -> Cell {
    let verdict = ready.explain(&Request {
        id: String::new(),
        from: Caller::Workload { namespace: namespace.clone(), workload: workload.clone() },
        via: None,
        method: "GET".into(),
        url: format!("http://{}.{}:{}/", column.service, column.namespace, column.port),
        headers: Vec::new(),
        at: None,
    });
    let calling = calling(namespace.clone(), workload.clone(), &verdict, 0.0);
    Cell { outcome: verdict.outcome, calling, denied_per_second: 0.0 }
}

fn with_traffic(decided: &Matrix, flows: &[Flow]) -> Matrix {
    let mut matrix = decided.clone();
    if matrix.cells.is_empty() {
        return matrix;
    }
    let rows: HashMap<_, _> = decided.rows.iter().enumerate().map(|(at, row)| (row.clone(), at)).collect();
    let columns: HashMap<_, _> =
        decided.columns.iter().enumerate().map(|(at, c)| ((c.namespace.clone(), c.service.clone()), at)).collect();
    for flow in flows {
        let (Some(row), Some(column)) = (rows.get(&flow.from), columns.get(&flow.service)) else { continue };
        if let Some(cell) = matrix.cells.get_mut(row * decided.columns.len() + column) {
            cell.calling.per_second += flow.per_second;
            cell.denied_per_second += flow.denied_per_second;
        }
    }
    matrix
}

//! Columns where each box follows its own calls alone, and the boxes stand side by side: for many boxes that call one another to and fro,
//! one flow over all would draw each of them out over the whole width.

use super::Graph;
use super::acyclic::Forward;
use super::columns::{Flow, Part, Tried, squeeze};
use super::ground::Ground;

/// By how much the boxes on their own must fill the window better, for a flow over all boxes is easier to follow.
const EASIER: f64 = 1.3;
/// An edge that flows from right to left costs as much as this share of a row.
const BACKWARDS: f64 = 0.15;

/// The columns that fill the window best.
pub(super) fn assign(graph: &Graph, forward: &[Option<Forward>], aspect: f64) -> Tried {
    let group = |node: u32| graph.nodes[node as usize].group;
    let inside: Vec<Option<Forward>> =
        forward.iter().map(|edge| edge.filter(|edge| group(edge.from) == group(edge.to))).collect();
    let flow = Flow::new(graph, &inside, aspect);
    let mut held: Vec<Vec<Part>> = vec![Vec::new(); graph.groups];
    for part in flow.parts(&inside) {
        held[group(part[0])].push(part);
    }
    let mut local = vec![0_u32; graph.nodes.len()];
    let mut units: Vec<Part> = held.iter().map(|parts| alone(&flow, parts, &mut local)).collect();
    units.retain(|unit| !unit.is_empty());
    let called = called(graph);
    units.sort_by(|left, right| called[group(left[0])].total_cmp(&called[group(right[0])]));
    let mut best: Option<Tried> = None;
    let deep = local.iter().max().map_or(1, |last| *last as usize + 1);
    for wide in flow.widths(graph.nodes.len()).into_iter().filter(|wide| *wide != usize::MAX) {
        let found = side_by_side(&flow, &units, &local, wide.max(deep));
        if best.as_ref().is_none_or(|least| found.cost < least.cost - 1e-9) {
            best = Some(found);
        }
    }
    best.unwrap_or(Tried { columns: local, harder: EASIER, cost: f64::INFINITY })
}

/// One box as if it were the whole picture; returns all its nodes.
fn alone(flow: &Flow<'_>, parts: &[Part], columns: &mut [u32]) -> Part {
    let count: usize = parts.iter().map(Vec::len).sum();
    let mut best: Option<(f64, Vec<u32>)> = None;
    let all: Part = parts.iter().flatten().copied().collect();
    for wide in flow.widths(count) {
        let mut deep = 1;
        for part in parts.iter().filter(|part| part.len() > 1) {
            deep = deep.max(flow.layers(part, flow.rows(wide), columns).0);
        }
        let room = if wide == usize::MAX { deep } else { wide.max(deep) };
        let mut ground = Ground::new(flow.graph, room);
        let mut used = 0;
        for part in parts {
            if let [node] = part[..] {
                columns[node as usize] = 0;
            }
            let by = ground.put(part, columns, |_| 0.0) as u32;
            for node in part {
                columns[*node as usize] += by;
                used = used.max(columns[*node as usize] as usize + 1);
            }
        }
        let fit = flow.fit(used, ground.tallest());
        if best.as_ref().is_none_or(|(least, _)| fit < *least - 1e-9) {
            best = Some((fit, all.iter().map(|node| columns[*node as usize]).collect()));
        }
    }
    for (node, column) in all.iter().zip(best.map(|(_, columns)| columns).unwrap_or_default()) {
        columns[*node as usize] = column;
    }
    all
}

/// Share of a box's edges to others by which it is called: callers stand at the left.
fn called(graph: &Graph) -> Vec<f64> {
    let mut ends = vec![(0.0, 0.0); graph.groups];
    for edge in graph.edges.iter().flatten() {
        let (from, to) = (graph.nodes[edge.from].group, graph.nodes[edge.to].group);
        if from != to {
            ends[from].0 += 1.0;
            ends[to].1 += 1.0;
        }
    }
    ends.into_iter().map(|(calls, called): (f64, f64)| called / (calls + called).max(1.0)).collect()
}

fn side_by_side(flow: &Flow<'_>, units: &[Part], local: &[u32], room: usize) -> Tried {
    let graph = flow.graph;
    let mut columns: Vec<u32> = local.to_vec();
    let mut placed = vec![false; graph.groups];
    let mut joins = vec![Vec::new(); graph.groups];
    for edge in graph.edges.iter().flatten() {
        let (from, to) = (graph.nodes[edge.from].group, graph.nodes[edge.to].group);
        if from != to {
            joins[from].push(*edge);
            joins[to].push(*edge);
        }
    }
    let mut ground = Ground::new(graph, room);
    let mut backwards = 0;
    for unit in units {
        let own = graph.nodes[unit[0] as usize].group;
        let known: Vec<_> = joins[own]
            .iter()
            .filter(|edge| placed[graph.nodes[edge.from].group] || placed[graph.nodes[edge.to].group])
            .collect();
        let back = |by: usize| {
            let at = |node: usize| columns[node] as usize + if graph.nodes[node].group == own { by } else { 0 };
            known.iter().filter(|edge| at(edge.from) >= at(edge.to)).count()
        };
        let by = ground.put(unit, local, |by| back(by) as f64 * flow.row * BACKWARDS);
        backwards += back(by);
        for node in unit {
            columns[*node as usize] += by as u32;
        }
        placed[own] = true;
    }
    squeeze(&mut columns);
    let used = columns.iter().max().map_or(0, |last| *last as usize + 1);
    let share = backwards as f64 / graph.edges.len().max(1) as f64;
    let harder = EASIER * (1.0 + share);
    Tried { cost: flow.fit(used, ground.tallest()) * harder, harder, columns }
}

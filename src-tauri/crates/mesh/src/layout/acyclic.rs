//! Opens cycles: a few edges inside strongly connected parts are turned round, so that all others flow from left to right.

use petgraph::algo::{greedy_feedback_arc_set, tarjan_scc};
use petgraph::graph::DiGraph;
use petgraph::visit::EdgeRef;

use super::Graph;

/// An edge in the direction that the columns follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Forward {
    pub from: u32,
    pub to: u32,
}

/// One for each edge; `None` for a self edge and for one whose ends do not exist.
pub(crate) fn forward(graph: &Graph) -> Vec<Option<Forward>> {
    let count = graph.nodes.len();
    let mut whole = DiGraph::<(), usize>::with_capacity(count, graph.edges.len());
    let at: Vec<_> = (0..count).map(|_| whole.add_node(())).collect();
    for (index, edge) in graph.edges.iter().enumerate() {
        if let Some(edge) = edge.filter(|edge| edge.from != edge.to) {
            whole.add_edge(at[edge.from], at[edge.to], index);
        }
    }
    let mut part = vec![0_usize; count];
    for (number, nodes) in tarjan_scc(&whole).iter().enumerate() {
        for node in nodes {
            part[node.index()] = number;
        }
    }
    // Only edges inside a strongly connected part lie on a cycle; the heuristic must not touch the others.
    let mut knots = DiGraph::<(), usize>::with_capacity(count, 0);
    for _ in 0..count {
        knots.add_node(());
    }
    for edge in whole.edge_references() {
        if part[edge.source().index()] == part[edge.target().index()] {
            knots.add_edge(edge.source(), edge.target(), *edge.weight());
        }
    }
    let mut turned = vec![false; graph.edges.len()];
    for edge in greedy_feedback_arc_set(&knots) {
        turned[*edge.weight()] = true;
    }
    let read = |(index, edge): (usize, &Option<super::Edge>)| {
        let edge = edge.filter(|edge| edge.from != edge.to)?;
        let (from, to) = if turned[index] { (edge.to, edge.from) } else { (edge.from, edge.to) };
        Some(Forward { from: from as u32, to: to as u32 })
    };
    graph.edges.iter().enumerate().map(read).collect()
}

/// Edges by their columns, from the left end to the right one; `None` where both ends are in the same.
pub(crate) fn along(graph: &Graph, columns: &[u32]) -> Vec<Option<Forward>> {
    let read = |edge: &Option<super::Edge>| {
        let edge = (*edge)?;
        let (from, to) = (edge.from as u32, edge.to as u32);
        match columns[edge.from].cmp(&columns[edge.to]) {
            std::cmp::Ordering::Less => Some(Forward { from, to }),
            std::cmp::Ordering::Greater => Some(Forward { from: to, to: from }),
            std::cmp::Ordering::Equal => None,
        }
    };
    graph.edges.iter().map(read).collect()
}

//! Sizes of the boxes, and their places by the layout.

use std::collections::HashMap;
use std::sync::Arc;

use mesh::layout::{self, Input};

use super::{Graph, NodeKind, Place};

/// A node's box: room for a name of 20 letters and a second line.
const NODE: (f64, f64) = (168.0, 44.0);
/// A namespace's: its second line is longer.
const NAMESPACE: (f64, f64) = (216.0, 44.0);

/// Gives every group, node and edge its place: the last one where the same things are drawn.
pub fn place(graph: &mut Graph, previous: Option<&Graph>) {
    let same = previous.filter(|previous| draws_the_same(graph, previous)).and_then(|previous| previous.placed.clone());
    let placed = same.unwrap_or_else(|| Arc::new(laid_out(graph, previous)));
    for (group, at) in graph.groups.iter_mut().zip(&placed.groups) {
        group.place = Place { x: at.x, y: at.y, w: at.w, h: at.h };
    }
    for (node, at) in graph.nodes.iter_mut().zip(&placed.nodes) {
        node.place = Place { x: at.x, y: at.y, w: at.w, h: at.h };
    }
    for (edge, points) in graph.edges.iter_mut().zip(&placed.edges) {
        edge.points.clone_from(points);
    }
    (graph.width, graph.height) = (placed.width, placed.height);
    graph.placed = Some(placed);
}

/// Whether two maps differ at most in what they say.
fn draws_the_same(a: &Graph, b: &Graph) -> bool {
    a.groups.iter().map(|group| &group.namespace).eq(b.groups.iter().map(|group| &group.namespace))
        && a.nodes.iter().map(|node| (&node.id, &node.of)).eq(b.nodes.iter().map(|node| (&node.id, &node.of)))
        && a.edges.iter().map(|edge| &edge.id).eq(b.edges.iter().map(|edge| &edge.id))
}

fn laid_out(graph: &Graph, previous: Option<&Graph>) -> layout::Placed {
    let groups: HashMap<&str, usize> =
        graph.groups.iter().enumerate().map(|(at, g)| (g.namespace.as_str(), at)).collect();
    let nodes: HashMap<&str, usize> = graph.nodes.iter().enumerate().map(|(at, n)| (n.id.as_str(), at)).collect();
    let index = |id: &str| nodes.get(id).copied().unwrap_or(usize::MAX);
    let input = Input {
        groups: graph.groups.iter().map(|group| group.namespace.clone()).collect(),
        nodes: graph
            .nodes
            .iter()
            .map(|node| {
                let (w, h) = if node.kind == NodeKind::Namespace { NAMESPACE } else { NODE };
                let group = groups.get(node.namespace.as_str()).copied().unwrap_or(usize::MAX);
                layout::Node { id: node.id.clone(), group, of: node.of.as_deref().map(index), w, h }
            })
            .collect(),
        edges: graph.edges.iter().map(|e| layout::Edge { from: index(&e.from), to: index(&e.to) }).collect(),
        aspect: 0.0,
    };
    layout::layout(&input, previous.and_then(|graph| graph.placed.as_deref()))
}

//! Places of the map.

use bench_engine::figure::Figure;
use mesh::layout::{Edge, Input, Node, layout};

use crate::Failure;

fn node(at: usize, groups: usize) -> Node {
    Node { id: format!("service/{at}"), group: at % groups, of: None, w: 150.0, h: 40.0 }
}

/// A mesh as they grow: most services call a few that are a little older, some are called by many.
fn mesh(nodes: usize, edges: usize) -> Input {
    let mut lots = Lots(nodes as u64 + 1);
    let groups = (nodes / 40).max(1);
    let edge = |at: usize| {
        let from = 1 + at % (nodes - 1);
        let reach = if lots.below(5) == 0 { from } else { from.min(40) };
        Edge { from, to: from - 1 - lots.below(reach) }
    };
    Input {
        edges: (0..edges).map(edge).collect(),
        groups: (0..groups).map(|group| format!("namespace-{group}")).collect(),
        nodes: (0..nodes).map(|at| node(at, groups)).collect(),
        aspect: 1.6,
    }
}

/// The same lots in every run.
struct Lots(u64);

impl Lots {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n.max(1)
    }
}

pub fn run() -> Result<Vec<Figure>, Failure> {
    let (small, large) = (mesh(1000, 1992), mesh(10_000, 20_000));
    let placed = layout(&small, None);
    let mut grown = small.clone();
    grown.nodes.push(node(1000, 25));
    grown.edges.push(Edge { from: 1000, to: 3 });
    Ok(vec![
        Figure::timed("1,000 nodes, 1,992 edges", "goal: 50 ms", 15, || layout(&small, None)),
        Figure::timed("one node more, from the last", "goal: 16 ms", 15, || layout(&grown, Some(&placed))),
        Figure::timed("10,000 nodes, 20,000 edges", "goal: 1 s", 3, || layout(&large, None)),
    ])
}

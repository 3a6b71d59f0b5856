//! Draws the edges: from a box's right side to the next one's left side, level where they leave and where they arrive.

use super::{COLUMN_GAP, Graph, ROW_GAP, Rect};

/// Between two ends on one side of a node.
const END_GAP: f64 = 11.0;

/// An edge's end on a node's side.
struct End {
    node: usize,
    right: bool,
    /// Height of what comes next.
    next: f64,
    /// Edges that share their way share the end as well.
    way: u64,
    edge: usize,
    arrives: bool,
}

/// The curve of every edge; `hops` are the heights at which it passes the columns between.
pub(crate) fn draw(
    graph: &Graph,
    nodes: &[Rect],
    x: &[(f64, f64)],
    columns: &[u32],
    hops: &[Vec<f64>],
) -> Vec<Vec<f64>> {
    let ends = ends(graph, nodes, columns, hops);
    graph
        .edges
        .iter()
        .enumerate()
        .map(|(index, edge)| match edge {
            None => Vec::new(),
            Some(edge) if edge.from == edge.to => loop_back(&nodes[edge.from]),
            Some(edge) if columns[edge.from] == columns[edge.to] => {
                beside(&nodes[edge.from], &nodes[edge.to], ends[index], x[columns[edge.from] as usize].1)
            }
            Some(edge) => {
                let turned = columns[edge.from] > columns[edge.to];
                let (from, to) = if turned { (edge.to, edge.from) } else { (edge.from, edge.to) };
                let mut points =
                    curve(&nodes[from], &nodes[to], (columns[from], columns[to]), ends[index], x, &hops[index]);
                if turned {
                    points = points.rchunks_exact(2).flatten().copied().collect();
                }
                points
            }
        })
        .collect()
}

/// Heights at which each edge leaves and arrives, in the direction of the columns.
fn ends(graph: &Graph, nodes: &[Rect], columns: &[u32], hops: &[Vec<f64>]) -> Vec<(f64, f64)> {
    let middle = |node: usize| nodes[node].y + nodes[node].h / 2.0;
    let mut all: Vec<End> = Vec::with_capacity(graph.edges.len() * 2);
    for (index, edge) in graph.edges.iter().enumerate() {
        let Some(edge) = edge.filter(|edge| edge.from != edge.to) else { continue };
        let turned = columns[edge.from] > columns[edge.to];
        let (from, to) = if turned { (edge.to, edge.from) } else { (edge.from, edge.to) };
        // Direct edges each have an end of their own.
        let way = |height: Option<&f64>| height.map_or(index as u64, |height| height.to_bits() | 1 << 63);
        let (first, last) = (hops[index].first(), hops[index].last());
        // Two of one column are joined at their right sides.
        let level = columns[edge.from] == columns[edge.to];
        let leaves = first.copied().unwrap_or_else(|| middle(to));
        let arrives = last.copied().unwrap_or_else(|| middle(from));
        all.push(End { node: from, right: true, next: leaves, way: way(first), edge: index, arrives: false });
        all.push(End { node: to, right: level, next: arrives, way: way(last), edge: index, arrives: true });
    }
    all.sort_by(|left, right| {
        let side = (left.node, left.right).cmp(&(right.node, right.right));
        side.then(left.next.total_cmp(&right.next)).then(left.way.cmp(&right.way))
    });
    let mut found = vec![(0.0, 0.0); graph.edges.len()];
    for side in all.chunk_by(|left, right| (left.node, left.right) == (right.node, right.right)) {
        let ways: Vec<&[End]> = side.chunk_by(|left, right| left.way == right.way).collect();
        let rect = &nodes[side[0].node];
        let room = (rect.h * 0.6).min(END_GAP * (ways.len() - 1) as f64);
        let step = if ways.len() > 1 { room / (ways.len() - 1) as f64 } else { 0.0 };
        for (slot, way) in ways.into_iter().enumerate() {
            let y = rect.y + (rect.h - room) / 2.0 + step * slot as f64;
            for end in way {
                *(if end.arrives { &mut found[end.edge].1 } else { &mut found[end.edge].0 }) = y;
            }
        }
    }
    found
}

fn curve(
    from: &Rect,
    to: &Rect,
    (first, last): (u32, u32),
    (leave, arrive): (f64, f64),
    x: &[(f64, f64)],
    hops: &[f64],
) -> Vec<f64> {
    let mut points = vec![from.x + from.w, leave];
    let mut at = (from.x + from.w, leave);
    let straight = |points: &mut Vec<f64>, at: &mut (f64, f64), x: f64| {
        if x - at.0 > 0.5 {
            let third = (x - at.0) / 3.0;
            points.extend([at.0 + third, at.1, x - third, at.1, x, at.1]);
            at.0 = x;
        }
    };
    let bend = |points: &mut Vec<f64>, at: &mut (f64, f64), (x, y): (f64, f64)| {
        let middle = (at.0 + x) / 2.0;
        points.extend([middle, at.1, middle, y, x, y]);
        *at = (x, y);
    };
    // A narrow node in a wide column: level to the column's side, so that the bend stays in the gap.
    straight(&mut points, &mut at, x[first as usize].1);
    for (column, y) in (first + 1..last).zip(hops) {
        let (left, right) = x[column as usize];
        if (at.1 - y).abs() > 0.5 {
            bend(&mut points, &mut at, (left, *y));
        }
        straight(&mut points, &mut at, right);
    }
    bend(&mut points, &mut at, (to.x, arrive));
    points
}

/// An edge between two of one column: a bow in the gap to the right of it.
fn beside(from: &Rect, to: &Rect, (leave, arrive): (f64, f64), right: f64) -> Vec<f64> {
    let out = right + COLUMN_GAP * 0.5;
    let (start, end) = (from.x + from.w, to.x + to.w);
    let mut points = vec![start, leave];
    if right > start {
        points.extend([start, leave, right, leave, right, leave]);
    }
    points.extend([out, leave, out, arrive, right, arrive]);
    if right > end {
        points.extend([right, arrive, end, arrive, end, arrive]);
    }
    points
}

/// An edge to itself: out at the right side and in again at the top.
fn loop_back(node: &Rect) -> Vec<f64> {
    let (right, top) = (node.x + node.w, node.y);
    let (out, up) = (COLUMN_GAP * 0.22, ROW_GAP * 0.8);
    let leave = top + node.h * 0.3;
    let enter = right - (node.w * 0.25).min(26.0);
    vec![
        right,
        leave,
        right + out,
        leave,
        right + out,
        top - up,
        right - 4.0,
        top - up,
        enter,
        top - up,
        enter,
        top - up,
        enter,
        top,
    ]
}

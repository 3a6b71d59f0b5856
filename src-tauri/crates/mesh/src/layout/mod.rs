//! Places of the map: layers from left to right by call depth, each namespace in a box of its own.
//!
//! The steps are those of Sugiyama's method, each in a file: cycles are opened (`acyclic`), nodes get a column (`columns`), each
//! column an order that crosses few edges (`order`), each row a height (`rows`), each edge its way (`ways`) and a curve (`curves`). All
//! boxes share the columns, so an edge between boxes crosses them in the gap between two columns and never runs over a node. A former
//! placement is kept where little changed (`steady`).
//!
//! Deterministic: the same input gives the same places. Any graph ends: self edges, cycles, multi-edges and dangling indices included.

mod acyclic;
mod boxes;
mod columns;
mod curves;
mod ground;
mod order;
mod rows;
mod steady;
#[cfg(test)]
mod tests;
mod ways;

/// Between two columns: room for a curve, its arrow and its label.
pub(crate) const COLUMN_GAP: f64 = 92.0;
/// Between two nodes of a column.
pub(crate) const ROW_GAP: f64 = 16.0;
/// From a box's side to its nodes.
pub(crate) const PAD: f64 = 16.0;
/// A box's heading.
pub(crate) const HEADING: f64 = 32.0;
/// Between two boxes.
pub(crate) const BOX_GAP: f64 = 16.0;

/// How many nodes are placed in all for one picture: a small one several times over.
const TRIES: usize = 400;

/// What is to be placed.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// Names of the boxes, in the order wished from top to bottom.
    pub groups: Vec<String>,
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
    /// Width by height of the window; 0 for the usual 1.6.
    pub aspect: f64,
}

/// A thing with a size.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// Names it across two placements.
    pub id: String,
    /// Index of its box; `usize::MAX` (or any that does not exist) for a node outside of all boxes.
    pub group: usize,
    /// The service that this workload is a version of: versions stand one under another in the next column.
    pub of: Option<usize>,
    pub w: f64,
    pub h: f64,
}

/// Who calls whom, by index in `nodes`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    pub from: usize,
    pub to: usize,
}

/// A place; y grows downwards.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub w: f64,
    pub h: f64,
}

impl Rect {
    /// Neither touches nor covers the other.
    #[must_use]
    pub fn clear_of(&self, other: &Rect) -> bool {
        self.x + self.w <= other.x
            || other.x + other.w <= self.x
            || self.y + self.h <= other.y
            || other.y + other.h <= self.y
    }

    /// Holds the other wholly.
    #[must_use]
    pub fn holds(&self, other: &Rect) -> bool {
        self.x <= other.x
            && self.y <= other.y
            && self.x + self.w >= other.x + other.w
            && self.y + self.h >= other.y + other.h
    }
}

/// The same graph with places.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Placed {
    pub width: f64,
    pub height: f64,
    /// One a group of the input; all zero where it has no node.
    pub groups: Vec<Rect>,
    /// One a node of the input.
    pub nodes: Vec<Rect>,
    /// One an edge of the input, as x, y pairs: the start, then three pairs a cubic Bézier segment (two control points and its end).
    /// Empty for an edge whose ends do not exist.
    pub edges: Vec<Vec<f64>>,
    pub(crate) memory: steady::Memory,
}

/// Places the graph. With the previous placement, nodes stay where they were as long as little has changed.
#[must_use]
pub fn layout(input: &Input, previous: Option<&Placed>) -> Placed {
    let graph = Graph::read(input);
    if let Some(kept) = previous.and_then(|previous| steady::keep(input, &graph, previous)) {
        return kept;
    }
    let forward = acyclic::forward(&graph);
    // Only when the boxes stand is it known how high they are: of a small picture several are drawn, and the best is kept.
    let tries = TRIES / input.nodes.len().max(1);
    let mut best: Option<(f64, Placed)> = None;
    for tried in columns::assign(&graph, &forward, aspect(input), tries) {
        let placed = placed(input, &graph, &tried.columns);
        let cost = (placed.width / aspect(input)).max(placed.height) * tried.harder;
        if best.as_ref().is_none_or(|(least, _)| cost < *least - 1e-9) {
            best = Some((cost, placed));
        }
    }
    best.map(|(_, placed)| placed).unwrap_or_default()
}

fn placed(input: &Input, graph: &Graph, columns: &[u32]) -> Placed {
    let flow = acyclic::along(graph, columns);
    let mut rank = order::groups(graph);
    let mut grid = order::Grid::new(graph, &flow, columns, &mut rank);
    order::reduce_crossings(&mut grid);
    let rows = rows::assign(graph, &grid, &rank);
    let (x, width) = rows::column_edges(graph, columns);
    let place = |(node, size): (usize, &Sized)| {
        let left = x[columns[node] as usize].0;
        Rect { x: left, y: rows.center[node] - size.h / 2.0, w: size.w, h: size.h }
    };
    let nodes: Vec<Rect> = graph.nodes.iter().enumerate().map(place).collect();
    let hops = hops(&flow, &grid, &rows.center, &nodes, columns, x.len());
    let edges = curves::draw(graph, &nodes, &x, columns, &hops);
    let groups = rows.boxes.iter().take(input.groups.len()).copied().collect();
    let memory = steady::Memory::new(input, graph, columns, &x, &hops);
    let reach = edges.iter().flat_map(|points| points.iter().step_by(2)).copied().fold(width, f64::max);
    Placed { width: reach, height: rows.height, groups, nodes, edges, memory }
}

/// Heights at which each edge passes the columns between its ends: as ordered inside the caller's box, then wherever there is room.
fn hops(
    flow: &[Option<acyclic::Forward>],
    grid: &order::Grid,
    center: &[f64],
    nodes: &[Rect],
    columns: &[u32],
    count: usize,
) -> Vec<Vec<f64>> {
    let mut ways = ways::Ways::new(nodes, columns, count);
    let ordered: Vec<Vec<f64>> = (0..flow.len()).map(|edge| grid.hops(edge, center)).collect();
    for (edge, known) in flow.iter().zip(&ordered) {
        if let Some(edge) = edge {
            let first = columns[edge.from as usize] + 1;
            known.iter().zip(first..).for_each(|(y, column)| ways.pass(edge.from as usize, column, *y));
        }
    }
    let onward = |(edge, mut known): (&Option<acyclic::Forward>, Vec<f64>)| {
        let Some(edge) = edge else { return known };
        let (from, to) = (edge.from as usize, edge.to as usize);
        let mut y = known.last().copied().unwrap_or(nodes[from].y + nodes[from].h / 2.0);
        for column in columns[from] + 1 + known.len() as u32..columns[to] {
            y = ways.find(from, column, y);
            known.push(y);
        }
        known
    };
    flow.iter().zip(ordered).map(onward).collect()
}

fn aspect(input: &Input) -> f64 {
    if input.aspect.is_finite() && input.aspect > 0.0 { input.aspect.clamp(0.2, 8.0) } else { 1.6 }
}

/// A node's size and box, made safe.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sized {
    pub group: usize,
    pub of: Option<usize>,
    pub w: f64,
    pub h: f64,
}

/// The input with every index in range and every number finite.
#[derive(Debug)]
pub(crate) struct Graph {
    pub nodes: Vec<Sized>,
    /// As given; `None` where an end does not exist.
    pub edges: Vec<Option<Edge>>,
    /// Boxes, and one more without a frame for nodes that are in none.
    pub groups: usize,
}

impl Graph {
    fn read(input: &Input) -> Self {
        let count = input.nodes.len();
        let frameless = input.groups.len();
        let size = |length: f64| if length.is_finite() { length.clamp(1.0, 10_000.0) } else { 1.0 };
        let nodes = input
            .nodes
            .iter()
            .enumerate()
            .map(|(index, node)| Sized {
                group: node.group.min(frameless),
                of: node.of.filter(|of| *of < count && *of != index),
                w: size(node.w),
                h: size(node.h),
            })
            .collect();
        let edges = input.edges.iter().map(|edge| (edge.from < count && edge.to < count).then_some(*edge)).collect();
        Self { nodes, edges, groups: frameless + 1 }
    }

    /// Whether this box is drawn.
    pub fn framed(&self, group: usize) -> bool {
        group + 1 < self.groups
    }
}

/// Lists of neighbours in one allocation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Neighbours {
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Neighbours {
    /// From pairs (of, neighbour), in their order.
    pub fn new(count: usize, pairs: &[(u32, u32)]) -> Self {
        let mut starts = vec![0_u32; count + 1];
        for (of, _) in pairs {
            starts[*of as usize + 1] += 1;
        }
        for index in 0..count {
            starts[index + 1] += starts[index];
        }
        let mut next = starts.clone();
        let mut items = vec![0; pairs.len()];
        for (of, neighbour) in pairs {
            let slot = &mut next[*of as usize];
            items[*slot as usize] = *neighbour;
            *slot += 1;
        }
        Self { starts, items }
    }

    pub fn of(&self, item: usize) -> &[u32] {
        &self.items[self.starts[item] as usize..self.starts[item + 1] as usize]
    }
}

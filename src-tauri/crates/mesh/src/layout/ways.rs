//! Finds the heights at which long edges pass the columns between their ends: level as far as can be, never over a node.

use std::collections::{BTreeSet, HashMap};

use super::{ROW_GAP, Rect};

/// From a node to an edge that passes it.
const CLEAR: f64 = ROW_GAP / 2.0;
/// Between two edges that pass.
const LINE_GAP: i64 = 6;

/// What stands and passes in each column.
pub(crate) struct Ways {
    /// Top and bottom of the nodes, from top to bottom.
    nodes: Vec<Vec<(f64, f64)>>,
    lines: Vec<BTreeSet<i64>>,
    /// Edges of one caller share their way: (node, column) → height.
    shared: HashMap<(usize, u32), f64>,
}

impl Ways {
    pub fn new(rects: &[Rect], columns: &[u32], count: usize) -> Self {
        let mut nodes = vec![Vec::new(); count];
        for (rect, column) in rects.iter().zip(columns) {
            if let Some(list) = nodes.get_mut(*column as usize) {
                list.push((rect.y, rect.y + rect.h));
            }
        }
        for list in &mut nodes {
            list.sort_by(|above: &(f64, f64), below| above.0.total_cmp(&below.0));
        }
        Self { nodes, lines: vec![BTreeSet::new(); count], shared: HashMap::new() }
    }

    /// Takes a height that is known already.
    pub fn pass(&mut self, node: usize, column: u32, y: f64) {
        self.shared.insert((node, column), y);
        self.lines[column as usize].insert(y.round() as i64);
    }

    /// The height in a column for an edge of this node that comes from a height.
    pub fn find(&mut self, node: usize, column: u32, from: f64) -> f64 {
        if let Some(y) = self.shared.get(&(node, column)) {
            return *y;
        }
        let y = self.free(column as usize, from).round();
        self.pass(node, column, y);
        y
    }

    /// The free height nearest to a wish: the gap between two nodes that is nearest, in it the place nearest that no other edge has.
    fn free(&self, column: usize, wish: f64) -> f64 {
        let nodes = &self.nodes[column];
        let at = nodes.partition_point(|(top, _)| *top < wish);
        let gap = |index: usize| {
            let from = index.checked_sub(1).map_or(f64::NEG_INFINITY, |above| nodes[above].1 + CLEAR);
            let to = nodes.get(index).map_or(f64::INFINITY, |(top, _)| top - CLEAR);
            (from <= to).then_some((from, to))
        };
        let near = |(from, to): (f64, f64)| (wish.clamp(from, to) - wish).abs();
        // Outwards from the wish, on each side the first gap that is wide enough.
        let up = (0..=at).rev().find_map(gap);
        let down = (at + 1..=nodes.len()).find_map(gap);
        let best = match (up, down) {
            (Some(up), Some(down)) => Some(if near(down) < near(up) { down } else { up }),
            (up, down) => up.or(down),
        };
        best.map_or(wish, |gap| self.beside(column, wish.clamp(gap.0, gap.1), gap))
    }

    fn beside(&self, column: usize, wish: f64, (from, to): (f64, f64)) -> f64 {
        let lines = &self.lines[column];
        let clear = |y: f64| {
            let y = y.round() as i64;
            lines.range(y - LINE_GAP + 1..y + LINE_GAP).next().is_none()
        };
        let steps = (0..12).flat_map(|step| [f64::from(step * LINE_GAP as i32), f64::from(-step * LINE_GAP as i32)]);
        steps.map(|by| wish + by).find(|y| from <= *y && *y <= to && clear(*y)).unwrap_or(wish)
    }
}

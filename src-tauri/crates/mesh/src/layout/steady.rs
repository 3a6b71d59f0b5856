//! Keeps a placement: where little has changed, nodes stay where the eye left them.

use std::collections::{BTreeMap, BTreeSet};

use super::{BOX_GAP, Graph, HEADING, Input, PAD, Placed, ROW_GAP, Rect, curves};

/// What a placement knows of itself for the next one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Memory {
    ids: Vec<String>,
    groups: Vec<String>,
    columns: Vec<u32>,
    sizes: Vec<(f64, f64)>,
    /// Left and right of each column.
    x: Vec<(f64, f64)>,
    edges: BTreeSet<(u32, u32)>,
    /// How much has changed since it was made anew.
    drift: f64,
    aspect: f64,
}

/// Share of the nodes that may come, go or be called the wrong way before all is placed anew.
const DRIFT: f64 = 0.12;
/// What a further edge counts that fits.
const FITS: f64 = 0.15;

impl Memory {
    pub fn new(input: &Input, graph: &Graph, columns: &[u32], x: &[(f64, f64)]) -> Self {
        Self {
            ids: input.nodes.iter().map(|node| node.id.clone()).collect(),
            groups: input.groups.clone(),
            columns: columns.to_vec(),
            sizes: graph.nodes.iter().map(|node| (node.w, node.h)).collect(),
            x: x.to_vec(),
            edges: graph.edges.iter().flatten().map(|edge| (edge.from as u32, edge.to as u32)).collect(),
            drift: 0.0,
            aspect: super::aspect(input),
        }
    }
}

/// The former placement with the changes worked in, or `None` where it is better to begin anew.
pub(crate) fn keep(input: &Input, graph: &Graph, previous: &Placed) -> Option<Placed> {
    let memory = &previous.memory;
    let former: BTreeMap<&str, usize> = memory.ids.iter().enumerate().map(|(at, id)| (id.as_str(), at)).collect();
    let same_window = (memory.aspect / super::aspect(input)).ln().abs() < 0.35;
    if former.len() != previous.nodes.len()
        || previous.nodes.is_empty()
        || memory.groups != input.groups
        || !same_window
    {
        return None;
    }
    let was: Vec<Option<usize>> = input.nodes.iter().map(|node| former.get(node.id.as_str()).copied()).collect();
    let resized = |(node, was): (usize, &Option<usize>)| {
        was.is_some_and(|was| memory.sizes[was] != (graph.nodes[node].w, graph.nodes[node].h))
    };
    if was.iter().enumerate().any(resized) {
        return None;
    }
    let stayed = was.iter().flatten().count();
    let mut drift =
        memory.drift + (was.len() - stayed) as f64 + (memory.ids.len() - stayed.min(memory.ids.len())) as f64;
    let limit = DRIFT * memory.ids.len() as f64;
    if drift > limit {
        return None;
    }
    let mut spot = Spots::new(graph, previous, &was);
    for node in (0..was.len()).filter(|node| was[*node].is_none()) {
        spot.add(graph, node)?;
    }
    for edge in graph.edges.iter().flatten() {
        let known = was[edge.from].zip(was[edge.to]);
        let known = known.is_some_and(|(from, to)| memory.edges.contains(&(from as u32, to as u32)));
        if !known && edge.from != edge.to {
            let (from, to) = (spot.columns[edge.from], spot.columns[edge.to]);
            // Two of one column cannot be joined in the gap between columns.
            if from == to {
                return None;
            }
            drift += if from < to { FITS } else { 1.0 };
        }
    }
    if drift > limit {
        return None;
    }
    let hops: Vec<Vec<f64>> =
        graph.edges.iter().map(|edge| edge.map_or_else(Vec::new, |edge| spot.hops(edge.from, edge.to))).collect();
    let edges = curves::draw(graph, &spot.nodes, &memory.x, &spot.columns, &hops);
    let memory = Memory { drift, ..Memory::new(input, graph, &spot.columns, &memory.x) };
    let (width, height) = (previous.width, previous.height.max(spot.bottom()));
    Some(Placed { width, height, groups: spot.groups, nodes: spot.nodes, edges, memory })
}

/// What stands where, column by column.
struct Spots {
    nodes: Vec<Rect>,
    columns: Vec<u32>,
    groups: Vec<Rect>,
    x: Vec<(f64, f64)>,
    /// Top and bottom of the nodes of each column, from top to bottom.
    taken: Vec<Vec<(f64, f64)>>,
}

impl Spots {
    fn new(graph: &Graph, previous: &Placed, was: &[Option<usize>]) -> Self {
        let memory = &previous.memory;
        let nodes = was.iter().map(|was| was.map_or_else(Rect::default, |was| previous.nodes[was])).collect();
        let columns = was.iter().map(|was| was.map_or(u32::MAX, |was| memory.columns[was])).collect();
        let mut spot = Self {
            nodes,
            columns,
            groups: previous.groups.clone(),
            x: memory.x.clone(),
            taken: vec![Vec::new(); memory.x.len()],
        };
        for node in (0..was.len()).filter(|node| was[*node].is_some()) {
            spot.take(node);
        }
        debug_assert_eq!(graph.nodes.len(), spot.nodes.len());
        spot
    }

    fn take(&mut self, node: usize) {
        let (rect, column) = (self.nodes[node], self.columns[node] as usize);
        let at = self.taken[column].partition_point(|(top, _)| *top < rect.y);
        self.taken[column].insert(at, (rect.y, rect.y + rect.h));
    }

    fn bottom(&self) -> f64 {
        let all = self.groups.iter().chain(&self.nodes);
        all.map(|rect| rect.y + rect.h).fold(0.0, f64::max)
    }

    /// Puts a further node into its box: right of its callers, in the first hole or at the foot of the column.
    fn add(&mut self, graph: &Graph, node: usize) -> Option<()> {
        let sized = &graph.nodes[node];
        let framed = graph.framed(sized.group);
        let frame = self.groups.get(sized.group).copied().filter(|frame| frame.w > 0.0 && framed)?;
        let inside = |column: &usize| {
            let (left, right) = self.x[*column];
            frame.x <= left && right <= frame.x + frame.w && sized.w <= right - left
        };
        let before = graph.edges.iter().flatten().filter(|edge| edge.to == node).map(|edge| self.columns[edge.from]);
        let after = graph.edges.iter().flatten().filter(|edge| edge.from == node).map(|edge| self.columns[edge.to]);
        let earliest = before.filter(|column| *column != u32::MAX).max().map_or(0, |column| column as usize + 1);
        let latest = after.filter(|column| *column != u32::MAX).min().map_or(self.x.len(), |column| column as usize);
        let choices = (earliest..latest).filter(inside);
        let best = choices
            .filter_map(|column| self.hole(column, &frame, sized.h).map(|y| (y, column)))
            .min_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)));
        let (y, column) = best?;
        self.nodes[node] = Rect { x: self.x[column].0, y, w: sized.w, h: sized.h };
        self.columns[node] = column as u32;
        self.take(node);
        let need = y + sized.h + PAD - frame.y;
        self.groups[sized.group].h = frame.h.max(need);
        Some(())
    }

    /// The first free height of a column in a frame; the frame may grow downwards into free ground.
    fn hole(&self, column: usize, frame: &Rect, h: f64) -> Option<f64> {
        let mut y = frame.y + HEADING;
        for (top, bottom) in &self.taken[column] {
            if *bottom + ROW_GAP <= y {
                continue;
            }
            if y + h + ROW_GAP <= *top {
                break;
            }
            y = bottom + ROW_GAP;
        }
        let grown = Rect { h: frame.h.max(y + h + PAD - frame.y), ..*frame };
        if grown.h <= frame.h {
            return Some(y);
        }
        let wide = Rect { h: grown.h + BOX_GAP, ..grown };
        let blocked = self.groups.iter().any(|other| other.w > 0.0 && other != frame && !wide.clear_of(other))
            || self.nodes.iter().any(|node| node.w > 0.0 && !frame.holds(node) && !wide.clear_of(node));
        (!blocked).then_some(y)
    }

    /// Free heights in the columns between two nodes, as near as can be to the straight line.
    fn hops(&self, from: usize, to: usize) -> Vec<f64> {
        let (left, right) = if self.columns[from] <= self.columns[to] { (from, to) } else { (to, from) };
        let (first, last) = (self.columns[left], self.columns[right]);
        let middle = |node: usize| self.nodes[node].y + self.nodes[node].h / 2.0;
        (first + 1..last)
            .map(|column| {
                let part = f64::from(column - first) / f64::from(last - first);
                let wish = middle(left) + (middle(right) - middle(left)) * part;
                self.free(column as usize, wish).round()
            })
            .collect()
    }

    /// The free height of a column that is nearest to a wish.
    fn free(&self, column: usize, wish: f64) -> f64 {
        const CLEAR: f64 = ROW_GAP / 2.0;
        let mut above = f64::NEG_INFINITY;
        let mut best = f64::INFINITY;
        for (top, bottom) in self.taken[column].iter().copied().chain([(f64::INFINITY, f64::INFINITY)]) {
            if top - CLEAR >= above + CLEAR {
                let y = wish.clamp(above + CLEAR, top - CLEAR);
                if (y - wish).abs() < (best - wish).abs() {
                    best = y;
                }
            }
            above = above.max(bottom);
        }
        if best.is_finite() { best } else { wish }
    }
}

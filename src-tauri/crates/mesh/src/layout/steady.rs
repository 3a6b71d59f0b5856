//! Keeps a placement: where little has changed, nodes stay where the eye left them.

use std::collections::BTreeMap;

use super::ways::Ways;
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
    /// The ways that edges take, by their ends.
    edges: BTreeMap<(u32, u32), Vec<f64>>,
    /// How much has changed since it was made anew.
    drift: f64,
    aspect: f64,
}

/// Share of the nodes that may come, go or be called the wrong way before all is placed anew.
const DRIFT: f64 = 0.12;
/// What a further edge counts that fits.
const FITS: f64 = 0.15;

impl Memory {
    pub fn new(input: &Input, graph: &Graph, columns: &[u32], x: &[(f64, f64)], hops: &[Vec<f64>]) -> Self {
        let ways = graph.edges.iter().zip(hops);
        let ways = ways.filter_map(|(edge, hops)| edge.map(|edge| ((edge.from as u32, edge.to as u32), hops.clone())));
        Self {
            ids: input.nodes.iter().map(|node| node.id.clone()).collect(),
            groups: input.groups.clone(),
            columns: columns.to_vec(),
            sizes: graph.nodes.iter().map(|node| (node.w, node.h)).collect(),
            x: x.to_vec(),
            edges: ways.collect(),
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
    let known = |edge: &super::Edge| {
        let (from, to) = was[edge.from].zip(was[edge.to])?;
        memory.edges.get(&(from as u32, to as u32))
    };
    for edge in graph.edges.iter().flatten().filter(|edge| edge.from != edge.to && known(edge).is_none()) {
        drift += if spot.columns[edge.from] < spot.columns[edge.to] { FITS } else { 1.0 };
    }
    if drift > limit {
        return None;
    }
    // Edges that were there keep their way, unless a further node may stand in it.
    let crowded = was.iter().any(Option::is_none);
    let hops = spot.all_hops(graph, |edge| known(edge).filter(|_| !crowded));
    let edges = curves::draw(graph, &spot.nodes, &memory.x, &spot.columns, &hops);
    let memory = Memory { drift, ..Memory::new(input, graph, &spot.columns, &memory.x, &hops) };
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

    /// The left end of an edge and the columns between its ends.
    fn between(&self, edge: &super::Edge) -> (usize, std::ops::Range<u32>) {
        let (from, to) = (self.columns[edge.from], self.columns[edge.to]);
        if from <= to { (edge.from, from + 1..to.max(from + 1)) } else { (edge.to, to + 1..from) }
    }

    /// The ways of all edges: those that are kept first, so that the others go around them.
    fn all_hops<'a>(&self, graph: &Graph, kept: impl Fn(&super::Edge) -> Option<&'a Vec<f64>>) -> Vec<Vec<f64>> {
        let mut ways = Ways::new(&self.nodes, &self.columns, self.x.len());
        let mut hops = vec![Vec::new(); graph.edges.len()];
        for fresh in [false, true] {
            for (edge, way) in graph.edges.iter().zip(&mut hops) {
                let Some(edge) = edge else { continue };
                match kept(edge) {
                    Some(kept) if !fresh => *way = self.keep(&mut ways, edge, kept),
                    None if fresh => *way = self.hops(&mut ways, edge),
                    _ => {}
                }
            }
        }
        hops
    }

    fn keep(&self, ways: &mut Ways, edge: &super::Edge, kept: &[f64]) -> Vec<f64> {
        let (left, columns) = self.between(edge);
        columns.zip(kept).for_each(|(column, y)| ways.pass(left, column, *y));
        kept.to_vec()
    }

    /// Free heights in the columns between two nodes.
    fn hops(&self, ways: &mut Ways, edge: &super::Edge) -> Vec<f64> {
        let (left, columns) = self.between(edge);
        let mut y = self.nodes[left].y + self.nodes[left].h / 2.0;
        columns
            .map(|column| {
                y = ways.find(left, column, y);
                y
            })
            .collect()
    }
}

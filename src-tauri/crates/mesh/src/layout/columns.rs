//! Gives every node its column: callers before callees, no column too tall, and parts that do not touch side by side where the
//! window has room for them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::acyclic::Forward;
use super::ground::Ground;
use super::{COLUMN_GAP, Graph, Neighbours, ROW_GAP, boxes};

/// The graph as this step sees it.
pub(super) struct Flow<'a> {
    pub graph: &'a Graph,
    before: Neighbours,
    after: Neighbours,
    /// Callers before callees.
    sorted: Vec<u32>,
    /// How many versions of the same service stand together.
    block: Vec<usize>,
    pub step: f64,
    pub row: f64,
    aspect: f64,
}

/// A part without edges to any other: its nodes in flow order.
pub(super) type Part = Vec<u32>;

/// Columns that were tried.
pub(crate) struct Tried {
    pub columns: Vec<u32>,
    /// How many times worse it is than its size tells, for what is hard to follow in it.
    pub harder: f64,
    /// What it needs of the window, as far as that is known before the boxes stand.
    pub cost: f64,
}

/// Columns for every node, the best first as far as they can be judged before the boxes stand; at least one, and at most `most`.
pub(crate) fn assign(graph: &Graph, forward: &[Option<Forward>], aspect: f64, most: usize) -> Vec<Tried> {
    let mut tried = over_all(graph, forward, aspect);
    tried.push(boxes::assign(graph, forward, aspect));
    tried.sort_by(|left, right| left.cost.total_cmp(&right.cost));
    tried.dedup_by(|next, kept| next.columns == kept.columns);
    tried.truncate(most.max(1));
    tried
}

/// One flow over all boxes, in each width.
fn over_all(graph: &Graph, forward: &[Option<Forward>], aspect: f64) -> Vec<Tried> {
    if graph.nodes.is_empty() {
        return Vec::new();
    }
    let flow = Flow::new(graph, forward, aspect);
    let (parts, blocks) = flow.blocks(flow.parts(forward));
    flow.widths(graph.nodes.len()).into_iter().map(|wide| flow.try_width(&parts, &blocks, wide)).collect()
}

impl<'a> Flow<'a> {
    pub fn new(graph: &'a Graph, forward: &[Option<Forward>], aspect: f64) -> Self {
        let count = graph.nodes.len();
        let mut pairs: Vec<(u32, u32)> = forward.iter().flatten().map(|edge| (edge.from, edge.to)).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let after = Neighbours::new(count, &pairs);
        let back: Vec<(u32, u32)> = pairs.iter().map(|(from, to)| (*to, *from)).collect();
        let before = Neighbours::new(count, &back);
        let mut versions = vec![0; count];
        for of in graph.nodes.iter().filter_map(|node| node.of) {
            versions[of] += 1;
        }
        let block = graph.nodes.iter().map(|node| node.of.map_or(1, |of| versions[of])).collect();
        let mean = |length: fn(&super::Sized) -> f64| graph.nodes.iter().map(length).sum::<f64>() / count as f64;
        let (step, row) = (mean(|node| node.w) + COLUMN_GAP, mean(|node| node.h) + ROW_GAP);
        let sorted = sorted(count, &before, &after);
        Self { graph, before, after, sorted, block, step, row, aspect }
    }

    /// Parts that no edge joins, the largest first, lone nodes last.
    pub fn parts(&self, forward: &[Option<Forward>]) -> Vec<Part> {
        let count = self.graph.nodes.len();
        let mut root = petgraph::unionfind::UnionFind::<u32>::new(count);
        for edge in forward.iter().flatten() {
            root.union(edge.from, edge.to);
        }
        for (node, sized) in self.graph.nodes.iter().enumerate() {
            if let Some(of) = sized.of {
                root.union(node as u32, of as u32);
            }
        }
        let mut number = vec![usize::MAX; count];
        let mut parts: Vec<Part> = Vec::new();
        for node in &self.sorted {
            let of = root.find(*node) as usize;
            if number[of] == usize::MAX {
                number[of] = parts.len();
                parts.push(Vec::new());
            }
            parts[number[of]].push(*node);
        }
        // Equal sizes keep their boxes together.
        let key = |part: &Part| (Reverse(part.len()), self.graph.nodes[part[0] as usize].group, part[0]);
        parts.sort_by_key(key);
        parts
    }

    /// Takes the boxes out in which nobody calls and is called: each is a block that may have any shape. The largest first.
    fn blocks(&self, parts: Vec<Part>) -> (Vec<Part>, Vec<Part>) {
        let group = |part: &Part| self.graph.nodes[part[0] as usize].group;
        let mut calls = vec![false; self.graph.groups];
        for part in parts.iter().filter(|part| part.len() > 1) {
            part.iter().for_each(|node| calls[self.graph.nodes[*node as usize].group] = true);
        }
        let (parts, lone): (Vec<Part>, Vec<Part>) = parts.into_iter().partition(|part| calls[group(part)]);
        let mut blocks: Vec<Part> =
            lone.chunk_by(|left, right| group(left) == group(right)).map(<[Part]>::concat).collect();
        blocks.sort_by_key(|block| Reverse(block.len()));
        (parts, blocks)
    }

    /// Numbers of columns that are worth a try.
    pub fn widths(&self, count: usize) -> Vec<usize> {
        let ground = count as f64 * self.step * (self.row + 8.0);
        let ideal = ((ground * self.aspect).sqrt() / self.step).round().max(1.0);
        let tries: Vec<usize> = if self.graph.nodes.len() <= 400 {
            (1..=(ideal * 2.0) as usize + 4).collect()
        } else {
            [0.6, 0.8, 1.0, 1.25, 1.6].iter().map(|by| (ideal * by).round().max(2.0) as usize).collect()
        };
        // The widest number stands for "as deep as it is".
        tries.into_iter().chain([usize::MAX]).collect()
    }

    /// How many rows a window of so many columns has.
    pub fn rows(&self, wide: usize) -> usize {
        match wide {
            usize::MAX => usize::MAX,
            wide => ((wide as f64 * self.step / self.aspect / self.row).ceil() as usize).max(3),
        }
    }

    /// How much of the window is needed: the larger of both sides, in heights.
    pub fn fit(&self, columns: usize, tallest: f64) -> f64 {
        // Straight edges take room: the larger the graph, the looser its columns.
        let loose = 1.0 + 0.4 * (self.graph.nodes.len() as f64 / 400.0).min(1.0);
        (columns as f64 * self.step / self.aspect).max(tallest * loose)
    }

    /// Columns for a window of so many, and how badly they fill it.
    fn try_width(&self, parts: &[Part], blocks: &[Part], wide: usize) -> Tried {
        let count = self.graph.nodes.len();
        let tall = self.rows(wide);
        let mut columns = vec![0_u32; count];
        let (mut deep, mut pushed) = (0, 0);
        for part in parts.iter().filter(|part| part.len() > 1) {
            let (depth, moved) = self.layers(part, tall, &mut columns);
            deep = deep.max(depth);
            pushed += moved;
        }
        let room = if wide == usize::MAX { deep.max(1) } else { wide.max(deep) };
        let mut ground = Ground::new(self.graph, room);
        for part in parts {
            let by = ground.put(part, &columns, |_| 0.0);
            for node in part {
                columns[*node as usize] += by as u32;
            }
        }
        for block in blocks {
            ground.put_block(block, &mut columns);
        }
        squeeze(&mut columns);
        let used = columns.iter().max().map_or(0, |last| *last as usize + 1);
        let harder = 1.0 + 0.6 * pushed as f64 / count as f64;
        Tried { cost: self.fit(used, ground.tallest()) * harder, harder, columns }
    }

    /// Columns of one part from 0: the longest way from an entry, further right where a column is full. Returns the depth and
    /// how many nodes were pushed.
    pub fn layers(&self, part: &Part, tall: usize, columns: &mut [u32]) -> (usize, usize) {
        let mut used: Vec<usize> = Vec::new();
        let mut home: Vec<(usize, u32)> = Vec::new();
        let mut pushed = 0;
        let full = |used: &[usize], column: usize, more: usize| {
            used.get(column).is_some_and(|held| *held > 0 && held.saturating_add(more) > tall)
        };
        let mut together = std::collections::BTreeMap::<usize, u32>::new();
        for node in part {
            let node = *node as usize;
            let earliest = self.before.of(node).iter().map(|at| columns[*at as usize] + 1).max().unwrap_or(0);
            let sized = &self.graph.nodes[node];
            let family = sized.of.and_then(|of| together.get(&of).copied()).filter(|column| *column >= earliest);
            let column = family.unwrap_or_else(|| {
                (earliest..).find(|column| !full(&used, *column as usize, self.block[node])).unwrap_or(earliest)
            });
            pushed += usize::from(column > earliest && family.is_none());
            if let Some(of) = sized.of {
                together.insert(of, column);
            }
            columns[node] = column;
            if used.len() <= column as usize {
                used.resize(column as usize + 1, 0);
            }
            used[column as usize] += 1;
            home.push((node, column));
        }
        // A node that calls more than it is called stands next to what it calls, not at the far left.
        for (node, column) in home.into_iter().rev() {
            let calls = self.after.of(node);
            if self.graph.nodes[node].of.is_some() || calls.len() <= self.before.of(node).len() {
                continue;
            }
            let latest = calls.iter().map(|to| columns[*to as usize]).min().unwrap_or(column + 1) - 1;
            if latest > column && !full(&used, latest as usize, 1) {
                columns[node] = latest;
                used[column as usize] -= 1;
                used[latest as usize] += 1;
            }
        }
        let least = part.iter().map(|node| columns[*node as usize]).min().unwrap_or(0);
        for node in part {
            columns[*node as usize] -= least;
        }
        (used.len(), pushed)
    }
}

/// Callers before callees; the lowest index first where both would do.
fn sorted(count: usize, before: &Neighbours, after: &Neighbours) -> Vec<u32> {
    let mut waits: Vec<usize> = (0..count).map(|node| before.of(node).len()).collect();
    let mut ready: BinaryHeap<Reverse<u32>> =
        (0..count as u32).filter(|node| waits[*node as usize] == 0).map(Reverse).collect();
    let mut sorted = Vec::with_capacity(count);
    while let Some(Reverse(node)) = ready.pop() {
        sorted.push(node);
        for next in after.of(node as usize) {
            waits[*next as usize] -= 1;
            if waits[*next as usize] == 0 {
                ready.push(Reverse(*next));
            }
        }
    }
    sorted
}

/// Takes out columns that hold nothing.
pub(crate) fn squeeze(columns: &mut [u32]) {
    let mut used = vec![false; columns.iter().max().map_or(0, |last| *last as usize + 1)];
    for column in columns.iter() {
        used[*column as usize] = true;
    }
    let mut next = 0;
    let number: Vec<u32> = used
        .iter()
        .map(|used| {
            let this = next;
            next += u32::from(*used);
            this
        })
        .collect();
    for column in columns.iter_mut() {
        *column = number[*column as usize];
    }
}

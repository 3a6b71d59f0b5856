//! Orders the nodes of every column so that few edges cross: barycentre sweeps, then swaps of neighbours.

use super::acyclic::Forward;
use super::{Graph, Neighbours};

/// Boxes from top to bottom, so that boxes which call one another stand near: `rank[group]`.
pub(crate) fn groups(graph: &Graph) -> Vec<u32> {
    let mut calls = std::collections::BTreeMap::<(usize, usize), f64>::new();
    for edge in graph.edges.iter().flatten() {
        let (from, to) = (graph.nodes[edge.from].group, graph.nodes[edge.to].group);
        if from != to {
            *calls.entry((from, to)).or_default() += 1.0;
            *calls.entry((to, from)).or_default() += 1.0;
        }
    }
    let mut line: Vec<usize> = (0..graph.groups).collect();
    let mut rank: Vec<u32> = (0..graph.groups as u32).collect();
    let pull = |group: usize, but: usize, rank: &[u32]| -> (f64, f64) {
        let mut sides = (0.0, 0.0);
        for ((_, other), weight) in calls.range((group, 0)..=(group, usize::MAX)) {
            if *other != but {
                *(if rank[*other] < rank[group] { &mut sides.0 } else { &mut sides.1 }) += weight;
            }
        }
        sides
    };
    // Swapping two neighbours changes the summed distance by what each is pulled up or down.
    for _ in 0..24 {
        let mut moved = false;
        for at in 1..line.len() {
            let (above, below) = (line[at - 1], line[at]);
            let (up, down) = (pull(below, above, &rank), pull(above, below, &rank));
            if up.0 - up.1 + down.1 - down.0 > 0.0 {
                line.swap(at - 1, at);
                rank.swap(above, below);
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    rank
}

/// Columns with their order. Items are the nodes and, after them, the places where a long edge passes a column.
pub(crate) struct Grid {
    pub columns: Vec<Vec<u32>>,
    /// Index within the column.
    pub at: Vec<u32>,
    pub column: Vec<u32>,
    /// Box of each item; a passing edge keeps to its caller's box.
    pub group: Vec<u32>,
    /// Items that stand together: versions of one service. A lone item is its own.
    family: Vec<u32>,
    pub left: Neighbours,
    pub right: Neighbours,
    rank: Vec<u32>,
    /// Items that each edge passes, in the direction of the columns.
    passes: Vec<(u32, u32)>,
    chains: Vec<u32>,
}

impl Grid {
    pub fn new(graph: &Graph, forward: &[Option<Forward>], columns: &[u32], rank: &mut Vec<u32>) -> Self {
        let nodes = graph.nodes.len();
        let mut column = columns.to_vec();
        let mut group: Vec<u32> = graph.nodes.iter().map(|node| node.group as u32).collect();
        // Edges of one caller share their way up to the column before each callee: one bundle instead of many lines. Only inside its own
        // box does the way keep its room; outside, it finds one when all boxes stand.
        let mut last_column = vec![0_u32; graph.groups];
        for (node, at) in graph.nodes.iter().zip(columns) {
            last_column[node.group] = last_column[node.group].max(*at);
        }
        let mut reach = vec![0_u32; nodes];
        for edge in forward.iter().flatten() {
            let from = edge.from as usize;
            let inside = last_column[graph.nodes[from].group] + 1;
            reach[from] = reach[from].max(column[edge.to as usize].min(inside));
        }
        let mut links: Vec<(u32, u32)> = Vec::new();
        let mut first = vec![0_u32; nodes];
        let mut chains = Vec::new();
        for node in 0..nodes {
            first[node] = chains.len() as u32;
            let mut last = node as u32;
            for passed in column[node] + 1..reach[node] {
                let item = column.len() as u32;
                column.push(passed);
                group.push(group[node]);
                chains.push(item);
                links.push((last, item));
                last = item;
            }
        }
        let mut passes = Vec::with_capacity(forward.len());
        for edge in forward {
            let Some(edge) = edge else {
                passes.push((0, 0));
                continue;
            };
            let (from, to) = (edge.from as usize, edge.to as usize);
            let between = reach[from].min(column[to]).saturating_sub(column[from] + 1);
            passes.push((first[from], first[from] + between));
            let last = if between == 0 { edge.from } else { chains[(first[from] + between - 1) as usize] };
            if column[last as usize] + 1 == column[to] {
                links.push((last, edge.to));
            }
        }
        links.sort_unstable();
        links.dedup();
        let count = column.len();
        let right = Neighbours::new(count, &links);
        let back: Vec<(u32, u32)> = links.iter().map(|(from, to)| (*to, *from)).collect();
        let left = Neighbours::new(count, &back);
        let family = (0..count)
            .map(|item| graph.nodes.get(item).and_then(|node| node.of).map_or(item as u32, |of| (count + of) as u32))
            .collect();
        let mut grid = Self {
            columns: Vec::new(),
            at: vec![0; count],
            column,
            group,
            family,
            left,
            right,
            rank: std::mem::take(rank),
            passes,
            chains,
        };
        grid.start();
        *rank = grid.rank.clone();
        grid
    }

    /// First order: box by box, in each as a walk from the entries meets them; lone nodes at the end.
    fn start(&mut self) {
        let count = self.column.len();
        let mut seen = vec![u32::MAX; count];
        let mut next = 0;
        let mut roots: Vec<u32> = (0..count as u32).filter(|item| self.left.of(*item as usize).is_empty()).collect();
        roots.sort_by_key(|item| (self.right.of(*item as usize).is_empty(), *item));
        let mut stack: Vec<u32> = roots.into_iter().rev().collect();
        while let Some(item) = stack.pop() {
            if seen[item as usize] != u32::MAX {
                continue;
            }
            seen[item as usize] = next;
            next += 1;
            stack.extend(self.right.of(item as usize).iter().rev());
        }
        let depth = self.column.iter().max().map_or(0, |last| *last as usize + 1);
        self.columns = vec![Vec::new(); depth];
        for item in 0..count as u32 {
            self.columns[self.column[item as usize] as usize].push(item);
        }
        let mut head = vec![u32::MAX; count * 2];
        for item in 0..count {
            let lead = &mut head[self.family[item] as usize];
            *lead = (*lead).min(seen[item]);
        }
        let (rank, group, family) = (&self.rank, &self.group, &self.family);
        for column in &mut self.columns {
            column.sort_by_key(|item| {
                let at = *item as usize;
                (rank[group[at] as usize], head[family[at] as usize], family[at], seen[at])
            });
        }
        self.number();
    }

    fn number(&mut self) {
        for column in &self.columns {
            for (index, item) in column.iter().enumerate() {
                self.at[*item as usize] = index as u32;
            }
        }
    }

    /// Where an edge passes the columns between its ends, as heights.
    pub fn hops(&self, edge: usize, center: &[f64]) -> Vec<f64> {
        let (first, last) = self.passes[edge];
        self.chains[first as usize..last as usize].iter().map(|item| center[*item as usize]).collect()
    }

    /// How many pairs of edges cross between neighbouring columns.
    pub fn crossings(&self) -> u64 {
        let mut tree: Vec<u32> = Vec::new();
        let mut ends: Vec<u32> = Vec::new();
        let mut total = 0;
        for pair in self.columns.windows(2) {
            tree.clear();
            tree.resize(pair[1].len() + 1, 0);
            let mut seen = 0_u32;
            for item in &pair[0] {
                ends.clear();
                ends.extend(self.right.of(*item as usize).iter().map(|to| self.at[*to as usize]));
                for end in &ends {
                    let mut below = 0;
                    let mut slot = *end + 1;
                    while slot > 0 {
                        below += tree[slot as usize];
                        slot &= slot - 1;
                    }
                    total += u64::from(seen - below);
                }
                for end in &ends {
                    let mut slot = *end + 1;
                    while (slot as usize) < tree.len() {
                        tree[slot as usize] += 1;
                        slot += slot & slot.wrapping_neg();
                    }
                    seen += 1;
                }
            }
        }
        total
    }

    /// Sorts one column by the mean place of its neighbours on one side; those without any keep their slot.
    fn sort(&mut self, column: usize, by_left: bool) {
        let mut line = std::mem::take(&mut self.columns[column]);
        let neighbours = if by_left { &self.left } else { &self.right };
        let mean = |item: u32| {
            let near = neighbours.of(item as usize);
            let sum: u64 = near.iter().map(|other| u64::from(self.at[*other as usize])).sum();
            (!near.is_empty()).then(|| sum as f64 / near.len() as f64)
        };
        for part in line.chunk_by_mut(|above, below| self.group[*above as usize] == self.group[*below as usize]) {
            let units: Vec<Unit> = part
                .chunk_by(|above, below| self.family[*above as usize] == self.family[*below as usize])
                .map(|items| Unit::new(items, mean))
                .collect();
            let mut moving: Vec<usize> = (0..units.len()).filter(|unit| units[*unit].mean.is_some()).collect();
            let slots = moving.clone();
            moving.sort_by(|left, right| {
                units[*left].mean.partial_cmp(&units[*right].mean).unwrap_or(std::cmp::Ordering::Equal)
            });
            let mut from: Vec<usize> = (0..units.len()).collect();
            for (slot, unit) in slots.into_iter().zip(moving) {
                from[slot] = unit;
            }
            for (place, item) in part.iter_mut().zip(from.into_iter().flat_map(|unit| units[unit].items.iter())) {
                *place = *item;
            }
        }
        for (index, item) in line.iter().enumerate() {
            self.at[*item as usize] = index as u32;
        }
        self.columns[column] = line;
    }

    /// Crossings of two items that follow one another in a column, as they stand and swapped.
    fn pair(&self, above: u32, below: u32, neighbours: &Neighbours) -> (u32, u32) {
        let (mut now, mut swapped) = (0, 0);
        for high in neighbours.of(above as usize) {
            for low in neighbours.of(below as usize) {
                let (high, low) = (self.at[*high as usize], self.at[*low as usize]);
                now += u32::from(high > low);
                swapped += u32::from(high < low);
            }
        }
        (now, swapped)
    }

    /// Swaps neighbours wherever that saves a crossing.
    fn swap(&mut self) -> bool {
        let mut moved = false;
        for column in 0..self.columns.len() {
            for index in 1..self.columns[column].len() {
                let (above, below) = (self.columns[column][index - 1], self.columns[column][index]);
                let alone = |item: u32| self.family[item as usize] == item;
                let free = self.group[above as usize] == self.group[below as usize]
                    && (self.family[above as usize] == self.family[below as usize] || alone(above) && alone(below));
                if !free {
                    continue;
                }
                let (left, right) = (self.pair(above, below, &self.left), self.pair(above, below, &self.right));
                if left.1 + right.1 < left.0 + right.0 {
                    self.columns[column].swap(index - 1, index);
                    self.at.swap(above as usize, below as usize);
                    moved = true;
                }
            }
        }
        moved
    }
}

/// Items that move as one.
struct Unit {
    items: Vec<u32>,
    mean: Option<f64>,
}

impl Unit {
    fn new(items: &[u32], mean: impl Fn(u32) -> Option<f64>) -> Self {
        let mut keyed: Vec<(Option<f64>, u32)> = items.iter().map(|item| (mean(*item), *item)).collect();
        if keyed.len() > 1 && keyed.iter().all(|(mean, _)| mean.is_some()) {
            keyed.sort_by(|left, right| left.0.partial_cmp(&right.0).unwrap_or(std::cmp::Ordering::Equal));
        }
        let known: Vec<f64> = keyed.iter().filter_map(|(mean, _)| *mean).collect();
        let mean = (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64);
        Self { items: keyed.into_iter().map(|(_, item)| item).collect(), mean }
    }
}

/// Sweeps to and fro and keeps the best order seen. Large graphs get fewer sweeps: the time is bounded, not the quality alone.
pub(crate) fn reduce_crossings(grid: &mut Grid) {
    let items = grid.column.len().max(1);
    let sweeps = (2_000_000 / items).clamp(3, 16);
    let small = items <= 4_000;
    let depth = grid.columns.len();
    let mut best = (grid.crossings(), grid.columns.clone());
    let mut stuck = 0;
    for _ in 0..sweeps {
        if best.0 == 0 || stuck == 4 {
            break;
        }
        (1..depth).for_each(|column| grid.sort(column, true));
        (0..depth.saturating_sub(1)).rev().for_each(|column| grid.sort(column, false));
        if small {
            (0..6).take_while(|_| grid.swap()).count();
        }
        let crossings = grid.crossings();
        stuck += 1;
        if crossings < best.0 {
            best = (crossings, grid.columns.clone());
            stuck = 0;
        }
    }
    grid.columns = best.1;
    grid.number();
}

//! Gives every row its height: straight edges inside a box, then the boxes one under another as close as their columns allow.

use super::order::Grid;
use super::{BOX_GAP, COLUMN_GAP, Graph, HEADING, PAD, ROW_GAP, Rect};

/// Half the room of an edge that passes a column.
const PASS: f64 = 6.0;

/// Heights of all items and the boxes' frames.
pub(crate) struct Rows {
    /// Middle of each item.
    pub center: Vec<f64>,
    pub boxes: Vec<Rect>,
    pub height: f64,
}

/// Left and right of every column, and the width of all.
pub(crate) fn column_edges(graph: &Graph, columns: &[u32]) -> (Vec<(f64, f64)>, f64) {
    let depth = columns.iter().max().map_or(0, |last| *last as usize + 1);
    let mut widest = vec![0.0_f64; depth];
    for (node, column) in columns.iter().enumerate() {
        let slot = &mut widest[*column as usize];
        *slot = slot.max(graph.nodes[node].w);
    }
    let mut left = PAD;
    let edges: Vec<(f64, f64)> = widest
        .into_iter()
        .map(|width| {
            let this = (left, left + width);
            left = this.1 + COLUMN_GAP;
            this
        })
        .collect();
    let width = edges.last().map_or(0.0, |(_, right)| right + PAD);
    (edges, width)
}

/// The height of everything.
pub(crate) fn assign(graph: &Graph, grid: &Grid, rank: &[u32]) -> Rows {
    let half: Vec<f64> =
        (0..grid.column.len()).map(|item| graph.nodes.get(item).map_or(PASS, |node| node.h / 2.0)).collect();
    let mut center = stack(grid, &half);
    straighten(graph, grid, &half, &mut center);
    settle(graph, grid, rank, &half, center)
}

/// The least distance of two items that follow one another in a column.
fn apart(graph: &Graph, half: &[f64], above: u32, below: u32) -> f64 {
    let nodes = [above, below].iter().filter(|item| graph.nodes.get(**item as usize).is_some()).count();
    half[above as usize] + half[below as usize] + [2.0, 8.0, ROW_GAP][nodes]
}

/// Every column of every box from its top.
fn stack(grid: &Grid, half: &[f64]) -> Vec<f64> {
    let mut center = vec![0.0; half.len()];
    for column in &grid.columns {
        for part in column.chunk_by(|above, below| grid.group[*above as usize] == grid.group[*below as usize]) {
            let mut top = 0.0;
            for item in part {
                center[*item as usize] = top + half[*item as usize];
                top += 2.0 * half[*item as usize] + ROW_GAP;
            }
        }
    }
    center
}

/// Moves items towards their neighbours in the same box, keeping order and distance.
fn straighten(graph: &Graph, grid: &Grid, half: &[f64], center: &mut [f64]) {
    let depth = grid.columns.len();
    let rounds = (3_000_000 / half.len().max(1)).clamp(2, 8);
    for round in 0..rounds {
        for column in 0..depth {
            let last = round + 1 == rounds;
            // To and fro; the last round listens to both sides.
            let (column, left, right) = match round % 2 {
                0 => (column, true, last),
                _ => (depth - 1 - column, last, true),
            };
            for part in
                grid.columns[column].chunk_by(|above, below| grid.group[*above as usize] == grid.group[*below as usize])
            {
                pull(graph, grid, half, center, part, (left, right));
            }
        }
    }
}

/// One run of items as near as can be to where each wants to be: pooled neighbours of an isotonic regression.
fn pull(graph: &Graph, grid: &Grid, half: &[f64], center: &mut [f64], part: &[u32], sides: (bool, bool)) {
    let mut pools: Vec<(f64, f64, usize)> = Vec::with_capacity(part.len());
    let mut offsets = Vec::with_capacity(part.len());
    let mut offset = 0.0;
    for (index, item) in part.iter().enumerate() {
        if index > 0 {
            offset += apart(graph, half, part[index - 1], *item);
        }
        offsets.push(offset);
        let (wish, weight) = wish(graph, grid, center, *item, sides);
        pools.push(((wish - offset) * weight, weight, 1));
        while pools.len() > 1 {
            let (under, over) = (pools[pools.len() - 1], pools[pools.len() - 2]);
            if over.0 / over.1 <= under.0 / under.1 {
                break;
            }
            pools.pop();
            if let Some(over) = pools.last_mut() {
                *over = (over.0 + under.0, over.1 + under.1, over.2 + under.2);
            }
        }
    }
    let mut index = 0;
    for (sum, weight, count) in pools {
        for _ in 0..count {
            center[part[index] as usize] = sum / weight + offsets[index];
            index += 1;
        }
    }
}

/// Where an item wants to be and how much.
fn wish(graph: &Graph, grid: &Grid, center: &[f64], item: u32, (left, right): (bool, bool)) -> (f64, f64) {
    let at = item as usize;
    let passing = |item: usize| item >= graph.nodes.len();
    let (mut sum, mut weight) = (0.0, 0.0);
    let sides = [(left, &grid.left), (right, &grid.right)];
    for (_, neighbours) in sides.iter().filter(|(listen, _)| *listen) {
        for other in neighbours.of(at).iter().map(|other| *other as usize) {
            if grid.group[other] == grid.group[at] {
                // Long edges are the ones whose bends show.
                let strong = if passing(at) && passing(other) { 8.0 } else { 1.0 };
                sum += center[other] * strong;
                weight += strong;
            }
        }
    }
    if weight == 0.0 { (center[at], 0.05) } else { (sum / weight, weight) }
}

/// A box in its own measure, from its top.
#[derive(Default)]
struct Crate {
    first: usize,
    last: usize,
    /// 0 for a box that holds nothing.
    tall: f64,
    /// Where its edges to other boxes end, in its own measure, and at which item elsewhere.
    calls: Vec<(f64, u32)>,
    y: f64,
}

/// Puts the boxes one under another, each as high as its columns allow, then lets them slide towards what they call.
fn settle(graph: &Graph, grid: &Grid, rank: &[u32], half: &[f64], mut center: Vec<f64>) -> Rows {
    let mut crates = pack(graph, grid, half, &mut center);
    let depth = grid.columns.len();
    let held: Vec<usize> = (0..graph.groups).filter(|group| crates[*group].tall > 0.0).collect();
    let (mut line, mut alone): (Vec<usize>, Vec<usize>) =
        held.into_iter().partition(|group| !crates[*group].calls.is_empty());
    line.sort_by_key(|group| rank[*group]);
    alone.sort_by_key(|group| rank[*group]);
    alone.sort_by(|left, right| crates[*right].tall.total_cmp(&crates[*left].tall));
    let mut floor = vec![0.0_f64; depth];
    for group in &line {
        let held = &mut crates[*group];
        held.y = floor[held.first..=held.last].iter().copied().fold(0.0, f64::max);
        floor[held.first..=held.last].fill(held.y + held.tall + BOX_GAP);
    }
    let height = (floor.iter().copied().fold(0.0, f64::max) - BOX_GAP).max(0.0);
    for _ in 0..3 {
        slide(&mut crates, &line, grid, &center, depth, height, false);
        slide(&mut crates, &line, grid, &center, depth, height, true);
    }
    for group in alone {
        crates[group].y = gap(&crates, &line, group);
        line.push(group);
    }
    let height = line.iter().map(|group| crates[*group].y + crates[*group].tall).fold(0.0, f64::max);
    for (item, y) in center.iter_mut().enumerate() {
        *y = (*y + crates[grid.group[item] as usize].y).round();
    }
    let (x, _) = column_edges(graph, &grid.column[..graph.nodes.len()]);
    let boxes = crates
        .iter()
        .map(|held| match held.tall == 0.0 {
            true => Rect::default(),
            false => Rect {
                x: x[held.first].0 - PAD,
                y: held.y.round(),
                w: x[held.last].1 - x[held.first].0 + 2.0 * PAD,
                h: held.tall.round(),
            },
        })
        .collect();
    Rows { center, boxes, height: height.max(0.0).round() }
}

/// The highest place where a box fits between those that stand.
fn gap(crates: &[Crate], standing: &[usize], group: usize) -> f64 {
    let own = &crates[group];
    let mut beside: Vec<&Crate> = standing
        .iter()
        .map(|other| &crates[*other])
        .filter(|other| other.first <= own.last && own.first <= other.last)
        .collect();
    beside.sort_by(|left, right| left.y.total_cmp(&right.y));
    beside
        .into_iter()
        .fold((0.0_f64, false), |(y, found), other| match found || other.y >= y + own.tall + BOX_GAP {
            true => (y, true),
            false => (y.max(other.y + other.tall + BOX_GAP), false),
        })
        .0
}

/// Measures every box and moves its items so that the box begins at 0.
fn pack(graph: &Graph, grid: &Grid, half: &[f64], center: &mut [f64]) -> Vec<Crate> {
    let mut members = vec![Vec::new(); graph.groups];
    for item in 0..half.len() {
        members[grid.group[item] as usize].push(item);
    }
    let mut crates = Vec::with_capacity(graph.groups);
    for (group, items) in members.iter().enumerate() {
        let nodes: Vec<usize> = items.iter().copied().filter(|item| *item < graph.nodes.len()).collect();
        let mut held = Crate::default();
        if nodes.is_empty() {
            crates.push(held);
            continue;
        }
        let (first, last) = nodes.iter().fold((usize::MAX, 0), |(first, last), item| {
            let column = grid.column[*item] as usize;
            (first.min(column), last.max(column))
        });
        let top = items.iter().map(|item| center[*item] - half[*item]).fold(f64::INFINITY, f64::min);
        let (head, pad) = if graph.framed(group) { (HEADING, PAD) } else { (0.0, 0.0) };
        for item in items {
            center[*item] += head - top;
        }
        held.tall = items.iter().map(|item| center[*item] + half[*item]).fold(0.0, f64::max) + pad;
        (held.first, held.last) = (first, last);
        for item in &nodes {
            for other in grid.left.of(*item).iter().chain(grid.right.of(*item)) {
                if grid.group[*other as usize] as usize != group {
                    held.calls.push((center[*item], *other));
                }
            }
        }
        crates.push(held);
    }
    crates
}

/// Moves boxes into free ground, towards the mean height of what they call and who calls them.
fn slide(crates: &mut [Crate], line: &[usize], grid: &Grid, center: &[f64], depth: usize, height: f64, up: bool) {
    let mut limit = vec![if up { 0.0 } else { height }; depth];
    let order: Vec<usize> = if up { line.to_vec() } else { line.iter().rev().copied().collect() };
    for group in order {
        let held = &crates[group];
        let room = limit[held.first..=held.last].iter().copied();
        let bound = if up { room.fold(0.0, f64::max) } else { room.fold(f64::INFINITY, f64::min) - held.tall };
        let other = |item: u32| center[item as usize] + crates[grid.group[item as usize] as usize].y;
        let wish = match held.calls.len() {
            0 => held.y,
            count => held.calls.iter().map(|(own, item)| other(*item) - own).sum::<f64>() / count as f64,
        };
        let y = if up { wish.max(bound).min(held.y) } else { wish.min(bound).max(held.y) };
        let held = &mut crates[group];
        held.y = y;
        limit[held.first..=held.last].fill(if up { y + held.tall + BOX_GAP } else { y - BOX_GAP });
    }
}

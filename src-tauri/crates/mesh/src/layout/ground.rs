//! Finds ground for the parts of a picture: where a further one makes it grow least.

use super::{BOX_GAP, Graph, HEADING, PAD, ROW_GAP};

/// How high each box stands in each column, to find the place where a further part costs least.
pub(super) struct Ground<'a> {
    graph: &'a Graph,
    room: usize,
    boxes: Vec<Held>,
    /// All boxes of a column together.
    height: Vec<f64>,
}

#[derive(Clone, Default)]
struct Held {
    column: Vec<f64>,
    first: usize,
    last: usize,
    tall: f64,
}

impl<'a> Ground<'a> {
    pub fn new(graph: &'a Graph, room: usize) -> Self {
        let empty = Held { column: Vec::new(), first: usize::MAX, last: 0, tall: 0.0 };
        Self { graph, room, boxes: vec![empty; graph.groups], height: vec![0.0; room] }
    }

    /// The tallest column.
    pub fn tallest(&self) -> f64 {
        self.height.iter().copied().fold(0.0, f64::max)
    }

    /// Puts a part where it costs least; returns by how many columns it moves to the right. `more` is what a move costs besides ground.
    pub fn put(&mut self, part: &[u32], columns: &[u32], more: impl Fn(usize) -> f64) -> usize {
        let cells = self.cells(part, columns);
        let deep = cells.iter().map(|(_, column, _)| column + 1).max().unwrap_or(1);
        let places = 0..=self.room.saturating_sub(deep);
        // Nothing costs less than ground that is there already, and of thousands of parts most find some.
        if let Some(by) = places.clone().find(|by| self.holds(&cells, *by) && more(*by) == 0.0) {
            self.take(&cells, by);
            return by;
        }
        let mut best = (f64::INFINITY, f64::INFINITY, 0);
        for by in places {
            let (most, own, sum) = self.cost(&cells, by);
            // A lone node may stand anywhere: it makes its box wider rather than the picture higher.
            let most = if part.len() == 1 { own } else { most } + more(by);
            if (most, sum) < (best.0, best.1) {
                best = (most, sum, by);
            }
        }
        self.take(&cells, best.2);
        best.2
    }

    /// Puts a box whose nodes nobody calls: in the shape and at the place where it stands lowest.
    pub fn put_block(&mut self, nodes: &[u32], columns: &mut [u32]) {
        let widest = ((nodes.len() as f64).sqrt() * 2.0).ceil() as usize;
        let tallest = self.tallest();
        let mut best = (f64::INFINITY, f64::INFINITY, 1, 0);
        for wide in 1..=widest.min(self.room).max(1) {
            let tall = self.tall(nodes, wide);
            for (by, under) in self.height.windows(wide).enumerate() {
                let own = under.iter().copied().fold(0.0, f64::max) + tall + HEADING + BOX_GAP;
                let ground = own.max(tallest);
                if (ground, own) < (best.0, best.1) {
                    best = (ground, own, wide, by);
                }
            }
        }
        let (_, _, wide, by) = best;
        for (at, node) in nodes.iter().enumerate() {
            columns[*node as usize] = (at % wide) as u32;
        }
        let cells = self.cells(nodes, columns);
        self.take(&cells, by);
        for node in nodes {
            columns[*node as usize] += by as u32;
        }
    }

    /// Height of the nodes in so many columns, row by row.
    fn tall(&self, nodes: &[u32], wide: usize) -> f64 {
        let height = |node: &u32| self.graph.nodes[*node as usize].h + ROW_GAP;
        let column = |first: usize| nodes.iter().skip(first).step_by(wide).map(height).sum::<f64>();
        (0..wide).map(column).fold(0.0, f64::max) + PAD
    }

    /// Height of a part in each column of each box.
    fn cells(&self, part: &[u32], columns: &[u32]) -> Vec<(usize, usize, f64)> {
        let mut cells: Vec<(usize, usize, f64)> = part
            .iter()
            .map(|node| {
                let sized = &self.graph.nodes[*node as usize];
                (sized.group, columns[*node as usize] as usize, sized.h + ROW_GAP)
            })
            .collect();
        cells.sort_by_key(|(group, column, _)| (*group, *column));
        cells.dedup_by(|next, kept| {
            let same = (next.0, next.1) == (kept.0, kept.1);
            if same {
                kept.2 += next.2;
            }
            same
        });
        cells
    }

    /// Whether the boxes have room for the part there as they are.
    fn holds(&self, cells: &[(usize, usize, f64)], by: usize) -> bool {
        cells.chunk_by(|left, right| left.0 == right.0).all(|cell| {
            let held = &self.boxes[cell[0].0];
            grow(held, cell, by) == (held.first, held.last, held.tall)
        })
    }

    /// The tallest column of all, the tallest under the part's boxes, and the sum of all, if the part stood there.
    fn cost(&self, cells: &[(usize, usize, f64)], by: usize) -> (f64, f64, f64) {
        let (mut most, mut own) = (0.0_f64, 0.0_f64);
        let mut sum = 0.0;
        let mut added: Vec<(usize, usize, f64, usize, usize, f64)> = Vec::with_capacity(4);
        for cell in cells.chunk_by(|left, right| left.0 == right.0) {
            let held = &self.boxes[cell[0].0];
            let grown = grow(held, cell, by);
            added.push((held.first, held.last, held.tall, grown.0, grown.1, grown.2));
        }
        for (column, height) in self.height.iter().enumerate() {
            let (mut here, mut under) = (*height, false);
            for (first, last, tall, new_first, new_last, new_tall) in &added {
                if *first <= column && column <= *last {
                    here -= tall + HEADING + BOX_GAP;
                }
                if *new_first <= column && column <= *new_last {
                    here += new_tall + HEADING + BOX_GAP;
                    under = true;
                }
            }
            if under {
                own = own.max(here);
            }
            most = most.max(here);
            sum += here;
        }
        (most, own, sum)
    }

    fn take(&mut self, cells: &[(usize, usize, f64)], by: usize) {
        for cell in cells.chunk_by(|left, right| left.0 == right.0) {
            let held = &mut self.boxes[cell[0].0];
            let (first, last, tall) = grow(held, cell, by);
            if held.first <= held.last {
                self.height[held.first..=held.last].iter_mut().for_each(|at| *at -= held.tall + HEADING + BOX_GAP);
            }
            for (_, column, height) in cell {
                if held.column.len() <= column + by {
                    held.column.resize(column + by + 1, 0.0);
                }
                held.column[column + by] += height;
            }
            (held.first, held.last, held.tall) = (first, last, tall);
            self.height[first..=last].iter_mut().for_each(|at| *at += tall + HEADING + BOX_GAP);
        }
    }
}

/// A box's first and last column and height with these cells in it.
fn grow(held: &Held, cells: &[(usize, usize, f64)], by: usize) -> (usize, usize, f64) {
    let mut grown = (held.first, held.last, held.tall);
    for (_, column, height) in cells {
        let column = column + by;
        grown.0 = grown.0.min(column);
        grown.1 = grown.1.max(column);
        grown.2 = grown.2.max(held.column.get(column).copied().unwrap_or(0.0) + height + PAD);
    }
    grown
}

//! Which item of one list is which of another. Most lists of meshes' objects give their items no key, and where a CRD names one
//! (`x-kubernetes-list-map-keys`) it is the name, but for a few ports: so an item is known by its name where it has one, else by
//! all that it says; and what stands between two known items is the same one, changed, where it is like it.

use std::collections::{HashMap, VecDeque};

use serde_json::Value;
use similar::{Algorithm, DiffOp, capture_diff_slices};

/// By what an item is known.
#[derive(PartialEq, Eq, Hash)]
enum Identity<'v> {
    /// No other item of its list has this name.
    Named(&'v str),
    /// Nothing but what it says.
    Whole(&'v Value),
}

/// Hostile lists get a coarser match, not a longer wait: beyond so many pairs of items, order does not help to find which is which.
const ORDERED: usize = 1 << 20;

/// So many pairs of changed items are looked at in one place.
const PAIRS: usize = 4096;

/// Two items that have this share of their fields in common may be one, changed.
const ALIKE: f64 = 0.5;

fn name(item: &Value) -> Option<&str> {
    item.get("name").and_then(Value::as_str).filter(|name| !name.is_empty())
}

fn identities(list: &[Value]) -> Vec<Identity<'_>> {
    let mut bearers: HashMap<&str, usize> = HashMap::new();
    for name in list.iter().filter_map(name) {
        *bearers.entry(name).or_default() += 1;
    }
    let identity = |item| match name(item) {
        Some(name) if bearers.get(name) == Some(&1) => Identity::Named(name),
        _ => Identity::Whole(item),
    };
    list.iter().map(identity).collect()
}

/// For each item of `from` the place in `to` of the one that is known to be it, wherever it has moved.
pub(crate) fn identical(from: &[Value], to: &[Value]) -> Vec<Option<usize>> {
    let (old, new) = (identities(from), identities(to));
    let mut found = vec![None; from.len()];
    let in_order =
        if from.len() * to.len() <= ORDERED { capture_diff_slices(Algorithm::Myers, &old, &new) } else { Vec::new() };
    for op in in_order {
        if let DiffOp::Equal { old_index, new_index, len } = op {
            for n in 0..len {
                found[old_index + n] = Some(new_index + n);
            }
        }
    }
    let taken = places(&found, to.len());
    let mut left: HashMap<&Identity<'_>, VecDeque<usize>> = HashMap::new();
    for (place, identity) in new.iter().enumerate().filter(|(place, _)| !taken[*place]) {
        left.entry(identity).or_default().push_back(place);
    }
    for (place, identity) in found.iter_mut().zip(&old).filter(|(place, _)| place.is_none()) {
        *place = left.get_mut(identity).and_then(VecDeque::pop_front);
    }
    found
}

/// The same, and of items that changed in their place the one that they became.
pub(crate) fn matched(from: &[Value], to: &[Value]) -> Vec<Option<usize>> {
    let mut found = identical(from, to);
    let mut taken = places(&found, to.len());
    let mut start = 0;
    while start < from.len() {
        let end = (start..from.len()).find(|at| found[*at].is_some()).unwrap_or(from.len());
        let room = room(&found, &taken, start, end);
        for (at, place) in pair(&from[start..end], &to[room.clone()]) {
            found[start + at] = Some(room.start + place);
            taken[room.start + place] = true;
        }
        start = end + 1;
    }
    found
}

/// Which places of a list are found.
pub(crate) fn places(found: &[Option<usize>], length: usize) -> Vec<bool> {
    let mut taken = vec![false; length];
    for place in found.iter().flatten() {
        taken[*place] = true;
    }
    taken
}

/// The places that nobody has after the item before a run, or else before the item after it.
fn room(found: &[Option<usize>], taken: &[bool], start: usize, end: usize) -> std::ops::Range<usize> {
    let first = start.checked_sub(1).and_then(|at| found[at]).map_or(0, |place| place + 1);
    let free = taken.iter().skip(first).take_while(|taken| !**taken).count();
    match found.get(end).copied().flatten() {
        Some(last) if free == 0 => last - taken[..last].iter().rev().take_while(|taken| !**taken).count()..last,
        _ => first..first + free,
    }
}

/// Which of the items became which, in the same order: those that are most alike; between them one for one where there are as many.
fn pair(from: &[Value], to: &[Value]) -> Vec<(usize, usize)> {
    let (rows, columns) = (from.len(), to.len());
    let mut pairs = Vec::new();
    if rows * columns <= PAIRS {
        let alike: Vec<Vec<f64>> =
            from.iter().map(|one| to.iter().map(|other| likeness(one, other)).collect()).collect();
        let mut best = vec![vec![0.0_f64; columns + 1]; rows + 1];
        let both = |best: &[Vec<f64>], row: usize, column: usize| {
            let likeness = alike[row][column];
            if likeness >= ALIKE && may_be(&from[row], &to[column]) {
                likeness + best[row + 1][column + 1]
            } else {
                -1.0
            }
        };
        for row in (0..rows).rev() {
            for column in (0..columns).rev() {
                best[row][column] = both(&best, row, column).max(best[row + 1][column]).max(best[row][column + 1]);
            }
        }
        let (mut row, mut column) = (0, 0);
        while row < rows && column < columns {
            if both(&best, row, column) >= best[row][column] {
                pairs.push((row, column));
                (row, column) = (row + 1, column + 1);
            } else if best[row + 1][column] >= best[row][column] {
                row += 1;
            } else {
                column += 1;
            }
        }
    }
    let ends: Vec<(usize, usize)> = pairs.iter().copied().chain([(rows, columns)]).collect();
    let (mut row, mut column) = (0, 0);
    for (end_row, end_column) in ends {
        if end_row - row == end_column - column {
            let one_for_one = (row..end_row).zip(column..end_column);
            pairs.extend(one_for_one.filter(|(row, column)| may_be(&from[*row], &to[*column])));
        }
        (row, column) = (end_row + 1, end_column + 1);
    }
    pairs
}

/// Two names are two things.
fn may_be(one: &Value, other: &Value) -> bool {
    name(one).is_none() || name(other).is_none() || name(one) == name(other)
}

/// How much of two values is the same, from 0 to 1.
fn likeness(one: &Value, other: &Value) -> f64 {
    match (one, other) {
        _ if one == other => 1.0,
        (Value::Object(one), Value::Object(other)) => {
            let shared: f64 = one.iter().filter_map(|(name, value)| Some(likeness(value, other.get(name)?))).sum();
            let all = one.len() + other.keys().filter(|name| !one.contains_key(*name)).count();
            shared / all as f64
        }
        (Value::Array(one), Value::Array(other)) => {
            let shared: f64 = one.iter().zip(other).map(|(one, other)| likeness(one, other)).sum();
            shared / one.len().max(other.len()) as f64
        }
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(from: Value, to: Value) -> Vec<Option<usize>> {
        matched(from.as_array().unwrap(), to.as_array().unwrap())
    }

    #[test]
    fn an_item_is_found_where_it_went_and_as_what_it_became() {
        let rule = |at: &str, weight: u32| json!({"match": [{"uri": {"prefix": at}}], "route": [{"weight": weight}], "timeout": "1s"});
        for (from, to, expected) in [
            (json!(["a", "b"]), json!(["b", "x", "a"]), vec![Some(2), Some(0)]),
            (
                json!([rule("/a", 1), rule("/b", 1)]),
                json!([rule("/new", 7), rule("/a", 1), rule("/b", 2)]),
                vec![Some(1), Some(2)],
            ),
            (json!([rule("/a", 1), rule("/b", 1)]), json!([rule("/b", 2)]), vec![None, Some(0)]),
            (
                json!([{"name": "v1", "w": 1}, {"name": "v2", "w": 1}]),
                json!([{"name": "v2", "w": 9}, {"name": "v1", "w": 8}]),
                vec![Some(1), Some(0)],
            ),
            (json!([{"name": "v1", "w": 1}]), json!([{"name": "v2", "w": 1}]), vec![None]),
            (
                json!([{"name": "r", "port": 1}, {"name": "r", "port": 2}]),
                json!([{"name": "r", "port": 2}]),
                vec![None, Some(0)],
            ),
            (json!(["a", 1, "z"]), json!(["a", 2, "z"]), vec![Some(0), Some(1), Some(2)]),
            (json!(["a"]), json!([]), vec![None]),
        ] {
            assert_eq!(found(from.clone(), to.clone()), expected, "{from} in {to}");
        }
    }

    #[test]
    fn a_list_of_thousands_is_matched_at_once() {
        let list = |mark: &str| (0..3000).map(|n| json!({"a": format!("{mark}{n}")})).collect::<Vec<_>>();
        assert_eq!(matched(&list("x"), &list("y")).iter().flatten().count(), 3000);
    }
}

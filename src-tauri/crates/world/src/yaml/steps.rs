//! From one value to another in edits, so that a text keeps what it says besides: comments, order, marks.

use serde_json::{Map, Value};

use super::edit::Edit;
use super::read::escape;
use crate::merge::align::matched;

/// The edits that make one value the other, in their order. An item of a list that moved is moved, and one that changed is changed in its
/// place: neither is written anew.
pub fn steps(from: &Value, to: &Value) -> Vec<Edit> {
    let mut steps = Vec::new();
    between(from, to, "", &mut steps);
    steps
}

fn between(from: &Value, to: &Value, pointer: &str, steps: &mut Vec<Edit>) {
    match (from, to) {
        _ if from == to => {}
        (Value::Object(old), Value::Object(new)) => maps(old, new, pointer, steps),
        (Value::Array(old), Value::Array(new)) => lists(old, new, pointer, steps),
        _ => steps.push(Edit::set(pointer, to.clone())),
    }
}

fn maps(old: &Map<String, Value>, new: &Map<String, Value>, pointer: &str, steps: &mut Vec<Edit>) {
    let at = |name: &str| format!("{pointer}/{}", escape(name));
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        steps.push(Edit::remove(&at(name)));
    }
    for (name, value) in new {
        match old.get(name) {
            Some(old) => between(old, value, &at(name), steps),
            None => steps.push(Edit::set(&at(name), value.clone())),
        }
    }
}

fn lists(old: &[Value], new: &[Value], pointer: &str, steps: &mut Vec<Edit>) {
    let at = |place: usize| format!("{pointer}/{place}");
    let became = matched(old, new);
    // A list that nothing is left of is written as a whole: a text has no way to say an empty one item by item.
    if became.iter().all(Option::is_none) {
        return steps.push(Edit::set(pointer, Value::Array(new.to_vec())));
    }
    // The places in the new list of what stands in the text, step by step.
    let mut stands: Vec<usize> = became.iter().flatten().copied().collect();
    for place in (0..old.len()).rev().filter(|place| became[*place].is_none()) {
        steps.push(Edit::remove(&at(place)));
    }
    for (place, value) in new.iter().enumerate() {
        match stands.iter().position(|stand| *stand == place) {
            Some(now) if now == place => {}
            Some(now) => {
                let item = stands.remove(now);
                stands.insert(place, item);
                steps.push(Edit::shift(&at(now), place));
            }
            None => {
                stands.insert(place, place);
                steps.push(Edit::insert(&at(place), value.clone()));
            }
        }
    }
    for (value, place) in old.iter().zip(&became).filter_map(|(value, place)| Some((value, (*place)?))) {
        between(value, &new[place], &at(place), steps);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::yaml::{apply, edit};

    fn made(from: &Value, to: &Value) -> Value {
        steps(from, to).iter().fold(from.clone(), |value, step| apply(&value, step).unwrap())
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), (0..4u8).prop_map(Value::from), "[a-c/~]{0,2}".prop_map(Value::from)];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
                prop::collection::vec(("[a-c/~]{1,2}", inner), 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_steps_lead_there(from in values(), to in values()) {
            let (from, to) = (json!({"spec": from}), json!({"spec": to}));
            prop_assert_eq!(made(&from, &to), to);
        }
    }

    #[test]
    fn what_moved_or_stayed_keeps_its_comments() {
        let text = "spec:\n  http:\n  # testers\n  - name: a # first\n    w: 1\n  # all\n  - name: b\n    w: 2\n";
        let from = crate::yaml::value(text).unwrap();
        let to = json!({"spec": {"http": [{"name": "new"}, {"name": "b", "w": 2}, {"name": "a", "w": 3}]}});
        let edited = edit(text, &steps(&from, &to)).unwrap();
        assert_eq!(crate::yaml::value(&edited).unwrap(), to);
        for comment in ["# testers", "# first", "# all"] {
            assert!(edited.contains(comment), "{comment} in\n{edited}");
        }
    }
}

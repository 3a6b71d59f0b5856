//! Three forms of one object: what it was, what the user made of it, and what somebody else made of it meanwhile.

use serde_json::Value;

use super::diff::{child, say};
use super::edit::{Edit, EditError, edit};
use super::read::{escape, read};

/// Whose value a field gets that both changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefer {
    /// The user's.
    Mine,
    /// The other's.
    Theirs,
}

/// A field that both changed, each to another value. An empty text stands for a field that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// `spec.http[1].route[0].weight`
    pub path: String,
    /// As the user has it.
    pub mine: String,
    /// As the other has it.
    pub theirs: String,
}

/// The user's text with what the other changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// Comments and order are the user's.
    pub yaml: String,
    /// Where both changed the same field.
    pub clashes: Vec<Clash>,
}

/// Brings what changed from `base` to `theirs` into the user's text. Lists of one length are merged item by item, others as
/// a whole: an index does not say which item is meant once somebody added one.
///
/// # Errors
/// Where the user's text cannot be read, or cannot take the change exactly. Nothing is given out then.
pub fn merge(base: &Value, mine: &str, theirs: &Value, prefer: Prefer) -> Result<Merged, EditError> {
    let reading = read(mine);
    if let Some(problem) = reading.problems.into_iter().find(|problem| problem.error) {
        return Err(problem.into());
    }
    let mut way = Way { prefer, edits: Vec::new(), clashes: Vec::new() };
    way.walk([Some(base), Some(&reading.value), Some(theirs)], "", "");
    Ok(Merged { yaml: edit(mine, &way.edits)?, clashes: way.clashes })
}

struct Way {
    prefer: Prefer,
    edits: Vec<Edit>,
    clashes: Vec<Clash>,
}

impl Way {
    fn walk(&mut self, [base, mine, theirs]: [Option<&Value>; 3], pointer: &str, path: &str) {
        if base == theirs || mine == theirs {
            return;
        }
        match (base, mine, theirs) {
            (Some(Value::Object(old)), Some(Value::Object(own)), Some(Value::Object(new))) => {
                let added = new.keys().filter(|name| !old.contains_key(*name));
                for name in old.keys().chain(added) {
                    let at = format!("{pointer}/{}", escape(name));
                    self.walk([old.get(name), own.get(name), new.get(name)], &at, &child(path, name));
                }
            }
            (Some(Value::Array(old)), Some(Value::Array(own)), Some(Value::Array(new)))
                if old.len() == own.len() && own.len() == new.len() =>
            {
                for (at, ((old, own), new)) in old.iter().zip(own).zip(new).enumerate() {
                    self.walk([Some(old), Some(own), Some(new)], &format!("{pointer}/{at}"), &format!("{path}[{at}]"));
                }
            }
            _ => self.settle([base, mine, theirs], pointer, path),
        }
    }

    fn settle(&mut self, [base, mine, theirs]: [Option<&Value>; 3], pointer: &str, path: &str) {
        if mine != base {
            self.clashes.push(Clash { path: path.to_owned(), mine: say(mine), theirs: say(theirs) });
            if self.prefer == Prefer::Mine {
                return;
            }
        }
        match theirs {
            Some(value) => self.edits.push(Edit::set(pointer, value.clone())),
            None if mine.is_some() => self.edits.push(Edit::remove(pointer)),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::value;

    const BASE: &str =
        "kind: K\nspec:\n  hosts: [a]\n  http:\n  - route:\n    - weight: 90\n    - weight: 10\n  timeout: 1s\n";

    fn merged(mine: &str, theirs: &str, prefer: Prefer) -> Merged {
        merge(&value(BASE).unwrap(), mine, &value(theirs).unwrap(), prefer).unwrap()
    }

    #[test]
    fn changes_of_other_fields_come_in_and_comments_stay() {
        let mine = BASE.replace("weight: 90", "weight: 80 # mine").replace("weight: 10", "weight: 20");
        let theirs = BASE.replace("timeout: 1s", "timeout: 5s\n  retries: 3").replace("hosts: [a]", "hosts: [a, b]");
        let merged = merged(&mine, &theirs, Prefer::Mine);
        assert_eq!(merged.clashes, []);
        for line in ["weight: 80 # mine", "weight: 20", "timeout: 5s", "retries: 3"] {
            assert!(merged.yaml.contains(line), "{line} in\n{}", merged.yaml);
        }
        assert_eq!(value(&merged.yaml).unwrap()["spec"]["hosts"], serde_json::json!(["a", "b"]));
    }

    #[test]
    fn the_same_field_is_a_clash_and_goes_to_whom_was_asked_for() {
        let mine = BASE.replace("weight: 90", "weight: 80");
        let theirs = BASE.replace("weight: 90", "weight: 70").replace("timeout: 1s\n", "other: 1\n");
        let clash = Clash { path: "spec.http[0].route[0].weight".into(), mine: "80".into(), theirs: "70".into() };
        for (prefer, weight) in [(Prefer::Mine, "weight: 80"), (Prefer::Theirs, "weight: 70")] {
            let merged = merged(&mine, &theirs, prefer);
            assert_eq!(merged.clashes, std::slice::from_ref(&clash));
            assert!(
                merged.yaml.contains(weight) && merged.yaml.contains("other: 1") && !merged.yaml.contains("timeout")
            );
        }
    }

    #[test]
    fn lists_of_other_lengths_are_one_field() {
        let mine = BASE.replace("    - weight: 10\n", "");
        let theirs = BASE.replace("weight: 10", "weight: 5");
        let merged = merged(&mine, &theirs, Prefer::Mine);
        assert_eq!(merged.clashes.len(), 1);
        assert_eq!((merged.clashes[0].path.as_str(), merged.yaml), ("spec.http[0].route", mine));
    }

    #[test]
    fn what_both_did_alike_is_no_clash_and_broken_text_is_refused() {
        let both = BASE.replace("weight: 90", "weight: 70");
        assert_eq!(merged(&both, &both, Prefer::Mine), Merged { yaml: both.clone(), clashes: vec![] });
        let base = value(BASE).unwrap();
        assert!(merge(&base, "kind: [", &base, Prefer::Mine).is_err());
    }
}

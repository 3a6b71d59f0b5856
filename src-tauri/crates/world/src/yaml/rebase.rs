//! An edit that was begun on what is no longer there: what somebody else made of the object meanwhile comes into the user's text.

use serde_json::Value;

use super::diff::{child, say};
use super::edit::{EditError, edit};
use super::read::{parts, read};
use super::steps::steps;
use crate::merge::{Side, Three, merge};

/// Whose value a field gets that both changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefer {
    /// The user's.
    Mine,
    /// The other's.
    Theirs,
}

/// Something that both changed, each to another value. An empty text stands for what is not there.
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
pub struct Rebased {
    /// Comments and order are the user's.
    pub yaml: String,
    /// Where both changed the same.
    pub clashes: Vec<Clash>,
}

/// Brings what changed from `base` to `theirs` into the user's text, also inside lists, as an undo does (`crate::merge`).
///
/// # Errors
/// Where the user's text cannot be read, or cannot take the change exactly. Nothing is given out then.
pub fn rebase(base: &Value, mine: &str, theirs: &Value, prefer: Prefer) -> Result<Rebased, EditError> {
    let reading = read(mine);
    if let Some(problem) = reading.problems.into_iter().find(|problem| problem.error) {
        return Err(problem.into());
    }
    let own = reading.value;
    let side = match prefer {
        Prefer::Mine => Side::Back,
        Prefer::Theirs => Side::Live,
    };
    let kind = own["kind"].as_str().unwrap_or_default();
    let three = Three { wrote: Some(base), before: Some(&own), live: Some(theirs) };
    let merged = merge(kind, three, &|_| Some(side));
    let whole = merged.value.unwrap_or_else(|| own.clone());
    let clashes = merged.clashes.into_iter().map(|clash| Clash {
        path: place(&clash.path),
        mine: say(clash.before.as_ref()),
        theirs: say(clash.live.as_ref()),
    });
    Ok(Rebased { yaml: edit(mine, &steps(&own, &whole))?, clashes: clashes.collect() })
}

/// A pointer as people write a field.
fn place(pointer: &str) -> String {
    parts(pointer).into_iter().flatten().fold(String::new(), |path, part| match part.parse::<usize>() {
        Ok(at) => format!("{path}[{at}]"),
        Err(_) => child(&path, &part),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::value;

    const BASE: &str =
        "kind: K\nspec:\n  hosts: [a]\n  http:\n  - route:\n    - weight: 90\n    - weight: 10\n  timeout: 1s\n";

    fn merged(mine: &str, theirs: &str, prefer: Prefer) -> Rebased {
        rebase(&value(BASE).unwrap(), mine, &value(theirs).unwrap(), prefer).unwrap()
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
    fn an_item_that_one_took_away_and_the_other_changed_is_the_clash() {
        let mine = BASE.replace("    - weight: 10\n", "");
        let theirs = BASE.replace("weight: 10", "weight: 5");
        let merged = merged(&mine, &theirs, Prefer::Mine);
        let clash =
            Clash { path: "spec.http[0].route[1]".into(), mine: String::new(), theirs: "{\"weight\":5}".into() };
        assert_eq!((merged.clashes, merged.yaml), (vec![clash], mine));
    }

    #[test]
    fn what_each_put_into_a_list_is_there() {
        let list = |rules: &[(&str, u32)]| {
            let rule = |(name, timeout): &(&str, u32)| format!("  - name: {name} # {name}\n    timeout: {timeout}s\n");
            format!("kind: VirtualService\nspec:\n  http:\n{}", rules.iter().map(rule).collect::<String>())
        };
        let base = list(&[("a", 1), ("b", 1)]);
        let (mine, theirs) = (list(&[("mine", 1), ("a", 1), ("b", 1)]), list(&[("a", 5), ("b", 1), ("theirs", 1)]));
        let merged = rebase(&value(&base).unwrap(), &mine, &value(&theirs).unwrap(), Prefer::Mine).unwrap();
        let expected =
            mine.replace("# a\n    timeout: 1s", "# a\n    timeout: 5s") + "  - name: theirs\n    timeout: 1s\n";
        assert_eq!(merged, Rebased { yaml: expected, clashes: vec![] });
    }

    #[test]
    fn what_both_did_alike_is_no_clash_and_broken_text_is_refused() {
        let both = BASE.replace("weight: 90", "weight: 70");
        assert_eq!(merged(&both, &both, Prefer::Mine), Rebased { yaml: both.clone(), clashes: vec![] });
        let base = value(BASE).unwrap();
        assert!(rebase(&base, "kind: [", &base, Prefer::Mine).is_err());
    }
}

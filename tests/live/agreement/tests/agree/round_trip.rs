//! What others have written goes through the studio unharmed: Istio's samples and the Gateway API's examples, read where their modules lie.

use std::path::{Path, PathBuf};

use serde_json::Value;
use world::yaml::{Edit, edit, read, split};

use crate::corpus::manifests;
use crate::genuine::{module, sources};

/// The pointers of all values that hold no others.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (name, below) in map {
                leaves(below, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for (index, below) in list.iter().enumerate() {
                leaves(below, &format!("{at}/{index}"), found);
            }
        }
        _ => found.push(at.to_owned()),
    }
}

/// Another value of the same kind, as a form would set it.
fn another(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(is) => Some((!is).into()),
        Value::Number(number) => number.as_i64().and_then(|number| number.checked_add(1)).map(Value::from),
        Value::String(text) if !text.contains('\n') => Some(format!("{text}y").into()),
        _ => None,
    }
}

/// A value that is edited is all that changes, and one line is what is new.
fn alone(document: &str, value: &Value, pointer: &str, file: &Path) -> bool {
    let Some(next) = value.pointer(pointer).and_then(another) else { return false };
    let edited = edit(document, &[Edit::set(pointer, next.clone())]);
    let edited = edited.unwrap_or_else(|error| panic!("{}: {pointer}: {error}", file.display()));
    let mut wanted = value.clone();
    *wanted.pointer_mut(pointer).unwrap() = next;
    assert_eq!(read(&edited).value, wanted, "{}: {pointer}", file.display());
    let (old, new): (Vec<&str>, Vec<&str>) = (document.lines().collect(), edited.lines().collect());
    // A text over several lines may become one; what is before and behind it stays.
    let before = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let behind = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    assert_eq!(before + behind, new.len() - 1, "{}: {pointer}\n{edited}", file.display());
    true
}

/// How many documents and values of a file went through, and how many were changed; panics where another byte changed.
fn through(file: &Path) -> (usize, usize, usize) {
    let text = std::fs::read_to_string(file).unwrap();
    let (mut documents, mut values, mut changed) = (0, 0, 0);
    let mut rest = text.as_str();
    for document in split(&text) {
        // Nothing is lost between two documents but what parts them.
        let (between, behind) = rest.split_at(rest.find(document).unwrap_or_else(|| panic!("{}", file.display())));
        let parts = |line: &str| {
            line.trim().is_empty() || line.starts_with('#') || line.starts_with("---") || line.starts_with("...")
        };
        assert!(between.trim_start_matches('\u{feff}').lines().all(parts), "{}: {between:?}", file.display());
        rest = &behind[document.len()..];
        let reading = read(document);
        if let Some(problem) = reading.problems.iter().find(|problem| problem.error) {
            println!("{}: no YAML: {problem:?}", file.display());
            continue;
        }
        documents += 1;
        assert_eq!(edit(document, &[]).as_deref(), Ok(document), "{}", file.display());
        let mut pointers = Vec::new();
        leaves(&reading.value, "", &mut pointers);
        for pointer in pointers.iter().filter(|pointer| !pointer.is_empty()) {
            let same = Edit::set(pointer, reading.value.pointer(pointer).cloned().unwrap());
            assert_eq!(edit(document, &[same]).as_deref(), Ok(document), "{}: {pointer}", file.display());
            values += 1;
            changed += usize::from(alone(document, &reading.value, pointer, file));
        }
    }
    (documents, values, changed)
}

#[test]
fn what_is_opened_and_saved_without_an_edit_is_the_same_byte_for_byte() {
    let Some(module) = module() else {
        eprintln!("skipped: NETLOFT_ISTIO names no Go module that requires istio.io/istio");
        return;
    };
    let folders: Vec<PathBuf> = [("istio.io/istio", "samples"), ("sigs.k8s.io/gateway-api", "examples")]
        .into_iter()
        .filter_map(|(of, below)| Some(sources(&module, of)?.join(below)))
        .collect();
    assert_eq!(folders.len(), 2, "both modules are here");
    for folder in folders {
        let files = manifests(&folder, true);
        let through: Vec<(usize, usize, usize)> = files.iter().map(|file| through(file)).collect();
        let sum = |of: fn(&(usize, usize, usize)) -> usize| through.iter().map(of).sum::<usize>();
        let (documents, values, changed) = (sum(|one| one.0), sum(|one| one.1), sum(|one| one.2));
        assert!(files.len() > 50 && documents > 100 && changed > 1000, "{}: {documents} {changed}", folder.display());
        println!(
            "{}: {} files, {documents} documents, {values} values the same byte for byte, {changed} changed alone",
            folder.display(),
            files.len()
        );
    }
}

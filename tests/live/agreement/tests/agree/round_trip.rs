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

/// How many documents and values of a file went through; panics where a byte changed.
fn through(file: &Path) -> (usize, usize) {
    let text = std::fs::read_to_string(file).unwrap();
    let (mut documents, mut values) = (0, 0);
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
        if reading.problems.iter().any(|problem| problem.error) {
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
        }
    }
    (documents, values)
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
        let through: Vec<(usize, usize)> = files.iter().map(|file| through(file)).collect();
        let (documents, values) = through.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        assert!(files.len() > 50 && documents > 100 && values > 1000, "{}: {documents} {values}", folder.display());
        println!("{}: {documents} documents, {values} values, the same byte for byte", folder.display());
    }
}

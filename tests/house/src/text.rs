//! What may not stand in a file.

use crate::{files, none, text};

/// These files name what they forbid.
const SELF: &str = "tests/house/";

/// Lines of these files that hold one of the words, with the word.
fn lines_with(wanted: impl Fn(&str) -> bool, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files().iter().filter(|file| wanted(file) && !file.starts_with(SELF)) {
        let Some(text) = text(file) else { continue };
        for (at, line) in text.lines().enumerate() {
            found.extend(words.iter().filter(|w| line.contains(*w)).map(|word| format!("{file}:{}: {word}", at + 1)));
        }
    }
    found
}

fn is_page(file: &str) -> bool {
    file.starts_with("ui/src/")
}

fn is_rust(file: &str) -> bool {
    file.ends_with(".rs")
}

#[test]
fn text_of_a_cluster_is_never_markup() {
    let words = [
        "{@html",
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function(",
        "DOMParser",
    ];
    let page = |file: &str| is_page(file) && !file.ends_with(".test.ts");
    none(lines_with(page, &words), "ways to make markup or code of text");
}

#[test]
fn only_the_host_knows_tauri() {
    let elsewhere = |file: &str| is_page(file) && !file.starts_with("ui/src/host/");
    none(lines_with(elsewhere, &["@tauri-apps/", "__TAURI"]), "names of Tauri outside ui/src/host");
    let core = |file: &str| is_rust(file) && !file.starts_with("src-tauri/src/") && file != "src-tauri/build.rs";
    none(lines_with(core, &["tauri::", "use tauri"]), "names of Tauri outside the shell");
}

#[test]
fn only_yaml_names_its_crates() {
    let elsewhere = |file: &str| {
        is_rust(file)
            && !file.starts_with("src-tauri/crates/world/src/yaml/")
            && !file.starts_with("src-tauri/crates/world/tests/")
    };
    none(lines_with(elsewhere, &["serde_yaml", "serde_saphyr"]), "YAML crates outside world::yaml");
}

#[test]
fn no_machine_and_no_private_host_is_named() {
    let words = ["/work/", "/root/", "/home/user", "/Users/", "C:\\\\Users", "artifactory", "nexus."];
    none(lines_with(|_| true, &words), "paths of one machine, or hosts of one company");
    // Locks name where a package came from: the public registries alone.
    let mut foreign = Vec::new();
    for (file, key, public) in [
        ("Cargo.lock", "source = \"", "registry+https://github.com/rust-lang/crates.io-index\""),
        ("ui/package-lock.json", "\"resolved\": \"", "https://registry.npmjs.org/"),
    ] {
        let lock = text(file).unwrap();
        let lines = lock.lines().filter_map(|line| line.trim().strip_prefix(key));
        foreign.extend(lines.filter(|from| !from.starts_with(public)).map(|from| format!("{file}: {from}")));
    }
    none(foreign, "packages from elsewhere");
}

#[test]
fn nothing_is_left_for_later() {
    let code = |file: &str| [".rs", ".ts", ".svelte", ".css", ".toml", ".mjs"].iter().any(|end| file.ends_with(end));
    none(lines_with(code, &["TODO", "FIXME", "XXX:", "unimplemented!(", "todo!("]), "marks of unfinished work");
}

#[test]
fn an_error_is_a_type() {
    let code = |file: &str| is_rust(file) && file.contains("/src/");
    let found = lines_with(code, &[", String> {", ", String>;"]);
    let fails = |entry: &String| {
        let mut parts = entry.split(':');
        let (file, line) = (parts.next().unwrap_or_default(), parts.next().and_then(|n| n.parse::<usize>().ok()));
        let text = text(file).unwrap();
        let line = text.lines().nth(line.unwrap_or(1) - 1).unwrap_or_default();
        line.trim_start().starts_with("pub ") && line.contains("fn ") && line.contains("-> Result<")
    };
    none(found.into_iter().filter(fails).collect(), "public functions that fail with a text");
}

#[test]
fn a_crate_opens_with_its_purpose() {
    let roots = files().into_iter().filter(|file| file.ends_with("/src/lib.rs") || file.ends_with("/src/main.rs"));
    // A crate that is still empty has nothing to say.
    let written = roots.filter(|file| text(file).unwrap().lines().count() > 8);
    let silent = written.filter(|file| !text(file).unwrap().starts_with("//! "));
    none(silent.collect(), "crates that do not open with `//!` and one sentence of purpose");
}

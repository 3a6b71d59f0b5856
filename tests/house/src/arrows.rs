//! Which of our crates may know which, and who may know the world outside.

use crate::{files, none, text};

/// The arrows (README, "What holds everywhere", 1). A crate may use those of ours that stand behind it, in code and
/// in tests, and no others. A new arrow is a line here, with its reason in the commit.
const ARROWS: [(&str, &[&str]); 24] = [
    ("src-tauri/crates/world", &[]),
    ("src-tauri/crates/mesh", &["world"]),
    ("src-tauri/meshes/gateway-api", &["world", "mesh"]),
    // The kinds of the Gateway API are read once, for every mesh that carries them out.
    ("src-tauri/meshes/istio", &["world", "mesh", "gateway-api"]),
    ("src-tauri/meshes/linkerd", &["world", "mesh"]),
    ("src-tauri/meshes/cilium", &["world", "mesh"]),
    ("src-tauri/meshes/all", &["world", "mesh", "gateway-api", "istio", "linkerd", "cilium"]),
    ("src-tauri/crates/cluster", &["world"]),
    ("src-tauri/crates/signals", &["world", "cluster"]),
    ("src-tauri/crates/journal", &["world"]),
    ("src-tauri/crates/rollout", &["world"]),
    ("src-tauri/crates/demo", &["world", "mesh", "meshes"]),
    ("src-tauri/crates/session", &["world", "mesh", "meshes", "cluster", "signals", "journal", "rollout", "demo"]),
    ("src-tauri/crates/wire", &["world", "mesh", "cluster", "journal", "rollout", "session"]),
    ("src-tauri/cli", &["world", "mesh", "meshes", "rollout", "session", "demo", "wire"]),
    ("src-tauri", &["wire"]),
    ("tests/dev-server", &["wire", "session"]),
    ("tests/house", &[]),
    ("tests/live", &["world", "mesh", "meshes", "cluster", "signals", "journal", "rollout", "demo", "session"]),
    ("tests/live/agreement", &["world", "mesh", "meshes", "session"]),
    ("tests/live/oracle", &["world", "mesh", "meshes"]),
    ("tests/bench", &["world", "mesh", "cluster", "signals", "demo", "session", "wire", "bench-engine"]),
    ("tests/bench/engine", &["world", "mesh", "meshes"]),
    ("tests/xtask", &[]),
];

/// Crates that decide: no IO, no clock, no async, no environment.
const PURE: [&str; 7] = [
    "src-tauri/crates/world",
    "src-tauri/crates/mesh",
    "src-tauri/meshes/gateway-api",
    "src-tauri/meshes/istio",
    "src-tauri/meshes/linkerd",
    "src-tauri/meshes/cilium",
    "src-tauri/meshes/all",
];

/// What only one place may name.
const ONLY: [(&str, &[&str]); 11] = [
    ("tauri", &["src-tauri"]),
    ("serde_yaml", &["src-tauri/crates/world"]),
    ("serde-saphyr", &["src-tauri/crates/world"]),
    ("rusqlite", &["src-tauri/crates/journal"]),
    ("keyring", &["src-tauri/crates/session"]),
    ("keyring-core", &["src-tauri/crates/session"]),
    ("rustls", &["src-tauri/crates/cluster"]),
    ("ts-rs", &["src-tauri/crates/wire"]),
    ("clap", &["src-tauri/cli", "tests/dev-server"]),
    ("kube", &["src-tauri/crates/cluster", "src-tauri/crates/demo", "tests/live"]),
    ("jsonschema", &["src-tauri/crates/demo"]),
];

/// The crates that a manifest depends on; those of tests alone where asked for.
fn dependencies(manifest: &str, with_tests: bool) -> Vec<String> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]") && (with_tests || line != "[dev-dependencies]");
        } else if inside && let Some(name) = line.split(['.', '=', ' ']).next().filter(|name| !name.is_empty()) {
            names.push(name.to_owned());
        }
    }
    names.retain(|name| !name.starts_with('#'));
    names
}

fn members(with_tests: bool) -> Vec<(String, Vec<String>)> {
    let manifests = files().into_iter().filter(|file| file.ends_with("/Cargo.toml"));
    manifests
        .map(|file| {
            let depends = dependencies(&text(&file).unwrap(), with_tests);
            (file.trim_end_matches("/Cargo.toml").to_owned(), depends)
        })
        .collect()
}

#[test]
fn point_one_way() {
    let workspace = text("Cargo.toml").unwrap();
    let ours: Vec<_> =
        workspace.lines().filter(|line| line.contains("{ path = ")).filter_map(|line| line.split(' ').next()).collect();
    assert!(ours.len() >= 12, "our crates are found by their path: {ours:?}");
    let mut breaches = Vec::new();
    for (member, depends) in members(true) {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == member) else {
            breaches.push(format!("{member} has no line in the table of arrows"));
            continue;
        };
        for name in depends.iter().filter(|name| ours.contains(&name.as_str()) && !allowed.contains(&name.as_str())) {
            breaches.push(format!("{member} → {name}"));
        }
    }
    none(breaches, "arrows that are not allowed");
}

#[test]
fn every_member_says_its_purpose() {
    let workspace = text("Cargo.toml").unwrap();
    let from = workspace.find("members = [").unwrap();
    let to = from + workspace[from..].find(']').unwrap();
    let lines: Vec<_> = workspace[from..to].lines().skip(1).filter(|line| !line.trim().is_empty()).collect();
    let silent =
        lines.iter().filter(|line| !line.contains("\",") || !line.contains("# ")).map(|line| line.trim().to_owned());
    none(silent.collect(), "members without a line of purpose");
    for (member, _) in members(true) {
        assert!(workspace.contains(&format!("\"{member}\"")), "{member} is not in the workspace");
    }
}

#[test]
fn what_one_place_holds_no_other_names() {
    let mut breaches = Vec::new();
    for (member, depends) in members(false) {
        for (name, places) in ONLY {
            let tauri = name == "tauri" && depends.iter().any(|d| d.starts_with("tauri"));
            if (tauri || depends.iter().any(|d| d == name)) && !places.contains(&member.as_str()) {
                breaches.push(format!("{member} names {name}, which is for {}", places.join(", ")));
            }
        }
    }
    none(breaches, "crates that only one place may name");
}

#[test]
fn what_decides_is_pure() {
    const CRATES: [&str; 10] =
        ["tokio", "futures", "kube", "hyper", "reqwest", "rusqlite", "tracing", "tempfile", "keyring", "fastrand"];
    const WORDS: [&str; 9] = [
        "std::fs",
        "std::env",
        "std::process",
        "std::thread",
        "std::io",
        "SystemTime",
        "Instant::now",
        "Timestamp::now",
        "async fn",
    ];
    let mut breaches = Vec::new();
    for (member, depends) in members(false).into_iter().filter(|(member, _)| PURE.contains(&member.as_str())) {
        breaches.extend(depends.iter().filter(|d| CRATES.contains(&d.as_str())).map(|d| format!("{member} uses {d}")));
    }
    let source =
        |file: &&String| PURE.iter().any(|pure| file.starts_with(&format!("{pure}/src/"))) && file.ends_with(".rs");
    for file in files().iter().filter(source).filter(|file| !file.ends_with("tests.rs")) {
        let text = text(file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (at, line) in code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            breaches.extend(
                WORDS.iter().filter(|word| line.contains(*word)).map(|word| format!("{file}:{} has {word}", at + 1)),
            );
        }
    }
    none(breaches, "IO, clock, async or environment in a pure crate");
}

#[test]
fn one_provider_of_tls() {
    let lock = text("Cargo.lock").unwrap();
    assert!(lock.contains("name = \"ring\""));
    let others = ["aws-lc-rs", "aws-lc-sys", "openssl", "openssl-sys", "native-tls", "serde_yml"];
    let found = others.iter().filter(|name| lock.contains(&format!("name = \"{name}\"\n")));
    none(found.map(|name| (*name).to_owned()).collect(), "crates that may not be in Cargo.lock");
}

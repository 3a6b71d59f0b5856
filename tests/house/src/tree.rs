//! Where files lie and how long they are.

use std::collections::BTreeSet;

use crate::{files, none, text};

#[test]
fn the_top_holds_only_what_belongs_there() {
    const ALLOWED: [&str; 14] = [
        ".cargo",
        ".ci",
        ".clippy.toml",
        ".gitattributes",
        ".github",
        ".gitignore",
        ".rustfmt.toml",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "icons",
        "src-tauri",
        "tests",
    ];
    let files = files();
    let top: BTreeSet<_> = files.iter().filter_map(|file| file.split('/').next()).collect();
    let others = top.into_iter().filter(|name| !ALLOWED.contains(name) && *name != "ui");
    none(others.map(str::to_owned).collect(), "entries at the top of the repository that are new to it");
}

/// Not written by hand, or by its nature one piece.
fn excused(file: &str, text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default().to_lowercase();
    file.contains("/generated/") || first.contains("generated") || first.contains("one piece because")
}

#[test]
fn files_are_short_enough_to_read() {
    const CODE: [&str; 6] = [".rs", ".ts", ".svelte", ".css", ".mjs", ".js"];
    const LIMIT: usize = 600;
    let code = files().into_iter().filter(|file| CODE.iter().any(|end| file.ends_with(end)));
    let long = code.filter_map(|file| {
        let text = text(&file)?;
        let lines = text.lines().count();
        (lines > LIMIT && !excused(&file, &text)).then(|| format!("{file}: {lines} lines"))
    });
    none(long.collect(), "files of more than 600 lines (line one may say `one piece because …`)");
}

#[test]
fn a_mesh_of_the_page_is_a_mesh_of_the_core() {
    let files = files();
    let folders = |above: &str| -> BTreeSet<String> {
        let inside = files.iter().filter_map(|file| file.strip_prefix(above));
        inside.filter_map(|file| file.split_once('/')).map(|(folder, _)| folder.to_owned()).collect()
    };
    let core = folders("src-tauri/meshes/");
    let page = folders("ui/src/meshes/");
    assert!(core.contains("istio") && page.contains("istio"));
    none(page.difference(&core).cloned().collect(), "folders in ui/src/meshes without a mesh in src-tauri/meshes");
}

#[test]
fn the_page_lies_in_its_rooms() {
    const ROOMS: [&str; 9] = ["design", "frame", "host", "i18n", "lib", "meshes", "pages", "state", "wire"];
    let files = files();
    let inside: BTreeSet<_> = files
        .iter()
        .filter_map(|file| file.strip_prefix("ui/src/"))
        .filter_map(|f| f.split_once('/'))
        .map(|(d, _)| d)
        .collect();
    none(
        inside.into_iter().filter(|room| !ROOMS.contains(room)).map(str::to_owned).collect(),
        "folders in ui/src that are new to it",
    );
}

//! Rules about the tree as plain tests: they hold for every file that git knows or would add.
//!
//! Deliberately absent: what the compiler, clippy or the linters of the UI already hold.
#![cfg(test)]

mod arrows;
mod text;
mod told;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's top.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every file, committed or new, but not ignored; with slashes, from the top.
fn files() -> Vec<String> {
    let listing = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(listing.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listing.stderr));
    let names = String::from_utf8(listing.stdout).unwrap();
    let files: Vec<_> = names.split('\0').filter(|name| root().join(name).is_file()).map(str::to_owned).collect();
    assert!(files.len() > 100, "only {} files were found", files.len());
    files
}

/// A file's text; `None` for pictures and the like.
fn text(file: &str) -> Option<String> {
    String::from_utf8(fs::read(root().join(file)).unwrap()).ok()
}

/// Fails with every breach at once, each on its line.
fn none(breaches: Vec<String>, rule: &str) {
    assert!(breaches.is_empty(), "{rule}:\n  {}", breaches.join("\n  "));
}

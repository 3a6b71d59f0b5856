//! What this machine has and what it still needs.

use std::io::{IsTerminal, Write, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::steps::{Failed, run};

/// Debian's packages: (what to look for, package). A `lib` is looked for with pkg-config, a path as a file, the rest on the PATH.
const NEEDED: [(&str, &str); 9] = [
    ("cc", "build-essential"),
    ("pkg-config", "pkg-config"),
    ("lib:webkit2gtk-4.1", "libwebkit2gtk-4.1-dev"),
    ("lib:librsvg-2.0", "librsvg2-dev"),
    // for the tests that use the real window
    ("WebKitWebDriver", "webkit2gtk-driver"),
    ("Xvfb", "xvfb"),
    ("dbus-run-session", "dbus"),
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", "fonts-noto-cjk"),
    ("git", "git"),
];

/// The repository's root.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// Nobody is there to answer a question.
pub fn in_ci() -> bool {
    std::env::var_os("CI").is_some()
}

/// Installs what is missing. Asks before it changes the system, unless `yes`.
///
/// # Errors
/// Where something is missing that it may not or cannot install; the message names it.
pub fn setup(yes: bool) -> Result<(), Failed> {
    if !has("node") || !has("npm") {
        return Err(Failed::new("Node 20.19 or later with npm is needed; install it and run this again"));
    }
    let missing: Vec<&str> = NEEDED.iter().filter(|(probe, _)| !present(probe)).map(|(_, package)| *package).collect();
    if !missing.is_empty() {
        install(&missing, yes)?;
    }
    packages_of_the_ui()
}

fn present(probe: &str) -> bool {
    if let Some(library) = probe.strip_prefix("lib:") {
        return quiet(Command::new("pkg-config").args(["--exists", library]));
    }
    if probe.starts_with('/') {
        // Another place for the fonts is as good: ask fontconfig before asking for the package.
        return Path::new(probe).exists() || has("fc-list") && lists_chinese_fonts();
    }
    has(probe)
}

fn lists_chinese_fonts() -> bool {
    Command::new("fc-list").args([":lang=zh", "family"]).output().is_ok_and(|out| !out.stdout.is_empty())
}

/// Whether a program is on the PATH.
pub fn has(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

fn quiet(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn install(packages: &[&str], yes: bool) -> Result<(), Failed> {
    let list = packages.join(" ");
    if !has("apt-get") {
        return Err(Failed::new(format!(
            "these are missing, and this system has no apt-get to install them with (names are Debian's): {list}"
        )));
    }
    if !yes && !agreed(&list) {
        return Err(Failed::new(format!("not installed: {list}. Install them, or run `cargo xtask setup --yes`")));
    }
    let sudo: &[&str] = if quiet(Command::new("test").args(["-w", "/var/lib/dpkg"])) { &[] } else { &["sudo"] };
    let apt = |args: &[&str]| {
        let mut words = sudo.to_vec();
        // Somebody else may be installing: then it is their turn first.
        words.extend(["apt-get", "-y", "-qq", "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=600"]);
        words.extend(args);
        run(Command::new(words[0]).args(&words[1..]).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    println!("installing {list}");
    apt(&["update"])?;
    let mut args = vec!["install", "--no-install-recommends"];
    args.extend(packages);
    apt(&args)
}

fn agreed(list: &str) -> bool {
    if !stdin().is_terminal() {
        return false;
    }
    print!("Netloft needs these system packages: {list}\nInstall them now with apt-get? [y/N] ");
    let mut answer = String::new();
    let _ = stdout().flush();
    let _ = stdin().read_line(&mut answer);
    matches!(answer.trim(), "y" | "Y" | "yes")
}

/// The UI's packages, exactly as locked; again only when the lock changed.
fn packages_of_the_ui() -> Result<(), Failed> {
    let ui = root().join("ui");
    let (lock, mark) = (ui.join("package-lock.json"), ui.join("node_modules/.netloft-lock"));
    let wanted = std::fs::read(&lock).map_err(|error| Failed::new(format!("{}: {error}", lock.display())))?;
    if std::fs::read(&mark).is_ok_and(|have| have == wanted) {
        return Ok(());
    }
    println!("installing the UI's packages");
    run(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&ui))?;
    std::fs::write(&mark, wanted).map_err(|error| Failed::new(format!("{}: {error}", mark.display())))
}

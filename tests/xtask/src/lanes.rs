//! What is run, in which order.

use std::path::Path;
use std::process::Command;

use crate::machine::{has, root};
use crate::steps::{Count, Failed, count, run, step};

const LANES: [&str; 8] = ["format", "lint", "core", "ui", "shell", "e2e", "agreement", "live"];

/// Builds the page and the window's program, and opens it.
///
/// # Errors
/// Where a build fails or the program ends badly.
pub fn run_window(args: &[String]) -> Result<(), Failed> {
    page()?;
    run(cargo(&["run", "--locked", "--package", "netloft-desktop", "--"]).args(args))
}

/// Optimised programs.
///
/// # Errors
/// Where a build fails.
pub fn build_release() -> Result<(), Failed> {
    page()?;
    run(&mut cargo(&["build", "--locked", "--release", "--package", "netloft-desktop", "--package", "netloft"]))
}

/// Writes generated files anew.
///
/// # Errors
/// Where they cannot be made.
pub fn bless() -> Result<(), Failed> {
    run(cargo(&["test", "--locked", "--package", "wire", "bindings_are_fresh"]).env("NETLOFT_BLESS", "1"))
}

/// Runs the named lanes, or all; goes on after a failure, so that one run says everything, and ends with the counts.
///
/// # Errors
/// Where a lane failed, naming it.
pub fn test(lanes: &[String]) -> Result<(), Failed> {
    if let Some(unknown) = lanes.iter().find(|lane| !LANES.contains(&lane.as_str())) {
        return Err(Failed::new(format!("there is no lane '{unknown}'; the lanes: {}", LANES.join(" "))));
    }
    let chosen = |lane: &str| lanes.is_empty() || lanes.iter().any(|name| name == lane);
    let mut total = Count::default();
    let mut failures = Vec::new();
    let mut counting = |command: &mut Command| {
        let (counted, done) = count(command);
        total += counted;
        done
    };
    let mut lane = |name: &str, work: &mut dyn FnMut() -> Result<(), Failed>| {
        if chosen(name) {
            failures.extend(step(name, work));
        }
    };
    lane("format", &mut || run(&mut cargo(&["fmt", "--all", "--check"])));
    lane("lint", &mut || {
        // What ships never unwraps; what only tests may.
        let clippy = ["clippy", "--locked", "--quiet"];
        run(cargo(&clippy).args(["--lib", "--bins", "--", "--deny", "warnings"]))?;
        let allowed =
            ["unwrap_used", "expect_used", "panic", "print_stdout"].map(|lint| format!("--allow=clippy::{lint}"));
        run(cargo(&clippy).args(["--tests", "--", "--deny", "warnings"]).args(allowed))?;
        // No lane runs the benches: what nobody compiles, rots.
        run(cargo(&clippy).args(["--package", "bench", "--package", "bench-engine", "--", "--deny", "warnings"]))?;
        deny()
    });
    // The live lane runs the tests against a genuine cluster, one at a time; here they skip.
    lane("core", &mut || {
        counting(cargo(&["test", "--locked", "--quiet"]).env_remove("NETLOFT_LIVE").env_remove("NETLOFT_ISTIO"))
    });
    lane("ui", &mut || {
        audit()?;
        npm(&["run", "--silent", "check"])?;
        npm(&["run", "--silent", "lint"])?;
        counting(Command::new("npm").args(["run", "--silent", "test"]).current_dir(root().join("ui")))
    });
    lane("shell", &mut || {
        programs()?;
        run(&mut cargo(&["clippy", "--locked", "--quiet", "--package", "netloft-desktop", "--", "--deny", "warnings"]))
    });
    lane("e2e", &mut || {
        programs()?;
        let mut node = Command::new("node");
        counting(node.args(["--test", "--test-concurrency=1", "tests/e2e/"]).current_dir(root()))
    });
    // Our findings against those of Istio's own analyzers, which its Go module brings.
    lane("agreement", &mut || {
        if std::env::var_os("NETLOFT_ISTIO").is_none() {
            println!("skipped: NETLOFT_ISTIO names no Go module that requires istio.io/istio");
            return Ok(());
        }
        counting(cargo(&["test", "--locked"]).args(tests_of("tests/live/agreement")).args(["--", "--nocapture"]))
    });
    lane("live", &mut || {
        if std::env::var_os("NETLOFT_LIVE").is_none() {
            println!("skipped: NETLOFT_LIVE names no kubeconfig of a genuine cluster");
            return Ok(());
        }
        // Some ask the program itself.
        programs()?;
        // One at a time: they change the same mesh.
        counting(cargo(&["test", "--locked"]).args(tests_of("tests/live")).args(["--", "--test-threads=1"]))
    });
    println!("\n{} passed, {} failed, {} skipped", total.passed, total.failed, total.skipped);
    if failures.is_empty() { Ok(()) } else { Err(Failed::new(format!("failed: {}", failures.join("; ")))) }
}

/// The integration tests of one package, by name. With `--package` cargo would choose other features for what all share,
/// and build (and keep) a hundred crates a second time.
fn tests_of(package: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(package).join("tests")).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "rs") || path.join("main.rs").is_file())
        .filter_map(|path| path.file_stem()?.to_str().map(ToOwned::to_owned))
        .collect();
    names.sort();
    names.iter().flat_map(|name| ["--test".to_owned(), name.clone()]).collect()
}

/// Licences, bans and sources, where cargo-deny is installed (CI installs it).
fn deny() -> Result<(), Failed> {
    if !has("cargo-deny") {
        println!("cargo-deny is not on the PATH: skipped (`cargo install --locked cargo-deny` adds it)");
        return Ok(());
    }
    run(&mut cargo(&[
        "deny",
        "--log-level",
        "error",
        "--config",
        ".cargo/deny.toml",
        "check",
        "bans",
        "licenses",
        "sources",
    ]))
}

/// Known holes in the UI's shipped packages. A registry that answers no audits is no reason to fail, but is said.
fn audit() -> Result<(), Failed> {
    let mut npm = Command::new("npm");
    npm.args(["audit", "--omit=dev", "--audit-level=high", "--json"]).current_dir(root().join("ui"));
    let out = npm.output().map_err(|error| Failed::new(format!("npm audit: {error}")))?;
    let report = String::from_utf8_lossy(&out.stdout);
    if !report.contains("\"auditReportVersion\"") {
        println!("npm audit: this registry answers no audits: skipped");
        return Ok(());
    }
    if out.status.success() { Ok(()) } else { Err(Failed::new(format!("npm audit: {report}"))) }
}

/// The window's program and `netloft` beside it, always together: apart they would be built with other features, and twice.
fn programs() -> Result<(), Failed> {
    page()?;
    run(&mut cargo(&["build", "--locked", "--package", "netloft-desktop", "--package", "netloft"]))
}

/// The page, built when something of it is newer than the last build.
fn page() -> Result<(), Failed> {
    let ui = root().join("ui");
    let built = ui.join("dist/index.html").metadata().and_then(|meta| meta.modified()).ok();
    let stale = built.is_none_or(|built| {
        ["src", "index.html", "package-lock.json", "vite.config.ts"].iter().any(|part| newer(&ui.join(part), built))
    });
    if stale { npm(&["run", "--silent", "build"]) } else { Ok(()) }
}

fn newer(path: &Path, than: std::time::SystemTime) -> bool {
    if path.is_dir() {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        return entries.map(|entry| entry.path()).any(|entry| newer(&entry, than));
    }
    path.metadata().and_then(|meta| meta.modified()).is_ok_and(|modified| modified > than)
}

fn cargo(args: &[&str]) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(args).current_dir(root());
    cargo
}

fn npm(args: &[&str]) -> Result<(), Failed> {
    run(Command::new("npm").args(args).current_dir(root().join("ui")))
}

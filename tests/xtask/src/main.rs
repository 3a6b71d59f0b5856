//! `cargo xtask`: everything that a person or CI does with this repository, by one name each.
//!
//! Deliberately absent: anything that a product needs at run time. Only the standard library is used, so that it builds
//! in a second on a machine that has nothing yet.

mod lanes;
mod machine;
mod steps;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask COMMAND

  setup [--yes]   install what is missing: system packages (asked for first), the UI's packages
  run [ARG…]      open the window; the built-in demo cluster is always there
  test [LANE…]    everything that must hold; lanes: format lint core ui shell e2e agreement live
  build           the window's program and `netloft`, optimised
  bless           write generated files anew (the UI's types)
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rest = args.get(1..).unwrap_or_default();
    let done = match args.first().map(String::as_str) {
        Some("setup") => machine::setup(rest.iter().any(|arg| arg == "--yes") || machine::in_ci()),
        Some("run") => machine::setup(machine::in_ci()).and_then(|()| lanes::run_window(rest)),
        Some("test") => machine::setup(machine::in_ci()).and_then(|()| lanes::test(rest)),
        Some("build") => machine::setup(machine::in_ci()).and_then(|()| lanes::build_release()),
        Some("bless") => lanes::bless(),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

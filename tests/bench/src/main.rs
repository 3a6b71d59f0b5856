//! Figures of speed and memory: `cargo run --release -p bench -- [NAME…]` prints each with its number of runs and spread.
//!
//! Deliberately absent: thresholds (a busy machine is no failure). The engine has a bench of its own, `bench-engine`.

mod days;
mod event;
mod fleet;
mod layout;
mod list;
mod map;
mod proxies;
mod text;

use std::io::Write;
use std::process::ExitCode;

use bench_engine::figure::Figure;

/// The one of the programs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Bench = fn() -> Result<Vec<Figure>, Failure>;

const BENCHES: [(&str, Bench); 8] = [
    ("layout", layout::run),
    ("list", list::run),
    ("event", event::run),
    ("map", map::run),
    ("yaml", text::run),
    ("proxies", proxies::run),
    ("fleet", fleet::run),
    ("days", days::run),
];

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let mut out = std::io::stdout().lock();
    match run(&wanted, &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            drop(writeln!(out, "bench: {why}"));
            ExitCode::FAILURE
        }
    }
}

fn run(wanted: &[String], out: &mut impl Write) -> Result<(), Failure> {
    match wanted {
        [serve, services] if serve == list::SERVE => return list::serve(services, out),
        [serve] if serve == fleet::SERVE => return fleet::serve(out),
        [read, file] if read == proxies::READ => return proxies::read(file, out),
        _ => {}
    }
    if let Some(unknown) = wanted.iter().find(|name| BENCHES.iter().all(|(known, _)| known != name)) {
        let known: Vec<_> = BENCHES.iter().map(|(name, _)| *name).collect();
        return Err(format!("no bench {unknown}; there are {}", known.join(", ")).into());
    }
    for (name, bench) in BENCHES.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|w| w == name)) {
        for figure in bench()? {
            writeln!(out, "{name:7} {figure}")?;
        }
    }
    Ok(())
}

//! Figures of the engine over generated meshes: `cargo run --release -p bench-engine -- [SERVICES…]`, 1,000, 5,000 and 10,000 where none are named.
//! With `NETLOFT_ISTIOCTL` set to the command of a genuine istioctl the same files are given to it, in turn with ours.
//!
//! `-- rules SERVICES` tells what each rule costs there, and what it reads in full.
//!
//! It stands apart from the other benches, since it needs neither a cluster nor a session: it is built in a fraction of their time.

mod generated;
mod peer;
mod rules;
mod runs;

use std::io::Write;
use std::process::ExitCode;

/// The one of the programs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut out = std::io::stdout().lock();
    match run(&words, &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            drop(writeln!(out, "bench-engine: {why}"));
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[String], out: &mut impl Write) -> Result<(), Failure> {
    if let [check, file] = words
        && check == peer::WHOLE
    {
        return peer::whole(file, out);
    }
    if let [tell, services] = words
        && tell == rules::RULES
    {
        return rules::show(services, out);
    }
    let named: Vec<usize> = words.iter().map(|word| word.parse()).collect::<Result<_, _>>()?;
    let sizes = if named.is_empty() { vec![1000, 5000, 10_000] } else { named };
    sizes.into_iter().try_for_each(|services| runs::of(services, out))
}

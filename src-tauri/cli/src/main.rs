//! `netloft`: the same core as the window, for scripts, CI and terminals.
//!
//! Deliberately absent: any decision of its own. Answers go to standard output, messages to standard error; it exits with
//! 0 for done, 1 where the answer is "no", 2 for wrong use, 3 where the cluster or a file could not be read.

mod args;
mod check;
mod codes;
mod demo_serve;
mod effect;
mod explain;
mod failure;
mod journal;
mod measure;
mod print;
mod rollout;
mod sarif;
mod source;
mod write;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Args, Command};
use crate::failure::Failure;

/// A mesh in memory is millions of small pieces, which glibc's allocator takes a quarter of the time for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    match Box::pin(run(args)).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "netloft: {failure}");
            let hint = failure.hint();
            if !hint.is_empty() {
                let _ = writeln!(std::io::stderr(), "  {hint}");
            }
            ExitCode::from(failure.exit())
        }
    }
}

/// Whether the answer is "yes".
async fn run(args: Args) -> Result<bool, Failure> {
    let from = &args.from;
    match args.command {
        Command::Check(check) => check::run(from, &check).await,
        Command::Explain(explain) => explain::run(from, &explain).await,
        Command::Effect(effect) => effect::run(from, &effect).await,
        Command::Health(health) => measure::health(from, &health).await,
        Command::Usage(usage) => measure::usage(from, &usage).await,
        Command::Traffic(traffic) => measure::traffic(from, &traffic).await,
        Command::Apply(apply) => write::apply(from, &apply).await,
        Command::History(history) => journal::history(from, &history).await,
        Command::Show(show) => journal::show(from, &show).await,
        Command::Undo(undo) => write::undo(from, &undo).await,
        Command::Rollout { command } => rollout::run(from, &command).await,
        Command::Demo { command: args::Demo::Serve(serve) } => demo_serve::run(&serve).await,
    }
}

//! The log: what happened, in a file of the profile and on standard error. `RUST_LOG` chooses how much.

use std::path::Path;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

/// Starts it, and logs panics of any task too. What it returns writes the rest when it is dropped.
pub fn start(profile: &Path) -> Option<WorkerGuard> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,netloft=info"));
    let folder = profile.join("logs");
    let made = std::fs::create_dir_all(&folder);
    let file = tracing_appender::rolling::Builder::new()
        .rotation(tracing_appender::rolling::Rotation::DAILY)
        .max_log_files(7)
        .filename_prefix("netloft")
        .filename_suffix("log")
        .build(&folder);
    let (layer, guard) = match made.map(|()| file) {
        Ok(Ok(file)) => {
            let (writer, guard) = tracing_appender::non_blocking(file);
            (Some(fmt::layer().with_ansi(false).with_writer(writer)), Some(guard))
        }
        _ => (None, None), // a read-only home is no reason not to start
    };
    let console = fmt::layer().with_writer(std::io::stderr);
    let _ = tracing_subscriber::registry().with(filter).with(layer).with(console).try_init();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tracing::error!(place = ?panic.location(), "a task panicked");
        before(panic);
    }));
    guard
}

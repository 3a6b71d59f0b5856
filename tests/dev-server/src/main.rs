//! The wire over HTTP on loopback, for developing and testing the UI in a browser.
//!
//! Deliberately absent: anything that ships. The product opens no socket; the window talks to the core by IPC alone.

mod files;
mod guard;
mod server;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;

use crate::guard::Guard;
use crate::server::Server;

/// Serves the calls of the core and, where asked, the built UI.
#[derive(Parser)]
struct Args {
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Folder of the built UI.
    #[arg(long)]
    dist: Option<PathBuf>,
    /// A page from here may call too: the address of the UI's own development server.
    #[arg(long)]
    origin: Vec<String>,
    /// Calls must carry it: `Authorization: Bearer …`, or `?token=` for the event stream.
    #[arg(long)]
    token: Option<String>,
    /// Folder for settings and journal; a temporary one where none is named.
    #[arg(long)]
    profile: Option<PathBuf>,
    /// Kubeconfig files; none where none is named, so that no real cluster is touched by chance.
    #[arg(long)]
    kubeconfig: Vec<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    match serve(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "dev-server: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("127.0.0.1:{port} cannot be listened on: {source}")]
    Listen { port: u16, source: std::io::Error },
    #[error("{0}")]
    Core(#[from] wire::Fault),
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

async fn serve(args: Args) -> Result<(), StartError> {
    let host = wire::Host::start(profile(&args))?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", args.port))
        .await
        .map_err(|source| StartError::Listen { port: args.port, source })?;
    let port = listener.local_addr()?.port();
    writeln!(std::io::stdout(), "http://127.0.0.1:{port}")?;
    let guard = Guard::new(port, args.origin, args.token);
    let server = Arc::new(Server { host, guard, dist: args.dist });
    tokio::select! {
        () = server.run(listener) => Ok(()),
        done = tokio::signal::ctrl_c() => Ok(done?),
    }
}

/// Nothing of the user's own, but what the arguments name.
fn profile(args: &Args) -> wire::Profile {
    let folder = std::env::temp_dir().join(format!("netloft-dev-{}", std::process::id()));
    let mut profile = wire::Profile::in_folder(args.profile.clone().unwrap_or(folder));
    profile.sources.list.clone_from(&args.kubeconfig);
    profile
}

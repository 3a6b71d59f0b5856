//! `netloft demo serve`.

use tokio_util::sync::CancellationToken;

use crate::args::Serve;
use crate::failure::Failure;
use crate::print::line;

pub async fn run(args: &Serve) -> Result<bool, Failure> {
    let options = demo::Options { services: args.services, ..demo::Options::default() };
    let cluster = demo::Demo::start(&options).map_err(|error| Failure::NotReady(error.to_string()))?;
    let taken = |error: std::io::Error| Failure::Unreadable(format!("{} cannot be listened on: {error}", args.listen));
    let listener = tokio::net::TcpListener::bind(args.listen).await.map_err(taken)?;
    let address = listener.local_addr()?;
    if let Some(file) = &args.kubeconfig {
        std::fs::write(file, cluster.kubeconfig(address))
            .map_err(|error| Failure::Unreadable(format!("{}: {error}", file.display())))?;
    }
    line(&format!("http://{address}"))?;
    let cancel = CancellationToken::new();
    tokio::select! {
        served = cluster.serve(listener, cancel.clone()) => served?,
        stopped = tokio::signal::ctrl_c() => { stopped?; cancel.cancel(); }
    }
    Ok(true)
}

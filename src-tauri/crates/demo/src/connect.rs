//! Ways to the API: a client in this process over pipes in memory, or a listener. Both speak HTTP/1.1 with upgrades, so that
//! port-forwards work on either.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::api::Api;

/// Bytes that a pipe holds before its writer waits.
const PIPE: usize = 256 * 1024;

/// One end of a connection in memory.
pub(crate) struct Pipe(TokioIo<DuplexStream>);

impl Connection for Pipe {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Pipe {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl Write for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Answers the requests of one connection until either side ends it.
async fn converse(api: Arc<Api>, io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
    let cancel = api.cancel.clone();
    let service = service_fn(move |request| api.clone().handle(request));
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(io), service).with_upgrades();
    tokio::select! {
        ended = connection => if let Err(error) = ended { tracing::debug!(%error, "a connection broke") },
        () = cancel.cancelled() => {}
    }
}

/// A client of this API, without a port. `token` names the user.
pub(crate) fn client(api: &Arc<Api>, token: &'static str) -> kube::Client {
    let api = api.clone();
    let connector = tower::service_fn(move |_: Uri| -> BoxFuture<'static, io::Result<Pipe>> {
        let (ours, theirs) = tokio::io::duplex(PIPE);
        tokio::spawn(converse(api.clone(), theirs));
        Box::pin(std::future::ready(Ok(Pipe(TokioIo::new(ours)))))
    });
    let client: Client<_, kube::client::Body> = Client::builder(TokioExecutor::new()).build(connector);
    let service = client.map_request(move |mut request: http::Request<kube::client::Body>| {
        let path = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        if let Ok(uri) = format!("http://demo{path}").parse() {
            *request.uri_mut() = uri;
        }
        if let Ok(value) = format!("Bearer {token}").parse() {
            request.headers_mut().insert(http::header::AUTHORIZATION, value);
        }
        request
    });
    kube::Client::new(service, "default")
}

/// Serves the API on a listener until `cancel`.
pub(crate) async fn serve(api: Arc<Api>, listener: TcpListener, cancel: CancellationToken) -> io::Result<()> {
    loop {
        tokio::select! {
            () = cancel.cancelled() => return Ok(()),
            () = api.cancel.cancelled() => return Ok(()),
            accepted = listener.accept() => {
                let (socket, _) = accepted?;
                socket.set_nodelay(true)?;
                let (api, cancel) = (api.clone(), cancel.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = converse(api, socket) => {}
                        () = cancel.cancelled() => {}
                    }
                });
            }
        }
    }
}

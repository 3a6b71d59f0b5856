//! `POST /call/<name>`, `GET /watch?session=`, and files.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::channel::mpsc;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use wire::{Code, Fault, Host};

use crate::files;
use crate::guard::{Guard, query};

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// A call's arguments: the largest is a YAML document.
const LARGEST_CALL: usize = 4 << 20;

/// The server's parts.
pub struct Server {
    /// The core.
    pub host: Host,
    /// Who may call.
    pub guard: Guard,
    /// The built UI.
    pub dist: Option<PathBuf>,
}

impl Server {
    /// Answers every connection until it is dropped.
    pub async fn run(self: Arc<Self>, listener: tokio::net::TcpListener) {
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let server = self.clone();
            tokio::spawn(async move {
                let service = service_fn(|request| {
                    let server = server.clone();
                    async move { Ok::<_, Infallible>(server.answer(request).await) }
                });
                if let Err(error) =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
                {
                    tracing::debug!(%error, "a connection ended");
                }
            });
        }
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Answer {
        if let Some(because) = self.guard.refuses(request.uri(), request.headers()) {
            return text(StatusCode::FORBIDDEN, because);
        }
        let path = request.uri().path().to_owned();
        match (request.method(), path.strip_prefix("/call/")) {
            (&Method::POST, Some(name)) => self.call(name, request).await,
            (&Method::GET, None) if path == "/watch" => {
                self.watch(query(request.uri(), "session").unwrap_or_default().to_owned())
            }
            (&Method::GET, None) => self.file(&path).await,
            _ => text(StatusCode::NOT_FOUND, "no such place"),
        }
    }

    async fn call(&self, name: &str, request: Request<Incoming>) -> Answer {
        let bad = |why: String| Fault::new(Code::BadCall, format!("{name}: {why}"));
        let answered = match Limited::new(request.into_body(), LARGEST_CALL).collect().await {
            Err(error) => Err(bad(error.to_string())),
            Ok(body) => match serde_json::from_slice(&body.to_bytes()) {
                Err(error) => Err(bad(error.to_string())),
                Ok(args) => wire::dispatch(&self.host, name, args).await,
            },
        };
        match answered {
            Ok(text) => json(StatusCode::OK, text),
            Err(fault) => json(StatusCode::UNPROCESSABLE_ENTITY, serde_json::json!(fault).to_string()),
        }
    }

    /// Pulses as server-sent events; it ends with the session, or when the page goes.
    fn watch(self: Arc<Self>, session: String) -> Answer {
        let (sender, receiver) = mpsc::unbounded::<Bytes>();
        tokio::spawn(async move {
            let gone = sender.clone();
            let sink = move |pulse: wire::types::Pulse| {
                let batch = serde_json::to_string(&[pulse]).unwrap_or_default();
                sender.unbounded_send(format!("data: {batch}\n\n").into()).is_ok()
            };
            match self.host.watch(&session, sink) {
                Ok(mut watch) => watch.ended().await,
                Err(fault) => {
                    let fault = serde_json::to_string(&fault).unwrap_or_default();
                    let _ = gone.unbounded_send(format!("event: fault\ndata: {fault}\n\n").into());
                }
            }
        });
        // A comment at once: the page then knows that the stream is open.
        let opening = futures::stream::once(async { Bytes::from_static(b": open\n\n") });
        let body = StreamBody::new(opening.chain(receiver).map(|bytes| Ok(Frame::data(bytes))));
        let mut answer = Response::new(body.boxed_unsync());
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/event-stream"));
        headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
        answer
    }

    async fn file(&self, path: &str) -> Answer {
        let Some(folder) = &self.dist else { return text(StatusCode::NOT_FOUND, "started without --dist") };
        match files::read(folder, path).await {
            Some((kind, bytes)) => answer(StatusCode::OK, kind, bytes),
            None => text(StatusCode::NOT_FOUND, "no such file"),
        }
    }
}

fn answer(status: StatusCode, kind: &'static str, bytes: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(bytes).boxed_unsync());
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    answer
}

fn text(status: StatusCode, text: &'static str) -> Answer {
    answer(status, "text/plain; charset=utf-8", Bytes::from_static(text.as_bytes()))
}

fn json(status: StatusCode, text: String) -> Answer {
    answer(status, "application/json", text.into())
}

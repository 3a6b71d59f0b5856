//! Port-forwards over a websocket: two channels a port, one for data and one for errors.
//! Upstream: k8s.io/kubelet/pkg/cri/streaming/portforward/websocket.go.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Message, Role};
use tokio_util::sync::CancellationToken;

use crate::api::{Body, bytes};
use crate::ask::Ask;
use crate::inside;
use crate::refusal::Refusal;
use crate::traffic::Traffic;

/// Bytes under way in one direction of one port.
const PIPE: usize = 256 * 1024;
const PROTOCOLS: [&str; 2] = ["v4.channel.k8s.io", "portforward.k8s.io"];

/// A pod and the mesh that it is part of.
#[derive(Clone)]
pub(crate) struct Pod {
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

/// Switches protocols and carries the ports until either side ends it.
pub(crate) fn start(
    headers: &HeaderMap,
    ports: Vec<u16>,
    upgrade: Option<OnUpgrade>,
    pod: Pod,
    cancel: CancellationToken,
) -> Result<Response<Body>, Refusal> {
    if ports.is_empty() {
        return Err(Refusal::BadRequest("query parameter \"ports\" is required".into()));
    }
    upgraded(headers, &PROTOCOLS, upgrade, move |socket| async move {
        tokio::select! {
            () = carry(socket, ports, pod) => {}
            () = cancel.cancelled() => {}
        }
    })
}

/// Switches to a websocket of one of these protocols, and has it served.
pub(crate) fn upgraded<F: Future<Output = ()> + Send + 'static>(
    headers: &HeaderMap,
    protocols: &[&'static str],
    upgrade: Option<OnUpgrade>,
    serve: impl FnOnce(Socket) -> F + Send + 'static,
) -> Result<Response<Body>, Refusal> {
    let text = |name: header::HeaderName| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let asked = text(header::SEC_WEBSOCKET_PROTOCOL);
    let protocol = protocols.iter().find(|p| asked.split(',').any(|a| a.trim() == **p));
    let key = text(header::SEC_WEBSOCKET_KEY);
    let (Some(upgrade), Some(protocol), false) = (upgrade, protocol, key.is_empty()) else {
        return Err(Refusal::BadRequest(
            "unable to upgrade: a websocket with the protocol v4.channel.k8s.io is needed".into(),
        ));
    };
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        serve(WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await).await;
    });
    let mut response = Response::new(bytes(Bytes::new()));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes()));
    let accept = accept.map_err(|e| Refusal::BadRequest(e.to_string()))?;
    for (name, value) in [
        (header::CONNECTION, HeaderValue::from_static("Upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::SEC_WEBSOCKET_ACCEPT, accept),
        (header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol)),
    ] {
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

/// A connection that was switched.
pub(crate) type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

async fn carry(socket: Socket, ports: Vec<u16>, pod: Pod) {
    let (mut sink, mut stream) = socket.split();
    let (out, mut outgoing) = mpsc::channel::<Vec<u8>>(64);
    let mut pipes = HashMap::new();
    for (number, port) in ports.into_iter().enumerate() {
        let channel = u8::try_from(number * 2).unwrap_or(u8::MAX - 1);
        let [low, high] = port.to_le_bytes();
        for first in [vec![channel, low, high], vec![channel + 1, low, high]] {
            if sink.send(Message::binary(first)).await.is_err() {
                return;
            }
        }
        if !inside::listens(&pod.traffic, &pod.namespace, &pod.name, port) {
            let mut why = vec![channel + 1];
            let text = "an error occurred forwarding: failed to connect to localhost inside the pod: connect: connection refused";
            why.extend_from_slice(format!("{port}: {text}").as_bytes());
            if sink.send(Message::binary(why)).await.is_err() {
                return;
            }
            continue;
        }
        pipes.insert(channel, open(channel, port, pod.clone(), out.clone()));
    }
    drop(out);
    loop {
        tokio::select! {
            message = outgoing.recv() => {
                let Some(message) = message else { break };
                if sink.send(Message::binary(message)).await.is_err() {
                    return;
                }
            }
            incoming = stream.next() => match incoming {
                Some(Ok(Message::Binary(data))) if data.len() > 1 => {
                    if let Some(pipe) = pipes.get(&data[0])
                        && pipe.send(data.slice(1..)).await.is_err()
                    {
                        pipes.remove(&data[0]);
                    }
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
        }
    }
    if let Err(error) = sink.close().await {
        tracing::debug!(%error, "a port-forward did not end well");
    }
}

/// A connection to a port of the pod; what it says goes out on its channel.
fn open(channel: u8, port: u16, pod: Pod, out: mpsc::Sender<Vec<u8>>) -> mpsc::Sender<Bytes> {
    let (ours, theirs) = tokio::io::duplex(PIPE);
    let (mut reader, mut writer) = tokio::io::split(ours);
    let (input, mut inputs) = mpsc::channel::<Bytes>(64);
    tokio::spawn(async move {
        let service = service_fn(move |request| respond(request, pod.clone(), port));
        let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(theirs), service);
        if let Err(error) = connection.await {
            tracing::debug!(%error, port, "a forwarded connection broke");
        }
    });
    tokio::spawn(async move {
        while let Some(data) = inputs.recv().await {
            if writer.write_all(&data).await.is_err() {
                return;
            }
        }
        if let Err(error) = writer.shutdown().await {
            tracing::debug!(%error, "a forwarded connection was gone before its end");
        }
    });
    tokio::spawn(async move {
        let mut buffer = vec![0; 32 * 1024];
        while let Ok(count) = reader.read(&mut buffer).await {
            if count == 0 {
                return;
            }
            let mut message = Vec::with_capacity(count + 1);
            message.push(channel);
            message.extend_from_slice(&buffer[..count]);
            if out.send(message).await.is_err() {
                return;
            }
        }
    });
    input
}

async fn respond(request: Request<Incoming>, pod: Pod, port: u16) -> Result<Response<Body>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let ask = Ask::new(&parts, body);
    // Configurations of thousands of services take a while to write: small questions do not stand behind them.
    let answer =
        tokio::task::spawn_blocking(move || inside::handle(&pod.traffic, &pod.namespace, &pod.name, port, &ask)).await;
    Ok(answer.unwrap_or_else(|_| inside::broken()))
}

//! A program run in a pod over a websocket: `pilot-agent request GET …` or `POST …`, and nothing else. Channel 1 is what it says, 2 what it complains of,
//! 3 how it ended. Upstream: k8s.io/apimachinery/pkg/util/remotecommand.

use futures::SinkExt;
use http::{HeaderMap, Response};
use http_body_util::BodyExt;
use hyper::upgrade::OnUpgrade;
use serde_json::json;
use tokio_tungstenite::tungstenite::protocol::Message;

use crate::api::Body;
use crate::ask::Ask;
use crate::forward::{Pod, Socket, upgraded};
use crate::inside;
use crate::refusal::Refusal;

const PROTOCOLS: [&str; 2] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
const OWN_WORD: &str = "2026-11-26T11:45:30.121406Z\twarn\tOS CA Cert could not be found for agent\n";
/// Bytes of one message.
const PIECE: usize = 32 * 1024;

/// Runs it and tells what it said.
pub(crate) fn start(ask: &Ask, upgrade: Option<OnUpgrade>, pod: Pod) -> Result<Response<Body>, Refusal> {
    let asked = match ask.command.as_slice() {
        [agent, request, method, path] if agent == "pilot-agent" && request == "request" => {
            ["GET", "POST"].contains(&method.as_str()).then(|| (method.clone(), format!("/{path}")))
        }
        _ => None,
    };
    let headers = ask.headers.clone();
    upgraded(&ask.headers, &PROTOCOLS, upgrade, move |socket| tell(socket, asked, headers, pod))
}

async fn tell(mut socket: Socket, asked: Option<(String, String)>, headers: HeaderMap, pod: Pod) {
    let answer = match asked {
        Some((method, path)) => answer(&method, &path, headers, &pod).await,
        None => Err("executable file not found in $PATH".to_owned()),
    };
    let (channel, said, ended) = match answer {
        Ok(said) => (1, said, json!({"metadata": {}, "status": "Success"})),
        Err(why) => (
            2,
            why.into_bytes(),
            json!({"metadata": {}, "status": "Failure", "reason": "NonZeroExitCode", "message": "command terminated with non-zero exit code"}),
        ),
    };
    // As the genuine agent does, into its output.
    let said = if channel == 1 { [OWN_WORD.as_bytes(), &said].concat() } else { said };
    let pieces = said.chunks(PIECE).map(|piece| (channel, piece.to_vec())).chain([(3, ended.to_string().into_bytes())]);
    for (channel, piece) in pieces {
        let mut message = vec![channel];
        message.extend(piece);
        if socket.send(Message::binary(message)).await.is_err() {
            return;
        }
    }
    if let Err(error) = socket.close(None).await {
        tracing::debug!(%error, "a program did not end well");
    }
}

async fn answer(method: &str, path: &str, headers: HeaderMap, pod: &Pod) -> Result<Vec<u8>, String> {
    let request = http::Request::builder().method(method).uri(path).body(()).map_err(|error| error.to_string())?;
    let (mut parts, ()) = request.into_parts();
    parts.headers = headers;
    let inner = Ask::new(&parts, bytes::Bytes::new());
    let response = inside::handle(&pod.traffic, &pod.namespace, &pod.name, inside::ADMIN, &inner);
    let status = response.status();
    let body = response.into_body().collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
    if status.is_success() { Ok(body) } else { Err(format!("received unsuccessful status code {status}")) }
}

//! istiod over xDS: what `istioctl proxy-status` asks it (istio, istioctl/pkg/multixds/gather.go `queryEachShard`), for an istiod whose debug
//! pages are shut. One question by a port-forward, one answer, and the stream ends. A token goes to whom the mesh's authority has signed alone.

use http::uri::PathAndQuery;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost_types::Any;
use rustls::pki_types::ServerName;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::{Code, Status};
use tonic_prost::ProstCodec;
use world::said;

use crate::classify::{self, innermost};
use crate::connection::Connection;
use crate::cost::Sort;
use crate::error::{ApiError, Cause, Unreachable};
use crate::pods::{ANSWER, Bounds, late};

mod message;
mod pass;
mod silence;
#[cfg(test)]
mod tests;

pub use message::Node;
use message::{Request, Response, question};
pub(crate) use pass::Known;
use pass::{ACCOUNT, Pass};
use silence::until_silent;

/// istiod's port for xDS under TLS.
const SECURE: u16 = 15012;
/// The same in the clear. Whoever asks there is nobody, who is told something where `ENABLE_DEBUG_ENDPOINT_AUTH` is unknown or off
/// (pilot/pkg/xds/statusgen.go `handleInternalRequest`).
const PLAIN: u16 = 15010;
const METHOD: &str = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";

/// What may be asked for. The pages by name have `force_disconnect` and `cachez?clear=true` among them.
const PAGES: [&str; 3] = ["/debug/syncz", "/debug/config_dump", "/debug/push_status"];
/// What stands in place of a page that is shut (net/http, server.go `NotFound`), and of one about a proxy that another istiod has
/// (pilot/pkg/xds/debug.go `errorHandler`). Over xDS both come without their 404.
const NOT_THERE: [&[u8]; 2] = [b"404 page not found", b"Proxy not connected to this Pilot instance"];

impl Connection {
    /// What one of istiod's debug pages says, asked over xDS: of `/debug/syncz` one `envoy.service.status.v3.ClientConfig` a proxy, of others
    /// the page itself.
    ///
    /// # Errors
    /// `NotAllowed` for a path that is not on the list; `Forbidden` names the right that is missing; else as any call.
    pub async fn istiod_xds(&self, namespace: &str, pod: &str, path: &str) -> Result<Vec<Any>, ApiError> {
        let tried =
            said!("ask Pod {namespace}/{pod} for {path} over xDS", "经 xDS 向 Pod {namespace}/{pod} 询问 {path}");
        self.check(&tried, namespace, pod, path, &PAGES)?;
        let pass = self.pass(namespace, &tried).await?;
        let ask = |port, pass: Option<Pass>| async move {
            let said = self.over((namespace, pod, port), Sort::ControlPlane, |stream| {
                until_silent(stream, ANSWER, |stream| exchange(stream, pass, namespace, path))
            });
            let Bounds { whole, .. } = Bounds::MESH;
            tokio::time::timeout(whole, said).await.unwrap_or(Err(late(whole)))
        };
        let mut said = ask(SECURE, Some(pass)).await;
        match &said {
            Err(Cause::Unreachable(Unreachable::Refused)) => said = ask(PLAIN, None).await,
            Err(Cause::Refused { .. } | Cause::Untrusted(_)) => self.forget_pass(namespace),
            _ => {}
        }
        said.map_err(|cause| self.error(tried, cause))
    }
}

/// One question and its answer. Without a pass it is asked in the clear, by nobody.
async fn exchange<S>(stream: S, pass: Option<Pass>, namespace: &str, path: &str) -> Result<Vec<Any>, Cause>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let asked = question(namespace, ACCOUNT, path);
    let Some(pass) = pass else { return converse(stream, None, asked).await };
    // Every istiod's certificate has this name, with a revision or without (pilot/pkg/bootstrap/server.go `getDNSNames`).
    let name = ServerName::try_from(format!("istiod.{namespace}.svc"))
        .map_err(|error| Cause::NotAllowed { detail: error.to_string() })?;
    let secure = tokio_rustls::TlsConnector::from(pass.tls.clone()).connect(name, stream).await;
    converse(secure.map_err(|error| classify::stream(&error))?, Some(&pass.token), asked).await
}

async fn converse<S>(stream: S, token: Option<&SecretString>, asked: Request) -> Result<Vec<Any>, Cause>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let cut = |error: hyper::Error| Cause::Unreachable(Unreachable::Cut(classify::shorten(&innermost(&error))));
    let shake = hyper::client::conn::http2::Builder::new(TokioExecutor::new()).handshake(TokioIo::new(stream));
    let (sender, connection) = shake.await.map_err(cut)?;
    let service = tower::service_fn(move |request: http::Request<tonic::body::Body>| {
        let mut sender = sender.clone();
        async move { sender.send_request(request).await }
    });
    let origin = http::Uri::from_static("https://istiod");
    let grpc = tonic::client::Grpc::with_origin(service, origin).max_decoding_message_size(Bounds::MESH.largest);
    tokio::select! {
        biased;
        answer = ask(grpc, token, asked) => answer,
        ended = connection => Err(ended.map_or_else(cut, |()| nothing())),
    }
}

/// Nothing came, and nothing will.
fn nothing() -> Cause {
    Cause::Unreachable(Unreachable::Cut("it ended without an answer".into()))
}

async fn ask<T>(
    mut grpc: tonic::client::Grpc<T>,
    token: Option<&SecretString>,
    asked: Request,
) -> Result<Vec<Any>, Cause>
where
    T: tonic::client::GrpcService<tonic::body::Body>,
    T::ResponseBody: Send + 'static,
    <T::ResponseBody as hyper::body::Body>::Error: Into<tower::BoxError>,
{
    let type_url = asked.type_url.clone();
    // The question stays open: istiod hangs up on whoever has said all.
    let mut request =
        tonic::Request::new(futures::StreamExt::chain(futures::stream::iter([asked]), futures::stream::pending()));
    if let Some(token) = token {
        let bearer = format!("Bearer {}", token.expose_secret());
        let mut bearer: MetadataValue<Ascii> =
            bearer.parse().map_err(|_| Cause::Broken { detail: "the token is no text of a header".into() })?;
        bearer.set_sensitive(true);
        request.metadata_mut().insert("authorization", bearer);
    }
    let fail = |status: Status| refusal(&status, token);
    grpc.ready().await.map_err(|_| nothing())?;
    let codec = ProstCodec::<Request, Response>::default();
    let stream = grpc.streaming(request, PathAndQuery::from_static(METHOD), codec).await.map_err(fail)?;
    let answer = stream.into_inner().message().await.map_err(fail)?.ok_or_else(nothing)?;
    if answer.type_url != type_url {
        let detail =
            classify::shorten(&format!("an answer about {:?} to a question about {type_url}", answer.type_url));
        return Err(Cause::Broken { detail });
    }
    let first = answer.resources.first().map_or(&[][..], |part| &part.value);
    if NOT_THERE.iter().any(|words| first.starts_with(words)) {
        return Err(Cause::NotFound { detail: classify::shorten(&String::from_utf8_lossy(first)) });
    }
    Ok(answer.resources)
}

/// Why there is no answer. Whatever the other side says, the token is not repeated.
fn refusal(status: &Status, token: Option<&SecretString>) -> Cause {
    let said = std::error::Error::source(status).map_or_else(|| status.message().to_owned(), innermost);
    let said = token.map_or(said.clone(), |token| said.replace(token.expose_secret(), "…"));
    let detail = classify::shorten(&said);
    match status.code() {
        Code::Unauthenticated => Cause::Refused { status: 401, detail },
        Code::PermissionDenied => Cause::Refused { status: 403, detail },
        Code::NotFound | Code::Unimplemented => Cause::NotFound { detail },
        Code::ResourceExhausted | Code::Unavailable => Cause::Server { status: 503, detail },
        Code::Internal | Code::OutOfRange | Code::DataLoss => Cause::Broken { detail },
        _ => Cause::Unreachable(Unreachable::Cut(detail)),
    }
}

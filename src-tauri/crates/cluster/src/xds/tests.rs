use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use futures::StreamExt;
use http::HeaderMap;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use prost::Message;
use serde_json::{Value, json};

use super::*;
use crate::error::Untrusted;
use crate::fake::tls::Authority;

const TOKEN: &str = "a.secret.token";

/// What the other side does once it has read the question.
#[derive(Clone)]
enum Does {
    /// Answers with this and then says nothing more.
    Answers(Response),
    /// Refuses with this status and these words, as gRPC does: in what follows the body.
    Refuses(i32, String),
    /// Sends these bytes, and ends.
    Sends(Vec<u8>),
    /// Sends the head of a message that is too large, and goes on for ever.
    Endless,
}

/// What was asked, and with which authorisation.
type Asked = Arc<Mutex<Vec<(Request, String)>>>;

fn frame(message: &impl Message) -> Vec<u8> {
    let mut framed = BytesMut::new();
    framed.put_u8(0);
    framed.put_u32(message.encoded_len() as u32);
    message.encode(&mut framed).unwrap();
    framed.to_vec()
}

async fn question_of(mut body: Incoming) -> Request {
    let mut read = Vec::new();
    loop {
        if let Some(message) = read.get(5..) {
            let length = u32::from_be_bytes(read[1..5].try_into().unwrap()) as usize;
            if message.len() >= length {
                return Request::decode(&message[..length]).unwrap();
            }
        }
        read.extend_from_slice(&body.frame().await.unwrap().unwrap().into_data().unwrap());
    }
}

/// A gRPC server on a stream.
async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, does: Does, asked: Asked) {
    let service = hyper::service::service_fn(move |request: http::Request<Incoming>| {
        let (does, asked) = (does.clone(), asked.clone());
        async move {
            assert_eq!(request.uri().path(), METHOD);
            let bearer = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
            let question = question_of(request.into_body()).await;
            asked.lock().unwrap().push((question, bearer.unwrap_or_default()));
            let trailers = |code: i32, words: &str| {
                let mut trailers = HeaderMap::new();
                trailers.insert("grpc-status", code.into());
                trailers.insert("grpc-message", words.parse().unwrap());
                Frame::trailers(trailers)
            };
            let data = |bytes: Vec<u8>| Frame::data(Bytes::from(bytes));
            let (first, then) = match does {
                Does::Answers(response) => (vec![data(frame(&response))], None),
                Does::Refuses(code, words) => (vec![trailers(code, &words)], Some(false)),
                Does::Sends(bytes) => (vec![data(bytes)], Some(false)),
                Does::Endless => (vec![data([&[0_u8, 0xff, 0xff, 0xff, 0xff][..], &[0; 4096]].concat())], Some(true)),
            };
            let rest = match then {
                None => futures::stream::pending().boxed(),
                Some(false) => futures::stream::empty().boxed(),
                Some(true) => futures::stream::repeat_with(|| Bytes::from_static(&[0; 4096])).map(Frame::data).boxed(),
            };
            let body = StreamBody::new(futures::stream::iter(first).chain(rest).map(Ok::<_, Infallible>));
            Ok::<_, Infallible>(
                http::Response::builder().header("content-type", "application/grpc").body(body).unwrap(),
            )
        }
    });
    let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Asks a server that shows a certificate for this name, signed by the authority that is trusted or by another.
async fn over_tls(name: &str, trusted: bool, does: Does) -> (Result<Vec<Any>, Cause>, Vec<(Request, String)>) {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let (authority, other) = (Authority::new(), Authority::new());
    let identity = if trusted { authority.sign(name) } else { other.sign(name) };
    let asked = Asked::default();
    let acceptor = crate::fake::tls::acceptor(&identity);
    let seen = asked.clone();
    let server = tokio::spawn(async move {
        if let Ok(stream) = acceptor.accept(theirs).await {
            serve(stream, does, seen).await;
        }
    });
    let said = exchange(ours, Some(Pass::new(TOKEN, &authority.pem)), "istio-system", "/debug/syncz");
    let said = tokio::time::timeout(Duration::from_secs(5), said).await;
    server.abort();
    let asked = asked.lock().unwrap().clone();
    (said.unwrap_or(Err(Cause::Unreachable(Unreachable::Timeout(ANSWER)))), asked)
}

const NAME: &str = "istiod.istio-system.svc";

fn syncz() -> Response {
    let part = Any { type_url: "type.googleapis.com/envoy.service.status.v3.ClientConfig".into(), value: vec![1, 2] };
    Response { resources: vec![part], type_url: "istio.io/debug/syncz".into() }
}

#[tokio::test]
async fn istiod_is_told_who_asks_and_answers() {
    let (said, asked) = over_tls(NAME, true, Does::Answers(syncz())).await;
    assert_eq!(said, Ok(syncz().resources));
    let (question, bearer) = &asked[0];
    assert_eq!((question.type_url.as_str(), bearer.as_str()), ("istio.io/debug/syncz", "Bearer a.secret.token"));
    let node = question.node.as_ref().unwrap();
    assert_eq!((node.says("NAMESPACE"), node.says("SERVICE_ACCOUNT")), ("istio-system", "default"));
    assert_eq!(node.id, "sidecar~0.0.0.0~netloft.istio-system~istio-system.svc.cluster.local");
}

#[tokio::test]
async fn a_page_that_is_not_there_is_not_there_over_xds_either() {
    for words in
        ["404 page not found", "Proxy not connected to this Pilot instance. It may be connected to another instance."]
    {
        let page = Any { type_url: "istio.io/debug".into(), value: format!("{words}\n").into_bytes() };
        let (said, _) = over_tls(NAME, true, Does::Answers(Response { resources: vec![page], ..syncz() })).await;
        assert_eq!(said, Err(Cause::NotFound { detail: words.into() }));
    }
}

#[tokio::test]
async fn a_token_goes_to_nobody_but_the_meshs_own_istiod() {
    for (name, trusted, why) in
        [("istiod.other.svc", true, Untrusted::WrongHost), (NAME, false, Untrusted::UnknownAuthority)]
    {
        let (said, asked) = over_tls(name, trusted, Does::Answers(syncz())).await;
        assert_eq!((said, asked.len()), (Err(Cause::Untrusted(why)), 0), "{name}");
    }
}

#[tokio::test]
async fn in_the_clear_nobody_asks() {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let asked = Asked::default();
    tokio::spawn(serve(theirs, Does::Answers(syncz()), asked.clone()));
    assert_eq!(exchange(ours, None, "istio-system", "/debug/syncz").await, Ok(syncz().resources));
    assert_eq!(asked.lock().unwrap()[0].1, "");
}

#[tokio::test]
async fn whatever_is_refused_the_token_is_not_repeated() {
    for code in 1..=16 {
        let (said, _) = over_tls(NAME, true, Does::Refuses(code, format!("no: {TOKEN}"))).await;
        let said = said.unwrap_err();
        assert!(said.to_string().contains("no: …") && !format!("{said:?}").contains(TOKEN), "{code}: {said:?}");
    }
    let (said, _) = over_tls(NAME, true, Does::Refuses(16, "authentication failure".into())).await;
    assert_eq!(said, Err(Cause::Refused { status: 401, detail: "authentication failure".into() }));
}

#[tokio::test]
async fn no_answer_is_half_foreign_or_endless() {
    let whole = frame(&syncz());
    let foreign = Response { type_url: "type.googleapis.com/envoy.config.cluster.v3.Cluster".into(), ..syncz() };
    let lies: [(&str, Does); 6] = [
        ("half", Does::Sends(whole[..whole.len() - 1].to_vec())),
        ("none", Does::Sends(Vec::new())),
        ("no message", Does::Sends([&[0, 0, 0, 0, 2][..], &[0xff, 0xff]].concat())),
        ("no frame", Does::Sends(b"<html>".to_vec())),
        ("foreign", Does::Answers(foreign)),
        ("endless", Does::Endless),
    ];
    for (what, does) in lies {
        let (said, _) = over_tls(NAME, true, does).await;
        let said = said.unwrap_err();
        assert!(!matches!(said, Cause::Unreachable(Unreachable::Timeout(_))), "{what}: {said:?}");
    }
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    drop(theirs);
    assert!(exchange(ours, None, "istio-system", "/debug/syncz").await.is_err());
}

/// An API server that grants some rights, and counts what it is asked for.
fn api(denied: &'static str, asked: Arc<Mutex<Vec<String>>>) -> Connection {
    let pem = Authority::new().pem;
    let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
        let (asked, pem) = (asked.clone(), pem.clone());
        async move {
            let path = request.uri().path().to_owned();
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let body: Value = serde_json::from_slice(&body).unwrap_or_default();
            asked.lock().unwrap().push(path.clone());
            let (status, answer) = if path.ends_with("selfsubjectaccessreviews") {
                let part = body["spec"]["resourceAttributes"]["subresource"].as_str().unwrap();
                (200, json!({"status": {"allowed": part != denied}}))
            } else if path.ends_with("/serviceaccounts/default/token") {
                assert_eq!(body["spec"], json!({"audiences": ["istio-ca"], "expirationSeconds": 600}));
                (201, json!({"status": {"token": TOKEN}}))
            } else if path.ends_with("/configmaps/istio-ca-root-cert") {
                (200, json!({"data": {"root-cert.pem": pem}}))
            } else {
                (404, json!({"kind": "Status", "message": "no such pod", "code": 404}))
            };
            let body = kube::client::Body::from(answer.to_string().into_bytes());
            Ok::<_, Infallible>(http::Response::builder().status(status).body(body).unwrap())
        }
    });
    Connection::from_client(kube::Client::new(service, "default"), "test")
}

#[tokio::test]
async fn a_right_that_is_missing_is_named_before_anything_is_asked_for() {
    for (denied, missing, resource) in
        [("token", "create", "serviceaccounts/token"), ("portforward", "get", "pods/portforward")]
    {
        let asked = Arc::default();
        let error =
            api(denied, Arc::clone(&asked)).istiod_xds("istio-system", "istiod", "/debug/syncz").await.unwrap_err();
        let Cause::Forbidden { verb, resource: named, .. } = error.cause else { panic!("{error}") };
        assert_eq!((verb.as_str(), named.as_str()), (missing, resource));
        assert!(asked.lock().unwrap().iter().all(|path| path.ends_with("selfsubjectaccessreviews")));
    }
}

#[tokio::test]
async fn a_pass_is_asked_for_once() {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let connection = api("", asked.clone());
    for _ in 0..2 {
        let error = connection.istiod_xds("istio-system", "istiod", "/debug/syncz").await.unwrap_err();
        assert!(matches!(error.cause, Cause::NotFound { .. }) && !format!("{error:?}").contains(TOKEN), "{error:?}");
    }
    let asked = asked.lock().unwrap();
    assert_eq!(asked.iter().filter(|path| path.ends_with("/token")).count(), 1, "{asked:?}");
    assert_eq!(asked.iter().filter(|path| path.ends_with("/portforward")).count(), 2, "{asked:?}");
}

#[tokio::test]
async fn only_debug_pages_that_change_nothing_are_asked_for() {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let connection = api("", asked.clone());
    for path in ["/debug/force_disconnect?proxyID=a", "/debug/cachez?clear=true", "/debug/adsz?push=true", "/stats"] {
        let error = connection.istiod_xds("istio-system", "istiod", path).await.unwrap_err();
        assert!(matches!(error.cause, Cause::NotAllowed { .. }), "{path}: {error}");
    }
    assert!(asked.lock().unwrap().is_empty());
}

//! The way to what runs in a pod: through the API server's proxy, or a port-forward. Listed paths alone, all of them reads but one.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Empty;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use tokio::io::{AsyncRead, AsyncWrite};
use world::{Said, said};

use crate::classify;
use crate::connection::{Call, Connection, TENANT, collect, is_path_part};
use crate::cost::{Heard, Sort};
use crate::error::{ApiError, Cause, Unreachable};
use crate::rights::InPod;

/// How long it may take to reach a pod.
const CONNECT: Duration = Duration::from_secs(1);
/// How long a proxy may be silent before it answers, and in the middle of it: rendering a large configuration takes Envoy seconds.
pub(crate) const ANSWER: Duration = Duration::from_secs(10);

/// How much of an answer is read.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    /// The largest answer, in bytes.
    pub(crate) largest: usize,
    /// How long all of it may take.
    pub(crate) whole: Duration,
    /// How long it may be waited for, and for the next piece of it.
    pub(crate) silence: Duration,
}

impl Bounds {
    /// Of what is as large as a mesh: 10,000 proxies are 15 MB of syncz (1.5 KB each, Istio 1.28), 5,000 clusters 47 MB of config_dump.
    pub(crate) const MESH: Self = Self { largest: 128 << 20, whole: Duration::from_secs(60), silence: ANSWER };
    /// Of the same, of a proxy that nobody has opened.
    pub(crate) const GLANCE: Self = Self { largest: 48 << 20, ..Self::ONE };
    /// Of everything else.
    pub(crate) const ONE: Self = Self { largest: 16 << 20, whole: ANSWER, silence: ANSWER };

    /// Of the answer to a path and its query.
    pub(crate) fn of(path: &str) -> Self {
        match path.split_once('?').map_or(path, |(bare, _)| bare) {
            "/clusters" | "/config_dump" | "/debug/config_dump" | "/debug/connections" | "/debug/endpointz"
            | "/debug/registryz" | "/debug/syncz" => Self::MESH,
            _ => Self::ONE,
        }
    }
}

/// What is asked for over a port-forward.
pub(crate) struct Asked<'a> {
    /// The path, with its query.
    pub(crate) path: &'a str,
    /// Whose data is meant where somebody keeps several tenants'; else empty.
    pub(crate) tenant: &'a str,
    /// How much is read of the answer.
    pub(crate) bounds: Bounds,
}

/// What may be read. Envoy and istiod have `/quitquitquit`, `/logging` and more on the same ports, one request away.
pub(crate) const READ_ONLY: [&str; 18] = [
    "/certs",
    "/clusters",
    "/config_dump",
    "/listeners",
    "/memory",
    "/ready",
    "/healthz/ready",
    "/server_info",
    "/stats",
    "/stats/prometheus",
    "/metrics",
    "/debug/connections",
    "/debug/syncz",
    "/debug/registryz",
    "/debug/config_dump",
    "/debug/push_status",
    "/debug/endpointz",
    "/version",
];

/// Head and body of an answer.
pub(crate) type Whole = (http::response::Parts, Bytes);

/// The stream of a port-forward.
pub(crate) type Forwarded = Box<dyn Stream>;

/// What one can read from and write to.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// What may be changed of a proxy: what it writes to its log, until it ends or is told otherwise.
pub(crate) const LOGGING: &str = "/logging";

impl Connection {
    /// GET of a pod's port by the API server's proxy (`pods/proxy`).
    ///
    /// # Errors
    /// `NotAllowed` for a path that is not on the list; else as any call.
    pub async fn pod_proxy_get(&self, namespace: &str, pod: &str, port: u16, path: &str) -> Result<Bytes, ApiError> {
        let tried = said!(
            "GET {path} of port {port} of Pod {namespace}/{pod} by proxy",
            "经 API 服务器的代理从 Pod {namespace}/{pod} 的端口 {port} GET {path}"
        );
        self.check(&tried, namespace, pod, path, &READ_ONLY)?;
        let url = format!("/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy{path}");
        let Bounds { largest, whole, .. } = Bounds::of(path);
        let call = Call { accept: "*/*", limit: whole, largest, ..Call::get(tried, url) };
        Ok(self.send(&call).await?.body)
    }

    /// GET of a pod's port by a port-forward, which also reaches what listens on the pod's loopback alone.
    ///
    /// # Errors
    /// `NotAllowed` for a path that is not on the list; else as any call.
    pub async fn pod_forward_get(&self, namespace: &str, pod: &str, port: u16, path: &str) -> Result<Bytes, ApiError> {
        let place = (namespace, pod, port);
        let tried = by_forward(&http::Method::GET, path, place);
        self.check(&tried, namespace, pod, path, &READ_ONLY)?;
        self.forwarded(tried, place, http::Method::GET, (path, Bounds::of(path))).await
    }

    pub(crate) async fn forwarded(
        &self,
        tried: Said,
        (namespace, pod, port): (&str, &str, u16),
        method: http::Method,
        (path, bounds): (&str, Bounds),
    ) -> Result<Bytes, ApiError> {
        let asked = Asked { path, tenant: "", bounds };
        let (head, body) = self.forwarded_whole(tried.clone(), (namespace, pod, port), method, asked).await?;
        if head.status.is_success() {
            return Ok(body);
        }
        Err(self.error(tried, classify::answer(head.status, &head.headers, &body)))
    }

    /// The same, with an answer of any status.
    pub(crate) async fn forwarded_whole(
        &self,
        tried: Said,
        (namespace, pod, port): (&str, &str, u16),
        method: http::Method,
        asked: Asked<'_>,
    ) -> Result<Whole, ApiError> {
        let limit = asked.bounds.whole;
        let whole = self.over((namespace, pod, port), Sort::of(asked.path), |stream| ask(stream, method, asked));
        let answer = tokio::time::timeout(limit, whole).await;
        answer.unwrap_or(Err(late(limit))).map_err(|cause| self.error(tried, cause))
    }

    /// Says something over a port-forward to a pod; one that fails says why.
    pub(crate) async fn over<T, F: Future<Output = Result<T, Cause>>>(
        &self,
        (namespace, pod, port): (&str, &str, u16),
        sort: Sort,
        say: impl FnOnce(Forwarded) -> F,
    ) -> Result<T, Cause> {
        self.may_in(InPod::Forward, namespace, pod).await?;
        let question = self.meter.question(sort);
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        // The API server and the kubelet shake hands too: the pod itself gets its one second once a stream is there.
        let mut forwarded = tokio::time::timeout(CONNECT * 5, pods.portforward(pod, &[port]))
            .await
            .map_err(|_| late(CONNECT * 5))?
            .map_err(|error| self.failed_in(InPod::Forward, (namespace, pod), &error))?;
        let stream = forwarded.take_stream(port);
        let error = forwarded.take_error(port);
        let stream = stream.ok_or_else(|| cut("the port-forward gave no stream"))?;
        let answer = tokio::select! {
            answer = say(Box::new(Heard::new(stream, question))) => answer,
            Some(said) = async { match error { Some(error) => error.await, None => std::future::pending().await } } => {
                Err(failed(&said))
            }
        };
        forwarded.abort();
        answer
    }

    pub(crate) fn check(
        &self,
        tried: &Said,
        namespace: &str,
        pod: &str,
        path: &str,
        allowed: &[&str],
    ) -> Result<(), ApiError> {
        let refuse = |detail: String| Err(self.error(tried, Cause::NotAllowed { detail }));
        if !is_path_part(namespace) || !is_path_part(pod) {
            return refuse("not the name of a pod".into());
        }
        let (bare, query) = path.split_once('?').unwrap_or((path, ""));
        if !allowed.contains(&bare) || !query.bytes().all(|b| b.is_ascii_graphic() && b != b'#') {
            return refuse(format!("{bare} is not among the paths that may be asked for"));
        }
        Ok(())
    }
}

/// What is tried, in words.
pub(crate) fn by_forward(method: &http::Method, path: &str, (namespace, pod, port): (&str, &str, u16)) -> Said {
    said!(
        "{method} {path} of port {port} of Pod {namespace}/{pod} by port-forward",
        "经 port-forward 向 Pod {namespace}/{pod} 的端口 {port} {method} {path}"
    )
}

pub(crate) fn late(limit: Duration) -> Cause {
    Cause::Unreachable(Unreachable::Timeout(limit))
}

fn cut(text: &str) -> Cause {
    Cause::Unreachable(Unreachable::Cut(classify::shorten(text)))
}

/// Why a port-forward failed, as the kubelet says it: `… dial tcp4 127.0.0.1:15014: connect: connection refused`.
fn failed(said: &str) -> Cause {
    if said.contains("connection refused") { Cause::Unreachable(Unreachable::Refused) } else { cut(said) }
}

async fn ask(stream: Forwarded, method: http::Method, asked: Asked<'_>) -> Result<Whole, Cause> {
    let Asked { path, tenant, bounds } = asked;
    let broken = |error: hyper::Error| cut(&error.to_string());
    let shake = hyper::client::conn::http1::handshake(TokioIo::new(stream));
    let (mut sender, connection) =
        tokio::time::timeout(CONNECT, shake).await.map_err(|_| late(CONNECT))?.map_err(broken)?;
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(http::header::HOST, "localhost")
        .header(http::header::CONNECTION, "close");
    if !tenant.is_empty() {
        request = request.header(TENANT, tenant);
    }
    let request =
        request.body(Empty::<Bytes>::new()).map_err(|error| Cause::NotAllowed { detail: error.to_string() })?;
    let talk = async {
        let response = sender.send_request(request);
        let Bounds { largest, silence, .. } = bounds;
        let response = tokio::time::timeout(silence, response).await.map_err(|_| late(silence))?.map_err(broken)?;
        let (head, body) = response.into_parts();
        Ok((head, collect(body, largest, silence).await?))
    };
    let mut talk = std::pin::pin!(talk);
    tokio::select! {
        answer = &mut talk => answer,
        ended = connection => match ended {
            // The other side closed after it had answered: what was read is in the channel.
            Ok(()) => talk.await,
            Err(error) => Err(broken(error)),
        },
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tower::service_fn;

    use super::*;

    #[tokio::test]
    async fn only_listed_paths_are_asked_for() {
        let nobody = service_fn(|_: Request<kube::client::Body>| async {
            Err::<http::Response<kube::client::Body>, _>(std::io::Error::other("a request was sent"))
        });
        let connection = Connection::from_client(kube::Client::new(nobody, "default"), "test");
        let table = [
            ("shop", "a", "/quitquitquit"),
            ("shop", "a", "/logging?level=debug"),
            ("shop", "a", "/stats/../quitquitquit"),
            ("shop", "a", "/stats#x"),
            ("shop", "a", "/stats?x=1 HTTP/1.1\r\nX: y"),
            ("shop", "../a", "/stats"),
            ("shop/pods/b", "a", "/stats"),
            ("shop", "", "/stats"),
        ];
        for (namespace, pod, path) in table {
            for error in [
                connection.pod_proxy_get(namespace, pod, 15000, path).await.unwrap_err(),
                connection.pod_forward_get(namespace, pod, 15000, path).await.unwrap_err(),
            ] {
                assert!(matches!(error.cause, Cause::NotAllowed { .. }), "{path}: {error}");
            }
        }
        for path in ["/quitquitquit", "/logging/../quitquitquit", "/stats", "/logging?paths=a:b HTTP/1.1"] {
            let error = connection.admin_logging("shop", "a", path).await.unwrap_err();
            assert!(matches!(error.cause, Cause::NotAllowed { .. }), "{path}: {error}");
        }
        let sent = connection.pod_proxy_get("shop", "a", 15020, "/stats/prometheus?usedonly").await.unwrap_err();
        assert!(matches!(sent.cause, Cause::Unreachable(_)), "{sent}");
    }

    const SILENCE: Duration = Duration::from_millis(300);

    /// A pod whose one answer is sent in pieces of a megabyte; after so many of them it says nothing more.
    async fn sends(path: &str, pieces: usize) -> Result<usize, Cause> {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let server = tokio::spawn(async move {
            let (mut read, mut write) = tokio::io::split(theirs);
            let mut head = [0; 1024];
            let _ = tokio::io::AsyncReadExt::read(&mut read, &mut head).await?;
            let said = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 40 << 20);
            write.write_all(said.as_bytes()).await?;
            for _ in 0..pieces {
                write.write_all(&vec![b'x'; 1 << 20]).await?;
            }
            std::future::pending::<std::io::Result<()>>().await
        });
        let asked = Asked { path, tenant: "", bounds: Bounds { silence: SILENCE, ..Bounds::of(path) } };
        let answer = ask(Box::new(ours), http::Method::GET, asked).await;
        server.abort();
        answer.map(|(_, body)| body.len())
    }

    #[tokio::test]
    async fn what_is_as_large_as_a_mesh_is_read_and_nothing_else_is() {
        assert_eq!(sends("/debug/syncz", 40).await, Ok(40 << 20));
        assert_eq!(sends("/config_dump?include_eds", 40).await, Ok(40 << 20));
        let larger = Cause::Broken { detail: "the answer is larger than 16 MiB".into() };
        assert_eq!(sends("/stats/prometheus?usedonly", 40).await, Err(larger));
        assert_eq!(sends("/debug/syncz", 39).await, Err(late(SILENCE)), "half an answer");
        assert_eq!(sends("/debug/syncz", 0).await, Err(late(SILENCE)), "none");
    }
}

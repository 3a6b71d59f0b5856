//! The way to what keeps metrics: a Service behind the API server's proxy, a pod of it by a port-forward, or an address of its own.
//! Questions alone, and its errors in its own words.

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use world::{Said, said};

use crate::classify;
use crate::connection::{Call, Connection, is_path_part};
use crate::error::{ApiError, Cause};
use crate::pods::{ANSWER, Asked, Bounds, Whole};

/// What may be asked. The same port has `/-/quit`, `/-/reload` and the deletion of series.
const QUESTIONS: [&str; 3] = ["/api/v1/query", "/api/v1/query_range", "/api/v1/status/buildinfo"];
/// Where a cluster of VictoriaMetrics answers them (docs.victoriametrics.com/cluster-victoriametrics, "URL format").
/// Mimir keeps them under its `-http.prometheus-http-prefix` (grafana.com/docs/mimir, "HTTP API").
const PREFIXES: [&str; 3] = ["", "/select/0/prometheus", "/prometheus"];
/// Largest answer: a day of a thousand series each minute.
const LARGEST: usize = 64 << 20;

/// What a backend answered, whatever it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// HTTP status.
    pub status: u16,
    /// The whole body.
    pub body: Bytes,
}

impl Connection {
    /// GET of a Service's port by the API server's proxy (`services/proxy`): a path, and whose data is meant where it keeps several tenants'.
    ///
    /// # Errors
    /// `NotAllowed` for a path that is not on the list; else where the API server did not pass the question on.
    pub async fn service_proxy_get(
        &self,
        namespace: &str,
        service: &str,
        port: u16,
        (path, tenant): (&str, &str),
    ) -> Result<Told, ApiError> {
        let tried = said!(
            "ask port {port} of Service {namespace}/{service} by proxy",
            "经 API 服务器的代理询问 Service {namespace}/{service} 的端口 {port}"
        );
        self.check_question(&tried, namespace, service, path)?;
        let url = format!("/api/v1/namespaces/{namespace}/services/{service}:{port}/proxy{path}");
        let call = question(tried, url, tenant);
        let answer = self.send_any(&call).await?;
        self.told(call.tried, answer)
    }

    /// GET of a pod's port by a port-forward (`pods/portforward`).
    ///
    /// # Errors
    /// `NotAllowed` for a path that is not on the list; else where the pod could not be reached.
    pub async fn backend_forward_get(
        &self,
        namespace: &str,
        pod: &str,
        port: u16,
        (path, tenant): (&str, &str),
    ) -> Result<Told, ApiError> {
        let tried = said!(
            "ask port {port} of Pod {namespace}/{pod} by port-forward",
            "经 port-forward 询问 Pod {namespace}/{pod} 的端口 {port}"
        );
        self.check_question(&tried, namespace, pod, path)?;
        let asked = Asked { path, tenant, bounds: Bounds { largest: LARGEST, ..Bounds::ONE } };
        let answer = self.forwarded_whole(tried.clone(), (namespace, pod, port), Method::GET, asked).await?;
        self.told(tried, answer)
    }

    /// GET of a server that is no API server but what this connection leads to.
    ///
    /// # Errors
    /// `NotAllowed` for a path that is not on the list; else where it could not be reached.
    pub async fn backend_get(&self, path: &str, tenant: &str) -> Result<Told, ApiError> {
        let tried = said!("ask it", "询问");
        self.check_question(&tried, "-", "-", path)?;
        let call = question(tried, path.to_owned(), tenant);
        let answer = self.send_any(&call).await?;
        self.told(call.tried, answer)
    }

    fn check_question(&self, tried: &Said, namespace: &str, name: &str, path: &str) -> Result<(), ApiError> {
        let refuse = |detail: String| Err(self.error(tried, Cause::NotAllowed { detail }));
        if !is_path_part(namespace) || !is_path_part(name) {
            return refuse("not a name".into());
        }
        let (bare, query) = path.split_once('?').unwrap_or((path, ""));
        let is_question =
            PREFIXES.iter().filter_map(|prefix| bare.strip_prefix(prefix)).any(|rest| QUESTIONS.contains(&rest));
        if !is_question || !query.bytes().all(|b| b.is_ascii_graphic() && b != b'#') {
            return refuse(format!("{bare} is not among the questions that may be asked"));
        }
        Ok(())
    }

    /// What the API server itself says in its own form never came from behind it.
    fn told(&self, tried: Said, (head, body): Whole) -> Result<Told, ApiError> {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Kind {
            kind: String,
        }
        let is_status = || serde_json::from_slice::<Kind>(&body).is_ok_and(|read| read.kind == "Status");
        if !head.status.is_success() && is_status() {
            return Err(self.error(tried, classify::answer(head.status, &head.headers, &body)));
        }
        Ok(Told { status: head.status.as_u16(), body })
    }
}

fn question(tried: Said, path: String, tenant: &str) -> Call {
    Call { limit: ANSWER, largest: LARGEST, tenant: tenant.to_owned(), ..Call::get(tried, path) }
}

#[cfg(test)]
mod tests {
    use http::{Request, Response};
    use kube::client::Body;
    use tower::service_fn;

    use super::*;

    fn answering(status: u16, text: &'static str) -> Connection {
        let server = service_fn(move |_: Request<Body>| async move {
            Ok::<_, std::io::Error>(
                Response::builder().status(status).body(Body::from(text.as_bytes().to_vec())).unwrap(),
            )
        });
        Connection::from_client(kube::Client::new(server, "default"), "test")
    }

    #[tokio::test]
    async fn questions_alone_are_asked() {
        let connection = answering(200, "{}");
        for (namespace, name, path) in [
            ("a", "b", "/-/quit"),
            ("a", "b", "/api/v1/admin/tsdb/delete_series?match[]=up"),
            ("a", "b", "/api/v1/query/../admin"),
            ("a", "b", "/api/v1/query?query=up#x"),
            ("a", "b", "/api/v1/query?query=up HTTP/1.1"),
            ("a", "../b", "/api/v1/query"),
            ("", "b", "/api/v1/query"),
        ] {
            let error = connection.service_proxy_get(namespace, name, 9090, (path, "")).await.unwrap_err();
            assert!(matches!(error.cause, Cause::NotAllowed { .. }), "{path}: {error}");
        }
        let asked = connection.service_proxy_get("a", "b", 9090, ("/api/v1/query?query=up", "")).await;
        assert_eq!(asked.unwrap().status, 200);
        for prefix in ["/select/0/prometheus", "/prometheus"] {
            assert!(connection.backend_get(&format!("{prefix}/api/v1/query?query=up"), "").await.is_ok());
        }
    }

    #[tokio::test]
    async fn whose_error_it_is() {
        let its = answering(400, r#"{"status":"error","errorType":"bad_data","error":"no"}"#);
        assert_eq!(its.service_proxy_get("a", "b", 9090, ("/api/v1/query", "")).await.unwrap().status, 400);
        let servers = answering(503, r#"{"kind":"Status","code":503,"message":"no endpoints available"}"#);
        let error = servers.service_proxy_get("a", "b", 9090, ("/api/v1/query", "")).await.unwrap_err();
        assert!(error.to_string().contains("no endpoints available"), "{error}");
        // What an address of its own says is never an API server's.
        assert_eq!(answering(404, "404 page not found").backend_get("/api/v1/query", "").await.unwrap().status, 404);
    }

    #[tokio::test]
    async fn whose_data_is_meant() {
        let server = service_fn(|request: Request<Body>| async move {
            let status = if request.headers().get("x-scope-orgid").is_some_and(|of| of == "shop") { 200 } else { 401 };
            Ok::<_, std::io::Error>(Response::builder().status(status).body(Body::empty()).unwrap())
        });
        let connection = Connection::from_client(kube::Client::new(server, "default"), "test");
        for (tenant, status) in [("shop", 200), ("", 401)] {
            assert_eq!(connection.backend_get("/api/v1/query", tenant).await.unwrap().status, status);
            let by_proxy = connection.service_proxy_get("a", "b", 80, ("/api/v1/query", tenant)).await.unwrap();
            assert_eq!(by_proxy.status, status);
        }
    }
}

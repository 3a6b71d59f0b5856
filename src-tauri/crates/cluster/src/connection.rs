//! One open way to an API server: every request of ours goes through here, with a deadline and a bound.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde::de::DeserializeOwned;
use serde_json::Value;
use world::{ObjectKey, Said, said};

use crate::cost::{Cost, Heard, Meter, Sort};
use crate::error::{ApiError, Cause, Unreachable};
use crate::rights::Rights;
use crate::{Apis, classify};

/// How long a call may take from the first byte out to the last byte in.
pub(crate) const CALL_LIMIT: Duration = Duration::from_secs(30);
/// Largest answer that is read whole: a page of 500 objects at etcd's limit of 1.5 MiB would be more, real ones are 3 MB.
const LARGEST: usize = 256 << 20;

/// An open cluster. Clones share everything.
#[derive(Clone)]
pub struct Connection {
    pub(crate) client: Client,
    name: Arc<str>,
    apis: Arc<RwLock<Option<Arc<Apis>>>>,
    pub(crate) rights: Arc<Rights>,
    pub(crate) xds: Arc<crate::xds::Known>,
    pub(crate) meter: Arc<Meter>,
}

/// How Mimir, Cortex and Loki are told whose data is meant (grafana.com/docs/mimir, "Authentication and authorization").
pub(crate) const TENANT: &str = "x-scope-orgid";

/// A request that has not been sent.
pub(crate) struct Call {
    /// In words, for errors.
    pub(crate) tried: Said,
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) body: Option<(&'static str, Vec<u8>)>,
    pub(crate) accept: &'static str,
    pub(crate) limit: Duration,
    pub(crate) largest: usize,
    /// Whose data is asked for, of a server that keeps several tenants' apart; empty for none.
    pub(crate) tenant: String,
    /// No compression: a server may compress each event of a watch by itself, which no decoder here reads.
    pub(crate) identity: bool,
}

impl Call {
    pub(crate) fn get(tried: impl Into<Said>, path: impl Into<String>) -> Self {
        Self {
            tried: tried.into(),
            method: Method::GET,
            path: path.into(),
            body: None,
            accept: "application/json",
            limit: CALL_LIMIT,
            largest: LARGEST,
            tenant: String::new(),
            identity: false,
        }
    }
}

/// An answer with success.
pub(crate) struct Reply {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Connection {
    /// A connection over any client: a demo's, or one of a test.
    pub fn from_client(client: Client, name: impl AsRef<str>) -> Self {
        let name = Arc::from(name.as_ref());
        Self { client, name, apis: Arc::default(), rights: Arc::default(), xds: Arc::default(), meter: Arc::default() }
    }

    /// The context's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was asked over it, and what that cost the other side.
    pub fn cost(&self) -> Cost {
        self.meter.cost()
    }

    pub(crate) fn error(&self, tried: impl Into<Said>, cause: Cause) -> ApiError {
        ApiError { tried: tried.into(), on: self.name.clone(), cause }
    }

    /// Sends a request and waits for the head of the answer; a head without success is read as an error.
    pub(crate) async fn open(&self, call: &Call) -> Result<http::Response<Heard<Body>>, ApiError> {
        let fail = |cause| self.error(&call.tried, cause);
        let response = self.answer(call).await?;
        if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
            return Ok(response);
        }
        let (head, body) = response.into_parts();
        let text = tokio::time::timeout(call.limit, collect(body, 1 << 20, call.limit)).await;
        let text = text.ok().and_then(Result::ok).unwrap_or_default();
        Err(fail(classify::answer(head.status, &head.headers, &text)))
    }

    /// Sends a request and waits for the head of the answer, whatever its status.
    async fn answer(&self, call: &Call) -> Result<http::Response<Heard<Body>>, ApiError> {
        let fail = |cause| self.error(&call.tried, cause);
        let mut request = Request::builder().method(&call.method).uri(&call.path).header(header::ACCEPT, call.accept);
        if !call.tenant.is_empty() {
            request = request.header(TENANT, &call.tenant);
        }
        if let Some((kind, _)) = &call.body {
            request = request.header(header::CONTENT_TYPE, *kind);
        }
        if call.identity {
            request = request.header(header::ACCEPT_ENCODING, "identity");
        }
        let body = call.body.as_ref().map_or_else(Vec::new, |(_, bytes)| bytes.clone());
        let request = request
            .body(Body::from(body))
            .map_err(|error| fail(Cause::NotAllowed { detail: format!("not a path: {error}") }))?;
        let question = self.meter.question(Sort::of(&call.path));
        let response = tokio::time::timeout(call.limit, self.client.send(request))
            .await
            .map_err(|_| fail(Cause::Unreachable(Unreachable::Timeout(call.limit))))?
            .map_err(|error| fail(classify::transport(&error)))?;
        Ok(response.map(|body| Heard::new(body, question)))
    }

    /// Sends a request and reads the whole answer, whatever its status.
    pub(crate) async fn send_any(&self, call: &Call) -> Result<(http::response::Parts, Bytes), ApiError> {
        let whole = async {
            let (head, body) = self.answer(call).await?.into_parts();
            let body = collect(body, call.largest, call.limit).await.map_err(|cause| self.error(&call.tried, cause))?;
            Ok((head, body))
        };
        tokio::time::timeout(call.limit, whole)
            .await
            .unwrap_or_else(|_| Err(self.error(&call.tried, Cause::Unreachable(Unreachable::Timeout(call.limit)))))
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(&self, call: &Call) -> Result<Reply, ApiError> {
        let whole = async {
            let (head, body) = self.open(call).await?.into_parts();
            let body = collect(body, call.largest, call.limit).await.map_err(|cause| self.error(&call.tried, cause))?;
            Ok(Reply { headers: head.headers, body })
        };
        tokio::time::timeout(call.limit, whole)
            .await
            .unwrap_or_else(|_| Err(self.error(&call.tried, Cause::Unreachable(Unreachable::Timeout(call.limit)))))
    }

    /// The same, read as JSON.
    pub(crate) async fn json<T: DeserializeOwned>(&self, call: &Call) -> Result<T, ApiError> {
        let reply = self.send(call).await?;
        self.decode(call, &reply.body)
    }

    pub(crate) fn decode<T: DeserializeOwned>(&self, call: &Call, body: &[u8]) -> Result<T, ApiError> {
        serde_json::from_slice(body).map_err(|error| {
            let detail = format!("not the JSON that was expected: {error}");
            self.error(&call.tried, Cause::Broken { detail: classify::shorten(&detail) })
        })
    }

    /// A read-only GET of any path of the API server, e.g. `/version`.
    ///
    /// # Errors
    /// As any call.
    pub async fn raw_get(&self, path: &str) -> Result<Bytes, ApiError> {
        Ok(self.send(&Call::get(format!("GET {path}"), path)).await?.body)
    }

    /// An object as it is on the server now, whole.
    ///
    /// # Errors
    /// As any call; `NotServed` where there is no such kind.
    pub async fn get(&self, key: &ObjectKey) -> Result<Value, ApiError> {
        let tried = said!("read {key}", "读取 {key}");
        let path = self.path_of(key, &tried).await?;
        self.json(&Call::get(tried, path)).await
    }

    /// All objects of a kind, whole, in one namespace or (`None`) all. For kinds with few objects; the rest is followed.
    ///
    /// # Errors
    /// As any call; `NotServed` where there is no such kind.
    pub async fn list(&self, group: &str, kind: &str, namespace: Option<&str>) -> Result<Vec<Value>, ApiError> {
        #[derive(serde::Deserialize)]
        struct List {
            #[serde(default)]
            items: Vec<Value>,
        }
        let tried = said!("list {kind}", "列出 {kind}");
        let apis = self.apis_known().await?;
        let Some(api) = apis.find(group, kind) else {
            return Err(self.error(tried, Cause::NotServed { group: group.into(), kind: kind.into() }));
        };
        let mut list: List = self.json(&Call::get(tried, api.collection(namespace.unwrap_or_default()))).await?;
        // A genuine server's items name neither; who reads one asks for both.
        for item in list.items.iter_mut().filter_map(Value::as_object_mut) {
            item.insert("apiVersion".into(), api.api_version().into());
            item.insert("kind".into(), kind.into());
        }
        Ok(list.items)
    }

    /// What is served, as last asked; asks where it was never.
    pub(crate) async fn apis_known(&self) -> Result<Arc<Apis>, ApiError> {
        let known = self.apis.read().ok().and_then(|apis| apis.clone());
        match known {
            Some(apis) => Ok(apis),
            None => self.apis().await,
        }
    }

    pub(crate) fn learn(&self, apis: Apis) -> Arc<Apis> {
        let apis = Arc::new(apis);
        if let Ok(mut known) = self.apis.write() {
            *known = Some(apis.clone());
        }
        apis
    }

    /// The path of an object. Asks anew what is served where the kind is not known yet.
    pub(crate) async fn path_of(&self, key: &ObjectKey, tried: &Said) -> Result<String, ApiError> {
        let not_served = || Cause::NotServed { group: key.group.clone(), kind: key.kind.clone() };
        let known = self.apis_known().await?;
        let apis = if known.find(&key.group, &key.kind).is_some() { known } else { self.apis().await? };
        let api = apis.find(&key.group, &key.kind).ok_or_else(|| self.error(tried, not_served()))?;
        if !is_path_part(&key.name) || (api.namespaced && !is_path_part(&key.namespace)) {
            return Err(self.error(tried, Cause::NotAllowed { detail: format!("'{key}' is not a name") }));
        }
        Ok(format!("{}/{}", api.collection(&key.namespace), key.name))
    }
}

/// All of a body, of which each piece comes within a time.
pub(crate) async fn collect<B>(mut body: B, largest: usize, pause: Duration) -> Result<Bytes, Cause>
where
    B: hyper::body::Body<Data = Bytes, Error: std::fmt::Display> + Unpin,
{
    let mut whole = BytesMut::new();
    loop {
        let frame = tokio::time::timeout(pause, body.frame()).await;
        let Some(frame) = frame.map_err(|_| Cause::Unreachable(Unreachable::Timeout(pause)))? else { break };
        let frame =
            frame.map_err(|error| Cause::Unreachable(Unreachable::Cut(classify::shorten(&error.to_string()))))?;
        if let Some(data) = frame.data_ref() {
            if whole.len() + data.len() > largest {
                return Err(Cause::Broken { detail: format!("the answer is larger than {} MiB", largest >> 20) });
            }
            whole.extend_from_slice(data);
        }
    }
    Ok(whole.freeze())
}

/// A name that is one segment of a path and nothing else. Kubernetes allows more than DNS names (`system:node`).
pub(crate) fn is_path_part(text: &str) -> bool {
    !text.is_empty()
        && text != "."
        && text != ".."
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:".contains(&b))
}

/// A text as the value of a query.
pub fn escape(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

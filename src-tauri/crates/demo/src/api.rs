//! The API as a service: from an HTTP request to the part of this crate that answers it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::upgrade::OnUpgrade;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::access;
use crate::ask::{Ask, Target, target};
use crate::discovery;
use crate::exec;
use crate::form::{self, Form};
use crate::forward;
use crate::kinds::Kinds;
use crate::reach;
use crate::refusal::{Cause, Refusal};
use crate::review;
use crate::selector::Selector;
use crate::store::{Store, Stored};
use crate::traffic::Traffic;
use crate::usage;
use crate::watching::{Start, Watch};

/// The body of an answer.
pub(crate) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Longest watch, as by default on the genuine server: between this and twice it.
const WATCH: Duration = Duration::from_secs(1800);

/// All that requests are answered from.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) kinds: Kinds,
    pub(crate) store: Arc<Store>,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) cancel: CancellationToken,
}

pub(crate) fn bytes(body: impl Into<Bytes>) -> Body {
    Full::new(body.into()).boxed_unsync()
}

/// An answer of this kind of content.
pub(crate) fn answer(status: StatusCode, content: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(bytes(body));
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content));
    response
}

pub(crate) fn json(status: StatusCode, body: &Value) -> Response<Body> {
    answer(status, "application/json", body.to_string())
}

/// A refusal as the server words it: paths that are no resource get plain text.
pub(crate) fn refused(refusal: &Refusal) -> Response<Body> {
    match refusal {
        Refusal::NoSuchPath => answer(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "404 page not found\n"),
        other => json(other.code(), &other.status()),
    }
}

impl Api {
    /// Answers one request.
    pub(crate) async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let (mut parts, body) = request.into_parts();
        let upgrade = parts.extensions.remove::<OnUpgrade>();
        let body = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => return Ok(refused(&Refusal::BadRequest(error.to_string()))),
        };
        let ask = Ask::new(&parts, body);
        let answered = self.answer(&ask, upgrade).unwrap_or_else(|refusal| refused(&refusal));
        tracing::trace!(method = %ask.method, path = ask.path, status = answered.status().as_u16(), "answered");
        Ok(answered)
    }

    fn answer(&self, ask: &Ask, upgrade: Option<OnUpgrade>) -> Result<Response<Body>, Refusal> {
        if let Some(found) = self.about_itself(ask) {
            return found.map(|body| {
                // kubectl takes an answer for aggregated only where the content type says so.
                let aggregated = body["kind"] == "APIGroupDiscoveryList";
                let content = if aggregated { discovery::AGGREGATED } else { "application/json" };
                answer(StatusCode::OK, content, body.to_string())
            });
        }
        if ask.path.starts_with("/apis/metrics.k8s.io/v1beta1/") {
            let selector = Selector::parse(ask.option("labelSelector"), ask.option("fieldSelector"))?;
            let found = usage::answer(&self.traffic.state(), &ask.path, &selector);
            return found.map(|body| json(StatusCode::OK, &body)).ok_or(Refusal::NoSuchPath);
        }
        if let Some(reviewed) = review::answer(ask) {
            return reviewed.map(|body| json(StatusCode::CREATED, &body));
        }
        let target = target(&self.kinds, &ask.path)?;
        review::authorize(ask, &target)?;
        match (&ask.method, &target.name, target.subresource.as_deref()) {
            (&Method::GET, None, None) if ask.flag("watch") => self.watch(ask, target),
            (&Method::GET, None, None) => self.list(ask, &target),
            (&Method::GET, Some(name), None | Some("status")) => {
                let stored = self.get(&target, name)?;
                let text = form::object(&stored, &target.kind, &target.version, Form::of(&ask.headers));
                Ok(answer(StatusCode::OK, "application/json", text))
            }
            (&Method::POST | &Method::PUT | &Method::PATCH | &Method::DELETE, _, None | Some("status")) => {
                let written = self.write(ask, &target)?;
                let mut response = answer(written.status, "application/json", written.body);
                for warning in &written.warnings {
                    let text = format!("299 - {}", Value::from(warning.as_str()));
                    if let Ok(value) = HeaderValue::from_str(&text) {
                        response.headers_mut().append(http::header::WARNING, value);
                    }
                }
                Ok(response)
            }
            (&Method::GET, Some(name), Some("log")) => {
                self.get(&target, name)?;
                let namespace = target.namespace.clone().unwrap_or_default();
                let written = reach::log(&self.traffic, &namespace, name, ask);
                if !ask.flag("follow") {
                    return Ok(answer(StatusCode::OK, "text/plain", written.0));
                }
                let names = (namespace, name.clone());
                let stamped = ask.flag("timestamps");
                let lines = access::follow(self.traffic.clone(), names, written, stamped, self.cancel.clone());
                let mut response = Response::new(BodyExt::boxed_unsync(StreamBody::new(lines)));
                response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
                Ok(response)
            }
            (_, Some(name), Some("portforward")) => {
                self.get(&target, name)?;
                let ports = ask.option("ports").split(',').filter_map(|p| p.parse().ok()).collect();
                let namespace = target.namespace.clone().unwrap_or_default();
                let pod = forward::Pod { traffic: self.traffic.clone(), namespace, name: name.clone() };
                forward::start(&ask.headers, ports, upgrade, pod, self.cancel.clone())
            }
            (_, Some(name), Some("exec")) => {
                self.get(&target, name)?;
                let namespace = target.namespace.clone().unwrap_or_default();
                let pod = forward::Pod { traffic: self.traffic.clone(), namespace, name: name.clone() };
                exec::start(ask, upgrade, pod)
            }
            (_, Some(name), Some("proxy")) => reach::proxy(self, &target, name, ask),
            _ => Err(Refusal::MethodNotAllowed),
        }
    }

    /// Versions, groups, resources and schemas.
    fn about_itself(&self, ask: &Ask) -> Option<Result<Value, Refusal>> {
        let parts: Vec<&str> = ask.path.trim_matches('/').split('/').collect();
        let accept = ask.headers.get(http::header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let aggregated = accept.contains("as=APIGroupDiscoveryList");
        let or_none = |found: Option<Value>| Some(found.ok_or(Refusal::NoSuchPath));
        match parts.as_slice() {
            ["version"] => Some(Ok(discovery::version())),
            ["healthz" | "livez" | "readyz"] => Some(Ok("ok".into())),
            ["api"] if aggregated => Some(Ok(discovery::aggregated(&self.kinds, true))),
            ["apis"] if aggregated => Some(Ok(discovery::aggregated(&self.kinds, false))),
            ["api"] => Some(Ok(discovery::core_versions())),
            ["apis"] => Some(Ok(discovery::group_list(&self.kinds))),
            ["api", version] => or_none(discovery::resources(&self.kinds, "", version)),
            ["apis", group] => or_none(discovery::group(&self.kinds, group)),
            ["apis", group, version] => or_none(discovery::resources(&self.kinds, group, version)),
            ["openapi", "v3"] => Some(Ok(discovery::openapi_index(&self.kinds))),
            ["openapi", "v3", "api", version] => or_none(discovery::openapi(&self.kinds, "", version)),
            ["openapi", "v3", "apis", group, version] => or_none(discovery::openapi(&self.kinds, group, version)),
            _ => None,
        }
    }

    pub(crate) fn get(&self, target: &Target, name: &str) -> Result<Arc<Stored>, Refusal> {
        let namespace = target.namespace.as_deref().unwrap_or_default();
        self.store.get(&target.kind, namespace, name).ok_or_else(|| Refusal::not_found(&target.kind, name))
    }

    fn selector(ask: &Ask, target: &Target) -> Result<Selector, Refusal> {
        let selector = Selector::parse(ask.option("labelSelector"), ask.option("fieldSelector"))?;
        selector.fits(&target.kind.plural)?;
        Ok(selector)
    }

    fn list(&self, ask: &Ask, target: &Target) -> Result<Response<Body>, Refusal> {
        let selector = Self::selector(ask, target)?;
        let current = self.store.revision();
        if let Some(asked) = revision(ask.option("resourceVersion"))?.filter(|asked| *asked > current) {
            return Err(Refusal::TooLarge { asked, current });
        }
        let limit = ask.option("limit").parse().ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
        let token = Some(ask.option("continue")).filter(|t| !t.is_empty()).map(Token::read).transpose()?;
        if let Some(token) = &token
            && self.store.since(&target.kind, token.revision).is_err()
        {
            return Err(Refusal::Expired(
                "The provided continue parameter is too old to display a consistent list result. You can start a new list \
                 without the continue parameter."
                    .into(),
            ));
        }
        let wanted = |o: &Stored| {
            selector.matches(&o.labels, (&o.names.0, &o.names.1), || o.body(&target.kind, &target.version))
        };
        let after = token.as_ref().map(|t| &t.after);
        let (objects, left, revision) =
            self.store.list(&target.kind, target.namespace.as_deref(), after, limit, wanted);
        let revision = token.as_ref().map_or(revision, |t| t.revision);
        let next = objects.last().filter(|_| left > 0).map(|last| {
            let token = Token { revision, after: last.names.clone() };
            (token.write(), left)
        });
        let next = next.map(|(token, left)| (token, selector.is_all().then_some(left)));
        let page = form::Page { objects: &objects, revision, next };
        let text = form::list(&page, &target.kind, &target.version, Form::of(&ask.headers));
        Ok(answer(StatusCode::OK, "application/json", text))
    }

    fn watch(&self, ask: &Ask, target: Target) -> Result<Response<Body>, Refusal> {
        let selector = Self::selector(ask, &target)?;
        let initial = ask.flag("sendInitialEvents");
        if initial && ask.option("resourceVersionMatch") != "NotOlderThan" {
            let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            return Err(Refusal::options("ListOptions", Cause::forbidden("resourceVersionMatch", why)));
        }
        let asked = revision(ask.option("resourceVersion"))?;
        let bookmarks = ask.flag("allowWatchBookmarks");
        let start = match asked {
            _ if initial => Start::Now { mark_end: bookmarks },
            None | Some(0) => Start::Now { mark_end: false },
            Some(revision) => Start::After(revision),
        };
        let seconds = ask.option("timeoutSeconds").parse().ok().filter(|s| *s > 0).map(Duration::from_secs);
        let watch = Watch {
            store: self.store.clone(),
            kind: target.kind,
            version: target.version,
            namespace: target.namespace,
            selector,
            form: Form::of(&ask.headers),
            bookmarks,
            timeout: seconds.unwrap_or(WATCH),
            cancel: self.cancel.clone(),
        };
        let frames = watch.stream(start)?.map(|piece| Ok(Frame::data(piece)));
        let mut response = Response::new(BodyExt::boxed_unsync(StreamBody::new(frames)));
        response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(response)
    }
}

fn revision(text: &str) -> Result<Option<u64>, Refusal> {
    if text.is_empty() {
        return Ok(None);
    }
    let parsed = text.parse().map(Some);
    parsed.map_err(|_| {
        let why =
            format!("resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax");
        Refusal::Internal(why)
    })
}

/// Where the next page starts.
struct Token {
    revision: u64,
    after: (String, String),
}

impl Token {
    fn write(&self) -> String {
        let (namespace, name) = &self.after;
        format!("{}.{namespace}.{name}", self.revision)
    }

    /// A namespace holds no dot, a name may.
    fn read(text: &str) -> Result<Self, Refusal> {
        let mut parts = text.splitn(3, '.');
        let mut next = || parts.next().map(str::to_owned);
        match (next().and_then(|r| r.parse().ok()), next(), next()) {
            (Some(revision), Some(namespace), Some(name)) => Ok(Self { revision, after: (namespace, name) }),
            _ => Err(Refusal::BadRequest("invalid continue token: continue key is not valid".into())),
        }
    }
}

//! A small API server on loopback for tests: one kind, scripted faults.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use http::{Request, Response, StatusCode};
use http_body_util::StreamBody;
use hyper::body::{Frame, Incoming};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

pub(crate) mod proxy;
pub(crate) mod tls;

use crate::Connection;

/// What goes wrong with the next request of a sort (`list`, `watch`, `stream`, `version`, `discovery`).
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Answers with this status, header and body.
    Status(u16, Option<(&'static str, &'static str)>, String),
    /// Never answers.
    Silent,
    /// Answers, sends this, and breaks the connection.
    Send(Vec<u8>),
    /// Sends these bytes as a watch, then goes on as usual.
    First(Vec<u8>),
    /// Answers, and then a byte now and then for ever.
    Drip,
    /// Opens a watch as usual and says nothing on it, ever: its connection has died without a word.
    Mute,
}

#[derive(Default)]
pub(crate) struct State {
    objects: BTreeMap<String, (u64, Value)>,
    log: Vec<(u64, &'static str, Value)>,
    version: u64,
    /// Versions before this are no longer kept.
    pub(crate) oldest: u64,
    pub(crate) streams: bool,
    pub(crate) ends_streams: bool,
    pub(crate) served: bool,
    /// Answers nothing at all, and says nothing on open watches.
    pub(crate) dead: bool,
    pub(crate) faults: VecDeque<(&'static str, Fault)>,
    pub(crate) requests: Vec<(&'static str, Instant, String)>,
    /// `Authorization` and `Impersonate-User` as they came.
    pub(crate) tokens: Vec<String>,
    pub(crate) impersonated: Vec<String>,
}

#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
    changed: Arc<watch::Sender<()>>,
}

type Body = StreamBody<BoxStream<'static, Result<Frame<Bytes>, std::io::Error>>>;

fn body(chunks: Vec<Result<Bytes, std::io::Error>>) -> Body {
    StreamBody::new(stream::iter(chunks).map(|chunk| chunk.map(Frame::data)).boxed())
}

impl Fake {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = State { streams: true, ends_streams: true, served: true, ..State::default() };
        let fake = Self { url, state: Arc::new(Mutex::new(state)), changed: Arc::new(watch::Sender::new(())) };
        let served = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let fake = served.clone();
                tokio::spawn(async move {
                    let service = hyper::service::service_fn(move |request| fake.clone().answer(request));
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        fake
    }

    pub(crate) fn connection(&self) -> Connection {
        let mut config = kube::Config::new(self.url.parse().unwrap());
        config.default_retry = false;
        Connection::from_client(kube::Client::try_from(config).unwrap(), "fake")
    }

    pub(crate) fn set<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.state.lock().unwrap());
        self.changed.send_replace(());
        changed
    }

    pub(crate) fn fail(&self, sort: &'static str, fault: Fault) {
        self.set(|state| state.faults.push_back((sort, fault)));
    }

    pub(crate) fn put(&self, name: &str, value: u64) {
        self.set(|state| {
            state.version += 1;
            let version = state.version;
            let object = json!({"apiVersion": "test.io/v1", "kind": "Thing", "spec": {"value": value},
                "metadata": {"namespace": "shop", "name": name, "uid": name, "resourceVersion": version.to_string()}});
            let known = state.objects.insert(name.into(), (version, object.clone())).is_some();
            state.log.push((version, if known { "MODIFIED" } else { "ADDED" }, object));
        });
    }

    pub(crate) fn delete(&self, name: &str) {
        self.set(|state| {
            state.version += 1;
            let (_, mut object) = state.objects.remove(name).unwrap();
            object["metadata"]["resourceVersion"] = json!(state.version.to_string());
            state.log.push((state.version, "DELETED", object));
        });
    }

    /// Events of before are forgotten: who watches from there gets a 410.
    pub(crate) fn compact(&self) {
        self.set(|state| {
            state.version += 1;
            state.oldest = state.version;
            state.log.clear();
        });
    }

    pub(crate) fn count(&self, sort: &str) -> usize {
        self.set(|state| state.requests.iter().filter(|(s, ..)| *s == sort).count())
    }

    async fn alive(&self) {
        let mut changed = self.changed.subscribe();
        while self.state.lock().unwrap().dead {
            let _ = changed.changed().await;
        }
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let path = request.uri().path().to_owned();
        let query = request.uri().query().unwrap_or_default().to_owned();
        let sort = match path.as_str() {
            "/version" => "version",
            "/api" | "/apis" => "discovery",
            _ if query.contains("sendInitialEvents") => "stream",
            _ if query.contains("watch=1") => "watch",
            _ => "list",
        };
        let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        self.set(|state| {
            state.requests.push((sort, Instant::now(), query.clone()));
            state.tokens.extend(header("authorization"));
            state.impersonated.extend(header("impersonate-user"));
        });
        self.alive().await;
        let fault = self.set(|state| {
            let at = state.faults.iter().position(|(s, _)| *s == sort)?;
            state.faults.remove(at).map(|(_, fault)| fault)
        });
        let mut first = Vec::new();
        match fault {
            Some(Fault::Status(code, header, text)) => {
                let mut response = Response::builder().status(code);
                if let Some((name, value)) = header {
                    response = response.header(name, value);
                }
                return Ok(response.body(body(vec![Ok(text.into())])).unwrap());
            }
            Some(Fault::Silent) => std::future::pending().await,
            Some(Fault::Send(bytes)) => {
                return Ok(Response::new(body(vec![Ok(bytes.into()), Err(std::io::Error::other("cut"))])));
            }
            Some(Fault::First(bytes)) => first = bytes,
            Some(Fault::Drip) => {
                let drops = stream::unfold((), |()| async {
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                    Some((Ok(Frame::data(Bytes::from_static(b" "))), ()))
                });
                return Ok(Response::new(StreamBody::new(drops.boxed())));
            }
            Some(Fault::Mute) => return Ok(Response::new(StreamBody::new(stream::pending().boxed()))),
            None => {}
        }
        Ok(match sort {
            "version" => Response::new(body(vec![Ok(r#"{"gitVersion":"v1.36.3"}"#.into())])),
            "discovery" => self.discovery(&path),
            "list" => self.list(&query),
            _ => self.watch(&query, first),
        })
    }

    fn discovery(&self, path: &str) -> Response<Body> {
        let thing = json!({"metadata": {"name": "test.io"}, "versions": [{"version": "v1", "resources": [
            {"resource": "things", "responseKind": {"group": "test.io", "version": "v1", "kind": "Thing"}, "scope": "Namespaced", "verbs": ["list", "watch"]}]}]});
        let items = if path == "/apis" && self.state.lock().unwrap().served { vec![thing] } else { vec![] };
        let text = json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": items})
            .to_string();
        Response::new(body(vec![Ok(text.into())]))
    }

    fn list(&self, query: &str) -> Response<Body> {
        let state = self.state.lock().unwrap();
        let of =
            |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).map(str::to_owned);
        if !state.served {
            return status(404, "the server could not find the requested resource");
        }
        let limit: usize = of("limit").map_or(usize::MAX, |limit| limit.parse().unwrap());
        let after = of("continue").unwrap_or_default();
        let mut rest = state.objects.iter().filter(|(name, _)| name.as_str() > after.as_str());
        let page: Vec<_> = rest.by_ref().take(limit).collect();
        let next = rest.next().and(page.last()).map(|(name, _)| (*name).clone()).unwrap_or_default();
        // As the genuine server: items of a list name neither version nor kind.
        let bare = |object: &Value| {
            let mut object = object.clone();
            object.as_object_mut().unwrap().retain(|field, _| field != "apiVersion" && field != "kind");
            object
        };
        let items: Vec<_> = page.iter().map(|(_, (_, object))| bare(object)).collect();
        let list = json!({"kind": "ThingList", "apiVersion": "test.io/v1", "items": items,
            "metadata": {"resourceVersion": state.version.to_string(), "continue": next}});
        Response::new(body(vec![Ok(list.to_string().into())]))
    }

    fn watch(&self, query: &str, first: Vec<u8>) -> Response<Body> {
        let mut opening = first;
        let from = {
            let state = self.state.lock().unwrap();
            if !state.served {
                return status(404, "the server could not find the requested resource");
            }
            if query.contains("sendInitialEvents") {
                if !state.streams {
                    return status(422, "sendInitialEvents is forbidden");
                }
                for (_, object) in state.objects.values() {
                    opening.extend(line("ADDED", object));
                }
                if state.ends_streams {
                    opening.extend(line(
                        "BOOKMARK",
                        &json!({"metadata": {"resourceVersion": state.version.to_string(),
                        "annotations": {"k8s.io/initial-events-end": "true"}}}),
                    ));
                }
                state.version
            } else {
                let from = query.split("resourceVersion=").nth(1).unwrap().parse::<u64>().unwrap();
                if from < state.oldest {
                    opening.extend(line(
                        "ERROR",
                        &json!({"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}),
                    ));
                    return Response::new(body(vec![Ok(opening.into())]));
                }
                from
            }
        };
        let changed = self.changed.subscribe();
        let rest = stream::unfold((self.clone(), from, changed), |(fake, mut from, mut changed)| async move {
            loop {
                fake.alive().await;
                changed.mark_unchanged();
                let news = fake.state.lock().unwrap().log.iter().find(|(version, ..)| *version > from).cloned();
                if let Some((version, sort, object)) = news {
                    from = version;
                    return Some((Ok(Frame::data(Bytes::from(line(sort, &object)))), (fake, from, changed)));
                }
                let _ = changed.changed().await;
            }
        });
        Response::new(StreamBody::new(stream::iter([Ok(Frame::data(Bytes::from(opening)))]).chain(rest).boxed()))
    }
}

pub(crate) fn line(sort: &str, object: &Value) -> Vec<u8> {
    format!("{}\n", json!({"type": sort, "object": object})).into_bytes()
}

fn status(code: u16, message: &str) -> Response<Body> {
    let text = json!({"kind": "Status", "status": "Failure", "code": code, "message": message}).to_string();
    Response::builder().status(StatusCode::from_u16(code).unwrap()).body(body(vec![Ok(text.into())])).unwrap()
}

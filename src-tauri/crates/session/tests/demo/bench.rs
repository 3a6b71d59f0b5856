//! A demo, a session over some client of it, and clients that fail.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use cluster::Connection;
use demo::{Demo, Options};
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::Value;
use session::live::Link;
use session::write::review::Plan;
use session::{Card, Opening, Records, Session};
use tower::{BoxError, Service};
use world::ObjectKey;
use world::yaml::{self, Edit};

/// Long enough for a busy machine; every wait is for a condition.
pub const LIMIT: Duration = Duration::from_secs(60);

/// A demo, a profile folder and a session over some client of the demo.
pub struct Bench {
    pub folder: tempfile::TempDir,
    pub demo: Arc<Demo>,
    pub session: Arc<Session>,
    pub records: Records,
}

/// A fresh demo and a session over it.
pub async fn bench(client: impl FnOnce(&Demo) -> kube::Client) -> Bench {
    bench_of(&Options::default(), client).await
}

/// The same with a demo of one's own choice.
pub async fn bench_of(options: &Options, client: impl FnOnce(&Demo) -> kube::Client) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(options).unwrap();
    let records = Records::open(folder.path()).unwrap();
    let session = over(records.clone(), client(&demo)).await;
    let mut live = session.live();
    tokio::time::timeout(LIMIT, live.wait_for(|live| live.link == Link::Live)).await.expect("the first lists").unwrap();
    Bench { folder, demo, session, records }
}

/// A session over a client; nothing is waited for.
pub async fn open(folder: &Path, client: kube::Client) -> Arc<Session> {
    over(Records::open(folder).unwrap(), client).await
}

async fn over(records: Records, client: kube::Client) -> Arc<Session> {
    let connection = Connection::from_client(client, "demo");
    let probed = connection.probe().await.unwrap();
    let card = Card {
        id: "demo".into(),
        name: "demo".into(),
        demo: true,
        production: false,
        server: String::new(),
        user: String::new(),
        namespace: String::new(),
        file: Default::default(),
        current: false,
        needs_consent: None,
        session: None,
    };
    let opening = Opening {
        id: "s1".into(),
        card,
        connection,
        probed,
        engine: Arc::new(meshes::engine()),
        records,
        patience: Duration::from_secs(1),
    };
    Arc::new(Session::open(opening))
}

/// The route or rule of reviews.
pub fn reviews(kind: &str) -> ObjectKey {
    ObjectKey::new("networking.istio.io", kind, "prod", "reviews")
}

impl Bench {
    pub fn admin(&self) -> Connection {
        Connection::from_client(self.demo.client(), "demo")
    }

    /// The whole object as it is now, without what every write changes: its version and generation.
    pub async fn object(&self, kind: &str) -> Value {
        let mut object = self.admin().get(&reviews(kind)).await.unwrap();
        let metadata = object["metadata"].as_object_mut().unwrap();
        for name in ["resourceVersion", "generation"] {
            metadata.shift_remove(name);
        }
        object
    }

    pub async fn put(&self, kind: &str, edits: &[(&str, Value)]) {
        let whole = self.session.document(&reviews(kind)).await.unwrap();
        let edits: Vec<Edit> = edits.iter().map(|(pointer, value)| Edit::set(pointer, value.clone())).collect();
        let text = yaml::edit(&whole.yaml, &edits).unwrap();
        self.session.draft_put(&text, &whole.resource_version).await.unwrap();
    }

    pub async fn move_weight(&self, v1: u32) {
        let weights = [("/spec/http/1/route/0/weight", v1.into()), ("/spec/http/1/route/1/weight", (100 - v1).into())];
        self.put("VirtualService", &weights).await;
    }

    pub async fn edit_both(&self) {
        self.move_weight(80).await;
        self.put("DestinationRule", &[("/spec/trafficPolicy/outlierDetection/consecutive5xxErrors", 7.into())]).await;
    }

    pub async fn review(&self) -> Arc<Plan> {
        self.session.review().await.unwrap()
    }
}

/// The managers whose fields a plan takes.
pub fn owners(plan: &Plan) -> Vec<String> {
    plan.steps.iter().flat_map(|step| &step.conflicts).map(|conflict| conflict.manager.clone()).collect()
}

/// A server that fails at the n-th real write, in front of a demo.
#[derive(Clone)]
pub struct Dying {
    inner: kube::Client,
    writes: Arc<AtomicUsize>,
    unanswered: Arc<AtomicUsize>,
    at: usize,
    how: Death,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Death {
    /// It dies before it hears the write, and is back for the next question.
    Before,
    /// It dies after it has stored the write, and is back for the next question.
    After,
    /// It refuses the write.
    Refuses,
    /// It refuses the write, and every one after it.
    Denies,
    /// It dies before it hears the write, and stays dead.
    ForGood,
    /// It dies before it hears the write, and is back after it was asked a few times more.
    ForAMoment,
}

impl Service<Request<Body>> for Dying {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let real =
                request.method() == Method::PATCH && !request.uri().query().unwrap_or_default().contains("dryRun");
            let count =
                if real { this.writes.fetch_add(1, Ordering::SeqCst) + 1 } else { this.writes.load(Ordering::SeqCst) };
            let now = real && count == this.at;
            let cut = || BoxError::from(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
            match this.how {
                Death::Before if now => Err(cut()),
                Death::ForGood if now || (count >= this.at && this.at > 0) => Err(cut()),
                Death::ForAMoment if now || this.writes.load(Ordering::SeqCst) >= this.at && this.silent() => {
                    Err(cut())
                }
                Death::Refuses | Death::Denies if now || this.how == Death::Denies && real && count > this.at => {
                    let status = serde_json::json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 403, "reason": "Forbidden", "message": "admission webhook \"policy\" denied the request"});
                    Ok(Response::builder().status(403).body(Body::from(status.to_string().into_bytes()))?)
                }
                Death::After if now => {
                    this.inner.send(request).await?;
                    Err(cut())
                }
                _ => Ok(this.inner.send(request).await?),
            }
        })
    }
}

impl Dying {
    /// One of the few questions to which a server that is down gives no answer.
    fn silent(&self) -> bool {
        self.unanswered.fetch_add(1, Ordering::SeqCst) < 3
    }
}

/// A bench whose server dies at this write.
pub async fn dying(at: usize, how: Death) -> Bench {
    bench(|demo| {
        let inner = demo.client();
        kube::Client::new(Dying { inner, writes: Arc::default(), unanswered: Arc::default(), at, how }, "default")
    })
    .await
}

/// A gate in front of a demo: it can be shut, keep kinds to itself, and hide a whole API group.
#[derive(Clone)]
pub struct Gate {
    inner: kube::Client,
    /// Answered to everything while it is not 0.
    pub shut: Arc<AtomicU16>,
    /// Plural of a kind that may not be read.
    forbids: &'static str,
    /// An API group that is not served.
    hides: &'static str,
}

impl Gate {
    /// In front of this demo.
    pub fn of(demo: &Demo, forbids: &'static str, hides: &'static str) -> Self {
        Self { inner: demo.client(), shut: Arc::default(), forbids, hides }
    }

    /// As a client.
    pub fn client(&self) -> kube::Client {
        kube::Client::new(self.clone(), "default")
    }

    fn refuses(&self, path: &str) -> Option<(u16, String)> {
        let is_kind = |part: &str| !self.forbids.is_empty() && part == self.forbids;
        match self.shut.load(Ordering::SeqCst) {
            0 if path.split('/').any(is_kind) => {
                let said = format!(
                    "{0}.x is forbidden: User \"eve\" cannot list resource \"{0}\" in API group \"networking.istio.io\" at the cluster scope",
                    self.forbids
                );
                Some((403, said))
            }
            0 if !self.hides.is_empty() && path.contains(&format!("/{}/", self.hides)) => {
                Some((404, "the server could not find the requested resource".into()))
            }
            0 => None,
            code => Some((code, "Unauthorized".into())),
        }
    }
}

impl Service<Request<Body>> for Gate {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let path = request.uri().path().to_owned();
            if let Some((code, message)) = this.refuses(&path) {
                let status = serde_json::json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": message});
                return Ok(Response::builder().status(code).body(Body::from(status.to_string().into_bytes()))?);
            }
            let response = this.inner.send(request).await?;
            if path != "/apis" || this.hides.is_empty() {
                return Ok(response);
            }
            let (head, body) = response.into_parts();
            let mut groups: Value = serde_json::from_slice(&body.collect().await?.to_bytes())?;
            let items = groups["items"].as_array_mut().unwrap();
            items.retain(|group| group["metadata"]["name"] != this.hides);
            Ok(Response::from_parts(head, Body::from(groups.to_string().into_bytes())))
        })
    }
}

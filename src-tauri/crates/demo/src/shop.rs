//! The shop: who there is, who calls whom how often, and which of its proxies are ill.

/// A workload of the shop, with its service and its account.
#[derive(Debug)]
pub(crate) struct Workload {
    pub(crate) namespace: &'static str,
    /// Name of its service and account; the Deployment's is this and its version.
    pub(crate) app: &'static str,
    pub(crate) version: &'static str,
    pub(crate) replicas: u32,
    pub(crate) port: u16,
    /// Typical time that it takes for an answer, in milliseconds.
    pub(crate) latency_ms: f64,
    /// Share of its own answers that fail with 500.
    pub(crate) errors: f64,
    pub(crate) proxy: Proxy,
    /// It speaks a protocol that proxies do not read.
    pub(crate) bytes: bool,
    pub(crate) calls: &'static [Call],
}

/// How the proxy of a workload does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proxy {
    /// There is none.
    None,
    /// It takes what it is sent.
    Well,
    /// It refuses its listeners, because of an EnvoyFilter.
    Broken,
    /// It no longer answers istiod.
    Stale,
    /// It holds the configuration of the whole cluster and much more.
    Oversized,
    /// It has too little CPU.
    Starved,
    /// It is of a release that no longer goes with the control plane's.
    Skewed,
    /// It was killed for memory, and came back.
    Killed,
    /// Its certificate ends soon, and nobody renewed it.
    Expiring,
    /// It trusts other roots than the rest of the mesh.
    Strayed,
    /// No istiod knows it.
    Lost,
    /// Its container does not become ready.
    Unready,
    /// Its pod waits for an image that is not there.
    Waiting,
    /// Its certificate has ended.
    Ended,
    /// It uses nearly all of the memory that it may.
    Tight,
    /// It asks for far more memory than it uses.
    Reserved,
    /// A webhook keeps its pods from being made.
    KeptOut(Kept),
    /// There is none: that of its node stands for it.
    Ambient,
    /// The same, and a waypoint stands before its service.
    Fronted,
    /// It is Linkerd's.
    Linkerd,
}

/// How a webhook keeps pods out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It says no.
    Denied,
    /// It cannot be asked.
    Failed,
    /// Its certificate is not trusted.
    Untrusted,
}

/// A call that a workload makes.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: &'static str,
    pub(crate) url: &'static str,
    pub(crate) headers: &'static [(&'static str, &'static str)],
    pub(crate) pace: Pace,
    /// A connection over which go bytes; the method has no meaning.
    pub(crate) bytes: bool,
}

/// How often a call is made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// So many a second, by itself.
    PerSecond(f64),
    /// So many for each request that the workload answers.
    PerRequest(f64),
}

use Pace::{PerRequest, PerSecond};

const fn get(url: &'static str, pace: Pace) -> Call {
    Call { method: "GET", url, headers: &[], pace, bytes: false }
}

const fn post(url: &'static str, pace: Pace) -> Call {
    Call { method: "POST", url, headers: &[], pace, bytes: false }
}

const fn connect(url: &'static str, pace: Pace) -> Call {
    Call { method: "GET", url, headers: &[], pace, bytes: true }
}

const fn workload(
    (namespace, app, version): (&'static str, &'static str, &'static str),
    replicas: u32,
    latency_ms: f64,
    calls: &'static [Call],
) -> Workload {
    let (port, errors, proxy) = (8080, 0.0, Proxy::Well);
    Workload { namespace, app, version, replicas, port, latency_ms, errors, proxy, bytes: false, calls }
}

impl Workload {
    const fn with(mut self, proxy: Proxy) -> Self {
        self.proxy = proxy;
        self
    }

    const fn on(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    const fn of_bytes(mut self) -> Self {
        self.bytes = true;
        self
    }

    const fn failing(mut self, errors: f64) -> Self {
        self.errors = errors;
        self
    }
}

/// Namespace and name of the Deployment and of the Service of the gateway.
pub(crate) const GATEWAY: (&str, &str) = ("istio-system", "istio-ingressgateway");

/// What people outside ask for by the gateway.
pub(crate) static VISITS: &[Call] =
    &[get("http://shop.example.com/", PerSecond(1.0)), get("http://shop.example.com/reviews/42", PerSecond(2.0))];

/// Everybody. Two versions of an app share its service.
pub(crate) static WORKLOADS: &[Workload] = &[
    workload(
        ("prod", "shoppers", "v1"),
        1,
        1.0,
        &[
            get("http://storefront:8080/", PerSecond(24.0)),
            get("http://storefront:8080/product/42", PerSecond(16.0)),
            post("http://checkout:8080/checkout", PerSecond(4.0)),
        ],
    ),
    workload(
        ("prod", "storefront", "v1"),
        2,
        6.0,
        &[
            get("http://catalog:8080/products", PerRequest(1.0)),
            get("http://catalog:8080/search?q=tea", PerRequest(0.3)),
            get("http://reviews:9080/reviews/42", PerRequest(0.6)),
            Call {
                method: "GET",
                url: "http://reviews:9080/reviews/42",
                headers: &[("end-user", "jason")],
                pace: PerRequest(0.05),
                bytes: false,
            },
            get("http://recommendations:8080/for/42", PerRequest(0.4)),
            get("http://users:8080/me", PerRequest(0.5)),
            get("http://cart:8080/cart", PerRequest(0.5)),
            get("http://tiers.loyalty:8080/tier", PerRequest(0.1)),
        ],
    ),
    workload(("prod", "catalog", "v1"), 2, 4.0, &[get("http://inventory:8080/stock", PerRequest(0.4))]),
    workload(("prod", "catalog", "v2"), 1, 5.0, &[get("http://inventory:8080/stock", PerRequest(0.4))]),
    workload(("prod", "reviews", "v1"), 1, 5.0, &[]).on(9080),
    workload(("prod", "reviews", "v2"), 1, 9.0, &[get("http://ratings:9080/ratings/42", PerRequest(1.0))]).on(9080),
    workload(("prod", "reviews", "v3"), 1, 11.0, &[get("http://ratings:9080/ratings/42", PerRequest(1.0))]).on(9080),
    workload(("prod", "ratings", "v1"), 1, 3.0, &[]).on(9080),
    workload(("prod", "cart", "v1"), 1, 3.0, &[]),
    workload(
        ("prod", "checkout", "v1"),
        2,
        18.0,
        &[
            get("http://cart:8080/cart", PerRequest(1.0)),
            post("http://payments:8080/charge", PerRequest(1.0)),
            post("http://orders:8080/orders", PerRequest(0.95)),
        ],
    ),
    workload(("prod", "payments", "v1"), 2, 35.0, &[connect("http://ledger:5432/", PerRequest(0.5))]).failing(0.01),
    workload(("prod", "ledger", "v1"), 1, 2.0, &[]).on(5432).of_bytes(),
    workload(
        ("prod", "orders", "v1"),
        1,
        12.0,
        &[
            post("http://inventory:8080/reserve", PerRequest(1.0)),
            post("http://email:8080/send", PerRequest(1.0)),
            post("http://erp.legacy:8080/import", PerRequest(0.5)),
        ],
    ),
    workload(("prod", "inventory", "v1"), 1, 4.0, &[]).with(Proxy::Oversized),
    workload(("prod", "users", "v1"), 1, 3.0, &[]).with(Proxy::Stale),
    workload(("prod", "recommendations", "v1"), 1, 40.0, &[get("http://catalog:8080/products", PerRequest(0.5))])
        .with(Proxy::Starved),
    workload(("prod", "email", "v1"), 1, 60.0, &[]).with(Proxy::Broken).failing(0.02),
    workload(
        ("dev", "tester", "v1"),
        1,
        1.0,
        &[get("http://storefront:8080/", PerSecond(3.0)), post("http://checkout:8080/checkout", PerSecond(0.5))],
    ),
    workload(
        ("dev", "storefront", "v2"),
        1,
        7.0,
        &[
            get("http://catalog:8080/products", PerRequest(1.0)),
            get("http://reviews:9080/reviews/42", PerRequest(0.6)),
            get("http://users.prod:8080/me", PerRequest(0.2)),
        ],
    )
    .with(Proxy::Skewed),
    workload(("dev", "catalog", "v2"), 1, 5.0, &[]).with(Proxy::Killed),
    workload(("dev", "reviews", "v1"), 1, 6.0, &[]).on(9080).with(Proxy::Expiring),
    workload(("dev", "reviews", "v2"), 1, 9.0, &[]).on(9080).with(Proxy::Lost),
    workload(("dev", "checkout", "v1"), 1, 20.0, &[post("http://payments:8080/charge", PerRequest(1.0))]),
    workload(("dev", "payments", "v1"), 1, 30.0, &[]).with(Proxy::Strayed),
    workload(("staging", "catalog", "v1"), 1, 5.0, &[]).with(Proxy::Unready),
    workload(("staging", "email", "v1"), 1, 60.0, &[]).with(Proxy::Waiting),
    workload(("staging", "cart", "v1"), 1, 3.0, &[]).with(Proxy::Ended),
    workload(("staging", "users", "v1"), 1, 3.0, &[]).with(Proxy::Tight),
    workload(("staging", "ratings", "v1"), 1, 3.0, &[]).with(Proxy::Reserved),
    workload(("staging", "batch", "v1"), 1, 1.0, &[]).with(Proxy::None),
    workload(("staging", "orders", "v1"), 1, 12.0, &[]).with(Proxy::KeptOut(Kept::Untrusted)),
    workload(("staging", "search", "v1"), 1, 8.0, &[]).with(Proxy::KeptOut(Kept::Failed)),
    workload(("staging", "recommendations", "v1"), 2, 40.0, &[]).with(Proxy::KeptOut(Kept::Denied)),
    workload(
        ("gallery", "album", "v1"),
        1,
        5.0,
        &[
            get("http://images:8080/images/7", PerSecond(6.0)),
            get("http://thumbs:8080/thumbs/7", PerSecond(4.0)),
            get("http://catalog.prod:8080/products", PerSecond(1.0)),
        ],
    )
    .with(Proxy::Ambient),
    workload(("gallery", "images", "v1"), 2, 9.0, &[]).with(Proxy::Fronted).failing(0.01),
    workload(("gallery", "thumbs", "v1"), 1, 4.0, &[]).with(Proxy::Ambient),
    workload(
        ("legacy", "batch", "v1"),
        1,
        1.0,
        &[
            get("http://catalog.prod:8080/export", PerSecond(2.0)),
            get("http://inventory.prod:8080/stock", PerSecond(5.0)),
        ],
    )
    .with(Proxy::None),
    workload(("legacy", "erp", "v1"), 1, 25.0, &[]).with(Proxy::None),
    workload(
        ("loyalty", "portal", "v1"),
        1,
        4.0,
        &[get("http://points:8080/balance", PerSecond(6.0)), get("http://rewards:8080/rewards", PerSecond(3.0))],
    )
    .with(Proxy::Linkerd),
    workload(("loyalty", "points", "v1"), 2, 6.0, &[get("http://tiers:8080/tier", PerRequest(0.5))])
        .with(Proxy::Linkerd),
    workload(("loyalty", "rewards", "v1"), 1, 8.0, &[get("http://points:8080/balance", PerRequest(0.8))])
        .with(Proxy::Linkerd),
    workload(("loyalty", "tiers", "v1"), 1, 3.0, &[]).with(Proxy::Linkerd),
    workload(("loyalty", "importer", "v1"), 1, 1.0, &[post("http://points:8080/import", PerSecond(1.0))])
        .with(Proxy::None),
];

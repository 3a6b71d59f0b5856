//! The proxies: which configuration each works with, and how far istiod and it agree.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mesh::Ready;
use tokio::time::Instant;
use world::Pod;

use crate::access::Log;
use crate::counters::Counters;
use crate::manifests::{ISTIO, SKEWED, uuid};
use crate::scope;
use crate::shop::{Proxy as Condition, WORKLOADS};

/// Clusters, listeners, endpoints, routes: what istiod sends, by the names that `/debug/syncz` uses.
pub(crate) const TYPES: [(&str, &str); 4] = [
    ("cluster", "type.googleapis.com/envoy.config.cluster.v3.Cluster"),
    ("listener", "type.googleapis.com/envoy.config.listener.v3.Listener"),
    ("endpoint", "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"),
    ("route", "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"),
];
/// What it sends a ztunnel; older fields have no names for them.
pub(crate) const NODE_TYPES: [(&str, &str); 2] =
    [("", "type.googleapis.com/istio.workload.Address"), ("", "type.googleapis.com/istio.security.Authorization")];
const LISTENER: usize = 1;
/// How long connections keep to the listeners that they came in by; Istio's own default is 45 s.
const DRAIN: Duration = Duration::from_secs(12);
/// So long ago the stale proxy was sent what it never acknowledges.
const BEHIND_FOR: SignedDuration = SignedDuration::from_mins(4);

/// What the broken proxy says of the listener that its EnvoyFilter spoils.
const NACK: &str = "Error adding/updating listener(s) virtualInbound: Didn't find a registered implementation for \
    'envoy.filters.http.header_stamp' with type URL: 'shop.filters.HeaderStamp'\n";

/// One type of configuration, between istiod and a proxy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sync {
    pub(crate) sent: String,
    pub(crate) acked: String,
    pub(crate) sent_time: String,
    pub(crate) error: Option<String>,
}

/// A push that a proxy has not answered yet.
#[derive(Clone)]
struct Pending {
    due: Instant,
    ready: Arc<Ready>,
    services: usize,
}

/// One proxy.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) namespace: String,
    pub(crate) pod: String,
    pub(crate) app: String,
    pub(crate) account: String,
    pub(crate) version: String,
    pub(crate) workload: String,
    pub(crate) ip: String,
    pub(crate) port: u16,
    pub(crate) role: Role,
    pub(crate) condition: Condition,
    /// The configuration that it works with.
    pub(crate) knows: Arc<Ready>,
    /// Services in it.
    pub(crate) services: usize,
    pub(crate) sync: [Sync; 4],
    pub(crate) counters: Counters,
    /// What it wrote of the requests that passed it.
    pub(crate) log: Log,
    /// Loggers that somebody gave another level.
    pub(crate) levels: BTreeMap<String, String>,
    pending: Option<Pending>,
    /// Until then old connections keep to what was there before.
    drains_until: Option<Instant>,
    /// It stands for what istiod would send the proxy, not for the proxy.
    pub(crate) is_as_sent: bool,
}

/// Every proxy by its pod's namespace and name.
pub(crate) type Proxies = BTreeMap<(String, String), Proxy>;

/// What a proxy is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Sidecar,
    Router,
    Waypoint,
    Ztunnel,
}

impl Role {
    fn of(pod: &Pod) -> Self {
        let label = |name: &str| pod.labels.get(name);
        match (label("app"), label("gateway.istio.io/managed")) {
            (Some("ztunnel"), _) => Self::Ztunnel,
            (_, Some("istio.io-mesh-controller")) => Self::Waypoint,
            _ if pod.containers.len() == 1 => Self::Router,
            _ => Self::Sidecar,
        }
    }

    /// As it calls itself to istiod.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Sidecar => "sidecar",
            Self::Router => "router",
            Self::Waypoint => "waypoint",
            Self::Ztunnel => "ztunnel",
        }
    }
}

/// Whether a proxy runs in a pod: its container makes it part of the mesh.
pub(crate) fn has_proxy(pod: &Pod) -> bool {
    pod.container("istio-proxy").is_some() && pod.phase == "Running"
}

/// Why a listener of this proxy cannot be built; `None` where it can, or once the EnvoyFilter is gone.
fn refusal(condition: Condition, ready: &Ready) -> Option<String> {
    let spoiled = ready.world().documents_of("networking.istio.io", "EnvoyFilter").any(|d| d.key.name == "email-stamp");
    (condition == Condition::Broken && spoiled).then(|| NACK.to_owned())
}

impl Proxy {
    pub(crate) fn of(pod: &Pod, ready: &Arc<Ready>, seed: u64, now: &str) -> Self {
        let label = |name: &str| pod.labels.get(name).map(str::to_owned).unwrap_or_default();
        let (mut app, version) = (label("app"), label("version"));
        if app.is_empty() {
            app = label("service.istio.io/canonical-name");
        }
        let known = WORKLOADS.iter().find(|w| w.namespace == pod.namespace && w.app == app && w.version == version);
        let port = pod.containers.iter().find(|c| c.name != "istio-proxy").and_then(|c| c.ports.first());
        let mut proxy = Self {
            namespace: pod.namespace.clone(),
            pod: pod.name.clone(),
            app,
            account: pod.service_account.clone(),
            version: if version.is_empty() { "latest".into() } else { version },
            workload: pod.workload.1.clone(),
            ip: pod.ip.clone(),
            port: port.map_or(8080, |(_, number)| *number),
            role: Role::of(pod),
            condition: known.map_or(Condition::Well, |w| w.proxy),
            knows: ready.clone(),
            services: ready.world().services().count(),
            sync: Default::default(),
            counters: Counters::default(),
            log: Log::default(),
            levels: BTreeMap::new(),
            pending: None,
            drains_until: None,
            is_as_sent: false,
        };
        let error = refusal(proxy.condition, ready);
        for (number, sync) in proxy.sync.iter_mut().enumerate() {
            let nonce = nonce(&proxy.pod, number, "first", seed, now);
            *sync = Sync { sent: nonce.clone(), acked: nonce, sent_time: now.into(), error: None };
        }
        if let Some(error) = error {
            // It came up with the listeners of before, and refused those since.
            proxy.sync[LISTENER].sent = nonce(&proxy.pod, LISTENER, "refused", seed, now);
            proxy.sync[LISTENER].error = Some(error);
        }
        if proxy.condition == Condition::Stale {
            // It was behind before anybody looked.
            let long_ago = Timestamp::now().checked_sub(BEHIND_FOR).unwrap_or_default().to_string();
            for sync in &mut proxy.sync {
                sync.sent.push_str("+1");
                sync.sent_time.clone_from(&long_ago);
            }
        }
        proxy
    }

    /// istiod sends a new configuration; the proxy answers after a while, or never.
    pub(crate) fn push(&mut self, ready: &Arc<Ready>, services: usize, seed: u64, now: &str, answer_in: Duration) {
        let revision = ready.world().revision();
        for (number, sync) in self.sync.iter_mut().enumerate() {
            sync.sent = nonce(&self.pod, number, &revision.to_string(), seed, now);
            sync.sent_time = now.into();
        }
        if self.condition != Condition::Stale {
            self.pending = Some(Pending { due: Instant::now() + answer_in, ready: ready.clone(), services });
        }
    }

    /// What istiod would send it now, in the form of a proxy that has it.
    pub(crate) fn as_sent(&self, ready: &Arc<Ready>, services: usize) -> Self {
        Self {
            knows: ready.clone(),
            services,
            counters: Counters::default(),
            log: Log::default(),
            levels: BTreeMap::new(),
            pending: None,
            drains_until: None,
            is_as_sent: true,
            ..self.clone()
        }
    }

    /// Chains of filters that old connections still use.
    pub(crate) fn draining(&self) -> u32 {
        u32::from(self.drains_until.is_some_and(|until| until > Instant::now()))
    }

    /// Its listeners hold something that it refuses.
    pub(crate) fn is_spoiled(&self) -> bool {
        refusal(self.condition, &self.knows).is_some()
    }

    /// Answers what is due: takes the configuration up, or refuses its listeners.
    pub(crate) fn answer(&mut self, now: Instant) {
        let Some(pending) = self.pending.take_if(|pending| pending.due <= now) else { return };
        let error = refusal(self.condition, &pending.ready);
        for (number, sync) in self.sync.iter_mut().enumerate() {
            if number == LISTENER && error.is_some() {
                sync.error.clone_from(&error);
            } else {
                sync.acked.clone_from(&sync.sent);
                sync.error = None;
            }
        }
        self.drains_until = error.is_none().then(|| now + DRAIN);
        self.knows = pending.ready;
        self.services = scope::count(self, pending.services);
    }

    /// Istio's release that it is of.
    pub(crate) fn release(&self) -> &'static str {
        if self.condition == Condition::Skewed { SKEWED } else { ISTIO }
    }

    /// Whether istiod knows it.
    pub(crate) fn is_connected(&self) -> bool {
        !matches!(self.condition, Condition::Lost | Condition::Unready)
    }

    /// `cluster.local/ns/prod/sa/reviews`
    pub(crate) fn principal(&self) -> String {
        format!("spiffe://cluster.local/ns/{}/sa/{}", self.namespace, self.account)
    }
}

/// istiod's nonces: the time of the push, and something unique.
fn nonce(pod: &str, number: usize, what: &str, seed: u64, now: &str) -> String {
    format!("{now}/{}", uuid(&format!("{pod}/{number}/{what}"), seed))
}

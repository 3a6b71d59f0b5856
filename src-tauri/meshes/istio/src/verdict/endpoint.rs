//! What a destination stands for: the pods behind a host, port and subset, and how the caller's proxy connects to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use mesh::{Membership, Mtls, Step};
use world::{Labels, ObjectKey, Pod, Said, said};

use super::balance::Balance;
use super::oddities::Oddities;
use super::peers::{Address, Peer, endpoints};
use super::way::Hop;
use crate::kinds::destination_rule::decide::{Merged, Told, for_caller};
use crate::kinds::peer_authentication::decide::posture;
use crate::read::Index;
use crate::read::registry::{Host, Speech};

/// Why a destination stands for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Nothing {
    /// The caller's proxy knows no such host.
    Host,
    /// The host has no such port.
    Port,
    /// No rule in force names the subset.
    Subset(String),
}

impl Nothing {
    /// In words.
    pub fn because(&self, host: &str, port: u16) -> Said {
        match self {
            Self::Host => said!("{host} is no host that the caller's proxy knows", "调用方的代理不认识主机 {host}"),
            Self::Port => said!("{host} has no port {port}", "{host} 没有端口 {port}"),
            Self::Subset(name) => {
                said!(
                    "no DestinationRule that holds for this caller names a subset {name} of {host}",
                    "对此调用方生效的 DestinationRule 都没有定义 {host} 的版本 {name}"
                )
            }
        }
    }
}

/// One destination of a route, resolved.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    /// (namespace, service), or ("", host).
    pub name: (String, String),
    pub port: u16,
    pub subset: Option<(String, ObjectKey, String)>,
    /// Ready pods.
    pub peers: Vec<Peer>,
    /// Addresses of no pod of this cluster.
    pub addresses: Vec<Address>,
    /// How the caller's proxy chooses among them.
    pub balance: Balance,
    /// The TLS mode that a DestinationRule sets, with the object and field.
    pub tls: Option<(String, ObjectKey, String)>,
    /// The name that the rule asks for in TLS; empty where it names none.
    pub sni: String,
    /// The same, as its endpoints are told where the connections leave it to them.
    pub told: Option<(String, ObjectKey, String)>,
    /// Why proxies speak no mutual TLS to it unless told to.
    pub unasked: Option<Unasked>,
    /// The caller's own choice of an address counts, not the endpoints.
    pub passthrough: bool,
    /// Who may answer in mutual TLS: `spiffe://cluster.local/ns/a/sa/b`; anybody of the mesh where none is named.
    pub names: Vec<String>,
    /// How the port is taken; `None` where no host says so.
    pub speech: Option<Speech>,
    /// What a DestinationRule says that no single request shows.
    pub facts: Vec<Step>,
    /// The same and more, setting by setting.
    pub settings: BTreeMap<String, String>,
    /// What it says of connections that few rules say.
    pub odd: Oddities,
}

impl Cluster {
    /// What stands for nothing but its name.
    pub fn named(name: (String, String), port: u16) -> Self {
        Self {
            name,
            port,
            subset: None,
            peers: Vec::new(),
            addresses: Vec::new(),
            balance: Balance::default(),
            tls: None,
            sni: String::new(),
            told: None,
            unasked: None,
            passthrough: false,
            names: Vec::new(),
            speech: None,
            facts: Vec::new(),
            settings: BTreeMap::new(),
            odd: Oddities::default(),
        }
    }

    /// One pod by its address.
    pub fn at(pod: &Arc<Pod>, port: u16) -> Self {
        let peers = vec![Peer::of(pod, port)];
        Self { peers, ..Self::named((pod.namespace.clone(), pod.name.clone()), port) }
    }

    /// Resolves a destination.
    pub fn of(hop: &Hop, host: &str, port: u16, subset: Option<&str>) -> Result<Self, Nothing> {
        let (index, caller) = (hop.index, hop.from.namespace.as_str());
        let found = index.host(&hop.scope, host, caller).ok_or(Nothing::Host)?;
        if found.speech(port).is_none() {
            return Err(Nothing::Port);
        }
        let rules = for_caller(index, (caller, &hop.from.labels), &found.name(), found.namespace());
        // What a policy of the service says stands beside the rules of its namespace, and before those of the root.
        let policy = match &found {
            Host::Service(service) => index.backend_tls(service, port),
            Host::Entry(..) => None,
        };
        let home = rules.as_ref().and_then(Merged::home).unwrap_or(found.namespace());
        let policy = policy.filter(|_| home == found.namespace() || home != caller);
        let rules = rules.filter(|_| policy.is_none() || home == found.namespace());
        let named = match subset {
            None => None,
            Some(name) => {
                let named = rules.as_ref().and_then(|r| r.subset(name));
                Some(named.ok_or_else(|| Nothing::Subset(name.to_owned()))?)
            }
        };
        let tls = rules.as_ref().and_then(|r| r.tls(port, named.as_ref()));
        let told = rules.as_ref().and_then(|r| r.tls_of_endpoints(port, named.as_ref()));
        let facts = rules.as_ref().map(|r| r.facts(port, named.as_ref())).unwrap_or_default();
        let fact = |name: &str| facts.iter().find(|(fact, ..)| fact.field.name == name).map(|(fact, ..)| fact.value);
        let (balancer, outliers) = (fact("loadBalancer"), fact("outlierDetection"));
        let balance = Balance::new(index, &found, balancer, outliers);
        let odd = rules.as_ref().map(|r| Oddities::of(r, port, named.as_ref(), found.speech(port), &facts));
        let mut settings: BTreeMap<String, String> = facts
            .iter()
            .flat_map(|(fact, ..)| fact.settings())
            .chain(tls.iter().flat_map(|(tls, ..)| tls.settings()))
            .collect();
        if let Some(name) = subset {
            settings = settings.into_iter().map(|(setting, value)| (format!("{name} {setting}"), value)).collect();
        }
        let facts = facts.into_iter().map(|(fact, key, path)| Step::by("policy", key, path, fact.words())).collect();
        // A Secret is for gateways; a sidecar looks for none that a rule for everybody names, and encrypts nothing.
        let sidecar = hop.from.membership == Some(Membership::Sidecar);
        let selective = rules.as_ref().is_some_and(Merged::is_selective);
        let secret = |name: &str| !name.is_empty() && !name.starts_with("configmap://");
        let written = |(tls, key, path): Told| {
            let bare = sidecar && !selective && secret(&tls.credential_name) && tls.mode != "ISTIO_MUTUAL";
            (if bare { "DISABLE".to_owned() } else { tls.mode.clone() }, key.clone(), path)
        };
        let labels = named.as_ref().map(|n| n.subset.labels.clone()).unwrap_or_default();
        let passthrough = found.is_passthrough() || balance.passthrough;
        let (all, addresses) = endpoints(index, &found, port, &Labels::new());
        let domain = index.settings.trust_domain();
        let accounts = all.iter().filter_map(|peer| peer.account.as_ref());
        let mut names: Vec<String> =
            accounts.map(|(ns, account)| format!("spiffe://{domain}/ns/{ns}/sa/{account}")).collect();
        names.extend(told_names(&found).iter().cloned());
        if let Some((own, ..)) = tls.as_ref().filter(|(tls, ..)| !tls.subject_alt_names.is_empty()) {
            names.clone_from(&own.subject_alt_names);
        }
        let unasked = Unasked::of(index, &found, &all, passthrough);
        // Where the caller's choice of an address counts, labels do not.
        let (peers, addresses) =
            if passthrough || labels.is_empty() { (all, addresses) } else { endpoints(index, &found, port, &labels) };
        Ok(Self {
            name: found.answer_name(),
            port,
            peers,
            addresses,
            unasked,
            passthrough,
            balance,
            odd: odd.unwrap_or_default(),
            names,
            speech: found.speech(port),
            facts,
            settings,
            sni: tls.as_ref().map(|(tls, ..)| tls.sni.clone()).unwrap_or_default(),
            tls: tls.map(written).or(policy.map(|(key, path)| ("SIMPLE".to_owned(), key, path))),
            told: told.map(written),
            subset: named.map(|n| (n.subset.name.clone(), n.object.clone(), n.path)),
        })
    }
}

/// The names that a ServiceEntry says besides.
fn told_names<'a>(host: &Host<'a>) -> &'a [String] {
    match host {
        Host::Service(_) => &[],
        Host::Entry(typed, ..) => &typed.spec.subject_alt_names,
    }
}

/// Why proxies speak no mutual TLS to a host by themselves.
/// Upstream: istio/istio pilot/pkg/model/push_context.go, BestEffortInferServiceMTLSMode; pilot/pkg/networking/core/cluster_tls.go,
/// buildUpstreamTLSSettings.
#[derive(Clone, Debug)]
pub(super) enum Unasked {
    /// It is outside the mesh.
    External,
    /// The policy of its namespace or of the mesh turns it off, whatever is said of its workloads.
    Off(ObjectKey, String),
    /// Its callers choose among its pods, and not all of them have a proxy.
    Mixed,
}

impl Unasked {
    /// Of a host with all its peers.
    fn of(index: &Index, host: &Host, peers: &[Peer], passthrough: bool) -> Option<Self> {
        if host.is_external() {
            return Some(Self::External);
        }
        let bare = |peer: &Peer| !peer.mutual.unwrap_or_else(|| index.membership(&peer.pod).is_some());
        if passthrough && (peers.is_empty() || peers.iter().any(bare)) {
            return Some(Self::Mixed);
        }
        let whole = posture(index, host.namespace(), &Labels::new(), None);
        (whole.mtls == Mtls::Disabled).then_some(())?;
        whole.object.map(|object| Self::Off(object, whole.path))
    }
}

//! What istiod says of its proxies: what it sent, what they took up, what they refused.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::Deserialize;
use world::Said;

/// How far a proxy has taken up one type of configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SyncState {
    /// It acknowledged what was sent last.
    Synced,
    /// Nothing was ever sent: it may not need any.
    NotSent,
    /// It has not acknowledged what was sent last.
    Stale,
    /// It refused what was sent last.
    Error,
}

impl SyncState {
    /// As `netloft health` writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Synced => "SYNCED",
            Self::NotSent => "NOT_SENT",
            Self::Stale => "STALE",
            Self::Error => "ERROR",
        }
    }
}

/// One type of configuration of one proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeSync {
    /// How far it is.
    pub state: SyncState,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// The proxy's own words, where it refused.
    pub error: String,
}

/// One proxy as an istiod sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxySync {
    /// Namespace and pod.
    pub pod: (String, String),
    /// Istio's version, as the proxy says; empty where it does not.
    pub version: String,
    /// By type: CDS, LDS, EDS, RDS, ECDS …
    pub types: BTreeMap<String, TypeSync>,
    /// The istiod that said so, `namespace/pod`.
    pub control_plane: String,
}

impl ProxySync {
    /// When anything was sent last.
    pub fn last_sent(&self) -> Option<Timestamp> {
        self.types.values().filter_map(|t| t.sent_at).max()
    }
}

/// An answer that is none of istiod's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not what istiod says of its proxies: {0}")]
pub struct NotSyncz(pub(crate) String);

impl NotSyncz {
    /// In both languages.
    pub fn said(&self) -> Said {
        Said::new(self.to_string(), format!("不是 istiod 对其代理的描述：{}", self.0))
    }
}

/// pilot/pkg/xds/debug.go `SyncStatus`.
#[derive(Deserialize)]
struct Status {
    proxy: String,
    #[serde(default)]
    istio_version: String,
    #[serde(default)]
    resources: Option<BTreeMap<String, Resource>>,
    #[serde(flatten)]
    old: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Resource {
    sent: String,
    acked: String,
    sent_time: String,
    last_error: String,
}

/// Reads `/debug/syncz` of one istiod.
///
/// # Errors
/// Where it is not JSON of that shape.
pub fn read_syncz(body: &[u8], control_plane: &str) -> Result<Vec<ProxySync>, NotSyncz> {
    let all: Option<Vec<Status>> = serde_json::from_slice(body).map_err(|error| NotSyncz(error.to_string()))?;
    Ok(all.unwrap_or_default().into_iter().filter_map(|status| proxy(status, control_plane)).collect())
}

fn proxy(status: Status, control_plane: &str) -> Option<ProxySync> {
    // `pod.namespace`; only the pod's name may have dots.
    let (pod, namespace) = status.proxy.rsplit_once('.')?;
    let types = match status.resources {
        Some(resources) => resources.into_iter().map(|(url, resource)| (short(&url), sync(resource))).collect(),
        // Before Istio 1.25 there are two fields a type.
        None => OLD
            .iter()
            .map(|(name, field)| {
                let text = |end: &str| {
                    let value = status.old.get(&format!("{field}_{end}")).and_then(|value| value.as_str());
                    value.unwrap_or_default().to_owned()
                };
                let resource = Resource { sent: text("sent"), acked: text("acked"), ..Resource::default() };
                ((*name).to_owned(), sync(resource))
            })
            .collect(),
    };
    let version = if status.istio_version == "unknown" { String::new() } else { status.istio_version };
    Some(ProxySync { pod: (namespace.into(), pod.into()), version, types, control_plane: control_plane.into() })
}

const OLD: [(&str, &str); 5] =
    [("CDS", "cluster"), ("LDS", "listener"), ("EDS", "endpoint"), ("RDS", "route"), ("ECDS", "extensionconfig")];

fn sync(resource: Resource) -> TypeSync {
    let Resource { sent, acked, sent_time, last_error: error } = resource;
    let state = if !error.is_empty() {
        SyncState::Error
    } else if sent.is_empty() {
        SyncState::NotSent
    } else if sent == acked {
        SyncState::Synced
    } else {
        SyncState::Stale
    };
    // Go writes the year 1 for no time.
    let sent_at = sent_time.parse().ok().filter(|at: &Timestamp| at.as_second() > 0);
    TypeSync { state, sent_at, error }
}

/// `CDS` for `type.googleapis.com/envoy.config.cluster.v3.Cluster` (pkg/model/xds.go).
pub(crate) fn short(url: &str) -> String {
    let name = url.rsplit('/').next().unwrap_or(url);
    let short = match name.rsplit('.').next().unwrap_or(name) {
        "Cluster" => "CDS",
        "Listener" => "LDS",
        "ClusterLoadAssignment" => "EDS",
        "RouteConfiguration" => "RDS",
        "Secret" => "SDS",
        "TypedExtensionConfig" => "ECDS",
        "NameTable" => "NDS",
        "ProxyConfig" => "PCDS",
        "Address" | "Workload" => "WDS",
        "Authorization" => "WADS",
        other => other,
    };
    short.into()
}

/// Reads `/debug/connections` of one istiod: namespace, pod, and since when it is connected. What it does not understand it leaves out.
pub fn read_connections(body: &[u8]) -> Vec<(String, String, Timestamp)> {
    /// pilot/pkg/xds/debug.go `AdsClients`.
    #[derive(Deserialize)]
    struct Clients {
        #[serde(default)]
        clients: Option<Vec<Client>>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Client {
        connection_id: String,
        connected_at: String,
    }
    let read: Option<Clients> = serde_json::from_slice(body).ok();
    let of = |client: Client| {
        // `pod.namespace-number`
        let (id, _) = client.connection_id.rsplit_once('-')?;
        let (pod, namespace) = id.rsplit_once('.')?;
        Some((namespace.to_owned(), pod.to_owned(), client.connected_at.parse().ok()?))
    };
    read.and_then(|read| read.clients).unwrap_or_default().into_iter().filter_map(of).collect()
}

/// What several istiods say, by namespace and pod. A proxy that has moved may still be known to the one it left: what was
/// sent last counts.
pub fn merge(all: impl IntoIterator<Item = ProxySync>) -> HashMap<(String, String), ProxySync> {
    let mut merged: HashMap<(String, String), ProxySync> = HashMap::new();
    for proxy in all {
        let newer = merged.get(&proxy.pod).is_none_or(|known| proxy.last_sent() > known.last_sent());
        if newer {
            merged.insert(proxy.pod.clone(), proxy);
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a genuine istiod writes it, shortened.
    const SYNCZ: &str = r#"[{"cluster_id":"Kubernetes","proxy":"client-v1-6d.shop","proxy_type":"sidecar","istio_version":"unknown",
"cluster_sent":"v/1","cluster_acked":"v/1","resources":{
"type.googleapis.com/envoy.config.cluster.v3.Cluster":{"sent":"v/1","acked":"v/1","sentTime":"2026-11-23T08:15:19.6Z"},
"type.googleapis.com/envoy.config.listener.v3.Listener":{"sent":"v/2","acked":"v/1","sentTime":"2026-11-23T08:15:20Z","lastError":"duplicate listener"},
"type.googleapis.com/envoy.config.route.v3.RouteConfiguration":{"sent":"v/3","acked":"v/2","sentTime":"2026-11-23T08:15:20Z"},
"type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig":{"sentTime":"0001-01-01T00:00:00Z"}}},
{"proxy":"old.pod.with.dots.prod","proxy_type":"router","istio_version":"1.20.1","cluster_sent":"a","cluster_acked":"a","listener_sent":"b","listener_acked":"a"}]"#;

    #[test]
    fn states_of_each_type() {
        let proxies = read_syncz(SYNCZ.as_bytes(), "istio-system/istiod-1").unwrap();
        let states = |index: usize| -> Vec<_> {
            proxies[index].types.iter().map(|(name, sync)| format!("{name} {}", sync.state.word())).collect()
        };
        assert_eq!(proxies[0].pod, ("shop".into(), "client-v1-6d".into()));
        assert_eq!(states(0), ["CDS SYNCED", "ECDS NOT_SENT", "LDS ERROR", "RDS STALE"]);
        assert_eq!(proxies[0].types["LDS"].error, "duplicate listener");
        assert_eq!(proxies[0].types["ECDS"].sent_at, None);
        assert_eq!(proxies[1].pod, ("prod".into(), "old.pod.with.dots".into()));
        assert_eq!(states(1), ["CDS SYNCED", "ECDS NOT_SENT", "EDS NOT_SENT", "LDS STALE", "RDS NOT_SENT"]);
    }

    #[test]
    fn what_was_sent_last_counts() {
        let of = |second: &str, plane: &str| {
            let body = SYNCZ.replace("08:15:20Z", &format!("08:15:{second}Z"));
            read_syncz(body.as_bytes(), plane).unwrap()
        };
        let merged = merge(of("50", "left").into_iter().chain(of("59", "now")).chain(of("40", "old")));
        assert_eq!(merged[&("shop".into(), "client-v1-6d".into())].control_plane, "now");
    }

    #[test]
    fn since_when_proxies_are_connected() {
        let body = br#"{"totalClients":2,"clients":[{"connectionId":"client-v1-6d.shop-1","connectedAt":"2026-11-26T06:47:53.9Z","address":"10.0.0.1:47688"},
            {"connectionId":"odd","connectedAt":"x","address":""}]}"#;
        let read = read_connections(body);
        assert_eq!(read, [("shop".into(), "client-v1-6d".into(), "2026-11-26T06:47:53.9Z".parse().unwrap())]);
        assert_eq!(read_connections(b"<html>"), []);
        assert_eq!(read_connections(br#"{"clients":null}"#), []);
    }

    #[test]
    fn what_is_no_answer_of_istiod() {
        assert_eq!(read_syncz(b"null", "x"), Ok(vec![]));
        for body in [&b"<html>"[..], b"{}", b"[1]", b"[{\"proxy\":", b""] {
            assert!(read_syncz(body, "x").is_err());
        }
        assert_eq!(read_syncz(br#"[{"proxy":"nodots"}]"#, "x"), Ok(vec![]));
    }

    proptest::proptest! {
        #[test]
        fn no_damage_breaks_it(at in 0..SYNCZ.len(), byte in proptest::num::u8::ANY, end in 0..SYNCZ.len()) {
            let mut damaged = SYNCZ.as_bytes()[..end.max(at) + 1].to_vec();
            damaged[at] = byte;
            let _ = read_syncz(&damaged, "x");
            let _ = read_connections(&damaged);
        }
    }
}

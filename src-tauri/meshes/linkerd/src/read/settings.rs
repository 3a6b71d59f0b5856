//! The control plane's own settings, as its installer leaves them in the ConfigMap `linkerd-config`.

use serde::Deserialize;
use serde_json::Value;
use world::{ObjectKey, World};

/// What decides requests; what is not written has the defaults of Linkerd's chart.
/// Upstream: linkerd/linkerd2 charts/linkerd-control-plane/values.yaml.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The object that they were read from; `None` where it was not there to be read.
    pub object: Option<ObjectKey>,
    /// Namespace of the control plane; it is part of every identity.
    pub home: String,
    /// Trust domain; the last part of every identity.
    pub trust_domain: String,
    /// Networks that count as the cluster's own.
    pub networks: Vec<String>,
    /// The policy of ports without Server.
    pub default_policy: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Values {
    identity_trust_domain: Option<String>,
    cluster_domain: Option<String>,
    cluster_networks: Option<String>,
    proxy: Option<ProxyValues>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ProxyValues {
    default_inbound_policy: Option<String>,
}

impl Settings {
    /// Reads a world.
    pub fn of(world: &World) -> Self {
        let found = world.documents_of("", "ConfigMap").find(|d| d.key.name == "linkerd-config");
        let text = found.and_then(|d| d.at("/data/values")).and_then(Value::as_str).unwrap_or_default();
        let values: Values = world::yaml::own::read(text).unwrap_or_default();
        let set = |value: Option<String>| value.filter(|v| !v.is_empty());
        let networks = "10.0.0.0/8,100.64.0.0/10,172.16.0.0/12,192.168.0.0/16,fd00::/8";
        let networks = set(values.cluster_networks).unwrap_or_else(|| networks.into());
        Self {
            object: found.map(|d| d.key.clone()),
            home: found.map_or_else(|| "linkerd".into(), |d| d.key.namespace.clone()),
            trust_domain: set(values.identity_trust_domain)
                .or(set(values.cluster_domain))
                .unwrap_or_else(|| "cluster.local".into()),
            networks: networks.split(',').map(|n| n.trim().to_owned()).collect(),
            default_policy: set(values.proxy.and_then(|p| p.default_inbound_policy))
                .unwrap_or_else(|| "all-unauthenticated".into()),
        }
    }

    /// `points.loyalty.serviceaccount.identity.linkerd.cluster.local`
    /// Upstream: policy-controller/k8s/index/src/cluster_info.rs, service_account_identity.
    pub fn identity(&self, namespace: &str, account: &str) -> String {
        format!("{account}.{namespace}.serviceaccount.identity.{}.{}", self.home, self.trust_domain)
    }

    /// Everybody in a namespace, as a pattern.
    pub fn identities_in(&self, namespace: &str) -> String {
        self.identity(namespace, "*")
    }
}

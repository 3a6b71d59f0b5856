//! The mesh's own settings (MeshConfig), as istiod reads them from its ConfigMap.

use serde::Deserialize;
use world::{Document, ObjectKey, World};

use crate::kinds::or_default;
use crate::read::flags::Flags;
use crate::read::path::Paths;

/// Where istiod lives unless somebody moved it.
pub(crate) const HOME: &str = "istio-system";

/// `data.mesh` of the ConfigMap `istio`, as far as it decides requests. Fields that are not written have Istio's defaults.
/// Upstream: istio/istio pkg/config/mesh/mesh.go, DefaultMeshConfig.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Settings {
    /// The object that they were read from; `None` where it was not there to be read.
    #[serde(skip)]
    pub object: Option<ObjectKey>,
    #[serde(deserialize_with = "or_default")]
    trust_domain: String,
    #[serde(deserialize_with = "or_default")]
    trust_domain_aliases: Vec<String>,
    enable_auto_mtls: Option<bool>,
    #[serde(deserialize_with = "or_default")]
    path_normalization: Normalization,
    #[serde(deserialize_with = "or_default")]
    pub default_service_export_to: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub default_virtual_service_export_to: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub default_destination_rule_export_to: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    root_namespace: String,
    #[serde(deserialize_with = "or_default")]
    outbound_traffic_policy: Mode,
    #[serde(deserialize_with = "or_default")]
    default_config: ProxyConfig,
    /// Which places are preferred, where a rule says nothing of it.
    pub locality_lb_setting: Option<serde_json::Value>,
    /// The same by regions; it goes before the other.
    pub zone_aware_lb_setting: Option<serde_json::Value>,
    #[serde(deserialize_with = "or_default")]
    extension_providers: Vec<Provider>,
    /// What istiod's environment says.
    #[serde(skip)]
    pub flags: Flags,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
struct ProxyConfig {
    #[serde(deserialize_with = "or_default")]
    gateway_topology: Topology,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
struct Provider {
    name: String,
    envoy_ext_authz_http: Option<Authorizer>,
    envoy_ext_authz_grpc: Option<Authorizer>,
}

/// Who is asked by policies that hand the decision on.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Authorizer {
    service: String,
    /// Port of the service.
    pub port: u16,
    /// Requests pass where it does not answer.
    pub fail_open: bool,
    #[serde(deserialize_with = "or_default")]
    status_on_error: String,
    /// It is asked in gRPC, for connections as well as for requests.
    #[serde(skip)]
    pub rpc: bool,
}

impl Authorizer {
    /// What callers see where it does not answer; `None` where that is no status that Envoy knows.
    /// Upstream: extauthz.go, parseStatusOnError; envoy/type/v3/http_status.proto, StatusCode.
    pub fn status_on_error(&self) -> Option<u16> {
        if self.status_on_error.is_empty() {
            return Some(403);
        }
        let known = |status: &u16| {
            matches!(status, 100 | 200..=208 | 226 | 300..=305 | 307 | 308 | 400..=417 | 421..=424 | 426 | 428 | 429)
                || matches!(status, 431 | 500..=508 | 510 | 511)
        };
        self.status_on_error.parse().ok().filter(known)
    }

    /// Its namespace, where it is written, and its host.
    pub fn place(&self) -> (Option<&str>, &str) {
        self.service.split_once('/').map_or((None, self.service.as_str()), |(home, host)| (Some(home), host))
    }
}

/// Upstream: istio/istio pilot/pkg/security/authz/builder/extauthz.go, validateProviderName.
fn is_label(name: &str) -> bool {
    let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    (1..=63).contains(&name.len()) && plain && !name.starts_with('-') && !name.ends_with('-')
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
struct Topology {
    num_trusted_proxies: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Mode {
    #[serde(deserialize_with = "or_default")]
    mode: String,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Normalization {
    #[serde(deserialize_with = "or_default")]
    normalization: String,
}

impl Settings {
    /// Whether a name is the trust domain or another name of it; `cluster.local` always is.
    /// Upstream: istio/istio pilot/pkg/security/trustdomain/bundle.go, ReplaceTrustDomainAliases.
    pub fn trusts(&self, domain: &str) -> bool {
        domain == self.trust_domain()
            || domain == "cluster.local"
            || self.trust_domain_aliases.iter().any(|a| a == domain)
    }

    /// Proxies use mutual TLS wherever both ends can, unless told otherwise.
    pub fn automatic_mtls(&self) -> bool {
        self.enable_auto_mtls.unwrap_or(true)
    }

    /// What proxies do with paths before anything else looks at them.
    pub fn paths(&self) -> Paths {
        match self.path_normalization.normalization.as_str() {
            "NONE" => Paths::AsSent,
            "MERGE_SLASHES" => Paths::Merged,
            "DECODE_AND_MERGE_SLASHES" => Paths::DecodedAndMerged,
            _ => Paths::Normal,
        }
    }

    /// Reads a world. Settings that cannot be read are the defaults: istiod would not have taken them either.
    pub fn of(world: &World) -> Self {
        let flags = Flags::of(world);
        let Some(document) = document(world) else { return Self { flags, ..Self::default() } };
        let text = document.at("/data/mesh").and_then(serde_json::Value::as_str).unwrap_or_default();
        let read: Self = world::yaml::own::read(text).unwrap_or_default();
        Self { object: Some(document.key.clone()), flags, ..read }
    }

    /// The first part of every identity.
    pub fn trust_domain(&self) -> &str {
        or(&self.trust_domain, "cluster.local")
    }

    /// Namespace whose objects hold for the whole mesh.
    pub fn root(&self) -> &str {
        or(&self.root_namespace, HOME)
    }

    /// How many proxies before a gateway it trusts to name the sender.
    pub fn trusted_proxies(&self) -> usize {
        self.default_config.gateway_topology.num_trusted_proxies
    }

    /// The authorizer that is called so, where there is one that can be asked; `None` where the settings were not there to be read.
    pub fn authorizer(&self, name: &str) -> Option<Option<Authorizer>> {
        self.object.as_ref()?;
        let named: Vec<&Provider> = self.extension_providers.iter().filter(|p| p.name == name).collect();
        let [only] = named.as_slice() else { return Some(None) };
        let rpc = only.envoy_ext_authz_grpc.clone().map(|authorizer| Authorizer { rpc: true, ..authorizer });
        Some(
            only.envoy_ext_authz_http
                .clone()
                .or(rpc)
                .filter(|a| is_label(name) && a.port > 0 && a.status_on_error().is_some()),
        )
    }

    /// Nothing unknown may leave.
    pub fn registry_only(&self) -> bool {
        self.outbound_traffic_policy.mode == "REGISTRY_ONLY"
    }
}

fn or<'a>(said: &'a str, default: &'a str) -> &'a str {
    if said.is_empty() { default } else { said }
}

/// The ConfigMap of istiod; of several (one for each revision) the one without a revision in its name.
fn document(world: &World) -> Option<&Document> {
    let own = world.document(&ObjectKey::new("", "ConfigMap", HOME, "istio"));
    let revision = || {
        let all = world.documents_of("", "ConfigMap");
        all.map(AsRef::as_ref).find(|d| is_settings(&d.key.name) && d.at("/data/mesh").is_some())
    };
    own.map(AsRef::as_ref).or_else(revision)
}

fn is_settings(name: &str) -> bool {
    name == "istio" || name.starts_with("istio-")
}

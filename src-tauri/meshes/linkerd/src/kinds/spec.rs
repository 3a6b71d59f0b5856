//! The fields of Linkerd's policies that decide. Upstream: linkerd/linkerd2 policy-controller/k8s/api/src/policy.

use serde::Deserialize;
use serde_json::Value;
use world::Labels;

/// `null` is what Go writes for an empty map or list.
fn or_default<'de, D: serde::Deserializer<'de>, T: Deserialize<'de> + Default>(d: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(d)?.unwrap_or_default())
}

/// Server `spec`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Server {
    pub pod_selector: Option<Selector>,
    /// A number, or the name of container ports.
    pub port: Value,
    #[serde(deserialize_with = "or_default")]
    pub proxy_protocol: String,
    pub access_policy: Option<String>,
}

impl mesh::Spec for Server {
    const GROUP: &'static str = crate::kinds::POLICY;
    const KIND: &'static str = "Server";
}

/// AuthorizationPolicy `spec`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AuthorizationPolicy {
    #[serde(deserialize_with = "or_default")]
    pub target_ref: Ref,
    #[serde(deserialize_with = "or_default")]
    pub required_authentication_refs: Vec<Ref>,
}

impl mesh::Spec for AuthorizationPolicy {
    const GROUP: &'static str = crate::kinds::POLICY;
    const KIND: &'static str = "AuthorizationPolicy";
}

/// A reference to an object.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(crate) struct Ref {
    #[serde(deserialize_with = "or_default")]
    pub group: String,
    #[serde(deserialize_with = "or_default")]
    pub kind: String,
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    #[serde(deserialize_with = "or_default")]
    pub namespace: String,
}

impl Ref {
    /// Whether it is to this kind; the core group has two names, and names are compared without case.
    /// Upstream: policy-controller/k8s/api/src/policy/target_ref.rs, targets_kind.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        let own = if self.group.eq_ignore_ascii_case("core") { "" } else { self.group.as_str() };
        own.eq_ignore_ascii_case(group) && self.kind.eq_ignore_ascii_case(kind)
    }

    /// Its namespace, else that of the object that holds it.
    pub fn home<'a>(&'a self, holder: &'a str) -> &'a str {
        if self.namespace.is_empty() { holder } else { &self.namespace }
    }
}

/// MeshTLSAuthentication `spec`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct MeshTls {
    #[serde(deserialize_with = "or_default")]
    pub identities: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub identity_refs: Vec<Ref>,
}

impl mesh::Spec for MeshTls {
    const GROUP: &'static str = crate::kinds::POLICY;
    const KIND: &'static str = "MeshTLSAuthentication";
}

/// NetworkAuthentication `spec`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Networks {
    #[serde(deserialize_with = "or_default")]
    pub networks: Vec<Network>,
}

impl mesh::Spec for Networks {
    const GROUP: &'static str = crate::kinds::POLICY;
    const KIND: &'static str = "NetworkAuthentication";
}

/// `networks[]`
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(crate) struct Network {
    #[serde(deserialize_with = "or_default")]
    pub cidr: String,
    #[serde(deserialize_with = "or_default")]
    pub except: Vec<String>,
}

/// ServerAuthorization `spec`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ServerAuthorization {
    #[serde(deserialize_with = "or_default")]
    pub server: ServerChoice,
    #[serde(deserialize_with = "or_default")]
    pub client: Client,
}

impl mesh::Spec for ServerAuthorization {
    const GROUP: &'static str = crate::kinds::POLICY;
    const KIND: &'static str = "ServerAuthorization";
}

/// `server`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ServerChoice {
    pub name: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub selector: Selector,
}

/// `client`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Client {
    pub networks: Option<Vec<Network>>,
    pub unauthenticated: bool,
    #[serde(rename = "meshTLS")]
    pub mesh_tls: Option<ClientTls>,
}

/// `client.meshTLS`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ClientTls {
    #[serde(rename = "unauthenticatedTLS")]
    pub unauthenticated_tls: bool,
    #[serde(deserialize_with = "or_default")]
    pub identities: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub service_accounts: Vec<Ref>,
}

/// `podSelector`: labels, and conditions on labels. An empty one selects everything.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Selector {
    #[serde(deserialize_with = "or_default")]
    pub match_labels: Labels,
    #[serde(deserialize_with = "or_default")]
    pub match_expressions: Vec<Expression>,
}

/// `matchExpressions[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Expression {
    pub key: String,
    pub operator: String,
    #[serde(deserialize_with = "or_default")]
    pub values: Vec<String>,
}

impl Selector {
    /// Whether labels are meant. Upstream: policy-controller/k8s/api/src/labels.rs, Selector::matches.
    pub fn fits(&self, labels: &Labels) -> bool {
        let holds = |e: &Expression| match e.operator.as_str() {
            "In" => labels.get(&e.key).is_some_and(|v| e.values.iter().any(|one| one == v)),
            "NotIn" => labels.get(&e.key).is_none_or(|v| !e.values.iter().any(|one| one == v)),
            "Exists" => labels.contains_key(&e.key),
            "DoesNotExist" => !labels.contains_key(&e.key),
            _ => false,
        };
        mesh::selects(&self.match_labels, labels) && self.match_expressions.iter().all(holds)
    }
}

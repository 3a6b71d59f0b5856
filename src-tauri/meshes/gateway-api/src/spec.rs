//! The fields of the Gateway API that decide, as its versions v1 and v1beta1 write them.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use world::Labels;

/// `null` is what Go writes for an empty map or list.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(d: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(d)?.unwrap_or_default())
}

/// `GatewayClass.spec`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GatewayClass {
    /// Who makes gateways of this class.
    pub controller_name: String,
}

/// `Gateway.spec`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Gateway {
    /// Name of the class.
    pub gateway_class_name: String,
    /// The ports that it opens.
    #[serde(deserialize_with = "or_default")]
    pub listeners: Vec<Listener>,
    /// Addresses that it is asked to have.
    #[serde(deserialize_with = "or_default")]
    pub addresses: Vec<Address>,
    /// Which ListenerSets may add to it.
    pub allowed_listeners: Option<AllowedListeners>,
}

/// `Gateway.spec.addresses[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Address {
    /// `IPAddress` or `Hostname`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The address.
    pub value: String,
}

/// `Gateway.spec.allowedListeners`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct AllowedListeners {
    /// From which namespaces; from none where nothing is said.
    pub namespaces: Option<FromNamespaces>,
}

/// `ListenerSet.spec`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListenerSet {
    /// The gateway that it adds to.
    pub parent_ref: ParentRef,
    /// The ports that it adds.
    #[serde(deserialize_with = "or_default")]
    pub listeners: Vec<Listener>,
}

/// `listeners[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Listener {
    /// Its name, unique in its object.
    pub name: String,
    /// Hosts that it takes; all where none is named.
    pub hostname: Option<String>,
    /// The port; zero in a ListenerSet stands for that of the protocol.
    pub port: u16,
    /// `HTTP`, `HTTPS`, `TLS`, `TCP` or `UDP`.
    pub protocol: String,
    /// What it does with TLS.
    pub tls: Option<ListenerTls>,
    /// Which routes may attach.
    pub allowed_routes: Option<AllowedRoutes>,
}

/// `listeners[].tls`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListenerTls {
    /// `Terminate` unless said, or `Passthrough`.
    pub mode: Option<String>,
    /// The Secrets with its certificates.
    #[serde(deserialize_with = "or_default")]
    pub certificate_refs: Vec<ObjectRef>,
    /// What an implementation understands besides.
    #[serde(deserialize_with = "or_default")]
    pub options: BTreeMap<String, String>,
}

/// `listeners[].allowedRoutes`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct AllowedRoutes {
    /// From which namespaces; from its own where nothing is said.
    pub namespaces: Option<FromNamespaces>,
    /// Of which kinds; of all that fit the protocol where none is named.
    #[serde(deserialize_with = "or_default")]
    pub kinds: Vec<RouteKind>,
}

/// `namespaces: {from, selector}`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct FromNamespaces {
    /// `All`, `Same`, `Selector` or `None`.
    pub from: Option<String>,
    /// Labels of the namespaces, where `from` is `Selector`.
    pub selector: Option<LabelSelector>,
}

/// `allowedRoutes.kinds[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RouteKind {
    /// API group; that of the Gateway API unless said.
    pub group: Option<String>,
    /// Kind.
    pub kind: String,
}

/// A selector of Kubernetes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LabelSelector {
    /// Labels that must be there.
    #[serde(deserialize_with = "or_default")]
    pub match_labels: Labels,
    /// Conditions that must hold besides.
    #[serde(deserialize_with = "or_default")]
    pub match_expressions: Vec<LabelExpression>,
}

/// `matchExpressions[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct LabelExpression {
    /// Label.
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: String,
    /// Values for the first two.
    #[serde(deserialize_with = "or_default")]
    pub values: Vec<String>,
}

impl LabelSelector {
    /// Whether labels fit. An operator that Kubernetes does not know fits nothing.
    pub fn fits(&self, labels: &Labels) -> bool {
        mesh::selects(&self.match_labels, labels)
            && self.match_expressions.iter().all(|e| {
                let value = labels.get(&e.key);
                match e.operator.as_str() {
                    "In" => value.is_some_and(|v| e.values.iter().any(|one| one == v)),
                    "NotIn" => value.is_none_or(|v| !e.values.iter().any(|one| one == v)),
                    "Exists" => value.is_some(),
                    "DoesNotExist" => value.is_none(),
                    _ => false,
                }
            })
    }
}

/// A reference to another object.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct ObjectRef {
    /// API group.
    pub group: Option<String>,
    /// Kind.
    pub kind: Option<String>,
    /// Namespace; that of the object which refers unless said.
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
}

/// `parentRefs[]`
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct ParentRef {
    /// The object.
    #[serde(flatten)]
    pub object: ObjectRef,
    /// One listener of it.
    pub section_name: Option<String>,
    /// The listeners, or the service's port, of this number.
    pub port: Option<u16>,
}

/// `HTTPRoute.spec`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpRoute {
    /// What it attaches to.
    #[serde(deserialize_with = "or_default")]
    pub parent_refs: Vec<ParentRef>,
    /// Hosts; all of the listener where none is named.
    #[serde(deserialize_with = "or_default")]
    pub hostnames: Vec<String>,
    /// Its rules.
    #[serde(deserialize_with = "or_default")]
    pub rules: Vec<HttpRule>,
}

/// `HTTPRoute.spec.rules[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpRule {
    /// One of them must hold; all requests where there is none.
    #[serde(deserialize_with = "or_default")]
    pub matches: Vec<HttpMatch>,
    /// What is done to the request and its answer.
    #[serde(deserialize_with = "or_default")]
    pub filters: Vec<Filter>,
    /// Where it goes.
    #[serde(deserialize_with = "or_default")]
    pub backend_refs: Vec<BackendRef>,
    /// Time limits.
    pub timeouts: Option<Timeouts>,
    /// Retries.
    pub retry: Option<Retry>,
}

/// `HTTPRoute.spec.rules[].matches[]`; all of its fields must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpMatch {
    /// The path.
    pub path: Option<PathMatch>,
    /// Headers, the first of each name.
    #[serde(deserialize_with = "or_default")]
    pub headers: Vec<ValueMatch>,
    /// Query parameters, the first of each name.
    #[serde(deserialize_with = "or_default")]
    pub query_params: Vec<ValueMatch>,
    /// The method.
    pub method: Option<String>,
}

/// `path`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PathMatch {
    /// `PathPrefix` unless said, `Exact` or `RegularExpression`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// `/` unless said.
    pub value: Option<String>,
}

/// A header or query parameter.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ValueMatch {
    /// `Exact` unless said, or `RegularExpression`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// `filters[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Filter {
    /// Which of the fields counts.
    #[serde(rename = "type")]
    pub kind: String,
    /// Changes headers of the request.
    pub request_header_modifier: Option<HeaderModifier>,
    /// Changes headers of the answer.
    pub response_header_modifier: Option<HeaderModifier>,
    /// Answers with another place.
    pub request_redirect: Option<RequestRedirect>,
    /// Changes path and host.
    pub url_rewrite: Option<UrlRewrite>,
    /// Sends a copy elsewhere.
    pub request_mirror: Option<RequestMirror>,
    /// Answers browsers that ask before they call.
    pub cors: Option<Cors>,
}

/// `requestHeaderModifier`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct HeaderModifier {
    /// Overwritten.
    #[serde(deserialize_with = "or_default")]
    pub set: Vec<NameValue>,
    /// Appended.
    #[serde(deserialize_with = "or_default")]
    pub add: Vec<NameValue>,
    /// Removed.
    #[serde(deserialize_with = "or_default")]
    pub remove: Vec<String>,
}

/// A header.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct NameValue {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// `path` of a rewrite or redirect.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PathModifier {
    /// `ReplaceFullPath` or `ReplacePrefixMatch`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The whole new path.
    pub replace_full_path: Option<String>,
    /// What stands in for the matched prefix.
    pub replace_prefix_match: Option<String>,
}

/// `requestRedirect`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RequestRedirect {
    /// `http` or `https`; the request's unless said.
    pub scheme: Option<String>,
    /// The request's unless said.
    pub hostname: Option<String>,
    /// The request's unless said.
    pub path: Option<PathModifier>,
    /// The listener's, or that of the scheme where one is named.
    pub port: Option<u16>,
    /// 302 unless said.
    pub status_code: Option<u16>,
}

/// `urlRewrite`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct UrlRewrite {
    /// The new host.
    pub hostname: Option<String>,
    /// The new path.
    pub path: Option<PathModifier>,
}

/// `requestMirror`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RequestMirror {
    /// Where the copy goes.
    pub backend_ref: BackendRef,
    /// Of a hundred requests.
    pub percent: Option<f64>,
    /// The same as a fraction.
    pub fraction: Option<Fraction>,
}

/// `fraction`
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Fraction {
    /// Above the line.
    pub numerator: f64,
    /// Below it; 100 unless said.
    pub denominator: Option<f64>,
}

/// `cors`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cors {
    /// Origins, `*` standing for any text.
    #[serde(deserialize_with = "or_default")]
    pub allow_origins: Vec<String>,
    /// Methods.
    #[serde(deserialize_with = "or_default")]
    pub allow_methods: Vec<String>,
    /// Headers.
    #[serde(deserialize_with = "or_default")]
    pub allow_headers: Vec<String>,
    /// Headers of the answer that a page may read.
    #[serde(deserialize_with = "or_default")]
    pub expose_headers: Vec<String>,
    /// Whether cookies and the like may be sent.
    pub allow_credentials: Option<bool>,
    /// Seconds for which the answer holds.
    pub max_age: Option<i64>,
}

/// `backendRefs[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BackendRef {
    /// The object: a Service unless said.
    #[serde(flatten)]
    pub object: ObjectRef,
    /// Its port.
    pub port: Option<u16>,
    /// Its part among all; 1 unless said.
    pub weight: Option<i32>,
    /// What is done to requests that go there.
    #[serde(deserialize_with = "or_default")]
    pub filters: Vec<Filter>,
}

/// `timeouts`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Timeouts {
    /// Of the whole request.
    pub request: Option<String>,
    /// Of one try.
    pub backend_request: Option<String>,
}

/// `retry`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Retry {
    /// Statuses after which it tries again.
    #[serde(deserialize_with = "or_default")]
    pub codes: Vec<u16>,
    /// How often.
    pub attempts: Option<u32>,
}

/// `GRPCRoute.spec`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GrpcRoute {
    /// What it attaches to.
    #[serde(deserialize_with = "or_default")]
    pub parent_refs: Vec<ParentRef>,
    /// Hosts; all of the listener where none is named.
    #[serde(deserialize_with = "or_default")]
    pub hostnames: Vec<String>,
    /// Its rules.
    #[serde(deserialize_with = "or_default")]
    pub rules: Vec<GrpcRule>,
}

/// `GRPCRoute.spec.rules[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GrpcRule {
    /// One of them must hold; all calls where there is none.
    #[serde(deserialize_with = "or_default")]
    pub matches: Vec<GrpcMatch>,
    /// What is done to the call and its answer.
    #[serde(deserialize_with = "or_default")]
    pub filters: Vec<Filter>,
    /// Where it goes.
    #[serde(deserialize_with = "or_default")]
    pub backend_refs: Vec<BackendRef>,
}

/// `GRPCRoute.spec.rules[].matches[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct GrpcMatch {
    /// Service and method.
    pub method: Option<GrpcMethod>,
    /// Headers.
    #[serde(deserialize_with = "or_default")]
    pub headers: Vec<ValueMatch>,
}

/// `method`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct GrpcMethod {
    /// `Exact` unless said, or `RegularExpression`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The service; any unless said.
    pub service: Option<String>,
    /// The method; any unless said.
    pub method: Option<String>,
}

/// `TLSRoute.spec` and `TCPRoute.spec`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConnectionRoute {
    /// What it attaches to.
    #[serde(deserialize_with = "or_default")]
    pub parent_refs: Vec<ParentRef>,
    /// Server names, for TLS.
    #[serde(deserialize_with = "or_default")]
    pub hostnames: Vec<String>,
    /// Its rules.
    #[serde(deserialize_with = "or_default")]
    pub rules: Vec<ConnectionRule>,
}

/// `rules[]` of a TLSRoute or TCPRoute
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConnectionRule {
    /// Where connections go.
    #[serde(deserialize_with = "or_default")]
    pub backend_refs: Vec<BackendRef>,
}

/// `ReferenceGrant.spec`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ReferenceGrant {
    /// Who may refer.
    #[serde(deserialize_with = "or_default")]
    pub from: Vec<ObjectRef>,
    /// To what in the grant's namespace; an empty name stands for all of the kind.
    #[serde(deserialize_with = "or_default")]
    pub to: Vec<ObjectRef>,
}

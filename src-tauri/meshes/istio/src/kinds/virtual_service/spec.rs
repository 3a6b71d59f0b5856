//! The fields of a VirtualService that decide.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use crate::kinds::or_default;
use crate::read::hosts::{fqdn, is_wildcard};

/// `spec`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct VirtualService {
    #[serde(deserialize_with = "or_default")]
    pub hosts: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub gateways: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub export_to: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub http: Vec<HttpRoute>,
    #[serde(deserialize_with = "or_default")]
    pub tls: Vec<BytesRoute>,
    #[serde(deserialize_with = "or_default")]
    pub tcp: Vec<BytesRoute>,
}

/// `spec.tls[]` and `spec.tcp[]`: where connections go whose bytes are not read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct BytesRoute {
    #[serde(rename = "match", deserialize_with = "or_default")]
    pub matches: Vec<BytesMatch>,
    #[serde(deserialize_with = "or_default")]
    pub route: Vec<Weighted>,
}

/// `spec.tls[].match[]` and `spec.tcp[].match[]`; all of its fields must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BytesMatch {
    #[serde(deserialize_with = "or_default")]
    pub sni_hosts: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub destination_subnets: Vec<String>,
    pub port: Option<u16>,
    #[serde(deserialize_with = "or_default")]
    pub source_labels: world::Labels,
    #[serde(deserialize_with = "or_default")]
    pub source_namespace: String,
    #[serde(deserialize_with = "or_default")]
    pub gateways: Vec<String>,
}

impl mesh::Spec for VirtualService {
    const GROUP: &'static str = crate::kinds::NETWORKING;
    const KIND: &'static str = "VirtualService";

    /// Its hosts in full; `*` for any with a star.
    fn found_by(typed: &mesh::Typed<Self>) -> Vec<String> {
        let hosts = typed.spec.hosts.iter().map(|host| fqdn(host, &typed.document.key.namespace));
        hosts.map(|host| if is_wildcard(&host) { "*".to_owned() } else { host }).collect()
    }
}

/// `spec.http[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct HttpRoute {
    pub name: String,
    #[serde(rename = "match", deserialize_with = "or_default")]
    pub matches: Vec<HttpMatch>,
    #[serde(deserialize_with = "or_default")]
    pub route: Vec<Weighted>,
    pub redirect: Option<Redirect>,
    pub direct_response: Option<DirectResponse>,
    pub delegate: Option<Delegate>,
    pub rewrite: Option<Rewrite>,
    pub timeout: Option<String>,
    pub retries: Option<Retries>,
    pub fault: Option<Fault>,
    pub mirror: Option<Target>,
    pub mirror_percentage: Option<Percent>,
    pub mirror_percent: Option<f64>,
    #[serde(deserialize_with = "or_default")]
    pub mirrors: Vec<Mirror>,
    pub headers: Option<Headers>,
    pub cors_policy: Option<CorsPolicy>,
}

/// `spec.http[].delegate`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Delegate {
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    #[serde(deserialize_with = "or_default")]
    pub namespace: String,
}

/// `spec.http[].corsPolicy`, as far as it decides who answers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CorsPolicy {
    #[serde(deserialize_with = "or_default")]
    pub allow_origins: Vec<StringMatch>,
    #[serde(deserialize_with = "or_default")]
    pub allow_origin: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub unmatched_preflights: String,
}

/// `spec.http[].match[]`; all of its fields must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct HttpMatch {
    pub name: String,
    pub uri: Option<StringMatch>,
    pub scheme: Option<StringMatch>,
    pub method: Option<StringMatch>,
    pub authority: Option<StringMatch>,
    #[serde(deserialize_with = "or_default")]
    pub headers: BTreeMap<String, StringMatch>,
    #[serde(deserialize_with = "or_default")]
    pub without_headers: BTreeMap<String, StringMatch>,
    #[serde(deserialize_with = "or_default")]
    pub query_params: BTreeMap<String, StringMatch>,
    pub ignore_uri_case: bool,
    pub port: Option<u16>,
    #[serde(deserialize_with = "or_default")]
    pub source_labels: world::Labels,
    pub source_namespace: String,
    #[serde(deserialize_with = "or_default")]
    pub gateways: Vec<String>,
    /// A prefix of the path ends where one of its parts does, as routes of the Gateway API mean it.
    #[serde(skip)]
    pub by_parts: bool,
}

/// `exact`, `prefix` or `regex`; none of them asks for presence.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(crate) struct StringMatch {
    pub exact: Option<String>,
    pub prefix: Option<String>,
    pub regex: Option<Pattern>,
}

/// A regular expression, compiled when it is first asked: a thousand requests compile it once.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "String")]
pub(crate) struct Pattern {
    /// As written.
    pub text: String,
    compiled: Arc<OnceLock<Option<Regex>>>,
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self { text, compiled: Arc::default() }
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl Pattern {
    /// RE2 matches the whole value. An expression that does not compile matches nothing: istiod refuses it.
    pub fn matches(&self, value: &str) -> bool {
        let compiled = self
            .compiled
            .get_or_init(|| RegexBuilder::new(&format!("^(?:{})$", self.text)).size_limit(1 << 20).build().ok());
        compiled.as_ref().is_some_and(|re| re.is_match(value))
    }
}

/// `spec.http[].route[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Weighted {
    pub destination: Target,
    pub weight: i32,
    pub headers: Option<Headers>,
}

/// A host with port and subset.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(crate) struct Target {
    pub host: String,
    #[serde(deserialize_with = "or_default")]
    pub subset: String,
    pub port: Option<Port>,
}

/// `{number: 80}`
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(crate) struct Port {
    pub number: u16,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Redirect {
    #[serde(deserialize_with = "or_default")]
    pub uri: String,
    /// What stands in for the prefix that matched.
    #[serde(deserialize_with = "or_default")]
    pub prefix_rewrite: String,
    #[serde(deserialize_with = "or_default")]
    pub authority: String,
    #[serde(deserialize_with = "or_default")]
    pub scheme: String,
    pub port: Option<u16>,
    pub derive_port: Option<String>,
    pub redirect_code: u16,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct DirectResponse {
    pub status: u16,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Rewrite {
    #[serde(deserialize_with = "or_default")]
    pub uri: String,
    #[serde(deserialize_with = "or_default")]
    pub authority: String,
    pub uri_regex_rewrite: Option<RegexRewrite>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RegexRewrite {
    #[serde(rename = "match")]
    pub pattern: String,
    pub rewrite: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Retries {
    pub attempts: u32,
    pub per_try_timeout: Option<String>,
    pub retry_on: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fault {
    pub abort: Option<Abort>,
    pub delay: Option<Delay>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Abort {
    pub http_status: Option<u16>,
    pub grpc_status: Option<String>,
    pub percentage: Option<Percent>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Delay {
    pub fixed_delay: Option<String>,
    pub percentage: Option<Percent>,
    pub percent: Option<f64>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Percent {
    pub value: f64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Mirror {
    pub destination: Option<Target>,
    pub percentage: Option<Percent>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(crate) struct Headers {
    pub request: Option<HeaderOperations>,
    pub response: Option<HeaderOperations>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(crate) struct HeaderOperations {
    #[serde(deserialize_with = "or_default")]
    pub set: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    pub add: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    pub remove: Vec<String>,
}

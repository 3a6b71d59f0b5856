//! One configuration and what is asked of it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

/// A configuration and its requests, as `cases.yaml` writes them.
#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    /// Its name.
    pub case: String,
    /// The mesh's own settings for the time of this case, over those that it has: fields of MeshConfig.
    #[serde(default)]
    pub mesh: serde_json::Map<String, Value>,
    /// Variables of istiod's environment for the time of this case.
    #[serde(default)]
    pub flags: BTreeMap<String, String>,
    /// Connections of this case carry bytes: they live on after it until the proxies have drained them, and the next case waits for that.
    #[serde(default)]
    pub lingers: bool,
    /// Objects in the order in which they are put.
    #[serde(default)]
    pub objects: Vec<Put>,
    /// Requests: caller, URL, method, `n=`, headers.
    pub ask: Vec<String>,
}

/// An object in short.
#[derive(Clone, Debug, Deserialize)]
pub struct Put {
    /// Kind of Istio.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Namespace.
    #[serde(default = "home", rename = "in")]
    pub namespace: String,
    /// API group and version, where they are not those that the kind mostly has.
    #[serde(default, rename = "apiVersion")]
    pub version: Option<String>,
    /// Annotations.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// Labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The spec.
    #[serde(default)]
    pub spec: Value,
    /// What stands beside the spec.
    #[serde(flatten)]
    pub beside: serde_json::Map<String, Value>,
}

fn home() -> String {
    "orc".into()
}

impl Put {
    /// The whole object.
    pub fn body(&self) -> Value {
        let group = match self.kind.as_str() {
            "PeerAuthentication" | "AuthorizationPolicy" | "RequestAuthentication" => "security.istio.io",
            "HTTPRoute" | "GRPCRoute" | "TLSRoute" | "TCPRoute" | "ListenerSet" | "BackendTLSPolicy" => {
                "gateway.networking.k8s.io"
            }
            "ReferenceGrant" => "gateway.networking.k8s.io/v1beta1",
            "Service" | "ConfigMap" => "v1",
            "EndpointSlice" => "discovery.k8s.io",
            _ => "networking.istio.io",
        };
        let versioned = group == "v1" || group.contains('/');
        let default = if versioned { group.to_owned() } else { format!("{group}/v1") };
        let version = self.version.clone().unwrap_or(default);
        let metadata = json!({"name": self.name, "namespace": self.namespace, "labels": self.labels,
            "annotations": self.annotations});
        let mut body = json!({"apiVersion": version, "kind": self.kind, "metadata": metadata});
        if !self.spec.is_null() {
            body["spec"] = self.spec.clone();
        }
        for (name, value) in &self.beside {
            body[name] = value.clone();
        }
        body
    }
}

/// One request, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// namespace/workload, or `outside`
    pub from: String,
    /// namespace/service of the gateway by which a request from outside comes in
    pub via: Option<String>,
    /// The URL.
    pub url: String,
    /// The method.
    pub method: String,
    /// How often.
    pub times: u32,
    /// Headers.
    pub headers: Vec<(String, String)>,
}

impl Ask {
    /// Reads `client http://reviews:9080/ POST n=10 x-team:blue`, or `outside gw/ingress http://shop.example.com/`;
    /// a header with a blank is written in single quotes.
    pub fn read(text: &str) -> Option<Self> {
        let mut words = words(text).into_iter();
        let from = match words.next()? {
            "client" => "orc/client-v1",
            "b" => "orc-b/client-v1",
            "out" => "orc-out/legacy-v1",
            "outside" => "outside",
            workload if workload.contains('/') => workload,
            _ => return None,
        };
        let via = if from == "outside" { Some(words.next()?.to_owned()) } else { None };
        let url = words.next()?.trim_matches('"').to_owned();
        let times = if via.is_some() { 3 } else { 6 };
        let mut ask = Self { from: from.into(), via, url, method: "GET".into(), times, headers: Vec::new() };
        for word in words {
            if let Some(times) = word.strip_prefix("n=") {
                ask.times = times.parse().ok()?;
            } else if let Some((name, value)) = word.split_once(':') {
                ask.headers.push((name.into(), value.into()));
            } else {
                ask.method = word.into();
            }
        }
        Some(ask)
    }
}

/// What blanks part; what single quotes enclose is one word.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for (at, part) in text.split('\'').enumerate() {
        if at % 2 == 1 {
            words.push(part);
        } else {
            words.extend(part.split_whitespace());
        }
    }
    words
}

//! The few messages of xDS that are spoken here, field by field after Envoy's own: api/envoy/service/discovery/v3/discovery.proto and
//! api/envoy/config/core/v3/base.proto. What is not named is not read.

use prost_types::value::Kind;
use prost_types::{Any, Struct, Value};

/// `envoy.service.discovery.v3.DiscoveryRequest`
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Request {
    /// Who asks.
    #[prost(message, optional, tag = "2")]
    pub(crate) node: Option<Node>,
    /// What of the type is asked for.
    #[prost(string, repeated, tag = "3")]
    pub(crate) resource_names: Vec<String>,
    /// The type.
    #[prost(string, tag = "4")]
    pub(crate) type_url: String,
}

/// `envoy.service.discovery.v3.DiscoveryResponse`
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Response {
    /// What was asked for.
    #[prost(message, repeated, tag = "2")]
    pub(crate) resources: Vec<Any>,
    /// The type.
    #[prost(string, tag = "4")]
    pub(crate) type_url: String,
}

/// `envoy.config.core.v3.Node`: who speaks, or is spoken of.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Node {
    /// Its name.
    #[prost(string, tag = "1")]
    pub id: String,
    /// What it says of itself.
    #[prost(message, optional, tag = "3")]
    pub metadata: Option<Struct>,
}

impl Node {
    /// A text among what it says of itself; empty where it says none.
    pub fn says(&self, name: &str) -> &str {
        match self.metadata.as_ref().and_then(|said| said.fields.get(name)).and_then(|value| value.kind.as_ref()) {
            Some(Kind::StringValue(text)) => text,
            _ => "",
        }
    }
}

/// What every debug type begins with (istio, pkg/model/xds.go `DebugType`).
const DEBUG: &str = "istio.io/debug";

/// The question whose answer over HTTP is `/debug/…`. Synchronisation is a type of its own, told even where the pages are shut (istio,
/// pilot/pkg/xds/statusgen.go `handleInternalRequest`); the rest are the pages themselves, by name (pilot/pkg/xds/debuggen.go `Generate`).
pub(crate) fn question(namespace: &str, account: &str, path: &str) -> Request {
    let page = path.trim_start_matches("/debug/");
    let (type_url, resource_names) = match page {
        "syncz" => (format!("{DEBUG}/syncz"), Vec::new()),
        page => (DEBUG.to_owned(), vec![page.to_owned()]),
    };
    Request { node: Some(ourselves(namespace, account)), resource_names, type_url }
}

/// istiod holds namespace and account against the token's (pilot/pkg/xds/auth.go `checkConnectionIdentity`). Without a proxy's
/// configuration in what we say of ourselves, nobody takes us for one (statusgen.go `isProxy`).
fn ourselves(namespace: &str, account: &str) -> Node {
    let text = |text: &str| Value { kind: Some(Kind::StringValue(text.to_owned())) };
    let fields = [("GENERATOR", "event"), ("NAMESPACE", namespace), ("SERVICE_ACCOUNT", account)];
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect();
    let id = format!("sidecar~0.0.0.0~netloft.{namespace}~{namespace}.svc.cluster.local");
    Node { id, metadata: Some(Struct { fields }) }
}

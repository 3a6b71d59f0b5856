//! New objects of any kind: from the least that is worth having, or from another.

use serde_json::{Map, Value, json};
use world::yaml;
use world::{ObjectKey, Service};

use crate::change::owners::disown;
use crate::change::touched::desired;
use crate::template::{Template, free_name};
use crate::{Error, Result, Session};

impl Session {
    /// A new object of a kind. For those that we know it does something sensible with the first service of the namespace; for others it has
    /// the fields that its schema requires.
    ///
    /// # Errors
    /// Where the kind is not served, or its schema cannot be read.
    pub async fn starter(&self, group: &str, kind: &str, namespace: &str) -> Result<Template> {
        let apis = self.connection().apis().await?;
        let api = apis.find(group, kind).ok_or_else(|| Error::gone(ObjectKey::new(group, kind, "", "")))?;
        let world = self.drafted().await?.world().clone();
        let namespace = if api.namespaced { namespace } else { "" };
        let service = world.services().filter(|service| service.namespace == namespace).min_by_key(|s| s.name.clone());
        let spec = match spec(group, kind, service.map(AsRef::as_ref)) {
            Some(spec) => spec,
            None => required(&self.schema_of(group, &api.version, kind).await?["properties"]["spec"]),
        };
        let name = match (kind, service) {
            ("VirtualService" | "DestinationRule" | "HTTPRoute" | "GRPCRoute", Some(service)) => service.name.clone(),
            _ => kind.to_lowercase(),
        };
        let name = free_name(&world, group, kind, namespace, &name);
        Ok(whole(&api.api_version(), ObjectKey::new(group, kind, namespace, &name), spec))
    }

    /// A new object that says what another says, under a free name and without the marks of an owner.
    ///
    /// # Errors
    /// Where the object is not there or may not be read.
    pub async fn copy_of(&self, key: &ObjectKey) -> Result<Template> {
        let found = crate::write::plan::read(self.connection(), key).await?;
        let mut object = desired(&found.ok_or_else(|| Error::gone(key.clone()))?);
        disown(&mut object);
        let world = self.drafted().await?.world().clone();
        let name = free_name(&world, &key.group, &key.kind, &key.namespace, &format!("{}-copy", key.name));
        object["metadata"]["name"] = name.clone().into();
        let key = ObjectKey { name, ..key.clone() };
        Ok(Template { key, yaml: yaml::write(&object) })
    }
}

fn whole(api_version: &str, key: ObjectKey, spec: Value) -> Template {
    let mut metadata = json!({"name": key.name});
    if !key.namespace.is_empty() {
        metadata["namespace"] = key.namespace.clone().into();
    }
    let object = json!({"apiVersion": api_version, "kind": key.kind, "metadata": metadata, "spec": spec});
    Template { key, yaml: yaml::write(&object) }
}

/// What a new object of a kind says.
fn spec(group: &str, kind: &str, service: Option<&Service>) -> Option<Value> {
    let host = service.map_or("example", |service| service.name.as_str());
    let port = service.and_then(|service| service.ports.first()).map_or(80, |port| port.port);
    let labels = service.map_or_else(|| json!({"app": "example"}), |service| json!(service.selector));
    let selector = json!({"matchLabels": labels});
    Some(match (group, kind) {
        ("gateway.networking.k8s.io", kind) => return gateway_api(kind, host, port),
        (_, "VirtualService") => json!({"hosts": [host], "http": [{"route": [{"destination": {"host": host}}]}]}),
        (_, "DestinationRule") => json!({"host": host}),
        ("networking.istio.io", "Gateway") => json!({"selector": {"istio": "ingressgateway"},
            "servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["example.com"]}]}),
        (_, "ServiceEntry") => json!({"hosts": ["api.example.com"], "location": "MESH_EXTERNAL", "resolution": "DNS",
            "ports": [{"number": 443, "name": "tls", "protocol": "TLS"}]}),
        (_, "Sidecar") => json!({"egress": [{"hosts": ["./*", "istio-system/*"]}]}),
        (_, "WorkloadEntry") => json!({"address": "192.0.2.10", "labels": labels}),
        (_, "WorkloadGroup") => json!({"template": {"serviceAccount": "default"}}),
        (_, "ProxyConfig") => json!({"concurrency": 2}),
        (_, "EnvoyFilter") => json!({"workloadSelector": {"labels": labels}, "configPatches": [
            {"applyTo": "CLUSTER", "match": {"context": "SIDECAR_OUTBOUND"},
             "patch": {"operation": "MERGE", "value": {"connect_timeout": "5s"}}}]}),
        (_, "PeerAuthentication") => json!({"mtls": {"mode": "STRICT"}}),
        (_, "AuthorizationPolicy") => json!({"selector": selector, "action": "ALLOW",
            "rules": [{"from": [{"source": {"namespaces": [service.map_or("default", |s| s.namespace.as_str())]}}]}]}),
        (_, "RequestAuthentication") => json!({"selector": selector, "jwtRules": [
            {"issuer": "https://issuer.example.com", "jwksUri": "https://issuer.example.com/.well-known/jwks.json"}]}),
        (_, "Telemetry") => json!({"accessLogging": [{"providers": [{"name": "envoy"}]}]}),
        (_, "WasmPlugin") => json!({"selector": selector, "url": "oci://registry.example.com/filter:v1"}),
        (_, "TrafficExtension") => {
            json!({"selector": selector, "wasm": {"url": "oci://registry.example.com/filter:v1"}})
        }
        _ => return None,
    })
}

/// The same for the Gateway API.
fn gateway_api(kind: &str, host: &str, port: u16) -> Option<Value> {
    let parent = json!([{"group": "", "kind": "Service", "name": host, "port": port}]);
    let backend = json!([{"name": host, "port": port}]);
    let edge = json!([{"name": "gateway"}]);
    let issued = json!({"mode": "Terminate", "certificateRefs": [{"name": "certificate"}]});
    Some(match kind {
        "GatewayClass" => json!({"controllerName": "istio.io/gateway-controller"}),
        "Gateway" => {
            json!({"gatewayClassName": "istio", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]})
        }
        "HTTPRoute" | "GRPCRoute" => json!({"parentRefs": parent, "rules": [{"backendRefs": backend}]}),
        "TLSRoute" => json!({"parentRefs": edge, "hostnames": ["example.com"], "rules": [{"backendRefs": backend}]}),
        "TCPRoute" | "UDPRoute" => json!({"parentRefs": edge, "rules": [{"backendRefs": backend}]}),
        "ListenerSet" => json!({"parentRef": {"name": "gateway"}, "listeners": [
            {"name": "https", "port": 443, "protocol": "HTTPS", "hostname": "example.com", "tls": issued}]}),
        "ReferenceGrant" => {
            json!({"from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "default"}],
            "to": [{"group": "", "kind": "Service"}]})
        }
        "BackendTLSPolicy" => json!({"targetRefs": [{"group": "", "kind": "Service", "name": host}],
            "validation": {"hostname": "example.com", "wellKnownCACertificates": "System"}}),
        _ => return None,
    })
}

/// The least value that a schema accepts, as far as its required fields say.
fn required(schema: &Value) -> Value {
    if let Some(first) = schema.get("default").or_else(|| schema["enum"].get(0)) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("string") => "".into(),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| 0.into()),
        Some("boolean") => false.into(),
        Some("array") if schema["minItems"].as_u64().unwrap_or(0) > 0 => json!([required(&schema["items"])]),
        Some("array") => json!([]),
        _ => {
            let names = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let fields = names.map(|name| (name.to_owned(), required(&schema["properties"][name])));
            Value::Object(fields.collect::<Map<String, Value>>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_nobody_knows_starts_with_what_it_requires() {
        let schema = json!({"type": "object", "required": ["host", "mode", "ports"], "properties": {
            "host": {"type": "string"}, "more": {"type": "string"}, "mode": {"type": "string", "enum": ["A", "B"]},
            "ports": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer", "minimum": 1}}}}}});
        assert_eq!(required(&schema), json!({"host": "", "mode": "A", "ports": [{"n": 1}]}));
        assert_eq!(required(&Value::Null), json!({}));
    }
}

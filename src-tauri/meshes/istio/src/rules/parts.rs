//! What several rules ask.

use std::sync::Arc;

use mesh::{Subject, Typed, selects};
use serde_json::Value;
use world::{Container, Labels, Namespace, ObjectKey, Pod, Service, ServicePort, yaml};

use crate::kinds::service_entry::ServiceEntry;
use crate::read::Index;
use crate::read::field::Field;
use crate::read::hosts::{service_of, wildcard_matches};
use crate::valid::names::{Protocol, protocol};

/// The spec of a document; nothing where the subject is none.
pub(super) fn spec(subject: &Subject) -> Field<'_> {
    subject.document().map(|document| Field::of(document).get("spec")).unwrap_or_default()
}

/// The namespace of a subject.
pub(super) fn namespace(subject: &Subject) -> String {
    subject.key().namespace
}

/// Namespaces of Kubernetes itself, which no mesh takes part in. Upstream: istio/istio pkg/kube/inject/initializer.go, IgnoredNamespaces.
pub(super) fn is_kubernetes(namespace: &str) -> bool {
    matches!(namespace, "kube-system" | "kube-public" | "kube-node-lease" | "local-path-storage")
}

/// Objects of Istio's own installation. Upstream: pkg/config/analysis/analyzers/util/config.go, IsIstioControlPlane.
pub(super) fn is_control_plane(labels: &Labels) -> bool {
    labels.contains_key("istio") || labels.get("release").is_some_and(|release| release == "istio")
}

/// A gateway that Istio's own installation brings, in manifests that do not hold the installation.
pub(super) fn is_taken_for_granted(ask: &Index, selector: &Labels) -> bool {
    let shipped = |value: &str| matches!(value, "ingressgateway" | "egressgateway");
    ask.places.planned() && selector.len() == 1 && selector.get("istio").is_some_and(shipped)
}

/// Labels as people write them: `app=a, version=v1`.
pub(super) fn words(labels: &Labels) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ")
}

/// TLS towards a server whose certificate nobody checks.
/// Upstream: pkg/config/analysis/analyzers/destinationrule/ca-certificates.go.
pub(super) fn unverified(tls: &Field, rule: &Field) -> bool {
    let begins = matches!(tls.text("mode"), "SIMPLE" | "MUTUAL");
    let by_secret = !tls.text("credentialName").is_empty() && rule.has("workloadSelector");
    begins && tls.text("caCertificates").is_empty() && !by_secret
}

/// The mesh's own settings, as its ConfigMap has them; null where there is none.
pub(super) fn mesh_config(ask: &Index) -> Value {
    setting(ask, "mesh")
}

/// The networks of the mesh; null where there are none.
pub(super) fn setting(ask: &Index, name: &str) -> Value {
    let key = ObjectKey::new("", "ConfigMap", &ask.root, "istio");
    let text = ask.world.document(&key).and_then(|map| map.at(&format!("/data/{name}"))).and_then(Value::as_str);
    text.and_then(|text| yaml::value(text).ok()).unwrap_or_default()
}

/// What the injector is told, for a revision (`default` for the one without name); null where it is not known.
pub(super) fn injector(ask: &Index, revision: &str) -> Value {
    let name = match revision {
        "" | "default" => "istio-sidecar-injector".to_owned(),
        other => format!("istio-sidecar-injector-{other}"),
    };
    let mut all = ask.world.documents_of("", "ConfigMap");
    let values = all.find(|map| map.key.name == name).and_then(|map| map.at("/data/values")).and_then(Value::as_str);
    values.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Whether a proxy is, or will be, beside these containers.
/// Upstream: pkg/config/analysis/analyzers/util/in_mesh.go, inMesh.
pub(super) fn in_mesh(
    ask: &Index,
    namespace: &str,
    labels: &Labels,
    annotations: &Labels,
    containers: &[Container],
) -> bool {
    if containers.iter().any(|c| c.name == "istio-proxy" && !c.image.is_empty()) {
        return true;
    }
    let asked = labels.get("sidecar.istio.io/inject").or_else(|| annotations.get("sidecar.istio.io/inject"));
    let by_namespace =
        || ask.world.namespace(namespace).and_then(|n| n.labels.get("istio-injection")).map(|v| v == "enabled");
    asked.map(|value| value == "true").or_else(by_namespace).unwrap_or(false)
}

/// Whether ztunnel takes a pod's traffic.
pub(super) fn is_ambient(pod: &Pod) -> bool {
    pod.annotations.get("ambient.istio.io/redirection").is_some_and(|value| value == "enabled")
}

/// A selector with expressions, as webhooks have it; none selects everything.
/// Upstream: k8s.io/apimachinery/pkg/apis/meta/v1, LabelSelectorAsSelector.
pub(super) fn label_selector(selector: &Field, labels: &Labels) -> bool {
    let exact = selector.labels("matchLabels");
    let expressions = selector.items("matchExpressions");
    selects(&exact, labels)
        && expressions.iter().all(|expression| {
            let (value, values) = (labels.get(expression.text("key")), expression.texts("values"));
            let among = value.is_some_and(|value| values.contains(&value));
            match expression.text("operator") {
                "In" => among,
                "NotIn" => !among,
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                _ => false,
            }
        })
}

/// The gateway that a name in `gateways` means; `None` for the mesh itself.
pub(super) fn gateway_key(name: &str, namespace: &str) -> Option<ObjectKey> {
    let (namespace, plain) = name.split_once('/').unwrap_or((namespace, name));
    (name != "mesh").then(|| ObjectKey::new(crate::kinds::NETWORKING, "Gateway", namespace, plain))
}

/// Nothing at a namespace says whether its pods get a proxy.
/// Upstream: pkg/config/analysis/analyzers/injection/injection.go.
pub(super) fn is_undecided(namespace: &Namespace) -> bool {
    let label = |name: &str| namespace.labels.get(name);
    let ours = namespace.name == "istio-system" || is_kubernetes(&namespace.name);
    let ambient = label("istio.io/dataplane-mode") == Some("ambient");
    !ours && !ambient && label("istio-injection").unwrap_or_default().is_empty() && label("istio.io/rev").is_none()
}

/// The injector takes namespaces without a label.
pub(super) fn injected_by_default(ask: &Index) -> bool {
    let values = injector(ask, "");
    Field::root(&values).get("sidecarInjectorWebhook").is_true("enableNamespacesByDefault")
}

/// A namespace whose pods have no sidecars. Upstream: pkg/config/analysis/analyzers/util/in_mesh.go, NamespaceInAmbientMode.
pub(super) fn is_ambient_namespace(ask: &Index, name: &str) -> bool {
    let Some(namespace) = ask.world.namespace(name) else { return false };
    let label = |name: &str| namespace.labels.get(name).unwrap_or_default();
    let sidecars = label("istio-injection") == "enabled" || !label("istio.io/rev").is_empty();
    !sidecars && label("istio.io/dataplane-mode") == "ambient"
}

/// Every destination of a VirtualService, mirrors and those of TCP and TLS rules included.
pub(super) fn all_destinations(subject: &Subject) -> Vec<Field<'_>> {
    let spec = spec(subject);
    let mut all = Vec::new();
    for rule in ["http", "tls", "tcp"].into_iter().flat_map(|kind| spec.items(kind)) {
        all.extend(rule.items("route").iter().map(|route| route.get("destination")));
        all.push(rule.get("mirror"));
        all.extend(rule.items("mirrors").iter().map(|mirror| mirror.get("destination")));
    }
    all.retain(Field::is_set);
    all
}

/// The ports of a host in full; `None` where the mesh does not know it.
pub(super) fn ports_of(ask: &Index, host: &str) -> Option<Vec<u16>> {
    if let Some(service) = service_of(host).and_then(|(namespace, name)| ask.world.service(namespace, name)) {
        return Some(service.ports.iter().map(|port| port.port).collect());
    }
    let listed = |typed: &&Typed<ServiceEntry>| {
        let fits = |own: &String| own.eq_ignore_ascii_case(host) || wildcard_matches(own, host);
        typed.spec.hosts.iter().any(fits)
    };
    let entry = ask.entries_for(host).find(listed)?;
    Some(entry.spec.ports.iter().map(|port| port.number).collect())
}

/// The Secrets that a Gateway names, in the namespace of the first proxy that it selects.
pub(super) fn credentials<'a>(ask: &Index, gateway: &Field<'a>) -> Vec<(Field<'a>, ObjectKey)> {
    let names = gateway.items("servers").into_iter().map(|server| server.at("tls.credentialName"));
    let names: Vec<Field> = names.filter(Field::is_set).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let pods = ask.places.selected_anywhere(&gateway.labels("selector"));
    let Some(pod) = pods.first() else { return Vec::new() };
    let mut all = Vec::new();
    for name in names {
        let (namespace, secret) = name.as_text().split_once('/').unwrap_or((&pod.namespace, name.as_text()));
        if !secret.is_empty() && !secret.contains("://") {
            let key = ObjectKey::new("", "Secret", namespace, secret);
            all.push((name, key));
        }
    }
    all
}

/// Names, one behind the other.
pub(super) fn list<T: ToString>(all: impl IntoIterator<Item = T>) -> String {
    all.into_iter().map(|one| one.to_string()).collect::<Vec<_>>().join(", ")
}

/// The services in front of a workload of the mesh; none for a waypoint, which Istio makes itself.
pub(super) fn fronting<'a>(ask: &'a Index, subject: &'a Subject) -> Vec<&'a Arc<Service>> {
    let Some(workload) = subject.workload() else { return Vec::new() };
    let waypoint =
        workload.own_labels.get("gateway.istio.io/managed").is_some_and(|by| by == "istio.io-mesh-controller");
    let (namespace, labels) = (&workload.namespace, &workload.labels);
    if waypoint || !in_mesh(ask, namespace, labels, &workload.annotations, &workload.containers) {
        return Vec::new();
    }
    ask.places.services_selecting(namespace, labels)
}

/// What a port of a service says that it speaks; `None` where it says nothing that Istio understands.
/// Upstream: pkg/config/kube/conversion.go, ConvertProtocol.
pub(super) fn speaks(port: &ServicePort) -> Option<Protocol> {
    let said = port.app_protocol.as_deref().unwrap_or(&port.name);
    let word = match said {
        _ if port.protocol == "UDP" => "udp",
        "kubernetes.io/h2c" | "kubernetes.io/ws" => "http",
        "kubernetes.io/wss" => "https",
        other if other.to_ascii_lowercase().starts_with("grpc-web") => "grpc-web",
        other => other.split('-').next().unwrap_or_default(),
    };
    // Servers that speak first are taken as TCP whatever the name.
    protocol(word).or_else(|| matches!(port.port, 25 | 53 | 3306 | 27017).then_some(Protocol::Tcp))
}

/// A field as an edit names it: `/spec/http/1`. For paths without keys in brackets.
pub(super) fn pointer(path: &str) -> String {
    format!("/{}", path.replace(['.', '['], "/").replace(']', ""))
}

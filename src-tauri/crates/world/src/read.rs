//! From JSON as Kubernetes serves it to objects of a world. The views name only the fields that are kept, so that the
//! same code decodes a watch stream slimly and a file fully.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::environment::Variable;
use crate::quantity::parse_quantity;
use crate::{
    Condition, Container, Document, Gvk, Labels, Namespace, Object, ObjectKey, Origin, Pod, ReadError, Resources,
    Service, ServiceAccount, ServicePort, TargetPort, Workload,
};

impl Object {
    /// Reads one object. Core kinds become slim facts, any other kind is kept whole but for `managedFields`.
    ///
    /// # Errors
    /// Where `apiVersion`, `kind` or `metadata.name` is missing, or a core kind has a field of the wrong shape.
    pub fn read(mut body: Value, origin: Origin) -> Result<Self, ReadError> {
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let missing = |field| ReadError::NotAnObject { field };
        let (api_version, kind) = (text("/apiVersion"), text("/kind"));
        let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
        if api_version.is_empty() {
            return Err(missing("apiVersion"));
        }
        if kind.is_empty() {
            return Err(missing("kind"));
        }
        if name.is_empty() {
            return Err(missing("metadata.name"));
        }
        let gvk = Gvk::new(&api_version, &kind);
        let key = ObjectKey { group: gvk.group.clone(), kind, namespace, name };
        let shape = |error: serde_json::Error| ReadError::Shape { object: key.clone(), detail: error.to_string() };
        Ok(match (key.group.as_str(), key.kind.as_str()) {
            ("", "Namespace") => Self::Namespace(NamespaceView::deserialize(&body).map_err(shape)?.into()),
            ("", "Service") => Self::Service(ServiceView::deserialize(&body).map_err(shape)?.into()),
            ("", "ServiceAccount") => Self::ServiceAccount(ServiceAccount { namespace: key.namespace, name: key.name }),
            ("", "Pod") => Self::Pod(PodView::deserialize(&body).map_err(shape)?.into()),
            ("apps", "Deployment" | "StatefulSet" | "DaemonSet") => {
                Self::Workload(WorkloadView::deserialize(&body).map_err(shape)?.named(&key.kind))
            }
            _ => {
                let meta = Meta::deserialize(body.get("metadata").unwrap_or(&Value::Null)).map_err(shape)?;
                let written = written(&body).max(meta.created);
                if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
                    metadata.shift_remove("managedFields");
                }
                Self::Document(Document {
                    version: gvk.version,
                    key,
                    uid: meta.uid,
                    resource_version: meta.resource_version,
                    created: meta.created,
                    written,
                    labels: meta.labels,
                    annotations: meta.annotations,
                    body: Arc::new(body),
                    origin,
                })
            }
        })
    }

    /// Reads one object of a list or watch, whose group, version and kind are known (items of lists do not name them).
    /// Core kinds are decoded straight into slim facts: no tree of the whole object is ever built.
    ///
    /// # Errors
    /// Where it is no JSON object with `metadata.name`, or a core kind has a field of the wrong shape.
    pub fn decode(json: &str, api_version: &str, kind: &str) -> Result<Self, ReadError> {
        let group = Gvk::new(api_version, kind).group;
        let shape = |error: serde_json::Error| ReadError::Shape {
            object: ObjectKey::new(&group, kind, "", ""),
            detail: error.to_string(),
        };
        let read = match (group.as_str(), kind) {
            ("", "Namespace") => Self::Namespace(serde_json::from_str::<NamespaceView>(json).map_err(shape)?.into()),
            ("", "Service") => Self::Service(serde_json::from_str::<ServiceView>(json).map_err(shape)?.into()),
            ("", "Pod") => Self::Pod(serde_json::from_str::<PodView>(json).map_err(shape)?.into()),
            ("apps", "Deployment" | "StatefulSet" | "DaemonSet") => {
                Self::Workload(serde_json::from_str::<WorkloadView>(json).map_err(shape)?.named(kind))
            }
            _ => {
                let mut body: Value = serde_json::from_str(json).map_err(shape)?;
                if let Some(object) = body.as_object_mut() {
                    // In front, as in an object that is read by itself.
                    object.shift_insert(0, "apiVersion".into(), api_version.into());
                    object.shift_insert(1, "kind".into(), kind.into());
                }
                return Self::read(body, Origin::Cluster);
            }
        };
        if read.key().name.is_empty() { Err(ReadError::NotAnObject { field: "metadata.name" }) } else { Ok(read) }
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Meta {
    #[serde(deserialize_with = "or_default")]
    namespace: String,
    name: String,
    uid: String,
    resource_version: String,
    #[serde(deserialize_with = "or_default")]
    labels: Labels,
    #[serde(deserialize_with = "or_default")]
    annotations: Labels,
    #[serde(rename = "creationTimestamp", deserialize_with = "seconds")]
    created: Option<i64>,
    deletion_timestamp: Option<String>,
    #[serde(deserialize_with = "or_default")]
    owner_references: Vec<Owner>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Owner {
    kind: String,
    name: String,
    controller: Option<bool>,
}

/// `null` is what Go writes for an empty map or list.
fn or_default<'de, D: serde::Deserializer<'de>, T: Deserialize<'de> + Default>(d: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(d)?.unwrap_or_default())
}

/// RFC 3339 to seconds since 1970; a time that does not parse is no reason to lose the object.
fn seconds<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<i64>, D::Error> {
    let text = Option::<String>::deserialize(d)?;
    Ok(text.and_then(|t| t.parse::<jiff::Timestamp>().ok()).map(|t| t.as_second()))
}

/// The newest write that `managedFields` knows of; that of a status is none to the object itself.
fn written(body: &Value) -> Option<i64> {
    let entries = body.pointer("/metadata/managedFields").and_then(Value::as_array)?;
    let own = entries.iter().filter(|entry| entry.get("subresource").is_none_or(|of| of == ""));
    own.filter_map(|entry| seconds(entry.get("time")?).ok().flatten()).max()
}

#[derive(Deserialize)]
struct NamespaceView {
    metadata: Meta,
}

impl From<NamespaceView> for Namespace {
    fn from(view: NamespaceView) -> Self {
        Self { name: view.metadata.name, labels: view.metadata.labels, annotations: view.metadata.annotations }
    }
}

#[derive(Deserialize)]
struct ServiceView {
    metadata: Meta,
    #[serde(default, deserialize_with = "or_default")]
    spec: ServiceSpec,
    #[serde(default, deserialize_with = "or_default")]
    status: ServiceStatus,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ServiceStatus {
    #[serde(deserialize_with = "or_default")]
    conditions: Vec<ConditionView>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ConditionView {
    r#type: String,
    status: String,
    reason: String,
    message: String,
}

impl From<ConditionView> for Condition {
    fn from(view: ConditionView) -> Self {
        Self { kind: view.r#type, status: view.status, reason: view.reason, message: view.message }
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ServiceSpec {
    r#type: String,
    #[serde(rename = "clusterIP")]
    cluster_ip: String,
    #[serde(rename = "clusterIPs", deserialize_with = "or_default")]
    cluster_ips: Vec<String>,
    external_name: Option<String>,
    #[serde(deserialize_with = "or_default")]
    selector: Labels,
    #[serde(deserialize_with = "or_default")]
    ports: Vec<PortView>,
    #[serde(rename = "publishNotReadyAddresses")]
    publishes_unready: bool,
    #[serde(rename = "trafficDistribution")]
    distribution: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct PortView {
    name: String,
    port: u16,
    target_port: Value,
    protocol: String,
    app_protocol: Option<String>,
}

impl From<ServiceView> for Service {
    fn from(view: ServiceView) -> Self {
        let ServiceSpec {
            r#type,
            cluster_ip,
            mut cluster_ips,
            external_name,
            selector,
            ports,
            publishes_unready,
            distribution,
        } = view.spec;
        if cluster_ips.is_empty() && !cluster_ip.is_empty() {
            cluster_ips.push(cluster_ip);
        }
        Self {
            namespace: view.metadata.namespace,
            name: view.metadata.name,
            labels: view.metadata.labels,
            annotations: view.metadata.annotations,
            kind: if r#type.is_empty() { "ClusterIP".into() } else { r#type },
            cluster_ips,
            external_name,
            selector,
            ports: ports.into_iter().map(ServicePort::from).collect(),
            publishes_unready,
            distribution,
            created: view.metadata.created,
            conditions: view.status.conditions.into_iter().map(Condition::from).collect(),
        }
    }
}

impl From<PortView> for ServicePort {
    fn from(view: PortView) -> Self {
        let target = match &view.target_port {
            Value::String(name) => name.parse().map_or_else(|_| TargetPort::Name(name.clone()), TargetPort::Number),
            Value::Number(number) => {
                TargetPort::Number(number.as_u64().and_then(|n| u16::try_from(n).ok()).unwrap_or(view.port))
            }
            _ => TargetPort::Number(view.port),
        };
        let protocol = if view.protocol.is_empty() { "TCP".into() } else { view.protocol };
        Self { name: view.name, port: view.port, target, protocol, app_protocol: view.app_protocol }
    }
}

#[derive(Deserialize)]
struct WorkloadView {
    metadata: Meta,
    #[serde(default, deserialize_with = "or_default")]
    spec: WorkloadSpec,
    #[serde(default, deserialize_with = "or_default")]
    status: WorkloadStatus,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WorkloadSpec {
    replicas: Option<u32>,
    template: Template,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WorkloadStatus {
    ready_replicas: u32,
    number_ready: u32,
    desired_number_scheduled: u32,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Template {
    #[serde(deserialize_with = "or_default")]
    metadata: Meta,
    #[serde(deserialize_with = "or_default")]
    spec: TemplateSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct TemplateSpec {
    service_account_name: String,
    #[serde(deserialize_with = "or_default")]
    containers: Vec<ContainerView>,
    #[serde(deserialize_with = "or_default")]
    security_context: SecurityContext,
}

impl WorkloadView {
    fn named(self, kind: &str) -> Workload {
        let TemplateSpec { service_account_name: account, containers, security_context } = self.spec.template.spec;
        let default_replicas = if kind == "DaemonSet" { self.status.desired_number_scheduled } else { 1 };
        Workload {
            namespace: self.metadata.namespace,
            name: self.metadata.name,
            kind: kind.into(),
            labels: self.spec.template.metadata.labels,
            annotations: self.spec.template.metadata.annotations,
            service_account: if account.is_empty() { "default".into() } else { account },
            replicas: self.spec.replicas.unwrap_or(default_replicas),
            ready: self.status.ready_replicas.max(self.status.number_ready),
            own_labels: self.metadata.labels,
            own_annotations: self.metadata.annotations.only(of_a_mesh),
            run_as_user: security_context.run_as_user,
            containers: containers.into_iter().map(ContainerView::of_template).collect(),
        }
    }
}

#[derive(Deserialize)]
struct PodView {
    metadata: Meta,
    #[serde(default, deserialize_with = "or_default")]
    spec: PodSpec,
    #[serde(default, deserialize_with = "or_default")]
    status: PodStatus,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct PodSpec {
    service_account_name: String,
    node_name: String,
    host_network: bool,
    #[serde(deserialize_with = "or_default")]
    hostname: String,
    #[serde(deserialize_with = "or_default")]
    subdomain: String,
    #[serde(deserialize_with = "or_default")]
    security_context: SecurityContext,
    #[serde(deserialize_with = "or_default")]
    containers: Vec<ContainerView>,
    #[serde(deserialize_with = "or_default")]
    init_containers: Vec<ContainerView>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ContainerView {
    name: String,
    image: String,
    restart_policy: String,
    #[serde(deserialize_with = "or_default")]
    ports: Vec<ContainerPort>,
    #[serde(deserialize_with = "or_default")]
    resources: ResourcesView,
    #[serde(deserialize_with = "or_default")]
    security_context: SecurityContext,
    #[serde(deserialize_with = "or_default")]
    env: Vec<Variable>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct SecurityContext {
    run_as_user: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ContainerPort {
    name: String,
    container_port: u16,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ResourcesView {
    #[serde(deserialize_with = "or_default")]
    requests: Labels,
    #[serde(deserialize_with = "or_default")]
    limits: Labels,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct PodStatus {
    phase: String,
    #[serde(rename = "podIP")]
    pod_ip: String,
    #[serde(deserialize_with = "or_default")]
    conditions: Vec<ConditionView>,
    #[serde(deserialize_with = "or_default")]
    container_statuses: Vec<ContainerStatus>,
    #[serde(deserialize_with = "or_default")]
    init_container_statuses: Vec<ContainerStatus>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ContainerStatus {
    name: String,
    ready: bool,
    restart_count: u32,
    #[serde(rename = "containerID")]
    container_id: String,
    state: Value,
    last_state: Value,
}

/// Annotations that a mesh reads or writes; the others (last-applied alone is often longer than the pod) are dropped.
fn of_a_mesh(annotation: &str) -> bool {
    annotation.split('/').next().is_some_and(|domain| {
        ["istio.io", "linkerd.io", "cilium.io", "kiali.io"].iter().any(|mesh| domain.ends_with(mesh))
    })
}

impl From<PodView> for Pod {
    fn from(view: PodView) -> Self {
        let PodView { metadata, spec, status } = view;
        let workload = workload_of(&metadata);
        let native = spec.init_containers.into_iter().filter(|c| c.restart_policy == "Always").map(|c| (c, true));
        let statuses: Vec<_> = status.container_statuses.iter().chain(&status.init_container_statuses).collect();
        let containers = spec
            .containers
            .into_iter()
            .map(|c| (c, false))
            .chain(native)
            .map(|(c, native)| {
                let state = statuses.iter().find(|s| s.name == c.name);
                c.into_container(native, state.copied())
            })
            .collect();
        let account = spec.service_account_name;
        Self {
            namespace: metadata.namespace,
            name: metadata.name,
            uid: metadata.uid,
            labels: metadata.labels,
            annotations: metadata.annotations.only(of_a_mesh),
            workload,
            service_account: if account.is_empty() { "default".into() } else { account },
            node: spec.node_name,
            ip: status.pod_ip,
            ready: status.conditions.iter().any(|c| c.r#type == "Ready" && c.status == "True"),
            phase: status.phase,
            terminating: metadata.deletion_timestamp.is_some(),
            host_network: spec.host_network,
            hostname: (spec.hostname, spec.subdomain),
            containers,
            created: metadata.created,
            run_as_user: spec.security_context.run_as_user,
        }
    }
}

/// The Deployment behind a ReplicaSet is known by the name: the ReplicaSet's is the Deployment's, a dash and the hash
/// that the pod carries as `pod-template-hash`.
fn workload_of(pod: &Meta) -> (String, String) {
    let owner = pod.owner_references.iter().find(|o| o.controller == Some(true)).or(pod.owner_references.first());
    let Some(owner) = owner else { return ("Pod".into(), pod.name.clone()) };
    if owner.kind == "ReplicaSet"
        && let Some(hash) = pod.labels.get("pod-template-hash")
        && let Some(deployment) = owner.name.strip_suffix(hash).and_then(|n| n.strip_suffix('-'))
    {
        return ("Deployment".into(), deployment.into());
    }
    (owner.kind.clone(), owner.name.clone())
}

impl ContainerView {
    fn of_template(mut self) -> Container {
        let all: Vec<Variable> = std::mem::take(&mut self.env).into_iter().filter(Variable::is_there).collect();
        let flags = all.iter().filter_map(Variable::flag).collect();
        let env = all.into_iter().map(|e| e.name).collect();
        Container { env, flags, ..self.into_container(false, None) }
    }

    fn into_container(self, native_sidecar: bool, state: Option<&ContainerStatus>) -> Container {
        let reason = |state: &Value, of: &str| {
            state.pointer(&format!("/{of}/reason")).and_then(Value::as_str).map(str::to_owned)
        };
        let quantity = |from: &Labels, name: &str, unit: f64| {
            from.get(name).and_then(parse_quantity).map(|q| (q * unit).round() as u64)
        };
        Container {
            name: self.name,
            image: self.image,
            id: state.map(|s| s.container_id.split_once("://").map_or("", |(_, id)| id).to_owned()).unwrap_or_default(),
            native_sidecar,
            ports: self.ports.into_iter().map(|p| (p.name, p.container_port)).collect(),
            ready: state.is_some_and(|s| s.ready),
            restarts: state.map_or(0, |s| s.restart_count),
            trouble: state.and_then(|s| {
                let waits = reason(&s.state, "waiting");
                let ends = reason(&s.state, "terminated").filter(|why| why != "Completed");
                let ended = ends.or_else(|| reason(&s.last_state, "terminated"));
                // That it is started again ever later is what follows from being killed for memory, and hides it.
                waits.filter(|why| why != "CrashLoopBackOff" || ended.as_deref() != Some("OOMKilled")).or(ended)
            }),
            resources: Resources {
                cpu_request: quantity(&self.resources.requests, "cpu", 1000.0),
                cpu_limit: quantity(&self.resources.limits, "cpu", 1000.0),
                memory_request: quantity(&self.resources.requests, "memory", 1.0),
                memory_limit: quantity(&self.resources.limits, "memory", 1.0),
            },
            run_as_user: self.security_context.run_as_user,
            env: Vec::new(),
            flags: Labels::new(),
        }
    }
}

#[cfg(test)]
mod tests;

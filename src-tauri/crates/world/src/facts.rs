//! The core kinds, slim: only the fields that a mesh view needs. The full object is read again on demand
//! (10,000 full pods are 600 MB, 10,000 of these are 15 MB).

use crate::Labels;

/// core/v1 Namespace.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Namespace {
    /// `metadata.name`
    pub name: String,
    /// `metadata.labels`
    pub labels: Labels,
    /// `metadata.annotations`
    pub annotations: Labels,
}

/// core/v1 ServiceAccount: who a workload is.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ServiceAccount {
    /// `metadata.namespace`
    pub namespace: String,
    /// `metadata.name`
    pub name: String,
}

/// core/v1 Service.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Service {
    /// `metadata.namespace`
    pub namespace: String,
    /// `metadata.name`
    pub name: String,
    /// `metadata.labels`
    pub labels: Labels,
    /// `metadata.annotations`
    pub annotations: Labels,
    /// `spec.type`: ClusterIP, NodePort, LoadBalancer or ExternalName.
    pub kind: String,
    /// `spec.clusterIPs`; `None` as an entry means headless.
    pub cluster_ips: Vec<String>,
    /// `spec.externalName`
    pub external_name: Option<String>,
    /// `spec.selector`
    pub selector: Labels,
    /// `spec.ports`
    pub ports: Vec<ServicePort>,
    /// `spec.publishNotReadyAddresses`: pods that are not ready count as well.
    pub publishes_unready: bool,
    /// `spec.trafficDistribution`
    pub distribution: Option<String>,
    /// `metadata.creationTimestamp`, seconds since 1970.
    pub created: Option<i64>,
    /// `status.conditions`
    pub conditions: Vec<Condition>,
}

impl Service {
    /// It has no address of its own: its name stands for its pods' addresses.
    pub fn is_headless(&self) -> bool {
        self.cluster_ips.iter().any(|ip| ip == "None")
    }
}

/// What a controller says of an object.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Condition {
    /// `type`
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// `reason`
    pub reason: String,
    /// `message`
    pub message: String,
}

/// One port of a Service.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ServicePort {
    /// Name; empty where there is none.
    pub name: String,
    /// The port that callers use.
    pub port: u16,
    /// The port of the pods behind it.
    pub target: TargetPort,
    /// TCP, UDP or SCTP.
    pub protocol: String,
    /// `appProtocol`
    pub app_protocol: Option<String>,
}

/// `targetPort`: a number, or the name of a container port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetPort {
    /// The same as, or another, number.
    Number(u16),
    /// Found by the name of a container port.
    Name(String),
}

impl Default for TargetPort {
    fn default() -> Self {
        Self::Number(0)
    }
}

/// A Deployment, StatefulSet, DaemonSet, Job …: what owns pods.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Workload {
    /// `metadata.namespace`
    pub namespace: String,
    /// `metadata.name`
    pub name: String,
    /// `Deployment`, `StatefulSet`, `DaemonSet`, `ReplicaSet`, `Job`, `Pod` …
    pub kind: String,
    /// Labels of its pod template.
    pub labels: Labels,
    /// Annotations of its pod template.
    pub annotations: Labels,
    /// `spec.template.spec.serviceAccountName`; `default` where none is named.
    pub service_account: String,
    /// `spec.replicas`
    pub replicas: u32,
    /// `status.readyReplicas`
    pub ready: u32,
    /// `metadata.labels`: of the workload itself.
    pub own_labels: Labels,
    /// `metadata.annotations` of the workload itself, those of a mesh alone.
    pub own_annotations: Labels,
    /// Containers of its pod template.
    pub containers: Vec<Container>,
    /// `spec.template.spec.securityContext.runAsUser`
    pub run_as_user: Option<i64>,
}

/// core/v1 Pod.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Pod {
    /// `metadata.namespace`
    pub namespace: String,
    /// `metadata.name`
    pub name: String,
    /// `metadata.uid`
    pub uid: String,
    /// `metadata.labels`
    pub labels: Labels,
    /// `metadata.annotations`, those of a mesh alone.
    pub annotations: Labels,
    /// Kind and name of the workload that owns it: the Deployment's for a ReplicaSet named after one; itself without owner.
    pub workload: (String, String),
    /// `spec.serviceAccountName`
    pub service_account: String,
    /// `spec.nodeName`
    pub node: String,
    /// `status.podIP`
    pub ip: String,
    /// `status.phase`
    pub phase: String,
    /// The Ready condition.
    pub ready: bool,
    /// `metadata.deletionTimestamp` is set.
    pub terminating: bool,
    /// `spec.hostNetwork`: no mesh takes such a pod's traffic.
    pub host_network: bool,
    /// `spec.hostname` and `spec.subdomain`: its name in DNS, under that of a service without an address; empty where it has none.
    pub hostname: (String, String),
    /// Containers; init containers that keep running (native sidecars) included.
    pub containers: Vec<Container>,
    /// `metadata.creationTimestamp`, seconds since 1970.
    pub created: Option<i64>,
    /// `spec.securityContext.runAsUser`
    pub run_as_user: Option<i64>,
}

/// One container of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Container {
    /// Name, e.g. `istio-proxy`.
    pub name: String,
    /// Image.
    pub image: String,
    /// What the runtime calls it, without the runtime's name; empty where it has not begun.
    pub id: String,
    /// An init container with `restartPolicy: Always`.
    pub native_sidecar: bool,
    /// Container ports, (name, number).
    pub ports: Vec<(String, u16)>,
    /// `status.containerStatuses[].ready`
    pub ready: bool,
    /// Restarts so far.
    pub restarts: u32,
    /// Reason of the last termination, e.g. `OOMKilled`; of the waiting state, e.g. `ImagePullBackOff`, where it waits. Where it waits to be
    /// started again after it was killed for memory: that.
    pub trouble: Option<String>,
    /// CPU and memory asked for and allowed.
    pub resources: Resources,
    /// `securityContext.runAsUser`
    pub run_as_user: Option<i64>,
    /// Names of its environment variables that have a value; of templates alone.
    pub env: Vec<String>,
    /// Those of them by which control planes are told how to decide (`PILOT_…`), with what they say; of templates alone.
    pub flags: Labels,
}

/// Requests and limits of a container.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Resources {
    /// CPU request in thousandths of a core.
    pub cpu_request: Option<u64>,
    /// CPU limit in thousandths of a core.
    pub cpu_limit: Option<u64>,
    /// Memory request in bytes.
    pub memory_request: Option<u64>,
    /// Memory limit in bytes.
    pub memory_limit: Option<u64>,
}

impl Pod {
    /// The container of this name.
    pub fn container(&self, name: &str) -> Option<&Container> {
        self.containers.iter().find(|c| c.name == name)
    }
}

//! Waypoints: which of them takes the requests for a service or for a pod.

use mesh::selects;
use world::{Document, Labels, ObjectKey, Pod, Said, Service, said};

use crate::detect::is_waypoint;
use crate::read::Index;

/// API group of gateways.
pub(crate) const GATEWAY: &str = "gateway.networking.k8s.io";
/// The class of Istio's own waypoints.
pub(crate) const CLASS: &str = "istio-waypoint";
/// The label that names the Gateway of a proxy's pod.
pub(crate) const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";
/// The label that says which controller made a proxy's pod.
pub(crate) const MANAGED: &str = "gateway.istio.io/managed";
/// Its value for waypoints.
pub(crate) const MANAGED_WAYPOINT: &str = "istio.io-mesh-controller";
const USE: &str = "istio.io/use-waypoint";
const INGRESS: &str = "istio.io/ingress-use-waypoint";
const FOR: &str = "istio.io/waypoint-for";

/// A Gateway that stands between pods and takes requests for others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waypoint {
    /// The Gateway.
    pub key: ObjectKey,
    /// The object that asks for it, and the field.
    pub by: (ObjectKey, String),
}

/// Who takes the requests for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    /// Its own pods: no waypoint is asked for.
    Pods,
    /// Its own pods, although a waypoint is asked for: the object and field that ask, and why it does not take them.
    Unbound((ObjectKey, String), Said),
    /// A waypoint.
    Waypoint(Waypoint),
    /// Who takes them cannot be known.
    Unknown(Said),
}

/// What is sent to a waypoint.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Traffic {
    Service,
    Workload,
}

impl Index {
    /// The waypoint of a service. One without an address of its own is asked for by the addresses of its pods, and has none.
    /// Upstream: istio/istio pilot/pkg/serviceregistry/ambient/waypoints.go, fetchWaypointForService.
    pub fn waypoint_of_service(&self, service: &Service) -> Binding {
        if is_waypoint(&service.labels) || service.is_headless() {
            return Binding::Pods;
        }
        let key = ObjectKey::new("", "Service", &service.namespace, &service.name);
        self.bound(&key, &service.labels, Traffic::Service)
    }

    /// The waypoint to which gateways send what is for a service: only where the service, or else its namespace, says that they are to.
    /// Upstream: istio/istio pilot/pkg/xds/endpoints/endpoint_builder.go, findServiceWaypoint; serviceregistry/ambient/services.go,
    /// ingressUseWaypointFromLabels.
    pub fn waypoint_for_gateways(&self, service: &Service) -> Binding {
        let of_namespace = || self.world.namespace(&service.namespace)?.labels.get(INGRESS).map(str::to_owned);
        let said = service.labels.get(INGRESS).map(str::to_owned).or_else(of_namespace);
        if said.as_deref() == Some("true") { self.waypoint_of_service(service) } else { Binding::Pods }
    }

    /// The waypoint of a host that a ServiceEntry adds.
    pub fn waypoint_of_entry(&self, entry: &Document) -> Binding {
        self.bound(&entry.key, &entry.labels, Traffic::Service)
    }

    /// The waypoint of a pod that is asked for by its own address. A waypoint has none itself.
    /// Upstream: istio/istio pilot/pkg/serviceregistry/ambient/workloads.go, computeWaypoint; waypoints.go, fetchWaypointForWorkload.
    pub fn waypoint_of_pod(&self, pod: &Pod) -> Binding {
        if is_waypoint(&pod.labels) {
            return Binding::Pods;
        }
        self.bound(&ObjectKey::new("", "Pod", &pod.namespace, &pod.name), &pod.labels, Traffic::Workload)
    }

    /// The object's own label, else its namespace's. Upstream: waypoints.go, fetchWaypointForTarget.
    fn bound(&self, key: &ObjectKey, labels: &Labels, traffic: Traffic) -> Binding {
        let own = labels.get(USE).map(|name| (name, labels, key.clone()));
        let inherited = own.is_none();
        let namespace = self.world.namespace(&key.namespace);
        let from_namespace = || {
            let namespace = namespace?;
            let name = namespace.labels.get(USE)?;
            Some((name, &namespace.labels, ObjectKey::new("", "Namespace", "", &namespace.name)))
        };
        let Some((name, labels, by)) = own.or_else(from_namespace).filter(|(name, ..)| *name != "none") else {
            return Binding::Pods;
        };
        let by = (by, format!("metadata.labels[{USE}]"));
        for kind in ["Gateway", "GatewayClass"] {
            if let Some(because) = self.world.unreadable(&[(GATEWAY, kind)]) {
                return Binding::Unknown(because);
            }
        }
        let home = labels.get("istio.io/use-waypoint-namespace").unwrap_or(&key.namespace);
        let gateway = ObjectKey::new(GATEWAY, "Gateway", home, name);
        let called = format!("{home}/{name}");
        let Some(document) = self.world.document(&gateway).filter(|d| is_ready(d)) else {
            return Binding::Unbound(
                by,
                said!("there is no waypoint {called} that is ready", "没有就绪的 waypoint {called}"),
            );
        };
        if !self.lets_in(document, &key.namespace) {
            return Binding::Unbound(
                by,
                said!(
                    "waypoint {called} takes nothing from namespace {}",
                    "waypoint {called} 不接收来自命名空间 {} 的请求",
                    key.namespace
                ),
            );
        }
        if !self.takes(document, traffic) {
            // A namespace asks for its services' sake: its pods are not meant.
            return if inherited && traffic == Traffic::Workload {
                Binding::Pods
            } else {
                Binding::Unbound(
                    by,
                    said!(
                        "waypoint {called} is not for such traffic ({FOR})",
                        "waypoint {called} 不处理这类流量（{FOR}）"
                    ),
                )
            };
        }
        let class = document.at("/spec/gatewayClassName").and_then(serde_json::Value::as_str).unwrap_or_default();
        if class != CLASS {
            return Binding::Unknown(said!(
                "{called} is of class {class}, whose rules are its maker's",
                "{called} 属于类别 {class}，其规则由实现者决定"
            ));
        }
        if traffic == Traffic::Service && labels.contains_key("istio.io/use-waypoint-canary") {
            return Binding::Unknown(said!(
                "{} shares its connections with another waypoint",
                "{} 与另一个 waypoint 共用连接",
                by.0
            ));
        }
        Binding::Waypoint(Waypoint { key: gateway, by })
    }

    /// Whether a waypoint takes this traffic: as its Gateway says, else its class, else that of services alone.
    /// Upstream: waypoints.go, gatewayToWaypointTransform.
    fn takes(&self, gateway: &Document, traffic: Traffic) -> bool {
        let class = gateway.at("/spec/gatewayClassName").and_then(serde_json::Value::as_str).unwrap_or_default();
        let class = self.world.document(&ObjectKey::new(GATEWAY, "GatewayClass", "", class));
        let said = gateway.labels.get(FOR).or_else(|| class.and_then(|c| c.labels.get(FOR)));
        let own = if traffic == Traffic::Service { "service" } else { "workload" };
        said.map_or(traffic == Traffic::Service, |said| said == "all" || said == own)
    }

    /// Whether the listener for HBONE lets a namespace in; its own alone where nothing is said.
    /// Upstream: waypoints.go, makeAllowedRoutes and AllowsAttachmentFromNamespace.
    fn lets_in(&self, gateway: &Document, namespace: &str) -> bool {
        let listeners = gateway.at("/spec/listeners").and_then(serde_json::Value::as_array);
        let hbone = listeners.into_iter().flatten().find(|l| l["protocol"] == "HBONE" && l["port"] == 15008);
        let allowed = hbone.and_then(|l| l.pointer("/allowedRoutes/namespaces"));
        match allowed.and_then(|a| a["from"].as_str()) {
            Some("All") => true,
            Some("Selector") => {
                let wanted: Option<Labels> = allowed
                    .and_then(|a| a.pointer("/selector/matchLabels"))
                    .and_then(|labels| serde_json::from_value(labels.clone()).ok());
                let labels = self.world.namespace(namespace).map(|n| n.labels.clone()).unwrap_or_default();
                wanted.is_none_or(|wanted| selects(&wanted, &labels))
            }
            _ => gateway.key.namespace == namespace,
        }
    }
}

/// A Gateway has an address once a pod of it is ready. One that no cluster has seen yet is taken as it will be.
fn is_ready(gateway: &Document) -> bool {
    match gateway.at("/status") {
        None => true,
        Some(status) => status["addresses"].as_array().is_some_and(|all| !all.is_empty()),
    }
}

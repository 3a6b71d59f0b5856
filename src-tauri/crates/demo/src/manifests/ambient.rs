//! The ambient part of the mesh: a ztunnel on each node, and the waypoint that istiod makes of a Gateway.

use serde_json::{Value, json};

use super::{ISTIO, NODES, Runs, Writer, hash, sidecar, uuid};
use crate::shop::{Proxy, WORKLOADS};

/// Name of the waypoint, and of all that istiod makes for it.
pub(crate) const WAYPOINT: &str = "waypoint";
/// Where it stands.
const HOME: &str = "gallery";

/// What the node's agent leaves on a pod whose traffic it takes.
pub(super) fn annotations() -> Value {
    json!({"ambient.istio.io/redirection": "enabled"})
}

/// Labels of a Service: one whose requests a waypoint takes says so.
pub(super) fn labels(namespace: &str, name: &str, selector: &Value) -> Value {
    let mut labels = selector.clone();
    if WORKLOADS.iter().any(|w| w.namespace == namespace && w.app == name && w.proxy == Proxy::Fronted) {
        labels["istio.io/use-waypoint"] = WAYPOINT.into();
    }
    labels
}

impl Writer {
    pub(super) fn ambient(&mut self) {
        self.ztunnels();
        self.waypoint();
    }

    fn ztunnels(&mut self) {
        let (namespace, name) = ("istio-system", "ztunnel");
        self.account(namespace, name, "helm");
        let labels = json!({"app": name, "app.kubernetes.io/name": name, "istio.io/dataplane-mode": "none",
            "sidecar.istio.io/inject": "false"});
        let container = json!({"name": "istio-proxy", "image": format!("istio/ztunnel:{ISTIO}"), "args": ["proxy", "ztunnel"],
            "ports": [{"containerPort": 15020, "name": "ztunnel-stats", "protocol": "TCP"}],
            "readinessProbe": {"httpGet": {"path": "/healthz/ready", "port": 15021, "scheme": "HTTP"}},
            "resources": {"requests": {"cpu": "200m", "memory": "512Mi"}}});
        let runs = Runs {
            namespace,
            deployment: name,
            labels: labels.clone(),
            injected: json!({}),
            account: name,
            replicas: NODES.len() as u32,
            containers: json!([container]),
            init: json!([]),
            annotations: json!({"prometheus.io/port": "15020", "prometheus.io/scrape": "true", "sidecar.istio.io/inject": "false"}),
            proxy: Proxy::Well,
        };
        let uid = uuid("DaemonSet/istio-system/ztunnel", self.seed);
        let all = runs.replicas;
        let metadata = json!({"name": name, "namespace": namespace, "labels": labels, "uid": uid, "creationTimestamp": self.time(4)});
        let template = json!({"metadata": {"labels": labels}, "spec": {"serviceAccountName": name, "containers": runs.containers}});
        let status = json!({"currentNumberScheduled": all, "desiredNumberScheduled": all, "numberAvailable": all,
            "numberMisscheduled": 0, "numberReady": all, "observedGeneration": 1, "updatedNumberScheduled": all});
        self.add(
            json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata,
                "spec": {"selector": {"matchLabels": {"app": name}}, "template": template}, "status": status}),
            "helm",
        );
        let mut pods = labels;
        pods["controller-revision-hash"] = format!("{:x}", hash(name, self.seed) & 0xffff_ffff).into();
        for number in 0..all {
            let owners = json!([{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": name, "uid": uid, "controller": true,
                "blockOwnerDeletion": true}]);
            self.pod(&runs, name, &pods, owners, number);
        }
    }

    fn waypoint(&mut self) {
        self.account(HOME, WAYPOINT, "istiod");
        let labels = json!({"gateway.istio.io/managed": "istio.io-mesh-controller", "gateway.networking.k8s.io/gateway-name": WAYPOINT,
            "gateway.networking.k8s.io/gateway-class-name": "istio-waypoint", "istio.io/dataplane-mode": "none",
            "service.istio.io/canonical-name": WAYPOINT, "service.istio.io/canonical-revision": "latest"});
        let port =
            |name: &str, number: u16| json!({"name": name, "port": number, "protocol": "TCP", "targetPort": number});
        let selector = json!({"gateway.networking.k8s.io/gateway-name": WAYPOINT});
        self.service(HOME, WAYPOINT, &selector, json!([port("status-port", 15021), port("mesh", 15008)]), "istiod");
        let mut proxy = sidecar(Proxy::Well);
        proxy["args"] = json!(["proxy", "waypoint", "--domain", "$(POD_NAMESPACE).svc.cluster.local"]);
        if let Some(proxy) = proxy.as_object_mut() {
            proxy.shift_remove("restartPolicy");
        }
        let runs = Runs {
            namespace: HOME,
            deployment: WAYPOINT,
            labels,
            injected: json!({}),
            account: WAYPOINT,
            replicas: 1,
            containers: json!([proxy]),
            init: json!([]),
            annotations: json!({"istio.io/rev": "default", "prometheus.io/path": "/stats/prometheus", "prometheus.io/port": "15020",
                "prometheus.io/scrape": "true"}),
            proxy: Proxy::Well,
        };
        self.run(&runs, "istiod");
    }
}

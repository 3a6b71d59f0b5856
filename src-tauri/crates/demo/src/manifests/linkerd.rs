//! What Linkerd's control plane and its injector leave in the cluster.

use serde_json::{Value, json};

use super::{Runs, Writer};
use crate::shop::Proxy;

/// Version of Linkerd that the shop runs.
const LINKERD: &str = "edge-26.8.3";
/// Namespace of its control plane.
const HOME: &str = "linkerd";
/// Deployments of the control plane, and the containers of each.
const CONTROL_PLANE: [(&str, &str, &[&str]); 3] = [
    ("linkerd-destination", "destination", &["destination", "policy"]),
    ("linkerd-identity", "identity", &["identity"]),
    ("linkerd-proxy-injector", "proxy-injector", &["proxy-injector"]),
];

/// What the injector adds to a pod: labels, annotations, init containers (the proxy is a native sidecar).
pub(super) fn injected(namespace: &str, deployment: &str) -> (Value, Value, Value) {
    let labels = json!({"linkerd.io/control-plane-ns": HOME, "linkerd.io/proxy-deployment": deployment,
        "linkerd.io/workload-ns": namespace});
    let annotations = json!({"linkerd.io/inject": "enabled", "linkerd.io/proxy-version": LINKERD,
        "linkerd.io/created-by": format!("linkerd/proxy-injector {LINKERD}")});
    let init = json!([{"name": "linkerd-init", "image": "linkerd/proxy-init:v2.4.4",
            "args": ["--incoming-proxy-port", "4143", "--outgoing-proxy-port", "4140", "--proxy-uid", "2102"]},
        {"name": "linkerd-proxy", "image": format!("linkerd/proxy:{LINKERD}"), "restartPolicy": "Always",
            "ports": [{"containerPort": 4143, "name": "linkerd-proxy", "protocol": "TCP"},
                {"containerPort": 4191, "name": "linkerd-admin", "protocol": "TCP"}],
            "readinessProbe": {"httpGet": {"path": "/ready", "port": 4191, "scheme": "HTTP"}, "initialDelaySeconds": 2},
            "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"cpu": "1", "memory": "250Mi"}}}]);
    (labels, annotations, init)
}

/// Annotations of a namespace.
pub(super) fn annotations(namespace: &str) -> Option<Value> {
    (namespace == "loyalty").then(|| json!({"linkerd.io/inject": "enabled"}))
}

impl Writer {
    /// Linkerd's own Deployments, and what its installer wrote down.
    pub(super) fn linkerd(&mut self) {
        for (deployment, component, containers) in CONTROL_PLANE {
            self.account(HOME, deployment, "helm");
            let container = |name: &&str| {
                json!({"name": name, "image": format!("linkerd/controller:{LINKERD}"),
                "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}}})
            };
            let (injected, annotations, init) = injected(HOME, deployment);
            let runs = Runs {
                namespace: HOME,
                deployment,
                labels: json!({"linkerd.io/control-plane-component": component}),
                injected,
                account: deployment,
                replicas: 1,
                containers: containers.iter().map(container).collect(),
                init,
                annotations,
                proxy: Proxy::Linkerd,
            };
            self.run(&runs, "helm");
        }
        let values = "clusterDomain: cluster.local\nidentityTrustDomain: cluster.local\n\
            clusterNetworks: 10.0.0.0/8,100.64.0.0/10,172.16.0.0/12,192.168.0.0/16,fd00::/8\n\
            proxy:\n  defaultInboundPolicy: all-unauthenticated\n";
        let metadata = json!({"name": "linkerd-config", "namespace": HOME, "creationTimestamp": self.time(3)});
        let data = json!({"linkerd-crds-chart-version": LINKERD, "values": values});
        self.add(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}), "helm");
    }
}

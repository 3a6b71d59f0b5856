//! Services of a cluster that look like one: by the labels that charts and operators write, by their names, and by their ports.

use world::{Pod, Service, World, selects, target_port};

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// One that asks several, without what they have twice: the best to ask.
    Thanos,
    /// Prometheus itself.
    Prometheus,
    /// VictoriaMetrics.
    VictoriaMetrics,
    /// Mimir or Cortex.
    Mimir,
}

impl Kind {
    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Thanos => "Thanos",
            Self::Prometheus => "Prometheus",
            Self::VictoriaMetrics => "VictoriaMetrics",
            Self::Mimir => "Mimir",
        }
    }
}

/// Where one is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// What it is, by its looks.
    pub kind: Kind,
    /// Namespace of the Service.
    pub namespace: String,
    /// The Service.
    pub name: String,
    /// Its port.
    pub port: u16,
}

impl Place {
    /// Its address for whoever asks from within the cluster.
    pub fn url(&self) -> String {
        format!("http://{}.{}.svc:{}{}", self.name, self.namespace, self.port, self.prefix())
    }

    /// What stands before the paths of its questions.
    pub(super) fn prefix(&self) -> &'static str {
        match self.kind {
            // The part of a cluster of VictoriaMetrics that answers queries (docs.victoriametrics.com/cluster-victoriametrics).
            Kind::VictoriaMetrics if self.port == 8481 => "/select/0/prometheus",
            // grafana.com/docs/mimir, "HTTP API".
            Kind::Mimir => "/prometheus",
            Kind::Thanos | Kind::Prometheus | Kind::VictoriaMetrics => "",
        }
    }

    /// The ports of the pods behind it, the ready ones.
    pub fn pods(&self, world: &World) -> Vec<(String, u16)> {
        let Some(service) = world.service(&self.namespace, &self.name) else { return Vec::new() };
        let Some(port) = service.ports.iter().find(|port| port.port == self.port) else { return Vec::new() };
        let chosen = |pod: &Pod| !service.selector.is_empty() && selects(&service.selector, &pod.labels);
        let behind = world.pods_in(&self.namespace).filter(|pod| pod.ready && chosen(pod));
        behind.filter_map(|pod| Some((pod.name.clone(), target_port(port, pod)?))).collect()
    }
}

/// Words in names of what stands beside one and is none.
const BESIDE: [&str; 11] = [
    "alertmanager",
    "exporter",
    "pushgateway",
    "operator",
    "adapter",
    "state-metrics",
    "grafana",
    "sidecar",
    "storegateway",
    "ruler",
    "compact",
];

/// All of them, the best to ask first.
pub fn find(world: &World) -> Vec<Place> {
    let mut found: Vec<Place> = world.services().filter_map(|service| place(service)).collect();
    found.sort();
    // An operator makes a second Service for the same pods, without an address of its own.
    let all = found.clone();
    let twin = |one: &Place| {
        let pods = one.pods(world);
        let of = |place: &Place| world.service(&place.namespace, &place.name).cloned();
        let is_headless = of(one).is_some_and(|service| service.is_headless());
        let mut others = all.iter().filter(|other| other.namespace == one.namespace && *other != one);
        is_headless && others.any(|other| !pods.is_empty() && other.pods(world) == pods)
    };
    found.retain(|one| !twin(one));
    found
}

fn place(service: &Service) -> Option<Place> {
    let label = |key: &str| service.labels.get(key).unwrap_or_default();
    let component = label("app.kubernetes.io/component");
    let said = [label("app.kubernetes.io/name"), label("app"), service.name.as_str()];
    if said.iter().chain([&component]).any(|text| BESIDE.iter().any(|word| text.contains(word))) {
        return None;
    }
    let says = |words: &[&str]| said.iter().any(|text| words.iter().any(|word| text.contains(word)));
    let is_query = component.contains("query") || service.name.contains("quer");
    let (kind, ports): (Kind, &[u16]) = if says(&["thanos"]) && is_query {
        (Kind::Thanos, &[9090, 10902, 9091, 80])
    } else if says(&["vmsingle", "vmselect", "victoria-metrics"]) {
        (Kind::VictoriaMetrics, &[8428, 8429, 8481])
    } else if says(&["mimir", "cortex"]) && (is_query || says(&["gateway", "nginx"])) {
        (Kind::Mimir, &[8080, 80])
    } else if says(&["prometheus"]) && !says(&["thanos"]) {
        (Kind::Prometheus, &[9090, 9091, 80])
    } else {
        return None;
    };
    let port = ports.iter().find(|port| service.ports.iter().any(|known| known.port == **port))?;
    Some(Place { kind, namespace: service.namespace.clone(), name: service.name.clone(), port: *port })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use world::{Change, Object, Origin};

    use super::*;

    fn world(all: impl IntoIterator<Item = Value>) -> World {
        World::new().after(all.into_iter().map(|body| Change::Put(Object::read(body, Origin::Cluster).unwrap())))
    }

    fn service(name: &str, labels: Value, ports: Value) -> Value {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "monitoring", "labels": labels},
            "spec": {"ports": ports, "selector": {"app": name}, "clusterIPs": ["10.0.0.1"]}})
    }

    #[test]
    fn what_charts_and_operators_make() {
        for (name, labels, port, expected) in [
            // istio/samples/addons/prometheus.yaml
            (
                "prometheus",
                json!({"app.kubernetes.io/name": "prometheus", "app.kubernetes.io/component": "server"}),
                9090,
                Some(Kind::Prometheus),
            ),
            ("prometheus-k8s", json!({"app.kubernetes.io/name": "prometheus"}), 9090, Some(Kind::Prometheus)),
            ("prometheus-server", json!({}), 80, Some(Kind::Prometheus)),
            (
                "kps-kube-prometheus-stack-prometheus",
                json!({"app": "kube-prometheus-stack-prometheus"}),
                9090,
                Some(Kind::Prometheus),
            ),
            (
                "thanos-querier",
                json!({"app.kubernetes.io/name": "thanos-query", "app.kubernetes.io/component": "query-layer"}),
                9091,
                Some(Kind::Thanos),
            ),
            ("vmsingle-main", json!({}), 8428, Some(Kind::VictoriaMetrics)),
            ("vmselect-main", json!({}), 8481, Some(Kind::VictoriaMetrics)),
            ("mimir-query-frontend", json!({}), 8080, Some(Kind::Mimir)),
            ("prometheus-alertmanager", json!({"app.kubernetes.io/name": "alertmanager"}), 9093, None),
            ("prometheus-node-exporter", json!({"app.kubernetes.io/name": "prometheus-node-exporter"}), 9100, None),
            ("prometheus-operator", json!({"app.kubernetes.io/name": "prometheus-operator"}), 8080, None),
            ("prometheus-pushgateway", json!({}), 9091, None),
            ("kube-state-metrics", json!({"app.kubernetes.io/part-of": "kube-prometheus"}), 8080, None),
            ("prometheus-k8s-thanos-sidecar", json!({"app.kubernetes.io/component": "thanos-sidecar"}), 10902, None),
            ("thanos-store", json!({"app.kubernetes.io/name": "thanos-store"}), 10902, None),
            ("reviews", json!({"app": "reviews"}), 9090, None),
        ] {
            let found =
                find(&world([service(name, labels, json!([{"name": "x", "port": 8}, {"name": "y", "port": port}]))]));
            let seen = found.first().map(|place| (place.kind, place.port));
            assert_eq!(seen, expected.map(|kind| (kind, port)), "{name}");
        }
    }

    #[test]
    fn two_services_of_the_same_pods_are_one() {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p-0", "namespace": "monitoring", "labels": {"app": "prometheus-k8s"}},
            "spec": {"containers": [{"name": "p", "ports": [{"name": "web", "containerPort": 9099}]}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}});
        let own = service("prometheus-k8s", json!({}), json!([{"name": "web", "port": 9090, "targetPort": "web"}]));
        let mut operated =
            service("prometheus-operated", json!({}), json!([{"name": "web", "port": 9090, "targetPort": "web"}]));
        operated["spec"]["selector"] = json!({"app": "prometheus-k8s"});
        operated["spec"]["clusterIPs"] = json!(["None"]);
        let world = world([pod, own, operated]);
        let found = find(&world);
        assert_eq!(found.iter().map(|place| place.name.as_str()).collect::<Vec<_>>(), ["prometheus-k8s"]);
        assert_eq!(found[0].pods(&world), [("p-0".to_owned(), 9099)]);
    }
}

//! The objects of the shop as the API server would hold them after the scheduler, the kubelet and the injector did their part.

mod ambient;
mod kept_out;
mod linkerd;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::shop::{GATEWAY, Proxy, WORKLOADS, Workload};

pub(crate) use ambient::WAYPOINT;

/// Version of Istio that the shop runs.
pub(crate) const ISTIO: &str = "1.28.1";
/// Release of the proxy that was never restarted since.
pub(crate) const SKEWED: &str = "1.25.4";
/// Release of which there is no image.
const MISSING: &str = "1.28.99";
/// Nodes of the cluster.
const NODES: [&str; 3] = ["node-a", "node-b", "node-c"];

/// So many of the services that are there for their number share a namespace, as teams do in a large cluster.
const A_TEAM: usize = 100;
const TEAM: &str = "team-";

/// The namespace of a service that is there for its number.
fn team(number: usize) -> String {
    format!("{TEAM}{:03}", number / A_TEAM + 1)
}

/// Whether a namespace holds services that are there for their number.
pub(crate) fn is_team(namespace: &str) -> bool {
    namespace.starts_with(TEAM)
}

/// An object with the manager that wrote it and how.
pub(crate) struct Manifest {
    pub(crate) body: Value,
    pub(crate) manager: &'static str,
    pub(crate) applied: bool,
}

/// A stable stand-in for the random parts of names and identities.
pub(crate) fn hash(text: &str, seed: u64) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325 ^ seed, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// A UUID made of a hash.
pub(crate) fn uuid(text: &str, seed: u64) -> String {
    let (a, b) = (hash(text, seed), hash(text, seed.wrapping_add(0x9e37_79b9)));
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        b >> 52,
        b & 0xffff_ffff_ffff
    )
}

/// The letters that Kubernetes makes suffixes of (k8s.io/apimachinery/pkg/util/rand/rand.go).
fn suffix(mut from: u64, length: usize) -> String {
    const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut text = String::new();
    for _ in 0..length {
        text.push(char::from(LETTERS[(from % 27) as usize]));
        from = from / 27 + 0x5151;
    }
    text
}

struct Writer {
    seed: u64,
    born: Timestamp,
    addresses: u32,
    services: u32,
    out: Vec<Manifest>,
}

/// Something that runs in pods.
struct Runs<'a> {
    namespace: &'a str,
    deployment: &'a str,
    labels: Value,
    /// Labels that the injector adds to the pods.
    injected: Value,
    account: &'a str,
    replicas: u32,
    containers: Value,
    init: Value,
    annotations: Value,
    /// How its proxy does.
    proxy: Proxy,
}

/// Everything but what the mesh's own files hold: namespaces, nodes, workloads, services, and `extra` more services.
pub(crate) fn cluster(seed: u64, extra: usize, now: Timestamp) -> Vec<Manifest> {
    let born = now.checked_sub(SignedDuration::from_hours(24 * 9)).unwrap_or(now);
    let mut writer = Writer { seed, born, addresses: 0, services: 0, out: Vec::new() };
    writer.namespaces(extra);
    writer.nodes();
    writer.control_plane();
    writer.linkerd();
    writer.ambient();
    for workload in WORKLOADS {
        writer.workload(workload);
    }
    for number in 0..extra {
        writer.generated(number);
    }
    writer.out
}

impl Runs<'_> {
    /// Whether its pods become ready.
    fn is_ready(&self) -> bool {
        !matches!(self.proxy, Proxy::Unready | Proxy::Waiting)
    }
}

impl Writer {
    fn add(&mut self, body: Value, manager: &'static str) {
        self.out.push(Manifest { body, manager, applied: false });
    }

    fn time(&self, minutes: i64) -> String {
        let then = self.born.checked_add(SignedDuration::from_mins(minutes)).unwrap_or(self.born);
        then.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    fn namespaces(&mut self, extra: usize) {
        let generated: Vec<String> = (0..extra).step_by(A_TEAM).map(team).collect();
        let mut names: Vec<(&str, Value)> = vec![
            ("default", json!({})),
            ("kube-system", json!({})),
            ("istio-system", json!({})),
            ("prod", json!({"istio-injection": "enabled", "team": "shop"})),
            ("dev", json!({"istio-injection": "enabled", "team": "shop"})),
            ("staging", json!({"istio-injection": "enabled", "team": "shop"})),
            ("gallery", json!({"istio.io/dataplane-mode": "ambient", "team": "media"})),
            ("legacy", json!({"team": "back-office"})),
            ("linkerd", json!({"linkerd.io/is-control-plane": "true"})),
            ("loyalty", json!({"team": "marketing"})),
        ];
        names.extend(generated.iter().map(|name| (name.as_str(), json!({"istio-injection": "enabled"}))));
        for (name, mut labels) in names {
            labels["kubernetes.io/metadata.name"] = name.into();
            let mut metadata = json!({"name": name, "labels": labels, "creationTimestamp": self.time(0)});
            if let Some(annotations) = linkerd::annotations(name) {
                metadata["annotations"] = annotations;
            }
            let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata,
                "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}});
            self.add(body, "kubectl-create");
            let metadata = json!({"name": "default", "namespace": name, "creationTimestamp": self.time(0)});
            self.add(
                json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}),
                "kube-controller-manager",
            );
        }
    }

    fn nodes(&mut self) {
        for (at, name) in NODES.iter().enumerate() {
            let labels = json!({"kubernetes.io/hostname": name, "kubernetes.io/os": "linux",
                "topology.kubernetes.io/region": "demo", "topology.kubernetes.io/zone": format!("demo-{}", ["a", "b", "c"][at % 3])});
            let body = json!({"apiVersion": "v1", "kind": "Node",
                "metadata": {"name": name, "labels": labels, "creationTimestamp": self.time(0)},
                "spec": {"podCIDR": format!("10.20.{at}.0/24")},
                "status": {"addresses": [{"type": "InternalIP", "address": format!("10.0.0.{}", at + 10)}],
                    "capacity": {"cpu": "8", "memory": "32Gi", "pods": "110"},
                    "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
                    "nodeInfo": {"kubeletVersion": crate::discovery::VERSION, "osImage": "Demo"}}});
            self.add(body, "kubelet");
        }
    }

    fn service(&mut self, namespace: &str, name: &str, selector: &Value, ports: Value, manager: &'static str) {
        self.services += 1;
        let ip = format!("10.96.{}.{}", self.services / 250, self.services % 250 + 1);
        let labels = ambient::labels(namespace, name, selector);
        let metadata =
            json!({"name": name, "namespace": namespace, "labels": labels, "creationTimestamp": self.time(3)});
        let body = json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata,
            "spec": {"clusterIP": ip, "clusterIPs": [ip], "internalTrafficPolicy": "Cluster", "ipFamilies": ["IPv4"],
                "ipFamilyPolicy": "SingleStack", "ports": ports, "selector": selector, "sessionAffinity": "None", "type": "ClusterIP"},
            "status": {"loadBalancer": {}}});
        self.add(body, manager);
    }

    fn account(&mut self, namespace: &str, name: &str, manager: &'static str) {
        let metadata = json!({"name": name, "namespace": namespace, "creationTimestamp": self.time(3)});
        self.add(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}), manager);
    }

    /// The Deployment, its ReplicaSet and its pods.
    fn run(&mut self, runs: &Runs<'_>, manager: &'static str) {
        let Runs { namespace, deployment, labels, replicas, .. } = runs;
        let full = format!("{namespace}/{deployment}");
        let template_hash = suffix(hash(&full, self.seed), 10);
        let set = format!("{deployment}-{template_hash}");
        let uids = (uuid(&format!("Deployment/{full}"), self.seed), uuid(&format!("ReplicaSet/{full}"), self.seed));
        let template = json!({"metadata": {"labels": labels},
            "spec": {"serviceAccountName": runs.account, "containers": runs.containers}});
        let kept_out = if let Proxy::KeptOut(kept) = runs.proxy { Some(kept) } else { None };
        let there = if kept_out.is_some() { 0 } else { *replicas };
        let ready = if runs.is_ready() { there } else { 0 };
        let mut status = json!({"observedGeneration": 1, "replicas": there, "updatedReplicas": there,
            "readyReplicas": ready, "availableReplicas": ready});
        if let Some(kept) = kept_out {
            status["conditions"] = json!([kept_out::condition(kept, &self.time(10))]);
            self.failed_to_create(namespace, (&set, &uids.1), kept);
        }
        let metadata = json!({"name": deployment, "namespace": namespace, "labels": labels, "uid": uids.0, "creationTimestamp": self.time(4),
            "annotations": {"deployment.kubernetes.io/revision": "1"}});
        let spec = json!({"replicas": replicas, "selector": {"matchLabels": labels}, "template": template});
        self.add(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec, "status": status}), manager);
        let mut set_labels = labels.clone();
        set_labels["pod-template-hash"] = template_hash.clone().into();
        let mut pod_labels = set_labels.clone();
        for (name, value) in runs.injected.as_object().into_iter().flatten() {
            pod_labels[name] = value.clone();
        }
        let owner = |kind: &str, name: &str, uid: &str| json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": true, "blockOwnerDeletion": true}]);
        let metadata = json!({"name": set, "namespace": namespace, "labels": set_labels, "uid": uids.1, "creationTimestamp": self.time(4),
            "ownerReferences": owner("Deployment", deployment, &uids.0)});
        self.add(
            json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": spec, "status": status}),
            "kube-controller-manager",
        );
        for number in 0..there {
            let owners = owner("ReplicaSet", &set, &uids.1);
            self.pod(runs, &set, &pod_labels, owners, number);
        }
    }

    fn pod(&mut self, runs: &Runs<'_>, set: &str, labels: &Value, owners: Value, number: u32) {
        let name = format!("{set}-{}", suffix(hash(set, self.seed.wrapping_add(u64::from(number) + 1)), 5));
        self.addresses += 1;
        let ip = format!("10.20.{}.{}", self.addresses / 250, self.addresses % 250 + 2);
        let node = NODES[self.addresses as usize % NODES.len()];
        let started = self.time(5 + i64::from(number));
        let ready = runs.is_ready();
        let state = |container: &Value, done: bool| {
            let troubled = !ready && container["name"] == "istio-proxy";
            let state = if troubled {
                let waits = if runs.proxy == Proxy::Waiting { "ImagePullBackOff" } else { "CrashLoopBackOff" };
                json!({"waiting": {"reason": waits}})
            } else if done {
                json!({"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": started, "finishedAt": started}})
            } else {
                json!({"running": {"startedAt": started}})
            };
            let killed = runs.proxy == Proxy::Killed && container["name"] == "istio-proxy";
            let last = if killed {
                json!({"terminated": {"exitCode": 137, "reason": "OOMKilled", "startedAt": started, "finishedAt": started}})
            } else {
                json!({})
            };
            let restarts = [(killed, 3), (troubled && runs.proxy == Proxy::Unready, 7)];
            let restarts: u32 = restarts.into_iter().filter_map(|(holds, times)| holds.then_some(times)).sum();
            json!({"name": container["name"], "image": container["image"], "ready": !troubled, "started": !done && !troubled,
                "restartCount": restarts, "state": state, "lastState": last})
        };
        let statuses = |of: &Value, init: bool| -> Value {
            let all = of.as_array().map(Vec::as_slice).unwrap_or_default();
            all.iter().map(|c| state(c, init && c.get("restartPolicy").is_none())).collect()
        };
        let conditions: Value =
            ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]
                .iter()
                .map(|t| {
                    let holds = ready || !matches!(*t, "Ready" | "ContainersReady");
                    let status = if holds { "True" } else { "False" };
                    json!({"type": t, "status": status, "lastProbeTime": null, "lastTransitionTime": started})
                })
                .collect();
        let body = json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "generateName": format!("{set}-"), "namespace": runs.namespace, "labels": labels,
                "annotations": runs.annotations, "ownerReferences": owners, "creationTimestamp": started},
            "spec": {"containers": runs.containers, "initContainers": runs.init, "nodeName": node, "restartPolicy": "Always",
                "serviceAccountName": runs.account, "serviceAccount": runs.account, "dnsPolicy": "ClusterFirst"},
            "status": {"phase": if runs.proxy == Proxy::Waiting { "Pending" } else { "Running" }, "podIP": ip, "podIPs": [{"ip": ip}], "hostIP": "10.0.0.10", "qosClass": "Burstable",
                "startTime": started, "conditions": conditions, "containerStatuses": statuses(&runs.containers, false),
                "initContainerStatuses": statuses(&runs.init, true)}});
        self.add(body, "kubelet");
    }

    fn control_plane(&mut self) {
        let namespace = "istio-system";
        let labels =
            json!({"app": "istiod", "istio": "pilot", "istio.io/rev": "default", "sidecar.istio.io/inject": "false"});
        self.account(namespace, "istiod", "helm");
        let port = |name: &str, number: u16, target: u16| json!({"name": name, "port": number, "protocol": "TCP", "targetPort": target});
        let ports = json!([
            port("grpc-xds", 15010, 15010),
            port("https-dns", 15012, 15012),
            port("https-webhook", 443, 15017),
            port("http-monitoring", 15014, 15014)
        ]);
        self.service(namespace, "istiod", &json!({"app": "istiod", "istio": "pilot"}), ports, "helm");
        let container = json!([{"name": "discovery", "image": format!("istio/pilot:{ISTIO}"), "args": ["discovery", "--domain", "cluster.local"],
            "ports": [{"containerPort": 8080, "protocol": "TCP"}, {"containerPort": 15010, "name": "grpc-xds", "protocol": "TCP"},
                {"containerPort": 15012, "name": "tls-xds", "protocol": "TCP"}, {"containerPort": 15014, "name": "http-monitoring", "protocol": "TCP"}],
            "resources": {"requests": {"cpu": "500m", "memory": "2Gi"}}}]);
        let runs = Runs {
            namespace,
            deployment: "istiod",
            labels,
            injected: json!({}),
            account: "istiod",
            replicas: 1,
            containers: container,
            init: json!([]),
            annotations: json!({"prometheus.io/scrape": "true", "prometheus.io/port": "15014"}),
            proxy: Proxy::None,
        };
        self.run(&runs, "helm");
        self.gateway(namespace);
    }

    fn gateway(&mut self, namespace: &str) {
        let (_, name) = GATEWAY;
        let labels = json!({"app": name, "istio": "ingressgateway", "istio.io/rev": "default",
            "service.istio.io/canonical-name": name, "service.istio.io/canonical-revision": "latest"});
        self.account(namespace, name, "helm");
        let ports = json!([{"name": "status-port", "port": 15021, "protocol": "TCP", "targetPort": 15021},
            {"name": "http2", "port": 80, "protocol": "TCP", "targetPort": 8080}]);
        self.service(namespace, name, &json!({"app": name, "istio": "ingressgateway"}), ports, "helm");
        let mut proxy = sidecar(Proxy::Well);
        proxy["args"] = json!(["proxy", "router", "--domain", "$(POD_NAMESPACE).svc.cluster.local"]);
        if let Some(proxy) = proxy.as_object_mut() {
            proxy.shift_remove("restartPolicy");
        }
        let runs = Runs {
            namespace,
            deployment: name,
            labels,
            injected: json!({}),
            account: name,
            replicas: 1,
            containers: json!([proxy]),
            init: json!([]),
            annotations: json!({"istio.io/rev": "default", "inject.istio.io/templates": "gateway"}),
            proxy: Proxy::Well,
        };
        self.run(&runs, "helm");
    }

    fn workload(&mut self, workload: &Workload) {
        let Workload { namespace, app, version, replicas, port, proxy, bytes, .. } = *workload;
        let name = if bytes { "tcp" } else { "http" };
        let first = WORKLOADS.iter().find(|w| w.namespace == namespace && w.app == app);
        if first.is_some_and(|w| w.version == version) {
            self.account(namespace, app, "kubectl-client-side-apply");
            let ports = json!([{"name": name, "port": port, "protocol": "TCP", "targetPort": port}]);
            // What never came up is not called yet either.
            if !matches!(proxy, Proxy::KeptOut(_)) {
                self.service(namespace, app, &json!({"app": app}), ports, "kubectl-client-side-apply");
            }
        }
        self.meshed(namespace, (app, version), replicas, (name, port), proxy);
    }

    fn meshed(
        &mut self,
        namespace: &str,
        (app, version): (&str, &str),
        replicas: u32,
        (protocol, port): (&str, u16),
        proxy: Proxy,
    ) {
        let labels = json!({"app": app, "version": version});
        let deployment = format!("{app}-{version}");
        let container = json!({"name": app, "image": format!("shop/{app}:{version}"), "ports": [{"containerPort": port, "name": protocol, "protocol": "TCP"}],
            "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}}});
        let (injected, annotations, init) = match proxy {
            Proxy::None => (json!({}), json!({}), json!([])),
            Proxy::Ambient | Proxy::Fronted => (json!({}), ambient::annotations(), json!([])),
            Proxy::Linkerd => linkerd::injected(namespace, &deployment),
            _ => istio_injected(app, version, proxy),
        };
        let runs = Runs {
            namespace,
            deployment: &deployment,
            labels,
            injected,
            account: app,
            replicas,
            containers: json!([container]),
            init,
            annotations,
            proxy,
        };
        self.run(&runs, "kubectl-client-side-apply");
    }

    /// One of many services that are there for their number.
    fn generated(&mut self, number: usize) {
        let app = format!("service-{number:05}");
        let ports = json!([{"name": "http", "port": 8080, "protocol": "TCP", "targetPort": 8080}]);
        let namespace = team(number);
        self.account(&namespace, &app, "kubectl-client-side-apply");
        self.service(&namespace, &app, &json!({"app": app}), ports, "kubectl-client-side-apply");
        self.meshed(&namespace, (&app, "v1"), 1, ("http", 8080), Proxy::Well);
    }
}

/// What Istio's injector adds to a pod: labels, annotations, init containers.
fn istio_injected(app: &str, version: &str, proxy: Proxy) -> (Value, Value, Value) {
    let annotations = json!({"istio.io/rev": "default", "kubectl.kubernetes.io/default-container": app,
        "prometheus.io/path": "/stats/prometheus", "prometheus.io/port": "15020", "prometheus.io/scrape": "true",
        "sidecar.istio.io/status": "{\"initContainers\":[\"istio-init\",\"istio-proxy\"],\"containers\":null,\"revision\":\"default\"}"});
    let init = json!([{"name": "istio-init", "image": format!("istio/proxyv2:{ISTIO}"),
        "args": ["istio-iptables", "-p", "15001", "-z", "15006", "-u", "1337", "-m", "REDIRECT", "-i", "*", "-b", "*", "-d", "15090,15021,15020"]},
        sidecar(proxy)]);
    // With an ambient part in the mesh sidecars also answer HBONE (files/injection-template.yaml, ISTIO_META_ENABLE_HBONE).
    let labels = json!({"security.istio.io/tlsMode": "istio", "networking.istio.io/tunnel": "http",
        "service.istio.io/canonical-name": app, "service.istio.io/canonical-revision": version});
    (labels, annotations, init)
}

/// The container that the injector adds, as a native sidecar.
fn sidecar(proxy: Proxy) -> Value {
    let (cpu, memory, request) = match proxy {
        Proxy::Starved => ("100m", "256Mi", "128Mi"),
        Proxy::Killed => ("2", "48Mi", "32Mi"),
        Proxy::Tight => ("2", "46Mi", "40Mi"),
        Proxy::Reserved => ("2", "2Gi", "1Gi"),
        _ => ("2", "1Gi", "128Mi"),
    };
    let release = match proxy {
        Proxy::Skewed => SKEWED,
        Proxy::Waiting => MISSING,
        _ => ISTIO,
    };
    json!({"name": "istio-proxy", "image": format!("istio/proxyv2:{release}"), "restartPolicy": "Always",
        "args": ["proxy", "sidecar", "--domain", "$(POD_NAMESPACE).svc.cluster.local"],
        "ports": [{"containerPort": 15090, "name": "http-envoy-prom", "protocol": "TCP"}],
        "readinessProbe": {"httpGet": {"path": "/healthz/ready", "port": 15021, "scheme": "HTTP"}, "periodSeconds": 15},
        "resources": {"requests": {"cpu": "100m", "memory": request}, "limits": {"cpu": cpu, "memory": memory}}})
}

/// When the mesh's own objects were written.
pub(crate) fn written(now: Timestamp) -> String {
    let then = now.checked_sub(SignedDuration::from_hours(24 * 5)).unwrap_or(now);
    then.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

//! The nodes' own proxies: which calls they carry, what they count of them, and what they say of themselves, in ztunnel's own form.
//!
//! Upstream: istio/ztunnel src/proxy/metrics.rs (`Metrics`, `CommonTrafficLabels`), src/admin.rs (`ConfigDump`, `CertsDump`),
//! src/state/{workload,service}.rs, src/rbac.rs (`Authorization`).

use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};
use mesh::{Destination, Transport};
use serde_json::{Map, Value, json};
use world::{Pod, Service, World};

use crate::access;
use crate::authority::Authority;
use crate::counters::{End, Series};
use crate::envoy;
use crate::manifests::{ISTIO, WAYPOINT};
use crate::proxies::{Proxy, Role, has_proxy};
use crate::traffic::{Sent, State, service_of};

/// Namespace and name of a pod.
type Names = (String, String);

/// Whether the node's proxy carries the traffic of a pod.
pub(crate) fn carries(world: &World, pod: &Pod) -> bool {
    let mode = world.namespace(&pod.namespace).and_then(|found| found.labels.get("istio.io/dataplane-mode"));
    mode.is_some_and(|mode| mode == "ambient") && !has_proxy(pod) && pod.phase == "Running"
}

impl State {
    /// The proxy of the node that a pod is on, where it carries its traffic.
    fn node_of(&self, names: &Names) -> Option<Names> {
        let world = self.ready.world();
        let pod = world.pod(&names.0, &names.1).filter(|pod| carries(world, pod))?;
        let is_there = |proxy: &Proxy| {
            proxy.role == Role::Ztunnel
                && world.pod(&proxy.namespace, &proxy.pod).is_some_and(|own| own.node == pod.node)
        };
        self.proxies.iter().find(|(_, proxy)| is_there(proxy)).map(|(names, _)| names.clone())
    }

    /// Who a carried pod is, as Istio's metrics name it.
    pub(crate) fn carried_end(&self, names: &Names, principal: bool) -> Option<End> {
        let world = self.ready.world();
        let pod = world.pod(&names.0, &names.1).filter(|pod| carries(world, pod))?;
        let label = |name: &str| pod.labels.get(name).map_or_else(|| "latest".to_owned(), str::to_owned);
        Some(End {
            namespace: pod.namespace.clone(),
            workload: pod.workload.1.clone(),
            app: label("app"),
            version: label("version"),
            principal: if principal { identity(pod) } else { "unknown".into() },
        })
    }

    /// The waypoint that a request passes, where its verdict says so.
    fn waypoint_of(&self, sent: &Sent, destination: &Destination) -> Option<Names> {
        let passes = sent.verdict.trace.iter().any(|step| step.step == "waypoint");
        let stands = |proxy: &Proxy| proxy.role == Role::Waypoint && proxy.namespace == destination.service.0;
        self.proxies.iter().find(|(_, proxy)| passes && stands(proxy)).map(|(names, _)| names.clone())
    }

    /// The caller's node counts the connection that it opened.
    pub(crate) fn count_at_callers_node(&mut self, sent: &Sent, destination: &Destination) {
        let Some(node) = self.node_of(&sent.pod) else { return };
        let mtls = sent.verdict.transport == Some(Transport::Mtls);
        let to = match self.waypoint_of(sent, destination) {
            Some(waypoint) => self.end(&waypoint, mtls),
            None => self.named(destination, mtls).unwrap_or_else(End::unknown),
        };
        let from = self.end(&sent.pod, mtls);
        self.count_connection(&node, "source", (from, to), sent, destination);
    }

    /// A waypoint on the way counts the request, and the destination's node the connection; where the caller came through the waypoint, as
    /// the waypoint's.
    pub(crate) fn count_beyond(&mut self, sent: &Sent, destination: &Destination, pod: &Names) {
        let mtls = sent.verdict.transport == Some(Transport::Mtls);
        let (to, waypoint) = (self.end(pod, mtls), self.waypoint_of(sent, destination));
        let mut from = if mtls { self.end(&sent.pod, true) } else { End::unknown() };
        if let Some(waypoint) = waypoint {
            let code = sent.code.unwrap_or(200);
            let series = Series {
                reporter: "waypoint",
                from,
                to: to.clone(),
                service: service_of(destination),
                code,
                flags: "-",
                security: "mutual_tls",
            };
            from = self.end(&waypoint, true);
            if let Some(proxy) = self.proxies.get_mut(&waypoint) {
                proxy.counters.series.entry(series).or_default().record(sent.milliseconds);
                proxy.counters.accepted.0 += 1;
                let destination = Some(destination);
                access::write(
                    proxy,
                    &access::Passed { sent, code, inbound: false, flags: "-", destination, peer: None },
                );
            }
        }
        if let Some(node) = self.node_of(pod) {
            self.count_connection(&node, "destination", (from, to), sent, destination);
        }
    }

    fn count_connection(
        &mut self,
        node: &Names,
        reporter: &'static str,
        (from, to): (End, End),
        sent: &Sent,
        destination: &Destination,
    ) {
        let security = if sent.verdict.transport == Some(Transport::Mtls) { "mutual_tls" } else { "unknown" };
        let Some(proxy) = self.proxies.get_mut(node) else { return };
        let now = Timestamp::now();
        proxy.log.push(now, line(reporter, (&from, &to), sent, destination));
        let series = Series { reporter, from, to, service: service_of(destination), code: 0, flags: "-", security };
        proxy.counters.series.entry(series).or_default().record(sent.milliseconds);
        proxy.counters.accepted.0 += 1;
    }
}

/// `spiffe://cluster.local/ns/gallery/sa/album`
fn identity(pod: &Pod) -> String {
    format!("spiffe://cluster.local/ns/{}/sa/{}", pod.namespace, pod.service_account)
}

/// What it writes of a connection.
fn line(reporter: &str, (from, to): (&End, &End), sent: &Sent, destination: &Destination) -> String {
    let direction = if reporter == "source" { "outbound" } else { "inbound" };
    format!(
        "{}\tinfo\taccess\tconnection complete\tsrc.workload=\"{}\" src.namespace=\"{}\" src.identity=\"{}\" dst.service=\"{}\" \
         dst.workload=\"{}\" dst.namespace=\"{}\" dst.identity=\"{}\" direction=\"{direction}\" bytes_sent=318 bytes_recv=1842 \
         duration=\"{}ms\"",
        Timestamp::now(),
        from.workload,
        from.namespace,
        from.principal,
        service_of(destination).0,
        to.workload,
        to.namespace,
        to.principal,
        sent.milliseconds.round().max(0.0)
    )
}

/// `/metrics` on its port for statistics.
pub(crate) fn metrics(proxy: &Proxy) -> String {
    let mut text = String::new();
    for (name, help, each) in [
        ("tcp_connections_opened", "The total number of TCP connections opened", 1),
        ("tcp_connections_closed", "The total number of TCP connections closed", 1),
        ("tcp_received_bytes", "The size of total bytes received during request in case of a TCP connection", 318),
        ("tcp_sent_bytes", "The size of total bytes sent during response in case of a TCP connection", 1842),
    ] {
        let _ = writeln!(text, "# HELP istio_{name} {help}.\n# TYPE istio_{name} counter");
        for (series, times) in &proxy.counters.series {
            let (host, service, namespace) = &series.service;
            let _ = writeln!(
                text,
                "istio_{name}_total{{reporter=\"{}\",{},destination_service=\"{host}\",destination_service_namespace=\"{namespace}\",\
                 destination_service_name=\"{service}\",{},request_protocol=\"tcp\",response_flags=\"-\",\
                 connection_security_policy=\"{}\"}} {}",
                series.reporter,
                envoy::end("source", &series.from),
                envoy::end("destination", &series.to),
                series.security,
                times.count * each
            );
        }
    }
    text.push_str("# EOF\n");
    text
}

/// `/config_dump` on its admin port.
pub(crate) fn config_dump(proxy: &Proxy, authority: Option<&Authority>) -> Value {
    let world = proxy.knows.world();
    let own = world.pod(&proxy.namespace, &proxy.pod).map(|pod| pod.node.clone()).unwrap_or_default();
    let mut carried: Vec<String> =
        world.pods().filter(|pod| pod.node == own && carries(world, pod)).map(|pod| identity(pod)).collect();
    carried.sort();
    carried.dedup();
    let certificates: Vec<Value> =
        carried.iter().filter_map(|identity| Some(certificate(identity, authority?))).collect();
    let workloads: Vec<Value> = world.pods().filter(|pod| !pod.ip.is_empty()).map(|pod| workload(proxy, pod)).collect();
    let services: Vec<Value> = world.services().map(|found| service(proxy, found)).collect();
    json!({"workloads": workloads, "services": services, "policies": policies(world), "stagedServices": {},
        "version": {"version": "demo", "gitRevision": "demo", "rustVersion": "1.95", "buildProfile": "release",
            "buildStatus": "Clean", "istioVersion": ISTIO, "cryptoProvider": "tls-ring"},
        "config": {"proxyMode": "Shared", "localNode": own, "clusterId": "Kubernetes", "xdsAddress": "https://istiod.istio-system.svc:15012"},
        "certificates": certificates})
}

fn uid(pod: &Pod) -> String {
    format!("Kubernetes//Pod/{}/{}", pod.namespace, pod.name)
}

fn workload(proxy: &Proxy, pod: &Pod) -> Value {
    let world = proxy.knows.world();
    let protocol = if carries(world, pod) { "HBONE" } else { "TCP" };
    let label = |name: &str| pod.labels.get(name).unwrap_or_default().to_owned();
    let services: Vec<String> =
        world.services_in(&pod.namespace).filter(|s| selects(s, pod)).map(|s| named(s)).collect();
    json!({"workloadIps": [pod.ip], "protocol": protocol, "networkMode": "Standard", "uid": uid(pod), "name": pod.name,
        "namespace": pod.namespace, "serviceAccount": pod.service_account, "workloadName": pod.workload.1,
        "workloadType": pod.workload.0.to_lowercase(), "canonicalName": label("app"), "canonicalRevision": label("version"),
        "node": pod.node, "status": if pod.ready { "Healthy" } else { "Unhealthy" }, "clusterId": "Kubernetes",
        "services": services, "capacity": 1})
}

/// `gallery/images.gallery.svc.cluster.local`
fn named(service: &Service) -> String {
    format!("{0}/{1}.{0}.svc.cluster.local", service.namespace, service.name)
}

fn selects(service: &Service, pod: &Pod) -> bool {
    !service.selector.is_empty() && mesh::selects(&service.selector, &pod.labels)
}

fn service(proxy: &Proxy, service: &Service) -> Value {
    let world = proxy.knows.world();
    let ports: Map<String, Value> =
        service.ports.iter().map(|port| (port.port.to_string(), port.port.into())).collect();
    let endpoint = |pod: &Pod| {
        let status = if pod.ready { "Healthy" } else { "Unhealthy" };
        (uid(pod), json!({"workloadUid": uid(pod), "port": ports, "status": status}))
    };
    let endpoints: Map<String, Value> =
        world.pods_in(&service.namespace).filter(|pod| selects(service, pod)).map(|pod| endpoint(pod)).collect();
    let vips: Vec<String> = service.cluster_ips.iter().map(|ip| format!("/{ip}")).collect();
    let mut body = json!({"name": service.name, "namespace": service.namespace,
        "hostname": format!("{}.{}.svc.cluster.local", service.name, service.namespace), "vips": vips, "ports": ports,
        "endpoints": endpoints, "subjectAltNames": [], "canonical": true, "visibility": "Public"});
    if let Some(gateway) = service.labels.get("istio.io/use-waypoint") {
        let address = world.service(&service.namespace, gateway).and_then(|found| found.cluster_ips.first());
        body["waypoint"] =
            json!({"destination": format!("/{}", address.map_or(WAYPOINT, String::as_str)), "hboneMtlsPort": 15008});
    }
    body
}

/// AuthorizationPolicies of namespaces that it carries pods of; those for a waypoint are not its own.
fn policies(world: &World) -> Vec<Value> {
    let ambient = |namespace: &str| world.pods_in(namespace).any(|pod| carries(world, pod));
    let all = world.documents_of("security.istio.io", "AuthorizationPolicy");
    let own = all.filter(|found| ambient(&found.key.namespace) && found.at("/spec/targetRefs").is_none());
    own.map(|found| {
        let action = found.at("/spec/action").and_then(Value::as_str).unwrap_or("ALLOW");
        let scope = if found.at("/spec/selector").is_some() { "WorkloadSelector" } else { "Namespace" };
        let action = if action == "DENY" { "Deny" } else { "Allow" };
        json!({"name": found.key.name, "namespace": found.key.namespace, "scope": scope, "action": action, "rules": [], "dryRun": false})
    })
    .collect()
}

fn certificate(identity: &str, authority: &Authority) -> Value {
    let now = Timestamp::now();
    let at = |hours: i64| {
        let then = now.checked_add(SignedDuration::from_hours(hours)).unwrap_or(now);
        then.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    };
    let paper = |pem: &str, from: i64, to: i64| json!({"pem": pem, "serialNumber": crate::manifests::hash(identity, 3).to_string(), "validFrom": at(from), "expirationTime": at(to)});
    match authority.signed(identity, false, (6, 18)) {
        Ok(papers) => json!({"identity": identity, "state": "Available", "certChain": [paper(&papers.chain, -6, 18)],
            "rootCerts": [paper(&papers.roots, -216, 87_600)]}),
        Err(error) => {
            json!({"identity": identity, "state": format!("Unavailable: {error}"), "certChain": [], "rootCerts": []})
        }
    }
}

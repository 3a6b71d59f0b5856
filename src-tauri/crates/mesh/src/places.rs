//! Who is where: the pods behind services, workloads, accounts and addresses, looked up once for a world.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use world::{Labels, Pod, Service, ServicePort, TargetPort, Workload, World};

type Names = (String, String);

/// What a host name or address means to a caller in the cluster.
#[derive(Clone, Debug, PartialEq)]
pub enum Resolved {
    /// A Service.
    Service(Arc<Service>),
    /// A pod, by its address.
    Pod(Arc<Pod>),
    /// A name or an address that is not of this cluster.
    Outside(String),
    /// It does not resolve, and why.
    Nowhere(String),
}

/// The pods of a world by what they are asked for. In a world without any pod (manifests) each workload stands for one.
#[derive(Debug, Default)]
pub struct Places {
    pods: Vec<Arc<Pod>>,
    planned: bool,
    by_label: HashMap<(String, String, String), Vec<usize>>,
    by_workload: HashMap<Names, Vec<usize>>,
    by_account: HashMap<Names, Vec<usize>>,
    by_ip: HashMap<String, usize>,
    services: HashMap<Names, Arc<Service>>,
    service_by_ip: HashMap<String, Arc<Service>>,
    namespaces: std::collections::HashSet<String>,
}

impl Places {
    /// Reads a world.
    pub fn of(world: &World) -> Self {
        let mut places = Self::default();
        let live: Vec<Arc<Pod>> = world.pods().filter(|p| !p.terminating).cloned().collect();
        places.planned = world.pods().next().is_none();
        places.pods = if places.planned { world.workloads().map(|w| Arc::new(planned(w))).collect() } else { live };
        for (at, pod) in places.pods.iter().enumerate() {
            let ns = &pod.namespace;
            for (key, value) in &pod.labels {
                places.by_label.entry((ns.clone(), key.clone(), value.clone())).or_default().push(at);
            }
            places.by_workload.entry((ns.clone(), pod.workload.1.clone())).or_default().push(at);
            places.by_account.entry((ns.clone(), pod.service_account.clone())).or_default().push(at);
            if !pod.ip.is_empty() && !pod.host_network {
                places.by_ip.insert(pod.ip.clone(), at);
            }
        }
        for service in world.services() {
            places.services.insert((service.namespace.clone(), service.name.clone()), service.clone());
            for ip in service.cluster_ips.iter().filter(|ip| ip.parse::<IpAddr>().is_ok()) {
                places.service_by_ip.insert(ip.clone(), service.clone());
            }
        }
        places.namespaces = world.namespaces().map(|n| n.name.clone()).collect();
        places.namespaces.extend(world.services().map(|s| s.namespace.clone()));
        places
    }

    /// The pods are those that workloads promise, not pods that were seen.
    pub fn planned(&self) -> bool {
        self.planned
    }

    /// Every pod that is not on its way out.
    pub fn pods(&self) -> impl Iterator<Item = &Arc<Pod>> {
        self.pods.iter()
    }

    /// The pods in a namespace whose labels hold all of these; none for no labels.
    pub fn selected(&self, namespace: &str, selector: &Labels) -> Vec<&Arc<Pod>> {
        let Some((key, value)) = selector.iter().next() else { return Vec::new() };
        let first = self.by_label.get(&(namespace.to_owned(), key.clone(), value.clone()));
        first
            .into_iter()
            .flatten()
            .filter_map(|at| self.pods.get(*at))
            .filter(|pod| selects(selector, &pod.labels))
            .collect()
    }

    /// All pods that a service selects, ready or not.
    pub fn of_service(&self, service: &Service) -> Vec<&Arc<Pod>> {
        self.selected(&service.namespace, &service.selector)
    }

    /// The pods of a workload.
    pub fn of_workload(&self, namespace: &str, workload: &str) -> Vec<&Arc<Pod>> {
        self.listed(self.by_workload.get(&(namespace.to_owned(), workload.to_owned())))
    }

    /// The pods that run as a service account.
    pub fn of_account(&self, namespace: &str, account: &str) -> Vec<&Arc<Pod>> {
        self.listed(self.by_account.get(&(namespace.to_owned(), account.to_owned())))
    }

    fn listed(&self, at: Option<&Vec<usize>>) -> Vec<&Arc<Pod>> {
        at.into_iter().flatten().filter_map(|at| self.pods.get(*at)).collect()
    }

    /// A service.
    pub fn service(&self, namespace: &str, name: &str) -> Option<&Arc<Service>> {
        self.services.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// What a host means to a caller in this namespace, by the search list that Kubernetes gives every pod.
    pub fn resolve(&self, host: &str, namespace: &str) -> Resolved {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        if host.parse::<IpAddr>().is_ok() {
            return self.address(&host);
        }
        match cluster_name(&host, namespace) {
            Some((name, ns)) if let Some(service) = self.service(&ns, &name) => match &service.external_name {
                Some(outside) if service.kind == "ExternalName" => self.alias(outside),
                _ => Resolved::Service(service.clone()),
            },
            _ if self.is_ours(&host) => Resolved::Nowhere(format!("no Service is called {host}")),
            _ => Resolved::Outside(host),
        }
    }

    /// An ExternalName is followed once: DNS gives its name, which is absolute.
    fn alias(&self, outside: &str) -> Resolved {
        let outside = outside.trim_end_matches('.').to_ascii_lowercase();
        match outside.strip_suffix(".svc.cluster.local").and_then(|short| short.split_once('.')) {
            Some((name, ns)) => match self.service(ns, name) {
                Some(service) => Resolved::Service(service.clone()),
                None => Resolved::Nowhere(format!("no Service is called {outside}")),
            },
            None => Resolved::Outside(outside),
        }
    }

    fn address(&self, ip: &str) -> Resolved {
        if let Some(service) = self.service_by_ip.get(ip) {
            return Resolved::Service(service.clone());
        }
        match self.by_ip.get(ip).and_then(|at| self.pods.get(*at)) {
            Some(pod) => Resolved::Pod(pod.clone()),
            None => Resolved::Outside(ip.to_owned()),
        }
    }

    /// Names that only this cluster's DNS could answer.
    fn is_ours(&self, host: &str) -> bool {
        match host.rsplit_once('.') {
            None => true,
            Some((_, last)) => matches!(last, "local" | "svc" | "localdomain") || self.namespaces.contains(last),
        }
    }
}

/// (service, namespace) that a name means in a namespace: `reviews`, `reviews.shop`, `reviews.shop.svc`, the full name.
fn cluster_name(host: &str, namespace: &str) -> Option<(String, String)> {
    let short = host.strip_suffix(".cluster.local").unwrap_or(host);
    let short = short.strip_suffix(".svc").unwrap_or(short);
    match short.split('.').collect::<Vec<_>>()[..] {
        [name] if short == host => Some((name.into(), namespace.into())),
        [name, ns] => Some((name.into(), ns.into())),
        _ => None,
    }
}

/// Whether labels hold everything that a selector asks for.
pub fn selects(selector: &Labels, labels: &Labels) -> bool {
    selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// The port of the pod behind a port of a service; `None` where it names a container port that the pod has not.
pub fn target_port(port: &ServicePort, pod: &Pod) -> Option<u16> {
    match &port.target {
        TargetPort::Number(0) => Some(port.port),
        TargetPort::Number(number) => Some(*number),
        TargetPort::Name(name) => {
            let named = pod.containers.iter().flat_map(|c| &c.ports).find(|(n, _)| n == name).map(|(_, p)| *p);
            // A planned pod has no containers to look in; manifests mostly name the port after the service's own.
            named.or(pod.containers.is_empty().then_some(port.port))
        }
    }
}

/// One ready pod as this workload's template promises it.
fn planned(workload: &Workload) -> Pod {
    Pod {
        namespace: workload.namespace.clone(),
        name: workload.name.clone(),
        labels: workload.labels.clone(),
        annotations: workload.annotations.clone(),
        workload: (workload.kind.clone(), workload.name.clone()),
        service_account: workload.service_account.clone(),
        phase: "Running".into(),
        ready: workload.replicas > 0,
        ..Pod::default()
    }
}

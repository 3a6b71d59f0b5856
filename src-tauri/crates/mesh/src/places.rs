//! Who is where: the pods behind services, workloads, accounts and addresses, looked up once for a world.

use std::cmp::Ordering;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;

use world::{Difference, Labels, Pod, Said, Service, Workload, World, said, selects};

use crate::log::{Dep, Log, Touched};
use crate::table::Table;

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
    Nowhere(Said),
}

/// The pods of a world by what they are asked for. In a world without any pod (manifests) each workload stands for one.
#[derive(Clone, Debug, Default)]
pub struct Places {
    pub(crate) world: World,
    planned: bool,
    pods: imbl::OrdMap<Names, Arc<Pod>>,
    by_label: Table<(String, String, String), Arc<Pod>>,
    by_label_anywhere: Table<(String, String), Arc<Pod>>,
    by_workload: Table<Names, Arc<Pod>>,
    by_account: Table<Names, Arc<Pod>>,
    by_ip: Table<String, Arc<Pod>>,
    services_by_ip: Table<String, Arc<Service>>,
    /// By the first thing that they ask of their pods.
    services_by_label: Table<(String, String, String), Arc<Service>>,
    pub(crate) log: Log,
}

impl Places {
    /// Reads a world.
    pub fn of(world: &World) -> Self {
        let mut places = Self { world: world.clone(), planned: world.pods().next().is_none(), ..Self::default() };
        if places.planned {
            world.workloads().for_each(|w| places.put(&Arc::new(planned(w))));
        } else {
            world.pods().filter(|p| !p.terminating).for_each(|pod| places.put(pod));
        }
        world.services().for_each(|service| places.put_service(service));
        places
    }

    /// Those of the world that it became; `None` where pods are seen for the first time, or no more, and nothing is as it was.
    pub(crate) fn after(&self, world: &World, difference: &Difference, touched: &mut Touched) -> Option<Self> {
        if self.planned != world.pods().next().is_none() {
            return None;
        }
        let mut places = Self { world: world.clone(), ..self.clone() };
        if places.planned {
            for (was, is) in &difference.workloads {
                places.step(was.as_ref().map(|w| planned(w)), is.as_ref().map(|w| Arc::new(planned(w))), touched);
            }
        } else {
            let stays = |pod: &&Arc<Pod>| !pod.terminating;
            for (was, is) in &difference.pods {
                places.step(was.as_deref().cloned(), is.as_ref().filter(stays).cloned(), touched);
            }
        }
        for (was, is) in &difference.services {
            was.iter().for_each(|service| places.take_service(service, touched));
            is.iter().for_each(|service| {
                places.put_service(service);
                touch_service(service, touched);
            });
        }
        Some(places)
    }

    fn step(&mut self, was: Option<Pod>, is: Option<Arc<Pod>>, touched: &mut Touched) {
        if let Some(pod) = was {
            touch_pod(&pod, touched);
            self.take(&pod);
        }
        if let Some(pod) = is {
            touch_pod(&pod, touched);
            self.put(&pod);
        }
    }

    fn take(&mut self, pod: &Pod) {
        let ns = &pod.namespace;
        let this = |other: &Arc<Pod>| other.namespace == *ns && other.name == pod.name;
        for (key, value) in &pod.labels {
            self.by_label.take(&(ns.clone(), key.to_owned(), value.to_owned()), this);
            self.by_label_anywhere.take(&(key.to_owned(), value.to_owned()), this);
        }
        self.by_workload.take(&(ns.clone(), pod.workload.1.clone()), this);
        self.by_account.take(&(ns.clone(), pod.service_account.clone()), this);
        self.by_ip.take(&pod.ip, this);
        self.pods.remove(&(ns.clone(), pod.name.clone()));
    }

    fn take_service(&mut self, service: &Arc<Service>, touched: &mut Touched) {
        touch_service(service, touched);
        let this = |other: &Arc<Service>| other.namespace == service.namespace && other.name == service.name;
        for ip in &service.cluster_ips {
            self.services_by_ip.take(ip, this);
        }
        if let Some((key, value)) = service.selector.iter().next() {
            self.services_by_label.take(&(service.namespace.clone(), key.to_owned(), value.to_owned()), this);
        }
    }

    /// The same, writing down in this log.
    #[must_use]
    pub fn listening(&self, log: &Log) -> Self {
        Self { log: log.clone(), ..self.clone() }
    }

    fn put(&mut self, pod: &Arc<Pod>) {
        let ns = &pod.namespace;
        for (key, value) in &pod.labels {
            self.by_label.put((ns.clone(), key.to_owned(), value.to_owned()), pod.clone(), by_name);
            self.by_label_anywhere.put((key.to_owned(), value.to_owned()), pod.clone(), by_name);
        }
        self.by_workload.put((ns.clone(), pod.workload.1.clone()), pod.clone(), by_name);
        self.by_account.put((ns.clone(), pod.service_account.clone()), pod.clone(), by_name);
        if !pod.ip.is_empty() && !pod.host_network {
            self.by_ip.put(pod.ip.clone(), pod.clone(), by_name);
        }
        self.pods.insert((ns.clone(), pod.name.clone()), pod.clone());
    }

    fn put_service(&mut self, service: &Arc<Service>) {
        let order = |a: &Arc<Service>, b: &Arc<Service>| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name));
        for ip in service.cluster_ips.iter().filter(|ip| ip.parse::<IpAddr>().is_ok()) {
            self.services_by_ip.put(ip.clone(), service.clone(), order);
        }
        if let Some((key, value)) = service.selector.iter().next() {
            let by = (service.namespace.clone(), key.to_owned(), value.to_owned());
            self.services_by_label.put(by, service.clone(), order);
        }
    }

    fn note<T: Hash + ?Sized>(&self, by: &T) {
        self.log.note("", "Pod", || found(by));
    }

    /// The pods are those that workloads promise, not pods that were seen.
    pub fn planned(&self) -> bool {
        self.note("planned");
        self.planned
    }

    /// Every pod that is not on its way out. An answer that asks this is sought again whenever any pod changes.
    pub fn pods(&self) -> impl Iterator<Item = &Arc<Pod>> {
        self.log.note("", "Pod", || Dep::every("", "Pod"));
        self.pods.values()
    }

    /// Those of one namespace.
    pub fn pods_in<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Arc<Pod>> {
        self.log.note("", "Pod", || Dep::within("", "Pod", namespace));
        let start = (namespace.to_owned(), String::new());
        self.pods.range(start..).map(|(_, pod)| pod).take_while(move |pod| pod.namespace == namespace)
    }

    /// The pods in a namespace whose labels hold all of these; none for no labels.
    pub fn selected(&self, namespace: &str, selector: &Labels) -> Vec<&Arc<Pod>> {
        let Some((key, value)) = selector.iter().next() else { return Vec::new() };
        self.note(&("label", namespace, key, value));
        let first = self.by_label.get(&(namespace.to_owned(), key.to_owned(), value.to_owned()));
        first.iter().filter(|pod| selects(selector, &pod.labels)).collect()
    }

    /// The pods of any namespace whose labels hold all of these; all pods for no labels.
    pub fn selected_anywhere(&self, selector: &Labels) -> Vec<&Arc<Pod>> {
        let lists = selector.iter().map(|(key, value)| {
            let list = self.by_label_anywhere.get(&(key.to_owned(), value.to_owned()));
            (list, key, value)
        });
        // Whoever joins the answer has each of the labels, so that to hear of one of them is enough.
        let Some((shortest, key, value)) = lists.min_by_key(|(list, ..)| list.len()) else {
            return self.pods().collect();
        };
        self.note(&("anywhere", key, value));
        shortest.iter().filter(|pod| selects(selector, &pod.labels)).collect()
    }

    /// All pods that a service selects, ready or not.
    pub fn of_service(&self, service: &Service) -> Vec<&Arc<Pod>> {
        self.selected(&service.namespace, &service.selector)
    }

    /// Those of them that it sends to: the ready ones, or all where it says so.
    pub fn behind(&self, service: &Service) -> impl Iterator<Item = &Arc<Pod>> {
        let all = service.publishes_unready;
        self.of_service(service).into_iter().filter(move |pod| pod.ready || all)
    }

    /// The pods of a workload.
    pub fn of_workload(&self, namespace: &str, workload: &str) -> Vec<&Arc<Pod>> {
        self.note(&("workload", namespace, workload));
        self.by_workload.get(&(namespace.to_owned(), workload.to_owned())).iter().collect()
    }

    /// The pods that run as a service account.
    pub fn of_account(&self, namespace: &str, account: &str) -> Vec<&Arc<Pod>> {
        self.note(&("account", namespace, account));
        self.by_account.get(&(namespace.to_owned(), account.to_owned())).iter().collect()
    }

    /// The services of a namespace that select pods with these labels, by their names; never those without a selector.
    pub fn services_selecting(&self, namespace: &str, labels: &Labels) -> Vec<&Arc<Service>> {
        let by = |(key, value): (&str, &str)| {
            self.log.note("", "Service", || Dep::found("", "Service", &("selects", namespace, key, value)));
            self.services_by_label.get(&(namespace.to_owned(), key.to_owned(), value.to_owned()))
        };
        let mut found: Vec<_> = labels.iter().flat_map(by).filter(|s| selects(&s.selector, labels)).collect();
        found.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        found
    }

    /// A service.
    pub fn service(&self, namespace: &str, name: &str) -> Option<&Arc<Service>> {
        self.log.note("", "Service", || Dep::one("", "Service", namespace, name));
        self.world.service(namespace, name)
    }

    /// What a host means to a caller in this namespace, by the search list that Kubernetes gives every pod.
    pub fn resolve(&self, host: &str, namespace: &str) -> Resolved {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        if host.parse::<IpAddr>().is_ok() {
            return self.address(&host);
        }
        if host == "localhost" {
            return Resolved::Outside("127.0.0.1".into());
        }
        match cluster_name(&host, namespace) {
            Some((name, ns)) if let Some(service) = self.service(&ns, &name) => match &service.external_name {
                Some(outside) if service.kind == "ExternalName" => self.alias(outside),
                // Its name stands for the addresses of its pods, and there are none.
                _ if service.is_headless() && !service.selector.is_empty() && self.behind(service).next().is_none() => {
                    Resolved::Nowhere(said!(
                        "no pod of Service {} is ready, and it has no address of its own",
                        "Service {} 没有就绪的 Pod，而它没有自己的地址",
                        service.name
                    ))
                }
                _ => Resolved::Service(service.clone()),
            },
            _ if let Some(found) = self.pod_called(&host, namespace) => found.map_or_else(
                || Resolved::Nowhere(said!("no pod is called {host}", "没有名为 {host} 的 Pod")),
                Resolved::Pod,
            ),
            _ if self.is_ours(&host) => {
                Resolved::Nowhere(said!("no Service is called {host}", "没有名为 {host} 的 Service"))
            }
            _ => Resolved::Outside(host),
        }
    }

    /// The pod that has a name of its own under a service without an address: `pod.service`, with or without what follows a service's name.
    ///
    /// `None` where no such service is there, `Some(None)` where no pod of it is called so.
    fn pod_called(&self, host: &str, namespace: &str) -> Option<Option<Arc<Pod>>> {
        let (own, rest) = host.split_once('.')?;
        let (name, ns) = cluster_name(rest, namespace)?;
        let service = self.service(&ns, &name).filter(|service| service.is_headless())?;
        Some(self.behind(service).find(|pod| pod.hostname.0 == own && pod.hostname.1 == name).cloned())
    }

    /// An ExternalName is followed once: DNS gives its name, which is absolute.
    fn alias(&self, outside: &str) -> Resolved {
        let outside = outside.trim_end_matches('.').to_ascii_lowercase();
        match outside.strip_suffix(".svc.cluster.local").and_then(|short| short.split_once('.')) {
            Some((name, ns)) => match self.service(ns, name) {
                Some(service) => Resolved::Service(service.clone()),
                None => match self.pod_called(&outside, "").flatten() {
                    Some(pod) => Resolved::Pod(pod),
                    None => Resolved::Nowhere(said!("no Service is called {outside}", "没有名为 {outside} 的 Service")),
                },
            },
            None => Resolved::Outside(outside),
        }
    }

    fn address(&self, ip: &str) -> Resolved {
        self.log.note("", "Service", || Dep::found("", "Service", &("ip", ip)));
        if let Some(service) = self.services_by_ip.get(ip).last() {
            return Resolved::Service(service.clone());
        }
        match self.pod_at(ip) {
            Some(pod) => Resolved::Pod(pod.clone()),
            None => Resolved::Outside(ip.to_owned()),
        }
    }

    /// The pod that has this address.
    pub fn pod_at(&self, ip: &str) -> Option<&Arc<Pod>> {
        self.note(&("ip", ip));
        self.by_ip.get(ip).last()
    }

    /// Names that only this cluster's DNS could answer.
    fn is_ours(&self, host: &str) -> bool {
        match host.rsplit_once('.') {
            None => true,
            Some((_, last)) => matches!(last, "local" | "svc" | "localdomain") || self.is_namespace(last),
        }
    }

    /// One that was seen, or that a service is in.
    fn is_namespace(&self, name: &str) -> bool {
        self.log.note("", "Namespace", || Dep::one("", "Namespace", "", name));
        self.log.note("", "Service", || Dep::within("", "Service", name));
        self.world.namespace(name).is_some() || self.world.services_in(name).next().is_some()
    }
}

fn touch_pod(pod: &Pod, touched: &mut Touched) {
    let ns = &pod.namespace;
    touched.object("", "Pod", ns, &pod.name);
    for (key, value) in &pod.labels {
        touched.add(found(&("label", ns, key, value)));
        touched.add(found(&("anywhere", key, value)));
    }
    touched.add(found(&("workload", ns, &pod.workload.1)));
    touched.add(found(&("account", ns, &pod.service_account)));
    touched.add(found(&("ip", &pod.ip)));
}

fn touch_service(service: &Service, touched: &mut Touched) {
    for ip in &service.cluster_ips {
        touched.add(Dep::found("", "Service", &("ip", ip)));
    }
    if let Some((key, value)) = service.selector.iter().next() {
        touched.add(Dep::found("", "Service", &("selects", &service.namespace, key, value)));
    }
}

/// Pods that are found by this.
fn found<T: Hash + ?Sized>(by: &T) -> Dep {
    Dep::found("", "Pod", by)
}

fn by_name(a: &Arc<Pod>, b: &Arc<Pod>) -> Ordering {
    (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name))
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

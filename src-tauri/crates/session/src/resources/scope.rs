//! What the sidecars of a namespace need to know: what they were seen to call. A `Sidecar` that names it keeps the rest of the mesh out of
//! their memory; calls that were not seen lose the rules of their callers, so this is never applied by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use world::{ObjectKey, Said, World, said, yaml};

use crate::past::Called;
use crate::past::keep::STEP;
use crate::proxies::{Fleet, Proxy};
use crate::{Error, Result, Session};

/// How far back the calls of this session are looked for, in seconds: what the counters are kept for.
const BACK: f64 = 900.0;
/// Where calls were counted for less, in seconds, what is called seldom may not have been seen.
pub const ENOUGH: f64 = 600.0;
/// So long the first proxies are waited for.
const READ: Duration = Duration::from_secs(15);
const GROUP: &str = "networking.istio.io";

/// A call that was seen: the service where one is known, and the host.
type Call = (Option<(String, String)>, String);

/// What is known of the scope of a namespace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scope {
    /// The namespace.
    pub namespace: String,
    /// A `Sidecar` that already holds for the whole of it.
    pub has: Option<ObjectKey>,
    /// Clusters that the proxy holds which knows most; 0 where that is not known, as for a while after its Sidecar was changed.
    pub clusters: u32,
    /// Bytes of its configuration.
    pub bytes: f64,
    /// What would be left of them: of what there is for services, the share of those that stay in scope. `None` where the size is not known.
    pub predicted: Option<f64>,
    /// What a Sidecar would name: `./*`, `prod/reviews.prod.svc.cluster.local`.
    pub hosts: Vec<String>,
    /// Enough of the calls was measured to name them; else nothing is advised.
    pub measured: bool,
    /// Seconds for which calls were counted, and could be: since its oldest sidecar began. 0 where no traffic is measured now.
    pub counted: f64,
    /// Where the Sidecar was proposed here, in this session or an earlier one: what was held then.
    pub before: Option<Before>,
}

impl Scope {
    /// The Sidecar that names what was seen.
    pub fn sidecar(&self) -> Value {
        json!({"apiVersion": format!("{GROUP}/v1"), "kind": "Sidecar",
            "metadata": {"name": "default", "namespace": self.namespace}, "spec": {"egress": [{"hosts": self.hosts}]}})
    }
}

/// What the proxy that knew most held when a Sidecar was proposed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Before {
    /// Clusters.
    pub clusters: u32,
    /// Bytes.
    pub bytes: f64,
    /// What was to be left of them.
    pub predicted: Option<f64>,
}

/// By namespace.
pub(crate) type Proposals = BTreeMap<String, Before>;

/// Those of a session.
pub(crate) type Proposed = Mutex<Proposals>;

impl Session {
    /// What the sidecars of a namespace hold, and what they were seen to need, as far back as calls were kept.
    pub fn scope(&self, namespace: &str) -> Scope {
        let (called, counted) = self.calls();
        let (world, fleet) = (self.world(), self.fleet.borrow().clone());
        self.scope_of(namespace, (&world, &fleet), &called, counted)
    }

    /// The scope of each namespace with sidecars, of a fleet that was looked at closely.
    pub async fn scopes(&self, fleet: &Fleet) -> Vec<Scope> {
        self.recall().await;
        self.traffic_read().await;
        let (called, counted) = self.calls();
        let world = self.world();
        let with_sidecars: BTreeSet<&String> =
            fleet.proxies.iter().filter(takes_sidecar).map(|proxy| &proxy.namespace).collect();
        let scope = |namespace: &String| self.scope_of(namespace, (&world, fleet), &called, counted);
        with_sidecars.into_iter().map(scope).collect()
    }

    /// Returns once some proxies were read, or all were in vain: whoever looks once comes before.
    async fn traffic_read(&self) {
        let mut traffic = self.traffic.clone();
        let read = traffic.wait_for(|traffic| traffic.measured || traffic.rounds > 0);
        drop(tokio::time::timeout(READ, read).await);
    }

    /// What was called from each namespace, lately and as far back as it was kept, and for how many seconds that was counted; none where
    /// traffic is not measured now.
    fn calls(&self) -> (Called, f64) {
        let (minutes, mut called) = self.called.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let traffic = self.traffic.borrow().clone();
        for edge in traffic.edges(BACK).into_iter().filter(|edge| edge.requests_per_second > 0.0) {
            let to = edge.to_service.unwrap_or((String::new(), edge.host));
            called.entry(edge.from.map(|from| from.namespace).unwrap_or_default()).or_default().insert(to);
        }
        // Of what was watched here, all but the last minute is kept too.
        let counted = traffic.watched().max(minutes as f64 * STEP.as_secs_f64());
        (called, if traffic.measured { counted } else { 0.0 })
    }

    fn scope_of(&self, namespace: &str, (world, fleet): (&World, &Fleet), called: &Called, counted: f64) -> Scope {
        let own = fleet.proxies.iter().filter(takes_sidecar).filter(|proxy| proxy.namespace == namespace);
        let counted = counted.min(oldest(world, own.clone(), jiff::Timestamp::now().as_second()));
        let sizes = own.filter_map(|proxy| proxy.size);
        let largest = sizes.max_by_key(|size| size.clusters).unwrap_or_default();
        let calls: Vec<Call> = called.get(namespace).into_iter().flatten().cloned().map(call).collect();
        let hosts = hosts(namespace, &calls);
        let left = share(world, &hosts, namespace);
        let has = existing(world, namespace);
        let proposed = self.scopes.lock().unwrap_or_else(PoisonError::into_inner).get(namespace).copied();
        Scope {
            namespace: namespace.to_owned(),
            before: proposed.filter(|_| has.is_some()),
            has,
            clusters: largest.clusters,
            bytes: largest.bytes,
            predicted: (largest.bytes > 0.0).then_some(largest.bytes - largest.of_services * (1.0 - left)),
            hosts,
            measured: counted >= ENOUGH,
            counted,
        }
    }

    /// Puts a Sidecar that names what was seen into the tray.
    ///
    /// # Errors
    /// Where not enough was measured, or the namespace has one.
    pub async fn put_scope(&self, namespace: &str) -> Result<()> {
        let scope = self.scope(namespace);
        let refuse = |reason: Said| Err(Error::Field { field: "namespace", reason });
        if let Some(has) = scope.has {
            return refuse(said!(
                "{has} already says what the sidecars of {namespace} know: edit it",
                "{has} 已规定 {namespace} 的 sidecar 所知的内容：请编辑它"
            ));
        }
        if !self.traffic.borrow().measured {
            return refuse(said!(
                "no traffic is measured now, so what {namespace} calls is not known",
                "当前没有测量流量，因此不知道 {namespace} 调用了什么"
            ));
        }
        if !scope.measured {
            let (counted, enough) = ((scope.counted / 60.0).floor(), ENOUGH / 60.0);
            return refuse(said!(
                "the calls of {namespace} were counted for {counted} minutes, and {enough} are needed to have seen what is called seldom",
                "{namespace} 的调用只统计了 {counted} 分钟；需要 {enough} 分钟，才不会漏掉少见的调用"
            ));
        }
        self.draft_put(&yaml::write(&scope.sidecar()), "").await?;
        let before = Before { clusters: scope.clusters, bytes: scope.bytes, predicted: scope.predicted };
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner).insert(namespace.to_owned(), before);
        self.keep_proposal(namespace, before).await;
        Ok(())
    }
}

/// A Sidecar object says what it knows.
fn takes_sidecar(proxy: &&Proxy) -> bool {
    proxy.is_xds() && proxy.role == "sidecar"
}

/// For how many seconds there has been one of these proxies: before, nobody counted the calls of their namespace.
fn oldest<'a>(world: &World, own: impl Iterator<Item = &'a Proxy>, now: i64) -> f64 {
    let created = own.filter_map(|proxy| world.pod(&proxy.namespace, &proxy.pod)?.created);
    created.min().map_or(0.0, |created| (now - created).max(0) as f64)
}

/// Of a service, or of a host outside, whose namespace is empty.
fn call((namespace, name): (String, String)) -> Call {
    if namespace.is_empty() { (None, name) } else { (Some((namespace, name)), String::new()) }
}

/// Its own namespace whole, the control plane, and what else was called.
fn hosts(namespace: &str, calls: &[Call]) -> Vec<String> {
    let others = calls.iter().filter_map(|(service, host)| match service {
        Some((of, _)) if of == namespace => None,
        Some((of, name)) => Some(format!("{of}/{name}.{of}.svc.cluster.local")),
        // Where no service was known it went by no cluster of its own.
        None if host.is_empty() || host.ends_with("Cluster") => None,
        None => Some(format!("*/{host}")),
    });
    let others: BTreeSet<String> = others.collect();
    ["./*".to_owned(), "istio-system/*".to_owned()].into_iter().chain(others).collect()
}

/// The share of services that stay in scope, each as often as it has ports: a proxy knows each port for itself, and none of UDP.
fn share(world: &World, hosts: &[String], namespace: &str) -> f64 {
    let named: BTreeSet<&str> = hosts.iter().filter_map(|host| host.split_once('/').map(|(_, host)| host)).collect();
    let stays = |service: &world::Service| {
        service.namespace == namespace
            || service.namespace == "istio-system"
            || named.contains(format!("{}.{}.svc.cluster.local", service.name, service.namespace).as_str())
    };
    let ports = |service: &world::Service| service.ports.iter().filter(|port| port.protocol != "UDP").count() as f64;
    let all: f64 = world.services().map(|service| ports(service)).sum();
    let staying: f64 = world.services().filter(|service| stays(service)).map(|service| ports(service)).sum();
    if all == 0.0 { 1.0 } else { staying / all }
}

/// One without a selector holds for all of the namespace.
fn existing(world: &World, namespace: &str) -> Option<ObjectKey> {
    let unselective = |selector: Option<&Value>| selector.is_none_or(Value::is_null);
    let mut all = world.documents_in(GROUP, "Sidecar", namespace);
    all.find(|sidecar| unselective(sidecar.at("/spec/workloadSelector"))).map(|sidecar| sidecar.key.clone())
}

#[cfg(test)]
mod tests {
    use world::{Change, Object, Service, ServicePort};

    use super::*;

    fn service(namespace: &str, name: &str) -> Change {
        let port = |protocol: &str| ServicePort { port: 53, protocol: protocol.into(), ..ServicePort::default() };
        // What nobody calls by TCP weighs nothing.
        let ports = if name == "cart" { vec![port("UDP"), port("TCP")] } else { vec![port("TCP")] };
        let (namespace, name) = (namespace.into(), name.into());
        Change::Put(Object::Service(Service { namespace, name, ports, ..Service::default() }))
    }

    #[test]
    fn what_was_called_stays_and_the_rest_goes() {
        let to = |namespace: &str, name: &str| Some((namespace.to_owned(), name.to_owned()));
        let calls = [
            (to("shop", "ratings"), "ratings.shop.svc.cluster.local".to_owned()),
            (to("prod", "reviews"), "reviews.prod.svc.cluster.local".to_owned()),
            (None, "api.example.com".to_owned()),
            (None, "PassthroughCluster".to_owned()),
        ];
        let hosts = hosts("shop", &calls);
        assert_eq!(hosts, ["./*", "istio-system/*", "*/api.example.com", "prod/reviews.prod.svc.cluster.local"]);
        let world = World::new().after([
            service("shop", "ratings"),
            service("prod", "reviews"),
            service("prod", "cart"),
            service("many", "a"),
        ]);
        assert!((share(&world, &hosts, "shop") - 0.5).abs() < 1e-9);
        assert!((share(&World::new(), &hosts, "shop") - 1.0).abs() < 1e-9);
    }

    #[test]
    fn calls_are_counted_since_the_oldest_sidecar() {
        let pod = |name: &str, created| {
            let (namespace, name) = ("shop".into(), name.into());
            Change::Put(Object::Pod(world::Pod { namespace, name, created: Some(created), ..world::Pod::default() }))
        };
        let world = World::new().after([pod("a", 1000), pod("b", 1600), pod("c", 10)]);
        let proxy = |pod: &str| Proxy { namespace: "shop".into(), pod: pod.into(), ..Proxy::default() };
        let own = [proxy("b"), proxy("a"), proxy("gone")];
        assert_eq!(oldest(&world, own.iter(), 1900), 900.0);
        assert_eq!(oldest(&world, own[..1].iter(), 1900), 300.0, "a mesh that it joined a while ago");
        assert_eq!(oldest(&world, own[2..].iter(), 1900), 0.0);
    }

    #[test]
    fn only_one_for_the_whole_namespace_counts() {
        let sidecar = |name: &str, spec: Value| {
            let body = json!({"apiVersion": "networking.istio.io/v1", "kind": "Sidecar", "metadata": {"name": name, "namespace": "shop"}, "spec": spec});
            Change::Put(Object::read(body, world::Origin::Draft).unwrap())
        };
        let selective = sidecar("one", json!({"workloadSelector": {"labels": {"app": "a"}}}));
        let world = World::new().after([selective]);
        assert_eq!(existing(&world, "shop"), None);
        let world = world.after([sidecar("all", json!({}))]);
        assert_eq!(existing(&world, "shop").map(|key| key.name), Some("all".into()));
        assert_eq!(existing(&world, "prod"), None);
    }
}

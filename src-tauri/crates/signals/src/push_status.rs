//! What an istiod complains of while it makes configuration: `/debug/push_status`. It tells of the push before its newest, so a complaint comes
//! with the push after the one that it is about, and goes with the push after the one that mends it (istio pilot/pkg/model/push_context.go,
//! `OnConfigChange`; seen on a genuine one).

use std::collections::{BTreeMap, BTreeSet};

use cluster::Connection;
use serde::Deserialize;
use world::{ObjectKey, World, said};

use crate::health::why;
use crate::{Unknown, plane};

/// So many complaints are kept of one istiod: each proxy may have one of a kind.
const MOST: usize = 2000;
/// The longest words.
const LONGEST: usize = 400;
/// Counted there, and no complaint: proxies without a service of their own.
const NORMAL: [&str; 1] = ["pilot_no_ip"];

/// One complaint.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Complaint {
    /// `pilot_conflict_inbound_listener`
    pub metric: String,
    /// What it is about: a listener, a cluster, a host, or a proxy.
    pub about: String,
    /// Namespace and pod of the proxy for which it was seen last; empty where none is named.
    pub proxy: (String, String),
    /// Its own words; empty where it has none.
    pub words: String,
    /// The istiod, `namespace/pod`.
    pub plane: String,
}

impl Complaint {
    /// It is about a proxy as such, not about what any proxy gets.
    pub fn is_of_proxy(&self) -> bool {
        !self.proxy.1.is_empty() && self.about == format!("{}.{}", self.proxy.1, self.proxy.0)
    }

    /// In its own words, with the name of what it counts.
    pub fn line(&self) -> String {
        let words = if self.words.is_empty() { &self.about } else { &self.words };
        format!("{}: {words}", self.metric)
    }

    /// The object that it is about: that of the host that it names.
    pub fn object(&self, world: &World) -> Option<ObjectKey> {
        let named = self.words.rsplit_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
        let incoming = self.words.rsplit_once("incoming: ").map(|(_, host)| host);
        let host = named.or(incoming).unwrap_or_else(|| self.about.rsplit('|').next().unwrap_or_default());
        let host = host.split(':').next().unwrap_or_default();
        rule_of(self, world, host).or_else(|| object_of_host(world, host))
    }
}

/// Of subsets that several DestinationRules define, one of those.
fn rule_of(of: &Complaint, world: &World, host: &str) -> Option<ObjectKey> {
    let is_for = |rule: &&std::sync::Arc<world::Document>| {
        let own = rule.at("/spec/host").and_then(|own| own.as_str()).unwrap_or_default();
        own == host
            || host.strip_prefix(own).is_some_and(|rest| rest == format!(".{}.svc.cluster.local", rule.key.namespace))
    };
    let mut rules = world.documents_of("networking.istio.io", "DestinationRule");
    if of.metric == "pilot_destrule_subsets" { rules.find(is_for).map(|rule| rule.key.clone()) } else { None }
}

/// The Service or ServiceEntry that has a host of the registry.
pub fn object_of_host(world: &World, host: &str) -> Option<ObjectKey> {
    let mut parts = host.split('.');
    if let (Some(name), Some(namespace), Some("svc")) = (parts.next(), parts.next(), parts.next())
        && world.service(namespace, name).is_some()
    {
        return Some(ObjectKey::new("", "Service", namespace, name));
    }
    entries_of(world, host).next()
}

/// The ServiceEntries that have a host.
pub fn entries_of<'a>(world: &'a World, host: &'a str) -> impl Iterator<Item = ObjectKey> + 'a {
    let has = move |entry: &&std::sync::Arc<world::Document>| {
        let hosts = entry.at("/spec/hosts").and_then(|hosts| hosts.as_array());
        hosts.into_iter().flatten().any(|own| own == host)
    };
    world.documents_of("networking.istio.io", "ServiceEntry").filter(has).map(|entry| entry.key.clone())
}

/// Asks every istiod, by namespace and pod, once; what two say alike is said once.
pub async fn complaints(connection: &Connection, planes: &[(String, String)]) -> (Vec<Complaint>, Vec<Unknown>) {
    let asked = planes.iter().map(|(namespace, pod)| async move {
        let name = format!("{namespace}/{pod}");
        match plane::page(connection, (namespace, pod), "/debug/push_status").await {
            Ok(body) => Ok(read(&body, &name)),
            Err(error) => Err((name, why(&error))),
        }
    });
    let (mut all, mut unknown, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for answer in futures::future::join_all(asked).await {
        match answer {
            Ok(said) => all.extend(said.into_iter().filter(|one| seen.insert((one.metric.clone(), one.about.clone())))),
            Err((name, because)) => {
                let about = said!("what {name} complains of in its pushes", "{name} 在推送中报告的问题");
                unknown.push(Unknown::new(about, because));
            }
        }
    }
    (all, unknown)
}

/// Reads the page; one that pushed nothing yet says nothing.
fn read(body: &[u8], plane: &str) -> Vec<Complaint> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Entry {
        proxy: String,
        message: String,
    }
    let page: BTreeMap<String, BTreeMap<String, Entry>> = serde_json::from_slice(body).unwrap_or_default();
    let metrics = page.into_iter().filter(|(metric, _)| !NORMAL.contains(&metric.as_str()));
    let each = metrics
        .flat_map(|(metric, entries)| entries.into_iter().map(move |(about, entry)| (metric.clone(), about, entry)));
    let complaint = |(metric, about, entry): (String, String, Entry)| {
        // Names of namespaces have no dots.
        let proxy = entry.proxy.rsplit_once('.').map(|(pod, namespace)| (namespace.to_owned(), pod.to_owned()));
        let words = entry.message.chars().take(LONGEST).collect();
        Complaint { metric, about, proxy: proxy.unwrap_or_default(), words, plane: plane.to_owned() }
    };
    each.take(MOST).map(complaint).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use world::{Change, Object, Origin};

    use super::*;

    /// As a genuine istiod answered once two ServiceEntries had TCP on one port and two DestinationRules one subset; and, by the words of its
    /// source (pilot/pkg/networking/core/listener_inbound.go), one more.
    const SAID: &str = include_str!("push_status.json");

    fn put(kind: &str, name: &str, spec: Value) -> Change {
        let body = json!({"apiVersion": "networking.istio.io/v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"}, "spec": spec});
        Change::Put(Object::read(body, Origin::Draft).unwrap())
    }

    #[test]
    fn what_a_genuine_one_said() {
        let world = World::new().after([
            put("ServiceEntry", "b", json!({"hosts": ["b.queues.example"]})),
            put("ServiceEntry", "c", json!({"hosts": ["c.queues.example"]})),
            put("DestinationRule", "rule", json!({"host": "c.queues.example"})),
        ]);
        let all = read(SAID.as_bytes(), "istio-system/istiod-1");
        let line = |one: &Complaint| {
            (one.line(), one.proxy.1.clone(), one.object(&world).map(|key| format!("{} {}", key.kind, key.name)))
        };
        let found: Vec<_> = all.iter().map(line).collect();
        let said =
            |line: &str, pod: &str, object: Option<&str>| (line.to_owned(), pod.to_owned(), object.map(str::to_owned));
        assert_eq!(
            found,
            [
                said(
                    "pilot_conflict_inbound_listener: Conflicting inbound listener:9080. existing: a.shop.svc.cluster.local, incoming: b.queues.example",
                    "a-1",
                    Some("ServiceEntry b")
                ),
                said(
                    "pilot_conflict_outbound_listener_tcp_over_current_tcp: Listener=0.0.0.0_7778 Accepted=TCP Rejected=TCP (b.queues.example)",
                    "productpage-v1-6dbfbd8466-fbzsk",
                    Some("ServiceEntry b")
                ),
                said(
                    "pilot_destrule_subsets: Duplicate subset v1 found while merging destination rules for c.queues.example",
                    "",
                    Some("DestinationRule rule")
                ),
                said(
                    "pilot_dns_cluster_without_endpoints: STRICT_DNS cluster without endpoints outbound|7778|v1|c.queues.example found while pushing CDS",
                    "productpage-v1-6dbfbd8466-fbzsk",
                    Some("ServiceEntry c")
                ),
                said("pilot_eds_no_instances: outbound|7778||c.queues.example", "", Some("ServiceEntry c")),
            ]
        );
        assert_eq!(all.iter().filter(|one| one.is_of_proxy()).count(), 1);
    }

    #[test]
    fn nothing_and_nonsense_and_too_much() {
        for body in ["", "{}", "null", "[]", "{\"pilot_eds_no_instances\": 3}", "404 page not found"] {
            assert_eq!(read(body.as_bytes(), "a/b"), [], "{body}");
        }
        let normal = json!({"pilot_no_ip": {"a.shop": {}}}).to_string();
        assert_eq!(read(normal.as_bytes(), "a/b"), []);
        let many: serde_json::Map<String, Value> =
            (0..3000).map(|n| (format!("outbound|{n}||a"), json!({"message": "x".repeat(1000)}))).collect();
        let all = read(json!({"pilot_eds_no_instances": many}).to_string().as_bytes(), "a/b");
        assert_eq!((all.len(), all[0].words.len()), (MOST, LONGEST));
    }
}

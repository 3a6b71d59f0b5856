//! One proxy: everything that its Envoy works with, a line each, led back to the objects that made it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;
use signals::Suspects;
use signals::dump::{self, Dump, Origin, Part};
use signals::endpoint::{self, Endpoint};
use world::{ObjectKey, Said, World, said};

use crate::session::defect;
use crate::{Error, Result, Session};

/// Younger than this an answer is not asked for again.
const FRESH: Duration = Duration::from_secs(10);
/// Longest text of a part that is shown, in bytes.
const LONGEST: usize = 512 * 1024;

pub use signals::dump::{Found, Hit, Sort};

/// One part in a line. What each cell means follows from the list that it is in ([`Detail::lines`]).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// Its place in the list, to ask for its text by.
    pub at: usize,
    /// Its name.
    pub name: String,
    /// `active`, `static`, `warming`, `draining`, `refused`; for endpoints `healthy` and why not.
    pub state: String,
    /// What else it says.
    pub cells: Vec<String>,
    /// The objects that made it, the deciding one first; for what was refused the one that broke it.
    pub from: Vec<ObjectKey>,
    /// The proxy's own words where its newest form was refused.
    pub error: String,
}

/// A proxy as it was when it was asked.
#[derive(Debug)]
pub struct Detail {
    /// Namespace and pod.
    pub(crate) place: (String, String),
    asked_at: Instant,
    /// Where objects for the whole mesh lie.
    root: String,
    /// Milliseconds since 1970.
    pub read_at: f64,
    /// What it works with.
    pub dump: Dump,
    body: Bytes,
    /// The instances that it sends to.
    pub endpoints: Vec<Endpoint>,
    /// Why the endpoints, or some of them, are not known; empty where all are.
    pub endpoints_unknown: Said,
}

/// The last one that was asked for.
pub(crate) type Held = Mutex<Option<Arc<Detail>>>;

impl Session {
    /// Everything that a proxy works with; asked anew where that is some seconds ago, or `anew` says so.
    ///
    /// # Errors
    /// Where it cannot be asked.
    pub async fn proxy(&self, namespace: &str, pod: &str, anew: bool) -> Result<Arc<Detail>> {
        let place = (namespace.to_owned(), pod.to_owned());
        let held = self.proxy.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(held) = held.filter(|held| held.place == place && !anew && held.asked_at.elapsed() < FRESH) {
            return Ok(held);
        }
        if anew {
            self.connection().forget_rights();
        }
        let ask = |path: &'static str| self.connection().admin_get(namespace, pod, path);
        let (body, clusters) = tokio::join!(ask("/config_dump"), ask("/clusters?format=json"));
        let body = body?;
        let read = body.clone();
        let both = tokio::task::spawn_blocking(move || (dump::read(&read), endpoints(clusters))).await;
        let (dump, (endpoints, endpoints_unknown)) = both.map_err(|_| defect("reading a configuration"))?;
        // A ztunnel says so in one answer.
        let (endpoints, endpoints_unknown) = match &dump.workloads {
            Some(workloads) => (workloads.clone(), Said::default()),
            None => (endpoints, endpoints_unknown),
        };
        let detail = Arc::new(Detail {
            place,
            asked_at: Instant::now(),
            root: self.fleet.borrow().root_namespace().to_owned(),
            read_at: jiff::Timestamp::now().as_millisecond() as f64,
            dump,
            body,
            endpoints,
            endpoints_unknown,
        });
        *self.proxy.lock().unwrap_or_else(PoisonError::into_inner) = Some(detail.clone());
        Ok(detail)
    }

    /// The last answer of this proxy, however old: places in it are places of what is on screen.
    ///
    /// # Errors
    /// Where it cannot be asked, if it must.
    pub(crate) async fn proxy_held(&self, namespace: &str, pod: &str) -> Result<Arc<Detail>> {
        let held = self.proxy.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match held.filter(|held| held.place.0 == namespace && held.place.1 == pod) {
            Some(held) => Ok(held),
            None => self.proxy(namespace, pod, false).await,
        }
    }

    /// A list of a proxy's parts.
    ///
    /// # Errors
    /// Where it cannot be asked.
    pub async fn proxy_lines(&self, namespace: &str, pod: &str, sort: Sort) -> Result<Vec<Line>> {
        let detail = self.proxy_held(namespace, pod).await?;
        Ok(detail.lines(sort, &self.world()))
    }

    /// The whole text of a part, without what is secret.
    ///
    /// # Errors
    /// Where it cannot be asked, or has no such part.
    pub async fn proxy_text(&self, namespace: &str, pod: &str, sort: Sort, at: usize) -> Result<String> {
        let detail = self.proxy_held(namespace, pod).await?;
        let range = detail.dump.text(sort, at);
        let raw = range.and_then(|range| detail.body.get(range)).ok_or_else(|| Error::Field {
            field: "part",
            reason: said!("{namespace}/{pod} has no such part any more", "{namespace}/{pod} 已没有这一部分"),
        })?;
        Ok(shown(raw))
    }

    /// Where a text stands in what a proxy works with.
    ///
    /// # Errors
    /// Where it cannot be asked.
    pub async fn proxy_search(&self, namespace: &str, pod: &str, wanted: &str) -> Result<Found> {
        let detail = self.proxy_held(namespace, pod).await?;
        let wanted = wanted.to_owned();
        let search = move || dump::search(&detail.dump, &detail.body, &detail.endpoints, &wanted);
        tokio::task::spawn_blocking(search).await.map_err(|_| defect("searching a configuration"))
    }

    /// Everything of a proxy that somebody else needs to look into it, without what is secret.
    ///
    /// # Errors
    /// Where it cannot be asked.
    pub async fn proxy_bundle(&self, namespace: &str, pod: &str) -> Result<String> {
        let detail = self.proxy(namespace, pod, true).await?;
        let fleet = self.fleet().borrow().clone();
        let row = fleet.all().find(|row| row.namespace == namespace && row.pod == pod);
        let world = self.world();
        let said = |row: &super::Proxy| {
            serde_json::json!({"version": row.version, "ready": row.ready, "restarts": row.restarts, "controlPlane": row.control_plane,
                "diagnosis": row.diagnosis.en, "nack": row.nack,
                "types": row.types.iter().map(|t| format!("{} {:?}", t.name, t.state)).collect::<Vec<_>>()})
        };
        let endpoints: Vec<Value> = detail
            .lines(Sort::Endpoints, &world)
            .into_iter()
            .map(|line| serde_json::json!({"cluster": line.name, "state": line.state, "says": line.cells}))
            .collect();
        let (place, health, read_at) = (format!("{namespace}/{pod}"), row.map(said), detail.read_at);
        // A configuration of many megabytes takes long to read: never on a thread that answers others.
        let written = tokio::task::spawn_blocking(move || {
            let head = serde_json::json!({"proxy": place, "readAt": read_at, "health": health, "endpoints": endpoints});
            let head = serde_json::to_string_pretty(&head).unwrap_or_default();
            let whole = signals::redacted(&detail.body).unwrap_or_else(|| "null".into());
            // The head is an object: what comes last stands before its end.
            format!("{},\n  \"configuration\": {whole}\n}}\n", head.strip_suffix("\n}").unwrap_or(&head))
        });
        written.await.map_err(|_| defect("writing a bundle"))
    }
}

/// The endpoints, and why not all of them are known.
fn endpoints(answer: Result<Bytes, cluster::ApiError>) -> (Vec<Endpoint>, Said) {
    match answer.map(|body| endpoint::read(&body)) {
        Ok((endpoints, false)) => (endpoints, Said::default()),
        Ok((endpoints, true)) => (
            endpoints,
            said!("the answer ended early, or had more than is kept", "应答提前结束，或内容超过了保留的上限"),
        ),
        Err(error) => (Vec::new(), error.said()),
    }
}

fn shown(raw: &[u8]) -> String {
    let Ok(mut value) = serde_json::from_slice::<Value>(raw) else { return String::new() };
    signals::redact(&mut value);
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        text.truncate(end);
        text.push_str("\n…");
    }
    text
}

impl Detail {
    /// How many parts of each list there are, and how many of them were refused.
    pub fn counts(&self) -> [(Sort, usize, usize); 6] {
        fn refused<T>(parts: &[Part<T>]) -> usize {
            parts.iter().filter(|part| part.error.is_some()).count()
        }
        let dump = &self.dump;
        [
            (Sort::Listeners, dump.listeners.len(), refused(&dump.listeners)),
            (Sort::Routes, dump.routes.len(), refused(&dump.routes)),
            (Sort::Clusters, dump.clusters.len(), refused(&dump.clusters)),
            (Sort::Endpoints, self.endpoints.len(), 0),
            (Sort::Secrets, dump.secrets.len(), refused(&dump.secrets)),
            (Sort::Bootstrap, 1, 0),
        ]
    }

    /// A list of its parts. The cells: of listeners the address, the direction, the filters and the routes that they ask for; of routes the
    /// configuration, the hosts, the condition and where to; of clusters how endpoints are found, how many are healthy of how many, and
    /// `ejects`; of endpoints the address, the requests, the failed ones and the failed connections; of secrets the identity, the issuer
    /// and the end; of the bootstrap the value. Of a ztunnel: of policies their scope, their action and whether they are but tried; of services
    /// how they are reached and how many of how many are healthy; of workloads the address, how they are reached, and their services.
    pub fn lines(&self, sort: Sort, world: &World) -> Vec<Line> {
        match sort {
            Sort::Listeners => self.of(&self.dump.listeners, world, |what| {
                let cells = vec![
                    what.address.clone(),
                    what.direction.to_lowercase(),
                    what.filters.join(", "),
                    what.routes.join(", "),
                ];
                (what.name.clone(), cells)
            }),
            Sort::Routes if self.is_node() => self.of(&self.dump.routes, world, |what| {
                (what.host.clone(), vec![what.config.clone(), what.to.join(", "), what.condition.clone()])
            }),
            Sort::Routes => self.of(&self.dump.routes, world, |what| {
                let cells =
                    vec![what.config.clone(), what.domains.join(", "), what.condition.clone(), what.to.join(", ")];
                (if what.name.is_empty() { what.host.clone() } else { what.name.clone() }, cells)
            }),
            Sort::Clusters => self.clusters(world),
            Sort::Endpoints => self.endpoints(world),
            Sort::Secrets => self.secrets(world),
            Sort::Bootstrap => self.bootstrap(),
        }
    }

    /// Whether it is the proxy of a node.
    fn is_node(&self) -> bool {
        self.dump.workloads.is_some()
    }

    fn clusters(&self, world: &World) -> Vec<Line> {
        let mut counted: std::collections::HashMap<&str, (u32, u32)> = std::collections::HashMap::new();
        for endpoint in &self.endpoints {
            let behind = endpoint.services.iter().chain(endpoint.services.is_empty().then_some(&endpoint.cluster));
            for cluster in behind {
                let (well, all) = counted.entry(cluster).or_default();
                *all += 1;
                *well += u32::from(endpoint.health == "HEALTHY" && endpoint.passed_over.is_empty());
            }
        }
        self.of(&self.dump.clusters, world, |what| {
            let (well, all) = counted.get(what.name.as_str()).copied().unwrap_or_default();
            let ejects = if what.ejects { "ejects" } else { "" };
            (what.name.clone(), vec![what.discovery.clone(), format!("{well}/{all}"), ejects.to_owned()])
        })
    }

    /// What a proxy sends to comes of the object whose host its cluster has, and of the WorkloadEntry that has the address.
    fn endpoints(&self, world: &World) -> Vec<Line> {
        let mut hosts: HashMap<&str, Vec<ObjectKey>> = HashMap::new();
        let mut lines = Vec::with_capacity(self.endpoints.len());
        for (at, of) in self.endpoints.iter().enumerate() {
            let behind = of.services.iter().chain(of.services.is_empty().then_some(&of.cluster));
            let mut from: Vec<ObjectKey> = Vec::new();
            for cluster in behind {
                let host = host_of(cluster);
                from.extend(hosts.entry(host).or_insert_with(|| made(world, host)).iter().cloned());
            }
            from.extend(
                entry_at(world, &of.address).filter(|entry| from.iter().any(|of| of.namespace == entry.namespace)),
            );
            lines.push(Line { from, ..endpoint_line(at, of) });
        }
        lines
    }

    fn secrets(&self, world: &World) -> Vec<Line> {
        let mut lines = self.of(&self.dump.secrets, world, |what| {
            let (shown, ends) = match (&what.certificate, &what.root) {
                (Some(own), _) => {
                    (format!("{} {}", own.spiffe, own.issuer.as_deref().unwrap_or_default()), own.not_after.to_string())
                }
                (None, Some(root)) => (
                    format!("{} {}", root.issuer.as_deref().unwrap_or_default(), what.roots),
                    root.not_after.to_string(),
                ),
                (None, None) => (String::new(), String::new()),
            };
            (what.name.clone(), vec![shown.trim().to_owned(), ends])
        });
        let account = world.pod(&self.place.0, &self.place.1).map(|pod| pod.service_account.clone());
        for line in lines.iter_mut().filter(|line| line.from.is_empty()) {
            line.from.extend(secret_of(&line.name, &self.place.0, account.as_deref().unwrap_or_default()));
        }
        lines
    }

    fn bootstrap(&self) -> Vec<Line> {
        let of = &self.dump.bootstrap;
        let facts = [
            ("node", of.id.clone()),
            ("Istio", of.istio.clone()),
            ("Envoy", of.envoy.clone()),
            ("discovery", of.discovery.clone()),
            ("mesh", of.mesh.clone()),
            ("concurrency", of.concurrency.to_string()),
        ];
        let line = |(name, value): (&str, String)| Line { name: name.into(), cells: vec![value], ..Line::default() };
        facts.into_iter().map(line).collect()
    }

    fn of<T>(&self, parts: &[Part<T>], world: &World, says: impl Fn(&T) -> (String, Vec<String>)) -> Vec<Line> {
        let suspects = Suspects::of(world);
        let line = |(at, part): (usize, &Part<T>)| {
            let (name, cells) = says(&part.what);
            let broke = part.error.as_ref().and_then(|nack| self.broke(world, &suspects, nack));
            let made = part.from.iter().filter_map(|origin| object_of(world, origin));
            Line {
                at,
                name,
                cells,
                state: part.state.word().to_owned(),
                from: broke.into_iter().chain(made).collect(),
                error: part.error.as_ref().map(|nack| nack.text.clone()).unwrap_or_default(),
            }
        };
        parts.iter().enumerate().map(line).collect()
    }

    /// The object that made the proxy refuse this. What is but a guess stands with its reason in the diagnosis alone.
    fn broke(&self, world: &World, suspects: &Suspects, nack: &signals::Nack) -> Option<ObjectKey> {
        let pod = world.pod(&self.place.0, &self.place.1)?;
        let place = signals::Place { namespace: &self.place.0, labels: &pod.labels, root: &self.root };
        suspects.culprit(place, nack).filter(|found| !found.is_guess).map(|found| found.object)
    }
}

/// `reviews.shop.svc.cluster.local` of `outbound|9080|v1|reviews.shop.svc.cluster.local`, and of `outbound_.9080_._.reviews.shop…`, which
/// a gateway between networks has; a ztunnel names the service itself, after its namespace.
fn host_of(cluster: &str) -> &str {
    let last = cluster.rsplit('|').next().unwrap_or_default();
    let last = if last.starts_with("outbound_") { last.rsplit("_.").next().unwrap_or_default() } else { last };
    last.rsplit('/').next().unwrap_or_default()
}

/// The objects that make a host of the registry: its Service, or every ServiceEntry that has it.
fn made(world: &World, host: &str) -> Vec<ObjectKey> {
    match signals::object_of_host(world, host) {
        Some(service) if service.kind == "Service" => vec![service],
        _ => signals::entries_of(world, host).collect(),
    }
}

/// The WorkloadEntry that has an address.
fn entry_at(world: &World, address: &str) -> Option<ObjectKey> {
    let own = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let mut entries = world.documents_of("networking.istio.io", "WorkloadEntry");
    entries.find(|entry| entry.at("/spec/address").is_some_and(|at| at == own)).map(|entry| entry.key.clone())
}

/// What a secret is made of: `kubernetes://web-tls` and `kubernetes-gateway://shop/web-tls` name a Secret, which a Gateway's `credentialName` does
/// too (istio pkg/model/credentials/resource.go `ParseResourceName`); a proxy's own certificate is its identity's. Of a Secret the name alone
/// is told, never what is in it.
fn secret_of(name: &str, namespace: &str, account: &str) -> Option<ObjectKey> {
    const SCHEMES: [(&str, &str); 3] =
        [("kubernetes-gateway://", "Secret"), ("kubernetes://", "Secret"), ("configmap://", "ConfigMap")];
    let named = SCHEMES.into_iter().find_map(|(scheme, kind)| Some((kind, name.strip_prefix(scheme)?)));
    if let Some((kind, named)) = named {
        let (home, own) = named.split_once('/').unwrap_or((namespace, named));
        return Some(ObjectKey::new("", kind, home, own));
    }
    let is_own = name == "default" && !account.is_empty();
    is_own.then(|| ObjectKey::new("", "ServiceAccount", namespace, account))
}

fn endpoint_line(at: usize, of: &Endpoint) -> Line {
    let state = match of.passed_over {
        "" => of.health.to_lowercase(),
        why => why.to_owned(),
    };
    let cells = if of.protocol.is_empty() {
        let counts = [of.requests, of.errors, of.failed_connections].map(|count| format!("{count:.0}"));
        std::iter::once(of.address.clone()).chain(counts).collect()
    } else {
        vec![of.address.clone(), of.protocol.clone(), of.services.join(", ")]
    };
    Line { at, name: of.cluster.clone(), state, cells, ..Line::default() }
}

/// The object that Istio named; for a host the Service of that name, or the ServiceEntry that has it.
fn object_of(world: &World, origin: &Origin) -> Option<ObjectKey> {
    match origin {
        Origin::Object(key) => Some(key.clone()),
        Origin::Host { host, namespace, name } => match world.service(namespace, name) {
            Some(_) => Some(ObjectKey::new("", "Service", namespace, name)),
            None => signals::entries_of(world, host).find(|entry| entry.namespace == *namespace),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use world::{Change, Object, Origin as From, Service};

    use super::*;

    #[test]
    fn an_endpoint_leads_to_what_made_its_host() {
        let put = |kind: &str, name: &str, spec: Value| {
            let body = json!({"apiVersion": "networking.istio.io/v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"}, "spec": spec});
            Change::Put(Object::read(body, From::Draft).unwrap())
        };
        let reviews = Service { namespace: "shop".into(), name: "reviews".into(), ..Service::default() };
        let world = World::new().after([
            Change::Put(Object::Service(reviews)),
            put("ServiceEntry", "cards", json!({"hosts": ["api.cards.example"]})),
            put("WorkloadEntry", "vm-1", json!({"address": "10.9.0.7"})),
        ]);
        for (cluster, expected) in [
            ("outbound|9080|v1|reviews.shop.svc.cluster.local", "Service reviews"),
            ("outbound_.9080_._.reviews.shop.svc.cluster.local", "Service reviews"),
            ("shop/reviews.shop.svc.cluster.local", "Service reviews"),
            ("outbound|443||api.cards.example", "ServiceEntry cards"),
            ("PassthroughCluster", ""),
            ("inbound|9080||", ""),
        ] {
            let found = made(&world, host_of(cluster));
            let found: Vec<_> = found.iter().map(|key| format!("{} {}", key.kind, key.name)).collect();
            assert_eq!(found.join(", "), expected, "{cluster}");
        }
        assert_eq!(entry_at(&world, "10.9.0.7:8080").unwrap().name, "vm-1");
        assert_eq!(entry_at(&world, "10.9.0.8:8080"), None);
    }

    #[test]
    fn a_secret_leads_to_its_object_or_to_whose_identity_it_is() {
        let of = |name: &str| secret_of(name, "shop", "ratings").map(|key| key.to_string());
        for (name, expected) in [
            ("kubernetes://web-tls", Some("Secret shop/web-tls")),
            ("kubernetes://edge/web-tls", Some("Secret edge/web-tls")),
            ("kubernetes-gateway://edge/web-tls", Some("Secret edge/web-tls")),
            ("configmap://edge/roots", Some("ConfigMap edge/roots")),
            ("default", Some("ServiceAccount shop/ratings")),
            ("ROOTCA", None),
            ("file-cert:/etc/a~/etc/b", None),
        ] {
            assert_eq!(of(name).as_deref(), expected, "{name}");
        }
    }
}

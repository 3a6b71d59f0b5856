//! What the mesh costs: the use of its proxies by workload, beside that of the workloads themselves; over time; and what would fit.

mod advice;
mod history;
mod scope;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value, json};
use world::yaml::{self, Edit};
use world::{ObjectKey, Said, Workload, World, said};

use crate::change::tray::{ChangeKind, Item};
use crate::prometheus::{Usage, Uses};
use crate::proxies::{Fleet, Presence, Proxy};
use crate::{Error, Result, Session};

pub(crate) use advice::advise;
pub use advice::{Advice, Sizes, Source};
pub use history::{Curve, History, Sample};
pub(crate) use history::{Gaps, Names, Used, samples, sums};
pub use scope::{Before, ENOUGH, Scope};
pub(crate) use scope::{Proposals, Proposed};

/// CPU in thousandths of a core and memory in bytes; `None` where nothing of it was measured or set.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Amount {
    /// Thousandths of a core.
    pub cpu: Option<f64>,
    /// Bytes.
    pub memory: Option<f64>,
}

impl Amount {
    /// One more; what is not known of one is left out of the sum.
    pub fn add(&mut self, other: Self) {
        let sum = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or_default() + b.unwrap_or_default()),
        };
        *self = Self { cpu: sum(self.cpu, other.cpu), memory: sum(self.memory, other.memory) };
    }
}

/// Where the sizes of a workload's proxies are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In these annotations of the pod template, which the mesh's injector reads: CPU's request and limit, then memory's.
    Annotations([&'static str; 4]),
    /// In the proxy's container of the pod template, which has this name: a gateway's, a ztunnel's.
    Container(&'static str),
    /// A controller made the workload and would take back what is written there (istio, pilot/pkg/config/kube/gateway,
    /// deploymentcontroller.go): a waypoint's, or a gateway's that a Gateway asks for.
    Controller,
}

impl Place {
    /// Annotations of its mesh, where the workload is not known.
    fn at(world: &World, namespace: &str, workload: &str, mesh: &str) -> Self {
        match world.workload(namespace, workload) {
            Some(found) => Self::of(found, mesh),
            None => Self::injected(mesh),
        }
    }

    fn of(workload: &Workload, mesh: &str) -> Self {
        let own = workload.containers.iter().find_map(|container| {
            let family = signals::family_of(&container.name)?;
            family.containers.iter().find(|name| **name == container.name)
        });
        match own {
            _ if workload.own_labels.get(GATEWAY_NAME).is_some() => Self::Controller,
            Some(name) => Self::Container(name),
            None => Self::injected(mesh),
        }
    }

    /// Where nobody injects, whoever made the pods made the proxy too.
    fn injected(mesh: &str) -> Self {
        signals::family(mesh).and_then(|family| family.sizes).map_or(Self::Controller, Self::Annotations)
    }

    /// What makes these sizes so, as it is written: the annotations, or the resources of the container.
    pub fn written(self, to: &Sizes) -> String {
        let all = match self {
            Self::Annotations(_) => {
                self.annotations(to).into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
            }
            Self::Container(_) | Self::Controller => Map::from_iter([("resources".to_owned(), of_container(to))]),
        };
        yaml::write(&Value::Object(all))
    }

    /// The annotations of the pod template that make these sizes so, where they are read.
    pub fn annotations(self, to: &Sizes) -> Vec<(&'static str, String)> {
        match self {
            Self::Annotations(names) => names.into_iter().zip(to.quantities()).collect(),
            Self::Container(_) | Self::Controller => Vec::new(),
        }
    }

    /// The patch of the workload that makes these sizes so (a strategic merge, as `kubectl patch` sends it); none where a controller writes
    /// it.
    pub fn patch(self, to: &Sizes) -> Option<Value> {
        let template = match self {
            Self::Annotations(_) => {
                let named = self.annotations(to).into_iter();
                let all: Map<String, Value> = named.map(|(name, value)| (name.to_owned(), value.into())).collect();
                json!({"metadata": {"annotations": all}})
            }
            Self::Container(name) => {
                json!({"spec": {"containers": [{"name": name, "resources": of_container(to)}]}})
            }
            Self::Controller => return None,
        };
        Some(json!({"spec": {"template": template}}))
    }
}

/// Sizes as a container has them.
fn of_container(to: &Sizes) -> Value {
    let [cpu, cpu_limit, memory, memory_limit] = to.quantities();
    json!({"requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": cpu_limit, "memory": memory_limit}})
}

/// On everything that is made for a Gateway (Gateway API, GEP-1762).
const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";

/// The proxies of one workload.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Namespace.
    pub namespace: String,
    /// The workload.
    pub workload: String,
    /// `Istio` …
    pub mesh: String,
    /// `sidecar`, `gateway` …
    pub role: String,
    /// How many proxies.
    pub proxies: u32,
    /// In use by them.
    pub used: Amount,
    /// Asked for by them.
    pub requested: Amount,
    /// Allowed to them.
    pub limited: Amount,
    /// In use by the containers beside them.
    pub app: Amount,
    /// Seconds that they were measured here.
    pub seen: f64,
    /// What they used over days, where a Prometheus has it.
    pub usage: Option<Usage>,
    /// What would fit.
    pub advice: Advice,
    /// Where that would be written.
    pub place: Place,
    /// What the requests would shrink by (negative: grow) if the advice were followed.
    pub saving: Amount,
}

/// The whole mesh.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resources {
    /// By namespace and workload.
    pub rows: Vec<Row>,
    /// Seconds that were seen so far.
    pub seen: f64,
    /// Seconds that a Prometheus has of it; `None` where there is none that does.
    pub kept: Option<f64>,
    /// What cannot be known, and why.
    pub unknown: Vec<mesh::Unknown>,
}

/// What is measured of all pods: those with a proxy by the fleet, the containers beside them here.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// The past.
    pub history: History,
    /// In use by what is no proxy, by pod.
    pub(crate) apps: HashMap<Names, (f64, f64)>,
}

/// The rows of a fleet.
pub(crate) fn resources(world: &World, fleet: &Fleet, measured: &Measured, uses: &Uses) -> Resources {
    let mut by: BTreeMap<Names, Vec<&Proxy>> = BTreeMap::new();
    for proxy in fleet.proxies.iter().filter(|proxy| proxy.presence == Presence::Running) {
        by.entry((proxy.namespace.clone(), proxy.workload.clone())).or_default().push(proxy);
    }
    let row = |(names, proxies): (Names, Vec<&Proxy>)| row(world, names, &proxies, measured, uses);
    let rows: Vec<Row> = by.into_iter().map(row).collect();
    let kept = uses.values().map(|usage| usage.seen).reduce(f64::max);
    Resources { seen: rows.iter().map(|row| row.seen).fold(0.0, f64::max), kept, rows, unknown: fleet.unknown.clone() }
}

fn row(world: &World, (namespace, workload): Names, proxies: &[&Proxy], measured: &Measured, uses: &Uses) -> Row {
    let (mut used, mut requested, mut limited, mut app) =
        (Amount::default(), Amount::default(), Amount::default(), Amount::default());
    for proxy in proxies {
        used.add(Amount { cpu: proxy.cpu.usage, memory: proxy.memory.usage });
        requested.add(Amount { cpu: proxy.cpu.request, memory: proxy.memory.request });
        limited.add(Amount { cpu: proxy.cpu.limit, memory: proxy.memory.limit });
        if let Some((cpu, memory)) = measured.apps.get(&(proxy.namespace.clone(), proxy.pod.clone())) {
            app.add(Amount { cpu: Some(*cpu), memory: Some(*memory) });
        }
    }
    let first = proxies.first();
    let now = first.map_or([None; 4], |p| [p.cpu.request, p.cpu.limit, p.memory.request, p.memory.limit]);
    let names = (namespace, workload);
    let usage = uses.get(&names).copied();
    let (namespace, workload) = names;
    let line = measured.history.of(&namespace, &workload);
    let (advice, seen) = (advise(line, usage, now), line.map_or(0.0, |line| line.seen()));
    let count = proxies.len() as f64;
    let saving = match &advice {
        Advice::Change { to, .. } => Amount {
            cpu: now[0].map(|now| (now - to.cpu_request) * count),
            memory: now[2].map(|now| (now - to.memory_request) * count),
        },
        Advice::TooEarly { .. } | Advice::Fits => Amount::default(),
    };
    let (mesh, role) = first.map(|proxy| (proxy.mesh.clone(), proxy.role.clone())).unwrap_or_default();
    let proxies = proxies.len() as u32;
    let place = Place::at(world, &namespace, &workload, &mesh);
    Row { namespace, workload, mesh, role, proxies, used, requested, limited, app, seen, usage, advice, place, saving }
}

/// What the proxies of each workload use now, for the history; and those of each mesh, which has a name and no namespace.
pub(crate) fn uses(fleet: &Fleet) -> Used {
    let mut all = Used::new();
    for proxy in &fleet.proxies {
        let used = proxy.cpu.usage.zip(proxy.memory.usage);
        for names in [(proxy.namespace.clone(), proxy.workload.clone()), (String::new(), proxy.mesh.clone())] {
            all.entry(names).or_default().push(used);
        }
    }
    all
}

impl Session {
    /// What the mesh costs now.
    pub fn resources(&self) -> Resources {
        let (fleet, measured) = (self.fleet.borrow().clone(), self.measured.borrow().clone());
        let mut all = resources(&self.world(), &fleet, &measured, &self.uses());
        if all.kept.is_none() {
            all.unknown.extend(self.days_missing());
        }
        all
    }

    /// Puts what is advised for the proxies of a workload into the tray, where its pod template says it.
    ///
    /// # Errors
    /// Where nothing is advised, the workload is not there, or a controller writes it.
    pub async fn advise(&self, namespace: &str, workload: &str) -> Result<()> {
        let all = self.resources();
        let row = all.rows.iter().find(|row| row.namespace == namespace && row.workload == workload);
        let Some(Advice::Change { to, .. }) = row.map(|row| &row.advice) else {
            return Err(Error::Field {
                field: "workload",
                reason: said!("nothing is advised for {namespace}/{workload}", "对 {namespace}/{workload} 没有建议"),
            });
        };
        self.put_sizes(namespace, workload, to).await
    }

    /// Puts requests and limits for the proxies of a workload into the tray.
    ///
    /// # Errors
    /// Where the workload is not there, has no pod template, or a controller writes it.
    pub async fn put_sizes(&self, namespace: &str, workload: &str, to: &Sizes) -> Result<()> {
        let key = key_of(&self.world(), namespace, workload).ok_or_else(|| Error::Field {
            field: "workload",
            reason: said!(
                "{namespace}/{workload} is no Deployment, StatefulSet or DaemonSet",
                "{namespace}/{workload} 不是 Deployment、StatefulSet 或 DaemonSet"
            ),
        })?;
        let mesh = {
            let fleet = self.fleet.borrow();
            let own = fleet.proxies.iter().find(|row| row.namespace == namespace && row.workload == workload);
            own.map_or_else(|| "Istio".to_owned(), |row| row.mesh.clone())
        };
        let place = Place::at(&self.world(), namespace, workload, &mesh);
        let whole = self.document(&key).await?;
        let text = sized(&whole.yaml, place, to)?;
        let base_body = yaml::read(&whole.yaml).value;
        let item = Item {
            key,
            kind: ChangeKind::Update,
            body: Arc::new(yaml::read(&text).value),
            yaml: text,
            base: whole.resource_version,
            base_body: Some(Arc::new(base_body)),
        };
        self.tray.send_modify(|tray| tray.put(item));
        Ok(())
    }
}

fn key_of(world: &World, namespace: &str, workload: &str) -> Option<ObjectKey> {
    let found = world.workload(namespace, workload)?;
    matches!(found.kind.as_str(), "Deployment" | "StatefulSet" | "DaemonSet")
        .then(|| ObjectKey::new("apps", &found.kind, namespace, workload))
}

fn sized(text: &str, place: Place, to: &Sizes) -> Result<String> {
    let refused = |reason: Said| Error::Field { field: "workload", reason };
    let edits: Vec<Edit> = match place {
        Place::Annotations(_) => {
            let at = |name: &str| format!("/spec/template/metadata/annotations/{}", name.replace('/', "~1"));
            place.annotations(to).into_iter().map(|(name, value)| Edit::set(&at(name), value)).collect()
        }
        Place::Container(name) => {
            let containers = "/spec/template/spec/containers";
            let body = yaml::read(text).value;
            let all = body.pointer(containers).and_then(Value::as_array);
            let is_proxy = |container: &Value| container["name"] == name;
            let at = all.and_then(|all| all.iter().position(is_proxy));
            let at = at.ok_or_else(|| {
                refused(said!("its pod template has no container {name}", "其 Pod 模板中没有容器 {name}"))
            })?;
            let fields = ["requests/cpu", "limits/cpu", "requests/memory", "limits/memory"];
            let set = |(field, value)| Edit::set(&format!("{containers}/{at}/resources/{field}"), value);
            fields.into_iter().zip(to.quantities()).map(set).collect()
        }
        Place::Controller => {
            return Err(refused(said!(
                "a controller made it for a Gateway and would take this back: write it into the ConfigMap that the Gateway's `infrastructure.parametersRef` names",
                "它由控制器为 Gateway 创建，会撤回此改动：请写入 Gateway 的 `infrastructure.parametersRef` 所指的 ConfigMap"
            )));
        }
    };
    yaml::edit(text, &edits).map_err(|error| refused(error.said()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxies::Use;

    fn proxy(workload: &str, pod: &str, cpu: Option<f64>) -> Proxy {
        Proxy {
            namespace: "shop".into(),
            workload: workload.into(),
            pod: pod.into(),
            cpu: Use { usage: cpu, request: Some(100.0), limit: None },
            memory: Use { usage: cpu.map(|_| 3e7), request: Some(1.3e8), limit: Some(1e9) },
            ..Proxy::default()
        }
    }

    #[test]
    fn sizes_are_written_where_they_are_read() {
        let to =
            Sizes { cpu_request: 10.0, cpu_limit: 100.0, memory_request: 41_943_040.0, memory_limit: 134_217_728.0 };
        let gateway = "spec:\n  template:\n    spec:\n      containers:\n      - name: other\n      - name: istio-proxy # the proxy\n        image: auto\n";
        let said = sized(gateway, Place::Container("istio-proxy"), &to).unwrap();
        let read = yaml::read(&said).value;
        let wanted =
            json!({"requests": {"cpu": "10m", "memory": "40Mi"}, "limits": {"cpu": "100m", "memory": "128Mi"}});
        assert_eq!(read.pointer("/spec/template/spec/containers/1/resources"), Some(&wanted), "{said}");
        assert!(said.starts_with(gateway.trim_end()) && !said.contains("sidecar.istio.io"), "{said}");
        let patch = Place::Container("istio-proxy").patch(&to).unwrap();
        assert_eq!(patch.pointer("/spec/template/spec/containers/0/resources"), Some(&wanted));
        let annotation = "/spec/template/metadata/annotations/sidecar.istio.io~1proxyCPULimit";
        let (istio, linkerd) = (Place::injected("Istio"), Place::injected("Linkerd"));
        assert_eq!(istio.patch(&to).unwrap().pointer(annotation), Some(&"100m".into()));
        let annotation = "/spec/template/metadata/annotations/config.linkerd.io~1proxy-cpu-limit";
        assert_eq!(linkerd.patch(&to).unwrap().pointer(annotation), Some(&"100m".into()));
        assert_eq!(Place::Controller.patch(&to), None);
        let block =
            "resources:\n  requests:\n    cpu: 10m\n    memory: 40Mi\n  limits:\n    cpu: 100m\n    memory: 128Mi\n";
        assert_eq!(
            (Place::Container("istio-proxy").written(&to), Place::Controller.written(&to)),
            (block.into(), block.into())
        );
        let annotations = "sidecar.istio.io/proxyCPU: 10m\nsidecar.istio.io/proxyCPULimit: 100m\nsidecar.istio.io/proxyMemory: 40Mi\nsidecar.istio.io/proxyMemoryLimit: 128Mi\n";
        assert_eq!(istio.written(&to), annotations);
        let refused = sized(gateway, Place::Controller, &to).unwrap_err().to_string();
        assert!(refused.contains("parametersRef"), "{refused}");

        let workload = |labels: &[(&str, &str)], containers: &[&str]| Workload {
            own_labels: labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            containers: containers
                .iter()
                .map(|name| world::Container { name: (*name).into(), ..Default::default() })
                .collect(),
            ..Workload::default()
        };
        assert_eq!(Place::of(&workload(&[], &["app"]), "Linkerd"), linkerd);
        assert_eq!(Place::of(&workload(&[], &["istio-proxy"]), "Istio"), Place::Container("istio-proxy"));
        assert_eq!(Place::of(&workload(&[(GATEWAY_NAME, "waypoint")], &["istio-proxy"]), "Istio"), Place::Controller);
        assert_eq!(Place::of(&workload(&[], &["cilium-envoy"]), "Cilium"), Place::Container("cilium-envoy"));
    }

    #[test]
    fn proxies_of_a_workload_are_one_row_beside_its_own_use() {
        let fleet = Fleet {
            proxies: vec![proxy("a", "a-1", Some(4.0)), proxy("a", "a-2", Some(6.0)), proxy("b", "b-1", None)],
            ..Fleet::default()
        };
        let mut measured = Measured::default();
        measured.apps.insert(("shop".into(), "a-1".into()), (30.0, 1e8));
        for n in 0..40 {
            measured.history.take(f64::from(n) * 15_000.0, &uses(&fleet));
        }
        let all = resources(&World::new(), &fleet, &measured, &Uses::new());
        let a = &all.rows[0];
        assert_eq!((a.proxies, a.used.cpu, a.requested.cpu, a.app.cpu), (2, Some(10.0), Some(200.0), Some(30.0)));
        assert_eq!((a.limited.cpu, a.limited.memory), (None, Some(2e9)));
        assert_eq!(a.saving.cpu, Some(180.0), "10m each instead of 100m");
        let b = &all.rows[1];
        assert_eq!((b.used.cpu, b.app.cpu), (None, None), "not measured is not zero");
        assert!(matches!(b.advice, Advice::TooEarly { .. }));
        assert!((all.seen - 585.0).abs() < 1e-9);
    }

    #[test]
    fn the_patch_keeps_the_rest() {
        let text = "kind: Deployment\nspec:\n  template:\n    metadata:\n      annotations:\n        # why\n        team: shop\n    spec: {}\n";
        let to =
            Sizes { cpu_request: 10.0, cpu_limit: 100.0, memory_request: 41_943_040.0, memory_limit: 134_217_728.0 };
        let edited = sized(text, Place::injected("Istio"), &to).unwrap();
        assert!(edited.contains("# why") && edited.contains("sidecar.istio.io/proxyCPU: 10m"), "{edited}");
        let bare = sized("kind: Deployment\nspec: {template: {}}\n", Place::injected("Istio"), &to).unwrap();
        assert!(bare.contains("proxyMemoryLimit"), "{bare}");
    }
}

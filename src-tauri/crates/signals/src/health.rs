//! How every proxy is: synchronisation as its istiod sees it, its container as the kubelet sees it.

use std::collections::{BTreeMap, HashMap};

use cluster::{ApiError, Cause, Connection};
use jiff::Timestamp;
use world::{Labels, Said, World, said};

use crate::client_config::read_client_configs;
use crate::istiod::{self, ProxySync, SyncState};
use crate::nack::Nack;
use crate::plane::{self, Answer};
use crate::{Family, Proxy, Role, Unknown, dead, proxies, without_proxy};

/// istiod's port for its debug pages.
pub(crate) const DEBUG_PORT: u16 = 15014;

/// What is not known where no istiod says it.
const SYNCHRONISATION: (&str, &str) = ("synchronisation", "同步");

/// One type of configuration of a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeHealth {
    /// How far it is.
    pub state: SyncState,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// The proxy's own words where it refused what was sent last.
    pub nack: Option<Nack>,
}

/// One row of `netloft health`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyHealth {
    /// Namespace of the pod.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// What the pod belongs to.
    pub workload: String,
    /// Labels of the pod.
    pub labels: Labels,
    /// The mesh that it is of.
    pub family: &'static Family,
    /// What the proxy is for.
    pub role: Role,
    /// Whether anybody can answer there.
    pub alive: Alive,
    /// Its version; empty where neither it nor its image says.
    pub version: String,
    /// By type: CDS, LDS, EDS, RDS …; empty where it is unknown, or there is no such thing.
    pub types: BTreeMap<String, TypeHealth>,
    /// Its container is ready.
    pub ready: bool,
    /// How often the container has begun again.
    pub restarts: u32,
    /// The reason of the container's last end or present wait, e.g. `OOMKilled`.
    pub trouble: Option<String>,
    /// The istiod that it talks to, `namespace/pod`; empty where unknown.
    pub control_plane: String,
    /// Since when it talks to that istiod.
    pub connected_at: Option<Timestamp>,
    /// What cannot be known of it, and why.
    pub unknown: Vec<Unknown>,
}

/// Whether a proxy is there at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alive {
    /// Its pod runs.
    Running,
    /// Its pod does not, and is in this phase.
    Dead(String),
    /// The pod shall have a proxy and has none.
    Missing,
}

impl ProxyHealth {
    /// The worst of all types; `None` where none is known.
    pub fn worst(&self) -> Option<SyncState> {
        self.types.values().map(|t| t.state).max()
    }

    /// What it refused.
    pub fn nacks(&self) -> impl Iterator<Item = &Nack> {
        self.types.values().filter_map(|t| t.nack.as_ref())
    }
}

/// One instance of the control plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plane {
    /// Namespace and pod.
    pub pod: (String, String),
    /// By its image; empty where that does not say.
    pub version: String,
    /// It told of its proxies.
    pub answered: bool,
    /// It told it over xDS, for its debug pages are shut.
    pub over_xds: bool,
}

impl Plane {
    /// `namespace/pod`
    pub fn name(&self) -> String {
        format!("{}/{}", self.pod.0, self.pod.1)
    }
}

/// All proxies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthReport {
    /// Of running pods, by namespace and pod.
    pub rows: Vec<ProxyHealth>,
    /// Of pods that do not run, or have no proxy though they shall.
    pub silent: Vec<ProxyHealth>,
    /// Instances of the control plane that run.
    pub planes: Vec<Plane>,
    /// What cannot be known of all, and why.
    pub unknown: Vec<Unknown>,
}

/// Asks how all proxies of a world are.
pub async fn health(connection: &Connection, world: &World) -> HealthReport {
    let all = proxies(world);
    let mut planes = planes(world);
    let (said, mut unknown) = synchronisation(connection, &mut planes).await;
    if planes.is_empty() && all.iter().any(Proxy::is_xds) {
        let because = match world.coverage("", "Pod") {
            world::Coverage::Ready => ("no istiod runs in this cluster", "此集群中没有 istiod 运行"),
            _ => ("pods cannot be read", "无法读取 Pod"),
        };
        unknown.push(Unknown::new(SYNCHRONISATION, because));
    }
    let asked = planes.iter().any(|plane| plane.answered);
    let silent = dead(world).into_iter().map(|proxy| {
        let phase = proxy.phase.clone();
        bare(proxy, Alive::Dead(phase))
    });
    let silent = silent.chain(without_proxy(world).into_iter().map(|proxy| bare(proxy, Alive::Missing))).collect();
    HealthReport { rows: all.into_iter().map(|proxy| row(proxy, &said, asked)).collect(), silent, planes, unknown }
}

/// Instances of the control plane that run, by namespace and pod.
pub fn control_planes(world: &World) -> Vec<(String, String)> {
    planes(world).into_iter().map(|plane| plane.pod).collect()
}

/// An instance of the control plane.
pub(crate) fn is_istiod(pod: &world::Pod) -> bool {
    pod.labels.get("app").is_some_and(|app| app == "istiod")
}

fn planes(world: &World) -> Vec<Plane> {
    let runs = |pod: &world::Pod| is_istiod(pod) && pod.phase == "Running" && !pod.terminating;
    let plane = |pod: &world::Pod| Plane {
        pod: (pod.namespace.clone(), pod.name.clone()),
        version: pod.containers.first().map(|container| crate::proxies::tag(&container.image)).unwrap_or_default(),
        answered: false,
        over_xds: false,
    };
    world.pods().filter(|pod| runs(pod)).map(|pod| plane(pod)).collect()
}

/// What istiods say, and since when each proxy is connected.
type ByPod = HashMap<(String, String), (ProxySync, Option<Timestamp>)>;

/// What one of them says: its proxies, and since when which are connected.
struct Heard {
    proxies: Vec<ProxySync>,
    since: Vec<(String, String, Timestamp)>,
    over_xds: bool,
}

async fn synchronisation(connection: &Connection, planes: &mut [Plane]) -> (ByPod, Vec<Unknown>) {
    let answers = futures::future::join_all(planes.iter().map(|plane| hear(connection, plane))).await;
    let (mut all, mut unknown) = (Vec::new(), Vec::new());
    let mut since: HashMap<(String, String, String), Timestamp> = HashMap::new();
    for (plane, heard) in planes.iter_mut().zip(answers) {
        let name = plane.name();
        match heard {
            Err(because) => {
                unknown.push(Unknown::new(said!("synchronisation with {name}", "与 {name} 的同步"), because))
            }
            Ok(heard) => {
                all.extend(heard.proxies);
                since.extend(heard.since.into_iter().map(|(namespace, pod, at)| ((namespace, pod, name.clone()), at)));
                (plane.answered, plane.over_xds) = (true, heard.over_xds);
            }
        }
    }
    let with_since = istiod::merge(all).into_iter().map(|(key, sync)| {
        let at = since.get(&(key.0.clone(), key.1.clone(), sync.control_plane.clone())).copied();
        (key, (sync, at))
    });
    (with_since.collect(), unknown)
}

async fn hear(connection: &Connection, plane: &Plane) -> Result<Heard, Said> {
    let (name, of) = (plane.name(), (plane.pod.0.as_str(), plane.pod.1.as_str()));
    match plane::ask(connection, of, "/debug/syncz").await.map_err(|unsaid| unsaid.said())? {
        Answer::Page(body) => {
            let proxies = istiod::read_syncz(&body, &name).map_err(|error| error.said())?;
            // Without it a row lacks its "since" alone.
            let connections = connection.pod_forward_get(of.0, of.1, DEBUG_PORT, "/debug/connections").await;
            let since = connections.map(|body| istiod::read_connections(&body)).unwrap_or_default();
            Ok(Heard { proxies, since, over_xds: false })
        }
        // It does not tell since when: that is on a page.
        Answer::Resources(parts) => {
            let proxies = read_client_configs(&parts, &name).map_err(|error| error.said())?;
            Ok(Heard { proxies, since: Vec::new(), over_xds: true })
        }
    }
}

/// Why a pod did not answer us.
pub(crate) fn why(error: &ApiError) -> Said {
    match &error.cause {
        Cause::Forbidden { verb, resource, .. } if !verb.is_empty() => match resource.split_once(", nor ") {
            Some((one, other)) => {
                said!("you may not {verb} {one} there, nor {other}", "你无权在那里 {verb} {one}，也无权 {other}")
            }
            None => said!("you may not {verb} {resource} there", "你无权在那里 {verb} {resource}"),
        },
        cause => cause.said(),
    }
}

fn bare(proxy: Proxy, alive: Alive) -> ProxyHealth {
    ProxyHealth {
        version: proxy.version,
        types: BTreeMap::new(),
        ready: proxy.container.ready,
        restarts: proxy.container.restarts,
        trouble: proxy.container.trouble,
        control_plane: String::new(),
        connected_at: None,
        namespace: proxy.namespace,
        pod: proxy.pod,
        workload: proxy.workload.name,
        labels: proxy.labels,
        family: proxy.family,
        role: proxy.role,
        alive,
        unknown: Vec::new(),
    }
}

fn row(proxy: Proxy, said: &ByPod, asked: bool) -> ProxyHealth {
    let known = said.get(&proxy.key());
    let mut row = bare(proxy, Alive::Running);
    if !row.family.is_xds() {
        return row;
    }
    let Some((sync, since)) = known else {
        if asked {
            let because = (
                "no istiod that answered knows this proxy: it is not connected",
                "应答的 istiod 都不认识此代理：它没有连接",
            );
            row.unknown.push(Unknown::new(SYNCHRONISATION, because));
        }
        return row;
    };
    if !sync.version.is_empty() {
        row.version.clone_from(&sync.version);
    }
    let of = |(name, sync): (&String, &istiod::TypeSync)| {
        let nack = (!sync.error.is_empty()).then(|| Nack::read(name, &sync.error));
        (name.clone(), TypeHealth { state: sync.state, sent_at: sync.sent_at, nack })
    };
    row.types = sync.types.iter().map(of).collect();
    row.control_plane.clone_from(&sync.control_plane);
    row.connected_at = *since;
    row
}

//! Every proxy: what it was sent, what it took, how it fares.

use std::collections::HashMap;

use mesh::Unknown;

use crate::map::Health;

/// How far a proxy has followed its control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sync {
    /// All that was sent was acknowledged.
    Synced,
    /// Never sent: nothing of this type concerns it.
    NotSent,
    /// The control plane does not say.
    Unknown,
    /// Sent, and not acknowledged yet.
    Stale,
    /// Rejected.
    Error,
}

/// One xDS type of a proxy.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeSync {
    /// CDS, LDS, EDS, RDS, ECDS.
    pub name: String,
    /// How far.
    pub state: Sync,
    /// When it was last sent, milliseconds since 1970.
    pub sent_at: Option<f64>,
}

/// What a container uses, asked for and may use.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Use {
    /// Used now.
    pub usage: Option<f64>,
    /// Asked for.
    pub request: Option<f64>,
    /// Allowed.
    pub limit: Option<f64>,
}

/// One proxy.
#[derive(Clone, Debug, PartialEq)]
pub struct Proxy {
    /// Namespace of its pod.
    pub namespace: String,
    /// Its pod.
    pub pod: String,
    /// The workload that owns the pod.
    pub workload: String,
    /// `Istio` …
    pub mesh: String,
    /// `sidecar`, `gateway`, `waypoint`, `ztunnel`.
    pub role: String,
    /// Of the proxy.
    pub version: String,
    /// How it fares.
    pub health: Health,
    /// The worst of all types.
    pub sync: Sync,
    /// Each type.
    pub types: Vec<TypeSync>,
    /// The rejection's own text.
    pub nack: String,
    /// In words, with the next step; empty when all is well.
    pub diagnosis: String,
    /// Its container is ready.
    pub ready: bool,
    /// Restarts of its container.
    pub restarts: u32,
    /// Milliseconds since 1970.
    pub certificate_ends_at: Option<f64>,
    /// Issuer of its certificate.
    pub issuer: String,
    /// Its identity.
    pub spiffe: String,
    /// The control plane's instance that it talks to.
    pub control_plane: String,
    /// Thousandths of a core.
    pub cpu: Use,
    /// Bytes.
    pub memory: Use,
    /// Where the use was read.
    pub source: String,
    /// What could not be known.
    pub unknown: Vec<Unknown>,
}

/// All proxies at one look.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    /// Grows with each look that brought something new.
    pub revision: u64,
    /// Every proxy, by namespace and pod.
    pub proxies: Vec<Proxy>,
    /// Instances of the control plane.
    pub control_planes: Vec<String>,
    /// What could not be known of all of them.
    pub unknown: Vec<Unknown>,
}

impl Fleet {
    /// (namespace, workload) → what is wrong with one of its proxies.
    pub fn ill(&self) -> HashMap<(String, String), String> {
        let ill = self.proxies.iter().filter(|proxy| proxy.health > Health::Ok);
        ill.map(|proxy| ((proxy.namespace.clone(), proxy.workload.clone()), proxy.diagnosis.clone())).collect()
    }
}

/// A container that uses more than this share of what it may is about to be throttled or killed.
const NEAR_LIMIT: f64 = 0.9;
/// A request more than this many times the use is reserved in vain.
const OVERSIZED: f64 = 10.0;
/// Below this a generous request costs nothing: 100 MiB.
const SMALL_MEMORY: f64 = 104_857_600.0;

type Places = (String, String);

/// Health and use of each proxy in one row.
pub(crate) fn join(
    health: signals::HealthReport,
    usage: &signals::UsageReport,
    certificates: &HashMap<Places, signals::Certificate>,
) -> Fleet {
    let used: HashMap<Places, &signals::Usage> =
        usage.rows.iter().map(|row| ((row.namespace.clone(), row.pod.clone()), row)).collect();
    let proxies = health.rows.into_iter().map(|row| {
        let place = (row.namespace.clone(), row.pod.clone());
        proxy(row, used.get(&place).copied(), certificates.get(&place))
    });
    let unknown = health.unknown.iter().chain(&usage.unknown).map(crate::sampling::unknown).collect();
    Fleet { revision: 0, proxies: proxies.collect(), control_planes: health.control_planes, unknown }
}

fn proxy(row: signals::ProxyHealth, used: Option<&signals::Usage>, known: Option<&signals::Certificate>) -> Proxy {
    let millis = |at: jiff::Timestamp| at.as_millisecond() as f64;
    let certificate = row.certificate.as_ref().or(known);
    let types: Vec<TypeSync> = row
        .types
        .iter()
        .map(|(name, of)| TypeSync { name: name.clone(), state: of.state.into(), sent_at: of.sent_at.map(millis) })
        .collect();
    let share = |usage: Option<f64>, request: Option<u64>, limit: Option<u64>| Use {
        usage,
        request: request.map(|n| n as f64),
        limit: limit.map(|n| n as f64),
    };
    let cpu = used.map(|u| share(u.cpu_usage, u.cpu_request, u.cpu_limit)).unwrap_or_default();
    let memory = used.map(|u| share(u.memory_usage, u.memory_request, u.memory_limit)).unwrap_or_default();
    let sync = types.iter().map(|kind| kind.state).max().unwrap_or(Sync::Unknown);
    let (health, diagnosis) = diagnose(&row, sync, &cpu, &memory);
    Proxy {
        role: row.role.word().to_owned(),
        mesh: row.mesh.to_owned(),
        nack: row.nack.unwrap_or_default(),
        certificate_ends_at: certificate.map(|c| millis(c.not_after)),
        issuer: certificate.and_then(|c| c.issuer.clone()).unwrap_or_default(),
        spiffe: certificate.map(|c| c.spiffe.clone()).unwrap_or_default(),
        unknown: row.unknown.iter().map(crate::sampling::unknown).collect(),
        source: used.map(|u| u.source.to_owned()).unwrap_or_default(),
        namespace: row.namespace,
        pod: row.pod,
        workload: row.workload,
        version: row.version,
        health,
        sync,
        types,
        diagnosis,
        ready: row.ready,
        restarts: row.restarts,
        control_plane: row.control_plane,
        cpu,
        memory,
    }
}

impl From<signals::SyncState> for Sync {
    fn from(state: signals::SyncState) -> Self {
        match state {
            signals::SyncState::Synced => Self::Synced,
            signals::SyncState::NotSent => Self::NotSent,
            signals::SyncState::Stale => Self::Stale,
            signals::SyncState::Error => Self::Error,
        }
    }
}

/// How a proxy fares, in words with the next step; the worst alone.
fn diagnose(row: &signals::ProxyHealth, sync: Sync, cpu: &Use, memory: &Use) -> (Health, String) {
    let mib = |bytes: f64| (bytes / 1_048_576.0).round();
    let near = |used: &Use| matches!((used.usage, used.limit), (Some(usage), Some(limit)) if limit > 0.0 && usage >= limit * NEAR_LIMIT);
    let oversized = matches!((memory.usage, memory.request), (Some(usage), Some(request)) if request > SMALL_MEMORY && request > usage * OVERSIZED);
    if let Some(nack) = row.nack.as_ref().filter(|_| sync == Sync::Error) {
        return (Health::Bad, format!("it rejects its configuration ({nack}): correct the object that this names"));
    }
    if sync == Sync::Error {
        return (Health::Bad, "it rejects its configuration: look at its log for the reason".into());
    }
    if !row.ready {
        let why = row.trouble.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        return (Health::Bad, format!("its container is not ready{why}: look at its log"));
    }
    if row.trouble.as_deref() == Some("OOMKilled") {
        return (Health::Warn, format!("it was killed for memory, {} times: raise its memory limit", row.restarts));
    }
    if sync == Sync::Stale {
        return (
            Health::Warn,
            "it has not acknowledged what was sent: is it overloaded, or is the link to its control plane slow?".into(),
        );
    }
    if near(memory) {
        let (usage, limit) = (mib(memory.usage.unwrap_or_default()), mib(memory.limit.unwrap_or_default()));
        return (
            Health::Warn,
            format!("it uses {usage} of {limit} MiB: raise its memory limit, or give it less to know (Sidecar)"),
        );
    }
    if near(cpu) {
        let (usage, limit) = (cpu.usage.unwrap_or_default().round(), cpu.limit.unwrap_or_default());
        return (Health::Warn, format!("it uses {usage} m of {limit} m CPU and is throttled: raise its CPU limit"));
    }
    if oversized {
        let (usage, request) = (mib(memory.usage.unwrap_or_default()), mib(memory.request.unwrap_or_default()));
        return (Health::Warn, format!("it asks for {request} MiB and uses {usage}: lower its memory request"));
    }
    match sync {
        Sync::Unknown => (Health::Unknown, String::new()),
        _ => (Health::Ok, String::new()),
    }
}

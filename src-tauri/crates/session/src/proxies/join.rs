//! What istiod, the kubelet, the metrics and the proxy itself say, in one row.

use std::collections::HashMap;

use jiff::Timestamp;
use signals::ill::{Evidence, Grave, Mesh, Whole, diagnose, diagnose_mesh};
use signals::{
    Alive, Complaint, HealthReport, KeptOut, Look, Looks, ProxyHealth, Strain, Suspects, Usage, UsageReport,
};
use world::{Said, World};

use super::{Certificate, Diagnosis, Fleet, Ill, Plane, Presence, Proxy, Size, Sync, TypeSync, Use};
use crate::map::Health;

/// Namespace and pod.
type Place = (String, String);

/// Everything that was seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    pub(crate) world: &'a World,
    /// Of this world.
    pub(crate) suspects: &'a Suspects,
    pub(crate) health: &'a HealthReport,
    pub(crate) usage: &'a UsageReport,
    pub(crate) looks: &'a Looks,
    /// To which istiod each proxy was connected last, and when that was seen last.
    pub(crate) lost: &'a HashMap<Place, (String, Timestamp)>,
    /// Since when proxies were behind at every look.
    pub(crate) behind: &'a HashMap<Place, Timestamp>,
    /// How each istiod did lately, and how often CPU limits stopped what runs, where that is known.
    pub(crate) strains: &'a HashMap<String, Strain>,
    pub(crate) throttled: &'a HashMap<Place, f64>,
    /// Pods that webhooks keep out, or why that is not known.
    pub(crate) kept_out: &'a Result<Vec<KeptOut>, signals::Unknown>,
    /// What istiods complain of in their pushes.
    pub(crate) complaints: &'a [Complaint],
    pub(crate) now: Timestamp,
}

/// One row a proxy.
pub(crate) fn join(seen: Seen<'_>) -> Fleet {
    let HealthReport { rows, silent, planes, unknown } = seen.health;
    let used: HashMap<(&str, &str), &Usage> =
        seen.usage.rows.iter().map(|row| ((row.namespace.as_str(), row.pod.as_str()), row)).collect();
    let mut complaints: HashMap<&Place, Vec<&Complaint>> = HashMap::new();
    for one in seen.complaints.iter().filter(|one| one.is_of_proxy()) {
        complaints.entry(&one.proxy).or_default().push(one);
    }
    let roots = roots(rows, seen.looks);
    let root = |mesh: &str| roots.get(mesh).map_or("", String::as_str);
    let of = |row: &ProxyHealth| {
        let place = (row.namespace.clone(), row.pod.clone());
        let mesh = Mesh {
            world: seen.world,
            suspects: seen.suspects,
            planes,
            root_namespace: planes.first().map_or("istio-system", |plane| plane.pod.0.as_str()),
            root: root(row.family.mesh),
            now: seen.now,
        };
        let lost = seen.lost.get(&place).map(|(plane, at)| (plane.as_str(), *at));
        let usage = used.get(&(row.namespace.as_str(), row.pod.as_str())).copied();
        let (look, behind) = (seen.looks.get(&place), seen.behind.get(&place).copied());
        let complaints = complaints.get(&place).map(Vec::as_slice).unwrap_or_default();
        proxy(Evidence { row, look, usage, lost, behind, complaints, mesh })
    };
    let plane = |plane: &signals::Plane| Plane {
        name: plane.name(),
        version: plane.version.clone(),
        answered: plane.answered,
        over_xds: plane.over_xds,
    };
    Fleet {
        revision: 0,
        proxies: rows.iter().map(of).collect(),
        silent: silent.iter().map(of).collect(),
        control_planes: planes.iter().map(plane).collect(),
        ills: diagnose_mesh(&Whole {
            world: seen.world,
            root: root("Istio"),
            strains: seen.strains,
            throttled: seen.throttled,
            kept_out: seen.kept_out.as_deref().unwrap_or_default(),
            complaints: seen.complaints,
        }),
        unknown: unknown
            .iter()
            .chain(&seen.usage.unknown)
            .chain(seen.kept_out.as_ref().err())
            .map(crate::sampling::unknown)
            .collect(),
    }
}

/// By mesh, the roots that most of its proxies trust; of two as frequent, the same at every look.
fn roots(rows: &[ProxyHealth], looks: &Looks) -> HashMap<&'static str, String> {
    let mut counted: HashMap<&'static str, HashMap<&str, usize>> = HashMap::new();
    for row in rows {
        let look = looks.get(&(row.namespace.clone(), row.pod.clone())).and_then(|look| look.as_ref().ok());
        if let Some(look) = look.filter(|look| !look.root.is_empty()) {
            *counted.entry(row.family.mesh).or_default().entry(&look.root).or_default() += 1;
        }
    }
    let most = |counted: HashMap<&str, usize>| {
        let most = counted.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(a.0)));
        most.map_or_else(String::new, |(root, _)| root.into())
    };
    counted.into_iter().map(|(mesh, counted)| (mesh, most(counted))).collect()
}

fn millis(at: Timestamp) -> f64 {
    at.as_millisecond() as f64
}

fn proxy(of: Evidence<'_>) -> Proxy {
    let row = of.row;
    let kind = |(name, of): (&String, &signals::TypeHealth)| TypeSync {
        name: name.clone(),
        state: of.state.into(),
        sent_at: of.sent_at.map(millis),
        nack: of.nack.as_ref().map(signals::Nack::line).unwrap_or_default(),
    };
    let types: Vec<TypeSync> = row.types.iter().map(kind).collect();
    let none = if row.family.is_xds() { Sync::Unknown } else { Sync::NoXds };
    let sync = types.iter().map(|kind| kind.state).max().unwrap_or(none);
    let (found, untold) = diagnose(&of);
    let look = of.look.and_then(|look| look.as_ref().ok());
    let mut unknown: Vec<_> = row.unknown.iter().map(crate::sampling::unknown).collect();
    if let Some(Err(because)) = of.look {
        unknown.push(mesh::Unknown {
            about: ("certificate and configuration", "证书与配置").into(),
            because: because.clone(),
        });
    }
    if let Some(because) = look.and_then(|look| look.left_out.as_ref()) {
        unknown.push(mesh::Unknown {
            about: ("how large its configuration is now", "其配置现在有多大").into(),
            because: because.clone(),
        });
    }
    // Of one over xDS its control plane tells enough.
    if of.look.is_none() && sync == Sync::NoXds && row.alive == Alive::Running {
        unknown.push(mesh::Unknown {
            about: ("how it is", "它的状况").into(),
            because: ("it was not asked yet", "尚未询问它").into(),
        });
    }
    let said = |because: &Said, unknown: &[mesh::Unknown]| unknown.iter().any(|known| known.because == *because);
    for (code, because) in untold {
        if !said(&because, &unknown) {
            unknown.push(mesh::Unknown { about: code.into(), because });
        }
    }
    let (cpu, memory) = of.usage.map(uses).unwrap_or_default();
    Proxy {
        namespace: row.namespace.clone(),
        pod: row.pod.clone(),
        workload: row.workload.clone(),
        mesh: row.family.mesh.to_owned(),
        role: row.role.word().to_owned(),
        presence: presence(&row.alive),
        version: version(row, look),
        health: health(&found, sync, look.is_some()),
        sync,
        nack: row.nacks().next().map(signals::Nack::line).unwrap_or_default(),
        types,
        diagnosis: found.first().map(Ill::line).unwrap_or_default(),
        ills: found,
        container: of.usage.map(|usage| usage.container.clone()).unwrap_or_default(),
        ready: row.ready,
        restarts: row.restarts,
        trouble: row.trouble.clone().unwrap_or_default(),
        certificate: look.and_then(|look| certificate(look, of.mesh.root)),
        size: look.and_then(|look| look.size).map(size),
        control_plane: row.control_plane.clone(),
        connected_at: row.connected_at.map(millis),
        cpu,
        throttled: of.usage.and_then(|usage| usage.throttled),
        memory,
        source: of.usage.map(|usage| usage.source.to_owned()).unwrap_or_default(),
        unknown,
    }
}

fn uses(usage: &Usage) -> (Use, Use) {
    let share = |usage: Option<f64>, request: Option<u64>, limit: Option<u64>| Use {
        usage,
        request: request.map(|n| n as f64),
        limit: limit.map(|n| n as f64),
    };
    (
        share(usage.cpu_usage, usage.cpu_request, usage.cpu_limit),
        share(usage.memory_usage, usage.memory_request, usage.memory_limit),
    )
}

fn presence(alive: &Alive) -> Presence {
    match alive {
        Alive::Running => Presence::Running,
        Alive::Dead(_) => Presence::Dead,
        Alive::Missing => Presence::Missing,
    }
}

fn version(row: &ProxyHealth, look: Option<&Look>) -> String {
    match look {
        Some(look) if row.version.is_empty() => look.version.clone(),
        _ => row.version.clone(),
    }
}

fn certificate(look: &Look, root: &str) -> Option<Certificate> {
    let certificate = look.certificate.as_ref()?;
    Some(Certificate {
        begins_at: millis(certificate.not_before),
        ends_at: millis(certificate.not_after),
        issuer: certificate.issuer.clone().unwrap_or_default(),
        spiffe: certificate.spiffe.clone(),
        root_matches: look.trusts(root),
    })
}

fn size(size: signals::Size) -> Size {
    Size {
        bytes: size.bytes as f64,
        clusters: size.clusters as u32,
        listeners: size.listeners as u32,
        routes: size.routes as u32,
        of_services: size.of_services as f64,
    }
}

/// Nobody is well of whom nothing was heard.
fn health(ills: &[Ill], sync: Sync, has_answered: bool) -> Health {
    match (ills.first(), sync) {
        (Some(ill), _) => health_of(ill.diagnosis),
        (None, Sync::Unknown) => Health::Unknown,
        (None, Sync::NoXds) if !has_answered => Health::Unknown,
        (None, Sync::NoXds | Sync::Synced | Sync::NotSent | Sync::Stale | Sync::Error) => Health::Ok,
    }
}

/// How a proxy fares that has this.
pub fn health_of(diagnosis: &Diagnosis) -> Health {
    match diagnosis.grave {
        Grave::Bad => Health::Bad,
        Grave::Warn => Health::Warn,
        Grave::Unknown => Health::Unknown,
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

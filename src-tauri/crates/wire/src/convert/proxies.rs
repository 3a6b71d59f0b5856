//! The proxies.

use session::proxies::detail::{Detail, Hit, Line, Sort};
use session::proxies::levels::Logger;
use session::proxies::{
    Certificate, Diagnosis, Fleet, Ill as SessionIll, Plane, Presence as SessionPresence, Proxy, Size, Sync,
};

use super::all;
use crate::types::{
    ControlPlane, DiagnosisCard, DiagnosisWords, Ill, ObjectRef, Presence, Proxies, ProxyCertificate, ProxyCount,
    ProxyDetail, ProxyHit, ProxyLine, ProxyLogger, ProxyRow, ProxySize, ProxySort, SyncState, TypeSync,
};

impl From<Sync> for SyncState {
    fn from(sync: Sync) -> Self {
        match sync {
            Sync::Synced => Self::Synced,
            Sync::NotSent => Self::NotSent,
            Sync::NoXds => Self::NoXds,
            Sync::Unknown => Self::Unknown,
            Sync::Stale => Self::Stale,
            Sync::Error => Self::Error,
        }
    }
}

impl From<SessionPresence> for Presence {
    fn from(presence: SessionPresence) -> Self {
        match presence {
            SessionPresence::Running => Self::Running,
            SessionPresence::Dead => Self::Dead,
            SessionPresence::Missing => Self::Missing,
        }
    }
}

pub(crate) fn proxies(fleet: &Fleet) -> Proxies {
    Proxies {
        revision: fleet.revision as f64,
        rows: all(fleet.all().cloned()),
        control_planes: all(fleet.control_planes.iter().cloned()),
        ills: all(fleet.ills.iter().cloned()),
        diagnoses: all(session::proxies::diagnoses()),
        unknown: all(fleet.unknown.iter().cloned()),
    }
}

impl From<Plane> for ControlPlane {
    fn from(plane: Plane) -> Self {
        Self { name: plane.name, version: plane.version, answered: plane.answered, over_xds: plane.over_xds }
    }
}

impl From<&'static Diagnosis> for DiagnosisCard {
    fn from(of: &'static Diagnosis) -> Self {
        Self {
            code: of.code.to_owned(),
            health: session::proxies::health_of(of).into(),
            what: of.what.to_owned(),
            next: of.next.to_owned(),
            zh: DiagnosisWords { what: of.zh.0.to_owned(), next: of.zh.1.to_owned() },
        }
    }
}

impl From<SessionIll> for Ill {
    fn from(ill: SessionIll) -> Self {
        Self {
            code: ill.diagnosis.code.to_owned(),
            evidence: all(ill.evidence),
            object: ill.object.as_ref().map(ObjectRef::from),
        }
    }
}

impl From<Certificate> for ProxyCertificate {
    fn from(of: Certificate) -> Self {
        let Certificate { begins_at, ends_at, issuer, spiffe, root_matches } = of;
        Self { begins_at, ends_at, issuer, spiffe, root_matches }
    }
}

impl From<Size> for ProxySize {
    fn from(of: Size) -> Self {
        let Size { bytes, clusters, listeners, routes, .. } = of;
        Self { bytes, clusters, listeners, routes }
    }
}

impl From<session::proxies::TypeSync> for TypeSync {
    fn from(of: session::proxies::TypeSync) -> Self {
        Self { name: of.name, state: of.state.into(), sent_at: of.sent_at, nack: of.nack }
    }
}

impl From<Proxy> for ProxyRow {
    fn from(proxy: Proxy) -> Self {
        Self {
            namespace: proxy.namespace,
            pod: proxy.pod,
            workload: proxy.workload,
            mesh: proxy.mesh,
            role: proxy.role,
            presence: proxy.presence.into(),
            version: proxy.version,
            health: proxy.health.into(),
            sync: proxy.sync.into(),
            types: all(proxy.types),
            nack: proxy.nack,
            ills: all(proxy.ills),
            diagnosis: proxy.diagnosis.en,
            ready: proxy.ready,
            restarts: proxy.restarts,
            trouble: proxy.trouble,
            certificate: proxy.certificate.map(Into::into),
            size: proxy.size.map(Into::into),
            control_plane: proxy.control_plane,
            connected_at: proxy.connected_at,
            cpu_usage: proxy.cpu.usage,
            cpu_request: proxy.cpu.request,
            cpu_limit: proxy.cpu.limit,
            throttled: proxy.throttled,
            memory_usage: proxy.memory.usage,
            memory_request: proxy.memory.request,
            memory_limit: proxy.memory.limit,
            unknown: all(proxy.unknown),
        }
    }
}

pub(crate) fn sort(sort: ProxySort) -> Sort {
    match sort {
        ProxySort::Listeners => Sort::Listeners,
        ProxySort::Routes => Sort::Routes,
        ProxySort::Clusters => Sort::Clusters,
        ProxySort::Endpoints => Sort::Endpoints,
        ProxySort::Secrets => Sort::Secrets,
        ProxySort::Bootstrap => Sort::Bootstrap,
    }
}

impl From<Sort> for ProxySort {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::Listeners => Self::Listeners,
            Sort::Routes => Self::Routes,
            Sort::Clusters => Self::Clusters,
            Sort::Endpoints => Self::Endpoints,
            Sort::Secrets => Self::Secrets,
            Sort::Bootstrap => Self::Bootstrap,
        }
    }
}

pub(crate) fn proxy_detail(of: &Detail) -> ProxyDetail {
    let count = |(sort, n, refused): (Sort, usize, usize)| ProxyCount {
        sort: sort.into(),
        n: n as u32,
        refused: refused as u32,
    };
    ProxyDetail {
        read_at: of.read_at,
        bytes: of.dump.bytes as f64,
        counts: of.counts().into_iter().map(count).collect(),
        partial: of.dump.broken || of.dump.cut,
        endpoints_unknown: of.endpoints_unknown.clone().into(),
    }
}

impl From<Line> for ProxyLine {
    fn from(of: Line) -> Self {
        let from = of.from.iter().map(ObjectRef::from).collect();
        Self { at: of.at as u32, name: of.name, state: of.state, cells: of.cells, from, error: of.error }
    }
}

impl From<Hit> for ProxyHit {
    fn from(of: Hit) -> Self {
        Self { sort: of.sort.into(), at: of.at as u32, name: of.name, around: of.around }
    }
}

impl From<Logger> for ProxyLogger {
    fn from(of: Logger) -> Self {
        Self { name: of.name, level: of.level, before: of.before }
    }
}

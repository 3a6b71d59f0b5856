//! What the mesh costs.

use session::resources::{
    Advice, Amount as SessionAmount, Curve, ENOUGH, Place, Resources as SessionResources, Row, Sample, Scope, Source,
};

use super::all;
use crate::types::{
    Amount, ObjectRef, ProxySizes, ResourceCurve, ResourceRow, ResourceSample, Resources, ScopeBefore, SidecarScope,
    SizeAdvice, SizePlace, SizeSource,
};

impl From<SessionAmount> for Amount {
    fn from(of: SessionAmount) -> Self {
        Self { cpu: of.cpu, memory: of.memory }
    }
}

impl From<Row> for ResourceRow {
    fn from(of: Row) -> Self {
        let (advice, advice_in) = match of.advice {
            Advice::TooEarly { left } => (None, Some(left)),
            Advice::Fits => (None, None),
            Advice::Change { to, source, seen, cpu_p95, memory_most } => {
                let written = of.place.written(&to);
                let to = ProxySizes {
                    cpu_request: to.cpu_request,
                    cpu_limit: to.cpu_limit,
                    memory_request: to.memory_request,
                    memory_limit: to.memory_limit,
                };
                let source = match source {
                    Source::Sampled => SizeSource::Sampled,
                    Source::Prometheus => SizeSource::Prometheus,
                };
                let place = match of.place {
                    Place::Annotations(_) => SizePlace::Annotations,
                    Place::Container(_) => SizePlace::Container,
                    Place::Controller => SizePlace::Controller,
                };
                (Some(SizeAdvice { to, source, seen, cpu_p95, memory_most, place, written }), None)
            }
        };
        Self {
            namespace: of.namespace,
            workload: of.workload,
            mesh: of.mesh,
            role: of.role,
            proxies: of.proxies,
            used: of.used.into(),
            requested: of.requested.into(),
            limited: of.limited.into(),
            app: of.app.into(),
            advice,
            advice_in,
            saving: of.saving.into(),
        }
    }
}

impl From<SessionResources> for Resources {
    fn from(of: SessionResources) -> Self {
        Self { rows: all(of.rows), seen: of.seen, kept: of.kept, unknown: all(of.unknown) }
    }
}

impl From<Sample> for ResourceSample {
    fn from(of: Sample) -> Self {
        let [cpu, cpu_peak, memory, memory_peak] = [of.cpu, of.cpu_peak, of.memory, of.memory_peak].map(f64::from);
        Self { at: of.at, cpu, cpu_peak, memory, memory_peak, unknown: of.unknown }
    }
}

impl From<Curve> for ResourceCurve {
    fn from(of: Curve) -> Self {
        Self { samples: all(of.samples), from_prometheus: of.from_prometheus as u32, unknown: all(of.unknown) }
    }
}

impl From<Scope> for SidecarScope {
    fn from(of: Scope) -> Self {
        Self {
            namespace: of.namespace,
            has: of.has.as_ref().map(ObjectRef::from),
            clusters: of.clusters,
            bytes: of.bytes,
            predicted: of.predicted,
            hosts: of.hosts,
            measured: of.measured,
            counted: of.counted,
            enough: ENOUGH,
            before: of.before.map(|of| ScopeBefore { clusters: of.clusters, bytes: of.bytes, predicted: of.predicted }),
        }
    }
}

//! The annotations that Istio knows: where they belong, whether they are old, and what values they take.
//! Upstream: istio/api annotation/annotations.yaml; istio/istio pkg/kube/inject/validate.go.

use std::collections::BTreeMap;

use mesh::Subject;
use world::{Labels, parse_quantity, said};

use crate::valid::names::{Wrong, ip_range};

/// An annotation.
pub(super) struct Known {
    name: &'static str,
    /// Kinds on which it does something; `Any` for all.
    pub on: &'static [&'static str],
    /// Something else has taken its place.
    pub old: bool,
    /// What is wrong with a value.
    pub wrong: fn(&str) -> Wrong,
}

const POD: &[&str] = &["Pod"];
const SERVICE: &[&str] = &["Service"];
const GATEWAY: &[&str] = &["Gateway"];
const ENTRY: &[&str] = &["WorkloadEntry"];
const ANY: &[&str] = &["Any"];

const fn on(name: &'static str, on: &'static [&'static str]) -> Known {
    Known { name, on, old: false, wrong: anything }
}

const fn old(name: &'static str, on: &'static [&'static str]) -> Known {
    Known { name, on, old: true, wrong: anything }
}

const fn held(name: &'static str, wrong: fn(&str) -> Wrong) -> Known {
    Known { name, on: POD, old: false, wrong }
}

static KNOWN: &[Known] = &[
    held("prometheus.istio.io/merge-metrics", boolean),
    old("alpha.istio.io/kubernetes-serviceaccounts", SERVICE),
    old("alpha.istio.io/canonical-serviceaccounts", SERVICE),
    on("networking.istio.io/exportTo", SERVICE),
    old("sidecar.istio.io/inject", POD),
    on("sidecar.istio.io/rewriteAppHTTPProbers", POD),
    old("sidecar.istio.io/discoveryAddress", POD),
    on("sidecar.istio.io/proxyImage", POD),
    on("sidecar.istio.io/proxyImageType", POD),
    held("sidecar.istio.io/proxyCPU", quantity),
    held("sidecar.istio.io/proxyCPULimit", quantity),
    held("sidecar.istio.io/proxyMemory", quantity),
    held("sidecar.istio.io/proxyMemoryLimit", quantity),
    held("sidecar.istio.io/interceptionMode", interception),
    on("sidecar.istio.io/bootstrapOverride", POD),
    old("sidecar.istio.io/statsInclusionPrefixes", POD),
    old("sidecar.istio.io/statsInclusionSuffixes", POD),
    old("sidecar.istio.io/statsInclusionRegexps", POD),
    on("sidecar.istio.io/statsHistogramBuckets", POD),
    on("sidecar.istio.io/statsFlushInterval", POD),
    on("sidecar.istio.io/statsEvictionInterval", POD),
    on("sidecar.istio.io/statsHistogramBins", POD),
    old("sidecar.istio.io/statsCompression", POD),
    on("sidecar.istio.io/userVolume", POD),
    on("sidecar.istio.io/userVolumeMount", POD),
    held("status.sidecar.istio.io/port", ports),
    on("sidecar.istio.io/logLevel", POD),
    on("sidecar.istio.io/componentLogLevel", POD),
    on("sidecar.istio.io/agentLogLevel", POD),
    on("sidecar.istio.io/nativeSidecar", POD),
    old("sidecar.istio.io/extraStatTags", POD),
    held("readiness.status.sidecar.istio.io/initialDelaySeconds", whole),
    held("readiness.status.sidecar.istio.io/periodSeconds", whole),
    held("readiness.status.sidecar.istio.io/failureThreshold", whole),
    on("readiness.status.sidecar.istio.io/applicationPorts", POD),
    on("traffic.istio.io/nodeSelector", SERVICE),
    held("traffic.sidecar.istio.io/includeOutboundIPRanges", ranges_or_star),
    held("traffic.sidecar.istio.io/excludeOutboundIPRanges", ranges),
    held("traffic.sidecar.istio.io/includeInboundPorts", ports_or_star),
    held("traffic.sidecar.istio.io/excludeInboundPorts", ports),
    held("traffic.sidecar.istio.io/excludeInterfaces", interfaces),
    on("traffic.sidecar.istio.io/includeOutboundPorts", POD),
    held("traffic.sidecar.istio.io/excludeOutboundPorts", ports),
    Known { name: "traffic.sidecar.istio.io/kubevirtInterfaces", on: POD, old: true, wrong: interfaces },
    on("kubernetes.io/ingress.class", &["Ingress"]),
    on("galley.istio.io/analyze-suppress", ANY),
    on("gateway.istio.io/controller-version", ANY),
    on("proxy.istio.io/config", POD),
    on("proxy.istio.io/overrides", POD),
    on("inject.istio.io/templates", POD),
    on("istio.io/dry-run", &["AuthorizationPolicy"]),
    on("istio.io/autoRegistrationGroup", ENTRY),
    on("istio.io/workloadController", ENTRY),
    on("istio.io/connectedAt", ENTRY),
    on("istio.io/disconnectedAt", ENTRY),
    on("topology.istio.io/controlPlaneClusters", &["Namespace"]),
    on("ambient.istio.io/redirection", POD),
    on("ambient.istio.io/waypoint-inbound-binding", &["GatewayClass", "Gateway"]),
    on("ambient.istio.io/bypass-inbound-capture", POD),
    on("ambient.istio.io/dns-capture", POD),
    held("istio.io/reroute-virtual-interfaces", interfaces),
    on("gateway.istio.io/service-account", GATEWAY),
    on("gateway.istio.io/name-override", GATEWAY),
    on("networking.istio.io/service-type", GATEWAY),
    on("networking.istio.io/traffic-distribution", &["Namespace", "Service", "ServiceEntry"]),
    on("istio.io/use-waypoint-canary-weight", &["Service", "ServiceEntry", "Namespace"]),
];

/// What Istio knows of an annotation; `None` where it knows nothing.
pub(super) fn known(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name == name)
}

/// The annotations in Istio's name that people write; those that Istio writes itself are left out.
pub(super) fn of_istio(subject: &Subject) -> BTreeMap<&str, &str> {
    let own = ["sidecar.istio.io/status", "gateway.istio.io/controller-version", "istio.io/rev"];
    let ours = |name: &str| {
        name == "kubernetes.io/ingress.class"
            || name.split('/').next().is_some_and(|domain| domain.ends_with("istio.io"))
    };
    let kept = subject.annotations().iter().filter(|(name, _)| ours(name) && !own.contains(name));
    kept.collect()
}

/// The labels of a subject itself.
pub(super) fn labels_of(subject: &Subject) -> &Labels {
    match subject {
        Subject::Namespace(o) => &o.labels,
        Subject::Service(o) => &o.labels,
        Subject::Pod(o) => &o.labels,
        Subject::Workload(o) => &o.own_labels,
        Subject::Document(o) => &o.labels,
    }
}

/// Its kind.
pub(super) fn kind_of(subject: &Subject) -> &str {
    match subject {
        Subject::Namespace(_) => "Namespace",
        Subject::Service(_) => "Service",
        Subject::Pod(_) => "Pod",
        Subject::Workload(o) => &o.kind,
        Subject::Document(o) => &o.key.kind,
    }
}

fn anything(_: &str) -> Wrong {
    None
}

fn boolean(value: &str) -> Wrong {
    let known = ["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"].contains(&value);
    (!known).then(|| said!("'{value}' is neither true nor false", "“{value}”既不是 true 也不是 false"))
}

fn whole(value: &str) -> Wrong {
    value.parse::<u32>().is_err().then(|| said!("'{value}' is no whole number", "“{value}”不是整数"))
}

fn quantity(value: &str) -> Wrong {
    parse_quantity(value)
        .is_none()
        .then(|| said!("'{value}' is no amount: write 100m or 128Mi", "“{value}”不是资源量：请写 100m 或 128Mi"))
}

fn interception(value: &str) -> Wrong {
    (!matches!(value, "REDIRECT" | "TPROXY" | "NONE"))
        .then(|| said!("'{value}' is none of REDIRECT, TPROXY, NONE", "“{value}”不是 REDIRECT、TPROXY、NONE 之一"))
}

fn each(value: &str, wrong: impl Fn(&str) -> Wrong) -> Wrong {
    if value.trim().is_empty() { None } else { value.split(',').map(str::trim).find_map(wrong) }
}

fn ports(value: &str) -> Wrong {
    each(value, |port| port.parse::<u16>().is_err().then(|| said!("'{port}' is no port", "“{port}”不是端口")))
}

fn ports_or_star(value: &str) -> Wrong {
    ports(value).filter(|_| value != "*")
}

fn ranges(value: &str) -> Wrong {
    each(value, |range| {
        if range.contains('/') {
            ip_range(range)
        } else {
            Some(said!("'{range}' is no range: write 10.0.0.0/8", "“{range}”不是地址范围：请写 10.0.0.0/8"))
        }
    })
}

fn ranges_or_star(value: &str) -> Wrong {
    ranges(value).filter(|_| value != "*")
}

fn interfaces(value: &str) -> Wrong {
    let known = |c: char| c.is_ascii_alphanumeric() || "-_.@:".contains(c);
    each(value, |name| {
        let good = !name.is_empty() && name.len() <= 15 && name.chars().all(known);
        (!good).then(|| said!("'{name}' is no name of a network interface", "“{name}”不是网络接口的名称"))
    })
}

//! What is advised, in words and for scripts.

use serde_json::{Value, json};
use session::resources::{Advice, Place, Row, Scope, Source};

use super::{MIB, bytes, span};

/// What would fit the proxies of a workload.
pub fn sizes(row: &Row, server: &str) -> String {
    match &row.advice {
        Advice::TooEarly { .. } => format!("too early: measured for {:.0} minutes", (row.seen / 60.0).floor()),
        Advice::Fits => "fits".to_owned(),
        Advice::Change { to, source, seen, cpu_p95, memory_most } => {
            let who = match source {
                Source::Sampled => String::new(),
                Source::Prometheus => format!(", by {server}"),
            };
            // The Gateway's `infrastructure.parametersRef` names what such a controller reads.
            let by = if row.place == Place::Controller { "; to be told to the controller of its Gateway" } else { "" };
            format!(
                "CPU {:.0}m to {:.0}m, memory {:.0}Mi to {:.0}Mi (95th percentile {cpu_p95:.0}m, at most {:.0}Mi, in {}{who}){by}",
                to.cpu_request,
                to.cpu_limit,
                to.memory_request / MIB,
                to.memory_limit / MIB,
                memory_most / MIB,
                span(*seen),
            )
        }
    }
}

/// The patch where there is one.
pub fn patch_of(row: &Row) -> Option<Value> {
    match &row.advice {
        Advice::Change { to, .. } => row.place.patch(to),
        Advice::TooEarly { .. } | Advice::Fits => None,
    }
}

pub fn sizes_json(row: &Row, server: &str) -> Value {
    let why = sizes(row, server);
    match &row.advice {
        Advice::TooEarly { left } => json!({"is": "too-early", "why": why, "secondsLeft": left}),
        Advice::Fits => json!({"is": "fits", "why": why}),
        Advice::Change { to, source, seen, cpu_p95, memory_most } => {
            let source = match source {
                Source::Sampled => "sampled",
                Source::Prometheus => "prometheus",
            };
            json!({"is": "change", "why": why, "source": source, "seconds": seen,
                "cpuP95Millicores": cpu_p95, "memoryMostBytes": memory_most,
                "to": {"cpuRequestMillicores": to.cpu_request, "cpuLimitMillicores": to.cpu_limit,
                    "memoryRequestBytes": to.memory_request, "memoryLimitBytes": to.memory_limit},
                "patch": row.place.patch(to), "saves": {"cpuMillicores": row.saving.cpu, "memoryBytes": row.saving.memory}})
        }
    }
}

/// What the sidecars of a namespace need to know.
pub fn scope(of: &Scope) -> String {
    let holds = format!("{} clusters, {}", of.clusters, bytes(of.bytes));
    match (&of.has, of.measured) {
        (Some(has), _) => format!("{has} holds for it ({holds})"),
        (None, false) => {
            format!("too early: calls were counted for {:.0} minutes ({holds})", (of.counted / 60.0).floor())
        }
        (None, true) => {
            let left = of.predicted.map_or_else(String::new, |left| {
                let share = if of.bytes > 0.0 { 100.0 - left / of.bytes * 100.0 } else { 0.0 };
                format!(", would save {share:.0} %")
            });
            format!("a Sidecar of {} hosts ({holds}{left})", of.hosts.len())
        }
    }
}

pub fn scope_json(of: &Scope) -> Value {
    let is = match (&of.has, of.measured) {
        (Some(_), _) => "exists",
        (None, false) => "too-early",
        (None, true) => "change",
    };
    json!({"is": is, "why": scope(of), "countedSeconds": of.counted, "clusters": of.clusters, "bytes": of.bytes,
        "has": of.has.as_ref().map(ToString::to_string),
        "predictedBytes": of.predicted.filter(|_| is == "change"), "sidecar": sidecar_of(of)})
}

/// The Sidecar where one is advised.
pub fn sidecar_of(of: &Scope) -> Option<Value> {
    (of.has.is_none() && of.measured).then(|| of.sidecar())
}

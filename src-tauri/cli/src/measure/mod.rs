//! `netloft health`, `usage` and `traffic`.

mod advice;
mod health;
mod sums;
mod traffic;
mod usage;

use serde_json::{Value, json};
use session::proxies::{Proxy, Sync, Use};

pub use health::health;
pub use traffic::traffic;
pub use usage::usage;

use crate::failure::Failure;
use crate::print::{json as print_json, json_line};

const MIB: f64 = 1_048_576.0;

fn word(sync: Sync) -> &'static str {
    match sync {
        Sync::Synced => "SYNCED",
        Sync::NotSent => "NOT_SENT",
        Sync::Stale => "STALE",
        Sync::Error => "ERROR",
        Sync::NoXds => "NOT_XDS",
        Sync::Unknown => "UNKNOWN",
    }
}

/// RFC 3339, from milliseconds since 1970.
fn time(millis: Option<f64>) -> Option<String> {
    jiff::Timestamp::from_millisecond(millis? as i64).ok().map(|at| at.to_string())
}

/// Seconds from now to a time in milliseconds since 1970.
fn until(millis: f64) -> f64 {
    (millis - jiff::Timestamp::now().as_millisecond() as f64) / 1000.0
}

fn span(seconds: f64) -> String {
    match seconds {
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        ..172_800.0 => format!("{:.0} h", seconds / 3600.0),
        _ => format!("{:.0} days", seconds / 86_400.0),
    }
}

fn bytes(n: f64) -> String {
    if n < MIB { format!("{:.0} KiB", n / 1024.0) } else { format!("{:.1} MiB", n / MIB) }
}

/// One look: a document, or a line where more are to come.
fn document(rows: &[Value], more: bool) -> Result<(), Failure> {
    if more { json_line(&rows) } else { print_json(&rows) }
}

/// What is not known is `-`.
fn amount(n: Option<f64>, unit: f64) -> String {
    n.map_or("-".to_owned(), |n| format!("{:.0}", n / unit))
}

/// Use, request and limit.
fn amounts(of: &Use, unit: f64) -> String {
    [of.usage, of.request, of.limit].map(|n| amount(n, unit)).join(" / ")
}

fn cpu(of: &Use) -> Value {
    json!({"usageMillicores": of.usage, "requestMillicores": of.request, "limitMillicores": of.limit})
}

fn memory(of: &Use) -> Value {
    json!({"usageBytes": of.usage, "requestBytes": of.request, "limitBytes": of.limit})
}

/// What a proxy uses, as a document of its own has it too.
fn uses(proxy: &Proxy) -> (Value, Value) {
    let mut cpu = cpu(&proxy.cpu);
    cpu["throttledShare"] = json!(proxy.throttled);
    (cpu, memory(&proxy.memory))
}

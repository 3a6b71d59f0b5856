//! What a proxy wrote into its log, line by line: requests in Istio's own formats, its own words, and what is neither, kept as it is.
//! Nothing is trusted: a request's own texts may hold quotes, so what cannot be told apart is left out.
//!
//! Upstream: istio pkg/config/mesh and pilot/pkg/model/telemetry_logging.go (`EnvoyTextLogFormat`, `EnvoyJSONLogFormatIstio`); ztunnel
//! src/proxy/metrics.rs (`access` events).

mod flags;
mod json;
mod lines;
mod text;
mod ztunnel;

use jiff::Timestamp;
use world::ObjectKey;

use crate::dump::{Origin, of_policy};

pub use flags::{FLAGS, Flag, flag};
pub use lines::Lines;

/// Longest line that is kept, in bytes; the rest of it is passed over.
pub const LONGEST: usize = 64 * 1024;

/// One line of a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When it was written, by the node's clock; else by its own; `None` where neither says.
    pub at: Option<Timestamp>,
    /// What it is.
    pub what: What,
    /// The line itself.
    pub raw: String,
}

/// What a line is.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A request, or a connection.
    Call(Box<Call>),
    /// The proxy's own word, of this level.
    Word(String),
    /// Neither: a format of somebody's own.
    Unknown,
}

/// Which way a request went through the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Direction {
    /// Into the workload.
    Inbound,
    /// Out of it.
    Outbound,
    /// The line does not say.
    #[default]
    Unknown,
}

/// A request or a connection. Texts are empty where the line has `-`.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Call {
    /// When it began.
    pub began: Option<Timestamp>,
    /// Which way.
    pub direction: Direction,
    /// `GET`; empty for a connection.
    pub method: String,
    /// With its query.
    pub path: String,
    /// `HTTP/1.1`, `HTTP/2`, `TCP`.
    pub protocol: String,
    /// `reviews:9080`
    pub authority: String,
    /// HTTP status; `None` for a connection, or where the caller went before there was one.
    pub status: Option<u16>,
    /// Envoy's short words for what happened: `UF`, `URX`.
    pub flags: Vec<String>,
    /// Envoy's long words: `via_upstream`, `rbac_access_denied_matched_policy[none]`.
    pub details: String,
    /// Why the way up failed, in the words of its TLS.
    pub failure: String,
    /// Bytes of the body that came.
    pub received: Option<u64>,
    /// Bytes of the body that went back.
    pub sent: Option<u64>,
    /// From first to last byte, in milliseconds.
    pub duration: Option<f64>,
    /// The instance that answered.
    pub upstream_host: String,
    /// `outbound|9080|v1|reviews.shop.svc.cluster.local`
    pub upstream_cluster: String,
    /// Who called.
    pub peer: String,
    /// `x-request-id`
    pub request_id: String,
    /// The caller's program, by its own word.
    pub agent: String,
    /// The route that decided.
    pub route: String,
    /// Texts of the request hold quotes, so that they could not be told apart: authority, agent and request id are left out.
    pub doubtful: bool,
}

impl Call {
    /// The policy that refused it.
    pub fn policy(&self) -> Option<ObjectKey> {
        let (_, rest) = self.details.split_once("matched_policy[")?;
        match of_policy(rest)? {
            Origin::Object(key) => Some(key),
            Origin::Host { .. } => None,
        }
    }

    /// It did not end well: the server's error, a flag of Envoy's that tells of a failure, or a connection that failed.
    pub fn failed(&self) -> bool {
        // An injected delay and an answer from a cache (Envoy's `CoreResponseFlag::DelayInjected`, `ResponseFromCacheFilter`).
        let ails = |flag: &String| !matches!(flag.as_str(), "DI" | "RFCF");
        self.status.is_some_and(|status| status >= 500) || self.flags.iter().any(ails) || !self.failure.is_empty()
    }

    fn direct(mut self, server_name: &str) -> Self {
        self.direction = match self.upstream_cluster.as_str() {
            cluster if cluster.starts_with("inbound|") || cluster.starts_with("InboundPassthrough") => {
                Direction::Inbound
            }
            cluster if cluster.starts_with("outbound|") => Direction::Outbound,
            "PassthroughCluster" | "BlackHoleCluster" => Direction::Outbound,
            // What mutual TLS of the mesh brings names where it was sent from there.
            _ if server_name.starts_with("outbound_.") => Direction::Inbound,
            _ => Direction::Unknown,
        };
        self
    }
}

/// Reads one line. `stamped` is whether the node wrote its time before it (`timestamps=true`).
pub fn read(line: &str, stamped: bool) -> Entry {
    let line = line.trim_end_matches(['\r', '\n']);
    let (at, raw) = match line.split_once(' ').filter(|_| stamped) {
        Some((stamp, rest)) => stamp.parse::<Timestamp>().map_or((None, line), |at| (Some(at), rest)),
        None => (None, line),
    };
    let what = what(raw);
    let own = match &what {
        What::Call(call) => call.began,
        What::Word(_) | What::Unknown => None,
    };
    Entry { at: at.or(own), what, raw: raw.to_owned() }
}

fn what(raw: &str) -> What {
    let call = match raw.as_bytes().first() {
        Some(b'[') => text::read(raw),
        Some(b'{') => json::read(raw),
        _ => ztunnel::read(raw),
    };
    match (call, word(raw)) {
        (Some(call), _) => What::Call(Box::new(call)),
        (None, Some(level)) => What::Word(level),
        (None, None) => What::Unknown,
    }
}

/// The level of what pilot-agent, Envoy or ztunnel write of themselves: `2026-11-26T10:48:41.5Z\tinfo\t…`, the same as JSON, or as
/// Go's own library writes it: `2026/11/26 10:36:22 INFO …`.
fn word(raw: &str) -> Option<String> {
    let level = if raw.starts_with('{') {
        let read: serde_json::Map<String, serde_json::Value> = serde_json::from_str(raw).ok()?;
        read.get("level")?.as_str()?.to_owned()
    } else {
        let mut parts = raw.splitn(3, '\t');
        match parts.next()?.parse::<Timestamp>() {
            Ok(_) => parts.next()?.to_owned(),
            Err(_) => of_go(raw)?.to_owned(),
        }
    };
    let known = ["trace", "debug", "info", "warn", "warning", "error", "critical", "fatal"];
    known.contains(&level.to_ascii_lowercase().as_str()).then(|| level.to_ascii_lowercase())
}

fn of_go(raw: &str) -> Option<&str> {
    let mut parts = raw.splitn(4, ' ');
    let (date, time) = (parts.next()?, parts.next()?);
    let figures = |text: &str, between: u8| text.bytes().all(|b| b.is_ascii_digit() || b == between);
    (date.len() == 10 && time.len() == 8 && figures(date, b'/') && figures(time, b':')).then(|| parts.next())?
}

/// A text of the log: empty where Envoy has none.
fn filled(text: &str) -> String {
    if text == "-" { String::new() } else { text.to_owned() }
}

fn flags_of(text: &str) -> Vec<String> {
    text.split(',').filter(|flag| !matches!(*flag, "" | "-")).map(str::to_owned).collect()
}

/// Envoy writes 0 where there was none.
fn status_of(text: &str) -> Option<u16> {
    text.parse().ok().filter(|status| *status > 0)
}

/// Milliseconds; `None` for what is no number, or one without end.
fn millis_of(text: &str) -> Option<f64> {
    text.parse().ok().filter(|millis: &f64| millis.is_finite())
}

#[cfg(test)]
mod tests;

//! What the proxies write of the requests that pass them, in Istio's own format, where a Telemetry has it so.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, stream};
use hyper::body::Frame;
use jiff::{SignedDuration, Timestamp};
use mesh::{Destination, Outcome, Transport};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::manifests::uuid;
use crate::proxies::Proxy;
use crate::traffic::{Sent, Traffic, cluster_of};

/// Lines that are kept of each proxy.
const KEPT: usize = 400;
/// A follower is sent what is new this often.
const BEAT: Duration = Duration::from_millis(200);
/// Where objects for the whole mesh lie.
const ROOT: &str = "istio-system";

/// What one proxy wrote.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    lines: VecDeque<(u64, Line)>,
    written: u64,
}

/// A line, and when the node took it.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) at: Timestamp,
    pub(crate) text: String,
}

impl Line {
    /// As the API server gives it.
    pub(crate) fn put(&self, text: &mut String, stamped: bool) {
        if stamped {
            let _ = write!(text, "{} ", self.at);
        }
        let _ = writeln!(text, "{}", self.text);
    }
}

impl Log {
    pub(crate) fn push(&mut self, at: Timestamp, text: String) {
        self.written += 1;
        self.lines.push_back((self.written, Line { at, text }));
        if self.lines.len() > KEPT {
            self.lines.pop_front();
        }
    }

    /// The number of the last line.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// What was written after this line.
    pub(crate) fn after(&self, number: u64) -> impl Iterator<Item = (u64, &Line)> {
        self.lines.iter().filter(move |(at, _)| *at > number).map(|(at, line)| (*at, line))
    }
}

/// A request at one proxy.
pub(crate) struct Passed<'a> {
    pub(crate) sent: &'a Sent,
    pub(crate) code: u16,
    pub(crate) inbound: bool,
    pub(crate) flags: &'static str,
    pub(crate) destination: Option<&'a Destination>,
    /// The caller's address, where it has a proxy.
    pub(crate) peer: Option<String>,
}

/// Whether a proxy writes an access log: a Telemetry that selects it decides, then its namespace's, then the mesh's.
pub(crate) fn is_on(proxy: &Proxy) -> bool {
    let world = proxy.knows.world();
    let labels = world.pod(&proxy.namespace, &proxy.pod).map(|pod| pod.labels.clone()).unwrap_or_default();
    let says = |namespace: &str, selective: bool| {
        world.documents_in("telemetry.istio.io", "Telemetry", namespace).find_map(|document| {
            let wanted = document.at("/spec/selector/matchLabels").and_then(Value::as_object);
            let fits =
                wanted.is_some_and(|wanted| wanted.iter().all(|(name, value)| labels.get(name) == value.as_str()));
            if wanted.is_some() != selective || selective && !fits {
                return None;
            }
            let logging = document.at("/spec/accessLogging").and_then(Value::as_array)?;
            Some(!logging.iter().any(|rule| rule["disabled"] == true))
        })
    };
    let own = says(&proxy.namespace, true).or_else(|| says(&proxy.namespace, false));
    own.or_else(|| says(ROOT, false)).unwrap_or_else(|| mesh_wide(proxy))
}

fn mesh_wide(proxy: &Proxy) -> bool {
    let world = proxy.knows.world();
    let mut settings = world.documents_in("", "ConfigMap", ROOT).filter(|map| map.key.name == "istio");
    let mesh = settings.next().and_then(|map| map.at("/data/mesh")?.as_str().map(str::to_owned)).unwrap_or_default();
    mesh.lines().any(|line| line.trim_end().starts_with("accessLogFile: /"))
}

/// Writes a line about a request, where the proxy writes any.
pub(crate) fn write(proxy: &mut Proxy, passed: &Passed<'_>) {
    if !is_on(proxy) {
        return;
    }
    let now = Timestamp::now();
    let text = line(proxy, passed, now);
    proxy.log.push(now, text);
}

fn line(proxy: &Proxy, passed: &Passed<'_>, now: Timestamp) -> String {
    let Passed { sent, code, inbound, flags, destination, peer } = passed;
    let began = now.checked_sub(SignedDuration::from_micros((sent.milliseconds * 1000.0) as i64)).unwrap_or(now);
    let url = sent.call.url.trim_start_matches("http://");
    let (authority, path) = url.find('/').map_or((url, "/"), |at| url.split_at(at));
    let cluster = match destination {
        _ if *inbound => format!("inbound|{}||", proxy.port),
        Some(destination) => cluster_of(destination),
        None => "-".into(),
    };
    let denied = *inbound && sent.verdict.outcome == Outcome::Denied;
    let answered = !denied && *flags == "-" && destination.is_some();
    let host = match destination {
        Some(_) if !answered => "-".to_owned(),
        _ if *inbound => format!("{}:{}", proxy.ip, proxy.port),
        Some(destination) => address(proxy, destination),
        None => "-".to_owned(),
    };
    let remote = if *inbound { peer.as_deref().unwrap_or("10.20.0.200") } else { proxy.ip.as_str() };
    let name = match (inbound, destination, sent.verdict.transport) {
        (true, Some(destination), Some(Transport::Mtls)) => cluster_of(destination).replace('|', "_."),
        _ => "-".into(),
    };
    let milliseconds = sent.milliseconds.round().max(0.0);
    let received = if sent.call.method == "POST" { 318 } else { 0 };
    format!(
        "[{}] \"{} {path} HTTP/1.1\" {code} {flags} {} - \"-\" {received} {} {milliseconds} {} \"-\" \"shop/1.0\" \"{}\" \"{authority}\" \"{host}\" {cluster} {}:{} 10.96.0.1:80 {remote}:{} {name} {}",
        began.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"),
        sent.call.method,
        details(sent, denied, flags),
        if *code == 200 { 1842 } else { 19 },
        if answered { milliseconds.to_string() } else { "-".into() },
        uuid(&format!("{}/{}", sent.pod.1, now.as_nanosecond()), 3),
        proxy.ip,
        40_000 + proxy.log.written % 20_000,
        30_000 + proxy.log.written % 20_000,
        if *flags == "NR" { "-" } else { "default" },
    )
}

/// Envoy's long words for what happened.
fn details(sent: &Sent, denied: bool, flags: &str) -> String {
    if denied {
        let policy = sent.verdict.trace.iter().rev().filter_map(|step| step.object.as_ref());
        let mut policy = policy.filter(|key| key.kind == "AuthorizationPolicy");
        let matched = policy
            .next()
            .map_or("none".to_owned(), |key| format!("ns[{}]-policy[{}]-rule[0]", key.namespace, key.name));
        return format!("rbac_access_denied_matched_policy[{matched}]");
    }
    match flags {
        "NR" => "route_not_found".into(),
        "UH" => "no_healthy_upstream".into(),
        "FI" => "fault_filter_abort".into(),
        flags if flags.starts_with("UF") => "upstream_reset_before_response_started{connection_termination}".into(),
        _ => "via_upstream".into(),
    }
}

/// Some instance behind a destination.
fn address(proxy: &Proxy, destination: &Destination) -> String {
    let world = proxy.knows.world();
    let behind = world.pods_in(&destination.service.0).find(|pod| destination.workloads.contains(&pod.workload.1));
    behind.map_or_else(|| "-".into(), |pod| format!("{}:{}", pod.ip, destination.port))
}

/// What a proxy writes from now on, after what it has written.
pub(crate) fn follow(
    traffic: Arc<Traffic>,
    names: (String, String),
    (first, last): (String, u64),
    stamped: bool,
    cancel: CancellationToken,
) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> {
    let begun = (traffic, names, Some(first), last);
    stream::unfold(begun, move |(traffic, names, first, mut last)| {
        let cancel = cancel.clone();
        async move {
            if let Some(first) = first {
                return Some((Ok(Frame::data(first.into())), (traffic, names, None, last)));
            }
            loop {
                tokio::select! { () = cancel.cancelled() => return None, () = tokio::time::sleep(BEAT) => {} }
                let mut text = String::new();
                {
                    let state = traffic.state();
                    // The pod is gone, and its log with it.
                    let proxy = state.proxies.get(&names)?;
                    for (number, line) in proxy.log.after(last) {
                        line.put(&mut text, stamped);
                        last = number;
                    }
                }
                if !text.is_empty() {
                    return Some((Ok(Frame::data(text.into())), (traffic, names, None, last)));
                }
            }
        }
    })
}

//! ztunnel's connections: `…\tinfo\taccess\tconnection complete\tsrc.addr=10.244.0.5:41 src.workload="a" direction="inbound" bytes_sent=1 …`

use std::collections::HashMap;

use super::{Call, Direction, millis_of};

/// Most fields that are read of a line.
const MOST: usize = 64;

/// `None` where it is no line of ztunnel about a connection.
pub(super) fn read(raw: &str) -> Option<Call> {
    let mut parts = raw.splitn(5, '\t');
    let time = parts.next()?;
    let (_level, scope, _message) = (parts.next()?, parts.next()?, parts.next()?);
    if scope != "access" {
        return None;
    }
    let fields = fields(parts.next()?);
    let mut call = call(|name| fields.get(name).map(|value| (*value).to_owned()));
    call.began = call.began.or_else(|| time.parse().ok());
    Some(call)
}

/// `name=value name="a value"`; a quote inside of a value is escaped.
fn fields(text: &str) -> HashMap<&str, &str> {
    let mut found = HashMap::new();
    let mut rest = text.trim_start();
    while let Some((name, value)) = rest.split_once('=').filter(|_| found.len() < MOST) {
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_at(end_of_quoted(quoted)),
            None => value.split_at(value.find(' ').unwrap_or(value.len())),
        };
        found.insert(name, value);
        rest = after.trim_start_matches(['"', ' ']);
    }
    found
}

fn end_of_quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '"' if !escaped => return at,
            _ => escaped = letter == '\\' && !escaped,
        }
    }
    text.len()
}

/// A connection from its fields by name.
pub(super) fn call(of: impl Fn(&str) -> Option<String>) -> Call {
    let of = |name: &str| of(name).unwrap_or_default();
    let duration = of("duration");
    let direction = match of("direction").as_str() {
        "inbound" => Direction::Inbound,
        "outbound" => Direction::Outbound,
        _ => Direction::Unknown,
    };
    let inbound = direction == Direction::Inbound;
    let error = of("error");
    Call {
        began: of("time").parse().ok(),
        direction,
        protocol: "TCP".into(),
        authority: of("dst.service"),
        failure: error,
        received: of(if inbound { "bytes_recv" } else { "bytes_sent" }).parse().ok(),
        sent: of(if inbound { "bytes_sent" } else { "bytes_recv" }).parse().ok(),
        duration: duration.strip_suffix("ms").and_then(millis_of),
        upstream_host: of("dst.addr"),
        upstream_cluster: match of("dst.workload") {
            workload if workload.is_empty() => String::new(),
            workload => format!("{}/{workload}", of("dst.namespace")),
        },
        peer: of("src.addr"),
        agent: of("src.identity"),
        ..Call::default()
    }
}

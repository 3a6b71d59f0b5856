//! Istio's text: fields between blanks, the texts of a request between quotes.

use super::{Call, filled, flags_of, millis_of, status_of};

/// `[time] "METHOD PATH PROTOCOL" CODE FLAGS DETAILS TERMINATION "FAILURE" RECEIVED SENT DURATION UPSTREAM_TIME "FORWARDED_FOR" "AGENT"
/// "REQUEST_ID" "AUTHORITY" "UPSTREAM_HOST" CLUSTER UPSTREAM_LOCAL LOCAL REMOTE SERVER_NAME ROUTE`; `None` where it is something else.
pub(super) fn read(raw: &str) -> Option<Call> {
    let (time, rest) = raw.strip_prefix('[')?.split_once("] \"")?;
    // Neither method nor path nor protocol holds a blank; a path may hold a quote.
    let (method, rest) = rest.split_once(' ')?;
    let (path, rest) = rest.split_once(' ')?;
    let (protocol, rest) = rest.split_once("\" ")?;
    let (status, rest) = rest.split_once(' ')?;
    let (flags, rest) = rest.split_once(' ')?;
    let (details, rest) = rest.split_once(" \"")?;
    let (failure, rest) = rest.split_once("\" ")?;
    let mut figures = rest.splitn(5, ' ');
    let [received, sent, duration, _upstream] = [figures.next()?, figures.next()?, figures.next()?, figures.next()?];
    let rest = figures.next()?;
    // From the end: the fields after the last quote hold no blanks but the route's name, which comes last.
    let (texts, tail) = end_of_texts(rest)?;
    let mut tail = tail.splitn(6, ' ');
    let [cluster, _upstream_local, _local, remote, server_name] =
        [tail.next()?, tail.next()?, tail.next()?, tail.next()?, tail.next()?];
    let route = tail.next().unwrap_or_default();
    let parts: Vec<&str> = texts.split("\" \"").collect();
    let doubtful = parts.iter().any(|part| part.contains('"')) || parts.len() > 5;
    let [agent, request_id, authority, host] = match parts.as_slice() {
        [.., host] if doubtful => ["", "", "", *host],
        [_forwarded_for, agent, id, authority, host] => [*agent, *id, *authority, *host],
        _ => return None,
    };
    let is_http = method != "-";
    let call = Call {
        began: time.parse().ok(),
        method: filled(method),
        path: filled(path),
        protocol: if is_http { filled(protocol) } else { "TCP".into() },
        authority: filled(authority),
        status: status_of(status),
        flags: flags_of(flags),
        details: details.split(' ').find(|part| *part != "-").unwrap_or_default().to_owned(),
        failure: filled(failure),
        received: received.parse().ok(),
        sent: sent.parse().ok(),
        duration: millis_of(duration),
        upstream_host: filled(host),
        upstream_cluster: filled(cluster),
        peer: filled(remote),
        request_id: filled(request_id),
        agent: filled(agent),
        route: filled(route),
        doubtful,
        ..Call::default()
    };
    Some(call.direct(server_name))
}

/// What is between the first quote and the last one before the cluster, and what follows. A route may be named with a quote: then the last
/// one that five fields follow is meant, and the upstream host before it holds neither quotes nor blanks.
fn end_of_texts(rest: &str) -> Option<(&str, &str)> {
    let inner = rest.strip_prefix('"')?;
    let ends = inner.match_indices("\" ").map(|(at, _)| at);
    let fits = |at: &usize| {
        let tail = inner.get(at + 2..).unwrap_or_default();
        !tail.starts_with('"')
            && tail.splitn(6, ' ').count() >= 5
            && !tail.splitn(6, ' ').take(5).any(|part| part.contains('"'))
    };
    let at = ends.filter(fits).last()?;
    Some((inner.get(..at)?, inner.get(at + 2..)?))
}

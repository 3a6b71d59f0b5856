//! Istio's JSON, by the names of its fields; ztunnel's too.

use serde_json::{Map, Value};

use super::{Call, filled, flags_of, millis_of, status_of, ztunnel};

/// `None` where it is not JSON, or has none of the fields that tell a request.
pub(super) fn read(raw: &str) -> Option<Call> {
    let fields: Map<String, Value> = serde_json::from_str(raw).ok()?;
    if fields.get("scope").and_then(Value::as_str) == Some("access") {
        return Some(ztunnel::call(|name| fields.get(name).map(plain)));
    }
    let of = |name: &str| fields.get(name).map(plain).unwrap_or_default();
    if !["start_time", "response_code", "response_flags"].iter().all(|name| fields.contains_key(*name)) {
        return None;
    }
    let method = filled(&of("method"));
    let call = Call {
        began: of("start_time").parse().ok(),
        path: filled(&of("path")),
        protocol: if method.is_empty() { "TCP".into() } else { filled(&of("protocol")) },
        method,
        authority: filled(&of("authority")),
        status: status_of(&of("response_code")),
        flags: flags_of(&of("response_flags")),
        details: [of("response_code_details"), of("connection_termination_details")]
            .into_iter()
            .map(|text| filled(&text))
            .find(|text| !text.is_empty())
            .unwrap_or_default(),
        failure: filled(&of("upstream_transport_failure_reason")),
        received: of("bytes_received").parse().ok(),
        sent: of("bytes_sent").parse().ok(),
        duration: millis_of(&of("duration")),
        upstream_host: filled(&of("upstream_host")),
        upstream_cluster: filled(&of("upstream_cluster")),
        peer: filled(&of("downstream_remote_address")),
        request_id: filled(&of("request_id")),
        agent: filled(&of("user_agent")),
        route: filled(&of("route_name")),
        ..Call::default()
    };
    Some(call.direct(&of("requested_server_name")))
}

/// A text, number or truth value as text; null and anything deeper is empty.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

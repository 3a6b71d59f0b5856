//! What of a configuration nobody else shall see. Envoy leaves private keys out of its dumps; filters may hold more: passwords,
//! tokens, headers that are added.

use serde_json::Value;

/// What stands in its place.
const MARK: &str = "[redacted]";

/// Parts of names whose values are secret.
const SECRET: [&str; 9] = [
    "private_key",
    "password",
    "passwd",
    "token",
    "secret_key",
    "api_key",
    "apikey",
    "client_secret",
    "session_ticket_keys",
];

/// Names that carry one of those and hold none: where a token is looked for, what one is called.
const OPEN: [&str; 4] = ["token_params", "token_name", "from_headers", "token_bucket"];

/// Headers whose values are secret.
const HEADERS: [&str; 5] = ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"];

/// Takes out of a value what is secret.
pub fn redact(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::Object(members) => {
            let header = ["key", "name"].iter().filter_map(|name| members.get(*name)?.as_str()).any(is_header);
            for (name, value) in members.iter_mut() {
                let of_header =
                    header && matches!(name.as_str(), "value" | "raw_value" | "string_match" | "exact_match");
                if of_header || is_secret(name) { hide(value) } else { redact(value) }
            }
        }
        _ => {}
    }
}

fn is_header(name: &str) -> bool {
    HEADERS.iter().any(|header| name.eq_ignore_ascii_case(header))
}

pub(crate) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !OPEN.contains(&name.as_str()) && (name == "generic_secret" || SECRET.iter().any(|secret| name.contains(secret)))
}

/// Every text below is hidden; what says how it is found stays.
fn hide(value: &mut Value) {
    match value {
        Value::String(text) => *text = MARK.into(),
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                match name.as_str() {
                    "@type" | "filename" | "path" | "name" => {}
                    _ => hide(value),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_go_and_the_rest_stays() {
        let mut value = json!({"tls_certificate": {"private_key": {"inline_bytes": "S0VZ"}, "certificate_chain": {"inline_bytes": "Q0VSVA=="}},
            "request_headers_to_add": [{"header": {"key": "Authorization", "value": "Bearer S"}}, {"header": {"key": "x-team", "value": "shop"}}],
            "credentials": {"password": {"filename": "/etc/pw", "inline_string": "S"}, "user": "u"},
            "generic_secret": {"secret": {"inline_string": "S"}}, "token_bucket": {"max_tokens": 3, "fill_interval": "1s"},
            "jwt": {"from_headers": [{"name": "Authorization", "value_prefix": "Bearer "}]}});
        redact(&mut value);
        let text = value.to_string();
        assert!(!text.contains("S0VZ") && !text.contains("Bearer S") && !text.contains("\"S\""), "{text}");
        for kept in ["Q0VSVA==", "\"shop\"", "/etc/pw", "\"u\"", "1s", "value_prefix\":\"Bearer "] {
            assert!(text.contains(kept), "{kept}: {text}");
        }
    }
}

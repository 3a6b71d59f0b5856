//! What must not reach the disk. Fields are judged by their name, texts by their form; in doubt it goes.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;

/// Stands where a secret was.
pub const REDACTED: &str = "[redacted]";

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Replaces every secret in an object; says whether there was one.
pub fn redact(object: &mut Value) -> bool {
    let secret = object.get("kind").and_then(Value::as_str) == Some("Secret");
    let mut found = false;
    if secret {
        for field in ["data", "stringData"] {
            found |= object.get_mut(field).is_some_and(blank);
        }
    }
    found | walk(object, secret)
}

/// The annotation holds the whole object once more, as JSON in a text.
fn last_applied(value: &mut Value, secret: bool) -> bool {
    let inner = value.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let Some(mut inner) = inner.filter(|_| !secret) else { return blank(value) };
    let found = redact(&mut inner);
    if found {
        *value = inner.to_string().into();
    }
    found
}

/// Replaces whatever looks like a credential in a text.
pub fn redact_text(text: &mut String) -> bool {
    // The names and forms that are credentials wherever they stand; each is tried in turn.
    static FORMS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
        [
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\z)",
            r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?",
            r"(?i)(?P<kept>\b(?:bearer|basic)\s+)(?P<guess>[A-Za-z0-9._~+/-]{6,}=*)",
            r#"(?i)(?P<kept>["']?\b(?:[a-z0-9]+[_-])*(?:authorization|token|password|passwd|secret|api[_-]?key|client-key-data|client_secret|private[_-]?key)["']?\s*[:=]\s*)(?:"[^"]*"|'[^']*'|[^\s,;}]+)"#,
        ]
        .iter()
        .filter_map(|form| Regex::new(form).ok())
        .collect()
    });
    let mut found = false;
    for form in FORMS.iter() {
        let replaced = form.replace_all(text, |hit: &Captures<'_>| {
            let guess = hit.name("guess").map_or("", |m| m.as_str());
            let word = !guess.is_empty() && guess.len() < 20 && guess.bytes().all(|b| b.is_ascii_alphabetic());
            if word || hit[0].ends_with(REDACTED) {
                return hit[0].to_owned();
            }
            found = true;
            format!("{}{REDACTED}", hit.name("kept").map_or("", |m| m.as_str()))
        });
        *text = replaced.into_owned();
    }
    found
}

fn walk(value: &mut Value, in_secret: bool) -> bool {
    match value {
        Value::String(text) => redact_text(text),
        Value::Array(items) => items.iter_mut().fold(false, |found, item| found | walk(item, in_secret)),
        Value::Object(map) => {
            // `name: DB_PASSWORD, value: …`, as environments and headers are written.
            let named = map.get("name").and_then(Value::as_str).is_some_and(names_a_secret);
            map.iter_mut().fold(false, |found, (name, value)| {
                let secret = names_a_secret(name) || named && name == "value";
                found
                    | match () {
                        () if name == LAST_APPLIED => last_applied(value, in_secret),
                        () if secret => blank(value),
                        () => walk(value, in_secret),
                    }
            })
        }
        _ => false,
    }
}

/// Blanks every text and number inside, and keeps the shape, so that a diff still shows which key changed.
fn blank(value: &mut Value) -> bool {
    match value {
        Value::String(text) if text == REDACTED || text.is_empty() => false,
        Value::String(_) | Value::Number(_) => {
            *value = REDACTED.into();
            true
        }
        Value::Array(items) => items.iter_mut().fold(false, |found, item| found | blank(item)),
        Value::Object(map) => map.values_mut().fold(false, |found, value| found | blank(value)),
        Value::Bool(_) | Value::Null => false,
    }
}

/// The names of fields and headers that carry credentials, however they are spelt.
fn names_a_secret(name: &str) -> bool {
    const WHOLE: [&str; 4] = ["authorization", "cookie", "setcookie", "bearer"];
    const ENDS: [&str; 10] = [
        "proxyauthorization",
        "token",
        "password",
        "passwd",
        "clientsecret",
        "apikey",
        "privatekey",
        "secretkey",
        "accesskey",
        "keydata",
    ];
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    WHOLE.contains(&plain.as_str()) || ENDS.iter().any(|end| plain.ends_with(end))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_go_and_the_rest_stays() {
        let table = [
            (
                json!({"kind": "Secret", "data": {"a": "Y2FuYXJ5"}, "stringData": {"b": "canary"}, "type": "Opaque"}),
                true,
            ),
            (json!({"spec": {"http": [{"headers": {"request": {"set": {"Authorization": "canary"}}}}]}}), true),
            (json!({"spec": {"http": [{"match": [{"headers": {"authorization": {"exact": "canary"}}}]}]}}), true),
            (json!({"spec": {"token": "canary"}}), true),
            (json!({"spec": {"dbPassword": 12345}}), true),
            (json!({"users": [{"user": {"client-key-data": "canary"}}]}), true),
            (json!({"env": [{"name": "DB_PASSWORD", "value": "canary"}]}), true),
            (json!({"when": [{"key": "request.headers[x]", "values": ["Bearer canary12345"]}]}), true),
            (json!({"note": "use eyJhbGciOiJIUzI1NiJ9.canarycanary.sig here"}), true),
            (json!({"pem": "-----BEGIN RSA PRIVATE KEY-----\ncanary\n-----END RSA PRIVATE KEY-----"}), true),
            (json!({"conf": "user: a\npassword: canary\nhost: b"}), true),
            (json!({"metadata": {"annotations": {LAST_APPLIED: "{\"spec\":{\"token\":\"canary\"}}"}}}), true),
            (
                json!({"kind": "Secret", "metadata": {"annotations": {LAST_APPLIED: "{\"data\":{\"x\":\"canary\"}}"}}}),
                true,
            ),
            (json!({"spec": {"jwtRules": [{"forwardOriginalToken": true, "issuer": "https://a"}]}}), false),
            (json!({"spec": {"tls": {"credentialName": "shop-cert", "mode": "SIMPLE"}}}), false),
            (json!({"message": "basic authentication for the bearer of the message"}), false),
            (json!({"spec": {"http": [{"route": [{"weight": 80}], "timeout": "5s"}]}}), false),
        ];
        for (before, secret) in table {
            let mut after = before.clone();
            assert_eq!(redact(&mut after), secret, "{before}");
            assert_eq!(after != before, secret, "{after}");
            let text = after.to_string();
            assert!(!text.contains("canary") && !text.contains("Y2FuYXJ5") && !text.contains("12345"), "{text}");
            assert!(!redact(&mut after), "twice is once: {after}");
        }
    }
}

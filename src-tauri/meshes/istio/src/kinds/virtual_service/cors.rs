//! Questions that a browser asks before it sends a request from another origin (CORS).

use super::spec::{CorsPolicy, StringMatch};

/// Whether the proxy answers by itself. Upstream: envoyproxy/envoy source/extensions/filters/http/cors/cors_filter.cc, decodeHeaders: a question is an
/// OPTIONS with an origin and a method asked for; one of an origin that is not allowed is passed on, or left unanswered where the policy ignores it.
pub(crate) fn answers(policy: &CorsPolicy, method: &str, headers: &[(String, String)]) -> bool {
    let header = |name: &str| headers.iter().find(|(n, v)| n == name && !v.is_empty()).map(|(_, v)| v.as_str());
    let (Some(origin), true) = (header("origin"), method == "OPTIONS") else { return false };
    if header("access-control-request-method").is_none() {
        return false;
    }
    if allows(policy, origin) { true } else { policy.unmatched_preflights == "IGNORE" }
}

fn allows(policy: &CorsPolicy, origin: &str) -> bool {
    let fits = |of: &StringMatch| match of {
        StringMatch { exact: Some(text), .. } => text == "*" || text == origin,
        StringMatch { prefix: Some(text), .. } => origin.starts_with(text.as_str()),
        StringMatch { regex: Some(pattern), .. } => pattern.matches(origin),
        _ => false,
    };
    let old = || policy.allow_origin.iter().any(|text| text == "*" || text == origin);
    if policy.allow_origins.is_empty() { old() } else { policy.allow_origins.iter().any(fits) }
}

//! Where a request carries tokens. Upstream: envoyproxy/envoy source/extensions/filters/http/jwt_authn/extractor.cc.

use super::JwtRule;

/// A token with where it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub text: String,
    pub place: Place,
}

/// Where a token came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Header(String),
    Param(String),
    /// It stays there, whatever the rule says.
    Cookie,
}

/// The tokens of a request for a rule: from the places that it names, or from the two of old where it names none.
pub(super) fn tokens(rule: &JwtRule, headers: &[(String, String)], query: Option<&str>) -> Vec<Found> {
    let silent = rule.from_headers.is_empty() && rule.from_params.is_empty() && rule.from_cookies.is_empty();
    let mut found = Vec::new();
    let named = rule.from_headers.iter().map(|h| (h.name.to_ascii_lowercase(), h.prefix.as_str()));
    for (name, prefix) in named.chain(silent.then(|| ("authorization".to_owned(), "Bearer "))) {
        let values = headers.iter().filter(|(n, _)| *n == name).map(|(_, value)| value);
        found.extend(
            values.filter_map(|value| Some(Found { text: after(value, prefix)?, place: Place::Header(name.clone()) })),
        );
    }
    let params = rule.from_params.iter().map(String::as_str).chain(silent.then_some("access_token"));
    found.extend(params.filter_map(|name| {
        Some(Found { text: parameter(query?, name)?.to_owned(), place: Place::Param(name.to_owned()) })
    }));
    let cookie = |name: &String| {
        let all = headers.iter().filter(|(n, _)| n == "cookie").flat_map(|(_, value)| value.split(';'));
        let mut pairs = all.filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(n, _)| n == name).map(|(_, value)| Found { text: value.to_owned(), place: Place::Cookie })
    };
    found.extend(rule.from_cookies.iter().filter_map(cookie));
    found
}

/// What follows the prefix, wherever it stands, as far as it has letters of a token.
fn after(value: &str, prefix: &str) -> Option<String> {
    if prefix.is_empty() {
        return Some(value.to_owned());
    }
    let (_, rest) = value.split_once(prefix)?;
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '=');
    let rest = rest.trim_start_matches(|c| !letter(c));
    Some(rest.chars().take_while(|c| letter(*c)).collect())
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|(n, _)| *n == name).map(|(_, value)| value)
}

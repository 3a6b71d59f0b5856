//! What a rule changes of a request: its path and authority, and its headers.

use std::collections::BTreeMap;

use mesh::Verdict;
use regex::Regex;

use super::follow::shares;
use super::way::Way;
use crate::kinds::virtual_service::select::Entry;
use crate::kinds::virtual_service::spec::{Headers, HttpRoute, Rewrite};

/// Rewrites path and authority, and changes headers.
pub(super) fn change(rule: &HttpRoute, entry: &Entry, way: &mut Way, verdict: &mut Verdict) {
    // What its destinations say holds where all that get requests say the same.
    let mut all = shares(&rule.route).into_iter().filter_map(|(at, _)| rule.route.get(at)).map(|r| r.headers.as_ref());
    let single = all.next().flatten().filter(|first| all.all(|next| next == Some(*first)));
    let outer = rule.headers.as_ref();
    // What the rule says of the authority goes before what its destination says.
    let mut authority = outer.and_then(host_of).or_else(|| single.and_then(host_of));
    for headers in outer.into_iter().chain(single) {
        set_headers(headers, &mut way.headers, verdict);
    }
    if let Some(rewrite) = &rule.rewrite {
        way.path = rewritten(rewrite, entry, &way.path);
        if !rewrite.authority.is_empty() {
            authority = Some(rewrite.authority.clone());
        }
    }
    if let Some(authority) = authority {
        way.authority = authority;
    }
}

/// `host` among headers that are set or added is the authority.
fn host_of(headers: &Headers) -> Option<String> {
    let request = headers.request.as_ref()?;
    let is_host =
        |(name, _): &(&String, &String)| name.eq_ignore_ascii_case("host") || name.eq_ignore_ascii_case(":authority");
    request.set.iter().find(is_host).or(request.add.iter().find(is_host)).map(|(_, value)| value.clone())
}

/// Upstream: envoyproxy/envoy source/common/router/header_parser.cc, evaluateHeaders: what comes out empty changes nothing.
fn set_headers(changes: &Headers, headers: &mut Vec<(String, String)>, verdict: &mut Verdict) {
    let Some(request) = &changes.request else { return };
    let ours = |name: &str| !name.starts_with(':') && name != "host";
    let lower = |name: &String| Some(name.to_ascii_lowercase()).filter(|name| ours(name));
    for name in request.remove.iter().filter_map(lower) {
        headers.retain(|(n, _)| *n != name);
        verdict.request_headers.remove.push(name);
    }
    let sent = headers.clone();
    let values = |all: &BTreeMap<String, String>| -> Vec<(String, String)> {
        let all = all.iter().filter_map(|(name, value)| Some((lower(name)?, formatted(value, &sent))));
        all.filter(|(_, value)| !value.is_empty()).collect()
    };
    // What only the connection shows is not told.
    let told = |value: &str| !value.contains(UNTOLD);
    for (name, value) in values(&request.set) {
        headers.retain(|(n, _)| *n != name);
        headers.push((name.clone(), value.clone()));
        verdict.request_headers.set.retain(|(n, _)| *n != name);
        if told(&value) {
            verdict.request_headers.set.push((name, value));
        }
    }
    for (name, value) in values(&request.add) {
        headers.push((name.clone(), value.clone()));
        if told(&value) {
            verdict.request_headers.add.push((name, value));
        }
    }
}

/// Stands for what a proxy fills in and nobody can know: no header holds this character.
const UNTOLD: char = '\u{fffd}';

/// A value with what stands for other headers of the request filled in.
/// Upstream: envoyproxy/envoy source/common/formatter/substitution_formatter.cc, SubstitutionFormatParser.
fn formatted(value: &str, headers: &[(String, String)]) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let Some((command, tail)) = after.split_once('%') else {
            out.push('%');
            rest = after;
            continue;
        };
        match asked_header(command) {
            _ if command.is_empty() => out.push('%'),
            Some((names, length)) => {
                let named = |name: &str| headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
                let found = names.split('?').find_map(named).map_or("", |(_, value)| value);
                out.push_str(found.get(..length.unwrap_or(found.len())).unwrap_or(found));
            }
            None => out.push(UNTOLD),
        }
        rest = tail;
    }
    out + rest
}

/// `REQ(a?b):3`: the header to be put in, the one where it is not there, and how much of it.
fn asked_header(command: &str) -> Option<(&str, Option<usize>)> {
    let (names, rest) = command.strip_prefix("REQ(")?.split_once(')')?;
    match rest.strip_prefix(':') {
        Some(length) => Some((names, Some(length.parse().ok()?))),
        None => rest.is_empty().then_some((names, None)),
    }
}

/// Upstream: envoyproxy/envoy source/common/router/config_impl.cc, finalizePathHeader: a prefix is replaced as far as it matched, an exact path
/// or an expression whole.
fn rewritten(rewrite: &Rewrite, entry: &Entry, path: &str) -> String {
    if let Some(regex) = &rewrite.uri_regex_rewrite {
        let substitution = go_groups(&regex.rewrite);
        return Regex::new(&regex.pattern)
            .map_or_else(|_| path.to_owned(), |re| re.replace_all(path, substitution.as_str()).into_owned());
    }
    if rewrite.uri.is_empty() {
        return path.to_owned();
    }
    let rest = path.get(matched(entry, path)..).unwrap_or_default();
    if entry.is_derived() && rewrite.uri == "/" {
        // Nothing stands in for the prefix: what is left begins with one slash.
        return format!("/{}", rest.strip_prefix('/').unwrap_or(rest));
    }
    format!("{}{rest}", rewrite.uri)
}

/// How much of the path the rule asked for.
pub(super) fn matched(entry: &Entry, path: &str) -> usize {
    let uri = entry.condition().and_then(|m| m.uri.as_ref());
    match uri {
        Some(uri) if uri.exact.is_some() || uri.regex.is_some() => path.len(),
        Some(uri) => uri.prefix.as_ref().map_or(1, String::len),
        None => 1,
    }
}

/// RE2 writes `\1` where this crate writes `${1}`; a dollar means nothing there.
fn go_groups(substitution: &str) -> String {
    let mut out = String::new();
    let mut chars = substitution.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(digit)) if digit.is_ascii_digit() => {
                out.push_str(&format!("${{{digit}}}"));
                chars.next();
            }
            ('\\', Some('\\')) => {
                out.push('\\');
                chars.next();
            }
            ('$', _) => out.push_str("$$"),
            _ => out.push(c),
        }
    }
    out
}

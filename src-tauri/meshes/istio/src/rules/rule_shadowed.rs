//! A rule of a VirtualService is never asked.

use std::collections::BTreeSet;

use mesh::{About, Found, Level, Rule, Subject, Typed, Words};
use serde_json::Value;
use world::said;
use world::yaml::Edit;

use crate::kinds::NETWORKING;
use crate::kinds::virtual_service::spec::{HttpMatch, StringMatch, VirtualService};
use crate::read::Index;
use crate::read::field::Field;
use crate::rules::parts::{list, pointer};

pub(crate) const RULE: Rule = Rule {
    name: "rule-shadowed",
    level: Level::Warning,
    aliases: &["IST0130"],
    what: "An earlier rule catches everything that this one would catch.",
    why: "Rules are asked in order and the first that catches a request decides, so this one does nothing.",
    fix: "Move it before the rule that hides it, or narrow that rule.",
    zh: Words {
        what: "前面的规则已经接住了这条规则能接住的一切。",
        why: "规则按顺序检查，第一条命中的决定结果，所以这条规则不起作用。",
        fix: "请把它移到遮住它的规则之前，或收窄那条规则。",
    },
    about: &[About::Document(NETWORKING, "VirtualService")],
    reads: &[("networking.istio.io", "VirtualService")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.virtual_services.subject(subject) else { return };
    for rule in covered(typed).into_iter().filter(|rule| rule.whole) {
        let by = list(rule.hidden.iter().map(|(_, by)| by).collect::<BTreeSet<_>>());
        // A rule that is never asked can go, and nothing changes.
        let fix = vec![Edit::remove(&pointer(&rule.path))];
        out.mend(rule.path, said!("{by} catches everything that this would catch", "{by} 已经接住它能接住的一切"), fix);
    }
}

/// A rule of which something is never asked.
pub(super) struct Covered {
    path: String,
    /// None of it is ever asked.
    pub whole: bool,
    /// Each match of it that is never asked, and what catches its requests.
    pub hidden: Vec<(String, String)>,
}

/// Rules with matches that earlier ones hide.
pub(super) fn covered(typed: &Typed<VirtualService>) -> Vec<Covered> {
    let all = HttpMatch::default();
    let http = typed.spec.http.iter().map(|rule| rule.matches.iter().collect::<Vec<_>>()).collect();
    let mut found = hidden("http", http, &all, covers);
    let spec = Field::of(&typed.document).get("spec");
    for kind in ["tls", "tcp"] {
        let rules: Vec<Vec<Field>> = spec.items(kind).iter().map(|rule| rule.items("match")).collect();
        let values = rules.iter().map(|matches| matches.iter().map(Field::value).collect()).collect();
        found.extend(hidden(kind, values, &Value::Null, |early, late| early.is_null() || early == late));
    }
    found
}

/// Of the rules of one kind, each a list of matches; a rule without any is `everything`.
fn hidden<'a, T>(kind: &str, rules: Vec<Vec<&'a T>>, everything: &'a T, covers: fn(&T, &T) -> bool) -> Vec<Covered> {
    let mut earlier: Vec<(String, &T)> = Vec::new();
    let mut found = Vec::new();
    for (at, matches) in rules.into_iter().enumerate() {
        let path = format!("spec.{kind}[{at}]");
        let mut own: Vec<(String, &T)> =
            matches.into_iter().enumerate().map(|(m, found)| (format!("{path}.match[{m}]"), found)).collect();
        if own.is_empty() {
            own.push((path.clone(), everything));
        }
        let (count, mut hidden) = (own.len(), Vec::new());
        for (at, one) in own {
            if let Some((by, _)) = earlier.iter().find(|(_, early)| covers(early, one)) {
                hidden.push((at.clone(), by.clone()));
            }
            earlier.push((at, one));
        }
        if !hidden.is_empty() {
            found.push(Covered { path, whole: hidden.len() == count, hidden });
        }
    }
    found
}

/// Whether every request that `late` catches is caught by `early` too. Where it cannot be told, it is not said.
fn covers(early: &HttpMatch, late: &HttpMatch) -> bool {
    let same = |a: &Option<StringMatch>, b: &Option<StringMatch>| a.is_none() || a == b;
    let within = |a: &std::collections::BTreeMap<String, StringMatch>,
                  b: &std::collections::BTreeMap<String, StringMatch>| {
        a.iter().all(|(name, of)| b.get(name) == Some(of))
    };
    path_covers(early, late)
        && same(&early.scheme, &late.scheme)
        && same(&early.method, &late.method)
        && same(&early.authority, &late.authority)
        && within(&early.headers, &late.headers)
        && within(&early.without_headers, &late.without_headers)
        && within(&early.query_params, &late.query_params)
        && (early.port.is_none() || early.port == late.port)
        && early.source_labels.iter().all(|(key, value)| late.source_labels.get(key) == Some(value))
        && (early.source_namespace.is_empty() || early.source_namespace == late.source_namespace)
        && (early.gateways.is_empty() || early.gateways == late.gateways)
}

fn path_covers(early: &HttpMatch, late: &HttpMatch) -> bool {
    let Some(wide) = &early.uri else { return true };
    if let Some(prefix) = &wide.prefix {
        let begins = |text: &String| text.starts_with(prefix.as_str()) && early.ignore_uri_case == late.ignore_uri_case;
        let narrow = late.uri.as_ref();
        return prefix == "/" || narrow.is_some_and(|n| n.prefix.as_ref().or(n.exact.as_ref()).is_some_and(begins));
    }
    late.uri.as_ref() == Some(wide) && early.ignore_uri_case == late.ignore_uri_case
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews}}]}, {match: [{uri: {prefix: /a}}], route: [{destination: {host: details}}]}]}}"#,
                    &["spec.http[1]"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{match: [{uri: {prefix: /a}}], route: [{destination: {host: reviews}}]}, {match: [{uri: {exact: /ab}, headers: {x: {exact: "1"}}}], route: [{destination: {host: details}}]}, {route: [{destination: {host: reviews}}]}]}}"#,
                    &["spec.http[1]"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{match: [{uri: {prefix: /a}, headers: {x: {exact: "1"}}}], route: [{destination: {host: reviews}}]}, {match: [{uri: {prefix: /a}}], route: [{destination: {host: details}}]}, {route: [{destination: {host: reviews}}]}]}}"#,
                    &[],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], tcp: [{route: [{destination: {host: reviews}}]}, {match: [{port: 1}], route: [{destination: {host: reviews}}]}]}}"#,
                    &["spec.tcp[1]"],
                ),
            ],
        );
    }
}

//! A rule of a VirtualService is never asked.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::yaml::Edit;

use crate::kinds::NETWORKING;
use crate::kinds::virtual_service::spec::{HttpMatch, StringMatch, VirtualService};
use crate::read::Index;

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
    let all = HttpMatch::default();
    let mut earlier: Vec<(String, &HttpMatch)> = Vec::new();
    for (at, rule) in typed.spec.http.iter().enumerate() {
        let mut own: Vec<(String, &HttpMatch)> = Vec::new();
        if rule.matches.is_empty() {
            own.push((format!("spec.http[{at}]"), &all));
        }
        own.extend(rule.matches.iter().enumerate().map(|(m, found)| (format!("spec.http[{at}].match[{m}]"), found)));
        for (path, m) in &own {
            if let Some((by, _)) = earlier.iter().find(|(_, e)| covers(e, m)) {
                let message = format!("{by} catches everything that this would catch");
                out.mend(path.clone(), message, vec![without(&typed.spec, at, path)]);
            }
        }
        earlier.extend(own);
    }
}

/// What is never asked can go, and nothing changes: the match, or the rule where it is the only one.
fn without(spec: &VirtualService, at: usize, path: &str) -> Edit {
    let only = spec.http.len() > 1 && spec.http.get(at).is_some_and(|rule| rule.matches.len() < 2);
    let path = if only { format!("spec.http[{at}]") } else { path.to_owned() };
    Edit::remove(&format!("/{}", path.replace(['.', '['], "/").replace(']', "")))
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
                    &["spec.http[1].match[0]"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{match: [{uri: {prefix: /a}}], route: [{destination: {host: reviews}}]}, {match: [{uri: {exact: /ab}, headers: {x: {exact: "1"}}}], route: [{destination: {host: details}}]}, {route: [{destination: {host: reviews}}]}]}}"#,
                    &["spec.http[1].match[0]"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{match: [{uri: {prefix: /a}, headers: {x: {exact: "1"}}}], route: [{destination: {host: reviews}}]}, {match: [{uri: {prefix: /a}}], route: [{destination: {host: details}}]}, {route: [{destination: {host: reviews}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}

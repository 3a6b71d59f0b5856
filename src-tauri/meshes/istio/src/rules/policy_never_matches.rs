//! A part of a policy can never match.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::{Said, said};

use crate::kinds::SECURITY;
use crate::kinds::authorization_policy::covers::{Covers, block_covers, host_covers, pattern_covers};
use crate::kinds::authorization_policy::value::namespace_fits;
use crate::kinds::authorization_policy::{Operation, Source};
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "policy-never-matches",
    level: Level::Warning,
    aliases: &[],
    what: "A part of the policy asks for what can never be.",
    why: "No request fits it: an ALLOW rule lets nobody in by it, a DENY rule stops nobody.",
    fix: "Remove what contradicts itself, or correct it.",
    zh: Words {
        what: "策略的一部分要求的是不可能的事。",
        why: "没有请求能符合：ALLOW 规则不会因它放行任何人，DENY 规则也拦不住任何人。",
        fix: "请删除自相矛盾的部分，或加以更正。",
    },
    about: &[About::Document(SECURITY, "AuthorizationPolicy")],
    reads: &[("security.istio.io", "AuthorizationPolicy")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.authorization_policies.subject(subject) else { return };
    if typed.spec.rules.is_empty() && typed.spec.action() != "ALLOW" {
        out.at(
            "spec",
            said!("{} without rules is about no request", "{} 没有规则，不针对任何请求", typed.spec.action()),
        );
    }
    for (at, rule) in typed.spec.rules.iter().enumerate() {
        for (n, source) in rule.from.iter().map(|f| &f.source).enumerate() {
            if let Some(why) = empty_source(source) {
                out.at(format!("spec.rules[{at}].from[{n}].source"), why);
            }
        }
        for (n, operation) in rule.to.iter().map(|to| &to.operation).enumerate() {
            if let Some(why) = empty_operation(operation) {
                out.at(format!("spec.rules[{at}].to[{n}].operation"), why);
            }
        }
        for (n, condition) in rule.when.iter().enumerate() {
            if excluded(&condition.values, &condition.not_values, pattern_covers) {
                let message = said!(
                    "notValues leaves nothing of values for {}",
                    "{} 的 notValues 排除了 values 的全部",
                    condition.key
                );
                out.at(format!("spec.rules[{at}].when[{n}]"), message);
            }
        }
    }
}

/// Whether a list with its not-form leaves nothing: each value of the first is covered by one of the second.
fn excluded(yes: &[String], no: &[String], covers: Covers) -> bool {
    !yes.is_empty() && yes.iter().all(|value| no.iter().any(|pattern| covers(pattern, value)))
}

fn first_excluded(lists: &[(&'static str, &[String], &[String], Covers)]) -> Option<Said> {
    let found = lists.iter().find(|(_, yes, no, covers)| excluded(yes, no, *covers));
    found.map(|(name, ..)| said!("its not-form leaves nothing of {name}", "{name} 的否定形式排除了它的全部"))
}

fn empty_source(source: &Source) -> Option<Said> {
    let lists: [(&'static str, &[String], &[String], Covers); 7] = [
        ("principals", &source.principals, &source.not_principals, pattern_covers),
        ("requestPrincipals", &source.request_principals, &source.not_request_principals, pattern_covers),
        ("namespaces", &source.namespaces, &source.not_namespaces, pattern_covers),
        ("serviceAccounts", &source.service_accounts, &source.not_service_accounts, pattern_covers),
        ("trustDomains", &source.trust_domains, &source.not_trust_domains, pattern_covers),
        ("ipBlocks", &source.ip_blocks, &source.not_ip_blocks, block_covers),
        ("remoteIpBlocks", &source.remote_ip_blocks, &source.not_remote_ip_blocks, block_covers),
    ];
    first_excluded(&lists).or_else(|| apart(source))
}

fn empty_operation(operation: &Operation) -> Option<Said> {
    let o = operation;
    let lists: [(&'static str, &[String], &[String], Covers); 4] = [
        ("hosts", &o.hosts, &o.not_hosts, host_covers),
        ("ports", &o.ports, &o.not_ports, pattern_covers),
        ("methods", &o.methods, &o.not_methods, pattern_covers),
        ("paths", &o.paths, &o.not_paths, pattern_covers),
    ];
    first_excluded(&lists)
}

/// Both lists must hold, and no principal is of any of the namespaces.
fn apart(source: &Source) -> Option<Said> {
    let home = |principal: &String| {
        let (_, rest) = principal.split_once("/ns/")?;
        rest.split('/').next().filter(|namespace| !namespace.contains('*')).map(str::to_owned)
    };
    let homes: Vec<String> = source.principals.iter().map(home).collect::<Option<_>>()?;
    let meet = homes.iter().any(|home| source.namespaces.iter().any(|pattern| namespace_fits(pattern, home)));
    let both = !homes.is_empty() && !source.namespaces.is_empty();
    (both && !meet).then(|| {
        (
            "none of its principals is of its namespaces, and both must hold",
            "它的 principals 都不属于它的 namespaces，而两者必须同时成立",
        )
            .into()
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/reviews], notPrincipals: ["cluster.local/ns/shop/*"]}}]}]}}"#,
                    &["spec.rules[0].from[0].source"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/reviews], namespaces: [legacy]}}]}, {to: [{operation: {methods: [GET], notMethods: ["*"]}}], when: [{key: "request.headers[x]", values: [a], notValues: [a]}]}]}}"#,
                    &["spec.rules[0].from[0].source", "spec.rules[1].to[0].operation", "spec.rules[1].when[0]"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {action: DENY}}"#,
                    &["spec"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: b, namespace: shop}, spec: {rules: [{from: [{source: {namespaces: [shop], notNamespaces: [legacy], principals: ["*/ns/shop/*"], ipBlocks: [10.0.0.0/8], notIpBlocks: [10.1.0.0/16]}}], to: [{operation: {paths: ["/a*"], notPaths: ["/a/b"]}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}

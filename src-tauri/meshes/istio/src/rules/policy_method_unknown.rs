//! A policy names a method that no request has.
//!
//! Kiali compares without case and so misses `get`; Envoy does not.
//! Upstream: istio/istio pilot/pkg/security/authz/model/generator.go, methodGenerator.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;
use world::yaml::Edit;

use crate::kinds::SECURITY;
use crate::kinds::authorization_policy::value::fits;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "policy-method-unknown",
    level: Level::Warning,
    aliases: &["KIA0102"],
    what: "The policy names an HTTP method that no request has.",
    why: "Methods are compared letter by letter, capitals included, so this entry matches nothing.",
    fix: "Write the method as requests carry it: GET, POST … For gRPC name the path instead, /package.Service/Method.",
    zh: Words {
        what: "策略写了任何请求都不会有的 HTTP 方法。",
        why: "方法逐字比较，区分大小写，因此这一项什么都匹配不到。",
        fix: "请按请求中的写法填写：GET、POST……gRPC 请改写路径：/package.Service/Method。",
    },
    about: &[About::Document(SECURITY, "AuthorizationPolicy")],
    reads: &[("security.istio.io", "AuthorizationPolicy")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.authorization_policies.subject(subject) else { return };
    for (at, rule) in typed.spec.rules.iter().enumerate() {
        for (n, operation) in rule.to.iter().map(|to| &to.operation).enumerate() {
            for (field, list) in [("methods", &operation.methods), ("notMethods", &operation.not_methods)] {
                for (m, method) in list.iter().enumerate().filter(|(_, method)| !known(method)) {
                    let path = format!("spec.rules[{at}].to[{n}].operation.{field}[{m}]");
                    let capital = method.trim().to_ascii_uppercase();
                    if known(&capital) {
                        let pointer = format!("/spec/rules/{at}/to/{n}/operation/{field}/{m}");
                        let message =
                            said!("requests say {capital}, not {method}", "请求写的是 {capital}，不是 {method}");
                        out.mend(path, message, vec![Edit::set(&pointer, capital)]);
                    } else if method.starts_with('/') {
                        out.at(
                            path,
                            said!(
                                "{method} is a path: all gRPC calls have the method POST",
                                "{method} 是路径：gRPC 调用的方法都是 POST"
                            ),
                        );
                    } else {
                        out.at(path, said!("no request has the method {method}", "没有请求使用方法 {method}"));
                    }
                }
            }
        }
    }
}

/// Those of RFC 9110 and 5789, of WebDAV and of caches.
const METHODS: [&str; 19] = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "CONNECT",
    "OPTIONS",
    "TRACE",
    "PATCH",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "REPORT",
    "SEARCH",
    "PURGE",
];

/// A method, or a pattern for one.
fn known(pattern: &str) -> bool {
    METHODS.iter().any(|method| fits(pattern, method))
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{to: [{operation: {methods: [GET, get, /a.B/C]}}, {operation: {notMethods: [FETCH]}}]}]}}"#,
                    &[
                        "spec.rules[0].to[0].operation.methods[1]",
                        "spec.rules[0].to[0].operation.methods[2]",
                        "spec.rules[0].to[1].operation.notMethods[0]",
                    ],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{to: [{operation: {methods: ["*", GET, "P*", "*T", PROPFIND]}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}

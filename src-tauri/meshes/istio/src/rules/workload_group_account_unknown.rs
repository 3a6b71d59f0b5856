//! A WorkloadGroup names a service account that is not there.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::NETWORKING;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "workload-group-account-unknown",
    level: Level::Warning,
    aliases: &["KIA1701"],
    what: "The WorkloadGroup names a service account that is not in its namespace.",
    why: "Machines that join by it ask for that identity; istiod gives none for an account that does not exist.",
    fix: "Create the account, or name one that exists.",
    zh: Words {
        what: "WorkloadGroup 写的服务账号不在它的命名空间中。",
        why: "按它加入的机器会请求这个身份；账号不存在时 istiod 不会签发。",
        fix: "请创建该账号，或写一个已有的账号。",
    },
    about: &[About::Document(NETWORKING, "WorkloadGroup")],
    reads: &[("networking.istio.io", "WorkloadGroup"), ("", "ServiceAccount")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(document) = subject.document() else { return };
    let pointer = "/spec/template/serviceAccount";
    let Some(name) = document.at(pointer).and_then(|v| v.as_str()).filter(|name| !name.is_empty()) else { return };
    let namespace = &document.key.namespace;
    // Every namespace has the account `default`.
    if name != "default" && ask.world.service_account(namespace, name).is_none() {
        out.at(
            "spec.template.serviceAccount",
            said!("{namespace} has no service account {name}", "{namespace} 没有服务账号 {name}"),
        );
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: WorkloadGroup, metadata: {name: a, namespace: shop}, spec: {template: {serviceAccount: nobody}}}"#,
                    &["spec.template.serviceAccount"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: WorkloadGroup, metadata: {name: a, namespace: shop}, spec: {template: {serviceAccount: reviews}}}
---
{apiVersion: networking.istio.io/v1, kind: WorkloadGroup, metadata: {name: b, namespace: shop}, spec: {template: {}}}"#,
                    &[],
                ),
            ],
        );
    }
}

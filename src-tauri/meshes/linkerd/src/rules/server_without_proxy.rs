//! A Server means pods that have no proxy.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::POLICY;
use crate::read::{Index, means};

pub(crate) const RULE: Rule = Rule {
    name: "linkerd-server-without-proxy",
    level: Level::Error,
    aliases: &[],
    what: "The Server selects pods without Linkerd's proxy.",
    why: "Nothing checks requests at such a pod: whoever reaches it gets in, whatever the policies of the Server say.",
    fix: "Let the proxy be injected (linkerd.io/inject: enabled) and restart the workload.",
    zh: Words {
        what: "Server 选中了没有 Linkerd 代理的 Pod。",
        why: "这些 Pod 上没有任何检查：无论策略怎么写，能到达的请求都会进入。",
        fix: "请让代理被注入（linkerd.io/inject: enabled）并重启工作负载。",
    },
    about: &[About::Document(POLICY, "Server")],
    reads: &[(POLICY, "Server"), ("", "Pod"), ("", "Namespace")],
};

pub(crate) fn check(index: &Index, subject: &Subject, out: &mut Found) {
    let Some(server) = index.servers.subject(subject) else { return };
    let key = &server.document.key;
    let pods = index.places.pods_in(&key.namespace).filter(|p| means(&server.spec, p));
    let mut bare: Vec<&str> = pods.filter(|pod| !index.is_meshed(pod)).map(|pod| pod.workload.1.as_str()).collect();
    bare.sort_unstable();
    bare.dedup();
    if !bare.is_empty() {
        out.at("spec.podSelector", said!("{} has no proxy", "{} 没有代理", bare.join(", ")));
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
                    r"{apiVersion: apps/v1, kind: Deployment, metadata: {name: bare, namespace: loyalty}, spec: {template: {metadata: {labels: {app: points}, annotations: {linkerd.io/inject: disabled}}}}}",
                    &["spec.podSelector"],
                ),
                (
                    r"{apiVersion: apps/v1, kind: Deployment, metadata: {name: bare, namespace: loyalty}, spec: {template: {metadata: {labels: {app: other}, annotations: {linkerd.io/inject: disabled}}}}}",
                    &[],
                ),
            ],
        );
    }
}

//! A pod waits for an injector that did not come.

use mesh::{About, Found, Level, Rule, Subject, Words};

use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "auto-image-in-pod",
    level: Level::Error,
    aliases: &["IST0147"],
    what: "The pod's proxy has the image auto, which only the injector replaces.",
    why: "The image does not exist: the container never starts.",
    fix: "Delete the pod once its namespace is injected, so that it is made anew.",
    zh: Words {
        what: "该 Pod 的代理镜像为 auto，只有注入器才会替换它。",
        why: "该镜像不存在，容器永远无法启动。",
        fix: "请在命名空间启用注入后删除该 Pod，使其重新创建。",
    },
    about: &[About::Pod],
    reads: &[("", "Pod")],
};

pub(crate) fn check(_: &Index, subject: &Subject, out: &mut Found) {
    let proxy = subject.pod().and_then(|pod| pod.container("istio-proxy"));
    if proxy.is_some_and(|proxy| proxy.image == "auto") {
        out.at(
            "spec.containers",
            (
                "the image of istio-proxy is still auto: the injector did not see this pod",
                "istio-proxy 的镜像仍是 auto：注入器没有处理这个 Pod",
            ),
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
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {app: a}}, spec: {containers: [{name: istio-proxy, image: auto}]}}"#,
                    &["spec.containers"],
                ),
                (
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {app: a}}, spec: {containers: [{name: app}, {name: istio-proxy, image: proxyv2}]}}"#,
                    &[],
                ),
            ],
        );
    }
}

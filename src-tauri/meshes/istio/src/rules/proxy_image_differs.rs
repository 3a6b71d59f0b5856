//! Proxies run another image than the injector would give them.

use mesh::{About, Found, Level, Rule, Subject, Words};

use world::{Labels, Pod, said, yaml};

use crate::kinds::NETWORKING;
use crate::read::Index;
use crate::read::field::Field;
use crate::rules::parts::{injector, list, mesh_config};

pub(crate) const RULE: Rule = Rule {
    name: "proxy-image-differs",
    level: Level::Warning,
    aliases: &["IST0158"],
    what: "Pods of the namespace run a proxy of another image than the injector gives out now.",
    why: "They keep the old version, with its faults, until they are made anew.",
    fix: "Restart their workloads.",
    zh: Words {
        what: "该命名空间中的 Pod 运行的代理镜像与注入器当前使用的不同。",
        why: "它们会一直使用旧版本及其缺陷，直到重新创建。",
        fix: "请重启相应的工作负载。",
    },
    about: &[About::Namespace],
    reads: &[("", "Namespace"), ("", "Pod"), ("", "ConfigMap"), ("networking.istio.io", "ProxyConfig")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(namespace) = subject.namespace() else { return };
    let revision = namespace.labels.get("istio.io/rev");
    let enabled = namespace.labels.get("istio-injection").is_some_and(|v| v == "enabled");
    let Some(revision) = revision.or(enabled.then_some("default")) else { return };
    let values = injector(ask, revision);
    let Some(image) = image(&Field::root(&values).get("global")) else { return };
    let pods = ask.places.pods_in(&namespace.name);
    let mut other: Vec<&str> = pods.filter(|pod| differs(ask, pod, &image)).map(|pod| pod.name.as_str()).collect();
    other.sort_unstable();
    if !other.is_empty() {
        let other = list(other);
        out.at("metadata.name", said!("{other} run another image than {image}", "{other} 运行的镜像不是 {image}"));
    }
}

/// Upstream: istio/istio pkg/config/analysis/analyzers/injection/injection-image.go, GetIstioProxyImage.
fn image(global: &Field) -> Option<String> {
    let name = global.get("proxy").text("image");
    let whole = || format!("{}/{name}:{}", global.text("hub"), global.text("tag"));
    global.is_set().then(|| if name.contains('/') { name.to_owned() } else { whole() })
}

fn differs(ask: &Index, pod: &Pod, image: &str) -> bool {
    let own = pod.annotations.get("sidecar.istio.io/proxyImage").is_some_and(|image| !image.is_empty());
    let Some(proxy) = pod.container("istio-proxy").filter(|_| !own) else { return false };
    proxy.image != image && proxy.image != format!("{image}-{}", flavour(ask, pod))
}

/// The kind of image that is asked for, by the mesh, the namespace, the workload or the pod; the last of them decides.
/// Upstream: pkg/config/analysis/analyzers/util/proxyconfig.go.
fn flavour(ask: &Index, pod: &Pod) -> String {
    let config = mesh_config(ask);
    let mut found = Field::root(&config).at("defaultConfig.image").text("imageType").to_owned();
    let mut take = |field: Field| {
        if !field.text("imageType").is_empty() {
            found = field.text("imageType").to_owned();
        }
    };
    for (namespace, with_selector) in [(ask.root.as_str(), false), (&pod.namespace, false), (&pod.namespace, true)] {
        for document in ask.world.documents_in(NETWORKING, "ProxyConfig", namespace) {
            let spec = Field::of(document).get("spec");
            let labels: Labels = spec.get("selector").labels("matchLabels");
            if labels.is_empty() != with_selector && mesh::selects(&labels, &pod.labels) {
                take(spec.get("image"));
            }
        }
    }
    let own = pod.annotations.get("proxy.istio.io/config").and_then(|text| yaml::value(text).ok()).unwrap_or_default();
    take(Field::root(&own).get("image"));
    found
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: v1, kind: ConfigMap, metadata: {name: istio-sidecar-injector, namespace: istio-system}, data: {values: '{"global": {"hub": "h", "tag": "2", "proxy": {"image": "proxyv2"}}}'}}
---
{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {app: a}}, spec: {containers: [{name: istio-proxy, image: "h/proxyv2:1"}]}}"#,
                    &["metadata.name"],
                ),
                (
                    r#"{apiVersion: v1, kind: ConfigMap, metadata: {name: istio-sidecar-injector, namespace: istio-system}, data: {values: '{"global": {"hub": "h", "tag": "2", "proxy": {"image": "proxyv2"}}}'}}
---
{apiVersion: networking.istio.io/v1, kind: ProxyConfig, metadata: {name: c, namespace: shop}, spec: {image: {imageType: distroless}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {app: a}}, spec: {containers: [{name: istio-proxy, image: "h/proxyv2:2"}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: q, namespace: shop, labels: {app: a}}, spec: {containers: [{name: istio-proxy, image: "h/proxyv2:2-distroless"}]}}"#,
                    &[],
                ),
            ],
        );
    }
}

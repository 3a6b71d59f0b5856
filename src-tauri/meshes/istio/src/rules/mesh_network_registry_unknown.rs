//! A network of the mesh is of a cluster that nobody knows.

use mesh::{About, Found, Level, Rule, Subject, Words};

use serde_json::Value;
use world::{said, yaml};

use crate::read::Index;
use crate::read::field::Field;

pub(crate) const RULE: Rule = Rule {
    name: "mesh-network-registry-unknown",
    level: Level::Error,
    aliases: &["IST0126"],
    what: "The mesh's networks name a registry that is neither Kubernetes nor a remote cluster.",
    why: "Endpoints of that network are not reached through its gateway.",
    fix: "Correct the name, or add the remote cluster's Secret.",
    zh: Words {
        what: "网格的网络配置引用了既非 Kubernetes 也非远程集群的注册中心。",
        why: "该网络的端点不会通过其网关访问。",
        fix: "请更正名称，或添加远程集群的 Secret。",
    },
    about: &[About::Document("", "ConfigMap")],
    reads: &[("", "ConfigMap"), ("", "Secret")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(document) = subject.document().filter(|d| d.key.name == "istio" && d.key.namespace == ask.root) else {
        return;
    };
    let networks = Field::of(document).at("data.meshNetworks");
    let read: Value = yaml::value(networks.as_text()).unwrap_or_default();
    let root = Field::root(&read);
    let remote = |name: &str| {
        let mut secrets = ask.world.documents_of("", "Secret");
        secrets.any(|s| {
            let marked = s.labels.get("istio/multiCluster").is_some_and(|v| v == "true");
            marked
                && (Field::of(s).get("data").has(name) || s.key.name.strip_prefix("istio-remote-secret-") == Some(name))
        })
    };
    for (name, network) in root.entries("networks") {
        for registry in network.items("endpoints").iter().map(|e| e.text("fromRegistry")).filter(|r| !r.is_empty()) {
            if !matches!(registry, "Mock" | "Kubernetes" | "External") && !remote(registry) {
                out.at(
                    networks.path(),
                    said!("network {name}: there is no registry {registry}", "网络 {name}：注册中心 {registry} 不存在"),
                );
            }
        }
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
                    r#"{apiVersion: v1, kind: ConfigMap, metadata: {name: istio, namespace: istio-system}, data: {meshNetworks: "networks: {n: {endpoints: [{fromRegistry: east}]}}"}}"#,
                    &["data.meshNetworks"],
                ),
                (
                    r#"{apiVersion: v1, kind: ConfigMap, metadata: {name: istio, namespace: istio-system}, data: {meshNetworks: "networks: {n: {endpoints: [{fromRegistry: east}, {fromRegistry: Kubernetes}]}}"}}
---
{apiVersion: v1, kind: Secret, metadata: {name: istio-remote-secret-east, namespace: istio-system, labels: {istio/multiCluster: "true"}}}"#,
                    &[],
                ),
            ],
        );
    }
}

//! A service sends to a port that its pods do not name.
//!
//! Kiali asks the same of numbers; neither Kubernetes nor Istio does: a container listens where it listens, whatever its manifest lists.

use mesh::{About, Found, Level, Rule, Subject, Words, target_port};
use world::{TargetPort, said};

use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "service-target-port-missing",
    level: Level::Error,
    aliases: &["KIA0701"],
    what: "The service sends to a port by a name that none of its pods gives a port.",
    why: "Kubernetes then has no address for that port: calls to it find nobody.",
    fix: "Name the port of a container so, or write its number as targetPort.",
    zh: Words {
        what: "服务按名称转发到的端口，在它的所有 Pod 中都不存在。",
        why: "这样 Kubernetes 就没有该端口的地址：对它的调用找不到任何人。",
        fix: "请给容器的端口取这个名称，或在 targetPort 中写端口号。",
    },
    about: &[About::Service],
    reads: &[("", "Service"), ("", "Pod")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(service) = subject.service() else { return };
    // The pods that workloads promise have no containers to look in.
    if ask.places.planned() {
        return;
    }
    let pods = ask.places.of_service(service);
    for (at, port) in service.ports.iter().enumerate() {
        let TargetPort::Name(name) = &port.target else { continue };
        if !pods.is_empty() && pods.iter().all(|pod| target_port(port, pod).is_none()) {
            out.at(
                format!("spec.ports[{at}].targetPort"),
                said!("no pod behind it has a port called {name}", "它后面的 Pod 都没有名为 {name} 的端口"),
            );
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
                    r#"{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop, labels: {}}, spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}, {name: http-b, port: 81, targetPort: web}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {app: web}}, spec: {containers: [{name: a, image: a, ports: [{name: web, containerPort: 8080}]}]}, status: {phase: Running}}"#,
                    &["spec.ports[0].targetPort"],
                ),
                (
                    r#"{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop, labels: {}}, spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 9999}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {app: web}}, spec: {containers: [{name: a, image: a, ports: [{name: web, containerPort: 8080}]}]}, status: {phase: Running}}"#,
                    &[],
                ),
            ],
        );
    }
}

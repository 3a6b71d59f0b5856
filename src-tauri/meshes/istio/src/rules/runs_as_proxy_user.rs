//! An application runs as the user of the proxy.

use mesh::{About, Found, Level, Rule, Subject, Words};

use world::{Container, Labels, said};

use crate::read::Index;
use crate::rules::parts::is_control_plane;

pub(crate) const RULE: Rule = Rule {
    name: "runs-as-proxy-user",
    level: Level::Warning,
    aliases: &["IST0144"],
    what: "The application runs as user 1337, which is the proxy's.",
    why: "Its own traffic is taken for the proxy's and goes round it: no mutual TLS, no policies, no routes.",
    fix: "Run the application as another user.",
    zh: Words {
        what: "应用以用户 1337 运行，而这是代理使用的用户。",
        why: "它的流量会被当作代理自己的流量而绕过代理：没有双向 TLS，没有策略，没有路由。",
        fix: "请让应用以其他用户运行。",
    },
    about: &[About::Pod, About::Workload],
    reads: &[("", "Pod"), ("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet")],
};

pub(crate) fn check(_: &Index, subject: &Subject, out: &mut Found) {
    match subject {
        Subject::Pod(pod) => tell("spec", &pod.labels, pod.run_as_user, &pod.containers, out),
        Subject::Workload(o) => tell("spec.template.spec", &o.own_labels, o.run_as_user, &o.containers, out),
        _ => {}
    }
}

fn tell(at: &str, labels: &Labels, user: Option<i64>, containers: &[Container], out: &mut Found) {
    if is_control_plane(labels) {
        return;
    }
    if user == Some(1337) {
        out.at(
            format!("{at}.securityContext.runAsUser"),
            ("the pod runs as user 1337, the proxy's", "该 Pod 以用户 1337 运行，这是代理的用户"),
        );
    }
    let ours = |c: &&Container| matches!(c.name.as_str(), "istio-proxy" | "istio-operator");
    for container in containers.iter().filter(|c| !ours(c) && c.run_as_user == Some(1337)) {
        out.at(
            format!("{at}.containers"),
            said!("{} runs as user 1337, the proxy's", "{} 以用户 1337 运行，这是代理的用户", container.name),
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
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {app: a}}, spec: {securityContext: {runAsUser: 1337}, containers: [{name: app}, {name: istio-proxy, image: p}]}}"#,
                    &["spec.securityContext.runAsUser"],
                ),
                (
                    r#"{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: shop}, spec: {template: {metadata: {labels: {app: d}}, spec: {containers: [{name: app, securityContext: {runAsUser: 1337}}]}}}}"#,
                    &["spec.template.spec.containers"],
                ),
                (
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {app: a}}, spec: {securityContext: {runAsUser: 1000}, containers: [{name: istio-proxy, image: p, securityContext: {runAsUser: 1337}}]}}"#,
                    &[],
                ),
            ],
        );
    }
}

//! Labels of a namespace contradict each other.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "several-injection-labels",
    level: Level::Warning,
    aliases: &["IST0123"],
    what: "The namespace asks for a proxy in more than one way.",
    why: "Only one of the labels decides, and which one depends on the installation.",
    fix: "Keep the label that is meant, and remove the others.",
    zh: Words {
        what: "该命名空间以多种方式要求注入代理。",
        why: "只有其中一个标签生效，而哪一个生效取决于安装方式。",
        fix: "请保留所需的标签，并删除其余标签。",
    },
    about: &[About::Namespace],
    reads: &[("", "Namespace")],
};

pub(crate) fn check(_: &Index, subject: &Subject, out: &mut Found) {
    let Some(namespace) = subject.namespace() else { return };
    let injection = namespace.labels.get("istio-injection");
    let others =
        ["istio.io/rev", "istio.io/dataplane-mode"].into_iter().filter(|_| injection.is_none_or(|v| v == "enabled"));
    let set: Vec<&str> = injection
        .map(|_| "istio-injection")
        .into_iter()
        .chain(others)
        .filter(|label| namespace.labels.contains_key(label))
        .collect();
    if namespace.name != "istio-system" && set.len() > 1 {
        out.at("metadata.labels", said!("{} are all there", "同时带有 {}", set.join(", ")));
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
                    r#"{apiVersion: v1, kind: Namespace, metadata: {name: extra, labels: {istio-injection: enabled, istio.io/rev: canary}}}"#,
                    &["metadata.labels"],
                ),
                (
                    r#"{apiVersion: v1, kind: Namespace, metadata: {name: extra, labels: {istio.io/rev: canary, istio.io/dataplane-mode: ambient}}}"#,
                    &["metadata.labels"],
                ),
                (
                    r#"{apiVersion: v1, kind: Namespace, metadata: {name: extra, labels: {istio-injection: disabled, istio.io/rev: canary}}}"#,
                    &[],
                ),
                (
                    r#"{apiVersion: v1, kind: Namespace, metadata: {name: extra, labels: {istio-injection: enabled}}}"#,
                    &[],
                ),
            ],
        );
    }
}

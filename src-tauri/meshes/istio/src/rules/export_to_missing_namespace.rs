//! An object is exported to a namespace that does not exist.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::NETWORKING;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "export-to-missing-namespace",
    level: Level::Warning,
    aliases: &["KIA0005"],
    what: "exportTo names a namespace that does not exist.",
    why: "Nobody there can use the object; if that was the only entry, nobody can.",
    fix: "Correct the name, or use . for the own namespace and * for all.",
    zh: Words {
        what: "exportTo 中写了不存在的命名空间。",
        why: "那里没有人能使用这个对象；如果只有这一项，就没有任何人能使用它。",
        fix: "请更正名称；用 . 表示自己的命名空间，用 * 表示所有命名空间。",
    },
    about: &[About::Document(NETWORKING, "VirtualService"), About::Document(NETWORKING, "DestinationRule")],
    reads: &[("networking.istio.io", "VirtualService"), ("networking.istio.io", "DestinationRule"), ("", "Namespace")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let routes = ask.virtual_services.subject(subject).map(|t| &t.spec.export_to);
    let Some(export_to) = routes.or(ask.destination_rules.subject(subject).map(|t| &t.spec.export_to)) else { return };
    for (at, to) in export_to.iter().enumerate().filter(|(_, to)| !matches!(to.as_str(), "." | "*" | "~")) {
        if ask.world.namespace(to).is_none() {
            out.at(format!("spec.exportTo[{at}]"), said!("there is no namespace {to}", "命名空间 {to} 不存在"));
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
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, exportTo: [nowhere]}}"#,
                    &["spec.exportTo[0]"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, exportTo: [., legacy]}}"#,
                    &[],
                ),
            ],
        );
    }
}

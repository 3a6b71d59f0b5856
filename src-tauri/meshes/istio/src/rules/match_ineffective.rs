//! A match of a rule is never asked.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use world::yaml::Edit;

use crate::read::Index;
use crate::rules::parts::pointer;
use crate::rules::rule_shadowed::covered;

pub(crate) const RULE: Rule = Rule {
    name: "match-ineffective",
    level: Level::Info,
    aliases: &["IST0131"],
    what: "An earlier match catches everything that this one would catch.",
    why: "The match does nothing; the rest of its rule still does.",
    fix: "Remove it, or move its rule before the one that hides it.",
    zh: Words {
        what: "前面的匹配条件已经涵盖此条件的全部请求。",
        why: "该匹配条件不起作用；同一规则的其余条件仍然有效。",
        fix: "请删除它，或把它所在的规则移到遮挡它的规则之前。",
    },
    about: &[About::Document("networking.istio.io", "VirtualService")],
    reads: &[("networking.istio.io", "VirtualService")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.virtual_services.subject(subject) else { return };
    for rule in covered(typed).into_iter().filter(|rule| !rule.whole) {
        for (path, by) in rule.hidden {
            let fix = vec![Edit::remove(&pointer(&path))];
            out.mend(path, said!("{by} catches everything that this would catch", "{by} 已经接住它能接住的一切"), fix);
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
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{match: [{uri: {prefix: /a}}], route: [{destination: {host: reviews}}]}, {match: [{uri: {prefix: /ab}}, {uri: {exact: /c}}], route: [{destination: {host: reviews}}]}]}}"#,
                    &["spec.http[1].match[0]"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], tcp: [{match: [{port: 1}, {port: 1}], route: [{destination: {host: reviews}}]}]}}"#,
                    &["spec.tcp[0].match[1]"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{match: [{uri: {prefix: /a}}], route: [{destination: {host: reviews}}]}, {match: [{uri: {prefix: /ab}}], route: [{destination: {host: reviews}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}

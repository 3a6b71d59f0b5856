//! Weights of a route do not add up to 100.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::Said;

use crate::kinds::NETWORKING;
use crate::kinds::virtual_service::words;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "weights-not-100",
    level: Level::Info,
    aliases: &["KIA1104"],
    what: "The weights add up to another sum than 100.",
    why: "They are taken as shares of their sum, so the numbers are not the percentages that they look like.",
    fix: "Write weights that add up to 100.",
    zh: Words {
        what: "各权重加起来不是 100。",
        why: "它们按各自占总和的比例计算，因此这些数字并不是看上去的百分比。",
        fix: "请让权重加起来等于 100。",
    },
    about: &[About::Document(NETWORKING, "VirtualService")],
    reads: &[("networking.istio.io", "VirtualService")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.virtual_services.subject(subject) else { return };
    for (at, rule) in typed.spec.http.iter().enumerate().filter(|(_, rule)| rule.route.len() > 1) {
        let sum: i64 = rule.route.iter().map(|r| i64::from(r.weight.max(0))).sum();
        if sum != 100 {
            let split = words::action(rule);
            let message = Said::new(
                format!("the weights add up to {sum}; requests are split {}", split.en),
                format!("各权重加起来是 {sum}；请求按 {} 拆分", split.zh),
            );
            out.at(format!("spec.http[{at}].route"), message);
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
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews}, weight: 10}, {destination: {host: details}, weight: 30}]}]}}"#,
                    &["spec.http[0].route"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews}, weight: 60}, {destination: {host: details}, weight: 40}]}, {route: [{destination: {host: details}, weight: 1}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}

//! Weights of a route do not add up to 100.

use mesh::{Finding, Level, Rule};

use crate::kinds::virtual_service::words;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "weights-not-100",
    level: Level::Info,
    aliases: &["KIA1104"],
    what: "The weights add up to another sum than 100.",
    why: "They are taken as shares of their sum, so the numbers are not the percentages that they look like.",
    fix: "Write weights that add up to 100.",
    reads: &[("networking.istio.io", "VirtualService")],
};

pub(crate) fn check(index: &Index, out: &mut Vec<Finding>) {
    for typed in &index.virtual_services {
        for (at, rule) in typed.spec.http.iter().enumerate().filter(|(_, rule)| rule.route.len() > 1) {
            let sum: i64 = rule.route.iter().map(|r| i64::from(r.weight.max(0))).sum();
            if sum != 100 {
                let message = format!("the weights add up to {sum}; requests are split {}", words::action(rule));
                out.push(RULE.at(&typed.document.key, format!("spec.http[{at}].route"), message));
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

//! A route fails or delays requests on purpose.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::yaml::Edit;
use world::{Said, said};

use crate::kinds::NETWORKING;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "fault-injected",
    level: Level::Info,
    aliases: &[],
    what: "The route fails or delays requests on purpose.",
    why: "What is left of a trial looks like an outage to everybody else.",
    fix: "Remove the fault when the trial is over.",
    zh: Words {
        what: "路由会故意让请求失败或变慢。",
        why: "试验留下的设置在其他人看来就是故障。",
        fix: "试验结束后请删除 fault。",
    },
    about: &[About::Document(NETWORKING, "VirtualService")],
    reads: &[("networking.istio.io", "VirtualService")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.virtual_services.subject(subject) else { return };
    for (at, rule) in typed.spec.http.iter().enumerate() {
        let Some(fault) = &rule.fault else { continue };
        let abort = fault.abort.as_ref().map(|a| (a.percentage.map_or(100.0, |p| p.value), ("fail", "失败")));
        let delay = fault
            .delay
            .as_ref()
            .map(|d| (d.percentage.map_or(d.percent.unwrap_or(100.0), |p| p.value), ("wait", "变慢")));
        let said: Vec<Said> = [abort, delay]
            .into_iter()
            .flatten()
            .filter(|(share, _)| *share > 0.0)
            .map(|(share, (en, zh))| said!("{share} % of its requests {en}", "{share} % 的请求会{zh}"))
            .collect();
        if !said.is_empty() {
            let fix = vec![Edit::remove(&format!("/spec/http/{at}/fault"))];
            out.mend(format!("spec.http[{at}].fault"), Said::list(&said), fix);
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
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{fault: {abort: {httpStatus: 503, percentage: {value: 10}}}, route: [{destination: {host: reviews}}]}]}}"#,
                    &["spec.http[0].fault"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{fault: {abort: {httpStatus: 503, percentage: {value: 0}}}, route: [{destination: {host: reviews}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}

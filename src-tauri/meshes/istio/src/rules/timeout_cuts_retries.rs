//! A timeout ends before the retries do.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::NETWORKING;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "timeout-cuts-retries",
    level: Level::Info,
    aliases: &[],
    what: "The timeout of the route ends before its retries can.",
    why: "The timeout counts all attempts together: the last ones never happen, or are cut short.",
    fix: "Raise the timeout above attempts times perTryTimeout, or lower one of them.",
    zh: Words {
        what: "路由的超时早于它的重试结束。",
        why: "超时把所有尝试合在一起计：最后几次不会发生，或被中途切断。",
        fix: "请把超时提高到 attempts 乘 perTryTimeout 之上，或降低其中之一。",
    },
    about: &[About::Document(NETWORKING, "VirtualService")],
    reads: &[("networking.istio.io", "VirtualService")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.virtual_services.subject(subject) else { return };
    for (at, rule) in typed.spec.http.iter().enumerate() {
        let Some(retries) = &rule.retries else { continue };
        let limits = rule
            .timeout
            .as_deref()
            .and_then(milliseconds)
            .zip(retries.per_try_timeout.as_deref().and_then(milliseconds));
        let Some((all, each)) = limits.filter(|(all, each)| *all > 0.0 && *each > 0.0) else { continue };
        // The first try comes before the retries.
        let tries = f64::from(retries.attempts) + 1.0;
        if retries.attempts > 0 && each * tries > all {
            let (all, each) =
                (rule.timeout.as_deref().unwrap_or_default(), retries.per_try_timeout.as_deref().unwrap_or_default());
            out.at(
                format!("spec.http[{at}].timeout"),
                said!(
                    "{tries} tries of {each} do not fit into {all}",
                    "{tries} 次尝试，每次 {each}，在 {all} 内做不完"
                ),
            );
        }
    }
}

/// `1m30s`, `1.5s`, `500ms` as Go writes them; `None` for what is none.
fn milliseconds(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut sum = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, tail) = after.split_at(letters);
        let factor = match unit {
            "h" => 3_600_000.0,
            "m" => 60_000.0,
            "s" => 1000.0,
            "ms" => 1.0,
            _ => return None,
        };
        sum += number.parse::<f64>().ok()? * factor;
        rest = tail;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{timeout: 2s, retries: {attempts: 3, perTryTimeout: 1s}, route: [{destination: {host: reviews}}]}]}}"#,
                    &["spec.http[0].timeout"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{timeout: 4s, retries: {attempts: 3, perTryTimeout: 1s}, route: [{destination: {host: reviews}}]}, {timeout: 1s, retries: {attempts: 3}, route: [{destination: {host: reviews}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}

//! What a gate asks of Prometheus: a query with placeholders, and what it gave.

use world::Said;

use crate::Plan;
use crate::plan::duration;

/// Stands for the version that is asked of.
pub(crate) const VERSION: &str = "{{version}}";
/// Stands for the time between two looks.
pub(crate) const INTERVAL: &str = "{{interval}}";
/// Those that are known.
const PLACEHOLDERS: [&str; 4] = ["{{namespace}}", "{{service}}", VERSION, INTERVAL];

/// What a query gave, for each version a number or why there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Of the canary; of the whole, where the query names no version.
    pub canary: Result<f64, Said>,
    /// Of the stable version, where it was asked.
    pub stable: Option<Result<f64, Said>>,
}

/// The query of a gate for one version of a plan: the service's namespace and name, the version as the plan names it, and the time between
/// two looks. None of these can leave a string of PromQL, for names of Kubernetes have no quotes.
///
/// `None` where one of them has.
pub fn fill(query: &str, plan: &Plan, version: &str) -> Option<String> {
    let is_plain = |text: &&str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    let interval = duration::write(plan.interval);
    let values =
        [&plan.service.namespace, &plan.service.name, version, &interval].map(|value| Some(value).filter(is_plain));
    let mut filled = query.to_owned();
    for (placeholder, value) in PLACEHOLDERS.iter().zip(values) {
        if filled.contains(placeholder) {
            filled = filled.replace(placeholder, value?);
        }
    }
    Some(filled)
}

/// Whether a query has a placeholder that is not known.
pub(crate) fn unknown_placeholder(query: &str) -> bool {
    let rest = PLACEHOLDERS.iter().fold(query.to_owned(), |rest, placeholder| rest.replace(placeholder, ""));
    rest.contains("{{") || rest.contains("}}")
}

/// A number whose size nobody knows before, with four digits that count.
pub(crate) fn figure(value: f64) -> String {
    let size = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    let digits = (3 - size).clamp(0, 12) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::PLAN;

    #[test]
    fn placeholders_are_filled_in_and_nothing_else() {
        let mut plan = Plan::read(PLAN).unwrap();
        let query = "sum(rate(x{ns=\"{{namespace}}\",s=\"{{service}}\",v=\"{{version}}\"}[{{interval}}])) by (a)";
        let filled = fill(query, &plan, "v2").unwrap();
        let (namespace, service) = (&plan.service.namespace, &plan.service.name);
        assert_eq!(filled, format!("sum(rate(x{{ns=\"{namespace}\",s=\"{service}\",v=\"v2\"}}[10s])) by (a)"));
        assert_eq!(fill("up", &plan, "a\"}"), Some("up".to_owned()));
        plan.service.name = "a\"} or vector(1) or up{b=\"".into();
        assert_eq!(fill(query, &plan, "v2"), None);
        assert!(unknown_placeholder("{{x}}") && unknown_placeholder("up{{") && !unknown_placeholder(query));
    }

    #[test]
    fn figures_of_every_size() {
        for (value, text) in
            [(0.0, "0"), (1.0, "1"), (-2.5, "-2.5"), (0.000_123_456, "0.0001235"), (123_456.7, "123457")]
        {
            assert_eq!(figure(value), text);
        }
    }
}

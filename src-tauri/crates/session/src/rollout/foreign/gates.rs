//! A plan's gates as what other controllers ask of a Prometheus: Istio's own metrics, or a query as the plan has it.

use std::time::Duration;

use rollout::{Gate, Metric, Plan, Said, fill, span};
use serde_json::{Value, json};
use signals::promql::{BUCKETS, Place, REQUESTS};

use super::write::gate_words;
use crate::Session;
use crate::prometheus::Which;

/// Shorter than this a rate misses what is scraped twice a minute.
const SHORTEST: Duration = Duration::from_secs(60);

/// A Prometheus as a controller in the cluster reaches it.
pub(super) struct Server {
    pub address: String,
    /// Label matchers that narrow its answers to this cluster.
    only: String,
    /// What a controller has to be given besides.
    pub wants: Vec<(&'static str, &'static str)>,
}

/// Which series are of a version: label matchers.
pub(super) struct Series {
    pub canary: String,
    pub stable: String,
}

/// What is asked at each look.
pub(super) struct Check {
    /// A name that objects may have.
    pub name: String,
    pub query: String,
    pub min: Option<f64>,
    pub max: Option<f64>,
    /// How long after a step it reads nothing of before.
    pub ripe: Duration,
}

impl Check {
    /// Its bounds on a figure, as an expression.
    pub fn holds(&self, figure: &str) -> String {
        let min = self.min.map(|min| format!("{figure} >= {min}"));
        let max = self.max.map(|max| format!("{figure} <= {max}"));
        min.into_iter().chain(max).collect::<Vec<_>>().join(" && ")
    }

    /// Its bounds as fields.
    pub fn range(&self) -> Value {
        let bounds = [("min", self.min), ("max", self.max)];
        bounds.into_iter().filter_map(|(name, bound)| Some((name.to_owned(), json!(bound?)))).collect()
    }
}

impl Session {
    /// The Prometheus that the gates of a plan may ask, or why there is none.
    pub(super) async fn foreign_server(&self) -> Result<Server, Said> {
        let standing = self.prometheus_looked().await;
        if let Some(because) = standing.because() {
            return Err(because);
        }
        let only = standing.chosen.only.clone();
        let url = |place: &Place| Server { address: place.url(), only: only.clone(), wants: Vec::new() };
        match &standing.chosen.which {
            Which::Address { url, authority, token } => {
                let token = token.then_some((
                    "its Prometheus wants a token: give the controller a Secret with one",
                    "它的 Prometheus 需要令牌：请给控制器一个含令牌的 Secret",
                ));
                let trusts = !authority.is_empty();
                let authority = trusts.then_some((
                    "its Prometheus has an authority of its own, which the controller has to trust",
                    "它的 Prometheus 使用自有的证书颁发机构，控制器须信任它",
                ));
                Ok(Server { address: url.clone(), only, wants: token.into_iter().chain(authority).collect() })
            }
            Which::Service { namespace, name, port } => {
                let known = standing.found.iter().find(|place| place.namespace == *namespace && place.name == *name);
                let kind = known.map_or(signals::promql::Kind::Prometheus, |place| place.kind);
                Ok(url(&Place { kind, namespace: namespace.clone(), name: name.clone(), port: *port }))
            }
            Which::Found | Which::Nobody => {
                let none = ("none was found in this cluster", "此集群中没有找到");
                standing.found.first().map(url).ok_or_else(|| none.into())
            }
        }
    }
}

/// How far back a look of a plan asks.
pub(super) fn window(plan: &Plan) -> Duration {
    plan.interval.max(SHORTEST)
}

/// How long a gate as it is written here reads what was before a step: as far as its query reaches back, and as late as its samples come.
pub(super) fn ripe(gate: &Gate, plan: &Plan) -> Duration {
    match gate.metric {
        Metric::Promql => gate.ripe(plan),
        Metric::SuccessRate | Metric::P50 | Metric::P99 => window(plan).saturating_add(plan.lag),
    }
}

/// The gates as checks; what of them cannot be asked is lost.
pub(super) fn checks(plan: &Plan, server: &Server, series: &Series, lost: &mut Vec<Said>) -> Vec<Check> {
    let mut checks = Vec::new();
    for (place, gate) in plan.gates.iter().enumerate() {
        let Some((canary, stable)) = asked(gate, plan, server, series) else {
            let gate = gate_words(gate);
            let en = format!("the gate “{gate}” is left out: a name cannot be part of its query");
            lost.push(Said::new(en, format!("条件“{gate}”被略去：某个名称不能写进它的查询")));
            continue;
        };
        let word = match gate.metric {
            Metric::SuccessRate => "success-rate",
            Metric::P50 => "p50",
            Metric::P99 => "p99",
            Metric::Promql => "query",
        };
        let name = format!("{}-gate-{}-{word}", plan.service.name, place + 1);
        let ripe = ripe(gate, plan);
        if let Some(over) = gate.over {
            let worse = if gate.metric == Metric::SuccessRate { (&stable, &canary) } else { (&canary, &stable) };
            let query = format!("vector(scalar({}) - scalar({}))", worse.0, worse.1);
            checks.push(Check { name: format!("{name}-over-stable"), query, min: None, max: Some(over), ripe });
        }
        if gate.min.is_some() || gate.max.is_some() {
            checks.push(Check { name, query: canary, min: gate.min, max: gate.max, ripe });
        }
        if gate.metric == Metric::Promql && gate.is_of_version() {
            let (gate, stable, canary) = (gate_words(gate), &plan.stable, &plan.canary);
            lost.push(Said::new(
                format!("the query of the gate “{gate}” tells the versions apart by {stable} and {canary}, as the plan names them: their pods have to do so too"),
                format!("条件“{gate}”的查询按计划中的名称 {stable} 与 {canary} 区分版本：它们的 Pod 也须如此"),
            ));
        }
    }
    checks
}

/// What is asked of the new version, and the same of the stable one.
fn asked(gate: &Gate, plan: &Plan, server: &Server, series: &Series) -> Option<(String, String)> {
    if gate.metric == Metric::Promql {
        return Some((fill(&gate.query, plan, &plan.canary)?, fill(&gate.query, plan, &plan.stable)?));
    }
    let over = span(window(plan));
    let of = |series: &str, also: &str| {
        let matchers = [r#"reporter="destination""#, series, also, &server.only];
        let matchers: Vec<&str> = matchers.into_iter().filter(|one| !one.is_empty()).collect();
        format!("{{{}}}[{over}]", matchers.join(","))
    };
    let figure = |series: &str| match gate.metric {
        Metric::SuccessRate => {
            let (all, failed) = (of(series, ""), of(series, r#"response_code=~"5..""#));
            // Where none failed there is no such series.
            format!("100 * (1 - (sum(rate({REQUESTS}{failed})) or vector(0)) / sum(rate({REQUESTS}{all})))")
        }
        metric => {
            let quantile = if metric == Metric::P50 { 0.5 } else { 0.99 };
            format!("histogram_quantile({quantile}, sum by (le) (rate({BUCKETS}{})))", of(series, ""))
        }
    };
    // Too few requests tell nothing: then there is no answer.
    let fewest = f64::from(plan.min_requests) * window(plan).as_secs_f64() / plan.interval.as_secs_f64();
    let enough = format!("and sum(increase({REQUESTS}{})) >= {fewest:.0}", of(&series.canary, ""));
    Some((format!("({}) {enough}", figure(&series.canary)), figure(&series.stable)))
}

//! Rules over traffic that was seen: each request is decided once, and what becomes of it is looked at. One file a finding, one line here.
//!
//! They know no mesh: the verdict says which object decided. Where nothing was seen, nothing is known: that is said, and is not quiet.

mod callers_denied;
mod plaintext_callers_refused;
mod traffic_lost;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use world::{ObjectKey, Said, said};

use crate::{
    Caller, Finding, Findings, Observed, Outcome, Ready, Request, Resolved, Rule, Target, Unknown, Verdict, effect,
};

/// Whether what became of a request is what a rule is about.
type Holds = fn(&Verdict) -> bool;

/// Every rule, with the verdicts that it is about.
static ALL: &[(&Rule, Holds)] = &[
    (&callers_denied::RULE, callers_denied::holds),
    (&plaintext_callers_refused::RULE, plaintext_callers_refused::holds),
    (&traffic_lost::RULE, traffic_lost::holds),
];

/// The rules.
pub(crate) fn rules() -> impl Iterator<Item = &'static Rule> + Clone {
    ALL.iter().map(|(rule, _)| *rule)
}

/// Where something happens to requests, with why, and whom it happens to.
type Places = BTreeMap<(usize, ObjectKey, String), (Said, BTreeSet<String>)>;

impl Ready {
    /// What this world does to traffic that was seen.
    pub fn check_seen(&self, observed: &[Observed]) -> Findings {
        let mut places = Places::new();
        let mut hidden = 0;
        for seen in observed {
            let verdict = self.explain(&seen.request);
            hidden += usize::from(verdict.outcome == Outcome::Unknown);
            let Some(at) = ALL.iter().position(|(_, holds)| holds(&verdict)) else { continue };
            let Some((object, path, because)) = self.place(&verdict, &seen.request) else { continue };
            let (_, callers) = places.entry((at, object, path)).or_insert((because, BTreeSet::new()));
            callers.insert(edge(&seen.request));
        }
        let said = |((at, object, path), (because, edges)): ((usize, ObjectKey, String), (Said, BTreeSet<String>))| {
            let (rule, _) = ALL.get(at)?;
            let message = Said::of(listed(&edges), because);
            Some(Arc::new(Finding { rule: rule.name, level: rule.level, object, path, message, fix: Vec::new() }))
        };
        let mut findings: Vec<Arc<Finding>> = places.into_iter().filter_map(said).collect();
        findings.sort_by(|a, b| a.order(b));
        self.heard(Findings { findings, unknown: unknown(observed.len(), hidden), silenced: Vec::new() })
    }

    /// The object and field that decide, and why; the service that is asked for, where no object of a mesh does.
    fn place(&self, verdict: &Verdict, request: &Request) -> Option<(ObjectKey, String, Said)> {
        let last = verdict.trace.last().map(|step| step.because.clone()).unwrap_or_default();
        if let Some(step) = effect::deciding(verdict) {
            return Some((step.object.clone()?, step.path.clone().unwrap_or_default(), step.because.clone()));
        }
        let home = match &request.from {
            Caller::Workload { namespace, .. } | Caller::ServiceAccount { namespace, .. } => namespace.as_str(),
            Caller::Outside { .. } => "",
        };
        match self.places().resolve(&Target::of(request)?.host, home) {
            Resolved::Service(service) => {
                Some((ObjectKey::new("", "Service", &service.namespace, &service.name), "spec".into(), last))
            }
            _ => None,
        }
    }
}

fn unknown(seen: usize, hidden: usize) -> Vec<Unknown> {
    let because = match (seen, hidden) {
        (0, _) => Said::from(("no traffic was seen", "没有看到流量")),
        (_, 0) => return Vec::new(),
        (seen, hidden) => said!(
            "what becomes of {hidden} of {seen} requests that were seen cannot be known",
            "看到的 {seen} 个请求中有 {hidden} 个的结果无法得知"
        ),
    };
    rules().map(|rule| Unknown { about: rule.name.into(), because: because.clone() }).collect()
}

/// `shop/productpage-v1 → reviews.shop:9080`
fn edge(request: &Request) -> String {
    let from = match &request.from {
        Caller::Workload { namespace, workload } => format!("{namespace}/{workload}"),
        Caller::ServiceAccount { namespace, service_account } => format!("{namespace}/{service_account}"),
        Caller::Outside { ip } => ip.clone(),
    };
    let to =
        Target::of(request).map_or_else(|| request.url.clone(), |target| format!("{}:{}", target.host, target.port));
    format!("{from} → {to}")
}

fn listed(edges: &BTreeSet<String>) -> Said {
    const SHOWN: usize = 3;
    let names: Vec<&str> = edges.iter().take(SHOWN).map(String::as_str).collect();
    let more = edges.len().saturating_sub(SHOWN);
    match names.join(", ") {
        names if more == 0 => names.into(),
        names => said!("{names} and {more} more", "{names} 以及另外 {more} 条"),
    }
}

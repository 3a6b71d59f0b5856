//! What ztunnel makes of policies. It sees connections alone: rules for requests are lost on their way to it.
//!
//! istiod turns each policy into rules for connections (istio/istio pilot/pkg/serviceregistry/ambient/authorization.go,
//! convertAuthorizationPolicy and handleRule); ztunnel compares them (istio/ztunnel src/rbac.rs, Authorization::matches).

use world::{Labels, ObjectKey, Said, said};

use super::{Admission, Arriving, Holds, all, any, in_force, is_account, lists, lists_of_addresses};
use crate::kinds::Typed;
use crate::kinds::authorization_policy::value::{block_holds, fits, principal_fits};
use crate::kinds::authorization_policy::{AuthorizationPolicy, Condition, Operation, Rule, Source, dry_run};
use crate::read::Index;

/// A rule that does not hold as it is written, because ztunnel sees no requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loss {
    /// The policy.
    pub key: ObjectKey,
    /// The rule, or the field of the policy.
    pub path: String,
    /// What is lost and what that makes of the rule.
    pub because: Said,
}

/// Whether ztunnel lets a connection into a workload: DENY, then ALLOW. Upstream: istio/ztunnel src/state.rs, assert_rbac.
pub(crate) fn admit(index: &Index, namespace: &str, labels: &Labels, request: &Arriving) -> Admission {
    let policies: Vec<_> = reaching(index, namespace, labels).collect();
    let of = |action: &'static str| policies.iter().copied().filter(move |typed| typed.spec.action() == action);
    let held = |typed: &Typed<AuthorizationPolicy>, wanted: Holds| {
        let home = &typed.document.key.namespace;
        let widens = typed.spec.action() == "DENY";
        let mut rules = typed.spec.rules.iter();
        let at = rules.position(|rule| rule_holds(rule, request, widens, home) == wanted)?;
        Some((typed.document.key.clone(), format!("spec.rules[{at}]")))
    };
    if let Some((key, path)) = of("DENY").find_map(|typed| held(typed, Some(true))) {
        return Admission::Denied(key, path);
    }
    let unknown = |(key, path): (ObjectKey, String)| {
        Admission::Unknown(key, said!("{path} asks for an address that is not known", "{path} 要求的地址未知"))
    };
    if let Some(place) = of("DENY").find_map(|typed| held(typed, None)) {
        return unknown(place);
    }
    let Some(first) = of("ALLOW").next() else { return Admission::Allowed(None) };
    if let Some(place) = of("ALLOW").find_map(|typed| held(typed, Some(true))) {
        return Admission::Allowed(Some(place));
    }
    match of("ALLOW").find_map(|typed| held(typed, None)) {
        Some(place) => unknown(place),
        None => Admission::NotAllowed(first.document.key.clone(), "spec.rules".into()),
    }
}

/// The policies that reach ztunnel for a workload. Those with targets are for waypoints; CUSTOM and AUDIT it does not know; those that only report
/// are not sent to it unless istiod is told to, and then it only reports.
fn reaching<'a>(
    index: &'a Index,
    namespace: &'a str,
    labels: &'a Labels,
) -> impl Iterator<Item = &'a Typed<AuthorizationPolicy>> {
    in_force(index, namespace, labels).filter(|t| !dry_run(&t.document) && matches!(t.spec.action(), "ALLOW" | "DENY"))
}

/// What of the policies of a workload does not hold at ztunnel.
pub(crate) fn losses(index: &Index, namespace: &str, labels: &Labels) -> Vec<Loss> {
    in_force(index, namespace, labels).filter(|t| !dry_run(&t.document)).flat_map(losses_of).collect()
}

/// What of one policy does not hold at ztunnel.
pub(crate) fn losses_of(typed: &Typed<AuthorizationPolicy>) -> Vec<Loss> {
    let key = &typed.document.key;
    let loss = |path: String, because: Said| Loss { key: key.clone(), path, because };
    let action = typed.spec.action();
    if !matches!(action, "ALLOW" | "DENY") {
        return vec![loss(
            "spec.action".into(),
            said!(
                "ztunnel knows no {action}, so {} has no effect",
                "ztunnel 不支持 {action}，因此 {} 不起作用",
                key.name
            ),
        )];
    }
    let widens = action == "DENY";
    let told = |(at, rule): (usize, &Rule)| {
        let lost = requests(rule);
        if lost.is_empty() {
            return None;
        }
        let (en, zh) = match (widens, is_dead(rule)) {
            (false, _) => ("so the rule is left out", "因此忽略这条规则"),
            (true, true) => ("so the rule never holds", "因此这条规则永远不成立"),
            (true, false) => {
                ("so the rule holds without them, for more than is written", "因此规则少了它们也成立，范围比所写的更大")
            }
        };
        let lost = lost.join(", ");
        let because =
            said!("ztunnel sees no requests, and so no {lost}: {en}", "ztunnel 看不到请求，也就看不到 {lost}：{zh}");
        Some(loss(format!("spec.rules[{at}]"), because))
    };
    typed.spec.rules.iter().enumerate().filter_map(told).collect()
}

/// Fields of a rule that only requests have. Upstream: httpOperations, httpSources, l4WhenAttributes.
fn requests(rule: &Rule) -> Vec<&str> {
    let operation = |o: &Operation| {
        let lists = [
            ("hosts", o.hosts.len()),
            ("notHosts", o.not_hosts.len()),
            ("methods", o.methods.len()),
            ("notMethods", o.not_methods.len()),
            ("paths", o.paths.len()),
            ("notPaths", o.not_paths.len()),
        ];
        lists.into_iter().filter(|(_, count)| *count > 0).map(|(name, _)| name)
    };
    let source = |s: &Source| {
        let lists = [
            ("remoteIpBlocks", s.remote_ip_blocks.len()),
            ("notRemoteIpBlocks", s.not_remote_ip_blocks.len()),
            ("requestPrincipals", s.request_principals.len()),
            ("notRequestPrincipals", s.not_request_principals.len()),
        ];
        lists.into_iter().filter(|(_, count)| *count > 0).map(|(name, _)| name)
    };
    let when = rule.when.iter().map(|c| c.key.as_str()).filter(|key| !CONNECTION_KEYS.contains(key));
    let of_to = rule.to.iter().flat_map(|to| operation(&to.operation));
    let of_from = rule.from.iter().flat_map(|from| source(&from.source));
    let mut all: Vec<&str> = of_to.chain(of_from).chain(when).collect();
    all.sort_unstable();
    all.dedup();
    all
}

const CONNECTION_KEYS: [&str; 5] =
    ["source.ip", "source.namespace", "source.principal", "destination.ip", "destination.port"];

/// Whether one of its parts says nothing that a connection has: then it never holds.
fn is_dead(rule: &Rule) -> bool {
    // No request is compared: whether anything is said does not depend on it.
    let nobody = Arriving { principal: None, tcp: true, ..Arriving::default() };
    let silent_to = !rule.to.is_empty() && rule.to.iter().all(|to| said(&operation(&to.operation, &nobody)) == 0);
    let silent_from =
        !rule.from.is_empty() && rule.from.iter().all(|from| said(&source(&from.source, &nobody, "")) == 0);
    silent_to || silent_from || rule.when.iter().any(|c| said(&[condition(c, &nobody)]) == 0)
}

/// Its parts hold each. In an ALLOW a field of a request voids the whole rule; in a DENY it is left out, and what is then empty never holds.
fn rule_holds(rule: &Rule, request: &Arriving, widens: bool, home: &str) -> Holds {
    if !widens && !requests(rule).is_empty() {
        return Some(false);
    }
    let to = part(rule.to.iter().map(|to| matching(&operation(&to.operation, request))));
    let from = part(rule.from.iter().map(|from| matching(&source(&from.source, request, home))));
    let when = rule.when.iter().map(|c| matching(&[condition(c, request)]));
    all([to, from].into_iter().chain(when))
}

/// One match of a part must hold; a part that is not there holds.
fn part(matches: impl Iterator<Item = Holds>) -> Holds {
    let mut matches = matches.peekable();
    if matches.peek().is_none() { Some(true) } else { any(matches) }
}

/// A field that is compared, or `None` where nothing is said.
type Field = Option<Holds>;

fn said(fields: &[Field]) -> usize {
    fields.iter().flatten().count()
}

/// Every field that is said must hold; a match that says nothing never does. Upstream: istio/ztunnel src/rbac.rs, RbacMatch::is_empty.
fn matching(fields: &[Field]) -> Holds {
    if said(fields) == 0 { Some(false) } else { all(fields.iter().flatten().copied()) }
}

fn field(yes: &[String], no: &[String], fits: impl Fn(&str) -> bool) -> Field {
    (!yes.is_empty() || !no.is_empty()).then(|| Some(lists(yes, no, fits)))
}

/// Values that are no number are dropped before anything is compared.
fn ports(yes: &[String], no: &[String], port: u16) -> Field {
    let numbers =
        |all: &[String]| -> Vec<String> { all.iter().filter(|p| p.parse::<u16>().is_ok()).cloned().collect() };
    field(&numbers(yes), &numbers(no), |p| p.parse() == Ok(port))
}

/// As for ports: what is no block of addresses is dropped.
fn blocks(yes: &[String], no: &[String], ip: &str) -> Field {
    let is_block = |block: &&String| block.split('/').next().is_some_and(|base| block_holds(block, base));
    let valid = |all: &[String]| -> Vec<String> { all.iter().filter(is_block).cloned().collect() };
    let (yes, no) = (valid(yes), valid(no));
    (!yes.is_empty() || !no.is_empty()).then(|| lists_of_addresses(&yes, &no, ip))
}

fn operation(o: &Operation, request: &Arriving) -> Vec<Field> {
    vec![ports(&o.ports, &o.not_ports, request.port)]
}

/// Trust domains alone are never compared: istiod does not send them.
fn source(s: &Source, request: &Arriving, home: &str) -> Vec<Field> {
    let principal = request.principal.as_deref();
    vec![
        field(&s.principals, &s.not_principals, |v| principal.is_some_and(|p| principal_fits(v, p))),
        field(&s.namespaces, &s.not_namespaces, |v| is_namespace(v, principal)),
        field(&s.service_accounts, &s.not_service_accounts, |v| is_account(v, principal, home)),
        blocks(&s.ip_blocks, &s.not_ip_blocks, request.ip),
    ]
}

/// A star stands at an end alone, other than at a sidecar. Upstream: stringToMatch.
fn is_namespace(pattern: &str, principal: Option<&str>) -> bool {
    principal.and_then(|p| p.split('/').nth(2)).is_some_and(|namespace| fits(pattern, namespace))
}

fn condition(condition: &Condition, request: &Arriving) -> Field {
    let Condition { key, values, not_values } = condition;
    let principal = request.principal.as_deref();
    match key.as_str() {
        "source.ip" => blocks(values, not_values, request.ip),
        "destination.ip" => blocks(values, not_values, request.destination_ip),
        "destination.port" => ports(values, not_values, request.port),
        "source.namespace" => field(values, not_values, |v| is_namespace(v, principal)),
        "source.principal" => field(values, not_values, |v| principal.is_some_and(|p| principal_fits(v, p))),
        _ => None,
    }
}

//! Whether policies let a request into a workload.

mod custom;
pub(crate) mod waypoint;
pub(crate) mod ztunnel;

use mesh::selects;
use world::{Labels, ObjectKey, Said, said};

use custom::{Asked, Asker};

use super::value::{block_holds, header_fits, host_fits, is_principal, namespace_fits, path_fits};
use super::{AuthorizationPolicy, Condition, Operation, Rule, Source, dry_run};
use crate::kinds::Typed;
use crate::kinds::request_authentication::token::Claims;
use crate::kinds::sidecar::Scope;
use crate::kinds::target::names;
use crate::read::Index;
use crate::read::headers::{Headers, PROTO, Value};
use crate::read::settings::Settings;

/// A request as the proxy of the workload sees it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arriving<'a> {
    /// `cluster.local/ns/a/sa/b` of the caller's certificate; `None` for plaintext.
    pub principal: Option<String>,
    /// Address of the peer; empty where it is not known.
    pub ip: &'a str,
    /// The last address of `x-forwarded-for`, which sidecars trust, else the peer's.
    pub remote_ip: &'a str,
    pub method: &'a str,
    /// Host and port as sent or rewritten.
    pub authority: &'a str,
    /// Normalised, without query.
    pub path: &'a str,
    pub query: Option<&'a str>,
    /// Headers after the caller's proxy changed them.
    pub headers: Headers<'a>,
    /// Port of the pod.
    pub port: u16,
    /// Address of the pod.
    pub destination_ip: &'a str,
    /// Server name that the caller's proxy asks for; `None` for plaintext.
    pub sni: Option<String>,
    /// The mesh's own settings, for the names of its trust domain.
    pub settings: Option<&'a Settings>,
    /// What the end user's token says; `None` without one.
    pub claims: Option<&'a Claims>,
    /// The port takes bytes, not requests: fields of requests mean nothing there.
    pub tcp: bool,
}

/// What policies say of a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Admission {
    /// It may come in: the policy and rule that allows it, or none where no policy is about this workload.
    Allowed(Option<(ObjectKey, String)>),
    /// A rule of a DENY policy names it.
    Denied(ObjectKey, String),
    /// ALLOW policies are in force, and no rule of theirs names it. The first of them.
    NotAllowed(ObjectKey, String),
    /// The authorizer whom a rule names does not answer: the status that callers see then.
    Failed(ObjectKey, String, u16),
    /// Somebody else decides.
    Unknown(ObjectKey, Said),
}

/// Whether a condition holds; `None` where it cannot be known.
type Holds = Option<bool>;

/// The policies that bear on a workload: of its namespace and of the root, by selector; on a gateway of the Gateway API also by its name.
pub(crate) fn in_force<'a>(
    index: &'a Index,
    namespace: &'a str,
    labels: &'a Labels,
) -> impl Iterator<Item = &'a Typed<AuthorizationPolicy>> {
    let root = (namespace != index.root).then(|| index.authorization_policies.within(&index.root));
    root.into_iter()
        .flatten()
        .chain(index.authorization_policies.within(namespace))
        .filter(|typed| !typed.spec.has_target() || names(&typed.document, namespace, labels))
        .filter(move |typed| typed.spec.labels().is_none_or(|wanted| selects(wanted, labels)))
}

/// Asks the policies that bear on a workload with a proxy of its own.
pub(crate) fn admit(index: &Index, namespace: &str, labels: &Labels, request: &Arriving) -> Admission {
    let asker = Asker { index, scope: Scope::of(index, namespace, labels), namespace };
    judge(asker, in_force(index, namespace, labels), request)
}

/// CUSTOM, then DENY, then ALLOW. Upstream: istio/istio pilot/pkg/security/authz/builder/builder.go.
fn judge<'a>(
    asker: Asker,
    policies: impl Iterator<Item = &'a Typed<AuthorizationPolicy>>,
    request: &Arriving,
) -> Admission {
    let (custom, own): (Vec<_>, Vec<_>) = policies.partition(|typed| typed.spec.action() == "CUSTOM");
    let asked = match custom::ask(asker, &custom, request) {
        Asked::Denied(key, path) => return Admission::Denied(key, path),
        Asked::Failed(key, path, status) => return Admission::Failed(key, path, status),
        Asked::Perhaps(key, why) => Some(Admission::Unknown(key, why)),
        Asked::Nothing => None,
    };
    // What the proxy's own policies deny is denied whatever the authorizer says.
    match (by_own(&own, request), asked) {
        (Admission::Allowed(_), Some(unknown)) => unknown,
        (own, _) => own,
    }
}

fn by_own(policies: &[&Typed<AuthorizationPolicy>], request: &Arriving) -> Admission {
    let of = |action: &'static str| {
        policies.iter().copied().filter(move |typed| typed.spec.action() == action && !dry_run(&typed.document))
    };
    let mut unknown = None;
    for typed in of("DENY") {
        match first_rule(typed, request) {
            Matched::Rule(path) => return Admission::Denied(typed.document.key.clone(), path),
            Matched::Unknown(why) => unknown = unknown.or(Some((typed.document.key.clone(), why))),
            Matched::No => {}
        }
    }
    let told = |unknown: Option<(ObjectKey, Said)>| unknown.map(|(key, why)| Admission::Unknown(key, why));
    let Some(first) = of("ALLOW").next() else { return told(unknown).unwrap_or(Admission::Allowed(None)) };
    let mut perhaps = None;
    for typed in of("ALLOW") {
        match first_rule(typed, request) {
            Matched::Rule(path) => {
                return told(unknown).unwrap_or_else(|| Admission::Allowed(Some((typed.document.key.clone(), path))));
            }
            Matched::Unknown(why) => perhaps = perhaps.or(Some((typed.document.key.clone(), why))),
            Matched::No => {}
        }
    }
    // Where no rule allows it, it is denied, whatever else is not known.
    told(perhaps).unwrap_or_else(|| Admission::NotAllowed(first.document.key.clone(), "spec.rules".into()))
}

enum Matched {
    No,
    Rule(String),
    Unknown(Said),
}

fn first_rule(typed: &Typed<AuthorizationPolicy>, request: &Arriving) -> Matched {
    let widens = typed.spec.action() != "ALLOW";
    let mut unknown = None;
    for (at, rule) in typed.spec.rules.iter().enumerate() {
        match rule_holds(rule, request, widens, &typed.document.key.namespace) {
            Some(true) => return Matched::Rule(format!("spec.rules[{at}]")),
            Some(false) => {}
            None => {
                unknown = unknown.or(Some(said!(
                    "rule {at} asks for what only a live request shows",
                    "规则 {at} 要求只有真实请求才有的信息"
                )))
            }
        }
    }
    unknown.map_or(Matched::No, Matched::Unknown)
}

/// On a port that takes bytes, a field of a request voids the whole rule of an ALLOW, and is left out of a DENY.
/// Upstream: pilot/pkg/security/authz/model/model.go, checkError.
fn rule_holds(rule: &Rule, request: &Arriving, widens: bool, home: &str) -> Holds {
    if request.tcp && !widens && needs_http(rule) {
        return Some(false);
    }
    let from = if rule.from.is_empty() {
        Some(true)
    } else {
        any(rule.from.iter().map(|from| source_holds(&from.source, request, home)))
    };
    let to = if rule.to.is_empty() {
        Some(true)
    } else {
        any(rule.to.iter().map(|to| Some(operation_holds(&to.operation, request))))
    };
    let when = all(rule.when.iter().map(|condition| condition_holds(condition, request, home)));
    all([from, to, when].into_iter())
}

/// Whether a rule names a field that only requests have.
pub(crate) fn needs_http(rule: &Rule) -> bool {
    let operation = |o: &Operation| {
        [&o.hosts, &o.not_hosts, &o.methods, &o.not_methods, &o.paths, &o.not_paths].iter().any(|list| !list.is_empty())
    };
    rule.to.iter().any(|to| operation(&to.operation))
        || rule
            .from
            .iter()
            .any(|f| !f.source.request_principals.is_empty() || !f.source.not_request_principals.is_empty())
        || rule.when.iter().any(|c| c.key.starts_with("request."))
}

fn any(all: impl Iterator<Item = Holds>) -> Holds {
    let mut unknown = false;
    for holds in all {
        match holds {
            Some(true) => return Some(true),
            None => unknown = true,
            Some(false) => {}
        }
    }
    if unknown { None } else { Some(false) }
}

fn all(all: impl Iterator<Item = Holds>) -> Holds {
    any(all.map(|holds| holds.map(|h| !h))).map(|h| !h)
}

/// One list and its not-form: one of the first must fit, none of the second may.
fn lists(yes: &[String], no: &[String], fits: impl Fn(&str) -> bool) -> bool {
    (yes.is_empty() || yes.iter().any(|v| fits(v))) && !no.iter().any(|v| fits(v))
}

fn source_holds(source: &Source, request: &Arriving, home: &str) -> Holds {
    let principal = request.principal.as_deref();
    let has = |pattern: &str| principal.is_some_and(|p| is_principal(pattern, p, request.settings));
    let sure = lists(&source.principals, &source.not_principals, has)
        && lists(&source.namespaces, &source.not_namespaces, |v| in_namespace(v, principal))
        && lists(&source.service_accounts, &source.not_service_accounts, |v| is_account(v, principal, home))
        && lists(&source.trust_domains, &source.not_trust_domains, |v| in_domain(v, principal));
    if !sure {
        return Some(false);
    }
    if !request.tcp && !lists(&source.request_principals, &source.not_request_principals, |v| is_user(v, request)) {
        return Some(false);
    }
    let direct = lists_of_addresses(&source.ip_blocks, &source.not_ip_blocks, request.ip);
    let remote = lists_of_addresses(&source.remote_ip_blocks, &source.not_remote_ip_blocks, request.remote_ip);
    all([direct, remote].into_iter())
}

/// `issuer/subject`, with a star at either end. Upstream: istio/istio pilot/pkg/security/authz/model/generator.go, requestPrincipalGenerator.
fn is_user(pattern: &str, request: &Arriving) -> bool {
    let Some(claims) = request.claims else { return false };
    let (issuer, subject) = (claims.text("iss"), claims.text("sub"));
    let any = |text: &str| !text.is_empty();
    match (pattern.rsplit_once('/'), pattern) {
        (_, "*") => any(issuer) && any(subject),
        (Some((of, who)), _) if pattern.starts_with('*') => {
            (if of == "*" { any(issuer) } else { issuer.ends_with(of.trim_start_matches('*')) }) && subject == who
        }
        (None, _) if pattern.starts_with('*') => any(issuer) && subject.ends_with(pattern.trim_start_matches('*')),
        (Some((of, who)), _) if pattern.ends_with('*') => {
            issuer == of && if who == "*" { any(subject) } else { subject.starts_with(who.trim_end_matches('*')) }
        }
        (None, _) if pattern.ends_with('*') => issuer.starts_with(pattern.trim_end_matches('*')) && any(subject),
        (Some((of, who)), _) => issuer == of && subject == who,
        (None, _) => issuer == pattern && subject.is_empty(),
    }
}

fn lists_of_addresses(yes: &[String], no: &[String], ip: &str) -> Holds {
    if yes.is_empty() && no.is_empty() {
        return Some(true);
    }
    if ip.is_empty() { None } else { Some(lists(yes, no, |block| block_holds(block, ip))) }
}

fn part<'a>(principal: Option<&'a str>, name: &str) -> Option<&'a str> {
    let mut parts = principal?.split('/');
    parts.find(|part| *part == name)?;
    parts.next()
}

fn in_namespace(pattern: &str, principal: Option<&str>) -> bool {
    part(principal, "ns").is_some_and(|namespace| namespace_fits(pattern, namespace))
}

/// `account` of the policy's own namespace, or `namespace/account`.
fn is_account(value: &str, principal: Option<&str>, home: &str) -> bool {
    let (namespace, account) = value.split_once('/').unwrap_or((home, value));
    part(principal, "ns") == Some(namespace) && part(principal, "sa") == Some(account)
}

fn in_domain(pattern: &str, principal: Option<&str>) -> bool {
    let domain = principal.and_then(|p| p.split('/').next());
    domain.is_some_and(|domain| super::value::fits(pattern, domain))
}

fn operation_holds(operation: &Operation, request: &Arriving) -> bool {
    let o = operation;
    let ports = lists(&o.ports, &o.not_ports, |v| v.parse() == Ok(request.port));
    if request.tcp {
        return ports;
    }
    ports
        && lists(&o.hosts, &o.not_hosts, |v| host_fits(v, request.authority))
        && lists(&o.methods, &o.not_methods, |v| header_fits(v, Some(request.method)))
        && lists(&o.paths, &o.not_paths, |v| path_fits(v, request.path))
}

fn condition_holds(condition: &Condition, request: &Arriving, home: &str) -> Holds {
    let Condition { key, values, not_values } = condition;
    let principal = request.principal.as_deref();
    let sure = |fits: &dyn Fn(&str) -> bool| Some(lists(values, not_values, fits));
    match key.as_str() {
        "source.ip" => lists_of_addresses(values, not_values, request.ip),
        "remote.ip" => lists_of_addresses(values, not_values, request.remote_ip),
        "source.namespace" => sure(&|v| in_namespace(v, principal)),
        "source.principal" => sure(&|v| principal.is_some_and(|p| is_principal(v, p, request.settings))),
        "source.serviceAccount" => sure(&|v| is_account(v, principal, home)),
        "source.trustDomain" => sure(&|v| in_domain(v, principal)),
        "destination.port" => sure(&|v| v.parse() == Ok(request.port)),
        "destination.ip" if request.destination_ip.is_empty() => None,
        "destination.ip" => sure(&|v| block_holds(v, request.destination_ip)),
        "connection.sni" => sure(&|v| request.sni.as_deref().is_some_and(|sni| super::value::fits(v, sni))),
        _ if request.tcp && key.starts_with("request.") => Some(true),
        _ => match key.strip_prefix("request.headers[").and_then(|rest| rest.strip_suffix(']')) {
            Some(name) => lists_of_header(values, not_values, &header(request, &name.to_ascii_lowercase())),
            None if key == "request.auth.principal" => sure(&|v| is_user(v, request)),
            None if key.starts_with("request.auth.") => {
                let path = claim_path(key);
                sure(&|v| request.claims.is_some_and(|claims| claims.fits(&path, |text| super::value::fits(v, text))))
            }
            None => None,
        },
    }
}

/// A header, or what stands for one in HTTP/2.
fn header<'a>(request: &Arriving<'a>, name: &str) -> Value<'a> {
    match name {
        ":method" => Value::text(request.method),
        ":authority" | "host" => Value::text(request.authority),
        ":path" => {
            let query = request.query.map(|q| format!("?{q}")).unwrap_or_default();
            Value::text(format!("{}{query}", request.path))
        }
        ":scheme" => request.headers.value(PROTO),
        _ => request.headers.value(name),
    }
}

fn lists_of_header(yes: &[String], no: &[String], value: &Value) -> Holds {
    let fits = |pattern: &String| match value {
        // Of several of one name each is compared for itself.
        Value::Texts(all) => Some(all.iter().any(|text| header_fits(pattern, Some(text)))),
        Value::Absent => Some(false),
        // What a proxy makes is never just what somebody wrote into a rule.
        Value::Made if pattern == "*" => Some(true),
        Value::Made => (!pattern.contains('*')).then_some(false),
        Value::Untold => None,
    };
    let yes = if yes.is_empty() { Some(true) } else { any(yes.iter().map(fits)) };
    all([yes, any(no.iter().map(fits)).map(|holds| !holds)].into_iter())
}

/// The claim that a key is about: `request.auth.claims[team][name]`, the audiences or the presenter.
fn claim_path(key: &str) -> Vec<&str> {
    match key {
        "request.auth.audiences" => vec!["aud"],
        "request.auth.presenter" => vec!["azp"],
        _ => {
            let names = key.strip_prefix("request.auth.claims[").and_then(|rest| rest.strip_suffix(']'));
            names.map(|names| names.split("][").collect()).unwrap_or_default()
        }
    }
}

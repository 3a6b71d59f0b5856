//! What becomes of the tokens of a request.
//!
//! Upstream: istio/istio pilot/pkg/security/authn/policy_applier.go, convertToEnvoyJwtConfig: one of the rules must take a token, or none finds one;
//! envoyproxy/envoy source/extensions/filters/http/jwt_authn/{verifier,authenticator}.cc.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use world::{Labels, ObjectKey, Said, said};

use super::places::{Found, Place, tokens};
use super::signature::{self, Signed};
use super::token::{Claims, Token};
use super::{JwtRule, RequestAuthentication};
use crate::kinds::Typed;
use crate::kinds::target::{binds, names};
use crate::read::Index;

/// Seconds by which clocks may differ.
const SKEW: f64 = 60.0;

/// What a request carries that tokens may be in, and when it comes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Carrying<'a> {
    /// Names in lower case.
    pub headers: &'a [(String, String)],
    pub query: Option<&'a str>,
    pub method: &'a str,
    /// Seconds since 1970; `None` where it is not known.
    pub at: Option<i64>,
}

/// Who the end user is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum EndUser {
    /// No rule is about this workload, or no token came: nobody.
    Nobody,
    /// A token was taken.
    Known(Box<Taken>),
    /// A token was refused: the status, the object and rule, and why.
    Refused(u16, ObjectKey, String, Said),
    /// Whether a token is good cannot be known.
    Unknown(ObjectKey, String, Said),
}

/// A token that was taken, and what its rule makes of the request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Taken {
    pub key: ObjectKey,
    /// `spec.jwtRules[0]`
    pub path: String,
    pub claims: Claims,
    /// Headers that the destination sees.
    pub set: Vec<(String, String)>,
    /// Headers that it no longer sees.
    pub remove: Vec<String>,
    /// The parameter of the query that it no longer sees.
    pub param: Option<String>,
}

enum Check {
    Missing,
    Good(Vec<(Token, Place)>),
    Bad(u16, Said),
    /// A token of another issuer.
    Foreign(Said),
    Unknown(Said),
}

/// A rule with its object and its place there.
type Placed<'a> = (&'a ObjectKey, usize, &'a JwtRule);

/// The rules for a workload, by issuer; of one issuer those of its own namespace go before those of the root.
/// Upstream: policy_applier.go, newPolicyApplier; pilot/pkg/model/authentication.go, getConfigsForWorkload.
pub(crate) fn of_workload<'a>(index: &'a Index, namespace: &str, labels: &Labels) -> Vec<Placed<'a>> {
    let bears = |typed: &&Typed<RequestAuthentication>| {
        (!typed.spec.has_target() || names(&typed.document, namespace, labels))
            && typed.spec.labels().is_none_or(|wanted| mesh::selects(wanted, labels))
    };
    let root = (namespace != index.root).then_some(index.root.as_str());
    let found = [namespace].into_iter().chain(root).flat_map(|ns| index.request_authentications.within(ns));
    by_issuer(found.filter(bears))
}

/// The rules at a waypoint for one of its services, by issuer.
pub(crate) fn of_waypoint<'a>(index: &'a Index, waypoint: &ObjectKey, service: Option<&ObjectKey>) -> Vec<Placed<'a>> {
    let mut homes = vec![&waypoint.namespace];
    for home in [Some(&index.root), service.map(|s| &s.namespace)].into_iter().flatten() {
        if !homes.contains(&home) {
            homes.push(home);
        }
    }
    let found = homes.into_iter().flat_map(|ns| index.request_authentications.within(ns));
    by_issuer(found.filter(|typed| binds(&typed.document, waypoint, service, &index.root)))
}

fn by_issuer<'a>(found: impl Iterator<Item = &'a Typed<RequestAuthentication>>) -> Vec<Placed<'a>> {
    let placed = |typed: &'a Typed<RequestAuthentication>| {
        typed.spec.jwt_rules.iter().enumerate().map(|(at, rule)| (&typed.document.key, at, rule))
    };
    let mut all: Vec<_> = found.flat_map(placed).collect();
    all.sort_by(|a, b| a.2.issuer.cmp(&b.2.issuer));
    all
}

/// Checks the tokens of a request by the rules of whom it comes to.
pub(crate) fn authenticate(rules: &[Placed], carrying: Carrying) -> EndUser {
    if rules.is_empty() || is_preflight(carrying) {
        return EndUser::Nobody;
    }
    let (mut refused, mut foreign) = (Vec::new(), Vec::new());
    let mut unknown = None;
    for (key, at, rule) in rules {
        let path = format!("spec.jwtRules[{at}]");
        match check(rule, carrying) {
            Check::Missing => {}
            Check::Good(found) => {
                // A rule before it might have taken its own token.
                return match unknown {
                    Some(unknown) => unknown,
                    None => EndUser::Known(Box::new(taken((*key).clone(), path, rule, &found))),
                };
            }
            Check::Bad(status, why) => {
                refused.push((foreign.is_empty(), EndUser::Refused(status, (*key).clone(), path, why)));
            }
            Check::Foreign(why) => foreign.push(EndUser::Refused(401, (*key).clone(), path, why)),
            Check::Unknown(why) => unknown = unknown.or(Some(EndUser::Unknown((*key).clone(), path, why))),
        }
    }
    let bad = !refused.is_empty() || !foreign.is_empty();
    let several = bad.then(|| each_by_its_own(rules, carrying)).flatten();
    // Of several refusals that of the first rule counts, unless the token is of another issuer to it: then the last that is not for that.
    // Upstream: envoyproxy/envoy source/extensions/filters/http/jwt_authn/verifier.cc, AnyVerifierImpl::onComplete.
    let told = match refused.first() {
        Some((true, first)) => Some((true, first.clone())),
        _ => refused.pop(),
    };
    unknown.or(several).or(told.map(|(_, told)| told)).or(foreign.pop()).unwrap_or(EndUser::Nobody)
}

/// A browser's question carries no token, and none is asked of it.
fn is_preflight(carrying: Carrying) -> bool {
    let has = |name: &str| carrying.headers.iter().any(|(n, v)| n == name && !v.is_empty());
    carrying.method == "OPTIONS" && has("origin") && has("access-control-request-method")
}

/// Every token that is found where the rule looks must be good.
fn check(rule: &JwtRule, carrying: Carrying) -> Check {
    let mut good = Vec::new();
    for found in tokens(rule, carrying.headers, carrying.query) {
        match one(rule, &found, carrying.at) {
            Check::Good(more) => good.extend(more),
            other => return other,
        }
    }
    if good.is_empty() { Check::Missing } else { Check::Good(good) }
}

/// No rule takes all that it finds: then each token must be good by the rule of its own issuer.
fn each_by_its_own(rules: &[Placed], carrying: Carrying) -> Option<EndUser> {
    let mut all: Vec<(Token, Place)> = Vec::new();
    let mut by = None;
    for (_, _, looking) in rules {
        for found in tokens(looking, carrying.headers, carrying.query) {
            let issuer = Token::read(&found.text)?.issuer().to_owned();
            let (key, at, rule) = rules.iter().find(|(.., rule)| rule.issuer == issuer)?;
            // A place is for the issuers whose rules look there.
            if !tokens(rule, carrying.headers, carrying.query).contains(&found) {
                return None;
            }
            let Check::Good(more) = one(rule, &found, carrying.at) else { return None };
            all.extend(more);
            by = by.or(Some((*key, *at, *rule)));
        }
    }
    let (key, at, rule) = by?;
    Some(EndUser::Known(Box::new(taken(key.clone(), format!("spec.jwtRules[{at}]"), rule, &all))))
}

fn one(rule: &JwtRule, found: &Found, now: Option<i64>) -> Check {
    let bad = |en: &str, zh: &str| Check::Bad(401, Said::new(en, zh));
    let Some(token) = Token::read(&found.text) else { return bad("the token cannot be read", "令牌无法读取") };
    if token.issuer() != rule.issuer {
        return Check::Foreign(said!(
            "the token is of another issuer, '{}'",
            "令牌属于另一个签发者“{}”",
            token.issuer()
        ));
    }
    #[allow(clippy::cast_precision_loss, reason = "seconds since 1970 are small")]
    let now = now.map(|now| now as f64);
    match (token.time("nbf"), token.time("exp"), now) {
        (Some(from), _, Some(now)) if now + SKEW < from => return bad("the token is not good yet", "令牌尚未生效"),
        (_, Some(until), Some(now)) if now > until + SKEW => return bad("the token has expired", "令牌已过期"),
        _ => {}
    }
    if !rule.audiences.is_empty() && !token.audiences().iter().any(|a| rule.audiences.iter().any(|b| same(a, b))) {
        return Check::Bad(403, said!("the token is for another audience", "令牌面向另一个受众"));
    }
    if rule.jwks.is_empty() {
        return Check::Unknown(said!(
            "the signature was not checked: the keys are elsewhere",
            "未校验签名：密钥在别处"
        ));
    }
    match signature::check(&token, &rule.jwks) {
        Signed::Badly => bad("the token is not signed by a key of the rule", "令牌不是由规则中的密钥签名的"),
        Signed::Unchecked => Check::Unknown(said!(
            "the signature was not checked: it is made by {}",
            "未校验签名：所用算法为 {}",
            token.algorithm
        )),
        Signed::Well if now.is_none() && (token.time("nbf").or(token.time("exp"))).is_some() => {
            Check::Unknown(said!("whether the token is good depends on the time", "令牌是否有效取决于时间"))
        }
        Signed::Well => Check::Good(vec![(token, found.place.clone())]),
    }
}

/// Upstream: google/jwt_verify_lib src/check_audience.cc: scheme and a last slash do not count.
fn same(a: &str, b: &str) -> bool {
    let bare = |text: &str| {
        let text = text.strip_prefix("https://").or(text.strip_prefix("http://")).unwrap_or(text);
        text.strip_suffix('/').unwrap_or(text).to_owned()
    };
    bare(a) == bare(b)
}

fn taken(key: ObjectKey, path: String, rule: &JwtRule, found: &[(Token, Place)]) -> Taken {
    let (mut set, mut remove, mut param) = (Vec::new(), Vec::new(), None);
    let mut claims = Claims::default();
    for (token, place) in found {
        if !rule.output_payload_to_header.is_empty() {
            set.push((rule.output_payload_to_header.to_ascii_lowercase(), token.payload.clone()));
        }
        for out in &rule.output_claim_to_headers {
            set.extend(header_value(token, &out.claim).map(|value| (out.header.to_ascii_lowercase(), value)));
        }
        match place {
            Place::Header(name) if !rule.forward_original_token => remove.push(name.clone()),
            Place::Param(name) if !rule.forward_original_token => param = Some(name.clone()),
            _ => {}
        }
        claims = Claims::of(token, &rule.space_delimited_claims);
    }
    Taken { key, path, claims, set, remove, param }
}

/// Texts, numbers and truths as they are, anything else in base64. Upstream: authenticator.cc, addJWTClaimToHeader.
fn header_value(token: &Token, claim: &str) -> Option<String> {
    let mut found = token.claims.get(claim.split('.').next()?)?;
    for name in claim.split('.').skip(1) {
        found = found.get(name)?;
    }
    match found {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null => None,
        other => Some(STANDARD.encode(other.to_string())),
    }
}

//! RequestAuthentication. Upstream: ValidateRequestAuthentication, validateJwtRule, warnPrivateJwksKeys.

use serde_json::Value;

use super::{Flaws, names, selector};
use crate::read::field::Field;

pub(super) fn check(spec: &Field, flaws: &mut Flaws) {
    selector::attachment(spec, flaws);
    for rule in spec.items("jwtRules") {
        for name in ["audiences", "fromParams", "fromCookies"] {
            for value in rule.items(name) {
                flaws.never(value.as_text().is_empty(), &value, ("the value is empty", "值为空"));
            }
        }
        let uri = rule.get("jwksUri");
        let nobody = rule.text("issuer").is_empty() && uri.as_text().is_empty();
        flaws.never(nobody, &rule, ("issuer or jwksUri must be there", "必须写 issuer 或 jwksUri"));
        let fetched = ["http://", "https://"].iter().any(|scheme| uri.as_text().starts_with(scheme));
        flaws.never(
            !uri.as_text().is_empty() && !fetched,
            &uri,
            ("keys are fetched over http or https", "密钥只能通过 http 或 https 获取"),
        );
        keys(&rule.get("jwks"), flaws);
        for header in rule.items("fromHeaders") {
            flaws.never(header.text("name").is_empty(), &header, ("the header needs a name", "请求头需要名称"));
        }
        for output in rule.items("outputClaimToHeaders") {
            let (claim, header) = (output.text("claim"), output.text("header"));
            flaws.never(
                claim.is_empty() || header.is_empty(),
                &output,
                ("header and claim must both be there", "header 和 claim 必须都写"),
            );
            flaws.hold(&output.get("header"), names::header_name(header, true).filter(|_| !header.is_empty()));
        }
        flaws.duration(&rule, "timeout");
    }
}

/// Keys that are written out.
fn keys(jwks: &Field, flaws: &mut Flaws) {
    if jwks.as_text().is_empty() {
        return;
    }
    let set: Value = serde_json::from_str(jwks.as_text()).unwrap_or_default();
    let one = [set.clone()];
    let keys = set.get("keys").and_then(Value::as_array).map_or(one.as_slice(), Vec::as_slice);
    let kind = |key: &Value| key.get("kty").and_then(Value::as_str).unwrap_or_default().to_owned();
    let known = |key: &Value| matches!(kind(key).as_str(), "RSA" | "EC" | "OKP" | "oct");
    if !keys.iter().all(known) {
        flaws.error(jwks, ("this is no set of keys", "这不是一组密钥"));
    } else if keys.iter().any(|key| kind(key) == "oct" || key.get("d").is_some()) {
        flaws.warn(jwks, ("it holds a private key; only public ones are used", "其中有私钥；只会使用公钥"));
    }
}

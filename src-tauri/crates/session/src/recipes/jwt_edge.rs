//! Who comes in from outside has to bring a token.

use serde_json::json;

use super::kitchen::{Dish, Kitchen, SECURITY};
use super::{Recipe, Takes, needs};
use crate::Result;

pub(super) const RECIPE: Recipe = Recipe {
    id: "jwt-edge",
    needs: &[
        needs("namespace", Takes::Namespace, "istio-system"),
        needs("gateway", Takes::Text, "ingressgateway"),
        needs("issuer", Takes::Text, "https://issuer.example.com"),
        needs("jwks", Takes::Text, "https://issuer.example.com/.well-known/jwks.json"),
    ],
    write,
};

fn write(kitchen: &Kitchen<'_>) -> Result<Vec<Dish>> {
    let (namespace, issuer) = (kitchen.value("namespace"), kitchen.value("issuer"));
    let selector = json!({"matchLabels": {"istio": kitchen.value("gateway")}});
    // Without the second object a request without any token would still pass.
    let tokens = json!({"selector": selector, "jwtRules": [{"issuer": issuer, "jwksUri": kitchen.value("jwks")}]});
    let needed = json!({"selector": selector, "action": "DENY", "rules": [{"from": [{"source": {"notRequestPrincipals": ["*"]}}]}]});
    Ok(vec![
        kitchen.create(SECURITY, "RequestAuthentication", namespace, "tokens", tokens),
        kitchen.create(SECURITY, "AuthorizationPolicy", namespace, "token-needed", needed),
    ])
}

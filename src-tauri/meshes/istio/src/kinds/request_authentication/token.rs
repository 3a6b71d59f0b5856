//! A token taken apart (a JSON Web Token, RFC 7519), and what policies see of it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// A token, read but not believed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub algorithm: String,
    pub key: Option<String>,
    pub claims: Map<String, Value>,
    /// The second part as it came.
    pub payload: String,
    /// What the signature is for: the first two parts as they came.
    pub signed: String,
    pub signature: Vec<u8>,
}

impl Token {
    /// `None` where it is no token. Upstream: google/jwt_verify_lib src/jwt.cc, parseFromString.
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (Some(head), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let object = |part: &str| -> Option<Map<String, Value>> { serde_json::from_slice(&decoded(part)?).ok() };
        let (head_read, claims) = (object(head)?, object(payload)?);
        let text_or_absent = |name: &str| claims.get(name).is_none_or(Value::is_string);
        let time_or_absent = |name: &str| claims.get(name).is_none_or(Value::is_number);
        let sound =
            ["iss", "sub"].into_iter().all(text_or_absent) && ["iat", "nbf", "exp"].into_iter().all(time_or_absent);
        if !sound {
            return None;
        }
        Some(Self {
            algorithm: head_read.get("alg")?.as_str()?.to_owned(),
            key: head_read.get("kid").and_then(Value::as_str).map(str::to_owned),
            claims,
            payload: payload.to_owned(),
            signed: format!("{head}.{payload}"),
            signature: decoded(signature)?,
        })
    }

    /// Who made it.
    pub fn issuer(&self) -> &str {
        self.claims.get("iss").and_then(Value::as_str).unwrap_or_default()
    }

    /// Seconds since 1970 of `exp` or `nbf`.
    pub fn time(&self, name: &str) -> Option<f64> {
        self.claims.get(name).and_then(Value::as_f64)
    }

    /// For whom it is.
    pub fn audiences(&self) -> Vec<&str> {
        match self.claims.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

/// Base64 for URLs, without padding.
pub(super) fn decoded(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()
}

/// The claims of a token that was believed, as policies see them.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Claims(pub Map<String, Value>);

impl Claims {
    /// Claims that list words in one text are lists for policies: `scope`, `permission` and those that the rule names.
    /// Upstream: istio/istio pilot/pkg/security/authn/policy_applier.go, buildSpaceDelimitedClaims.
    pub fn of(token: &Token, listed: &[String]) -> Self {
        let mut claims = token.claims.clone();
        for name in ["scope", "permission"].into_iter().chain(listed.iter().map(String::as_str)) {
            if let Some(Value::String(text)) = claims.get(name) {
                let words: Vec<Value> = text.split(' ').filter(|w| !w.is_empty()).map(Value::from).collect();
                claims.insert(name.to_owned(), words.into());
            }
        }
        Self(claims)
    }

    /// Whether a claim, given by its path, fits: a text, or one of a list of texts.
    pub fn fits(&self, path: &[&str], fits: impl Fn(&str) -> bool) -> bool {
        let Some((first, rest)) = path.split_first() else { return false };
        let found = rest.iter().try_fold(self.0.get(*first), |at, name| Some(at?.get(name))).flatten();
        match found {
            Some(Value::String(text)) => fits(text),
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).any(fits),
            _ => false,
        }
    }

    /// A claim that is a text.
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

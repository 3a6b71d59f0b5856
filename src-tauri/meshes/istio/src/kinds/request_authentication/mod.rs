//! RequestAuthentication: which tokens of end users are taken.

pub(crate) mod decide;
mod places;
mod signature;
pub(crate) mod token;

use serde::Deserialize;

use crate::kinds::{Selector, or_default};

/// `spec`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RequestAuthentication {
    pub selector: Option<Selector>,
    pub target_ref: Option<serde_json::Value>,
    #[serde(deserialize_with = "or_default")]
    pub target_refs: Vec<serde_json::Value>,
    #[serde(deserialize_with = "or_default")]
    pub jwt_rules: Vec<JwtRule>,
}

impl mesh::Spec for RequestAuthentication {
    const GROUP: &'static str = crate::kinds::SECURITY;
    const KIND: &'static str = "RequestAuthentication";
}

/// `jwtRules[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct JwtRule {
    #[serde(deserialize_with = "or_default")]
    pub issuer: String,
    #[serde(deserialize_with = "or_default")]
    pub audiences: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub jwks: String,
    #[serde(deserialize_with = "or_default")]
    pub jwks_uri: String,
    #[serde(deserialize_with = "or_default")]
    pub from_headers: Vec<FromHeader>,
    #[serde(deserialize_with = "or_default")]
    pub from_params: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub from_cookies: Vec<String>,
    pub forward_original_token: bool,
    #[serde(deserialize_with = "or_default")]
    pub output_payload_to_header: String,
    #[serde(deserialize_with = "or_default")]
    pub output_claim_to_headers: Vec<ClaimToHeader>,
    #[serde(deserialize_with = "or_default")]
    pub space_delimited_claims: Vec<String>,
}

/// `fromHeaders[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct FromHeader {
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    #[serde(deserialize_with = "or_default")]
    pub prefix: String,
}

/// `outputClaimToHeaders[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ClaimToHeader {
    #[serde(deserialize_with = "or_default")]
    pub header: String,
    #[serde(deserialize_with = "or_default")]
    pub claim: String,
}

impl RequestAuthentication {
    /// The labels that it asks for; none for all workloads.
    pub fn labels(&self) -> Option<&world::Labels> {
        self.selector.as_ref().map(|s| &s.match_labels).filter(|labels| !labels.is_empty())
    }

    /// It is bound to gateways or waypoints, not to workloads.
    pub fn has_target(&self) -> bool {
        self.target_ref.is_some() || !self.target_refs.is_empty()
    }
}

//! What was seen, one line a case.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A case with what the mesh did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recorded {
    /// Its name.
    pub case: String,
    /// The objects as the API server then had them.
    pub objects: Vec<Value>,
    /// Objects that the API server refused, with its reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,
    /// Every request with what came of it.
    pub observations: Vec<Observation>,
}

/// One request and what came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observation {
    /// What was asked.
    pub request: Asked,
    /// What was seen.
    pub observed: Seen,
    /// Two rounds in a row agreed.
    pub stable: bool,
}

/// A request as it was sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Asked {
    /// namespace/workload, or `outside`
    pub from: String,
    /// namespace/service of the gateway by which a request from outside came in
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// The address that the gateway saw as its sender's
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// The URL.
    pub url: String,
    /// The method.
    pub method: String,
    /// How often.
    pub n: u32,
    /// Headers.
    pub headers: BTreeMap<String, String>,
}

/// What came of a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// How often each status came; `error` is a refused or reset connection, or a name that does not resolve.
    pub status: BTreeMap<String, u32>,
    /// How often each workload answered.
    pub answered_by: BTreeMap<String, u32>,
    /// One answer.
    pub example: Example,
    /// Median time of an answer.
    pub ms_median: u64,
}

/// One answer, as the application saw the request or the proxy worded it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// Path that arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Authority that arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Method that arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Headers that arrived, those of interest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The `location` of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The proxy's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Why there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

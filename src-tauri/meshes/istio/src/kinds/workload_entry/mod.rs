//! WorkloadEntry: a machine that stands beside the pods of a service.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::kinds::or_default;
use crate::read::locality::Locality;

/// `spec`; an endpoint of a ServiceEntry says the same.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct WorkloadEntry {
    #[serde(deserialize_with = "or_default")]
    pub address: String,
    #[serde(deserialize_with = "or_default")]
    pub labels: world::Labels,
    #[serde(deserialize_with = "or_default")]
    pub ports: BTreeMap<String, u16>,
    #[serde(deserialize_with = "or_default")]
    pub service_account: String,
    #[serde(deserialize_with = "or_default")]
    pub locality: String,
    pub weight: Option<u32>,
}

impl mesh::Spec for WorkloadEntry {
    const GROUP: &'static str = crate::kinds::NETWORKING;
    const KIND: &'static str = "WorkloadEntry";
}

impl WorkloadEntry {
    /// Where it is: by its label, else by what is written.
    /// Upstream: istio/istio pilot/pkg/serviceregistry/serviceentry/conversion.go, getLocalityFromWorkloadEntry.
    pub fn locality(&self) -> Locality {
        Locality::labelled(&self.labels).unwrap_or_else(|| Locality::written(&self.locality))
    }

    /// Whether proxies take it for one that speaks mutual TLS: by its label, else where it has an account.
    /// Upstream: istio/istio pilot/pkg/serviceregistry/serviceentry/conversion.go, getTLSModeFromWorkloadEntry.
    pub fn is_mutual(&self) -> bool {
        match self.labels.get("security.istio.io/tlsMode") {
            Some(mode) => mode == "istio",
            None => !self.service_account.is_empty(),
        }
    }
}

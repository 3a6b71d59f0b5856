//! Sidecar: what the proxies of a namespace or a workload see of the mesh.

use mesh::selects;
use serde::Deserialize;
use world::{Labels, ObjectKey};

use crate::kinds::or_default;
use crate::kinds::service_entry::Labels as WorkloadSelector;
use crate::read::Index;
use crate::read::hosts::wildcard_matches;

/// `spec`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Sidecar {
    pub workload_selector: Option<WorkloadSelector>,
    #[serde(deserialize_with = "or_default")]
    pub egress: Vec<Egress>,
    #[serde(deserialize_with = "or_default")]
    pub ingress: Vec<serde_json::Value>,
    pub outbound_traffic_policy: Option<OutboundPolicy>,
}

impl mesh::Spec for Sidecar {
    const GROUP: &'static str = crate::kinds::NETWORKING;
    const KIND: &'static str = "Sidecar";
}

/// `egress[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Egress {
    #[serde(deserialize_with = "or_default")]
    pub hosts: Vec<String>,
    pub port: Option<serde_json::Value>,
}

/// `outboundTrafficPolicy`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct OutboundPolicy {
    #[serde(deserialize_with = "or_default")]
    pub mode: String,
}

/// What one caller's proxy sees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    caller: &'a str,
    sidecar: Option<(&'a Sidecar, &'a ObjectKey)>,
}

impl<'a> Scope<'a> {
    /// Upstream: istio/istio pilot/pkg/model/push_context.go, getSidecarScope: one that selects the workload, else the namespace's, else
    /// the root namespace's.
    pub fn of(index: &'a Index, namespace: &'a str, labels: &Labels) -> Self {
        let list = |ns: &str| index.sidecars.within(ns);
        let chosen = |s: &Sidecar| s.workload_selector.as_ref().map(|w| &w.labels).filter(|l| !l.is_empty()).cloned();
        let own = list(namespace).find(|t| chosen(&t.spec).is_some_and(|wanted| selects(&wanted, labels)));
        let general = || list(namespace).find(|t| chosen(&t.spec).is_none());
        let root = || list(&index.root).find(|t| chosen(&t.spec).is_none());
        let found = own.or_else(general).or_else(root);
        Self { caller: namespace, sidecar: found.map(|t| (&t.spec, &t.document.key)) }
    }

    /// All of the mesh, whatever Sidecars say: they are for sidecars.
    pub fn whole(caller: &'a str) -> Self {
        Self { caller, sidecar: None }
    }

    /// Whether hosts of this namespace are in the proxy's configuration.
    pub fn sees(&self, namespace: &str, host: &str) -> bool {
        let Some((sidecar, _)) = self.sidecar else { return true };
        let hosts = sidecar.egress.iter().flat_map(|e| &e.hosts);
        sidecar.egress.is_empty()
            || hosts.filter_map(|h| h.split_once('/')).any(|(ns, dns)| {
                let ns_fits = match ns {
                    "*" => true,
                    "." => namespace == self.caller,
                    "~" => false,
                    other => other == namespace,
                };
                ns_fits && (dns == host || wildcard_matches(dns, host))
            })
    }

    /// The Sidecar that lets nothing unknown out; `None` where unknown hosts are let through.
    pub fn registry_only(&self) -> Option<&'a ObjectKey> {
        let (sidecar, key) = self.sidecar?;
        let mode = sidecar.outbound_traffic_policy.as_ref().map(|p| p.mode.as_str());
        (mode == Some("REGISTRY_ONLY")).then_some(key)
    }

    /// The Sidecar says itself what becomes of unknown hosts.
    pub fn has_outbound_policy(&self) -> bool {
        self.sidecar.is_some_and(|(s, _)| s.outbound_traffic_policy.is_some())
    }

    /// The Sidecar in force, with listeners of its own if it defines any.
    pub fn object(&self) -> Option<&'a ObjectKey> {
        self.sidecar.map(|(_, key)| key)
    }

    /// It opens listeners by port, which change where requests are routed.
    pub fn has_own_listeners(&self) -> bool {
        self.sidecar.is_some_and(|(s, _)| s.egress.iter().any(|e| e.port.is_some()))
    }
}

//! The fields of a Sidecar that decide.

use serde::Deserialize;

use crate::kinds::or_default;
use crate::kinds::service_entry::Labels as WorkloadSelector;
use crate::kinds::virtual_service::spec::Target;
use crate::read::registry::{Speech, speech_of};

/// `spec`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Sidecar {
    pub workload_selector: Option<WorkloadSelector>,
    #[serde(deserialize_with = "or_default")]
    pub egress: Vec<Egress>,
    #[serde(deserialize_with = "or_default")]
    pub ingress: Vec<Ingress>,
    pub outbound_traffic_policy: Option<OutboundPolicy>,
}

impl mesh::Spec for Sidecar {
    const GROUP: &'static str = crate::kinds::NETWORKING;
    const KIND: &'static str = "Sidecar";
}

/// `egress[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Egress {
    #[serde(deserialize_with = "or_default")]
    pub hosts: Vec<String>,
    pub port: Option<ListenerPort>,
    #[serde(deserialize_with = "or_default")]
    pub bind: String,
    #[serde(deserialize_with = "or_default")]
    pub capture_mode: String,
}

/// `ingress[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Ingress {
    pub port: ListenerPort,
    #[serde(deserialize_with = "or_default")]
    pub default_endpoint: String,
}

/// `port` of a listener.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListenerPort {
    pub number: u16,
    #[serde(deserialize_with = "or_default")]
    pub protocol: String,
}

/// `outboundTrafficPolicy`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct OutboundPolicy {
    #[serde(deserialize_with = "or_default")]
    pub mode: String,
    pub egress_proxy: Option<Target>,
}

impl ListenerPort {
    /// How the port is taken.
    pub fn speech(&self) -> Speech {
        speech_of(&self.protocol)
    }

    /// It takes requests for hosts on any port, as a proxy that is asked by name.
    pub fn is_proxy(&self) -> bool {
        self.protocol.eq_ignore_ascii_case("HTTP_PROXY")
    }
}

impl Egress {
    /// The address that it opens by itself, where it does not wait for what is redirected.
    pub fn opens(&self) -> Option<&str> {
        (self.capture_mode == "NONE").then_some(if self.bind.is_empty() { "127.0.0.1" } else { &self.bind })
    }
}

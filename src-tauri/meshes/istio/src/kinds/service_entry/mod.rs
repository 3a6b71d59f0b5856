//! ServiceEntry: hosts that the mesh knows besides Kubernetes' own.

use mesh::Summary;
use serde::Deserialize;
use world::{Document, Said, said};

use crate::kinds::workload_entry::WorkloadEntry;
use crate::kinds::{Selector, or_default, read};
use crate::read::hosts::is_wildcard;
use crate::read::registry::{Speech, speech_of};

/// `spec`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ServiceEntry {
    #[serde(deserialize_with = "or_default")]
    pub hosts: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub addresses: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub ports: Vec<EntryPort>,
    #[serde(deserialize_with = "or_default")]
    pub location: String,
    #[serde(deserialize_with = "or_default")]
    pub resolution: String,
    #[serde(deserialize_with = "or_default")]
    pub endpoints: Vec<WorkloadEntry>,
    pub workload_selector: Option<Labels>,
    #[serde(deserialize_with = "or_default")]
    pub subject_alt_names: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub export_to: Vec<String>,
}

impl mesh::Spec for ServiceEntry {
    const GROUP: &'static str = crate::kinds::NETWORKING;
    const KIND: &'static str = "ServiceEntry";

    /// Its hosts; `*` for any with a star.
    fn found_by(typed: &mesh::Typed<Self>) -> Vec<String> {
        let hosts = typed.spec.hosts.iter();
        hosts.map(|host| if is_wildcard(host) { "*".to_owned() } else { host.to_ascii_lowercase() }).collect()
    }
}

/// `workloadSelector.labels`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Labels {
    #[serde(deserialize_with = "or_default")]
    pub labels: world::Labels,
}

/// `ports[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EntryPort {
    pub number: u16,
    pub name: String,
    #[serde(deserialize_with = "or_default")]
    pub protocol: String,
    pub target_port: Option<u16>,
}

impl EntryPort {
    /// How the port is taken. Upstream: pilot/pkg/serviceregistry/serviceentry/conversion.go, convertPort.
    pub fn speech(&self) -> Speech {
        speech_of(&self.protocol)
    }
}

impl Selector {
    /// The labels in words.
    pub(crate) fn words(&self) -> String {
        self.match_labels.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(", ")
    }
}

pub(crate) fn summary(document: &Document) -> Summary {
    let Ok(spec) = read::<ServiceEntry>(document) else {
        return Summary::unreadable();
    };
    let ports: Vec<_> = spec.ports.iter().map(|p| format!("{} {}", p.protocol, p.number)).collect();
    let inside = spec.location == "MESH_INTERNAL";
    let place = if inside { said!("inside the mesh", "网格内") } else { said!("outside the mesh", "网格外") };
    Summary { text: Said::joined(&[place, ports.join(", ").into()], " · "), hosts: spec.hosts }
}

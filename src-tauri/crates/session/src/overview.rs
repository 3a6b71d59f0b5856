//! The frame's facts.

use std::sync::PoisonError;

use cluster::Right;
use mesh::Presence;
use world::{Coverage, ObjectKey};

use crate::live::Live;
use crate::map::Health;
pub use crate::write::settle::Settled;
use crate::{Result, Session};

/// What is known of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// API group.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// What is known of it.
    pub coverage: Coverage,
}

/// The frame's facts.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The world and its link.
    pub live: Live,
    /// Version of Kubernetes.
    pub kubernetes: String,
    /// Who the API server says that we are.
    pub user: String,
    /// The meshes that are here.
    pub meshes: Vec<Presence>,
    /// What we may do.
    pub rights: Vec<Right>,
    /// What is known of each kind.
    pub coverage: Vec<Kind>,
    /// Names of the namespaces.
    pub namespaces: Vec<String>,
    /// Services.
    pub services: u32,
    /// Workloads.
    pub workloads: u32,
    /// Pods with a proxy of a mesh.
    pub proxies: u32,
    /// Proxies that are not well.
    pub ill_proxies: u32,
    /// Findings of all levels.
    pub findings: u32,
    /// Findings of level error.
    pub errors: u32,
    /// Routing objects.
    pub routes: u32,
    /// Security objects.
    pub policies: u32,
    /// Objects in the tray.
    pub pending: u32,
    /// Changes of an earlier run, or of a connection that was lost, whose end this session found out.
    pub settled: Vec<Settled>,
}

impl Session {
    /// The frame's facts.
    ///
    /// # Errors
    /// A defect alone.
    pub async fn overview(&self) -> Result<Overview> {
        let live = self.live.borrow().clone();
        let world = &live.world;
        let findings = self.findings(false).await?;
        let probed = &self.opening.probed;
        let fleet = self.fleet.borrow().clone();
        let readable = world.coverages().filter(|(_, _, coverage)| **coverage != Coverage::Withheld);
        let coverage = readable.map(|(group, kind, coverage)| Kind {
            group: group.to_owned(),
            kind: kind.to_owned(),
            coverage: coverage.clone(),
        });
        let of_group = |end: &str| world.documents().filter(|d| d.key.group.starts_with(end)).count() as u32;
        let mut namespaces: Vec<String> = world.namespaces().map(|n| n.name.clone()).collect();
        namespaces.sort();
        let errors = findings.findings.iter().filter(|f| f.level == mesh::Level::Error).count() as u32;
        Ok(Overview {
            kubernetes: probed.kubernetes.clone(),
            user: probed.user.clone(),
            meshes: self.engine().detect(world, &probed.groups),
            rights: probed.rights.clone(),
            coverage: coverage.collect(),
            namespaces,
            services: world.services().count() as u32,
            workloads: world.workloads().count() as u32,
            proxies: fleet.proxies.len() as u32,
            ill_proxies: fleet.proxies.iter().filter(|proxy| proxy.health > Health::Ok).count() as u32,
            findings: findings.findings.len() as u32,
            errors,
            routes: world.documents().filter(|d| is_route(&d.key)).count() as u32,
            policies: of_group("security.istio.io") + of_group("policy.linkerd.io") + of_group("cilium.io"),
            pending: self.tray.borrow().items().len() as u32,
            settled: self.settled.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            live,
        })
    }
}

/// Whether an object says where requests go.
fn is_route(key: &ObjectKey) -> bool {
    match &*key.group {
        "networking.istio.io" => key.kind == "VirtualService",
        "gateway.networking.k8s.io" => key.kind.ends_with("Route"),
        _ => false,
    }
}

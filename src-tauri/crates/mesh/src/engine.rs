//! Runs every mesh over a world.

use world::World;

use crate::{Finding, Findings, Mesh, Presence, Request, Rule, Verdict};

/// All meshes that this build knows.
pub struct Engine {
    meshes: Vec<Box<dyn Mesh>>,
}

impl Engine {
    /// An engine over these meshes.
    pub fn new(meshes: Vec<Box<dyn Mesh>>) -> Self {
        Self { meshes }
    }

    /// The meshes.
    pub fn meshes(&self) -> impl Iterator<Item = &dyn Mesh> {
        self.meshes.iter().map(AsRef::as_ref)
    }

    /// Every rule of every mesh.
    pub fn rules(&self) -> impl Iterator<Item = &'static Rule> {
        self.meshes.iter().flat_map(|mesh| mesh.rules())
    }

    /// The meshes that are here.
    pub fn detect(&self, world: &World, groups: &[String]) -> Vec<Presence> {
        self.meshes.iter().filter_map(|mesh| mesh.detect(world, groups)).collect()
    }

    /// What becomes of a request.
    pub fn explain(&self, world: &World, request: &Request) -> Option<Verdict> {
        self.meshes.iter().find_map(|mesh| mesh.decide(world, request))
    }

    /// Everything wrong or risky.
    pub fn check(&self, world: &World) -> Findings {
        let mut findings: Vec<Finding> = Vec::new();
        for rule in self.rules() {
            (rule.check)(world, &mut findings);
        }
        findings.sort();
        Findings { findings, unknown: Vec::new() }
    }
}

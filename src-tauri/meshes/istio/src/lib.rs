//! Istio: what its objects mean for a request, and what is wrong with them.
//!
//! Decided are requests between workloads, with sidecars or in ambient mode at either end, through waypoints where they are asked for. Deliberately
//! absent, and said so in each answer: EnvoyFilter and WasmPlugin, external authorizers.

mod detect;
mod edge;
mod kinds;
mod probes;
mod read;
mod reading;
mod rules;
#[cfg(test)]
#[path = "../../../crates/world/tests/told/mod.rs"]
mod told;
mod valid;
mod verdict;

use std::sync::Arc;

use mesh::guide::Guide;
use mesh::{Foreign, Kind, Membership, Mesh, Places, Presence, Reading, Rule, Silence, Source, Summary};
use world::{Document, Pod, World};

/// The mesh, as the engine knows it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Istio;

impl Mesh for Istio {
    fn name(&self) -> &'static str {
        "Istio"
    }

    fn kinds(&self) -> &'static [Kind] {
        kinds::KINDS
    }

    fn sources(&self) -> &'static [Source] {
        kinds::SOURCES
    }

    fn detect(&self, world: &World, groups: &[String]) -> Option<Presence> {
        detect::presence(world, groups)
    }

    fn membership(&self, world: &World, pod: &Pod) -> Option<Membership> {
        detect::membership(world, pod)
    }

    fn rules(&self) -> Vec<&'static Rule> {
        rules::ALL.iter().map(|(rule, _)| *rule).collect()
    }

    fn foreign(&self) -> &'static [Foreign] {
        rules::FOREIGN
    }

    fn silences(&self) -> &'static [Silence] {
        rules::SILENCES
    }

    fn summary(&self, document: &Document) -> Option<Summary> {
        kinds::summary(document)
    }

    fn guide(&self, world: &World, document: &Document) -> Option<Guide> {
        kinds::guide(world, document)
    }

    fn read(&self, world: &World, places: &Arc<Places>) -> Option<Box<dyn Reading>> {
        Some(Box::new(read::Index::of(world, places.clone())))
    }
}

//! Runs every mesh over a world.

use std::collections::BTreeSet;
use std::sync::Arc;

use world::{Coverage, Document, ObjectKey, Pod, World};

use crate::handover::hand_over;
use crate::subject::subjects;
use crate::{
    Effect, Finding, Findings, Foreign, Found, Membership, Mesh, Mtls, Observed, Places, Posture, Presence, Reading,
    Request, Route, Rule, Silence, Summary, Unknown, Verdict, effect, plain, seen,
};

/// All meshes that this build knows.
pub struct Engine {
    meshes: Vec<Box<dyn Mesh>>,
}

/// One world, read by every mesh: asks many questions of it cheaply.
pub struct Ready {
    world: World,
    places: Arc<Places>,
    readings: Vec<(Box<dyn Reading>, Vec<&'static Rule>)>,
    silences: Vec<Silence>,
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
        self.meshes.iter().flat_map(|mesh| mesh.rules()).chain(seen::rules())
    }

    /// Codes of other tools that no rule of any mesh stands for.
    pub fn foreign(&self) -> impl Iterator<Item = &'static Foreign> {
        self.meshes.iter().flat_map(|mesh| mesh.foreign())
    }

    /// The meshes that are here.
    pub fn detect(&self, world: &World, groups: &[String]) -> Vec<Presence> {
        self.meshes.iter().filter_map(|mesh| mesh.detect(world, groups)).collect()
    }

    /// How a pod takes part, and in which mesh.
    pub fn membership(&self, world: &World, pod: &Pod) -> Option<(&'static str, Membership)> {
        self.meshes.iter().find_map(|mesh| mesh.membership(world, pod).map(|m| (mesh.name(), m)))
    }

    /// An object in a line; empty for kinds that no mesh knows.
    pub fn summary(&self, document: &Document) -> Summary {
        self.meshes.iter().find_map(|mesh| mesh.summary(document)).unwrap_or_default()
    }

    /// Reads a world once; ask the answer as often as you like.
    pub fn ready(&self, world: &World) -> Ready {
        let places = Arc::new(Places::of(world));
        let readings = self.meshes.iter().filter_map(|mesh| Some((mesh.read(world, &places)?, mesh.rules()))).collect();
        let silences = self.meshes.iter().flat_map(|mesh| mesh.silences()).copied().collect();
        Ready { world: world.clone(), places, readings, silences }
    }

    /// What becomes of a request. Reads the world first: for many requests ask [`Engine::ready`].
    pub fn explain(&self, world: &World, request: &Request) -> Verdict {
        self.ready(world).explain(request)
    }

    /// The rules that route requests for a service, in order.
    pub fn routes(&self, world: &World, namespace: &str, service: &str) -> Vec<Route> {
        self.ready(world).routes(namespace, service)
    }

    /// How protected a workload is.
    pub fn posture(&self, world: &World, namespace: &str, workload: &str) -> Posture {
        self.ready(world).posture(namespace, workload)
    }

    /// The policies and routes that bear on a service or workload.
    pub fn in_force(&self, world: &World, namespace: &str, name: &str) -> Vec<ObjectKey> {
        self.ready(world).in_force(namespace, name)
    }

    /// Everything wrong or risky.
    pub fn check(&self, world: &World) -> Findings {
        self.ready(world).check()
    }

    /// Requests that tell apart the branches of the routes and policies in which two worlds differ.
    pub fn probes(&self, before: &World, after: &World) -> Vec<Request> {
        effect::probes(&self.ready(before), &self.ready(after))
    }

    /// What a change does: to traffic that was seen, to requests derived from the change, and to the findings.
    pub fn effect(&self, before: &World, after: &World, observed: &[Observed]) -> Effect {
        effect::effect(&self.ready(before), &self.ready(after), observed)
    }
}

impl Ready {
    /// The world that was read.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Who is where in it.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// What becomes of a request: by the mesh at either end, or by Kubernetes alone.
    pub fn explain(&self, request: &Request) -> Verdict {
        for kind in ["Service", "Pod"] {
            if let Some(because) = unreadable(&self.world, "", kind) {
                return Verdict::unknown(request).because("where it goes", because);
            }
        }
        let readings = self.readings.iter().map(|(reading, _)| reading.as_ref());
        let decided = readings.clone().enumerate().find_map(|(at, reading)| Some((at, reading.decide(request)?)));
        let Some((by, verdict)) = decided else { return plain::decide(&self.places, request) };
        let others: Vec<&dyn Reading> = readings.enumerate().filter(|(at, _)| *at != by).map(|(_, r)| r).collect();
        hand_over(&self.places, &others, request, verdict)
    }

    /// The rules that route requests for a service, in order.
    pub fn routes(&self, namespace: &str, service: &str) -> Vec<Route> {
        let mut routes = self.readings.iter().map(|(reading, _)| reading.routes(namespace, service));
        routes.find(|routes| !routes.is_empty()).unwrap_or_default()
    }

    /// How protected a workload is; where no mesh has it, nothing protects it.
    pub fn posture(&self, namespace: &str, workload: &str) -> Posture {
        let posture = self.readings.iter().find_map(|(reading, _)| reading.posture(namespace, workload));
        posture.unwrap_or(Posture { mtls: Mtls::None, object: None, path: String::new() })
    }

    /// The policies and routes that bear on a service or workload.
    pub fn in_force(&self, namespace: &str, name: &str) -> Vec<ObjectKey> {
        let all: BTreeSet<_> =
            self.readings.iter().flat_map(|(reading, _)| reading.in_force(namespace, name)).collect();
        all.into_iter().collect()
    }

    /// Requests that tell the branches of these objects apart.
    pub fn probes(&self, objects: &BTreeSet<ObjectKey>) -> Vec<Request> {
        self.readings.iter().flat_map(|(reading, _)| reading.probes(objects)).collect()
    }

    /// Everything wrong or risky. A rule that reads a kind which is not there to be read is unknown, not quiet.
    pub fn check(&self) -> Findings {
        let mut findings: Vec<Finding> = Vec::new();
        let mut unknown = Vec::new();
        for (reading, rules) in &self.readings {
            for (at, rule) in rules.iter().copied().enumerate() {
                match rule.reads.iter().find_map(|(group, kind)| unreadable(&self.world, group, kind)) {
                    Some(because) => unknown.push(Unknown { about: rule.name.into(), because }),
                    None => findings.extend(run(&self.world, reading.as_ref(), at, rule)),
                }
            }
        }
        findings.sort_by(Finding::order);
        findings.dedup();
        unknown.sort();
        self.heard(Findings { findings, unknown, silenced: Vec::new() })
    }

    /// The findings without those that the owners of their objects have silenced.
    pub(crate) fn heard(&self, findings: Findings) -> Findings {
        let rules = self.readings.iter().flat_map(|(_, rules)| rules.iter().copied()).chain(seen::rules());
        findings.silence(&self.world, &self.silences, rules)
    }
}

/// What one rule, at this place of its mesh's table, says of a world: it looks at each of its subjects.
pub fn run(world: &World, reading: &dyn Reading, at: usize, rule: &'static Rule) -> Vec<Finding> {
    let mut findings = Vec::new();
    for subject in rule.about.iter().flat_map(|about| subjects(world, *about)) {
        let key = subject.key();
        reading.check(at, &subject, &mut Found::new(rule, &key, &mut findings));
    }
    findings
}

/// Why a kind's objects are not all known; `None` where they are. A kind that is not served has no objects.
pub fn unreadable(world: &World, group: &str, kind: &str) -> Option<String> {
    match world.coverage(group, kind) {
        Coverage::Ready | Coverage::Missing => None,
        Coverage::Loading => Some(format!("{kind} has not been listed yet")),
        Coverage::Denied(verb) => Some(format!("the right to {verb} {kind} is missing")),
        Coverage::Withheld => Some(format!("{kind} is never read from a cluster")),
        // What was listed before the link broke is the best there is; how old it is the session says.
        Coverage::Stale(_) => None,
    }
}

//! Runs every mesh over a world.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use world::{Coverage, Difference, Document, Labels, ObjectKey, Pod, Said, World, said};

use crate::checked::Checked;
use crate::handover::hand_over;
use crate::{
    Effect, Entering, Findings, Foreign, Lens, Membership, Mesh, Mtls, Observed, Places, Posture, Presence, Reading,
    Request, Route, Rule, Silence, Silenced, Summary, Touched, Unknown, Verdict, effect, plain, seen,
};

/// Where more objects than this differ, reading anew is cheaper than going step by step.
const MOST_STEPS: usize = 1000;

/// All meshes that this build knows.
pub struct Engine {
    meshes: Arc<[Box<dyn Mesh>]>,
}

/// One world, read by every mesh: asks many questions of it cheaply. What the world becomes is read from it ([`Ready::after`]).
pub struct Ready {
    meshes: Arc<[Box<dyn Mesh>]>,
    world: World,
    places: Arc<Places>,
    members: Vec<Member>,
    silences: Arc<[Silence]>,
    checked: OnceLock<Checked>,
}

/// A mesh that gives answers.
pub(crate) struct Member {
    /// Its reading of the world.
    pub reading: Box<dyn Reading>,
    /// Its rules, in the order of its table.
    pub rules: Vec<&'static Rule>,
}

impl Engine {
    /// An engine over these meshes.
    pub fn new(meshes: Vec<Box<dyn Mesh>>) -> Self {
        Self { meshes: meshes.into() }
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

    /// How an object is written step by step; `None` for kinds whose fields say enough.
    pub fn guide(&self, world: &World, document: &Document) -> Option<crate::guide::Guide> {
        self.meshes.iter().find_map(|mesh| mesh.guide(world, document))
    }

    /// Reads a world once; ask the answer as often as you like.
    pub fn ready(&self, world: &World) -> Ready {
        Ready::of(self.meshes.clone(), world)
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
        let before = self.ready(before);
        effect::probes(&before, &before.after(after))
    }

    /// What a change does: to traffic that was seen, to requests derived from the change, and to the findings.
    pub fn effect(&self, before: &World, after: &World, observed: &[Observed]) -> Effect {
        let before = self.ready(before);
        before.check();
        before.effect(&before.after(after), observed)
    }
}

impl Ready {
    fn of(meshes: Arc<[Box<dyn Mesh>]>, world: &World) -> Self {
        let places = Arc::new(Places::of(world));
        let read = |mesh: &dyn Mesh| Some(Member { reading: mesh.read(world, &places)?, rules: mesh.rules() });
        let members = meshes.iter().map(AsRef::as_ref).filter_map(read).collect();
        let silences = meshes.iter().flat_map(|mesh| mesh.silences()).copied().collect();
        Self { world: world.clone(), places, members, silences, checked: OnceLock::new(), meshes }
    }

    /// The reading of what the world became, or of any other world: the same as reading that one anew, for the price of what differs. Where this
    /// one has been checked, so is that one.
    #[must_use]
    pub fn after(&self, world: &World) -> Self {
        let difference = world.since(&self.world);
        let anew = || Self::of(self.meshes.clone(), world);
        if difference.len() > MOST_STEPS { anew() } else { self.step(world, &difference).unwrap_or_else(anew) }
    }

    fn step(&self, world: &World, difference: &Difference) -> Option<Self> {
        let mut touched = Touched::default();
        Lens::touches(difference, &mut touched);
        let places = Arc::new(self.places.after(world, difference, &mut touched)?);
        let mut members = Vec::new();
        for member in &self.members {
            let reading = member.reading.after(world, &places, difference, &mut touched)?;
            members.push(Member { reading, rules: member.rules.clone() });
        }
        let by = (members.as_slice(), self.silences.as_ref());
        let checked = self.checked.get().map(|checked| checked.after(world, by, difference, &touched));
        let checked = checked.map_or_else(OnceLock::new, OnceLock::from);
        let (meshes, silences) = (self.meshes.clone(), self.silences.clone());
        Some(Self { meshes, silences, world: world.clone(), places, members, checked })
    }

    /// What it does to go from this world to another: to traffic that was seen, to requests derived from the change, and to the findings.
    pub fn effect(&self, after: &Self, observed: &[Observed]) -> Effect {
        effect::effect(self, after, observed)
    }

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
                return Verdict::unknown(request).because(("where it goes", "去向"), because);
            }
        }
        let readings = self.members.iter().map(|member| member.reading.as_ref());
        let decided = readings.clone().enumerate().find_map(|(at, reading)| Some((at, reading.decide(request)?)));
        let Some((by, verdict)) = decided else { return plain::decide(&self.places, request) };
        let others: Vec<&dyn Reading> = readings.enumerate().filter(|(at, _)| *at != by).map(|(_, r)| r).collect();
        hand_over(&self.places, &others, request, verdict)
    }

    /// The rules that route requests for a service, in order.
    pub fn routes(&self, namespace: &str, service: &str) -> Vec<Route> {
        let mut routes = self.members.iter().map(|member| member.reading.routes(namespace, service));
        routes.find(|routes| !routes.is_empty()).unwrap_or_default()
    }

    /// Requests from outside that a rule of this route decides at a gateway. One that a policy lets no further is not known to be decided
    /// otherwise.
    pub fn entering(&self, route: &ObjectKey) -> Vec<Entering> {
        let by_another = |entering: &Entering| {
            let verdict = self.explain(&entering.request);
            // The first that routes it is the gateway.
            let by = verdict.trace.iter().find(|step| step.step == "route");
            by.is_some_and(|step| step.object.as_ref() != Some(route))
        };
        let met = self.members.iter().flat_map(|member| member.reading.entering(route));
        met.filter(|entering| !by_another(entering)).collect()
    }

    /// The labels that pods of a service have to have to be in this subset of it, as callers of the service's own namespace see it.
    pub fn subset(&self, namespace: &str, service: &str, subset: &str) -> Option<Labels> {
        self.members.iter().find_map(|member| member.reading.subset(namespace, service, subset))
    }

    /// How protected a workload is; where no mesh has it, nothing protects it.
    pub fn posture(&self, namespace: &str, workload: &str) -> Posture {
        let posture = self.members.iter().find_map(|member| member.reading.posture(namespace, workload));
        posture.unwrap_or(Posture { mtls: Mtls::None, object: None, path: String::new() })
    }

    /// The ports of a workload, by the pod's own number, that take connections otherwise than the rest of it.
    pub fn ports(&self, namespace: &str, workload: &str) -> Vec<(u16, Posture)> {
        self.members.iter().flat_map(|member| member.reading.ports(namespace, workload)).collect()
    }

    /// The policies and routes that bear on a service or workload.
    pub fn in_force(&self, namespace: &str, name: &str) -> Vec<ObjectKey> {
        let all: BTreeSet<_> =
            self.members.iter().flat_map(|member| member.reading.in_force(namespace, name)).collect();
        all.into_iter().collect()
    }

    /// Requests that tell the branches of these objects apart.
    pub fn probes(&self, objects: &BTreeSet<ObjectKey>) -> Vec<Request> {
        self.members.iter().flat_map(|member| member.reading.probes(objects)).collect()
    }

    /// Everything wrong or risky. A rule that reads a kind which is not there to be read is unknown, not quiet.
    pub fn check(&self) -> Findings {
        let unknown = self.unknown(|_| true);
        let (mut findings, mut silenced) = (Vec::new(), Vec::new());
        for (finding, by) in self.checked().findings() {
            match by {
                _ if unknown.iter().any(|u| u.about.en == finding.rule) => {}
                Some(by) => silenced.push(Silenced { finding: finding.clone(), by: by.to_owned() }),
                None => findings.push(finding.clone()),
            }
        }
        Findings { findings, unknown, silenced }
    }

    /// How many objects the rules were asked about for these findings: all, or those that a change concerns.
    pub fn effort(&self) -> usize {
        self.checked().effort()
    }

    fn checked(&self) -> &Checked {
        self.checked.get_or_init(|| Checked::of(&self.world, &self.members, &self.silences))
    }

    /// The rules that cannot be known and that read one of these kinds, `(group, kind)`: what else is not known stays so whatever becomes of them.
    pub fn unknown_about(&self, kinds: &BTreeSet<(&str, &str)>) -> Vec<Unknown> {
        self.unknown(|rule| rule.reads.iter().any(|read| kinds.contains(read)))
    }

    fn unknown(&self, wanted: impl Fn(&Rule) -> bool) -> Vec<Unknown> {
        let rules = self.members.iter().flat_map(|member| &member.rules).filter(|rule| wanted(rule));
        let unread = |rule: &Rule| rule.reads.iter().find_map(|(group, kind)| unreadable(&self.world, group, kind));
        let mut unknown: Vec<Unknown> =
            rules.filter_map(|rule| Some(Unknown { about: rule.name.into(), because: unread(rule)? })).collect();
        unknown.sort();
        unknown
    }

    /// The findings without those that the owners of their objects have silenced.
    pub(crate) fn heard(&self, findings: Findings) -> Findings {
        let rules = self.members.iter().flat_map(|member| member.rules.iter().copied()).chain(seen::rules());
        findings.silence(&self.world, &self.silences, rules)
    }
}

/// Why a kind's objects are not all known; `None` where they are. A kind that is not served has no objects.
pub fn unreadable(world: &World, group: &str, kind: &str) -> Option<Said> {
    match world.coverage(group, kind) {
        Coverage::Ready | Coverage::Missing => None,
        Coverage::Loading => Some(said!("{kind} has not been listed yet", "{kind} 尚未列出")),
        Coverage::Denied(verb) => Some(said!("the right to {verb} {kind} is missing", "缺少权限：{verb} {kind}")),
        Coverage::Withheld => Some(said!("{kind} is never read from a cluster", "{kind} 从不从集群中读取")),
        // What was listed before the link broke is the best there is; how old it is the session says.
        Coverage::Stale(_) => None,
    }
}

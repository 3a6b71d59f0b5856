//! What each rule costs, and what it reads in full: a rule that reads all of a kind is asked again about each of its subjects whenever any
//! object of that kind changes.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use bench_engine::figure::work;
use mesh::{Dep, Found, Log, Places, Reading, Rule, subjects};
use world::World;

use crate::Failure;
use crate::generated::Mesh;

/// The word by which this program tells it.
pub const RULES: &str = "rules";

/// The kinds that matter: there may be thousands of each.
const KINDS: [(&str, &str); 12] = [
    ("", "Service"),
    ("", "Pod"),
    ("", "Namespace"),
    ("apps", "Deployment"),
    ("networking.istio.io", "VirtualService"),
    ("networking.istio.io", "DestinationRule"),
    ("networking.istio.io", "ServiceEntry"),
    ("networking.istio.io", "Gateway"),
    ("security.istio.io", "PeerAuthentication"),
    ("security.istio.io", "AuthorizationPolicy"),
    ("gateway.networking.k8s.io", "HTTPRoute"),
    ("gateway.networking.k8s.io", "Gateway"),
];

/// One rule over a world.
struct Cost {
    name: &'static str,
    millis: f64,
    subjects: usize,
    /// Subjects by the kind that is read in full for them.
    wide: BTreeMap<&'static str, usize>,
}

/// Every rule over a mesh of so many services, the dearest first.
pub fn show(services: &str, out: &mut impl Write) -> Result<(), Failure> {
    let mesh = Mesh::with_gateway_api(services.parse()?)?;
    let mut costs = costs(&mesh.world);
    costs.sort_by(|a, b| b.millis.total_cmp(&a.millis));
    for Cost { name, millis, subjects, wide } in costs {
        let wide: Vec<String> = wide.iter().map(|(kind, subjects)| format!("{kind} for {subjects}")).collect();
        writeln!(out, "{name:48} {millis:9.2} ms {subjects:6} subjects  {}", wide.join(", "))?;
    }
    Ok(())
}

fn costs(world: &World) -> Vec<Cost> {
    let engine = meshes::engine();
    let places = Arc::new(Places::of(world));
    let mut costs = Vec::new();
    for mesh in engine.meshes() {
        let Some(reading) = mesh.read(world, &places) else { continue };
        let log = Log::open();
        let listening = reading.listening(&log);
        for (at, rule) in mesh.rules().into_iter().enumerate() {
            let millis = work(|| drop(mesh::run(world, reading.as_ref(), at, rule)));
            costs.push(Cost { name: rule.name, millis, ..wide(world, listening.as_ref(), &log, at, rule) });
        }
    }
    costs
}

fn wide(world: &World, reading: &dyn Reading, log: &Log, at: usize, rule: &'static Rule) -> Cost {
    let mut cost = Cost { name: rule.name, millis: 0.0, subjects: 0, wide: BTreeMap::new() };
    for subject in rule.about.iter().flat_map(|about| subjects(world, *about)) {
        cost.subjects += 1;
        reading.check(at, &subject, &mut Found::new(rule, &subject.key(), &mut Vec::new()));
        let read = log.take();
        for (_, kind) in KINDS.iter().filter(|(group, kind)| read.contains(&Dep::every(group, kind))) {
            *cost.wide.entry(kind).or_default() += 1;
        }
    }
    cost
}

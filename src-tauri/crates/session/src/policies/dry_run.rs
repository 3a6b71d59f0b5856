//! From dry-run to enforced: the policies of a namespace together, for each alone could refuse whom another lets in.

use std::collections::BTreeMap;
use std::sync::Arc;

use mesh::{Engine, Ready};
use serde_json::Value;
use world::yaml;
use world::{Change, Document, Object, ObjectKey, Origin, World};

use super::seen::{Call, Seen};
use super::write::Asked;
use super::{DRY_RUN, KIND, Sample, observed, sample};
use crate::change::tray::Tray;
use crate::observed::of_nameless;
use crate::recipes::{Dish, SECURITY, changed, without};
use crate::says::{Line, says};
use crate::session::defect;
use crate::traffic::{Names, Traffic};
use crate::{Result, Session};

/// The policies of a namespace that only report.
#[derive(Clone, Debug, PartialEq)]
pub struct DryRun {
    /// Its namespace.
    pub namespace: String,
    /// What would go into the tray to enforce them.
    pub dishes: Vec<Dish>,
    /// What that would do, to the traffic of all the time and to requests that the engine thinks of. Its amounts are in all, not a second.
    pub says: Vec<Line>,
    /// What the proxies themselves have counted: what they would have refused by these policies.
    pub counted: Counted,
    /// The tray enforces them already.
    pub pending: bool,
}

/// What proxies counted of the policies of a namespace that only report. They judge a policy of ALLOW by those in dry-run alone, and what an
/// enforced DENY refuses by none of ALLOW.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counted {
    /// For so many seconds up to now; `None` where nobody has counted since the policies were last written to.
    pub seconds: Option<f64>,
    /// Where something came that the policies judged, by workload.
    pub rows: Vec<CountedAt>,
    /// Workloads under these policies whose proxies tell no such count: nothing came yet (what was never counted is not told), none has a
    /// proxy that counts, or none has taken the policies up.
    pub silent: Vec<Names>,
}

/// What the proxies of one workload counted of the policies of one action.
#[derive(Clone, Debug, PartialEq)]
pub struct CountedAt {
    /// Namespace and workload.
    pub workload: Names,
    /// DENY policies, else ALLOW policies.
    pub denies: bool,
    /// Connections over which goes no HTTP, else requests.
    pub tcp: bool,
    /// So many would have been refused,
    pub refused: f64,
    /// of so many.
    pub of: f64,
}

impl Session {
    /// The policies that are in dry-run in the cluster, by namespace, with what enforcing them would do.
    ///
    /// # Errors
    /// Where a policy's text in the tray cannot be edited.
    pub async fn dry_runs(&self) -> Result<Vec<DryRun>> {
        let ready = self.ready().await?;
        let (tray, traffic) = (self.tray.borrow().clone(), self.traffic.borrow().clone());
        let engine = self.engine().clone();
        let made = tokio::task::spawn_blocking(move || all(&ready, &engine, &tray, &traffic));
        made.await.map_err(|_| defect("weighing policies in dry-run"))?
    }
}

/// Whether a policy only reports.
pub(crate) fn is_dry(policy: &Document) -> bool {
    policy.annotations.is_true(DRY_RUN)
}

fn all(ready: &Ready, engine: &Engine, tray: &Tray, traffic: &Traffic) -> Result<Vec<DryRun>> {
    let world = ready.world();
    let mut groups: BTreeMap<String, Vec<Arc<Document>>> = BTreeMap::new();
    for policy in world.documents_of(SECURITY, KIND).filter(|policy| is_dry(policy)) {
        groups.entry(policy.key.namespace.clone()).or_default().push(policy.clone());
    }
    if groups.is_empty() {
        return Ok(Vec::new());
    }
    let seen = Seen::counted(traffic, ready, None);
    groups
        .into_iter()
        .map(|(namespace, policies)| {
            let about = seen.calls.iter().filter(|call| call.service.0 == namespace).enumerate();
            let asked = about.map(|(at, call)| observed(at, call, ready, &stands_for(&policies, call)));
            let here = seen.nameless.iter().filter(|(service, _)| service.0 == namespace);
            let here = here.map(|(service, amount)| (service.clone(), *amount)).collect();
            let observed: Vec<_> = asked.chain(of_nameless(&here, ready, engine)).collect();
            let after = ready.after(&enforced(world, &policies));
            let dishes: Result<Vec<Dish>> = policies.iter().map(|policy| enforce(world, tray, policy)).collect();
            let pending = policies.iter().all(|policy| waits(tray, &policy.key));
            let counted = counted(ready, traffic, &namespace, &policies);
            Ok(DryRun { says: says(&ready.effect(&after, &observed)), dishes: dishes?, counted, namespace, pending })
        })
        .collect()
}

/// What the proxies counted of these policies since any of them was last written to.
fn counted(ready: &Ready, traffic: &Traffic, namespace: &str, policies: &[Arc<Document>]) -> Counted {
    // The server writes down whole seconds.
    let written = policies.iter().filter_map(|policy| policy.written).max().map_or(i64::MIN, |at| (at + 1) * 1000);
    let from = if written == i64::MIN { 0.0 } else { traffic.clock(written) };
    let (begun, told) = traffic.dry_runs(from);
    let are_about = |(of, name): &Names| {
        let in_force = ready.in_force(of, name);
        policies.iter().any(|policy| in_force.contains(&policy.key))
    };
    let told: BTreeMap<Names, _> = told.into_iter().map(|(of, told)| ((of.namespace, of.name), told)).collect();
    let mut counted = Counted { seconds: begun.map(|begun| (traffic.now - begun).max(0.0)), ..Counted::default() };
    for (workload, told) in &told {
        // A waypoint judges by policies that are not about itself, but about a service of its namespace.
        if workload.0 != namespace && (told.judged.is_empty() || !are_about(workload)) {
            continue;
        }
        counted.rows.extend(told.judged.iter().map(|(of, judged)| CountedAt {
            workload: workload.clone(),
            denies: of.denies,
            tcp: of.tcp,
            refused: judged.refused,
            of: judged.refused + judged.passed,
        }));
    }
    let here = ready.world().workloads().filter(|workload| workload.namespace == namespace);
    let silent = here.map(|workload| (workload.namespace.clone(), workload.name.clone()));
    counted.silent = silent.filter(|of| told.get(of).is_none_or(|told| told.proxies.0 == 0) && are_about(of)).collect();
    counted.silent.sort();
    counted
}

/// A request that stands for a caller's: one that these policies name for it, for of its own the counters know neither method nor path.
pub(super) fn stands_for(policies: &[Arc<Document>], call: &Call) -> Sample {
    let principal = format!("cluster.local/ns/{}/sa/{}", call.from.0, call.account);
    let list = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    let rules = policies.iter().filter_map(|policy| policy.at("/spec/rules").and_then(Value::as_array)).flatten();
    let names = |rule: &&Value| {
        let sources = rule["from"].as_array().into_iter().flatten();
        sources.flat_map(|from| list(&from["source"]["principals"])).any(|one| one == principal)
    };
    if call.tcp {
        return Sample::any();
    }
    let operation = rules.filter(names).find_map(|rule| rule["to"][0].get("operation"));
    let asked = operation.map(|operation| Asked {
        methods: list(&operation["methods"]).into_iter().collect(),
        paths: list(&operation["paths"]).into_iter().collect(),
    });
    asked.map_or_else(Sample::any, |asked| sample(&[asked]))
}

/// The world in which these policies are enforced.
fn enforced(world: &World, policies: &[Arc<Document>]) -> World {
    let changes = policies.iter().filter_map(|policy| {
        let mut body = (*policy.body).clone();
        body.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut)?.shift_remove(DRY_RUN);
        Object::read(body, Origin::Draft).ok().map(Change::Put)
    });
    world.after(changes)
}

fn enforce(world: &World, tray: &Tray, policy: &Document) -> Result<Dish> {
    let unedited = changed(world, tray, &policy.key, &[])?;
    changed(world, tray, &policy.key, &without(&yaml::read(&unedited.after).value, DRY_RUN))
}

fn waits(tray: &Tray, key: &ObjectKey) -> bool {
    let item = tray.items().iter().find(|item| item.key == *key);
    item.is_some_and(|item| item.body.pointer("/metadata/annotations").and_then(|all| all.get(DRY_RUN)).is_none())
}

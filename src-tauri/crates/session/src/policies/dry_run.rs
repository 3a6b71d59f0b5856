//! From dry-run to enforced: the policies of a namespace together, for each alone could refuse whom another lets in.

use std::collections::BTreeMap;
use std::sync::Arc;

use mesh::{Engine, Ready};
use serde_json::Value;
use world::yaml::{self, Edit};
use world::{Change, Document, Object, ObjectKey, Origin, World};

use super::write::Asked;
use super::{DRY_RUN, KIND, Sample, Window, any_request, observed, sample, seen};
use crate::change::tray::Tray;
use crate::observed::of_nameless;
use crate::recipes::{Dish, SECURITY, changed};
use crate::says::{Line, says};
use crate::session::defect;
use crate::traffic::Traffic;
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
    /// The tray enforces them already.
    pub pending: bool,
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

/// Whether a policy only reports. Upstream: strconv.ParseBool.
pub(crate) fn is_dry(policy: &Document) -> bool {
    let value = policy.annotations.get(DRY_RUN);
    matches!(value, Some("1" | "t" | "T" | "true" | "TRUE" | "True"))
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
    let calls = seen::calls(traffic, ready, Window::Ever);
    let nameless = seen::nameless(traffic, ready, Window::Ever);
    groups
        .into_iter()
        .map(|(namespace, policies)| {
            let about = calls.iter().filter(|call| call.service.0 == namespace).enumerate();
            let asked = about.map(|(at, call)| observed(at, call, ready, &stands_for(&policies, call)));
            let here = nameless.iter().filter(|(service, _)| service.0 == namespace);
            let here = here.map(|(service, amount)| (service.clone(), *amount)).collect();
            let observed: Vec<_> = asked.chain(of_nameless(&here, ready, engine)).collect();
            let after = ready.after(&enforced(world, &policies));
            let dishes: Result<Vec<Dish>> = policies.iter().map(|policy| enforce(world, tray, policy)).collect();
            let pending = policies.iter().all(|policy| waits(tray, &policy.key));
            Ok(DryRun { says: says(&ready.effect(&after, &observed)), dishes: dishes?, namespace, pending })
        })
        .collect()
}

/// A request that stands for a caller's: one that these policies name for it, for of its own the counters know neither method nor path.
pub(super) fn stands_for(policies: &[Arc<Document>], call: &seen::Call) -> Sample {
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
        return any_request();
    }
    let operation = rules.filter(names).find_map(|rule| rule["to"][0].get("operation"));
    let asked = operation.map(|operation| Asked {
        methods: list(&operation["methods"]).into_iter().collect(),
        paths: list(&operation["paths"]).into_iter().collect(),
    });
    asked.map_or_else(any_request, |asked| sample(&[asked]))
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
    let annotations = yaml::read(&unedited.after).value.pointer("/metadata/annotations").cloned().unwrap_or_default();
    let edits = match annotations.as_object() {
        Some(all) if all.contains_key(DRY_RUN) && all.len() == 1 => vec![Edit::remove("/metadata/annotations")],
        Some(all) if all.contains_key(DRY_RUN) => {
            vec![Edit::remove(&format!("/metadata/annotations/{}", DRY_RUN.replace('/', "~1")))]
        }
        _ => Vec::new(),
    };
    changed(world, tray, &policy.key, &edits)
}

fn waits(tray: &Tray, key: &ObjectKey) -> bool {
    let item = tray.items().iter().find(|item| item.key == *key);
    item.is_some_and(|item| item.body.pointer("/metadata/annotations").and_then(|all| all.get(DRY_RUN)).is_none())
}

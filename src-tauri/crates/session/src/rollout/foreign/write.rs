//! A plan as the object of another controller, for the tray. What that controller cannot do is told before.

use std::time::Duration;

use mesh::Ready;
use rollout::{Gate, Plan, Said};
use serde_json::{Value, json};
use world::yaml::{self, Edit};
use world::{ObjectKey, Workload, said};

use super::gates::{Server, ripe};
use super::{CONTROLLERS, Controller};
use crate::recipes::{Dish, changed};
use crate::rollout::versions::version;
use crate::{Error, Result, Session};

/// A plan as another controller would have it.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// Its objects: those that the rollout names, then the rollout.
    pub dishes: Vec<Dish>,
    /// What it does not say, or says otherwise.
    pub lost: Vec<Said>,
}

/// What a controller is written for.
pub(super) struct Ground<'a> {
    pub ready: &'a Ready,
    pub plan: &'a Plan,
    /// The object whose weights the plan moves.
    pub route: &'a Value,
    /// The Deployment of the stable version, where a new object is written.
    pub target: &'a str,
    /// Its pods.
    pub replicas: u32,
    /// The object of the controller that is there already.
    pub known: Option<&'a Value>,
    /// The Prometheus that its gates may ask, or why there is none.
    pub server: std::result::Result<Server, Said>,
}

impl Ground<'_> {
    /// The Prometheus for the gates, where there are any and it is known; else they are lost.
    pub fn server(&self, lost: &mut Vec<Said>) -> Option<&Server> {
        if self.plan.gates.is_empty() {
            return None;
        }
        match &self.server {
            Ok(server) => {
                lost.extend(server.wants.iter().map(|want| Said::from(*want)));
                Some(server)
            }
            Err(because) => {
                let left_out = |gate| {
                    let gate = gate_words(gate);
                    let en = format!("the gate “{gate}” is left out: it would ask a Prometheus, and {because}");
                    Said::new(en, format!("条件“{gate}”被略去：它要询问 Prometheus，而{}", because.zh))
                };
                lost.extend(self.plan.gates.iter().map(left_out));
                None
            }
        }
    }

    /// How long a step lasts until no gate reads what was before it; nothing where no gate is asked.
    pub fn ripe(&self) -> Duration {
        let gates = self.server.is_ok().then_some(&self.plan.gates).into_iter().flatten();
        gates.map(|gate| ripe(gate, self.plan)).max().unwrap_or_default()
    }
}

/// An object that a rollout names.
pub(super) struct Beside {
    pub kind: &'static str,
    pub name: String,
    pub spec: Value,
}

/// What a controller makes of a plan.
pub(super) struct Draft {
    /// What changes in the object that is there already.
    pub edits: Vec<Edit>,
    /// The `spec` of a new one.
    pub spec: Value,
    pub beside: Vec<Beside>,
    pub lost: Vec<Said>,
}

impl Session {
    /// Controllers of rollouts that are served in this cluster.
    ///
    /// # Errors
    /// Where the server does not say what it serves.
    pub async fn foreign_controllers(&self) -> Result<Vec<&'static str>> {
        let apis = self.connection().apis().await?;
        let served = CONTROLLERS.iter().filter(|one| apis.find(one.group, one.kind).is_some());
        Ok(served.map(|one| one.name).collect())
    }

    /// The plan as the object of another controller: the one that is there for its route, changed, or a new one.
    ///
    /// # Errors
    /// Where the plan makes no sense, the controller is not there, or the plan moves what is not there.
    pub async fn foreign_plan(&self, plan: &Plan, controller: &str) -> Result<Written> {
        let refused = |reason: Said| Error::Refused { reason };
        plan.sense().map_err(|broken| refused(broken.to_string().into()))?;
        let apis = self.connection().apis().await?;
        let of = CONTROLLERS.iter().find(|one| one.name == controller);
        let served = of.and_then(|one| Some((*one, apis.find(one.group, one.kind)?.api_version())));
        let Some((controller, api_version)) = served else {
            return Err(refused(said!("{controller} is not installed in this cluster", "此集群未安装 {controller}")));
        };
        let (ready, drafted) = (self.ready().await?, self.drafted().await?);
        let world = drafted.world();
        let route = world.document(&plan.object()).ok_or_else(|| Error::gone(plan.object()))?;
        let workloads = version(&ready, plan, &plan.stable).map(|version| version.workloads).unwrap_or_default();
        let is_stable =
            |one: &Workload| one.kind == "Deployment" && workloads.contains(&(one.namespace.clone(), one.name.clone()));
        let workload = world.workloads().find(|one| is_stable(one));
        let known = known(controller, world, plan);
        if workload.is_none() && known.is_none() {
            return Err(refused(said!(
                "{} has no Deployment: {} moves one",
                "{} 没有 Deployment：{} 需要一个",
                plan.stable,
                controller.name
            )));
        }
        let body = known.as_ref().and_then(|key| world.document(key)).map(|document| document.body.clone());
        let (target, replicas) = workload.map_or(("", 1), |one| (&*one.name, one.replicas));
        let server = if plan.gates.is_empty() { Err(Said::default()) } else { self.foreign_server().await };
        let known_body = body.as_deref();
        let ground = Ground { ready: &ready, plan, route: &route.body, target, replicas, known: known_body, server };
        let Draft { edits, spec, beside, mut lost } = (controller.write)(&ground);
        let moves = body.as_deref().map(|body| (controller.read)(body).moves).unwrap_or_default();
        if !moves.is_empty() && !moves.contains(&plan.object()) {
            let moves: Vec<String> = moves.iter().map(ToString::to_string).collect();
            let (moves, of) = (moves.join(", "), plan.object());
            lost.push(Said::new(format!("it moves {moves}, and not {of}"), format!("它调整的是 {moves}，而不是 {of}")));
        }
        let dish = |kind: &str, name: &str, edits: Vec<Edit>, spec: Value| {
            let key = ObjectKey::new(controller.group, kind, &plan.service.namespace, name);
            if world.document(&key).is_some() {
                return changed(&self.world(), &self.tray.borrow(), &key, &edits);
            }
            let object = json!({"apiVersion": api_version, "kind": kind,
                "metadata": {"name": key.name, "namespace": key.namespace}, "spec": spec});
            Ok(Dish { key, before: String::new(), after: yaml::write(&object), base: String::new() })
        };
        let mut dishes = Vec::new();
        for one in beside {
            let edits = vec![Edit::set("/spec", one.spec.clone())];
            dishes.push(dish(one.kind, &one.name, edits, one.spec)?);
        }
        dishes.push(match known {
            Some(key) => changed(&self.world(), &self.tray.borrow(), &key, &edits)?,
            None => dish(controller.kind, &plan.service.name, edits, spec)?,
        });
        Ok(Written { dishes, lost })
    }
}

/// The object of the controller that moves the plan's route already, or that has the service's name.
fn known(controller: &Controller, world: &world::World, plan: &Plan) -> Option<ObjectKey> {
    let route = plan.object();
    let is_it = |document: &&std::sync::Arc<world::Document>| {
        let same = document.key.namespace == plan.service.namespace && document.key.name == plan.service.name;
        same || (controller.read)(&document.body).moves.contains(&route)
    };
    world.documents_of(controller.group, controller.kind).find(is_it).map(|document| document.key.clone())
}

/// A gate in words: its metric, and its bounds as the plan has them.
pub(super) fn gate_words(gate: &Gate) -> String {
    let text = serde_json::to_value(gate).ok();
    let fields = text.as_ref().and_then(Value::as_object).into_iter().flatten();
    let words = fields.map(|(name, value)| match value {
        Value::String(said) if name == "metric" => said.clone(),
        Value::String(said) => format!("{name} {said}"),
        other => format!("{name} {}", other.as_f64().unwrap_or_default()),
    });
    words.collect::<Vec<_>>().join(", ")
}

//! Rollouts that other controllers drive: read from their objects, and steered by the writes that their own tools make.
//!
//! A controller is one file and one line in [`CONTROLLERS`].

mod argo;
mod flagger;
mod gates;
mod order;
mod write;

use mesh::Unknown;
use rollout::Said;
use serde_json::Value;
use world::{ObjectKey, World};

pub use order::{Order, Patch};
pub use write::Written;

pub(crate) use order::still;

use crate::Session;

/// Why an order has no meaning now, in English and Chinese; empty where it has.
pub type Why = (&'static str, &'static str);

/// The controllers.
const CONTROLLERS: [&Controller; 2] = [&argo::CONTROLLER, &flagger::CONTROLLER];

/// The controller whose rollout an object is.
fn controller_of(key: &ObjectKey) -> Option<&'static Controller> {
    CONTROLLERS.into_iter().find(|one| one.group == key.group && one.kind == key.kind)
}

/// A controller that drives rollouts of its own.
struct Controller {
    /// As people write it.
    name: &'static str,
    group: &'static str,
    kind: &'static str,
    /// The kind of what its rollouts name for their gates.
    gates: &'static str,
    /// Where a rollout stands, by its object.
    read: fn(&Value) -> Standing,
    /// The writes that an order is, or why it has no meaning now.
    steer: fn(&Value, Order) -> std::result::Result<Vec<Patch>, Why>,
    /// A plan as it would have it.
    write: fn(&write::Ground<'_>) -> write::Draft,
}

/// How a rollout of another controller goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It moves, or looks at what it moved.
    Going,
    /// It waits for a person.
    Paused,
    /// The new version has everything, or there is nothing to roll out.
    Done,
    /// It broke, or was aborted.
    Failed,
    /// Its controller has not said.
    Unknown,
}

impl Health {
    /// For scripts.
    pub fn word(self) -> &'static str {
        match self {
            Self::Going => "going",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// Where a rollout of another controller stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How it goes.
    pub health: Health,
    /// The controller's own word for it.
    pub phase: String,
    /// What the controller says of it.
    pub message: Said,
    /// Steps behind it, of so many.
    pub step: Option<(u64, u64)>,
    /// Percent of the requests that the new version gets.
    pub weight: Option<u64>,
    /// The routing objects whose weights the controller writes.
    pub moves: Vec<ObjectKey>,
}

/// A rollout that another controller drives.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreign {
    /// The controller, as people write it.
    pub controller: &'static str,
    /// Its object.
    pub key: ObjectKey,
    /// Where it stands.
    pub standing: Standing,
    /// What may be wanted of it, and why not now; empty where it may.
    pub orders: Vec<(Order, Why)>,
}

/// The kinds of the controllers, which are followed like those of the meshes.
pub(crate) fn kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
    CONTROLLERS.iter().flat_map(|one| [(one.group, one.kind), (one.group, one.gates)])
}

/// The rollouts of other controllers in a world.
fn all(world: &World) -> impl Iterator<Item = (&'static Controller, &ObjectKey, &Value)> {
    CONTROLLERS.iter().flat_map(move |controller| {
        let of = world.documents_of(controller.group, controller.kind);
        of.map(move |document| (*controller, &document.key, &*document.body))
    })
}

/// Who moves the weights of a routing object, in words.
pub(crate) fn mover(world: &World, key: &ObjectKey) -> Option<Said> {
    let mut rollouts = all(world).filter(|(controller, _, body)| (controller.read)(body).moves.contains(key));
    rollouts.next().map(|(Controller { name, .. }, by, _)| {
        let en = format!("{name} moves its weights ({by}), and may set them back");
        Said::new(en, format!("{name} 会调整它的权重（{by}），并可能改回去"))
    })
}

impl Session {
    /// The rollouts that other controllers drive, and what of them may not be read.
    pub fn foreign_rollouts(&self) -> (Vec<Foreign>, Vec<Unknown>) {
        let world = self.world();
        let rollouts = all(&world).map(|(controller, key, body)| Foreign {
            controller: controller.name,
            key: key.clone(),
            standing: (controller.read)(body),
            orders: Order::ALL.map(|order| (order, (controller.steer)(body, order).err().unwrap_or_default())).into(),
        });
        let unknown = CONTROLLERS.iter().filter_map(|controller| {
            let because = mesh::unreadable(&world, controller.group, controller.kind)?;
            Some(Unknown { about: controller.name.into(), because })
        });
        (rollouts.collect(), unknown.collect())
    }
}

/// A text in an object.
fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

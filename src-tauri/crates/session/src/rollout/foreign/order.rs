//! Orders to other controllers: reviewed, written and journaled like every change, by the patches that their own tools send.

use std::sync::Arc;

use cluster::{ApiError, Connection};
use serde_json::Value;
use world::{ObjectKey, Said};

use super::{Why, controller_of, text};
use crate::write::plan::{self, Step, read};
use crate::write::review::{Plan, Whence};
use crate::{Error, Result, Session};

/// What a person may want of a rollout of another controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// On to the next step now.
    Promote,
    /// To the end now, past all steps and checks.
    Finish,
    /// Stand still.
    Pause,
    /// Go on.
    Resume,
    /// Everything back to the stable version.
    Abort,
    /// Begin again after it was aborted.
    Retry,
}

impl Order {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Promote, Self::Finish, Self::Pause, Self::Resume, Self::Abort, Self::Retry];

    /// As the journal and the command line say it.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Promote => ("promote", "推进"),
            Self::Finish => ("promote to the end", "推进到最后"),
            Self::Pause => ("pause", "暂停"),
            Self::Resume => ("resume", "继续"),
            Self::Abort => ("abort", "中止"),
            Self::Retry => ("retry", "重试"),
        }
    }
}

/// One write of an order: a merge patch.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    /// To the status, which is a resource of its own.
    pub status: bool,
    /// It says what it was computed from: a rollout that has moved on since refuses it.
    pub exact: bool,
    /// What is sent.
    pub body: Value,
}

impl Session {
    /// What an order to another controller would write now, as its server's dry-run answers it; [`Session::apply`] gives the order.
    ///
    /// # Errors
    /// Where it has no meaning now, the object is no rollout, or the server cannot be asked.
    pub async fn foreign_review(&self, key: &ObjectKey, order: Order) -> Result<Arc<Plan>> {
        let refused = |why: Why| Error::Refused { reason: Said::of(key.to_string(), why) };
        let controller = controller_of(key).ok_or_else(|| {
            refused(("it is no rollout of a controller that is known", "它不属于任何已知控制器的发布"))
        })?;
        let live = read(self.connection(), key).await?.ok_or_else(|| Error::gone(key.clone()))?;
        let mut steps = Vec::new();
        for patch in (controller.steer)(&live, order).map_err(refused)? {
            steps.push(plan::ordered(self.connection(), key, (order, patch), live.clone()).await?);
        }
        let words = order.words();
        let of = |word: &str| format!("{word} {}/{}", key.namespace, key.name);
        let said = Said::of(controller.name, (&*of(words.0), &*of(words.1)));
        self.keep(steps, Whence::Itself(said)).await
    }
}

/// The version at which an order still is what was reviewed, whatever else its controller wrote meanwhile.
pub(crate) async fn still(
    connection: &Connection,
    step: &Step,
    order: Order,
    patch: &Patch,
) -> Result<Option<String>, ApiError> {
    let Some((controller, now)) = controller_of(&step.key).zip(read(connection, &step.key).await?) else {
        return Ok(None);
    };
    let same = text(&now, "/metadata/uid") == step.uid();
    let same = same && (controller.steer)(&now, order).is_ok_and(|patches| patches.contains(patch));
    Ok(same.then(|| text(&now, "/metadata/resourceVersion").to_owned()))
}

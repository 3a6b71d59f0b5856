//! Rollouts of other controllers.

use session::Session;
use session::rollout::{Foreign, Health, Order, Why, Written};

use super::all;
use crate::types::{
    ForeignChoice, ForeignHealth, ForeignOrder, ForeignPlan, ForeignRollout, ForeignRollouts, ObjectRef,
};

pub(crate) async fn foreign(session: &Session) -> session::Result<ForeignRollouts> {
    let (rollouts, unknown) = session.foreign_rollouts();
    let controllers = session.foreign_controllers().await?.into_iter().map(str::to_owned).collect();
    Ok(ForeignRollouts { controllers, rollouts: all(rollouts), unknown: all(unknown) })
}

impl From<Written> for ForeignPlan {
    fn from(written: Written) -> Self {
        Self { proposals: all(written.dishes), lost: all(written.lost) }
    }
}

impl From<Foreign> for ForeignRollout {
    fn from(foreign: Foreign) -> Self {
        let standing = foreign.standing;
        Self {
            controller: foreign.controller.to_owned(),
            object: ObjectRef::from(&foreign.key),
            health: standing.health.into(),
            phase: standing.phase,
            message: standing.message.en,
            zh: standing.message.zh,
            step: standing.step.map(|(step, _)| step as f64),
            steps: standing.step.map(|(_, steps)| steps as f64),
            weight: standing.weight.map(|weight| weight as f64),
            moves: standing.moves.iter().map(ObjectRef::from).collect(),
            orders: all(foreign.orders),
        }
    }
}

impl From<(Order, Why)> for ForeignChoice {
    fn from((order, (because, zh)): (Order, Why)) -> Self {
        Self { order: order.into(), because: because.to_owned(), zh: zh.to_owned() }
    }
}

impl From<Order> for ForeignOrder {
    fn from(order: Order) -> Self {
        match order {
            Order::Promote => Self::Promote,
            Order::Finish => Self::Finish,
            Order::Pause => Self::Pause,
            Order::Resume => Self::Resume,
            Order::Abort => Self::Abort,
            Order::Retry => Self::Retry,
        }
    }
}

impl From<ForeignOrder> for Order {
    fn from(order: ForeignOrder) -> Self {
        match order {
            ForeignOrder::Promote => Self::Promote,
            ForeignOrder::Finish => Self::Finish,
            ForeignOrder::Pause => Self::Pause,
            ForeignOrder::Resume => Self::Resume,
            ForeignOrder::Abort => Self::Abort,
            ForeignOrder::Retry => Self::Retry,
        }
    }
}

impl From<Health> for ForeignHealth {
    fn from(health: Health) -> Self {
        match health {
            Health::Going => Self::Going,
            Health::Paused => Self::Paused,
            Health::Done => Self::Done,
            Health::Failed => Self::Failed,
            Health::Unknown => Self::Unknown,
        }
    }
}

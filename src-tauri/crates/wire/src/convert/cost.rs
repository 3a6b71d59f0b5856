//! What this program itself costs the server.

use session::Session;
use session::cost::{Sort, Tally};

use super::{all, millis};
use crate::types::{Asked, CostSort, ServerCost};

pub(crate) fn cost(session: &Session) -> ServerCost {
    let cost = session.cost();
    let now = std::time::SystemTime::now();
    ServerCost {
        server: session.card().name.clone(),
        minute: all(cost.minute),
        asked: cost.whole.asked as f64,
        bytes: cost.whole.bytes as f64,
        opened_at: millis(now.checked_sub(cost.open).unwrap_or(now)),
    }
}

impl From<(Sort, Tally)> for Asked {
    fn from((sort, of): (Sort, Tally)) -> Self {
        Self { sort: sort.into(), asked: of.asked as f64, bytes: of.bytes as f64, waited: of.waited.as_secs_f64() }
    }
}

impl From<Sort> for CostSort {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::Watch => Self::Watch,
            Sort::Api => Self::Api,
            Sort::Usage => Self::Usage,
            Sort::Counters => Self::Counters,
            Sort::Configuration => Self::Configuration,
            Sort::ControlPlane => Self::ControlPlane,
            Sort::Prometheus => Self::Prometheus,
        }
    }
}

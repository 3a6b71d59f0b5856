//! Callers stop waiting for what is overloaded, and pods that fail are left alone for a while.

use serde_json::json;

use super::kitchen::{Dish, Kitchen};
use super::{Recipe, Takes, needs};
use crate::Result;

pub(super) const RECIPE: Recipe = Recipe {
    id: "circuit-breaker",
    needs: &[
        needs("service", Takes::Service, ""),
        needs("connections", Takes::Number, "100"),
        needs("pending", Takes::Number, "50"),
        needs("errors", Takes::Number, "5"),
        needs("interval", Takes::Text, "10s"),
        needs("ejection", Takes::Text, "30s"),
    ],
    write,
};

fn write(kitchen: &Kitchen<'_>) -> Result<Vec<Dish>> {
    let most = kitchen.number("connections");
    // Over HTTP/2 and gRPC one connection carries any number of requests.
    let pool = json!({"tcp": {"maxConnections": most},
        "http": {"http1MaxPendingRequests": kitchen.number("pending"), "http2MaxRequests": most}});
    let outliers = json!({"consecutive5xxErrors": kitchen.number("errors"), "interval": kitchen.value("interval"),
        "baseEjectionTime": kitchen.value("ejection"), "maxEjectionPercent": 50});
    Ok(vec![kitchen.policy(kitchen.service()?, &[("connectionPool", pool), ("outlierDetection", outliers)])?])
}

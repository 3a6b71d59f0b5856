//! Requests with a header are delayed or refused, to see what callers do.

use serde_json::json;

use super::kitchen::{Dish, Kitchen};
use super::{Recipe, Takes, needs};
use crate::Result;

pub(super) const RECIPE: Recipe = Recipe {
    id: "fault-test",
    needs: &[
        needs("service", Takes::Service, ""),
        needs("header", Takes::Text, "x-fault"),
        needs("value", Takes::Text, "yes"),
        needs("delay", Takes::Text, "3s"),
        needs("status", Takes::Number, "503"),
        needs("percent", Takes::Percent, "50"),
    ],
    write,
};

fn write(kitchen: &Kitchen<'_>) -> Result<Vec<Dish>> {
    let service = kitchen.service()?;
    let header = kitchen.value("header").to_lowercase();
    let rule = json!({"name": "fault-test",
        "match": [{"headers": {header: {"exact": kitchen.value("value")}}}],
        "fault": {
            "delay": {"fixedDelay": kitchen.value("delay"), "percentage": {"value": 100}},
            "abort": {"httpStatus": kitchen.number("status"), "percentage": {"value": kitchen.number("percent")}}},
        "route": kitchen.ways(service)});
    Ok(vec![kitchen.rule_first(service, rule)?])
}

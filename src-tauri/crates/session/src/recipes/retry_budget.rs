//! Failed requests are tried again, but retries never become more than a share of what is under way.

use serde_json::json;

use super::kitchen::{Dish, Kitchen};
use super::{Recipe, Takes, needs};
use crate::Result;

pub(super) const RECIPE: Recipe = Recipe {
    id: "retry-budget",
    needs: &[
        needs("service", Takes::Service, ""),
        needs("attempts", Takes::Number, "2"),
        needs("try", Takes::Text, "2s"),
        needs("percent", Takes::Percent, "20"),
    ],
    write,
};

fn write(kitchen: &Kitchen<'_>) -> Result<Vec<Dish>> {
    let service = kitchen.service()?;
    let retries = json!({"attempts": kitchen.number("attempts"), "perTryTimeout": kitchen.value("try"),
        "retryOn": "connect-failure,refused-stream,503"});
    let budget = json!({"percent": kitchen.number("percent"), "minRetryConcurrency": 3});
    Ok(vec![kitchen.policy(service, &[("retryBudget", budget)])?, kitchen.rule_last(service, &[("retries", retries)])?])
}

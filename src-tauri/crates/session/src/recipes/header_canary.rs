//! Requests with a header go to a new version; all others go on as before.

use serde_json::json;

use super::kitchen::{Dish, Kitchen, destination};
use super::{Recipe, Takes, needs};
use crate::Result;

pub(super) const RECIPE: Recipe = Recipe {
    id: "header-canary",
    needs: &[
        needs("service", Takes::Service, ""),
        needs("version", Takes::Version, ""),
        needs("header", Takes::Text, "x-canary"),
        needs("value", Takes::Text, "yes"),
    ],
    write,
};

fn write(kitchen: &Kitchen<'_>) -> Result<Vec<Dish>> {
    let (service, version) = (kitchen.service()?, kitchen.value("version"));
    let header = kitchen.value("header").to_lowercase();
    let rule = json!({"name": format!("canary-{version}"),
        "match": [{"headers": {header: {"exact": kitchen.value("value")}}}], "route": [destination(service, version, None)]});
    let mut dishes = kitchen.with_subsets(service, &[version])?;
    dishes.push(kitchen.rule_first(service, rule)?);
    Ok(dishes)
}

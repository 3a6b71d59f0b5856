//! A copy of the requests goes to another version, whose answers are thrown away.

use serde_json::json;

use super::kitchen::{Dish, Kitchen};
use super::{Recipe, Takes, needs};
use crate::Result;

pub(super) const RECIPE: Recipe = Recipe {
    id: "mirror",
    needs: &[
        needs("service", Takes::Service, ""),
        needs("version", Takes::Version, ""),
        needs("percent", Takes::Percent, "10"),
    ],
    write,
};

fn write(kitchen: &Kitchen<'_>) -> Result<Vec<Dish>> {
    let (service, version) = (kitchen.service()?, kitchen.value("version"));
    let mirror = json!({"host": service.name, "subset": version});
    let share = json!({"value": kitchen.number("percent")});
    let mut dishes = kitchen.with_subsets(service, &[version])?;
    dishes.push(kitchen.rule_last(service, &[("mirror", mirror), ("mirrorPercentage", share)])?);
    Ok(dishes)
}

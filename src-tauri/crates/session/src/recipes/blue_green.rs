//! All requests go over to another version at once; undo brings them back.

use serde_json::json;

use super::kitchen::{Dish, Kitchen, destination};
use super::{Recipe, Takes, needs};
use crate::Result;

pub(super) const RECIPE: Recipe = Recipe {
    id: "blue-green",
    needs: &[needs("service", Takes::Service, ""), needs("version", Takes::Version, "")],
    write,
};

fn write(kitchen: &Kitchen<'_>) -> Result<Vec<Dish>> {
    let (service, version) = (kitchen.service()?, kitchen.value("version"));
    let mut dishes = kitchen.with_subsets(service, &[version])?;
    dishes.push(kitchen.rule_last(service, &[("route", json!([destination(service, version, None)]))])?);
    Ok(dishes)
}

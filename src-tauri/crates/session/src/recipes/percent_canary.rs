//! A share of the requests goes to a new version.

use serde_json::json;

use super::kitchen::{Dish, Kitchen, destination};
use super::{Recipe, Takes, needs};
use crate::{Error, Result};

pub(super) const RECIPE: Recipe = Recipe {
    id: "percent-canary",
    needs: &[
        needs("service", Takes::Service, ""),
        needs("version", Takes::Version, ""),
        needs("percent", Takes::Percent, "10"),
    ],
    write,
};

fn write(kitchen: &Kitchen<'_>) -> Result<Vec<Dish>> {
    let (service, version, percent) = (kitchen.service()?, kitchen.value("version"), kitchen.number("percent"));
    let stable = kitchen.stable(service, version);
    if stable.is_empty() {
        return Err(Error::Field {
            field: "version",
            reason: ("the service has no other version to share with", "该服务没有其他版本可分流").into(),
        });
    }
    let ways =
        json!([destination(service, &stable, Some(100 - percent)), destination(service, version, Some(percent))]);
    let mut dishes = kitchen.with_subsets(service, &[version, &stable])?;
    dishes.push(kitchen.rule_last(service, &[("route", ways)])?);
    Ok(dishes)
}

//! Everywhere in the mesh callers have to come over mutual TLS.

use serde_json::json;
use world::yaml::Edit;

use super::kitchen::{Dish, Kitchen, SECURITY};
use super::{Recipe, Takes, needs};
use crate::Result;

pub(super) const RECIPE: Recipe =
    Recipe { id: "mesh-strict", needs: &[needs("namespace", Takes::Namespace, "istio-system")], write };

fn write(kitchen: &Kitchen<'_>) -> Result<Vec<Dish>> {
    let root = kitchen.value("namespace");
    let whole = kitchen
        .world
        .documents_of(SECURITY, "PeerAuthentication")
        .find(|one| one.key.namespace == root && one.at("/spec/selector").is_none());
    let dish = match whole {
        Some(one) => kitchen.change(&one.key, &[Edit::set("/spec/mtls/mode", "STRICT")])?,
        None => kitchen.create(SECURITY, "PeerAuthentication", root, "default", json!({"mtls": {"mode": "STRICT"}})),
    };
    Ok(vec![dish])
}

//! A host outside becomes known to the mesh.

use serde_json::json;

use super::kitchen::{Dish, Kitchen, NETWORKING};
use super::{Recipe, Takes, needs};
use crate::Result;

pub(super) const RECIPE: Recipe = Recipe {
    id: "egress",
    needs: &[
        needs("namespace", Takes::Namespace, ""),
        needs("host", Takes::Text, "api.example.com"),
        needs("port", Takes::Number, "443"),
    ],
    write,
};

fn write(kitchen: &Kitchen<'_>) -> Result<Vec<Dish>> {
    let (namespace, host, port) = (kitchen.value("namespace"), kitchen.value("host"), kitchen.number("port"));
    let (name, protocol) = if port == 80 { ("http", "HTTP") } else { ("tls", "TLS") };
    let spec = json!({"hosts": [host], "location": "MESH_EXTERNAL", "resolution": "DNS", "exportTo": ["."],
        "ports": [{"number": port, "name": name, "protocol": protocol}]});
    let called = host.replace(['.', '*'], "-").trim_matches('-').to_owned();
    Ok(vec![kitchen.create(NETWORKING, "ServiceEntry", namespace, &called, spec)])
}

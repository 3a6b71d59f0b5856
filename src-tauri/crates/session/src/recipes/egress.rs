//! A host outside becomes known to the mesh.

use serde_json::json;

use super::kitchen::{Dish, Kitchen, NETWORKING};
use super::{Recipe, Takes, chooses, needs};
use crate::Result;

/// What is said to the host by who calls it.
const PROTOCOLS: [&str; 5] = ["TLS", "HTTP", "HTTP2", "GRPC", "TCP"];

pub(super) const RECIPE: Recipe = Recipe {
    id: "egress",
    needs: &[
        needs("namespace", Takes::Namespace, ""),
        needs("host", Takes::Text, "api.example.com"),
        needs("port", Takes::Number, "443"),
        chooses("protocol", &PROTOCOLS, "TLS"),
    ],
    write,
};

fn write(kitchen: &Kitchen<'_>) -> Result<Vec<Dish>> {
    let (namespace, host, port) = (kitchen.value("namespace"), kitchen.value("host"), kitchen.number("port"));
    let protocol = kitchen.value("protocol");
    // A name that stands for many cannot be looked up.
    let resolution = if host.starts_with('*') { "NONE" } else { "DNS" };
    let spec = json!({"hosts": [host], "location": "MESH_EXTERNAL", "resolution": resolution, "exportTo": ["."],
        "ports": [{"number": port, "name": protocol.to_lowercase(), "protocol": protocol}]});
    let called = host.replace(['.', '*'], "-").trim_matches('-').to_owned();
    Ok(vec![kitchen.create(NETWORKING, "ServiceEntry", namespace, &called, spec)])
}

//! A service is reached from outside by a name, over TLS.

use serde_json::json;

use super::kitchen::{Dish, Kitchen, NETWORKING};
use super::{Recipe, Takes, needs};
use crate::Result;

pub(super) const RECIPE: Recipe = Recipe {
    id: "ingress-tls",
    needs: &[
        needs("service", Takes::Service, ""),
        needs("host", Takes::Text, "shop.example.com"),
        needs("secret", Takes::Text, "shop-certificate"),
        needs("gateway", Takes::Text, "ingressgateway"),
    ],
    write,
};

fn write(kitchen: &Kitchen<'_>) -> Result<Vec<Dish>> {
    let (service, host) = (kitchen.service()?, kitchen.value("host"));
    let namespace = &service.namespace;
    let tls = json!({"mode": "SIMPLE", "credentialName": kitchen.value("secret")});
    let gateway = json!({"selector": {"istio": kitchen.value("gateway")}, "servers": [
        {"port": {"number": 443, "name": "https", "protocol": "HTTPS"}, "hosts": [host], "tls": tls},
        {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": [host], "tls": {"httpsRedirect": true}}]});
    let gateway = kitchen.create(NETWORKING, "Gateway", namespace, &format!("{}-edge", service.name), gateway);
    // Who comes from outside goes where those inside go: routes of the mesh do not hold at a gateway.
    let mut ways = kitchen.ways(service);
    if let Some(port) = service.ports.first().filter(|_| service.ports.len() > 1) {
        for way in ways.as_array_mut().into_iter().flatten().filter(|way| way["destination"].get("port").is_none()) {
            way["destination"]["port"] = json!({"number": port.port});
        }
    }
    let route = json!({"hosts": [host], "gateways": [gateway.key.name], "http": [{"route": ways}]});
    let route = kitchen.create(NETWORKING, "VirtualService", namespace, &format!("{}-edge", service.name), route);
    Ok(vec![gateway, route])
}

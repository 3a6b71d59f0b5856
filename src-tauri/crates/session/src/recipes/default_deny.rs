//! In a namespace nobody may call anybody, but for those who were seen to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use world::Labels;

use super::kitchen::{Dish, Kitchen, SECURITY};
use super::{Recipe, Takes, needs};
use crate::Result;
use crate::map::Flow;

pub(super) const RECIPE: Recipe =
    Recipe { id: "default-deny", needs: &[needs("namespace", Takes::Namespace, "")], write };

fn write(kitchen: &Kitchen<'_>) -> Result<Vec<Dish>> {
    let namespace = kitchen.value("namespace");
    let mut callers: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let seen = |flow: &&Flow| flow.service.0 == namespace && flow.per_second > 0.0 && !is_refused(kitchen, flow);
    for flow in kitchen.flows.iter().filter(seen) {
        let account =
            kitchen.world.workload(&flow.from.0, &flow.from.1).map(|workload| workload.service_account.as_str());
        let known = account.filter(|account| !account.is_empty());
        let caller = known.map(|account| format!("cluster.local/ns/{}/sa/{account}", flow.from.0));
        callers.entry(&flow.service.1).or_default().extend(caller);
    }
    let mut dishes: Vec<Dish> = Vec::new();
    for (name, principals) in callers.iter().filter(|(_, principals)| !principals.is_empty()) {
        let Some(service) = kitchen.world.service(namespace, name).filter(|service| !service.selector.is_empty())
        else {
            continue;
        };
        // Whoever is let in there is named already, and maybe for less than everything.
        if kitchen.allows_by_name(namespace, &service.selector) {
            continue;
        }
        let spec = json!({"selector": {"matchLabels": service.selector}, "action": "ALLOW",
            "rules": [{"from": [{"source": {"principals": principals}}]}]});
        dishes.push(kitchen.create(SECURITY, "AuthorizationPolicy", namespace, &format!("callers-of-{name}"), spec));
    }
    if !kitchen.allows_by_name(namespace, &Labels::new()) {
        dishes.push(kitchen.create(SECURITY, "AuthorizationPolicy", namespace, "nobody-else", json!({})));
    }
    Ok(dishes)
}

/// Whoever is refused already is not let in by this. Who is refused a connection has made it: the engine alone tells them.
fn is_refused(kitchen: &Kitchen<'_>, flow: &Flow) -> bool {
    let counted = flow.denied_per_second > 0.0 && flow.denied_per_second >= flow.per_second * 0.99;
    counted || flow.protocol == "tcp" && kitchen.refuses(flow)
}

//! In a namespace nobody may call anybody, but for those who were seen to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::kitchen::{Dish, Kitchen, SECURITY};
use super::{Recipe, Takes, needs};
use crate::Result;

pub(super) const RECIPE: Recipe =
    Recipe { id: "default-deny", needs: &[needs("namespace", Takes::Namespace, "")], write };

fn write(kitchen: &Kitchen<'_>) -> Result<Vec<Dish>> {
    let namespace = kitchen.value("namespace");
    let mut callers: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for flow in kitchen.flows.iter().filter(|flow| flow.service.0 == namespace && flow.per_second > 0.0) {
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
        let spec = json!({"selector": {"matchLabels": service.selector}, "action": "ALLOW",
            "rules": [{"from": [{"source": {"principals": principals}}]}]});
        dishes.push(kitchen.create(SECURITY, "AuthorizationPolicy", namespace, &format!("callers-of-{name}"), spec));
    }
    dishes.push(kitchen.create(SECURITY, "AuthorizationPolicy", namespace, "nobody-else", json!({})));
    Ok(dishes)
}

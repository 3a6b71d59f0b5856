//! `metrics.k8s.io`: what pods and nodes use.

use jiff::Timestamp;
use serde_json::{Value, json};
use world::Pod;

use crate::envoy;
use crate::selector::Selector;
use crate::shop::Proxy as Condition;
use crate::terms::now;
use crate::traffic::State;

/// Nanocores and bytes of each container: (name, CPU, memory).
fn containers(state: &State, pod: &Pod) -> Vec<(String, u64, u64)> {
    let proxy = state.proxies.get(&(pod.namespace.clone(), pod.name.clone()));
    let rate = proxy.map_or(1.0, |p| p.counters.rate);
    // A breath of change, so that two looks differ: not chance, so that two lookers agree.
    let breath = 1.0 + 0.06 * ((Timestamp::now().as_second() / 15 % 7) as f64 - 3.0) / 3.0;
    let use_of = |container: &world::Container| match proxy.filter(|_| container.name == "istio-proxy") {
        Some(proxy) => {
            let wanted = (6.0 + rate * 0.9) * breath;
            let limit = container.resources.cpu_limit.unwrap_or(2000) as f64;
            let millicores = if proxy.condition == Condition::Starved { limit * 0.995 } else { wanted.min(limit) };
            (millicores, envoy::memory(proxy))
        }
        None => ((4.0 + rate * 2.1) * breath, 38 * 1024 * 1024 + (rate * 300_000.0) as u64),
    };
    pod.containers
        .iter()
        .map(|c| {
            let (millicores, bytes) = use_of(c);
            (c.name.clone(), (millicores * 1e6) as u64, bytes)
        })
        .collect()
}

fn metrics(state: &State, pod: &Pod) -> Value {
    let stamp = now();
    let used: Vec<Value> = containers(state, pod)
        .into_iter()
        .map(|(name, cpu, memory)| json!({"name": name, "usage": {"cpu": format!("{cpu}n"), "memory": format!("{}Ki", memory / 1024)}}))
        .collect();
    json!({"metadata": {"name": pod.name, "namespace": pod.namespace, "creationTimestamp": stamp, "labels": pod.labels},
        "timestamp": stamp, "window": "15.0s", "containers": used})
}

/// `/apis/metrics.k8s.io/v1beta1/…`; `None` where there is no such path or object.
pub(crate) fn answer(state: &State, path: &str, selector: &Selector) -> Option<Value> {
    let rest = path.trim_end_matches('/').strip_prefix("/apis/metrics.k8s.io/v1beta1/")?;
    let listed = |namespace: Option<&str>| {
        let pods =
            state.ready.world().pods().filter(|p| namespace.is_none_or(|n| n == p.namespace) && p.phase == "Running");
        let pods = pods.filter(|p| selector.matches(&p.labels, (&p.namespace, &p.name), || Value::Null));
        let items: Vec<Value> = pods.map(|p| metrics(state, p)).collect();
        json!({"kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {}, "items": items})
    };
    match rest.split('/').collect::<Vec<_>>().as_slice() {
        ["pods"] => Some(listed(None)),
        ["namespaces", namespace, "pods"] => Some(listed(Some(namespace))),
        ["namespaces", namespace, "pods", name] => {
            let mut found = metrics(state, state.ready.world().pod(namespace, name)?);
            found["kind"] = "PodMetrics".into();
            found["apiVersion"] = "metrics.k8s.io/v1beta1".into();
            Some(found)
        }
        ["nodes"] => Some(nodes(state)),
        _ => None,
    }
}

fn nodes(state: &State) -> Value {
    let mut used: std::collections::BTreeMap<&str, (u64, u64)> = std::collections::BTreeMap::new();
    for pod in state.ready.world().pods() {
        let entry = used.entry(pod.node.as_str()).or_default();
        for (_, cpu, memory) in containers(state, pod) {
            entry.0 += cpu;
            entry.1 += memory;
        }
    }
    let stamp = now();
    let items: Vec<Value> = used
        .iter()
        .map(|(name, (cpu, memory))| {
            json!({"metadata": {"name": name, "creationTimestamp": stamp}, "timestamp": stamp, "window": "15.0s",
                "usage": {"cpu": format!("{cpu}n"), "memory": format!("{}Ki", memory / 1024)}})
        })
        .collect();
    json!({"kind": "NodeMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {}, "items": items})
}

//! What proxies use of CPU and memory, from `metrics.k8s.io`.

use std::collections::HashMap;

use cluster::{Cause, Connection};
use serde::Deserialize;
use world::{Said, World, parse_quantity, said};

use crate::{Unknown, family_of, proxies};

/// One proxy's use beside what it asked for and is allowed.
#[derive(Clone, Debug, PartialEq)]
pub struct Usage {
    /// Namespace of the pod.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// The container.
    pub container: String,
    /// Thousandths of a core in use; `None` where it is not measured.
    pub cpu_usage: Option<f64>,
    /// Thousandths of a core asked for.
    pub cpu_request: Option<u64>,
    /// Thousandths of a core allowed.
    pub cpu_limit: Option<u64>,
    /// Bytes in use; `None` where it is not measured.
    pub memory_usage: Option<f64>,
    /// Bytes asked for.
    pub memory_request: Option<u64>,
    /// Bytes allowed.
    pub memory_limit: Option<u64>,
    /// The share of periods in which its CPU limit stopped it, where the kubelet tells.
    pub throttled: Option<f64>,
    /// Who measured: `metrics.k8s.io`, or empty.
    pub source: &'static str,
}

/// All proxies.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UsageReport {
    /// By namespace and pod.
    pub rows: Vec<Usage>,
    /// Of every pod, what its containers use that are no proxies: thousandths of a core and bytes, by namespace and pod.
    pub apps: HashMap<(String, String), (f64, f64)>,
    /// What cannot be known, and why.
    pub unknown: Vec<Unknown>,
}

#[derive(Deserialize)]
struct List {
    items: Vec<PodMetrics>,
}

#[derive(Deserialize)]
struct PodMetrics {
    metadata: Names,
    #[serde(default)]
    containers: Vec<ContainerMetrics>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Names {
    namespace: String,
    name: String,
}

#[derive(Deserialize)]
struct ContainerMetrics {
    name: String,
    #[serde(default)]
    usage: HashMap<String, String>,
}

/// Namespace, pod and container.
type Place = (String, String, String);

/// Asks for the use of every proxy of a world.
pub async fn usage(connection: &Connection, world: &World) -> UsageReport {
    let (measured, unknown) = match connection.raw_get("/apis/metrics.k8s.io/v1beta1/pods").await {
        Ok(body) => match read(&body) {
            Ok(measured) => (measured, None),
            Err(error) => {
                let because =
                    said!("metrics.k8s.io gave a broken answer: {error}", "metrics.k8s.io 的应答已损坏：{error}");
                (HashMap::new(), Some(because))
            }
        },
        Err(error) => {
            let because = match &error.cause {
                Cause::NotFound { .. } => said!(
                    "metrics.k8s.io is not served: there is no metrics-server",
                    "未提供 metrics.k8s.io：没有 metrics-server"
                ),
                cause => Said::of("metrics.k8s.io", cause.said()),
            };
            (HashMap::new(), Some(because))
        }
    };
    report(world, &measured, unknown)
}

fn report(world: &World, measured: &HashMap<Place, (f64, f64)>, unknown: Option<Said>) -> UsageReport {
    let row = |proxy: crate::Proxy| {
        let place = (proxy.namespace, proxy.pod, proxy.container.name);
        let used = measured.get(&place);
        let (namespace, pod, container) = place;
        let resources = proxy.container.resources;
        Usage {
            namespace,
            pod,
            container,
            cpu_usage: used.map(|(cpu, _)| *cpu),
            cpu_request: resources.cpu_request,
            cpu_limit: resources.cpu_limit,
            memory_usage: used.map(|(_, memory)| *memory),
            memory_request: resources.memory_request,
            memory_limit: resources.memory_limit,
            throttled: None,
            source: if used.is_some() { "metrics.k8s.io" } else { "" },
        }
    };
    let unknown = unknown.map(|because| Unknown::new(("CPU and memory in use", "CPU 与内存用量"), because));
    let mut apps: HashMap<(String, String), (f64, f64)> = HashMap::new();
    for ((namespace, pod, _), (cpu, memory)) in measured.iter().filter(|((_, _, name), _)| family_of(name).is_none()) {
        let of = apps.entry((namespace.clone(), pod.clone())).or_default();
        *of = (of.0 + cpu, of.1 + memory);
    }
    UsageReport { rows: proxies(world).into_iter().map(row).collect(), apps, unknown: unknown.into_iter().collect() }
}

/// (thousandths of a core, bytes) of each container.
fn read(body: &[u8]) -> Result<HashMap<Place, (f64, f64)>, serde_json::Error> {
    let list: List = serde_json::from_slice(body)?;
    let mut all = HashMap::new();
    for pod in list.items {
        for container in pod.containers {
            let of = |name: &str| container.usage.get(name).and_then(|text| parse_quantity(text)).unwrap_or(0.0);
            let used = (of("cpu") * 1000.0, of("memory"));
            all.insert((pod.metadata.namespace.clone(), pod.metadata.name.clone(), container.name), used);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use world::{Change, Object};

    use super::*;
    use crate::proxies::tests::pod;

    #[test]
    fn use_beside_what_is_allowed() {
        let body = br#"{"kind":"PodMetricsList","items":[{"metadata":{"name":"a-1","namespace":"shop"},
            "containers":[{"name":"istio-proxy","usage":{"cpu":"13932699n","memory":"37136Ki"}},{"name":"a","usage":{"cpu":"1","memory":"1"}}]}]}"#;
        let pods = [pod("shop", "a-1", &["a", "istio-proxy"], &[]), pod("shop", "b-1", &["b", "istio-proxy"], &[])];
        let world = World::new().after(pods.map(|pod| Change::Put(Object::Pod(pod))));
        let report = report(&world, &read(body).unwrap(), None);
        assert!(report.rows[0].cpu_usage.is_some_and(|cpu| (cpu - 13.932_699).abs() < 1e-9));
        assert_eq!(report.rows[0].memory_usage, Some(37136.0 * 1024.0));
        assert_eq!(report.apps[&("shop".to_owned(), "a-1".to_owned())], (1000.0, 1.0));
        assert_eq!((report.rows[1].memory_usage, report.rows[1].source), (None, ""), "not measured is not zero");
    }
}

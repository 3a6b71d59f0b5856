//! Objects that change a proxy in ways that cannot be read from them.

use world::ObjectKey;

use crate::kinds::target::names;
use crate::read::Index;

/// An EnvoyFilter or plugin that changes the proxy of these workloads, other than those that Istio's own telemetry installs.
pub(super) fn opaque<'a>(index: &'a Index, namespace: &str, labels: &world::Labels) -> Option<&'a ObjectKey> {
    let own = ["stats-filter-", "tcp-stats-filter-", "metadata-exchange-", "tcp-metadata-exchange-"];
    let selector = |d: &world::Document| {
        let found = d.at("/spec/workloadSelector/labels").or(d.at("/spec/selector/matchLabels"));
        found.and_then(|v| serde_json::from_value::<world::Labels>(v.clone()).ok()).unwrap_or_default()
    };
    let bears = |d: &world::Document| {
        let targeted = d.at("/spec/targetRefs").is_some() || d.at("/spec/targetRef").is_some();
        let here = d.key.namespace == namespace || d.key.namespace == index.root;
        let bound = if targeted { names(d, namespace, labels) } else { mesh::selects(&selector(d), labels) };
        here && bound && !own.iter().any(|o| d.key.name.starts_with(o))
    };
    index.opaque().find(|d| bears(d)).map(|d| &d.key)
}

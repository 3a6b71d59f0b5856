//! What a Sidecar leaves the sidecars of its namespace of the mesh: the services that it names.

use std::sync::Arc;

use serde_json::Value;
use world::Service;

use crate::proxies::{Proxy, Role};

/// The services that a proxy is told of. Of several Sidecars the one for the whole namespace counts; one for some workloads alone is not played.
///
/// Upstream: istio pilot/pkg/model/sidecar.go, `convertToSidecarScope` and `selectServices`.
pub(crate) fn services(proxy: &Proxy) -> impl Iterator<Item = &Arc<Service>> {
    let named = hosts(proxy);
    let is_told = move |service: &Service| named.as_ref().is_none_or(|of| are_meant(of, &proxy.namespace, service));
    proxy.knows.world().services().filter(move |service| is_told(service))
}

/// How many those are, of so many that there are.
pub(crate) fn count(proxy: &Proxy, all: usize) -> usize {
    if hosts(proxy).is_some() { services(proxy).count() } else { all }
}

/// `None` where nothing narrows.
fn hosts(proxy: &Proxy) -> Option<Vec<String>> {
    if proxy.role != Role::Sidecar {
        return None;
    }
    let mut all = proxy.knows.world().documents_in("networking.istio.io", "Sidecar", &proxy.namespace);
    let whole = all.find(|sidecar| sidecar.at("/spec/workloadSelector").is_none())?;
    let egress = whole.at("/spec/egress")?.as_array()?;
    let hosts = egress.iter().filter_map(|one| one["hosts"].as_array()).flatten();
    Some(hosts.filter_map(Value::as_str).map(str::to_owned).collect())
}

fn are_meant(hosts: &[String], own: &str, service: &Service) -> bool {
    let name = format!("{}.{}.svc.cluster.local", service.name, service.namespace);
    hosts.iter().filter_map(|host| host.split_once('/')).any(|(namespace, host)| {
        let is_there = match namespace {
            "*" => true,
            "." => service.namespace == own,
            namespace => service.namespace == namespace,
        };
        is_there && (host == "*" || host == name || host.strip_prefix('*').is_some_and(|end| name.ends_with(end)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_services_a_host_means() {
        let service = Service { namespace: "prod".into(), name: "cart".into(), ..Service::default() };
        for (host, own, expected) in [
            ("./*", "prod", true),
            ("./*", "dev", false),
            ("*/*", "dev", true),
            ("prod/cart.prod.svc.cluster.local", "dev", true),
            ("prod/*.prod.svc.cluster.local", "dev", true),
            ("prod/users.prod.svc.cluster.local", "dev", false),
            ("~/*", "prod", false),
            ("nothing", "prod", false),
        ] {
            assert_eq!(are_meant(&[host.to_owned()], own, &service), expected, "{host}");
        }
    }
}

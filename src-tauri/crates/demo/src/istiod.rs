//! What istiod's debug port says.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::manifests::ISTIO;
use crate::proxies::{NODE_TYPES, Proxies, Proxy, Role, TYPES};
use crate::traffic::State;

/// `/debug/syncz`
pub(crate) fn syncz(proxies: &Proxies) -> Value {
    proxies.values().filter(|proxy| proxy.is_connected()).map(status).collect()
}

/// `/debug/connections`
pub(crate) fn connections(proxies: &Proxies, since: Duration) -> Value {
    let at = Timestamp::now().checked_sub(since).unwrap_or_default().to_string();
    let known = proxies.values().filter(|proxy| proxy.is_connected()).enumerate();
    let client = |(n, proxy): (usize, &Proxy)| json!({"connectionId": format!("{}.{}-{n}", proxy.pod, proxy.namespace), "connectedAt": at, "address": format!("{}:47688", proxy.ip)});
    let clients: Vec<Value> = known.map(client).collect();
    json!({"totalClients": clients.len(), "clients": clients})
}

fn status(proxy: &Proxy) -> Value {
    let mut status = Map::new();
    status.insert("cluster_id".into(), "Kubernetes".into());
    status.insert("proxy".into(), format!("{}.{}", proxy.pod, proxy.namespace).into());
    status.insert("proxy_type".into(), proxy.role.word().into());
    status.insert("istio_version".into(), proxy.release().into());
    let mut resources = Map::new();
    let types = if proxy.role == Role::Ztunnel { NODE_TYPES.as_slice() } else { TYPES.as_slice() };
    for ((short, url), sync) in types.iter().zip(&proxy.sync) {
        if !short.is_empty() {
            status.insert(format!("{short}_sent"), sync.sent.clone().into());
            status.insert(format!("{short}_acked"), sync.acked.clone().into());
        }
        let mut resource = json!({"sent": sync.sent, "acked": sync.acked, "sentTime": sync.sent_time});
        if let Some(error) = &sync.error {
            resource["lastError"] = error.clone().into();
        }
        resources.insert((*url).into(), resource);
    }
    status.insert("resources".into(), resources.into());
    status.into()
}

/// `/debug/push_status`: services without instances, and ServiceEntries that want one port of TCP and have no addresses to be told apart by
/// (istio pilot/pkg/model/push_context.go).
pub(crate) fn push_status(state: &State) -> Value {
    let world = state.ready.world();
    let mut nobody = Map::new();
    for service in world.services().filter(|service| !service.selector.is_empty()) {
        let runs = |pod: &std::sync::Arc<world::Pod>| pod.ready && world::selects(&service.selector, &pod.labels);
        if !world.pods_in(&service.namespace).any(runs) {
            let host = format!("{}.{}.svc.cluster.local", service.name, service.namespace);
            nobody.extend(service.ports.iter().map(|port| (format!("outbound|{}||{host}", port.port), json!({}))));
        }
    }
    let (mut taken, mut conflicts) = (BTreeSet::new(), Map::new());
    for entry in world.documents_of("networking.istio.io", "ServiceEntry") {
        let at = |pointer: &str| entry.at(pointer).and_then(Value::as_array).into_iter().flatten();
        let Some(proxy) = state.proxies.values().find(|proxy| proxy.namespace == entry.key.namespace) else { continue };
        if at("/spec/addresses").next().is_some() {
            continue;
        }
        for number in
            at("/spec/ports").filter(|port| port["protocol"] == "TCP").filter_map(|port| port["number"].as_u64())
        {
            let listener = format!("0.0.0.0_{number}");
            if !taken.insert((&entry.key.namespace, number)) {
                let host = at("/spec/hosts").next().and_then(Value::as_str).unwrap_or_default();
                let message = format!("Listener={listener} Accepted=TCP Rejected=TCP ({host})");
                conflicts.insert(
                    listener,
                    json!({"proxy": format!("{}.{}", proxy.pod, proxy.namespace), "message": message}),
                );
            }
        }
    }
    let said =
        [("pilot_conflict_outbound_listener_tcp_over_current_tcp", conflicts), ("pilot_eds_no_instances", nobody)];
    said.into_iter()
        .filter(|(_, entries)| !entries.is_empty())
        .map(|(metric, entries)| (metric.to_owned(), entries.into()))
        .collect::<Map<_, _>>()
        .into()
}

/// `/version`
pub(crate) fn version() -> String {
    format!("{ISTIO}-demo-Clean")
}

/// `/metrics`, the part that says how istiod does.
pub(crate) fn metrics(proxies: &Proxies, since: Duration) -> String {
    let rejected = proxies.values().filter(|p| p.sync.iter().any(|s| s.error.is_some())).count();
    // Four pushes a second, of which a sixth is late: an istiod that does not keep up.
    let pushes = since.as_secs() * 4;
    let quick = pushes - pushes / 6;
    format!(
        "# TYPE pilot_proxy_convergence_time histogram\npilot_proxy_convergence_time_bucket{{le=\"5\"}} {quick}\npilot_proxy_convergence_time_bucket{{le=\"+Inf\"}} {pushes}\npilot_proxy_convergence_time_count {pushes}\n\
         # TYPE pilot_proxy_queue_time histogram\npilot_proxy_queue_time_bucket{{le=\"1\"}} {pushes}\npilot_proxy_queue_time_count {pushes}\n\
         # TYPE pilot_xds gauge\npilot_xds{{version=\"{ISTIO}\"}} {}\n# TYPE pilot_total_xds_rejects counter\npilot_total_xds_rejects{{type=\"lds\"}} {rejected}\n\
         # TYPE istiod_uptime_seconds gauge\nistiod_uptime_seconds 777600\n",
        proxies.len()
    )
}

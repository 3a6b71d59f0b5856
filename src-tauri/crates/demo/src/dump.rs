//! What an Envoy works with: its `config_dump`, as Istio would have made it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use world::ObjectKey;

use crate::authority::Authority;
use crate::envoy::{BALLAST, clusters, node, subsets};
use crate::proxies::Proxy;
use crate::scope;
use crate::shop::Proxy as Condition;

/// `/config_dump`, or one resource of it.
pub(crate) fn config_dump(proxy: &Proxy, authority: Option<&Authority>, resource: &str, with_endpoints: bool) -> Value {
    let dump = |kind: &str| format!("type.googleapis.com/envoy.admin.v3.{kind}ConfigDump");
    let parts = [
        ("dynamic_active_clusters", dump("Clusters"), Value::from(all_clusters(proxy))),
        ("dynamic_listeners", dump("Listeners"), listeners(proxy)),
        ("dynamic_route_configs", dump("Routes"), routes(proxy)),
        ("dynamic_active_secrets", dump("Secrets"), secrets(proxy, authority)),
    ];
    if let Some((_, _, found)) = parts.iter().find(|(name, _, _)| *name == resource) {
        return json!({"configs": found});
    }
    let bootstrap = json!({"@type": dump("Bootstrap"), "bootstrap": {"node": node(proxy)}});
    let endpoints =
        with_endpoints.then(|| json!({"@type": dump("Endpoints"), "dynamic_endpoint_configs": endpoints(proxy)}));
    let rest = parts.into_iter().map(|(name, r#type, found)| json!({"@type": r#type, name: found}));
    json!({"configs": std::iter::once(bootstrap).chain(rest).chain(endpoints).collect::<Vec<_>>()})
}

/// The same as istiod's debug page writes it: by the JSON of its messages. Names inside of metadata are data and stay.
pub(crate) fn in_messages(dump: &Value) -> Value {
    match dump {
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| match name.as_str() {
                "filter_metadata" => (camel(name), value.clone()),
                _ => (camel(name), in_messages(value)),
            };
            Value::Object(fields.iter().map(field).collect())
        }
        Value::Array(items) => items.iter().map(in_messages).collect(),
        other => other.clone(),
    }
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut all, part| {
        let mut letters = part.chars();
        all.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        all.push_str(letters.as_str());
        all
    })
}

fn endpoints(proxy: &Proxy) -> Vec<Value> {
    let endpoint = |(address, port): (String, u16)| {
        json!({"endpoint": {"address": {"socket_address": {"address": address, "port_value": port}}, "health_check_config": {}},
            "health_status": "HEALTHY", "load_balancing_weight": 1})
    };
    let assignment = |(name, hosts): (String, Vec<(String, u16)>)| {
        json!({"endpoint_config": {"@type": typed("config.endpoint.v3.ClusterLoadAssignment"), "cluster_name": name,
            "endpoints": [{"locality": {}, "lb_endpoints": hosts.into_iter().map(endpoint).collect::<Vec<_>>()}],
            "policy": {"overprovisioning_factor": 140}}})
    };
    clusters(proxy).into_iter().map(assignment).collect()
}

fn typed(name: &str) -> String {
    format!("type.googleapis.com/envoy.{name}")
}

fn all_clusters(proxy: &Proxy) -> Vec<Value> {
    let sync = &proxy.sync[0];
    let cluster = |name: &str, metadata: Value| {
        json!({"version_info": sync.acked, "last_updated": sync.sent_time, "cluster":
            {"@type": typed("config.cluster.v3.Cluster"), "name": name, "type": "EDS", "connect_timeout": "10s",
                "eds_cluster_config": {"eds_config": {"ads": {}, "resource_api_version": "V3"}, "service_name": name}, "lb_policy": "LEAST_REQUEST",
                "metadata": {"filter_metadata": {"istio": metadata}}}})
    };
    let mut all: Vec<Value> = clusters(proxy).iter().map(|(name, _)| cluster(name, made_by(proxy, name))).collect();
    if proxy.condition == Condition::Oversized {
        let supplier = |n: usize| format!("sku-{n:05}.suppliers.example");
        all.extend((0..BALLAST).map(|n| {
            let host = supplier(n);
            let service = json!([{"host": host, "name": host, "namespace": "prod"}]);
            cluster(&format!("outbound|443||{host}"), json!({"services": service}))
        }));
    }
    all
}

/// What Istio writes into a cluster of whom it is for: the service, the subset, and the rule.
fn made_by(proxy: &Proxy, cluster: &str) -> Value {
    let mut parts = cluster.splitn(4, '|').skip(2);
    let (subset, host) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let mut labels = host.split('.');
    let (name, namespace) = (labels.next().unwrap_or_default(), labels.next().unwrap_or_default());
    if name.is_empty() {
        return json!({});
    }
    let mut made = json!({"services": [{"host": host, "name": name, "namespace": namespace}]});
    let rules = proxy.knows.world().documents_of("networking.istio.io", "DestinationRule");
    let mut about = rules.filter(|d| {
        let of = d.at("/spec/host").and_then(Value::as_str).unwrap_or_default();
        of == host || of == name && d.key.namespace == namespace
    });
    if let Some(rule) = about.next() {
        made["config"] = path(&rule.key).into();
    }
    if !subset.is_empty() {
        made["subset"] = subset.into();
    }
    made
}

/// `/apis/networking.istio.io/v1/namespaces/shop/virtual-service/reviews`
fn path(key: &ObjectKey) -> String {
    let mut kind = String::new();
    for letter in key.kind.chars() {
        if letter.is_uppercase() && !kind.is_empty() {
            kind.push('-');
        }
        kind.extend(letter.to_lowercase());
    }
    format!("/apis/{}/v1/namespaces/{}/{kind}/{}", key.group, key.namespace, key.name)
}

fn listeners(proxy: &Proxy) -> Value {
    let sync = &proxy.sync[1];
    let filters = |direction: &str, route: Option<u16>| {
        let rules = if direction == "INBOUND" { policies(proxy) } else { json!({}) };
        let mut manager = json!({"@type": typed("extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"),
            "http_filters": requests(proxy, direction, rules)});
        if crate::access::is_on(proxy) {
            manager["access_log"] = json!([{"name": "envoy.access_loggers.file",
                "typed_config": {"@type": typed("extensions.access_loggers.file.v3.FileAccessLog"), "path": "/dev/stdout"}}]);
        }
        if let Some(port) = route {
            manager["rds"] = json!({"config_source": {"ads": {}}, "route_config_name": port.to_string()});
        }
        json!([{"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}])
    };
    let listener = |name: &str, port: u16, direction: &str, route: Option<u16>| {
        json!({"name": name, "active_state": {"version_info": sync.acked, "last_updated": sync.sent_time,
            "listener": {"@type": typed("config.listener.v3.Listener"), "name": name, "traffic_direction": direction,
                "address": {"socket_address": {"address": "0.0.0.0", "port_value": port}}, "filter_chains": filters(direction, route)}}})
    };
    let ports: BTreeSet<u16> = scope::services(proxy).flat_map(|s| &s.ports).map(|port| port.port).collect();
    let mut all: Vec<Value> =
        ports.into_iter().map(|port| listener(&format!("0.0.0.0_{port}"), port, "OUTBOUND", Some(port))).collect();
    all.push(listener("virtualOutbound", 15001, "OUTBOUND", None));
    let mut inbound = listener("virtualInbound", 15006, "INBOUND", None);
    if let Some(error) = &sync.error {
        inbound["error_state"] =
            json!({"details": error, "last_update_attempt": sync.sent_time, "version_info": sync.sent});
    }
    all.push(inbound);
    all.into()
}

/// The filters of requests. What an EnvoyFilter adds stands in what istiod sends, and never in what a proxy that refused it has.
fn requests(proxy: &Proxy, direction: &str, rules: Value) -> Value {
    let filter = |name: &str, typed_config: Value| json!({"name": format!("envoy.filters.http.{name}"), "typed_config": typed_config});
    let mut all = vec![filter(
        "rbac",
        json!({"@type": typed("extensions.filters.http.rbac.v3.RBAC"), "rules": {"policies": rules}}),
    )];
    if direction == "INBOUND" && proxy.is_as_sent && proxy.is_spoiled() {
        all.push(filter(
            "header_stamp",
            json!({"@type": "type.googleapis.com/udpa.type.v1.TypedStruct", "type_url": "shop.filters.HeaderStamp"}),
        ));
    }
    all.push(filter("router", json!({"@type": typed("extensions.filters.http.router.v3.Router")})));
    all.into()
}

/// The rules of the policies that hold for the workload, by the names that Istio gives them.
fn policies(proxy: &Proxy) -> Value {
    let held = proxy.knows.in_force(&proxy.namespace, &proxy.workload);
    let named = held.into_iter().filter(|key| key.kind == "AuthorizationPolicy");
    let rule = |key: ObjectKey| (format!("ns[{}]-policy[{}]-rule[0]", key.namespace, key.name), json!({}));
    Value::Object(named.map(rule).collect())
}

fn secrets(proxy: &Proxy, authority: Option<&Authority>) -> Value {
    let updated = &proxy.sync[0].sent_time;
    let secret = |name: &str, what: &str, content: Value| {
        json!({"name": name, "version_info": "", "last_updated": updated,
            "secret": {"@type": typed("extensions.transport_sockets.tls.v3.Secret"), "name": name, what: content}})
    };
    let Some(papers) = authority.and_then(|authority| authority.papers(proxy).ok()) else { return json!([]) };
    // Envoy itself writes this in place of the key.
    let key = json!({"inline_bytes": "W3JlZGFjdGVkXQ=="});
    let shown = json!({"certificate_chain": {"inline_bytes": papers.chain}, "private_key": key});
    json!([
        secret("default", "tls_certificate", shown),
        secret("ROOTCA", "validation_context", json!({"trusted_ca": {"inline_bytes": papers.roots}}))
    ])
}

/// One route configuration a port; in it a virtual host a service, with the destinations that the engine reads from the objects.
fn routes(proxy: &Proxy) -> Value {
    let mut ports: BTreeMap<u16, Vec<Value>> = BTreeMap::new();
    for service in scope::services(proxy) {
        let host = format!("{}.{}.svc.cluster.local", service.name, service.namespace);
        let rules = proxy.knows.routes(&service.namespace, &service.name);
        for port in &service.ports {
            let cluster = |subset: &str| format!("outbound|{}|{subset}|{host}", port.port);
            let known: Vec<String> =
                subsets(proxy, &service.namespace, &service.name).into_iter().map(|(name, _)| name).collect();
            let mut found: Vec<Value> = rules
                .iter()
                .map(|rule| {
                    let weighted: Vec<Value> = rule
                        .destinations
                        .iter()
                        .map(|d| {
                            let subset = if known.contains(&d.name) { d.name.as_str() } else { "" };
                            json!({"name": cluster(subset), "weight": (d.share * 100.0).round()})
                        })
                        .collect();
                    json!({"name": rule.path, "match": {"prefix": "/"}, "route": {"weighted_clusters": {"clusters": weighted}},
                        "metadata": {"filter_metadata": {"istio": {"config": rule.object.as_ref().map(path)}}}})
                })
                .collect();
            if found.is_empty() {
                found.push(json!({"name": "default", "match": {"prefix": "/"}, "route": {"cluster": cluster("")}}));
            }
            let domains = json!([host, service.name, format!("{}.{}", service.name, service.namespace)]);
            ports
                .entry(port.port)
                .or_default()
                .push(json!({"name": format!("{host}:{}", port.port), "domains": domains, "routes": found}));
        }
    }
    let written = |(port, hosts): (u16, Vec<Value>)| {
        json!({"version_info": proxy.sync[3].acked, "last_updated": proxy.sync[3].sent_time, "route_config":
            {"@type": typed("config.route.v3.RouteConfiguration"), "name": port.to_string(), "virtual_hosts": hosts}})
    };
    ports.into_iter().map(written).collect()
}

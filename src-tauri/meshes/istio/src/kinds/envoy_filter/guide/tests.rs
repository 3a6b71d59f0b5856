use std::sync::Arc;

use mesh::Mesh;
use mesh::guide::{Ask, Guide, Takes};
use world::{Change, Object, Origin, World, yaml};

use crate::Istio;

/// The guide of an EnvoyFilter in `prod` whose spec is this, in flow style.
fn guide_of(spec: &str) -> Guide {
    let text = format!(
        "{{apiVersion: networking.istio.io/v1alpha3, kind: EnvoyFilter, metadata: {{name: a, namespace: prod}}, spec: {spec}}}"
    );
    let object = Object::read(yaml::read(&text).value, Origin::Draft).unwrap();
    let key = object.key();
    let world = World::new().after([Change::Put(object)]);
    let document: Arc<_> = world.document(&key).unwrap().clone();
    Istio.guide(&world, &document).unwrap()
}

fn patch(text: &str) -> Guide {
    guide_of(&format!("{{workloadSelector: {{labels: {{app: reviews}}}}, configPatches: [{text}]}}"))
}

fn all(guide: &Guide) -> Vec<&Ask> {
    guide.parts[0].stages.iter().flat_map(|stage| &stage.asks).collect()
}

fn at<'a>(guide: &'a Guide, end: &str) -> &'a Ask {
    all(guide).into_iter().find(|ask| ask.pointer.ends_with(end)).unwrap_or_else(|| panic!("{end}: {guide:#?}"))
}

fn offered(ask: &Ask) -> Vec<&str> {
    let Takes::One(offers) = &ask.takes else { panic!("{ask:?}") };
    offers.iter().map(|offer| offer.value.as_str()).collect()
}

const LUA: &str = "{name: envoy.filters.http.lua, typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua, default_source_code: {}}}";
const ROUTER: &str = "listener: {portNumber: 8080, filterChain: {filter: {name: envoy.filters.network.http_connection_manager, subFilter: {name: envoy.filters.http.router}}}}";

#[test]
fn a_patch_is_told_in_a_sentence() {
    let cases = [
        (
            format!("{{applyTo: HTTP_FILTER, match: {{context: SIDECAR_INBOUND, {ROUTER}}}, patch: {{operation: INSERT_BEFORE, value: {LUA}}}}}"),
            "In the sidecars of the workloads with app=reviews in prod, the HTTP filter envoy.filters.http.lua is inserted before the HTTP filter envoy.filters.http.router of every inbound listener with port 8080.",
            "在 prod 中带 app=reviews 的工作负载的 sidecar 中，在每个入站监听器（端口 8080）的 HTTP 过滤器 envoy.filters.http.router 之前插入 HTTP 过滤器 envoy.filters.http.lua。",
        ),
        (
            "{applyTo: CLUSTER, match: {context: SIDECAR_OUTBOUND, cluster: {service: ratings.prod.svc.cluster.local, portNumber: 9080}}, patch: {operation: MERGE, value: {connect_timeout: 5s, lb_policy: RANDOM}}}".to_owned(),
            "In the sidecars of the workloads with app=reviews in prod, connect_timeout, lb_policy are merged into every outbound cluster with service ratings.prod.svc.cluster.local, port 9080.",
            "在 prod 中带 app=reviews 的工作负载的 sidecar 中，将 connect_timeout, lb_policy 合并到每个出站集群（服务 ratings.prod.svc.cluster.local，端口 9080）。",
        ),
        (
            "{applyTo: CLUSTER, patch: {operation: INSERT_BEFORE, value: {name: x}}}".to_owned(),
            "In the proxies of the workloads with app=reviews in prod, the cluster x is added to the outbound clusters of sidecars and to the clusters of gateways.",
            "在 prod 中带 app=reviews 的工作负载的代理中，向 sidecar 的出站集群和网关的集群添加集群 x。",
        ),
        (
            "{applyTo: HTTP_ROUTE, match: {context: GATEWAY, proxy: {proxyVersion: '^1'}, routeConfiguration: {gateway: prod/edge, vhost: {domainName: a.com, route: {action: REDIRECT}}}}, patch: {operation: REMOVE}}".to_owned(),
            "In the gateways of version '^1' of the workloads with app=reviews in prod, every route with action REDIRECT of every virtual host with domain a.com of every route configuration with Gateway prod/edge is removed.",
            "在 prod 中带 app=reviews 的工作负载的网关（版本 '^1'）中，移除每个路由配置（Gateway prod/edge）的每个虚拟主机（域名 a.com）的每个路由（动作 REDIRECT）。",
        ),
        (
            "{applyTo: LISTENER, patch: {operation: REPLACE, value: {name: a}}}".to_owned(),
            "It does nothing: LISTENER knows no REPLACE.",
            "它不起作用：LISTENER 不支持 REPLACE。",
        ),
        (
            "{applyTo: HTTP_FILTER, patch: {operation: REMOVE}}".to_owned(),
            "It does nothing: REMOVE needs the name of the filter that it is about.",
            "它不起作用：REMOVE 需要写明所针对的过滤器名称。",
        ),
        ("{}".to_owned(), "It does not say yet what it applies to.", "尚未说明修改什么。"),
        ("{applyTo: CLUSTER}".to_owned(), "It does not say yet what it does.", "尚未说明做什么。"),
    ];
    for (text, en, zh) in cases {
        let says = &patch(&text).parts[0].says;
        assert_eq!((says.en.as_str(), says.zh.as_str()), (en, zh));
    }
}

#[test]
fn what_is_asked_follows_from_what_it_applies_to() {
    let asked = |to: &str| {
        let guide = patch(&format!("{{applyTo: {to}, patch: {{operation: ADD, value: {{}}}}}}"));
        let names = all(&guide).into_iter().filter(|ask| !ask.seldom);
        names.filter_map(|ask| ask.pointer.split("/match/").nth(1).map(str::to_owned)).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(asked("HTTP_FILTER"), "context listener/portNumber listener/filterChain/filter/subFilter/name");
    assert_eq!(asked("NETWORK_FILTER"), "context listener/portNumber listener/filterChain/filter/name");
    assert_eq!(asked("LISTENER_FILTER"), "context listener/portNumber listener/listenerFilter");
    assert_eq!(asked("LISTENER"), "context listener/portNumber");
    assert_eq!(asked("CLUSTER"), "context cluster/service cluster/portNumber cluster/subset");
    assert_eq!(asked("ROUTE_CONFIGURATION"), "context routeConfiguration/portNumber");
    assert_eq!(asked("EXTENSION_CONFIG"), "context");
    let gateway = patch("{applyTo: ROUTE_CONFIGURATION, match: {context: GATEWAY}}");
    assert!(all(&gateway).iter().any(|ask| ask.pointer.ends_with("routeConfiguration/gateway")));
    assert_eq!(patch("{}").parts[0].stages.len(), 1, "first of all, where it applies");
}

#[test]
fn a_choice_says_what_goes_with_it() {
    let guide =
        patch(&format!("{{applyTo: HTTP_FILTER, match: {{{ROUTER}}}, patch: {{operation: MERGE, value: {LUA}}}}}"));
    let Takes::One(places) = &at(&guide, "/applyTo").takes else { panic!() };
    let cluster = places.iter().find(|offer| offer.value == "CLUSTER").unwrap();
    assert_eq!(cluster.without[0], "/spec/configPatches/0/match/listener");
    assert!(!offered(at(&guide, "/applyTo")).contains(&"BOOTSTRAP"));
    let inner = at(&guide, "subFilter/name");
    assert_eq!(inner.along[0].0, "/spec/configPatches/0/match/listener/filterChain/filter/name");
    let Takes::One(operations) = &at(&guide, "/operation").takes else { panic!() };
    assert_eq!(operations.last().unwrap().without, ["/spec/configPatches/0/patch/value"]);
    let removed = patch("{applyTo: HTTP_FILTER, patch: {operation: REMOVE}}");
    assert!(!all(&removed).iter().any(|ask| matches!(ask.takes, Takes::Yaml { .. })), "it needs no value");
    let odd = patch("{applyTo: CLUSTER, match: {context: WAYPOINT}, patch: {operation: REPLACE, value: {name: a}}}");
    assert!(offered(at(&odd, "/operation")).contains(&"REPLACE"), "what is written stays to be seen");
    assert!(offered(at(&odd, "/context")).contains(&"WAYPOINT"));
    assert_eq!(at(&odd, "/operation").note.en, "istiod makes nothing of patches for WAYPOINT");
}

#[test]
fn a_value_that_proxies_do_not_take_is_named() {
    let note = |value: &str| {
        let guide = patch(&format!("{{applyTo: HTTP_FILTER, patch: {{operation: ADD, value: {value}}}}}"));
        at(&guide, "/value").note.en.clone()
    };
    assert_eq!(note(LUA), "");
    assert_eq!(note("{name: a, config_discovery: {}}"), "");
    assert!(note("{name: a}").contains("known by the @type"));
    assert!(note("{name: a, typed_config: {'@type': a.b.C}}").contains("without type.googleapis.com/"));
    let Takes::Yaml { text, .. } =
        at(&patch("{applyTo: CLUSTER, patch: {operation: MERGE, value: {connect_timeout: 5s}}}"), "/value")
            .takes
            .clone()
    else {
        panic!()
    };
    assert_eq!(text, "connect_timeout: 5s\n");
}

#[test]
fn what_is_begun_with_is_accepted() {
    let places = super::PLACES.map(|(_, name)| name);
    for name in places {
        let place = super::Place::named(name).unwrap();
        let value = super::start(place);
        let operation = place.operations().next().unwrap_or("MERGE");
        let text = serde_json::json!({"applyTo": name, "patch": {"operation": operation, "value": value}}).to_string();
        let guide = patch(&text);
        assert_eq!(guide.parts[0].says.en.contains("does nothing"), name == "BOOTSTRAP", "{}", guide.parts[0].says.en);
        assert_eq!(at(&guide, "/value").note.en, "", "{name}");
    }
    let fresh = patch(&guide_of("{}").fresh.to_string());
    assert!(fresh.parts[0].says.en.contains("is inserted before the HTTP filter envoy.filters.http.router"));
}

#[test]
fn everything_is_said_in_both_languages() {
    let chinese = |words: &str| words.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    const NAMES: [&str; 3] = ["SNI", "ALPN", "Gateway"];
    for (_, name) in super::PLACES {
        for operation in super::OPERATIONS {
            let guide = patch(&format!(
                "{{applyTo: {name}, match: {{context: GATEWAY}}, patch: {{operation: {operation}, value: {{}}}}}}"
            ));
            let part = &guide.parts[0];
            let offers = all(&guide).into_iter().filter_map(|ask| match &ask.takes {
                Takes::One(offers) => Some(offers),
                _ => None,
            });
            let mut said: Vec<_> = all(&guide).into_iter().flat_map(|ask| [&ask.title, &ask.help, &ask.note]).collect();
            said.extend(offers.flatten().map(|offer| &offer.means));
            said.extend(part.stages.iter().map(|stage| &stage.title));
            said.push(&part.says);
            for one in said.into_iter().filter(|one| !one.en.is_empty() && !NAMES.contains(&one.en.as_str())) {
                assert!(chinese(&one.zh) && !chinese(&one.en), "{name} {operation}: {one:?}");
            }
        }
    }
}

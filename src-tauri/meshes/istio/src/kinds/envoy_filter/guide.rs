//! An EnvoyFilter, step by step: where each patch applies, what it looks for, what it does there, and with which value.

use mesh::guide::{Ask, Guide, Offer, Part, Stage, Takes};
use serde_json::{Value, json};
use world::{Document, Said, World, said, yaml};

use super::{Effect, MANAGER, OPERATIONS, PLACES, Place, effect, sentence};
use crate::read::field::Field;
use crate::read::settings::Settings;

const LIST: &str = "/spec/configPatches";
const TYPE: &str = "type.googleapis.com/";
const CONTEXTS: [&str; 4] = ["ANY", "SIDECAR_INBOUND", "SIDECAR_OUTBOUND", "GATEWAY"];
const MATCHES: [&str; 4] = ["listener", "routeConfiguration", "cluster", "waypoint"];

/// How an EnvoyFilter is written.
pub(crate) fn guide(world: &World, document: &Document) -> Guide {
    let settings = Settings::of(world);
    let spec = Field::of(document).get("spec");
    let who = sentence::who(&spec, &document.key.namespace, settings.root());
    let patches = spec.items("configPatches").into_iter().enumerate();
    let parts = patches.map(|(at, patch)| Part {
        says: sentence::of(&patch, &who),
        stages: stages(&patch, &format!("{LIST}/{at}")),
        pointer: format!("{LIST}/{at}"),
    });
    Guide { list: LIST.to_owned(), fresh: fresh(), parts: parts.collect() }
}

/// The patch that most begin with: a filter before the one that sends requests on.
fn fresh() -> Value {
    json!({
        "applyTo": "HTTP_FILTER",
        "match": {"context": "SIDECAR_INBOUND", "listener": {"filterChain": {"filter":
            {"name": MANAGER, "subFilter": {"name": "envoy.filters.http.router"}}}}},
        "patch": {"operation": "INSERT_BEFORE", "value": start(Place::HttpFilter)},
    })
}

fn stages(patch: &Field, at: &str) -> Vec<Stage> {
    let place = Place::named(patch.text("applyTo"));
    let mut all = vec![Stage { title: said!("Where it applies", "修改什么"), asks: vec![apply_to(place, at)] }];
    let Some(place) = place else { return all };
    all.push(Stage { title: said!("What it looks for", "匹配什么"), asks: matches(patch, place, at) });
    let mut does = vec![operation(patch, place, at)];
    if patch.get("patch").text("operation") != "REMOVE" {
        does.push(value(patch, place, at));
    }
    all.push(Stage { title: said!("What it does there", "做什么"), asks: does });
    all
}

/// A field that takes a text, is often needed and asks nothing beside it.
fn ask(pointer: String, title: Said, help: Said) -> Ask {
    Ask { pointer, title, help, note: Said::default(), takes: Takes::Text, seldom: false, along: Vec::new() }
}

fn apply_to(now: Option<Place>, at: &str) -> Ask {
    let offer = |&(place, name): &(Place, &str)| {
        let other = MATCHES.into_iter().filter(|kind| place.matched_by() != Some(kind));
        let without = other.map(|kind| format!("{at}/match/{kind}")).collect();
        Offer { value: name.to_owned(), means: means(place), without }
    };
    // Nothing can be patched where a proxy starts: it is not offered to those who do not have it.
    let known = PLACES.iter().filter(|(place, _)| *place != Place::Bootstrap || now == Some(Place::Bootstrap));
    let help = now
        .map_or_else(|| said!("Choose the part of the proxy's configuration.", "选择代理配置中要修改的部分。"), means);
    Ask {
        takes: Takes::One(known.map(offer).collect()),
        ..ask(format!("{at}/applyTo"), said!("Part of the configuration", "配置的部分"), help)
    }
}

fn means(place: Place) -> Said {
    match place {
        Place::HttpFilter => said!(
            "A filter that each HTTP request passes: in the list of the HTTP connection manager.",
            "每个 HTTP 请求经过的过滤器，位于 HTTP connection manager 的列表中。"
        ),
        Place::NetworkFilter => said!(
            "A filter that the bytes of a connection pass; the HTTP connection manager is one.",
            "连接的字节经过的过滤器；HTTP connection manager 也是其中之一。"
        ),
        Place::ListenerFilter => said!(
            "A filter that looks at a connection before a filter chain is chosen for it.",
            "在为连接选择过滤器链之前查看连接的过滤器。"
        ),
        Place::FilterChain => {
            said!(
                "The filters for one sort of connections to a listener, with their TLS.",
                "监听器上某一类连接的过滤器及其 TLS。"
            )
        }
        Place::Listener => {
            said!("An address and port at which the proxy takes connections.", "代理接受连接的地址和端口。")
        }
        Place::HttpRoute => {
            said!("One rule of a virtual host: which requests go where.", "虚拟主机的一条规则：哪些请求去往何处。")
        }
        Place::VirtualHost => said!("The routes for some host names.", "某些主机名的路由。"),
        Place::RouteConfiguration => {
            said!(
                "All virtual hosts of a port, with what holds for all of them.",
                "一个端口的所有虚拟主机，以及对它们都有效的设置。"
            )
        }
        Place::Cluster => said!(
            "Where the proxy sends: the endpoints of a service, with timeouts, TLS and balancing.",
            "代理发送的目的地：某个服务的端点，及其超时、TLS 和负载均衡。"
        ),
        Place::ExtensionConfig => said!(
            "Settings under a name, which an HTTP filter with config_discovery of that name takes.",
            "一份有名称的设置，由使用同名 config_discovery 的 HTTP 过滤器取用。"
        ),
        Place::Bootstrap => said!("What a proxy starts with.", "代理启动时的配置。"),
    }
}

fn matches(patch: &Field, place: Place, at: &str) -> Vec<Ask> {
    let within = format!("{at}/match");
    let mut all = vec![context(patch, &within)];
    all.push(Ask {
        seldom: true,
        ..ask(
            format!("{within}/proxy/proxyVersion"),
            said!("Version of the proxy", "代理版本"),
            said!(
                "A regular expression (RE2) that Istio's version of the proxy has to match: ^1\\.31.*",
                "代理的 Istio 版本须匹配的正则表达式（RE2）：^1\\.31.*"
            ),
        )
    });
    match place.matched_by() {
        Some("listener") => all.extend(of_listener(place, &format!("{within}/listener"))),
        Some("routeConfiguration") => all.extend(of_routes(patch, place, &format!("{within}/routeConfiguration"))),
        Some(_) => all.extend(of_cluster(&format!("{within}/cluster"))),
        None => {}
    }
    all
}

fn context(patch: &Field, within: &str) -> Ask {
    let now = patch.at("match.context");
    let offer = |value: &str| Offer {
        value: value.to_owned(),
        means: context_means(value),
        // Upstream: the CRD takes this match with the context WAYPOINT alone.
        without: vec![format!("{within}/waypoint")],
    };
    let offers = CONTEXTS.into_iter().chain((now.as_text() == "WAYPOINT").then_some("WAYPOINT"));
    Ask {
        takes: Takes::One(offers.map(offer).collect()),
        ..ask(format!("{within}/context"), said!("Side of the traffic", "流量方向"), context_means(now.as_text()))
    }
}

fn context_means(context: &str) -> Said {
    match context {
        "SIDECAR_INBOUND" => said!("What comes to the workloads, in their sidecars.", "sidecar 中进入工作负载的流量。"),
        "SIDECAR_OUTBOUND" => said!("What the workloads send, in their sidecars.", "sidecar 中工作负载发出的流量。"),
        "GATEWAY" => said!("What passes gateways.", "经过网关的流量。"),
        "WAYPOINT" => said!("What passes waypoints.", "经过 waypoint 的流量。"),
        _ => said!("Both directions of sidecars, and gateways.", "sidecar 的两个方向，以及网关。"),
    }
}

fn of_listener(place: Place, within: &str) -> Vec<Ask> {
    let number = |name: &str, title: Said, help: Said| Ask {
        takes: Takes::Number,
        ..ask(format!("{within}/{name}"), title, help)
    };
    let text = |name: &str, title: Said, help: Said| ask(format!("{within}/{name}"), title, help);
    let seldom = |ask: Ask| Ask { seldom: true, ..ask };
    let chain = "filterChain";
    let mut all = vec![
        number(
            "portNumber",
            said!("Port", "端口"),
            said!(
                "The port at which a listener, or inbound a filter chain, takes connections; empty for all.",
                "监听器（入站时为过滤器链）接受连接的端口；留空表示全部。"
            ),
        ),
        seldom(text(
            "name",
            said!("Name of the listener", "监听器名称"),
            said!("As a proxy has it: virtualInbound, 0.0.0.0_9080.", "与代理中的一致：virtualInbound、0.0.0.0_9080。"),
        )),
    ];
    match place {
        Place::Listener => return all,
        Place::ListenerFilter => {
            all.push(text(
                "listenerFilter",
                said!("Listener filter", "监听器过滤器"),
                said!(
                    "The filter that the operation is about; empty for none in particular.",
                    "操作所针对的过滤器；留空表示不特指。"
                ),
            ));
            return all;
        }
        _ => {}
    }
    all.extend([
        seldom(text(
            &format!("{chain}/name"),
            said!("Name of the filter chain", "过滤器链名称"),
            said!("As a proxy has it.", "与代理中的一致。"),
        )),
        seldom(text(
            &format!("{chain}/sni"),
            said!("SNI", "SNI"),
            said!("A server name that the filter chain is for.", "过滤器链所针对的服务器名称。"),
        )),
        seldom(text(
            &format!("{chain}/transportProtocol"),
            said!("Transport", "传输协议"),
            said!("tls, or raw_buffer for plaintext.", "tls，或表示明文的 raw_buffer。"),
        )),
        seldom(text(
            &format!("{chain}/applicationProtocols"),
            said!("ALPN", "ALPN"),
            said!("With commas between them: h2,http/1.1.", "用逗号分隔：h2,http/1.1。"),
        )),
        seldom(number(
            &format!("{chain}/destinationPort"),
            said!("Destination port", "目的端口"),
            said!("The port that the filter chain itself is for.", "过滤器链自身所针对的端口。"),
        )),
    ]);
    let filter = format!("{chain}/filter/name");
    match place {
        Place::NetworkFilter => all.push(text(
            &filter,
            said!("Network filter", "网络过滤器"),
            said!("The filter that the operation is about; empty for none in particular.", "操作所针对的过滤器；留空表示不特指。"),
        )),
        Place::HttpFilter => all.push(Ask {
            along: vec![(format!("{within}/{filter}"), MANAGER.into())],
            ..text(
                &format!("{chain}/filter/subFilter/name"),
                said!("HTTP filter", "HTTP 过滤器"),
                said!("The filter that the operation is about, such as envoy.filters.http.router; empty for none in particular.", "操作所针对的过滤器，例如 envoy.filters.http.router；留空表示不特指。"),
            )
        }),
        _ => {}
    }
    all
}

fn of_routes(patch: &Field, place: Place, within: &str) -> Vec<Ask> {
    let text = |name: &str, title: Said, help: Said| ask(format!("{within}/{name}"), title, help);
    let mut all = vec![
        Ask {
            takes: Takes::Number,
            ..text(
                "portNumber",
                said!("Port", "端口"),
                said!("The service's port, or the gateway's; empty for all.", "服务或网关的端口；留空表示全部。"),
            )
        },
        Ask {
            seldom: true,
            ..text(
                "name",
                said!("Name of the route configuration", "路由配置名称"),
                said!("As a proxy has it: 9080, http_proxy.", "与代理中的一致：9080、http_proxy。"),
            )
        },
    ];
    // Upstream: routeConfigurationMatch compares these at gateways alone.
    if patch.at("match.context").as_text() == "GATEWAY" {
        all.extend([
            text(
                "gateway",
                said!("Gateway", "Gateway"),
                said!("Namespace and name of the Gateway: shop/edge.", "Gateway 的命名空间和名称：shop/edge。"),
            ),
            Ask {
                seldom: true,
                ..text(
                    "portName",
                    said!("Name of the port", "端口名称"),
                    said!("As the server of the Gateway has it.", "与 Gateway 的 server 中的一致。"),
                )
            },
        ]);
    }
    if matches!(place, Place::VirtualHost | Place::HttpRoute) {
        all.extend([
            text(
                "vhost/name",
                said!("Virtual host", "虚拟主机"),
                said!(
                    "Host and port: reviews.shop.svc.cluster.local:9080; empty for all.",
                    "主机和端口：reviews.shop.svc.cluster.local:9080；留空表示全部。"
                ),
            ),
            text(
                "vhost/domainName",
                said!("Domain", "域名"),
                said!("A host name that the virtual host is for.", "虚拟主机所针对的主机名。"),
            ),
        ]);
    }
    if place == Place::HttpRoute {
        let action = |value: &str, means: Said| Offer { value: value.to_owned(), means, without: Vec::new() };
        let any = || said!("Whatever becomes of the request.", "无论请求如何处理。");
        let offers = vec![
            action("ANY", any()),
            action("ROUTE", said!("Routes that send the request on.", "转发请求的路由。")),
            action("REDIRECT", said!("Routes that redirect.", "重定向的路由。")),
            action("DIRECT_RESPONSE", said!("Routes that answer themselves.", "直接应答的路由。")),
        ];
        all.extend([
            text(
                "vhost/route/name",
                said!("Route", "路由"),
                said!(
                    "The name of the VirtualService's rule; default where none made it.",
                    "VirtualService 规则的名称；没有规则时为 default。"
                ),
            ),
            Ask {
                takes: Takes::One(offers),
                seldom: true,
                ..text("vhost/route/action", said!("What the route does", "路由的动作"), any())
            },
        ]);
    }
    all
}

fn of_cluster(within: &str) -> Vec<Ask> {
    let text = |name: &str, title: Said, help: Said| ask(format!("{within}/{name}"), title, help);
    vec![
        text(
            "service",
            said!("Service", "服务"),
            said!(
                "In full: reviews.shop.svc.cluster.local; empty for all.",
                "完整名称：reviews.shop.svc.cluster.local；留空表示全部。"
            ),
        ),
        Ask {
            takes: Takes::Number,
            ..text(
                "portNumber",
                said!("Port", "端口"),
                said!(
                    "The service's port; inbound, the one that the pods listen on.",
                    "服务的端口；入站时为 Pod 监听的端口。"
                ),
            )
        },
        text("subset", said!("Subset", "子集"), said!("A subset of a DestinationRule.", "DestinationRule 的子集。")),
        Ask {
            seldom: true,
            ..text(
                "name",
                said!("Name of the cluster", "集群名称"),
                said!(
                    "As a proxy has it; then nothing else of the match is looked at.",
                    "与代理中的一致；此时不再看匹配的其他条件。"
                ),
            )
        },
    ]
}

fn operation(patch: &Field, place: Place, at: &str) -> Ask {
    let now = patch.get("patch").text("operation");
    // What is there stays to be seen, whatever it does.
    let offered = OPERATIONS.into_iter().filter(|known| place.operations().any(|one| one == *known) || *known == now);
    let offer = |value: &str| {
        let without = if value == "REMOVE" { vec![format!("{at}/patch/value")] } else { Vec::new() };
        Offer { value: value.to_owned(), means: does(value, place), without }
    };
    let found = effect(patch).map_or(Effect::Nothing, |(_, effect)| effect);
    Ask {
        note: sentence::idle(patch, place, found).unwrap_or_default(),
        takes: Takes::One(offered.map(offer).collect()),
        ..ask(
            format!("{at}/patch/operation"),
            said!("Operation", "操作"),
            if now.is_empty() { Said::default() } else { does(now, place) },
        )
    }
}

fn does(operation: &str, place: Place) -> Said {
    let order = place.relative_to().is_some();
    match operation {
        "ADD" if order => said!("Puts the value behind those that are there.", "把内容放在现有内容之后。"),
        "ADD" => said!("Adds the value to those that are there.", "在现有内容之外添加。"),
        "INSERT_FIRST" | "INSERT_BEFORE" | "INSERT_AFTER" if !order => {
            said!("The same as ADD: there is no order here.", "与 ADD 相同：这里没有顺序。")
        }
        "INSERT_FIRST" => said!("Puts the value before all that are there.", "把内容放在所有现有内容之前。"),
        "INSERT_BEFORE" => said!(
            "Puts the value before the one that is looked for; before all where none is.",
            "把内容放在所匹配项之前；未指定时放在最前。"
        ),
        "INSERT_AFTER" => said!(
            "Puts the value behind the one that is looked for; at the end where none is.",
            "把内容放在所匹配项之后；未指定时放在最后。"
        ),
        "MERGE" => said!(
            "Sets the fields of the value in each that is found; lists grow by its items.",
            "在每个匹配项中设置所给字段；列表会追加其项目。"
        ),
        "MERGE_AND_REPLACE_LIST" => said!(
            "The same as MERGE, but a list takes the place of the one that is there.",
            "与 MERGE 相同，但列表整体替换原有列表。"
        ),
        "REPLACE" => said!("Puts the value in the place of the one that is looked for.", "用内容替换所匹配的项。"),
        "REMOVE" => said!("Takes away what is looked for.", "移除所匹配的项。"),
        _ => Said::default(),
    }
}

fn value(patch: &Field, place: Place, at: &str) -> Ask {
    let now = patch.at("patch.value");
    let text = if now.is_set() { yaml::write(now.value()) } else { String::new() };
    Ask {
        note: shape(&now, place),
        takes: Takes::Yaml { text, start: start(place) },
        ..ask(format!("{at}/patch/value"), said!("Value", "内容"), envoy_type(place))
    }
}

/// Upstream: pkg/config/xds/xds.go, BuildXDSObjectFromStruct.
fn envoy_type(place: Place) -> Said {
    let name = match place {
        Place::HttpFilter => "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter",
        Place::NetworkFilter => "envoy.config.listener.v3.Filter",
        Place::ListenerFilter => "envoy.config.listener.v3.ListenerFilter",
        Place::FilterChain => "envoy.config.listener.v3.FilterChain",
        Place::Listener => "envoy.config.listener.v3.Listener",
        Place::HttpRoute => "envoy.config.route.v3.Route",
        Place::VirtualHost => "envoy.config.route.v3.VirtualHost",
        Place::RouteConfiguration => "envoy.config.route.v3.RouteConfiguration",
        Place::Cluster => "envoy.config.cluster.v3.Cluster",
        Place::ExtensionConfig => "envoy.config.core.v3.TypedExtensionConfig",
        Place::Bootstrap => "envoy.config.bootstrap.v3.Bootstrap",
    };
    said!("Envoy's own configuration, of the type {name}.", "Envoy 自身的配置，类型为 {name}。")
}

/// What istiod takes and proxies do not.
fn shape(value: &Field, place: Place) -> Said {
    let config = ["typed_config", "typedConfig"].into_iter().map(|name| value.get(name)).find(Field::is_set);
    match config {
        Some(config) => match config.text("@type") {
            // That there has to be one istiod says itself.
            "" => Said::default(),
            named if named.contains('/') => Said::default(),
            named => said!(
                "a proxy takes no @type without {TYPE} before it: {named}",
                "代理不接受前面没有 {TYPE} 的 @type：{named}"
            ),
        },
        None if value.is_set()
            && place.is_filter()
            && !["config_discovery", "configDiscovery"].iter().any(|name| value.has(name)) =>
        {
            said!(
                "a filter is known by the @type of its typed_config alone, which is missing",
                "过滤器只凭其 typed_config 的 @type 识别，此处缺少"
            )
        }
        None => Said::default(),
    }
}

/// A value to begin with.
fn start(place: Place) -> Value {
    let typed = |name: &str, of: &str, more: Value| {
        let mut config = json!({"@type": format!("{TYPE}{of}")});
        if let (Some(config), Value::Object(more)) = (config.as_object_mut(), more) {
            config.extend(more);
        }
        json!({"name": name, "typed_config": config})
    };
    let lua = json!({"default_source_code": {"inline_string": "function envoy_on_request(handle)\n  handle:headers():add(\"x-seen\", \"yes\")\nend\n"}});
    let lua_type = "envoy.extensions.filters.http.lua.v3.Lua";
    match place {
        Place::HttpFilter => typed("envoy.filters.http.lua", lua_type, lua),
        Place::ExtensionConfig => typed("my-extension", lua_type, lua),
        Place::NetworkFilter => typed(
            "envoy.filters.network.connection_limit",
            "envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit",
            json!({"stat_prefix": "limit", "max_connections": 1000}),
        ),
        Place::ListenerFilter => typed(
            "envoy.filters.listener.proxy_protocol",
            "envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol",
            json!({}),
        ),
        Place::FilterChain => json!({"transport_socket_connect_timeout": "5s"}),
        Place::Listener => json!({"per_connection_buffer_limit_bytes": 32768}),
        Place::HttpRoute => json!({"route": {"timeout": "5s"}}),
        Place::VirtualHost => json!({"response_headers_to_remove": ["server"]}),
        Place::RouteConfiguration => json!({"response_headers_to_remove": ["server"]}),
        Place::Cluster => json!({"connect_timeout": "5s"}),
        Place::Bootstrap => json!({"stats_flush_interval": "10s"}),
    }
}

#[cfg(test)]
mod tests;

//! A patch in a sentence.

use world::{Said, said};

use super::{Effect, MANAGER, Place, effect};
use crate::read::field::Field;

/// What a patch does, in the proxies of `who`.
pub(super) fn of(patch: &Field, who: &Said) -> Said {
    let Some((place, effect)) = effect(patch) else {
        return said!("It does not say yet what it applies to.", "尚未说明修改什么。");
    };
    let operation = patch.get("patch").text("operation");
    if let Some(why) = idle(patch, place, effect) {
        return Said::new(format!("It does nothing: {}.", why.en), format!("它不起作用：{}。", why.zh));
    }
    let Effect::As(done) = effect else {
        return said!("It does not say yet what it does.", "尚未说明做什么。");
    };
    let what = act(patch, place, done, operation);
    let proxies = match patch.at("match.context").as_text() {
        "SIDECAR_INBOUND" | "SIDECAR_OUTBOUND" => said!("the sidecars", " sidecar "),
        "GATEWAY" => said!("the gateways", "网关"),
        _ => said!("the proxies", "代理"),
    };
    let version = patch.at("match.proxy.proxyVersion");
    let version = match version.as_text() {
        "" => Said::default(),
        text => said!(" of version '{text}'", "（版本 '{text}'）"),
    };
    let zh = format!("在{}的{}{}中，{}。", who.zh, proxies.zh, version.zh, what.zh);
    Said::new(
        format!("In {}{} of {}, {}.", proxies.en, version.en, who.en, what.en),
        // Names stand apart from the words around them, but from no mark.
        zh.replace("  ", " ").replace(" 。", "。").replace(" ，", "，").replace(" （", "（"),
    )
}

/// Why a patch that nobody refuses does nothing.
pub(super) fn idle(patch: &Field, place: Place, effect: Effect) -> Option<Said> {
    let (to, operation) = (patch.text("applyTo"), patch.get("patch").text("operation"));
    let filter = patch.at("match.listener.filterChain.filter");
    let filter = filter.text("name");
    Some(match effect {
        _ if operation.is_empty() => return None,
        _ if patch.at("match.context").as_text() == "WAYPOINT" => {
            said!("istiod makes nothing of patches for WAYPOINT", "istiod 不处理针对 WAYPOINT 的补丁")
        }
        Effect::Nothing if place == Place::Bootstrap => {
            said!(
                "newer versions of istiod no longer patch what a proxy starts with",
                "较新版本的 istiod 已不再修补代理的启动配置"
            )
        }
        Effect::Nothing => said!("{to} knows no {operation}", "{to} 不支持 {operation}"),
        Effect::Nameless => {
            said!("{operation} needs the name of the filter that it is about", "{operation} 需要写明所针对的过滤器名称")
        }
        Effect::As(_) if place == Place::HttpFilter && !matches!(filter, "" | MANAGER) => {
            said!(
                "HTTP filters are in {MANAGER} alone, not in {filter}",
                "HTTP 过滤器只在 {MANAGER} 中，不在 {filter} 中"
            )
        }
        Effect::As(_) => return None,
    })
}

/// What is done, to what, where.
fn act(patch: &Field, place: Place, done: &str, written: &str) -> Said {
    let (value, target) = (value(patch, place), target(patch, place));
    let (one, many) = (target.one(), target.many());
    let anywhere = matches!(patch.at("match.context").as_text(), "" | "ANY");
    match done {
        // Upstream: what no context is named for is not added to the inbound side.
        "ADD" if matches!(place, Place::Cluster | Place::Listener) && anywhere => {
            let (en, zh) = noun(place);
            Said::new(
                format!("{} is added to the outbound {en}s of sidecars and to the {en}s of gateways", value.en),
                format!("向 sidecar 的出站{zh}和网关的{zh}添加{}", value.zh),
            )
        }
        "ADD" if place.has_order() => Said::new(
            format!("{} is added at the end of {}", value.en, many.en),
            format!("在{}的末尾添加{}", many.zh, value.zh),
        ),
        "ADD" => Said::new(format!("{} is added to {}", value.en, many.en), format!("向{}添加{}", many.zh, value.zh)),
        "INSERT_FIRST" => Said::new(
            format!("{} is put at the beginning of {}", value.en, many.en),
            format!("在{}的最前面插入{}", many.zh, value.zh),
        ),
        "INSERT_BEFORE" => Said::new(
            format!("{} is inserted before {}", value.en, one.en),
            format!("在{}之前插入{}", one.zh, value.zh),
        ),
        "INSERT_AFTER" => {
            Said::new(format!("{} is inserted after {}", value.en, one.en), format!("在{}之后插入{}", one.zh, value.zh))
        }
        "REPLACE" => {
            Said::new(format!("{} is replaced by {}", one.en, value.en), format!("用{}替换{}", value.zh, one.zh))
        }
        "REMOVE" => Said::new(format!("{} is removed", one.en), format!("移除{}", one.zh)),
        _ => {
            let (fields, are) = fields(patch);
            let lists = match written {
                "MERGE_AND_REPLACE_LIST" => {
                    said!(", and its lists take the place of those that are there", "，其中的列表整体替换原有的列表")
                }
                _ => Said::default(),
            };
            Said::new(
                format!("{} {are} merged into {}{}", fields.en, one.en, lists.en),
                format!("将{}合并到{}{}", fields.zh, one.zh, lists.zh),
            )
        }
    }
}

/// The fields of a value that is merged, with the verb that goes with so many. Of a filter those of its own settings.
fn fields(patch: &Field) -> (Said, &'static str) {
    let value = patch.at("patch.value");
    let inner = ["typed_config", "typedConfig"].into_iter().find(|name| value.has(name));
    let entries = inner.map_or_else(|| patch.get("patch").entries("value"), |inner| value.entries(inner));
    let names: Vec<&str> = entries.into_iter().map(|(name, _)| name).filter(|name| *name != "@type").collect();
    match names.len() {
        0 => (said!("nothing", "空内容"), "is"),
        1 => (said!("{}", " {} ", names[0]), "is"),
        2..=4 => (said!("{}", " {} ", names.join(", ")), "are"),
        n => (said!("{} and others ({n} fields)", " {} 等 {n} 个字段", names[..3].join(", ")), "are"),
    }
}

/// `the HTTP filter envoy.filters.http.lua`
fn value(patch: &Field, place: Place) -> Said {
    let (en, zh) = noun(place);
    match patch.at("patch.value").text("name") {
        "" => Said::new(format!("a new {en}"), format!("新的{zh}")),
        name => Said::new(format!("the {en} {name}"), format!("{zh} {name} ")),
    }
}

/// What a place holds, one of it, in both languages.
pub(super) fn noun(place: Place) -> (&'static str, &'static str) {
    match place {
        Place::Listener => ("listener", "监听器"),
        Place::FilterChain => ("filter chain", "过滤器链"),
        Place::ListenerFilter => ("listener filter", "监听器过滤器"),
        Place::NetworkFilter => ("network filter", "网络过滤器"),
        Place::HttpFilter => ("HTTP filter", " HTTP 过滤器"),
        Place::RouteConfiguration => ("route configuration", "路由配置"),
        Place::VirtualHost => ("virtual host", "虚拟主机"),
        Place::HttpRoute => ("route", "路由"),
        Place::Cluster => ("cluster", "集群"),
        Place::ExtensionConfig => ("extension", "扩展配置"),
        Place::Bootstrap => ("start configuration", "启动配置"),
    }
}

/// What a match picks, from the inside out: `every HTTP filter`, `every filter chain`, `every inbound listener`.
struct Target {
    noun: (String, String),
    own: Said,
    around: Vec<Said>,
}

impl Target {
    fn new((en, zh): (&str, &str), name: &str, asked: &[Said], around: Vec<Said>) -> Self {
        Self { noun: (en.to_owned(), zh.to_owned()), own: picked((en, zh), name, asked), around }
    }

    /// One that is picked, with everything around it.
    fn one(&self) -> Said {
        let around = around(&self.around);
        Said::new(format!("{}{}", self.own.en, around.en), format!("{}{}", around.zh, self.own.zh))
    }

    /// All that are there, with everything around them: what something is added to.
    fn many(&self) -> Said {
        let (around, (en, zh)) = (around(&self.around), &self.noun);
        Said::new(format!("the {en}s{}", around.en), format!("{}{zh}", around.zh))
    }
}

/// ` of every inbound listener on port 80`
fn around(all: &[Said]) -> Said {
    let en: String = all.iter().map(|one| format!(" of {}", one.en)).collect();
    let zh: String = all.iter().rev().map(|one| format!("{}的", one.zh)).collect();
    Said::new(en, zh)
}

/// A thing by its noun and by what is asked of it.
fn picked((en, zh): (&str, &str), name: &str, asked: &[Said]) -> Said {
    let asked = Said::list(asked);
    let (with, having) = if asked.en.is_empty() {
        (String::new(), String::new())
    } else {
        (format!(" with {}", asked.en), format!("（{}）", asked.zh))
    };
    match name {
        "" => Said::new(format!("every {en}{with}"), format!("每个{zh}{having}")),
        name => Said::new(format!("the {en} {name}{with}"), format!("{zh} {name}{having} ")),
    }
}

fn direction(patch: &Field, (en, zh): (&'static str, &'static str)) -> (String, String) {
    match patch.at("match.context").as_text() {
        "SIDECAR_INBOUND" => (format!("inbound {en}"), format!("入站{zh}")),
        "SIDECAR_OUTBOUND" => (format!("outbound {en}"), format!("出站{zh}")),
        _ => (en.to_owned(), zh.to_owned()),
    }
}

/// What a field of a match asks, where it does.
fn asks(of: &Field, name: &str, en: &str, zh: &str) -> Option<Said> {
    let value = if of.text(name).is_empty() {
        let number = of.number(name);
        if number == 0.0 { return None } else { number.to_string() }
    } else {
        of.text(name).to_owned()
    };
    Some(Said::new(format!("{en} {value}"), format!("{zh} {value}")))
}

fn target(patch: &Field, place: Place) -> Target {
    match place.matched_by() {
        Some("listener") => of_listener(patch, place),
        Some("routeConfiguration") => of_routes(patch, place),
        Some(_) => {
            let cluster = patch.at("match.cluster");
            let (en, zh) = direction(patch, noun(Place::Cluster));
            let name = cluster.text("name");
            // Upstream: clusterMatch looks at the name alone where there is one.
            let asked = [
                asks(&cluster, "service", "service", "服务"),
                asks(&cluster, "portNumber", "port", "端口"),
                asks(&cluster, "subset", "subset", "子集"),
            ];
            let asked: Vec<Said> = asked.into_iter().flatten().filter(|_| name.is_empty()).collect();
            Target::new((&en, &zh), name, &asked, Vec::new())
        }
        None => Target::new(noun(place), "", &[], Vec::new()),
    }
}

fn of_listener(patch: &Field, place: Place) -> Target {
    let listener = patch.at("match.listener");
    let (en, zh) = direction(patch, noun(Place::Listener));
    let (name, port) = (listener.text("name"), asks(&listener, "portNumber", "port", "端口"));
    let outer = picked((&en, &zh), name, port.as_slice());
    let chain = listener.get("filterChain");
    let asked: Vec<Said> = [
        asks(&chain, "sni", "SNI", "SNI"),
        asks(&chain, "transportProtocol", "transport", "传输协议"),
        asks(&chain, "applicationProtocols", "ALPN", "ALPN"),
        asks(&chain, "destinationPort", "destination port", "目的端口"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let (chain_noun, chain_name) = (noun(Place::FilterChain), chain.text("name"));
    // A chain is spoken of where something is asked of it.
    let is_any = chain_name.is_empty() && asked.is_empty();
    let inner = (!is_any).then(|| picked(chain_noun, chain_name, &asked));
    let within = || inner.iter().chain([&outer]).cloned().collect::<Vec<_>>();
    let filter = chain.get("filter");
    match place {
        Place::FilterChain => Target::new(chain_noun, chain_name, &asked, vec![outer]),
        Place::ListenerFilter => Target::new(noun(place), listener.text("listenerFilter"), &[], vec![outer]),
        Place::NetworkFilter => Target::new(noun(place), filter.text("name"), &[], within()),
        Place::HttpFilter => Target::new(noun(place), filter.get("subFilter").text("name"), &[], within()),
        _ => Target::new((&en, &zh), name, port.as_slice(), Vec::new()),
    }
}

fn of_routes(patch: &Field, place: Place) -> Target {
    let routes = patch.at("match.routeConfiguration");
    let (en, zh) = direction(patch, noun(Place::RouteConfiguration));
    let asked: Vec<Said> = [
        asks(&routes, "portNumber", "port", "端口"),
        asks(&routes, "portName", "port name", "端口名称"),
        asks(&routes, "gateway", "Gateway", "Gateway"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let outer = picked((&en, &zh), routes.text("name"), &asked);
    let host = routes.get("vhost");
    let (host_noun, domain) = (noun(Place::VirtualHost), asks(&host, "domainName", "domain", "域名"));
    let route = host.get("route");
    let action = Some(route.text("action")).filter(|action| !matches!(*action, "" | "ANY"));
    let action = action.map(|action| said!("action {action}", "动作 {action}"));
    match place {
        Place::VirtualHost => Target::new(host_noun, host.text("name"), domain.as_slice(), vec![outer]),
        Place::HttpRoute => {
            let inner = picked(host_noun, host.text("name"), domain.as_slice());
            Target::new(noun(place), route.text("name"), action.as_slice(), vec![inner, outer])
        }
        _ => Target::new((&en, &zh), routes.text("name"), &asked, Vec::new()),
    }
}

/// Which workloads an object is for.
pub(super) fn who(spec: &Field, namespace: &str, root: &str) -> Said {
    let selector = spec.get("workloadSelector").labels("labels");
    let targets: Vec<String> =
        spec.items("targetRefs").iter().map(|t| format!("{} {}", t.text("kind"), t.text("name"))).collect();
    let labels: Vec<String> = selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let labels = labels.join(",");
    match () {
        () if !targets.is_empty() => said!("{}", " {} ", targets.join(", ")),
        () if namespace == root && labels.is_empty() => said!("the whole mesh", "整个网格"),
        () if namespace == root => {
            said!("all workloads with {labels}, in every namespace", "所有命名空间中带 {labels} 的工作负载")
        }
        () if labels.is_empty() => said!("all workloads in {namespace}", " {namespace} 中所有工作负载"),
        () => said!("the workloads with {labels} in {namespace}", " {namespace} 中带 {labels} 的工作负载"),
    }
}

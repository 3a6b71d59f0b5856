//! Rules of a VirtualService in words.

use world::{Said, said};

use super::select::Entry;
use super::spec::{HeaderOperations, Headers, HttpMatch, HttpRoute, StringMatch, Target};

/// What a rule does, in a few words.
pub(crate) fn action(rule: &HttpRoute) -> Said {
    if let Some(redirect) = &rule.redirect {
        return said!("redirect to {}{}", "重定向到 {}{}", redirect.authority, redirect.uri);
    }
    if let Some(direct) = &rule.direct_response {
        return said!("answers {} itself", "自行应答 {}", direct.status);
    }
    if rule.delegate.is_some() {
        return said!("delegates", "委托给其他路由");
    }
    let total: i64 = rule.route.iter().map(|r| i64::from(r.weight.max(0))).sum();
    let parts: Vec<String> = rule
        .route
        .iter()
        .filter(|r| rule.route.len() == 1 || r.weight > 0)
        .map(|r| match rule.route.len() {
            1 => name(&r.destination),
            _ => format!("{} {} %", name(&r.destination), percent(i64::from(r.weight), total)),
        })
        .collect();
    parts.join(", ").into()
}

#[allow(clippy::cast_precision_loss, reason = "weights are small")]
fn percent(weight: i64, total: i64) -> f64 {
    (weight as f64 / total.max(1) as f64 * 1000.0).round() / 10.0
}

/// `v1` for a subset, else the first part of the host.
pub(crate) fn name(target: &Target) -> String {
    if target.subset.is_empty() {
        target
            .host
            .strip_suffix(".svc.cluster.local")
            .unwrap_or(&target.host)
            .split('.')
            .next()
            .unwrap_or_default()
            .into()
    } else {
        target.subset.clone()
    }
}

/// The conditions of a match, each in words.
pub(crate) fn conditions(m: &HttpMatch) -> Vec<Said> {
    let mut all = Vec::new();
    let holds = |en: &str, zh: &str, of: &StringMatch| {
        let what = string(of);
        Said::new(format!("{en} {}", what.en), format!("{zh}{}", what.zh))
    };
    if let Some(uri) = &m.uri {
        let Said { en, zh } = holds("path", "路径", uri);
        all.push(if m.ignore_uri_case {
            said!("{en}, in any case", "{zh}，不分大小写")
        } else {
            Said::new(en, zh)
        });
    }
    for (en, zh, of) in
        [("scheme", "协议", &m.scheme), ("method", "方法", &m.method), ("authority", "authority ", &m.authority)]
    {
        all.extend(of.as_ref().map(|of| holds(en, zh, of)));
    }
    for (en, zh, of) in [
        ("header", "请求头", &m.headers),
        ("no header", "没有请求头", &m.without_headers),
        ("query", "查询参数", &m.query_params),
    ] {
        all.extend(of.iter().map(|(name, of)| holds(&format!("{en} {name}"), &format!("{zh} {name} "), of)));
    }
    all.extend(m.port.map(|port| said!("port {port}", "端口 {port}")));
    all.extend(
        m.source_labels.iter().map(|(key, value)| said!("caller has {key}={value}", "调用方带有 {key}={value}")),
    );
    if !m.source_namespace.is_empty() {
        all.push(said!("caller in {}", "调用方在 {} 中", m.source_namespace));
    }
    if !m.gateways.is_empty() {
        all.push(Said::new(format!("at {}", m.gateways.join(" or ")), format!("经 {}", m.gateways.join(" 或 "))));
    }
    all
}

/// What a rule and its destinations change of the answer's headers, each with the field that says it.
pub(crate) fn answers(entry: &Entry) -> Vec<(String, Said)> {
    let of = |headers: &Option<Headers>| headers.as_ref().and_then(|h| h.response.as_ref()).map(operations);
    let field = if entry.is_derived() { "filters" } else { "headers" };
    let own = of(&entry.http.headers).map(|words| (entry.field("headers"), words));
    let parts = entry.http.route.iter().enumerate();
    let parts = parts.filter_map(|(at, r)| Some((entry.field(&format!("route[{at}].{field}")), of(&r.headers)?)));
    own.into_iter().chain(parts).filter(|(_, words)| !words.en.is_empty()).collect()
}

fn operations(of: &HeaderOperations) -> Said {
    let set = of.set.iter().map(|(name, value)| said!("{name} is set to '{value}'", "{name} 设为“{value}”"));
    let add = of.add.iter().map(|(name, value)| said!("{name} '{value}' is added", "添加 {name}“{value}”"));
    let gone = of.remove.iter().map(|name| said!("{name} is taken away", "移除 {name}"));
    Said::list(&set.chain(add).chain(gone).collect::<Vec<_>>())
}

fn string(of: &StringMatch) -> Said {
    match of {
        StringMatch { exact: Some(text), .. } => said!("is '{text}'", "为“{text}”"),
        StringMatch { prefix: Some(text), .. } => said!("begins with '{text}'", "以“{text}”开头"),
        StringMatch { regex: Some(pattern), .. } if pattern.text != "*" => {
            said!("matches '{}'", "匹配“{}”", pattern.text)
        }
        _ => ("is there", "存在").into(),
    }
}

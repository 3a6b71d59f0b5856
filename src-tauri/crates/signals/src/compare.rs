//! What a control plane would send a proxy against what the proxy has, part by part: of two configurations that may be 128 MiB each no more
//! than one part is built at a time.
//!
//! Both are a `config_dump`. Istiod's comes by the JSON of its messages, where names are `camelCase`; Envoy's has the names of the protocol.
//! Versions and times stand beside a part, not in it, and are not looked at. Upstream: istio pilot/pkg/xds/debug.go (`connectionConfigDump`).

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value};
use world::Said;

use crate::dump::within;
use crate::json::Scanner;

/// A list of parts that both have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Where it listens.
    Listener,
    /// How it chooses.
    Route,
    /// Where it sends.
    Cluster,
    /// The instances behind a cluster.
    Endpoints,
}

/// How the two stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// They differ.
    Differs,
    /// The control plane would send it, and the proxy has it not.
    OnlySent,
    /// The proxy has it, and the control plane would not send it any more.
    OnlyHeld,
    /// They are the same.
    Equal,
}

/// One part.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// In which list.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// How the two stand to each other.
    pub standing: Standing,
    /// A copy of either text where they differ; empty where there is none.
    sent: Box<[u8]>,
    held: Box<[u8]>,
}

impl Compared {
    /// The part as the control plane would send it, in the proxy's names all through, by which what is secret is known, and as the proxy has
    /// it; null where it would not, or has not, and of parts that are equal.
    pub fn both(&self) -> (Value, Value) {
        let of = |text: &[u8]| value(self.kind, text).unwrap_or_default();
        let (sent, held) = (of(&self.sent), of(&self.held));
        (if held.is_null() { alone(sent) } else { spelt(sent, &held) }, held)
    }
}

/// Why two dumps cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {of} gave no configuration that can be read: {reason}")]
pub struct Unreadable {
    /// Whose.
    pub of: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

impl Unreadable {
    /// In both languages.
    pub fn said(&self) -> Said {
        let whose = if self.of == "proxy" { "代理" } else { "控制平面" };
        Said::new(self.to_string(), format!("{whose}给出的配置无法读取：{}", self.reason))
    }
}

/// Compares them: every part, those that differ first. Of two configurations that may be large, the texts of what differs alone are kept.
///
/// # Errors
/// Where one of them is no dump.
pub fn compare(sent: &[u8], held: &[u8]) -> Result<Vec<Compared>, Unreadable> {
    let (mut theirs, mut own) = (parts(sent, "control plane")?, parts(held, "proxy")?);
    own_endpoints(&mut own, held);
    let mut parts = Vec::with_capacity(own.len());
    for ((kind, name), here) in own {
        let here = &held[here];
        let there = theirs.remove(&(kind, name.clone())).map(|there| &sent[there]);
        let standing = match there {
            None => Standing::OnlyHeld,
            Some(there) => {
                let would = value(kind, there).map_err(|reason| Unreadable { of: "control plane", reason })?;
                let has = value(kind, here).map_err(|reason| Unreadable { of: "proxy", reason })?;
                if spelt(would, &has) == has { Standing::Equal } else { Standing::Differs }
            }
        };
        let copy = |text: &[u8]| if standing == Standing::Equal { Box::default() } else { text.into() };
        parts.push(Compared { kind, name, standing, sent: copy(there.unwrap_or_default()), held: copy(here) });
    }
    let only = theirs.into_iter();
    parts.extend(only.map(|((kind, name), there)| Compared {
        kind,
        name,
        standing: Standing::OnlySent,
        sent: sent[there].into(),
        held: Box::default(),
    }));
    parts.sort_by(|a, b| (a.standing, a.kind, &a.name).cmp(&(b.standing, b.kind, &b.name)));
    Ok(parts)
}

/// Where the text of each part stands.
type Parts = BTreeMap<(Kind, String), Range<usize>>;

/// The lists that both have: (folded name of the list, folded name of the part in an item, what it is).
const LISTS: [(&str, &str, Kind); 5] = [
    ("dynamiclisteners", "activestate", Kind::Listener),
    ("dynamicrouteconfigs", "routeconfig", Kind::Route),
    ("dynamicactiveclusters", "cluster", Kind::Cluster),
    ("dynamicwarmingclusters", "cluster", Kind::Cluster),
    ("dynamicendpointconfigs", "endpointconfig", Kind::Endpoints),
];

fn parts(body: &[u8], of: &'static str) -> Result<Parts, Unreadable> {
    let (mut found, mut has_configs) = (Parts::new(), false);
    let mut scanner = Scanner::new(body);
    let whole = within(&mut scanner, "configs", |scanner| {
        has_configs = true;
        scanner.list(|scanner| {
            scanner.object(|scanner, list| match LISTS.iter().find(|(name, _, _)| is_folded(list, name)) {
                Some((_, inside, kind)) => scanner.list(|scanner| item(scanner, body, inside, *kind, &mut found)),
                None => scanner.skip(),
            })
        })
    });
    match (whole, has_configs) {
        (None, _) => Err(Unreadable { of, reason: "it is no JSON, or ends early".into() }),
        (Some(()), false) => Err(Unreadable { of, reason: "it has no configs".into() }),
        (Some(()), true) => Ok(found),
    }
}

/// One item of a list: where its part stands, and what that is called.
fn item(scanner: &mut Scanner<'_>, body: &[u8], inside: &str, kind: Kind, found: &mut Parts) -> Option<()> {
    scanner.object(|scanner, name| {
        if !is_folded(name, inside) {
            return scanner.skip();
        }
        if kind != Kind::Listener {
            keep(scanner.range()?, body, kind, found);
            return Some(());
        }
        scanner.object(|scanner, name| {
            if !is_folded(name, "listener") {
                return scanner.skip();
            }
            keep(scanner.range()?, body, kind, found);
            Some(())
        })
    })
}

fn keep(range: Range<usize>, body: &[u8], kind: Kind, found: &mut Parts) {
    let named = if kind == Kind::Endpoints { "clustername" } else { "name" };
    let name = text_of(&body[range.clone()], named).unwrap_or_default();
    found.insert((kind, name), range);
}

/// A text that a part has itself.
fn text_of(part: &[u8], folded: &str) -> Option<String> {
    let mut text = None;
    Scanner::new(part).object(|scanner, name| {
        if !is_folded(name, folded) {
            return scanner.skip();
        }
        text = Some(scanner.plain()?);
        Some(())
    });
    text
}

/// One part, built.
fn value(kind: Kind, text: &[u8]) -> Result<Value, String> {
    let part = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    Ok(settled(kind, part))
}

/// Endpoints that Envoy finds itself, by DNS or by where a connection was going, stand beside those that it was sent: they are its own.
fn own_endpoints(own: &mut Parts, held: &[u8]) {
    let finds_itself = |name: &String| {
        let cluster = own.get(&(Kind::Cluster, name.clone()));
        let by = cluster.and_then(|range| text_of(&held[range.clone()], "type"));
        by.is_some_and(|by| by != "EDS")
    };
    let all: Vec<_> =
        own.keys().filter(|(kind, name)| *kind == Kind::Endpoints && finds_itself(name)).cloned().collect();
    for key in &all {
        own.remove(key);
    }
}

/// `routeConfig` and `route_config` are one name.
fn fold(name: &str) -> String {
    name.chars().filter(|letter| *letter != '_').map(|letter| letter.to_ascii_lowercase()).collect()
}

fn is_folded(name: &str, folded: &str) -> bool {
    let letters = name.bytes().filter(|letter| *letter != b'_').map(|letter| letter.to_ascii_lowercase());
    letters.eq(folded.bytes())
}

fn member<'a>(of: &'a Value, folded: &str) -> Option<&'a Value> {
    of.as_object()?.iter().find(|(name, _)| is_folded(name, folded)).map(|(_, value)| value)
}

/// A part without what means nothing: of endpoints their order, and what Envoy adds to each of its own.
fn settled(kind: Kind, mut part: Value) -> Value {
    if kind != Kind::Endpoints {
        return part;
    }
    let Some(fields) = part.as_object_mut() else { return part };
    fields.retain(|name, value| fold(name) != "policy" || !is_default_policy(value));
    for (_, localities) in fields.iter_mut().filter(|(name, _)| *name == "endpoints") {
        let Some(localities) = localities.as_array_mut() else { continue };
        for locality in localities.iter_mut().filter_map(Value::as_object_mut) {
            for (_, endpoints) in locality.iter_mut().filter(|(name, _)| fold(name) == "lbendpoints") {
                let Some(endpoints) = endpoints.as_array_mut() else { continue };
                endpoints.iter_mut().for_each(bare);
                endpoints.sort_by_cached_key(address);
            }
        }
        localities.sort_by_cached_key(|locality| member(locality, "locality").map(Value::to_string));
    }
    part
}

/// Envoy writes the share that it provides above what is needed, 140 % where nobody says otherwise.
fn is_default_policy(policy: &Value) -> bool {
    policy.as_object().is_some_and(|fields| {
        fields.iter().all(|(name, value)| fold(name) == "overprovisioningfactor" && *value == 140)
    })
}

/// Envoy writes an empty health check into each endpoint.
fn bare(endpoint: &mut Value) {
    let Some(inner) = endpoint.get_mut("endpoint").and_then(Value::as_object_mut) else { return };
    inner.retain(|name, value| {
        fold(name) != "healthcheckconfig" || value.as_object().is_none_or(|check| !check.is_empty())
    });
}

fn address(endpoint: &Value) -> String {
    let of = endpoint.get("endpoint").and_then(|inner| member(inner, "address"));
    let socket = of.and_then(|of| member(of, "socketaddress")).or(of);
    let part = |name| socket.and_then(|socket| member(socket, name)).map(Value::to_string).unwrap_or_default();
    format!("{}:{}", part("address"), part("portvalue"))
}

/// What is sent, in the names and the order of what is held where those are the same but for their spelling.
fn spelt(sent: Value, held: &Value) -> Value {
    match (sent, held) {
        (Value::Object(sent), Value::Object(held)) => {
            let mut left: BTreeMap<String, (String, Value)> =
                sent.into_iter().map(|(name, value)| (fold(&name), (name, value))).collect();
            let mut out = Map::new();
            for (name, held) in held {
                if let Some((_, value)) = left.remove(&fold(name)) {
                    out.insert(name.clone(), spelt(value, held));
                }
            }
            out.extend(left.into_values().map(|(name, value)| lone(&name, value)));
            Value::Object(out)
        }
        (Value::Array(sent), Value::Array(held)) => {
            let each = sent.into_iter().enumerate();
            each.map(|(at, sent)| match twin(at, &sent, held) {
                Some(held) => spelt(sent, held),
                None => alone(sent),
            })
            .collect()
        }
        (sent, _) => alone(sent),
    }
}

/// What of a list an item is to be spelt after: what stands in its place, else what has its name.
fn twin<'a>(at: usize, item: &Value, held: &'a [Value]) -> Option<&'a Value> {
    let name = item.get("name");
    let same = |other: &&Value| other.get("name") == name;
    let in_place = held.get(at);
    in_place.filter(same).or_else(|| held.iter().find(same)).or(in_place)
}

/// What is sent where nothing is held to spell it after.
fn alone(sent: Value) -> Value {
    match sent {
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(name, value)| lone(&name, value)).collect()),
        Value::Array(items) => items.into_iter().map(alone).collect(),
        other => other,
    }
}

/// A member of it. Names inside of metadata are data and stay.
fn lone(name: &str, value: Value) -> (String, Value) {
    let name = snake(name);
    let value = if name == "filter_metadata" { value } else { alone(value) };
    (name, value)
}

/// `route_config` of `routeConfig`.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn envoy() -> Value {
        json!({"configs": [
            {"@type": "x", "static_clusters": [{"cluster": {"name": "xds-grpc"}}],
                "dynamic_active_clusters": [{"version_info": "2", "last_updated": "now", "cluster": {"name": "a", "connect_timeout": "10s"}}]},
            {"dynamic_listeners": [{"name": "l", "active_state": {"version_info": "2", "listener": {"name": "l",
                "filter_chains": [{"filters": [{"name": "hcm", "typed_config": {"proxy_100_continue": true}}]}]}}}]},
            {"dynamic_route_configs": [{"route_config": {"name": "80", "virtual_hosts": []}}]},
            {"dynamic_endpoint_configs": [{"endpoint_config": {"cluster_name": "a", "policy": {"overprovisioning_factor": 140},
                "endpoints": [{"locality": {}, "lb_endpoints": [
                    {"endpoint": {"address": {"socket_address": {"address": "10.0.0.1", "port_value": 80}}, "health_check_config": {}}},
                    {"endpoint": {"address": {"socket_address": {"address": "10.0.0.2", "port_value": 80}}, "health_check_config": {}}}]}]}}]},
        ]})
    }

    fn istiod() -> Value {
        json!({"configs": [
            {"versionInfo": "9", "dynamicActiveClusters": [{"cluster": {"name": "a", "connectTimeout": "10s"}}]},
            {"dynamicListeners": [{"name": "l", "activeState": {"listener": {"name": "l",
                "filterChains": [{"filters": [{"name": "hcm", "typedConfig": {"proxy100Continue": true}}]}]}}}]},
            {"dynamicRouteConfigs": [{"versionInfo": "9", "routeConfig": {"name": "80", "virtualHosts": []}}]},
            {"dynamicEndpointConfigs": [{"endpointConfig": {"clusterName": "a", "endpoints": [{"locality": {}, "lbEndpoints": [
                {"endpoint": {"address": {"socketAddress": {"address": "10.0.0.2", "portValue": 80}}}},
                {"endpoint": {"address": {"socketAddress": {"address": "10.0.0.1", "portValue": 80}}}}]}]}}]},
        ]})
    }

    fn compared(sent: &Value, held: &Value) -> Vec<Compared> {
        compare(sent.to_string().as_bytes(), held.to_string().as_bytes()).unwrap()
    }

    fn said(sent: &Value, held: &Value) -> Vec<String> {
        compared(sent, held).into_iter().map(|one| format!("{:?} {:?} {}", one.standing, one.kind, one.name)).collect()
    }

    #[test]
    fn the_same_in_two_spellings_is_the_same() {
        let all = ["Equal Listener l", "Equal Route 80", "Equal Cluster a", "Equal Endpoints a"];
        assert_eq!(said(&istiod(), &envoy()), all);
    }

    #[test]
    fn what_differs_is_shown_in_the_proxys_names() {
        let mut sent = istiod();
        sent["configs"][0]["dynamicActiveClusters"][0]["cluster"] =
            json!({"name": "a", "connectTimeout": "1s", "lbPolicy": "RANDOM"});
        sent["configs"][2]["dynamicRouteConfigs"][0]["routeConfig"]["name"] = "81".into();
        let all = compared(&sent, &envoy());
        let first = &all[0];
        assert_eq!((first.standing, first.kind, first.name.as_str()), (Standing::Differs, Kind::Cluster, "a"));
        let (would, has) = first.both();
        assert_eq!(would, json!({"name": "a", "connect_timeout": "1s", "lb_policy": "RANDOM"}));
        assert_eq!(has, json!({"name": "a", "connect_timeout": "10s"}));
        assert_eq!((all[1].standing, all[1].name.as_str()), (Standing::OnlySent, "81"));
        assert_eq!((all[2].standing, all[2].name.as_str()), (Standing::OnlyHeld, "80"));
        for part in &all[3..] {
            assert_eq!((part.standing, part.sent.len(), part.held.len()), (Standing::Equal, 0, 0), "{}", part.name);
        }
    }

    #[test]
    fn what_the_proxy_has_not_is_in_its_names_too() {
        let mut sent = istiod();
        let filters = json!([{"name": "new", "typedConfig": {"maxBytes": 1, "filterMetadata": {"a.B": {"cD": 1}}}},
            {"name": "hcm", "typedConfig": {"proxy100Continue": true}}, {"name": "last", "typedConfig": {"privateKey": "S"}}]);
        sent["configs"][1]["dynamicListeners"][0]["activeState"]["listener"]["filterChains"][0]["filters"] = filters;
        let more = json!({"cluster": {"name": "b", "connectTimeout": "1s"}});
        sent["configs"][0]["dynamicActiveClusters"].as_array_mut().unwrap().push(more);
        let all = compared(&sent, &envoy());
        let of = |name: &str| all.iter().find(|one| one.name == name).unwrap().both().0;
        assert_eq!(
            of("l")["filter_chains"][0]["filters"],
            json!([{"name": "new", "typed_config": {"max_bytes": 1, "filter_metadata": {"a.B": {"cD": 1}}}},
                {"name": "hcm", "typed_config": {"proxy_100_continue": true}}, {"name": "last", "typed_config": {"private_key": "S"}}])
        );
        assert_eq!(of("b"), json!({"name": "b", "connect_timeout": "1s"}));
    }

    #[test]
    fn endpoints_that_the_proxy_found_itself_are_its_own() {
        let mut held = envoy();
        let clusters = held["configs"][0]["dynamic_active_clusters"].as_array_mut().unwrap();
        clusters.push(json!({"cluster": {"name": "headless", "type": "ORIGINAL_DST"}}));
        let found = json!({"endpoint_config": {"cluster_name": "headless"}});
        held["configs"][3]["dynamic_endpoint_configs"].as_array_mut().unwrap().push(found);
        let mut sent = istiod();
        let same = json!({"cluster": {"name": "headless", "type": "ORIGINAL_DST"}});
        sent["configs"][0]["dynamicActiveClusters"].as_array_mut().unwrap().push(same);
        assert!(said(&sent, &held).iter().all(|line| line.starts_with("Equal")), "{:?}", said(&sent, &held));
    }

    #[test]
    fn an_endpoint_that_is_gone_differs_and_no_dump_is_no_answer() {
        let mut sent = istiod();
        sent["configs"][3]["dynamicEndpointConfigs"][0]["endpointConfig"]["endpoints"][0]["lbEndpoints"][0] = json!({});
        assert_eq!(said(&sent, &envoy())[0], "Differs Endpoints a");
        let fails =
            |sent: &'static str, held: &'static str| compare(sent.as_bytes(), held.as_bytes()).unwrap_err().to_string();
        assert_eq!(fails("{}", "{}"), "the control plane gave no configuration that can be read: it has no configs");
        for half in ["", "{\"configs\":[", "no"] {
            let said = fails("{\"configs\":[]}", half);
            assert!(said.starts_with("the proxy gave no configuration"), "{half}: {said}");
        }
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(body in "[{}\\[\\]\":,a-z_1]{0,60}", at in 0usize..900, byte in any::<u8>()) {
            let mut damaged = envoy().to_string().into_bytes();
            let end = damaged.len() - 1;
            damaged[at.min(end)] = byte;
            let _ = compare(body.as_bytes(), &damaged);
            if let Ok(all) = compare(&damaged, &damaged) {
                prop_assert!(all.iter().all(|one| one.standing == Standing::Equal));
            }
        }
    }
}

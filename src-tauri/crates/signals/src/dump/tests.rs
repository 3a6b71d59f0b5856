//! A dump as a genuine sidecar gave it, shortened: a route and subsets, a policy, and a listener that an EnvoyFilter spoiled.

use proptest::prelude::*;

use super::*;

const GENUINE: &[u8] = include_bytes!("genuine.json");

fn said(from: &[Origin]) -> Vec<String> {
    from.iter()
        .map(|origin| match origin {
            Origin::Object(key) => key.to_string(),
            Origin::Host { host, namespace, name } => format!("{namespace}/{name} ({host})"),
        })
        .collect()
}

#[test]
fn clusters_lead_to_what_made_them() {
    let dump = read(GENUINE);
    assert!(!dump.broken && !dump.cut);
    let of = |name: &str| dump.clusters.iter().find(|part| part.what.name == name).unwrap();
    let v1 = of("outbound|9080|v1|reviews.shop.svc.cluster.local");
    assert_eq!((v1.what.discovery.as_str(), v1.what.ejects), ("EDS", true));
    assert_eq!(said(&v1.from), ["DestinationRule shop/px-reviews", "shop/reviews (reviews.shop.svc.cluster.local)"]);
    assert_eq!(said(&of("outbound|443||api.example.com").from), ["shop/api.example.com (api.example.com)"]);
    assert_eq!((of("xds-grpc").state, of("xds-grpc").from.len()), (State::Static, 0));
}

#[test]
fn the_refused_listener_is_there_once_with_the_proxys_words() {
    let dump = read(GENUINE);
    let inbound: Vec<_> = dump.listeners.iter().filter(|part| part.what.name == "virtualInbound").collect();
    assert_eq!(inbound.len(), 1);
    assert_eq!((inbound[0].state, inbound[0].what.address.as_str()), (State::Refused, "0.0.0.0:15006"));
    assert_eq!(inbound[0].what.direction, "INBOUND");
    let error = inbound[0].error.as_ref().unwrap();
    assert!(error.text.starts_with("Didn't find a registered implementation for 'stamp'"), "{error:?}");
    assert_eq!(said(&inbound[0].from), ["AuthorizationPolicy shop/px-allow"]);
    let outbound = dump.listeners.iter().find(|part| part.what.name == "0.0.0.0_9080").unwrap();
    assert_eq!((outbound.state, outbound.what.routes.as_slice()), (State::Active, ["9080".to_owned()].as_slice()));
}

#[test]
fn routes_lead_to_what_made_them() {
    let dump = read(GENUINE);
    let of = |host: &str| dump.routes.iter().find(|part| part.what.host == host).unwrap();
    let reviews = of("reviews.shop.svc.cluster.local:9080");
    assert_eq!((reviews.what.config.as_str(), reviews.what.name.as_str()), ("9080", "canary"));
    assert_eq!(reviews.what.to.len(), 2);
    assert!(reviews.what.to[0].starts_with("80 × outbound|9080|v1|"), "{:?}", reviews.what.to);
    assert_eq!(reviews.what.condition, "prefix /");
    assert_eq!(said(&reviews.from), ["VirtualService shop/px-reviews"]);
    assert_eq!(of("details.shop.svc.cluster.local:9080").from, []);
}

#[test]
fn who_it_is_and_whom_it_trusts() {
    let dump = read(GENUINE);
    assert_eq!((dump.bootstrap.discovery.as_str(), dump.bootstrap.concurrency), ("istiod.istio-system.svc:15012", 1));
    assert_eq!((dump.bootstrap.istio.as_str(), dump.bootstrap.envoy.as_str()), ("", "1.40.0"));
    let certificate = dump.certificate().unwrap();
    assert_eq!(certificate.spiffe, "spiffe://cluster.local/ns/shop/sa/productpage");
    assert_eq!(certificate.issuer.as_deref(), Some("O=cluster.local"));
    assert!(certificate.not_before < certificate.not_after);
    assert_eq!(dump.root().len(), 16);
}

#[test]
fn the_text_of_each_part_is_its_own() {
    let dump = read(GENUINE);
    for part in &dump.clusters {
        let value: serde_json::Value = serde_json::from_slice(&GENUINE[part.text.clone()]).unwrap();
        assert_eq!(value.pointer("/cluster/name").unwrap(), part.what.name.as_str());
    }
    let route = &dump.routes[0];
    assert!(serde_json::from_slice::<serde_json::Value>(&GENUINE[route.text.clone()]).is_ok());
}

#[test]
fn a_text_is_found_where_it_stands() {
    let dump = read(GENUINE);
    let hits = search(&dump, GENUINE, &[], " PX-Reviews ").hits;
    let sorts: Vec<_> = hits.iter().map(|hit| hit.sort).collect();
    assert!(sorts.contains(&Sort::Routes) && sorts.contains(&Sort::Clusters) && !sorts.contains(&Sort::Listeners));
    for hit in &hits {
        let text = &GENUINE[dump.text(hit.sort, hit.at).unwrap()];
        assert!(memchr::memmem::find(text, b"px-reviews").is_some() && hit.around.contains("px-reviews"), "{hit:?}");
    }
    assert_eq!(search(&dump, GENUINE, &[], "  "), Found::default());
}

#[test]
fn half_a_dump_gives_half_its_parts() {
    let whole = read(GENUINE);
    let half = read(&GENUINE[..GENUINE.len() / 2]);
    assert!(half.broken && half.clusters == whole.clusters && half.secrets.is_empty());
    for body in [&b""[..], b"<html>", b"[]", b"{\"configs\":3}", b"{\"configs\":[{\"static_clusters\":{}}]}"] {
        assert_eq!(read(body).clusters, []);
    }
}

proptest! {
    #[test]
    fn no_damage_breaks_it(at in 0..GENUINE.len(), byte in any::<u8>(), end in 0..GENUINE.len()) {
        let mut damaged = GENUINE[..end.max(at) + 1].to_vec();
        damaged[at] = byte;
        let dump = read(&damaged);
        prop_assert!(dump.clusters.iter().all(|part| part.text.end <= damaged.len()));
    }
}

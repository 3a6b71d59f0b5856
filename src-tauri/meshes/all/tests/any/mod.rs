//! Any document and any request, for the tests that hold for all of them.

#![allow(dead_code, reason = "each test takes what it needs")]

use mesh::{Caller, Request};
use proptest::prelude::*;
use serde_json::{Value, json};
use world::{Change, World, yaml};

pub const SHOP: &str = include_str!("../../../../../tests/worlds/shop.yaml");

pub fn shop() -> World {
    let (objects, problems) = yaml::documents(SHOP, "shop.yaml");
    assert!(problems.is_empty());
    World::new().after(objects.into_iter().map(Change::Put))
}

/// Words that mean something somewhere, and words that mean nothing.
pub fn word() -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::sample::select(vec![
            "reviews",
            "reviews.shop.svc.cluster.local",
            "*",
            "*.shop.svc.cluster.local",
            "",
            "v1",
            "STRICT",
            "DISABLE",
            "DENY",
            "ALLOW",
            "CUSTOM",
            "mesh",
            ".",
            "~",
            "/",
            "/a*",
            "{*}",
            "{**}",
            "[",
            "(",
            "\\9",
            "10.0.0.0/99",
            "::/129",
            "cluster.local/ns/shop/sa/reviews",
            "request.headers[x]",
            "request.headers[",
            "source.ip",
            "5s",
            "é\u{202e}\u{0}",
        ])
        .prop_map(|word| json!(word)),
        any::<i64>().prop_map(|n| json!(n)),
        any::<f64>().prop_map(|n| json!(n)),
        any::<bool>().prop_map(|b| json!(b)),
        Just(Value::Null),
        ".{0,12}".prop_map(|text| json!(text)),
    ]
}

pub fn key() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "hosts",
        "host",
        "http",
        "match",
        "uri",
        "prefix",
        "regex",
        "exact",
        "route",
        "destination",
        "subset",
        "weight",
        "subsets",
        "labels",
        "name",
        "trafficPolicy",
        "tls",
        "mode",
        "mtls",
        "portLevelMtls",
        "9080",
        "selector",
        "matchLabels",
        "app",
        "rules",
        "from",
        "source",
        "principals",
        "namespaces",
        "ipBlocks",
        "to",
        "operation",
        "paths",
        "ports",
        "when",
        "key",
        "values",
        "exportTo",
        "gateways",
        "redirect",
        "rewrite",
        "uriRegexRewrite",
        "fault",
        "abort",
        "percentage",
        "value",
        "headers",
        "request",
        "set",
        "mirror",
        "delegate",
        "egress",
        "endpoints",
        "addresses",
        "action",
        "timeout",
    ])
    .prop_map(str::to_owned)
}

pub fn tree() -> impl Strategy<Value = Value> {
    word().prop_recursive(6, 64, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((key(), inner), 0..6).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

pub fn document() -> impl Strategy<Value = Value> {
    let kinds = prop::sample::select(vec![
        ("networking.istio.io/v1", "VirtualService"),
        ("networking.istio.io/v1", "DestinationRule"),
        ("networking.istio.io/v1", "ServiceEntry"),
        ("networking.istio.io/v1", "Sidecar"),
        ("networking.istio.io/v1alpha3", "EnvoyFilter"),
        ("security.istio.io/v1", "PeerAuthentication"),
        ("security.istio.io/v1", "AuthorizationPolicy"),
        ("security.istio.io/v1", "RequestAuthentication"),
    ]);
    let namespaces = prop::sample::select(vec!["shop", "legacy", "istio-system", "nowhere"]);
    (kinds, namespaces, "[a-c]", tree()).prop_map(|((version, kind), namespace, name, spec)| {
        json!({"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec})
    })
}

/// Documents with the outline of a real one, so that the engine gets deep into them.
pub fn route() -> impl Strategy<Value = Value> {
    (tree(), tree(), tree(), any::<i64>()).prop_map(|(m, r, d, weight)| {
        json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "r", "namespace": "shop"},
            "spec": {"hosts": ["reviews"], "http": [{"match": [{"uri": m}]}, {"rewrite": r, "route": [{"destination": {"host": "reviews"}, "weight": weight},
            {"destination": d, "weight": 1}]}]}})
    })
}

pub fn request() -> impl Strategy<Value = Request> {
    let urls = prop_oneof![
        prop::sample::select(vec![
            "http://reviews:9080/",
            "http://ratings.shop:9080/a?b=c",
            "https://reviews:9080/",
            "http://10.0.0.1/",
            "http://store:6379/",
            "http://api.example.com/",
            "http://[::1]:9/",
            "x",
            ""
        ])
        .prop_map(str::to_owned),
        "http://reviews:9080/.{0,20}",
        ".{0,30}",
    ];
    let callers =
        prop::sample::select(vec![("shop", "productpage-v1"), ("legacy", "batch-v1"), ("shop", "nobody"), ("", "")]);
    (urls, callers, "[A-Z]{0,5}", prop::collection::vec(("[a-zA-Z:-]{0,8}", ".{0,8}"), 0..3)).prop_map(
        |(url, (namespace, workload), method, headers)| {
            let from = Caller::Workload { namespace: namespace.into(), workload: workload.into() };
            Request { id: "p".into(), from, via: None, method, url, headers, at: None }
        },
    )
}

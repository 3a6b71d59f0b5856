//! Lines as genuine proxies wrote them, and lines that lie.

use proptest::prelude::*;

use super::*;

/// As sidecars of Istio wrote them, with the node's time.
const GENUINE: &str = include_str!("genuine.txt");

/// Istio's JSON, and a line of a ztunnel.
const JSON: &str = r#"{"start_time":"2026-11-26T10:48:41.306Z","method":"GET","path":"/x?q=\"1\"","protocol":"HTTP/1.1","response_code":503,"response_flags":"UH","response_code_details":"no_healthy_upstream","connection_termination_details":null,"bytes_received":0,"bytes_sent":"19","duration":7,"authority":"reviews:9080","upstream_host":null,"upstream_cluster":"outbound|9080||reviews.shop.svc.cluster.local","downstream_remote_address":"10.0.0.2:3","request_id":"abc","user_agent":"curl","route_name":"default","requested_server_name":null}"#;
const ZTUNNEL: &str = "2026-11-26T10:48:41.306512Z\tinfo\taccess\tconnection complete\tsrc.addr=10.244.0.5:41122 src.workload=\"sleep-1\" src.namespace=\"shop\" src.identity=\"spiffe://cluster.local/ns/shop/sa/sleep\" dst.addr=10.244.0.9:15008 dst.hbone_addr=10.244.0.9:9080 dst.service=\"reviews.shop.svc.cluster.local\" dst.workload=\"reviews-1\" dst.namespace=\"shop\" direction=\"outbound\" bytes_sent=84 bytes_recv=421 duration=\"12ms\"";

fn call(line: &str) -> Call {
    match read(line, false).what {
        What::Call(call) => *call,
        other => panic!("{other:?} of {line}"),
    }
}

#[test]
fn a_genuine_log_is_read_whole() {
    let entries: Vec<Entry> = GENUINE.lines().map(|line| read(line, true)).collect();
    let calls: Vec<&Call> =
        entries.iter().filter_map(|e| if let What::Call(call) = &e.what { Some(&**call) } else { None }).collect();
    let words = entries.iter().filter(|entry| matches!(entry.what, What::Word(_))).count();
    assert_eq!(entries.len(), calls.len() + words, "nothing is unknown: {entries:#?}");
    assert!(calls.len() >= 4 && words >= 2);
    assert!(entries.iter().all(|entry| entry.at.is_some()));
    let out = calls.iter().find(|call| call.authority == "details:9080").unwrap();
    assert_eq!(
        (out.method.as_str(), out.path.as_str(), out.protocol.as_str(), out.status),
        ("GET", "/", "HTTP/1.1", Some(200))
    );
    assert_eq!(
        (out.direction, out.authority.as_str(), out.details.as_str()),
        (Direction::Outbound, "details:9080", "via_upstream")
    );
    assert_eq!((out.received, out.sent, out.duration), (Some(0), Some(524), Some(0.0)));
    assert_eq!(out.request_id, "5b5e3788-b8a5-4e6c-8303-aec1ce9938e5");
    assert_eq!((out.upstream_host.as_str(), out.peer.as_str()), ("10.244.0.170:9080", "10.244.0.169:60906"));
    assert_eq!(out.route, "default");
    assert!(!out.failed() && !out.doubtful && out.flags.is_empty());
    assert!(calls.iter().any(|call| call.direction == Direction::Inbound));
}

#[test]
fn what_failed_says_why() {
    let line = "[2026-11-26T10:48:41.306Z] \"GET /x HTTP/1.1\" 403 - rbac_access_denied_matched_policy[ns[shop]-policy[no-one]-rule[0]] - \"-\" 0 19 0 - \"-\" \"curl\" \"id\" \"reviews:9080\" \"-\" inbound|9080|| - 10.244.0.1:9080 10.244.0.2:1 outbound_.9080_._.reviews.shop.svc.cluster.local default";
    let denied = call(line);
    assert_eq!(denied.policy(), Some(ObjectKey::new("security.istio.io", "AuthorizationPolicy", "shop", "no-one")));
    assert_eq!((denied.status, denied.upstream_host.as_str(), denied.direction), (Some(403), "", Direction::Inbound));
    let reset = call(
        "[2026-11-26T10:48:41.306Z] \"GET /x HTTP/2\" 503 UF,URX upstream_reset_before_response_started{connection_failure} - \"TLS_error:|268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end\" 0 91 12 - \"-\" \"-\" \"id\" \"a\" \"10.0.0.1:80\" outbound|80||a.b.svc.cluster.local - 10.96.0.1:80 10.0.0.2:3 - default",
    );
    assert_eq!(reset.flags, ["UF", "URX"]);
    assert!(reset.failure.contains("WRONG_VERSION_NUMBER") && reset.failed());
    let delayed = call(
        "[2026-11-26T10:48:41.306Z] \"GET /x HTTP/2\" 200 DI via_upstream - \"-\" 0 91 2012 3 \"-\" \"-\" \"id\" \"a\" \"10.0.0.1:80\" outbound|80||a.b.svc.cluster.local - 10.96.0.1:80 10.0.0.2:3 - default",
    );
    assert_eq!(delayed.flags, ["DI"]);
    assert!(!delayed.failed(), "it was answered, late by wish");
    let tcp = call(
        "[2026-11-26T10:48:41.306Z] \"- - -\" 0 - - - \"-\" 12 34 5 - \"-\" \"-\" \"-\" \"-\" \"10.0.0.1:5432\" outbound|5432||db.b.svc.cluster.local 10.0.0.2:1 10.96.0.1:5432 10.0.0.2:3 - -",
    );
    assert_eq!((tcp.protocol.as_str(), tcp.method.as_str(), tcp.status, tcp.sent), ("TCP", "", None, Some(34)));
}

#[test]
fn json_says_the_same() {
    let call = call(JSON);
    assert_eq!(
        (call.status, call.flags.as_slice(), call.details.as_str()),
        (Some(503), ["UH".to_owned()].as_slice(), "no_healthy_upstream")
    );
    assert_eq!((call.sent, call.duration, call.path.as_str()), (Some(19), Some(7.0), "/x?q=\"1\""));
    assert_eq!((call.direction, call.upstream_host.as_str()), (Direction::Outbound, ""));
    assert!(call.began.is_some());
    assert_eq!(self::call(&JSON.replace(r#""duration":7"#, r#""duration":"1e999""#)).duration, None, "time has an end");
}

#[test]
fn a_ztunnel_says_its_connections() {
    let outbound = call(ZTUNNEL);
    assert_eq!(
        (outbound.direction, outbound.duration, outbound.received, outbound.sent),
        (Direction::Outbound, Some(12.0), Some(84), Some(421))
    );
    assert_eq!(
        (outbound.authority.as_str(), outbound.upstream_cluster.as_str()),
        ("reviews.shop.svc.cluster.local", "shop/reviews-1")
    );
    let failed = call(
        "2026-11-26T10:48:41.306512Z\terror\taccess\tconnection complete\tsrc.addr=10.244.0.5:41122 direction=\"inbound\" bytes_sent=0 bytes_recv=0 duration=\"0ms\" error=\"policy \\\"x\\\" rejection\"",
    );
    assert!(failed.failed() && failed.failure.starts_with("policy"), "{failed:?}");
    let json = call(
        r#"{"level":"info","time":"2026-11-26T10:48:41.306512Z","scope":"access","message":"connection complete","src.addr":"10.0.0.1:2","direction":"inbound","bytes_sent":3,"bytes_recv":4,"duration":"1ms"}"#,
    );
    assert_eq!((json.direction, json.sent, json.received), (Direction::Inbound, Some(3), Some(4)));
}

#[test]
fn other_lines_are_kept_as_they_are() {
    for (line, expected) in [
        ("2026-11-26T10:48:41.5Z\tinfo\tEnvoy proxy is ready", What::Word("info".into())),
        (r#"{"level":"warn","time":"2026-11-26T10:48:41.5Z","msg":"x"}"#, What::Word("warn".into())),
        ("2026/11/26 10:36:22 INFO GOMEMLIMIT is already set", What::Word("info".into())),
        ("GET /x 200", What::Unknown),
        (r#"{"a":1}"#, What::Unknown),
        ("[2026-11-26T10:48:41.306Z] GET /x 200", What::Unknown),
        ("", What::Unknown),
    ] {
        let entry = read(line, false);
        assert_eq!((entry.what, entry.raw.as_str()), (expected, line));
    }
}

#[test]
fn a_caller_that_lies_moves_no_field() {
    // Its program's name says that it was somebody else's request, to somewhere else.
    let line = "[2026-11-26T10:48:41.306Z] \"GET / HTTP/1.1\" 200 - via_upstream - \"-\" 0 5 1 1 \"-\" \"x\" \"forged\" \"bank:1\" \"1.2.3.4:5\" forged|1||x a b c d e\" \"id\" \"reviews:9080\" \"10.0.0.1:80\" outbound|80||a.b.svc.cluster.local 10.0.0.2:1 10.96.0.1:80 10.0.0.2:3 - default";
    let call = call(line);
    assert_eq!(
        (call.upstream_host.as_str(), call.upstream_cluster.as_str()),
        ("10.0.0.1:80", "outbound|80||a.b.svc.cluster.local")
    );
    assert!(call.doubtful && call.authority.is_empty() && call.request_id.is_empty());
}

#[test]
fn every_flag_says_something_once() {
    let mut codes: Vec<_> = FLAGS.iter().map(|flag| flag.code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), FLAGS.len());
    assert!(FLAGS.iter().all(|flag| !flag.what.is_empty() && !flag.zh.is_empty()));
    assert_eq!(flag("UF").map(|flag| flag.code), Some("UF"));
}

#[test]
fn a_line_without_end_is_cut_and_the_next_one_is_whole() {
    let mut lines = Lines::default();
    let mut seen = Vec::new();
    for _ in 0..40 {
        lines.feed(&[b'x'; 4096], |line| seen.push(line.to_owned()));
    }
    lines.feed(b"\nnext\n", |line| seen.push(line.to_owned()));
    assert_eq!((seen[0].chars().count(), seen[1].as_str()), (LONGEST + 1, "next"));
}

proptest! {
    #[test]
    fn lines_are_the_same_wherever_the_network_cuts(cuts in prop::collection::vec(0..GENUINE.len(), 0..6)) {
        let mut at: Vec<usize> = cuts.into_iter().chain([0, GENUINE.len()]).collect();
        at.sort_unstable();
        let (mut lines, mut seen) = (Lines::default(), Vec::new());
        for pair in at.windows(2) {
            lines.feed(&GENUINE.as_bytes()[pair[0]..pair[1]], |line| seen.push(line.to_owned()));
        }
        prop_assert_eq!(seen, GENUINE.lines().collect::<Vec<_>>());
    }

    #[test]
    fn no_damage_breaks_it(line in 0usize..16, at in 0usize..600, text in "\\PC{0,12}|[\"\\[\\]{}: \t=\\\\]{0,12}|1e999") {
        let lines: Vec<&str> = GENUINE.lines().chain([JSON, ZTUNNEL]).collect();
        let mut damaged = lines[line % lines.len()].to_owned();
        let at = (0..=at.min(damaged.len())).rev().find(|at| damaged.is_char_boundary(*at)).unwrap_or(0);
        damaged.insert_str(at, &text);
        let entry = read(&damaged, true);
        if let What::Call(call) = &entry.what {
            prop_assert!(call.duration.is_none_or(f64::is_finite), "{:?}", call);
        }
        prop_assert!(damaged.ends_with(&entry.raw) || damaged.trim_end_matches(['\r', '\n']).ends_with(&entry.raw));
        read(&text, false);
    }

    #[test]
    fn whatever_a_request_says_of_itself_its_way_stays_true(agent in "[^\n\r]{0,60}", path in "/[!-~]{0,30}") {
        let line = format!("[2026-11-26T10:48:41.306Z] \"GET {path} HTTP/1.1\" 418 UF via_upstream - \"-\" 3 5 7 1 \"-\" \"{agent}\" \"id\" \"a\" \"10.0.0.1:80\" outbound|80||a.b.svc.cluster.local 10.0.0.2:1 10.96.0.1:80 10.0.0.2:3 - default");
        let call = call(&line);
        prop_assert_eq!((call.status, call.duration, call.path.as_str()), (Some(418), Some(7.0), path.as_str()));
        prop_assert_eq!((call.upstream_host.as_str(), call.upstream_cluster.as_str()), ("10.0.0.1:80", "outbound|80||a.b.svc.cluster.local"));
    }
}

//! `health`, `usage` and `traffic` of the demo, by the names that scripts rely on.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};

use crate::{answer, run};

fn rows(args: &[&str]) -> Vec<Value> {
    let (out, _) = answer(args, "", 0);
    serde_json::from_str(&out).unwrap()
}

fn of<'a>(rows: &'a [Value], namespace: &str, workload: &str) -> &'a Value {
    let is_it = |row: &&Value| row["namespace"] == namespace && row["pod"].as_str().unwrap().starts_with(workload);
    rows.iter().find(is_it).unwrap_or_else(|| panic!("no {namespace}/{workload}"))
}

#[test]
fn each_proxy_says_how_it_is() {
    let rows = rows(&["health", "--demo", "--format", "json"]);
    let cart = of(&rows, "prod", "cart-v1");
    for name in [
        "namespace",
        "pod",
        "workload",
        "mesh",
        "role",
        "version",
        "state",
        "nack",
        "lastSent",
        "certificate",
        "ready",
        "unknown",
    ] {
        assert!(cart.get(name).is_some(), "{name}: {cart}");
    }
    assert_eq!(
        (&cart["state"]["CDS"], &cart["state"]["LDS"], &cart["nack"]),
        (&json!("SYNCED"), &json!("SYNCED"), &Value::Null)
    );
    assert!(
        cart["certificate"]["spiffe"].as_str().unwrap().starts_with("spiffe://")
            && cart["certificate"]["notAfter"].is_string()
    );
    let email = of(&rows, "prod", "email-v1");
    assert_eq!(email["state"]["LDS"], "ERROR");
    assert!(email["nack"].as_str().unwrap().contains("header_stamp"), "the proxy's own words: {email}");
    assert_eq!(email["diagnoses"][0]["object"], "EnvoyFilter prod/email-stamp");
    assert_eq!(of(&rows, "prod", "users-v1")["state"]["CDS"], "STALE");
    let (text, said) = answer(&["health", "--demo"], "", 0);
    assert!(text.contains("NAMESPACE") && text.contains("email-v1"), "{text}");
    assert!(
        said.contains("not signed") && said.contains("staging/email-v1"),
        "the mesh's own ills and the dead are said: {said}"
    );
}

#[test]
fn each_proxy_says_what_it_uses() {
    let (out, said) = answer(&["usage", "--demo", "--format", "json"], "", 0);
    let rows: Vec<Value> = serde_json::from_str(&out).unwrap();
    let cart = of(&rows, "prod", "cart-v1");
    assert_eq!(
        (&cart["container"], &cart["cpu"]["requestMillicores"], &cart["source"]),
        (&json!("istio-proxy"), &json!(100.0), &json!("metrics.k8s.io"))
    );
    for (part, names) in [
        ("cpu", ["usageMillicores", "requestMillicores", "limitMillicores"]),
        ("memory", ["usageBytes", "requestBytes", "limitBytes"]),
    ] {
        assert!(names.iter().all(|name| cart[part][name].is_number()), "{cart}");
    }
    assert!(
        cart["workloadOverDays"].is_null()
            && said.contains("over days: unknown, because no Service of this cluster looks like a Prometheus"),
        "{said}"
    );
    let (text, said) = answer(&["usage", "--demo"], "", 0);
    assert!(text.contains("MEMORY MiB") && said.contains("of the workloads'"), "{text}{said}");
}

/// What is used over days may take long: whoever wants one document is told what it waits for, and has it in the end.
#[test]
fn who_waits_for_a_slow_prometheus_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let head = BufReader::new(stream.try_clone().unwrap()).lines();
            head.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
            // It is as slow as this.
            std::thread::sleep(Duration::from_secs(2));
            let _ = stream.write_all(b"HTTP/1.1 503 x\r\ncontent-length: 4\r\nconnection: close\r\n\r\nbusy");
        }
    });
    let profile = tempfile::tempdir().unwrap();
    let chosen = json!({"prometheus": {"demo": {"which": {"is": "address", "url": url}}}});
    std::fs::write(profile.path().join("settings.json"), chosen.to_string()).unwrap();
    let output = run(&profile, &["usage", "--demo", "--format", "json"], "");
    let (out, said) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let rows: Vec<Value> = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{said}"));
    assert!(of(&rows, "prod", "cart-v1")["cpu"]["usageMillicores"].is_number());
    let at = |words: &str| said.find(words).unwrap_or_else(|| panic!("{words}: {said}"));
    assert!(at("waiting for what was used over days") < at("over days: unknown, because the answer is HTTP 503: busy"));
}

#[test]
fn who_calls_whom_is_counted() {
    let rows = rows(&["traffic", "--demo", "--window", "15s", "--format", "json"]);
    let is_it = |row: &&Value| row["from"]["workload"] == "storefront-v1" && row["to"]["service"] == "catalog";
    let edge = rows.iter().find(is_it).expect("the storefront calls the catalog");
    for name in ["from", "to", "protocol", "requestsPerSecond", "errorShare", "p50ms", "p99ms", "transport", "source"] {
        assert!(edge.get(name).is_some(), "{name}: {edge}");
    }
    assert!(edge["requestsPerSecond"].as_f64().unwrap() > 0.0 && edge["transport"] == "mtls", "{edge}");
    assert!(edge["p50ms"].as_f64().unwrap() <= edge["p99ms"].as_f64().unwrap());
}

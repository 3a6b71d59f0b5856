//! `health`, `usage` and `traffic` of the demo, by the names that scripts rely on.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};
use session::map::{Flow, Secured};
use session::past::Past;
use session::resources::Sample;

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
    let line = |names: &[&str]| {
        let found = text.lines().find(|line| names.iter().all(|name| line.contains(name)));
        found.unwrap_or_else(|| panic!("{names:?}: {text}{said}"))
    };
    let cart = line(&["prod ", "cart-v1"]);
    assert!(line(&["NAMESPACE", "CONFIG", "CERTIFICATE", "ISTIOD"]).contains("DIAGNOSIS"));
    assert!(cart.contains(" KiB") && cart.contains(" h ") && cart.contains("istiod-"), "{cart}");
    assert!(line(&["staging ", "email-v1"]).contains("DEAD") && line(&["staging ", "batch-v1"]).contains("NO PROXY"));
    assert!(line(&["istio-system/istiod-"]).contains("true") && text.contains("not signed"), "{text}");
    assert!(!said.contains("not signed"), "messages are warnings alone: {said}");
}

/// What ails the window's fleet is in the answer: counters of istiod are read twice, and nothing is said beside the document.
#[test]
fn all_that_is_known_of_the_mesh_is_one_document() {
    let (out, said) = answer(&["health", "--demo", "--format", "json", "--whole"], "", 0);
    let all: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(said, "");
    let code = |ills: &Value, code: &str| {
        let found = ills.as_array().unwrap().iter().find(|ill| ill["code"] == code);
        found.cloned().unwrap_or_else(|| panic!("{code}: {ills}"))
    };
    let busy = code(&all["mesh"], "control-plane-busy");
    assert!(busy["evidence"].to_string().contains("took longer than 5 s"), "only a second look tells it: {busy}");
    assert_eq!(all["controlPlanes"][0]["answered"], true, "{}", all["controlPlanes"]);
    assert!(all["controlPlanes"][0]["version"].as_str().is_some_and(|version| version.starts_with("1.")));
    assert!(all["unknown"].is_array());

    let rows = all["proxies"].as_array().unwrap();
    let email = of(rows, "prod", "email-v1");
    assert_eq!((&email["types"]["LDS"]["state"], &email["nacks"][0]["type"]), (&json!("ERROR"), &json!("LDS")));
    assert_eq!((&email["types"]["LDS"]["nack"], &email["presence"]), (&email["nacks"][0]["text"], &json!("running")));
    let users = of(rows, "prod", "users-v1");
    assert!(users["types"]["CDS"]["ageSeconds"].as_f64().is_some_and(|age| age > 0.0), "{users}");
    let killed = rows.iter().find(|row| row["trouble"] == "OOMKilled").expect("the kernel killed one");
    code(&killed["diagnoses"], "killed-for-memory");
    assert!(killed["memory"]["limitBytes"].is_number() && killed["cpu"]["usageMillicores"].is_number(), "{killed}");
    let silent = |is: &str| rows.iter().find(|row| row["presence"] == is).unwrap_or_else(|| panic!("none is {is}"));
    assert!(!silent("missing")["why"].as_str().unwrap().is_empty() && silent("dead")["why"].is_string());
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
    assert_eq!(cart["workload"], "cart-v1");
}

fn row<'a>(rows: &'a [Value], name: &str, is: &str) -> &'a Value {
    rows.iter().find(|row| row[name] == is).unwrap_or_else(|| panic!("no {name} {is}"))
}

#[test]
fn what_was_not_measured_long_is_not_advised_of() {
    let workloads = rows(&["usage", "--demo", "--by", "workload", "--format", "json"]);
    let cart = row(&workloads, "workload", "cart-v1");
    assert_eq!(
        (&cart["advice"]["is"], &cart["advice"]["why"]),
        (&json!("too-early"), &json!("too early: measured for 0 minutes"))
    );
    assert!(cart["cpu"]["usageMillicores"].as_f64().unwrap() > 1.0 && cart["beside"]["cpuShare"].is_number(), "{cart}");

    let namespaces = rows(&["usage", "--demo", "--by", "namespace", "--format", "json"]);
    let dev = row(&namespaces, "namespace", "dev");
    assert!(dev["scope"]["why"].as_str().unwrap().starts_with("too early: calls were counted for 0 minutes"), "{dev}");
    assert!(dev["scope"]["clusters"].as_u64().unwrap() > 10 && dev["scope"]["sidecar"].is_null(), "{dev}");

    let mesh = rows(&["usage", "--demo", "--by", "mesh", "--format", "json"]);
    let sum = |rows: &[Value]| rows.iter().map(|row| row["proxies"].as_u64().unwrap()).sum::<u64>();
    assert_eq!((mesh[0]["mesh"].as_str(), sum(&mesh)), (Some("Istio"), sum(&workloads)));
    assert_eq!(sum(&namespaces), sum(&workloads));
}

/// What another session kept on disk is known.
fn measured_before(profile: &std::path::Path) {
    let names = |namespace: &str, name: &str| (namespace.to_owned(), name.to_owned());
    let past = Past::of(profile, "demo", "earlier");
    let now = jiff::Timestamp::now().as_second() as u64;
    let flow = Flow {
        from: names("dev", "web-v1"),
        service: names("prod", "users"),
        port: 8080,
        workload: "users-v1".into(),
        protocol: "http".into(),
        per_second: 0.5,
        error_share: 0.0,
        denied_per_second: 0.0,
        p50: None,
        p99: None,
        secured: Secured::Mtls,
    };
    for minute in 0..60 {
        let at = now - 7200 + minute * 60;
        let (cpu, memory) = (24.0, 50.0 * 1_048_576.0);
        let sample = Sample { at: at as f64 * 1000.0, cpu, cpu_peak: cpu, memory, memory_peak: memory, unknown: 0 };
        past.keep(at, std::slice::from_ref(&flow), &(vec![(names("prod", "cart-v1"), sample)], Vec::new())).unwrap();
    }
}

#[test]
fn advice_comes_from_what_was_kept_on_disk() {
    let profile = tempfile::tempdir().unwrap();
    measured_before(profile.path());
    let told = |args: &[&str]| {
        let output = run(&profile, args, "");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let rows = |by: &str| {
        let rows: Vec<Value> =
            serde_json::from_str(&told(&["usage", "--demo", "--by", by, "--format", "json"])).unwrap();
        rows
    };
    let workloads = rows("workload");
    let cart = row(&workloads, "workload", "cart-v1");
    let advice = &cart["advice"];
    assert_eq!((&advice["is"], &advice["source"]), (&json!("change"), &json!("sampled")), "{cart}");
    let seconds = advice["seconds"].as_f64().unwrap();
    assert!((3540.0..3700.0).contains(&seconds), "the hour between is not measured: {cart}");
    assert_eq!(
        advice["patch"]["spec"]["template"]["metadata"]["annotations"],
        json!({"sidecar.istio.io/proxyCPU": "30m", "sidecar.istio.io/proxyCPULimit": "150m",
            "sidecar.istio.io/proxyMemory": "64Mi", "sidecar.istio.io/proxyMemoryLimit": "128Mi"})
    );
    let text = told(&["usage", "--demo", "--by", "workload"]);
    assert!(
        text.contains("CPU 30m to 150m, memory 64Mi to 128Mi") && text.contains("# patch of prod/cart-v1"),
        "{text}"
    );
    assert!(text.contains("sidecar.istio.io/proxyCPU: 30m"), "{text}");

    let namespaces = rows("namespace");
    let scope = &row(&namespaces, "namespace", "dev")["scope"];
    assert_eq!(scope["is"], "change", "{scope}");
    let hosts = scope["sidecar"]["spec"]["egress"][0]["hosts"].to_string();
    assert!(hosts.contains("prod/users.prod.svc.cluster.local") && !hosts.contains("checkout"), "{hosts}");
    assert!(scope["predictedBytes"].as_f64().unwrap() < scope["bytes"].as_f64().unwrap(), "{scope}");
    let text = told(&["usage", "--demo", "--by", "namespace"]);
    assert!(text.contains("would save") && text.contains("kind: Sidecar"), "{text}");
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

#[test]
fn latency_is_shown_and_so_is_what_counting_costs() {
    let (text, said) = answer(&["traffic", "--demo", "--window", "15s"], "", 0);
    let head = text.lines().next().unwrap();
    let from = |name: &str| head.find(name).unwrap_or_else(|| panic!("{name}: {head}"));
    let busy = text
        .lines()
        .find(|line| line.starts_with("prod/storefront-v1 ") && line.contains(" prod/catalog "))
        .expect("it is called");
    let cell = |name: &str| busy[from(name)..].split_whitespace().next().unwrap().parse::<f64>().unwrap();
    assert!(cell("P50 ms") <= cell("P99 ms") && cell("P99 ms") > 0.0, "{text}");
    assert!(said.contains("counting: ") && said.contains(" proxies answered "), "{said}");
}

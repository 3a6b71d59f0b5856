//! Asks a running mesh and writes what it did: `record TOPIC [CASE…]`. `ORACLE_KUBECTL` is the kubectl command line.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use oracle::{Ask, Case, Example, Observation, Recorded, Seen};
use serde_json::{Value, json};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How long after a change the proxies may take before two equal rounds are believed.
const SETTLE: Duration = Duration::from_millis(1500);

fn main() -> Outcome<()> {
    let mut args = std::env::args().skip(1);
    let topic = args.next().ok_or("usage: record TOPIC [CASE…]")?;
    let folder = oracle::topics_folder().join(&topic);
    let only: BTreeSet<String> = args.collect();
    let cases: Vec<Case> = world::yaml::own::read(&fs::read_to_string(folder.join("cases.yaml"))?)?;
    prepare(&folder)?;
    let places = Places::look()?;
    let (file, world) = (folder.join("recorded.jsonl"), folder.join("world.json"));
    let mut lines = known(&file)?;
    if places.of(&folder)? != Places::recorded(&world).of(&folder)? {
        // Addresses of another cluster, or of another ground, say nothing of this one.
        lines.clear();
        if !only.is_empty() {
            return Err(
                format!("the ground of {topic} is not the one that was recorded: record the whole topic").into()
            );
        }
        fs::write(&world, format!("{}\n", serde_json::to_string(&places.world)?))?;
    }
    for case in cases.iter().filter(|c| only.is_empty() || only.contains(&c.case)) {
        let recorded = record(case, &places)?;
        tell(&recorded)?;
        lines.insert(case.case.clone(), serde_json::to_string(&recorded)?);
        let text: String = cases.iter().filter_map(|c| lines.get(&c.case)).map(|line| format!("{line}\n")).collect();
        fs::write(&file, text)?;
    }
    Ok(())
}

/// Lays the ground of a topic and waits until all of it runs.
fn prepare(folder: &Path) -> Outcome<()> {
    let ground = fs::read_to_string(folder.join("ground.yaml"))?;
    kubectl(&["apply", "-f", "-"], Some(&ground))?;
    kubectl(&["wait", "deploy", "--all", "-A", "--for=condition=Available", "--timeout=120s"], None)?;
    Ok(())
}

fn tell(recorded: &Recorded) -> Outcome<()> {
    let mut err = std::io::stderr();
    let case = &recorded.case;
    for o in &recorded.observations {
        let (r, seen) = (&o.request, &o.observed);
        let shaky = if o.stable { "" } else { " UNSTABLE" };
        writeln!(
            err,
            "{case}: {} {} {} {:?}: {:?} {:?} {:?}{shaky}",
            r.from, r.method, r.url, r.headers, seen.status, seen.answered_by, seen.example
        )?;
    }
    for refused in &recorded.refused {
        writeln!(err, "{case}: refused: {refused}")?;
    }
    Ok(())
}

fn known(file: &Path) -> Outcome<BTreeMap<String, String>> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines().map(|line| Ok((serde_json::from_str::<Recorded>(line)?.case, line.to_owned()))).collect()
}

fn kubectl(args: &[&str], input: Option<&str>) -> Outcome<String> {
    let line = std::env::var("ORACLE_KUBECTL").unwrap_or_else(|_| "kubectl".into());
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().ok_or("ORACLE_KUBECTL is empty")?);
    command.args(words).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
        stdin.write_all(input.as_bytes())?;
    }
    let out = child.wait_with_output()?;
    if out.status.success() {
        Ok(String::from_utf8(out.stdout)?)
    } else {
        Err(String::from_utf8_lossy(&out.stderr).into_owned().into())
    }
}

/// Addresses of pods and services.
struct Places {
    world: Value,
    pods: BTreeMap<String, String>,
    services: BTreeMap<String, String>,
}

impl Places {
    fn look() -> Outcome<Self> {
        let text = kubectl(&["get", "ns,sa,svc,deploy,pods", "-A", "-o", "json"], None)?;
        let list: Value = serde_json::from_str(&text)?;
        Ok(Self::of_items(list["items"].as_array().into_iter().flatten().map(slim).collect()))
    }

    /// What an earlier recording saw; nothing where there was none.
    fn recorded(file: &Path) -> Self {
        let list: Value =
            fs::read_to_string(file).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Self::of_items(list["items"].as_array().cloned().unwrap_or_default())
    }

    fn of_items(items: Vec<Value>) -> Self {
        let (mut pods, mut services) = (BTreeMap::new(), BTreeMap::new());
        for item in &items {
            let ns = item["metadata"]["namespace"].as_str().unwrap_or_default();
            let name = item["metadata"]["name"].as_str().unwrap_or_default();
            if item["kind"] == "Pod" {
                let workload = name.rsplitn(3, '-').nth(2).unwrap_or(name);
                pods.insert(format!("{ns}/{workload}"), item["status"]["podIP"].as_str().unwrap_or_default().into());
            } else if item["kind"] == "Service" {
                services.insert(format!("{ns}/{name}"), item["spec"]["clusterIP"].as_str().unwrap_or_default().into());
            }
        }
        Self { world: json!({"apiVersion": "v1", "kind": "List", "items": items}), pods, services }
    }

    /// The addresses in the namespaces that a topic lays out.
    fn of(&self, folder: &Path) -> Outcome<Vec<(&String, &String)>> {
        let ground = fs::read_to_string(folder.join("ground.yaml"))?;
        let (objects, _) = world::yaml::documents(&ground, "ground.yaml");
        let own: BTreeSet<String> = objects.iter().map(|object| object.key().namespace).collect();
        let all = self.pods.iter().chain(&self.services);
        Ok(all.filter(|(name, _)| name.split('/').next().is_some_and(|ns| own.contains(ns))).collect())
    }

    fn filled(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (mark, addresses) in [("IP", &self.pods), ("VIP", &self.services)] {
            for (name, address) in addresses {
                text = text.replace(&format!("{{{mark}:{name}}}"), address);
            }
        }
        text
    }
}

/// Only what decides: no managed fields, volumes, environment or statuses beside readiness.
fn slim(item: &Value) -> Value {
    let pick = |from: &Value, names: &[&str]| -> Value {
        let kept = names.iter().filter_map(|n| from.get(*n).map(|v| ((*n).to_owned(), v.clone())));
        Value::Object(kept.collect())
    };
    let mut slim = pick(item, &["apiVersion", "kind"]);
    slim["metadata"] =
        pick(&item["metadata"], &["namespace", "name", "uid", "labels", "creationTimestamp", "ownerReferences"]);
    let containers = |of: &Value| -> Value {
        let kept = of.as_array().into_iter().flatten().map(|c| pick(c, &["name", "image", "ports", "restartPolicy"]));
        kept.collect()
    };
    match item["kind"].as_str().unwrap_or_default() {
        "Pod" => {
            slim["spec"] = pick(&item["spec"], &["serviceAccountName", "nodeName", "hostNetwork"]);
            slim["spec"]["containers"] = containers(&item["spec"]["containers"]);
            slim["spec"]["initContainers"] = containers(&item["spec"]["initContainers"]);
            slim["status"] = pick(&item["status"], &["podIP", "phase"]);
            let ready = item["status"]["conditions"].as_array().into_iter().flatten().filter(|c| c["type"] == "Ready");
            slim["status"]["conditions"] = ready.map(|c| pick(c, &["type", "status"])).collect();
        }
        "Deployment" => {
            slim["spec"] = pick(&item["spec"], &["replicas", "selector"]);
            let template = &item["spec"]["template"];
            slim["spec"]["template"] = json!({"metadata": pick(&template["metadata"], &["labels", "annotations"]),
                "spec": pick(&template["spec"], &["serviceAccountName"])});
            slim["status"] = pick(&item["status"], &["readyReplicas"]);
        }
        "Service" => {
            slim["spec"] =
                pick(&item["spec"], &["type", "clusterIP", "clusterIPs", "externalName", "selector", "ports"])
        }
        _ => {}
    }
    slim
}

fn record(case: &Case, places: &Places) -> Outcome<Recorded> {
    let (mut objects, mut refused, mut put) = (Vec::new(), Vec::new(), Vec::new());
    for (at, object) in case.objects.iter().enumerate() {
        if at > 0 {
            // Ages are whole seconds, and age decides.
            std::thread::sleep(Duration::from_millis(1100));
        }
        let text = places.filled(&object.body().to_string());
        match kubectl(&["create", "-f", "-", "-o", "json"], Some(&text)) {
            Ok(answer) => {
                let mut body: Value = serde_json::from_str(&answer)?;
                if let Some(meta) = body["metadata"].as_object_mut() {
                    meta.retain(|name, _| {
                        ["name", "namespace", "annotations", "creationTimestamp"].contains(&name.as_str())
                    });
                }
                objects.push(body);
                put.push(text);
            }
            Err(error) => refused.push(format!("{} {}: {}", object.kind, object.name, error.to_string().trim())),
        }
    }
    let observations = observe(case, places);
    for text in &put {
        kubectl(&["delete", "--wait", "-f", "-"], Some(text))?;
    }
    Ok(Recorded { case: case.case.clone(), objects, refused, observations: observations? })
}

/// Asks until two rounds agree; connections that are still open keep the configuration they were accepted with.
fn observe(case: &Case, places: &Places) -> Outcome<Vec<Observation>> {
    let asks: Vec<Ask> = case
        .ask
        .iter()
        .map(|text| {
            Ask::read(&places.filled(text)).ok_or_else(|| format!("{}: '{text}' is no request", case.case).into())
        })
        .collect::<Outcome<_>>()?;
    let started = Instant::now();
    std::thread::sleep(SETTLE);
    let round = || asks.iter().map(|ask| fetch(ask, places)).collect::<Outcome<Vec<Seen>>>();
    let mut last = round()?;
    loop {
        let next = round()?;
        let same: Vec<bool> = last.iter().zip(&next).map(|(a, b)| kind_of(a) == kind_of(b)).collect();
        if same.iter().all(|s| *s) || started.elapsed() > Duration::from_secs(20) {
            let all = asks.into_iter().zip(next).zip(same);
            return Ok(all
                .map(|((ask, observed), stable)| Observation { request: asked(ask), observed, stable })
                .collect());
        }
        last = next;
        std::thread::sleep(Duration::from_millis(300));
    }
}

fn asked(ask: Ask) -> oracle::Asked {
    oracle::Asked {
        from: ask.from,
        url: ask.url,
        method: ask.method,
        n: ask.times,
        headers: ask.headers.into_iter().collect(),
    }
}

fn kind_of(seen: &Seen) -> (Vec<&String>, Vec<&String>) {
    // Few requests may miss a version by chance; many may not.
    let enough = seen.status.values().sum::<u32>() >= 20;
    (seen.status.keys().collect(), seen.answered_by.keys().filter(|_| enough).collect())
}

/// Has the caller's pod send the requests: its port 9999 goes round its own sidecar, the requests go through it.
fn fetch(ask: &Ask, places: &Places) -> Outcome<Seen> {
    let pod = places.pods.get(&ask.from).ok_or_else(|| format!("no pod of {}", ask.from))?;
    let mut query = format!("url={}&method={}&n={}", quoted(&ask.url), ask.method, ask.times);
    for (name, value) in &ask.headers {
        query.push_str(&format!("&h={}", quoted(&format!("{name}:{value}"))));
    }
    let mut stream = TcpStream::connect((pod.as_str(), 9999))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    write!(stream, "GET /_fetch?{query} HTTP/1.0\r\nHost: {pod}\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let body = text.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    Ok(summed(serde_json::from_str::<Vec<Value>>(body)?))
}

fn quoted(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// Of `x-forwarded-client-cert` only the caller's name matters: that it is there shows mutual TLS.
fn identity(value: String) -> String {
    value.split_once("URI=").map_or(value.clone(), |(_, name)| name.to_owned())
}

fn summed(answers: Vec<Value>) -> Seen {
    let mut seen = Seen::default();
    let mut times: Vec<u64> = Vec::new();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    for answer in &answers {
        let status = answer["status"].as_u64().map_or("error".to_owned(), |s| s.to_string());
        *seen.status.entry(status).or_default() += 1;
        times.push(answer["ms"].as_u64().unwrap_or_default());
        let body = &answer["body"];
        if let (Some(service), Some(version)) = (body["service"].as_str(), body["version"].as_str()) {
            *seen.answered_by.entry(format!("{service}-{version}")).or_default() += 1;
            let headers = body["headers"].as_object().into_iter().flatten().filter(|(n, _)| {
                n.starts_with("x-")
                    && !["x-request-id", "x-forwarded-proto"].contains(&n.as_str())
                    && !n.starts_with("x-envoy")
                    && !n.starts_with("x-b3")
            });
            seen.example = Example {
                path: text(&body["path"]),
                host: text(&body["host"]),
                method: text(&body["method"]),
                headers: headers.filter_map(|(n, v)| Some((n.clone(), identity(text(v)?)))).collect(),
                ..Example::default()
            };
        } else if seen.answered_by.is_empty() {
            seen.example = Example {
                location: text(&answer["headers"]["Location"][0]),
                body: text(body).filter(|b| !b.is_empty()),
                error: text(&answer["error"]),
                ..Example::default()
            };
        }
    }
    times.sort_unstable();
    seen.ms_median = times.get(times.len() / 2).copied().unwrap_or_default();
    seen
}

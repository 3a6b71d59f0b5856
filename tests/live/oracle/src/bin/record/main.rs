//! Asks a running mesh and writes what it did: `record TOPIC [CASE…]`. `ORACLE_KUBECTL` is the kubectl command line.

mod flags;
mod ground;
mod kubectl;
mod places;
mod server;
mod settings;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use oracle::{Ask, Case, Example, Observation, Put, Recorded, Seen, outside};
use serde_json::Value;

use flags::Flags;
use ground::{GATEWAY_API, deployed, prepare};
use kubectl::kubectl;
use places::Places;
use server::Server;
use settings::Settings;

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
    let server = Server::start()?;
    let places = Places::look()?.with_texts(&folder)?;
    let (file, world) = (folder.join("recorded.jsonl"), folder.join("world.json"));
    let mut lines = known(&file)?;
    if places.of(&folder)? != Places::recorded(&world).of(&folder)? {
        // Addresses of another cluster, or of another ground, say nothing of this one.
        lines.clear();
        if !only.is_empty() && world.exists() {
            return Err(
                format!("the ground of {topic} is not the one that was recorded: record the whole topic").into()
            );
        }
        fs::write(&world, format!("{}\n", serde_json::to_string(&places.world)?))?;
    }
    for case in cases.iter().filter(|c| only.is_empty() || only.contains(&c.case)) {
        let recorded = record(case, &server, &places)?;
        tell(&recorded)?;
        lines.insert(case.case.clone(), serde_json::to_string(&recorded)?);
        let text: String = cases.iter().filter_map(|c| lines.get(&c.case)).map(|line| format!("{line}\n")).collect();
        fs::write(&file, text)?;
    }
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

fn record(case: &Case, server: &Server, places: &Places) -> Outcome<Recorded> {
    let (mut objects, mut refused, mut put) = (Vec::new(), Vec::new(), Vec::new());
    let settings = (!case.mesh.is_empty()).then(|| Settings::put(&case.mesh)).transpose()?;
    let (_in_force, own) = settings.unzip();
    objects.extend(own);
    let flags = (!case.flags.is_empty()).then(|| Flags::put(&case.flags)).transpose()?;
    let (_flying, istiod) = flags.unzip();
    objects.extend(istiod);
    for (at, object) in case.objects.iter().enumerate() {
        if at > 0 {
            // Ages are whole seconds, and age decides.
            std::thread::sleep(Duration::from_millis(1100));
        }
        let mut wanted = object.body();
        places.fill(&mut wanted)?;
        match server.create(&wanted)? {
            Ok(mut body) => {
                if let Some(meta) = body["metadata"].as_object_mut() {
                    meta.retain(|name, _| {
                        ["name", "namespace", "labels", "annotations", "creationTimestamp"].contains(&name.as_str())
                    });
                }
                objects.push(body);
                put.push(wanted);
            }
            Err(why) => refused.push(format!("{} {}: {why}", object.kind, object.name)),
        }
    }
    let observations = around(case, places, &mut objects);
    for body in &put {
        server.delete(body)?;
    }
    for gateway in own_gateways(case) {
        let label = format!("gateway.networking.k8s.io/gateway-name={}", gateway.name);
        kubectl(&["delete", "pod,svc", "-l", &label, "-n", &gateway.namespace, "--ignore-not-found"], None)?;
    }
    if case.lingers {
        places.drained()?;
    }
    Ok(Recorded { case: case.case.clone(), objects, refused, observations: observations? })
}

/// The gateways of a case for which istiod makes pods.
fn own_gateways(case: &Case) -> impl Iterator<Item = &Put> {
    case.objects.iter().filter(|o| o.kind == "Gateway" && o.body()["apiVersion"] == format!("{GATEWAY_API}/v1"))
}

/// Asks, with what the cluster made of the case's objects among the places, and among what is recorded.
fn around(case: &Case, places: &Places, objects: &mut Vec<Value>) -> Outcome<Vec<Observation>> {
    let mut grows = case.objects.iter().any(|o| o.kind == "Service");
    for gateway in own_gateways(case) {
        deployed(&gateway.namespace, &gateway.name)?;
        grows = true;
    }
    if !grows {
        return observe(case, places);
    }
    let now = Places::look()?;
    let known = |item: &Value| {
        let same = |other: &Value| {
            other["kind"] == item["kind"]
                && other["metadata"]["name"] == item["metadata"]["name"]
                && other["metadata"]["namespace"] == item["metadata"]["namespace"]
        };
        places.world["items"].as_array().into_iter().flatten().any(same) || objects.iter().any(same)
    };
    let new: Vec<Value> =
        now.world["items"].as_array().into_iter().flatten().filter(|item| !known(item)).cloned().collect();
    objects.extend(new);
    observe(case, &now)
}

/// Asks until two rounds agree; connections that are still open keep the configuration they were accepted with.
fn observe(case: &Case, places: &Places) -> Outcome<Vec<Observation>> {
    let asks: Vec<Ask> = case
        .ask
        .iter()
        .map(|text| {
            Ask::read(&places.filled(text)?).ok_or_else(|| format!("{}: '{text}' is no request", case.case).into())
        })
        .collect::<Outcome<_>>()?;
    let started = Instant::now();
    std::thread::sleep(SETTLE);
    let round = || together(&asks, places);
    let mut last = round()?;
    // A round is short: what one proxy has taken up and another has not shows only after a while.
    std::thread::sleep(SETTLE);
    loop {
        let next = round()?;
        let same: Vec<bool> = last.iter().zip(&next).map(|(a, b)| kind_of(a) == kind_of(b)).collect();
        if same.iter().all(|s| *s) || started.elapsed() > Duration::from_secs(20) {
            let all = asks.into_iter().zip(next).zip(same);
            return all
                .map(|((ask, observed), stable)| Ok(Observation { request: asked(ask, places)?, observed, stable }))
                .collect();
        }
        last = next;
        std::thread::sleep(SETTLE);
    }
}

/// All of them at a time.
fn together(asks: &[Ask], places: &Places) -> Outcome<Vec<Seen>> {
    let answered = std::thread::scope(|scope| -> Vec<_> {
        let fetch = |ask| scope.spawn(move || fetch(ask, places).map_err(|error| error.to_string()));
        let asked: Vec<_> = asks.iter().map(fetch).collect();
        asked.into_iter().map(|one| one.join()).collect()
    });
    let whole = |one: Result<Result<Seen, String>, _>| Ok(one.map_err(|_| "a request ended in the middle")??);
    answered.into_iter().map(whole).collect()
}

fn asked(ask: Ask, places: &Places) -> Outcome<oracle::Asked> {
    let ip = if ask.via.is_some() { Some(places.own_address()?) } else { None };
    Ok(oracle::Asked {
        from: ask.from,
        via: ask.via,
        ip,
        url: ask.url,
        method: ask.method,
        n: ask.times,
        headers: ask.headers.into_iter().collect(),
    })
}

fn kind_of(seen: &Seen) -> (Vec<&String>, Vec<&String>) {
    // Few requests may miss a version by chance; many may not.
    let enough = seen.status.values().sum::<u32>() >= 20;
    (seen.status.keys().collect(), seen.answered_by.keys().filter(|_| enough).collect())
}

/// Has the caller's pod send the requests, or sends them itself where they come from outside: the pod's port 9999 goes round its own sidecar, the requests go through it.
fn fetch(ask: &Ask, places: &Places) -> Outcome<Seen> {
    if let Some(via) = &ask.via {
        let address = places.services.get(via).ok_or_else(|| format!("no service {via}"))?;
        return Ok(summed(outside::fetch(ask, address)?));
    }
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

//! The engine agrees with every request that a genuine mesh was asked.

#![allow(clippy::unwrap_used, reason = "an unwrap in a test is an assertion")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mesh::{Caller, Outcome, Request, Transport, Verdict};
use oracle::{Observation, Recorded};
use serde_json::Value;
use world::{Change, Object, Origin, World};

/// When tokens were asked about, seconds since 1970.
const ASKED: i64 = 1_795_660_000;

fn put(world: &World, bodies: impl IntoIterator<Item = Value>) -> World {
    world.after(bodies.into_iter().map(|body| Change::Put(Object::read(body, Origin::Cluster).unwrap())))
}

/// A topic's ground, and its recorded cases.
fn topic(folder: &Path) -> (World, Vec<Recorded>) {
    let text = |file: &str| fs::read_to_string(folder.join(file)).unwrap();
    let list: Value = serde_json::from_str(&text("world.json")).unwrap();
    let world = put(&World::new(), list["items"].as_array().unwrap().iter().cloned());
    (world, text("recorded.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn request(asked: &oracle::Asked) -> Request {
    let pair = |text: &str| text.split_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let from = match &asked.ip {
        Some(ip) => Caller::Outside { ip: ip.clone() },
        None => {
            let (namespace, workload) = pair(&asked.from);
            Caller::Workload { namespace, workload }
        }
    };
    Request {
        id: "1".into(),
        from,
        via: asked.via.as_deref().map(pair),
        method: asked.method.clone(),
        url: asked.url.clone(),
        headers: asked.headers.iter().map(|(n, v)| (n.clone(), v.clone())).chain(unasked(asked)).collect(),
        at: Some(ASKED),
    }
}

/// What the asking program sends of itself: pods ask by Go's own client.
fn unasked(asked: &oracle::Asked) -> Vec<(String, String)> {
    let body = [("content-length", "0")].into_iter().filter(|_| ["POST", "PUT", "PATCH"].contains(&&*asked.method));
    let own = [("user-agent", "Go-http-client/1.1"), ("accept-encoding", "gzip")].into_iter().chain(body);
    let said = |name: &str| asked.headers.keys().any(|n| n.eq_ignore_ascii_case(name));
    own.filter(|(n, _)| asked.via.is_none() && !said(n)).map(|(n, v)| (n.into(), v.into())).collect()
}

#[test]
fn with_every_recorded_request() {
    let engine = meshes::engine();
    let (mut asked, mut configurations, mut wrong) = (0, 0, Vec::new());
    for folder in fs::read_dir(oracle::topics_folder()).unwrap().map(|entry| entry.unwrap().path()) {
        let (base, cases) = topic(&folder);
        for case in cases {
            if !case.refused.is_empty() {
                wrong.push(format!("{}: a refused object makes no configuration", case.case));
                continue;
            }
            configurations += 1;
            let ready = engine.ready(&put(&base, case.objects.iter().cloned()));
            for o in &case.observations {
                asked += 1;
                let request = request(&o.request);
                let verdict = ready.explain(&request);
                let told = agrees(&case.case, o, &verdict).and_then(|()| by_account(&ready, &request, &verdict));
                if let Err(why) = told {
                    wrong.push(format!(
                        "{}: {:?}\n  seen {:?}\n  said {verdict:?}\n  {why}",
                        case.case, o.request, o.observed
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {asked} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(asked >= 4712 && configurations >= 622, "{asked} requests over {configurations} configurations");
}

/// A caller that is named by its service account is the same caller, where one workload alone runs as it.
fn by_account(ready: &mesh::Ready, request: &Request, verdict: &Verdict) -> Result<(), String> {
    let Caller::Workload { namespace, workload } = &request.from else { return Ok(()) };
    let pods = ready.places().of_workload(namespace, workload);
    let Some(service_account) = pods.first().map(|pod| pod.service_account.clone()) else { return Ok(()) };
    if ready.places().of_account(namespace, &service_account).iter().any(|pod| pod.workload.1 != *workload) {
        return Ok(());
    }
    let from = Caller::ServiceAccount { namespace: namespace.clone(), service_account };
    same("by its account", &ready.explain(&Request { from, ..request.clone() }), verdict)
}

/// What a later look at the mesh's surroundings would show: the engine says that it does not know them.
const NOT_KNOWN: [&str; 11] = [
    // An authorizer that the mesh's own settings do not name.
    "custom-with-no-such-provider",
    "an-authorizer-that-is-not-there",
    // A service that selects nothing: who keeps its endpoints was not recorded.
    "services-that-come-and-go",
    // Keys that only istiod could fetch.
    "keys-elsewhere",
    // A port of the pod, or a socket, of which nothing says whether somebody listens there.
    "ingress-endpoint-where-nothing-listens",
    "ingress-endpoint-at-another-port",
    "ingress-endpoint-in-a-socket",
    // A file in the caller's pod.
    "tls-by-files-that-are-not-there",
    // What the application itself speaks.
    "proxy-protocol",
    "second-protocol",
    "tunnel",
];

fn agrees(case: &str, o: &Observation, verdict: &Verdict) -> Result<(), String> {
    let seen = &o.observed;
    let statuses: Vec<&str> = seen.status.keys().map(String::as_str).collect();
    let lookup = seen.example.error.as_deref().is_some_and(|e| e.contains("lookup"));
    match verdict.outcome {
        Outcome::Unknown if NOT_KNOWN.contains(&case) => Ok(()),
        Outcome::Unknown => Err("unknown".into()),
        Outcome::Unresolved => same("a failed lookup", &lookup, &true),
        // The recording machine has no names of the outside world.
        Outcome::Forwarded if lookup && verdict.destinations.iter().all(|d| d.service.0.is_empty()) => Ok(()),
        // Nothing outside answers there: the caller's proxy says so, or the caller sees it.
        Outcome::Forwarded if verdict.destinations.iter().all(|d| d.workloads.is_empty()) && nobody_outside(seen) => {
            Ok(())
        }
        Outcome::Forwarded => forwarded(o, verdict),
        // A place that the asking program could not read: its own words name it.
        Outcome::Redirected if unreadable(seen).is_some() => {
            let said = verdict.location.as_deref().unwrap_or_default();
            same("location", &unreadable(seen).is_some_and(|error| error.contains(&format!("\"{said}\""))), &true)
        }
        // Some are aborted on the way there.
        _ if let Some(abort) = &verdict.fault.abort
            && statuses.len() == 2 =>
        {
            let status = verdict.status.map_or("error".to_owned(), |s| s.to_string());
            same("statuses", &statuses, &vec![abort.status.to_string().as_str(), status.as_str()])
        }
        _ => {
            let status = verdict.status.map_or("error".to_owned(), |s| s.to_string());
            same("status", &statuses, &vec![status.as_str()])?;
            same("location", &seen.example.location, &verdict.location)
        }
    }
}

/// The asking program could not read where a redirect leads.
fn unreadable(seen: &oracle::Seen) -> Option<&str> {
    seen.example.error.as_deref().filter(|error| error.contains("failed to parse Location header"))
}

/// No answer, or the proxy's own that it could not connect.
fn nobody_outside(seen: &oracle::Seen) -> bool {
    let words = ["upstream connect error", "no healthy upstream"];
    let proxy = seen.example.body.as_deref().is_some_and(|b| words.iter().any(|w| b.contains(w)));
    seen.answered_by.is_empty() && (proxy || seen.status.keys().all(|s| s == "error"))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, seen: &T, said: &T) -> Result<(), String> {
    if seen == said { Ok(()) } else { Err(format!("{what}: seen {seen:?}, said {said:?}")) }
}

fn forwarded(o: &Observation, verdict: &Verdict) -> Result<(), String> {
    let (seen, asked) = (&o.observed, &o.request);
    let app_decides = asked.headers.contains_key("x-status") || asked.headers.contains_key("x-delay");
    // The application was reached, and speaks no TLS: the asking program says so.
    if seen.example.error.as_deref().is_some_and(|error| error.contains("server gave HTTP response to HTTPS client")) {
        return same("scheme", &asked.url.starts_with("https:"), &true);
    }
    // An answer to HEAD does not say who gives it.
    if asked.method == "HEAD" {
        return same("statuses", &seen.status.keys().map(String::as_str).collect(), &vec!["200"]);
    }
    let total: u32 = seen.status.values().sum();
    let arrived: u32 = seen.answered_by.values().sum();
    let partial = !verdict.lost.is_empty() || verdict.fault.abort.as_ref().is_some_and(|a| a.percent > 0.001);
    if arrived < total && !partial && !app_decides {
        return Err("not all arrived, and nothing said so".into());
    }
    if arrived == total && partial && total >= 20 {
        return Err("all arrived, and not all should".into());
    }
    for workload in seen.answered_by.keys() {
        if !verdict.destinations.iter().any(|d| d.workloads.contains(workload)) {
            return Err(format!("{workload} answered"));
        }
    }
    split(&seen.answered_by, total, verdict)?;
    lost(&seen.status, (arrived, total), verdict)?;
    if arrived == 0 {
        return Ok(());
    }
    let target = mesh::Target::of(&request(asked)).unwrap();
    let query = target.query.as_ref().map(|q| format!("?{q}")).unwrap_or_default();
    let path = verdict.rewrite.path.clone().unwrap_or(format!("{}{query}", target.path));
    same("path", &seen.example.path, &Some(path))?;
    same("authority", &seen.example.host, &Some(verdict.rewrite.authority.clone().unwrap_or(target.authority)))?;
    for (name, value) in &verdict.request_headers.set {
        same(name, &seen.example.headers.get(name), &Some(value))?;
    }
    // What ends a tunnel adds no header: the application cannot tell.
    if verdict.trace.iter().any(|step| step.step == "tunnel") {
        return Ok(());
    }
    // One answer shows one way of several.
    if verdict.trace.iter().any(|step| step.because.en.starts_with("its pods are not all called alike")) {
        return Ok(());
    }
    let mutual = seen.example.headers.contains_key("x-forwarded-client-cert");
    // A gateway in between shows who called it.
    if mutual && asked.via.is_none() && verdict.trace.iter().any(|step| step.because.en.ends_with("ends here")) {
        return Ok(());
    }
    // The header that shows mutual TLS is for requests: where bytes alone are handed on, nothing shows it.
    let unread = |step: &mesh::Step| {
        step.because.en.contains("carries bytes")
            || step.because.en.contains("for bytes")
            || step.path.as_deref() == Some("spec.ingress")
    };
    if !mutual && verdict.trace.iter().any(unread) {
        return Ok(());
    }
    same("mutual TLS", &mutual, &(verdict.transport == Some(Transport::Mtls)))
}

/// As much is lost as was said, within five standard deviations, and the caller sees what was said of it.
fn lost(seen: &BTreeMap<String, u32>, (arrived, total): (u32, u32), verdict: &Verdict) -> Result<(), String> {
    let (n, share) = (f64::from(total), verdict.lost_share());
    let missing = verdict.lost.iter().map(|lost| lost.status.map_or("error".to_owned(), |s| s.to_string()));
    if verdict.lost.is_empty() || verdict.fault.abort.is_some() || total < 20 {
        return Ok(());
    }
    let deviation = 5.0 * (n * share * (1.0 - share)).sqrt();
    if (f64::from(total - arrived) - n * share).abs() > deviation {
        return Err(format!("{} of {total} did not arrive, {share} was said", total - arrived));
    }
    match missing.into_iter().find(|status| !seen.contains_key(status)) {
        Some(status) => Err(format!("nobody saw {status}")),
        None => Ok(()),
    }
}

/// Every destination gets its share, within five standard deviations; where it is large enough, each of its workloads answers.
fn split(answered: &BTreeMap<String, u32>, total: u32, verdict: &Verdict) -> Result<(), String> {
    let aborted = verdict.fault.abort.as_ref().map_or(0.0, |a| a.percent / 100.0);
    let overlapping = |at: usize| {
        let mine = &verdict.destinations[at].workloads;
        verdict.destinations.iter().enumerate().any(|(i, d)| i != at && d.workloads.iter().any(|w| mine.contains(w)))
    };
    let partial = !verdict.lost.is_empty();
    for (at, d) in verdict.destinations.iter().enumerate() {
        let got: u32 = d.workloads.iter().filter_map(|w| answered.get(w)).sum();
        let share = if d.workloads.is_empty() { 0.0 } else { d.share * (1.0 - aborted) };
        let n = f64::from(total);
        let deviation = 5.0 * (n * share * (1.0 - share)).sqrt();
        if total >= 20 && !partial && !overlapping(at) && (f64::from(got) - n * share).abs() > deviation {
            return Err(format!("{:?} got {got} of {total}, {share} was said", d.subset));
        }
        if total >= 30 && d.share > 0.9 && aborted == 0.0 && d.workloads.iter().any(|w| !answered.contains_key(w)) {
            return Err(format!("not all of {:?} answered", d.workloads));
        }
    }
    Ok(())
}

//! Cases that follow from the sources of Linkerd: objects beside the shop, requests, answers.

use mesh::{Caller, Engine, Outcome, Request, Transport, Verdict};
use serde::Deserialize;
use world::{Change, World, yaml};

use crate::Linkerd;

#[derive(Deserialize)]
struct Case {
    case: String,
    #[serde(default)]
    objects: String,
    /// `NAMESPACE/WORKLOAD METHOD URL` to `OUTCOME STATUS TRANSPORT WORKLOADS`, with `-` for none.
    ask: Vec<(String, String)>,
    /// Words of some step of the last answer.
    #[serde(default)]
    says: Vec<String>,
}

fn with(world: &World, text: &str) -> World {
    let (objects, problems) = yaml::documents(text, "case.yaml");
    assert!(problems.is_empty(), "{problems:?} in {text}");
    world.after(objects.into_iter().map(Change::Put))
}

fn request(text: &str) -> Request {
    let parts: Vec<&str> = text.split(' ').collect();
    let (namespace, workload) = parts[0].split_once('/').unwrap();
    Request {
        id: "1".into(),
        from: Caller::Workload { namespace: namespace.into(), workload: workload.into() },
        via: None,
        method: parts[1].into(),
        url: parts[2].into(),
        headers: Vec::new(),
        at: None,
    }
}

fn told(verdict: &Verdict) -> String {
    let outcome = match verdict.outcome {
        Outcome::Forwarded => "forwarded",
        Outcome::Denied => "denied",
        Outcome::NoDestination => "no-destination",
        Outcome::Refused => "refused",
        Outcome::Unresolved => "unresolved",
        Outcome::Unknown => "unknown",
        _ => "other",
    };
    let transport = match verdict.transport {
        Some(Transport::Mtls) => "mtls",
        Some(Transport::Tls) => "tls",
        Some(Transport::Plaintext) => "plaintext",
        None => "-",
    };
    let status = verdict.status.map_or("-".into(), |s| s.to_string());
    let all: Vec<&str> = verdict.destinations.iter().flat_map(|d| &d.workloads).map(String::as_str).collect();
    let reached = verdict.outcome == Outcome::Forwarded && !all.is_empty();
    format!("{outcome} {status} {transport} {}", if reached { all.join(",") } else { "-".into() })
}

#[test]
fn as_the_sources_say() {
    let ground = with(&World::new(), include_str!("../../../../../tests/worlds/loyalty.yaml"));
    let engine = Engine::new(vec![Box::new(Linkerd)]);
    let cases: Vec<Case> = yaml::own::read(include_str!("cases.yaml")).unwrap();
    let mut wrong = Vec::new();
    for case in &cases {
        let world = with(&ground, &case.objects);
        let ready = engine.ready(&world);
        let mut said = String::new();
        for (ask, expected) in &case.ask {
            let verdict = ready.explain(&request(ask));
            said = verdict.trace.iter().map(|step| format!("{}: {}\n", step.step, step.because)).collect();
            said.extend(verdict.unknown.iter().map(|unknown| format!("{}\n", unknown.because)));
            let steps = verdict.trace.iter().map(|step| &step.because);
            for because in steps.chain(verdict.unknown.iter().map(|unknown| &unknown.because)) {
                crate::told::in_both(because, &world, &format!("{}: {ask}", case.case), &[]);
            }
            if told(&verdict) != *expected {
                wrong.push(format!(
                    "{}: {ask}\n  {expected} was expected\n  {} was said\n{said}",
                    case.case,
                    told(&verdict)
                ));
            }
        }
        let silent = case.says.iter().filter(|words| !said.contains(*words));
        wrong.extend(silent.map(|words| format!("{}: nothing says '{words}'\n{said}", case.case)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

//! How one pod takes a request.

use mesh::{Outcome, Step, Transport, Unknown};
use world::{ObjectKey, Pod};

use super::From;
use crate::read::Index;
use crate::read::access::{Guard, lists};

/// What becomes of a request at one pod.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Arrival {
    pub outcome: Outcome,
    pub status: Option<u16>,
    pub transport: Transport,
    pub steps: Vec<Step>,
    pub unknown: Vec<Unknown>,
}

/// Connects to a pod's port and asks what guards it.
pub(crate) fn arrive(index: &Index, from: &From, pod: &Pod, port: u16) -> Arrival {
    let name = format!("{}/{}", pod.namespace, pod.workload.1);
    let past = lists(&pod.annotations, "config.linkerd.io/skip-inbound-ports", port);
    if past || !index.is_meshed(pod) {
        let because = if past { "takes this port past its proxy" } else { "has no proxy of Linkerd" };
        let step = Step::said("deliver", format!("{name} {because}, so nothing of Linkerd checks it there"));
        return end(Outcome::Forwarded, None, Transport::Plaintext, vec![step]);
    }
    let transport = if from.identity.is_some() { Transport::Mtls } else { Transport::Plaintext };
    let guard = index.guard(pod, port);
    let mut arrival = Arrival { transport, ..ask(from, &guard, &name, port) };
    arrival.steps.insert(0, guarded(&guard, &name, port));
    if let Some(server) = guard.server.filter(|server| !guard.opaque && index.has_routes(&server.document.key)) {
        let because =
            format!("routes of {} have authorizations of their own, which are not decided yet", server.document.key);
        arrival.outcome = Outcome::Unknown;
        arrival.unknown.push(Unknown { about: "the Server".into(), because });
    }
    if guard.server.is_none() && guard.default.is_none() && index.settings.object.is_none() {
        let because = "linkerd-config was not there to be read: the default of Linkerd's chart is taken".to_owned();
        arrival.unknown.push(Unknown { about: "the default policy".into(), because });
    }
    arrival
}

fn end(outcome: Outcome, status: Option<u16>, transport: Transport, steps: Vec<Step>) -> Arrival {
    Arrival { outcome, status, transport, steps, unknown: Vec::new() }
}

fn guarded(guard: &Guard, name: &str, port: u16) -> Step {
    match (&guard.server, &guard.default) {
        (Some(server), _) => {
            let because = format!("it guards port {port} of {name}");
            Step::by("server", &server.document.key, "spec", because)
        }
        (None, Some((key, path))) => {
            let because = format!("no Server guards port {port} of {name}: {} holds", guard.policy);
            Step::by("server", key, path.clone(), because)
        }
        (None, None) => Step::said(
            "server",
            format!("no Server guards port {port} of {name}: the default, {}, holds", guard.policy),
        ),
    }
}

/// The first way in that admits the caller.
fn ask(from: &From, guard: &Guard, name: &str, port: u16) -> Arrival {
    let identity = from.identity.as_deref();
    let who = identity.unwrap_or("a caller without identity");
    let mut unknown = None;
    for way in &guard.ways {
        match way.admits(identity, &from.ip) {
            Some(true) => {
                let because = format!("{} lets {who} into {name}", way.name);
                let step = by(way.object.as_ref(), "authorize", because);
                return end(Outcome::Forwarded, None, Transport::Plaintext, vec![step]);
            }
            None => unknown = unknown.or(Some(way)),
            Some(false) => {}
        }
    }
    if let Some(way) = unknown {
        let because = format!("{} asks for the caller's address, which is not known", way.name);
        let step = by(way.object.as_ref(), "authorize", because.clone());
        let mut arrival = end(Outcome::Unknown, None, Transport::Plaintext, vec![step]);
        arrival.unknown.push(Unknown { about: "the authorization".into(), because });
        return arrival;
    }
    let object = guard.server.map(|s| &s.document.key).or(guard.default.as_ref().map(|(key, _)| key));
    let step = by(object, "authorize", format!("nothing lets {who} into port {port} of {name}"));
    // Upstream: linkerd/linkerd2-proxy linkerd/app/inbound/src/http/server.rs, ServerRescue; a connection of bytes is closed (policy/tcp.rs).
    end(Outcome::Denied, (!guard.opaque).then_some(403), Transport::Plaintext, vec![step])
}

fn by(object: Option<&ObjectKey>, step: &'static str, because: String) -> Step {
    match object {
        Some(key) => Step::by(step, key, "spec", because),
        None => Step::said(step, because),
    }
}

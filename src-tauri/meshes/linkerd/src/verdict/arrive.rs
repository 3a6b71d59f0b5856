//! How one pod takes a request.

use mesh::{Outcome, Step, Transport, Unknown};
use world::{ObjectKey, Pod, Said, said};

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
        let (en, zh) = if past {
            ("takes this port past its proxy", "让此端口绕过其代理")
        } else {
            ("has no proxy of Linkerd", "没有 Linkerd 代理")
        };
        let because =
            said!("{name} {en}, so nothing of Linkerd checks it there", "{name} {zh}，所以 Linkerd 不在那里检查");
        let step = Step::said("deliver", because);
        return end(Outcome::Forwarded, None, Transport::Plaintext, vec![step]);
    }
    let transport = if from.identity.is_some() { Transport::Mtls } else { Transport::Plaintext };
    let guard = index.guard(pod, port);
    let mut arrival = Arrival { transport, ..ask(from, &guard, &name, port) };
    arrival.steps.insert(0, guarded(&guard, &name, port));
    if let Some(server) = guard.server.filter(|server| !guard.opaque && index.has_routes(&server.document.key)) {
        let because = said!(
            "routes of {} have authorizations of their own, which are not decided yet",
            "{} 的路由有各自的授权，目前尚不判定",
            server.document.key
        );
        arrival.outcome = Outcome::Unknown;
        arrival.unknown.push(Unknown { about: ("the Server", "Server").into(), because });
    }
    if guard.server.is_none() && guard.default.is_none() && index.settings.object.is_none() {
        let because = said!(
            "linkerd-config was not there to be read: the default of Linkerd's chart is taken",
            "没有可读的 linkerd-config：采用 Linkerd chart 的默认值"
        );
        arrival.unknown.push(Unknown { about: ("the default policy", "默认策略").into(), because });
    }
    arrival
}

fn end(outcome: Outcome, status: Option<u16>, transport: Transport, steps: Vec<Step>) -> Arrival {
    Arrival { outcome, status, transport, steps, unknown: Vec::new() }
}

fn guarded(guard: &Guard, name: &str, port: u16) -> Step {
    match (&guard.server, &guard.default) {
        (Some(server), _) => {
            let because = said!("it guards port {port} of {name}", "它守护 {name} 的端口 {port}");
            Step::by("server", &server.document.key, "spec", because)
        }
        (None, Some((key, path))) => {
            let because = said!(
                "no Server guards port {port} of {name}: {} holds",
                "没有 Server 守护 {name} 的端口 {port}：适用 {}",
                guard.policy
            );
            Step::by("server", key, path.clone(), because)
        }
        (None, None) => Step::said(
            "server",
            said!(
                "no Server guards port {port} of {name}: the default, {}, holds",
                "没有 Server 守护 {name} 的端口 {port}：适用默认策略 {}",
                guard.policy
            ),
        ),
    }
}

/// The first way in that admits the caller.
fn ask(from: &From, guard: &Guard, name: &str, port: u16) -> Arrival {
    let identity = from.identity.as_deref();
    let (who, zh) = identity.map_or(("a caller without identity", "没有身份的调用方"), |who| (who, who));
    let mut unknown = None;
    for way in &guard.ways {
        match way.admits(identity, &from.ip) {
            Some(true) => {
                let because = said!("{} lets {who} into {name}", "{} 允许 {zh} 进入 {name}", way.name);
                let step = by(way.object.as_ref(), "authorize", because);
                return end(Outcome::Forwarded, None, Transport::Plaintext, vec![step]);
            }
            None => unknown = unknown.or(Some(way)),
            Some(false) => {}
        }
    }
    if let Some(way) = unknown {
        let because =
            said!("{} asks for the caller's address, which is not known", "{} 要求调用方的地址，而它未知", way.name);
        let step = by(way.object.as_ref(), "authorize", because.clone());
        let mut arrival = end(Outcome::Unknown, None, Transport::Plaintext, vec![step]);
        arrival.unknown.push(Unknown { about: ("the authorization", "授权").into(), because });
        return arrival;
    }
    let object = guard.server.map(|s| &s.document.key).or(guard.default.as_ref().map(|(key, _)| key));
    let because = said!("nothing lets {who} into port {port} of {name}", "没有授权允许 {zh} 进入 {name} 的端口 {port}");
    let step = by(object, "authorize", because);
    // Upstream: linkerd/linkerd2-proxy linkerd/app/inbound/src/http/server.rs, ServerRescue; a connection of bytes is closed (policy/tcp.rs).
    end(Outcome::Denied, (!guard.opaque).then_some(403), Transport::Plaintext, vec![step])
}

fn by(object: Option<&ObjectKey>, step: &'static str, because: Said) -> Step {
    match object {
        Some(key) => Step::by(step, key, "spec", because),
        None => Step::said(step, because),
    }
}

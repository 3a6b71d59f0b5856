//! What policies in dry-run would make of requests: an Envoy judges by them beside those that are enforced, and counts. What it refuses is
//! the engine's answer over a mesh in which those of one action are the only policies, and enforced.

use std::collections::HashMap;
use std::sync::Arc;

use mesh::{Caller, Destination, Outcome, Ready, Request};
use serde_json::Value;
use world::{Change, Document, Object, ObjectKey, Origin};

use crate::counters::Rbac;
use crate::shop::{Call, GATEWAY};
use crate::traffic::{Names, Sent, State};

const GROUP: &str = "security.istio.io";
const KIND: &str = "AuthorizationPolicy";
const DRY_RUN: &str = "istio.io/dry-run";
/// Who asks from outside. Upstream: RFC 5737.
const VISITOR: &str = "203.0.113.7";

/// By the policies of ALLOW, and of DENY: whether they would refuse a request; `None` where none of them is about it.
type Refuses = [Option<bool>; 2];

/// The configurations that proxies have, each with what its policies in dry-run say.
#[derive(Default)]
pub(crate) struct DryRuns {
    known: Vec<Known>,
}

struct Known {
    ready: Arc<Ready>,
    /// By the policies of ALLOW, and of DENY.
    shadows: [Option<Shadow>; 2],
    /// By the call, of which each has an address of its own, and the service that it comes to.
    said: HashMap<(usize, Names), Refuses>,
}

/// A mesh with the policies in dry-run of one action alone, which are enforced there.
struct Shadow {
    ready: Ready,
    keys: Vec<ObjectKey>,
}

impl Shadow {
    fn of(ready: &Ready, denies: bool) -> Option<Self> {
        let is_ours = |policy: &&Arc<Document>| {
            policy.annotations.is_true(DRY_RUN) && action(policy) == if denies { "DENY" } else { "ALLOW" }
        };
        let all = || ready.world().documents_of(GROUP, KIND);
        let keys: Vec<ObjectKey> = all().filter(is_ours).map(|policy| policy.key.clone()).collect();
        if keys.is_empty() {
            return None;
        }
        let changes = all().filter_map(|policy| {
            if !is_ours(&policy) {
                return Some(Change::Delete(policy.key.clone()));
            }
            let mut body = (*policy.body).clone();
            body.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut)?.shift_remove(DRY_RUN);
            Object::read(body, Origin::Cluster).ok().map(Change::Put)
        });
        let world = ready.world().after(changes.collect::<Vec<_>>());
        Some(Self { ready: ready.after(&world), keys })
    }

    fn refuses(&self, request: &Request, service: &Names) -> Option<bool> {
        let ours = |key: &ObjectKey| self.keys.contains(key);
        if !self.ready.in_force(&service.0, &service.1).iter().any(ours) {
            return None;
        }
        let verdict = self.ready.explain(request);
        let by_ours = verdict.trace.iter().filter_map(|step| step.object.as_ref()).any(ours);
        Some(verdict.outcome == Outcome::Denied && by_ours)
    }
}

fn action(policy: &Document) -> &str {
    policy.at("/spec/action").and_then(Value::as_str).unwrap_or("ALLOW")
}

impl DryRuns {
    fn refuses(&mut self, ready: &Arc<Ready>, call: &'static Call, from: &Names, service: &Names) -> Refuses {
        // What no proxy has any more is forgotten.
        self.known.retain(|known| Arc::strong_count(&known.ready) > 1);
        let at = self.known.iter().position(|known| Arc::ptr_eq(&known.ready, ready)).unwrap_or_else(|| {
            let shadows = [Shadow::of(ready, false), Shadow::of(ready, true)];
            self.known.push(Known { ready: ready.clone(), shadows, said: HashMap::new() });
            self.known.len() - 1
        });
        let Some(Known { shadows, said, .. }) = self.known.get_mut(at) else { return [None; 2] };
        if shadows.iter().all(Option::is_none) {
            return [None; 2];
        }
        *said.entry((std::ptr::from_ref(call).addr(), service.clone())).or_insert_with(|| {
            let request = request(from, call);
            shadows.each_ref().map(|shadow| shadow.as_ref()?.refuses(&request, service))
        })
    }
}

/// A call as a workload makes it; one by the gateway as somebody outside does.
pub(crate) fn request(from: &Names, call: &Call) -> Request {
    let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let is_visit = (from.0.as_str(), from.1.as_str()) == GATEWAY;
    let workload = Caller::Workload { namespace: from.0.clone(), workload: from.1.clone() };
    Request {
        id: String::new(),
        from: if is_visit { Caller::Outside { ip: VISITOR.into() } } else { workload },
        via: is_visit.then(|| from.clone()),
        method: call.method.into(),
        url: call.url.into(),
        headers: call.headers.iter().map(text).collect(),
        at: None,
    }
}

impl State {
    /// The proxy that a request comes to counts what becomes of it, and what would by its policies in dry-run. Tokens are judged before
    /// DENY, and DENY before ALLOW: what is refused never comes to the latter.
    pub(crate) fn count_authorized(&mut self, sent: &Sent, destination: &Destination, pod: &Names, allowed: bool) {
        let from =
            self.ready.world().pod(&sent.pod.0, &sent.pod.1).map(|pod| (pod.namespace.clone(), pod.workload.1.clone()));
        let (Some(from), Some(proxy)) = (from, self.proxies.get_mut(pod)) else { return };
        let refuses = self.dry_runs.refuses(&proxy.knows, sent.call, &from, &destination.service);
        let by = sent.verdict.trace.iter().rev().find_map(|step| step.object.as_ref()).filter(|_| !allowed);
        let by = by.and_then(|key| proxy.knows.world().document(key));
        let comes_to_deny = by.is_none_or(|policy| policy.key.kind == KIND);
        let comes_to_allow = comes_to_deny && by.is_none_or(|policy| action(policy) != "DENY");
        let Rbac { enforced, dry_run } =
            if sent.call.bytes { &mut proxy.counters.tcp_rbac } else { &mut proxy.counters.http_rbac };
        if allowed {
            enforced.0 += 1
        } else {
            enforced.1 += 1
        }
        for ((count, refuses), comes) in dry_run.iter_mut().zip(refuses).zip([comes_to_allow, comes_to_deny]) {
            match refuses.filter(|_| comes) {
                Some(false) => count.0 += 1,
                Some(true) => count.1 += 1,
                None => {}
            }
        }
    }
}

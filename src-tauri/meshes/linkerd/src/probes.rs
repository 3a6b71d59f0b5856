//! Requests that tell the branches of changed policies apart.

use std::collections::{BTreeMap, BTreeSet};

use mesh::{Caller, Request};
use world::{ObjectKey, Pod};

use crate::kinds::spec::Ref;
use crate::read::Index;

/// Callers of each kind that are asked for at most.
const MOST: usize = 6;

/// For each service whose namespace a change bears on: callers of each identity near, one from elsewhere, one without proxy.
pub(crate) fn probes(index: &Index, objects: &BTreeSet<ObjectKey>) -> Vec<Request> {
    let touched = namespaces(index, objects);
    let mut all = Vec::new();
    for service in index.world.services().filter(|s| touched.contains(&s.namespace)) {
        let meshed = index.places.of_service(service).into_iter().any(|pod| index.is_meshed(pod));
        for port in service.ports.iter().filter(|p| meshed && p.protocol == "TCP") {
            for pod in callers(index, &service.namespace) {
                let url = format!("http://{}.{}:{}/", service.name, service.namespace, port.port);
                all.push(Request {
                    id: format!("{}/{} {url}", pod.namespace, pod.workload.1),
                    from: Caller::Workload { namespace: pod.namespace.clone(), workload: pod.workload.1.clone() },
                    via: None,
                    method: "GET".into(),
                    url,
                    headers: Vec::new(),
                    at: None,
                });
            }
        }
    }
    all
}

/// Policies bear on their own namespace, authentications on those of the policies that ask for them.
fn namespaces<'a>(index: &'a Index, objects: &'a BTreeSet<ObjectKey>) -> BTreeSet<&'a String> {
    let mut touched = BTreeSet::new();
    for key in objects.iter().filter(|key| key.group == crate::kinds::POLICY) {
        touched.insert(&key.namespace);
        let asks =
            |r: &Ref, home: &str| r.is(&key.group, &key.kind) && r.name == key.name && r.home(home) == key.namespace;
        for policy in index.policies.all() {
            let home = &policy.document.key.namespace;
            if policy.spec.required_authentication_refs.iter().any(|r| asks(r, home)) {
                touched.insert(home);
            }
        }
    }
    touched
}

fn callers<'a>(index: &'a Index, home: &str) -> Vec<&'a Pod> {
    let mut near: BTreeMap<&str, &Pod> = BTreeMap::new();
    let (mut far, mut plain) = (None, None);
    for pod in index.places.pods().map(AsRef::as_ref) {
        if !index.is_meshed(pod) {
            plain = plain.or(Some(pod));
        } else if pod.namespace == home {
            near.entry(pod.service_account.as_str()).or_insert(pod);
        } else {
            far = far.or(Some(pod));
        }
    }
    near.into_values().take(MOST).chain(far).chain(plain).collect()
}

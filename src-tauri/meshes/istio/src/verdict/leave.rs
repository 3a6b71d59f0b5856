//! How a request leaves its caller.

use mesh::{Destination, Membership, Outcome, Resolved, Step, Transport, Verdict, target_port};
use world::{ObjectKey, Pod, Service};

use super::deliver::{Delivery, deliver};
use super::endpoint::{Cluster, Peer};
use super::opaque::opaque;
use super::way::{Hop, Way};
use super::{follow, said};
use crate::kinds::virtual_service::matches::{Asking, Sent};
use crate::kinds::virtual_service::select;
use crate::read::Index;
use crate::read::hosts::{of_authority, service_host, service_of};
use crate::read::registry::{Host, Speech};

/// A caller without proxy: Kubernetes picks a pod, and the request goes in plaintext.
pub(super) fn plainly(hop: &Hop, way: &mut Way, resolved: &Resolved, verdict: &mut Verdict) {
    if way.target.scheme == "https" {
        *verdict =
            verdict.clone().because("the request", "its sender encrypts it, so the mesh sees no request in it".into());
        return;
    }
    said(verdict, "leave", "the caller has no proxy, so no route applies and it goes in plaintext");
    past_routes(hop, way, resolved, verdict, None);
}

/// To the address itself, in plaintext where the node's proxy does not carry it. `by_proxy` is the status that the caller's own proxy answers a failed connection with.
pub(super) fn past_routes(hop: &Hop, way: &mut Way, resolved: &Resolved, verdict: &mut Verdict, by_proxy: Option<u16>) {
    let cluster = match resolved {
        Resolved::Service(service) => match straight(hop.index, service, way.target.port) {
            Some(cluster) => cluster,
            None => {
                let because = format!("Service {} has no port {}", service.name, way.target.port);
                said(verdict, "connect", because);
                verdict.ends(Outcome::Refused);
                verdict.status = by_proxy;
                return;
            }
        },
        Resolved::Pod(pod) => Cluster {
            name: (pod.namespace.clone(), pod.name.clone()),
            port: way.target.port,
            subset: None,
            peers: vec![Peer { pod: pod.clone(), port: way.target.port }],
            addresses: Vec::new(),
            tls: None,
        },
        Resolved::Outside(host) => {
            verdict.outcome = Outcome::Forwarded;
            verdict.transport = Some(if way.target.scheme == "https" { Transport::Tls } else { Transport::Plaintext });
            verdict.destinations = vec![Destination::outside(host, way.target.port)];
            return;
        }
        Resolved::Nowhere(_) => return,
    };
    let found = !cluster.peers.is_empty();
    let plain = hop.from.membership != Some(Membership::Node);
    let read = cluster.peers.iter().any(|peer| reads(hop.index, &peer.pod));
    deliver(hop, way, vec![Delivery { share: 1.0, cluster, plain }], verdict, by_proxy);
    if !found {
        verdict.status = by_proxy;
    }
    if read {
        // The destination's proxy normalises what the caller had no proxy for.
        way.normalize();
    }
}

/// Whether a proxy of this pod reads requests.
pub(super) fn reads(index: &Index, pod: &Pod) -> bool {
    index.membership(pod).is_some_and(|member| member != Membership::Node)
}

/// Every ready pod of a service at one of its ports, as Kubernetes itself would pick them.
fn straight(index: &Index, service: &Service, port: u16) -> Option<Cluster> {
    let found = service.ports.iter().find(|p| p.port == port)?;
    let ready = index.places.of_service(service).into_iter().filter(|p| p.ready);
    let peers = ready.filter_map(|pod| Some(Peer { pod: pod.clone(), port: target_port(found, pod)? })).collect();
    Some(Cluster {
        name: (service.namespace.clone(), service.name.clone()),
        port,
        subset: None,
        peers,
        addresses: Vec::new(),
        tls: None,
    })
}

/// Where the caller's proxy takes the request.
enum Listener<'a> {
    /// It reads requests; only this host is known there, or all of the port are.
    Requests(Option<Host<'a>>),
    /// It forwards bytes to this host.
    Bytes(Host<'a>),
    /// It has none for this address.
    None,
}

/// A caller with a sidecar.
pub(super) fn by_sidecar(hop: &Hop, way: &mut Way, resolved: &Resolved, verdict: &mut Verdict) {
    let Hop { index, scope, from } = *hop;
    way.normalize();
    if let Some(key) = opaque(index, &from.namespace, &from.labels) {
        *verdict = verdict.clone().because("the caller's proxy", format!("{key} changes it by hand"));
        return;
    }
    if scope.has_own_listeners() {
        let name = scope.object().map(ToString::to_string).unwrap_or_default();
        *verdict = verdict
            .clone()
            .because("the route", format!("{name} opens listeners of its own, which a later version decides"));
        return;
    }
    if way.target.scheme == "https" && !matches!(resolved, Resolved::Outside(_)) {
        *verdict =
            verdict.clone().because("the request", "its sender encrypts it, so the mesh sees no request in it".into());
        return;
    }
    match listener(hop, way, resolved) {
        Listener::None => {
            if let (Resolved::Outside(_), Some((key, path))) = (resolved, registry_only(hop)) {
                let because = "nothing unknown may leave, and no proxy listens for this port";
                verdict.trace.push(Step::by("route", &key, path, because));
                verdict.ends(Outcome::Refused);
                return;
            }
            said(
                verdict,
                "listen",
                format!("no host of the mesh has port {}, so the proxy passes it on unread", way.target.port),
            );
            past_routes(hop, way, resolved, verdict, None);
        }
        Listener::Bytes(host) => {
            said(
                verdict,
                "listen",
                format!("port {} of {} carries bytes, so no rule for requests applies", way.target.port, host.name()),
            );
            let cluster = Cluster::of(hop, &host.name(), way.target.port, None);
            match cluster {
                Ok(cluster) => deliver(hop, way, vec![Delivery { share: 1.0, cluster, plain: false }], verdict, None),
                Err(nothing) => {
                    said(verdict, "deliver", nothing.because(&host.name(), way.target.port));
                    verdict.ends(Outcome::NoDestination);
                }
            }
        }
        Listener::Requests(only) => routed(hop, way, resolved, only.as_ref(), verdict),
    }
}

fn listener<'a>(hop: &Hop<'a>, way: &Way, resolved: &Resolved) -> Listener<'a> {
    let Hop { index, scope, from } = hop;
    let (caller, port) = (from.namespace.as_str(), way.target.port);
    if let Resolved::Service(service) = resolved
        && let Some(host) = index.host(scope, &service_host(&service.namespace, &service.name), caller)
    {
        match host.speech(port) {
            Some(Speech::Tcp) => return Listener::Bytes(host),
            Some(Speech::Sniffed) => return Listener::Requests(Some(host)),
            Some(Speech::Http) => return Listener::Requests(None),
            None => {}
        }
    }
    if way.target.scheme == "http" && index.routes_port(scope, port, caller) {
        Listener::Requests(None)
    } else {
        Listener::None
    }
}

/// The proxy reads the request: its authority names a host, the host's route decides.
fn routed(hop: &Hop, way: &mut Way, resolved: &Resolved, only: Option<&Host>, verdict: &mut Verdict) {
    let Hop { index, scope, from } = hop;
    let (caller, port) = (from.namespace.as_str(), way.target.port);
    let name = named_by(index, &way.authority, caller);
    let known = index.host(scope, &name, caller).filter(|host| {
        matches!(host.speech(port), Some(Speech::Http | Speech::Sniffed))
            && only.is_none_or(|o| o.name() == host.name())
    });
    let asking = Asking { namespace: caller, labels: &from.labels, gateway: None };
    let has = |host: &str| index.host(scope, host, caller).is_some_and(|h| h.speech(port).is_some());
    let found = match &known {
        Some(host) => select::for_host(index, &host.name(), asking, port),
        None if only.is_some() => None,
        None => select::for_unknown(index, &name, asking, port, has),
    };
    match (found, known) {
        (Some((table, entries)), _) => {
            let sent = Sent {
                scheme: &way.target.scheme,
                method: &way.method,
                authority: &way.authority,
                path: &way.path,
                query: way.target.query.as_deref(),
                headers: &way.headers,
            };
            match select::first(&entries, &sent) {
                Some(entry) => follow::follow(hop, way, &entry, verdict),
                None => {
                    let because = format!("none of its rules catches {} {}", way.method, way.path);
                    let step = Step {
                        object: table.key().cloned(),
                        path: Some(table.list().into()),
                        ..Step::said("route", because)
                    };
                    verdict.trace.push(step);
                    verdict.ends(Outcome::NoRoute);
                    verdict.status = Some(404);
                }
            }
        }
        (None, Some(host)) => {
            said(verdict, "route", format!("no VirtualService routes {}, so every ready pod may get it", host.name()));
            follow::default(hop, way, &host, verdict);
        }
        (None, None) => unknown_host(hop, way, resolved, verdict),
    }
}

/// The host that an authority names: a service by any of its names or its address, else what is written.
fn named_by(index: &Index, authority: &str, caller: &str) -> String {
    let host = mesh::split_port(authority).0.trim_end_matches('.').to_ascii_lowercase();
    if let (Ok(_), Resolved::Service(service)) = (host.parse::<std::net::IpAddr>(), index.places.resolve(&host, caller))
    {
        return service_host(&service.namespace, &service.name);
    }
    let full = of_authority(authority, caller);
    let known = service_of(&full).is_some_and(|(namespace, name)| index.places.service(namespace, name).is_some());
    if known { full } else { host }
}

fn unknown_host(hop: &Hop, way: &mut Way, resolved: &Resolved, verdict: &mut Verdict) {
    if let Some((key, path)) = registry_only(hop) {
        let because = format!("{} is no host that this proxy knows, and it lets nothing unknown out", way.authority);
        verdict.trace.push(Step::by("route", &key, path, because));
        verdict.ends(Outcome::Blocked);
        verdict.status = Some(502);
        return;
    }
    said(
        verdict,
        "route",
        format!(
            "{} is no host that this proxy knows: it goes in plaintext to the address that the caller chose",
            way.authority
        ),
    );
    past_routes(hop, way, resolved, verdict, Some(503));
}

/// Whether nothing unknown may leave: by the Sidecar in force, or by the mesh's own settings; with the object and field that says so.
fn registry_only(hop: &Hop) -> Option<(ObjectKey, &'static str)> {
    if let Some(key) = hop.scope.registry_only() {
        return Some((key.clone(), "spec.outboundTrafficPolicy.mode"));
    }
    let settings = &hop.index.settings;
    let key = settings.object.clone().filter(|_| settings.registry_only() && !hop.scope.has_outbound_policy())?;
    Some((key, "data.mesh"))
}

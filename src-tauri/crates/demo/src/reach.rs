//! Reaching into pods through the API server: proxies to their ports, and their logs.

use http::{Method, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};

use crate::access::Line;
use crate::api::{Api, Body, answer};
use crate::ask::{Ask, Target};
use crate::inside;
use crate::proxies::Proxy;
use crate::refusal::Refusal;
use crate::terms::now;
use crate::traffic::Traffic;

/// `…/pods/[scheme:]NAME[:PORT]/proxy/…`, and the same of services.
pub(crate) fn proxy(api: &Api, target: &Target, name: &str, ask: &Ask) -> Result<Response<Body>, Refusal> {
    let namespace = target.namespace.as_deref().unwrap_or_default();
    let parts: Vec<&str> = name.split(':').collect();
    let (name, port) = match parts.as_slice() {
        [name] => (*name, ""),
        [name, port] | [_, name, port] => (*name, *port),
        _ => return Err(Refusal::BadRequest(format!("invalid proxy request {name:?}"))),
    };
    api.get(target, name)?;
    let place = if target.kind.kind == "Service" {
        behind(api, namespace, name, port)
    } else {
        Some((name.to_owned(), if port.is_empty() { 80 } else { port.parse().unwrap_or_default() }))
    };
    let Some((pod, port)) = place else {
        return Err(Refusal::Unavailable(format!("no endpoints available for service {name:?}")));
    };
    if !inside::open(port) || !inside::listens(&api.traffic, namespace, &pod, port) {
        return Err(Refusal::Unavailable(format!(
            "error trying to reach service: dial tcp: {pod}:{port}: connect: connection refused"
        )));
    }
    let path = format!("/{}", target.rest);
    if port == 15014 && path.starts_with("/debug") {
        // istiod answers its debug pages to its own loopback alone.
        return Ok(answer(StatusCode::UNAUTHORIZED, "text/plain; charset=utf-8", "Unauthenticated\n"));
    }
    let inner = Ask {
        method: Method::GET,
        path,
        query: ask.query.clone(),
        headers: ask.headers.clone(),
        body: ask.body.clone(),
        command: Vec::new(),
    };
    Ok(inside::handle(&api.traffic, namespace, &pod, port, &inner))
}

/// A ready pod behind a service, and its port.
fn behind(api: &Api, namespace: &str, name: &str, port: &str) -> Option<(String, u16)> {
    let state = api.traffic.state();
    let service = state.ready.world().service(namespace, name)?;
    let found = service.ports.iter().find(|p| p.name == port || p.port.to_string() == port || port.is_empty())?;
    let pod =
        state.ready.world().pods_in(namespace).find(|p| p.ready && mesh::selects(&service.selector, &p.labels))?;
    let number = match &found.target {
        world::TargetPort::Number(number) => *number,
        world::TargetPort::Name(wanted) => {
            pod.containers.iter().flat_map(|c| &c.ports).find(|(name, _)| name == wanted).map(|(_, number)| *number)?
        }
    };
    Some((pod.name.clone(), number))
}

/// What a container wrote: its start, what troubles it, and for a proxy the requests that passed it; and the number of the last of these.
pub(crate) fn log(traffic: &Traffic, namespace: &str, pod: &str, ask: &Ask) -> (String, u64) {
    let state = traffic.state();
    let proxy = state.proxies.get(&(namespace.to_owned(), pod.to_owned()));
    let mut lines: Vec<Line> = match (ask.option("container"), proxy) {
        ("istio-proxy", Some(proxy)) => {
            of_proxy(proxy).chain(proxy.log.after(0).map(|(_, line)| line.clone())).collect()
        }
        _ => vec![Line { at: Timestamp::now(), text: format!("{} INFO listening", now()) }],
    };
    if let Some(since) = since(ask) {
        lines.retain(|line| line.at >= since);
    }
    let wanted = ask.option("tailLines").parse().unwrap_or(lines.len());
    let mut text = String::new();
    lines[lines.len().saturating_sub(wanted)..].iter().for_each(|line| line.put(&mut text, ask.flag("timestamps")));
    (text, proxy.map_or(0, |proxy| proxy.log.written()))
}

fn since(ask: &Ask) -> Option<Timestamp> {
    let seconds = ask.option("sinceSeconds").parse().ok();
    let ago = |seconds| Timestamp::now().checked_sub(SignedDuration::from_secs(seconds)).ok();
    seconds.and_then(ago).or_else(|| ask.option("sinceTime").parse().ok())
}

/// What it says of itself.
fn of_proxy(proxy: &Proxy) -> impl Iterator<Item = Line> {
    let stamp = &proxy.sync[0].sent_time;
    let mut said = vec![
        "info\txdsproxy\tconnected to upstream XDS server: istiod.istio-system.svc:15012".to_owned(),
        "info\tEnvoy proxy is ready".to_owned(),
    ];
    if let Some(error) = proxy.sync.iter().find_map(|sync| sync.error.as_ref()) {
        said.push(format!("warning\tenvoy config\tgRPC config for listeners rejected: {}", error.trim_end()));
    }
    if proxy.counters.unmatched > 0 {
        let unmatched = proxy.counters.unmatched;
        said.push(format!(
            "info\t{unmatched} connections matched no filter chain: plaintext where mutual TLS is required"
        ));
    }
    let at = stamp.parse().unwrap_or_default();
    said.into_iter().map(move |text| Line { at, text: format!("{stamp}\t{text}") })
}

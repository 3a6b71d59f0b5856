//! What Kubernetes alone does with a request, where no mesh is at either end.

use world::{Pod, Said, Service, said, target_port};

use crate::{Caller, Destination, Outcome, Places, Request, Resolved, Step, Target, Transport, Verdict};

/// The verdict of plain Kubernetes networking. Network policies are not looked at.
pub(crate) fn decide(places: &Places, request: &Request) -> Verdict {
    let mut verdict = Verdict::unknown(request);
    let Some(target) = Target::of(request) else {
        return verdict.because(
            ("the URL", "URL"),
            said!("'{}' is not an HTTP URL with a host", "“{}”不是带主机的 HTTP URL", request.url),
        );
    };
    let namespace = match &request.from {
        Caller::Workload { namespace, .. } | Caller::ServiceAccount { namespace, .. } => namespace.as_str(),
        Caller::Outside { .. } => {
            return verdict.because(
                ("the way in", "入口"),
                (
                    "a request from outside comes in by a gateway, and none of a mesh is named",
                    "来自外部的请求经网关进入，而没有指定网格的网关",
                ),
            );
        }
    };
    let resolved = places.resolve(&target.host, namespace);
    verdict.trace.push(resolve_step(&target.host, &resolved));
    verdict.transport = Some(if target.scheme == "https" { Transport::Tls } else { Transport::Plaintext });
    match resolved {
        Resolved::Nowhere(_) => verdict.ends(Outcome::Unresolved),
        Resolved::Outside(host) => {
            verdict.outcome = Outcome::Forwarded;
            verdict.destinations = vec![Destination::outside(&host, target.port)];
        }
        Resolved::Pod(pod) => {
            verdict.outcome = Outcome::Forwarded;
            let name = pod.workload.1.clone();
            verdict.destinations = vec![Destination {
                service: (pod.namespace.clone(), pod.name.clone()),
                port: target.port,
                subset: None,
                share: 1.0,
                workloads: vec![name],
            }];
        }
        Resolved::Service(service) => to_service(places, &service, target.port, &mut verdict),
    }
    verdict
}

fn to_service(places: &Places, service: &Service, port: u16, verdict: &mut Verdict) {
    let Some(found) = service.ports.iter().find(|p| p.port == port) else {
        verdict.trace.push(Step::said(
            "deliver",
            said!("Service {} has no port {port}", "Service {} 没有端口 {port}", service.name),
        ));
        return verdict.ends(Outcome::Refused);
    };
    let kept = match places.kept(service, Some(&found.name)) {
        Ok(kept) => kept,
        Err(unknown) => return verdict.not_known(unknown),
    };
    let pods = places.behind(service).filter(|p| target_port(found, p).is_some());
    let kept_pods = kept.iter().filter_map(|kept| places.pod_at(&kept.address));
    let workloads = workloads_of(pods.chain(kept_pods).map(AsRef::as_ref));
    if workloads.is_empty() && kept.is_empty() {
        verdict.trace.push(Step::said(
            "deliver",
            said!("Service {} has no ready pods", "Service {} 没有就绪的 Pod", service.name),
        ));
        return verdict.ends(Outcome::NoDestination);
    }
    let to = if workloads.is_empty() {
        let addresses: Vec<&str> = kept.iter().map(|kept| kept.address.as_str()).collect();
        said!("to {}, which somebody keeps for {}", "到 {}，由他人为 {} 维护", addresses.join(", "), service.name)
    } else {
        said!("to the ready pods of {}", "到 {} 的就绪 Pod", workloads.join(", "))
    };
    verdict.trace.push(Step::said("deliver", to));
    verdict.outcome = Outcome::Forwarded;
    verdict.destinations = vec![Destination {
        service: (service.namespace.clone(), service.name.clone()),
        port,
        subset: None,
        share: 1.0,
        workloads,
    }];
}

/// Names of the workloads of these pods, each once, in order.
pub fn workloads_of<'a>(pods: impl Iterator<Item = &'a Pod>) -> Vec<String> {
    let mut names: Vec<String> = pods.map(|p| p.workload.1.clone()).collect();
    names.sort();
    names.dedup();
    names
}

/// The first step of every trace: what the name meant.
pub fn resolve_step(host: &str, resolved: &Resolved) -> Step {
    let (object, because): (_, Said) = match resolved {
        Resolved::Service(s) => {
            let key = world::ObjectKey::new("", "Service", &s.namespace, &s.name);
            (Some(key), said!("{host} is Service {}/{}", "{host} 是 Service {}/{}", s.namespace, s.name))
        }
        Resolved::Pod(p) => {
            let key = world::ObjectKey::new("", "Pod", &p.namespace, &p.name);
            (Some(key), said!("{host} is Pod {}/{}", "{host} 是 Pod {}/{}", p.namespace, p.name))
        }
        Resolved::Outside(_) => (None, said!("{host} is not of this cluster", "{host} 不属于本集群")),
        Resolved::Nowhere(why) => (None, why.clone()),
    };
    Step { step: "resolve", object, path: None, because }
}

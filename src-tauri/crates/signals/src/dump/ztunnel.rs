//! What a ztunnel works with: the services and workloads of the mesh, the policies that it holds, and a certificate for each identity that it
//! speaks for. They stand in the places of an Envoy's parts that answer the same question: where it sends, how it decides, what it shows.
//!
//! Upstream: istio/ztunnel src/admin.rs (`ConfigDump`, `CertsDump`), src/state.rs (`ProxyStateSerialization`); the names of policies that
//! istiod makes of PeerAuthentications: istio pilot/pkg/serviceregistry/ambient/policies.go.

use base64::Engine;
use world::ObjectKey;

use crate::certificate::{known_by, read_pem};
use crate::dump::{Cluster, Dump, MOST, Origin, Part, Route, Secret, State, each};
use crate::endpoint::Endpoint;
use crate::json::Scanner;

/// The name of what it trusts, as Envoy's is called.
const ROOT: &str = "ROOTCA";

/// Reads one member of a dump; whether it was one of a ztunnel's.
pub(super) fn member(scanner: &mut Scanner<'_>, name: &str, dump: &mut Dump) -> Option<bool> {
    match name {
        "services" => each(scanner, &mut dump.clusters, &mut dump.cut, service)?,
        "policies" => each(scanner, &mut dump.routes, &mut dump.cut, policy)?,
        "certificates" => each(scanner, &mut dump.secrets, &mut dump.cut, certificate)?,
        "workloads" => {
            let mut all = dump.workloads.take().unwrap_or_default();
            scanner.list(|scanner| {
                let found = workload(scanner)?;
                if all.len() < MOST {
                    all.push(found);
                } else {
                    dump.cut = true;
                }
                Some(())
            })?;
            dump.workloads = Some(all);
        }
        "version" => scanner.object(|scanner, name| {
            match name {
                "istioVersion" => dump.bootstrap.istio = scanner.plain()?,
                _ => scanner.skip()?,
            }
            Some(())
        })?,
        "config" => scanner.object(|scanner, name| {
            match name {
                "localNode" => dump.bootstrap.id = scanner.plain()?,
                "xdsAddress" => dump.bootstrap.discovery = scanner.plain()?,
                "numWorkerThreads" => dump.bootstrap.concurrency = scanner.plain()?.parse().unwrap_or_default(),
                _ => scanner.skip()?,
            }
            Some(())
        })?,
        _ => return Some(false),
    }
    Some(true)
}

fn service(scanner: &mut Scanner<'_>, out: &mut Vec<Part<Cluster>>) -> Option<()> {
    let mut part = Part::<Cluster>::begun(scanner, State::Active);
    let (mut name, mut namespace) = (String::new(), String::new());
    part.what.discovery = "direct".into();
    scanner.object(|scanner, member| {
        match member {
            "name" => name = scanner.plain()?,
            "namespace" => namespace = scanner.plain()?,
            "hostname" => part.what.name = scanner.plain()?,
            "waypoint" => {
                part.what.discovery = "waypoint".into();
                scanner.skip()?;
            }
            _ => scanner.skip()?,
        }
        Some(())
    })?;
    part.from.push(Origin::Host { host: part.what.name.clone(), namespace, name });
    part.text.end = scanner.offset();
    out.push(part);
    Some(())
}

/// `(namespace)/(host)` of each service that it is behind stands in its own line of clusters; here its own name, and how it is reached.
fn workload(scanner: &mut Scanner<'_>) -> Option<Endpoint> {
    let mut found = Endpoint::default();
    let (mut name, mut namespace) = (String::new(), String::new());
    scanner.object(|scanner, member| {
        match member {
            "name" => name = scanner.plain()?,
            "namespace" => namespace = scanner.plain()?,
            "workloadIps" => scanner.list(|scanner| {
                let ip = scanner.plain()?;
                if found.address.is_empty() {
                    found.address = ip;
                }
                Some(())
            })?,
            "protocol" => found.protocol = scanner.plain()?,
            "status" => found.health = scanner.plain()?.to_uppercase(),
            "services" => scanner.list(|scanner| {
                let service = scanner.plain()?;
                found.services.push(service.split_once('/').map_or(service.clone(), |(_, host)| host.to_owned()));
                Some(())
            })?,
            _ => scanner.skip()?,
        }
        Some(())
    })?;
    found.cluster = format!("{namespace}/{name}");
    Some(found)
}

fn policy(scanner: &mut Scanner<'_>, out: &mut Vec<Part<Route>>) -> Option<()> {
    let mut part = Part::<Route>::begun(scanner, State::Active);
    let (mut name, mut namespace) = (String::new(), String::new());
    scanner.object(|scanner, member| {
        match member {
            "name" => name = scanner.plain()?,
            "namespace" => namespace = scanner.plain()?,
            "scope" => part.what.config = scanner.plain()?,
            "action" => part.what.to.push(scanner.plain()?),
            "dryRun" => {
                if scanner.plain()? == "true" {
                    part.what.condition = "dry run".into();
                }
            }
            _ => scanner.skip()?,
        }
        Some(())
    })?;
    part.what.host = format!("{namespace}/{name}");
    // One that istiod made of a PeerAuthentication is named after it.
    let origin = match name.strip_prefix("istio_converted_peer_authentication_") {
        Some(own) => Some(ObjectKey::new("security.istio.io", "PeerAuthentication", &namespace, own)),
        None if name.starts_with("istio_converted_") => None,
        None => Some(ObjectKey::new("security.istio.io", "AuthorizationPolicy", &namespace, &name)),
    };
    part.from.extend(origin.map(Origin::Object));
    part.text.end = scanner.offset();
    out.push(part);
    Some(())
}

fn certificate(scanner: &mut Scanner<'_>, out: &mut Vec<Part<Secret>>) -> Option<()> {
    let mut part = Part::<Secret>::begun(scanner, State::Active);
    let mut roots = Vec::new();
    scanner.object(|scanner, member| {
        match member {
            "identity" => part.what.name = scanner.plain()?,
            "state" if scanner.plain()? != "Available" => part.state = State::Warming,
            "state" => {}
            "certChain" => part.what.certificate = papers(scanner)?.first().and_then(|pem| read_pem(pem)),
            "rootCerts" => roots = papers(scanner)?.concat(),
            _ => scanner.skip()?,
        }
        Some(())
    })?;
    part.text.end = scanner.offset();
    // Every identity comes with the same roots: they are told once.
    if !roots.is_empty() && !out.iter().any(|known| known.what.name == ROOT) {
        let what = Secret { name: ROOT.into(), roots: known_by(&roots), root: read_pem(&roots), ..Secret::default() };
        out.push(Part { what, state: State::Active, error: None, from: Vec::new(), text: part.text.clone() });
    }
    out.push(part);
    Some(())
}

fn papers(scanner: &mut Scanner<'_>) -> Option<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    scanner.list(|scanner| {
        scanner.object(|scanner, member| {
            match member {
                "pem" => all.extend(base64::engine::general_purpose::STANDARD.decode(scanner.plain()?).ok()),
                _ => scanner.skip()?,
            }
            Some(())
        })
    })?;
    Some(all)
}

#[cfg(test)]
mod tests {
    use crate::dump::{Origin, State, read};

    /// In the form of a genuine ztunnel, shortened.
    const DUMP: &str = r#"{"workloads":[
{"workloadIps":["10.244.0.9"],"protocol":"HBONE","networkMode":"Standard","uid":"Kubernetes//Pod/amb/reviews-v1-x","name":"reviews-v1-x","namespace":"amb",
 "serviceAccount":"reviews","status":"Healthy","clusterId":"Kubernetes","services":["amb/reviews.amb.svc.cluster.local"],"capacity":1},
{"workloadIps":[],"protocol":"TCP","uid":"Kubernetes//Pod/out/legacy","name":"legacy","namespace":"out","status":"Unhealthy","clusterId":"Kubernetes","capacity":1}],
"services":[{"name":"reviews","namespace":"amb","hostname":"reviews.amb.svc.cluster.local","vips":["/10.96.0.9"],"ports":{"9080":9080},"endpoints":{},
 "waypoint":{"destination":"/10.96.0.4","hboneMtlsPort":15008},"canonical":true,"visibility":"Public"},
 {"name":"details","namespace":"amb","hostname":"details.amb.svc.cluster.local","vips":[],"ports":{}}],
"policies":[{"name":"allow","namespace":"amb","scope":"WorkloadSelector","action":"Allow","rules":[],"dryRun":false},
 {"name":"istio_converted_peer_authentication_default","namespace":"amb","scope":"Namespace","action":"Deny","rules":[],"dryRun":false},
 {"name":"istio_converted_static_strict","namespace":"istio-system","scope":"WorkloadSelector","action":"Deny","rules":[],"dryRun":true}],
"stagedServices":{},"version":{"version":"x","istioVersion":"1.28.1"},"config":{"localNode":"node-a","xdsAddress":"https://istiod"},
"certificates":[{"identity":"spiffe://cluster.local/ns/amb/sa/reviews","state":"Initializing","certChain":[],"rootCerts":[]}]}"#;

    #[test]
    fn what_a_ztunnel_says() {
        let dump = read(DUMP.as_bytes());
        assert!(!dump.broken && !dump.cut);
        let services: Vec<_> =
            dump.clusters.iter().map(|part| (part.what.name.as_str(), part.what.discovery.as_str())).collect();
        assert_eq!(
            services,
            [("reviews.amb.svc.cluster.local", "waypoint"), ("details.amb.svc.cluster.local", "direct")]
        );
        assert!(DUMP[dump.clusters[0].text.clone()].starts_with("{\"name\":\"reviews\""));
        let made = |part: &crate::dump::Part<crate::dump::Route>| match part.from.first() {
            Some(Origin::Object(key)) => format!("{key}"),
            other => format!("{other:?}"),
        };
        let policies: Vec<_> = dump.routes.iter().map(|part| (part.what.host.as_str(), made(part))).collect();
        assert_eq!(
            policies,
            [
                ("amb/allow", "AuthorizationPolicy amb/allow".to_owned()),
                ("amb/istio_converted_peer_authentication_default", "PeerAuthentication amb/default".to_owned()),
                ("istio-system/istio_converted_static_strict", "None".to_owned())
            ]
        );
        let workloads = dump.workloads.as_deref().unwrap();
        assert_eq!((workloads[0].cluster.as_str(), workloads[0].address.as_str()), ("amb/reviews-v1-x", "10.244.0.9"));
        assert_eq!(
            (workloads[0].services.as_slice(), workloads[1].health.as_str()),
            (["reviews.amb.svc.cluster.local".to_owned()].as_slice(), "UNHEALTHY")
        );
        assert_eq!((dump.bootstrap.istio.as_str(), dump.bootstrap.id.as_str()), ("1.28.1", "node-a"));
        assert_eq!((dump.secrets.len(), dump.secrets[0].state), (1, State::Warming));
        assert_eq!(dump.certificate(), None);
        let cut = read(&DUMP.as_bytes()[..DUMP.len() / 2]);
        assert!(cut.broken && cut.workloads.is_some_and(|all| all.len() == 2), "what came before is kept");
    }

    proptest::proptest! {
        #[test]
        fn no_damage_breaks_it(at in 0..DUMP.len(), byte in proptest::num::u8::ANY, end in 0..DUMP.len()) {
            let mut damaged = DUMP.as_bytes()[..end.max(at) + 1].to_vec();
            damaged[at] = byte;
            let dump = read(&damaged);
            proptest::prop_assert!(dump.clusters.iter().all(|part| part.text.end <= damaged.len()));
        }
    }
}

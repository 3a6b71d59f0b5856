//! Linkerd's proxies: no Envoy and no xDS. They say how they are by their metrics.

use jiff::Timestamp;
use world::{ObjectKey, Pod, World, yaml};

use super::{Family, Proxy, Role, Says, tag};
use crate::{Certificate, Look, prometheus};

/// The admin port (linkerd2 charts/linkerd-control-plane/values.yaml, `proxy.ports.admin`).
const ADMIN: u16 = 4191;

pub(super) const FAMILY: Family = Family {
    mesh: "Linkerd",
    containers: &["linkerd-proxy"],
    says: Says::Metrics(ADMIN, read),
    // Upstream: linkerd2 pkg/k8s/labels.go.
    sizes: Some([
        "config.linkerd.io/proxy-cpu-request",
        "config.linkerd.io/proxy-cpu-limit",
        "config.linkerd.io/proxy-memory-request",
        "config.linkerd.io/proxy-memory-limit",
    ]),
    role: |_, _| Role::Sidecar,
    version: |pod, container| {
        let said = pod.annotations.get("linkerd.io/proxy-version");
        said.map_or_else(|| tag(&container.image), str::to_owned)
    },
    shall_have,
    known,
};

/// The pod's own word, then its namespace's, unless the namespace is left out of all (linkerd2 pkg/inject/report.go `isInjectEnabled`,
/// charts/linkerd-control-plane/values.yaml `proxyInjector.namespaceSelector`).
fn shall_have(world: &World, pod: &Pod) -> bool {
    let Some(namespace) = world.namespace(&pod.namespace) else { return false };
    let word = [&pod.annotations, &namespace.annotations].into_iter().find_map(|of| of.get("linkerd.io/inject"));
    let left_out = namespace.labels.get("config.linkerd.io/admission-webhooks") == Some("disabled");
    !left_out && matches!(word, Some("enabled" | "ingress"))
}

/// `points.loyalty.serviceaccount.identity.linkerd.cluster.local`, without the trust domain where `linkerd-config` is not read; and the trust
/// anchors that its injector wrote down (linkerd2 policy-controller/k8s/index/src/cluster_info.rs `service_account_identity`;
/// charts/partials/templates/_metadata.tpl).
fn known(world: &World, pod: &Pod) -> (String, String) {
    let anchors = pod.annotations.get("linkerd.io/trust-root-sha256").unwrap_or_default();
    let root = anchors.get(..16).unwrap_or(anchors).to_owned();
    let Some(home) = pod.labels.get("linkerd.io/control-plane-ns") else { return (String::new(), root) };
    let account = if pod.service_account.is_empty() { "default" } else { &pod.service_account };
    let identity = format!("{account}.{}.serviceaccount.identity.{home}", pod.namespace);
    let settings = world.document(&ObjectKey::new("", "ConfigMap", home, "linkerd-config"));
    let Some(settings) = settings else { return (identity, root) };
    let values = settings.at("/data/values").and_then(|text| text.as_str()).map(|text| yaml::read(text).value);
    let set = |name: &str| values.as_ref()?.get(name)?.as_str().filter(|text| !text.is_empty());
    let domain = set("identityTrustDomain").or_else(|| set("clusterDomain")).unwrap_or("cluster.local");
    (format!("{identity}.{domain}"), root)
}

/// When its certificate ends, and when it was fetched (linkerd2-proxy linkerd/identity/src/metrics.rs; the names had no `control_` before
/// 2.13, and no time of fetching).
fn read(body: &[u8], proxy: &Proxy) -> Look {
    let (mut fetched, mut ends) = (None, None);
    let time = |seconds: f64| Timestamp::from_second(seconds as i64).ok();
    prometheus::scan(
        body,
        |name| name.starts_with(b"control_identity_cert_") || name.starts_with(b"identity_cert_"),
        |sample| match sample.name.trim_start_matches("control_") {
            "identity_cert_refresh_timestamp_seconds" => fetched = time(sample.value),
            "identity_cert_expiration_timestamp_seconds" => ends = time(sample.value),
            _ => {}
        },
    );
    // Before it has one, it says 0.
    let certificate = ends.filter(|at| at.as_second() > 0).map(|not_after| Certificate {
        not_before: fetched.unwrap_or(not_after),
        not_after,
        issuer: None,
        spiffe: proxy.identity.clone(),
    });
    Look { certificate, root: proxy.root.clone(), ..Look::default() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use world::{Change, Namespace, Object, Origin};

    use super::super::tests::pod;
    use super::super::{proxies, without_proxy};
    use super::*;

    fn annotated(of: Pod, annotations: &[(&str, &str)]) -> Pod {
        Pod { annotations: annotations.iter().copied().collect(), ..of }
    }

    #[test]
    fn its_proxies_are_rows_of_their_own() {
        let said =
            [("linkerd.io/proxy-version", "edge-26.8.3"), ("linkerd.io/trust-root-sha256", "8ed6f788dd7a1b21b02b")];
        let meshed = annotated(
            pod("loyalty", "points-1", &["points", "linkerd-proxy"], &[("linkerd.io/control-plane-ns", "linkerd")]),
            &said,
        );
        let meshed = Pod { service_account: "points".into(), ..meshed };
        let values = "identityTrustDomain: example.com\n";
        let settings = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "linkerd-config", "namespace": "linkerd"},
            "data": {"values": values}});
        let settings = Object::read(settings, Origin::Cluster).unwrap();
        let world = World::new().after([Change::Put(Object::Pod(meshed)), Change::Put(settings)]);
        let found = proxies(&world).remove(0);
        assert_eq!((found.family.mesh, found.role, found.version.as_str()), ("Linkerd", Role::Sidecar, "edge-26.8.3"));
        assert_eq!(found.identity, "points.loyalty.serviceaccount.identity.linkerd.example.com");
        assert!(!found.is_xds() && found.root == "8ed6f788dd7a1b21");

        let says = "# TYPE control_identity_cert_expiration_timestamp_seconds gauge\n\
            control_identity_cert_expiration_timestamp_seconds 1800086400.0\n\
            control_identity_cert_refresh_timestamp_seconds 1800000000.25\nprocess_start_time_seconds 1700000000\n";
        let look = read(says.as_bytes(), &found);
        let certificate = look.certificate.unwrap();
        assert_eq!(
            (certificate.not_before.as_second(), certificate.not_after.as_second()),
            (1_800_000_000, 1_800_086_400)
        );
        assert_eq!((certificate.spiffe, look.root), (found.identity.clone(), found.root.clone()));
        let older = read(b"identity_cert_expiration_timestamp_seconds 1800086400\n", &found).certificate.unwrap();
        assert_eq!(older.not_before, older.not_after, "when it was fetched is not told");
        assert_eq!(read(b"identity_cert_expiration_timestamp_seconds 0\n", &found).certificate, None);
    }

    #[test]
    fn a_pod_without_one_that_shall_have_one() {
        let asks = [("linkerd.io/inject", "enabled")];
        let namespace = |name: &str, asks: &[(&str, &str)], labels: &[(&str, &str)]| {
            let annotations = asks.iter().copied().collect();
            let labels = labels.iter().copied().collect();
            Change::Put(Object::Namespace(Namespace { name: name.into(), labels, annotations }))
        };
        let bare = |namespace: &str, name: &str| pod(namespace, name, &["a"], &[]);
        let pods = [
            bare("loyalty", "bare-1"),
            annotated(bare("loyalty", "declines-1"), &[("linkerd.io/inject", "disabled")]),
            pod("loyalty", "other-1", &["a", "istio-proxy"], &[]),
            pod("loyalty", "has-1", &["a", "linkerd-proxy"], &[]),
            Pod { host_network: true, ..bare("loyalty", "host-1") },
            bare("plain", "plain-1"),
            annotated(bare("plain", "asks-1"), &asks),
            annotated(bare("out", "asks-2"), &asks),
        ];
        let world = World::new().after(pods.map(|pod| Change::Put(Object::Pod(pod)))).after([
            namespace("loyalty", &asks, &[]),
            namespace("plain", &[], &[]),
            namespace("out", &[], &[("config.linkerd.io/admission-webhooks", "disabled")]),
        ]);
        let found: Vec<_> = without_proxy(&world).into_iter().map(|one| (one.family.mesh, one.pod)).collect();
        assert_eq!(found, [("Linkerd", "bare-1".to_owned()), ("Linkerd", "asks-1".to_owned())]);
    }
}

//! Annotations of istioctl and Kiali silence findings on their objects: those that they name, and no others.

#![allow(clippy::unwrap_used, reason = "an unwrap in a test is an assertion")]

use world::{Change, World, yaml};

/// A route with two findings: a host that is not there (IST0101, KIA1101), and a fault (no code of others); the annotation is laid on it.
fn route(annotation: &str) -> World {
    let route = format!(
        "{{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {{name: a, namespace: shop, annotations: {{{annotation}}}}}, spec: {{hosts: [reviews], http: [{{fault: {{abort: {{httpStatus: 500, percentage: {{value: 1}}}}}}, route: [{{destination: {{host: nobody}}}}]}}]}}}}"
    );
    let (objects, problems) =
        yaml::documents(&format!("{}\n---\n{route}", include_str!("../../../../tests/worlds/shop.yaml")), "w");
    assert!(problems.is_empty(), "{problems:?}");
    World::new().after(objects.into_iter().map(Change::Put))
}

#[test]
fn what_is_named_is_put_aside_and_counted() {
    const HOST: &str = "host-not-found";
    const FAULT: &str = "fault-injected";
    for (annotation, heard, silenced) in [
        ("", vec![HOST, FAULT], vec![]),
        ("galley.istio.io/analyze-suppress: 'IST0109,IST0101'", vec![FAULT], vec![HOST]),
        ("galley.istio.io/analyze-suppress: '*'", vec![], vec![HOST, FAULT]),
        ("galley.istio.io/analyze-suppress: ''", vec![HOST, FAULT], vec![]),
        ("kiali.io/ignore-validations: 'KIA1104, KIA1101'", vec![FAULT], vec![HOST]),
        ("kiali.io/ignore-validations: ''", vec![], vec![HOST, FAULT]),
        ("kiali.io/ignore-validations: fault-injected", vec![HOST], vec![FAULT]),
        ("kiali.io/ignore-validations: KIA9999", vec![HOST, FAULT], vec![]),
    ] {
        let found = meshes::engine().check(&route(annotation));
        assert_eq!(found.findings.iter().map(|f| f.rule).collect::<Vec<_>>(), heard, "{annotation}");
        assert_eq!(found.silenced.iter().map(|s| s.finding.rule).collect::<Vec<_>>(), silenced, "{annotation}");
        assert!(found.silenced.iter().all(|s| annotation.starts_with(s.by.split(':').next().unwrap())), "{annotation}");
    }
}

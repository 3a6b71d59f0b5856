//! Every rule over a mesh of a thousand services.

use serde_json::{Value, json};
use world::{Change, Object, Origin, World};

use crate::Failure;
use crate::figure::Figure;

/// A service with its account, workload, pod, route and subsets; every tenth with a policy.
fn objects_of(at: usize) -> Vec<Value> {
    let app = format!("service-{at}");
    let named = |api: &str, kind: &str, name: &str, spec: Value| {
        json!({"apiVersion": api, "kind": kind, "spec": spec,
            "metadata": {"namespace": "shop", "name": name, "labels": {"app": app, "version": "v1"}}})
    };
    let of = |api: &str, kind: &str, spec: Value| named(api, kind, &app, spec);
    let labels = json!({"app": app, "version": "v1"});
    let containers = json!([{"name": "app", "ports": [{"containerPort": 8080}]}, {"name": "istio-proxy"}]);
    let mut all = vec![
        of("v1", "ServiceAccount", Value::Null),
        of(
            "v1",
            "Service",
            json!({"selector": {"app": app}, "clusterIPs": ["10.0.0.1"],
                "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}),
        ),
        of(
            "apps/v1",
            "Deployment",
            json!({"replicas": 1, "template": {"metadata": {"labels": labels}, "spec": {"serviceAccountName": app}}}),
        ),
        named("v1", "Pod", &format!("{app}-x"), json!({"serviceAccountName": app, "containers": containers})),
        of(
            "networking.istio.io/v1",
            "DestinationRule",
            json!({"host": app, "subsets": [{"name": "v1", "labels": {"version": "v1"}}]}),
        ),
        of(
            "networking.istio.io/v1",
            "VirtualService",
            json!({"hosts": [app], "http": [{"route": [{"destination": {"host": app, "subset": "v1"}}]}]}),
        ),
    ];
    if at.is_multiple_of(10) {
        let caller = "cluster.local/ns/shop/sa/service-1";
        all.push(of(
            "security.istio.io/v1",
            "AuthorizationPolicy",
            json!({"selector": {"matchLabels": {"app": app}}, "rules": [{"from": [{"source": {"principals": [caller]}}]}]}),
        ));
    }
    all
}

fn world(services: usize) -> Result<World, Failure> {
    let shop = json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "shop", "labels": {"istio-injection": "enabled"}}});
    let bodies = std::iter::once(shop).chain((0..services).flat_map(objects_of));
    let changes: Vec<Change> =
        bodies.map(|body| Object::read(body, Origin::Cluster).map(Change::Put)).collect::<Result<_, _>>()?;
    Ok(World::new().after(changes))
}

pub fn run() -> Result<Vec<Figure>, Failure> {
    let engine = meshes::engine();
    let world = world(1000)?;
    let found = engine.check(&world);
    let checked = format!("1,000 services checked: {} findings, {} unknown", found.findings.len(), found.unknown.len());
    Ok(vec![
        Figure::timed("1,000 services read and indexed", "", 9, || engine.ready(&world).world().revision()),
        Figure::timed(checked, "goal: 34 ms (5,000 in 170 ms)", 9, || engine.check(&world)),
    ])
}

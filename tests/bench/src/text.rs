//! Reading and editing YAML, as often as a person types.

use bench_engine::figure::Figure;
use serde_json::{Value, json};
use world::yaml::{Edit, edit, read, write};

use crate::Failure;

fn rule(n: usize) -> Value {
    let to =
        |subset: &str, weight: u32| json!({"destination": {"host": "reviews", "subset": subset}, "weight": weight});
    json!({"name": format!("rule-{n}"), "match": [{"headers": {"x-user": {"exact": format!("user-{n}")}}}],
        "route": [to("v1", 80), to("v2", 20)]})
}

fn route(rules: usize) -> String {
    write(&json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": {"name": "reviews", "namespace": "shop"},
        "spec": {"hosts": ["reviews"], "http": (0..rules).map(rule).collect::<Vec<_>>()}}))
}

pub fn run() -> Result<Vec<Figure>, Failure> {
    let (usual, large) = (route(3), route(2000));
    let weight = [Edit::set("/spec/http/1/route/0/weight", 70)];
    edit(&usual, &weight)?;
    let read_large = format!("a route of 2,000 rules read ({} KiB)", large.len() / 1024);
    Ok(vec![
        Figure::timed("a route of 3 rules read", "", 200, || read(&usual)),
        Figure::timed("one weight of it set", "", 200, || edit(&usual, &weight)),
        Figure::timed(read_large, "", 9, || read(&large)),
        Figure::timed("one weight of it set", "", 9, || edit(&large, &weight)),
    ])
}

//! The map of services folded: a node for each namespace, an edge for all calls from one to another.

use std::collections::{BTreeMap, HashMap};

use world::Said;

use super::sum::Sum;
use super::{Edge, Graph, Group, Health, Node, NodeKind, Place, namespace_id};

/// Folds a map of services that has no places yet. What is outside stays as it is; calls within a namespace have no edge.
pub(super) fn by_namespace(graph: Graph) -> Graph {
    let home: HashMap<&str, &str> = graph
        .nodes
        .iter()
        .filter(|node| !node.namespace.is_empty())
        .map(|node| (node.id.as_str(), node.namespace.as_str()))
        .collect();
    let stands_for = |id: &str| home.get(id).map_or_else(|| id.to_owned(), |namespace| namespace_id(namespace));
    let mut sums: BTreeMap<(String, String), (Sum, bool)> = BTreeMap::new();
    for edge in &graph.edges {
        let ends = (stands_for(&edge.from), stands_for(&edge.to));
        if ends.0 != ends.1 {
            let (sum, cut) = sums.entry(ends).or_default();
            sum.add(edge.into());
            *cut |= edge.pending_cut;
        }
    }
    let mut nodes: BTreeMap<String, Node> =
        graph.groups.iter().map(empty).map(|node| (node.id.clone(), node)).collect();
    for node in &graph.nodes {
        match nodes.get_mut(&namespace_id(&node.namespace)) {
            Some(namespace) => take_in(namespace, node),
            None => drop(nodes.insert(node.id.clone(), node.clone())),
        }
    }
    let edges =
        sums.into_iter().map(|((from, to), (sum, pending_cut))| Edge { pending_cut, ..sum.edge(from, to) }).collect();
    Graph { groups: Vec::new(), nodes: nodes.into_values().collect(), edges, ..graph }
}

/// A namespace that nothing was counted in yet.
fn empty(group: &Group) -> Node {
    Node {
        id: namespace_id(&group.namespace),
        kind: NodeKind::Namespace,
        namespace: String::new(),
        name: group.namespace.clone(),
        version: group.mtls.clone(),
        pods: 0,
        ready: 0,
        versions: group.workloads,
        health: Health::Idle,
        because: Said::default(),
        in_mesh: group.in_mesh,
        per_second: group.per_second,
        error_share: 0.0,
        findings: 0,
        pending: false,
        ports: Vec::new(),
        of: None,
        place: Place::default(),
    }
}

/// The worst of its nodes tells how a namespace fares, and which one that is.
fn take_in(namespace: &mut Node, node: &Node) {
    if node.health > namespace.health {
        namespace.health = node.health;
        let why = node.because.clone();
        namespace.because = if why.en.is_empty() { why } else { Said::of(&*node.name, why) };
    }
    // A version is counted with its service.
    if node.of.is_none() {
        namespace.pods += node.pods;
        namespace.ready += node.ready;
    }
    namespace.findings += node.findings;
    namespace.pending |= node.pending;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::{Secured, edge_id, service_id, workload_id};

    fn node(id: String, (namespace, name): (&str, &str), health: Health) -> Node {
        let (id, name, namespace) = (id, name.to_owned(), namespace.to_owned());
        let because = if health > Health::Ok { "no pod is ready".into() } else { Said::default() };
        Node {
            id,
            name,
            namespace,
            health,
            because,
            pods: 2,
            findings: 1,
            kind: NodeKind::Service,
            ..empty(&Group::named(""))
        }
    }

    fn edge(from: &str, to: &str, per_second: f64, error_share: f64, secured: Secured) -> Edge {
        let p50 = (per_second > 1.0).then_some(per_second);
        Edge { per_second, p50, secured, error_share, ..Sum::default().edge(from.to_owned(), to.to_owned()) }
    }

    #[test]
    fn calls_between_namespaces_are_added_up_and_those_within_one_are_left_out() {
        let [web, cart, reviews, v1] = [
            service_id("shop", "web"),
            service_id("shop", "cart"),
            service_id("books", "reviews"),
            workload_id("books", "reviews-v1"),
        ];
        let bank = service_id("", "bank.example");
        let version = Node { of: Some(reviews.clone()), ..node(v1.clone(), ("books", "reviews-v1"), Health::Bad) };
        let graph = Graph {
            groups: ["books", "shop"].map(|name| Group { workloads: 2, ..Group::named(name) }).into(),
            nodes: vec![
                node(web.clone(), ("shop", "web"), Health::Ok),
                node(cart.clone(), ("shop", "cart"), Health::Idle),
                node(reviews.clone(), ("books", "reviews"), Health::Warn),
                version,
                node(bank.clone(), ("", "bank.example"), Health::Unknown),
            ],
            edges: vec![
                edge(&web, &reviews, 3.0, 0.0, Secured::Mtls),
                edge(&cart, &reviews, 1.0, 1.0, Secured::Plaintext),
                edge(&web, &cart, 9.0, 0.0, Secured::Mtls),
                edge(&reviews, &v1, 4.0, 0.25, Secured::Mtls),
                Edge { pending_cut: true, ..edge(&cart, &bank, 1.0, 0.0, Secured::Tls) },
            ],
            ..Graph::default()
        };

        let folded = by_namespace(graph);

        let said: Vec<_> = folded
            .nodes
            .iter()
            .map(|n| (n.id.as_str(), n.health, n.because.en.as_str(), n.pods, n.findings, n.versions))
            .collect();
        assert_eq!(
            said,
            [
                ("external:bank.example", Health::Unknown, "", 2, 1, 0),
                ("namespace:books", Health::Bad, "reviews-v1: no pod is ready", 2, 2, 2),
                ("namespace:shop", Health::Ok, "", 4, 2, 2),
            ]
        );
        let said: Vec<_> = folded
            .edges
            .iter()
            .map(|e| (e.id.clone(), e.per_second, e.error_share, e.p50, e.secured, e.pending_cut))
            .collect();
        let (shop, books) = (namespace_id("shop"), namespace_id("books"));
        assert_eq!(
            said,
            [
                (edge_id(&shop, &bank), 1.0, 0.0, None, Secured::Tls, true),
                (edge_id(&shop, &books), 4.0, 0.25, Some(3.0), Secured::Mixed, false),
            ]
        );
        assert!(folded.groups.is_empty());
    }
}

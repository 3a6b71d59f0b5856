//! Places are judged by what the eye needs: nothing overlaps, boxes hold their own, few lines cross, nothing jumps.

use proptest::prelude::{Strategy, proptest};

use super::{Edge, Input, Node, Placed, Rect, layout};

/// Nodes as `box/name`, edges as `from > to`; a name with a dot is a version of what stands before the dot.
fn read(text: &str) -> Input {
    let mut input = Input::default();
    let node = |input: &mut Input, word: &str| -> usize {
        let word = word.trim();
        if let Some(at) = input.nodes.iter().position(|node| node.id == word) {
            return at;
        }
        let (group, name) = word.split_once('/').unwrap_or(("", word));
        let at = input.groups.iter().position(|known| known == group);
        let group = match (group, at) {
            ("", _) => usize::MAX,
            (_, Some(at)) => at,
            (_, None) => {
                input.groups.push(group.to_owned());
                input.groups.len() - 1
            }
        };
        let of = word.split_once('.').and_then(|(of, _)| input.nodes.iter().position(|node| node.id == of));
        input.nodes.push(Node {
            id: word.to_owned(),
            group,
            of,
            w: if name.contains('.') { 150.0 } else { 132.0 },
            h: 40.0,
        });
        input.nodes.len() - 1
    };
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let ends: Vec<usize> = line.split('>').map(|word| node(&mut input, word)).collect();
        input.edges.extend(ends.windows(2).map(|pair| Edge { from: pair[0], to: pair[1] }));
    }
    input
}

const SHOP: &str = "
istio-ingress/gateway > shop/productpage
shop/productpage > shop/reviews
shop/productpage > shop/details
shop/reviews > shop/reviews.v1
shop/reviews > shop/reviews.v2
shop/reviews > shop/reviews.v3
shop/reviews.v2 > shop/ratings
shop/reviews.v3 > shop/ratings
shop/details > shop/catalog-db
legacy/batch > shop/ratings
legacy/batch > legacy/ratings
";

/// Lines of the drawing that cross, by their sampled shapes; lines that share an end do not count.
fn crossings(input: &Input, placed: &Placed) -> usize {
    let lines: Vec<Vec<(f64, f64)>> = placed.edges.iter().map(|points| sample(points)).collect();
    let mut count = 0;
    for (at, one) in lines.iter().enumerate() {
        for (other, two) in lines.iter().enumerate().skip(at + 1) {
            let (first, second) = (input.edges[at], input.edges[other]);
            let shared = first.from == second.from || first.to == second.to;
            count += usize::from(!shared && meet(one, two));
        }
    }
    count
}

fn sample(points: &[f64]) -> Vec<(f64, f64)> {
    let mut line = vec![(points[0], points[1])];
    for cubic in points[2..].chunks_exact(6) {
        let (x, y) = line[line.len() - 1];
        for step in 1..=8 {
            let (t, u) = (f64::from(step) / 8.0, 1.0 - f64::from(step) / 8.0);
            let mix = |a: f64, b: f64, c: f64, d: f64| {
                u * u * u * a + 3.0 * u * u * t * b + 3.0 * u * t * t * c + t * t * t * d
            };
            line.push((mix(x, cubic[0], cubic[2], cubic[4]), mix(y, cubic[1], cubic[3], cubic[5])));
        }
    }
    line
}

fn meet(one: &[(f64, f64)], two: &[(f64, f64)]) -> bool {
    let side = |a: (f64, f64), b: (f64, f64), p: (f64, f64)| (b.0 - a.0) * (p.1 - a.1) - (b.1 - a.1) * (p.0 - a.0);
    one.windows(2).any(|a| {
        two.windows(2).any(|b| {
            side(a[0], a[1], b[0]) * side(a[0], a[1], b[1]) < 0.0
                && side(b[0], b[1], a[0]) * side(b[0], b[1], a[1]) < 0.0
        })
    })
}

/// What must hold of any placement.
fn sound(input: &Input, placed: &Placed) -> Result<(), String> {
    let whole = Rect { x: 0.0, y: -1.0, w: placed.width, h: placed.height + 2.0 };
    for (at, rect) in placed.nodes.iter().enumerate() {
        if !whole.holds(rect) {
            return Err(format!("node {at} {rect:?} leaves the picture {whole:?}"));
        }
        if let Some(frame) = placed.groups.get(input.nodes[at].group).filter(|frame| !frame.holds(rect)) {
            return Err(format!("node {at} {rect:?} leaves its box {frame:?}"));
        }
        for (other, second) in placed.nodes.iter().enumerate().skip(at + 1) {
            if !rect.clear_of(second) {
                return Err(format!("nodes {at} {rect:?} and {other} {second:?} overlap"));
            }
        }
        for (group, frame) in placed.groups.iter().enumerate() {
            if group != input.nodes[at].group && frame.w > 0.0 && !rect.clear_of(frame) {
                return Err(format!("node {at} {rect:?} lies in the box {group} {frame:?}"));
            }
        }
    }
    for (at, frame) in placed.groups.iter().enumerate() {
        for other in placed.groups.iter().skip(at + 1) {
            if frame.w > 0.0 && other.w > 0.0 && !frame.clear_of(other) {
                return Err(format!("boxes {frame:?} and {other:?} overlap"));
            }
        }
    }
    for (at, (edge, points)) in input.edges.iter().zip(&placed.edges).enumerate() {
        let exists = edge.from < input.nodes.len() && edge.to < input.nodes.len();
        if exists != (points.len() >= 8) || points.iter().any(|value| !value.is_finite()) {
            return Err(format!("edge {at} has {points:?}"));
        }
        if exists && (points.len() - 2) % 6 != 0 {
            return Err(format!("edge {at} is not made of cubic segments"));
        }
        if exists && edge.from != edge.to {
            let (from, to) = (&placed.nodes[edge.from], &placed.nodes[edge.to]);
            let touches = |rect: &Rect, x: f64, y: f64| {
                ((x - rect.x).abs() < 1e-6 || (x - rect.x - rect.w).abs() < 1e-6) && y > rect.y && y < rect.y + rect.h
            };
            let end = &points[points.len() - 2..];
            if !touches(from, points[0], points[1]) || !touches(to, end[0], end[1]) {
                return Err(format!("edge {at} {points:?} does not join {from:?} and {to:?}"));
            }
        }
    }
    Ok(())
}

/// No edge runs over a node that it does not join.
fn unobstructed(input: &Input, placed: &Placed) -> Result<(), String> {
    for (edge, points) in input.edges.iter().zip(&placed.edges).filter(|(_, points)| !points.is_empty()) {
        for (x, y) in sample(points) {
            for (at, rect) in placed.nodes.iter().enumerate() {
                let covers = rect.x + 1.0 < x && x < rect.x + rect.w - 1.0 && rect.y < y && y < rect.y + rect.h;
                if covers && at != edge.from && at != edge.to {
                    return Err(format!("{edge:?} runs over {}", input.nodes[at].id));
                }
            }
        }
    }
    Ok(())
}

fn graphs() -> impl Strategy<Value = Input> {
    let node = (0_usize..6, 20.0_f64..180.0, 20.0_f64..60.0, proptest::option::weighted(0.2, 0_usize..30));
    let nodes = proptest::collection::vec(node, 0..40);
    let edges = proptest::collection::vec((0_usize..42, 0_usize..42), 0..90);
    (nodes, edges, 0_usize..6, 0.0_f64..4.0).prop_map(|(nodes, edges, groups, aspect)| Input {
        groups: (0..groups).map(|group| format!("g{group}")).collect(),
        nodes: nodes
            .into_iter()
            .enumerate()
            .map(|(at, (group, w, h, of))| Node { id: format!("n{at}"), group, of, w, h })
            .collect(),
        edges: edges.into_iter().map(|(from, to)| Edge { from, to }).collect(),
        aspect,
    })
}

proptest! {
    #[test]
    fn any_graph_is_placed_soundly_and_the_same_each_time(input in graphs()) {
        let placed = layout(&input, None);
        sound(&input, &placed).unwrap();
        unobstructed(&input, &placed).unwrap();
        assert_eq!(placed, layout(&input, None));
    }

    #[test]
    fn any_graph_after_any_other_is_placed_soundly(first in graphs(), second in graphs()) {
        let placed = layout(&second, Some(&layout(&first, None)));
        sound(&second, &placed).unwrap();
    }

    #[test]
    fn a_changed_graph_is_placed_soundly(input in graphs(), from in 0_usize..40, to in 0_usize..40, drop in 0_usize..90) {
        let before = layout(&input, None);
        let mut after = input.clone();
        after.edges.push(Edge { from, to });
        if drop < after.edges.len() {
            after.edges.remove(drop);
        }
        after.nodes.push(Node { id: "new".to_owned(), group: from % 6, of: None, w: 100.0, h: 40.0 });
        let placed = layout(&after, Some(&before));
        sound(&after, &placed).unwrap();
        unobstructed(&after, &placed).unwrap();
    }
}

#[test]
fn nothing_has_no_size() {
    let placed = layout(&Input::default(), None);
    assert_eq!((placed.width, placed.height, placed.nodes.len()), (0.0, 0.0, 0));
}

#[test]
fn calls_flow_from_left_to_right() {
    let input = read(SHOP);
    let placed = layout(&input, None);
    for edge in &input.edges {
        assert!(placed.nodes[edge.from].x + placed.nodes[edge.from].w < placed.nodes[edge.to].x, "{edge:?}");
    }
}

#[test]
fn versions_stand_one_under_another() {
    let input = read(SHOP);
    let placed = layout(&input, None);
    let versions: Vec<Rect> =
        (0..input.nodes.len()).filter(|at| input.nodes[*at].of.is_some()).map(|at| placed.nodes[at]).collect();
    assert_eq!(versions.len(), 3);
    let mut tops: Vec<f64> = versions.iter().map(|rect| rect.y).collect();
    tops.sort_by(f64::total_cmp);
    assert!(versions.iter().all(|rect| rect.x == versions[0].x));
    assert!(tops.windows(2).all(|pair| pair[1] - pair[0] < 70.0), "{tops:?}");
}

#[test]
fn few_lines_cross() {
    // The crossings that a careful hand needs.
    let cases = [
        ("shop", SHOP, 0),
        ("tree", "a/1 > a/2\na/1 > a/3\na/2 > a/4\na/2 > a/5\na/3 > a/6\na/3 > a/7", 0),
        ("twisted ladder", "a/1 > b/6\na/2 > b/5\na/3 > b/4", 0),
        (
            "cube",
            "a/0>a/1\na/0>a/2\na/0>a/4\na/1>a/3\na/1>a/5\na/2>a/3\na/2>a/6\na/4>a/5\na/4>a/6\na/3>a/7\na/5>a/7\na/6>a/7",
            2,
        ),
        ("K3,3", "a/1>a/4\na/1>a/5\na/1>a/6\na/2>a/4\na/2>a/5\na/2>a/6\na/3>a/4\na/3>a/5\na/3>a/6", 9),
        ("cycle", "a/1 > a/2 > a/3 > a/4 > a/1", 0),
    ];
    for (name, text, most) in cases {
        let input = read(text);
        let count = crossings(&input, &layout(&input, None));
        assert!(count <= most, "{name}: {count} crossings, {most} would do");
    }
}

#[test]
fn nodes_stay_where_they_were_when_one_edge_comes() {
    let mut input = read(SHOP);
    let before = layout(&input, None);
    let at = |name: &str| input.nodes.iter().position(|node| node.id == name).unwrap();
    let edge = Edge { from: at("shop/productpage"), to: at("shop/ratings") };
    input.edges.push(edge);
    let after = layout(&input, Some(&before));
    assert_eq!(before.nodes, after.nodes);
    assert_eq!(before.groups, after.groups);
    unobstructed(&input, &after).unwrap();
}

#[test]
fn a_further_node_finds_a_hole() {
    let mut input = read(SHOP);
    let before = layout(&input, None);
    input.nodes.push(Node { id: "shop/new".to_owned(), group: 1, of: None, w: 132.0, h: 40.0 });
    let after = layout(&input, Some(&before));
    assert_eq!(before.nodes, after.nodes[..before.nodes.len()]);
    sound(&input, &after).unwrap();
}

#[test]
fn a_wide_window_is_used() {
    // Forty namespaces that do not call one another would make one thin tower.
    let text: String = (0..40).map(|at| format!("n{at}/a > n{at}/b\n")).collect();
    let placed = layout(&read(&text), None);
    let shape = placed.width / placed.height;
    assert!((0.9..2.6).contains(&shape), "{} by {}", placed.width, placed.height);
}

#[test]
fn boxes_that_call_one_another_to_and_fro_do_not_make_a_tower() {
    let text: String = (0..12)
        .flat_map(|at| {
            (0..30).map(move |node| {
                let (from, to) = (node / 3, node + 1);
                let far = (at * 7 + node * 5) % 12;
                let across = if node % 10 == 9 { format!("n{at}/{to} > n{far}/{from}\n") } else { String::new() };
                format!("n{at}/{from} > n{at}/{to}\n{across}")
            })
        })
        .collect();
    let input = read(&text);
    let placed = layout(&input, None);
    let shape = placed.width / placed.height;
    assert!((0.8..3.0).contains(&shape), "{} by {}", placed.width, placed.height);
    sound(&input, &placed).unwrap();
    unobstructed(&input, &placed).unwrap();
}

/// Five namespaces of a shop, of which three have little or no traffic.
const DEMO: &str = "
dev/tester > dev/checkout
dev/tester > dev/storefront
dev/storefront > dev/catalog
dev/storefront > dev/reviews
dev/storefront > prod/users
dev/reviews > dev/reviews.v1
dev/reviews > dev/reviews.v2
dev/payments
gallery/album > gallery/images
gallery/album > gallery/thumbs
gallery/album > prod/catalog
gallery/waypoint
prod/orders > legacy/erp
legacy/batch
loyalty/tiers
loyalty/importer
loyalty/points
loyalty/portal
loyalty/rewards
prod/shoppers > prod/checkout
prod/shoppers > prod/storefront
prod/checkout > prod/users
prod/checkout > prod/orders
prod/checkout > prod/payments
prod/checkout > prod/cart
prod/storefront > prod/users
prod/storefront > prod/cart
prod/storefront > prod/reviews
prod/storefront > prod/recommendations
prod/storefront > prod/catalog
prod/storefront > loyalty/tiers
prod/orders > prod/email
prod/orders > prod/inventory
prod/reviews > prod/reviews.v1
prod/reviews > prod/reviews.v2
prod/reviews > prod/reviews.v3
prod/reviews.v2 > prod/ratings
prod/recommendations > prod/catalog
prod/catalog > prod/catalog.v1
prod/catalog > prod/catalog.v2
prod/catalog.v1 > prod/inventory
prod/catalog.v2 > prod/inventory
/outside > prod/catalog
/outside > prod/inventory
staging/batch
staging/cart
staging/catalog
staging/email
staging/search-v1
staging/ratings
staging/users
staging/orders-v1
staging/recommendations
";

#[test]
fn namespaces_without_calls_fill_the_ground_that_is_left() {
    let mut input = read(DEMO);
    for node in &mut input.nodes {
        (node.w, node.h) = (168.0, 44.0);
    }
    let placed = layout(&input, None);
    // As large as it can be in the window of a usual screen.
    let scale = (1195.0 / placed.width).min(700.0 / placed.height);
    sound(&input, &placed).unwrap();
    unobstructed(&input, &placed).unwrap();
    assert!(scale > 0.65, "{scale}: {} by {}", placed.width, placed.height);
}

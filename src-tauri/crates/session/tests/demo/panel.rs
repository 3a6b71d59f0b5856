//! The panel of a node says what the map says of it, though it is made without the map.

use std::sync::Arc;

use demo::Demo;
use session::Session;
use session::map::{Graph, Level, Node, Place};

use crate::bench::{LIMIT, bench};

const WINDOW: u32 = 60;

/// A node as the panel has it, beside the map of the same moment.
async fn beside(session: &Session, level: Level, id: &str) -> (Option<Node>, Arc<Graph>) {
    loop {
        let before = session.graph(level, &[], WINDOW).await.unwrap();
        let node = session.node(id, WINDOW).await.ok().map(|detail| detail.node);
        let after = session.graph(level, &[], WINDOW).await.unwrap();
        // Traffic is counted all the time: both are of one moment where nothing was counted in between.
        if Arc::ptr_eq(&before, &after) {
            return (node, after);
        }
    }
}

async fn agree(session: &Session) {
    let maps = [(Level::Services, ""), (Level::Workloads, "workload:")];
    for (level, sort) in maps {
        let all = session.graph(level, &[], WINDOW).await.unwrap();
        let ids = all.nodes.iter().map(|node| node.id.clone());
        // A workload that is shown as its service stands on the map of workloads alone, which its panel is of.
        let ids: Vec<String> = ids
            .filter(|id| id.starts_with(sort) && (level == Level::Workloads || !id.starts_with("workload:")))
            .collect();
        assert!(ids.len() > 10, "{ids:?}");
        for id in
            ids.iter().map(String::as_str).chain(["service:prod/nobody", "workload:prod/nobody", "external:nobody"])
        {
            let (node, map) = beside(session, level, id).await;
            let drawn = map.nodes.iter().find(|node| node.id == id).cloned();
            let drawn = drawn.map(|node| Node { place: Place::default(), ..node });
            assert_eq!(node, drawn, "{id}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panel_agrees_with_the_map() {
    let bench = bench(Demo::client).await;
    let mut traffic = bench.session.traffic();
    let measured = |t: &Arc<session::traffic::Traffic>| t.edges(60.0).len() > 5;
    tokio::time::timeout(LIMIT, traffic.wait_for(measured)).await.expect("traffic is measured").unwrap();
    agree(&bench.session).await;
    bench.move_weight(50).await;
    agree(&bench.session).await;
    let (node, _) = beside(&bench.session, Level::Services, "service:prod/reviews").await;
    assert!(node.unwrap().pending, "the tray moves its requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_are_those_who_were_seen_and_those_who_are_refused() {
    let bench = bench(Demo::client).await;
    let mut traffic = bench.session.traffic();
    let measured = |t: &Arc<session::traffic::Traffic>| t.edges(60.0).iter().any(|e| e.host.starts_with("reviews"));
    tokio::time::timeout(LIMIT, traffic.wait_for(measured)).await.expect("traffic is measured").unwrap();
    let callers = bench.session.callers("service:prod/reviews", WINDOW).await.unwrap();
    let storefront = callers.iter().find(|row| row.calling.workload.starts_with("storefront")).expect("who was seen");
    assert!(storefront.calling.allowed && storefront.calling.per_second > 0.0, "{storefront:?}");
    assert!(
        callers.iter().all(|row| row.calling.per_second > 0.0 || !row.calling.allowed),
        "of the others those who are refused: {callers:#?}"
    );
    // The panel asks what the matrix asks, and says the same.
    let payments = bench.session.callers("service:prod/payments", WINDOW).await.unwrap();
    let matrix = bench.session.matrix(&["prod".into()], false).await.unwrap();
    let column = matrix.columns.iter().position(|column| column.service == "payments").unwrap();
    let checkout = payments.iter().find(|row| row.calling.workload == "checkout-v1").expect("checkout pays");
    let row = matrix.rows.iter().position(|row| row.1 == "checkout-v1").unwrap();
    let place = &matrix.cells[row * matrix.columns.len() + column];
    assert!(checkout.is_some(), "POST alone gets through: {checkout:#?}");
    assert_eq!((&checkout.requests, checkout.outcome), (&place.requests, place.outcome));
    assert!(bench.session.callers("nonsense", WINDOW).await.is_err());
}

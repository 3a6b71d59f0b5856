//! The proxies of the demo: each of its ill ones says what ails it; one is opened, searched, told to say more, and told to be quiet again.

use std::collections::BTreeSet;

use demo::Demo;
use session::cost::Sort as Asked;
use session::live::Link;
use session::map::Health;
use session::prometheus::Uses;
use session::proxies::access::{Direction, Entry, Following, Only, Shown, What};
use session::proxies::compare::{Kind, Standing};
use session::proxies::detail::Sort;
use session::proxies::{Fleet, Proxy, Sync};
use session::resources::{Scope, Sizes};
use session::{DEMO, Profile, Workbench};

use crate::bench::{Bench, LIMIT, bench, owners};

async fn looked(bench: &Bench) -> Fleet {
    bench.session.fleet_now().await
}

fn of<'a>(fleet: &'a Fleet, namespace: &str, workload: &str) -> &'a Proxy {
    fleet.all().find(|p| p.namespace == namespace && p.workload == workload).expect("is in the demo")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_ill_proxy_says_what_ails_it() {
    let bench = bench(Demo::client).await;
    let fleet = looked(&bench).await;
    for (namespace, workload, code, health) in [
        ("prod", "email-v1", "rejected", Health::Bad),
        ("prod", "users-v1", "behind", Health::Warn),
        ("prod", "inventory-v1", "knows-too-much", Health::Warn),
        ("prod", "recommendations-v1", "cpu-throttled", Health::Warn),
        ("dev", "storefront-v2", "version-skew", Health::Warn),
        ("dev", "catalog-v2", "killed-for-memory", Health::Warn),
        ("dev", "reviews-v1", "certificate-ends-soon", Health::Warn),
        ("dev", "reviews-v2", "not-connected", Health::Bad),
        ("dev", "payments-v1", "root-differs", Health::Bad),
        ("staging", "catalog-v1", "not-ready", Health::Bad),
        ("staging", "cart-v1", "certificate-ended", Health::Bad),
        ("staging", "users-v1", "memory-near-limit", Health::Warn),
        ("staging", "ratings-v1", "memory-reserved", Health::Warn),
        ("staging", "email-v1", "dead-pod", Health::Bad),
        ("staging", "batch-v1", "no-proxy", Health::Warn),
    ] {
        let proxy = of(&fleet, namespace, workload);
        let codes: Vec<_> = proxy.ills.iter().map(|ill| ill.diagnosis.code).collect();
        assert_eq!((codes.first().copied(), proxy.health), (Some(code), health), "{workload}: {codes:?}");
        assert!(!proxy.diagnosis.en.is_empty() && !proxy.ills[0].evidence.is_empty());
    }
    let refused = of(&fleet, "prod", "email-v1");
    let object = refused.ills[0].object.as_ref().expect("the object that broke it");
    assert_eq!((object.kind.as_str(), object.name.as_str()), ("EnvoyFilter", "email-stamp"));
    assert!(refused.nack.starts_with("virtualInbound: Didn't find"), "{}", refused.nack);
    let well = of(&fleet, "prod", "cart-v1");
    assert_eq!((well.health, well.sync, well.ills.len()), (Health::Ok, Sync::Synced, 0), "{well:#?}");
    assert!(well.connected_at.is_some() && well.size.is_some_and(|size| size.clusters > 10 && size.bytes > 10_000.0));
    let certificate = well.certificate.as_ref().expect("a certificate");
    assert_eq!(certificate.root_matches, Some(true));
    assert!(certificate.issuer.contains("cluster.local"), "{certificate:?}");
}

/// Each proxy is behind for the moment that it takes to answer, and the fleet is looked at in that moment too.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_makes_nobody_ill_while_it_is_taken_up() {
    let bench = bench(Demo::client).await;
    let mut fleet = bench.session.fleet();
    let known = |fleet: &std::sync::Arc<Fleet>| {
        fleet
            .proxies
            .iter()
            .any(|p| p.workload == "users-v1" && p.ills.iter().any(|ill| ill.diagnosis.code == "behind"))
    };
    tokio::time::timeout(LIMIT, fleet.wait_for(known)).await.expect("who was behind before is ill").unwrap();
    let mut seen_behind = async || {
        let mut was_seen_behind = false;
        loop {
            fleet.changed().await.unwrap();
            let now = fleet.borrow_and_update().clone();
            let cart = of(&now, "prod", "cart-v1");
            assert!(cart.ills.is_empty(), "{:?}", cart.diagnosis);
            match cart.sync {
                Sync::Synced if was_seen_behind => return,
                Sync::Synced => {}
                _ => was_seen_behind = true,
            }
        }
    };
    // It answers within a second or two: a busy machine may look too late.
    for weight in [80, 70, 60, 50, 40, 30] {
        bench.move_weight(weight).await;
        let plan = bench.review().await;
        bench.session.apply(&plan.token, "", &owners(&plan)).await.unwrap();
        if tokio::time::timeout(LIMIT / 6, seen_behind()).await.is_ok() {
            return;
        }
    }
    panic!("it was never seen behind, and then in step");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_ask_is_told_so() {
    let bench = bench(Demo::viewer).await;
    let fleet = looked(&bench).await;
    let none = |proxy: &Proxy| if proxy.mesh == "Istio" { Sync::Unknown } else { Sync::NoXds };
    assert!(fleet.proxies.iter().all(|proxy| proxy.sync == none(proxy) && proxy.health != Health::Ok));
    let told = |what: &str| fleet.unknown.iter().any(|unknown| unknown.about.en.contains(what));
    assert!(told("complains of in its pushes"), "{:?}", fleet.unknown);
    let email = of(&fleet, "prod", "email-v1");
    assert_eq!(email.ills[0].diagnosis.code, "right-missing");
    assert!(email.unknown.iter().any(|unknown| unknown.because.en.contains("pods/portforward")), "{:?}", email.unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn proxies_of_linkerd_are_rows_with_what_can_be_known_of_them() {
    let (admin, viewer) = (bench(Demo::client).await, bench(Demo::viewer).await);
    let fleet = looked(&admin).await;
    let ours: Vec<_> = fleet.proxies.iter().filter(|proxy| proxy.mesh == "Linkerd").collect();
    assert!(ours.len() > 6 && ours.iter().any(|proxy| proxy.namespace == "linkerd"), "{}", ours.len());
    for proxy in &ours {
        assert_eq!((proxy.role.as_str(), proxy.sync, proxy.version.as_str()), ("sidecar", Sync::NoXds, "edge-26.8.3"));
        assert!(proxy.types.is_empty() && proxy.control_plane.is_empty() && proxy.size.is_none(), "{proxy:#?}");
        assert_eq!((proxy.cpu.request, proxy.cpu.limit), (Some(20.0), Some(1000.0)));
        assert!(proxy.memory.usage.is_some() && proxy.ready, "{proxy:#?}");
    }
    let points = of(&fleet, "loyalty", "points-v1");
    let certificate = points.certificate.as_ref().expect("it counts until when it lasts");
    assert!(certificate.ends_at - certificate.begins_at == 86_400_000.0, "{certificate:?}");
    assert_eq!(certificate.spiffe, "points.loyalty.serviceaccount.identity.linkerd.cluster.local");
    assert_eq!((points.health, points.ills.len()), (Health::Ok, 0), "{points:#?}");

    let unasked = looked(&viewer).await;
    let points = of(&unasked, "loyalty", "points-v1");
    assert_eq!((points.health, points.ills[0].diagnosis.code), (Health::Unknown, "right-missing"));
    assert!(points.ills[0].evidence[0].en.contains("get pods/proxy"), "{:?}", points.ills);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_is_counted_with_its_bytes_and_its_time() {
    let bench = bench(Demo::client).await;
    looked(&bench).await;
    let cost = bench.session.cost();
    let of = |sort: Asked| cost.minute.iter().find(|(of, _)| *of == sort).map(|(_, tally)| *tally).unwrap_or_default();
    for sort in [Asked::Watch, Asked::Api, Asked::Usage, Asked::Counters, Asked::Configuration, Asked::ControlPlane] {
        assert!(of(sort).asked > 0 && of(sort).bytes > 0, "{sort:?}: {:?}", cost.minute);
    }
    assert!(of(Asked::Configuration).bytes > 100_000 && of(Asked::Configuration).waited > std::time::Duration::ZERO);
    assert_eq!(of(Asked::Watch).waited, std::time::Duration::ZERO, "what is followed is waited for all the time");
    let sum: u64 = cost.minute.iter().map(|(_, tally)| tally.asked).sum();
    assert!(sum > 50 && cost.whole.asked >= sum, "{cost:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_part_leads_to_what_made_it() {
    let bench = bench(Demo::client).await;
    let fleet = looked(&bench).await;
    let pod = of(&fleet, "prod", "storefront-v1").pod.clone();
    let session = &bench.session;
    let lines = async |sort| session.proxy_lines("prod", &pod, sort).await.unwrap();
    let routes = lines(Sort::Routes).await;
    let reviews = routes.iter().find(|line| line.cells[1].contains("reviews.prod")).expect("a route of reviews");
    assert!(reviews.from.iter().any(|object| object.kind == "VirtualService"), "{reviews:?}");
    let clusters = lines(Sort::Clusters).await;
    let v1 = clusters.iter().find(|line| line.name.starts_with("outbound|9080|v1|reviews.prod")).expect("a subset");
    let kinds: Vec<_> = v1.from.iter().map(|object| object.kind.as_str()).collect();
    assert_eq!((kinds, v1.cells[1].as_str()), (vec!["DestinationRule", "Service"], "1/1"));
    let endpoints = lines(Sort::Endpoints).await;
    let one = endpoints.iter().find(|line| line.state == "healthy" && line.cells[0].contains(":9080")).unwrap();
    assert!(
        one.from.iter().any(|of| of.kind == "Service" && one.name.contains(&format!("{}.{}", of.name, of.namespace))),
        "{one:?}"
    );
    let secrets = lines(Sort::Secrets).await;
    let own = secrets.iter().find(|line| line.cells[0].contains("spiffe://cluster.local/ns/prod")).unwrap();
    assert!(own.from.iter().any(|of| of.kind == "ServiceAccount" && of.namespace == "prod"), "{own:?}");
    let text = session.proxy_text("prod", &pod, Sort::Clusters, v1.at).await.unwrap();
    assert!(text.contains("\"outbound|9080|v1|reviews.prod.svc.cluster.local\""), "{text}");
    let bootstrap = session.proxy_text("prod", &pod, Sort::Bootstrap, 0).await.unwrap();
    assert!(bootstrap.contains("\"ISTIO_VERSION\": \"1.28.1\""), "{bootstrap}");
    let hits = session.proxy_search("prod", &pod, "DESTINATION-RULE").await.unwrap().hits;
    assert!(!hits.is_empty() && hits.iter().all(|hit| hit.sort == Sort::Clusters), "{hits:?}");
    let bundle = session.proxy_bundle("prod", &pod).await.unwrap();
    assert!(bundle.contains("certificate_chain") && !bundle.contains("W3JlZGFjdGVkXQ=="), "keys are not in it");
    assert!(session.proxy_text("prod", &pod, Sort::Clusters, 1_000_000).await.is_err());

    let email = of(&fleet, "prod", "email-v1").pod.clone();
    let listeners = session.proxy_lines("prod", &email, Sort::Listeners).await.unwrap();
    let refused = listeners.iter().find(|line| line.state == "refused").expect("the refused listener");
    assert_eq!((refused.name.as_str(), refused.from[0].name.as_str()), ("virtualInbound", "email-stamp"));
    assert!(refused.error.contains("header_stamp"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_level_lasts_until_it_is_put_back() {
    let bench = bench(Demo::client).await;
    let fleet = looked(&bench).await;
    let pod = of(&fleet, "prod", "cart-v1").pod.clone();
    let session = &bench.session;
    let level = |all: &[session::proxies::levels::Logger]| {
        let rbac = all.iter().find(|logger| logger.name == "rbac").unwrap();
        (rbac.level.clone(), rbac.before.clone())
    };
    let pair = |level: &str, before: &str| (level.to_owned(), before.to_owned());
    assert_eq!(level(&session.proxy_loggers("prod", &pod).await.unwrap()), pair("warning", ""));
    assert_eq!(level(&session.proxy_log("prod", &pod, "rbac", "debug").await.unwrap()), pair("debug", "warning"));
    assert_eq!(level(&session.proxy_log("prod", &pod, "rbac", "trace").await.unwrap()), pair("trace", "warning"));
    for (logger, to) in [("rbac", "loud"), ("nothing", "info"), ("rbac&level=off", "info")] {
        assert!(session.proxy_log("prod", &pod, logger, to).await.is_err(), "{logger}:{to}");
    }
    session.proxy_log_restore("prod", &pod).await.unwrap();
    assert_eq!(level(&session.proxy_loggers("prod", &pod).await.unwrap()), pair("warning", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn log_levels_are_put_back_before_the_program_ends() {
    let folder = tempfile::tempdir().unwrap();
    let workbench = Workbench::open(Profile::in_folder(folder.path())).unwrap();
    let session = workbench.open_session(DEMO).await.unwrap();
    let mut live = session.live();
    tokio::time::timeout(LIMIT, live.wait_for(|live| live.link == Link::Live)).await.unwrap().unwrap();
    let world = session.world();
    let pod = world.pods_in("prod").find(|pod| pod.workload.1 == "cart-v1").unwrap().name.clone();
    let rbac =
        |all: Vec<session::proxies::levels::Logger>| all.into_iter().find(|one| one.name == "rbac").unwrap().level;
    assert_eq!(rbac(session.proxy_log("prod", &pod, "rbac", "trace").await.unwrap()), "trace");
    workbench.leave().await;
    assert_eq!(rbac(session.proxy_loggers("prod", &pod).await.unwrap()), "warning");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_mesh_costs_is_told_and_its_sizes_wait_in_the_tray() {
    let bench = bench(Demo::client).await;
    let (_, cost) = bench.session.cost_now(false, &Uses::new()).await;
    let cart = cost.rows.iter().find(|row| row.namespace == "prod" && row.workload == "cart-v1").unwrap();
    assert!(cart.used.cpu.is_some_and(|cpu| cpu > 1.0) && cart.app.memory.is_some_and(|bytes| bytes > 1e6), "{cart:?}");
    assert_eq!((cart.requested.cpu, cart.limited.cpu), (Some(100.0), Some(2000.0)));
    let workloads: BTreeSet<_> = cost.rows.iter().map(|row| (&row.namespace, &row.workload)).collect();
    assert_eq!(workloads.len(), cost.rows.len());
    assert!(bench.session.advise("prod", "cart-v1").await.is_err(), "a minute tells nothing yet");

    let to = Sizes { cpu_request: 15.0, cpu_limit: 100.0, memory_request: 5e7, memory_limit: 2e8 };
    bench.session.put_sizes("prod", "cart-v1", &to).await.unwrap();
    let item = bench.session.tray().borrow().items()[0].clone();
    assert_eq!((item.key.kind.as_str(), item.fields_changed() > 0), ("Deployment", true), "{}", item.yaml);
    assert!(!item.outdated(&bench.session.world()));
    let plan = tokio::time::timeout(LIMIT, bench.session.review()).await.unwrap().unwrap();
    assert_eq!(plan.because.en, "");
    let (old, new) = plan.steps[0].texts();
    assert!(!old.contains("proxyCPU") && new.contains("sidecar.istio.io/proxyCPU: 15m"), "{new}");
}

/// What is known of the namespace `dev` once its calls were counted for long enough.
async fn counted_enough(bench: &Bench) -> Scope {
    let mut traffic = bench.session.traffic();
    bench.session.keep_past(bench.folder.path(), std::time::Duration::from_millis(20));
    // Not by `wait_for`: it holds the watch that `scope` reads while it asks.
    let seen = async {
        while !bench.session.scope("dev").measured {
            traffic.changed().await.unwrap();
        }
    };
    tokio::time::timeout(LIMIT, seen).await.expect("ten moments are kept");
    bench.session.scope("dev")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sidecar_names_what_a_namespace_was_seen_to_call() {
    let bench = bench(Demo::client).await;
    let mut traffic = bench.session.traffic();
    let measured = |t: &std::sync::Arc<session::traffic::Traffic>| {
        t.edges(900.0)
            .iter()
            .any(|e| e.host.starts_with("users.prod") && e.from.as_ref().is_some_and(|from| from.namespace == "dev"))
    };
    tokio::time::timeout(LIMIT, traffic.wait_for(measured)).await.expect("traffic is measured").unwrap();
    // Ten minutes are as many moments of the past.
    let early = bench.session.scope("dev");
    assert!(!early.measured && early.counted < 600.0, "{early:?}");
    let refused = bench.session.put_scope("dev").await.unwrap_err().to_string();
    assert!(refused.contains("minutes"), "{refused}");
    let scope = counted_enough(&bench).await;
    assert!(scope.hosts.contains(&"prod/users.prod.svc.cluster.local".to_owned()), "{scope:?}");
    assert!(!scope.hosts.iter().any(|host| host.contains("checkout.prod")), "{scope:?}");
    bench.session.put_scope("dev").await.unwrap();
    let item = bench.session.tray().borrow().items()[0].clone();
    assert_eq!((item.key.kind.as_str(), item.key.namespace.as_str()), ("Sidecar", "dev"), "{}", item.yaml);
    assert!(item.yaml.contains("./*"), "{}", item.yaml);
}

/// What it was to save stands beside what it saves, once the proxies that have taken it up were measured, and never before.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_sidecar_saves_is_predicted_and_then_measured() {
    let bench = bench(Demo::client).await;
    let session = &bench.session;
    let (mut traffic, mut fleet) = (session.traffic(), session.fleet());
    let called = |t: &std::sync::Arc<session::traffic::Traffic>| {
        t.edges(900.0).iter().any(|e| e.from.as_ref().is_some_and(|from| from.namespace == "dev"))
    };
    tokio::time::timeout(LIMIT, traffic.wait_for(called)).await.expect("traffic is measured").unwrap();
    counted_enough(&bench).await;
    let mut until = async |what: &str, holds: &dyn Fn(&Scope) -> bool| {
        let seen = async {
            while !holds(&session.scope("dev")) {
                fleet.changed().await.unwrap();
            }
        };
        tokio::time::timeout(LIMIT, seen).await.unwrap_or_else(|_| panic!("{what}: {:#?}", session.scope("dev")));
        session.scope("dev")
    };
    let wide = until("it is measured", &|scope| scope.clusters > 0).await;
    assert!(wide.before.is_none() && wide.has.is_none(), "{wide:?}");
    session.put_scope("dev").await.unwrap();
    let plan = bench.review().await;
    let applied = session.apply(&plan.token, "", &[]).await.unwrap();
    let asked = until("nobody knows yet", &|scope| scope.has.is_some() && scope.clusters == 0).await;
    let before = asked.before.expect("what was held then");
    assert_eq!((before.clusters, before.bytes), (wide.clusters, wide.bytes), "{asked:?}");
    let narrow = until("it is measured anew", &|scope| scope.has.is_some() && scope.clusters > 0).await;
    let (saves, was_to) = (before.bytes - narrow.bytes, before.bytes - before.predicted.unwrap());
    assert!(narrow.clusters < before.clusters && saves > before.bytes * 0.1, "{narrow:?}");
    assert!((saves / was_to - 1.0).abs() < 0.5, "it was to save {was_to}, and saves {saves}");

    let back = session.undo_review(applied.entry).await.unwrap();
    session.undo(applied.entry, &back.token).await.unwrap();
    let again = until("as wide as before", &|scope| scope.has.is_none() && scope.clusters == wide.clusters).await;
    assert_eq!(again.before, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_access_log_is_followed_and_one_that_is_off_is_switched_on_by_the_tray() {
    let bench = bench(Demo::client).await;
    let session = &bench.session;
    let pod = |namespace: &str, workload: &str| {
        session.world().pods_in(namespace).find(|pod| pod.workload.1 == workload).unwrap().name.clone()
    };
    let mut told = session.access_told();
    let mut until = async |namespace: &str, pod: &str, only, holds: &dyn Fn(&Shown) -> bool| {
        let seen = async {
            loop {
                told.mark_unchanged();
                let shown = session.proxy_access(namespace, pod, "", only).await.unwrap();
                if holds(&shown) {
                    break shown;
                }
                told.changed().await.unwrap();
            }
        };
        tokio::time::timeout(LIMIT, seen).await.expect("the log says it")
    };
    let busy = pod("prod", "storefront-v1");
    let shown = until("prod", &busy, Only::Calls, &|shown| shown.rows.len() > 20).await;
    let call = |entry: &Entry| match &entry.what {
        What::Call(call) => (**call).clone(),
        other => panic!("{other:?}"),
    };
    let calls: Vec<_> = shown.rows.iter().map(|(_, entry)| call(entry)).collect();
    assert!(calls.iter().any(|call| call.direction == Direction::Inbound && call.path == "/product/42"), "{calls:#?}");
    let out = calls.iter().find(|call| call.upstream_cluster.ends_with("|catalog.prod.svc.cluster.local")).unwrap();
    assert!(
        out.status == Some(200) && out.authority == "catalog:8080" && out.upstream_host.ends_with(":8080"),
        "{out:?}"
    );
    assert!(shown.rows.windows(2).all(|pair| pair[0].0 > pair[1].0 && pair[0].1.at >= pair[1].1.at), "newest first");
    assert_eq!((shown.off, shown.unknown, shown.following), (None, 0, Following::Runs));

    let quiet = pod("dev", "catalog-v2");
    let off = until("dev", &quiet, Only::Calls, &|shown| shown.off.is_some()).await;
    assert_eq!((off.off, off.rows.len()), (Some(true), 0));
    session.proxy_access_put("dev", &quiet).await.unwrap();
    let yaml = session.tray().borrow().items()[0].yaml.clone();
    assert!(
        yaml.contains("kind: Telemetry") && yaml.contains("app: catalog") && yaml.contains("version: v2"),
        "{yaml}"
    );
    let review = session.review().await.unwrap();
    session.apply(&review.token, "", &[]).await.unwrap();
    until("dev", &quiet, Only::Calls, &|shown| !shown.rows.is_empty()).await;
    assert!(session.proxy_access_put("dev", &quiet).await.is_err(), "it is there already");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_pod_that_is_gone_says_so() {
    let bench = bench(Demo::viewer).await;
    let mut told = bench.session.access_told();
    let shown = async {
        loop {
            told.mark_unchanged();
            let shown = bench.session.proxy_access("prod", "gone", "", Only::All).await.unwrap();
            if shown.following != Following::Begins {
                break shown;
            }
            told.changed().await.unwrap();
        }
    };
    let shown = tokio::time::timeout(LIMIT, shown).await.expect("an answer");
    let Following::Ended(because) = &shown.following else { panic!("{:?}", shown.following) };
    assert_eq!(because.en, "the pod or its proxy is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_well_has_what_it_would_be_sent_and_one_that_refused_it_shows_where() {
    let bench = bench(Demo::client).await;
    let session = &bench.session;
    let mut fleet = session.fleet();
    let connected =
        |fleet: &std::sync::Arc<Fleet>| fleet.proxies.iter().filter(|p| !p.control_plane.is_empty()).count() > 20;
    tokio::time::timeout(LIMIT, fleet.wait_for(connected)).await.expect("istiod is asked").unwrap();
    let pod = |namespace: &str, workload: &str| {
        session.world().pods_in(namespace).find(|pod| pod.workload.1 == workload).unwrap().name.clone()
    };
    let well = session.proxy_compare("prod", &pod("prod", "cart-v1")).await.unwrap();
    assert_eq!(well.because.en, "");
    let differing: Vec<_> = well.parts().iter().filter(|part| part.standing != Standing::Equal).collect();
    assert!(differing.is_empty() && well.parts().len() > 40, "{differing:#?}");
    for kind in [Kind::Listener, Kind::Route, Kind::Cluster, Kind::Endpoints] {
        assert!(well.parts().iter().any(|part| part.kind == kind), "{kind:?}");
    }
    let email = pod("prod", "email-v1");
    let refused = session.proxy_compare("prod", &email).await.unwrap();
    let first = &refused.parts()[0];
    assert_eq!(
        (first.standing, first.kind, first.name.as_str()),
        (Standing::Differs, Kind::Listener, "virtualInbound")
    );
    let diff = session.proxy_difference("prod", &email, Kind::Listener, "virtualInbound").unwrap();
    let added: String =
        diff.iter().filter(|line| line.side == world::yaml::DiffSide::After).map(|line| line.text.clone()).collect();
    assert!(added.contains("header_stamp") && !added.contains("typedConfig"), "{diff:#?}");
    let lost = session.proxy_compare("dev", &pod("dev", "reviews-v2")).await.unwrap();
    assert!(lost.because.en.contains("not connected") && lost.parts().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_run_programs_but_not_forward_ports_opens_proxies_by_their_agent() {
    let bench = bench(Demo::runner).await;
    let session = &bench.session;
    let pod = session.world().pods_in("prod").find(|pod| pod.workload.1 == "cart-v1").unwrap().name.clone();
    session.proxy("prod", &pod, true).await.unwrap();
    let clusters = session.proxy_lines("prod", &pod, Sort::Clusters).await.unwrap();
    assert!(clusters.len() > 20 && clusters.iter().any(|line| line.name.ends_with("|reviews.prod.svc.cluster.local")));
    let by_agent =
        session.connection().agent_get("prod", &pod, "/config_dump?resource=dynamic_route_configs").await.unwrap();
    let whole = bench.demo.client();
    let forwarded = cluster::Connection::from_client(whole, "demo")
        .pod_forward_get("prod", &pod, 15000, "/config_dump?resource=dynamic_route_configs")
        .await
        .unwrap();
    assert!(!by_agent.is_empty() && by_agent == forwarded);
    let refused = session.connection().agent_get("prod", &pod, "/quitquitquit").await.unwrap_err();
    assert!(matches!(refused.cause, cluster::Cause::NotAllowed { .. }), "{refused}");
    let unknown = session.connection().agent_get("prod", &pod, "/memory?x").await;
    assert!(unknown.is_ok());
    // Levels of its log by the same way, and back.
    let rbac = async || {
        let all = session.proxy_loggers("prod", &pod).await.unwrap();
        all.into_iter().find(|logger| logger.name == "rbac").unwrap().level
    };
    session.proxy_log("prod", &pod, "rbac", "debug").await.unwrap();
    assert_eq!(rbac().await, "debug");
    session.proxy_log_restore("prod", &pod).await.unwrap();
    assert_eq!(rbac().await, "warning");
    // Istiod has no such way: what it says stays unknown, and says why.
    let fleet = looked(&bench).await;
    let cart = of(&fleet, "prod", "cart-v1");
    assert!(cart.certificate.is_some() && cart.sync == Sync::Unknown, "{cart:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_do_neither_is_told_of_both() {
    let bench = bench(Demo::viewer).await;
    let pod = bench.session.world().pods_in("prod").find(|pod| pod.workload.1 == "cart-v1").unwrap().name.clone();
    let error = bench.session.proxy("prod", &pod, true).await.unwrap_err().to_string();
    assert!(error.contains("pods/portforward") && error.contains("pods/exec"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ails_the_mesh_as_a_whole_is_said_beside_its_proxies() {
    let bench = bench(Demo::client).await;
    let mut fleet = bench.session.fleet();
    let codes = |fleet: &Fleet| fleet.ills.iter().map(|ill| ill.diagnosis.code).collect::<Vec<_>>();
    let all = |fleet: &std::sync::Arc<Fleet>| codes(fleet).len() == 8;
    let seen = tokio::time::timeout(LIMIT, fleet.wait_for(all)).await.expect("istiod is asked twice").unwrap().clone();
    let expected = [
        ("webhook-certificate", "Deployment", "orders-v1", "x509: certificate signed by unknown authority"),
        ("webhook-fails", "Deployment", "search-v1", "service \"istiod-canary\" not found"),
        ("webhook-refuses", "Deployment", "recommendations-v1", "image shop/recommendations:v1 is not signed"),
        ("webhook-down", "ValidatingWebhookConfiguration", "istio-validator-canary", "there is no Service"),
        ("webhook-untrusted", "ValidatingWebhookConfiguration", "istio-validator-canary", "caBundle is"),
        ("control-plane-busy", "", "", "pushes took longer than 5 s"),
        (
            "push-conflict",
            "ServiceEntry",
            "queue-west",
            "Listener=0.0.0.0_5672 Accepted=TCP Rejected=TCP (west.queue.example)",
        ),
        ("push-nobody-behind", "Service", "catalog", "pilot_eds_no_instances: outbound|"),
    ];
    for (ill, (code, kind, name, evidence)) in seen.ills.iter().zip(expected) {
        let object = ill.object.as_ref().map_or(("", ""), |object| (object.kind.as_str(), object.name.as_str()));
        assert_eq!((ill.diagnosis.code, object), (code, (kind, name)));
        assert!(ill.evidence[0].en.contains(evidence), "{:?}", ill.evidence);
    }
}

/// A diagnosis that the demo never shows would never be looked at. One of the rights is the viewer's to see.
#[tokio::test(flavor = "multi_thread")]
async fn the_demo_shows_every_diagnosis_that_there_is() {
    let (admin, viewer) = (bench(Demo::client).await, bench(Demo::viewer).await);
    let mut fleet = admin.session.fleet();
    let busy = |fleet: &std::sync::Arc<Fleet>| fleet.ills.iter().any(|ill| ill.diagnosis.code == "control-plane-busy");
    let watched =
        tokio::time::timeout(LIMIT, fleet.wait_for(busy)).await.expect("istiod is asked twice").unwrap().clone();
    let (asked, seen_by_viewer) = (looked(&admin).await, looked(&viewer).await);
    let shown = |fleet: &Fleet| {
        let all = fleet.all().flat_map(|proxy| &proxy.ills).chain(&fleet.ills);
        all.map(|ill| ill.diagnosis.code).collect::<BTreeSet<_>>()
    };
    let shown = &(&shown(&asked) | &shown(&watched)) | &shown(&seen_by_viewer);
    let every: BTreeSet<_> = session::proxies::diagnoses().map(|diagnosis| diagnosis.code).collect();
    assert_eq!(every.difference(&shown).collect::<Vec<_>>(), Vec::<&&str>::new());
    assert!(every.len() >= 24, "{every:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxies_of_nodes_and_a_waypoint_stand_beside_the_others() {
    let bench = bench(Demo::client).await;
    let session = &bench.session;
    let fleet = looked(&bench).await;
    let of_role = |role: &str| fleet.proxies.iter().filter(|proxy| proxy.role == role).collect::<Vec<_>>();
    let nodes = of_role("ztunnel");
    assert_eq!(nodes.len(), 3);
    for node in &nodes {
        let types: Vec<_> = node.types.iter().map(|kind| kind.name.as_str()).collect();
        assert_eq!(
            (node.sync, types, node.ready, node.version.as_str()),
            (Sync::Synced, vec!["WADS", "WDS"], true, "1.28.1")
        );
        assert!(node.ills.is_empty() && node.unknown.is_empty(), "{node:#?}");
        assert!(node.memory.usage.is_some_and(|bytes| bytes > 5e7) && node.size.is_some_and(|size| size.clusters > 20));
    }
    let [waypoint] = of_role("waypoint")[..] else { panic!("one waypoint") };
    assert_eq!((waypoint.namespace.as_str(), waypoint.sync, waypoint.health), ("gallery", Sync::Synced, Health::Ok));

    let carrier = nodes.iter().find(|node| node.certificate.is_some()).expect("one carries a pod");
    let certificate = carrier.certificate.as_ref().unwrap();
    assert!(certificate.spiffe.starts_with("spiffe://cluster.local/ns/gallery/sa/"), "{certificate:?}");
    assert_eq!(certificate.root_matches, Some(true));
    let lines = async |sort| session.proxy_lines(&carrier.namespace, &carrier.pod, sort).await.unwrap();
    let services = lines(Sort::Clusters).await;
    let images = services.iter().find(|line| line.name == "images.gallery.svc.cluster.local").expect("a service");
    assert_eq!((images.cells[0].as_str(), images.cells[1].as_str()), ("waypoint", "2/2"));
    assert_eq!((images.from[0].kind.as_str(), images.from[0].name.as_str()), ("Service", "images"));
    let workloads = lines(Sort::Endpoints).await;
    let album = workloads.iter().find(|line| line.name.starts_with("gallery/album-v1-")).expect("a workload");
    assert_eq!((album.state.as_str(), album.cells[1].as_str()), ("healthy", "HBONE"));
    assert!(lines(Sort::Secrets).await.iter().any(|line| line.name == certificate.spiffe));
    let text = session.proxy_text(&carrier.namespace, &carrier.pod, Sort::Clusters, images.at).await.unwrap();
    assert!(text.contains("hboneMtlsPort"), "{text}");
    let (namespace, pod) = (carrier.namespace.as_str(), carrier.pod.as_str());
    let levels = session.proxy_log(namespace, pod, "ztunnel", "debug").await.unwrap();
    assert_eq!((levels[0].level.as_str(), levels[0].before.as_str()), ("debug", "info"));
    session.proxy_log_restore(namespace, pod).await.unwrap();
    assert_eq!(session.proxy_loggers(namespace, pod).await.unwrap()[0].level, "info");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nodes_and_waypoints_count_is_traffic() {
    let bench = bench(Demo::client).await;
    let mut traffic = bench.session.traffic();
    let ready = bench.session.ready().await.unwrap();
    let flow = |traffic: &session::traffic::Traffic, to: &str| {
        let all = traffic.over(60, &ready);
        all.into_iter().filter(|flow| flow.from.1 == "album-v1" && flow.service.1 == to).collect::<Vec<_>>()
    };
    let all = |traffic: &std::sync::Arc<session::traffic::Traffic>| {
        ["images", "thumbs", "catalog"].iter().all(|to| !flow(traffic, to).is_empty())
    };
    let seen =
        tokio::time::timeout(LIMIT, traffic.wait_for(all)).await.expect("all three are counted").unwrap().clone();
    for (to, protocol) in [("images", "http"), ("thumbs", "tcp"), ("catalog", "http")] {
        let flows = flow(&seen, to);
        assert!(
            flows.iter().all(|flow| flow.protocol == protocol && flow.secured == session::map::Secured::Mtls),
            "{to}: {flows:#?}"
        );
    }
}

//! What a cluster or a user can throw at a session: each is said with what was tried, on what, and what to do, and leaves the
//! cluster and the draft as they were.

use std::path::Path;
use std::sync::atomic::Ordering;

use cluster::{Cause, Sources};
use demo::Demo;
use journal::State;
use serde_json::{Value, json};
use session::change::touched::touched;
use session::live::Link;
use session::{DEMO, Error, Profile, Session, Workbench};
use world::yaml::{self, Edit};
use world::{Coverage, ObjectKey};

use crate::bench::{Bench, Gate, LIMIT, bench, owners, reviews};

/// HTML, terminal escapes, an override of the writing direction, a formula, template marks, and a name that is none.
const HOSTILE: &str =
    "<script>alert(1)</script>\u{1b}]52;c;x\u{7}\u{202e}=cmd|'/c'!A1 {{7*7}} ${x} ../../etc/passwd \u{0}\r\n\"'`";

async fn unchanged(bench: &Bench, before: &Value) {
    assert_eq!(bench.object("VirtualService").await, *before, "the cluster is as it was");
    assert_eq!(bench.session.tray().borrow().items().len(), 1, "the draft stays");
}

async fn live(session: &Session) {
    let mut live = session.live();
    tokio::time::timeout(LIMIT, live.wait_for(|live| live.link == Link::Live)).await.expect("live").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ends_in_the_middle_keeps_the_draft() {
    let mut gate = None;
    let bench = bench(|demo| gate.insert(Gate::of(demo, "", "")).client()).await;
    let shut = gate.unwrap().shut;
    let before = bench.object("VirtualService").await;
    bench.move_weight(80).await;
    let plan = bench.review().await;

    shut.store(401, Ordering::SeqCst);
    for error in [
        bench.session.apply(&plan.token, "", &owners(&plan)).await.map(drop).unwrap_err(),
        bench.session.review().await.map(drop).unwrap_err(),
        bench.session.document(&reviews("VirtualService")).await.map(drop).unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(text.starts_with("read VirtualService prod/reviews on demo: not signed in: "), "{text}");
        assert!(error.hint().0.starts_with("Sign in again"), "{}", error.hint().0);
    }
    unchanged(&bench, &before).await;
    assert!(bench.session.history(&Default::default()).await.unwrap().is_empty(), "nothing was even intended");

    shut.store(0, Ordering::SeqCst);
    let plan = bench.review().await;
    let applied = bench.session.apply(&plan.token, "", &owners(&plan)).await.unwrap();
    assert_eq!(applied.state, State::Applied);
}

#[tokio::test(flavor = "multi_thread")]
async fn crds_that_are_missing_are_named_and_nothing_pretends_to_know() {
    let bench = bench(|demo| Gate::of(demo, "", "networking.istio.io").client()).await;
    let world = bench.session.world();
    assert_eq!(world.coverage("networking.istio.io", "VirtualService"), Coverage::Missing);
    assert_eq!(world.coverage("security.istio.io", "PeerAuthentication"), Coverage::Ready, "the others are followed");
    let error = bench.session.document(&reviews("VirtualService")).await.unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.hint().0),
        (
            "read VirtualService prod/reviews on demo: VirtualService of networking.istio.io is not served there",
            "Install the CRD, or open a cluster that has it."
        )
    );
    let new = yaml::write(&json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": {"name": "new", "namespace": "prod"}, "spec": {"hosts": ["reviews"]}}));
    bench.session.draft_put(&new, "").await.unwrap();
    let plan = bench.review().await;
    assert!(plan.because.en.contains("is not served there; Install the CRD"), "{}", plan.because);
    let error = bench.session.apply(&plan.token, "", &[]).await.unwrap_err();
    assert!(error.to_string().ends_with("nothing was written"), "{error}");
    assert_eq!(bench.session.tray().borrow().items().len(), 1, "the draft stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_is_forbidden_is_said_wherever_it_matters() {
    let bench = bench(|demo| Gate::of(demo, "virtualservices", "").client()).await;
    let world = bench.session.world();
    assert_eq!(world.coverage("networking.istio.io", "VirtualService"), Coverage::Denied("list".into()));
    let findings = bench.session.findings(false).await.unwrap();
    let said = findings.unknown.iter().any(|u| format!("{u:?}").contains("VirtualService"));
    assert!(said, "what depends on it is unknown: {:?}", findings.unknown);
    let error = bench.session.document(&reviews("VirtualService")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "read VirtualService prod/reviews on demo: you may not list virtualservices.networking.istio.io"
    );
    assert_eq!(error.hint().0, "Ask the cluster's administrator for this right.");
    let new = yaml::write(&json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": {"name": "new", "namespace": "prod"}, "spec": {"hosts": ["reviews"]}}));
    bench.session.draft_put(&new, "").await.unwrap();
    let plan = bench.review().await;
    assert!(plan.because.en.contains("you may not list virtualservices"), "{}", plan.because);
    assert_eq!(bench.session.tray().borrow().items().len(), 1, "the draft stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_texts_and_huge_ones_stay_what_they_are() {
    let bench = bench(Demo::client).await;
    let key = reviews("VirtualService");
    let huge = "9".repeat(200 << 10);
    // Kubernetes bounds all annotations of an object by 256 KiB, and lets them hold any text.
    let add =
        |name: &str, value: &str| json!({"op": "add", "path": format!("/metadata/annotations/{name}"), "value": value});
    let mut steps = vec![add("hostile", HOSTILE), add("huge", &huge), add("__proto__", HOSTILE)];
    if bench.object("VirtualService").await["metadata"].get("annotations").is_none() {
        steps.insert(0, json!({"op": "add", "path": "/metadata/annotations", "value": {}}));
    }
    bench.admin().json_patch(&key, &Value::Array(steps), &cluster::Options::default()).await.unwrap();
    let before = bench.object("VirtualService").await;
    assert_eq!(before["metadata"]["annotations"]["hostile"], HOSTILE);

    let whole = bench.session.document(&key).await.unwrap();
    let text = yaml::edit(
        &whole.yaml,
        &[Edit::set("/spec/http/1/route/0/weight", 80), Edit::set("/spec/http/1/route/1/weight", 20)],
    )
    .unwrap();
    bench.session.draft_put(&text, &whole.resource_version).await.unwrap();
    let plan = bench.review().await;
    let (was, is) = plan.steps[0].images();
    let fields = touched(&was.unwrap(), &is.unwrap());
    let changed: Vec<&str> = fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!((plan.because.en.as_str(), changed), ("", vec!["/spec/http"]));
    let applied = bench.session.apply(&plan.token, HOSTILE, &owners(&plan)).await.unwrap();
    assert_eq!(bench.object("VirtualService").await["metadata"]["annotations"], before["metadata"]["annotations"]);
    assert_eq!(bench.session.history(&Default::default()).await.unwrap()[0].entry.message.en, HOSTILE);
    let undo = bench.session.undo_review(applied.entry).await.unwrap();
    bench.session.undo(applied.entry, &undo.token).await.unwrap();
    assert_eq!(bench.object("VirtualService").await.to_string(), before.to_string(), "byte for byte");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_none_are_no_paths() {
    let bench = bench(Demo::client).await;
    for name in ["../../../api/v1/secrets", "a/b", "a?x=y", "a#b", "%2e%2e", HOSTILE, "", ".."] {
        let error =
            bench.session.document(&ObjectKey::new("networking.istio.io", "VirtualService", "prod", name)).await;
        let Err(Error::Api(error)) = error else { panic!("{name}: {error:?}") };
        assert!(matches!(error.cause, Cause::NotAllowed { .. }), "{name}: {error:?}");
        let text = yaml::write(&json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
            "metadata": {"name": name, "namespace": "prod"}, "spec": {}}));
        if bench.session.draft_put(&text, "").await.is_ok() {
            let plan = bench.review().await;
            assert!(plan.because.en.contains("is not a name"), "{name}: {}", plan.because);
            bench.session.draft_clear();
        }
    }
}

fn kubeconfig(folder: &Path, contexts: &[(&str, &str, &str)]) -> Profile {
    let list = contexts.iter().map(|(name, server, user)| {
        let path = folder.join(name);
        let text = format!("apiVersion: v1\nclusters: [{{name: 'c-{name}', cluster: {{server: '{server}'}}}}]\nusers: [{{name: 'u-{name}', user: {user}}}]\n\
            contexts: [{{name: {name}, context: {{cluster: 'c-{name}', user: 'u-{name}'}}}}]\n");
        std::fs::write(&path, text).unwrap();
        path
    });
    Profile {
        sources: Sources { list: list.collect(), ..Sources::default() },
        ..Profile::in_folder(folder.join("profile"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_cluster_and_a_bad_one_hold_no_other_up() {
    let folder = tempfile::tempdir().unwrap();
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let contexts = [
        ("slow", address.as_str(), "{}"),
        ("old", "https://c.invalid", "{auth-provider: {name: gcp, config: {access-token: hunter2}}}"),
    ];
    let workbench = Workbench::open(kubeconfig(folder.path(), &contexts)).unwrap();
    let id = |name| workbench.id_of(Some(name)).unwrap();
    let (slow, old) = (id("slow"), id("old"));
    tokio::select! {
        seen = workbench.probe(&slow) => panic!("a server that is silent answered: {seen:?}"),
        seen = workbench.probe(DEMO) => assert!(seen.answer.is_ok()),
    }
    let error = workbench.probe(&old).await.answer.unwrap_err();
    assert_eq!(error.to_string(), "context 'old' signs in with auth-provider 'gcp', which is no longer supported");
    assert!(error.hint().0.contains("exec plugin") && !format!("{error:?}").contains("hunter2"), "{error:?}");
    let session = workbench.open_session(DEMO).await.unwrap();
    live(&session).await;
}

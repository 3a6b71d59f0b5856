//! Hostile text of a cluster crosses the bridge as text: whole, unchanged, and no call falls over it.

use cluster::{Connection, Options};
use serde_json::{Value, json};
use wire::{Host, Profile, dispatch};
use world::ObjectKey;

/// HTML, terminal escapes, an override of the writing direction, a formula, template marks, the end of a script.
const HOSTILE: &str =
    "<img src=x onerror=alert(1)></script>\u{1b}[2J\u{202e}=cmd|'/c'!A1 {{7*7}} ${x}\u{2028}\r\n\"'`\\";

async fn ask(host: &Host, name: &str, args: Value) -> Value {
    let answer = dispatch(host, name, args).await.unwrap_or_else(|fault| panic!("{name}: {fault}"));
    serde_json::from_str(&answer).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_arrives_as_it_is_and_breaks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start(Profile::in_folder(folder.path())).unwrap();
    let admin = Connection::from_client(host.workbench().demo().await.unwrap().client(), "demo");
    let key = ObjectKey::new("networking.istio.io", "VirtualService", "prod", "reviews");
    let huge = "9".repeat(200 << 10);
    let mut object = admin.get(&key).await.unwrap();
    object["metadata"]["annotations"] = json!({"hostile": HOSTILE, "huge": huge, "constructor": HOSTILE});
    object["spec"]["http"][0]["name"] = json!(HOSTILE);
    object["spec"]["http"][0]["headers"] = json!({"request": {"set": {"x-note": HOSTILE}}});
    admin.replace(&object, &Options::default()).await.unwrap();

    let opened = ask(&host, "open", json!({"cluster": "demo"})).await;
    let session = opened["session"].clone();
    let place = json!({"group": key.group, "kind": key.kind, "namespace": key.namespace, "name": key.name});
    let document = ask(&host, "document", json!({"session": session, "object": place})).await;
    let read = ask(&host, "yaml_read", json!({"yaml": document["yaml"]})).await;
    assert_eq!(read["value"]["metadata"]["annotations"], object["metadata"]["annotations"]);
    assert_eq!(read["value"]["spec"]["http"][0], object["spec"]["http"][0]);

    let edits = json!([{"op": "set", "path": "/spec/http/1/route/0/weight", "value": 80},
        {"op": "set", "path": "/spec/http/1/route/1/weight", "value": 20}]);
    let edited = ask(&host, "yaml_edit", json!({"yaml": document["yaml"], "edits": edits})).await;
    let put = json!({"session": session, "yaml": edited["yaml"], "base": document["resourceVersion"]});
    ask(&host, "draft_put", put).await;
    let review = ask(&host, "review", json!({"session": session})).await;
    assert!(review.to_string().contains("onerror"), "the diff shows it");
    for (name, more) in [
        ("overview", json!({})),
        ("graph", json!({"level": "workloads", "namespaces": [], "windowSeconds": 60})),
        ("objects", json!({"kinds": ["VirtualService"], "namespace": ""})),
        ("findings", json!({"withDraft": true})),
        ("proxies", json!({})),
        ("draft", json!({})),
    ] {
        let mut args = json!({"session": session});
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = ask(&host, name, args).await;
        let text = answer.to_string();
        assert!(!text.contains('\u{1b}') && text.len() < (4 << 20), "{name}: {} bytes", text.len());
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), answer, "{name}");
    }
}

#[tokio::test]
async fn a_token_that_is_given_is_given_out_to_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start(Profile::in_folder(folder.path())).unwrap();
    let canary = "canary-9Zt4";
    let server = |address: &str| json!({"name": "a", "server": address, "authority": "", "token": canary});
    let added = ask(&host, "server_add", server("https://127.0.0.1:1")).await;
    assert_eq!(added["fleeting"]["because"], "this profile has no keyring");
    let mut shown = added.to_string();
    for (name, args) in [("probe", json!({"cluster": "server:a"})), ("clusters", json!({})), ("settings", json!({}))] {
        shown.push_str(&ask(&host, name, args).await.to_string());
    }
    let fault = dispatch(&host, "server_add", server("http://elsewhere.example")).await.unwrap_err();
    shown.push_str(&format!("{fault:?}"));
    assert!(shown.contains("server:a") && !shown.contains(canary), "{shown}");
    let left = ask(&host, "server_remove", json!({"cluster": "server:a"})).await;
    assert_eq!(left["clusters"].as_array().unwrap().len(), 1);
}

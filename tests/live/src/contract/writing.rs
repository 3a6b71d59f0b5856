//! Create, update, merge and JSON patch, status, delete.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::ground::{Broken, Ground, JSON, MERGE, PATCH, holds, same};
use super::{Behaviour, listed};

pub(super) fn behaviours() -> Vec<Behaviour> {
    listed![
        a_new_object_gets_its_identity,
        a_dry_run_of_a_create_leaves_nothing,
        an_update_needs_the_revision_it_was_made_from,
        an_update_of_another_identity_is_refused,
        a_generation_counts_changes_of_the_spec,
        an_update_that_changes_nothing_is_none,
        a_merge_patch_sets_and_removes,
        a_json_patch_tests_and_replaces,
        the_status_has_a_door_of_its_own,
        a_deletion_tells_whom,
        a_deletion_keeps_to_its_preconditions,
        a_finalizer_holds_a_deletion,
        defaults_are_filled_in,
    ]
}

async fn a_new_object_gets_its_identity(ground: &Ground) -> Result<(), Broken> {
    let made = ground.create_route("made", "a").await?;
    let metadata = made.at("/metadata");
    same("generation", &metadata["generation"], &json!(1))?;
    for field in ["uid", "resourceVersion", "creationTimestamp"] {
        holds(field, metadata[field].as_str().is_some_and(|text| !text.is_empty()), &metadata)?;
    }
    let fields = json!({"f:spec": {".": {}, "f:hosts": {}, "f:http": {}}});
    same("owners", &made.owners(), &vec![("contract".into(), "Update".into(), fields)])
}

async fn a_dry_run_of_a_create_leaves_nothing(ground: &Ground) -> Result<(), Broken> {
    let path = format!("{}?dryRun=All", ground.routes());
    let made = ground.ask(Method::POST, &path, JSON, Ground::route("dry", "a")).await?.is(StatusCode::CREATED)?;
    same("no revision", &made.at("/metadata/resourceVersion"), &Value::Null)?;
    ground.get(&format!("{}/dry", ground.routes())).await?.is(StatusCode::NOT_FOUND).map(drop)
}

async fn an_update_needs_the_revision_it_was_made_from(ground: &Ground) -> Result<(), Broken> {
    ground.create_route("update", "a").await?;
    let path = format!("{}/update", ground.routes());
    let answer = ground.ask(Method::PUT, &path, JSON, Ground::route("update", "b")).await?;
    let message = "virtualservices.networking.istio.io \"update\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update";
    answer.refuses(422, "Invalid", message)?;
    let mut route = Ground::route("update", "b");
    route["metadata"]["resourceVersion"] = "1".into();
    let message = "Operation cannot be fulfilled on virtualservices.networking.istio.io \"update\": the object has been modified; \
        please apply your changes to the latest version and try again";
    ground.ask(Method::PUT, &path, JSON, route.clone()).await?.refuses(409, "Conflict", message)?;
    route["metadata"]["resourceVersion"] = ground.get(&path).await?.at("/metadata/resourceVersion");
    let updated = ground.ask(Method::PUT, &path, JSON, route).await?.is(StatusCode::OK)?;
    same("hosts", &updated.at("/spec/hosts"), &json!(["b"]))?;
    let gone = ground.ask(Method::PUT, &format!("{}/none", ground.routes()), JSON, Ground::route("none", "a")).await?;
    gone.is(StatusCode::NOT_FOUND).map(drop)
}

async fn an_update_of_another_identity_is_refused(ground: &Ground) -> Result<(), Broken> {
    let made = ground.create_route("identity", "a").await?;
    let path = format!("{}/identity", ground.routes());
    let mut route = Ground::route("identity", "b");
    route["metadata"]["uid"] = "b967c8c9-52dc-4d03-aacc-fbed858290e1".into();
    route["metadata"]["resourceVersion"] = made.at("/metadata/resourceVersion");
    let answer = ground.ask(Method::PUT, &path, JSON, route).await?.is(StatusCode::CONFLICT)?;
    let message = answer.text("/message");
    let told = format!(
        "UID in precondition: b967c8c9-52dc-4d03-aacc-fbed858290e1, UID in object meta: {}",
        made.text("/metadata/uid")
    );
    holds("message", message.ends_with(&told), message)
}

async fn a_generation_counts_changes_of_the_spec(ground: &Ground) -> Result<(), Broken> {
    ground.create_route("counted", "a").await?;
    let path = format!("{}/counted", ground.routes());
    for (patch, expected) in [
        (json!({"metadata": {"labels": {"a": "b"}}}), 1),
        (json!({"spec": {"hosts": ["b"]}}), 2),
        (json!({"spec": {"hosts": ["b"]}}), 2),
    ] {
        let answer = ground.ask(Method::PATCH, &path, MERGE, patch.clone()).await?.is(StatusCode::OK)?;
        same(&patch.to_string(), &answer.at("/metadata/generation"), &json!(expected))?;
    }
    Ok(())
}

async fn an_update_that_changes_nothing_is_none(ground: &Ground) -> Result<(), Broken> {
    let made = ground.create_route("still", "a").await?;
    let path = format!("{}/still", ground.routes());
    let answer =
        ground.ask(Method::PATCH, &path, MERGE, json!({"spec": {"hosts": ["a"]}})).await?.is(StatusCode::OK)?;
    same("revision", &answer.text("/metadata/resourceVersion"), &made.text("/metadata/resourceVersion"))
}

async fn a_merge_patch_sets_and_removes(ground: &Ground) -> Result<(), Broken> {
    let rule = Ground::rule("merge", json!({"host": "a", "exportTo": ["."], "subsets": [{"name": "v1"}]}));
    ground.ask(Method::POST, &ground.rules(), JSON, rule).await?.is(StatusCode::CREATED)?;
    let path = format!("{}/merge", ground.rules());
    let patch =
        json!({"spec": {"exportTo": null, "subsets": [{"name": "v2"}], "trafficPolicy": {"tls": {"mode": "DISABLE"}}}});
    let answer = ground.ask(Method::PATCH, &path, MERGE, patch).await?.is(StatusCode::OK)?;
    let spec = json!({"host": "a", "subsets": [{"name": "v2"}], "trafficPolicy": {"tls": {"mode": "DISABLE"}}});
    same("spec", &answer.at("/spec"), &spec)?;
    let stale = json!({"metadata": {"resourceVersion": "1"}, "spec": {"host": "b"}});
    let message = "Operation cannot be fulfilled on destinationrules.networking.istio.io \"merge\": the object has been modified; \
        please apply your changes to the latest version and try again";
    ground.ask(Method::PATCH, &path, MERGE, stale).await?.refuses(409, "Conflict", message)?;
    let missing = ground.ask(Method::PATCH, &format!("{}/none", ground.rules()), MERGE, json!({"spec": {}})).await?;
    missing.is(StatusCode::NOT_FOUND).map(drop)
}

async fn a_json_patch_tests_and_replaces(ground: &Ground) -> Result<(), Broken> {
    ground.create_route("json", "a").await?;
    let path = format!("{}/json", ground.routes());
    let patch = json!([{"op": "test", "path": "/spec/hosts/0", "value": "a"}, {"op": "replace", "path": "/spec/hosts/0", "value": "b"}]);
    let answer = ground.ask(Method::PATCH, &path, PATCH, patch.clone()).await?.is(StatusCode::OK)?;
    same("hosts", &answer.at("/spec/hosts"), &json!(["b"]))?;
    for bad in [patch, json!([{"op": "replace", "path": "/spec/nope/0", "value": "b"}])] {
        let answer = ground.ask(Method::PATCH, &path, PATCH, bad).await?;
        answer.refuses(422, "Invalid", "the server rejected our request due to an error in our request")?;
    }
    Ok(())
}

async fn the_status_has_a_door_of_its_own(ground: &Ground) -> Result<(), Broken> {
    let mut route = Ground::route("status", "a");
    route["status"] = json!({"conditions": [{"type": "A", "status": "True"}]});
    let made = ground.ask(Method::POST, &ground.routes(), JSON, route).await?.is(StatusCode::CREATED)?;
    same("a create sets no status", &made.at("/status"), &Value::Null)?;
    let patch = json!({"spec": {"hosts": ["b"]}, "status": {"conditions": [{"type": "A", "status": "True"}]}});
    let path = format!("{}/status/status", ground.routes());
    let answer = ground.ask(Method::PATCH, &path, MERGE, patch).await?.is(StatusCode::OK)?;
    same("the spec stays", &answer.at("/spec/hosts"), &json!(["a"]))?;
    same("the status is set", &answer.text("/status/conditions/0/type").as_str(), &"A")?;
    same("generation", &answer.at("/metadata/generation"), &json!(1))?;
    let entries = answer.at("/metadata/managedFields");
    let entry =
        entries.as_array().into_iter().flatten().find(|e| e["subresource"] == "status").cloned().unwrap_or_default();
    same("owner", &entry["fieldsV1"], &json!({"f:status": {".": {}, "f:conditions": {}}}))
}

async fn a_deletion_tells_whom(ground: &Ground) -> Result<(), Broken> {
    let made = ground.create_route("gone", "a").await?;
    let path = format!("{}/gone", ground.routes());
    let answer = ground.ask(Method::DELETE, &path, JSON, Value::Null).await?.is(StatusCode::OK)?;
    let details = json!({"name": "gone", "group": "networking.istio.io", "kind": "virtualservices", "uid": made.at("/metadata/uid")});
    same("details", &answer.at("/details"), &details)?;
    same("status", &answer.text("/status").as_str(), &"Success")?;
    ground.ask(Method::DELETE, &path, JSON, Value::Null).await?.is(StatusCode::NOT_FOUND).map(drop)
}

async fn a_deletion_keeps_to_its_preconditions(ground: &Ground) -> Result<(), Broken> {
    let made = ground.create_route("kept", "a").await?;
    let path = format!("{}/kept", ground.routes());
    let (uid, revision) = (made.text("/metadata/uid"), made.text("/metadata/resourceVersion"));
    let start = "Operation cannot be fulfilled on VirtualService.networking.istio.io \"kept\": the";
    for (condition, message) in [
        (
            json!({"uid": "abc"}),
            format!(
                "{start} UID in the precondition (abc) does not match the UID in record ({uid}). The object might have been deleted and then recreated"
            ),
        ),
        (
            json!({"resourceVersion": "1"}),
            format!(
                "{start} ResourceVersion in the precondition (1) does not match the ResourceVersion in record ({revision}). The object might have been modified"
            ),
        ),
    ] {
        let answer = ground.ask(Method::DELETE, &path, JSON, json!({"preconditions": condition})).await?;
        answer.refuses(409, "Conflict", &message)?;
    }
    let dry = ground.ask(Method::DELETE, &format!("{path}?dryRun=All"), JSON, Value::Null).await?;
    dry.is(StatusCode::OK)?;
    let right = json!({"preconditions": {"uid": uid, "resourceVersion": revision}});
    ground.ask(Method::DELETE, &path, JSON, right).await?.is(StatusCode::OK).map(drop)
}

async fn a_finalizer_holds_a_deletion(ground: &Ground) -> Result<(), Broken> {
    let mut route = Ground::route("held", "a");
    route["metadata"]["finalizers"] = json!(["netloft.example/held"]);
    ground.ask(Method::POST, &ground.routes(), JSON, route).await?.is(StatusCode::CREATED)?;
    let path = format!("{}/held", ground.routes());
    ground.ask(Method::DELETE, &path, JSON, Value::Null).await?.is(StatusCode::OK)?;
    let held = ground.get(&path).await?.is(StatusCode::OK)?;
    holds("it is leaving", !held.text("/metadata/deletionTimestamp").is_empty(), &held.body)?;
    let patch = json!({"metadata": {"finalizers": null}});
    ground.ask(Method::PATCH, &path, MERGE, patch).await?.is(StatusCode::OK)?;
    ground.get(&path).await?.is(StatusCode::NOT_FOUND).map(drop)
}

async fn defaults_are_filled_in(ground: &Ground) -> Result<(), Broken> {
    let route = json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "defaults"},
        "spec": {"parentRefs": [{"name": "gw"}], "rules": [{"backendRefs": [{"name": "a", "port": 80}]}]}});
    let path = format!("/apis/gateway.networking.k8s.io/v1/namespaces/{}/httproutes", ground.namespace());
    let made = ground.ask(Method::POST, &path, JSON, route).await?.is(StatusCode::CREATED)?;
    let backend = json!({"group": "", "kind": "Service", "name": "a", "port": 80, "weight": 1});
    same("backend", &made.at("/spec/rules/0/backendRefs/0"), &backend)?;
    same("match", &made.at("/spec/rules/0/matches"), &json!([{"path": {"type": "PathPrefix", "value": "/"}}]))?;
    let parent = json!({"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "gw"});
    same("parent", &made.at("/spec/parentRefs/0"), &parent)
}

//! Get, list, pages, selectors, forms, versions, discovery.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::ground::{Broken, Ground, JSON, holds, same};
use super::{Behaviour, listed};

pub(super) fn behaviours() -> Vec<Behaviour> {
    listed![
        a_missing_object_is_not_found,
        a_missing_kind_has_no_path,
        a_list_comes_in_pages_of_one_revision,
        labels_and_names_select,
        unknown_fields_do_not_select,
        a_table_has_columns_and_rows,
        metadata_alone_can_be_listed,
        every_version_shows_the_same_object,
        discovery_is_aggregated,
        the_schema_names_its_kind,
        rights_can_be_asked_for,
    ]
}

async fn a_missing_object_is_not_found(ground: &Ground) -> Result<(), Broken> {
    let path = format!("{}/none", ground.routes());
    let answer = ground.get(&path).await?;
    let answer = answer.refuses(404, "NotFound", "virtualservices.networking.istio.io \"none\" not found")?;
    let details = json!({"name": "none", "group": "networking.istio.io", "kind": "virtualservices"});
    same("details", &answer.at("/details"), &details)?;
    let answer = ground.get("/api/v1/namespaces/none-such").await?;
    answer.refuses(404, "NotFound", "namespaces \"none-such\" not found").map(drop)
}

async fn a_missing_kind_has_no_path(ground: &Ground) -> Result<(), Broken> {
    for path in ["/apis/nope.io/v1/things", "/apis/networking.istio.io/v9/virtualservices", "/nothing"] {
        let answer = ground.get(path).await?.is(StatusCode::NOT_FOUND)?;
        same("body", &answer.body, &json!("404 page not found\n"))?;
    }
    Ok(())
}

async fn a_list_comes_in_pages_of_one_revision(ground: &Ground) -> Result<(), Broken> {
    let rules = ground.rules();
    for name in ["page-a", "page-b", "page-c"] {
        let rule = Ground::rule(name, json!({"host": "a"}));
        ground.ask(Method::POST, &rules, JSON, rule).await?.is(StatusCode::CREATED)?;
    }
    let first = ground.get(&format!("{rules}?limit=2")).await?.is(StatusCode::OK)?;
    same("kind", &first.text("/kind").as_str(), &"DestinationRuleList")?;
    same("items", &first.at("/items").as_array().map(Vec::len), &Some(2))?;
    let rest = first.at("/metadata/remainingItemCount").as_u64().unwrap_or_default();
    holds("more remain", rest >= 1, rest)?;
    let token = first.text("/metadata/continue");
    let second = ground.get(&format!("{rules}?limit=500&continue={token}")).await?.is(StatusCode::OK)?;
    same("rest", &second.at("/items").as_array().map(|i| i.len() as u64), &Some(rest))?;
    same("revision", &second.text("/metadata/resourceVersion"), &first.text("/metadata/resourceVersion"))?;
    same("end", &second.text("/metadata/continue").as_str(), &"")?;
    let bad = ground.get(&format!("{rules}?limit=1&continue=nonsense")).await?.is(StatusCode::BAD_REQUEST)?;
    same("reason", &bad.text("/reason").as_str(), &"BadRequest")
}

async fn labels_and_names_select(ground: &Ground) -> Result<(), Broken> {
    for (name, tier) in [("select-a", "gold"), ("select-b", "tin")] {
        let mut route = Ground::route(name, "a");
        route["metadata"]["labels"] = json!({"tier": tier, "set": "select"});
        ground.ask(Method::POST, &ground.routes(), JSON, route).await?.is(StatusCode::CREATED)?;
    }
    for (query, expected) in [
        ("labelSelector=tier%3Dgold", vec!["select-a"]),
        ("labelSelector=tier%20in%20(tin%2Cgold)", vec!["select-a", "select-b"]),
        ("labelSelector=set%3Dselect%2Ctier!%3Dgold", vec!["select-b"]),
        ("labelSelector=set%2C!none&limit=1", vec!["select-a"]),
        ("fieldSelector=metadata.name%3Dselect-b", vec!["select-b"]),
    ] {
        let answer = ground.get(&format!("{}?{query}", ground.routes())).await?.is(StatusCode::OK)?;
        let items = answer.at("/items");
        let names = items.as_array().map(Vec::as_slice).unwrap_or_default();
        let names: Vec<_> = names.iter().filter_map(|i| i.pointer("/metadata/name").and_then(Value::as_str)).collect();
        same(query, &names, &expected)?;
        // What is left over cannot be counted where a selector chooses.
        same("remaining", &answer.at("/metadata/remainingItemCount"), &Value::Null)?;
    }
    Ok(())
}

async fn unknown_fields_do_not_select(ground: &Ground) -> Result<(), Broken> {
    let answer = ground.get(&format!("{}?fieldSelector=spec.x%3D1", ground.routes())).await?;
    answer.refuses(400, "BadRequest", "field label not supported: spec.x").map(drop)
}

async fn a_table_has_columns_and_rows(ground: &Ground) -> Result<(), Broken> {
    ground.create_route("tabled", "tabled.example").await?;
    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    let path = format!("{}?fieldSelector=metadata.name%3Dtabled", ground.routes());
    let answer = ground.ask_for(Method::GET, &path, JSON, Value::Null, accept).await?.is(StatusCode::OK)?;
    same("kind", &(answer.text("/kind"), answer.text("/apiVersion")), &("Table".into(), "meta.k8s.io/v1".into()))?;
    let columns = answer.at("/columnDefinitions");
    let names: Vec<_> = columns.as_array().into_iter().flatten().filter_map(|c| c["name"].as_str()).collect();
    same("columns", &names, &vec!["Name", "Gateways", "Hosts", "Age"])?;
    let cells = answer.at("/rows/0/cells");
    same(
        "cells",
        &(cells[0].clone(), cells[1].clone(), cells[2].clone()),
        &(json!("tabled"), Value::Null, json!("[\"tabled.example\"]")),
    )?;
    same("object", &answer.text("/rows/0/object/kind").as_str(), &"PartialObjectMetadata")
}

async fn metadata_alone_can_be_listed(ground: &Ground) -> Result<(), Broken> {
    ground.create_route("partial", "a").await?;
    let accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    let path = format!("{}?fieldSelector=metadata.name%3Dpartial", ground.routes());
    let answer = ground.ask_for(Method::GET, &path, JSON, Value::Null, accept).await?.is(StatusCode::OK)?;
    same("kind", &answer.text("/kind").as_str(), &"PartialObjectMetadataList")?;
    same("name", &answer.text("/items/0/metadata/name").as_str(), &"partial")?;
    same("no spec", &answer.at("/items/0/spec"), &Value::Null)
}

async fn every_version_shows_the_same_object(ground: &Ground) -> Result<(), Broken> {
    let created = ground.create_route("versions", "a").await?;
    let path = format!("{}/versions", ground.routes().replace("/v1/", "/v1beta1/"));
    let older = ground.get(&path).await?.is(StatusCode::OK)?;
    same("version", &older.text("/apiVersion").as_str(), &"networking.istio.io/v1beta1")?;
    same("identity", &older.text("/metadata/uid"), &created.text("/metadata/uid"))?;
    same("spec", &older.at("/spec"), &created.at("/spec"))
}

async fn discovery_is_aggregated(ground: &Ground) -> Result<(), Broken> {
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    let answer = ground.ask_for(Method::GET, "/apis", JSON, Value::Null, accept).await?.is(StatusCode::OK)?;
    same("kind", &answer.text("/kind").as_str(), &"APIGroupDiscoveryList")?;
    same("content type", &answer.content.as_str(), &accept)?;
    let groups = answer.at("/items");
    let group = groups.as_array().into_iter().flatten().find(|g| g["metadata"]["name"] == "networking.istio.io");
    let versions = group.map(|g| g["versions"].clone()).unwrap_or_default();
    let names: Vec<_> = versions.as_array().into_iter().flatten().filter_map(|v| v["version"].as_str()).collect();
    same("versions, the most stable first", &names, &vec!["v1", "v1beta1", "v1alpha3"])?;
    let resources = versions[0]["resources"].as_array().cloned().unwrap_or_default();
    let routes = resources.iter().find(|r| r["resource"] == "virtualservices").cloned().unwrap_or_default();
    same("scope", &routes["scope"], &json!("Namespaced"))?;
    same("kind", &routes["responseKind"]["kind"], &json!("VirtualService"))?;
    let group = ground.get("/apis/networking.istio.io").await?.is(StatusCode::OK)?;
    same("preferred", &group.text("/preferredVersion/version").as_str(), &"v1")?;
    let resources = ground.get("/apis/networking.istio.io/v1").await?.is(StatusCode::OK)?;
    same("kind", &resources.text("/kind").as_str(), &"APIResourceList")
}

async fn the_schema_names_its_kind(ground: &Ground) -> Result<(), Broken> {
    let index = ground.get("/openapi/v3").await?.is(StatusCode::OK)?;
    let link = index.at("/paths")["apis/networking.istio.io/v1"]["serverRelativeURL"].clone();
    let schemas = ground.get(link.as_str().unwrap_or_default()).await?.is(StatusCode::OK)?;
    let route = schemas.at("/components/schemas/io.istio.networking.v1.VirtualService");
    let gvk = json!([{"group": "networking.istio.io", "kind": "VirtualService", "version": "v1"}]);
    same("kind", &route["x-kubernetes-group-version-kind"], &gvk)?;
    same("type", &route["properties"]["spec"]["properties"]["hosts"]["type"], &json!("array"))
}

async fn rights_can_be_asked_for(ground: &Ground) -> Result<(), Broken> {
    let attributes = json!({"verb": "patch", "group": "networking.istio.io", "resource": "virtualservices", "namespace": ground.namespace()});
    let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": attributes}});
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let answer = ground.ask(Method::POST, path, JSON, review).await?.is(StatusCode::CREATED)?;
    same("allowed", &answer.at("/status/allowed"), &json!(true))?;
    let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": ground.namespace()}});
    let path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
    let answer = ground.ask(Method::POST, path, JSON, review).await?.is(StatusCode::CREATED)?;
    let rules = answer.at("/status/resourceRules");
    let everything =
        rules.as_array().into_iter().flatten().any(|r| r["verbs"] == json!(["*"]) && r["resources"] == json!(["*"]));
    holds("the administrator may do everything", everything, rules)?;
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let answer = ground.ask(Method::POST, path, JSON, review).await?.is(StatusCode::CREATED)?;
    holds("the user has a name", !answer.text("/status/userInfo/username").is_empty(), answer.body)
}

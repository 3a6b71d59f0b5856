//! Watches: order, selectors, streaming lists, ends and errors.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::ground::{Answer, Broken, Ground, JSON, MERGE, holds, same};
use super::{Behaviour, listed};

pub(super) fn behaviours() -> Vec<Behaviour> {
    listed![
        a_watch_tells_what_happened_since_a_revision,
        a_watch_without_a_revision_begins_with_all,
        leaving_a_selector_looks_like_a_deletion,
        a_revision_too_old_has_expired,
        a_streaming_list_marks_its_end,
        initial_events_need_a_match,
    ]
}

fn steps(answer: &Answer) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    answer.lines.iter().map(|e| (text(&e["type"]), text(&e["object"]["metadata"]["name"]))).collect()
}

fn expected(steps: &[(&str, &str)]) -> Vec<(String, String)> {
    steps.iter().map(|(step, name)| ((*step).to_owned(), (*name).to_owned())).collect()
}

async fn revision(ground: &Ground) -> Result<String, Broken> {
    Ok(ground.get(&format!("{}?limit=1", ground.routes())).await?.is(StatusCode::OK)?.text("/metadata/resourceVersion"))
}

async fn a_watch_tells_what_happened_since_a_revision(ground: &Ground) -> Result<(), Broken> {
    let since = revision(ground).await?;
    ground.create_route("watched", "a").await?;
    let path = format!("{}/watched", ground.routes());
    ground.ask(Method::PATCH, &path, MERGE, json!({"spec": {"hosts": ["b"]}})).await?.is(StatusCode::OK)?;
    ground.ask(Method::DELETE, &path, JSON, Value::Null).await?.is(StatusCode::OK)?;
    let path = format!("{}?watch=1&resourceVersion={since}&timeoutSeconds=1", ground.routes());
    let answer = ground.get(&path).await?.is(StatusCode::OK)?;
    let happened = expected(&[("ADDED", "watched"), ("MODIFIED", "watched"), ("DELETED", "watched")]);
    same("events", &steps(&answer), &happened)?;
    let revisions: Vec<u64> = answer
        .lines
        .iter()
        .filter_map(|e| e.pointer("/object/metadata/resourceVersion").and_then(Value::as_str)?.parse().ok())
        .collect();
    holds(
        "revisions grow, also at the deletion",
        revisions.len() == 3 && revisions.is_sorted_by(|a, b| a < b),
        revisions,
    )
}

async fn a_watch_without_a_revision_begins_with_all(ground: &Ground) -> Result<(), Broken> {
    ground.create_route("begins", "a").await?;
    let path = format!("{}?watch=1&fieldSelector=metadata.name%3Dbegins&timeoutSeconds=1", ground.routes());
    same("events", &steps(&ground.get(&path).await?.is(StatusCode::OK)?), &expected(&[("ADDED", "begins")]))
}

async fn leaving_a_selector_looks_like_a_deletion(ground: &Ground) -> Result<(), Broken> {
    let mut route = Ground::route("leaver", "a");
    route["metadata"]["labels"] = json!({"in": "yes"});
    let since = ground.ask(Method::POST, &ground.routes(), JSON, route).await?.is(StatusCode::CREATED)?;
    let path = format!("{}/leaver", ground.routes());
    for label in ["no", "yes"] {
        let patch = json!({"metadata": {"labels": {"in": label}}});
        ground.ask(Method::PATCH, &path, MERGE, patch).await?.is(StatusCode::OK)?;
    }
    let since = since.text("/metadata/resourceVersion");
    let path = format!("{}?watch=1&labelSelector=in%3Dyes&resourceVersion={since}&timeoutSeconds=1", ground.routes());
    let answer = ground.get(&path).await?.is(StatusCode::OK)?;
    same("events", &steps(&answer), &expected(&[("DELETED", "leaver"), ("ADDED", "leaver")]))
}

async fn a_revision_too_old_has_expired(ground: &Ground) -> Result<(), Broken> {
    let path = format!("{}?watch=1&resourceVersion=1&timeoutSeconds=1", ground.routes());
    let answer = ground.get(&path).await?.is(StatusCode::OK)?;
    let event = answer.lines.first().cloned().unwrap_or_default();
    same("type", &event["type"], &json!("ERROR"))?;
    same(
        "code",
        &(event["object"]["code"].clone(), event["object"]["reason"].clone()),
        &(json!(410), json!("Expired")),
    )?;
    let message = event["object"]["message"].as_str().unwrap_or_default().to_owned();
    holds("message", message.starts_with("too old resource version: 1 ("), message)
}

async fn a_streaming_list_marks_its_end(ground: &Ground) -> Result<(), Broken> {
    ground.create_route("stream-a", "a").await?;
    ground.create_route("stream-b", "a").await?;
    let query =
        "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1";
    let answer = ground.get(&format!("{}?{query}", ground.routes())).await?.is(StatusCode::OK)?;
    let end = answer.lines.iter().position(|e| e["type"] == "BOOKMARK").unwrap_or_default();
    holds(
        "all before the mark are added",
        end >= 2 && answer.lines[..end].iter().all(|e| e["type"] == "ADDED"),
        &answer.lines,
    )?;
    let mark = &answer.lines[end]["object"];
    same("mark", &mark["metadata"]["annotations"]["k8s.io/initial-events-end"], &json!("true"))?;
    same("kind", &mark["kind"], &json!("VirtualService"))?;
    let at: u64 = mark["metadata"]["resourceVersion"].as_str().and_then(|r| r.parse().ok()).unwrap_or_default();
    holds("revision", at > 0, at)
}

async fn initial_events_need_a_match(ground: &Ground) -> Result<(), Broken> {
    let path = format!("{}?watch=1&sendInitialEvents=true&timeoutSeconds=1", ground.routes());
    let message = "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting \
        resourceVersionMatch to NotOlderThan";
    ground.get(&path).await?.refuses(422, "Invalid", message).map(drop)
}

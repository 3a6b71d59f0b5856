//! Server-side apply: who owns what, conflicts, force, dry-runs.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::ground::{APPLY, Broken, Ground, MERGE, PATCH, holds, same};
use super::{Behaviour, listed};

pub(super) fn behaviours() -> Vec<Behaviour> {
    listed![
        an_apply_owns_what_it_names,
        a_conflict_names_manager_and_field,
        conflicts_are_listed_by_manager,
        force_takes_over,
        the_same_value_is_shared,
        what_an_apply_leaves_out_goes,
        what_another_owns_stays,
        the_same_apply_again_changes_nothing,
        an_update_takes_fields_away,
        an_update_may_name_the_owners,
        a_dry_run_of_an_apply_leaves_nothing,
        an_apply_keeps_to_its_revision_and_identity,
        an_apply_needs_a_manager_and_a_kind,
        an_apply_must_fit_the_schema,
        an_apply_must_keep_the_rules,
        lists_with_keys_merge_item_by_item,
    ]
}

fn rule(name: &str, mode: &str) -> Value {
    let mut rule = Ground::rule(
        name,
        json!({"host": "reviews", "trafficPolicy": {"tls": {"mode": mode}}, "subsets": [{"name": "v1"}]}),
    );
    rule["metadata"]["labels"] = json!({"mode": mode.to_lowercase()});
    rule
}

async fn an_apply_owns_what_it_names(ground: &Ground) -> Result<(), Broken> {
    let made = ground.apply(&ground.rules(), "one", rule("owns", "DISABLE"), "").await?.is(StatusCode::CREATED)?;
    let fields = json!({"f:metadata": {"f:labels": {"f:mode": {}}},
        "f:spec": {"f:host": {}, "f:subsets": {}, "f:trafficPolicy": {"f:tls": {"f:mode": {}}}}});
    same("owners", &made.owners(), &vec![("one".into(), "Apply".into(), fields)])
}

async fn a_conflict_names_manager_and_field(ground: &Ground) -> Result<(), Broken> {
    ground.apply(&ground.routes(), "one", Ground::route("conflict", "a"), "").await?.is(StatusCode::CREATED)?;
    let mut other = Ground::route("conflict", "a");
    other["spec"]["http"][0]["route"][0]["weight"] = json!(80);
    let answer = ground.apply(&ground.routes(), "two", other, "&force=false").await?;
    let answer = answer.refuses(409, "Conflict", "Apply failed with 1 conflict: conflict with \"one\": .spec.http")?;
    let cause = json!({"reason": "FieldManagerConflict", "message": "conflict with \"one\"", "field": ".spec.http"});
    same("details", &answer.at("/details"), &json!({"causes": [cause]}))
}

async fn conflicts_are_listed_by_manager(ground: &Ground) -> Result<(), Broken> {
    ground.apply(&ground.rules(), "one", rule("conflicts", "DISABLE"), "").await?.is(StatusCode::CREATED)?;
    let patch = json!({"spec": {"host": "changed"}});
    ground
        .ask(Method::PATCH, &format!("{}/conflicts?fieldManager=by-hand", ground.rules()), MERGE, patch)
        .await?
        .is(StatusCode::OK)?;
    let answer = ground.apply(&ground.rules(), "two", rule("conflicts", "SIMPLE"), "").await?;
    let message = "Apply failed with 3 conflicts: conflicts with \"by-hand\" using networking.istio.io/v1:\n- .spec.host\nconflicts with \"one\":\n\
        - .metadata.labels.mode\n- .spec.trafficPolicy.tls.mode";
    let answer = answer.refuses(409, "Conflict", message)?;
    let causes = answer.at("/details/causes");
    let cause = json!({"reason": "FieldManagerConflict", "field": ".spec.host", "message": "conflict with \"by-hand\" using networking.istio.io/v1"});
    holds("causes", causes.as_array().is_some_and(|all| all.len() == 3 && all.contains(&cause)), &causes)
}

async fn force_takes_over(ground: &Ground) -> Result<(), Broken> {
    ground.apply(&ground.rules(), "one", rule("force", "DISABLE"), "").await?.is(StatusCode::CREATED)?;
    let forced =
        ground.apply(&ground.rules(), "two", rule("force", "SIMPLE"), "&force=true").await?.is(StatusCode::OK)?;
    same("mode", &forced.text("/spec/trafficPolicy/tls/mode").as_str(), &"SIMPLE")?;
    let one = json!({"f:spec": {"f:host": {}, "f:subsets": {}}});
    let two = json!({"f:metadata": {"f:labels": {"f:mode": {}}},
        "f:spec": {"f:host": {}, "f:subsets": {}, "f:trafficPolicy": {"f:tls": {"f:mode": {}}}}});
    same("owners", &forced.owners(), &vec![("one".into(), "Apply".into(), one), ("two".into(), "Apply".into(), two)])
}

async fn the_same_value_is_shared(ground: &Ground) -> Result<(), Broken> {
    ground.apply(&ground.rules(), "one", rule("shared", "DISABLE"), "").await?.is(StatusCode::CREATED)?;
    let shared = ground.apply(&ground.rules(), "two", rule("shared", "DISABLE"), "").await?.is(StatusCode::OK)?;
    let owners = shared.owners();
    same("fields", &owners.first().map(|o| &o.2), &owners.get(1).map(|o| &o.2))
}

async fn what_an_apply_leaves_out_goes(ground: &Ground) -> Result<(), Broken> {
    ground.apply(&ground.rules(), "one", rule("leaves", "DISABLE"), "").await?.is(StatusCode::CREATED)?;
    let less = ground
        .apply(&ground.rules(), "one", Ground::rule("leaves", json!({"host": "reviews"})), "")
        .await?
        .is(StatusCode::OK)?;
    same("spec", &less.at("/spec"), &json!({"host": "reviews"}))?;
    same("labels", &less.at("/metadata/labels"), &Value::Null)
}

async fn what_another_owns_stays(ground: &Ground) -> Result<(), Broken> {
    ground.apply(&ground.rules(), "one", rule("stays", "DISABLE"), "").await?.is(StatusCode::CREATED)?;
    let tls = json!({"host": "reviews", "trafficPolicy": {"tls": {"mode": "DISABLE"}}});
    ground.apply(&ground.rules(), "two", Ground::rule("stays", tls.clone()), "").await?.is(StatusCode::OK)?;
    let less = ground
        .apply(&ground.rules(), "one", Ground::rule("stays", json!({"host": "reviews"})), "")
        .await?
        .is(StatusCode::OK)?;
    same("spec", &less.at("/spec"), &tls)
}

async fn the_same_apply_again_changes_nothing(ground: &Ground) -> Result<(), Broken> {
    let first = ground.apply(&ground.rules(), "one", rule("again", "DISABLE"), "").await?.is(StatusCode::CREATED)?;
    let second = ground.apply(&ground.rules(), "one", rule("again", "DISABLE"), "").await?.is(StatusCode::OK)?;
    same("revision", &second.text("/metadata/resourceVersion"), &first.text("/metadata/resourceVersion"))
}

async fn an_update_may_name_the_owners(ground: &Ground) -> Result<(), Broken> {
    let made = ground.apply(&ground.rules(), "one", rule("named", "DISABLE"), "").await?.is(StatusCode::CREATED)?;
    let path = format!("{}/named?fieldManager=by-hand", ground.rules());
    let taken =
        ground.ask(Method::PATCH, &path, MERGE, json!({"spec": {"host": "changed"}})).await?.is(StatusCode::OK)?;
    same("owners of a change", &taken.owners().len(), &2)?;
    // The same write that names owners gives what it changes to its writer …
    let owners = made.at("/metadata/managedFields");
    let change = json!([{"op": "replace", "path": "/spec/host", "value": "reviews"},
        {"op": "replace", "path": "/metadata/managedFields", "value": owners}]);
    let both = ground.ask(Method::PATCH, &path, PATCH, change).await?.is(StatusCode::OK)?;
    same("owners of a change that names them", &both.owners().len(), &2)?;
    // … one that changes nothing else leaves exactly those that it names, with their times.
    let name = json!([{"op": "replace", "path": "/metadata/managedFields", "value": owners}]);
    let named = ground.ask(Method::PATCH, &path, PATCH, name).await?.is(StatusCode::OK)?;
    same("owners", &named.at("/metadata/managedFields"), &owners)?;
    same("generation", &named.at("/metadata/generation"), &both.at("/metadata/generation"))
}

async fn an_update_takes_fields_away(ground: &Ground) -> Result<(), Broken> {
    ground.apply(&ground.rules(), "one", rule("away", "DISABLE"), "").await?.is(StatusCode::CREATED)?;
    let patch = json!({"spec": {"host": "changed", "subsets": null}});
    let path = format!("{}/away?fieldManager=by-hand", ground.rules());
    let answer = ground.ask(Method::PATCH, &path, MERGE, patch).await?.is(StatusCode::OK)?;
    let one =
        json!({"f:metadata": {"f:labels": {"f:mode": {}}}, "f:spec": {"f:trafficPolicy": {"f:tls": {"f:mode": {}}}}});
    let hand = json!({"f:spec": {"f:host": {}}});
    same(
        "owners",
        &answer.owners(),
        &vec![("by-hand".into(), "Update".into(), hand), ("one".into(), "Apply".into(), one)],
    )
}

async fn a_dry_run_of_an_apply_leaves_nothing(ground: &Ground) -> Result<(), Broken> {
    let made = ground
        .apply(&ground.rules(), "one", rule("dry-apply", "DISABLE"), "&dryRun=All")
        .await?
        .is(StatusCode::CREATED)?;
    same("no revision", &made.at("/metadata/resourceVersion"), &Value::Null)?;
    let path = format!("{}/dry-apply", ground.rules());
    ground.get(&path).await?.is(StatusCode::NOT_FOUND)?;
    let made = ground.apply(&ground.rules(), "one", rule("dry-apply", "DISABLE"), "").await?.is(StatusCode::CREATED)?;
    let dry =
        ground.apply(&ground.rules(), "one", rule("dry-apply", "SIMPLE"), "&dryRun=All").await?.is(StatusCode::OK)?;
    same("would be", &dry.text("/spec/trafficPolicy/tls/mode").as_str(), &"SIMPLE")?;
    same("generation would be", &dry.at("/metadata/generation"), &json!(2))?;
    same("is", &ground.get(&path).await?.body, &made.body)
}

async fn an_apply_keeps_to_its_revision_and_identity(ground: &Ground) -> Result<(), Broken> {
    ground.apply(&ground.routes(), "one", Ground::route("precise", "a"), "").await?.is(StatusCode::CREATED)?;
    let mut route = Ground::route("precise", "b");
    route["metadata"]["resourceVersion"] = "1".into();
    let message = "Operation cannot be fulfilled on virtualservices.networking.istio.io \"precise\": the object has been modified; \
        please apply your changes to the latest version and try again";
    ground.apply(&ground.routes(), "one", route, "").await?.refuses(409, "Conflict", message)?;
    let uid = "b967c8c9-52dc-4d03-aacc-fbed858290e1";
    let mut route = Ground::route("precise", "b");
    route["metadata"]["uid"] = uid.into();
    let message = format!(
        "VirtualService.networking.istio.io \"precise\" is invalid: metadata.uid: Invalid value: \"{uid}\": field is immutable"
    );
    ground.apply(&ground.routes(), "one", route, "").await?.refuses(422, "Invalid", &message)?;
    let mut route = Ground::route("precise-new", "b");
    route["metadata"]["uid"] = uid.into();
    let message = format!(
        "Operation cannot be fulfilled on virtualservices.networking.istio.io \"precise-new\": uid mismatch: the provided object specified uid {uid}, and no existing object was found"
    );
    ground.apply(&ground.routes(), "one", route, "").await?.refuses(409, "Conflict", &message).map(drop)
}

async fn an_apply_needs_a_manager_and_a_kind(ground: &Ground) -> Result<(), Broken> {
    let path = format!("{}/nameless", ground.routes());
    let answer = ground.ask(Method::PATCH, &path, APPLY, Ground::route("nameless", "a")).await?;
    let message = "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch";
    answer.refuses(422, "Invalid", message)?;
    let mut route = Ground::route("nameless", "a");
    route["metadata"]["managedFields"] = json!([{}]);
    ground.apply(&ground.routes(), "one", route, "").await?.refuses(
        400,
        "BadRequest",
        "metadata.managedFields must be nil",
    )?;
    let answer =
        ground.ask(Method::PATCH, &format!("{path}?fieldManager=one"), APPLY, Ground::route("other", "a")).await?;
    answer
        .refuses(400, "BadRequest", "the name of the object (other) does not match the name on the URL (nameless)")
        .map(drop)
}

async fn an_apply_must_fit_the_schema(ground: &Ground) -> Result<(), Broken> {
    let start = "failed to create typed patch object (/misfit; networking.istio.io/v1, Kind=VirtualService)";
    let mut route = Ground::route("misfit", "a");
    route["spec"]["http"][0]["nope"] = json!(1);
    let answer = ground.apply(&ground.routes(), "one", route, "&fieldValidation=Strict").await?;
    answer.refuses(500, "", &format!("{start}: .spec.http[0].nope: field not declared in schema"))?;
    let mut route = Ground::route("misfit", "a");
    route["spec"]["http"] = json!("x");
    let answer = ground.apply(&ground.routes(), "one", route, "").await?;
    answer.refuses(500, "", &format!("{start}: .spec.http: expected list, got &{{x}}")).map(drop)
}

async fn an_apply_must_keep_the_rules(ground: &Ground) -> Result<(), Broken> {
    let policy = json!({"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "metadata": {"name": "ruled"},
        "spec": {"portLevelMtls": {"8080": {"mode": "DISABLE"}}}});
    let path = format!("/apis/security.istio.io/v1/namespaces/{}/peerauthentications", ground.namespace());
    let message = "PeerAuthentication.security.istio.io \"ruled\" is invalid: spec: Invalid value: portLevelMtls requires selector";
    ground.apply(&path, "one", policy, "&dryRun=All").await?.refuses(422, "Invalid", message).map(drop)
}

async fn lists_with_keys_merge_item_by_item(ground: &Ground) -> Result<(), Broken> {
    let path = format!("/apis/networking.istio.io/v1/namespaces/{}/serviceentries", ground.namespace());
    let entry = |port: Value| {
        json!({"apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry", "metadata": {"name": "keyed"},
            "spec": {"hosts": ["a.example"], "ports": [port]}})
    };
    ground.apply(&path, "one", entry(json!({"name": "http", "number": 80})), "").await?.is(StatusCode::CREATED)?;
    let both =
        ground.apply(&path, "two", entry(json!({"name": "tls", "number": 443})), "").await?.is(StatusCode::OK)?;
    same("ports", &both.at("/spec/ports"), &json!([{"name": "http", "number": 80}, {"name": "tls", "number": 443}]))?;
    let fields = |name: &str| json!({format!("k:{{\"name\":\"{name}\"}}"): {".": {}, "f:name": {}, "f:number": {}}});
    let owners = both.owners();
    same("one's", &owners[0].2["f:spec"]["f:ports"], &fields("http"))?;
    same("two's", &owners[1].2["f:spec"]["f:ports"], &fields("tls"))?;
    let moved =
        ground.apply(&path, "one", entry(json!({"name": "grpc", "number": 81})), "").await?.is(StatusCode::OK)?;
    same("ports", &moved.at("/spec/ports"), &json!([{"name": "tls", "number": 443}, {"name": "grpc", "number": 81}]))
}

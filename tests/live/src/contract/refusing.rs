//! What is refused, and in which words.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::ground::{Broken, Ground, JSON, MERGE, holds, same};
use super::{Behaviour, listed};

pub(super) fn behaviours() -> Vec<Behaviour> {
    listed![
        what_is_there_cannot_be_created,
        an_object_must_fit_its_url,
        metadata_are_a_mapping,
        a_name_must_be_a_domain,
        a_namespace_must_be_there,
        an_unknown_media_type_is_refused,
        unknown_fields_are_refused_warned_of_or_ignored,
        unknown_fields_in_patches_too,
        the_schema_is_kept,
        rules_are_kept,
        list_keys_are_unique,
        an_unknown_dry_run_is_refused,
    ]
}

async fn what_is_there_cannot_be_created(ground: &Ground) -> Result<(), Broken> {
    ground.create_route("there", "a").await?;
    let answer = ground.ask(Method::POST, &ground.routes(), JSON, Ground::route("there", "a")).await?;
    answer.refuses(409, "AlreadyExists", "virtualservices.networking.istio.io \"there\" already exists").map(drop)
}

async fn an_object_must_fit_its_url(ground: &Ground) -> Result<(), Broken> {
    let changed = |pointer: &str, value: &str| {
        let mut route = Ground::route("fits", "a");
        match pointer {
            "namespace" => route["metadata"]["namespace"] = value.into(),
            field => route[field] = value.into(),
        }
        route
    };
    for (object, code, reason, message) in [
        (
            changed("apiVersion", "networking.istio.io/v1beta1"),
            400,
            "BadRequest",
            "the API version in the data (networking.istio.io/v1beta1) does not match the expected API version (networking.istio.io/v1)",
        ),
        (
            changed("namespace", "elsewhere"),
            400,
            "BadRequest",
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
        (
            changed("kind", "Foo"),
            422,
            "Invalid",
            "Foo.networking.istio.io \"fits\" is invalid: kind: Invalid value: \"Foo\": must be VirtualService",
        ),
    ] {
        ground.ask(Method::POST, &ground.routes(), JSON, object).await?.refuses(code, reason, message)?;
    }
    Ok(())
}

async fn metadata_are_a_mapping(ground: &Ground) -> Result<(), Broken> {
    for (metadata, form) in [(json!("x"), "string"), (json!([]), "array"), (json!(7), "number"), (json!(true), "bool")]
    {
        let mut route = Ground::route("odd", "a");
        route["metadata"] = metadata;
        let why = format!(
            "VirtualService in version \"v1\" cannot be handled as a VirtualService: json: cannot unmarshal {form} into Go value of type v1.ObjectMeta"
        );
        ground.ask(Method::POST, &ground.routes(), JSON, route).await?.refuses(400, "BadRequest", &why)?;
    }
    ground.create_route("odd", "a").await?;
    let path = format!("{}/odd", ground.routes());
    let answer = ground.ask(Method::PATCH, &path, MERGE, json!({"metadata": "x"})).await?;
    answer.is(StatusCode::UNPROCESSABLE_ENTITY).map(drop)
}

async fn a_name_must_be_a_domain(ground: &Ground) -> Result<(), Broken> {
    let answer = ground
        .ask(Method::POST, &ground.routes(), JSON, Ground::route("X_2", "a"))
        .await?
        .is(StatusCode::UNPROCESSABLE_ENTITY)?;
    same("field", &answer.text("/details/causes/0/field").as_str(), &"metadata.name")?;
    let message = answer.text("/message");
    holds("message", message.starts_with("VirtualService.networking.istio.io \"X_2\" is invalid: metadata.name: Invalid value: \"X_2\": a lowercase RFC 1123 subdomain"), message)
}

async fn a_namespace_must_be_there(ground: &Ground) -> Result<(), Broken> {
    let path = "/apis/networking.istio.io/v1/namespaces/none-such/virtualservices";
    let answer = ground.ask(Method::POST, path, JSON, Ground::route("a", "a")).await?;
    answer.refuses(404, "NotFound", "namespaces \"none-such\" not found").map(drop)
}

async fn an_unknown_media_type_is_refused(ground: &Ground) -> Result<(), Broken> {
    let answer = ground.ask(Method::POST, &ground.routes(), "text/plain", Ground::route("media", "a")).await?;
    answer.is(StatusCode::UNSUPPORTED_MEDIA_TYPE)?;
    ground.create_route("media", "a").await?;
    let answer = ground
        .ask(Method::PATCH, &format!("{}/media", ground.routes()), "application/strategic-merge-patch+json", json!({}))
        .await?;
    let message = "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, \
        application/merge-patch+json, application/apply-patch+yaml";
    answer.refuses(415, "UnsupportedMediaType", message).map(drop)
}

async fn unknown_fields_are_refused_warned_of_or_ignored(ground: &Ground) -> Result<(), Broken> {
    let mut route = Ground::route("unknown", "a");
    route["spec"]["hostz"] = json!(["a"]);
    route["spec"]["http"][0]["zz"] = json!(1);
    let strict =
        ground.ask(Method::POST, &format!("{}?fieldValidation=Strict", ground.routes()), JSON, route.clone()).await?;
    let message = "VirtualService in version \"v1\" cannot be handled as a VirtualService: strict decoding error: \
        unknown field \"spec.hostz\", unknown field \"spec.http[0].zz\"";
    strict.refuses(400, "BadRequest", message)?;
    let quiet = ground
        .ask(Method::POST, &format!("{}?fieldValidation=Ignore&dryRun=All", ground.routes()), JSON, route.clone())
        .await?;
    same("warnings", &quiet.is(StatusCode::CREATED)?.warnings, &Vec::<String>::new())?;
    let warned = ground.ask(Method::POST, &ground.routes(), JSON, route).await?.is(StatusCode::CREATED)?;
    let expected = vec![
        "299 - \"unknown field \\\"spec.hostz\\\"\"".to_owned(),
        "299 - \"unknown field \\\"spec.http[0].zz\\\"\"".to_owned(),
    ];
    same("warnings", &warned.warnings, &expected)?;
    same("they are not kept", &warned.at("/spec/hostz"), &Value::Null)
}

async fn unknown_fields_in_patches_too(ground: &Ground) -> Result<(), Broken> {
    ground.create_route("unknown-patch", "a").await?;
    let path = format!("{}/unknown-patch?fieldValidation=Strict", ground.routes());
    let answer = ground
        .ask(Method::PATCH, &path, MERGE, json!({"spec": {"nope": 1}}))
        .await?
        .is(StatusCode::UNPROCESSABLE_ENTITY)?;
    let message = answer.text("/message");
    holds(
        "message",
        message.starts_with(" \"\" is invalid: patch: ")
            && message.ends_with("strict decoding error: unknown field \"spec.nope\""),
        message,
    )
}

const UNCHECKED: &str = "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; \
    correct the existing errors to complete validation";

async fn the_schema_is_kept(ground: &Ground) -> Result<(), Broken> {
    for (spec, cause, reason) in [
        (json!({}), "spec.host: Required value", "FieldValueRequired"),
        (
            json!({"host": ["a"]}),
            "spec.host: Invalid value: \"array\": spec.host in body must be of type string: \"array\"",
            "FieldValueTypeInvalid",
        ),
        (
            json!({"host": "a", "trafficPolicy": {"tls": {"mode": "WRONG"}}}),
            "spec.trafficPolicy.tls.mode: Unsupported value: \"WRONG\": supported values: \"DISABLE\", \"SIMPLE\", \"MUTUAL\", \"ISTIO_MUTUAL\"",
            "FieldValueNotSupported",
        ),
    ] {
        let answer = ground.ask(Method::POST, &ground.rules(), JSON, Ground::rule("schema", spec)).await?;
        let message = format!("DestinationRule.networking.istio.io \"schema\" is invalid: [{cause}, {UNCHECKED}]");
        let answer = answer.refuses(422, "Invalid", &message)?;
        same("reason", &answer.text("/details/causes/0/reason").as_str(), &reason)?;
    }
    Ok(())
}

async fn rules_are_kept(ground: &Ground) -> Result<(), Broken> {
    let policy = json!({"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "metadata": {"name": "p"},
        "spec": {"mtls": {"mode": "STRICT"}, "portLevelMtls": {"8080": {"mode": "DISABLE"}}}});
    let path = format!("/apis/security.istio.io/v1/namespaces/{}/peerauthentications", ground.namespace());
    let answer = ground.ask(Method::POST, &path, JSON, policy).await?;
    let message =
        "PeerAuthentication.security.istio.io \"p\" is invalid: spec: Invalid value: portLevelMtls requires selector";
    let answer = answer.refuses(422, "Invalid", message)?;
    same(
        "cause",
        &answer.at("/details/causes"),
        &json!([{"reason": "FieldValueInvalid", "message": "Invalid value: portLevelMtls requires selector", "field": "spec"}]),
    )
}

async fn list_keys_are_unique(ground: &Ground) -> Result<(), Broken> {
    let entry = json!({"apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry", "metadata": {"name": "twice"},
        "spec": {"hosts": ["a.example"], "ports": [{"name": "a", "number": 80}, {"name": "a", "number": 81}]}});
    let path = format!("/apis/networking.istio.io/v1/namespaces/{}/serviceentries", ground.namespace());
    let answer = ground.ask(Method::POST, &path, JSON, entry).await?;
    let message =
        "ServiceEntry.networking.istio.io \"twice\" is invalid: spec.ports[1]: Duplicate value: {\"name\":\"a\"}";
    answer.refuses(422, "Invalid", message).map(drop)
}

async fn an_unknown_dry_run_is_refused(ground: &Ground) -> Result<(), Broken> {
    let answer =
        ground.ask(Method::POST, &format!("{}?dryRun=Some", ground.routes()), JSON, Ground::route("a", "a")).await?;
    let message =
        "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: [\"Some\"]: supported values: \"All\"";
    answer.refuses(422, "Invalid", message).map(drop)
}

//! Writing: server-side apply and its siblings. Never repeated by us, never forced unless the caller says so.

use http::Method;
use serde_json::{Value, json};
use world::{Gvk, ObjectKey, Said, said};

use crate::classify;
use crate::connection::{Call, Connection, escape};
use crate::error::{ApiError, Cause};

/// Who we are in `managedFields`.
pub const FIELD_MANAGER: &str = "netloft";

/// How a write is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Ask what would happen; nothing is stored.
    pub dry_run: bool,
    /// Take over fields that others own. Only by the user's own choice.
    pub force: bool,
    /// `Strict` (unknown fields are refused), `Warn`, `Ignore`; `None` for the server's own choice.
    pub field_validation: Option<&'static str>,
    /// Refuse where the object is no longer at this version.
    pub resource_version: Option<String>,
}

/// What must still hold for a delete to happen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// `metadata.uid`.
    pub uid: Option<String>,
    /// `metadata.resourceVersion`.
    pub resource_version: Option<String>,
}

/// What the server answered to a write.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The whole object as it is stored now, or as it would be.
    pub object: Value,
    /// The server's warnings.
    pub warnings: Vec<String>,
}

impl Connection {
    /// Server-side apply of a whole document.
    ///
    /// # Errors
    /// `Conflict` with the owners of fields, or without owners where the version has moved on; else as any call.
    pub async fn apply(&self, document: &Value, options: &Options) -> Result<Answer, ApiError> {
        let key = key_of(document).ok_or_else(|| self.nameless(("apply a document", "应用一份文档")))?;
        let tried =
            if options.dry_run { said!("try {key}", "试应用 {key}") } else { said!("apply {key}", "应用 {key}") };
        let path = self.path_of(&key, &tried).await?;
        let path = format!("{path}?{}&force={}", query(options), options.force);
        self.write(tried, Method::PATCH, path, "application/apply-patch+yaml", &ready(document, options)).await
    }

    /// Creates an object; `Conflict` where one of this name exists.
    ///
    /// # Errors
    /// As any call.
    pub async fn create(&self, document: &Value, options: &Options) -> Result<Answer, ApiError> {
        let key = key_of(document).ok_or_else(|| self.nameless(("create a document", "创建一份文档")))?;
        let tried = said!("create {key}", "创建 {key}");
        let path = self.path_of(&key, &tried).await?;
        let collection = path.rsplit_once('/').map_or(path.as_str(), |(collection, _)| collection);
        let path = format!("{collection}?{}", query(options));
        let mut body = document.clone();
        if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
            for field in ["resourceVersion", "uid", "managedFields", "creationTimestamp", "generation"] {
                metadata.shift_remove(field);
            }
        }
        self.write(tried, Method::POST, path, "application/json", &body).await
    }

    /// Replaces an object as a whole, at the version of the options or else of the document.
    ///
    /// # Errors
    /// `Conflict` where the version has moved on; else as any call.
    pub async fn replace(&self, document: &Value, options: &Options) -> Result<Answer, ApiError> {
        let key = key_of(document).ok_or_else(|| self.nameless(("replace a document", "替换一份文档")))?;
        let tried = said!("replace {key}", "替换 {key}");
        let path = format!("{}?{}", self.path_of(&key, &tried).await?, query(options));
        let own = document.pointer("/metadata/resourceVersion").and_then(Value::as_str).map(str::to_owned);
        let options = Options { resource_version: options.resource_version.clone().or(own), ..options.clone() };
        self.write(tried, Method::PUT, path, "application/json", &ready(document, &options)).await
    }

    /// Changes an object by a JSON patch; `test` steps in it guard what must still hold.
    ///
    /// # Errors
    /// `Invalid` where a `test` fails; else as any call.
    pub async fn json_patch(&self, key: &ObjectKey, patch: &Value, options: &Options) -> Result<Answer, ApiError> {
        let tried = said!("patch {key}", "修改 {key}");
        let path = format!("{}?{}", self.path_of(key, &tried).await?, query(options));
        self.write(tried, Method::PATCH, path, "application/json-patch+json", patch).await
    }

    /// Changes an object, or its status where that is a resource of its own, by a merge patch.
    ///
    /// # Errors
    /// `Conflict` where the version of the options has moved on; else as any call.
    pub async fn merge_patch(
        &self,
        key: &ObjectKey,
        status: bool,
        patch: &Value,
        options: &Options,
    ) -> Result<Answer, ApiError> {
        let tried = said!("patch {key}", "修改 {key}");
        let mut path = self.path_of(key, &tried).await?;
        if status {
            path.push_str("/status");
        }
        let mut body = patch.clone();
        if let Some(version) = &options.resource_version {
            body["metadata"] = json!({"resourceVersion": version});
        }
        let path = format!("{path}?{}", query(options));
        self.write(tried, Method::PATCH, path, "application/merge-patch+json", &body).await
    }

    /// Deletes an object if these still hold.
    ///
    /// # Errors
    /// `Conflict` where a precondition fails; else as any call.
    pub async fn delete(&self, key: &ObjectKey, only: &Preconditions, dry_run: bool) -> Result<Vec<String>, ApiError> {
        let tried = said!("delete {key}", "删除 {key}");
        let path = self.path_of(key, &tried).await?;
        let mut body = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"});
        if only.uid.is_some() || only.resource_version.is_some() {
            body["preconditions"] = json!({});
            for (field, value) in [("uid", &only.uid), ("resourceVersion", &only.resource_version)] {
                if let Some(value) = value {
                    body["preconditions"][field] = json!(value);
                }
            }
        }
        if dry_run {
            body["dryRun"] = json!(["All"]);
        }
        let body = Some(("application/json", body.to_string().into_bytes()));
        let reply = self.send(&Call { method: Method::DELETE, body, ..Call::get(tried, path) }).await?;
        Ok(classify::warnings(&reply.headers))
    }

    /// The OpenAPI v3 document of a group and version, which holds the schemas of its kinds.
    ///
    /// # Errors
    /// As any call; `NotServed` where the document has no such kind.
    pub async fn openapi(&self, group: &str, version: &str, kind: &str) -> Result<Value, ApiError> {
        let root = if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") };
        let tried = said!("read the schema of {kind}", "读取 {kind} 的 schema");
        let mut document: Value = self.json(&Call::get(&tried, format!("/openapi/v3/{root}"))).await?;
        let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
        let is_it = |schema: &Value| {
            let marks = schema.get("x-kubernetes-group-version-kind").and_then(Value::as_array);
            marks.into_iter().flatten().any(|m| m["group"] == group && m["version"] == version && m["kind"] == kind)
        };
        let name =
            schemas.as_ref().and_then(|all| all.iter().find(|(_, schema)| is_it(schema)).map(|(n, _)| n.clone()));
        match (schemas, name) {
            (Some(all), Some(name)) => Ok(all.shift_remove(&name).unwrap_or_default()),
            _ => Err(self.error(tried, Cause::NotServed { group: group.into(), kind: kind.into() })),
        }
    }

    async fn write(
        &self,
        tried: Said,
        method: Method,
        path: String,
        kind: &'static str,
        body: &Value,
    ) -> Result<Answer, ApiError> {
        let call = Call { method, body: Some((kind, body.to_string().into_bytes())), ..Call::get(tried, path) };
        let reply = self.send(&call).await?;
        Ok(Answer { object: self.decode(&call, &reply.body)?, warnings: classify::warnings(&reply.headers) })
    }

    fn nameless(&self, tried: (&str, &str)) -> ApiError {
        let detail = "the document has no apiVersion, kind or metadata.name".into();
        self.error(tried, Cause::NotAllowed { detail })
    }
}

fn query(options: &Options) -> String {
    let mut query = format!("fieldManager={FIELD_MANAGER}");
    if options.dry_run {
        query.push_str("&dryRun=All");
    }
    if let Some(validation) = options.field_validation {
        query.push_str("&fieldValidation=");
        query.push_str(&escape(validation));
    }
    query
}

/// The document as it is sent: without `managedFields`, which apply refuses, and at the version that was asked for.
fn ready(document: &Value, options: &Options) -> Value {
    let mut body = document.clone();
    if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("managedFields");
        match &options.resource_version {
            Some(version) => drop(metadata.insert("resourceVersion".into(), json!(version))),
            None => drop(metadata.shift_remove("resourceVersion")),
        }
    }
    body
}

fn key_of(document: &Value) -> Option<ObjectKey> {
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (kind, name) = (text("/kind"), text("/metadata/name"));
    if text("/apiVersion").is_empty() || kind.is_empty() || name.is_empty() {
        return None;
    }
    Some(ObjectKey::new(&Gvk::new(text("/apiVersion"), kind).group, kind, text("/metadata/namespace"), name))
}

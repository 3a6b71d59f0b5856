//! A place to look for behaviours: a client, a namespace, and plain questions.

use std::fmt::Debug;

use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::{Value, json};

/// What a behaviour was found to be instead.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// No answer.
    #[error("no answer: {0}")]
    Unreachable(#[from] kube::Error),
    /// The question could not be put.
    #[error("the request could not be made: {0}")]
    Unaskable(#[from] http::Error),
    /// Another answer than expected.
    #[error("{what}\n  expected {expected}\n  got      {got}")]
    Differs {
        /// What was looked at.
        what: String,
        /// As the genuine server does.
        expected: String,
        /// As it was.
        got: String,
    },
}

/// Where behaviours are looked for.
pub struct Ground {
    client: kube::Client,
    namespace: String,
}

/// An answer of the API.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body; a JSON string where it is no JSON.
    pub body: Value,
    /// Lines of the body, for watches.
    pub lines: Vec<Value>,
    /// `Warning` headers.
    pub warnings: Vec<String>,
    /// The `Content-Type` header.
    pub content: String,
}

/// How the body of a request is to be understood.
pub const JSON: &str = "application/json";
/// A merge patch.
pub const MERGE: &str = "application/merge-patch+json";
/// A JSON patch.
pub const PATCH: &str = "application/json-patch+json";
/// A server-side apply.
pub const APPLY: &str = "application/apply-patch+yaml";

/// Differs unless both are the same.
pub fn same<T: PartialEq + Debug>(what: &str, got: &T, expected: &T) -> Result<(), Broken> {
    if got == expected {
        return Ok(());
    }
    Err(Broken::Differs { what: what.into(), expected: format!("{expected:?}"), got: format!("{got:?}") })
}

/// Differs unless it holds.
pub fn holds(what: &str, it: bool, got: impl Debug) -> Result<(), Broken> {
    if it {
        Ok(())
    } else {
        Err(Broken::Differs { what: what.into(), expected: "that it holds".into(), got: format!("{got:?}") })
    }
}

impl Answer {
    /// A text in the body; empty where there is none.
    pub fn text(&self, pointer: &str) -> String {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// A value in the body.
    pub fn at(&self, pointer: &str) -> Value {
        self.body.pointer(pointer).cloned().unwrap_or_default()
    }

    /// Differs unless the status is this.
    pub fn is(self, status: StatusCode) -> Result<Self, Broken> {
        same(&format!("status, with body {}", self.body), &self.status, &status.as_u16())?;
        Ok(self)
    }

    /// Differs unless it is a `Status` with this code, reason and message.
    pub fn refuses(self, code: u16, reason: &str, message: &str) -> Result<Self, Broken> {
        same("message", &self.text("/message").as_str(), &message)?;
        same("reason", &self.text("/reason").as_str(), &reason)?;
        same(
            "kind and code",
            &(self.text("/kind"), self.at("/code"), self.status),
            &("Status".into(), code.into(), code),
        )?;
        Ok(self)
    }

    /// (manager, operation, fields) of each owner, sorted.
    pub fn owners(&self) -> Vec<(String, String, Value)> {
        let entries = self.at("/metadata/managedFields");
        let text = |entry: &Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        let all = entries.as_array().map(Vec::as_slice).unwrap_or_default();
        let mut owners: Vec<_> =
            all.iter().map(|e| (text(e, "manager"), text(e, "operation"), e["fieldsV1"].clone())).collect();
        owners.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        owners
    }
}

impl Ground {
    /// On this cluster, in this namespace.
    pub fn new(client: kube::Client, namespace: &str) -> Self {
        Self { client, namespace: namespace.into() }
    }

    /// The namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Makes the namespace.
    pub async fn make_namespace(&self) -> Result<(), Broken> {
        let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}});
        self.ask(Method::POST, "/api/v1/namespaces", JSON, body).await?.is(StatusCode::CREATED).map(drop)
    }

    /// Deletes the namespace and all that is in it.
    pub async fn delete_namespace(&self) -> Result<(), Broken> {
        self.ask(Method::DELETE, &format!("/api/v1/namespaces/{}", self.namespace), JSON, Value::Null)
            .await?
            .is(StatusCode::OK)
            .map(drop)
    }

    /// Puts a question.
    pub async fn ask(&self, method: Method, path: &str, content: &str, body: Value) -> Result<Answer, Broken> {
        self.ask_for(method, path, content, body, "application/json").await
    }

    /// Puts a question, for an answer in this form.
    pub async fn ask_for(
        &self,
        method: Method,
        path: &str,
        content: &str,
        body: Value,
        accept: &str,
    ) -> Result<Answer, Broken> {
        let body = match body {
            Value::Null => Body::empty(),
            body => Body::from(body.to_string().into_bytes()),
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(http::header::ACCEPT, accept)
            .header(http::header::CONTENT_TYPE, content)
            .header(http::header::USER_AGENT, "contract/1")
            .body(body)?;
        let response = self.client.send(request).await?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        let text = String::from_utf8_lossy(&body).into_owned();
        let lines = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let warnings = parts.headers.get_all(http::header::WARNING).iter();
        let warnings = warnings.filter_map(|w| w.to_str().ok().map(str::to_owned)).collect();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        let content = parts.headers.get(http::header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        Ok(Answer { status: parts.status.as_u16(), body, lines, warnings, content: content.to_owned() })
    }

    /// `GET`
    pub async fn get(&self, path: &str) -> Result<Answer, Broken> {
        self.ask(Method::GET, path, JSON, Value::Null).await
    }

    /// The collection of VirtualServices.
    pub fn routes(&self) -> String {
        format!("/apis/networking.istio.io/v1/namespaces/{}/virtualservices", self.namespace)
    }

    /// The collection of DestinationRules.
    pub fn rules(&self) -> String {
        format!("/apis/networking.istio.io/v1/namespaces/{}/destinationrules", self.namespace)
    }

    /// A VirtualService with one route to this host.
    pub fn route(name: &str, host: &str) -> Value {
        json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": name},
            "spec": {"hosts": [host], "http": [{"route": [{"destination": {"host": host}}]}]}})
    }

    /// A DestinationRule with this spec.
    pub fn rule(name: &str, spec: Value) -> Value {
        json!({"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": {"name": name}, "spec": spec})
    }

    /// Creates a VirtualService.
    pub async fn create_route(&self, name: &str, host: &str) -> Result<Answer, Broken> {
        self.ask(Method::POST, &self.routes(), JSON, Self::route(name, host)).await?.is(StatusCode::CREATED)
    }

    /// Applies an object for a manager; `more` are further options of the query.
    pub async fn apply(&self, collection: &str, manager: &str, object: Value, more: &str) -> Result<Answer, Broken> {
        let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        let path = format!("{collection}/{name}?fieldManager={manager}{more}");
        self.ask(Method::PATCH, &path, APPLY, object.clone()).await
    }
}

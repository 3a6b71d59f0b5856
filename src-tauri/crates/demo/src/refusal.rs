//! What the API refuses, as the `Status` bodies that the genuine server gives. The words are its own: clients read them.

use http::StatusCode;
use serde_json::{Value, json};

use crate::kinds::Kind;

/// One reason among several, with its field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cause {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    pub(crate) field: String,
}

impl Cause {
    pub(crate) fn invalid(field: impl Into<String>, value: &Value, detail: &str) -> Self {
        // The server leaves out what is no scalar (k8s.io/apimachinery/pkg/util/validation/field/errors.go).
        let message = match value {
            Value::Object(_) | Value::Array(_) => format!("Invalid value: {detail}"),
            scalar => format!("Invalid value: {scalar}: {detail}"),
        };
        Self { reason: "FieldValueInvalid", message, field: field.into() }
    }

    pub(crate) fn required(field: impl Into<String>, detail: &str) -> Self {
        let message = if detail.is_empty() { "Required value".into() } else { format!("Required value: {detail}") };
        Self { reason: "FieldValueRequired", message, field: field.into() }
    }

    pub(crate) fn forbidden(field: impl Into<String>, detail: &str) -> Self {
        Self { reason: "FieldValueForbidden", message: format!("Forbidden: {detail}"), field: field.into() }
    }
}

/// Why a request is refused.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// No such path.
    #[error("404 page not found")]
    NoSuchPath,
    /// No such object.
    #[error("{} {name:?} not found", resource(group, plural))]
    NotFound { group: String, plural: String, name: String },
    /// A create of what is there.
    #[error("{} {name:?} already exists", resource(group, plural))]
    AlreadyExists { group: String, plural: String, name: String },
    /// A precondition of a write does not hold.
    #[error("Operation cannot be fulfilled on {} {name:?}: {detail}", resource(group, plural))]
    Conflict { group: String, plural: String, name: String, detail: String },
    /// Fields of an apply belong to others.
    #[error("{message}")]
    Owned { message: String, causes: Vec<Cause> },
    /// The object breaks its schema or a rule.
    #[error("{} {name:?} is invalid: {}", resource(group, kind), worded(causes))]
    Invalid { group: String, kind: String, name: String, causes: Vec<Cause> },
    /// A JSON patch does not fit.
    #[error("the server rejected our request due to an error in our request")]
    Unpatchable,
    /// The request makes no sense.
    #[error("{0}")]
    BadRequest(String),
    /// The caller may not.
    #[error("{}{} is forbidden: {detail}", resource(group, plural), quoted(name))]
    Forbidden { group: String, plural: String, name: String, detail: String },
    /// The verb is not for this.
    #[error("the server does not allow this method on the requested resource")]
    MethodNotAllowed,
    /// The revision is no longer kept.
    #[error("{0}")]
    Expired(String),
    /// The revision is not there yet.
    #[error("Timeout: Too large resource version: {asked}, current: {current}")]
    TooLarge { asked: u64, current: u64 },
    /// The body's form is none that is read here.
    #[error("the body of the request was in an unknown format - accepted media types include: {0}")]
    UnsupportedMediaType(&'static str),
    /// The server failed.
    #[error("{0}")]
    Internal(String),
    /// A pod does not answer.
    #[error("{0}")]
    Unavailable(String),
}

fn resource(group: &str, name: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") }
}

/// Requests for a whole collection name nothing.
fn quoted(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" {name:?}") }
}

fn worded(causes: &[Cause]) -> String {
    let mut all: Vec<String> = causes.iter().map(|c| format!("{}: {}", c.field, c.message)).collect();
    all.dedup();
    match all.as_slice() {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}

impl Refusal {
    pub(crate) fn not_found(kind: &Kind, name: &str) -> Self {
        Self::NotFound { group: kind.group.clone(), plural: kind.plural.clone(), name: name.into() }
    }

    pub(crate) fn exists(kind: &Kind, name: &str) -> Self {
        Self::AlreadyExists { group: kind.group.clone(), plural: kind.plural.clone(), name: name.into() }
    }

    pub(crate) fn conflict(kind: &Kind, name: &str, detail: impl Into<String>) -> Self {
        Self::Conflict {
            group: kind.group.clone(),
            plural: kind.plural.clone(),
            name: name.into(),
            detail: detail.into(),
        }
    }

    pub(crate) fn modified(kind: &Kind, name: &str) -> Self {
        Self::conflict(
            kind,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    pub(crate) fn invalid(kind: &Kind, name: &str, causes: Vec<Cause>) -> Self {
        Self::Invalid { group: kind.group.clone(), kind: kind.kind.clone(), name: name.into(), causes }
    }

    /// Options of a request that contradict each other.
    pub(crate) fn options(kind: &str, cause: Cause) -> Self {
        Self::Invalid { group: "meta.k8s.io".into(), kind: kind.into(), name: String::new(), causes: vec![cause] }
    }

    pub(crate) fn code(&self) -> StatusCode {
        match self {
            Self::NoSuchPath | Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::AlreadyExists { .. } | Self::Conflict { .. } | Self::Owned { .. } => StatusCode::CONFLICT,
            Self::Invalid { .. } | Self::Unpatchable => StatusCode::UNPROCESSABLE_ENTITY,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Forbidden { .. } => StatusCode::FORBIDDEN,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Expired(_) => StatusCode::GONE,
            Self::TooLarge { .. } => StatusCode::GATEWAY_TIMEOUT,
            Self::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn reason(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoSuchPath | Self::NotFound { .. } => "NotFound",
            Self::AlreadyExists { .. } => "AlreadyExists",
            Self::Conflict { .. } | Self::Owned { .. } => "Conflict",
            Self::Invalid { .. } | Self::Unpatchable => "Invalid",
            Self::BadRequest(_) => "BadRequest",
            Self::Forbidden { .. } => "Forbidden",
            Self::MethodNotAllowed => "MethodNotAllowed",
            Self::Expired(_) => "Expired",
            Self::TooLarge { .. } => "Timeout",
            Self::UnsupportedMediaType(_) => "UnsupportedMediaType",
            Self::Unavailable(_) => "ServiceUnavailable",
            Self::Internal(_) => return None,
        })
    }

    fn details(&self) -> Option<Value> {
        let named = |name: &str, group: &str, kind: &str| {
            let mut details = serde_json::Map::new();
            for (key, value) in [("name", name), ("group", group), ("kind", kind)] {
                if !value.is_empty() {
                    details.insert(key.into(), value.into());
                }
            }
            details
        };
        let listed = |causes: &[Cause]| -> Value {
            causes.iter().map(|c| json!({"reason": c.reason, "message": c.message, "field": c.field})).collect()
        };
        Some(match self {
            Self::NotFound { group, plural, name }
            | Self::AlreadyExists { group, plural, name }
            | Self::Conflict { group, plural, name, .. }
            | Self::Forbidden { group, plural, name, .. } => named(name, group, plural).into(),
            Self::Owned { causes, .. } => json!({"causes": listed(causes)}),
            Self::Invalid { group, kind, name, causes } => {
                let mut details = named(name, group, kind);
                details.insert("causes".into(), listed(causes));
                details.into()
            }
            Self::Unpatchable | Self::MethodNotAllowed => json!({}),
            Self::TooLarge { .. } => json!({
                "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
                "retryAfterSeconds": 1
            }),
            _ => return None,
        })
    }

    /// The `Status` object.
    pub(crate) fn status(&self) -> Value {
        let mut status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.to_string()});
        if let Some(reason) = self.reason() {
            status["reason"] = reason.into();
        }
        if let Some(details) = self.details() {
            status["details"] = details;
        }
        status["code"] = self.code().as_u16().into();
        status
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bodies recorded from kube-apiserver 1.36.
    #[test]
    fn bodies_are_those_of_the_genuine_server() {
        let name = || ("networking.istio.io".to_owned(), "virtualservices".to_owned(), "r".to_owned());
        let (group, plural, name) = name();
        let not_found = Refusal::NotFound { group: group.clone(), plural: plural.clone(), name: name.clone() };
        assert_eq!(
            not_found.status().to_string(),
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"virtualservices.networking.istio.io \"r\" not found","reason":"NotFound","details":{"name":"r","group":"networking.istio.io","kind":"virtualservices"},"code":404}"#
        );
        let owned = Refusal::Owned {
            message: "Apply failed with 1 conflict: conflict with \"argo\": .spec.http".into(),
            causes: vec![Cause {
                reason: "FieldManagerConflict",
                message: "conflict with \"argo\"".into(),
                field: ".spec.http".into(),
            }],
        };
        assert_eq!(
            owned.status().to_string(),
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Apply failed with 1 conflict: conflict with \"argo\": .spec.http","reason":"Conflict","details":{"causes":[{"reason":"FieldManagerConflict","message":"conflict with \"argo\"","field":".spec.http"}]},"code":409}"#
        );
        let invalid = Refusal::Invalid {
            group: "security.istio.io".into(),
            kind: "PeerAuthentication".into(),
            name: "p".into(),
            causes: vec![Cause::invalid("spec", &json!({}), "portLevelMtls requires selector")],
        };
        assert_eq!(
            invalid.to_string(),
            "PeerAuthentication.security.istio.io \"p\" is invalid: spec: Invalid value: portLevelMtls requires selector"
        );
    }
}

//! What goes wrong, in a form that the UI can act on.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::types::ObjectRef;

/// A code exists only where the UI acts on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export_to = "types.ts")]
pub enum Code {
    /// The call or its arguments are wrong: a bug of ours.
    BadCall,
    /// What was given cannot be used: broken YAML, an unknown name, a file that is no kubeconfig.
    BadInput,
    /// The session is closed, the object or entry is gone.
    NotFound,
    /// The cluster cannot be reached.
    Unreachable,
    /// Sign-in failed or expired.
    Unauthenticated,
    /// A right is missing.
    Forbidden,
    /// Someone changed it in the meantime: review again.
    Conflict,
    /// The server or a check refused the change.
    Refused,
    /// Not possible right now; shown as a warning.
    NotNow,
    /// Disk, journal or a defect.
    Internal,
}

/// A failure: what was tried, on what, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{message}")]
#[ts(export_to = "types.ts")]
pub struct Fault {
    /// What kind of failure.
    pub code: Code,
    /// What was tried, on what, and why it failed.
    pub message: String,
    /// The same in Chinese; empty where it is told in English alone.
    pub zh: String,
    /// What to do next; empty where nothing can be done.
    pub hint: String,
    /// The same in Chinese.
    pub hint_zh: String,
    /// The object, where it is about one.
    pub about: Option<ObjectRef>,
}

impl Fault {
    /// A fault without hint or object.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            zh: String::new(),
            hint: String::new(),
            hint_zh: String::new(),
            about: None,
        }
    }

    /// The same with what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

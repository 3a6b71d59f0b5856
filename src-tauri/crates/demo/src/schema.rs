//! The structural schema of a kind.

use serde_json::Value;

/// A schema as its CRD gives it.
#[derive(Debug)]
pub(crate) struct Schema {
    raw: Value,
}

impl Schema {
    pub(crate) fn new(raw: Value) -> Self {
        Self { raw }
    }

    pub(crate) fn raw(&self) -> &Value {
        &self.raw
    }
}

//! Environment variables of containers.

use serde::Deserialize;
use serde_json::Value;

/// One, as a template writes it. What it says is nobody's business here, but of those that switch features of a control plane.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Variable {
    pub(crate) name: String,
    value: Value,
}

impl Variable {
    /// It says anything.
    pub(crate) fn is_there(&self) -> bool {
        !self.value.is_null() && self.value.as_str() != Some("")
    }

    /// A switch, with what it says.
    pub(crate) fn flag(&self) -> Option<(String, String)> {
        let said = self.value.as_str().filter(|_| self.name.starts_with("PILOT_"))?;
        Some((self.name.clone(), said.to_owned()))
    }
}

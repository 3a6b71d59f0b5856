//! The app's own files: settings, plans, fixtures. They are read and written by us alone, so that neither comments nor
//! kubectl's readings matter.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why a file of our own could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum OwnError {
    /// It is not what we wrote.
    #[error("not readable: {0}")]
    Read(#[source] serde_yaml::Error),
    /// The value has no YAML form.
    #[error("not writable: {0}")]
    Write(#[source] serde_yaml::Error),
}

/// Reads a value.
///
/// # Errors
/// Where the text is no YAML or has another shape.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, OwnError> {
    serde_yaml::from_str(text).map_err(OwnError::Read)
}

/// Writes a value.
///
/// # Errors
/// Where the value has no YAML form, such as a map with lists as keys.
pub fn write<T: Serialize>(value: &T) -> Result<String, OwnError> {
    serde_yaml::to_string(value).map_err(OwnError::Write)
}

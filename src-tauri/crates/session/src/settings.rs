//! The user's settings on disk: written to a temporary file, made durable, then moved into place.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::prometheus::Chosen;
use crate::servers::Server;

/// The colours of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// As the desktop says.
    #[default]
    System,
    /// Dark.
    Dark,
    /// Light.
    Light,
}

/// What the user chose. Unknown fields of a newer version are kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Settings {
    /// The colours of the window.
    pub theme: Theme,
    /// `en`, `zh`, or empty for the system's.
    pub locale: String,
    /// Kubeconfig files that the user added.
    pub kubeconfigs: Vec<PathBuf>,
    /// Servers that the user added. Their tokens are in the keyring.
    pub servers: Vec<Server>,
    /// Clusters marked as production or not, by id.
    pub production: BTreeMap<String, bool>,
    /// The Prometheus that is asked of a cluster, by the cluster's id; the one that is found where there is none. Tokens are in the keyring.
    pub prometheus: BTreeMap<String, Chosen>,
    /// Nothing is ever written to a cluster.
    pub read_only: bool,
    /// Credential plugins that may run: cluster id → fingerprint of exactly what was allowed.
    pub consents: BTreeMap<String, String>,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub novel: BTreeMap<String, serde_json::Value>,
}

/// Why settings could not be read or saved.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file is there but cannot be read.
    #[error("the settings in {path} cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not ours, or damaged.
    #[error("the settings in {path} are damaged: {source}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The disk refused.
    #[error("the settings could not be saved in {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

const FILE: &str = "settings.json";

/// The settings of a profile folder; the defaults where there are none yet.
///
/// # Errors
/// Where the file is there and unreadable or damaged: it is left as it is.
pub fn load(profile: &Path) -> Result<Settings, SettingsError> {
    let path = profile.join(FILE);
    match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|source| SettingsError::Damaged { path, source }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Settings::default()),
        Err(source) => Err(SettingsError::Read { path, source }),
    }
}

/// Saves them: after a crash either the old or the new file is there, whole.
///
/// # Errors
/// Where the disk refuses; the old file stays.
pub fn save(profile: &Path, settings: &Settings) -> Result<(), SettingsError> {
    let path = profile.join(FILE);
    write(profile, &path, settings).map_err(|source| SettingsError::Write { path, source })
}

fn write(profile: &Path, path: &Path, settings: &Settings) -> std::io::Result<()> {
    std::fs::create_dir_all(profile)?;
    let next = profile.join(format!("{FILE}.next"));
    let mut file = File::create(&next)?;
    serde_json::to_writer_pretty(&mut file, settings)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    std::fs::rename(&next, path)?;
    // The rename itself is durable only once the folder is.
    #[cfg(unix)]
    File::open(profile)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saved_settings_come_back_and_a_newer_field_stays() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(load(folder.path()).unwrap(), Settings::default());
        std::fs::write(folder.path().join(FILE), r#"{"locale":"zh","fromTheFuture":[1]}"#).unwrap();
        let mut settings = load(folder.path()).unwrap();
        settings.read_only = true;
        save(folder.path(), &settings).unwrap();
        let text = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert!(
            text.contains("fromTheFuture") && text.contains("\"zh\"") && text.contains("\"readOnly\": true"),
            "{text}"
        );
    }

    #[test]
    fn a_damaged_file_is_named_and_left() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "{").unwrap();
        let error = load(folder.path()).unwrap_err().to_string();
        assert!(error.contains("settings.json are damaged"), "{error}");
        assert_eq!(std::fs::read_to_string(folder.path().join(FILE)).unwrap(), "{");
    }
}

//! What a workbench is given of its user: a folder of its own, and where kubeconfig files are.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use cluster::{Environment, Sources};

use crate::Keyring;

/// Nothing below reads the process's environment: it is all in here.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Settings and journal.
    pub folder: PathBuf,
    /// Kubeconfig files.
    pub sources: Sources,
    /// Where credential plugins are looked for.
    pub environment: Arc<Environment>,
    /// Where tokens are kept that the user gives.
    pub keyring: Keyring,
}

impl Profile {
    /// The user who runs this process, by its environment.
    pub fn of_this_user() -> Self {
        let home = std::env::home_dir();
        Self {
            folder: folder(|name| std::env::var_os(name), home.clone()),
            sources: Sources::new(std::env::var_os("KUBECONFIG").as_deref(), home.as_deref(), Vec::new()),
            environment: Arc::new(Environment::new(
                std::env::var_os("PATH"),
                std::env::var_os("SHELL").map(PathBuf::from),
            )),
            keyring: Keyring::System,
        }
    }

    /// A folder alone, with nothing of the user's: for tests and tools.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), sources: Sources::default(), environment: Arc::default(), keyring: Keyring::None }
    }
}

/// Where this platform keeps an app's settings; the current folder for a user without a home.
fn folder(variable: impl Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> PathBuf {
    if let Some(chosen) = variable("NETLOFT_PROFILE").filter(|value| !value.is_empty()) {
        return chosen.into();
    }
    let home = home.unwrap_or_default();
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = if cfg!(windows) {
        absolute("APPDATA").unwrap_or(home)
    } else if cfg!(target_os = "macos") {
        home.join("Library").join("Application Support")
    } else {
        absolute("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"))
    };
    base.join("netloft")
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_folder_by_the_environment() {
        for (name, value, expected) in [
            ("NETLOFT_PROFILE", "/p", "/p"),
            ("XDG_CONFIG_HOME", "/x", "/x/netloft"),
            ("XDG_CONFIG_HOME", "relative", "/home/u/.config/netloft"),
            ("OTHER", "", "/home/u/.config/netloft"),
        ] {
            let found = folder(|asked| (asked == name).then(|| value.into()), Some("/home/u".into()));
            assert_eq!(found, PathBuf::from(expected), "{name}={value}");
        }
    }
}

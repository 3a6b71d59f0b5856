//! What programs that we start find on their `PATH`. A desktop launch does not see the login shell's, where the plugins of
//! the clouds usually are.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::sync::OnceCell;

/// How long the login shell may take.
const SHELL_LIMIT: Duration = Duration::from_secs(5);
/// Around the value in the shell's output: profiles print what they like.
const MARK: &str = "__NETLOFT_PATH__";

/// The process's own `PATH` and `SHELL`, as the caller read them. Make one and share it: the login shell is asked once.
#[derive(Debug, Default)]
pub struct Environment {
    path: OsString,
    shell: Option<PathBuf>,
    repaired: OnceCell<OsString>,
}

impl Environment {
    /// From the values of `PATH` and `SHELL`.
    pub fn new(path: Option<OsString>, shell: Option<PathBuf>) -> Self {
        Self { path: path.unwrap_or_default(), shell, repaired: OnceCell::new() }
    }

    /// The login shell's `PATH` first, then what the process has besides.
    pub(crate) async fn path(&self) -> &OsStr {
        self.repaired
            .get_or_init(|| async {
                let login = match &self.shell {
                    Some(shell) => login_path(shell).await.unwrap_or_default(),
                    None => OsString::new(),
                };
                let mut parts: Vec<PathBuf> = Vec::new();
                for part in std::env::split_paths(&login).chain(std::env::split_paths(&self.path)) {
                    if part.is_absolute() && !parts.contains(&part) {
                        parts.push(part);
                    }
                }
                std::env::join_paths(parts).unwrap_or_else(|_| self.path.clone())
            })
            .await
    }

    /// The program of this name: as it is where it is a path, else the first on the `PATH`.
    pub(crate) async fn find(&self, command: &str) -> Option<PathBuf> {
        if command.contains(std::path::MAIN_SEPARATOR) {
            return Some(PathBuf::from(command)).filter(|path| is_program(path));
        }
        let names =
            if cfg!(windows) { vec![format!("{command}.exe"), command.to_owned()] } else { vec![command.to_owned()] };
        std::env::split_paths(self.path().await)
            .flat_map(|folder| names.iter().map(move |name| folder.join(name)).collect::<Vec<_>>())
            .find(|path| is_program(path))
    }
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

async fn login_path(shell: &Path) -> Option<OsString> {
    let mut command = Command::new(shell);
    command.arg("-ilc").arg(format!("printf '{MARK}%s{MARK}' \"$PATH\""));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    crate::exec::own_group(&mut command);
    let mut child = command.spawn().ok()?;
    let group = child.id();
    let mut output = child.stdout.take()?;
    let mut text = Vec::new();
    let read = async {
        let mut chunk = [0; 4096];
        while text.len() < 1 << 20 {
            match output.read(&mut chunk).await {
                Ok(0) | Err(_) => break,
                Ok(n) => text.extend_from_slice(&chunk[..n]),
            }
            if marked(&text).is_some() {
                break;
            }
        }
    };
    let in_time = tokio::time::timeout(SHELL_LIMIT, read).await;
    crate::exec::kill_group(group);
    let _ = child.kill().await;
    if in_time.is_err() {
        tracing::warn!(shell = %shell.display(), "the login shell did not say its PATH in time");
    }
    marked(&text).map(OsString::from)
}

fn marked(output: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(output);
    let (_, rest) = text.split_once(MARK)?;
    rest.split_once(MARK).map(|(path, _)| path.to_owned())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn script(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[tokio::test]
    async fn the_login_shell_says_its_path_among_other_output() {
        let folder = tempfile::tempdir().unwrap();
        let shell = script(
            folder.path(),
            "shell",
            "#!/bin/sh\necho welcome\nPATH=/from/profile:/usr/bin\nshift\neval \"$1\"\necho bye\n",
        );
        let environment = Environment::new(Some("/usr/bin:/bin:relative".into()), Some(shell));
        assert_eq!(environment.path().await, "/from/profile:/usr/bin:/bin");
    }

    #[tokio::test]
    async fn a_shell_that_is_not_there_leaves_the_path_as_it_is() {
        let environment = Environment::new(Some("/usr/bin:/bin".into()), Some("/nowhere/shell".into()));
        assert_eq!(environment.path().await, "/usr/bin:/bin");
    }
}

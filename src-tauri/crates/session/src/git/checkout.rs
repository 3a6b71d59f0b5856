//! The checkout: asked and changed by Git itself, without a shell, and with paths that are only ever paths.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use world::{Said, said};

use super::FileChange;
use crate::{Error, Result};

/// Hooks may take their time; nothing waits for ever.
const LIMIT: Duration = Duration::from_secs(120);

pub(super) struct Checkout {
    pub(super) root: PathBuf,
    pub(super) branch: String,
}

impl Checkout {
    /// The checkout that a folder is in.
    pub(super) async fn of(folder: &Path) -> Result<Self> {
        let failed = |reason: Said| Error::File { path: folder.display().to_string(), reason };
        if !folder.is_absolute() {
            return Err(failed(said!("the whole path is needed", "需要完整路径")));
        }
        let root = git(folder, &["rev-parse", "--show-toplevel"], &[], None).await.map_err(|why| failed(why.into()))?;
        let root = PathBuf::from(root.trim_end_matches(['\n', '\r']));
        let root = root.canonicalize().map_err(|error| failed(error.to_string().into()))?;
        let branch = git(&root, &["symbolic-ref", "--quiet", "--short", "HEAD"], &[], None).await.unwrap_or_default();
        Ok(Self { branch: branch.trim().to_owned(), root })
    }

    fn failed(&self, reason: String) -> Error {
        Error::File { path: self.root.display().to_string(), reason: reason.into() }
    }

    /// Refuses where one of these files has changes of its own, or Git would not see it.
    pub(super) async fn clean(&self, files: &[FileChange]) -> Result<()> {
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        if paths.is_empty() {
            return Ok(());
        }
        for path in &paths {
            self.true_place(path)?;
        }
        let arguments = ["status", "--porcelain=v1", "-z", "--untracked-files=all", "--ignored"];
        let status = git(&self.root, &arguments, &paths, None).await.map_err(|why| self.failed(why))?;
        let Some(first) = status.split('\0').find(|entry| entry.len() > 3) else { return Ok(()) };
        let (what, path) = first.split_at(3);
        let why = match what.trim() {
            "!!" => ("Git ignores it", "Git 忽略它"),
            "??" => (
                "it is there and was never committed: commit it first, or take it away",
                "它已存在但从未提交：请先提交它，或移走它",
            ),
            _ => (
                "it has changes that are not committed: commit them first, or put them aside",
                "它有未提交的更改：请先提交，或暂存到一边",
            ),
        };
        Err(Error::Refused { reason: Said::of(path, why) })
    }

    /// The file's place, which no link leads out of the checkout.
    fn true_place(&self, path: &str) -> Result<PathBuf> {
        let place = self.root.join(path);
        let mut above = place.parent();
        while let Some(folder) = above.filter(|folder| !folder.exists()) {
            above = folder.parent();
        }
        let within =
            above.and_then(|folder| folder.canonicalize().ok()).is_some_and(|folder| folder.starts_with(&self.root));
        let link = std::fs::symlink_metadata(&place).is_ok_and(|about| about.is_symlink());
        if within && !link {
            return Ok(place);
        }
        Err(Error::Refused { reason: said!("{path}: a link leads elsewhere", "{path}：有链接通往别处") })
    }

    /// Writes the files and commits them alone. Where that fails they are as they were.
    pub(super) async fn commit(&self, files: &[FileChange], message: &str) -> Result<String> {
        if files.is_empty() {
            return Err(Error::NothingToApply);
        }
        if let Err(error) = self.write_and_commit(files, message).await {
            self.restore(files).await;
            return Err(error);
        }
        let commit = git(&self.root, &["rev-parse", "HEAD"], &[], None).await.map_err(|why| self.failed(why))?;
        Ok(commit.trim().to_owned())
    }

    async fn write_and_commit(&self, files: &[FileChange], message: &str) -> Result<()> {
        for file in files {
            let place = self.true_place(&file.path)?;
            let failed =
                |error: std::io::Error| Error::File { path: file.path.clone(), reason: error.to_string().into() };
            match &file.after {
                Some(text) => {
                    if let Some(folder) = place.parent() {
                        std::fs::create_dir_all(folder).map_err(failed)?;
                    }
                    std::fs::write(&place, text).map_err(failed)?;
                }
                None => std::fs::remove_file(&place).map_err(failed)?,
            }
        }
        let new = fresh(files);
        if !new.is_empty() {
            git(&self.root, &["add", "--intent-to-add"], &new, None).await.map_err(|why| self.failed(why))?;
        }
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        git(&self.root, &["commit", "--only", "--quiet", "--file=-"], &paths, Some(message))
            .await
            .map(drop)
            .map_err(|why| self.failed(why))
    }

    async fn restore(&self, files: &[FileChange]) {
        for file in files {
            let Ok(place) = self.true_place(&file.path) else { continue };
            let restored = match &file.before {
                Some(text) => std::fs::write(&place, text),
                None if place.exists() => std::fs::remove_file(&place),
                None => Ok(()),
            };
            if let Err(error) = restored {
                tracing::warn!(%error, file = %file.path, "a file of the checkout could not be put back");
            }
        }
        let new = fresh(files);
        if !new.is_empty()
            && let Err(why) = git(&self.root, &["reset", "--quiet"], &new, None).await
        {
            tracing::warn!(%why, "files of the checkout stay announced");
        }
    }
}

/// Files that Git does not know yet.
fn fresh(files: &[FileChange]) -> Vec<&str> {
    files.iter().filter(|file| file.before.is_none()).map(|file| file.path.as_str()).collect()
}

/// Runs Git in a folder; what it printed, or why it failed in its own words.
async fn git(
    folder: &Path,
    arguments: &[&str],
    paths: &[&str],
    input: Option<&str>,
) -> std::result::Result<String, String> {
    let mut command = Command::new("git");
    // A path is a path: no pattern, no option. What another Git has set for this process is not for this one.
    command.arg("--literal-pathspecs").arg("-C").arg(folder).args(arguments);
    if !paths.is_empty() {
        command.arg("--").args(paths);
    }
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"] {
        command.env_remove(name);
    }
    command.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C.UTF-8").kill_on_drop(true);
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let run = async {
        let mut child = command.spawn().map_err(|error| format!("git could not be started: {error}"))?;
        if let (Some(text), Some(mut stdin)) = (input, child.stdin.take()) {
            // A Git that ends before it has read all (a hook said no) says why itself.
            drop(stdin.write_all(text.as_bytes()).await);
        }
        child.wait_with_output().await.map_err(|error| format!("git was lost: {error}"))
    };
    let output = tokio::time::timeout(LIMIT, run).await.map_err(|_| format!("git did not end within {LIMIT:?}"))??;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = if said.trim().is_empty() { String::from_utf8_lossy(&output.stdout) } else { said };
    Err(said.trim().to_owned())
}

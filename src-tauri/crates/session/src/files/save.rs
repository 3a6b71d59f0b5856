//! Objects back into the file or folder that they came from, without Git: each in the document that has it already, everything else byte for byte as
//! it is.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use world::{ObjectKey, Said, said};

use super::is_manifest;
use crate::git::{Export, FileChange, layout};
use crate::session::defect;
use crate::{Error, Result, Session};

/// What saving would write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavePlan {
    /// The folder that the files' paths begin at.
    pub root: PathBuf,
    /// Files that change.
    pub files: Vec<FileChange>,
    /// Objects that stand there already as they are.
    pub same: u32,
    /// Names exactly these changes, and the files as they are now.
    pub token: String,
}

impl Session {
    /// What saving these objects, or all of the tray where none are named, into a file or a folder would write. A file that is not there yet is a
    /// new one.
    ///
    /// # Errors
    /// Where there is no such folder, or there is nothing to save.
    pub async fn save_plan(&self, path: &str, objects: &[ObjectKey]) -> Result<SavePlan> {
        let exports = self.exports(objects).await?;
        if exports.is_empty() {
            return Err(Error::NothingToApply);
        }
        let path = PathBuf::from(path);
        let planned = tokio::task::spawn_blocking(move || plan(&path, &exports));
        planned.await.map_err(|_| defect("laying out the files"))?
    }

    /// Writes what was planned, file by file, each whole or not at all; answers their paths.
    ///
    /// # Errors
    /// Where a file is no longer what the plan has seen, or the disk refuses.
    pub async fn save_files(&self, path: &str, objects: &[ObjectKey], token: &str) -> Result<Vec<String>> {
        let plan = self.save_plan(path, objects).await?;
        if plan.token != token {
            return Err(Error::OutdatedReview);
        }
        let written = tokio::task::spawn_blocking(move || write_all(&plan));
        written.await.map_err(|_| defect("writing the files"))?
    }
}

fn plan(path: &Path, exports: &[Export]) -> Result<SavePlan> {
    let (root, target) = place(path)?;
    let (files, same) = layout::files(&root, &target, exports)?;
    let mut hasher = DefaultHasher::new();
    (&root, &files).hash(&mut hasher);
    Ok(SavePlan { root, files, same, token: format!("{:016x}", hasher.finish()) })
}

/// The folder that names begin at, and what is written to, by their true names.
fn place(path: &Path) -> Result<(PathBuf, PathBuf)> {
    let failed = |reason: Said| Error::File { path: path.display().to_string(), reason };
    if !path.is_absolute() {
        return Err(failed(said!("the whole path is needed", "需要完整路径")));
    }
    if path.exists() {
        let target = path.canonicalize().map_err(|error| failed(error.to_string().into()))?;
        if !target.is_dir() && !is_manifest(&target) {
            return Err(failed(said!(
                "a manifest ends in .yaml, .yml or .json",
                "清单文件须以 .yaml、.yml 或 .json 结尾"
            )));
        }
        let root = if target.is_dir() { Some(target.as_path()) } else { target.parent() };
        return Ok((root.unwrap_or(&target).to_owned(), target.clone()));
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().filter(|_| is_new(path))) else {
        return Err(failed(said!(
            "there is no such folder, and a new file ends in .yaml or .yml",
            "没有这个文件夹；新文件须以 .yaml 或 .yml 结尾"
        )));
    };
    let root = folder.canonicalize().map_err(|error| failed(error.to_string().into()))?;
    let target = root.join(name);
    Ok((root, target))
}

/// What is written anew is YAML.
fn is_new(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn write_all(plan: &SavePlan) -> Result<Vec<String>> {
    for file in &plan.files {
        let place = plan.root.join(&file.path);
        let failed =
            |error: std::io::Error| Error::File { path: place.display().to_string(), reason: error.to_string().into() };
        // Somebody may have written it in this very moment.
        let now = match std::fs::read_to_string(&place) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        if now != file.before {
            return Err(Error::OutdatedReview);
        }
        match &file.after {
            Some(text) => write(&place, text).map_err(failed)?,
            None => std::fs::remove_file(&place).map_err(failed)?,
        }
    }
    Ok(plan.files.iter().map(|file| file.path.clone()).collect())
}

/// After a crash either the old or the new file is there, whole, with the rights that the old one had.
fn write(place: &Path, text: &str) -> std::io::Result<()> {
    let folder = place.parent().unwrap_or(place);
    std::fs::create_dir_all(folder)?;
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    let next = folder.join(format!(".{name}.{}.next", std::process::id()));
    let written = (|| {
        let mut file = File::create_new(&next)?;
        file.write_all(text.as_bytes())?;
        if let Ok(old) = std::fs::metadata(place) {
            file.set_permissions(old.permissions())?;
        }
        file.sync_all()?;
        std::fs::rename(&next, place)
    })();
    if written.is_err() {
        drop(std::fs::remove_file(&next));
    }
    written?;
    // The rename itself is durable only once the folder is.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

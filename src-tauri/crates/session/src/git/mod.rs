//! Objects into a local Git checkout, as a commit. Git itself does it: the user's identity, hooks and signing hold, and what they have staged
//! besides stays staged.

mod checkout;
pub(crate) mod layout;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use serde_json::Value;
use world::ObjectKey;

use crate::change::touched::desired;
use crate::change::tray::{ChangeKind, Item};
use crate::says::says;
use crate::session::defect;
use crate::{Error, Result, Session};
use checkout::Checkout;

/// A file that would change.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileChange {
    /// From the root of the checkout, or from the folder that is written to.
    pub path: String,
    /// Its text now; `None` where it is new.
    pub before: Option<String>,
    /// Its text then; `None` where it goes.
    pub after: Option<String>,
}

/// What an export would commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitPlan {
    /// The root of the checkout.
    pub root: PathBuf,
    /// The branch that is checked out; empty for none.
    pub branch: String,
    /// Files that change.
    pub files: Vec<FileChange>,
    /// Objects that the checkout has already as they are.
    pub same: u32,
    /// A message to start from.
    pub message: String,
    /// Names exactly these changes.
    pub token: String,
}

/// A commit that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Its name.
    pub commit: String,
    /// The branch that it is on; empty for none.
    pub branch: String,
    /// Files that it changes.
    pub files: Vec<String>,
}

/// An object as it shall be in the checkout.
pub(crate) struct Export {
    key: ObjectKey,
    kind: ChangeKind,
    /// Its text; empty where it goes.
    text: String,
    /// What it was before the user changed it: then only what they changed is changed in the checkout.
    base: Option<Value>,
}

impl Session {
    /// What exporting these objects, or all of the tray where none are named, into a folder of a checkout would commit.
    ///
    /// # Errors
    /// Where the folder is in no checkout, a file that would change has changes of its own, or there is nothing to export.
    pub async fn git_plan(&self, folder: &str, objects: &[ObjectKey]) -> Result<GitPlan> {
        let exports = self.exports(objects).await?;
        if exports.is_empty() {
            return Err(Error::NothingToApply);
        }
        let checkout = Checkout::of(Path::new(folder)).await?;
        let (looked, root) = (PathBuf::from(folder), checkout.root.clone());
        let message = self.git_message(&exports, objects.is_empty()).await?;
        let planned = tokio::task::spawn_blocking(move || layout::files(&root, &looked, &exports));
        let (files, same) = planned.await.map_err(|_| defect("laying out the checkout"))??;
        checkout.clean(&files).await?;
        let mut hasher = DefaultHasher::new();
        (&checkout.root, &checkout.branch, &files).hash(&mut hasher);
        let token = format!("{:016x}", hasher.finish());
        Ok(GitPlan { root: checkout.root, branch: checkout.branch, files, same, message, token })
    }

    /// Commits what was planned, and nothing else.
    ///
    /// # Errors
    /// Where it is no longer what was planned, or Git refuses; then every file is as it was.
    pub async fn git_commit(
        &self,
        folder: &str,
        objects: &[ObjectKey],
        message: &str,
        token: &str,
    ) -> Result<Committed> {
        let plan = self.git_plan(folder, objects).await?;
        if plan.token != token {
            return Err(Error::OutdatedReview);
        }
        if message.trim().is_empty() {
            return Err(Error::Field {
                field: "message", reason: ("a commit needs one", "提交需要一条说明").into()
            });
        }
        let checkout = Checkout::of(Path::new(folder)).await?;
        let commit = checkout.commit(&plan.files, message).await?;
        let files = plan.files.into_iter().map(|file| file.path).collect();
        Ok(Committed { commit, branch: plan.branch, files })
    }

    pub(crate) async fn exports(&self, objects: &[ObjectKey]) -> Result<Vec<Export>> {
        let tray = self.tray.borrow().clone();
        if objects.is_empty() {
            return Ok(tray.items().iter().map(waiting).collect());
        }
        let mut exports = Vec::new();
        for key in objects {
            match tray.items().iter().find(|item| item.key == *key) {
                Some(item) => exports.push(waiting(item)),
                None => {
                    let text = self.document(key).await?.yaml;
                    exports.push(Export { key: key.clone(), kind: ChangeKind::Update, text, base: None });
                }
            }
        }
        Ok(exports)
    }

    /// A subject that says what is done to what, then each object, what the tray as a whole does to traffic, and where.
    async fn git_message(&self, exports: &[Export], whole_tray: bool) -> Result<String> {
        let verb = |kind: ChangeKind| match kind {
            ChangeKind::Create => "add",
            ChangeKind::Update => "change",
            ChangeKind::Delete => "remove",
        };
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        for export in exports {
            *counts.entry(export.key.namespace.as_str()).or_default() += 1;
        }
        let subject = match exports {
            [one] => format!("{} {}", verb(one.kind), one.key),
            all => {
                let places: Vec<&str> = counts.keys().copied().filter(|name| !name.is_empty()).collect();
                let mut words: Vec<&str> = all.iter().map(|export| verb(export.kind)).collect();
                words.sort_unstable();
                words.dedup();
                let within = if places.is_empty() { String::new() } else { format!(" in {}", places.join(", ")) };
                format!("{} {} objects{within}", words.join(" and "), all.len())
            }
        };
        let mut body: Vec<String> = Vec::new();
        if exports.len() > 1 {
            body.extend(exports.iter().map(|export| format!("- {} {}", verb(export.kind), export.key)));
            body.push(String::new());
        }
        let effect = if whole_tray { self.effect().await? } else { None };
        if let Some(effect) = effect {
            let lines = says(&effect).into_iter().take(12).map(|line| format!("{}: {}", line.title, line.detail));
            let lines: Vec<String> = lines.collect();
            if !lines.is_empty() {
                body.extend(lines);
                body.push(String::new());
            }
        }
        body.push(format!("Cluster: {}", self.card().name));
        Ok(format!("{subject}\n\n{}\n", body.join("\n")))
    }
}

fn waiting(item: &Item) -> Export {
    Export {
        key: item.key.clone(),
        kind: item.kind,
        text: item.yaml.clone(),
        base: item.base_body.as_deref().map(desired),
    }
}

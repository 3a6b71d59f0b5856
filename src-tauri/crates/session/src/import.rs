//! Objects from a file or the clipboard: what they would put into the tray.

use std::collections::BTreeMap;
use std::path::Path;

use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::Value;
use world::{ObjectKey, Said, said, yaml};

use crate::change::touched::desired;
use crate::files::alone::{Alone, objects};
use crate::files::{Problem, read_folder};
use crate::recipes::Dish;
use crate::session::defect;
use crate::write::plan::read;
use crate::{Error, Result, Session};

/// So many objects are asked for at a time.
const AT_ONCE: usize = 8;

/// What a folder, or a text, would put into the tray.
#[derive(Clone, Debug, Default)]
pub struct Import {
    /// Its objects, each beside what is live of it.
    pub dishes: Vec<Dish>,
    /// Manifests that were looked into; 0 of a text.
    pub files: usize,
    /// Objects of kinds that are not written here, by kind.
    pub passed_over: BTreeMap<String, u32>,
    /// What could not be read, and what stands there twice.
    pub problems: Vec<Problem>,
}

impl Session {
    /// What the manifests of a folder, and of the folders in it, or those of one file, would put into the tray. What is broken is named with its
    /// line; the rest is read.
    ///
    /// # Errors
    /// Where neither is there, or the server cannot be asked.
    pub async fn import_folder(&self, folder: &str) -> Result<Import> {
        let path = Path::new(folder).to_owned();
        let read = tokio::task::spawn_blocking(move || read_folder(&path)).await;
        let (files, count) = read.map_err(|_| defect("reading a folder"))??;
        let mut import = Import { files: count, problems: files.problems.clone(), ..Import::default() };
        let mut taken: BTreeMap<ObjectKey, (&str, usize)> = BTreeMap::new();
        let mut order = Vec::new();
        for (path, line, text) in files.alone() {
            let problem = |message: Said| Problem { path: path.to_owned(), line, message };
            match self.key_of(&yaml::read(&text).value) {
                Err(Error::NotOurs { object }) => *import.passed_over.entry(object.kind).or_default() += 1,
                Err(error) => import.problems.push(problem(error.said())),
                Ok(key) => match taken.get(&key) {
                    Some((first, at)) => {
                        import.problems.push(problem(said!(
                            "{key} stands in {first}:{at} already; that one is taken",
                            "{key} 已在 {first}:{at} 中；采用那一个"
                        )));
                    }
                    None => {
                        taken.insert(key.clone(), (path, line));
                        order.push((key, text));
                    }
                },
            }
        }
        let asked = order.into_iter().map(|(key, text)| self.dish_of(key, text));
        import.dishes = futures::stream::iter(asked.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await?;
        Ok(import)
    }

    /// A text beside what is live of its object.
    async fn dish_of(&self, key: ObjectKey, after: String) -> Result<Dish> {
        let live = read(self.connection(), &key).await?;
        let version = live.as_ref().and_then(|live| live.pointer("/metadata/resourceVersion")).and_then(Value::as_str);
        Ok(Dish {
            key,
            before: live.as_ref().map(|live| yaml::write(&desired(live))).unwrap_or_default(),
            after,
            base: version.unwrap_or_default().to_owned(),
        })
    }

    /// What the documents of a text would put into the tray, in their order, each beside what is live of it. Those of kinds that are not
    /// written here are passed over, as long as there are others.
    ///
    /// # Errors
    /// Where one of them does not read or is no object, or all are of kinds that are not changed here; the line is that of the whole text.
    pub async fn import(&self, text: &str) -> Result<Import> {
        let mut import = Import::default();
        let mut not_ours = None;
        for document in yaml::split(text) {
            let reading = yaml::read(document);
            // A document is a piece of the text: how far in it stands says on which line.
            let offset = document.as_ptr().addr() - text.as_ptr().addr();
            let begins = text.get(..offset).map_or(0, |before| before.lines().count());
            if let Some(problem) = reading.problems.iter().find(|problem| problem.error) {
                return Err(Error::NotAnObject { line: begins + problem.line, reason: problem.message.clone() });
            }
            for Alone { text, line: within } in objects(document) {
                match self.key_of(&yaml::read(&text).value) {
                    Ok(key) => import.dishes.push(self.dish_of(key, text).await?),
                    Err(Error::NotAnObject { line, reason }) => {
                        return Err(Error::NotAnObject { line: begins + within - 1 + line, reason });
                    }
                    Err(Error::NotOurs { object }) => {
                        *import.passed_over.entry(object.kind.clone()).or_default() += 1;
                        not_ours.get_or_insert(Error::NotOurs { object });
                    }
                    Err(other) => return Err(other),
                }
            }
        }
        match not_ours {
            Some(error) if import.dishes.is_empty() => Err(error),
            _ => Ok(import),
        }
    }
}

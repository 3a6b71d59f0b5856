//! Objects from a file or the clipboard: what they would put into the tray.

use serde_json::Value;
use world::yaml;

use crate::change::touched::desired;
use crate::recipes::Dish;
use crate::write::plan::read;
use crate::{Error, Result, Session};

impl Session {
    /// What the documents of a text would put into the tray, in their order, each beside what is live of it.
    ///
    /// # Errors
    /// Where one of them does not read, is no object, or is of a kind that is not changed here; the line is that of the whole text.
    pub async fn import(&self, text: &str) -> Result<Vec<Dish>> {
        let mut dishes = Vec::new();
        for document in yaml::split(text) {
            let reading = yaml::read(document);
            // A document is a piece of the text: how far in it stands says on which line.
            let offset = document.as_ptr().addr() - text.as_ptr().addr();
            let begins = text.get(..offset).map_or(0, |before| before.lines().count());
            if let Some(problem) = reading.problems.iter().find(|problem| problem.error) {
                return Err(Error::NotAnObject { line: begins + problem.line, reason: problem.message.clone() });
            }
            if reading.value.is_null() {
                continue;
            }
            let key = self.key_of(&reading.value).map_err(|error| match error {
                Error::NotAnObject { line, reason } => Error::NotAnObject { line: begins + line, reason },
                other => other,
            })?;
            let live = read(self.connection(), &key).await?;
            let version =
                live.as_ref().and_then(|live| live.pointer("/metadata/resourceVersion")).and_then(Value::as_str);
            dishes.push(Dish {
                key,
                before: live.as_ref().map(|live| yaml::write(&desired(live))).unwrap_or_default(),
                after: alone(document).to_owned(),
                base: version.unwrap_or_default().to_owned(),
            });
        }
        Ok(dishes)
    }
}

/// A document without the marks that part it from others.
fn alone(document: &str) -> &str {
    let text = document.strip_prefix("---\n").unwrap_or(document);
    let text = text.strip_suffix("---\n").or_else(|| text.strip_suffix("---")).unwrap_or(text);
    text.trim_start_matches('\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_stand_alone() {
        for text in ["a: 1\n", "---\na: 1\n", "a: 1\n---\n", "\n\na: 1\n"] {
            assert_eq!(alone(text), "a: 1\n", "{text:?}");
        }
    }
}

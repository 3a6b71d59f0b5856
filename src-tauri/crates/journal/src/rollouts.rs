//! Rollouts under way, kept beside the changes that they make: what a program that comes back needs to know.

use rusqlite::{OptionalExtension as _, Row, params};
use serde_json::Value;

use crate::store::now;
use crate::{Journal, JournalError, redact};

/// A rollout's number.
pub type RolloutId = i64;

/// A rollout as it is on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollout {
    /// Its number.
    pub id: RolloutId,
    /// The cluster's name.
    pub cluster: String,
    /// Who began it.
    pub user: String,
    /// When, milliseconds since 1970.
    pub at: i64,
    /// When its driver last wrote, milliseconds since 1970.
    pub heard: i64,
    /// The token of the program that drives it.
    pub driver: String,
    /// It is over.
    pub is_over: bool,
    /// The whole of it.
    pub state: Value,
}

impl Journal {
    /// Records a rollout that begins, driven by this program.
    ///
    /// # Errors
    /// Where the disk fails; then it must not begin.
    pub fn rollout_begin(
        &self,
        cluster: &str,
        user: &str,
        driver: &str,
        state: &Value,
    ) -> Result<RolloutId, JournalError> {
        let connection = self.connection();
        connection.execute(
            "INSERT INTO rollouts (at, heard, cluster, user, driver, is_over, state) VALUES (?1, ?1, ?2, ?3, ?4, 0, ?5)",
            params![now(), cluster, user, driver, kept(state)],
        )?;
        Ok(connection.last_insert_rowid())
    }

    /// Keeps how a rollout stands; false where another program drives it by now, and nothing was kept.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn rollout_keep(
        &self,
        id: RolloutId,
        driver: &str,
        state: &Value,
        is_over: bool,
    ) -> Result<bool, JournalError> {
        // Nobody drives what is over: no sign of life of it is awaited, and no wish is left for its driver.
        let sql =
            "UPDATE rollouts SET heard = ?1, state = ?2, is_over = ?3, wish = CASE WHEN ?3 THEN NULL ELSE wish END
            WHERE id = ?4 AND driver = ?5";
        Ok(self.connection().execute(sql, params![now(), kept(state), is_over, id, driver])? == 1)
    }

    /// Gives a sign of life of a rollout's driver; false where another program drives it by now.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn rollout_beat(&self, id: RolloutId, driver: &str) -> Result<bool, JournalError> {
        let sql = "UPDATE rollouts SET heard = ? WHERE id = ? AND driver = ? AND is_over = 0";
        Ok(self.connection().execute(sql, params![now(), id, driver])? == 1)
    }

    /// Takes a rollout over from a program that was last heard at that time; false where somebody was faster.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn rollout_adopt(&self, id: RolloutId, driver: &str, heard: i64) -> Result<bool, JournalError> {
        let sql = "UPDATE rollouts SET driver = ?, heard = ? WHERE id = ? AND heard = ? AND is_over = 0";
        Ok(self.connection().execute(sql, params![driver, now(), id, heard])? == 1)
    }

    /// Rollouts of a cluster, newest first.
    ///
    /// # Errors
    /// Where the disk fails or one is not readable.
    pub fn rollouts(&self, cluster: &str) -> Result<Vec<Rollout>, JournalError> {
        let connection = self.connection();
        let mut asked = connection.prepare_cached("SELECT * FROM rollouts WHERE cluster = ? ORDER BY id DESC")?;
        let mut rows = asked.query([cluster])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(rollout_of(row)?);
        }
        Ok(found)
    }

    /// Leaves a wish for the program that drives a rollout; an earlier one is replaced.
    ///
    /// # Errors
    /// Where there is no such rollout under way, or the disk fails.
    pub fn rollout_wish(&self, id: RolloutId, wish: &str) -> Result<(), JournalError> {
        let sql = "UPDATE rollouts SET wish = ? WHERE id = ? AND is_over = 0";
        if self.connection().execute(sql, params![wish, id])? == 1 { Ok(()) } else { Err(JournalError::NoRollout(id)) }
    }

    /// Takes the wish that was left, once.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn rollout_take_wish(&self, id: RolloutId) -> Result<Option<String>, JournalError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        let asked = transaction.query_row("SELECT wish FROM rollouts WHERE id = ?", [id], |row| row.get(0));
        let wish: Option<String> = asked.optional()?.flatten();
        if wish.is_some() {
            transaction.execute("UPDATE rollouts SET wish = NULL WHERE id = ?", [id])?;
        }
        transaction.commit()?;
        Ok(wish)
    }
}

fn kept(state: &Value) -> String {
    let mut state = state.clone();
    redact(&mut state);
    state.to_string()
}

fn rollout_of(row: &Row<'_>) -> Result<Rollout, JournalError> {
    let id = row.get("id")?;
    let state = row.get::<_, String>("state")?;
    Ok(Rollout {
        id,
        cluster: row.get("cluster")?,
        user: row.get("user")?,
        at: row.get("at")?,
        heard: row.get("heard")?,
        driver: row.get("driver")?,
        is_over: row.get("is_over")?,
        state: serde_json::from_str(&state).map_err(|_| JournalError::UnreadableRollout(id))?,
    })
}

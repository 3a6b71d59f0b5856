//! Guards of the way to STRICT: which namespaces go back by themselves where a caller breaks, and what they compare with. They outlive the
//! program, and each guards one step: a namespace has as many as steps are watched in it.

use rusqlite::{Row, params};
use serde_json::Value;

use crate::{EntryId, Journal, JournalError};

pub(crate) const SCHEMA: &str = "
    CREATE TABLE guards (
        cluster TEXT NOT NULL,
        namespace TEXT NOT NULL,
        since INTEGER NOT NULL,
        heard INTEGER NOT NULL,
        entry INTEGER REFERENCES entries (id),
        before TEXT NOT NULL DEFAULT 'null',
        away INTEGER NOT NULL DEFAULT 0,
        resumed INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (cluster, namespace, since)
    ) STRICT, WITHOUT ROWID;
";

/// A namespace that is guarded: one step of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Guard {
    /// Its name.
    pub namespace: String,
    /// When it was asked for, milliseconds since 1970; it tells the guards of a namespace apart.
    pub since: i64,
    /// When a program last guarded it, milliseconds since 1970.
    pub heard: i64,
    /// The entry that wrote the step; `None` where it is not written yet.
    pub entry: Option<EntryId>,
    /// What was counted before the step, as its user keeps it; null where that is not known.
    pub before: Value,
    /// For so many milliseconds since the step nobody guarded it.
    pub away: i64,
    /// Since when it is guarded again, milliseconds since 1970; 0 where it always was.
    pub resumed: i64,
}

impl Journal {
    /// Guards the next step of a namespace from now on, instead of a guard whose step is not written yet.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn guard(&self, cluster: &str, namespace: &str, now: i64) -> Result<(), JournalError> {
        self.unguard_next(cluster, namespace)?;
        let sql = "INSERT INTO guards (cluster, namespace, since, heard) VALUES (?1, ?2, ?3, ?3)";
        self.connection().execute(sql, params![cluster, namespace, now])?;
        Ok(())
    }

    /// Does not guard the next step of a namespace; guards of steps that are written stay.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn unguard_next(&self, cluster: &str, namespace: &str) -> Result<(), JournalError> {
        let sql = "DELETE FROM guards WHERE cluster = ? AND namespace = ? AND entry IS NULL";
        self.connection().execute(sql, [cluster, namespace])?;
        Ok(())
    }

    /// Keeps what a guard knows by now; one that somebody has ended meanwhile stays ended.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn guard_keep(&self, cluster: &str, guard: &Guard) -> Result<(), JournalError> {
        let sql = "UPDATE guards SET heard = max(heard, ?3), entry = ?4, before = ?5, away = ?6, resumed = ?7
            WHERE cluster = ?1 AND namespace = ?2 AND since = ?8";
        let Guard { namespace, since, heard, entry, before, away, resumed } = guard;
        let row = params![cluster, namespace, heard, entry, before.to_string(), away, resumed, since];
        self.connection().execute(sql, row)?;
        Ok(())
    }

    /// Ends the guard that was asked for at this time, milliseconds since 1970.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn unguard(&self, cluster: &str, namespace: &str, since: i64) -> Result<(), JournalError> {
        let sql = "DELETE FROM guards WHERE cluster = ? AND namespace = ? AND since = ?";
        self.connection().execute(sql, params![cluster, namespace, since])?;
        Ok(())
    }

    /// The guards of a cluster, by namespace and time.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn guards(&self, cluster: &str) -> Result<Vec<Guard>, JournalError> {
        let connection = self.connection();
        let mut rows = connection.prepare_cached(
            "SELECT namespace, since, heard, entry, before, away, resumed FROM guards WHERE cluster = ? ORDER BY namespace, since",
        )?;
        let guard = |row: &Row<'_>| {
            let before: String = row.get(4)?;
            Ok(Guard {
                namespace: row.get(0)?,
                since: row.get(1)?,
                heard: row.get(2)?,
                entry: row.get(3)?,
                before: serde_json::from_str(&before).unwrap_or_default(),
                away: row.get(5)?,
                resumed: row.get(6)?,
            })
        };
        Ok(rows.query_map([cluster], guard)?.collect::<Result<_, _>>()?)
    }
}

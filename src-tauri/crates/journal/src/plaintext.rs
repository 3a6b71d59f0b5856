//! Who was seen to call in plaintext, and for how long anybody looked: what the way to STRICT goes by.

use std::collections::BTreeMap;

use rusqlite::{TransactionBehavior, params};

use crate::{Journal, JournalError};

pub(crate) const SCHEMA: &str = "
    CREATE TABLE watched (
        cluster TEXT PRIMARY KEY,
        since INTEGER NOT NULL,
        until INTEGER NOT NULL,
        seconds REAL NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE plaintext (
        cluster TEXT NOT NULL,
        namespace TEXT NOT NULL,
        workload TEXT NOT NULL,
        caller TEXT NOT NULL,
        last INTEGER NOT NULL,
        seconds REAL NOT NULL,
        PRIMARY KEY (cluster, namespace, workload, caller)
    ) STRICT, WITHOUT ROWID;
";

/// For how long a cluster's traffic was looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Watched {
    /// When it began, milliseconds since 1970.
    pub since: i64,
    /// The last look, milliseconds since 1970.
    pub until: i64,
    /// For so many seconds of that time somebody looked.
    pub seconds: f64,
}

/// A workload, and who called it in plaintext.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlainCall {
    /// Namespace of who was called.
    pub namespace: String,
    /// Its workload.
    pub workload: String,
    /// `namespace/workload` of who called; empty for callers that no proxy counts.
    pub caller: String,
}

/// When it was last seen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sight {
    /// Milliseconds since 1970.
    pub last: i64,
    /// For so many seconds somebody has looked since, and not seen it.
    pub quiet: f64,
}

/// How long a cluster was looked at, and who was ever seen to call in plaintext.
pub type Plaintext = (Watched, BTreeMap<PlainCall, Sight>);

impl Journal {
    /// Records that a cluster's traffic was looked at up to this time for so many seconds more, and who called in plaintext meanwhile. Where
    /// several look at once, the time counts once.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn looked(&self, cluster: &str, at: i64, seconds: f64, seen: &[PlainCall]) -> Result<(), JournalError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute(
            "INSERT INTO watched VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT (cluster) DO UPDATE SET until = max(until, ?3),
                    seconds = seconds + max(0.0, min(?4, (?3 - until) / 1000.0))",
            params![cluster, at - (seconds * 1000.0) as i64, at, seconds],
        )?;
        for call in seen {
            transaction.prepare_cached(
                "INSERT INTO plaintext VALUES (?1, ?2, ?3, ?4, ?5, (SELECT seconds FROM watched WHERE cluster = ?1))
                    ON CONFLICT DO UPDATE SET last = excluded.last, seconds = excluded.seconds",
            )?
            .execute(params![cluster, call.namespace, call.workload, call.caller, at])?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// How long a cluster was looked at, and who was ever seen to call in plaintext; `None` where nobody has looked.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn plaintext(&self, cluster: &str) -> Result<Option<Plaintext>, JournalError> {
        let connection = self.connection();
        let mut rows = connection.prepare_cached("SELECT since, until, seconds FROM watched WHERE cluster = ?")?;
        let mut rows = rows.query([cluster])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let watched = Watched { since: row.get(0)?, until: row.get(1)?, seconds: row.get(2)? };
        let mut calls = connection
            .prepare_cached("SELECT namespace, workload, caller, last, seconds FROM plaintext WHERE cluster = ?")?;
        let call = |row: &rusqlite::Row<'_>| {
            let call = PlainCall { namespace: row.get(0)?, workload: row.get(1)?, caller: row.get(2)? };
            let then: f64 = row.get(4)?;
            Ok((call, Sight { last: row.get(3)?, quiet: (watched.seconds - then).max(0.0) }))
        };
        let calls = calls.query_map([cluster], call)?.collect::<Result<_, _>>()?;
        Ok(Some((watched, calls)))
    }
}

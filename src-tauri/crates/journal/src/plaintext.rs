//! Who was seen to call in plaintext, and for how long anybody looked: what the way to STRICT goes by.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, Row, TransactionBehavior, params};

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

/// For how long the proxies of each workload were themselves read, and how long that was when a caller was seen: a look that a proxy
/// does not answer says nothing of its callers.
pub(crate) const HEARD: &str = "
    CREATE TABLE heard (
        cluster TEXT NOT NULL,
        namespace TEXT NOT NULL,
        workload TEXT NOT NULL,
        since INTEGER NOT NULL,
        until INTEGER NOT NULL,
        seconds REAL NOT NULL,
        PRIMARY KEY (cluster, namespace, workload)
    ) STRICT, WITHOUT ROWID;
    ALTER TABLE plaintext ADD COLUMN heard REAL NOT NULL DEFAULT 0;
";

/// For how long a cluster's traffic was looked at, or what a workload's own proxies count.
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
    /// For so many seconds somebody has looked since, and not seen it: at the proxies of who was called, where those were ever read.
    pub quiet: f64,
}

/// What is known of a cluster's plaintext.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plaintext {
    /// For how long anybody looked.
    pub watched: Watched,
    /// For how long the proxies of each workload were read, by namespace and name.
    pub heard: BTreeMap<(String, String), Watched>,
    /// Who was ever seen to call in plaintext.
    pub calls: BTreeMap<PlainCall, Sight>,
}

/// A look at a cluster's traffic.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// When it ended, milliseconds since 1970.
    pub at: i64,
    /// How many seconds it took in.
    pub seconds: f64,
    /// Namespace and name of the workloads whose proxies counted.
    pub heard: Vec<(String, String)>,
    /// Who called in plaintext.
    pub seen: Vec<PlainCall>,
}

impl Journal {
    /// Records that a cluster's traffic was looked at. Where several look at once, the time counts once.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn looked(&self, cluster: &str, look: &Look) -> Result<(), JournalError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (at, seconds) = (look.at, look.seconds);
        let begun = at - (seconds * 1000.0) as i64;
        transaction.execute(
            "INSERT INTO watched VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT (cluster) DO UPDATE SET until = max(until, ?3),
                    seconds = seconds + max(0.0, min(?4, (?3 - until) / 1000.0))",
            params![cluster, begun, at, seconds],
        )?;
        for (namespace, workload) in &look.heard {
            transaction
                .prepare_cached(
                    "INSERT INTO heard VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                        ON CONFLICT DO UPDATE SET until = max(until, ?5),
                            seconds = seconds + max(0.0, min(?6, (?5 - until) / 1000.0))",
                )?
                .execute(params![cluster, namespace, workload, begun, at, seconds])?;
        }
        for call in &look.seen {
            transaction
                .prepare_cached(
                    "INSERT INTO plaintext VALUES (?1, ?2, ?3, ?4, ?5, (SELECT seconds FROM watched WHERE cluster = ?1),
                        coalesce((SELECT seconds FROM heard WHERE cluster = ?1 AND namespace = ?2 AND workload = ?3), 0.0))
                        ON CONFLICT DO UPDATE SET last = excluded.last, seconds = excluded.seconds, heard = excluded.heard",
                )?
                .execute(params![cluster, call.namespace, call.workload, call.caller, at])?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// What is known of a cluster's plaintext; `None` where nobody has looked.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn plaintext(&self, cluster: &str) -> Result<Option<Plaintext>, JournalError> {
        let connection = self.connection();
        let watched = |row: &Row<'_>, from: usize| {
            Ok::<_, rusqlite::Error>(Watched {
                since: row.get(from)?,
                until: row.get(from + 1)?,
                seconds: row.get(from + 2)?,
            })
        };
        let mut rows = connection.prepare_cached("SELECT since, until, seconds FROM watched WHERE cluster = ?")?;
        let Some(whole) = rows.query_row([cluster], |row| watched(row, 0)).optional()? else { return Ok(None) };
        let mut rows = connection
            .prepare_cached("SELECT namespace, workload, since, until, seconds FROM heard WHERE cluster = ?")?;
        let heard = rows.query_map([cluster], |row| Ok(((row.get(0)?, row.get(1)?), watched(row, 2)?)))?;
        let heard: BTreeMap<(String, String), Watched> = heard.collect::<Result<_, _>>()?;
        let mut rows = connection.prepare_cached(
            "SELECT namespace, workload, caller, last, seconds, heard FROM plaintext WHERE cluster = ?",
        )?;
        let call = |row: &Row<'_>| {
            let call = PlainCall { namespace: row.get(0)?, workload: row.get(1)?, caller: row.get(2)? };
            let then: (f64, f64) = (row.get(4)?, row.get(5)?);
            let own = heard.get(&(call.namespace.clone(), call.workload.clone()));
            let quiet = own.map_or(whole.seconds - then.0, |own| own.seconds - then.1).max(0.0);
            Ok((call, Sight { last: row.get(3)?, quiet }))
        };
        let calls = rows.query_map([cluster], call)?.collect::<Result<_, _>>()?;
        Ok(Some(Plaintext { watched: whole, heard, calls }))
    }
}

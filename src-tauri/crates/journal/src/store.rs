//! The SQLite file: opening it whole, keeping it whole.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::types::Value as Cell;
use rusqlite::{Connection, ErrorCode, Row, Transaction, TransactionBehavior, params, params_from_iter};
use serde_json::{Value, json};
use world::{ObjectKey, Said};

use crate::entry::{Change, Entry, EntryId, Filter, NewEntry, NewObject, ObjectOutcome, ObjectRecord, State};
use crate::{RolloutId, redact, redact_text};

/// Each brings the file from one version of its schema to the next; what was released is never changed.
const MIGRATIONS: [&str; 7] =
    [CHANGES, ROLLOUTS, crate::plaintext::SCHEMA, UPTAKE, UNDOES_TOO, crate::plaintext::HEARD, crate::guards::SCHEMA];

const CHANGES: &str = "
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        cluster TEXT NOT NULL,
        context TEXT NOT NULL,
        user TEXT NOT NULL,
        message TEXT NOT NULL,
        state TEXT NOT NULL,
        says TEXT NOT NULL,
        undoes INTEGER REFERENCES entries (id),
        acknowledged INTEGER NOT NULL DEFAULT 0,
        proxies INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX entries_of_cluster ON entries (cluster, id);
    CREATE TABLE objects (
        entry INTEGER NOT NULL REFERENCES entries (id),
        n INTEGER NOT NULL,
        api_group TEXT NOT NULL,
        version TEXT NOT NULL,
        kind TEXT NOT NULL,
        namespace TEXT NOT NULL,
        name TEXT NOT NULL,
        change TEXT NOT NULL,
        before TEXT,
        after TEXT,
        redacted INTEGER NOT NULL,
        resource_version TEXT NOT NULL,
        state TEXT NOT NULL,
        written_version TEXT NOT NULL DEFAULT '',
        because TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (entry, n)
    ) STRICT, WITHOUT ROWID;
";

const ROLLOUTS: &str = "
    CREATE TABLE rollouts (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        heard INTEGER NOT NULL,
        cluster TEXT NOT NULL,
        user TEXT NOT NULL,
        driver TEXT NOT NULL,
        is_over INTEGER NOT NULL,
        state TEXT NOT NULL,
        wish TEXT
    ) STRICT;
    CREATE INDEX rollouts_of_cluster ON rollouts (cluster, id);
";

const UPTAKE: &str = "ALTER TABLE entries ADD COLUMN uptake TEXT NOT NULL DEFAULT '[]'";

const UNDOES_TOO: &str = "ALTER TABLE entries ADD COLUMN undoes_too TEXT NOT NULL DEFAULT '[]'";

/// `PRAGMA application_id`: tells our file from any other SQLite file ("nlof").
const APPLICATION: i64 = 0x6E6C_6F66;
const FILE: &str = "journal.db";

/// Why the journal could not do what was asked. Where `intend` fails, nothing may be written to the cluster.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The folder cannot be made or the file not be moved.
    #[error("the journal's folder {path}: {source}")]
    Folder {
        /// Which one.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// A newer Netloft wrote it; it was left as it is.
    #[error("the journal {path} was written by a newer Netloft (version {found}, this one knows {known})")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema known here.
        known: i64,
    },
    /// An SQLite file of somebody else stands in its place; it was left as it is.
    #[error("{path} is a database of another program")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// There is no such entry.
    #[error("the journal has no entry {0}")]
    NoEntry(EntryId),
    /// The entry has no object of this number.
    #[error("entry {0} has no object {1}")]
    NoObject(EntryId, usize),
    /// There is no such rollout, or it is over.
    #[error("no rollout {0} is under way")]
    NoRollout(RolloutId),
    /// A rollout's row holds what this version never writes.
    #[error("rollout {0} of the journal is not readable")]
    UnreadableRollout(RolloutId),
    /// A row holds what this version never writes.
    #[error("entry {0} of the journal is not readable")]
    Unreadable(EntryId),
    /// SQLite: the disk is full, the file is locked for too long …
    #[error("the journal's file: {0}")]
    Disk(#[from] rusqlite::Error),
}

impl JournalError {
    /// In both languages.
    pub fn said(&self) -> Said {
        let zh = match self {
            Self::Folder { path, source } => format!("变更记录的文件夹 {}：{source}", path.display()),
            Self::Newer { path, found, known } => {
                format!("变更记录 {} 由更新的 Netloft 写成（版本 {found}，此版本只认识 {known}）", path.display())
            }
            Self::Foreign { path } => format!("{} 是另一个程序的数据库", path.display()),
            Self::NoEntry(entry) => format!("变更记录中没有第 {entry} 条"),
            Self::NoObject(entry, object) => format!("第 {entry} 条没有对象 {object}"),
            Self::NoRollout(rollout) => format!("没有正在进行的发布 {rollout}"),
            Self::UnreadableRollout(rollout) => format!("变更记录中的发布 {rollout} 无法读取"),
            Self::Unreadable(entry) => format!("变更记录的第 {entry} 条无法读取"),
            Self::Disk(error) => format!("变更记录的文件：{error}"),
        };
        Said::new(self.to_string(), zh)
    }
}

/// An open journal, and what was found on the way.
#[derive(Debug)]
pub struct Opened {
    /// The journal.
    pub journal: Journal,
    /// A damaged file was found and moved here; the journal starts anew.
    pub set_aside: Option<PathBuf>,
}

/// The record of changes. Clones share one connection; every method blocks (a write waits for the disk), so async code
/// calls it in `spawn_blocking`. Other processes may have the same file open: writes then wait for each other.
#[derive(Clone, Debug)]
pub struct Journal {
    connection: Arc<Mutex<Connection>>,
}

impl Journal {
    /// Opens, or makes, the journal in a folder.
    ///
    /// # Errors
    /// Where the folder or file is not usable, or a newer Netloft or another program wrote it. A damaged file is no
    /// error: it is set aside.
    pub fn open(folder: &Path) -> Result<Opened, JournalError> {
        let at_folder = |source| JournalError::Folder { path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(at_folder)?;
        let path = folder.join(FILE);
        private(&path).map_err(at_folder)?;
        match connect(&path) {
            Ok(connection) => Ok(Opened { journal: Self::from(connection), set_aside: None }),
            Err(JournalError::Disk(error)) if is_damage(&error) => {
                let aside = set_aside(&path).map_err(at_folder)?;
                private(&path).map_err(at_folder)?;
                Ok(Opened { journal: Self::from(connect(&path)?), set_aside: Some(aside) })
            }
            Err(error) => Err(error),
        }
    }

    /// Records what is about to be done. When it returns, the record is on the disk.
    ///
    /// # Errors
    /// Where it could not be made durable; then nothing may be written to the cluster.
    pub fn intend(&self, entry: &NewEntry) -> Result<EntryId, JournalError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut message = entry.message.clone();
        redact_text(&mut message.en);
        redact_text(&mut message.zh);
        let mut says = Value::from(entry.says.clone());
        redact(&mut says);
        transaction.execute(
            "INSERT INTO entries (at, cluster, context, user, message, state, says, undoes, undoes_too)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                now(),
                entry.cluster,
                entry.context,
                entry.user,
                kept(&message),
                State::Intended.word(),
                says.to_string(),
                entry.undoes,
                Value::from(entry.undoes_too.clone()).to_string()
            ],
        )?;
        let id = transaction.last_insert_rowid();
        for (n, object) in entry.objects.iter().enumerate() {
            insert_object(&transaction, id, n, object)?;
        }
        transaction.commit()?;
        Ok(id)
    }

    /// Records how the write of an entry's object ended.
    ///
    /// # Errors
    /// Where there is no such object, or the disk fails.
    pub fn outcome(&self, id: EntryId, n: usize, outcome: &ObjectOutcome) -> Result<(), JournalError> {
        let mut because = outcome.because.clone();
        redact_text(&mut because.en);
        redact_text(&mut because.zh);
        let row = i64::try_from(n).map_err(|_| JournalError::NoObject(id, n))?;
        let changed = self.connection().execute(
            "UPDATE objects SET state = ?, written_version = ?, because = ? WHERE entry = ? AND n = ?",
            params![outcome.state.word(), outcome.resource_version, kept(&because), id, row],
        )?;
        if changed == 1 { Ok(()) } else { Err(JournalError::NoObject(id, n)) }
    }

    /// Records how the whole entry ended, or that another one has undone it.
    ///
    /// # Errors
    /// Where there is no such entry, or the disk fails.
    pub fn close(&self, id: EntryId, state: State) -> Result<(), JournalError> {
        self.update(id, "UPDATE entries SET state = ?2 WHERE id = ?1", &[state.word().to_owned().into()])
    }

    /// Records how many proxies have taken it up, and what became of it at each.
    ///
    /// # Errors
    /// Where there is no such entry, or the disk fails.
    pub fn acknowledged(
        &self,
        id: EntryId,
        acknowledged: u32,
        total: u32,
        uptake: &[Value],
    ) -> Result<(), JournalError> {
        let mut uptake = Value::from(uptake);
        redact(&mut uptake);
        let cells = [i64::from(acknowledged).into(), i64::from(total).into(), uptake.to_string().into()];
        self.update(id, "UPDATE entries SET acknowledged = ?2, proxies = ?3, uptake = ?4 WHERE id = ?1", &cells)
    }

    fn update(&self, id: EntryId, sql: &str, cells: &[Cell]) -> Result<(), JournalError> {
        let all = std::iter::once(Cell::from(id)).chain(cells.iter().cloned());
        let changed = self.connection().execute(sql, params_from_iter(all))?;
        if changed == 1 { Ok(()) } else { Err(JournalError::NoEntry(id)) }
    }

    /// Entries, newest first.
    ///
    /// # Errors
    /// Where the disk fails or an entry is not readable.
    pub fn list(&self, filter: &Filter) -> Result<Vec<Entry>, JournalError> {
        let like = format!("%{}%", filter.search.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        let limit = if filter.limit == 0 { -1 } else { i64::try_from(filter.limit).unwrap_or(-1) };
        let sql = "SELECT * FROM entries WHERE (?1 IS NULL OR cluster = ?1) AND (?2 IS NULL OR id < ?2)
            AND (COALESCE(CASE WHEN json_valid(message) THEN message ->> 'en' || char(10) || (message ->> 'zh') END, message)
                LIKE ?3 ESCAPE '\\' OR user LIKE ?3 ESCAPE '\\' OR EXISTS (SELECT 1 FROM objects WHERE entry = id
                AND (kind || ' ' || namespace || '/' || name) LIKE ?3 ESCAPE '\\'))
            AND (?5 = '' OR EXISTS (SELECT 1 FROM objects WHERE entry = id AND kind = ?5)) AND (?6 = '' OR user = ?6)
            AND (?7 IS NULL OR at >= ?7) AND (?8 IS NULL OR at < ?8)
            ORDER BY id DESC LIMIT ?4";
        let (cluster, before) = (filter.cluster.clone().into(), filter.before.into());
        let (kind, user) = (filter.kind.clone().into(), filter.user.clone().into());
        let times = (filter.since.into(), filter.until.into());
        self.entries(sql, &[cluster, before, like.into(), limit.into(), kind, user, times.0, times.1])
    }

    /// One entry.
    ///
    /// # Errors
    /// Where there is none, or the disk fails.
    pub fn get(&self, id: EntryId) -> Result<Entry, JournalError> {
        let mut found = self.entries("SELECT * FROM entries WHERE id = ?1", &[id.into()])?;
        found.pop().ok_or(JournalError::NoEntry(id))
    }

    /// Entries of a cluster with a write whose end nobody saw, oldest first: what a crash, or a server that died, left open.
    ///
    /// # Errors
    /// Where the disk fails or an entry is not readable.
    pub fn uncertain(&self, cluster: &str) -> Result<Vec<Entry>, JournalError> {
        let sql = "SELECT * FROM entries WHERE cluster = ?1 AND (state = ?2 OR state = ?3
            AND EXISTS (SELECT 1 FROM objects WHERE entry = id AND objects.state = ?2)) ORDER BY id";
        let word = |state: State| Cell::from(state.word().to_owned());
        self.entries(sql, &[cluster.to_owned().into(), word(State::Intended), word(State::Partial)])
    }

    /// Records what was found of such an entry's objects, by their numbers, and closes it where all are known. Whoever made
    /// the write knows better: what is recorded already stays, and so does what is recorded later. Answers the state that
    /// the entry has now.
    ///
    /// # Errors
    /// Where there is no such entry, or the disk fails.
    pub fn settle(&self, id: EntryId, found: &[(usize, ObjectOutcome)]) -> Result<State, JournalError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let open = State::Intended.word();
        for (n, outcome) in found {
            let row = i64::try_from(*n).map_err(|_| JournalError::NoObject(id, *n))?;
            transaction.execute(
                "UPDATE objects SET state = ?, written_version = ?, because = ? WHERE entry = ? AND n = ? AND state = ?",
                params![outcome.state.word(), outcome.resource_version, kept(&outcome.because), id, row, open],
            )?;
        }
        let states: Vec<String> = transaction
            .prepare("SELECT DISTINCT state FROM objects WHERE entry = ?")?
            .query_map([id], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let whole = match states.as_slice() {
            _ if states.iter().any(|state| state == open) => None,
            [one] => State::from_word(one),
            _ => Some(State::Partial),
        };
        if let Some(state) = whole {
            transaction.execute(
                "UPDATE entries SET state = ?1 WHERE id = ?2 AND state IN (?3, ?4)",
                params![state.word(), id, open, State::Partial.word()],
            )?;
        }
        let now = transaction.query_row("SELECT state FROM entries WHERE id = ?", [id], |row| row.get::<_, String>(0));
        transaction.commit()?;
        match now {
            Ok(word) => State::from_word(&word).ok_or(JournalError::Unreadable(id)),
            Err(rusqlite::Error::QueryReturnedNoRows) => Err(JournalError::NoEntry(id)),
            Err(error) => Err(error.into()),
        }
    }

    fn entries(&self, sql: &str, cells: &[Cell]) -> Result<Vec<Entry>, JournalError> {
        let connection = self.connection();
        let mut entries = connection.prepare_cached(sql)?;
        let mut objects = connection.prepare_cached("SELECT * FROM objects WHERE entry = ? ORDER BY n")?;
        let mut rows = entries.query(params_from_iter(cells))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let mut entry = entry_of(row)?;
            let mut rows = objects.query([entry.id])?;
            while let Some(row) = rows.next()? {
                entry.objects.push(object_of(row, entry.id)?);
            }
            found.push(entry);
        }
        Ok(found)
    }

    /// A panic elsewhere leaves the connection whole: an unfinished transaction is rolled back when it is dropped.
    pub(crate) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Connection> for Journal {
    fn from(connection: Connection) -> Self {
        Self { connection: Arc::new(Mutex::new(connection)) }
    }
}

/// A file that only its owner reads; SQLite gives its companions the same rights.
fn private(path: &Path) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn connect(path: &Path) -> Result<Connection, JournalError> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    refuse_what_is_not_ours(&connection, path)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(damaged(verdict).into());
    }
    migrate(&mut connection)?;
    Ok(connection)
}

/// Looks without writing.
fn refuse_what_is_not_ours(connection: &Connection, path: &Path) -> Result<(), JournalError> {
    // One transaction, so that all three are of one moment: another process may be making the schema right now.
    let moment = connection.unchecked_transaction()?;
    let number = |pragma| moment.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let (found, application) = (number("user_version")?, number("application_id")?);
    let tables: i64 = moment.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 && application != APPLICATION {
        return Err(JournalError::Foreign { path: path.to_owned() });
    }
    let known = MIGRATIONS.len() as i64;
    if found > known {
        return Err(JournalError::Newer { path: path.to_owned(), found, known });
    }
    Ok(())
}

fn migrate(connection: &mut Connection) -> Result<(), JournalError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let done = usize::try_from(version).unwrap_or(0);
    for migration in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    transaction.commit()?;
    Ok(())
}

fn damaged(verdict: String) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT), Some(verdict))
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Moves a damaged file and its companions out of the way, never over another one.
fn set_aside(path: &Path) -> std::io::Result<PathBuf> {
    let free = |n: u32| path.with_file_name(format!("journal-damaged-{n}.db"));
    let aside = (1..).map(free).find(|path| !path.exists()).unwrap_or_else(|| free(0));
    fs::rename(path, &aside)?;
    for companion in ["-wal", "-shm"] {
        let with = |path: &Path| PathBuf::from(format!("{}{companion}", path.display()));
        if with(path).exists() {
            fs::rename(with(path), with(&aside))?;
        }
    }
    Ok(aside)
}

fn insert_object(transaction: &Transaction<'_>, id: EntryId, n: usize, object: &NewObject) -> Result<(), JournalError> {
    let mut redacted = false;
    let mut image = |value: &Option<Value>| {
        value.clone().map(|mut value| {
            redacted |= redact(&mut value);
            value.to_string()
        })
    };
    let (before, after) = (image(&object.before), image(&object.after));
    transaction.prepare_cached("INSERT INTO objects VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '')")?.execute(
        params![
            id,
            i64::try_from(n).map_err(|_| JournalError::NoObject(id, n))?,
            object.key.group,
            object.version,
            object.key.kind,
            object.key.namespace,
            object.key.name,
            object.change.word(),
            before,
            after,
            redacted,
            object.resource_version,
            State::Intended.word(),
        ],
    )?;
    Ok(())
}

fn entry_of(row: &Row<'_>) -> Result<Entry, JournalError> {
    let id = row.get("id")?;
    Ok(Entry {
        id,
        at: row.get("at")?,
        cluster: row.get("cluster")?,
        context: row.get("context")?,
        user: row.get("user")?,
        message: told(row.get("message")?),
        state: word(row, "state", id, State::from_word)?,
        objects: Vec::new(),
        says: word(row, "says", id, |text| serde_json::from_str(text).ok())?,
        undoes: row.get("undoes")?,
        undoes_too: word(row, "undoes_too", id, |text| serde_json::from_str(text).ok())?,
        acknowledged: row.get("acknowledged")?,
        proxies: row.get("proxies")?,
        uptake: word(row, "uptake", id, |text| serde_json::from_str(text).ok())?,
    })
}

fn object_of(row: &Row<'_>, id: EntryId) -> Result<ObjectRecord, JournalError> {
    let text = |column: &str| row.get::<_, String>(column);
    let image = |column: &str| match row.get::<_, Option<String>>(column)? {
        None => Ok(None),
        Some(text) => serde_json::from_str(&text).map(Some).map_err(|_| JournalError::Unreadable(id)),
    };
    Ok(ObjectRecord {
        key: ObjectKey::new(&text("api_group")?, &text("kind")?, &text("namespace")?, &text("name")?),
        version: text("version")?,
        change: word(row, "change", id, Change::from_word)?,
        before: image("before")?,
        after: image("after")?,
        redacted: row.get("redacted")?,
        resource_version: text("resource_version")?,
        outcome: ObjectOutcome {
            state: word(row, "state", id, State::from_word)?,
            resource_version: text("written_version")?,
            because: told(text("because")?),
        },
    })
}

/// Words as they lie on disk: both languages, or once what is the same in both and cannot be taken for more.
fn kept(words: &Said) -> String {
    let once = words.zh.is_empty() || words.zh == words.en;
    if once && told(words.en.clone()).en == words.en { words.en.clone() } else { json!(words).to_string() }
}

/// The same, read.
fn told(text: String) -> Said {
    match serde_json::from_str(&text) {
        Ok(said) => said,
        Err(_) => text.into(),
    }
}

fn word<T>(row: &Row<'_>, column: &str, id: EntryId, read: impl Fn(&str) -> Option<T>) -> Result<T, JournalError> {
    read(&row.get::<_, String>(column)?).ok_or(JournalError::Unreadable(id))
}

pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|d| i64::try_from(d.as_millis()).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lie_on_disk_in_both_languages_and_those_of_before_are_read() {
        for said in [Said::default(), Said::new("it was so already", "它已是如此"), Said::from("{\"a\": 1}")] {
            assert_eq!(told(kept(&said)), said);
        }
        for old in ["not written: the server said no", "{\"kind\":\"Status\"}", "42"] {
            assert_eq!(told(old.to_owned()), Said::from(old));
        }
    }
}

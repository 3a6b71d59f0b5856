//! The journal of all clusters, for callers without a bridge.

use super::Host;
use crate::types::{Entry, EntryRow, HistoryArgs, HistoryForm};
use crate::{Fault, convert};

impl Host {
    /// The journal of all clusters, newest first.
    ///
    /// # Errors
    /// Where the disk fails.
    pub async fn history_of_all(&self, args: &HistoryArgs) -> Result<Vec<EntryRow>, Fault> {
        Ok(self.bench.history_of_all(&convert::wanted(args)).await?.into_iter().map(convert::entry_row).collect())
    }

    /// The journal of all clusters as a text for others.
    ///
    /// # Errors
    /// Where the disk fails.
    pub async fn history_of_all_as(&self, args: &HistoryArgs, form: HistoryForm) -> Result<String, Fault> {
        let rows = self.bench.history_of_all(&convert::wanted(args)).await?;
        Ok(session::history::export(&rows, convert::history_form(form)))
    }

    /// One entry of any cluster.
    ///
    /// # Errors
    /// Where there is none, or the disk fails.
    pub async fn entry_of_all(&self, entry: i64) -> Result<Entry, Fault> {
        Ok(convert::entry(self.bench.entry_of_all(entry).await?))
    }
}

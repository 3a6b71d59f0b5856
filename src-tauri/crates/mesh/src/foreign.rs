//! Codes of other tools that none of our rules stands for.

use crate::Level;

/// A code of another tool that has no rule here, and why it has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// `IST0141`, `KIA0107`
    pub code: &'static str,
    /// Its level there; `None` for a code that its tool no longer emits.
    pub level: Option<Level>,
    /// What it says there, one sentence in English and in Chinese.
    pub what: (&'static str, &'static str),
    /// Why no rule of ours says it, one sentence in English and in Chinese.
    pub because: (&'static str, &'static str),
}

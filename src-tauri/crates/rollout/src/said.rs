//! Sentences for people.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A sentence in both languages of the window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Kept")]
pub struct Said {
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

impl Said {
    /// Both.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { en: en.into(), zh: zh.into() }
    }
}

/// As it may lie on disk: an earlier version kept the English alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Kept {
    Both { en: String, zh: String },
    English(String),
}

impl From<Kept> for Said {
    fn from(kept: Kept) -> Self {
        match kept {
            Kept::Both { en, zh } => Self { en, zh },
            Kept::English(en) => Self { en, zh: String::new() },
        }
    }
}

/// What somebody else says, in his own words.
impl From<String> for Said {
    fn from(words: String) -> Self {
        Self { zh: words.clone(), en: words }
    }
}

/// A pair of texts of ours.
impl From<(&str, &str)> for Said {
    fn from((en, zh): (&str, &str)) -> Self {
        Self::new(en, zh)
    }
}

impl fmt::Display for Said {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.en)
    }
}

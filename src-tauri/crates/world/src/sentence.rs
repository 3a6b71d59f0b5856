//! Sentences for people.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A sentence in both languages of the window.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "Kept")]
pub struct Said {
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

/// A sentence in both languages, each written as for `format!` from the same values: names in it, or what stands after the two.
#[macro_export]
macro_rules! said {
    ($en:literal, $zh:literal $(, $values:expr)* $(,)?) => {
        $crate::Said::new(format!($en $(, $values)*), format!($zh $(, $values)*))
    };
}

impl Said {
    /// Both.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { en: en.into(), zh: zh.into() }
    }

    /// Behind who says it, or what it is said of: `reviews: no pod is ready`.
    pub fn of(who: impl Into<Self>, why: impl Into<Self>) -> Self {
        let (who, why) = (who.into(), why.into());
        Self::new(format!("{}: {}", who.en, why.en), format!("{}：{}", who.zh, why.zh))
    }

    /// Several as one, with a mark between them that both languages have; empty ones are left out.
    pub fn joined(all: &[Self], mark: &str) -> Self {
        let join =
            |of: fn(&Self) -> &str| all.iter().map(of).filter(|words| !words.is_empty()).collect::<Vec<_>>().join(mark);
        Self::new(join(|said| &said.en), join(|said| &said.zh))
    }

    /// Several as one, as each language lists them.
    pub fn list(all: &[Self]) -> Self {
        Self::between(all, ", ", "，")
    }

    /// Several as one, where they hold lists themselves.
    pub fn in_turn(all: &[Self]) -> Self {
        Self::between(all, "; ", "；")
    }

    fn between(all: &[Self], en: &str, zh: &str) -> Self {
        let join = |of: fn(&Self) -> &str, mark: &str| all.iter().map(of).collect::<Vec<_>>().join(mark);
        Self::new(join(|said| &said.en, en), join(|said| &said.zh, zh))
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

/// The same.
impl From<&str> for Said {
    fn from(words: &str) -> Self {
        words.to_owned().into()
    }
}

/// A pair of texts of ours.
impl From<(&str, &str)> for Said {
    fn from((en, zh): (&str, &str)) -> Self {
        Self::new(en, zh)
    }
}

impl From<&Self> for Said {
    fn from(said: &Self) -> Self {
        said.clone()
    }
}

impl fmt::Display for Said {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.en)
    }
}

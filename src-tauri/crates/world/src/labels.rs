//! Labels, in little room.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

/// Labels, selectors and annotations: names and their values, in the order of the names.
///
/// A world holds several of them for each object, most with a handful of entries, and hardly any is changed after it was read: they
/// lie in one piece of text (a B-tree of the same takes half a KiB for its first entry).
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels {
    /// Every name and value, one after the other.
    text: Box<str>,
    /// Where each name, and each value, ends.
    ends: Box<[u32]>,
}

impl Labels {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len() / 2
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find_map(|(found, value)| (found == name).then_some(value))
    }

    /// One of this name is there, and its value means yes to a program in Go. Upstream: strconv.ParseBool.
    pub fn is_true(&self, name: &str) -> bool {
        matches!(self.get(name), Some("1" | "t" | "T" | "true" | "TRUE" | "True"))
    }

    /// One of this name is there.
    pub fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Names and values.
    pub fn iter(&self) -> Iter<'_> {
        Iter { of: self, rest: 0..self.len() }
    }

    /// Names.
    pub fn keys(&self) -> impl Iterator<Item = &str> + Clone {
        self.iter().map(|(name, _)| name)
    }

    /// Values, in the order of their names.
    pub fn values(&self) -> impl Iterator<Item = &str> + Clone {
        self.iter().map(|(_, value)| value)
    }

    /// These and those; of two of one name, that of `others`.
    #[must_use]
    pub fn with<N: AsRef<str>, V: AsRef<str>>(&self, others: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut all: BTreeMap<String, String> = self.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        all.extend(others.into_iter().map(|(name, value)| (name.as_ref().to_owned(), value.as_ref().to_owned())));
        all.into_iter().collect()
    }

    /// Those whose name passes.
    #[must_use]
    pub fn only(&self, passes: impl Fn(&str) -> bool) -> Self {
        self.iter().filter(|(name, _)| passes(name)).collect()
    }

    fn part(&self, at: usize) -> &str {
        let end = |at: usize| self.ends.get(at).map_or(0, |end| *end as usize);
        let start = at.checked_sub(1).map_or(0, end);
        self.text.get(start..end(at)).unwrap_or_default()
    }
}

/// Names and values of labels.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    of: &'a Labels,
    rest: Range<usize>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        self.rest.next().map(|at| (self.of.part(at * 2), self.of.part(at * 2 + 1)))
    }
}

impl<'a> IntoIterator for &'a Labels {
    type Item = (&'a str, &'a str);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for Labels {
    /// Of two of one name, the later one.
    fn from_iter<I: IntoIterator<Item = (N, V)>>(all: I) -> Self {
        let mut all: Vec<(N, V)> = all.into_iter().collect();
        all.sort_by(|(a, _), (b, _)| a.as_ref().cmp(b.as_ref()));
        all.reverse();
        all.dedup_by(|(a, _), (b, _)| a.as_ref() == b.as_ref());
        let mut text = String::with_capacity(all.iter().map(|(n, v)| n.as_ref().len() + v.as_ref().len()).sum());
        let mut ends = Vec::with_capacity(all.len() * 2);
        for (name, value) in all.iter().rev() {
            for part in [name.as_ref(), value.as_ref()] {
                text.push_str(part);
                ends.push(text.len() as u32);
            }
        }
        Self { text: text.into(), ends: ends.into() }
    }
}

impl<N: AsRef<str>, V: AsRef<str>, const COUNT: usize> From<[(N, V); COUNT]> for Labels {
    fn from(all: [(N, V); COUNT]) -> Self {
        all.into_iter().collect()
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(BTreeMap::<String, String>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_come_in_their_order() {
        let labels = Labels::from([("version", "v1"), ("app", "reviews"), ("empty", ""), ("", "nameless")]);
        assert_eq!(labels.len(), 4);
        assert_eq!(labels.keys().collect::<Vec<_>>(), ["", "app", "empty", "version"]);
        assert_eq!(labels.values().collect::<Vec<_>>(), ["nameless", "reviews", "", "v1"]);
        assert_eq!((labels.get("app"), labels.get("empty"), labels.get("ap")), (Some("reviews"), Some(""), None));
        assert!(labels.contains_key("") && !Labels::new().contains_key(""));
    }

    #[test]
    fn of_two_of_one_name_the_later_holds() {
        let labels = Labels::from([("a", "1"), ("b", "2"), ("a", "3")]);
        assert_eq!(labels, Labels::from([("b", "2"), ("a", "3")]));
        assert_eq!(labels.with([("b", "4"), ("c", "5")]), Labels::from([("a", "3"), ("b", "4"), ("c", "5")]));
        assert_eq!(labels.only(|name| name == "b"), Labels::from([("b", "2")]));
    }

    /// What lies together in one text does not run into each other.
    #[test]
    fn names_and_values_keep_their_ends() {
        assert_ne!(Labels::from([("a", "bc")]), Labels::from([("ab", "c")]));
        assert_ne!(Labels::from([("a", "b"), ("c", "d")]), Labels::from([("a", "bcd")]));
    }

    #[test]
    fn they_are_written_as_they_were_read() {
        let text = r#"{"app":"\u0000é","b":"2"}"#;
        let labels: Labels = serde_json::from_str(text).unwrap();
        assert_eq!(labels.get("app"), Some("\0é"));
        assert_eq!(serde_json::to_string(&labels).unwrap(), text);
        assert_eq!(format!("{labels:?}"), r#"{"app": "\0é", "b": "2"}"#);
    }
}

//! A document field by field, each with its path: for rules that ask whether something is there, not what it does.

use std::rc::Rc;

use serde_json::Value;
use world::Document;

static NOTHING: Value = Value::Null;

/// A field, there or not.
#[derive(Clone, Debug)]
pub(crate) struct Field<'a> {
    value: &'a Value,
    way: Option<Rc<Way<'a>>>,
}

/// The last step to a field, and the way to there: it is written out only where a finding names it.
#[derive(Debug)]
struct Way<'a> {
    before: Option<Rc<Way<'a>>>,
    step: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Name(&'a str),
    At(usize),
}

impl Default for Field<'_> {
    fn default() -> Self {
        Self::root(&NOTHING)
    }
}

impl<'a> Field<'a> {
    /// A value from elsewhere, as the beginning of a way.
    pub fn root(value: &'a Value) -> Self {
        Self { value, way: None }
    }

    /// The whole document.
    pub fn of(document: &'a Document) -> Self {
        Self::root(&document.body)
    }

    fn step(&self, value: &'a Value, step: Step<'a>) -> Self {
        Self { value, way: Some(Rc::new(Way { before: self.way.clone(), step })) }
    }

    /// As findings write it: `spec.http[2].route`.
    pub fn path(&self) -> String {
        let steps: Vec<Step> =
            std::iter::successors(self.way.as_ref(), |way| way.before.as_ref()).map(|way| way.step).collect();
        let mut path = String::new();
        for step in steps.into_iter().rev() {
            match step {
                Step::At(at) => path.push_str(&format!("[{at}]")),
                Step::Name(name) if path.is_empty() => path.push_str(name),
                Step::Name(name) if name.contains(['.', '/', '[']) => path.push_str(&format!("[{name}]")),
                Step::Name(name) => path.extend([".", name]),
            }
        }
        path
    }

    /// What stands at a name; JSON null where nothing does.
    fn value_at(&self, name: &str) -> &'a Value {
        match self.value.as_object() {
            // To compare a few names is cheaper than to hash one.
            Some(map) if map.len() <= 8 => {
                map.iter().find(|(key, _)| *key == name).map_or(&NOTHING, |(_, value)| value)
            }
            Some(map) => map.get(name).unwrap_or(&NOTHING),
            None => &NOTHING,
        }
    }

    /// A field of it; JSON null where there is none.
    pub fn get(&self, name: &'a str) -> Self {
        self.step(self.value_at(name), Step::Name(name))
    }

    /// A field at the end of a way: `tls.mode`.
    pub fn at(&self, way: &'a str) -> Self {
        way.split('.').fold(self.clone(), |field, name| field.get(name))
    }

    /// The items of a list; none where it is no list.
    pub fn items(&self, name: &'a str) -> Vec<Self> {
        let Some(items) = self.value_at(name).as_array() else { return Vec::new() };
        let list = self.get(name);
        items.iter().enumerate().map(|(at, value)| list.step(value, Step::At(at))).collect()
    }

    /// The entries of a map; none where it is no map.
    pub fn entries(&self, name: &'a str) -> Vec<(&'a str, Self)> {
        let Some(entries) = self.value_at(name).as_object() else { return Vec::new() };
        let map = self.get(name);
        entries.iter().map(|(key, value)| (key.as_str(), map.step(value, Step::Name(key)))).collect()
    }

    /// It is there, and not null.
    pub fn is_set(&self) -> bool {
        !self.value.is_null()
    }

    /// A field of it is there.
    pub fn has(&self, name: &str) -> bool {
        !self.value_at(name).is_null()
    }

    /// How many items or entries it has.
    pub fn len(&self) -> usize {
        self.value.as_array().map(Vec::len).or_else(|| self.value.as_object().map(serde_json::Map::len)).unwrap_or(0)
    }

    /// Its text; empty where it is none.
    pub fn as_text(&self) -> &'a str {
        self.value.as_str().unwrap_or_default()
    }

    /// The text of a field of it; empty where it is none.
    pub fn text(&self, name: &str) -> &'a str {
        self.value_at(name).as_str().unwrap_or_default()
    }

    /// The number of a field of it, also where it is written as text; 0 where it is none.
    pub fn number(&self, name: &str) -> f64 {
        let value = self.value_at(name);
        value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(0.0)
    }

    /// A field of it is true.
    pub fn is_true(&self, name: &str) -> bool {
        self.value_at(name).as_bool().unwrap_or(false)
    }

    /// As JSON.
    pub fn value(&self) -> &'a Value {
        self.value
    }

    /// Labels, selectors: the entries whose values are text.
    pub fn labels(&self, name: &str) -> world::Labels {
        let entries = self.value_at(name).as_object().into_iter().flatten();
        entries.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
    }

    /// The texts of a list; empty for what is none.
    pub fn texts(&self, name: &str) -> Vec<&'a str> {
        let items = self.value_at(name).as_array().into_iter().flatten();
        items.map(|item| item.as_str().unwrap_or_default()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_know_their_way() {
        let value = serde_json::json!({"spec": {"servers": [{"port": {"number": "80"}}], "labels": {"a.b/c": "x"}}});
        let spec = Field::root(&value).get("spec");
        let port = &spec.items("servers")[0].get("port");
        assert_eq!((port.path().as_str(), port.number("number")), ("spec.servers[0].port", 80.0));
        assert_eq!(spec.entries("labels")[0].1.path(), "spec.labels[a.b/c]");
        assert!(!spec.has("nothing") && spec.at("servers.port").items("x").is_empty());
    }
}

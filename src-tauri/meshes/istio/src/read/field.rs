//! A document field by field, each with its path: for rules that ask whether something is there, not what it does.

use serde_json::Value;
use world::Document;

static NOTHING: Value = Value::Null;

/// A field, there or not.
#[derive(Clone, Debug)]
pub(crate) struct Field<'a> {
    value: &'a Value,
    /// As findings write it: `spec.http[2].route`.
    pub path: String,
}

impl Default for Field<'_> {
    fn default() -> Self {
        Self::root(&NOTHING)
    }
}

impl<'a> Field<'a> {
    /// A value from elsewhere, as the beginning of a way.
    pub fn root(value: &'a Value) -> Self {
        Self { value, path: String::new() }
    }

    /// The whole document.
    pub fn of(document: &'a Document) -> Self {
        Self::root(&document.body)
    }

    /// A field of it; JSON null where there is none.
    pub fn get(&self, name: &str) -> Self {
        let value = self.value.get(name).unwrap_or(&NOTHING);
        let plain = !name.contains(['.', '/', '[']);
        let path = match (self.path.as_str(), plain) {
            ("", _) => name.to_owned(),
            (path, true) => format!("{path}.{name}"),
            (path, false) => format!("{path}[{name}]"),
        };
        Self { value, path }
    }

    /// A field at the end of a way: `tls.mode`.
    pub fn at(&self, way: &str) -> Self {
        way.split('.').fold(self.clone(), |field, name| field.get(name))
    }

    /// The items of a list; none where it is no list.
    pub fn items(&self, name: &str) -> Vec<Self> {
        let list = self.get(name);
        let items = list.value.as_array().into_iter().flatten().enumerate();
        items.map(|(at, value)| Self { value, path: format!("{}[{at}]", list.path) }).collect()
    }

    /// The entries of a map; none where it is no map.
    pub fn entries(&self, name: &str) -> Vec<(&'a str, Self)> {
        let map = self.get(name);
        let entries = map.value.as_object().into_iter().flatten();
        entries.map(|(key, _)| (key.as_str(), map.get(key))).collect()
    }

    /// It is there, and not null.
    pub fn is_set(&self) -> bool {
        !self.value.is_null()
    }

    /// A field of it is there.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_set()
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
        self.get(name).as_text()
    }

    /// The number of a field of it, also where it is written as text; 0 where it is none.
    pub fn number(&self, name: &str) -> f64 {
        let value = self.get(name).value;
        value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(0.0)
    }

    /// A field of it is true.
    pub fn is_true(&self, name: &str) -> bool {
        self.get(name).value.as_bool().unwrap_or(false)
    }

    /// As JSON.
    pub fn value(&self) -> &'a Value {
        self.value
    }

    /// Labels, selectors: the entries whose values are text.
    pub fn labels(&self, name: &str) -> world::Labels {
        let entries = self.entries(name).into_iter();
        entries.map(|(key, value)| (key.to_owned(), value.as_text().to_owned())).collect()
    }

    /// The texts of a list.
    pub fn texts(&self, name: &str) -> Vec<&'a str> {
        self.items(name).iter().map(Self::as_text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_know_their_way() {
        let value = serde_json::json!({"spec": {"servers": [{"port": {"number": "80"}}], "labels": {"a.b/c": "x"}}});
        let spec = Field { value: &value, path: String::new() }.get("spec");
        let port = &spec.items("servers")[0].get("port");
        assert_eq!((port.path.as_str(), port.number("number")), ("spec.servers[0].port", 80.0));
        assert_eq!(spec.entries("labels")[0].1.path, "spec.labels[a.b/c]");
        assert!(!spec.has("nothing") && spec.at("servers.port").items("x").is_empty());
    }
}

//! What can stand at a place: fields and values of the schema, and names of what is in the cluster.

mod names;
mod place;
mod proxy;

use serde_json::Value;
use world::yaml;
use world::{Gvk, ObjectKey};

pub use names::Name;
pub(crate) use names::is_named;
use names::{For, names};
use place::{Place, Step, place};

use crate::schema::{kind, text};
use crate::{Result, Session};

/// Something that could be written at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// As it is shown, and compared with what is typed.
    pub label: String,
    /// Its type, or what it is.
    pub detail: String,
    /// What is put into the text.
    pub insert: String,
    /// It is the name of a field that has to be there.
    pub required: bool,
    /// The place of the field in the schema; empty for values.
    pub path: String,
}

/// What could be written at a cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suggestions {
    /// Column (from 0) that they replace from.
    pub from: usize,
    /// In order.
    pub options: Vec<Suggestion>,
}

impl Session {
    /// What could be written at a cursor: `line` from 1, `column` from 0. The text need not read.
    ///
    /// # Errors
    /// Where the schema of the kind cannot be read.
    pub async fn suggest(&self, text: &str, line: usize, column: usize) -> Result<Suggestions> {
        let (gvk, key) = head(text);
        let schema = self.schema_of(&gvk.group, &gvk.version, &gvk.kind).await?;
        let world = self.drafted().await?.world().clone();
        let place = place(text, line, column);
        let (path, at) = walk(
            &schema,
            place.steps.iter().map(|step| match step {
                Step::Key(name) => name.as_str(),
                Step::Item => "0",
            }),
        );
        let Some(at) = at else { return Ok(Suggestions::default()) };
        let mut suggestions = Suggestions { from: place.from, options: Vec::new() };
        if let Some(last) = &place.key {
            let (path, at) = step(&path, at, last);
            suggestions.options = values(at, &named(&world, &key, &path, last, &place));
        } else if matches!(place.steps.last(), Some(Step::Item)) && !at["properties"].is_object() {
            suggestions.options = values(Some(at), &named(&world, &key, &path, "", &place));
        } else {
            suggestions.options = fields(at, &path, &place);
            // The keys of a map of labels.
            let keys = named(&world, &key, &path, "", &place).into_iter();
            suggestions
                .options
                .extend(keys.map(|name| Suggestion { insert: format!("{}: ", name.value), ..value(name) }));
        }
        Ok(suggestions)
    }

    /// What in the cluster a field can name.
    ///
    /// # Errors
    /// Where the schema of the kind cannot be read.
    pub async fn names(&self, text: &str, pointer: &str) -> Result<Vec<Name>> {
        let (gvk, object) = head(text);
        let schema = self.schema_of(&gvk.group, &gvk.version, &gvk.kind).await?;
        let world = self.drafted().await?.world().clone();
        let parts: Vec<String> =
            pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
        let (path, _) = walk(&schema, parts.iter().map(String::as_str));
        let reading = yaml::read(text).value;
        let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
        let sibling = |name: &str| {
            reading.pointer(parent).and_then(|beside| beside.get(name)).and_then(Value::as_str).map(str::to_owned)
        };
        let last = parts.last().map_or("", String::as_str);
        // A key that is not there yet is that of its map.
        let path = if last.is_empty() { path.trim_end_matches(".*").to_owned() } else { path };
        let mut found = names(&world, &For { object: &object, path: &path, last, sibling: &sibling });
        if object.kind == "EnvoyFilter" {
            let mut more = self.proxy_names(&path);
            more.retain(|one| !found.iter().any(|known| known.value == one.value));
            found.extend(more);
        }
        Ok(found)
    }
}

fn named(world: &world::World, object: &ObjectKey, path: &str, last: &str, place: &Place) -> Vec<Name> {
    let sibling = |name: &str| {
        let found = place.siblings.iter().find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.clone())
    };
    names(world, &For { object, path, last, sibling: &sibling })
}

/// Which object a text is, read line by line: it may be half typed.
fn head(text: &str) -> (Gvk, ObjectKey) {
    let value = |start: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(start));
        line.map_or("", |rest| rest.trim().trim_matches(['"', '\''])).to_owned()
    };
    let gvk = Gvk::new(&value("apiVersion:"), &value("kind:"));
    let metadata = text.split("metadata:").nth(1).unwrap_or_default();
    let within = |name: &str| {
        let own = metadata.lines().skip(1).take_while(|line| line.starts_with(' ') || line.is_empty());
        let mut own = own.filter_map(|line| line.trim_start().strip_prefix(name));
        own.next().map(|rest| rest.trim().trim_matches(['"', '\'']).to_owned()).unwrap_or_default()
    };
    let key = ObjectKey::new(&gvk.group, &gvk.kind, &within("namespace:"), &within("name:"));
    (gvk, key)
}

/// The place that parts lead to, and its schema; none where the schema does not know it.
fn walk<'a, 'p>(schema: &'a Value, parts: impl Iterator<Item = &'p str>) -> (String, Option<&'a Value>) {
    let start = (String::new(), Some(schema));
    parts.fold(start, |(path, at), part| at.map_or_else(|| (path.clone(), None), |at| step(&path, at, part)))
}

fn step<'a>(path: &str, schema: &'a Value, part: &str) -> (String, Option<&'a Value>) {
    if let Some(items) = schema.get("items") {
        return (format!("{path}[]"), Some(items));
    }
    if let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object()) {
        return (format!("{path}.*"), Some(values));
    }
    let path = if path.is_empty() { part.to_owned() } else { format!("{path}.{part}") };
    (path, schema["properties"].get(part))
}

fn value(name: Name) -> Suggestion {
    Suggestion {
        insert: written(&name.value),
        label: name.value,
        detail: name.detail,
        required: false,
        path: String::new(),
    }
}

/// A value as YAML writes it: in quotes where it would else be something other than this text.
fn written(value: &str) -> String {
    let plain = yaml::read(value).value;
    if plain == value || plain.is_number() || plain.is_boolean() {
        return value.to_owned();
    }
    Value::from(value).to_string()
}

/// Allowed values, and names of what is in the cluster.
fn values(schema: Option<&Value>, named: &[Name]) -> Vec<Suggestion> {
    let schema = schema.unwrap_or(&Value::Null);
    let default = schema.get("default").map(text).unwrap_or_default();
    let allowed: Vec<String> = match kind(schema) {
        "boolean" => vec!["true".into(), "false".into()],
        _ => schema["enum"].as_array().into_iter().flatten().map(text).collect(),
    };
    let allowed = allowed.into_iter().map(|one| {
        let detail = if one == default { "default".to_owned() } else { String::new() };
        value(Name { value: one, detail })
    });
    allowed.chain(named.iter().cloned().map(value)).collect()
}

/// Fields that are not there yet; those that have to be come first.
fn fields(schema: &Value, path: &str, place: &Place) -> Vec<Suggestion> {
    let there = |name: &str| place.siblings.iter().any(|(key, _)| key == name);
    let required = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    let known =
        schema["properties"].as_object().into_iter().flatten().filter(|(name, _)| !there(name) && *name != "status");
    let mut options: Vec<Suggestion> = known
        .map(|(name, below)| {
            let deeper = " ".repeat(place.indent + 2);
            let insert = match kind(below) {
                "object" | "map" | "any" => format!("{name}:\n{deeper}"),
                "array" => format!("{name}:\n{}- ", " ".repeat(place.indent)),
                _ => format!("{name}: "),
            };
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            Suggestion { label: name.clone(), detail: kind(below).to_owned(), insert, required: required(name), path }
        })
        .collect();
    options.sort_by_key(|option| !option.required);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_typed_object_is_known_by_its_head() {
        let (gvk, key) = head(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: r\n  namespace: shop\nspec:\n  ho",
        );
        assert_eq!((gvk.version.as_str(), key.to_string().as_str()), ("v1", "VirtualService shop/r"));
        assert_eq!(head("").1, ObjectKey::new("", "", "", ""));
    }

    #[test]
    fn what_yaml_would_read_otherwise_is_quoted() {
        assert_eq!(["reviews", "80", "*", "a: b", "."].map(written), ["reviews", "80", "\"*\"", "\"a: b\"", "."]);
    }
}

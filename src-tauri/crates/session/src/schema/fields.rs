//! A schema laid flat: one row for each place where a value can stand.

use serde_json::Value;

use crate::complete::is_named;

/// Fields of one object that exclude each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The field whose value chooses (`type`), or empty where the field that is there is the choice.
    pub by: String,
    /// What can be chosen.
    pub alternatives: Vec<Alternative>,
}

/// One way that a choice can go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// Fields that belong to it alone.
    pub fields: Vec<String>,
    /// What the choosing field says then; empty where there is none.
    pub value: String,
}

/// A place where a value can stand.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// `spec.http[].route[].weight`; the items of a list end in `[]`, the values of a map in `.*`.
    pub path: String,
    /// `string`, `integer`, `number`, `boolean`, `object`, `array`, `map`, `duration`, `int-or-string`, `any`
    pub kind: String,
    /// Allowed values.
    pub allowed: Vec<String>,
    /// Default, or empty.
    pub default: String,
    /// It has to be there.
    pub required: bool,
    /// The least number that is allowed.
    pub minimum: Option<f64>,
    /// The greatest number that is allowed.
    pub maximum: Option<f64>,
    /// For objects: fields that exclude each other.
    pub choices: Vec<Choice>,
    /// Its values (for a map: its keys) are names of things in the cluster.
    pub named: bool,
    /// What the cluster's own schema says that it is for, cut short; empty where it says nothing.
    pub help: String,
}

/// The longest help, in characters.
const HELP: usize = 280;

/// A schema that goes deeper refers to itself.
const DEEPEST: usize = 24;

/// What an author writes of an object of any kind, besides what its schema says.
const HEAD: [(&str, &str, bool); 7] = [
    ("metadata", "object", true),
    ("metadata.name", "string", true),
    ("metadata.namespace", "string", true),
    ("metadata.labels", "map", false),
    ("metadata.labels.*", "string", false),
    ("metadata.annotations", "map", false),
    ("metadata.annotations.*", "string", false),
];

/// The rows of a whole object: what the server keeps (status, the rest of the metadata) is no field of an author.
pub(super) fn fields(schema: &Value, of: &str, namespaced: bool) -> Vec<Field> {
    let mut found = Vec::new();
    for (path, kind, required) in HEAD.into_iter().filter(|(path, ..)| namespaced || *path != "metadata.namespace") {
        let kind = kind.to_owned();
        found.push(Field { path: path.to_owned(), kind, required, ..place(&Value::Null, String::new(), false) });
    }
    let properties = schema["properties"].as_object();
    for (name, property) in properties.into_iter().flatten().filter(|(name, _)| is_authored(name)) {
        collect(property, name, is_required(schema, name), 0, &mut found);
    }
    for field in &mut found {
        field.named = is_named(of, &field.path);
    }
    found
}

/// Whether a field of the root is the author's and has a schema worth reading.
pub(super) fn is_authored(name: &str) -> bool {
    !matches!(name, "apiVersion" | "kind" | "metadata" | "status")
}

fn is_required(schema: &Value, name: &str) -> bool {
    schema["required"].as_array().is_some_and(|list| list.iter().any(|required| required == name))
}

/// The row of a place, and the rows of everything below it.
fn collect(schema: &Value, path: &str, required: bool, depth: usize, found: &mut Vec<Field>) {
    if depth > DEEPEST {
        return;
    }
    found.push(place(schema, path.to_owned(), required));
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        collect(property, &format!("{path}.{name}"), is_required(schema, name), depth + 1, found);
    }
    if schema["items"].is_object() {
        collect(&schema["items"], &format!("{path}[]"), false, depth + 1, found);
    }
    if schema["additionalProperties"].is_object() {
        collect(&schema["additionalProperties"], &format!("{path}.*"), false, depth + 1, found);
    }
}

fn place(schema: &Value, path: String, required: bool) -> Field {
    Field {
        path,
        kind: kind(schema).to_owned(),
        allowed: schema["enum"].as_array().into_iter().flatten().map(text).collect(),
        default: schema.get("default").map(text).unwrap_or_default(),
        required,
        minimum: schema["minimum"].as_f64(),
        maximum: schema["maximum"].as_f64(),
        choices: choices(schema),
        named: false,
        help: help(schema["description"].as_str().unwrap_or_default()),
    }
}

/// The first paragraph of a description, as far as it is short.
fn help(description: &str) -> String {
    let first = description.split("\n\n").next().unwrap_or_default();
    let words = first.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= HELP {
        return words;
    }
    let cut: String = words.chars().take(HELP).collect();
    format!("{} …", cut.rsplit_once(' ').map_or(&*cut, |(whole, _)| whole))
}

/// What stands at a place, in one word.
pub(crate) fn kind(schema: &Value) -> &str {
    let rules = rules(schema).any(|rule| rule.contains("duration("));
    // Gateway API writes its durations as a pattern of units (GEP-2257).
    let units = schema["pattern"].as_str().is_some_and(|pattern| pattern.contains("(h|m|s|ms)"));
    if rules || units || schema["format"] == "duration" {
        return "duration";
    }
    if schema["x-kubernetes-int-or-string"] == true {
        return "int-or-string";
    }
    match schema["type"].as_str() {
        Some("object") if schema["properties"].is_object() => "object",
        Some("object") if schema["additionalProperties"].is_object() => "map",
        Some("object") | None => "any",
        Some(other) => other,
    }
}

fn rules(schema: &Value) -> impl Iterator<Item = &str> {
    schema["x-kubernetes-validations"].as_array().into_iter().flatten().filter_map(|rule| rule["rule"].as_str())
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Fields that exclude each other, however the schema says so: `oneOf` with a field for each branch (how Istio writes a oneof of its
/// protocol buffers), or CEL rules (how Istio and the Gateway API write the rest).
pub(super) fn choices(schema: &Value) -> Vec<Choice> {
    let all = schema["allOf"].as_array().into_iter().flatten().chain(std::iter::once(schema));
    let mut found: Vec<Choice> = all.filter_map(|part| one_of(&part["oneOf"])).collect();
    found.extend(rules(schema).filter_map(at_most_one));
    found.extend(by_value(schema));
    found
}

/// Branches that each require fields; one that forbids them all stands for none.
fn one_of(branches: &Value) -> Option<Choice> {
    let branches = branches.as_array()?.iter().filter(|branch| branch.get("not").is_none());
    let alternative = |branch: &Value| {
        let fields: Vec<String> = branch["required"].as_array()?.iter().map(text).collect();
        (!fields.is_empty()).then_some(Alternative { fields, value: String::new() })
    };
    let alternatives: Option<Vec<Alternative>> = branches.map(alternative).collect();
    alternatives.filter(|all| all.len() > 1).map(|alternatives| Choice { by: String::new(), alternatives })
}

/// `(has(self.a) ? 1 : 0) + (has(self.b) ? 1 : 0) <= 1`, and nothing else.
fn at_most_one(rule: &str) -> Option<Choice> {
    let terms = rule.strip_suffix("<= 1")?.split('+');
    let alternative = |term: &str| {
        let name = term.trim().strip_prefix("(has(self.")?.strip_suffix(") ? 1 : 0)")?;
        is_name(name).then(|| Alternative { fields: vec![name.to_owned()], value: String::new() })
    };
    let alternatives: Vec<Alternative> = terms.map(alternative).collect::<Option<_>>()?;
    (alternatives.len() > 1).then_some(Choice { by: String::new(), alternatives })
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// `!(has(self.requestMirror) && self.type != 'RequestMirror')`, or `has(self.x) ? self.type == 'X' : true`: a field of its own for each
/// value of another.
fn by_value(schema: &Value) -> Option<Choice> {
    let alternatives: Vec<Alternative> = rules(schema)
        .filter_map(|rule| {
            let inner = match rule.strip_prefix("!(").and_then(|rest| rest.strip_suffix(')')) {
                Some(inner) => inner.split_once(" && self.type != "),
                None => rule.strip_suffix(" : true").and_then(|rest| rest.split_once(" ? self.type == ")),
            };
            let (has, value) = inner?;
            let name = has.strip_prefix("has(self.")?.strip_suffix(')')?;
            let value = value.trim_matches(['\'', '"']).to_owned();
            is_name(name).then(|| Alternative { fields: vec![name.to_owned()], value })
        })
        .collect();
    (!alternatives.is_empty()).then(|| Choice { by: "type".into(), alternatives })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_place_has_a_row() {
        let schema = json!({"properties": {"status": {"type": "object"}, "spec": {"type": "object", "required": ["hosts"], "properties": {
            "hosts": {"type": "array", "items": {"type": "string"}},
            "http": {"type": "array", "items": {"type": "object", "properties": {
                "timeout": {"type": "string", "x-kubernetes-validations": [{"rule": "duration(self) >= duration('1ms')"}]},
                "mode": {"type": "string", "enum": ["A", "B"], "default": "A"}}}},
            "port": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "labels": {"type": "object", "additionalProperties": {"type": "object", "properties": {"x": {"type": "integer", "minimum": 1}}}}}}}});
        let fields = fields(&schema, "X", true);
        let short: Vec<_> =
            fields.iter().map(|f| format!("{} {}{}", f.path, f.kind, if f.required { "!" } else { "" })).collect();
        assert_eq!(
            short[HEAD.len()..],
            [
                "spec object",
                "spec.hosts array!",
                "spec.hosts[] string",
                "spec.http array",
                "spec.http[] object",
                "spec.http[].timeout duration",
                "spec.http[].mode string",
                "spec.port int-or-string",
                "spec.free any",
                "spec.labels map",
                "spec.labels.* object",
                "spec.labels.*.x integer",
            ]
        );
        let mode = fields.iter().find(|field| field.path == "spec.http[].mode").unwrap();
        assert_eq!((&mode.allowed[..], mode.default.as_str()), (&["A".to_owned(), "B".to_owned()][..], "A"));
        assert_eq!(fields.last().unwrap().minimum, Some(1.0));
    }

    #[test]
    fn choices_are_found_however_they_are_written() {
        let names = |schema: Value| -> Vec<String> {
            let told = |choice: Choice| {
                let each = |a: Alternative| format!("{}{}", a.value, a.fields.join("+"));
                format!("{}:{}", choice.by, choice.alternatives.into_iter().map(each).collect::<Vec<_>>().join("|"))
            };
            choices(&schema).into_iter().map(told).collect()
        };
        let not = json!({"not": {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}});
        let either = json!([not, {"required": ["a"]}, {"required": ["b"]}]);
        assert_eq!(names(json!({"oneOf": either})), [":a|b"]);
        assert_eq!(names(json!({"allOf": [{"oneOf": either}, {"oneOf": either}]})), [":a|b", ":a|b"]);
        let rule = |rule: &str| json!({"x-kubernetes-validations": [{"rule": rule}]});
        assert_eq!(names(rule("(has(self.a) ? 1 : 0) + (has(self.b) ? 1 : 0) <= 1")), [":a|b"]);
        assert_eq!(names(rule("!(has(self.mirror) && self.type != 'Mirror')")), ["type:Mirrormirror"]);
        assert_eq!(names(rule("has(self.full) ? self.type == 'Full' : true")), ["type:Fullfull"]);
        assert_eq!(names(rule("self.all(p, has(p.x)) <= 1")), [""; 0]);
        assert_eq!(
            names(json!({"oneOf": [{"properties": {}}, {"properties": {}}]})),
            [""; 0],
            "branches without a field"
        );
    }
}

//! Entries as a text for others: to keep, to send, to read into something else. Secrets are none of it: they never reached the journal.

use jiff::Timestamp;
use journal::ObjectRecord;
use serde_json::{Value, json};

use super::{Row, item};
use crate::change::touched::meant;
use crate::says::Line;
use crate::uptake;

/// How they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One JSON list, each object whole before and after.
    Json,
    /// A document to read, with diffs.
    Markdown,
}

/// Entries as a text, in the order given.
pub fn export(rows: &[Row], form: Form) -> String {
    match form {
        Form::Json => {
            let all: Vec<Value> = rows.iter().map(value).collect();
            let mut text = serde_json::to_string_pretty(&all).unwrap_or_default();
            text.push('\n');
            text
        }
        Form::Markdown => rows.iter().map(section).collect::<Vec<_>>().join("\n"),
    }
}

fn time(millis: i64) -> String {
    Timestamp::from_millisecond(millis).map(|at| at.to_string()).unwrap_or_default()
}

fn value(row: &Row) -> Value {
    let entry = &row.entry;
    let object = |object: &ObjectRecord| {
        let image = |image: &Option<Value>| image.as_ref().map(|image| meant(object.change, image));
        json!({"group": object.key.group, "kind": object.key.kind, "namespace": object.key.namespace, "name": object.key.name,
            "change": object.change.word(), "state": object.outcome.state.word(), "because": object.outcome.because.en,
            "before": image(&object.before), "after": image(&object.after)})
    };
    json!({"entry": entry.id, "at": time(entry.at), "cluster": entry.context, "user": entry.user, "message": entry.message.en,
        "state": entry.state.word(), "undoes": entry.undoes, "acknowledged": entry.acknowledged, "proxies": entry.proxies,
        "drifted": row.drifted, "objects": entry.objects.iter().map(object).collect::<Vec<_>>(), "uptake": entry.uptake, "says": entry.says})
}

/// A text that is one line and no Markdown of its own.
fn plain(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.chars().flat_map(|c| if "\\`*_[]<>#|".contains(c) { vec!['\\', c] } else { vec![c] }).collect()
}

/// A fence that no line of the text closes.
fn fence(text: &str) -> String {
    let longest =
        text.lines().map(|line| line.chars().skip_while(|c| *c == ' ').take_while(|c| *c == '`').count()).max();
    "`".repeat(longest.unwrap_or(0).max(2) + 1)
}

fn section(row: &Row) -> String {
    let entry = &row.entry;
    let why = match (entry.message.en.as_str(), entry.undoes) {
        ("", Some(undone)) => format!("undoes {undone}"),
        ("", None) => "no reason given".to_owned(),
        (message, _) => plain(message),
    };
    let mut lines = vec![format!("## {}: {why}", entry.id), String::new()];
    let state = if row.drifted > 0 {
        let objects = if row.drifted == 1 { "object" } else { "objects" };
        format!("{}, {} {objects} changed since", entry.state.word(), row.drifted)
    } else {
        entry.state.word().to_owned()
    };
    lines.push(format!("{} by {} on {}: {state}", time(entry.at), plain(&entry.user), plain(&entry.context)));
    if entry.proxies > 0 {
        lines.push(String::new());
        lines.push(format!("{} of {} proxies took it up.", entry.acknowledged, entry.proxies));
        let rejected =
            entry.uptake.iter().map(uptake::Row::from_saved).filter(|row| row.state == uptake::State::Rejected);
        lines.extend(
            rejected.map(|row| {
                format!("- {}/{} refused it: {}", plain(&row.namespace), plain(&row.pod), plain(&row.because))
            }),
        );
    }
    let says: Vec<String> = entry
        .says
        .iter()
        .map(Line::from_saved)
        .map(|line| format!("- {}: {}", plain(&line.title.en), plain(&line.detail.en)))
        .collect();
    if !says.is_empty() {
        lines.push(String::new());
        lines.extend(says);
    }
    for object in &entry.objects {
        let told = item(object);
        let because = if told.because.en.is_empty() { String::new() } else { format!(": {}", plain(&told.because.en)) };
        lines.extend([
            String::new(),
            format!("### {} {}{because}", object.change.word(), plain(&object.key.to_string())),
            String::new(),
        ]);
        let diff: Vec<String> = told
            .diff
            .iter()
            .map(|line| match line.side {
                world::yaml::DiffSide::Same => format!(" {}", line.text),
                world::yaml::DiffSide::Before => format!("-{}", line.text),
                world::yaml::DiffSide::After => format!("+{}", line.text),
            })
            .collect();
        let diff = diff.join("\n");
        let mark = fence(&diff);
        lines.extend([format!("{mark}diff"), diff, mark]);
    }
    lines.push(String::new());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use journal::{Entry, ObjectOutcome, State};
    use world::ObjectKey;

    use super::*;

    fn row() -> Row {
        let body = |weight: u32| json!({"apiVersion": "g/v1", "kind": "K", "metadata": {"name": "n", "namespace": "a"}, "spec": {"w": weight, "t": "```\nx"}, "status": {"x": 1}});
        let object = ObjectRecord {
            key: ObjectKey::new("g", "K", "a", "n"),
            version: "v1".into(),
            change: journal::Change::Update,
            before: Some(body(1)),
            after: Some(body(2)),
            redacted: false,
            resource_version: "7".into(),
            outcome: ObjectOutcome {
                state: State::Applied,
                resource_version: "8".into(),
                because: world::Said::default(),
            },
        };
        let entry = Entry {
            id: 4,
            at: 1_700_000_000_000,
            cluster: "c".into(),
            context: "prod".into(),
            user: "ann".into(),
            message: "more *weight*\n# not a heading".into(),
            state: State::Applied,
            objects: vec![object],
            says: Vec::new(),
            undoes: None,
            undoes_too: Vec::new(),
            acknowledged: 1,
            proxies: 2,
            uptake: vec![json!({"namespace": "a", "pod": "p", "state": "rejected", "because": "bad | route"})],
        };
        Row { entry, drifted: 1 }
    }

    #[test]
    fn json_has_everything_once() {
        let read: Value = serde_json::from_str(&export(&[row()], Form::Json)).unwrap();
        assert_eq!(
            (&read[0]["entry"], &read[0]["at"], &read[0]["drifted"]),
            (&json!(4), &json!("2023-11-14T22:13:20Z"), &json!(1))
        );
        assert_eq!(
            (&read[0]["objects"][0]["after"]["spec"]["w"], &read[0]["objects"][0]["after"]["status"]),
            (&json!(2), &Value::Null)
        );
        assert_eq!(read[0]["uptake"][0]["because"], "bad | route");
    }

    #[test]
    fn markdown_is_what_we_wrote_and_nothing_that_a_text_smuggles_in() {
        let text = export(&[row()], Form::Markdown);
        assert!(text.starts_with("## 4: more \\*weight\\* \\# not a heading\n\n2023-11-14T22:13:20Z by ann on prod: applied, 1 object changed since\n"), "{text}");
        assert!(text.contains("1 of 2 proxies took it up.\n- a/p refused it: bad \\| route\n"), "{text}");
        assert!(
            text.contains("### update K a/n\n\n````diff\n")
                && text.contains("\n-  w: 1\n+  w: 2\n")
                && text.trim_end().ends_with("````"),
            "{text}"
        );
    }
}

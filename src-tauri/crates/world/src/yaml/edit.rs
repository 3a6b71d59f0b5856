//! Changing a text by the value that it means. What comes out is read again: it means exactly the old value with the
//! edit, or nothing comes out.

use serde_json::{Map, Value};

use super::read::{Problem, parts, single};
use super::scalar::normalised;
use super::splice::{self, Step};
use super::tree::index;
use super::write;
use crate::Said;

/// What an edit does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// The value becomes this one; missing parents are made, lists for the parts `0` and `-`, maps for all others.
    Set,
    /// A list gets an item before the index that the pointer ends with; `-` stands for the end.
    Insert,
    /// The value goes, with the comment right above it.
    Remove,
    /// An item of a list moves to the index `to`.
    Move,
}

/// One change of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// What to do.
    pub op: Op,
    /// Where: a JSON pointer.
    pub pointer: String,
    /// The new value, for `Set` and `Insert`.
    pub value: Value,
    /// The index that the item has afterwards, for `Move`.
    pub to: Option<usize>,
}

impl Edit {
    /// Sets a value.
    pub fn set(pointer: &str, value: impl Into<Value>) -> Self {
        Self { op: Op::Set, pointer: pointer.into(), value: value.into(), to: None }
    }

    /// Inserts an item.
    pub fn insert(pointer: &str, value: impl Into<Value>) -> Self {
        Self { op: Op::Insert, pointer: pointer.into(), value: value.into(), to: None }
    }

    /// Removes a value.
    pub fn remove(pointer: &str) -> Self {
        Self { op: Op::Remove, pointer: pointer.into(), value: Value::Null, to: None }
    }

    /// Moves an item of a list.
    pub fn shift(pointer: &str, to: usize) -> Self {
        Self { op: Op::Move, pointer: pointer.into(), value: Value::Null, to: Some(to) }
    }
}

/// Why a text was left as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Problem),
    /// The pointer leads to nothing that this edit can change.
    #[error("{pointer}: {}", because.0)]
    Pointer {
        /// As given.
        pointer: String,
        /// What is wrong with it.
        because: Because,
    },
    /// No text was found that means exactly the old value with the edit. Nothing was changed.
    #[error("{pointer} cannot be changed here without changing more: edit the text")]
    Inexact {
        /// As given.
        pointer: String,
    },
}

/// A reason in both languages.
type Because = (&'static str, &'static str);

const NOTHING: Because = ("there is nothing here", "这里没有内容");
const NO_PLACE: Because = ("no such place in the list", "列表中没有这个位置");

impl EditError {
    /// In both languages.
    pub fn said(&self) -> Said {
        match self {
            Self::Unreadable(problem) => problem.said(),
            Self::Pointer { pointer, because } => Said::of(pointer.as_str(), *because),
            Self::Inexact { pointer } => {
                Said::new(self.to_string(), format!("{pointer} 无法在此单独修改而不改动其他内容：请直接编辑文本"))
            }
        }
    }
}

/// A value with an edit: what `edit` does to the meaning of a text.
///
/// # Errors
/// Where the pointer leads to nothing that this edit can change.
pub fn apply(value: &Value, edit: &Edit) -> Result<Value, EditError> {
    let wrong = |because| EditError::Pointer { pointer: edit.pointer.clone(), because };
    let path = parts(&edit.pointer).ok_or_else(|| wrong(("a pointer starts with a slash", "指针以斜杠开头")))?;
    let mut after = value.clone();
    let Some((last, parents)) = path.split_last() else {
        return match edit.op {
            Op::Set => Ok(edit.value.clone()),
            _ => Err(wrong((
                "only a part of a document can be inserted, removed or moved",
                "只能插入、移除或移动文档的一部分",
            ))),
        };
    };
    let mut parent = &mut after;
    for (at, part) in parents.iter().enumerate() {
        let next = path.get(at + 1).map_or("", String::as_str);
        parent = descend(parent, part, next, edit.op == Op::Set).map_err(wrong)?;
    }
    match edit.op {
        Op::Set => *descend(parent, last, "", true).map_err(wrong)? = edit.value.clone(),
        Op::Insert => {
            let items =
                parent.as_array_mut().ok_or_else(|| wrong(("only lists take an item", "只有列表能加入项目")))?;
            let at = if last == "-" { Some(items.len()) } else { index(last) };
            let at = at.filter(|at| *at <= items.len()).ok_or_else(|| wrong(NO_PLACE))?;
            items.insert(at, edit.value.clone());
        }
        Op::Remove => {
            let gone = match parent {
                Value::Object(map) => map.shift_remove(last),
                Value::Array(items) => index(last).filter(|at| *at < items.len()).map(|at| items.remove(at)),
                _ => None,
            };
            gone.ok_or_else(|| wrong(NOTHING))?;
        }
        Op::Move => {
            let items = parent
                .as_array_mut()
                .ok_or_else(|| wrong(("only items of a list can be moved", "只有列表的项目可以移动")))?;
            let from =
                index(last).filter(|at| *at < items.len()).ok_or_else(|| wrong(("no such item", "没有这一项")))?;
            let to = edit.to.filter(|to| *to < items.len()).ok_or_else(|| wrong(NO_PLACE))?;
            let item = items.remove(from);
            items.insert(to, item);
        }
    }
    Ok(after)
}

/// The child that a part names. With `make`, a missing one appears; `next` says whether it becomes a list.
fn descend<'v>(parent: &'v mut Value, part: &str, next: &str, make: bool) -> Result<&'v mut Value, Because> {
    let fresh = || match next {
        "0" | "-" => Value::Array(Vec::new()),
        "" => Value::Null,
        _ => Value::Object(Map::new()),
    };
    if make && parent.is_null() {
        *parent = if matches!(part, "0" | "-") { Value::Array(Vec::new()) } else { Value::Object(Map::new()) };
    }
    match parent {
        Value::Object(map) => {
            if make && !map.contains_key(part) {
                map.insert(part.to_owned(), fresh());
            }
            map.get_mut(part).ok_or(NOTHING)
        }
        Value::Array(items) => {
            let at = if part == "-" {
                items.len()
            } else {
                index(part).ok_or(("a list has numbers, not names", "列表用序号，不用名称"))?
            };
            if make && at == items.len() {
                items.push(fresh());
            }
            items.get_mut(at).ok_or(NO_PLACE)
        }
        _ => Err(("a single value has no parts", "单个值没有下级")),
    }
}

/// The text with the edits, one after the other. It changes the bytes of the named values alone: comments, order,
/// unknown fields, styles and indentation of everything else stay. No edits give the text back byte by byte.
///
/// # Errors
/// Where the text is broken, a pointer leads nowhere, or no text means exactly the old value with the edit.
pub fn edit(text: &str, edits: &[Edit]) -> Result<String, EditError> {
    let (mark, body) = text.strip_prefix('\u{feff}').map_or(("", text), |body| ("\u{feff}", body));
    let mut body = body.to_owned();
    for edit in edits {
        body = one(body, edit)?;
    }
    Ok(format!("{mark}{body}"))
}

fn one(text: String, edit: &Edit) -> Result<String, EditError> {
    let Some(document) = single(&text)? else {
        let after = apply(&Value::Null, edit)?;
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        return accepted(format!("{text}{gap}{}", write(&after)), &normalised(&after)).ok_or_else(|| inexact(edit));
    };
    let before = document.root.value();
    let after = normalised(&apply(&before, edit)?);
    if before == after {
        return Ok(text);
    }
    let named = named_steps(edit, &before, &after);
    let every = difference(&before, &after);
    let plain = || splice::without_aliases(&text, &document);
    accepted_steps(&text, &named, &after)
        .or_else(|| accepted_steps(&text, &every, &after))
        .or_else(|| accepted_steps(&plain()?, &named, &after))
        .or_else(|| accepted_steps(&plain()?, &every, &after))
        .ok_or_else(|| inexact(edit))
}

fn inexact(edit: &Edit) -> EditError {
    EditError::Inexact { pointer: edit.pointer.clone() }
}

fn accepted_steps(text: &str, steps: &[Step], after: &Value) -> Option<String> {
    let mut text = text.to_owned();
    for step in steps {
        text = splice::step(&text, step)?;
    }
    accepted(text, after)
}

/// The check that stands behind every edit.
fn accepted(text: String, after: &Value) -> Option<String> {
    let document = single(&text).ok()?;
    let meaning = document.map_or(Value::Null, |document| document.root.value());
    (meaning == *after).then_some(text)
}

/// The steps that touch just what the pointer names, so that an item removed among equal ones is the one meant.
fn named_steps(edit: &Edit, before: &Value, after: &Value) -> Vec<Step> {
    let path = parts(&edit.pointer).unwrap_or_default();
    let at = path.last().and_then(|last| index(last));
    match (edit.op, at) {
        (Op::Remove, _) => vec![Step::Delete(path)],
        (Op::Insert, Some(at)) => vec![Step::AddItem(parent(path), at, normalised(&edit.value))],
        (Op::Move, Some(from)) => vec![Step::MoveItem(parent(path), from, edit.to.unwrap_or(from))],
        _ => difference(before, after),
    }
}

fn parent(mut path: Vec<String>) -> Vec<String> {
    path.pop();
    path
}

/// The fewest steps from one value to another: what is equal keeps its bytes.
fn difference(before: &Value, after: &Value) -> Vec<Step> {
    let mut steps = Vec::new();
    differ(before, after, &mut Vec::new(), &mut steps);
    steps
}

fn differ(before: &Value, after: &Value, path: &mut Vec<String>, steps: &mut Vec<Step>) {
    match (before, after) {
        _ if before == after => {}
        (Value::Object(old), Value::Object(new)) if !old.is_empty() && !new.is_empty() => {
            // Additions come first, so that a map never becomes empty on the way.
            for (name, value) in new.iter() {
                match old.get(name) {
                    Some(old) => within(path, name, |path| differ(old, value, path, steps)),
                    None => steps.push(Step::AddKey(path.clone(), name.clone(), value.clone())),
                }
            }
            for name in old.keys().filter(|name| !new.contains_key(*name)) {
                within(path, name, |path| steps.push(Step::Delete(path.clone())));
            }
        }
        (Value::Array(old), Value::Array(new)) if !old.is_empty() && !new.is_empty() => items(old, new, path, steps),
        _ => steps.push(Step::Replace(path.clone(), after.clone())),
    }
}

/// Equal items at both ends stay; between them items are changed in place, then added or removed.
fn items(old: &[Value], new: &[Value], path: &mut Vec<String>, steps: &mut Vec<Step>) {
    let shorter = old.len().min(new.len());
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let tail = old.iter().rev().zip(new.iter().rev()).take(shorter - head).take_while(|(a, b)| a == b).count();
    let (old_end, new_end) = (old.len() - tail, new.len() - tail);
    for at in head..old_end.min(new_end) {
        within(path, &at.to_string(), |path| differ(&old[at], &new[at], path, steps));
    }
    for (at, item) in new.iter().enumerate().take(new_end).skip(old_end) {
        steps.push(Step::AddItem(path.clone(), at, item.clone()));
    }
    for at in (new_end.max(head)..old_end).rev() {
        within(path, &at.to_string(), |path| steps.push(Step::Delete(path.clone())));
    }
}

fn within(path: &mut Vec<String>, part: &str, then: impl FnOnce(&mut Vec<String>)) {
    path.push(part.to_owned());
    then(path);
    path.pop();
}

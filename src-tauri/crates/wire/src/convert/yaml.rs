//! Texts in YAML: what they say, and edits of them.

use world::yaml::{self, Edit, Op};

use super::all;
use crate::types::{EditOp, YamlEdit, YamlReading};

pub(crate) fn reading(text: String) -> YamlReading {
    let read = yaml::read(&text);
    YamlReading {
        yaml: text,
        value: read.value,
        problems: all(read.problems),
        lines: read.lines.into_iter().map(|(pointer, line)| (pointer, line as u32)).collect(),
    }
}

pub(crate) fn edit(edit: YamlEdit) -> Edit {
    let op = match edit.op {
        EditOp::Set => Op::Set,
        EditOp::Insert => Op::Insert,
        EditOp::Remove => Op::Remove,
        EditOp::Move => Op::Move,
    };
    Edit { op, pointer: edit.path, value: edit.value, to: edit.to.map(|to| to as usize) }
}

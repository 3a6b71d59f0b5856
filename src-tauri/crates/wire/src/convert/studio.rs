//! Kinds, schemas and what is wrong with an object.

use session::kinds::KindRow;
use session::schema::{Alternative, Checked, Choice, Fault, Field, Problem};
use world::World;

use super::all;
use crate::types::{
    KindCard, ObjectCheck, ObjectRef, Schema, SchemaAlternative, SchemaChoice, SchemaFault, SchemaField, SchemaProblem,
    Template,
};

pub(crate) fn kind(row: KindRow) -> KindCard {
    let (state, because) = super::cluster::coverage(row.coverage);
    KindCard {
        mesh: row.mesh.to_owned(),
        group: row.group,
        version: row.version,
        kind: row.kind,
        namespaced: row.namespaced,
        state,
        because,
    }
}

pub(crate) fn template(made: session::template::Template) -> Template {
    Template { object: ObjectRef::from(&made.key), yaml: made.yaml }
}

pub(crate) fn schema(fields: Vec<Field>) -> Schema {
    Schema { fields: all(fields) }
}

impl From<Field> for SchemaField {
    fn from(field: Field) -> Self {
        Self {
            path: field.path,
            r#type: field.kind,
            allowed: field.allowed,
            default: field.default,
            required: field.required,
            minimum: field.minimum,
            maximum: field.maximum,
            choices: all(field.choices),
        }
    }
}

impl From<Choice> for SchemaChoice {
    fn from(choice: Choice) -> Self {
        let alternative = |one: Alternative| SchemaAlternative { fields: one.fields, value: one.value };
        Self { by: choice.by, alternatives: choice.alternatives.into_iter().map(alternative).collect() }
    }
}

impl From<(Problem, u32)> for SchemaProblem {
    fn from((problem, line): (Problem, u32)) -> Self {
        let fault = match problem.fault {
            Fault::Unknown => SchemaFault::Unknown,
            Fault::Type => SchemaFault::Type,
            Fault::Missing => SchemaFault::Missing,
            Fault::NotAllowed => SchemaFault::NotAllowed,
            Fault::TooSmall => SchemaFault::TooSmall,
            Fault::TooLarge => SchemaFault::TooLarge,
            Fault::Pattern => SchemaFault::Pattern,
            Fault::Both => SchemaFault::Both,
        };
        Self { path: problem.pointer, line, fault, wanted: problem.wanted }
    }
}

pub(crate) fn checked(engine: &mesh::Engine, world: &World, checked: Checked) -> ObjectCheck {
    ObjectCheck {
        problems: all(checked.problems),
        findings: all(session::findings::locate(engine, world, None, checked.findings)),
        because: checked.because,
    }
}

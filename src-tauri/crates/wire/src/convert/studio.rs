//! Kinds, schemas and what is wrong with an object.

use session::complete::{Name, Suggestion as SessionSuggestion, Suggestions as SessionSuggestions};
use session::files::save::SavePlan as SessionSavePlan;
use session::git::{Committed, FileChange, GitPlan as SessionGitPlan};
use session::import::Import as SessionImport;
use session::kinds::KindRow;
use session::matrix::{Cell, Column, Judged, MOST_CELLS, Matrix as SessionMatrix};
use session::policies::Sample;
use session::recipes::{Dish, Ingredient, Recipe, Takes};
use session::schema::{Alternative, Checked, Choice, Fault, Field, Problem};
use world::World;

use super::all;
use crate::types::{
    FileProblem, GitCommitted, GitFile, GitPlan, Import, KindCard, KindCount, Matrix, MatrixAsked, MatrixCell,
    MatrixColumn, MatrixRequest, MatrixRow, NameOption, ObjectCheck, ObjectRef, Proposal, RecipeCard, RecipeField,
    RecipeTakes, SavePlan, Schema, SchemaAlternative, SchemaChoice, SchemaFault, SchemaField, SchemaProblem,
    Suggestion, Suggestions, Template,
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
        because: because.en,
        zh: because.zh,
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
            named: field.named,
            help: field.help,
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
        because: checked.because.en,
        zh: checked.because.zh,
    }
}

impl From<SessionSuggestions> for Suggestions {
    fn from(found: SessionSuggestions) -> Self {
        Self { from: found.from as u32, options: all(found.options) }
    }
}

impl From<SessionSuggestion> for Suggestion {
    fn from(one: SessionSuggestion) -> Self {
        Self { label: one.label, detail: one.detail, insert: one.insert, required: one.required, path: one.path }
    }
}

impl From<Name> for NameOption {
    fn from(name: Name) -> Self {
        Self { value: name.value, detail: name.detail }
    }
}

pub(crate) fn recipe(recipe: &Recipe) -> RecipeCard {
    let field = |need: &Ingredient| RecipeField {
        name: need.name.to_owned(),
        takes: match need.takes {
            Takes::Service => RecipeTakes::Service,
            Takes::Version => RecipeTakes::Version,
            Takes::Namespace => RecipeTakes::Namespace,
            Takes::Percent => RecipeTakes::Percent,
            Takes::Number => RecipeTakes::Number,
            Takes::Text => RecipeTakes::Text,
        },
        usual: need.usual.to_owned(),
        one_of: need.one_of.iter().map(|&value| value.to_owned()).collect(),
    };
    RecipeCard { id: recipe.id.to_owned(), fields: recipe.needs.iter().map(field).collect() }
}

impl From<Dish> for Proposal {
    fn from(dish: Dish) -> Self {
        let diff = all(world::yaml::diff(&dish.before, &dish.after));
        Self { object: ObjectRef::from(&dish.key), before: dish.before, after: dish.after, base: dish.base, diff }
    }
}

impl From<SessionImport> for Import {
    fn from(import: SessionImport) -> Self {
        let problem = |p: session::files::Problem| FileProblem {
            path: p.path,
            line: p.line as u32,
            message: p.message.en,
            zh: p.message.zh,
        };
        Self {
            proposals: all(import.dishes),
            files: import.files as u32,
            passed_over: import.passed_over.into_iter().map(|(kind, count)| KindCount { kind, count }).collect(),
            problems: import.problems.into_iter().map(problem).collect(),
        }
    }
}

impl From<SessionGitPlan> for GitPlan {
    fn from(plan: SessionGitPlan) -> Self {
        Self {
            root: plan.root.display().to_string(),
            branch: plan.branch,
            files: all(plan.files),
            same: plan.same,
            message: plan.message,
            token: plan.token,
        }
    }
}

impl From<SessionSavePlan> for SavePlan {
    fn from(plan: SessionSavePlan) -> Self {
        Self { root: plan.root.display().to_string(), files: all(plan.files), same: plan.same, token: plan.token }
    }
}

impl From<FileChange> for GitFile {
    fn from(file: FileChange) -> Self {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let diff = all(world::yaml::diff(&text(&file.before), &text(&file.after)));
        Self { is_new: file.before.is_none(), is_gone: file.after.is_none(), path: file.path, diff }
    }
}

impl From<Committed> for GitCommitted {
    fn from(done: Committed) -> Self {
        Self { commit: done.commit, branch: done.branch, files: done.files }
    }
}

impl From<SessionMatrix> for Matrix {
    fn from(matrix: SessionMatrix) -> Self {
        let row = |(namespace, workload)| MatrixRow { namespace, workload };
        Self {
            rows: matrix.rows.into_iter().map(row).collect(),
            columns: all(matrix.columns),
            cells: all(matrix.cells),
            too_many: matrix.too_many,
            most: MOST_CELLS as u32,
        }
    }
}

impl From<Column> for MatrixColumn {
    fn from(column: Column) -> Self {
        Self {
            namespace: column.namespace,
            service: column.service,
            url: column.url,
            ports: column.ports,
            asked: all(column.asked),
            unasked: column.unasked as u32,
        }
    }
}

impl From<Sample> for MatrixAsked {
    fn from(Sample { method, path, headers }: Sample) -> Self {
        let headers = headers.into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
        Self { method, path, headers }
    }
}

impl From<Judged> for MatrixRequest {
    fn from(judged: Judged) -> Self {
        Self {
            asked: judged.asked.into(),
            outcome: judged.outcome.into(),
            secured: judged.calling.secured.into(),
            because: judged.calling.because.en,
            zh: judged.calling.because.zh,
            object: judged.calling.object.as_ref().map(ObjectRef::from),
            path: judged.calling.path,
            lost: all(judged.calling.lost),
        }
    }
}

impl From<Cell> for MatrixCell {
    fn from(cell: Cell) -> Self {
        let calling = cell.calling;
        Self {
            outcome: cell.outcome.into(),
            secured: calling.secured.into(),
            because: calling.because.en,
            zh: calling.because.zh,
            object: calling.object.as_ref().map(ObjectRef::from),
            path: calling.path,
            lost: all(calling.lost),
            requests: all(cell.requests),
            requests_per_second: calling.per_second,
            denied_per_second: cell.denied_per_second,
        }
    }
}

//! Any kind: the list of kinds, their schemas, new objects, and what is wrong with one.

use std::collections::BTreeMap;

use super::{CoverageState, DiffLine, Finding, Lost, ObjectRef, Outcome, Secured, wire};

wire! {
    /// A kind that can be authored here.
    pub struct KindCard {
        /// `Istio`, `Gateway API` …
        pub mesh: String,
        pub group: String,
        pub version: String,
        pub kind: String,
        pub namespaced: bool,
        /// What is known of its objects.
        pub state: CoverageState,
        pub because: String,
        /// The same in Chinese.
        pub zh: String,
    }
}

wire! {
    pub struct SchemaArgs { pub session: String, pub group: String, pub kind: String }
}

wire! {
    /// Fields of a kind, flat.
    pub struct Schema { pub fields: Vec<SchemaField> }
}

wire! {
    pub struct SchemaField {
        /// `spec.http[].route[].weight`; items of a list end in `[]`, values of a map in `.*`.
        pub path: String,
        /// `string`, `integer`, `number`, `boolean`, `object`, `array`, `map`, `duration`, `int-or-string`, `any`
        pub r#type: String,
        pub allowed: Vec<String>,
        pub default: String,
        pub required: bool,
        pub minimum: Option<f64>,
        pub maximum: Option<f64>,
        /// For objects: fields that exclude each other.
        pub choices: Vec<SchemaChoice>,
        /// Its values (for a map: its keys) are names of things in the cluster.
        pub named: bool,
        /// What the cluster's own schema says that it is for; empty where it says nothing.
        pub help: String,
    }
}

wire! {
    pub struct SchemaChoice {
        /// The field whose value chooses (`type`), or empty where the field that is there is the choice.
        pub by: String,
        pub alternatives: Vec<SchemaAlternative>,
    }
}

wire! {
    pub struct SchemaAlternative {
        pub fields: Vec<String>,
        /// What the choosing field says then.
        pub value: String,
    }
}

wire! {
    pub struct StarterArgs { pub session: String, pub group: String, pub kind: String, pub namespace: String }
}

wire! {
    pub struct ObjectCheckArgs { pub session: String, pub yaml: String }
}

wire! {
    pub enum SchemaFault { Unknown, Type, Missing, NotAllowed, TooSmall, TooLarge, Pattern, Both }
}

wire! {
    /// Where a text departs from its schema.
    pub struct SchemaProblem {
        /// JSON pointer.
        pub path: String,
        /// From 1.
        pub line: u32,
        pub fault: SchemaFault,
        /// The type, the values, the bound or the form that belongs there.
        pub wanted: String,
    }
}

wire! {
    pub struct ObjectCheck {
        pub problems: Vec<SchemaProblem>,
        /// What the rules of the meshes find in it, with the tray applied.
        pub findings: Vec<Finding>,
        /// Why its schema was not asked; empty where it was.
        pub because: String,
        /// The same in Chinese.
        pub zh: String,
    }
}

wire! {
    /// A cursor in a text, which need not read.
    pub struct SuggestArgs {
        pub session: String,
        pub yaml: String,
        /// From 1.
        pub line: u32,
        /// From 0.
        pub column: u32,
    }
}

wire! {
    pub struct Suggestion {
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
}

wire! {
    pub struct Suggestions {
        /// Column (from 0) that they replace from.
        pub from: u32,
        pub options: Vec<Suggestion>,
    }
}

wire! {
    pub struct NamesArgs { pub session: String, pub yaml: String, pub pointer: String }
}

wire! {
    /// Something in the cluster that a field can name.
    pub struct NameOption { pub value: String, pub detail: String }
}

wire! {
    pub enum RecipeTakes { Service, Version, Namespace, Percent, Number, Text }
}

wire! {
    pub struct RecipeField {
        pub name: String,
        pub takes: RecipeTakes,
        /// What it starts with; empty where the user has to say.
        pub usual: String,
        /// What it may be; empty where that is not a list.
        pub one_of: Vec<String>,
    }
}

wire! {
    pub struct RecipeCard { pub id: String, pub fields: Vec<RecipeField> }
}

wire! {
    pub struct RecipeArgs { pub session: String, pub recipe: String, pub values: BTreeMap<String, String> }
}

wire! {
    /// An object as a recipe, or a file, would have it.
    pub struct Proposal {
        pub object: ObjectRef,
        /// Its text now; empty for a new object.
        pub before: String,
        pub after: String,
        /// The version that `before` is of; empty for a new object.
        pub base: String,
        pub diff: Vec<DiffLine>,
    }
}

wire! {
    pub struct FolderArgs { pub session: String, pub path: String }
}

wire! {
    /// Something wrong in a file of a folder.
    pub struct FileProblem {
        /// Its place in the folder.
        pub path: String,
        /// From 1.
        pub line: u32,
        pub message: String,
        /// The same in Chinese.
        pub zh: String,
    }
}

wire! {
    pub struct KindCount { pub kind: String, pub count: u32 }
}

wire! {
    /// What the manifests of a folder, or the documents of a file, would put into the tray.
    pub struct Import {
        pub proposals: Vec<Proposal>,
        /// Manifests of the folder that were looked into.
        pub files: u32,
        /// Objects of kinds that are not written here.
        pub passed_over: Vec<KindCount>,
        pub problems: Vec<FileProblem>,
    }
}

wire! {
    /// Objects, or all of the tray where none are named, into a folder of a local Git checkout.
    pub struct GitArgs { pub session: String, pub folder: String, pub objects: Vec<ObjectRef> }
}

wire! {
    pub struct GitFile {
        /// From the root of the checkout.
        pub path: String,
        pub is_new: bool,
        pub is_gone: bool,
        pub diff: Vec<DiffLine>,
    }
}

wire! {
    /// What an export would commit.
    pub struct GitPlan {
        pub root: String,
        /// Empty where none is checked out.
        pub branch: String,
        pub files: Vec<GitFile>,
        /// Objects that the checkout has already as they are.
        pub same: u32,
        /// A message to start from.
        pub message: String,
        /// Names exactly these changes; the commit wants it back.
        pub token: String,
    }
}

wire! {
    pub struct GitCommitArgs {
        pub session: String,
        pub folder: String,
        pub objects: Vec<ObjectRef>,
        pub message: String,
        pub token: String,
    }
}

wire! {
    pub struct GitCommitted { pub commit: String, pub branch: String, pub files: Vec<String> }
}

wire! {
    /// Objects, or all of the tray where none are named, into a file or a folder; a file may be a new one.
    pub struct SaveArgs { pub session: String, pub path: String, pub objects: Vec<ObjectRef> }
}

wire! {
    /// What saving would write.
    pub struct SavePlan {
        /// The folder that the files' paths begin at.
        pub root: String,
        pub files: Vec<GitFile>,
        /// Objects that stand there already as they are.
        pub same: u32,
        /// Names exactly these changes, and the files as they are now; saving wants it back.
        pub token: String,
    }
}

wire! {
    pub struct SaveFilesArgs { pub session: String, pub path: String, pub objects: Vec<ObjectRef>, pub token: String }
}

wire! {
    /// The files that were written.
    pub struct Saved { pub files: Vec<String> }
}

wire! {
    pub struct MatrixArgs {
        pub session: String,
        /// Empty for all.
        pub namespaces: Vec<String>,
        pub with_draft: bool,
    }
}

wire! {
    /// A workload; an empty namespace for whoever has no proxy of a mesh.
    pub struct MatrixRow { pub namespace: String, pub workload: String }
}

wire! {
    /// A service, or a host outside, at those of its ports at which the same becomes of everybody's calls.
    pub struct MatrixColumn {
        /// Empty for a host.
        pub namespace: String,
        pub service: String,
        /// What is called at the first of its ports: `http://reviews.shop:9080`.
        pub url: String,
        pub ports: Vec<u16>,
        /// The requests that were asked about: `GET /`, and those that policies in force here name.
        pub asked: Vec<MatrixAsked>,
        /// So many more that policies name were not asked about.
        pub unasked: u32,
    }
}

wire! {
    /// A request that was asked about.
    pub struct MatrixAsked {
        pub method: String,
        pub path: String,
        /// `x-team: a`
        pub headers: Vec<String>,
    }
}

wire! {
    /// What becomes of one of the requests that a workload could make of a service.
    pub struct MatrixRequest {
        pub asked: MatrixAsked,
        pub outcome: Outcome,
        pub secured: Secured,
        pub because: String,
        /// The same in Chinese.
        pub zh: String,
        pub object: Option<ObjectRef>,
        pub path: String,
        /// What is lost all the same: not every workload that is called takes it.
        pub lost: Vec<Lost>,
    }
}

wire! {
    /// What becomes of one workload's calls to one service.
    pub struct MatrixCell {
        /// What becomes of `GET /`.
        pub outcome: Outcome,
        pub secured: Secured,
        pub because: String,
        /// The same in Chinese.
        pub zh: String,
        pub object: Option<ObjectRef>,
        pub path: String,
        /// What is lost all the same: not every workload that is called takes it.
        pub lost: Vec<Lost>,
        /// Every request that was asked about, where not the same becomes of all of them for the same reason; else none.
        pub requests: Vec<MatrixRequest>,
        /// Seen within the last hour.
        pub requests_per_second: f64,
        pub denied_per_second: f64,
    }
}

wire! {
    /// Who may call whom.
    pub struct Matrix {
        pub rows: Vec<MatrixRow>,
        pub columns: Vec<MatrixColumn>,
        /// Row by row.
        pub cells: Vec<MatrixCell>,
        /// There would be more cells than are decided at once: none are.
        pub too_many: bool,
        /// So many are decided at once.
        pub most: u32,
    }
}

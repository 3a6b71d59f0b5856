//! Authoring: documents, YAML, schemas, templates.

use serde_json::Value;

use super::{FieldChange, ObjectRef, wire};

wire! {
    pub struct ObjectsArgs {
        pub session: String,
        /// `VirtualService` …; empty for all.
        pub kinds: Vec<String>,
        /// Empty for all.
        pub namespace: String,
    }
}

wire! {
    pub struct ObjectArgs { pub session: String, pub object: ObjectRef }
}

wire! {
    /// One object as text.
    pub struct DocumentText {
        pub object: ObjectRef,
        /// YAML without managedFields and status.
        pub yaml: String,
        pub resource_version: String,
        pub uid: String,
        /// Who set which fields.
        pub managers: Vec<FieldManager>,
        pub owner: String,
    }
}

wire! {
    pub struct FieldManager { pub name: String, pub operation: String, pub fields: Vec<String> }
}

wire! {
    pub struct YamlText { pub yaml: String }
}

wire! {
    pub struct YamlEdits { pub yaml: String, pub edits: Vec<YamlEdit> }
}

wire! {
    pub enum EditOp { Set, Insert, Remove, Move }
}

wire! {
    /// One change of a document.
    pub struct YamlEdit {
        pub op: EditOp,
        /// JSON pointer: `/spec/http/0/route/1/weight`. For `insert` the last part is the index, or `-` for the end.
        /// `set` makes missing parents.
        pub path: String,
        /// New value, for `set` and `insert`.
        #[ts(type = "unknown")]
        #[serde(default)]
        pub value: Value,
        /// For `move`: the index that the item has afterwards.
        #[serde(default)]
        pub to: Option<u32>,
    }
}

wire! {
    /// A text and its meaning.
    pub struct YamlReading {
        pub yaml: String,
        /// What it says; null where it does not parse.
        #[ts(type = "unknown")]
        pub value: Value,
        /// Syntax, unknown fields, wrong types: with their lines.
        pub problems: Vec<YamlProblem>,
        /// Line (from 1) of each pointer, for those that the form shows.
        pub lines: std::collections::BTreeMap<String, u32>,
    }
}

wire! {
    pub struct YamlProblem {
        /// From 1.
        pub line: u32,
        /// From 1.
        pub column: u32,
        pub message: String,
        /// The same in Chinese.
        pub zh: String,
        pub error: bool,
    }
}

wire! {
    /// Three texts of one object: as an edit began, as the user has it, as it is live now.
    pub struct YamlMerge {
        pub base: String,
        pub mine: String,
        pub theirs: String,
        /// Fields that both changed get the live value; else they keep the user's.
        pub take_theirs: bool,
    }
}

wire! {
    /// The user's text with what others changed.
    pub struct YamlMerged {
        pub yaml: String,
        /// Fields that both changed.
        pub clashes: Vec<YamlClash>,
        /// What others changed: old value, new value.
        pub changed: Vec<FieldChange>,
    }
}

wire! {
    /// An empty text stands for a field that is not there.
    pub struct YamlClash { pub path: String, pub mine: String, pub theirs: String }
}

wire! {
    pub enum TemplateKind {
        VirtualService,
        DestinationRule,
        PeerAuthentication,
        AuthorizationPolicy,
        /// An AuthorizationPolicy that allows `from` to call `to`.
        AllowEdge,
        /// An AuthorizationPolicy that denies `from` to call `to`.
        DenyEdge,
    }
}

wire! {
    pub struct TemplateArgs {
        pub session: String,
        pub template: TemplateKind,
        pub namespace: String,
        /// A service, a workload, or empty.
        pub name: String,
        /// The caller's node id, for edges.
        pub from: String,
        /// The callee's node id, for edges.
        pub to: String,
    }
}

wire! {
    pub struct Template { pub object: ObjectRef, pub yaml: String }
}

//! The tray, the review, the journal.

use super::{Finding, ObjectRef, Unknown, wire};

wire! {
    /// Everything that waits in the tray.
    pub struct Draft {
        pub revision: f64,
        pub items: Vec<DraftItem>,
        /// What it would do, in words: `moves 10 % of productpage → reviews to v3`.
        pub says: Vec<EffectLine>,
        /// The tray can be taken back one step.
        pub can_undo: bool,
    }
}

wire! {
    pub enum ChangeKind { Create, Update, Delete, Order }
}

wire! {
    pub struct DraftItem {
        pub object: ObjectRef,
        pub change: ChangeKind,
        pub yaml: String,
        pub fields_changed: u32,
        /// It no longer fits what is live: someone changed the object since.
        pub outdated: bool,
        /// The resourceVersion that the edit started from; empty for a new object.
        pub base: String,
        /// The object at that version, as YAML; empty where it is not known any more.
        pub base_yaml: String,
    }
}

wire! {
    pub struct DraftPut {
        pub session: String,
        pub yaml: String,
        /// The resourceVersion that the edit started from; empty for a new object.
        pub base: String,
    }
}

wire! {
    pub enum EffectTone { Moves, Cuts, Opens, Stays, Watch }
}

wire! {
    /// One thing that a change does to traffic.
    pub struct EffectLine {
        pub tone: EffectTone,
        /// `productpage → reviews`
        pub title: String,
        /// The same in Chinese; empty where an older version wrote it down.
        pub title_zh: String,
        /// `10 % moves from v1 to v3`
        pub detail: String,
        pub detail_zh: String,
        pub requests_per_second: f64,
        /// Seen in traffic; else asked by the engine itself.
        pub observed: bool,
        pub object: Option<ObjectRef>,
        pub path: String,
    }
}

wire! {
    /// What the tray, or an undo, would do.
    pub struct Review {
        /// Names exactly what was reviewed; `apply` wants it back.
        pub token: String,
        pub items: Vec<ReviewItem>,
        pub says: Vec<EffectLine>,
        pub requests_observed: u32,
        pub requests_probed: u32,
        pub findings_added: Vec<Finding>,
        pub findings_removed: Vec<Finding>,
        pub unknown: Vec<Unknown>,
        /// Nothing stands in the way of applying it but conflicts, which the user decides by naming managers.
        pub can_apply: bool,
        /// What stands in the way.
        pub because: String,
        /// The same in Chinese.
        pub zh: String,
        pub production: bool,
        /// Of an undo: objects that the user left out of it.
        pub left_out: Vec<ObjectRef>,
    }
}

wire! {
    pub struct ReviewItem {
        pub object: ObjectRef,
        pub change: ChangeKind,
        pub live_version: String,
        pub diff: Vec<DiffLine>,
        /// Changed fields: path, before, after.
        pub fields: Vec<FieldChange>,
        /// The server's dry-run accepted it.
        pub accepted: bool,
        /// What the server says, or we: refusals, warnings.
        pub problems: Vec<ReviewProblem>,
        pub conflicts: Vec<Conflict>,
        /// Of an undo: what somebody else changed since as well.
        pub disputes: Vec<Dispute>,
        /// What becomes of a request for a moment after this write, where no order of the writes avoids it; else empty.
        pub lapse: String,
        /// The same in Chinese.
        pub lapse_zh: String,
        /// Helm, Argo CD, Flux …: who may set it back.
        pub owner: String,
    }
}

wire! {
    pub struct ReviewProblem {
        /// From 1, in the text that is to be written.
        pub line: u32,
        pub message: String,
        /// The same in Chinese.
        pub zh: String,
        /// Nothing can be written with it; else a warning.
        pub error: bool,
    }
}

wire! {
    /// Whose something shall be that both changed: as it is live, or back to what it was before us.
    pub enum UndoSide { Live, Back }
}

wire! {
    /// Something that we changed and somebody else as well since. Values are YAML.
    pub struct Dispute {
        /// Names it among all of its object.
        pub id: String,
        /// `spec.http[1].timeout`; empty for the object as a whole.
        pub path: String,
        /// It is about the order of a list, not about a value.
        pub is_order: bool,
        /// As it was before us; null where it was not there.
        pub before: Option<String>,
        /// As we wrote it; null where we took it away.
        pub wrote: Option<String>,
        /// As it is now; null where it is not there.
        pub live: Option<String>,
        /// Who changed it, by the names that the server knows them by; empty where it names nobody.
        pub managers: Vec<String>,
        /// What the user decided; null until then.
        pub chosen: Option<UndoSide>,
    }
}

wire! {
    pub enum DiffSide { Same, Before, After }
}

wire! {
    pub struct DiffLine {
        pub side: DiffSide,
        /// From 1, in the text of its side.
        pub line: u32,
        pub text: String,
    }
}

wire! {
    pub struct FieldChange { pub path: String, pub before: String, pub after: String }
}

wire! {
    /// A field that somebody else owns and that the change sets to another value.
    pub struct Conflict { pub manager: String, pub field: String, pub taken: bool }
}

wire! {
    pub struct ApplyArgs {
        pub session: String,
        /// Of the review.
        pub token: String,
        /// Why, for the journal.
        pub message: String,
        /// Managers whose conflicting fields are taken over, by the user's own choice.
        pub take_over: Vec<String>,
    }
}

wire! {
    pub enum EntryState {
        /// On disk, nothing known to be written.
        Intended,
        Applied,
        /// It failed, and what was written has been put back.
        RolledBack,
        /// It failed in the middle and could not all be put back.
        Partial,
        Undone,
    }
}

wire! {
    pub struct Applied { pub entry: f64, pub state: EntryState, pub objects: Vec<ObjectOutcome> }
}

wire! {
    pub struct ObjectOutcome {
        pub object: ObjectRef,
        pub state: EntryState,
        pub because: String,
        /// The same in Chinese.
        pub zh: String,
    }
}

wire! {
    pub struct EntryRef { pub session: String, pub entry: f64 }
}

wire! {
    /// What the user decided of one dispute.
    pub struct UndoChoice { pub object: ObjectRef, pub id: String, pub side: UndoSide }
}

wire! {
    pub struct UndoReviewArgs {
        pub session: String,
        pub entry: f64,
        pub choices: Vec<UndoChoice>,
        /// Objects that stay as they are.
        pub left_out: Vec<ObjectRef>,
    }
}

wire! {
    pub struct UndoArgs { pub session: String, pub entry: f64, pub token: String }
}

wire! {
    /// Which entries of the journal are wanted.
    pub struct HistoryArgs {
        pub session: String,
        pub search: String,
        /// Of an object; empty for all.
        pub kind: String,
        /// Empty for all.
        pub user: String,
        pub since: Option<f64>,
        pub until: Option<f64>,
        /// Not of this cluster alone.
        pub all_clusters: bool,
    }
}

wire! {
    pub enum HistoryForm { Json, Markdown }
}

wire! {
    pub struct HistoryExportArgs { pub wanted: HistoryArgs, pub form: HistoryForm }
}

wire! {
    pub struct ExportText { pub text: String }
}

wire! {
    pub struct EntryRow {
        pub entry: f64,
        pub at: f64,
        pub cluster: String,
        pub user: String,
        pub message: String,
        /// The same in Chinese.
        pub zh: String,
        pub state: EntryState,
        pub objects: Vec<ObjectRef>,
        /// The entry that this one undid.
        pub undoes: Option<f64>,
        pub acknowledged: u32,
        pub proxies: u32,
        /// Objects that somebody changed after us.
        pub drifted: u32,
    }
}

wire! {
    pub struct Entry {
        pub row: EntryRow,
        pub items: Vec<EntryItem>,
        pub says: Vec<EffectLine>,
        /// What became of it at each proxy, once that stood.
        pub uptake: Vec<UptakeRow>,
    }
}

wire! {
    /// A field that somebody changed after us.
    pub struct DriftedField {
        pub field: String,
        /// Who owns it now; empty where the server names nobody.
        pub managers: Vec<String>,
    }
}

wire! {
    pub struct EntryItem {
        pub object: ObjectRef,
        pub change: ChangeKind,
        pub before: String,
        pub after: String,
        pub diff: Vec<DiffLine>,
        pub state: EntryState,
        pub because: String,
        /// The same in Chinese; empty where an older version wrote it down.
        pub zh: String,
        pub drift: Vec<DriftedField>,
    }
}

wire! {
    pub enum UptakeState { Waiting, Sent, Acknowledged, Rejected, Unknown }
}

wire! {
    /// How far the proxies have taken up a change.
    pub struct Uptake {
        pub entry: f64,
        pub total: u32,
        pub acknowledged: u32,
        pub rejected: u32,
        /// Of those that have it: where connections still use what was there before, and where it holds for every connection.
        pub draining: u32,
        pub in_force: u32,
        pub rows: Vec<UptakeRow>,
        /// Why nothing can be said, where that is so.
        pub unknown: Vec<Unknown>,
        /// Nothing more will change.
        pub settled: bool,
        /// Milliseconds from the write to the last acknowledgement.
        pub took_millis: Option<f64>,
    }
}

wire! {
    /// Whether what was acknowledged holds for every connection.
    pub enum UptakeForce { NotYet, Drains, InForce, Unknown }
}

wire! {
    pub struct UptakeRow {
        pub namespace: String,
        pub pod: String,
        pub workload: String,
        pub state: UptakeState,
        /// The rejection's own text.
        pub because: String,
        pub force: UptakeForce,
        /// Listeners and chains of filters that still drain.
        pub drains: u32,
    }
}

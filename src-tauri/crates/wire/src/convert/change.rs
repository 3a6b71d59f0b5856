//! The tray, the review, the journal.

use journal::State;
use session::change::touched::{desired, dotted};
use session::change::tray::{ChangeKind as SessionChange, Tray};
use session::history::{Drift, Form, ItemOfEntry, Row, Told, Wanted};
use session::says::{Line, says};
use session::uptake::{Force, State as SessionUptake};
use session::write::apply as written;
use session::write::plan::{Conflict as SessionConflict, Dispute as SessionDispute, Problem, Step};
use session::write::review::Plan;
use session::write::undo::Choices;
use world::World;
use world::merge::{Both, Side};
use world::yaml;

use super::all;
use crate::types::{
    Applied, ChangeKind, Conflict, DiffLine, DiffSide, Dispute, Draft, DraftItem, DriftedField, EffectLine, EffectTone,
    Entry, EntryItem, EntryRow, EntryState, Finding, HistoryArgs, HistoryForm, ObjectOutcome, ObjectRef, Review,
    ReviewItem, ReviewProblem, UndoChoice, UndoSide, Uptake, UptakeForce, UptakeRow, UptakeState, YamlProblem,
};

impl From<SessionChange> for ChangeKind {
    fn from(kind: SessionChange) -> Self {
        match kind {
            SessionChange::Create => Self::Create,
            SessionChange::Update => Self::Update,
            SessionChange::Delete => Self::Delete,
        }
    }
}

impl From<journal::Change> for ChangeKind {
    fn from(change: journal::Change) -> Self {
        match change {
            journal::Change::Create => Self::Create,
            journal::Change::Update => Self::Update,
            journal::Change::Delete => Self::Delete,
            journal::Change::Order => Self::Order,
        }
    }
}

impl From<State> for EntryState {
    fn from(state: State) -> Self {
        match state {
            State::Intended => Self::Intended,
            State::Applied => Self::Applied,
            State::RolledBack => Self::RolledBack,
            State::Partial => Self::Partial,
            State::Undone => Self::Undone,
        }
    }
}

impl From<Line> for EffectLine {
    fn from(line: Line) -> Self {
        Self {
            tone: match line.tone {
                mesh::Tone::Cuts => EffectTone::Cuts,
                mesh::Tone::Opens => EffectTone::Opens,
                mesh::Tone::Moves => EffectTone::Moves,
                mesh::Tone::Watch => EffectTone::Watch,
                mesh::Tone::Stays => EffectTone::Stays,
            },
            title: line.title.en,
            title_zh: line.title.zh,
            detail: line.detail.en,
            detail_zh: line.detail.zh,
            requests_per_second: line.per_second,
            observed: line.observed,
            object: line.object.as_ref().map(ObjectRef::from),
            path: line.path,
        }
    }
}

pub(crate) fn draft(tray: &Tray, world: &World, effect: Option<&mesh::Effect>) -> Draft {
    let item = |item: &session::change::tray::Item| DraftItem {
        object: ObjectRef::from(&item.key),
        change: item.kind.into(),
        yaml: item.yaml.clone(),
        fields_changed: item.fields_changed() as u32,
        outdated: item.outdated(world),
        base: item.base.clone(),
        base_yaml: item.base_body.as_deref().map(|body| yaml::write(&desired(body))).unwrap_or_default(),
    };
    Draft {
        revision: tray.revision() as f64,
        items: tray.items().iter().map(item).collect(),
        says: effect.map(|effect| all(says(effect))).unwrap_or_default(),
        can_undo: tray.can_undo(),
    }
}

impl From<yaml::DiffLine> for DiffLine {
    fn from(line: yaml::DiffLine) -> Self {
        let side = match line.side {
            yaml::DiffSide::Same => DiffSide::Same,
            yaml::DiffSide::Before => DiffSide::Before,
            yaml::DiffSide::After => DiffSide::After,
        };
        Self { side, line: line.line as u32, text: line.text }
    }
}

impl From<yaml::Problem> for YamlProblem {
    fn from(problem: yaml::Problem) -> Self {
        Self {
            line: problem.line as u32,
            column: problem.column as u32,
            message: problem.message.en,
            zh: problem.message.zh,
            error: problem.error,
        }
    }
}

impl From<&SessionConflict> for Conflict {
    fn from(conflict: &SessionConflict) -> Self {
        Self { manager: conflict.manager.clone(), field: conflict.field.clone(), taken: false }
    }
}

impl From<&SessionDispute> for Dispute {
    fn from(SessionDispute { clash, managers }: &SessionDispute) -> Self {
        let text = |value: &Option<serde_json::Value>| value.as_ref().map(|value| yaml::write(value).trim_end().into());
        Self {
            id: clash.id.clone(),
            path: dotted(&clash.path),
            is_order: clash.both == Both::Order,
            before: text(&clash.before),
            wrote: text(&clash.wrote),
            live: text(&clash.live),
            managers: managers.clone(),
            chosen: clash.chosen.map(UndoSide::from),
        }
    }
}

impl From<Side> for UndoSide {
    fn from(side: Side) -> Self {
        match side {
            Side::Live => Self::Live,
            Side::Back => Self::Back,
        }
    }
}

impl From<UndoSide> for Side {
    fn from(side: UndoSide) -> Self {
        match side {
            UndoSide::Live => Self::Live,
            UndoSide::Back => Self::Back,
        }
    }
}

pub(crate) fn undo_choices(choices: Vec<UndoChoice>, left_out: Vec<ObjectRef>) -> Choices {
    let side = |UndoChoice { object, id, side }| (object.into(), id, side.into());
    Choices { sides: choices.into_iter().map(side).collect(), left_out: all(left_out) }
}

impl From<Problem> for ReviewProblem {
    fn from(Problem { line, message, error }: Problem) -> Self {
        Self { line: line as u32, message: message.en, zh: message.zh, error }
    }
}

pub(crate) fn review(engine: &mesh::Engine, plan: &Plan, world: &World, production: bool) -> Review {
    let located = |findings: &[std::sync::Arc<mesh::Finding>]| -> Vec<Finding> {
        all(session::findings::locate(engine, world, None, findings.to_vec()))
    };
    let (observed, probed): (Vec<_>, Vec<_>) = plan.effect.changes.iter().partition(|change| change.observed);
    Review {
        token: plan.token.clone(),
        items: plan.steps.iter().map(review_item).collect(),
        says: all(says(&plan.effect)),
        requests_observed: observed.len() as u32,
        requests_probed: probed.len() as u32,
        findings_added: located(&plan.effect.findings_added),
        findings_removed: located(&plan.effect.findings_removed),
        unknown: all(plan.unknown.iter().cloned()),
        can_apply: plan.because.en.is_empty(),
        because: plan.because.en.clone(),
        zh: plan.because.zh.clone(),
        production,
        left_out: plan.left_out().iter().map(ObjectRef::from).collect(),
    }
}

fn review_item(step: &Step) -> ReviewItem {
    let (was, is) = step.images();
    let (before, after) = step.texts();
    ReviewItem {
        object: ObjectRef::from(&step.key),
        change: step.change().into(),
        live_version: step.version().to_owned(),
        diff: all(yaml::diff(&before, &after)),
        fields: all(yaml::fields(&was.unwrap_or_default(), &is.unwrap_or_default())),
        accepted: step.accepted(),
        problems: all(step.problems.iter().cloned()),
        conflicts: step.conflicts.iter().map(Conflict::from).collect(),
        disputes: step.disputes.iter().map(Dispute::from).collect(),
        lapse: step.lapse.en.clone(),
        lapse_zh: step.lapse.zh.clone(),
        owner: step.owner(),
    }
}

pub(crate) fn applied(applied: written::Applied) -> Applied {
    let outcome = |ended: written::Ended| ObjectOutcome {
        object: ObjectRef::from(&ended.key),
        state: ended.state.into(),
        because: ended.because.en,
        zh: ended.because.zh,
    };
    Applied {
        entry: applied.entry as f64,
        state: applied.state.into(),
        objects: applied.objects.into_iter().map(outcome).collect(),
    }
}

pub(crate) fn entry_row(row: Row) -> EntryRow {
    let entry = row.entry;
    EntryRow {
        entry: entry.id as f64,
        at: entry.at as f64,
        cluster: entry.context,
        user: entry.user,
        message: entry.message.en,
        zh: entry.message.zh,
        state: entry.state.into(),
        objects: entry.objects.iter().map(|object| ObjectRef::from(&object.key)).collect(),
        undoes: entry.undoes.map(|undone| undone as f64),
        acknowledged: entry.acknowledged,
        proxies: entry.proxies,
        drifted: row.drifted,
    }
}

pub(crate) fn entry(told: Told) -> Entry {
    Entry { row: entry_row(told.row), items: all(told.items), says: all(told.says), uptake: all(told.uptake) }
}

pub(crate) fn wanted(args: &HistoryArgs) -> Wanted {
    Wanted {
        search: args.search.clone(),
        kind: args.kind.clone(),
        user: args.user.clone(),
        since: args.since.map(|at| at as i64),
        until: args.until.map(|at| at as i64),
        all_clusters: args.all_clusters,
    }
}

pub(crate) fn history_form(form: HistoryForm) -> Form {
    match form {
        HistoryForm::Json => Form::Json,
        HistoryForm::Markdown => Form::Markdown,
    }
}

impl From<Drift> for DriftedField {
    fn from(drift: Drift) -> Self {
        Self { field: drift.field, managers: drift.managers }
    }
}

impl From<ItemOfEntry> for EntryItem {
    fn from(item: ItemOfEntry) -> Self {
        Self {
            object: ObjectRef::from(&item.record.key),
            change: item.record.change.into(),
            before: item.before,
            after: item.after,
            diff: all(item.diff),
            state: item.record.outcome.state.into(),
            because: item.because.en,
            zh: item.because.zh,
            drift: all(item.drift),
        }
    }
}

impl From<session::uptake::Row> for UptakeRow {
    fn from(row: session::uptake::Row) -> Self {
        let state = match row.state {
            SessionUptake::Waiting => UptakeState::Waiting,
            SessionUptake::Sent => UptakeState::Sent,
            SessionUptake::Acknowledged => UptakeState::Acknowledged,
            SessionUptake::Rejected => UptakeState::Rejected,
            SessionUptake::Unknown => UptakeState::Unknown,
        };
        let (force, drains) = match row.force {
            Force::NotYet => (UptakeForce::NotYet, 0),
            Force::Drains(drains) => (UptakeForce::Drains, drains),
            Force::InForce => (UptakeForce::InForce, 0),
            Force::Unknown => (UptakeForce::Unknown, 0),
        };
        let session::uptake::Row { namespace, pod, workload, because, .. } = row;
        Self { namespace, pod, workload, state, because, force, drains }
    }
}

pub(crate) fn uptake(uptake: session::uptake::Uptake) -> Uptake {
    let (draining, in_force) = uptake.forces();
    Uptake {
        draining,
        in_force,
        entry: uptake.entry as f64,
        total: uptake.rows.len() as u32,
        acknowledged: uptake.count(SessionUptake::Acknowledged),
        rejected: uptake.count(SessionUptake::Rejected),
        settled: uptake.settled,
        took_millis: uptake.took.map(|took| took.as_secs_f64() * 1000.0),
        rows: all(uptake.rows),
        unknown: all(uptake.unknown),
    }
}

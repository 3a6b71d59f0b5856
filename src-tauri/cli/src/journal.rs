//! `netloft history` and `show`.

use wire::Calls as _;
use wire::types::{DiffSide, EntryRef, EntryRow, HistoryArgs, HistoryExportArgs, HistoryForm as WireForm};

use crate::args::{Form, History, HistoryForm, Show, Target};
use crate::failure::Failure;
use crate::print::{Mark, json as print_json, line, paint, plain, table};
use crate::source::{host, open};

pub async fn history(from: &Target, args: &History) -> Result<bool, Failure> {
    let wanted = |session: &str| HistoryArgs {
        session: session.to_owned(),
        search: args.search.clone(),
        kind: args.kind.clone(),
        user: args.user.clone(),
        since: args.since.map(|at| at as f64),
        until: args.until.map(|at| at as f64),
        all_clusters: false,
    };
    let whole = match args.format {
        HistoryForm::Journal => Some(WireForm::Json),
        HistoryForm::Markdown => Some(WireForm::Markdown),
        HistoryForm::Text | HistoryForm::Json => None,
    };
    // Without a cluster: all that this user has written anywhere, without asking whether it still stands.
    let here = from.demo || from.context.is_some() || from.kubeconfig.is_some();
    let rows: Vec<EntryRow> = match (here, whole) {
        (true, None) => {
            let open = open(from).await?;
            open.host.history(wanted(open.session.id())).await?
        }
        (true, Some(form)) => {
            let open = open(from).await?;
            let wanted = wanted(open.session.id());
            let text = open.host.history_export(HistoryExportArgs { wanted, form }).await?.text;
            return text_out(&text);
        }
        (false, None) => host(from)?.history_of_all(&wanted("")).await?,
        (false, Some(form)) => return text_out(&host(from)?.history_of_all_as(&wanted(""), form).await?),
    };
    if args.format == HistoryForm::Json {
        print_json(&rows)?;
        return Ok(true);
    }
    let state = |row: &EntryRow| {
        serde_json::to_value(row.state).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let cells = |row: &EntryRow| {
        let at = jiff::Timestamp::from_millisecond(row.at as i64).map(|at| at.to_string()).unwrap_or_default();
        let objects: Vec<String> =
            row.objects.iter().map(|o| format!("{} {}/{}", o.kind, o.namespace, o.name)).collect();
        vec![row.entry.to_string(), at, row.cluster.clone(), state(row), objects.join(", "), row.message.clone()]
    };
    table(&["ID", "AT", "CLUSTER", "STATE", "OBJECTS", "MESSAGE"], &rows.iter().map(cells).collect::<Vec<_>>())?;
    Ok(true)
}

/// A text that is for others, as it is.
fn text_out(text: &str) -> Result<bool, Failure> {
    for one in text.lines() {
        line(&plain(one))?;
    }
    Ok(true)
}

pub async fn show(from: &Target, args: &Show) -> Result<bool, Failure> {
    let entry = if from.demo || from.context.is_some() || from.kubeconfig.is_some() {
        let open = open(from).await?;
        open.host.entry(EntryRef { session: open.session.id().to_owned(), entry: args.id as f64 }).await?
    } else {
        host(from)?.entry_of_all(args.id).await?
    };
    if args.format == Form::Json {
        print_json(&entry)?;
        return Ok(true);
    }
    for item in &entry.items {
        let name = format!("{} {}/{}", item.object.kind, item.object.namespace, item.object.name);
        line(&plain(&if item.because.is_empty() { name } else { format!("{name}: {}", item.because) }))?;
        for drift in &item.drift {
            let by =
                if drift.managers.is_empty() { String::new() } else { format!(" by {}", drift.managers.join(", ")) };
            line(&plain(&format!("  {} was changed since{by}", drift.field)))?;
        }
        diff(&item.diff)?;
    }
    Ok(true)
}

/// A diff as people read it; equal lines far from a change are left out.
pub fn diff(lines: &[wire::types::DiffLine]) -> Result<(), Failure> {
    const NEAR: usize = 3;
    let near = |at: usize| {
        let from = at.saturating_sub(NEAR);
        lines.iter().skip(from).take(NEAR * 2 + 1).any(|other| other.side != DiffSide::Same)
    };
    for (_, shown) in lines.iter().enumerate().filter(|(at, _)| near(*at)) {
        match shown.side {
            DiffSide::Same => line(&plain(&format!("    {}", shown.text)))?,
            DiffSide::Before => line(&paint(Mark::Bad, &format!("  - {}", shown.text)))?,
            DiffSide::After => line(&paint(Mark::Good, &format!("  + {}", shown.text)))?,
        }
    }
    Ok(())
}

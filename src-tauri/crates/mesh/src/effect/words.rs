//! What a change does to one request, in words of both languages.

use std::collections::{BTreeMap, BTreeSet};

use world::{Said, said};

use super::Tone;
use crate::{Caller, Mirror, Outcome, Ready, Request, Resolved, Target, Transport, Verdict};

/// Between who calls and who is called, in a title.
pub const ARROW: &str = " → ";

pub(super) fn difference(was: &Verdict, is: &Verdict) -> (Tone, Said) {
    let last = |verdict: &Verdict| {
        let unknown = verdict.unknown.last().map(|u| u.because.clone());
        let told = verdict.trace.last().map(|s| s.because.clone());
        // What could not be known is the last step's reason where that said so.
        let same = unknown.as_ref().zip(told.as_ref()).is_some_and(|(unknown, told)| unknown.en == told.en);
        if same { told } else { unknown.or(told) }.unwrap_or_default()
    };
    let (now, before) = (word(is), word(was));
    let (why, why_before) = (last(is), last(was));
    let both = |en: String, zh: String| Said::new(en, zh);
    if is.outcome == Outcome::Unknown && was.outcome != Outcome::Unknown {
        return (Tone::Watch, both(format!("no longer known: {}", why.en), format!("不再可知：{}", why.zh)));
    }
    match (was.serves(), is.serves()) {
        (true, false) => (Tone::Cuts, Said::of(now, why)),
        (false, true) => (
            Tone::Opens,
            both(
                format!("{}; before, {}: {}", now.en, before.en, why_before.en),
                format!("{}；此前{}：{}", now.zh, before.zh, why_before.zh),
            ),
        ),
        (false, false) if was.outcome != is.outcome || was.status != is.status => (
            Tone::Watch,
            both(
                format!("{} instead of {}: {}", now.en, before.en, why.en),
                format!("{}（原为{}）：{}", now.zh, before.zh, why.zh),
            ),
        ),
        (false, false) => (Tone::Stays, now),
        (true, true) => between_served(was, is),
    }
}

fn between_served(was: &Verdict, is: &Verdict) -> (Tone, Said) {
    if was.outcome != is.outcome {
        return (Tone::Moves, instead(&word(is), &word(was)));
    }
    let (lost_before, lost_now) = (was.lost_share(), is.lost_share());
    if (lost_now - lost_before).abs() > 1e-9 {
        let tone = if lost_now > lost_before { Tone::Cuts } else { Tone::Opens };
        let moved: Vec<Said> = [lost(was, is)].into_iter().chain(moved(was, is)).collect();
        return (tone, Said::in_turn(&moved));
    }
    if let Some(moved) = moved(was, is) {
        return (Tone::Moves, moved);
    }
    let manner = manner(was, is);
    if manner.is_empty() { (Tone::Stays, Said::default()) } else { (Tone::Watch, Said::list(&manner)) }
}

/// `33.3 % refused at reviews-v3: …`, and what it was before.
fn lost(was: &Verdict, is: &Verdict) -> Said {
    let (now, before) = (lost_words(is), lost_words(was));
    match (is.lost.is_empty(), was.lost.is_empty()) {
        (true, _) => {
            Said::new(format!("all of it arrives; before, {}", before.en), format!("全部到达；此前{}", before.zh))
        }
        (false, true) => now,
        (false, false) => {
            let share = percent(was.lost_share());
            Said::new(format!("{}; before, {share} in all", now.en), format!("{}；此前共 {share}", now.zh))
        }
    }
}

/// What does not arrive though the rest does, in words: how much, at whom, and why.
fn lost_words(verdict: &Verdict) -> Said {
    let all: Vec<Said> = verdict
        .lost
        .iter()
        .map(|lost| {
            let (share, how, at) = (percent(lost.share), outcome(lost.outcome), lost.workloads.join(", "));
            let because = &lost.step.because;
            let (en, zh) = if at.is_empty() { Default::default() } else { (format!(" at {at}"), format!("在 {at} ")) };
            Said::new(
                format!("{share} {}{en}: {}", how.en, because.en),
                format!("{share} {zh}{}：{}", how.zh, because.zh),
            )
        })
        .collect();
    Said::in_turn(&all)
}

/// What of the same way is another manner.
fn manner(was: &Verdict, is: &Verdict) -> Vec<Said> {
    let mut all: Vec<Said> = Vec::new();
    if was.transport != is.transport {
        all.push(instead(&transport(is.transport), &transport(was.transport)));
    }
    if was.timeout != is.timeout {
        all.push(match &is.timeout {
            Some(time) => said!("timeout {time}", "超时 {time}"),
            None => ("timeout off", "不设超时").into(),
        });
    }
    if was.retries != is.retries {
        all.push(match is.retries.as_ref().map(|r| r.attempts) {
            Some(n) => said!("{n} retries", "重试 {n} 次"),
            None => ("retries as by default", "按默认重试").into(),
        });
    }
    if was.fault != is.fault {
        all.push(fault_words(is));
    }
    if was.mirror != is.mirror {
        all.push(mirror_words(is));
    }
    for (differs, words) in [
        (was.rewrite != is.rewrite, ("the rewrite changes", "改写有变")),
        (was.request_headers != is.request_headers, ("request headers change", "请求头有变")),
        (was.location != is.location || was.status != is.status, ("the answer changes", "应答有变")),
    ] {
        if differs {
            all.push(words.into());
        }
    }
    // A list of its own: it stands last.
    all.extend(settings(was, is));
    all
}

/// One setting before and after.
type Set<'a> = (&'a str, Option<&'a String>, Option<&'a String>);

/// What the caller's proxy keeps to. What changes alike for several versions is said once, and of all of them without their names.
fn settings(was: &Verdict, is: &Verdict) -> Option<Said> {
    let names: BTreeSet<&String> = was.settings.keys().chain(is.settings.keys()).collect();
    let mut alike: BTreeMap<Set<'_>, BTreeSet<&str>> = BTreeMap::new();
    for name in names {
        let (old, new) = (was.settings.get(name), is.settings.get(name));
        let (version, path) = name.split_once(' ').unwrap_or(("", name));
        if old != new {
            alike.entry((path, old, new)).or_default().insert(version);
        }
    }
    let all: BTreeSet<&str> = is.destinations.iter().map(|d| d.subset.as_deref().unwrap_or_default()).collect();
    let mut by_versions: BTreeMap<BTreeSet<&str>, Vec<Set<'_>>> = BTreeMap::new();
    for (set, versions) in alike {
        by_versions.entry(if versions == all { BTreeSet::from([""]) } else { versions }).or_default().push(set);
    }
    let of = |(versions, sets): (BTreeSet<&str>, Vec<Set<'_>>)| {
        let words = set_words(&sets);
        let named = versions.into_iter().filter(|version| !version.is_empty()).collect::<Vec<_>>();
        if named.is_empty() {
            return words;
        }
        Said::new(format!("{}: {}", named.join(", "), words.en), format!("{}：{}", named.join("、"), words.zh))
    };
    let told: Vec<Said> = by_versions.into_iter().map(of).collect();
    (!told.is_empty()).then(|| Said::in_turn(&told))
}

/// `tcp.maxConnections from 100 to 5; newly set: outlierDetection.interval 10s; no longer set: http.http2MaxRequests (was 10)`
fn set_words(sets: &[Set<'_>]) -> Said {
    let (mut told, mut fresh, mut gone): (Vec<Said>, Vec<Said>, Vec<Said>) = (Vec::new(), Vec::new(), Vec::new());
    for (path, old, new) in sets {
        // The last two of its names tell it apart, and are found in the YAML.
        let name = path.rmatch_indices('.').nth(1).map_or(*path, |(at, _)| &path[at + 1..]);
        match (old, new) {
            (Some(old), Some(new)) => told.push(said!("{name} from {old} to {new}", "{name} 由 {old} 改为 {new}")),
            (None, Some(new)) => fresh.push(format!("{name} {new}").into()),
            (Some(old), None) => gone.push(said!("{name} (was {old})", "{name}（原为 {old}）")),
            (None, None) => {}
        }
    }
    for (named, (en, zh)) in [(fresh, ("newly set", "新设")), (gone, ("no longer set", "不再设置"))] {
        if !named.is_empty() {
            let all = Said::list(&named);
            told.push(Said::new(format!("{en}: {}", all.en), format!("{zh}：{}", all.zh)));
        }
    }
    Said::in_turn(&told)
}

fn instead(now: &Said, before: &Said) -> Said {
    Said::new(format!("{} instead of {}", now.en, before.en), format!("{}（原为{}）", now.zh, before.zh))
}

fn transport(of: Option<Transport>) -> Said {
    match of {
        Some(Transport::Mtls) => ("mutual TLS", "双向 TLS"),
        Some(Transport::Tls) => ("TLS", "TLS"),
        Some(Transport::Plaintext) => ("plaintext", "明文"),
        None => ("nothing", "无"),
    }
    .into()
}

fn fault_words(verdict: &Verdict) -> Said {
    let abort = verdict.fault.abort.as_ref().map(|a| {
        let (status, share) = (a.status, percent(a.percent / 100.0));
        said!("{share} get {status}", "{share} 得到 {status}")
    });
    let delay = verdict.fault.delay.as_ref().map(|d| {
        let (time, share) = (&d.duration, percent(d.percent / 100.0));
        said!("{share} wait {time}", "{share} 延迟 {time}")
    });
    let all: Vec<Said> = delay.into_iter().chain(abort).collect();
    if all.is_empty() {
        return ("no injected fault", "不再注入故障").into();
    }
    let Said { en, zh } = Said::list(&all);
    said!("injected fault: {en}", "注入故障：{zh}")
}

/// `a copy of 10 % goes to reviews v3`
fn mirror_words(verdict: &Verdict) -> Said {
    let copy = |mirror: &Mirror| {
        let subset = mirror.subset.as_ref().map(|subset| format!(" {subset}")).unwrap_or_default();
        let (share, to) = (percent(mirror.percent / 100.0), format!("{}{subset}", mirror.service.1));
        said!("a copy of {share} goes to {to}", "{share} 的副本发往 {to}")
    };
    let copies: Vec<Said> = verdict.mirror.iter().map(copy).collect();
    if copies.is_empty() { ("no copies any more", "不再发送副本").into() } else { Said::list(&copies) }
}

/// Which shares move from where to where; `None` where none does.
fn moved(was: &Verdict, is: &Verdict) -> Option<Said> {
    let services: BTreeSet<_> = was.destinations.iter().chain(&is.destinations).map(|d| &d.service).collect();
    let one = services.len() == 1;
    let shares = |verdict: &Verdict| {
        let mut shares: BTreeMap<Said, f64> = BTreeMap::new();
        for d in &verdict.destinations {
            let name: Said = match &d.subset {
                Some(subset) if one => subset.as_str().into(),
                Some(subset) => format!("{} {subset}", d.service.1).into(),
                None if one => ("all versions", "所有版本").into(),
                None => d.service.1.as_str().into(),
            };
            *shares.entry(name).or_default() += d.share;
        }
        shares
    };
    let (mut from, mut to): (Vec<_>, Vec<_>) = (Vec::new(), Vec::new());
    let (old, new) = (shares(was), shares(is));
    for name in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        let change = new.get(name).unwrap_or(&0.0) - old.get(name).unwrap_or(&0.0);
        if change < -1e-9 {
            from.push((name.clone(), -change));
        } else if change > 1e-9 {
            to.push((name.clone(), change));
        }
    }
    (!from.is_empty()).then(|| Said::list(&pair_up(from, to)))
}

/// Sentences that account for everything that leaves and arrives.
fn pair_up(from: Vec<(Said, f64)>, mut to: Vec<(Said, f64)>) -> Vec<Said> {
    let mut told = Vec::new();
    for (source, mut left) in from {
        for (sink, room) in &mut to {
            let share = left.min(*room);
            if share > 1e-9 {
                let percent = percent(share);
                told.push(Said::new(
                    format!("{percent} moves from {} to {}", source.en, sink.en),
                    format!("{percent} 从 {} 移到 {}", source.zh, sink.zh),
                ));
                left -= share;
                *room -= share;
            }
        }
    }
    told
}

/// `10 %`, `33.3 %`
fn percent(share: f64) -> String {
    let tenths = (share * 1000.0).round() / 10.0;
    format!("{tenths} %")
}

fn word(verdict: &Verdict) -> Said {
    outcome(verdict.outcome)
}

fn outcome(of: Outcome) -> Said {
    match of {
        Outcome::Forwarded => ("forwarded", "转发"),
        Outcome::Denied => ("refused", "被拒绝"),
        Outcome::Direct => ("answered by the route itself", "由路由直接应答"),
        Outcome::Redirected => ("redirected", "被重定向"),
        Outcome::Aborted => ("aborted by an injected fault", "因注入的故障中止"),
        Outcome::NoRoute => ("no route", "没有路由"),
        Outcome::NoDestination => ("nowhere to go", "无处可去"),
        Outcome::Refused => ("connection refused", "连接被拒绝"),
        Outcome::Blocked => ("blocked", "被拦下"),
        Outcome::Unresolved => ("the name does not resolve", "名称无法解析"),
        Outcome::Unknown => ("not known", "不得而知"),
    }
    .into()
}

/// `storefront → reviews`
pub(super) fn title(ready: &Ready, request: &Request, nameless: bool) -> Said {
    let (namespace, from): (&str, Said) = match &request.from {
        Caller::Workload { namespace, workload } => {
            let pods = ready.places().of_workload(namespace, workload);
            let app = pods.first().and_then(|p| p.labels.get("app.kubernetes.io/name").or(p.labels.get("app")));
            (namespace, app.unwrap_or(workload).into())
        }
        Caller::ServiceAccount { namespace, service_account } => (namespace, service_account.as_str().into()),
        Caller::Outside { .. } => ("", ("outside", "外部").into()),
    };
    let to = Target::of(request).map_or_else(|| request.url.clone(), |target| target.host);
    // Two namespaces may have callers of one name.
    let resolved = ready.places().resolve(&to, namespace);
    let crosses = matches!(&resolved, Resolved::Service(service) if service.namespace != namespace);
    let from = match () {
        () if nameless => ("callers without a proxy", "没有代理的调用方").into(),
        () if crosses && !namespace.is_empty() => format!("{namespace}/{from}").into(),
        () => from,
    };
    // A host that is no service of the cluster has its whole name.
    let short = to.split('.').next().filter(|_| request.via.is_none() && matches!(resolved, Resolved::Service(_)));
    let to = short.unwrap_or(&to);
    Said::new(format!("{}{ARROW}{to}", from.en), format!("{}{ARROW}{to}", from.zh))
}

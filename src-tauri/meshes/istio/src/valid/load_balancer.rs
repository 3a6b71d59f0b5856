//! `loadBalancer`. Upstream: validateLoadBalancer; agent.ValidateLocalityLbSetting, ValidateZoneAwareLbSetting.

use std::collections::BTreeSet;

use world::said;

use super::Flaws;
use crate::read::field::Field;

pub(super) fn check(settings: &Field, outlier: bool, flaws: &mut Flaws) {
    consistent_hash(&settings.get("consistentHash"), flaws);
    let (locality, zone) = (settings.get("localityLbSetting"), settings.get("zoneAwareLbSetting"));
    flaws.never(
        locality.is_set() && zone.is_set(),
        &zone,
        (
            "localityLbSetting and zoneAwareLbSetting exclude each other",
            "localityLbSetting 与 zoneAwareLbSetting 不能同时使用",
        ),
    );
    by_locality(&locality, flaws);
    failover(&locality, outlier, flaws);
    for priority in zone.items("failoverPriority").iter().filter(|p| is_place(p.as_text())) {
        flaws.error(priority, ("regions and zones are taken care of already", "区域和可用区已经考虑在内"));
    }
    failover(&zone, outlier, flaws);
    let warmup = settings.get("warmup");
    if warmup.is_set() {
        flaws.never(!warmup.has("duration"), &warmup.get("duration"), ("the duration is missing", "缺少 duration"));
        flaws.duration(&warmup, "duration");
        let most = warmup.number("minimumPercent") > 100.0;
        flaws.never(most, &warmup.get("minimumPercent"), ("a percentage is at most 100", "百分比最大为 100"));
        let flat = warmup.has("aggression") && warmup.number("aggression") <= 0.0;
        flaws.never(flat, &warmup.get("aggression"), ("the aggression is greater than 0", "aggression 应大于 0"));
    }
}

fn consistent_hash(hash: &Field, flaws: &mut Flaws) {
    let cookie = hash.get("httpCookie");
    flaws.never(
        cookie.is_set() && cookie.text("name").is_empty(),
        &cookie,
        ("the cookie needs a name", "Cookie 需要名称"),
    );
    let mut seen = BTreeSet::new();
    for attribute in cookie.items("attributes") {
        let name = attribute.text("name");
        let wrong = name.is_empty() || !seen.insert(name);
        flaws.never(
            wrong,
            &attribute,
            ("an attribute of a cookie needs a name of its own", "Cookie 的每个属性都需要自己的名称"),
        );
    }
    if hash.number("minimumRingSize") != 0.0 {
        flaws.warn(
            &hash.get("minimumRingSize"),
            ("minimumRingSize is old; write ringHash", "minimumRingSize 已过时；请写 ringHash"),
        );
        let both = hash.has("ringHash") || hash.has("maglev");
        flaws.never(
            both,
            &hash.get("minimumRingSize"),
            ("minimumRingSize excludes ringHash and maglev", "minimumRingSize 不能与 ringHash 和 maglev 同时使用"),
        );
    }
    let maglev = hash.get("maglev");
    if maglev.is_set() {
        let size = maglev.number("tableSize");
        flaws.never(
            size >= 5_000_011.0 || !is_prime(size),
            &maglev.get("tableSize"),
            ("the size is a prime below 5000011", "大小应为小于 5000011 的质数"),
        );
    }
}

fn is_prime(number: f64) -> bool {
    let size = number as u64;
    size > 1 && (2..).take_while(|n: &u64| n * n <= size).all(|n| !size.is_multiple_of(n))
}

fn is_place(label: &str) -> bool {
    matches!(label, "topology.kubernetes.io/region" | "topology.kubernetes.io/zone" | "topology.istio.io/subzone")
}

fn by_locality(locality: &Field, flaws: &mut Flaws) {
    let (distribute, over) = (locality.items("distribute"), locality.items("failover"));
    if !distribute.is_empty() && !over.is_empty() {
        flaws.error(
            &locality.get("failover"),
            ("distribute and failover exclude each other", "distribute 与 failover 不能同时使用"),
        );
        return;
    }
    let priorities = locality.items("failoverPriority");
    if let Some(place) = priorities.iter().find(|p| !over.is_empty() && is_place(p.as_text())) {
        flaws.error(place, ("failover decides over places already", "failover 已经决定了位置"));
        return;
    }
    for from in &distribute {
        let to = from.entries("to");
        let weights: Vec<f64> = to.iter().map(|(place, _)| from.get("to").number(place)).collect();
        let good =
            weights.iter().all(|w| (1.0..=100.0).contains(w)) && (weights.iter().sum::<f64>() - 100.0).abs() < 0.5;
        flaws.never(!good, &from.get("to"), ("the weights add up to 100", "各权重相加应为 100"));
        places(&from.get("to"), to.iter().map(|(place, _)| *place), flaws);
    }
    places(&locality.get("distribute"), distribute.iter().map(|from| from.text("from")), flaws);
}

/// Places must not contain one another.
fn places<'a>(at: &Field, all: impl Iterator<Item = &'a str>, flaws: &mut Flaws) {
    let mut seen: Vec<Vec<&str>> = Vec::new();
    for place in all {
        let whole: Vec<&str> = place.split('/').collect();
        let starred = place.contains('*') && (place.matches('*').count() > 1 || !place.ends_with('*'));
        flaws.hold(at, starred.then(|| said!("{place}: one star, at the end", "{place}：只能有一个星号，位于结尾")));
        flaws.hold(
            at,
            (whole.iter().take(3).any(|part| part.is_empty()))
                .then(|| said!("{place}: a part is empty", "{place}：有一段为空")),
        );
        let parts: Vec<&str> = whole.into_iter().take_while(|part| *part != "*").collect();
        let overlaps = seen.iter().any(|other| other.starts_with(&parts) || parts.starts_with(other));
        flaws.hold(at, overlaps.then(|| said!("{place} overlaps with another place", "{place} 与另一个位置重叠")));
        seen.push(parts);
    }
}

fn failover(setting: &Field, outlier: bool, flaws: &mut Flaws) {
    let over = setting.items("failover");
    if !outlier && (!over.is_empty() || !setting.items("failoverPriority").is_empty()) {
        flaws.warn(
            setting,
            (
                "failover needs outlierDetection: without it nothing is ever seen to be down",
                "failover 需要 outlierDetection：没有它就永远不会发现故障",
            ),
        );
    }
    for rule in &over {
        let (from, to) = (rule.text("from"), rule.text("to"));
        flaws.never(from == to, rule, ("it fails over to itself", "它故障转移到了自身"));
        flaws.never(
            from.contains(['/', '*']) || to.contains(['/', '*']),
            rule,
            ("failover names regions alone", "failover 只能写区域"),
        );
    }
}

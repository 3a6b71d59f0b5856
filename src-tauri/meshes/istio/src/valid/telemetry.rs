//! Telemetry. Upstream: ValidateTelemetry and what it calls.

use world::said;

use super::{Flaws, selector};
use crate::read::field::Field;

pub(super) fn check(spec: &Field, flaws: &mut Flaws) {
    selector::attachment(spec, flaws);
    for metrics in spec.items("metrics") {
        providers(&metrics, flaws);
        for change in metrics.items("overrides") {
            let custom = change.at("match.customMetric");
            flaws.never(
                custom.is_set() && custom.as_text().is_empty(),
                &custom,
                ("the name of the metric is empty", "指标的名称为空"),
            );
            for (name, tag) in change.entries("tagOverrides") {
                if name.is_empty() {
                    flaws.warn(&tag, ("the name of the tag is empty", "tag 的名称为空"));
                }
                let (removes, value) = (tag.text("operation") == "REMOVE", tag.text("value"));
                flaws.never(
                    !removes && value.is_empty(),
                    &tag,
                    ("the tag is set to nothing; give a value or REMOVE it", "tag 没有值；请给出值，或用 REMOVE 移除"),
                );
                flaws.never(
                    removes && !value.is_empty(),
                    &tag,
                    ("a tag that is removed has no value", "被移除的 tag 不能有值"),
                );
            }
        }
    }
    let tracing = spec.items("tracing");
    if tracing.len() > 1 {
        flaws.warn(&spec.get("tracing"), ("only one entry is used", "只会使用一个条目"));
    }
    for entry in &tracing {
        traced(entry, flaws);
    }
    for logging in spec.items("accessLogging") {
        providers(&logging, flaws);
    }
}

fn providers(of: &Field, flaws: &mut Flaws) {
    for provider in of.items("providers") {
        flaws.never(provider.text("name").is_empty(), &provider, ("the provider needs a name", "提供者需要名称"));
    }
}

fn traced(entry: &Field, flaws: &mut Flaws) {
    if entry.items("providers").len() > 1 {
        flaws.warn(&entry.get("providers"), ("only one provider is used", "只会使用一个提供者"));
    }
    providers(entry, flaws);
    let share = (0.0..=100.0).contains(&entry.number("randomSamplingPercentage"));
    flaws.never(
        !share,
        &entry.get("randomSamplingPercentage"),
        ("a percentage lies between 0 and 100", "百分比应在 0 到 100 之间"),
    );
    for (name, tag) in entry.entries("customTags") {
        flaws.never(name.is_empty() || !tag.is_set(), &tag, ("a tag needs a name and a value", "tag 需要名称和值"));
        for (kind, field) in [("literal", "value"), ("header", "name"), ("environment", "name")] {
            let wrong = tag.has(kind) && tag.get(kind).text(field).is_empty();
            flaws.hold(&tag.get(kind), wrong.then(|| said!("{field} is missing", "缺少 {field}")));
        }
    }
}

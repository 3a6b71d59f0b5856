//! Telemetry. Upstream: ValidateTelemetry and what it calls.

use super::{Flaws, selector};
use crate::read::field::Field;

pub(super) fn check(spec: &Field, flaws: &mut Flaws) {
    selector::attachment(spec, flaws);
    for metrics in spec.items("metrics") {
        providers(&metrics, flaws);
        for change in metrics.items("overrides") {
            let custom = change.at("match.customMetric");
            flaws.never(custom.is_set() && custom.as_text().is_empty(), &custom, "the name of the metric is empty");
            for (name, tag) in change.entries("tagOverrides") {
                if name.is_empty() {
                    flaws.warn(&tag, "the name of the tag is empty");
                }
                let (removes, value) = (tag.text("operation") == "REMOVE", tag.text("value"));
                flaws.never(!removes && value.is_empty(), &tag, "the tag is set to nothing; give a value or REMOVE it");
                flaws.never(removes && !value.is_empty(), &tag, "a tag that is removed has no value");
            }
        }
    }
    let tracing = spec.items("tracing");
    if tracing.len() > 1 {
        flaws.warn(&spec.get("tracing"), "only one entry is used");
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
        flaws.never(provider.text("name").is_empty(), &provider, "the provider needs a name");
    }
}

fn traced(entry: &Field, flaws: &mut Flaws) {
    if entry.items("providers").len() > 1 {
        flaws.warn(&entry.get("providers"), "only one provider is used");
    }
    providers(entry, flaws);
    let share = (0.0..=100.0).contains(&entry.number("randomSamplingPercentage"));
    flaws.never(!share, &entry.get("randomSamplingPercentage"), "a percentage lies between 0 and 100");
    for (name, tag) in entry.entries("customTags") {
        flaws.never(name.is_empty() || !tag.is_set(), &tag, "a tag needs a name and a value");
        for (kind, field) in [("literal", "value"), ("header", "name"), ("environment", "name")] {
            let wrong = tag.has(kind) && tag.get(kind).text(field).is_empty();
            flaws.never(wrong, &tag.get(kind), format!("{field} is missing"));
        }
    }
}

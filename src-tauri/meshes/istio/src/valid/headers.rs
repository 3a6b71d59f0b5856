//! Operations on headers. Upstream: ValidateHTTPHeaderOperationName, ValidateHTTPHeaderValue, header_value_validator.go.

use world::said;

use super::Flaws;
use super::names::Wrong;
use crate::read::field::Field;

/// `headers` of a route or of one of its destinations.
pub(super) fn check(headers: &Field, flaws: &mut Flaws) {
    for (side, request) in [(headers.get("request"), true), (headers.get("response"), false)] {
        for operation in ["add", "set"] {
            for (name, value) in side.entries(operation) {
                let authority =
                    request && (name.eq_ignore_ascii_case("host") || name.eq_ignore_ascii_case(":authority"));
                flaws.hold(&value, name_of(name).filter(|_| !authority || name.is_empty()));
                flaws.hold(&value, content(value.as_text()));
            }
        }
        for removed in side.items("remove") {
            flaws.hold(&removed, name_of(removed.as_text()));
        }
    }
}

fn name_of(name: &str) -> Wrong {
    let wrong = name.is_empty() || name.starts_with(':') || name.eq_ignore_ascii_case("host");
    wrong.then(|| said!("'{name}' is no header that may be changed", "“{name}”不是可以修改的 HTTP 头"))
}

/// Envoy reads `%NAME%` and `%NAME(…)%` as variables and `%%` as a percent sign.
fn content(value: &str) -> Wrong {
    if value.bytes().any(|b| (b < 32 && b != 9) || b == 127) {
        return Some(("the value has control characters", "值中含有控制字符").into());
    }
    let mut rest = value;
    while let Some((_, after)) = rest.split_once('%') {
        if let Some(literal) = after.strip_prefix('%') {
            rest = literal;
            continue;
        }
        let Some(end) = variable_end(after) else {
            return Some(said!(
                "'{value}': a percent sign begins a variable and has no end; write %% for the sign itself",
                "“{value}”：百分号开始了一个变量，却没有结束；百分号本身请写 %%"
            ));
        };
        rest = after.get(end..).unwrap_or_default();
    }
    None
}

/// Where the variable ends that begins here, behind its closing percent sign.
fn variable_end(text: &str) -> Option<usize> {
    let percent = text.find('%');
    match text.find('(') {
        Some(open) if percent.is_none_or(|percent| open < percent) => {
            let close = open + text.get(open..)?.find(')')?;
            let tail = text.get(close + 1..)?;
            let spaces = tail.len() - tail.trim_start_matches(' ').len();
            tail.trim_start_matches(' ').starts_with('%').then_some(close + 1 + spaces + 1)
        }
        _ => percent.map(|percent| percent + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::content;

    #[test]
    fn variables_end() {
        for good in ["", "a", "100%%", "%HOSTNAME%", "a %REQ(x)% b", "%START_TIME(%s)%"] {
            assert_eq!(content(good), None, "{good}");
        }
        for bad in ["100%", "%a", "%START_TIME%%", "%REQ(x", "%REQ(x)", "a\u{1}"] {
            assert!(content(bad).is_some(), "{bad}");
        }
    }
}

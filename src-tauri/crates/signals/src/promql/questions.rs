//! What is asked. `only` narrows every question to one cluster: label matchers such as `cluster="west"`, or nothing.

/// The containers that are proxies.
const PROXIES: &str = r#"container=~"istio-proxy|linkerd-proxy""#;
/// CPU is a rate over this: four scrapes of a minute each fit.
const RATE: &str = "5m";
/// From one rate to the next over days: 336 in a week, of which the 95th percentile leaves out 16. At 10 min the same takes four times as long.
const STEP: &str = "30m";
/// The same of since when there are samples. A sample's own time (`timestamp`) is slow over days: at 75 proxies a genuine Prometheus 2.42 took
/// a minute for it, and one second for the time of each step.
const SEEN: &str = "1h";
/// So many proxies of a namespace are asked of in one query: 3,000 at once take longer than a server grants (`bench days`).
const AT_ONCE: usize = 250;

/// A text as a string of PromQL.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// Whether this is a list of matchers: `name="value"`, `!=`, `=~` or `!~`, with commas in between.
pub fn are_matchers(text: &str) -> bool {
    let mut rest = text.trim();
    while !rest.is_empty() {
        let name = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        if name == 0 || rest.starts_with(|c: char| c.is_ascii_digit()) {
            return false;
        }
        let Some(after) = ["=~", "!~", "!=", "="].iter().find_map(|sign| rest[name..].trim_start().strip_prefix(sign))
        else {
            return false;
        };
        let Some(value) = after.trim_start().strip_prefix('"') else { return false };
        let mut escaped = false;
        let end = value.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let Some(end) = end else { return false };
        rest = value[end + 1..].trim_start();
        match rest.strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None if rest.is_empty() => {}
            None => return false,
        }
    }
    true
}

fn braces(parts: &[&str]) -> String {
    let parts: Vec<&str> =
        parts.iter().map(|part| part.trim().trim_end_matches(',')).filter(|part| !part.is_empty()).collect();
    format!("{{{}}}", parts.join(","))
}

/// Seconds since its newest sample was taken, of what it scrapes itself.
pub fn newest(only: &str) -> String {
    format!("time() - max(timestamp(up{}))", braces(&[only]))
}

/// The same where nothing was scraped in the last minutes: of the last two hours.
pub fn newest_of_long(only: &str) -> String {
    format!("time() - max(max_over_time(timestamp(up{})[2h:1m]))", braces(&[only]))
}

/// The proxies that it has container series of, by namespace and pod.
pub fn containers(only: &str) -> String {
    format!("count by (namespace, pod) (container_memory_working_set_bytes{})", braces(&[PROXIES, only]))
}

/// The workloads that requests to are counted, by namespace and name.
pub fn requests(only: &str) -> String {
    let of = braces(&[only]);
    format!("count by (destination_workload_namespace, destination_workload) (istio_requests_total{of})")
}

/// Of each proxy of a namespace over so long, e.g. `7d`. Several jobs may scrape the same container, and a container that began anew has
/// a series of its own: the most of them counts, not their sum.
pub struct Usage {
    /// Cores, below which it was in 95 of 100 moments.
    pub cpu: String,
    /// Bytes at the most.
    pub memory: String,
    /// Seconds since it was first seen, at the hour; nothing of one that is younger.
    pub seen: String,
}

/// The pods of a namespace in so many parts, by the last letter of their names, as patterns; one empty pattern where one part does.
/// Random ends have 27 letters (k8s.io/apimachinery/pkg/util/rand/rand.go), those of a StatefulSet's pods are digits.
pub fn parts(pods: usize) -> Vec<String> {
    const LETTERS: [char; 36] = [
        'b', 'c', 'd', 'f', 'g', 'h', 'j', 'k', 'l', 'm', 'n', 'p', 'q', 'r', 's', 't', 'v', 'w', 'x', 'z', '2', '4',
        '5', '6', '7', '8', '9', '0', '1', '3', 'a', 'e', 'i', 'o', 'u', 'y',
    ];
    let count = pods.div_ceil(AT_ONCE).clamp(1, LETTERS.len());
    if count == 1 {
        return vec![String::new()];
    }
    let part = |nth: usize| LETTERS.iter().skip(nth).step_by(count).collect::<String>();
    (0..count).map(|nth| format!("pod=~\".*[{}]\"", part(nth))).collect()
}

/// What proxies of a namespace used, or one part of them ([`parts`]).
pub fn usage(namespace: &str, part: &str, over: &str, only: &str) -> Usage {
    let of = braces(&[&format!("namespace={}", quoted(namespace)), part, PROXIES, only]);
    let each = "by (namespace, pod)";
    Usage {
        cpu: format!(
            "max {each} (quantile_over_time(0.95, rate(container_cpu_usage_seconds_total{of}[{RATE}])[{over}:{STEP}]))"
        ),
        memory: format!("max {each} (max_over_time(container_memory_working_set_bytes{of}[{over}]))"),
        seen: format!(
            "time() - min {each} (min_over_time((time() + 0 * container_memory_working_set_bytes{of})[{over}:{SEEN}]))"
        ),
    }
}

/// Of some proxies at each moment: all together, the most of one, and how many were measured.
pub struct Curve {
    /// Cores.
    pub cpu: [String; 3],
    /// Bytes.
    pub memory: [String; 3],
}

/// What the proxies of a workload used over time, whose pods match a pattern.
pub fn curve(namespace: &str, pods: &str, only: &str) -> Curve {
    curve_of(&[&format!("namespace={}", quoted(namespace)), &format!("pod=~{}", quoted(pods)), PROXIES, only])
}

/// What the proxies of a namespace used, those of one part of their pods ([`parts`]).
pub fn curve_of_part(namespace: &str, part: &str, only: &str) -> Curve {
    curve_of(&[&format!("namespace={}", quoted(namespace)), part, PROXIES, only])
}

/// What the proxies of a mesh used, whose containers have these names, those of one part of their pods.
pub fn curve_of_mesh(containers: &[&str], part: &str, only: &str) -> Curve {
    curve_of(&[part, &format!("container=~{}", quoted(&containers.join("|"))), only])
}

fn curve_of(matchers: &[&str]) -> Curve {
    let of = braces(matchers);
    let each = "max by (namespace, pod)";
    let cpu = format!("{each} (rate(container_cpu_usage_seconds_total{of}[{RATE}]))");
    let memory = format!("{each} (container_memory_working_set_bytes{of})");
    let all = |each: String| [format!("sum({each})"), format!("max({each})"), format!("count({each})")];
    Curve { cpu: all(cpu), memory: all(memory) }
}

/// The pods that a workload of this kind makes, as a pattern of their names (kubernetes, apiserver/pkg/storage/names/generate.go for the
/// random ends; pkg/controller/statefulset/stateful_set_utils.go for the numbers).
pub fn pods_of(kind: &str, name: &str) -> String {
    let name: String = name.chars().map(|c| if c == '.' { r"\.".to_owned() } else { c.to_string() }).collect();
    match kind {
        "Deployment" => format!("{name}-[a-z0-9]{{1,10}}-[a-z0-9]{{5}}"),
        "StatefulSet" => format!("{name}-[0-9]+"),
        "Pod" => name,
        _ => format!("{name}-[a-z0-9]{{5}}"),
    }
}

/// Requests and the times of their answers that Istio's proxies counted over the last so many seconds: how much they grew.
pub fn growth(metric: &str, also: &str, seconds: u32, only: &str) -> String {
    let of = braces(&[only]);
    format!(
        "sum by (reporter, source_workload, source_workload_namespace, destination_service, destination_workload, \
         destination_workload_namespace, request_protocol, connection_security_policy, {also}) (increase({metric}{of}[{seconds}s]))"
    )
}

/// At which times requests were counted at all.
pub fn was_counted(only: &str) -> String {
    format!("count(istio_requests_total{})", braces(&[only]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_may_narrow() {
        for (text, expected) in [
            ("", true),
            ("cluster=\"west\"", true),
            ("cluster=~\"w.*\", region != \"a\\\"}b\" ,", true),
            ("cluster=\"west\"}) or vector(1)", false),
            ("cluster=west", false),
            ("cluster=\"west", false),
            ("1a=\"b\"", false),
            ("{a=\"b\"}", false),
            ("a=\"b\" c=\"d\"", false),
            ("=\"b\"", false),
        ] {
            assert_eq!(are_matchers(text), expected, "{text}");
        }
        assert_eq!(
            containers("cluster=\"west\","),
            "count by (namespace, pod) (container_memory_working_set_bytes{container=~\"istio-proxy|linkerd-proxy\",cluster=\"west\"})"
        );
        assert_eq!(newest(""), "time() - max(timestamp(up{}))");
    }

    #[test]
    fn pods_by_the_name_of_their_workload() {
        for (kind, name, pattern) in [
            ("Deployment", "reviews-v1", "reviews-v1-[a-z0-9]{1,10}-[a-z0-9]{5}"),
            ("StatefulSet", "db.a", r"db\.a-[0-9]+"),
            ("DaemonSet", "ztunnel", "ztunnel-[a-z0-9]{5}"),
        ] {
            assert_eq!(pods_of(kind, name), pattern);
        }
    }

    #[test]
    fn every_pod_is_in_one_part() {
        assert_eq!((parts(0), parts(250)), (vec![String::new()], vec![String::new()]));
        let some = parts(1500);
        assert_eq!((some.len(), some[0].as_str()), (6, "pod=~\".*[bjqx7a]\""));
        for pods in [251, 3000, 10_000, 1_000_000] {
            let all: Vec<char> =
                parts(pods).iter().flat_map(|part| part[9..part.len() - 2].chars().collect::<Vec<_>>()).collect();
            let mut once = all.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!((all.len(), once.len()), (36, 36), "{pods}");
        }
        assert!(usage("shop", &some[1], "7d", "").memory.contains("{namespace=\"shop\",pod=~\".*[c"));
    }

    proptest! {
        #[test]
        fn no_value_leaves_its_quotes(text in "\\PC*|[\"\\\\{}\n,=~]{0,20}") {
            let matcher = format!("a={}", quoted(&text));
            prop_assert!(are_matchers(&matcher), "{}", matcher);
            are_matchers(&text);
        }
    }
}

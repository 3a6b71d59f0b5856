//! Of configurations that are as large as a mesh no more than a part is built at a time: measured as the process grows. In a program of its
//! own, for what others build would count.
#![cfg(all(test, target_os = "linux"))]

use std::fmt::Write as _;
use std::fs;

/// Bytes that the process had at the most since it was told to forget, and has now.
fn memory() -> (f64, f64) {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().parse::<f64>().unwrap() * 1024.0
    };
    (of("VmHWM:"), of("VmRSS:"))
}

/// How much more than before the process had at the most while this was done.
fn grew<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let before = memory().1;
    // proc(5): 5 resets the peak.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let done = work();
    ((memory().0 - before).max(0.0), done)
}

/// As an Envoy writes it: clusters of some 2 KB.
fn configuration(clusters: usize) -> String {
    let names: String = (0..20).fold(String::new(), |mut all, n| {
        let _ = write!(all, r#"{{"exact": "spiffe://cluster.local/ns/namespace-{n}/sa/account-of-some-length"}},"#);
        all
    });
    let mut all = String::from(r#"{"configs": [{"dynamic_active_clusters": ["#);
    for n in 0..clusters {
        let comma = if n == 0 { "" } else { "," };
        let _ = write!(
            all,
            r#"{comma}{{"version_info": "1", "cluster": {{"name": "outbound|80||service-{n}.shop.svc.cluster.local", "type": "EDS",
            "transport_socket": {{"match": [{names}{{}}]}}, "password": "hidden"}}}}"#
        );
    }
    all + "]}]}"
}

#[test]
fn a_large_configuration_is_compared_and_written_a_part_at_a_time() {
    let (held, sent) = (configuration(6000), configuration(5999));
    let size = held.len() as f64;
    assert!(size > 1e7, "{size}");
    let copy = held.clone();
    let (grown, parts) = grew(|| signals::compare::compare(sent.as_bytes(), held.as_bytes()).unwrap());
    assert_eq!(parts.len(), 6000);
    assert_eq!(parts[0].name, "outbound|80||service-5999.shop.svc.cluster.local", "what differs comes first");
    assert!(grown < size * 0.5, "comparing took {grown} bytes beside two texts of {size}");
    let (grown, written) = grew(|| signals::redacted(copy.as_bytes()).unwrap());
    assert!(!written.contains("hidden") && written.len() as f64 > size);
    // The text that is written is larger than what is read, for it is indented, and grows by doubling.
    let text = written.capacity() as f64;
    assert!(grown < text * 1.6, "writing took {grown} bytes for a text of {text}");
}

//! Amounts as Kubernetes writes them.

/// A Kubernetes quantity (`100m`, `128Mi`, `1.5`, `2e3`) in units; `None` where it is none.
/// Upstream: k8s.io/apimachinery/pkg/api/resource/quantity.go.
pub fn parse_quantity(text: &str) -> Option<f64> {
    const SUFFIXES: [(&str, f64); 15] = [
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("Pi", 1_125_899_906_842_624.0),
        ("Ei", 1_152_921_504_606_846_976.0),
        ("n", 1e-9),
        ("u", 1e-6),
        ("m", 1e-3),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
        ("E", 1e18),
    ];
    let text = text.trim();
    let scaled = SUFFIXES.iter().find_map(|(suffix, scale)| {
        text.strip_suffix(suffix).and_then(|number| number.parse::<f64>().ok()).map(|number| number * scale)
    });
    scaled.or_else(|| text.parse().ok()).filter(|q| q.is_finite() && *q >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities() {
        for (text, expected) in
            [("100m", 0.1), ("128Mi", 134_217_728.0), ("1.5", 1.5), ("2e3", 2000.0), ("250000n", 0.00025), ("1E", 1e18)]
        {
            assert_eq!(parse_quantity(text), Some(expected), "{text}");
        }
        for text in ["", "abc", "-1", "1 Mi", "NaN", "Mi"] {
            assert_eq!(parse_quantity(text), None, "{text}");
        }
    }
}

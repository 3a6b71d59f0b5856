//! Codes of istioctl and Kiali that no rule of ours stands for, each with the reason.

use mesh::{Foreign, Level};

/// By code.
pub(crate) const FOREIGN: &[Foreign] = &[
    Foreign {
        code: "KIA0001",
        level: None,
        what: ("Retired; it is left in a comment of Kiali alone.", "已停用，只剩在 Kiali 的一条注释中。"),
        because: ("Kiali no longer emits it.", "Kiali 已不再发出它。"),
    },
    Foreign {
        code: "KIA0107",
        level: Some(Level::Info),
        what: ("A principal's service account lives in another cluster.", "身份的服务账号在另一个集群中。"),
        because: (
            "Netloft looks at one cluster at a time: an account of another one cannot be told from one that is missing, and policy-principal-unknown says so.",
            "Netloft 一次只看一个集群：另一个集群的账号与缺失的账号无法区分，由 policy-principal-unknown 说明。",
        ),
    },
    Foreign {
        code: "KIA0401",
        level: Some(Level::Error),
        what: (
            "The mesh is STRICT and no DestinationRule for the whole mesh turns mutual TLS on.",
            "整个网格为 STRICT，却没有面向整个网格的 DestinationRule 打开双向 TLS。",
        ),
        because: (
            "Proxies use mutual TLS by themselves wherever the other end takes it (auto mTLS); such a DestinationRule is not needed.",
            "只要对端接受，代理会自动使用双向 TLS（auto mTLS），不需要这样的 DestinationRule。",
        ),
    },
    Foreign {
        code: "KIA0501",
        level: Some(Level::Error),
        what: (
            "A namespace is STRICT and no DestinationRule for it turns mutual TLS on.",
            "命名空间为 STRICT，却没有面向它的 DestinationRule 打开双向 TLS。",
        ),
        because: (
            "Proxies use mutual TLS by themselves wherever the other end takes it (auto mTLS); such a DestinationRule is not needed.",
            "只要对端接受，代理会自动使用双向 TLS（auto mTLS），不需要这样的 DestinationRule。",
        ),
    },
    Foreign {
        code: "KIA1201",
        level: None,
        what: ("Retired; it is left in Kiali's documentation alone.", "已停用，只剩在 Kiali 的文档中。"),
        because: ("Kiali no longer emits it.", "Kiali 已不再发出它。"),
    },
];

#[cfg(test)]
mod tests {
    use super::FOREIGN;

    #[test]
    fn each_code_once_and_never_beside_a_rule() {
        for (at, foreign) in FOREIGN.iter().enumerate() {
            assert!(FOREIGN.get(at + 1).is_none_or(|next| foreign.code < next.code), "{} is in order", foreign.code);
            let rule = super::super::ALL.iter().find(|(rule, _)| rule.aliases.contains(&foreign.code));
            assert!(rule.is_none(), "{} has a rule", foreign.code);
            for text in [foreign.what.0, foreign.because.0] {
                assert!(text.ends_with('.'), "{text}");
            }
            for text in [foreign.what.1, foreign.because.1] {
                assert!(text.ends_with('。'), "{text}");
            }
        }
    }
}

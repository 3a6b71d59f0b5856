//! Codes of istioctl and Kiali that no rule of ours stands for, each with the reason.

use mesh::{Foreign, Level};

/// By code.
pub(crate) const FOREIGN: &[Foreign] = &[
    Foreign {
        code: "IST0001",
        level: Some(Level::Error),
        what: ("The tool itself is broken.", "工具自身出错。"),
        because: (
            "It is about istioctl; a defect of Netloft is told as one.",
            "它针对 istioctl 自身；Netloft 的缺陷会另行说明。",
        ),
    },
    Foreign {
        code: "IST0136",
        level: Some(Level::Info),
        what: ("An annotation is marked alpha.", "注解处于 alpha 阶段。"),
        because: (
            "Nearly every annotation of Istio is, the most used among them; istioctl analyze does not run this check either.",
            "Istio 的注解几乎都是如此，包括最常用的；istioctl analyze 也不运行这项检查。",
        ),
    },
    Foreign {
        code: "IST0141",
        level: Some(Level::Error),
        what: ("The right to install something is missing.", "缺少安装所需的权限。"),
        because: (
            "It is a check before an installation or upgrade, which Netloft does not do; istioctl analyze does not say it either.",
            "它是安装或升级前的检查，Netloft 不做安装；istioctl analyze 也不会给出。",
        ),
    },
    Foreign {
        code: "IST0142",
        level: Some(Level::Error),
        what: ("Kubernetes is older than Istio supports.", "Kubernetes 版本低于 Istio 的要求。"),
        because: (
            "It is a check before an installation or upgrade, which Netloft does not do; istioctl analyze does not say it either.",
            "它是安装或升级前的检查，Netloft 不做安装；istioctl analyze 也不会给出。",
        ),
    },
    Foreign {
        code: "IST0143",
        level: Some(Level::Error),
        what: ("A container listens on localhost alone.", "容器只监听 localhost。"),
        because: (
            "It is found by looking into the network of running pods, before an upgrade from Istio 1.9 or older; no object says it.",
            "需要查看运行中 Pod 的网络，且只用于从 Istio 1.9 或更早版本升级之前；没有对象会说明这一点。",
        ),
    },
    Foreign {
        code: "IST0156",
        level: Some(Level::Error),
        what: (
            "The installed Gateway API is older than Istio supports.",
            "已安装的 Gateway API 版本低于 Istio 的要求。",
        ),
        because: (
            "It is a check before an installation; gateway-api-crd-old says it of each kind that is there.",
            "它是安装前的检查；gateway-api-crd-old 会针对每个已有的类型说明。",
        ),
    },
    Foreign {
        code: "IST0168",
        level: Some(Level::Warning),
        what: ("What an upgrade would change is not known.", "无法得知升级会改变什么。"),
        because: (
            "It is a check before an installation or upgrade, which Netloft does not do; istioctl analyze does not say it either.",
            "它是安装或升级前的检查，Netloft 不做安装；istioctl analyze 也不会给出。",
        ),
    },
    Foreign {
        code: "IST0169",
        level: Some(Level::Warning),
        what: ("An upgrade would change how something behaves.", "升级会改变某项行为。"),
        because: (
            "It is a check before an installation or upgrade, which Netloft does not do; istioctl analyze does not say it either.",
            "它是安装或升级前的检查，Netloft 不做安装；istioctl analyze 也不会给出。",
        ),
    },
    Foreign {
        code: "IST0170",
        level: Some(Level::Warning),
        what: ("A Service is another in another cluster.", "同名 Service 在不同集群中不一致。"),
        because: ("Netloft looks at one cluster at a time.", "Netloft 一次只看一个集群。"),
    },
    Foreign {
        code: "IST0172",
        level: Some(Level::Warning),
        what: (
            "The installed Gateway API will soon be too old for Istio.",
            "已安装的 Gateway API 版本即将不被 Istio 支持。",
        ),
        because: (
            "It is a check before an installation or upgrade, which Netloft does not do; istioctl analyze does not say it either.",
            "它是安装或升级前的检查，Netloft 不做安装；istioctl analyze 也不会给出。",
        ),
    },
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

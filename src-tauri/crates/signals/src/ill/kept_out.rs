//! Pods that are not there because a webhook kept them out.

use world::{Said, said};

use super::mesh::Found;
use super::{Diagnosis, Grave, Whole};
use crate::kept_out::Why;

pub(super) const WEBHOOK_REFUSES: Diagnosis = Diagnosis {
    code: "webhook-refuses",
    grave: Grave::Bad,
    what: "A webhook refuses pods, so they are not there.",
    next: "Do what it asks for, or change its policy; the pods come by themselves then.",
    zh: ("某个 webhook 拒绝了 Pod，因此它们不存在。", "请满足它的要求，或修改其策略；之后 Pod 会自行出现。"),
};

pub(super) const WEBHOOK_FAILS: Diagnosis = Diagnosis {
    code: "webhook-fails",
    grave: Grave::Bad,
    what: "A webhook cannot be asked, and pods are not made without it.",
    next: "Look whether what it calls runs and is reached from the API server; delete the webhook where nobody needs it any more.",
    zh: (
        "某个 webhook 无法调用，而没有它就不会创建 Pod。",
        "请检查它所调用的服务是否运行、API 服务器能否访问；若已无人需要，请删除此 webhook。",
    ),
};

pub(super) const WEBHOOK_CERTIFICATE: Diagnosis = Diagnosis {
    code: "webhook-certificate",
    grave: Grave::Bad,
    what: "The API server does not trust a webhook's certificate, and pods are not made without it.",
    next: "Its caBundle is not of those who signed the certificate: restart istiod, which writes it; look who else does.",
    zh: (
        "API 服务器不信任某个 webhook 的证书，而没有它就不会创建 Pod。",
        "其 caBundle 与签发该证书者不符：请重启会写入它的 istiod，并检查还有谁在写。",
    ),
};

/// Those of one sort: what is missing, and which webhook said what.
fn of(whole: &Whole<'_>, why: Why) -> Found {
    let kept = whole.kept_out.iter().filter(|kept| kept.why == why);
    let told = |kept: &crate::KeptOut| -> Said {
        match kept.words.as_str() {
            "" => said!("{} gives no reason", "{} 没有给出原因", kept.webhook),
            words => format!("{}: {words}", kept.webhook).into(),
        }
    };
    kept.map(|kept| (vec![told(kept)], Some(kept.owner.clone()))).collect()
}

pub(super) fn refuses(whole: &Whole<'_>) -> Found {
    of(whole, Why::Denied)
}

pub(super) fn fails(whole: &Whole<'_>) -> Found {
    of(whole, Why::Failed)
}

pub(super) fn untrusted(whole: &Whole<'_>) -> Found {
    of(whole, Why::Untrusted)
}

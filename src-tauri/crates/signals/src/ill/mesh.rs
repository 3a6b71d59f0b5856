//! What ails the mesh as a whole, not one proxy: its webhooks and its control plane. One line of the table each.

use std::collections::HashMap;

use base64::Engine;
use serde_json::Value;
use world::{Coverage, Document, ObjectKey, Said, World, said};

use super::{Diagnosis, Grave, Ill, kept_out, pushes};
use crate::certificate::known_by;
use crate::strain::Strain;
use crate::{Complaint, KeptOut};

/// What is known of the whole mesh.
#[derive(Clone, Copy, Debug)]
pub struct Whole<'a> {
    /// Its objects.
    pub world: &'a World,
    /// The roots that most proxies trust; empty where none is known.
    pub root: &'a str,
    /// How each istiod did lately, by `namespace/pod`.
    pub strains: &'a HashMap<String, Strain>,
    /// The share of time in which its CPU limit stopped a container, by namespace and pod.
    pub throttled: &'a HashMap<(String, String), f64>,
    /// Pods that webhooks keep out.
    pub kept_out: &'a [KeptOut],
    /// What istiods complain of in their pushes.
    pub complaints: &'a [Complaint],
}

/// What is found: the evidence, and the object behind it.
pub(super) type Found = Vec<(Vec<Said>, Option<ObjectKey>)>;

/// A look at the whole.
type Check = fn(&Whole<'_>) -> Found;

/// Every diagnosis of the mesh with its check.
pub const MESH_TABLE: [(&Diagnosis, Check); 8] = [
    (&kept_out::WEBHOOK_CERTIFICATE, kept_out::untrusted),
    (&kept_out::WEBHOOK_FAILS, kept_out::fails),
    (&kept_out::WEBHOOK_REFUSES, kept_out::refuses),
    (&WEBHOOK_DOWN, webhook_down),
    (&WEBHOOK_UNTRUSTED, webhook_untrusted),
    (&CONTROL_PLANE_BUSY, control_plane_busy),
    (&pushes::CONFLICT, pushes::conflicts),
    (&pushes::NOBODY_BEHIND, pushes::nobody_behind),
];

const WEBHOOK_DOWN: Diagnosis = Diagnosis {
    code: "webhook-down",
    grave: Grave::Bad,
    what: "Nobody answers a webhook of the mesh.",
    next: "Look whether istiod of that revision runs and is ready; delete the webhook where that revision is gone.",
    zh: ("网格的一个 webhook 无人应答。", "请检查该版本的 istiod 是否运行并就绪；若该版本已移除，请删除此 webhook。"),
};

const WEBHOOK_UNTRUSTED: Diagnosis = Diagnosis {
    code: "webhook-untrusted",
    grave: Grave::Warn,
    what: "A webhook of the mesh is told to trust another root than the mesh has.",
    next: "Restart istiod, which writes its root into the webhook; look who else writes caBundle.",
    zh: (
        "网格的一个 webhook 所信任的根证书与网格的不同。",
        "请重启 istiod，它会把自己的根证书写入 webhook；并检查还有谁在写 caBundle。",
    ),
};

const CONTROL_PLANE_BUSY: Diagnosis = Diagnosis {
    code: "control-plane-busy",
    grave: Grave::Warn,
    what: "An istiod does not keep up: changes reach the proxies late.",
    next: "Give it more CPU or another replica, or let proxies know less by Sidecar objects.",
    zh: ("某个 istiod 跟不上：更改到达代理太迟。", "请为它增加 CPU 或副本，或用 Sidecar 对象让代理知道得更少。"),
};

/// At least so many pushes tell something.
const ENOUGH: f64 = 10.0;
/// A share that an operator feels.
const OFTEN: f64 = 0.1;
/// An istiod that is stopped for this share of the time is short of CPU.
const STOPPED: f64 = 0.25;

/// Everything that ails the mesh as a whole.
pub fn diagnose_mesh(whole: &Whole<'_>) -> Vec<Ill> {
    let of = |(diagnosis, check): (&'static Diagnosis, Check)| {
        check(whole).into_iter().map(move |(evidence, object)| Ill { diagnosis, evidence, object })
    };
    MESH_TABLE.into_iter().flat_map(of).collect()
}

/// A webhook of Istio: (its configuration, its name, its service, what happens where nobody answers).
struct Webhook<'a> {
    of: &'a Document,
    name: &'a str,
    service: (&'a str, &'a str),
    fails: bool,
    bundle: &'a str,
}

/// Istio's webhooks call `/inject…` and `/validate…` of a Service.
fn webhooks(world: &World) -> Vec<Webhook<'_>> {
    let kinds = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];
    let mut all = Vec::new();
    for of in kinds.into_iter().flat_map(|kind| world.documents_of("admissionregistration.k8s.io", kind)) {
        for webhook in of.at("/webhooks").and_then(Value::as_array).into_iter().flatten() {
            let text = |pointer: &str| webhook.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let path = text("/clientConfig/service/path");
            if text("/name").ends_with("istio.io") && (path.starts_with("/inject") || path.starts_with("/validate")) {
                all.push(Webhook {
                    of,
                    name: text("/name"),
                    service: (text("/clientConfig/service/namespace"), text("/clientConfig/service/name")),
                    fails: text("/failurePolicy") != "Ignore",
                    bundle: text("/clientConfig/caBundle"),
                });
            }
        }
    }
    all
}

/// Once for each configuration: its webhooks share their service.
fn each(mut found: Found) -> Found {
    found.dedup_by(|later, first| later.1 == first.1);
    found
}

fn webhook_down(whole: &Whole<'_>) -> Found {
    let world = whole.world;
    if [("", "Pod"), ("", "Service")].iter().any(|(group, kind)| world.coverage(group, kind) != Coverage::Ready) {
        return Vec::new();
    }
    let down = webhooks(world).into_iter().filter_map(|webhook| {
        let (namespace, name) = webhook.service;
        let silent = match world.service(namespace, name) {
            None => said!("there is no Service {namespace}/{name}", "没有 Service {namespace}/{name}"),
            // Its endpoints are kept by hand: the control plane runs elsewhere, and nothing here tells whether it answers.
            Some(service) if service.selector.is_empty() => return None,
            Some(service) => {
                let ready =
                    world.pods_in(namespace).any(|pod| pod.ready && world::selects(&service.selector, &pod.labels));
                (!ready).then(|| {
                    said!(
                        "no pod behind Service {namespace}/{name} is ready",
                        "Service {namespace}/{name} 后面没有就绪的 Pod"
                    )
                })?
            }
        };
        let then = if webhook.fails {
            said!(
                "what it is asked about is refused (failurePolicy: Fail)",
                "需要询问它的请求会被拒绝（failurePolicy: Fail）"
            )
        } else {
            said!(
                "what it is asked about passes without it (failurePolicy: Ignore)",
                "需要询问它的请求会不经它而通过（failurePolicy: Ignore）"
            )
        };
        Some((vec![Said::of(webhook.name, silent), then], Some(webhook.of.key.clone())))
    });
    each(down.collect())
}

/// An empty bundle is not judged: istiod may be about to write it.
fn webhook_untrusted(whole: &Whole<'_>) -> Found {
    if whole.root.is_empty() {
        return Vec::new();
    }
    let other = webhooks(whole.world).into_iter().filter_map(|webhook| {
        let pem = base64::engine::general_purpose::STANDARD.decode(webhook.bundle).ok()?;
        let trusted = known_by(&pem);
        let shares = trusted.split(' ').any(|root| whole.root.split(' ').any(|own| own == root));
        let evidence = || {
            said!(
                "{}: caBundle is {trusted}, the proxies trust {}",
                "{}：caBundle 是 {trusted}，代理信任 {}",
                webhook.name,
                whole.root
            )
        };
        (!trusted.is_empty() && !shares).then(|| (vec![evidence()], Some(webhook.of.key.clone())))
    });
    each(other.collect())
}

fn control_plane_busy(whole: &Whole<'_>) -> Found {
    let share = |share: f64| format!("{:.0} %", share * 100.0);
    let mut all: Vec<(String, Vec<Said>)> = Vec::new();
    for (name, strain) in whole.strains.iter().filter(|(_, strain)| strain.pushes >= ENOUGH) {
        let mut evidence = Vec::new();
        if strain.late >= OFTEN {
            evidence.push(said!(
                "{name}: {} of {} pushes took longer than 5 s",
                "{name}：{1} 次推送中有 {0} 超过 5 s",
                share(strain.late),
                strain.pushes
            ));
        }
        if strain.queued >= OFTEN {
            evidence.push(said!(
                "{name}: {} of the proxies waited longer than 1 s for their turn",
                "{name}：{} 的代理等待超过 1 s 才轮到",
                share(strain.queued)
            ));
        }
        all.push((name.clone(), evidence));
    }
    for ((namespace, pod), stopped) in whole.throttled.iter().filter(|(_, stopped)| **stopped >= STOPPED) {
        let plane = whole.world.pod(namespace, pod).is_some_and(|pod| crate::health::is_istiod(pod));
        if plane {
            let name = format!("{namespace}/{pod}");
            let line = said!(
                "{name}: its CPU limit stops it in {} of the time",
                "{name}：CPU 上限在 {} 的时间里使它停下",
                share(*stopped)
            );
            all.push((name, vec![line]));
        }
    }
    all.sort();
    all.into_iter().filter(|(_, evidence)| !evidence.is_empty()).map(|(_, evidence)| (evidence, None)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use world::{Change, Object, Origin, Pod, Service};

    use super::*;
    use crate::Why;

    const ROOT: &str = include_str!("root.pem");

    fn put(body: Value) -> Change {
        Change::Put(Object::read(body, Origin::Draft).unwrap())
    }

    fn configuration(kind: &str, policy: &str, pem: &str) -> Change {
        let bundle = base64::engine::general_purpose::STANDARD.encode(pem);
        let client =
            json!({"service": {"name": "istiod", "namespace": "istio-system", "path": "/inject"}, "caBundle": bundle});
        let webhook =
            |name: &str| json!({"name": format!("{name}.istio.io"), "failurePolicy": policy, "clientConfig": client});
        put(json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": "istio-x"},
            "webhooks": [webhook("a"), webhook("b"), {"name": "other.example.com", "clientConfig": {"url": "https://x"}}]}))
    }

    fn istiod(ready: bool) -> [Change; 2] {
        let labels = world::Labels::from([("app".to_owned(), "istiod".to_owned())]);
        let pod = Pod {
            namespace: "istio-system".into(),
            name: "istiod-1".into(),
            labels: labels.clone(),
            ready,
            phase: "Running".into(),
            ..Pod::default()
        };
        let service =
            Service { namespace: "istio-system".into(), name: "istiod".into(), selector: labels, ..Service::default() };
        [Change::Put(Object::Pod(pod)), Change::Put(Object::Service(service))]
    }

    fn world(changes: impl IntoIterator<Item = Change>) -> World {
        let ready = |world: World, kind: &str| world.covering("", kind, Coverage::Ready);
        ["Pod", "Service"].into_iter().fold(World::new().after(changes), ready)
    }

    fn found(world: &World, root: &str, strain: Option<Strain>, throttled: f64) -> Vec<String> {
        kept(world, root, strain, throttled, &[])
    }

    fn kept(world: &World, root: &str, strain: Option<Strain>, throttled: f64, kept_out: &[KeptOut]) -> Vec<String> {
        let strains = strain.map(|strain| ("istio-system/istiod-1".to_owned(), strain)).into_iter().collect();
        let throttled = HashMap::from([(("istio-system".to_owned(), "istiod-1".to_owned()), throttled)]);
        let ills =
            diagnose_mesh(&Whole { world, root, strains: &strains, throttled: &throttled, kept_out, complaints: &[] });
        ills.into_iter().map(|ill| format!("{} {}", ill.diagnosis.code, Said::joined(&ill.evidence, "; "))).collect()
    }

    #[test]
    fn a_webhook_that_nobody_answers() {
        let well = world(istiod(true).into_iter().chain([configuration("MutatingWebhookConfiguration", "Fail", "")]));
        assert_eq!(found(&well, "", None, 0.0), Vec::<String>::new());
        let down = world(istiod(false).into_iter().chain([configuration("MutatingWebhookConfiguration", "Fail", "")]));
        let said = found(&down, "", None, 0.0);
        assert!(
            said.len() == 1
                && said[0].contains("no pod behind Service istio-system/istiod")
                && said[0].contains("refused"),
            "{said:?}"
        );
        let gone = world([configuration("ValidatingWebhookConfiguration", "Ignore", "")]);
        let said = found(&gone, "", None, 0.0);
        assert!(said.len() == 1 && said[0].contains("there is no Service") && said[0].contains("passes"), "{said:?}");
        let elsewhere = Service { namespace: "istio-system".into(), name: "istiod".into(), ..Service::default() };
        let elsewhere = world([
            configuration("ValidatingWebhookConfiguration", "Fail", ""),
            Change::Put(Object::Service(elsewhere)),
        ]);
        assert_eq!(found(&elsewhere, "", None, 0.0), Vec::<String>::new(), "the control plane of another cluster");
        let unread = World::new().after([configuration("ValidatingWebhookConfiguration", "Fail", "")]).covering(
            "",
            "Service",
            Coverage::Loading,
        );
        assert_eq!(found(&unread, "", None, 0.0), Vec::<String>::new(), "services are not known");
    }

    #[test]
    fn a_webhook_that_trusts_another_root() {
        let with = world(istiod(true).into_iter().chain([configuration("MutatingWebhookConfiguration", "Fail", ROOT)]));
        let own = known_by(ROOT.as_bytes());
        assert_eq!(own.len(), 16);
        assert_eq!(found(&with, &own, None, 0.0), Vec::<String>::new());
        assert_eq!(
            found(&with, &format!("0123456789abcdef {own}"), None, 0.0),
            Vec::<String>::new(),
            "roots are being exchanged"
        );
        let said = found(&with, "0123456789abcdef", None, 0.0);
        assert!(said.len() == 1 && said[0].starts_with("webhook-untrusted"), "{said:?}");
        assert_eq!(found(&with, "", None, 0.0), Vec::<String>::new(), "no root is known");
    }

    #[test]
    fn pods_that_a_webhook_keeps_out() {
        let out = |why, words: &str| KeptOut {
            owner: ObjectKey::new("apps", "Deployment", "shop", "a"),
            webhook: "images.example.com".into(),
            why,
            words: words.into(),
        };
        let all = [out(Why::Denied, ""), out(Why::Failed, "no route"), out(Why::Untrusted, "x509: unknown")];
        assert_eq!(
            kept(&World::new(), "", None, 0.0, &all),
            [
                "webhook-certificate images.example.com: x509: unknown",
                "webhook-fails images.example.com: no route",
                "webhook-refuses images.example.com gives no reason"
            ]
        );
    }

    #[test]
    fn an_istiod_that_does_not_keep_up() {
        let well = world(istiod(true));
        let strain = |pushes, late, queued| Some(Strain { pushes, late, queued });
        assert_eq!(found(&well, "", strain(100.0, 0.02, 0.0), 0.1), Vec::<String>::new());
        assert_eq!(found(&well, "", strain(4.0, 0.9, 0.9), 0.0), Vec::<String>::new(), "too few to tell");
        let said = found(&well, "", strain(100.0, 0.31, 0.2), 0.4);
        assert!(said.iter().any(|line| line.contains("31 % of 100 pushes")), "{said:?}");
        assert!(said.iter().any(|line| line.contains("stops it in 40 %")), "{said:?}");
    }

    #[test]
    fn every_code_is_its_own_and_says_what_to_do() {
        let mut codes: Vec<_> = super::super::TABLE
            .iter()
            .map(|(d, _)| *d)
            .chain(MESH_TABLE.iter().map(|(d, _)| *d))
            .map(|d| d.code)
            .collect();
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all);
        assert!(MESH_TABLE.iter().all(|(d, _)| d.what.ends_with('.')
            && d.next.ends_with('.')
            && d.zh.0.ends_with('。')
            && d.zh.1.ends_with('。')));
    }
}

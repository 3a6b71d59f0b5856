//! Which object made a proxy refuse its configuration. A refusal says what Envoy could not take, in Envoy's words; sometimes it repeats the
//! part, in whose metadata Istio names the object. So the objects that reach the proxy and make some of the refused type are asked, in this
//! order: is it named, does it say what the refusal says, is there no other, was it written right before. How sure that is, is said.

#[cfg(test)]
mod cases;
mod kinds;
mod words;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use world::{Document, Labels, ObjectKey, Said, World, said};

use crate::nack::Nack;
use kinds::{KINDS, Kind};
pub(crate) use words::objects;

/// istiod sends a change within its debounce time (istio pilot/pkg/features, `PILOT_DEBOUNCE_MAX`: 10 s): what was written longer before
/// the refused configuration was sent had been sent before. Seconds.
const DEBOUNCE: i64 = 12;
/// What it weighs that a refusal speaks of what this kind alone makes.
const TOPIC: usize = 20;
/// What it weighs that the refused part is about its host or its port, or was made of it: less than any word, for others change such a part
/// too, and the reason is of one of them.
const HINT: usize = 3;

/// An object, and why it is thought to be the cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Culprit {
    /// The object.
    pub object: ObjectKey,
    /// Why it, in one sentence.
    pub because: Said,
    /// Nothing that the proxy says leads to it alone: it is the likeliest by the host or the port of what was refused, by when it was written, or
    /// by its kind.
    pub is_guess: bool,
}

/// The proxy that refused.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Namespace of the pod.
    pub namespace: &'a str,
    /// Labels of the pod.
    pub labels: &'a Labels,
    /// Where objects for the whole mesh lie.
    pub root: &'a str,
}

/// The objects of a world that may be the cause of a refusal. What thousands of proxies refuse alike is looked for once.
#[derive(Debug)]
pub struct Suspects {
    world: World,
    all: OnceLock<Vec<Suspect>>,
    ranked: Mutex<HashMap<Nack, Arc<[Rank]>>>,
}

#[derive(Debug)]
struct Suspect {
    kind: &'static Kind,
    document: Arc<Document>,
    says: String,
}

/// How much of what a refusal names is in one of the suspects.
#[derive(Debug)]
struct Rank {
    /// Its place among them.
    at: usize,
    /// 0 where nothing that the refusal says is in it.
    score: usize,
    /// It is about the host or the port of the refused part, and nothing that the refusal says is in it.
    is_hint: bool,
    because: Said,
}

impl Suspects {
    /// Of a world. Nothing is looked at before a refusal asks.
    pub fn of(world: &World) -> Self {
        Self { world: world.clone(), all: OnceLock::new(), ranked: Mutex::default() }
    }

    /// The object that a refusal is about; `None` where none can be told from the others.
    pub fn culprit(&self, place: Place<'_>, nack: &Nack) -> Option<Culprit> {
        if nack.kind == "SDS" {
            return self.of_secret(place, nack);
        }
        self.named(nack).or_else(|| self.found(place, nack))
    }

    fn all(&self) -> &[Suspect] {
        self.all.get_or_init(|| {
            let suspect = |kind: &'static Kind, document: &Arc<Document>| {
                let mut says = String::new();
                words::all_said(document.spec(), &mut says);
                Suspect { kind, document: document.clone(), says }
            };
            let of = |kind: &'static Kind| {
                self.world.documents_of(kind.group, kind.kind).map(move |document| suspect(kind, document))
            };
            KINDS.iter().flat_map(of).collect()
        })
    }

    /// The object that the refusal names.
    fn named(&self, nack: &Nack) -> Option<Culprit> {
        let object = objects(&nack.text).into_iter().next().or_else(|| self.extension(&nack.text))?;
        Some(Culprit { object, because: said!("the refusal names it", "拒绝信息指出了它"), is_guess: false })
    }

    /// `shop.stamp~istio-translated-wasmplugin`: a module of this namespace and name (istio pilot/pkg/model/extensions.go).
    fn extension(&self, text: &str) -> Option<ObjectKey> {
        let (_, named) = text.split_once("Unable to create Wasm plugin ")?;
        let named = named.split_whitespace().next()?.split('~').next()?;
        let (namespace, name) = named.split_once('.')?;
        let is_it = |one: &&Suspect| {
            one.document.key.group == "extensions.istio.io"
                && one.document.key.namespace == namespace
                && one.document.key.name == name
        };
        self.all().iter().find(is_it).map(|one| one.document.key.clone())
    }

    /// The object that says what the refusal says, or that can be the only one.
    fn found(&self, place: Place<'_>, nack: &Nack) -> Option<Culprit> {
        let ranked = self.ranked(nack);
        let all = self.all();
        let reaching: Vec<&Rank> =
            ranked.iter().filter(|rank| all[rank.at].kind.reaches(&all[rank.at].document, place)).collect();
        let best = *reaching.first()?;
        let object = |rank: &Rank| all[rank.at].document.key.clone();
        let alike = reaching.iter().take_while(|rank| rank.score == best.score).count();
        if best.score > 0 && alike == 1 {
            // Of routes that are cut off, others may have stood where nobody reads any more.
            let is_cut = nack.is_cut && nack.kind == "RDS";
            let because = if is_cut {
                said!(
                    "a guess: it is the only object that the refused routes name, as far as istiod repeats them",
                    "推测：在 istiod 所复述的范围内，被拒绝的路由只指出了它"
                )
            } else {
                best.because.clone()
            };
            return Some(Culprit { object: object(best), because, is_guess: is_cut || best.is_hint });
        }
        let (what, zh) = of_type(&nack.kind);
        if reaching.len() == 1 {
            let because =
                said!("a guess: no other object changes {what} of this proxy", "推测：没有别的对象修改此代理的{zh}");
            return Some(Culprit { object: object(best), because, is_guess: true });
        }
        let likely = &reaching[..alike];
        if let Some((rank, seconds)) =
            likely.iter().copied().filter_map(|rank| just_before(all, rank, nack)).min_by_key(|(_, seconds)| *seconds)
        {
            let because = said!(
                "a guess: of the objects that change {what} of this proxy it was written last, {seconds} s before the refused configuration was sent",
                "推测：在修改此代理{zh}的对象中它最后写入，距被拒绝的配置下发 {seconds} 秒"
            );
            return Some(Culprit { object: object(rank), because, is_guess: true });
        }
        let mut filters = likely.iter().copied().filter(|rank| all[rank.at].kind.is_envoy_filter());
        let (filter, None) = (filters.next()?, filters.next()) else { return None };
        let because = said!(
            "a guess: it writes Envoy's own configuration, and no other EnvoyFilter changes {what} of this proxy",
            "推测：它直接写入 Envoy 的配置，且没有别的 EnvoyFilter 修改此代理的{zh}"
        );
        Some(Culprit { object: object(filter), because, is_guess: true })
    }

    /// Those that make some of the refused type, what says most of the refusal first.
    fn ranked(&self, nack: &Nack) -> Arc<[Rank]> {
        // When it was sent is another for each proxy, and tells nothing of what it says.
        let nack = Nack { sent_at: None, ..nack.clone() };
        let mut ranked = self.ranked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = ranked.get(&nack) {
            return known.clone();
        }
        let words = words::of(&nack.text);
        let all = self.all();
        let changing = all.iter().enumerate().filter(|(_, one)| one.kind.changes(&one.document, &nack.kind));
        let mut out: Vec<Rank> = changing.map(|(at, one)| rank(at, one, &nack, &words)).collect();
        out.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| all[a.at].document.key.cmp(&all[b.at].document.key)));
        let out: Arc<[Rank]> = out.into();
        ranked.insert(nack, out.clone());
        out
    }

    /// A Secret whose certificate or key is broken: the refusal does not say which, so it has to be the only one that the proxy is told to
    /// ask for.
    fn of_secret(&self, place: Place<'_>, nack: &Nack) -> Option<Culprit> {
        let asks = |one: &&Suspect| one.kind.changes(&one.document, "SDS") && one.kind.reaches(&one.document, place);
        let mut all: Vec<((String, String), &Suspect)> = Vec::new();
        for one in self.all().iter().filter(asks) {
            all.extend(kinds::credentials(&one.document, place.namespace).into_iter().map(|secret| (secret, one)));
        }
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all.dedup_by(|a, b| a.0 == b.0);
        let ((namespace, name), by) = all.first()?;
        let key = &by.document.key;
        if all.len() == 1 {
            let because = said!(
                "it is the only Secret that this proxy is told to use, by {} {key}",
                "此代理只被要求使用这一个 Secret，由 {} {key} 指定",
                key.kind
            );
            return Some(Culprit { object: ObjectKey::new("", "Secret", namespace, name), because, is_guess: false });
        }
        let recent = all.iter().filter_map(|(_, one)| Some((written_before(&one.document, nack)?, one)));
        let (seconds, one) = recent.min_by_key(|(seconds, _)| *seconds)?;
        let because = said!(
            "a guess: of the objects that tell this proxy which Secrets to use it was written last, {seconds} s before the refused one was sent",
            "推测：在指定此代理所用 Secret 的对象中它最后写入，距被拒绝的 Secret 下发 {seconds} 秒"
        );
        Some(Culprit { object: one.document.key.clone(), because, is_guess: true })
    }
}

fn of_type(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "CDS" => ("clusters", "集群"),
        "LDS" => ("listeners", "监听器"),
        "RDS" => ("routes", "路由"),
        "EDS" => ("endpoints", "端点"),
        "ECDS" => ("extensions", "扩展"),
        _ => ("the configuration", "配置"),
    }
}

fn rank(at: usize, one: &Suspect, nack: &Nack, words: &[String]) -> Rank {
    let host = words::host(&nack.resource).filter(|host| kinds::is_about(&one.document, host));
    let port = words::port(&nack.resource).filter(|port| one.says.lines().any(|line| line == *port));
    let found: Vec<&str> = words.iter().map(String::as_str).filter(|word| one.says.contains(*word)).collect();
    let topic = one.kind.topics.iter().find(|topic| nack.text.contains(**topic));
    let made = nack.made_of.contains(&one.document.key);
    let because = match (found.iter().max_by_key(|word| word.len()), topic, host.or(port)) {
        (Some(word), ..) => said!("its text has what the proxy names: {word}", "其内容含有代理所指出的：{word}"),
        (None, Some(topic), _) => {
            let (kind, topic) = (one.kind.kind, topic.trim_matches('\''));
            said!(
                "the refusal is about what a {kind} makes ({topic}), and no other reaches this proxy",
                "拒绝信息涉及由 {kind} 生成的内容（{topic}），且没有别的 {kind} 作用于此代理"
            )
        }
        (None, None, _) if made => said!("the refused part says that it was made of it", "被拒绝的部分注明由它生成"),
        (None, None, Some(hint)) => said!(
            "a guess: no other object is about {hint}, which the refused part is of",
            "推测：被拒绝的部分属于 {hint}，且没有别的对象涉及它"
        ),
        (None, None, None) => Said::default(),
    };
    let is_hint = found.is_empty() && topic.is_none() && !made;
    let hints = [host.is_some(), port.is_some(), made].into_iter().filter(|holds| *holds).count() * HINT;
    let said = found.iter().map(|word| word.len()).sum::<usize>() + topic.map_or(0, |_| TOPIC);
    Rank { at, score: said + hints, is_hint, because }
}

fn just_before<'r>(all: &[Suspect], rank: &'r Rank, nack: &Nack) -> Option<(&'r Rank, i64)> {
    written_before(&all[rank.at].document, nack).map(|seconds| (rank, seconds))
}

/// How many seconds before the refused configuration was sent an object was written, where that can have been the reason to send it.
fn written_before(document: &Document, nack: &Nack) -> Option<i64> {
    // Objects have whole seconds, by another clock.
    let seconds = nack.sent_at? - document.written?;
    (-1..=DEBOUNCE).contains(&seconds).then_some(seconds.max(0))
}

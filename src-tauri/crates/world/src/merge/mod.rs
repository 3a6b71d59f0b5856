//! Three forms of one object: what we wrote, what was there before us, and what is live now. What we changed is taken back,
//! and what others changed since stays; only where both touched the same is there something to decide. It is diff3 with what we
//! wrote as the common ancestor, over values instead of lines, and it goes inside lists. An edit that is brought over what others wrote
//! meanwhile is the same with the edit's start as the ancestor (`yaml::rebase`).

pub(crate) mod align;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::yaml::escape;

/// Whose a field, or an item of a list, shall be that both changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// As it is now.
    Live,
    /// As it was before us.
    Back,
}

/// What both changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Both {
    /// A value.
    Value,
    /// The order of a list in which it counts, or what goes to one place of it.
    Order,
}

/// Something that we changed and somebody else as well, so that taking ours back would take theirs.
#[derive(Clone, Debug, PartialEq)]
pub struct Clash {
    /// Names it among all of its object: a JSON pointer into what we wrote.
    pub id: String,
    /// JSON pointer into what is live; of an item that is not there, with the place that it had when we wrote.
    pub path: String,
    /// What it is.
    pub both: Both,
    /// As it was before us; `None` where it was not there.
    pub before: Option<Value>,
    /// As we wrote it; `None` where we took it away.
    pub wrote: Option<Value>,
    /// As it is now; `None` where it is not there.
    pub live: Option<Value>,
    /// What the user decided; what is live stays until then.
    pub chosen: Option<Side>,
}

/// What comes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// The object as it shall be; `None` where it shall not be.
    pub value: Option<Value>,
    /// Where both changed the same.
    pub clashes: Vec<Clash>,
}

/// The three forms of a value; `None` where it is not there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Three<'v> {
    /// As we wrote it.
    pub wrote: Option<&'v Value>,
    /// As it was before us.
    pub before: Option<&'v Value>,
    /// As it is now.
    pub live: Option<&'v Value>,
}

impl<'v> Three<'v> {
    fn map<T>(self, of: impl Fn(&'v Value) -> Option<&'v T>) -> Option<[&'v T; 3]> {
        Some([of(self.wrote?)?, of(self.before?)?, of(self.live?)?])
    }
}

/// Takes what we wrote back to what was before, out of what is live. `chosen` knows what the user decided, by the clash's id.
pub fn merge(kind: &str, three: Three<'_>, chosen: &dyn Fn(&str) -> Option<Side>) -> Merged {
    let mut way = Way { kind, chosen, clashes: Vec::new() };
    let value = way.walk(three, &Place::default());
    Merged { value, clashes: way.clashes }
}

/// Where in the object.
#[derive(Default)]
struct Place {
    id: String,
    path: String,
    /// The last name on the way, items of lists apart.
    field: String,
}

impl Place {
    fn field(&self, name: &str) -> Self {
        let part = escape(name);
        Self { id: format!("{}/{part}", self.id), path: format!("{}/{part}", self.path), field: name.to_owned() }
    }

    fn item(&self, id: &str, place: usize) -> Self {
        Self { id: format!("{}/{id}", self.id), path: format!("{}/{place}", self.path), field: self.field.clone() }
    }
}

struct Way<'a> {
    kind: &'a str,
    chosen: &'a dyn Fn(&str) -> Option<Side>,
    clashes: Vec<Clash>,
}

/// An item that stays, and its place in each list that has it.
struct Item {
    value: Value,
    wrote: Option<usize>,
    before: Option<usize>,
    live: Option<usize>,
}

impl Item {
    fn place(&self, side: Side) -> Option<usize> {
        match side {
            Side::Live => self.live,
            Side::Back => self.before,
        }
    }
}

impl Way<'_> {
    fn walk(&mut self, three: Three<'_>, at: &Place) -> Option<Value> {
        // An object without labels has none of them: no labels at all is how that is written.
        let none = Value::Object(Map::new());
        let three = match &*at.id {
            "/metadata/labels" | "/metadata/annotations" => Three {
                wrote: three.wrote.or(Some(&none)),
                before: three.before.or(Some(&none)),
                live: three.live.or(Some(&none)),
            },
            _ => three,
        };
        if three.wrote == three.before || three.before == three.live {
            return three.live.cloned();
        }
        if three.wrote == three.live {
            return three.before.cloned();
        }
        if let Some(maps) = three.map(Value::as_object) {
            return Some(Value::Object(self.map(maps, at)));
        }
        if let Some(lists) = three.map(Value::as_array) {
            return Some(Value::Array(self.list(lists.map(Vec::as_slice), at)));
        }
        match self.decide(Both::Value, three, at) {
            Side::Live => three.live.cloned(),
            Side::Back => three.before.cloned(),
        }
    }

    fn decide(&mut self, both: Both, Three { wrote, before, live }: Three<'_>, at: &Place) -> Side {
        let chosen = (self.chosen)(&at.id);
        self.clashes.push(Clash {
            id: at.id.clone(),
            path: at.path.clone(),
            both,
            before: before.cloned(),
            wrote: wrote.cloned(),
            live: live.cloned(),
            chosen,
        });
        chosen.unwrap_or(Side::Live)
    }

    fn map(&mut self, [wrote, before, live]: [&Map<String, Value>; 3], at: &Place) -> Map<String, Value> {
        let mut merged = Map::new();
        for name in live.keys().chain(before.keys().filter(|name| !live.contains_key(*name))) {
            let three = Three { wrote: wrote.get(name), before: before.get(name), live: live.get(name) };
            if let Some(value) = self.walk(three, &at.field(name)) {
                merged.insert(name.clone(), value);
            }
        }
        merged
    }

    fn list(&mut self, [wrote, before, live]: [&[Value]; 3], at: &Place) -> Vec<Value> {
        let (were, are) = (align::matched(wrote, before), align::matched(wrote, live));
        let mut items = Vec::new();
        for (n, item) in wrote.iter().enumerate() {
            let three =
                Three { wrote: Some(item), before: were[n].map(|at| &before[at]), live: are[n].map(|at| &live[at]) };
            let value = self.walk(three, &at.item(&n.to_string(), are[n].unwrap_or(n)));
            items.extend(value.map(|value| Item { value, wrote: Some(n), before: were[n], live: are[n] }));
        }
        let (gone, new) = (unknown(&were, before.len()), unknown(&are, live.len()));
        let of = |list: &[Value], places: &[usize]| places.iter().map(|at| list[*at].clone()).collect::<Vec<_>>();
        // What we took away, and somebody made again.
        let again = align::identical(&of(before, &gone), &of(live, &new));
        for (was, is) in gone.iter().zip(&again) {
            let is = is.map(|at| new[at]);
            let three = Three { wrote: None, before: Some(&before[*was]), live: is.map(|at| &live[at]) };
            let value = self.walk(three, &at.item(&format!("+{was}"), is.unwrap_or(*was)));
            items.extend(value.map(|value| Item { value, wrote: None, before: Some(*was), live: is }));
        }
        let theirs = new.iter().enumerate().filter(|(n, _)| !again.contains(&Some(*n))).map(|(_, is)| *is);
        items.extend(theirs.map(|is| Item { value: live[is].clone(), wrote: None, before: None, live: Some(is) }));
        let lists = [wrote, before, live].map(|list| Value::Array(list.to_vec()));
        self.order(items, &lists, at)
    }

    /// Puts the items in order: in that of what is live, or in that of before where we alone had moved any; each other one beside those
    /// that it stood beside.
    fn order(&mut self, items: Vec<Item>, [wrote, before, live]: &[Value; 3], at: &Place) -> Vec<Value> {
        let counts = counts(self.kind, &at.field, &items);
        let three = Three { wrote: Some(wrote), before: Some(before), live: Some(live) };
        let mut asked = None;
        let mut ask = |way: &mut Self| *asked.get_or_insert_with(|| way.decide(Both::Order, three, at));

        let lead = match (moved(&items, Side::Back), moved(&items, Side::Live)) {
            (true, false) => Side::Back,
            (true, true) if counts && differ(&items) => ask(self),
            _ => Side::Live,
        };
        let other = if lead == Side::Live { Side::Back } else { Side::Live };
        let (mut line, mut rest): (Vec<Item>, Vec<Item>) =
            items.into_iter().partition(|item| item.place(lead).is_some());
        line.sort_by_key(|item| item.place(lead));
        rest.sort_by_key(|item| item.place(other));
        for item in rest {
            let place = item.place(other).unwrap_or(usize::MAX);
            let beside: Vec<(usize, usize)> =
                line.iter().enumerate().filter_map(|(at, item)| Some((item.place(other)?, at))).collect();
            let after = beside.iter().filter(|(other, _)| *other < place).max().map_or(0, |(_, at)| at + 1);
            let until = beside.iter().filter(|(other, _)| *other > place).min().map_or(line.len(), |(_, at)| *at);
            // Between its neighbours stands what the other side put there.
            let at = if after != until && counts && ask(self) == lead { until } else { after };
            line.insert(at, item);
        }
        line.into_iter().map(|item| item.value).collect()
    }
}

/// Places of a list that no item was found at.
fn unknown(found: &[Option<usize>], length: usize) -> Vec<usize> {
    align::places(found, length).iter().enumerate().filter(|(_, known)| !**known).map(|(at, _)| at).collect()
}

/// Items that all three have, in the order in which one side has them, by their places in what we wrote.
fn shared(items: &[Item], side: Side) -> Vec<Option<usize>> {
    let mut shared: Vec<&Item> =
        items.iter().filter(|item| item.wrote.is_some() && item.before.is_some() && item.live.is_some()).collect();
    shared.sort_by_key(|item| item.place(side));
    shared.into_iter().map(|item| item.wrote).collect()
}

fn moved(items: &[Item], side: Side) -> bool {
    !shared(items, side).is_sorted()
}

fn differ(items: &[Item]) -> bool {
    shared(items, Side::Live) != shared(items, Side::Back)
}

/// Lists of maps whose order says nothing, by the kind (any, where it is empty) and the field: alternatives, weighted
/// destinations, things that are told apart by their ports or names. Of any other the order may decide, as that of the routes of a
/// VirtualService does. Upstream: the fields' comments in istio.io/api and sigs.k8s.io/gateway-api.
const LOOSE: [(&str, &str); 22] = [
    ("AuthorizationPolicy", "rules"),
    ("CiliumNetworkPolicy", "ingress"),
    ("CiliumNetworkPolicy", "egress"),
    ("CiliumClusterwideNetworkPolicy", "ingress"),
    ("CiliumClusterwideNetworkPolicy", "egress"),
    ("", "addresses"),
    ("", "backendRefs"),
    ("", "endpoints"),
    ("", "from"),
    ("", "jwtRules"),
    ("", "listeners"),
    ("", "match"),
    ("", "matches"),
    ("", "ownerReferences"),
    ("", "parentRefs"),
    ("", "ports"),
    ("", "portLevelSettings"),
    ("", "route"),
    ("", "servers"),
    ("", "subsets"),
    ("", "to"),
    ("", "when"),
];

/// Whether the order of a list counts: of plain values only where they are tried one after the other.
fn counts(kind: &str, field: &str, items: &[Item]) -> bool {
    let holds_more = items.iter().any(|item| item.value.is_object() || item.value.is_array());
    let is_loose = LOOSE.iter().any(|(of, name)| *name == field && (of.is_empty() || *of == kind));
    (holds_more && !is_loose) || field == "failoverPriority"
}

//! Values by key, many to one, in a map whose clones share everything that did not change.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::hash::Hash;
use std::sync::Arc;

/// Lists by key. Each list is in the order that its values were put in with, which has to be the same each time.
#[derive(Clone, Debug)]
pub struct Table<K, V> {
    lists: imbl::HashMap<K, Arc<Vec<V>>>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { lists: imbl::HashMap::new() }
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Table<K, V> {
    /// The values at a key, in order.
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> &[V]
    where
        K: Borrow<Q>,
    {
        self.lists.get(key).map_or(&[], |list| list.as_slice())
    }

    /// Puts a value into the list at a key, after those that are not greater.
    pub fn put(&mut self, key: K, value: V, order: impl Fn(&V, &V) -> Ordering) {
        let list = Arc::make_mut(self.lists.entry(key).or_default());
        let at = list.partition_point(|old| order(old, &value) != Ordering::Greater);
        list.insert(at, value);
    }

    /// Takes the values that are this one out of the list at a key.
    pub fn take<Q: Hash + Eq + ?Sized>(&mut self, key: &Q, this: impl Fn(&V) -> bool)
    where
        K: Borrow<Q>,
    {
        let Some(list) = self.lists.get_mut(key) else { return };
        Arc::make_mut(list).retain(|value| !this(value));
        if list.is_empty() {
            self.lists.remove(key);
        }
    }

    /// Whether anything is at a key.
    pub fn has<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.lists.contains_key(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_stay_in_order_and_clones_apart() {
        let mut table: Table<String, u8> = Table::default();
        for value in [3, 1, 2] {
            table.put("a".into(), value, u8::cmp);
        }
        let before = table.clone();
        table.take("a", |v| *v == 2);
        assert_eq!((before.get("a"), table.get("a")), ([1, 2, 3].as_slice(), [1, 3].as_slice()));
        table.take("a", |_| true);
        assert!(!table.has("a") && table.get("a").is_empty() && before.has("a"));
    }
}

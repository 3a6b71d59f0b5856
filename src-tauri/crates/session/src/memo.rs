//! Answers that are computed once for what they are made of, off the caller's task.

use tokio::sync::Mutex;

/// The last answer and what it was made of. Two who ask at once wait for the same computation.
pub(crate) struct Memo<K, V> {
    slot: Mutex<Option<(K, V)>>,
}

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self { slot: Mutex::new(None) }
    }
}

impl<K: PartialEq, V: Clone + Send + 'static> Memo<K, V> {
    /// The answer for `key`; `make` runs where the last one was for another. `None` where `make` panicked.
    pub(crate) async fn get(&self, key: K, make: impl FnOnce() -> V + Send + 'static) -> Option<V> {
        let mut slot = self.slot.lock().await;
        if let Some((known, value)) = &*slot
            && *known == key
        {
            return Some(value.clone());
        }
        let value = tokio::task::spawn_blocking(make).await.ok()?;
        *slot = Some((key, value.clone()));
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_same_question_is_computed_once() {
        let memo = Memo::default();
        assert_eq!(memo.get(1, || "one").await, Some("one"));
        assert_eq!(memo.get(1, || "never").await, Some("one"));
        assert_eq!(memo.get(2, || "two").await, Some("two"));
    }
}

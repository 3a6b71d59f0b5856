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
        self.onward(key, move |_| make()).await
    }

    /// The same, made from the last answer where there is one.
    pub(crate) async fn onward(&self, key: K, make: impl FnOnce(Option<V>) -> V + Send + 'static) -> Option<V> {
        let mut slot = self.slot.lock().await;
        if let Some((known, value)) = &*slot
            && *known == key
        {
            return Some(value.clone());
        }
        let last = slot.as_ref().map(|(_, value)| value.clone());
        let value = tokio::task::spawn_blocking(move || make(last)).await.ok()?;
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
        let longer = |last: Option<&'static str>| if last == Some("two") { "two and more" } else { "alone" };
        assert_eq!(memo.onward(3, longer).await, Some("two and more"));
    }
}

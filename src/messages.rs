//! Placeholder: the store of IM messages comes here.

/// Stores IM messages, gathered.
#[derive(Debug, Clone)]
pub struct MessageStore;

impl MessageStore {
    /// Stores what is still in memory.
    pub async fn shut_down(&self) {
        std::future::ready(()).await;
    }
}

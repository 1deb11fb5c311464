//! Small things done in the background towards Tencent: bounded in number, tried a few times, then let go.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::sync::Semaphore;

use super::rest::RestFault;

/// Under way at once; beyond it they are not done, and said so.
const TASKS_MAX: usize = 256;
/// Each try may take as long as an exchange does, so all of them together stay within two minutes.
const TRIES_MAX: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// Room for what is under way. Cheap to clone.
#[derive(Debug, Clone)]
pub struct BackgroundTasks(Arc<Semaphore>);

impl Default for BackgroundTasks {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(TASKS_MAX)))
    }
}

impl BackgroundTasks {
    /// Starts `work` and returns at once.
    pub fn run(&self, what: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let Ok(room) = Arc::clone(&self.0).try_acquire_owned() else {
            tracing::warn!(what, "too many background requests to Tencent: request dropped");
            return;
        };
        tokio::spawn(async move {
            work.await;
            drop(room);
        });
    }
}

/// Asks until it is answered, with doubling waits, a few times at most.
///
/// # Errors
/// The last fault, or the first that would not pass.
pub async fn retry<T, F>(mut ask: impl FnMut() -> F) -> Result<T, RestFault>
where
    F: Future<Output = Result<T, RestFault>>,
{
    let mut wait = FIRST_WAIT;
    for _ in 1..TRIES_MAX {
        match ask().await {
            Err(fault) if fault.is_passing() => tokio::time::sleep(wait).await,
            outcome => return outcome,
        }
        wait *= 2;
    }
    ask().await
}

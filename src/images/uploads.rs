//! Room for pictures on their way in: so many bodies in memory at once, a few of one person, and fewer that are worked on.

use std::{fmt, sync::Arc, time::Duration};

use dashmap::DashMap;
use hotline_actors::PersonId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bodies that come in at once. With the bytes of one (`im.image_bytes_max`) this bounds the memory that they take.
const BODIES_MAX: usize = 48;
/// Of these, bodies of one person: whoever sends slowly takes room from themselves.
const BODIES_OF_ONE_MAX: usize = 2;
/// Whole pictures looked through and stored at once: each is in memory up to three times.
const WORKED_ON_MAX: usize = 8;
/// Whoever finds no room by then is told to come again.
const ROOM_MAX: Duration = Duration::from_secs(10);

/// No room came free in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Busy {
    Own,
    All,
}

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Uploads {
    bodies: Arc<Semaphore>,
    worked_on: Arc<Semaphore>,
    by_person: Arc<DashMap<PersonId, Arc<Semaphore>>>,
}

impl Default for Uploads {
    fn default() -> Self {
        Self {
            bodies: Arc::new(Semaphore::new(BODIES_MAX)),
            worked_on: Arc::new(Semaphore::new(WORKED_ON_MAX)),
            by_person: Arc::default(),
        }
    }
}

impl fmt::Debug for Uploads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uploads").field("free", &self.bodies.available_permits()).finish_non_exhaustive()
    }
}

/// Room for one body, free again when dropped.
pub struct Body {
    own: Option<OwnedSemaphorePermit>,
    of_all: Option<OwnedSemaphorePermit>,
    person: PersonId,
    by_person: Arc<DashMap<PersonId, Arc<Semaphore>>>,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        (self.own, self.of_all) = (None, None);
        // Nobody is remembered who sends nothing. Others who wait for a place hold the semaphore, too, and keep it.
        self.by_person.remove_if(&self.person, |_, own| Arc::strong_count(own) == 1);
    }
}

impl Uploads {
    /// Room for a body of `person`. Their own comes first, so that one person never stands in the queue of all with more than
    /// a few.
    ///
    /// # Errors
    /// [`Busy`] after a while.
    pub async fn body(&self, person: PersonId) -> Result<Body, Busy> {
        let limit = tokio::time::Instant::now() + ROOM_MAX;
        let by_person = Arc::clone(&self.by_person);
        let own = {
            let own = by_person.entry(person).or_insert_with(|| Arc::new(Semaphore::new(BODIES_OF_ONE_MAX)));
            Arc::clone(own.value())
        };
        // Whatever becomes of the waiting, this tidies up.
        let mut body = Body { own: None, of_all: None, person, by_person };
        match tokio::time::timeout_at(limit, own.acquire_owned()).await {
            Ok(Ok(own)) => body.own = Some(own),
            Ok(Err(_)) | Err(_) => return Err(Busy::Own),
        }
        match tokio::time::timeout_at(limit, Arc::clone(&self.bodies).acquire_owned()).await {
            Ok(Ok(of_all)) => body.of_all = Some(of_all),
            Ok(Err(_)) | Err(_) => return Err(Busy::All),
        }
        Ok(body)
    }

    /// Room to look through and store a picture that is whole.
    ///
    /// # Errors
    /// [`Busy`] after a while.
    pub async fn work(&self) -> Result<OwnedSemaphorePermit, Busy> {
        match tokio::time::timeout(ROOM_MAX, Arc::clone(&self.worked_on).acquire_owned()).await {
            Ok(Ok(room)) => Ok(room),
            Ok(Err(_)) | Err(_) => Err(Busy::All),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use uuid::Uuid;

    fn person(number: u128) -> PersonId {
        PersonId(Uuid::from_u128(number))
    }

    /// Whether there is no room now.
    fn waits<T>(asked: impl Future<Output = T>) -> bool {
        let mut asked = Box::pin(asked);
        asked.as_mut().now_or_never().is_none()
    }

    #[tokio::test]
    async fn one_person_takes_no_more_than_a_few_places() {
        let uploads = Uploads::default();
        let mut held = Vec::new();
        for _ in 0..BODIES_OF_ONE_MAX {
            held.push(uploads.body(person(1)).await.expect("there is room"));
        }
        assert!(waits(uploads.body(person(1))));
        let other = uploads.body(person(2)).await.expect("there is room for others");
        held.pop();
        held.push(uploads.body(person(1)).await.expect("there is room again"));
        drop((held, other));
        assert!(uploads.by_person.is_empty(), "nobody is remembered");
        assert_eq!(uploads.bodies.available_permits(), BODIES_MAX);
    }

    #[tokio::test]
    async fn all_of_them_together_have_a_bound() {
        let uploads = Uploads::default();
        let mut held = Vec::new();
        for number in 0..BODIES_MAX as u128 {
            held.push(uploads.body(person(number)).await.expect("there is room"));
        }
        assert!(waits(uploads.body(person(1_000))));
        held.pop();
        assert!(uploads.body(person(1_000)).await.is_ok());
        let mut working = Vec::new();
        for _ in 0..WORKED_ON_MAX {
            working.push(uploads.work().await.expect("there is room"));
        }
        assert!(waits(uploads.work()));
    }
}

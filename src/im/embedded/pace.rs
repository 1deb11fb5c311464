//! How fast somebody may say something by requests: as a socket, so many words between two heartbeats, and then one at a
//! time as they grow back. Of a person, whatever requests they come by.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use dashmap::DashMap;
use hotline_actors::PersonId;

/// Frames a socket may send between two heartbeats without waiting, and so words somebody may say by requests.
pub const FRAMES_PER_HEARTBEAT: u32 = 120;
/// People who have said something by requests just now.
const PEOPLE_MAX: usize = 10_000;

/// See the module. Cheap to clone.
#[derive(Clone)]
pub(super) struct Paces {
    heartbeat: Duration,
    /// When all that each has said will have grown back.
    whole_at: Arc<DashMap<PersonId, Instant>>,
}

impl fmt::Debug for Paces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paces").field("people", &self.whole_at.len()).finish_non_exhaustive()
    }
}

impl Paces {
    pub(super) fn new(heartbeat: Duration) -> Self {
        Self { heartbeat, whole_at: Arc::default() }
    }

    /// How long the next word of this person has to wait; `None` where that is `most` or longer, and then it counts for
    /// nothing.
    pub(super) fn next(&self, person: PersonId, now: Instant, most: Duration) -> Option<Duration> {
        if self.whole_at.len() >= PEOPLE_MAX {
            self.whole_at.retain(|_, whole_at| *whole_at > now);
            if self.whole_at.len() >= PEOPLE_MAX && !self.whole_at.contains_key(&person) {
                return None;
            }
        }
        let mut whole_at = self.whole_at.entry(person).or_insert(now);
        let spent = (*whole_at).max(now) + self.heartbeat / FRAMES_PER_HEARTBEAT;
        let wait = spent.saturating_duration_since(now + self.heartbeat);
        if wait >= most {
            return None;
        }
        *whole_at = spent;
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: u128) -> PersonId {
        PersonId(uuid::Uuid::from_u128(number))
    }

    const MOST: Duration = Duration::from_secs(30);

    #[test]
    fn as_many_as_a_socket_takes_go_at_once_and_then_one_at_a_time() {
        let (now, heartbeat) = (Instant::now(), Duration::from_secs(12));
        let paces = Paces::new(heartbeat);
        let next = |number: u128, at: Instant| paces.next(person(number), at, MOST);
        for _ in 0..FRAMES_PER_HEARTBEAT {
            assert_eq!(next(1, now), Some(Duration::ZERO));
        }
        let each = Duration::from_millis(100);
        assert_eq!(next(1, now), Some(each));
        assert_eq!(next(1, now), Some(each * 2));
        assert_eq!(next(2, now), Some(Duration::ZERO), "another person is another matter");
        assert_eq!(next(1, now + each * 3), Some(Duration::ZERO));
        // Whoever goes on without waiting is refused, and is none the later for it.
        let at_once = (0..10_000).filter_map(|_| next(1, now)).count();
        assert_eq!(at_once, 296);
        assert_eq!(next(1, now), None);
        assert_eq!(next(1, now + each), Some(MOST.saturating_sub(each)));
        assert_eq!(next(1, now + Duration::from_hours(1)), Some(Duration::ZERO));
    }

    #[test]
    fn nobody_is_remembered_who_is_silent() {
        let now = Instant::now();
        let paces = Paces::new(Duration::from_secs(12));
        for number in 0..PEOPLE_MAX as u128 {
            paces.next(person(number), now, MOST);
        }
        assert_eq!(paces.next(person(u128::MAX), now, MOST), None, "there is no room");
        assert!(paces.next(person(1), now, MOST).is_some());
        let later = now + Duration::from_secs(1);
        assert!(paces.next(person(u128::MAX), later, MOST).is_some());
        assert_eq!(paces.whole_at.len(), 1);
    }
}

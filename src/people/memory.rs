//! People as they were read last, for as long as nothing changes about them. Everybody who arrives is shown with his
//! counselor, and both were read a moment before.
//!
//! What this server writes it forgets at once, before it is acknowledged. What others write (a command line beside the
//! server, an operator in psql) is seen after [`KEPT_MAX`].

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use dashmap::DashMap;
use hotline_actors::PersonId;

use super::Person;

/// How long what others write may go unseen.
const KEPT_MAX: Duration = Duration::from_secs(30);
/// More are looked up each time; about a kilobyte each.
const PEOPLE_MAX: usize = 20_000;

/// See the module. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Memory(Arc<Inner>);

#[derive(Default)]
struct Inner {
    kept: DashMap<PersonId, Kept>,
    /// Counts changes, so that what was read just before one is not kept after it.
    changes: AtomicU64,
}

struct Kept {
    person: Person,
    until: Instant,
}

/// The changes there had been when something was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edition(u64);

impl Memory {
    /// Those of `ids` that are known, and the others.
    pub(super) fn recall(&self, ids: &[PersonId]) -> (HashMap<PersonId, Person>, Vec<PersonId>) {
        let now = Instant::now();
        let (mut known, mut unknown) = (HashMap::new(), Vec::new());
        for id in ids {
            match self.0.kept.get(id).filter(|kept| now < kept.until) {
                Some(kept) => {
                    known.insert(*id, kept.person.clone());
                }
                None => unknown.push(*id),
            }
        }
        (known, unknown)
    }

    /// To be asked for before reading what is then kept.
    pub(super) fn edition(&self) -> Edition {
        Edition(self.0.changes.load(Ordering::SeqCst))
    }

    /// Keeps what was read, unless anything has changed since.
    pub(super) fn keep<'a>(&self, people: impl Iterator<Item = &'a Person>, edition: Edition) {
        let now = Instant::now();
        if self.0.kept.len() >= PEOPLE_MAX {
            self.0.kept.retain(|_, kept| now < kept.until);
        }
        for person in people.take(PEOPLE_MAX.saturating_sub(self.0.kept.len())) {
            self.0.kept.insert(person.id, Kept { person: person.clone(), until: now + KEPT_MAX });
            // A change is counted first and then drops what is kept: whichever comes first, nothing old stays.
            if self.edition() != edition {
                self.0.kept.remove(&person.id);
            }
        }
    }

    /// Something was written about these people.
    pub(super) fn forget(&self, people: impl IntoIterator<Item = PersonId>) {
        self.0.changes.fetch_add(1, Ordering::SeqCst);
        for person in people {
            self.0.kept.remove(&person);
        }
    }

    /// Something was written about more people than are known.
    pub(super) fn forget_all(&self) {
        self.0.changes.fetch_add(1, Ordering::SeqCst);
        self.0.kept.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::{Kind, view::tests::person};
    use uuid::Uuid;

    fn somebody(number: u128) -> Person {
        let (id, name) = (PersonId(Uuid::from_u128(number)), Some(format!("visitor {number}")));
        Person { id, name, ..person(Kind::Visitor, "ecnu") }
    }

    #[test]
    fn what_was_read_is_known_until_it_is_written() {
        let memory = Memory::default();
        let (one, two) = (somebody(1), somebody(2));
        memory.keep([&one, &two].into_iter(), memory.edition());
        let (known, unknown) = memory.recall(&[one.id, two.id, somebody(3).id]);
        assert_eq!(known[&two.id].name.as_deref(), Some("visitor 2"));
        assert_eq!((known.len(), unknown), (2, vec![somebody(3).id]));
        memory.forget([one.id]);
        assert_eq!(memory.recall(&[one.id, two.id]).1, [one.id]);
        memory.forget_all();
        assert_eq!(memory.recall(&[two.id]).1, [two.id]);
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let memory = Memory::default();
        let (one, edition) = (somebody(1), memory.edition());
        memory.forget([one.id]);
        memory.keep(std::iter::once(&one), edition);
        assert_eq!(memory.recall(&[one.id]).1, [one.id]);
    }
}

//! People as they were read last, for as long as nothing changes about them. Everybody who arrives is shown with their
//! counselor, and both were read a moment before.
//!
//! What this server writes it forgets at once, before it is acknowledged; only how long somebody has talked is added to
//! what is known of them, as each end changes it for two ([`Counting`]). What others write (a command line beside the
//! server, an operator in psql) is seen after [`KEPT_MAX`].

use std::{
    collections::HashMap,
    fmt,
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
const KEPT_MAX: Duration = Duration::from_mins(5);
/// Beyond it memory begins anew; about a kilobyte each.
const PEOPLE_MAX: usize = 20_000;
/// Changes are counted for so many groups of people: a change of one is taken for a change of all in their group.
const GROUPS: u128 = 1024;

/// See the module. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Memory(Arc<Inner>);

struct Inner {
    kept: DashMap<PersonId, Kept>,
    /// Counts changes, so that what was read just before one is not kept after it.
    changes: Vec<AtomicU64>,
}

impl Default for Inner {
    fn default() -> Self {
        Self { kept: DashMap::new(), changes: (0..GROUPS).map(|_| AtomicU64::new(0)).collect() }
    }
}

struct Kept {
    person: Person,
    until: Instant,
    edition: Edition,
}

/// The changes there had been about somebody when they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Edition(u64);

/// Those of several people.
#[derive(Debug)]
pub(super) struct Editions(HashMap<PersonId, Edition>);

impl Inner {
    fn changes(&self, person: PersonId) -> &AtomicU64 {
        // Less than the number of groups, so there is one.
        let group = usize::try_from(person.0.as_u128() % GROUPS).unwrap_or(0);
        &self.changes[group]
    }

    fn edition(&self, person: PersonId) -> Edition {
        Edition(self.changes(person).load(Ordering::SeqCst))
    }

    /// The edition of what is read from now on.
    fn change(&self, person: PersonId) -> Edition {
        Edition(self.changes(person).fetch_add(1, Ordering::SeqCst) + 1)
    }
}

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
    pub(super) fn editions(&self, ids: &[PersonId]) -> Editions {
        Editions(ids.iter().map(|id| (*id, self.0.edition(*id))).collect())
    }

    /// Keeps what was read, but for those about whom anything has changed since.
    pub(super) fn keep<'a>(&self, people: impl Iterator<Item = &'a Person>, editions: &Editions) {
        let now = Instant::now();
        if self.0.kept.len() >= PEOPLE_MAX {
            self.0.kept.retain(|_, kept| now < kept.until);
        }
        if self.0.kept.len() >= PEOPLE_MAX {
            // Rather all of them once more than a look at each of them whenever one is added.
            self.0.kept.clear();
        }
        for person in people {
            let Some(&edition) = editions.0.get(&person.id) else { continue };
            self.0.kept.insert(person.id, Kept { person: person.clone(), until: now + KEPT_MAX, edition });
            // A change is counted first and then drops what is kept: whichever comes first, nothing old stays.
            if self.0.edition(person.id) != edition {
                self.0.kept.remove(&person.id);
            }
        }
    }

    /// Something was written about these people.
    pub(super) fn forget(&self, people: impl IntoIterator<Item = PersonId>) {
        for person in people {
            self.0.change(person);
            self.0.kept.remove(&person);
        }
    }

    /// Something was written about more people than are known.
    pub(super) fn forget_all(&self) {
        for changes in &self.0.changes {
            changes.fetch_add(1, Ordering::SeqCst);
        }
        self.0.kept.clear();
    }

    /// To be asked for before talks of so many milliseconds are written.
    pub(super) fn counting(&self, talks: impl Iterator<Item = (PersonId, i64)>) -> Counting {
        let talks = talks.map(|(person, millis)| (person, millis, self.0.change(person))).collect();
        Counting { memory: self.clone(), talks }
    }
}

/// Talks that are being written. Dropped without having landed, it forgets whom they count for.
#[must_use]
pub struct Counting {
    memory: Memory,
    /// With the edition from which on they may be counted already.
    talks: Vec<(PersonId, i64, Edition)>,
}

impl fmt::Debug for Counting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counting").field("talks", &self.talks.len()).finish_non_exhaustive()
    }
}

impl Counting {
    /// They are written: for those who were read before they count too, and who was read meanwhile is forgotten.
    pub fn landed(mut self) {
        let memory = &self.memory.0;
        for (person, millis, begun) in self.talks.drain(..) {
            memory.change(person);
            memory.kept.remove_if_mut(&person, |_, kept| {
                let read_before = kept.edition < begun;
                if read_before {
                    kept.person.total_time += millis;
                }
                !read_before
            });
        }
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.memory.forget(self.talks.iter().map(|(person, ..)| *person));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Kind;
    use crate::people::view::tests::person;
    use uuid::Uuid;

    fn somebody(number: u128) -> Person {
        let (id, name) = (PersonId(Uuid::from_u128(number)), Some(format!("visitor {number}")));
        Person { id, name, ..person(Kind::Visitor, "ecnu") }
    }

    #[test]
    fn what_was_read_is_known_until_it_is_written() {
        let memory = Memory::default();
        let (one, two) = (somebody(1), somebody(2));
        memory.keep([&one, &two].into_iter(), &memory.editions(&[one.id, two.id]));
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
        let one = somebody(1);
        let editions = memory.editions(&[one.id]);
        memory.forget([one.id]);
        memory.keep(std::iter::once(&one), &editions);
        assert_eq!(memory.recall(&[one.id]).1, [one.id]);
    }

    #[test]
    fn a_talk_that_has_landed_counts_for_whoever_was_read_before_it() {
        let memory = Memory::default();
        let total = |person: &Person| memory.recall(&[person.id]).0.get(&person.id).map(|one| one.total_time);
        let (before, meanwhile, late) = (somebody(1), somebody(2), somebody(3));
        let everybody = [before.id, meanwhile.id, late.id];
        let read_late = memory.editions(&everybody);
        memory.keep(std::iter::once(&before), &read_late);
        let counting = memory.counting(everybody.into_iter().map(|person| (person, 60)));
        memory.keep(std::iter::once(&meanwhile), &memory.editions(&everybody));
        assert_eq!((total(&before), total(&meanwhile)), (Some(0), Some(0)));
        counting.landed();
        memory.keep(std::iter::once(&late), &read_late);
        assert_eq!((total(&before), total(&meanwhile), total(&late)), (Some(60), None, None));
    }

    #[test]
    fn a_talk_whose_fate_is_unknown_is_looked_up() {
        let memory = Memory::default();
        let one = somebody(1);
        memory.keep(std::iter::once(&one), &memory.editions(&[one.id]));
        drop(memory.counting(std::iter::once((one.id, 60))));
        assert_eq!(memory.recall(&[one.id]).1, [one.id]);
    }
}

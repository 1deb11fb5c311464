//! People as they were read last, for as long as nothing changes about them. Everybody who arrives is shown with their
//! counselor, and both were read a moment before.
//!
//! What this server writes it forgets at once, before it is acknowledged; only how long somebody has talked is added to
//! what is known of them, as each end changes it for two ([`PendingTalkTime`]). What others write (a command line beside the
//! server, an operator in psql) is seen after [`KEPT_MAX`]. Among several servers each keeps those people alone whom it changes itself.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use dashmap::DashMap;
use hotline_actors::PersonId;

use super::Person;

/// How long what others write may go unseen.
const KEPT_MAX: Duration = Duration::from_mins(5);
/// Beyond it the cache is emptied; about a kilobyte each.
const PEOPLE_MAX: usize = 20_000;
/// Changes are counted for so many groups of people: a change of one is taken for a change of all in their group.
const GROUPS: u128 = 1024;

/// See the module. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct PersonCache(Arc<Inner>);

struct Inner {
    kept: DashMap<PersonId, CachedPerson>,
    /// Counts changes, so that what was read just before one is not kept after it.
    changes: Vec<AtomicU64>,
    is_ours: OnceLock<IsOurs>,
}

/// Whether people of this institution are changed by this server alone.
pub(super) type IsOurs = Box<dyn Fn(Option<&str>) -> bool + Send + Sync>;

impl Default for Inner {
    fn default() -> Self {
        let changes = (0..GROUPS).map(|_| AtomicU64::new(0)).collect();
        Self { kept: DashMap::new(), changes, is_ours: OnceLock::new() }
    }
}

struct CachedPerson {
    person: Person,
    until: Instant,
    version: Version,
}

/// The changes there had been about somebody when they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version(u64);

/// Those of several people.
#[derive(Debug)]
pub(super) struct Versions(HashMap<PersonId, Version>);

impl Inner {
    fn changes(&self, person: PersonId) -> &AtomicU64 {
        // Less than the number of groups, so there is one.
        let group = usize::try_from(person.0.as_u128() % GROUPS).unwrap_or(0);
        &self.changes[group]
    }

    fn is_ours(&self, person: &Person) -> bool {
        self.is_ours.get().is_none_or(|is_ours| is_ours(person.institution.as_deref()))
    }

    fn version(&self, person: PersonId) -> Version {
        Version(self.changes(person).load(Ordering::SeqCst))
    }

    /// The version of what is read from now on.
    fn change(&self, person: PersonId) -> Version {
        Version(self.changes(person).fetch_add(1, Ordering::SeqCst) + 1)
    }
}

impl PersonCache {
    /// From now on people are kept of institutions alone of which this is true. Said once.
    pub(super) fn keep_ours(&self, is_ours: IsOurs) {
        // A second time changes nothing.
        let _ = self.0.is_ours.set(is_ours);
    }

    /// Those of `ids` that are known, and the others.
    pub(super) fn recall(&self, ids: &[PersonId]) -> (HashMap<PersonId, Person>, Vec<PersonId>) {
        let now = Instant::now();
        let (mut known, mut unknown) = (HashMap::new(), Vec::new());
        for id in ids {
            match self.0.kept.get(id).filter(|kept| now < kept.until && self.0.is_ours(&kept.person)) {
                Some(kept) => {
                    known.insert(*id, kept.person.clone());
                }
                None => unknown.push(*id),
            }
        }
        (known, unknown)
    }

    /// To be asked for before reading what is then kept.
    pub(super) fn versions(&self, ids: &[PersonId]) -> Versions {
        Versions(ids.iter().map(|id| (*id, self.0.version(*id))).collect())
    }

    /// Keeps what was read, but for those about whom anything has changed since.
    pub(super) fn keep<'a>(&self, people: impl Iterator<Item = &'a Person>, versions: &Versions) {
        let now = Instant::now();
        if self.0.kept.len() >= PEOPLE_MAX {
            self.0.kept.retain(|_, kept| now < kept.until);
        }
        if self.0.kept.len() >= PEOPLE_MAX {
            // Rather all of them once more than a look at each of them whenever one is added.
            self.0.kept.clear();
        }
        for person in people.filter(|person| self.0.is_ours(person)) {
            let Some(&version) = versions.0.get(&person.id) else { continue };
            self.0
                .kept
                .insert(person.id, CachedPerson { person: person.clone(), until: now + KEPT_MAX, version });
            // A change is counted first and then drops what is kept: whichever comes first, nothing old stays.
            if self.0.version(person.id) != version {
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
    pub(super) fn pending_talk_time(&self, talks: impl Iterator<Item = (PersonId, i64)>) -> PendingTalkTime {
        let talks = talks.map(|(person, millis)| (person, millis, self.0.change(person))).collect();
        PendingTalkTime { cache: self.clone(), talks }
    }
}

/// Talks that are being written. Dropped without having been committed, it forgets whom they count for.
#[must_use]
pub struct PendingTalkTime {
    cache: PersonCache,
    /// With the version from which on they may be counted already.
    talks: Vec<(PersonId, i64, Version)>,
}

impl fmt::Debug for PendingTalkTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingTalkTime").field("talks", &self.talks.len()).finish_non_exhaustive()
    }
}

impl PendingTalkTime {
    /// They are written: for those who were read before they count too, and who was read meanwhile is forgotten.
    pub fn committed(mut self) {
        let cache = &self.cache.0;
        for (person, millis, begun) in self.talks.drain(..) {
            cache.change(person);
            cache.kept.remove_if_mut(&person, |_, kept| {
                let read_before = kept.version < begun;
                if read_before {
                    kept.person.total_time += millis;
                }
                !read_before
            });
        }
    }
}

impl Drop for PendingTalkTime {
    fn drop(&mut self) {
        self.cache.forget(self.talks.iter().map(|(person, ..)| *person));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::AccountKind;
    use crate::people::view::tests::person;
    use uuid::Uuid;

    fn somebody(number: u128) -> Person {
        let (id, name) = (PersonId(Uuid::from_u128(number)), Some(format!("visitor {number}")));
        Person { id, name, ..person(AccountKind::Visitor, "ecnu") }
    }

    #[test]
    fn what_was_read_is_known_until_it_is_written() {
        let cache = PersonCache::default();
        let (one, two) = (somebody(1), somebody(2));
        cache.keep([&one, &two].into_iter(), &cache.versions(&[one.id, two.id]));
        let (known, unknown) = cache.recall(&[one.id, two.id, somebody(3).id]);
        assert_eq!(known[&two.id].name.as_deref(), Some("visitor 2"));
        assert_eq!((known.len(), unknown), (2, vec![somebody(3).id]));
        cache.forget([one.id]);
        assert_eq!(cache.recall(&[one.id, two.id]).1, [one.id]);
        cache.forget_all();
        assert_eq!(cache.recall(&[two.id]).1, [two.id]);
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let cache = PersonCache::default();
        let one = somebody(1);
        let versions = cache.versions(&[one.id]);
        cache.forget([one.id]);
        cache.keep(std::iter::once(&one), &versions);
        assert_eq!(cache.recall(&[one.id]).1, [one.id]);
    }

    #[test]
    fn people_whom_another_server_changes_are_not_kept() {
        let cache = PersonCache::default();
        let (ours, theirs) = (somebody(1), Person { institution: Some("other".to_owned()), ..somebody(2) });
        let serves = Arc::new(std::sync::atomic::AtomicBool::new(true));
        cache.keep_ours(Box::new({
            let serves = Arc::clone(&serves);
            move |institution| institution == Some("ecnu") && serves.load(Ordering::SeqCst)
        }));
        let both = [ours.id, theirs.id];
        cache.keep([&ours, &theirs].into_iter(), &cache.versions(&both));
        assert_eq!(cache.recall(&both).1, [theirs.id]);
        serves.store(false, Ordering::SeqCst);
        assert_eq!(cache.recall(&both).1, both, "nor when they were kept before another came to serve them");
    }

    #[test]
    fn a_talk_that_is_committed_counts_for_whoever_was_read_before_it() {
        let cache = PersonCache::default();
        let total = |person: &Person| cache.recall(&[person.id]).0.get(&person.id).map(|one| one.total_time);
        let (before, meanwhile, late) = (somebody(1), somebody(2), somebody(3));
        let everybody = [before.id, meanwhile.id, late.id];
        let read_late = cache.versions(&everybody);
        cache.keep(std::iter::once(&before), &read_late);
        let pending = cache.pending_talk_time(everybody.into_iter().map(|person| (person, 60)));
        cache.keep(std::iter::once(&meanwhile), &cache.versions(&everybody));
        assert_eq!((total(&before), total(&meanwhile)), (Some(0), Some(0)));
        pending.committed();
        cache.keep(std::iter::once(&late), &read_late);
        assert_eq!((total(&before), total(&meanwhile), total(&late)), (Some(60), None, None));
    }

    #[test]
    fn a_talk_whose_fate_is_unknown_is_looked_up() {
        let cache = PersonCache::default();
        let one = somebody(1);
        cache.keep(std::iter::once(&one), &cache.versions(&[one.id]));
        drop(cache.pending_talk_time(std::iter::once((one.id, 60))));
        assert_eq!(cache.recall(&[one.id]).1, [one.id]);
    }
}

//! The journal of one institution: without gaps, about people of the institution, and what is kept of it elsewhere says the
//! same. In memory are one page, what is open, and what was last decided about each person.

use std::collections::{BTreeMap, BTreeSet};

use hotline_actors::{
    ConversationId, PersonId, Timestamp,
    dispatch::{
        Dispatch,
        conversation::Conversation,
        counselor::PublicStatus,
        event::{Event, Removal},
        limits::DispatchLimits,
    },
};
use uuid::Uuid;

use super::{
    CheckFault, Look, Violation, Wanted,
    rows::{self, EventRow, PersonRow},
};

/// Events, and rows of other tables, in memory at once.
pub(super) const PAGE: usize = 1000;

pub(super) async fn check(look: &mut Look<'_>, institution: &str) -> Result<(), CheckFault> {
    let mut fold = Fold::new(institution);
    loop {
        let page = rows::events(look.connection, institution, fold.seq, PAGE).await?;
        if page.is_empty() {
            break;
        }
        fold.take(look, page).await?;
    }
    fold.finish(look).await
}

/// What was last decided about somebody; none: nothing.
#[derive(Debug, Clone, Copy, Default)]
struct Decided {
    capacity: Option<u32>,
    presence: Option<PublicStatus>,
    is_banned: Option<bool>,
    deleted_at: Option<i64>,
}

struct Fold<'a> {
    institution: &'a str,
    /// The last that was read.
    seq: i64,
    dispatch: Dispatch,
    people: BTreeMap<PersonId, Decided>,
    /// Named by events, and nobody; each is told once.
    strangers: BTreeSet<PersonId>,
}

/// What a page has to be compared with.
#[derive(Default)]
struct Page {
    /// Who is named, and first where.
    named: BTreeMap<PersonId, i64>,
    ended: Vec<Conversation>,
    notices: Vec<(i64, ConversationId)>,
}

impl<'a> Fold<'a> {
    fn new(institution: &'a str) -> Self {
        Self {
            institution,
            seq: 0,
            // Facts follow from events alone; the limits decide what is to come.
            dispatch: Dispatch::new(DispatchLimits::default()),
            people: BTreeMap::new(),
            strangers: BTreeSet::new(),
        }
    }

    async fn take(&mut self, look: &mut Look<'_>, events: Vec<EventRow>) -> Result<(), CheckFault> {
        let mut page = Page::default();
        for row in events {
            look.seen.events += 1;
            let expected = self.seq + 1;
            if row.seq != expected {
                look.found(Some(self.institution), Violation::Gap(expected, row.seq - 1))?;
            }
            self.seq = row.seq;
            let Ok(event) = serde_json::from_str::<Event>(&row.body) else {
                let why = "its body is of no kind that is known";
                look.found(Some(self.institution), Violation::Unreadable(row.seq, why))?;
                continue;
            };
            if event.name() != row.kind {
                let why = "its kind is not that of its body";
                look.found(Some(self.institution), Violation::Unreadable(row.seq, why))?;
            }
            for person in named(&event).into_iter().flatten() {
                page.named.entry(person).or_insert(row.seq);
            }
            self.note(row.at, &event);
            let facts = self.dispatch.apply(Timestamp(row.at), &event);
            match (event.conversation(), facts) {
                (Some(conversation), None) => {
                    look.found(Some(self.institution), Violation::NotOpen { seq: row.seq, conversation })?;
                }
                (_, Some(facts)) if matches!(event, Event::Ended { .. }) => page.ended.push(facts),
                (_, _) => {}
            }
            if let Event::Noticed { conversation, .. } = event {
                page.notices.push((row.seq, conversation));
            }
        }
        self.look_for_strangers(look, page.named).await?;
        self.compare(look, &page.ended).await?;
        for (seq, conversation) in rows::missing_notices(look.connection, &page.notices).await? {
            look.found(Some(self.institution), Violation::Notice { seq, conversation })?;
        }
        Ok(())
    }

    /// What does not end with the journal: conversations that are open, and people.
    async fn finish(self, look: &mut Look<'_>) -> Result<(), CheckFault> {
        let open: Vec<Conversation> = self.dispatch.conversations().copied().collect();
        for some in open.chunks(PAGE) {
            self.compare(look, some).await?;
        }
        let people: Vec<(PersonId, Decided)> =
            self.people.iter().map(|(id, decided)| (*id, *decided)).collect();
        for some in people.chunks(PAGE) {
            let ids: Vec<Uuid> = some.iter().map(|(person, _)| person.0).collect();
            let stored = rows::people(look.connection, self.institution, &ids).await?;
            for (person, decided) in some {
                // Who is not there is a stranger, and told as such.
                let Some(row) = stored.get(&person.0) else { continue };
                let wanted = decided.differences(row);
                if !wanted.is_empty() {
                    look.found(Some(self.institution), Violation::Person(*person, wanted))?;
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, at: i64, event: &Event) {
        match event {
            Event::CapacityChanged { counselor, capacity } => {
                self.people.entry((*counselor).into()).or_default().capacity = Some(*capacity);
            }
            Event::PresenceChosen { counselor, choice } => {
                let presence = choice.map_or(PublicStatus::Offline, PublicStatus::from);
                self.people.entry((*counselor).into()).or_default().presence = Some(presence);
            }
            Event::Expelled { person, how } => {
                let decided = self.people.entry(*person).or_default();
                decided.presence = Some(PublicStatus::Offline);
                match how {
                    Removal::Banned => decided.is_banned = Some(true),
                    Removal::Deleted => decided.deleted_at = Some(at),
                }
            }
            Event::Pardoned { person } => self.people.entry(*person).or_default().is_banned = Some(false),
            // Who comes in has the capacity of their row.
            Event::Admitted { .. }
            | Event::Claimed
            | Event::Opened { .. }
            | Event::Widened { .. }
            | Event::PriorityChanged { .. }
            | Event::Assigned { .. }
            | Event::MediumChanged { .. }
            | Event::Noticed { .. }
            | Event::Unanswered { .. }
            | Event::Ended { .. }
            | Event::CounselorLost { .. } => {}
        }
    }

    async fn look_for_strangers(
        &mut self,
        look: &mut Look<'_>,
        named: BTreeMap<PersonId, i64>,
    ) -> Result<(), CheckFault> {
        let ids: Vec<Uuid> = named.keys().map(|person| person.0).collect();
        let strangers = rows::strangers(look.connection, self.institution, &ids).await?;
        for person in strangers {
            if let Some(seq) = named.get(&person)
                && self.strangers.insert(person)
            {
                look.found(Some(self.institution), Violation::Stranger { seq: *seq, person })?;
            }
        }
        Ok(())
    }

    /// Conversations as they stand by the journal, with their rows.
    async fn compare(&self, look: &mut Look<'_>, facts: &[Conversation]) -> Result<(), CheckFault> {
        let ids: Vec<Uuid> = facts.iter().map(|facts| facts.id.0).collect();
        let stored = rows::conversations(look.connection, &ids).await?;
        for facts in facts {
            look.seen.conversations += 1;
            let Some(row) = stored.get(&facts.id.0) else {
                look.found(Some(self.institution), Violation::Lost(facts.id))?;
                continue;
            };
            let wanted = row.differences(self.institution, facts);
            if !wanted.is_empty() {
                look.found(Some(self.institution), Violation::Conversation(facts.id, wanted))?;
            }
        }
        Ok(())
    }
}

impl Decided {
    /// What a person's row would have to say, where it says something else.
    fn differences(self, row: &PersonRow) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        if let Some(capacity) = self.capacity.map(i64::from)
            && capacity != i64::from(row.max_consults)
        {
            wanted.push(Wanted { column: "max_consults", value: Some(capacity.to_string()) });
        }
        if let Some(presence) = self.presence {
            // Who is offline has none.
            let value = (presence != PublicStatus::Offline).then(|| presence.as_str().to_owned());
            if value != row.presence {
                wanted.push(Wanted { column: "presence", value });
            }
        }
        if let Some(is_banned) = self.is_banned
            && is_banned != (row.state.as_deref() == Some("BANNED"))
        {
            // Administrators have a state only while they are banned.
            let is_plain = matches!(row.kind.as_str(), "INSTITUTION" | "SYSTEM");
            let value = if is_banned { Some("BANNED") } else { (!is_plain).then_some("NORMAL") };
            wanted.push(Wanted { column: "state", value: value.map(str::to_owned) });
        }
        if let Some(at) = self.deleted_at
            && row.deleted_at.is_none()
        {
            wanted.push(Wanted { column: "deleted_at", value: Some(at.to_string()) });
        }
        wanted
    }
}

/// Who is named by an event.
fn named(event: &Event) -> [Option<PersonId>; 2] {
    match event {
        Event::Admitted { counselor, .. }
        | Event::CapacityChanged { counselor, .. }
        | Event::PresenceChosen { counselor, .. }
        | Event::Assigned { counselor, .. }
        | Event::CounselorLost { counselor } => [Some((*counselor).into()), None],
        Event::Expelled { person, .. } | Event::Pardoned { person } => [Some(*person), None],
        Event::Opened { visitor, wanted, .. } => [Some((*visitor).into()), wanted.map(PersonId::from)],
        Event::Claimed
        | Event::Widened { .. }
        | Event::PriorityChanged { .. }
        | Event::MediumChanged { .. }
        | Event::Noticed { .. }
        | Event::Unanswered { .. }
        | Event::Ended { .. } => [None, None],
    }
}

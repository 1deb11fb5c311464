//! What is checked while the day goes on: what servers say of themselves and show, against what is kept.

use std::{collections::BTreeSet, time::Duration};

use hotline_actors::{
    ConversationId, PersonId, Timestamp,
    dispatch::{
        clock::Said,
        command::{Answer, Command, Refusal},
        conversation::{Conversation, Phase},
        counselor::{PublicStatus, Role},
    },
    push::Load,
    registry::{Health, LookHealth, LookQueues, QueueOverview, Rejected},
};

use crate::{
    memory_store::{Owner, StoredState},
    world::{BEGINNING, Life, World},
};

/// As the server's edge has it.
const LOOK_MAX: Duration = Duration::from_secs(2);
/// How late a deadline may fire while all is well.
const LATE_MAX: Duration = Duration::from_secs(5);
/// How long after the last trouble with the store all is well again: what was under way was tried again, with pauses.
const SETTLED_AFTER: Duration = Duration::from_secs(20);
/// How long a server may take to find out that another has taken over: it looks every five seconds.
const FENCED_WITHIN: Duration = Duration::from_secs(20);

impl World {
    /// Everything that is acknowledged is kept (L-10).
    pub(crate) fn check_acknowledged(&self) {
        let stored = self.stored();
        let mut found = Vec::new();
        for open in self.acknowledged_opens.borrow().iter() {
            if stored.facts(*open).is_none() {
                found.push(format!("L-10: {open} was acknowledged and is lost"));
            }
        }
        for ended in self.acknowledged_ends.borrow().iter() {
            if !stored.has_ended(*ended) || stored.folded.conversation(*ended).is_some() {
                found.push(format!("L-10: the end of {ended} was acknowledged and is lost"));
            }
        }
        drop(stored);
        for what in found {
            self.finds(what);
        }
    }

    pub(super) fn told_too_early(
        &self,
        server: &Life,
        command: &Command,
        answer: &Result<Answer, Rejected>,
    ) -> Option<&'static str> {
        let stored = self.stored();
        let kept = |id: &ConversationId| stored.facts(*id);
        // Whoever is overtaken and has not found out knows a prefix only.
        let is_current = server.writer().is_some_and(|writer| stored.is_owner(writer));
        match (command, answer) {
            (_, Ok(Answer::Opened { facts: told, .. })) => match (kept(&told.id), told.counselor()) {
                (None, _) => Some("opened, and not kept"),
                (Some(facts), Some(counselor)) if facts.counselor() != Some(counselor) => {
                    Some("seated, and not kept")
                }
                (Some(_), _) => None,
            },
            (_, Err(Rejected::Refused(Refusal::AlreadyConsulting { conversation, .. }))) => {
                kept(conversation).is_none().then_some("refused for one that is not kept")
            }
            (Command::End { conversation, .. }, Ok(_)) => {
                (!stored.has_ended(*conversation)).then_some("ended, and not kept")
            }
            (Command::End { conversation, .. }, Err(Rejected::Refused(Refusal::UnknownConversation))) => {
                (is_current && kept(conversation).is_some() && !stored.has_ended(*conversation))
                    .then_some("refused for an end that is not kept")
            }
            (Command::Remove { person, .. }, Ok(_)) => {
                (!stored.was_ever_out(*person)).then_some("taken out, and not kept")
            }
            _ => None,
        }
    }

    /// Everything that can be seen from outside, now and then: all servers, and limits in time on what is kept.
    pub(crate) async fn check(&self) {
        for life in self.all_lives() {
            self.check_server(&life).await;
            self.check_owner(&life).await;
        }
    }

    /// What one server says of itself: the laws as it counts them on what it has decided, and what it shows.
    pub(super) async fn check_server(&self, life: &Life) {
        if !life.is_well() {
            return;
        }
        let Some(writer) = life.writer() else { return };
        let others =
            self.stored().rows.iter().filter(|row| row.writer != writer).map(|row| row.stamped.seq).max();
        // Both looks before the overview can change: what is compared must be of one moment.
        let looks =
            futures_util::future::join(life.registry.send(LookQueues), life.registry.send(LookHealth));
        // While the store does not answer, nothing is shown.
        let Ok((Ok(Ok(overview)), Ok(health))) = tokio::time::timeout(LOOK_MAX, looks).await else { return };
        let found = if others.is_some_and(|seq| seq > health.committed) {
            Some("yesterday: a server shows what was before another took over".to_owned())
        } else {
            self.wrong_with(&overview, &health)
        };
        if let Some(what) = found {
            self.finds(what);
        }
    }

    fn wrong_with(&self, overview: &QueueOverview, health: &Health) -> Option<String> {
        if let Some((law, broken)) = health.breaches.iter().find(|(_, broken)| *broken > 0) {
            return Some(format!("{}: a server counts {broken} times", law.name()));
        }
        let stored = self.stored();
        let kept = stored.rows.len() as u64;
        if health.committed > kept {
            return Some(format!("L-5: {} is said to be kept, and {kept} is", health.committed));
        }
        if health.backlog == 0
            && let Some(what) = waits_beside_free_place(overview)
        {
            return Some(what);
        }
        (health.committed == kept).then(|| shown_otherwise(overview, &stored)).flatten()
    }

    /// Who owns the journal keeps time; who does not finds out.
    async fn check_owner(&self, life: &Life) {
        let Some((writer, since)) = life.writer().zip(life.since()) else { return };
        let Ok(health) = life.registry.send(LookHealth).await else { return };
        let now = self.now();
        let found = {
            let stored = self.stored();
            let Some(owner) = stored.owner else { return };
            let settled = stored.faults.disturbed_until + SETTLED_AFTER <= now && !stored.faults.gone;
            if !settled || health.fenced || !health.serving {
                Vec::new()
            } else if health.troubled {
                vec!["late: a server is troubled though the store is well".to_owned()]
            } else if owner.writer == writer {
                self.late(&stored, since, now)
            } else if owner.since + FENCED_WITHIN < now {
                vec!["L-9: two servers serve, and neither finds out".to_owned()]
            } else {
                Vec::new()
            }
        };
        for what in found {
            self.finds(what);
        }
    }

    /// Deadlines fire within seconds, a restart or an outage allowed for.
    fn late(&self, stored: &StoredState, since: Timestamp, now: Timestamp) -> Vec<String> {
        let due = |facts: &Conversation| match facts.phase {
            Phase::Waiting => {
                (facts.opened_at + self.limits.waiting_max).max(since + self.limits.waiting_after_return())
            }
            Phase::InProgress { since: started, .. } => {
                let silence = self.limits.silence_notice + self.limits.silence_end;
                let quiet = started.max(since) + silence;
                let writer = stored.owner.map(|owner| owner.writer);
                let words = writer.into_iter().flat_map(|writer| stored.words.of(facts.id, writer, now));
                // A word that comes late, after the notice, leaves the time after the notice.
                let said = writer.and_then(|writer| stored.known_since_claim(facts.id, writer, now));
                let limit = (started + self.limits.text_max).max(since);
                if said.is_some_and(|said| said.iter().any(Said::is_last_by_visitor)) {
                    return limit;
                }
                let heard =
                    words.map(|word| (word.said + silence).max(word.delivered + self.limits.silence_end));
                heard.fold(quiet, Timestamp::max).min(limit)
            }
            Phase::Ended { .. } => now,
        };
        let late = stored.folded.conversations().filter(|facts| due(facts) + LATE_MAX < now).map(|facts| {
            format!("late: was due at {:?} and goes on: {facts:?}", due(facts).since(BEGINNING))
        });
        let alone =
            stored.folded.conversations().filter(|facts| self.is_left_alone(facts, stored, since, now));
        late.chain(alone.map(|facts| format!("unanswered: nobody hears of it: {facts:?}"))).collect()
    }

    /// Whether the visitor has waited for an answer for long, and the last alarm, if there was any, is long ago.
    fn is_left_alone(
        &self,
        facts: &Conversation,
        stored: &StoredState,
        since: Timestamp,
        now: Timestamp,
    ) -> bool {
        let Some(started) = facts.started_at() else { return false };
        let waits_since = |said: &Said| {
            let last = said.unanswered.map(|(_, last)| last);
            if said.counselor.is_some() { last } else { last.or(Some(started)) }
        };
        let known =
            stored.owner.and_then(|Owner { writer, .. }| stored.known_since_claim(facts.id, writer, now));
        // What another server has stored may not be known here until it matters.
        let waits: Option<Vec<Timestamp>> = known.and_then(|said| said.iter().map(waits_since).collect());
        let Some(last) = waits.and_then(|waits| waits.into_iter().max()) else { return false };
        let (first, every) = (self.limits.unanswered[0], self.limits.unanswered_every);
        let quiet = |from: Timestamp| from + every + LATE_MAX < now;
        quiet(last.max(started).max(since) + first) && facts.alarmed.is_none_or(quiet)
    }
}

/// L-3 as anyone can see it: somebody waits beside a free place.
fn waits_beside_free_place(overview: &QueueOverview) -> Option<String> {
    let serves = |load: &Load, facts: &Conversation| {
        let common = facts.in_common_queue && load.on_shift && load.role == Role::Counselor;
        PersonId::from(load.counselor) != PersonId::from(facts.visitor)
            && (facts.requested_counselor == Some(load.counselor) || common)
    };
    let free = |load: &&Load| {
        load.shown == PublicStatus::Online
            && load.active < usize::try_from(load.capacity).unwrap_or(usize::MAX)
    };
    overview.loads.iter().filter(free).find_map(|load| {
        let beside = overview.waiting.iter().find(|facts| serves(load, facts))?;
        Some(format!("L-3: {} waits beside a free place at {}", beside.id, load.counselor))
    })
}

/// What is shown is what is kept.
fn shown_otherwise(overview: &QueueOverview, stored: &StoredState) -> Option<String> {
    let shown: BTreeSet<_> = overview.waiting.iter().map(|facts| facts.id).collect();
    let waits = |facts: &&Conversation| facts.phase == Phase::Waiting;
    let kept: BTreeSet<_> = stored.folded.conversations().filter(waits).map(|facts| facts.id).collect();
    if shown != kept {
        return Some(format!("L-5: {shown:?} are shown as waiting, {kept:?} are kept"));
    }
    overview.loads.iter().find_map(|load| {
        let counselor = stored.folded.counselor(load.counselor)?;
        let same = (counselor.active.len(), counselor.capacity) == (load.active, load.capacity);
        (!same).then(|| format!("L-7: {load:?} is shown, {counselor:?} is kept"))
    })
}

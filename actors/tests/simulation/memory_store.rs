//! The journal in memory: what a database would hold, with its own faults. What is stored outlives any Registry.

pub(crate) mod faults;
pub(crate) mod messages;
pub(crate) mod prefix;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
};

use futures_util::future::LocalBoxFuture;
use hotline_actors::{
    ConversationId, CounselorId, Dispatch, PersonId, Timestamp, WriterId,
    dispatch::{
        Snapshot,
        clock::TalkRecord,
        conversation::{Conversation, Phase},
        counselor::ChosenStatus,
        event::Event,
        limits::DispatchLimits,
    },
    journal::{AppendFault, Batch, Claim, ClaimFault, Stamped, Store, StoreFault},
    sabotage::honestly,
};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    memory_store::{
        faults::{CallOutcome, StoreFaults},
        messages::Messages,
    },
    reference_model::ReferenceModel,
    world::BEGINNING,
};

/// A deliberate fault of what is around the actors, for the proof alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreSabotage {
    /// A number that is taken does not stop whoever writes it again.
    NoFence,
    /// A revival only reads: the next number stays free for whatever an old owner has in flight.
    NoClaim,
    /// Every life writes under the same id.
    SameWriter,
}

/// One row: the event, who wrote it, and the conversation after it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) stamped: Stamped,
    pub(crate) writer: WriterId,
    pub(crate) facts: Option<Conversation>,
}

/// Who owns the journal, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) writer: WriterId,
    pub(crate) seq: u64,
    pub(crate) since: Timestamp,
}

#[derive(Debug)]
pub(crate) struct StoredState {
    begun: Instant,
    limits: DispatchLimits,
    pub(crate) rows: Vec<Row>,
    /// The projection: what the rows say.
    pub(crate) folded: Dispatch,
    pub(crate) faults: StoreFaults,
    pub(crate) words: Messages,
    pub(crate) model: ReferenceModel,
    pub(crate) found: Vec<String>,
    /// Batches that landed.
    pub(crate) commits: usize,
    pub(crate) owner: Option<Owner>,
    pub(crate) sabotage: Option<StoreSabotage>,
    /// What people chose at their sockets, and what is not yet seen here.
    pub(crate) asked: BTreeMap<CounselorId, Vec<ChosenStatus>>,
    ended: BTreeMap<ConversationId, Conversation>,
    /// Who was banned or deleted: nobody logs in as one of them.
    out: BTreeSet<PersonId>,
    ever_out: BTreeSet<PersonId>,
}

impl StoredState {
    fn land(&mut self, batch: &Batch) -> Result<(), AppendFault> {
        let Some(first) = batch.events.first() else { return Ok(()) };
        let next = self.rows.len() as u64 + 1;
        if first.seq < next {
            return self.stands_already(batch);
        }
        let numbers = batch.events.iter().map(|event| event.seq);
        if !numbers.eq(next..next + batch.events.len() as u64) {
            self.found.push(format!("L-6: a batch from {} stands where {next} is next", first.seq));
            return Err(AppendFault::Refused("a gap".to_owned()));
        }
        self.store(batch);
        Ok(())
    }

    /// What the fence says. The writer of the last row decides, as in the database.
    fn stands_already(&mut self, batch: &Batch) -> Result<(), AppendFault> {
        let row = |seq: u64| usize::try_from(seq - 1).ok().and_then(|at| self.rows.get(at));
        if row(batch.last_seq()).is_some_and(|row| row.writer == batch.writer) {
            let stands = |event: &Stamped| row(event.seq).is_some_and(|row| row.stamped == *event);
            if !batch.events.iter().all(stands) {
                self.found
                    .push(format!("L-9: up to {} another's rows are taken for one's own", batch.last_seq()));
            }
            return Ok(());
        }
        if self.sabotage == Some(StoreSabotage::NoFence) {
            self.store(batch);
            return Ok(());
        }
        Err(AppendFault::Fenced)
    }

    fn store(&mut self, batch: &Batch) {
        let mut touched = BTreeMap::new();
        for stamped in &batch.events {
            self.check_early(stamped, batch.writer);
            self.check_chosen(&stamped.event);
            self.model.event(&stamped.event);
            let facts = self.fold(stamped, batch.writer);
            touched.extend(facts.map(|facts| (facts.id, facts)));
        }
        let said: BTreeMap<_, _> = batch.conversations.iter().map(|facts| (facts.id, *facts)).collect();
        if said != touched {
            self.found
                .push(format!("L-6: a batch up to {} stores what its events do not say", batch.last_seq()));
        }
        self.commits += 1;
        self.check_prefix();
    }

    /// Nobody who is here becomes what they did not choose.
    fn check_chosen(&mut self, event: &Event) {
        let Event::PresenceChosen { counselor, choice: Some(choice) } = event else { return };
        if self.model.chosen(*counselor).is_none() {
            return;
        }
        let asked = self.asked.entry(*counselor).or_default();
        match asked.iter().position(|asked| asked == choice) {
            Some(at) => {
                asked.drain(..=at);
            }
            None => self.found.push(format!("presence: {counselor} is {choice:?} and did not choose it")),
        }
    }

    fn fold(&mut self, stamped: &Stamped, writer: WriterId) -> Option<Conversation> {
        if self.rows.last().is_some_and(|last| stamped.at < last.stamped.at) {
            self.found.push(format!("time: goes back with {stamped:?}"));
        }
        let facts = honestly(|| self.folded.apply(stamped.at, &stamped.event));
        if let Some(facts) = facts.filter(|facts| matches!(facts.phase, Phase::Ended { .. })) {
            self.ended.insert(facts.id, facts);
            self.words.forget(facts.id);
        }
        match &stamped.event {
            Event::Expelled { person, .. } => {
                self.out.insert(*person);
                self.ever_out.insert(*person);
            }
            Event::Pardoned { person } => {
                self.out.remove(person);
            }
            _ => {}
        }
        self.rows.push(Row { stamped: stamped.clone(), writer, facts });
        facts
    }

    fn claim(&mut self, writer: WriterId, at: Timestamp) -> Claim {
        self.model.restarted();
        let at = self.rows.last().map_or(at, |last| at.max(last.stamped.at));
        if self.sabotage == Some(StoreSabotage::NoClaim) {
            return Claim { seq: self.rows.len() as u64, at, snapshot: self.snapshot() };
        }
        let seq = self.rows.len() as u64 + 1;
        self.fold(&Stamped { seq, at, event: Event::Claimed }, writer);
        self.owner = Some(Owner { writer, seq, since: self.now() });
        self.check_prefix();
        Claim { seq, at, snapshot: self.snapshot() }
    }

    fn now(&self) -> Timestamp {
        BEGINNING + self.begun.elapsed()
    }

    /// What a revival finds.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut snapshot = self.folded.snapshot();
        for open in &mut snapshot.open {
            if open.facts.counselor().is_some() {
                open.said = self.words.said(open.facts.id);
            }
        }
        snapshot
    }

    /// An open or ended conversation.
    pub(crate) fn facts(&self, id: ConversationId) -> Option<Conversation> {
        self.folded.conversation(id).or_else(|| self.ended.get(&id)).copied()
    }

    pub(crate) fn has_ended(&self, id: ConversationId) -> bool {
        self.ended.contains_key(&id)
    }

    /// Whether somebody was taken out: their log-in has ended with it.
    pub(crate) fn is_out(&self, person: PersonId) -> bool {
        self.out.contains(&person)
    }

    /// Whether somebody was ever taken out; another may have let them in again since.
    pub(crate) fn was_ever_out(&self, person: PersonId) -> bool {
        self.ever_out.contains(&person)
    }

    pub(crate) fn is_owner(&self, writer: WriterId) -> bool {
        self.owner.is_some_and(|owner| owner.writer == writer)
    }

    /// Whether anybody has claimed the journal after `writer` did.
    pub(crate) fn is_claimed_after(&self, writer: WriterId) -> bool {
        let claims = || self.rows.iter().filter(|row| row.stamped.event == Event::Claimed);
        let claimed = claims().rfind(|row| row.writer == writer).map_or(0, |row| row.stamped.seq);
        claims().any(|row| row.stamped.seq > claimed && row.writer != writer)
    }

    /// When `writer` claimed the journal.
    pub(crate) fn claimed_by(&self, writer: WriterId) -> Option<Timestamp> {
        let claims = |row: &&Row| row.writer == writer && row.stamped.event == Event::Claimed;
        self.rows.iter().rev().find(claims).map(|row| row.stamped.at)
    }

    /// Every conversation that was open after row `seq`.
    pub(crate) fn open_at(&self, seq: u64) -> BTreeMap<ConversationId, Conversation> {
        if seq == self.rows.len() as u64 {
            return self.folded.conversations().map(|facts| (facts.id, *facts)).collect();
        }
        let mut open = BTreeMap::new();
        for facts in self.rows.iter().take_while(|row| row.stamped.seq <= seq).filter_map(|row| row.facts) {
            if matches!(facts.phase, Phase::Ended { .. }) {
                open.remove(&facts.id);
            } else {
                open.insert(facts.id, facts);
            }
        }
        open
    }
}

/// A handle to the stored state; every Registry holds one, the world another.
#[derive(Debug, Clone)]
pub(crate) struct MemoryStore(pub(crate) Rc<RefCell<StoredState>>);

/// Why a call came to nothing, as far as the caller knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failed {
    /// It may have happened or not.
    AnswerLost,
    /// It has not, and will not.
    Refused,
}

impl MemoryStore {
    pub(crate) fn new(begun: Instant, limits: DispatchLimits, faults: StoreFaults) -> Self {
        Self(Rc::new(RefCell::new(StoredState {
            begun,
            rows: Vec::new(),
            folded: Dispatch::new(limits.clone()),
            limits,
            faults,
            words: Messages::default(),
            model: ReferenceModel::default(),
            found: Vec::new(),
            commits: 0,
            owner: None,
            sabotage: None,
            asked: BTreeMap::new(),
            ended: BTreeMap::new(),
            out: BTreeSet::new(),
            ever_out: BTreeSet::new(),
        })))
    }

    fn outcome(&self) -> CallOutcome {
        let stored = &mut *self.0.borrow_mut();
        let now = stored.now();
        stored.faults.outcome(now)
    }

    /// One look, which changes nothing: it need not outlive whoever looks.
    fn look<T: 'static>(
        &self,
        work: impl FnOnce(&StoredState) -> T + 'static,
    ) -> LocalBoxFuture<'static, Result<T, Failed>> {
        let (store, CallOutcome { there, back, refused, fails_after }) = (self.clone(), self.outcome());
        let takes = there.zip(back).map(|(there, back)| there + back);
        Box::pin(async move {
            let takes = takes.filter(|takes| *takes < fails_after && !refused);
            sleep(takes.unwrap_or(fails_after)).await;
            takes.map(|_| work(&store.0.borrow())).ok_or(Failed::AnswerLost)
        })
    }

    /// One call: it reaches the store after a while, or does not; the answer takes its time too. What is on its way
    /// arrives although whoever sent it may have given up, or be dead by then.
    fn call<T: 'static>(
        &self,
        work: impl FnOnce(&mut StoredState) -> T + 'static,
    ) -> LocalBoxFuture<'static, Result<T, Failed>> {
        let (store, CallOutcome { there, back, refused, fails_after }) = (self.clone(), self.outcome());
        let (to, answered) = tokio::sync::oneshot::channel();
        let on_its_way = async move {
            let Some(there) = there else { return sleep(fails_after).await };
            sleep(there).await;
            let answer = if refused { Err(Failed::Refused) } else { Ok(work(&mut store.0.borrow_mut())) };
            let Some(back) = back else { return sleep(fails_after).await };
            sleep(back).await;
            // Whoever asked may have given up by now.
            let _ = to.send(answer);
        };
        tokio::task::spawn_local(on_its_way);
        let in_time = there.zip(back).is_some_and(|(there, back)| there + back < fails_after);
        Box::pin(async move {
            if in_time {
                return answered.await.unwrap_or(Err(Failed::AnswerLost));
            }
            match timeout(fails_after, answered).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(_)) | Err(_) => Err(Failed::AnswerLost),
            }
        })
    }
}

const GONE: &str = "no answer";

impl Store for MemoryStore {
    fn claim(&self, writer: WriterId, now: Timestamp) -> LocalBoxFuture<'static, Result<Claim, ClaimFault>> {
        if self.0.borrow().faults.is_anothers {
            return Box::pin(async { Err(ClaimFault::NotOwner) });
        }
        let claimed = self.call(move |stored| stored.claim(writer, now));
        Box::pin(async move { claimed.await.map_err(|_| ClaimFault::Unknown(GONE.to_owned())) })
    }

    fn append(&self, batch: Arc<Batch>) -> LocalBoxFuture<'static, Result<(), AppendFault>> {
        let landed = self.call(move |stored| stored.land(&batch));
        Box::pin(async move {
            landed.await.unwrap_or_else(|failed| match failed {
                Failed::AnswerLost => Err(AppendFault::Unknown(GONE.to_owned())),
                Failed::Refused => Err(AppendFault::Refused("no".to_owned())),
            })
        })
    }

    fn newest(&self) -> LocalBoxFuture<'static, Result<(u64, WriterId), StoreFault>> {
        let newest = self.look(|stored| stored.rows.last().map(|row| (row.stamped.seq, row.writer)));
        Box::pin(async move { newest.await.ok().flatten().ok_or_else(|| StoreFault(GONE.to_owned())) })
    }

    fn records(
        &self,
        talks: Vec<ConversationId>,
    ) -> LocalBoxFuture<'static, Result<Vec<TalkRecord>, StoreFault>> {
        let records = self.look(move |stored| {
            let open = talks.into_iter().filter(|talk| stored.folded.conversation(*talk).is_some());
            open.map(|talk| stored.words.record(talk)).collect()
        });
        let is_unreadable = self.0.borrow().faults.is_record_unreadable;
        Box::pin(async move {
            let records = records.await.map_err(|_| StoreFault(GONE.to_owned()))?;
            if is_unreadable { Err(StoreFault("locked".to_owned())) } else { Ok(records) }
        })
    }
}

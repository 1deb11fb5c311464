//! The journal in memory: what a database would hold, with its own weather. What is stored outlives any Registry.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use futures_util::future::LocalBoxFuture;
use hotline_actors::{
    ConversationId, Dispatch, Timestamp, WriterId,
    dispatch::{
        Snapshot,
        conversation::{Conversation, Phase},
        event::Event,
        limits::Limits,
    },
    journal::{AppendFault, Batch, Claim, Stamped, Store, StoreFault},
};

use crate::{chance::Chance, witness::Witness};

/// How the store behaves. Slow and gone for now: what else can go wrong belongs here too.
#[derive(Debug)]
pub(crate) struct Weather {
    pub(crate) chance: Chance,
    /// Milliseconds until the store has it …
    pub(crate) reach: RangeInclusive<u64>,
    /// … and until the answer is back.
    pub(crate) answer: RangeInclusive<u64>,
    /// Nothing reaches it.
    pub(crate) gone: bool,
}

/// One row: the event, who wrote it, and the conversation after it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) stamped: Stamped,
    pub(crate) writer: WriterId,
    pub(crate) facts: Option<Conversation>,
}

#[derive(Debug)]
pub(crate) struct Book {
    pub(crate) rows: Vec<Row>,
    /// The projection: what the rows say.
    pub(crate) folded: Dispatch,
    pub(crate) weather: Weather,
    /// Where the counselor has said something, by the stored messages.
    pub(crate) answered: BTreeSet<ConversationId>,
    pub(crate) witness: Witness,
    pub(crate) found: Vec<String>,
    /// Batches that landed.
    pub(crate) commits: usize,
    ended: BTreeMap<ConversationId, Conversation>,
}

impl Book {
    fn land(&mut self, batch: &Batch) -> Result<(), AppendFault> {
        let Some(first) = batch.events.first() else { return Ok(()) };
        let next = self.rows.len() as u64 + 1;
        if first.seq < next {
            let landed = |event: &Stamped| {
                let row = usize::try_from(event.seq - 1).ok().and_then(|at| self.rows.get(at));
                row.is_some_and(|row| row.writer == batch.writer && row.stamped == *event)
            };
            return if batch.events.iter().all(landed) { Ok(()) } else { Err(AppendFault::Fenced) };
        }
        let numbers = batch.events.iter().map(|event| event.seq);
        if !numbers.eq(next..next + batch.events.len() as u64) {
            self.found.push(format!("L-6: a batch from {} stands where {next} is next", first.seq));
            return Err(AppendFault::Refused("a gap".to_owned()));
        }
        let mut touched = BTreeMap::new();
        for stamped in &batch.events {
            self.witness.event(&stamped.event);
            let facts = self.fold(stamped, batch.writer);
            touched.extend(facts.map(|facts| (facts.id, facts)));
        }
        let said: BTreeMap<_, _> = batch.conversations.iter().map(|facts| (facts.id, *facts)).collect();
        if said != touched {
            self.found
                .push(format!("L-6: a batch up to {} stores what its events do not say", batch.last_seq()));
        }
        self.commits += 1;
        Ok(())
    }

    fn fold(&mut self, stamped: &Stamped, writer: WriterId) -> Option<Conversation> {
        let facts = self.folded.apply(stamped.at, &stamped.event);
        if let Some(facts) = facts.filter(|facts| matches!(facts.phase, Phase::Ended { .. })) {
            self.ended.insert(facts.id, facts);
        }
        self.rows.push(Row { stamped: stamped.clone(), writer, facts });
        facts
    }

    fn claim(&mut self, writer: WriterId, now: Timestamp) -> Claim {
        let seq = self.rows.len() as u64 + 1;
        self.fold(&Stamped { seq, at: now, event: Event::Claimed }, writer);
        Claim { seq, snapshot: self.snapshot() }
    }

    /// What a revival finds.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut snapshot = self.folded.snapshot();
        for open in &mut snapshot.open {
            open.answered = self.answered.contains(&open.facts.id) && open.facts.counselor().is_some();
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

    /// Every conversation that was open after row `seq`.
    pub(crate) fn open_at(&self, seq: u64) -> BTreeMap<ConversationId, Conversation> {
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

/// A handle to the book; the Registry holds one, the world another.
#[derive(Debug, Clone)]
pub(crate) struct Ledger(pub(crate) Rc<RefCell<Book>>);

impl Ledger {
    pub(crate) fn new(limits: Limits, weather: Weather) -> Self {
        Self(Rc::new(RefCell::new(Book {
            rows: Vec::new(),
            folded: Dispatch::new(limits),
            weather,
            answered: BTreeSet::new(),
            witness: Witness::default(),
            found: Vec::new(),
            commits: 0,
            ended: BTreeMap::new(),
        })))
    }

    /// One call: it reaches the store after a while, or does not; the answer takes its time too. What is on its way
    /// arrives although whoever sent it may be dead by then.
    fn call<T: 'static>(
        &self,
        work: impl FnOnce(&mut Book) -> T + 'static,
    ) -> LocalBoxFuture<'static, Option<T>> {
        let ledger = self.clone();
        let (there, back) = {
            let weather = &mut ledger.0.borrow_mut().weather;
            let (reach, answer) = (weather.reach.clone(), weather.answer.clone());
            (weather.chance.millis(reach), weather.chance.millis(answer))
        };
        let (to, answered) = tokio::sync::oneshot::channel();
        let on_its_way = async move {
            tokio::time::sleep(there).await;
            let gone = ledger.0.borrow().weather.gone;
            if gone {
                // The statement's own limit.
                tokio::time::sleep(Duration::from_secs(2)).await;
                return;
            }
            let answer = work(&mut ledger.0.borrow_mut());
            tokio::time::sleep(back).await;
            // Whoever asked may be dead by now.
            let _ = to.send(answer);
        };
        tokio::task::spawn_local(on_its_way);
        Box::pin(async move { answered.await.ok() })
    }
}

const GONE: &str = "no answer";

impl Store for Ledger {
    fn claim(&self, writer: WriterId, now: Timestamp) -> LocalBoxFuture<'static, Result<Claim, StoreFault>> {
        let claimed = self.call(move |book| book.claim(writer, now));
        Box::pin(async move { claimed.await.ok_or_else(|| StoreFault(GONE.to_owned())) })
    }

    fn append(&self, batch: Arc<Batch>) -> LocalBoxFuture<'static, Result<(), AppendFault>> {
        let landed = self.call(move |book| book.land(&batch));
        Box::pin(async move { landed.await.unwrap_or_else(|| Err(AppendFault::Unknown(GONE.to_owned()))) })
    }

    fn newest(&self) -> LocalBoxFuture<'static, Result<(u64, WriterId), StoreFault>> {
        let newest = self.call(|book| book.rows.last().map(|row| (row.stamped.seq, row.writer)));
        Box::pin(async move { newest.await.flatten().ok_or_else(|| StoreFault(GONE.to_owned())) })
    }
}

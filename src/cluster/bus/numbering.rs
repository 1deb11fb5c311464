//! What a link to one other server knows: the numbering of both directions, and the streams. Pure: bytes and the time come in, bytes
//! and what is to be woken go out.
//!
//! Why no stream goes on with a hole:
//!
//! - A stream lives within one numbering of each end. An end that begins a new one resets all its streams first, and so does an end
//!   that hears of a new one. Numberings only grow, and nobody goes back to an old one (a process that starts again has a new id).
//! - Of a numbering, messages are accepted from n = 1 on without a gap, or the numbering is dead: nothing of it is accepted any
//!   more, not even what comes late. So whatever a stream was given is a part of what was sent from its beginning on, in order.
//! - An end that declares a numbering of the other end dead begins a new one of its own and says both in each message. The other
//!   end sees that its numbering is dead, and begins a new one too; or that only the other end's is new, and then resets each stream
//!   by name as well. If that message is lost, its next one is answered with it again; and while it has streams, it sends one each
//!   half second.
//! - A lost last message is noticed as an end that has streams asks each half second, and the answer is numbered too.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Waker,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;

use super::{
    ConnectFault,
    flow::{Answer, Flow, Gathered, Refusal},
    wire::{FRAME_HEAD_BYTES, Frame, HEAD_BYTES, Head, Key, Malformed, put_frame, take_frame},
};

/// A message is gathered up to about so many bytes; NATS takes a megabyte.
pub(super) const MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// Streams of one link.
const STREAMS_MAX: usize = 16_384;
/// Refusals that wait to be sent. More than can come of streams that were alive a moment ago.
const REFUSALS_MAX: usize = 2 * STREAMS_MAX;
/// With streams open, an end that is not heard for so long is lost.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(2);

/// What is to be done when the link is no longer locked: waking may run foreign code.
#[derive(Debug, Default)]
pub(super) struct Effects {
    pub(super) wakers: Vec<Waker>,
    pub(super) answers: Vec<(Answer, Result<(), Refusal>)>,
    /// Streams that the other end has opened.
    pub(super) opened: Vec<Key>,
    /// How often streams were reset because something was lost.
    pub(super) gaps: u64,
}

/// A message to be published.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) numbering: u64,
    pub(super) n: u64,
    pub(super) bytes: Bytes,
}

#[derive(Debug)]
pub(super) struct Numbering {
    numberings: Arc<AtomicU64>,
    mine: u64,
    sent: u64,
    theirs: Option<u64>,
    received: u64,
    /// The newest of theirs that is dead, as all before it are.
    dead: u64,
    flows: HashMap<Key, Flow>,
    queue: VecDeque<Key>,
    refusals: VecDeque<Key>,
    /// A message is due even if it has no frames.
    owes: bool,
    asks: bool,
    heard: Instant,
    effects: Effects,
}

impl Numbering {
    /// `numberings` is shared by all links of the process, so that none comes twice.
    pub(super) fn new(numberings: Arc<AtomicU64>, now: Instant) -> Self {
        let mine = next(&numberings);
        Self {
            numberings,
            mine,
            sent: 0,
            theirs: None,
            received: 0,
            dead: 0,
            flows: HashMap::new(),
            queue: VecDeque::new(),
            refusals: VecDeque::new(),
            owes: false,
            asks: false,
            heard: now,
            effects: Effects::default(),
        }
    }

    pub(super) fn take_effects(&mut self) -> Effects {
        std::mem::take(&mut self.effects)
    }

    pub(super) fn streams(&self) -> usize {
        self.flows.values().filter(|flow| flow.is_live()).count()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.flows.is_empty()
    }

    pub(super) fn flow(&mut self, key: Key) -> Option<&mut Flow> {
        self.flows.get_mut(&key)
    }

    /// Opens a stream; false where there are too many.
    pub(super) fn open(&mut self, id: u64, answer: Answer, now: Instant) -> bool {
        if self.flows.len() >= STREAMS_MAX {
            return false;
        }
        // Nobody had to be heard before. One that was reset may still be held.
        if !self.flows.values().any(Flow::is_live) {
            self.heard = now;
        }
        let key = Key { is_ours: true, id };
        self.flows.insert(key, Flow::opening(answer));
        self.enqueue(key);
        true
    }

    /// Something of this stream is to be sent.
    pub(super) fn enqueue(&mut self, key: Key) {
        if let Some(flow) = self.flows.get_mut(&key)
            && !std::mem::replace(&mut flow.is_queued, true)
        {
            self.queue.push_back(key);
        }
    }

    pub(super) fn release(&mut self, key: Key) {
        match self.flows.get_mut(&key).map(Flow::release) {
            Some(true) => self.enqueue(key),
            Some(false) => drop(self.flows.remove(&key)),
            None => {}
        }
    }

    /// Takes in a message of the other end.
    pub(super) fn receive(&mut self, mut bytes: &[u8], now: Instant) -> Result<(), Malformed> {
        let taken = Head::take(&mut bytes).and_then(|head| {
            if self.accepts(head, now) {
                self.take_frames(bytes)?;
            }
            Ok(())
        });
        if taken.is_err() {
            self.lose();
        }
        taken
    }

    /// Whether this is the next message of a living numbering.
    fn accepts(&mut self, head: Head, now: Instant) -> bool {
        if head.dead >= self.mine {
            self.begin_anew(Refusal::LinkReset);
        } else if self.theirs.is_some_and(|theirs| head.numbering > theirs) {
            self.follow();
        }
        if head.numbering <= self.dead || self.theirs.is_some_and(|theirs| head.numbering < theirs) {
            // It does not know yet.
            self.owes = true;
            return false;
        }
        if head.n != self.received + 1 {
            self.dead = head.numbering;
            self.lose();
            return false;
        }
        self.theirs = Some(head.numbering);
        self.received = head.n;
        self.heard = now;
        self.owes |= head.asks;
        true
    }

    fn take_frames(&mut self, mut bytes: &[u8]) -> Result<(), Malformed> {
        while let Some((key, frame)) = take_frame(&mut bytes)? {
            if frame == Frame::Open {
                self.opened(key)?;
                continue;
            }
            let Some(flow) = self.flows.get_mut(&key).filter(|flow| flow.is_live()) else {
                if frame != Frame::Reset {
                    self.refuse(key);
                }
                continue;
            };
            if frame == Frame::Reset {
                self.end(key, Refusal::Fault(ConnectFault::Refused));
            } else if let Some(answer) = flow.received(frame, &mut self.effects.wakers)? {
                self.effects.answers.push((answer, Ok(())));
            }
        }
        Ok(())
    }

    fn opened(&mut self, key: Key) -> Result<(), Malformed> {
        if key.is_ours || self.flows.contains_key(&key) {
            return Err(Malformed::State);
        }
        if self.flows.len() >= STREAMS_MAX {
            self.refuse(key);
            return Ok(());
        }
        self.flows.insert(key, Flow::opened());
        self.effects.opened.push(key);
        Ok(())
    }

    fn refuse(&mut self, key: Key) {
        if self.refusals.len() < REFUSALS_MAX {
            self.refusals.push_back(key);
        } else {
            self.lose();
        }
    }

    /// The message with this number has reached nobody.
    pub(super) fn has_no_receiver(&mut self, numbering: u64, n: u64) {
        if numbering != self.mine {
            return;
        }
        let gone = self.flows.iter().filter(|(_, flow)| flow.has_opened_since(n)).map(|(key, _)| *key);
        for key in gone.filter(|key| key.is_ours).collect::<Vec<_>>() {
            self.end(key, Refusal::Fault(ConnectFault::NoSuchServer));
        }
        self.begin_anew(Refusal::LinkReset);
    }

    /// Something was lost: the other end is told.
    pub(super) fn lose(&mut self) {
        self.begin_anew(Refusal::LinkReset);
        self.owes = true;
    }

    /// Resets all streams and begins a new numbering. What the other end had is dead.
    pub(super) fn begin_anew(&mut self, why: Refusal) {
        self.dead = self.dead.max(self.theirs.take().unwrap_or(0));
        self.mine = next(&self.numberings);
        (self.sent, self.received) = (0, 0);
        (self.owes, self.asks) = (false, false);
        self.refusals.clear();
        self.reset_all(why);
        self.queue.clear();
    }

    /// The other end has begun a new numbering, to which ours is not dead. So ours goes on, and tells of the reset streams. (With a
    /// new one of ours, the other end would begin one again, and so for ever.)
    fn follow(&mut self) {
        self.dead = self.dead.max(self.theirs.take().unwrap_or(0));
        self.received = 0;
        self.refusals = self.reset_all(Refusal::LinkReset).into();
    }

    /// Those that were live.
    fn reset_all(&mut self, why: Refusal) -> Vec<Key> {
        let live: Vec<Key> =
            self.flows.iter().filter(|(_, flow)| flow.is_live()).map(|(key, _)| *key).collect();
        self.effects.gaps += u64::from(!live.is_empty());
        for key in &live {
            self.end(*key, why);
        }
        live
    }

    /// Ends a stream at this end.
    fn end(&mut self, key: Key, why: Refusal) {
        let Some(flow) = self.flows.get_mut(&key) else { return };
        if let Some((answer, why)) = flow.reset(why, &mut self.effects.wakers) {
            self.effects.answers.push((answer, Err(why)));
        }
        if flow.is_released() {
            self.flows.remove(&key);
        }
    }

    /// Each half second: asks for a sign while there are streams. True if the other end was silent for too long.
    pub(super) fn tick(&mut self, now: Instant) -> bool {
        if !self.flows.values().any(Flow::is_live) {
            return false;
        }
        if now.duration_since(self.heard) >= SILENCE_MAX {
            self.lose();
            return true;
        }
        (self.owes, self.asks) = (true, true);
        false
    }

    /// This end could not listen for a while: silence says nothing.
    pub(super) fn excuse(&mut self, now: Instant) {
        self.heard = now;
    }

    pub(super) fn is_unheard_for(&self, span: Duration, now: Instant) -> bool {
        now.duration_since(self.heard) >= span
    }

    /// There is something to gather.
    pub(super) fn waits(&self) -> bool {
        self.owes || !self.queue.is_empty() || !self.refusals.is_empty()
    }

    /// Gathers what waits into one message.
    pub(super) fn gather(&mut self) -> Option<Message> {
        if !self.waits() {
            return None;
        }
        let mut message = BytesMut::with_capacity(1024);
        self.sent += 1;
        let asks = std::mem::take(&mut self.asks);
        self.owes = false;
        Head { asks, numbering: self.mine, dead: self.dead, n: self.sent }.put(&mut message);
        debug_assert_eq!(message.len(), HEAD_BYTES, "the head is as long as it says");
        while message.len() + 4 * FRAME_HEAD_BYTES < MESSAGE_BYTES_MAX {
            if let Some(key) = self.refusals.pop_front() {
                put_frame(&mut message, key, Frame::Reset);
                continue;
            }
            let Some(key) = self.queue.pop_front() else { break };
            let Some(flow) = self.flows.get_mut(&key) else { continue };
            flow.is_queued = false;
            if !flow.is_live() {
                continue;
            }
            match flow.gather(key, self.sent, &mut message, MESSAGE_BYTES_MAX) {
                Gathered::All => {}
                Gathered::MoreWaits => self.enqueue(key),
                Gathered::Over => drop(self.flows.remove(&key)),
            }
        }
        Some(Message { numbering: self.mine, n: self.sent, bytes: message.freeze() })
    }
}

fn next(numberings: &AtomicU64) -> u64 {
    numberings.fetch_add(1, Ordering::Relaxed) + 1
}

#[cfg(test)]
mod tests;

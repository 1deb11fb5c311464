//! One stream at one end: what waits to be sent, what waits to be read, and how much the other end may still send.

use std::{
    io::{self, IoSlice},
    task::{Poll, Waker},
};

use bytes::{Buf as _, BytesMut};
use tokio::{io::ReadBuf, sync::oneshot};

use super::{
    ConnectFault,
    wire::{DATA_BYTES_MAX, FRAME_HEAD_BYTES, Frame, Key, Malformed, put_frame},
};

/// What one end may send before the other has read: the bound of each buffer of a stream.
pub(super) const WINDOW_BYTES: usize = 256 * 1024;
/// The reader gives credit for so many bytes at once: seldom enough to cost nothing, soon enough to keep the writer going.
const CREDIT_BYTES: usize = WINDOW_BYTES / 4;
/// An empty buffer larger than this is given back.
const KEPT_BYTES: usize = 16 * 1024;

pub(super) type Answer = oneshot::Sender<Result<(), Refusal>>;

/// Why a stream was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Fault(ConnectFault),
    /// The link began anew meanwhile: worth another try.
    LinkReset,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    NotYet,
    Wanted,
    Sent,
}

#[expect(clippy::struct_excessive_bools, reason = "each is true or false whatever the others are")]
#[derive(Debug)]
pub(super) struct Flow {
    out: BytesMut,
    /// How much more may be written.
    credit: usize,
    end: End,
    inbox: BytesMut,
    /// How much more the other end may send.
    window: usize,
    /// What has been read and not been given as credit yet.
    owed: usize,
    has_ended: bool,
    is_reset: bool,
    is_released: bool,
    tells_open: bool,
    tells_opened: bool,
    /// In which message the opening went.
    opened_in: Option<u64>,
    answer: Option<Answer>,
    reader: Option<Waker>,
    writer: Option<Waker>,
    /// Stands in the link's queue.
    pub(super) is_queued: bool,
}

impl Flow {
    fn new() -> Self {
        Self {
            out: BytesMut::new(),
            credit: WINDOW_BYTES,
            end: End::NotYet,
            inbox: BytesMut::new(),
            window: WINDOW_BYTES,
            owed: 0,
            has_ended: false,
            is_reset: false,
            is_released: false,
            tells_open: false,
            tells_opened: false,
            opened_in: None,
            answer: None,
            reader: None,
            writer: None,
            is_queued: false,
        }
    }

    /// One that this end opens.
    pub(super) fn opening(answer: Answer) -> Self {
        Self { tells_open: true, answer: Some(answer), ..Self::new() }
    }

    /// One that the other end has opened.
    pub(super) fn opened() -> Self {
        Self { tells_opened: true, ..Self::new() }
    }

    pub(super) fn is_live(&self) -> bool {
        !self.is_reset
    }

    pub(super) fn is_released(&self) -> bool {
        self.is_released
    }

    /// Reads what is there. The second value: whether credit is due now.
    pub(super) fn read(&mut self, to: &mut ReadBuf<'_>, waker: &Waker) -> (Poll<io::Result<()>>, bool) {
        if !self.inbox.is_empty() {
            let length = self.inbox.len().min(to.remaining());
            to.put_slice(&self.inbox[..length]);
            self.inbox.advance(length);
            give_back(&mut self.inbox);
            self.owed += length;
            return (Poll::Ready(Ok(())), self.owes_credit());
        }
        if self.has_ended {
            return (Poll::Ready(Ok(())), false);
        }
        if self.is_reset {
            return (Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())), false);
        }
        keep(&mut self.reader, waker);
        (Poll::Pending, false)
    }

    pub(super) fn write(&mut self, from: &[IoSlice<'_>], waker: &Waker) -> Poll<io::Result<usize>> {
        if self.is_reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if self.end != End::NotYet {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if from.iter().all(|part| part.is_empty()) {
            return Poll::Ready(Ok(0));
        }
        if self.credit == 0 {
            keep(&mut self.writer, waker);
            return Poll::Pending;
        }
        let before = self.credit;
        for part in from {
            let length = part.len().min(self.credit);
            self.out.extend_from_slice(&part[..length]);
            self.credit -= length;
        }
        Poll::Ready(Ok(before - self.credit))
    }

    /// Nothing more is written.
    pub(super) fn end(&mut self) -> io::Result<()> {
        match self.end {
            End::NotYet if self.is_reset => return Err(io::ErrorKind::ConnectionReset.into()),
            End::NotYet => self.end = End::Wanted,
            End::Wanted | End::Sent => {}
        }
        Ok(())
    }

    /// Whoever read and wrote is gone: what was ended in order is still sent, everything else is not. False if nothing is to be
    /// told to the other end.
    pub(super) fn release(&mut self) -> bool {
        self.is_released = true;
        self.inbox = BytesMut::new();
        self.tells_opened = false;
        if self.end == End::NotYet {
            self.out = BytesMut::new();
        }
        !self.is_reset && !self.tells_open
    }

    /// Something was lost, or the other end gave up. What had ended in order before can still be read: it is whole.
    pub(super) fn reset(&mut self, why: Refusal, wakers: &mut Vec<Waker>) -> Option<(Answer, Refusal)> {
        self.is_reset = true;
        self.out = BytesMut::new();
        if !self.has_ended {
            self.inbox = BytesMut::new();
        }
        wakers.extend(self.reader.take());
        wakers.extend(self.writer.take());
        self.answer.take().map(|answer| (answer, why))
    }

    /// Whether the opening surely did not arrive, if message `n` of this numbering did not: none after it is accepted either.
    pub(super) fn has_opened_since(&self, n: u64) -> bool {
        self.opened_in.is_none_or(|opened_in| opened_in >= n)
    }

    pub(super) fn received(
        &mut self,
        frame: Frame<'_>,
        wakers: &mut Vec<Waker>,
    ) -> Result<Option<Answer>, Malformed> {
        match frame {
            Frame::Open => return Err(Malformed::State),
            Frame::Opened => return Ok(self.answer.take()),
            Frame::Data(bytes) => {
                if self.has_ended {
                    return Err(Malformed::State);
                }
                self.window = self.window.checked_sub(bytes.len()).ok_or(Malformed::Window)?;
                if !self.is_released {
                    self.inbox.extend_from_slice(bytes);
                    wakers.extend(self.reader.take());
                }
            }
            Frame::End => {
                self.has_ended = true;
                wakers.extend(self.reader.take());
            }
            Frame::Credit(more) => {
                let credit = usize::try_from(more).ok().and_then(|more| self.credit.checked_add(more));
                self.credit = credit.filter(|credit| *credit <= WINDOW_BYTES).ok_or(Malformed::Window)?;
                wakers.extend(self.writer.take());
            }
            // The link does that: it ends the stream.
            Frame::Reset => {}
        }
        Ok(None)
    }

    fn owes_credit(&self) -> bool {
        self.owed >= CREDIT_BYTES && !self.has_ended && !self.is_reset && !self.is_released
    }

    /// Puts what waits into message `n`, which may become `bytes_max` long.
    pub(super) fn gather(&mut self, key: Key, n: u64, message: &mut BytesMut, bytes_max: usize) -> Gathered {
        if std::mem::take(&mut self.tells_open) {
            put_frame(message, key, Frame::Open);
            self.opened_in = Some(n);
        }
        if std::mem::take(&mut self.tells_opened) {
            put_frame(message, key, Frame::Opened);
        }
        if self.owes_credit() {
            put_frame(message, key, Frame::Credit(u32::try_from(self.owed).unwrap_or(0)));
            self.window += std::mem::take(&mut self.owed);
        }
        if !self.out.is_empty() {
            let room = bytes_max.saturating_sub(message.len() + FRAME_HEAD_BYTES);
            let length = self.out.len().min(DATA_BYTES_MAX).min(room);
            if length > 0 {
                put_frame(message, key, Frame::Data(&self.out[..length]));
                self.out.advance(length);
            }
            if !self.out.is_empty() {
                return Gathered::MoreWaits;
            }
            give_back(&mut self.out);
        }
        if self.end == End::Wanted {
            put_frame(message, key, Frame::End);
            self.end = End::Sent;
        }
        if !self.is_released {
            return Gathered::All;
        }
        if !self.has_ended || self.end != End::Sent {
            put_frame(message, key, Frame::Reset);
        }
        Gathered::Over
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Gathered {
    All,
    MoreWaits,
    /// The stream can be forgotten.
    Over,
}

fn keep(place: &mut Option<Waker>, waker: &Waker) {
    match place {
        Some(kept) => kept.clone_from(waker),
        None => *place = Some(waker.clone()),
    }
}

fn give_back(buffer: &mut BytesMut) {
    if buffer.is_empty() && buffer.capacity() > KEPT_BYTES {
        *buffer = BytesMut::new();
    }
}

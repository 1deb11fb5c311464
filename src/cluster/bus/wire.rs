//! Link messages as bytes: a head, then frames. All numbers are big-endian.
//!
//! | bytes | head |
//! |---|---|
//! | 1 | version |
//! | 1 | 1 if an answer is asked for, else 0 |
//! | 8 | the sender's numbering |
//! | 8 | the newest numbering of the receiver that is dead to the sender, or 0 |
//! | 8 | n: 1, 2, 3, … within the sender's numbering |
//!
//! | bytes | frame |
//! |---|---|
//! | 1 | kind; its highest bit is set if the receiver of the message opened the stream |
//! | 8 | stream, counted by who opened it |
//! | 4 | length of what follows |

use bytes::{Buf as _, BufMut as _, BytesMut};

pub(super) const VERSION: u8 = 1;
pub(super) const HEAD_BYTES: usize = 26;
pub(super) const FRAME_HEAD_BYTES: usize = 13;
/// Data is cut into frames of at most so many bytes, so that streams take turns.
pub(super) const DATA_BYTES_MAX: usize = 64 * 1024;
const OPENED_BY_RECEIVER: u8 = 0x80;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) asks: bool,
    pub(super) numbering: u64,
    pub(super) dead: u64,
    pub(super) n: u64,
}

/// A stream as one end of the link knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) is_ours: bool,
    pub(super) id: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    Open,
    Opened,
    Data(&'a [u8]),
    End,
    Reset,
    Credit(u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    #[error("it is too short")]
    Short,
    #[error("its version is unknown")]
    Version,
    #[error("a frame is of no known kind")]
    Kind,
    #[error("a frame has a wrong length")]
    Length,
    #[error("a stream was sent more than its window")]
    Window,
    #[error("a frame is not for a stream in this state")]
    State,
}

impl Head {
    pub(super) fn put(self, to: &mut BytesMut) {
        to.put_u8(VERSION);
        to.put_u8(u8::from(self.asks));
        to.put_u64(self.numbering);
        to.put_u64(self.dead);
        to.put_u64(self.n);
    }

    /// Takes the head off `bytes`; the frames remain.
    pub(super) fn take(bytes: &mut &[u8]) -> Result<Self, Malformed> {
        if bytes.len() < HEAD_BYTES {
            return Err(Malformed::Short);
        }
        if bytes.get_u8() != VERSION {
            return Err(Malformed::Version);
        }
        let asks = bytes.get_u8() != 0;
        let (numbering, dead, n) = (bytes.get_u64(), bytes.get_u64(), bytes.get_u64());
        Ok(Self { asks, numbering, dead, n })
    }
}

pub(super) fn put_frame(to: &mut BytesMut, key: Key, frame: Frame<'_>) {
    let (kind, length) = match frame {
        Frame::Open => (1, 0),
        Frame::Opened => (2, 0),
        Frame::Data(bytes) => (3, bytes.len().min(DATA_BYTES_MAX)),
        Frame::End => (4, 0),
        Frame::Reset => (5, 0),
        Frame::Credit(_) => (6, 4),
    };
    to.put_u8(if key.is_ours { kind } else { kind | OPENED_BY_RECEIVER });
    to.put_u64(key.id);
    to.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    match frame {
        Frame::Data(bytes) => to.put_slice(&bytes[..length]),
        Frame::Credit(more) => to.put_u32(more),
        Frame::Open | Frame::Opened | Frame::End | Frame::Reset => {}
    }
}

/// Takes the next frame off `bytes`, with the stream as the receiver knows it; none if that was all.
pub(super) fn take_frame<'a>(bytes: &mut &'a [u8]) -> Result<Option<(Key, Frame<'a>)>, Malformed> {
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.len() < FRAME_HEAD_BYTES {
        return Err(Malformed::Short);
    }
    let kind = bytes.get_u8();
    let key = Key { is_ours: kind & OPENED_BY_RECEIVER != 0, id: bytes.get_u64() };
    let length = usize::try_from(bytes.get_u32()).map_err(|_| Malformed::Length)?;
    let (mut body, rest) = bytes.split_at_checked(length).ok_or(Malformed::Short)?;
    *bytes = rest;
    let frame = match (kind & !OPENED_BY_RECEIVER, length) {
        (1, 0) => Frame::Open,
        (2, 0) => Frame::Opened,
        (3, 1..=DATA_BYTES_MAX) => Frame::Data(body),
        (4, 0) => Frame::End,
        (5, 0) => Frame::Reset,
        (6, 4) => Frame::Credit(body.get_u32()),
        (1..=6, _) => return Err(Malformed::Length),
        _ => return Err(Malformed::Kind),
    };
    Ok(Some((key, frame)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames(mut bytes: &[u8]) -> Result<Vec<(Key, Frame<'_>)>, Malformed> {
        let mut all = Vec::new();
        while let Some(frame) = take_frame(&mut bytes)? {
            all.push(frame);
        }
        Ok(all)
    }

    #[test]
    fn what_is_put_is_taken_by_the_other_end() {
        let head = Head { asks: true, numbering: 7, dead: 3, n: u64::MAX };
        let ours = Key { is_ours: true, id: 5 };
        let theirs = Key { is_ours: false, id: 5 };
        let put = [Frame::Open, Frame::Opened, Frame::Data(b"x"), Frame::End, Frame::Reset, Frame::Credit(9)];
        let mut message = BytesMut::new();
        head.put(&mut message);
        for frame in put {
            put_frame(&mut message, ours, frame);
        }
        let mut rest = &message[..];
        assert_eq!(Head::take(&mut rest), Ok(head));
        assert_eq!(frames(rest), Ok(put.map(|frame| (theirs, frame)).to_vec()));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 0_u8..8, length in 0_u32..20) {
            let mut rest = &bytes[..];
            let _ = Head::take(&mut rest);
            let mut likely = vec![kind];
            likely.extend_from_slice(&1_u64.to_be_bytes());
            likely.extend_from_slice(&length.to_be_bytes());
            likely.extend_from_slice(&bytes);
            let _ = frames(&likely);
            let _ = frames(&bytes);
        }
    }
}

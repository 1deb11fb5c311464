//! Sockets that are only listened to, by the thousand: as little work for each as a client can do, so that on a machine of
//! two cores the server is measured rather than its client.

use std::{
    cell::RefCell,
    io::{self, Cursor, ErrorKind},
};

use anyhow::{Context, Result, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::protocol::frame::{
    Frame, FrameHeader,
    coding::{Control, Data, OpCode},
};

/// More than a server tells at once here.
const READ_BYTES: usize = 64 * 1024;
/// What nobody checks: the handshake is not what is measured.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// A client masks what it sends; with what is up to it.
const MASK: [u8; 4] = [0x5a, 0xa5, 0x3c, 0xc3];

thread_local! {
    static READ: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// A WebSocket whose texts are heard and mostly forgotten.
#[derive(Debug)]
pub(crate) struct Ear {
    stream: TcpStream,
    /// The beginning of a frame whose end is still to come.
    begun: Vec<u8>,
}

impl Ear {
    pub(crate) async fn open(address: &str, path: &str, token: Option<&str>) -> Result<Self> {
        let mut stream =
            TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{token}\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        let end = loop {
            if let Some(end) = answer.windows(4).position(|part| part == b"\r\n\r\n") {
                break end + 4;
            }
            ensure!(answer.len() < READ_BYTES, "an answer without an end");
            ensure!(stream.read_buf(&mut answer).await? > 0, "the server closed the connection");
        };
        ensure!(answer.starts_with(b"HTTP/1.1 101 "), "no WebSocket: {}", String::from_utf8_lossy(&answer));
        Ok(Self { stream, begun: answer.split_off(end) })
    }

    pub(crate) async fn send(&mut self, text: &str) -> Result<()> {
        let mut bytes = Vec::new();
        masked(Frame::message(text.to_owned(), OpCode::Data(Data::Text), true), &mut bytes)?;
        Ok(self.stream.write_all(&bytes).await?)
    }

    /// Reads once and hands each text to `hear`, which may give an answer. Answers pings. False once the server has ended it.
    pub(crate) async fn listen(
        &mut self,
        mut hear: impl FnMut(&[u8]) -> Option<&'static str>,
    ) -> Result<bool> {
        // What came with the handshake's answer is there already.
        if self.take_in(&mut hear).await? > 0 {
            return Ok(true);
        }
        self.stream.readable().await?;
        let read = READ.with_borrow_mut(|bytes| {
            let length = self.stream.try_read(bytes)?;
            self.begun.extend_from_slice(&bytes[..length]);
            io::Result::Ok(length)
        });
        match read {
            Ok(0) => return Ok(false),
            Ok(_) => self.take_in(&mut hear).await?,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error.into()),
        };
        Ok(true)
    }

    /// Hands over the whole frames that are there, and answers; how many bytes that were.
    async fn take_in(&mut self, hear: &mut impl FnMut(&[u8]) -> Option<&'static str>) -> Result<usize> {
        let mut answers = Vec::new();
        let used = frames(&self.begun, hear, &mut answers)?;
        self.begun.drain(..used);
        if !answers.is_empty() {
            self.stream.write_all(&answers).await?;
        }
        Ok(used)
    }
}

/// Goes through the whole frames at the beginning of `bytes`; how long they are.
fn frames(
    bytes: &[u8],
    hear: &mut impl FnMut(&[u8]) -> Option<&'static str>,
    answers: &mut Vec<u8>,
) -> Result<usize> {
    let mut used = 0;
    loop {
        let mut rest = Cursor::new(&bytes[used..]);
        let Some((header, length)) = FrameHeader::parse(&mut rest)? else { return Ok(used) };
        let length = usize::try_from(length)?;
        ensure!(length <= READ_BYTES, "a frame of {length} bytes");
        let begin = used + usize::try_from(rest.position())?;
        let end = begin + length;
        let Some(payload) = bytes.get(begin..end) else { return Ok(used) };
        used = end;
        match header.opcode {
            OpCode::Data(_) => {
                if let Some(answer) = hear(payload) {
                    masked(Frame::message(answer, OpCode::Data(Data::Text), true), answers)?;
                }
            }
            OpCode::Control(Control::Ping) => masked(Frame::pong(payload.to_vec()), answers)?,
            OpCode::Control(_) => {}
        }
    }
}

fn masked(mut frame: Frame, to: &mut Vec<u8>) -> Result<()> {
    frame.header_mut().mask = Some(MASK);
    Ok(frame.format(to)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(frame: Frame) -> Vec<u8> {
        let mut bytes = Vec::new();
        frame.format(&mut bytes).expect("a frame");
        bytes
    }

    #[test]
    fn texts_are_heard_whole_and_pings_are_answered() {
        let mut bytes = served(Frame::message("one", OpCode::Data(Data::Text), true));
        bytes.extend(vec![0x89, 4, 1, 2, 3, 4]);
        let whole = bytes.len();
        bytes.extend(served(Frame::message("x".repeat(300), OpCode::Data(Data::Text), true)));
        let (mut heard, mut answers) = (Vec::new(), Vec::new());
        let mut hear = |text: &[u8]| {
            heard.push(text.len());
            None
        };
        assert_eq!(frames(&bytes[..bytes.len() - 1], &mut hear, &mut answers).expect("frames"), whole);
        assert_eq!(frames(&bytes[whole..], &mut hear, &mut Vec::new()).expect("frames"), bytes.len() - whole);
        assert_eq!(heard, [3, 300]);
        assert_eq!(answers[..2], [0x8a, 0x80 | 4]);
    }
}

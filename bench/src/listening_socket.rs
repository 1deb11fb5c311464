//! A WebSocket that is only listened to: read raw, its texts heard and mostly forgotten (`crowd.rs` has thousands of them).

use std::io::Cursor;

use anyhow::{Context, Result, ensure};
use memchr::memmem;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::protocol::frame::{
    Frame, FrameHeader,
    coding::{Control, Data, OpCode},
};

/// More than a server tells at once here.
pub(crate) const READ_BYTES: usize = 64 * 1024;
/// What nobody checks: the handshake is not what is measured.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// A client masks what it sends; with what is up to it.
const MASK: [u8; 4] = [0x5a, 0xa5, 0x3c, 0xc3];

/// The beginning of a frame whose end is still to come.
#[derive(Debug, Default)]
pub(crate) struct PartialFrame(Vec<u8>);

impl PartialFrame {
    /// Hands each whole text in what was read to `hear`, which may give an answer. The answers, and those to pings, are to
    /// be sent. Nearly always all of `read` is whole, and then copied nowhere.
    pub(crate) fn read_frames(
        &mut self,
        read: &[u8],
        on_text: &mut impl FnMut(&[u8]) -> Option<&'static str>,
    ) -> Result<Vec<u8>> {
        let mut answers = Vec::new();
        if self.0.is_empty() {
            let used = frames(read, on_text, &mut answers)?;
            self.0.extend_from_slice(&read[used..]);
        } else {
            self.0.extend_from_slice(read);
            let used = frames(&self.0, on_text, &mut answers)?;
            self.0.drain(..used);
        }
        Ok(answers)
    }
}

/// The socket, open.
#[derive(Debug)]
pub(crate) struct ListeningSocket {
    stream: TcpStream,
    partial: PartialFrame,
}

impl ListeningSocket {
    /// Opens it, says `first` if anything, and waits until a text with `greeting` in it was heard.
    pub(crate) async fn open(
        address: &str,
        path: &str,
        token: Option<&str>,
        first: Option<&str>,
        greeting: &str,
    ) -> Result<Self> {
        let mut stream =
            TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{token}\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut read = Vec::new();
        let end = loop {
            if let Some(end) = memmem::find(&read, b"\r\n\r\n") {
                break end + 4;
            }
            ensure!(read.len() < READ_BYTES, "an answer without an end");
            ensure!(stream.read_buf(&mut read).await? > 0, "the server closed the connection");
        };
        ensure!(read.starts_with(b"HTTP/1.1 101 "), "no WebSocket: {}", String::from_utf8_lossy(&read));
        if let Some(first) = first {
            let mut bytes = Vec::new();
            masked(Frame::message(first.to_owned(), OpCode::Data(Data::Text), true), &mut bytes)?;
            stream.write_all(&bytes).await?;
        }
        let mut socket = Self { stream, partial: PartialFrame::default() };
        // What came with the handshake's answer is there already.
        let mut read = read.split_off(end);
        let mut is_greeted = false;
        loop {
            let mut on_text = |text: &[u8]| {
                is_greeted |= memmem::find(text, greeting.as_bytes()).is_some();
                None
            };
            let answers = socket.partial.read_frames(&read, &mut on_text)?;
            socket.stream.write_all(&answers).await?;
            if is_greeted {
                return Ok(socket);
            }
            read.clear();
            ensure!(socket.stream.read_buf(&mut read).await? > 0, "the server closed the socket");
        }
    }

    /// For whoever listens from now on; not blocking.
    pub(crate) fn into_parts(self) -> Result<(std::net::TcpStream, PartialFrame)> {
        Ok((self.stream.into_std()?, self.partial))
    }
}

/// Goes through the whole frames at the beginning of `bytes`; how long they are.
fn frames(
    bytes: &[u8],
    on_text: &mut impl FnMut(&[u8]) -> Option<&'static str>,
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
                if let Some(answer) = on_text(payload) {
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
        let mut on_text = |text: &[u8]| {
            heard.push(text.len());
            None
        };
        assert_eq!(frames(&bytes[..bytes.len() - 1], &mut on_text, &mut answers).expect("frames"), whole);
        assert_eq!(
            frames(&bytes[whole..], &mut on_text, &mut Vec::new()).expect("frames"),
            bytes.len() - whole
        );
        assert_eq!(heard, [3, 300]);
        assert_eq!(answers[..2], [0x8a, 0x80 | 4]);
    }
}

//! A connection that is kept open and asked one thing after another: as little work as a client can do, so that on a
//! machine of two cores the server is measured rather than its client.

use anyhow::{Context, Result, bail, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Headers of one answer.
const HEADERS_MAX: usize = 32;
/// No answer that is asked for here is larger.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
const READ_BYTES: usize = 16 * 1024;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// `X-Auth-Token`.
    pub(crate) token: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The text `key` at the beginning of a success's `result`, without reading all the rest.
    pub(crate) fn begins_with(&self, key: &str) -> Result<&str> {
        let begin = format!(r#"{{"code":0,"message":"OK","result":{{"{key}":""#);
        let body = std::str::from_utf8(&self.body)?;
        let value = body.strip_prefix(&begin).and_then(|rest| rest.split_once('"'));
        value.map(|(value, _)| value).with_context(|| format!("HTTP {}: {body}", self.status))
    }

    /// The `result` of a success.
    pub(crate) fn result(&self) -> Result<serde_json::Value> {
        let mut body: serde_json::Value = serde_json::from_slice(&self.body)
            .with_context(|| format!("HTTP {} without JSON", self.status))?;
        ensure!(self.status == 200 && body["code"] == 0, "HTTP {}: {body}", self.status);
        Ok(body["result"].take())
    }
}

/// A request, ready to be sent as often as one likes.
pub(crate) fn request(method: &str, path: &str, token: Option<&str>, body: &str) -> Vec<u8> {
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{token}{kind}Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// One open connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(READ_BYTES) })
    }

    /// Sends one request and reads its answer.
    pub(crate) async fn send(&mut self, request: &[u8]) -> Result<Answer> {
        self.stream.write_all(request).await?;
        loop {
            if let Some((answer, used)) = parse(&self.buffer)? {
                self.buffer.drain(..used);
                return Ok(answer);
            }
            ensure!(self.buffer.len() < ANSWER_BYTES_MAX, "an answer beyond {ANSWER_BYTES_MAX} bytes");
            self.buffer.reserve(READ_BYTES);
            let read = self.stream.read_buf(&mut self.buffer).await?;
            ensure!(read > 0, "the server closed the connection before its answer");
        }
    }

    pub(crate) async fn ask(
        &mut self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: &str,
    ) -> Result<Answer> {
        self.send(&request(method, path, token, body)).await
    }
}

/// The first answer in `buffer` and how long it is; none if it is not whole yet.
fn parse(buffer: &[u8]) -> Result<Option<(Answer, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(begin) = head.parse(buffer)? else { return Ok(None) };
    let header = |name: &str| {
        let found = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(found.value).ok()
    };
    let Some(length) = header("content-length") else { bail!("an answer without Content-Length") };
    let end = begin + length.parse::<usize>()?;
    let Some(body) = buffer.get(begin..end) else { return Ok(None) };
    let answer = Answer {
        status: head.code.context("an answer without a status")?,
        token: header("x-auth-token").map(str::to_owned),
        body: body.to_vec(),
    };
    Ok(Some((answer, end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_only_when_it_is_whole() {
        let whole = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nX-Auth-Token: t\r\n\r\nokHTTP/1.1";
        assert!(parse(&whole[..whole.len() - 9]).expect("well formed").is_none());
        let (answer, used) = parse(whole).expect("well formed").expect("whole");
        assert_eq!((answer.status, answer.token.as_deref(), &answer.body[..]), (200, Some("t"), &b"ok"[..]));
        assert_eq!(&whole[used..], b"HTTP/1.1");
    }
}

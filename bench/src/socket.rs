//! Sockets as the workbench and the mini-program hold them.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures_util::StreamExt;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, Utf8Bytes, client::IntoClientRequest, protocol::WebSocketConfig},
};

/// Nothing that is waited for here takes longer.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// What a socket reads at once; the client fills its whole buffer with zeroes each time.
const READ_BYTES: usize = 4 * 1024;

/// An open socket.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    pub(crate) async fn open(address: &str, path: &str, token: &str) -> Result<Self> {
        let mut request = format!("ws://{address}{path}").into_client_request()?;
        request.headers_mut().insert("Authorization", format!("Bearer {token}").parse()?);
        let config = WebSocketConfig::default().read_buffer_size(READ_BYTES);
        let (stream, _) = tokio_tungstenite::connect_async_with_config(request, Some(config), true)
            .await
            .context("opening a socket")?;
        let mut socket = Self { stream };
        socket.until(|text| text.contains(r#""type":"snapshot""#)).await?;
        Ok(socket)
    }

    /// The next text, however long it takes, and when it came. Answers pings meanwhile.
    pub(crate) async fn next_text(&mut self) -> Result<(Utf8Bytes, Instant)> {
        while let Some(message) = self.stream.next().await {
            match message? {
                Message::Text(text) => return Ok((text, Instant::now())),
                Message::Close(frame) => bail!("the server closed a socket: {frame:?}"),
                Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
        bail!("a socket ended")
    }

    /// When the next frame came that fits.
    pub(crate) async fn until(&mut self, fits: impl Fn(&str) -> bool) -> Result<Instant> {
        let wait = async {
            loop {
                let (text, at) = self.next_text().await?;
                if fits(&text) {
                    return Ok(at);
                }
            }
        };
        tokio::time::timeout(WAIT_MAX, wait).await.context("a frame did not come")?
    }
}

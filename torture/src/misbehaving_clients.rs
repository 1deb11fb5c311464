//! Misbehaving clients: some never read, some close half, some send rubbish, and a crowd vanishes without a close.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};

use crate::rng::Rng;

const HANDSHAKE_MAX: Duration = Duration::from_secs(5);

/// What was done.
#[derive(Debug, Clone, Copy, Default)]
pub struct MisbehavingClients {
    pub stalled: u64,
    pub half_closed: u64,
    pub garbage: u64,
    pub vanished: u64,
}

/// Does all of it against the server at `address`: `many` of each but the crowd, which is `crowd`.
pub async fn misbehave(address: SocketAddr, many: u64, crowd: u64, rng: &mut Rng) -> MisbehavingClients {
    let mut done = MisbehavingClients::default();
    let mut stalled = Vec::new();
    for _ in 0..many {
        // It never reads again.
        if let Some(socket) = shake_hands(address).await {
            stalled.push(socket);
            done.stalled += 1;
        }
        done.half_closed += u64::from(close_half(address).await);
        done.garbage += u64::from(send_garbage(address, rng).await);
    }
    done.vanished = vanish(address, crowd).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    drop(stalled);
    done
}

/// A socket whose first frame never comes.
async fn shake_hands(address: SocketAddr) -> Option<TcpStream> {
    let request = format!(
        "GET /visitor/ws HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: aG90bGluZS1ob3RsaW5lIQ==\r\n\r\n"
    );
    timeout(HANDSHAKE_MAX, async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.ok()?;
        head.ends_with(b"101").then_some(stream)
    })
    .await
    .ok()?
}

/// A request without its end, and a closed writing side.
async fn close_half(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address).await else { return false };
    let request = format!(
        "PUT /conversation HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n{{\"co"
    );
    let written = stream.write_all(request.as_bytes()).await.is_ok() && stream.shutdown().await.is_ok();
    let mut rest = Vec::new();
    let _answer = timeout(Duration::from_millis(200), stream.read_to_end(&mut rest)).await;
    written
}

/// Bytes that are no frame; and before them, now and then, no HTTP either.
async fn send_garbage(address: SocketAddr, rng: &mut Rng) -> bool {
    let rubbish: Vec<u8> =
        (0..rng.number(8..4000)).map(|_| u8::try_from(rng.number(0..256)).unwrap_or(0xff)).collect();
    let stream =
        if rng.once_in(3) { TcpStream::connect(address).await.ok() } else { shake_hands(address).await };
    let Some(mut stream) = stream else { return false };
    stream.write_all(&rubbish).await.is_ok()
}

/// A crowd opens sockets and is gone without a close.
async fn vanish(address: SocketAddr, crowd: u64) -> u64 {
    let mut crowding = JoinSet::new();
    let mut open = Vec::new();
    for _ in 0..crowd {
        crowding.spawn(shake_hands(address));
        // As many at once as a listening socket has room for.
        if crowding.len() >= 64
            && let Some(Ok(Some(socket))) = crowding.join_next().await
        {
            open.push(socket);
        }
    }
    while let Some(socket) = crowding.join_next().await {
        open.extend(socket.ok().flatten());
    }
    let count = u64::try_from(open.len()).unwrap_or(u64::MAX);
    for socket in open {
        // A reset instead of a goodbye.
        let _reset = socket.set_zero_linger();
    }
    count
}

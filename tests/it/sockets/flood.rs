//! Floods: whoever sends half frames, or opens sockets without end, costs little and keeps nobody out.

use futures_util::future::join_all;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::lin_at_work;
use crate::support::{Hotline, SOON};

/// Half frames at once.
const FLOOD: usize = 2000;
/// What each of them may cost, as docs/operations.md names it; and what the server may grow by besides, whoever comes.
const KIBIBYTES_EACH: u64 = 40;
const KIBIBYTES_BESIDES: u64 = 64 * 1024;

/// The first bytes of a frame with a text of so many bytes, as clients mask it.
fn head(declared: u64) -> Vec<u8> {
    let mut bytes = vec![0x81, 0x80 | 0x7f];
    bytes.extend(declared.to_be_bytes());
    bytes.extend([0; 4]);
    bytes
}

/// A socket without a library, so that half a frame can be sent.
async fn shake_hands(hotline: &Hotline, token: Option<&str>) -> TcpStream {
    let url = hotline.client().url("");
    let host = url.trim_start_matches("http://").to_owned();
    let bearer = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let request = format!(
        "GET /visitor/ws HTTP/1.1\r\nHost: {host}\r\n{bearer}Connection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: aG90bGluZS1ob3RsaW5lIQ==\r\n\r\n"
    );
    let mut stream = TcpStream::connect(&host).await.expect("the server listens");
    stream.write_all(request.as_bytes()).await.expect("the request is taken");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.expect("the server answers"));
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
    stream
}

/// The code of the close frame that comes at last.
async fn close_code(stream: &mut TcpStream) -> Option<u16> {
    let mut bytes = Vec::new();
    let read = timeout(SOON, stream.read_to_end(&mut bytes)).await;
    assert!(read.is_ok(), "the connection ends");
    let at = bytes.windows(2).rposition(|pair| pair[0] == 0x88 && pair[1] >= 2)?;
    Some(u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]))
}

fn resident_kibibytes(hotline: &Hotline) -> u64 {
    let path = format!("/proc/{}/status", hotline.process_id());
    let status = std::fs::read_to_string(path).expect("the process is there");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells it");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Sends `sent` bytes of a frame that declares `declared`, and never the rest.
async fn half_frame(hotline: &Hotline, token: Option<&str>, declared: u64, sent: usize) -> TcpStream {
    let mut stream = shake_hands(hotline, token).await;
    let mut bytes = head(declared);
    bytes.resize(sent, b'x');
    // Closed before all of it was taken, perhaps.
    let _closed = stream.write_all(&bytes).await;
    stream
}

#[tokio::test]
async fn a_frame_that_declares_too_much_is_refused_before_it_comes() {
    let (hotline, _) = lin_at_work(&[]).await;
    let visitor = hotline.visitor("ecnu", "first").await;
    for (token, most) in [(None, 1024), (visitor.token.as_deref(), 16 * 1024)] {
        for declared in [most + 1, 1 << 40, u64::MAX] {
            let mut stream = half_frame(&hotline, token, declared, 20).await;
            assert_eq!(close_code(&mut stream).await, Some(1009), "{declared}");
        }
    }
    // In pieces either.
    let mut stream = shake_hands(&hotline, visitor.token.as_deref()).await;
    stream.write_all(&[0x01, 0x80 | 1, 0, 0, 0, 0, b'x']).await.expect("it is taken");
    assert_eq!(close_code(&mut stream).await, Some(1009));
    hotline.assert_calm();
}

#[tokio::test]
async fn thousands_of_half_frames_cost_no_more_than_is_said() {
    let (hotline, _) = lin_at_work(&[("sockets.per_person_max", "4000")]).await;
    let visitor = hotline.visitor("ecnu", "first").await;
    let token = visitor.token.as_deref();
    let before = resident_kibibytes(&hotline);
    let bound = |sockets: usize| KIBIBYTES_BESIDES + KIBIBYTES_EACH * sockets as u64;
    // As many bytes as anybody takes of them, of frames that may be so long, and of those that may not.
    let mut held = Vec::new();
    for (token, declared, sent) in [(None, 1024, 1000), (token, 16 * 1024, 16_000), (None, 1 << 40, 200_000)]
    {
        for _ in 0..FLOOD / 100 {
            let some = (0..100).map(|_| half_frame(&hotline, token, declared, sent));
            held.extend(join_all(some).await);
        }
        let grown = resident_kibibytes(&hotline).saturating_sub(before);
        println!("{} sockets, frames of {declared} bytes: {grown} KiB more", held.len());
        assert!(grown < bound(held.len()), "{grown} KiB for {} sockets", held.len());
    }
    // And everybody else is served.
    let mut socket = visitor.visitor_socket().await;
    socket.snapshot().await;
    socket.ping().await;
    hotline.assert_calm();
}

#[tokio::test]
async fn strangers_make_room_for_a_newcomer_behind_the_same_address() {
    let (hotline, lin) = lin_at_work(&[
        ("sockets.strangers_per_address_max", "50"),
        ("sockets.auth_seconds_max", "600"),
        ("sockets.per_person_max", "8"),
    ])
    .await;
    let mut oldest = shake_hands(&hotline, None).await;
    let mut strangers = Vec::new();
    for _ in 0..50 {
        strangers.push(shake_hands(&hotline, None).await);
    }
    assert_eq!(close_code(&mut oldest).await, Some(1013), "the one who waited longest");
    // With ten times as many: whoever brings a token comes in, with or without it in the handshake.
    let crowd = async {
        for _ in 0..500 {
            strangers.push(shake_hands(&hotline, None).await);
        }
    };
    let campus = async {
        for number in 0..20 {
            let visitor = hotline.visitor("ecnu", &format!("campus{number}")).await;
            let mut socket = hotline.client().socket("/visitor/ws").await;
            socket.send(json!({ "type": "auth", "token": visitor.token })).await;
            socket.snapshot().await;
            let mut second = visitor.visitor_socket().await;
            second.snapshot().await;
        }
    };
    tokio::join!(crowd, campus);
    // Of one person's own the one that was silent longest.
    let mut first = lin.workbench().await;
    first.snapshot().await;
    let mut tabs = Vec::new();
    for _ in 0..8 {
        let mut tab = lin.workbench().await;
        tab.snapshot().await;
        tabs.push(tab);
    }
    assert_eq!(first.closed(SOON).await, Some(1013));
    for tab in &mut tabs {
        tab.ping().await;
    }
    hotline.assert_calm();
}

#[tokio::test]
async fn there_are_only_so_many_sockets_in_all() {
    let (hotline, lin) = lin_at_work(&[("sockets.open_max", "3")]).await;
    let mut stranger = shake_hands(&hotline, None).await;
    let (mut first, mut second) = (lin.workbench().await, lin.workbench().await);
    // A stranger makes room; nobody else does.
    let mut third = lin.workbench().await;
    assert_eq!(close_code(&mut stranger).await, Some(1013));
    third.snapshot().await;
    lin.get("/workbench/ws").await.refused_with(-2);
    let refused = lin
        .request(reqwest::Method::GET, "/workbench/ws")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "aG90bGluZS1ob3RsaW5lIQ==");
    crate::support::Answer::of(refused).await.refused(-1, "系统繁忙，请稍后再试");
    for socket in [&mut first, &mut second, &mut third] {
        socket.ping().await;
    }
    hotline.assert_calm();
}

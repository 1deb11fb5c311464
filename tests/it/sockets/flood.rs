//! Floods: whoever sends half frames, or opens sockets without end, costs little and keeps nobody out. It takes six
//! thousand open files on either side, which scripts/test.sh asks the system for.

use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};

use futures_util::future::{join, join_all};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::lin_at_work;
use crate::support::{Hotline, SOON, until};

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

/// A hundred at a time, so many as make a flood.
async fn flood(hotline: &Hotline, token: Option<&str>, declared: u64, sent: usize) -> Vec<TcpStream> {
    let mut held = Vec::new();
    for _ in 0..FLOOD / 100 {
        let some = (0..100).map(|_| half_frame(hotline, token, declared, sent));
        held.extend(join_all(some).await);
    }
    held
}

/// Reads the snapshot that somebody who is logged in is greeted with.
async fn is_greeted(stream: &mut TcpStream) {
    let head = [stream.read_u8().await.expect("a frame"), stream.read_u8().await.expect("its length")];
    let length = match head {
        [0x81, 126] => usize::from(stream.read_u16().await.expect("its length")),
        [0x81, length @ 0..126] => usize::from(length),
        _ => panic!("no snapshot: {head:x?}"),
    };
    let mut snapshot = vec![0; length];
    stream.read_exact(&mut snapshot).await.expect("all of it");
}

/// Neither closed nor told that it will be.
fn is_open(stream: &TcpStream) -> bool {
    let read = stream.try_read(&mut [0; 16]);
    read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

#[tokio::test]
async fn thousands_of_half_frames_cost_no_more_than_is_said() {
    // All of them may stay, and nothing is said to them meanwhile.
    let (hotline, _) = lin_at_work(&[
        ("sockets.per_person_max", "4000"),
        ("sockets.strangers_max", "8000"),
        ("sockets.strangers_per_address_max", "8000"),
        ("sockets.auth_seconds_max", "600"),
        ("sockets.heartbeat_seconds", "600"),
    ])
    .await;
    let visitor = hotline.visitor("ecnu", "first").await;
    let token = visitor.token.as_deref();
    let before = resident_kibibytes(&hotline);
    // As many bytes as anybody takes, of frames that may be so long.
    let mut held = flood(&hotline, None, 1024, 1000).await;
    let mut greeted = flood(&hotline, token, 16 * 1024, 16_000).await;
    for stream in &mut greeted {
        is_greeted(stream).await;
    }
    held.append(&mut greeted);
    let grown = resident_kibibytes(&hotline).saturating_sub(before);
    assert_eq!(held.iter().filter(|stream| is_open(stream)).count(), 2 * FLOOD);
    println!("{} sockets are open: {grown} KiB more", held.len());
    assert!(grown < KIBIBYTES_BESIDES + KIBIBYTES_EACH * held.len() as u64, "{grown} KiB");

    // And of frames that may not: none of those stays.
    let before = resident_kibibytes(&hotline);
    let refused = flood(&hotline, None, 1 << 40, 200_000).await;
    let grown = resident_kibibytes(&hotline).saturating_sub(before);
    println!("{} were refused: {grown} KiB more", refused.len());
    assert!(grown < KIBIBYTES_BESIDES, "{grown} KiB");
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
    let (hotline, lin) = lin_at_work(&[("sockets.open_max", "3"), ("sockets.auth_seconds_max", "600")]).await;
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

/// Beside its sockets the server takes so many connections.
const CONNECTIONS_BESIDE: usize = 4096;

#[tokio::test]
async fn connections_are_bounded_and_whoever_waits_for_one_gets_it() {
    let (hotline, lin) = lin_at_work(&[("sockets.open_max", "4")]).await;
    let bound = 4 + CONNECTIONS_BESIDE;
    let mut workbench = lin.workbench().await;
    workbench.snapshot().await;
    let open_files =
        || std::fs::read_dir(format!("/proc/{}/fd", hotline.process_id())).expect("it runs").count();
    let before = open_files();
    let address = hotline.client().url("").trim_start_matches("http://").to_owned();
    let mut held = Vec::new();
    // As many more as the system lets wait for the server.
    for _ in 0..bound + 100 {
        held.push(
            TcpStream::connect(&address).await.expect("a connection, or a place in the system's queue"),
        );
    }
    // What was connected before has some of the room.
    until("the room is taken", SOON, async || (open_files() + 20 > before + bound).then_some(())).await;
    for _ in 0..50 {
        workbench.ping().await;
    }
    let open = open_files();
    assert!(open <= before + bound, "{open} open files, where there were {before} and {bound} may come");
    // More end than wait.
    held.drain(..200);
    assert_eq!(hotline.client().get("/health/ready").await.status, 200);
    hotline.assert_calm();
}

/// How long whoever floods goes on at most, and how much of it there is.
const FLOODED: Duration = Duration::from_secs(20);
const FLOOD_BYTES_MAX: usize = 1024 * 1024 * 1024;

/// Writes the same again and again, and reads what comes, until the time is over or the connection is; tells which.
async fn pours(stream: TcpStream, bytes: &[u8]) -> bool {
    let (mut from, mut to) = stream.into_split();
    let pour = async {
        for _ in 0..FLOOD_BYTES_MAX / bytes.len() {
            if to.write_all(bytes).await.is_err() {
                return;
            }
        }
        std::future::pending::<()>().await;
    };
    let drain = async {
        let mut buffer = vec![0; 64 * 1024];
        while from.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
    };
    let ended = async {
        tokio::select! { () = pour => {}, () = drain => {} }
    };
    timeout(FLOODED, ended).await.is_ok()
}

/// Somebody else asks, and on a thread that nobody keeps is answered.
async fn is_served(hotline: &Hotline) {
    let begun = Instant::now();
    for _ in 0..10 {
        assert_eq!(hotline.client().get("/health/live").await.status, 200);
    }
    println!("ten requests took {:?}", begun.elapsed());
}

/// No frame is smaller than one without a payload: a pong, a ping, or a text.
#[tokio::test]
async fn small_frames_without_end_keep_no_thread_from_the_others() {
    let (hotline, _) = lin_at_work(&[("server.workers", "1"), ("sockets.auth_seconds_max", "2")]).await;
    let visitor = hotline.visitor("ecnu", "first").await;
    for opcode in [0x8a, 0x89, 0x81] {
        let frames = [opcode, 0x80, 0, 0, 0, 0].repeat(10_000);
        let stranger = shake_hands(&hotline, None).await;
        let known = shake_hands(&hotline, visitor.token.as_deref()).await;
        tokio::select! {
            _ = pours(known, &frames) => panic!("{opcode:x}: nobody is served while somebody floods"),
            (left, ()) = join(pours(stranger, &frames), is_served(&hotline)) => {
                assert!(left, "{opcode:x}: a stranger who says nothing else is closed");
            }
        }
    }
    hotline.assert_calm();
}

#[tokio::test]
async fn requests_without_end_on_one_connection_keep_no_thread_from_the_others() {
    let (hotline, _) = lin_at_work(&[("server.workers", "1")]).await;
    let host = hotline.client().url("").trim_start_matches("http://").to_owned();
    let requests = format!("GET /health/live HTTP/1.1\r\nHost: {host}\r\n\r\n").repeat(500);
    let open = async || TcpStream::connect(&host).await.expect("the server listens");
    let (one, two) = (open().await, open().await);
    tokio::select! {
        _ = join(pours(one, requests.as_bytes()), pours(two, requests.as_bytes())) => {
            panic!("nobody is served while somebody floods");
        }
        () = is_served(&hotline) => {}
    }
}

//! What the system holds of a connection within this machine, as Linux tells it in /proc/net/tcp.

use std::{fs, net::SocketAddr};

use tokio::net::TcpStream;

use super::{SOON, until};

/// Bytes that are not delivered yet, and bytes that nobody has read yet.
struct Queues {
    sent: u64,
    received: u64,
}

/// Those of the end at `local` of a connection to `remote`; none if it is gone.
fn queues(local: SocketAddr, remote: SocketAddr) -> Option<Queues> {
    let (local, remote) = (written(local), written(remote));
    let table = fs::read_to_string("/proc/net/tcp").expect("Linux tells it");
    let row = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let row = row.into_iter().find(|row| row.get(1) == Some(&&*local) && row.get(2) == Some(&&*remote))?;
    let (sent, received) = row[4].split_once(':').expect("two queues");
    let number = |text| u64::from_str_radix(text, 16).expect("hexadecimal digits");
    Some(Queues { sent: number(sent), received: number(received) })
}

/// As the table writes an address: the bytes of the number as this machine has them.
fn written(address: SocketAddr) -> String {
    let SocketAddr::V4(address) = address else { panic!("tests connect over IPv4") };
    format!("{:08X}:{:04X}", u32::from_ne_bytes(address.ip().octets()), address.port())
}

/// Waits until all that was written to a connection has been received by the system of the other end.
pub(crate) async fn delivered(stream: &TcpStream) {
    let (here, there) = ends(stream);
    until("what was written is delivered", SOON, async || {
        queues(here, there).is_none_or(|queues| queues.sent == 0).then_some(())
    })
    .await;
}

/// Waits until some of what was written has been delivered, all of it, and stands there unread.
pub(crate) async fn delivered_and_left_unread(stream: &TcpStream) {
    let (here, there) = ends(stream);
    until("what was written is delivered, and some of it unread", SOON, async || {
        let (sent, unread) = (queues(here, there)?.sent, queues(there, here)?.received);
        (sent == 0 && unread > 0).then_some(())
    })
    .await;
}

fn ends(stream: &TcpStream) -> (SocketAddr, SocketAddr) {
    let here = stream.local_addr().expect("a connection has two ends");
    (here, stream.peer_addr().expect("a connection has two ends"))
}

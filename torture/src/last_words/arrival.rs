//! Whether what was written to a connection has arrived: the system knows, since the other side's acknowledges it.

use std::time::Duration;

use tokio::{fs, net::TcpStream, time::Instant};

const LOOK_AGAIN: Duration = Duration::from_millis(3);

/// Waits until the other side's system has acknowledged every byte; false when it has not within this time, or when it
/// cannot be known.
pub async fn is_whole(stream: &TcpStream, within: Duration) -> bool {
    let (Ok(here), Ok(there)) = (stream.local_addr(), stream.peer_addr()) else { return false };
    let until = Instant::now() + within;
    loop {
        let table = fs::read_to_string("/proc/net/tcp").await.unwrap_or_default();
        match unacknowledged(&table, here.port(), there.port()) {
            Some(0) => return true,
            Some(_) if Instant::now() < until => tokio::time::sleep(LOOK_AGAIN).await,
            Some(_) | None => return false,
        }
    }
}

/// The bytes on their way from one port to another, as `proc_net_tcp(5)` tells it.
pub fn unacknowledged(table: &str, here: u16, there: u16) -> Option<u64> {
    let port = |address: &str| u16::from_str_radix(address.split_once(':')?.1, 16).ok();
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().take(5).collect();
        let &[_, from, to, _, queues] = fields.as_slice() else { return None };
        let is_it = port(from) == Some(here) && port(to) == Some(there);
        if is_it { u64::from_str_radix(queues.split_once(':')?.0, 16).ok() } else { None }
    })
}

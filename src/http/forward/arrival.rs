//! Where what others carry comes in: each stream of the bus becomes a connection to this server's own address, so that nothing of
//! it is answered in another way than what clients send.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use actix_web::dev::ServiceRequest;
use dashmap::DashSet;
use tokio::{io::copy_bidirectional, net::TcpStream, sync::mpsc, time::timeout};

use super::{INSTITUTION, PEER};
use crate::{cluster::bus::BusStream, http::connection::Link};

/// A server that cannot reach itself within this is beyond help.
const CONNECT_MAX: Duration = Duration::from_secs(2);

/// The connections to this server that it has made itself, for others. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Arrivals(Arc<DashSet<SocketAddr>>);

/// What another server says of a request that it carries.
pub(in crate::http) struct Carried {
    pub(super) institution: Option<String>,
    /// Who sent it there.
    pub(super) peer: SocketAddr,
}

/// One of those connections, and that it is known as such.
pub(super) struct Arrival {
    /// Dropped first: the address of the connection may be another's as soon as that is closed.
    pub(super) known: Known,
    pub(super) connection: TcpStream,
}

/// Dropped when nothing more is asked over the connection.
pub(super) struct Known {
    here: SocketAddr,
    arrivals: Arrivals,
}

impl Drop for Known {
    fn drop(&mut self) {
        self.arrivals.0.remove(&self.here);
    }
}

impl Arrivals {
    /// Connects to this server itself. What goes over it may say for whom it is.
    pub(super) async fn connect(&self, address: SocketAddr) -> io::Result<Arrival> {
        let connecting = TcpStream::connect(reachable(address));
        let connection = timeout(CONNECT_MAX, connecting).await.map_err(|_| io::ErrorKind::TimedOut)??;
        connection.set_nodelay(true)?;
        let here = connection.local_addr()?;
        // Before anything is sent over it.
        self.0.insert(here);
        Ok(Arrival { connection, known: Known { here, arrivals: self.clone() } })
    }

    /// What is said of a request that came over one of these connections. Whoever comes another way says nothing by these headers.
    pub(super) fn carried(&self, req: &mut ServiceRequest) -> Option<Carried> {
        let from = req.conn_data::<Rc<Link>>()?.peer()?;
        if !self.0.contains(&from) {
            return None;
        }
        let mut said = |name: &str| {
            let value = req.headers_mut().remove(name).next()?;
            value.to_str().ok().map(str::to_owned)
        };
        let (institution, peer) = (said(INSTITUTION), said(PEER));
        let peer = peer.and_then(|peer| peer.parse().ok()).unwrap_or(from);
        Some(Carried { institution, peer })
    }
}

/// How a server reaches itself that listens on `address`.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Takes in what other servers carry here, until there is no bus any more.
pub(super) async fn let_in(mut streams: mpsc::Receiver<BusStream>, address: SocketAddr, arrivals: Arrivals) {
    while let Some(mut stream) = streams.recv().await {
        let arrivals = arrivals.clone();
        // Bounded by the streams that the bus lets in.
        tokio::spawn(async move {
            match arrivals.connect(address).await {
                // Either end may break off; then so does the other.
                Ok(mut arrival) => drop(copy_bidirectional(&mut stream, &mut arrival.connection).await),
                Err(error) => tracing::warn!(%error, "forward: connecting to this server itself failed"),
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_reaches_itself_wherever_it_listens() {
        for (listens, reached) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:8080", "[::1]:8080"),
            ("10.0.0.7:80", "10.0.0.7:80"),
            ("127.0.0.1:1", "127.0.0.1:1"),
        ] {
            let parse = |text: &str| text.parse::<SocketAddr>().expect("an address");
            assert_eq!(reachable(parse(listens)), parse(reached));
        }
    }
}

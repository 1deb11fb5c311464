//! The balancer leads to whoever takes requests, and nobody stays with one that does not any more.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use hotline_torture::{history::History, proxy::Proxy, takeover::balancer::Balancer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

const SOON: Duration = Duration::from_secs(10);

/// Says how it is to whoever asks for it, and its number to everybody else.
async fn server(number: u8) -> (SocketAddr, Arc<AtomicU16>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
    let address = listener.local_addr().expect("it listens");
    let status = Arc::new(AtomicU16::new(503));
    let said = Arc::clone(&status);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let said = Arc::clone(&said);
            tokio::spawn(async move {
                let mut question = [0; 1024];
                while let Ok(length @ 1..) = stream.read(&mut question).await {
                    let answer = if question[..length].starts_with(b"GET") {
                        format!("HTTP/1.1 {} -\r\n\r\n", said.load(Ordering::Relaxed)).into_bytes()
                    } else {
                        vec![number]
                    };
                    let _gone = stream.write_all(&answer).await;
                }
            });
        }
    });
    (address, status)
}

/// The number of the server that this connection leads to; none if it is closed.
async fn number(stream: &mut TcpStream) -> Option<u8> {
    stream.write_all(b"?").await.ok()?;
    timeout(SOON, stream.read_u8()).await.expect("soon").ok()
}

async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, waiting).await.expect("soon");
}

#[tokio::test]
async fn one_that_drains_leaves_connections_to_a_server_that_says_no() {
    let file = std::env::temp_dir().join(format!("balancer-drains-{}.jsonl", std::process::id()));
    let history = History::open(&file).expect("it can be written");
    let clients = Proxy::start(Vec::new()).await.expect("a port is free");
    let balancer = Balancer::that_drains(clients.clone(), &history, SOON);
    let (address, status) = server(1).await;
    balancer.watch("first", address);
    status.store(200, Ordering::Relaxed);
    until(async || balancer.ready_for("first").is_some()).await;
    let mut client = TcpStream::connect(clients.address()).await.expect("the proxy listens");
    assert_eq!(number(&mut client).await, Some(1));

    status.store(503, Ordering::Relaxed);
    until(async || balancer.standing_by("first").is_some()).await;
    assert_eq!(number(&mut client).await, Some(1), "it ends by itself what it has begun");
    let mut late = TcpStream::connect(clients.address()).await.expect("the proxy listens");
    assert_eq!(number(&mut late).await, None, "nobody is led there any more");
    std::fs::remove_file(file).expect("it is there");
}

#[tokio::test]
async fn clients_go_where_requests_are_taken_and_stay_nowhere_else() {
    let file = std::env::temp_dir().join(format!("balancer-{}.jsonl", std::process::id()));
    let history = History::open(&file).expect("it can be written");
    let clients = Proxy::start(Vec::new()).await.expect("a port is free");
    let balancer = Balancer::new(clients.clone(), &history);
    let ((first, first_status), (second, second_status)) = (server(1).await, server(2).await);
    balancer.watch("first", first);
    balancer.watch("second", second);
    let come = async || TcpStream::connect(clients.address()).await.expect("the proxy listens");

    until(async || balancer.standing_by("first").is_some() && balancer.standing_by("second").is_some()).await;
    assert_eq!(number(&mut come().await).await, None, "nobody takes requests");
    first_status.store(200, Ordering::Relaxed);
    until(async || balancer.serving().as_deref() == Some("first")).await;
    let mut client = come().await;
    assert_eq!(number(&mut client).await, Some(1));

    first_status.store(503, Ordering::Relaxed);
    second_status.store(200, Ordering::Relaxed);
    until(async || balancer.serving().as_deref() == Some("second")).await;
    until(async || number(&mut client).await.is_none()).await;
    assert_eq!(number(&mut come().await).await, Some(2));

    balancer.forget("second");
    assert_eq!(balancer.serving(), None);
    assert_eq!(number(&mut come().await).await, None);
    std::fs::remove_file(file).expect("it is there");
}

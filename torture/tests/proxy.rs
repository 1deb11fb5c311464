//! The proxy cuts as it says, and delivers what is on its way.

use std::time::Duration;

use hotline_torture::proxy::{Proxy, Silence};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

const SOON: Duration = Duration::from_secs(10);

/// Who is behind the proxy, and a client's connection through it.
async fn connected() -> (Proxy, TcpStream, TcpStream) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
    let upstream = listener.local_addr().expect("it listens");
    let proxy = Proxy::start(vec![upstream]).await.expect("a port is free");
    let client = TcpStream::connect(proxy.address()).await.expect("the proxy listens");
    let (server, _) = timeout(SOON, listener.accept()).await.expect("soon").expect("the proxy comes");
    (proxy, client, server)
}

async fn read(stream: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    timeout(SOON, stream.read_exact(&mut bytes)).await.expect("soon").expect("it comes");
    bytes
}

/// Whether the peer is gone.
async fn is_over(stream: &mut TcpStream) -> bool {
    matches!(timeout(SOON, stream.read(&mut [0; 16])).await, Ok(Ok(0) | Err(_)))
}

#[tokio::test]
async fn what_was_sent_arrives_although_its_sender_is_gone() {
    let (proxy, mut client, mut server) = connected().await;
    proxy.delay(Duration::from_millis(200));
    client.write_all(b"insert").await.expect("it is sent");
    client.set_zero_linger().expect("a reset can be asked for");
    // As when its process is killed.
    drop(client);
    assert_eq!(read(&mut server, 6).await, b"insert");
}

#[tokio::test]
async fn an_answer_vanishes_and_then_the_connection() {
    let (proxy, mut client, mut server) = connected().await;
    client.write_all(b"commit").await.expect("it is sent");
    assert_eq!(read(&mut server, 6).await, b"commit");
    let swallowing = tokio::spawn({
        let proxy = proxy.clone();
        async move { proxy.swallow_and_cut(SOON).await }
    });
    // Whatever comes through before it begins is no answer yet.
    while !swallowing.is_finished() && server.write_all(b".").await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(swallowing.await.expect("nothing panics"), "an answer vanished");
    let mut rest = Vec::new();
    let _end = timeout(SOON, client.read_to_end(&mut rest)).await.expect("the connection is cut");
    assert!(rest.iter().all(|byte| *byte == b'.'));
    assert_eq!(proxy.connections_cut(), 1);
}

#[tokio::test]
async fn a_cut_ends_both_sides_and_a_way_to_nowhere_is_closed() {
    let (proxy, mut client, mut server) = connected().await;
    proxy.cut();
    assert!(is_over(&mut client).await && is_over(&mut server).await);
    proxy.lead_to(Vec::new());
    let mut nobody = TcpStream::connect(proxy.address()).await.expect("the proxy listens");
    assert!(is_over(&mut nobody).await);
}

#[tokio::test]
async fn a_cut_to_one_upstream_leaves_the_others_alone() {
    let (proxy, mut client, mut server) = connected().await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
    let other = listener.local_addr().expect("it listens");
    proxy.lead_to(vec![other]);
    let mut second = TcpStream::connect(proxy.address()).await.expect("the proxy listens");
    let (mut behind, _) = timeout(SOON, listener.accept()).await.expect("soon").expect("the proxy comes");
    proxy.cut_to(other);
    assert!(is_over(&mut second).await && is_over(&mut behind).await);
    client.write_all(b"still here").await.expect("it is sent");
    assert_eq!(read(&mut server, 10).await, b"still here");
    assert_eq!(proxy.connections_cut(), 1);
}

#[tokio::test]
async fn in_silence_nothing_comes_through_and_nothing_is_lost() {
    let (proxy, mut client, mut server) = connected().await;
    proxy.be_silent(Silence::Both);
    client.write_all(b"commit").await.expect("it is sent");
    server.write_all(b"notice").await.expect("it is sent");
    let moment = Duration::from_millis(100);
    assert!(timeout(moment, server.read(&mut [0; 1])).await.is_err(), "nothing comes, and nobody is told");
    assert!(timeout(moment, client.read(&mut [0; 1])).await.is_err(), "nothing comes, and nobody is told");
    proxy.be_silent(Silence::Nowhere);
    assert_eq!(read(&mut server, 6).await, b"commit");
    assert_eq!(read(&mut client, 6).await, b"notice");
}

#[tokio::test]
async fn silent_one_way_it_carries_the_other() {
    let (proxy, mut client, mut server) = connected().await;
    let moment = Duration::from_millis(100);
    proxy.be_silent(Silence::ToServer);
    client.write_all(b"question").await.expect("it is sent");
    server.write_all(b"notice").await.expect("it is sent");
    assert_eq!(read(&mut client, 6).await, b"notice");
    assert!(timeout(moment, server.read(&mut [0; 1])).await.is_err(), "nothing comes this way");
    proxy.be_silent(Silence::ToClient);
    assert_eq!(read(&mut server, 8).await, b"question");
    server.write_all(b"answer").await.expect("it is sent");
    assert!(timeout(moment, client.read(&mut [0; 1])).await.is_err(), "nothing comes that way");
    proxy.be_silent(Silence::Nowhere);
    assert_eq!(read(&mut client, 6).await, b"answer");
}

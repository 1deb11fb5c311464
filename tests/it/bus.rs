//! Streams between servers over a real nats-server, which each test starts for itself.

use std::{
    io::ErrorKind,
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::join_all;
use hotline::cluster::bus::{Bus, BusEnd, BusFault, BusStream, ConnectFault};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::mpsc,
    time::timeout,
};
use uuid::Uuid;

/// Nothing here takes so long.
const LIMIT: Duration = Duration::from_secs(30);
/// Within this everybody has noticed that NATS is gone.
const NOTICE_MAX: Duration = Duration::from_secs(3);
const WINDOW_BYTES: usize = 256 * 1024;

struct Nats {
    process: Child,
    port: u16,
}

impl Nats {
    fn start() -> Self {
        Self::start_at(free_port())
    }

    fn start_at(port: u16) -> Self {
        Self::start_with(port, &[])
    }

    /// Two that know each other.
    fn start_two() -> [Self; 2] {
        let routes = [free_port(), free_port()].map(|port| format!("nats://127.0.0.1:{port}"));
        let cluster = |own: usize| {
            let (own, other) = (&routes[own], &routes[1 - own]);
            Self::start_with(free_port(), &["--cluster_name", "two", "--cluster", own, "--routes", other])
        };
        [cluster(0), cluster(1)]
    }

    fn start_with(port: u16, options: &[&str]) -> Self {
        let mut command = Command::new("nats-server");
        command.args(["-a", "127.0.0.1", "-p", &port.to_string()]).args(options);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Self { process: command.spawn().expect("Debian's nats-server is installed"), port }
    }

    fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// As kill -9 does.
    fn kill(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it ends");
    }

    fn restart(&mut self) {
        *self = Self::start_at(self.port);
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port()
}

struct Server {
    bus: Bus,
    streams: mpsc::Receiver<BusStream>,
    _end: BusEnd,
}

impl Server {
    async fn start(url: &str) -> Self {
        let (bus, streams, end) = Bus::start(url, Uuid::now_v7()).await.expect("a good url");
        Self { bus, streams, _end: end }
    }

    /// A stream to the other server, and its other end.
    async fn stream_to(&self, other: &mut Self) -> (BusStream, BusStream) {
        let here = self.bus.connect(other.bus.id()).await.expect("the other server is there");
        let there = limited(other.streams.recv()).await.expect("the stream arrives");
        assert_eq!((here.peer(), there.peer()), (other.bus.id(), self.bus.id()));
        (here, there)
    }
}

async fn pair(nats: &Nats) -> (Server, Server) {
    let (one, other) = (Server::start(&nats.url()).await, Server::start(&nats.url()).await);
    hear_each_other(&one.bus, &other.bus).await;
    (one, other)
}

async fn hear_each_other(one: &Bus, other: &Bus) {
    until(|| one.is_up() && other.is_up() && one.hears(other.id()) && other.hears(one.id())).await;
}

async fn limited<T>(future: impl Future<Output = T>) -> T {
    timeout(LIMIT, future).await.expect("it ends in time")
}

async fn until(holds: impl Fn() -> bool) {
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    limited(async {
        while !holds() {
            ticks.tick().await;
        }
    })
    .await;
}

/// Numbers from a seed (splitmix64).
#[derive(Clone)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).expect("small")).expect("small")
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

async fn echo(stream: BusStream) {
    let (mut from, mut to) = tokio::io::split(stream);
    if tokio::io::copy(&mut from, &mut to).await.is_ok() {
        let _ = to.shutdown().await;
    }
}

fn echo_all(mut streams: mpsc::Receiver<BusStream>) {
    tokio::spawn(async move {
        while let Some(stream) = streams.recv().await {
            tokio::spawn(echo(stream));
        }
    });
}

/// Sends random pieces and reads the same back.
async fn converse(stream: BusStream, seed: u64) {
    let mut random = Random(seed);
    let length = 1 + random.below(600_000);
    let sent = random.bytes(length);
    let (mut from, mut to) = tokio::io::split(stream);
    let write = async {
        let mut rest = &sent[..];
        while !rest.is_empty() {
            let (piece, after) = rest.split_at((1 + random.below(90_000)).min(rest.len()));
            to.write_all(piece).await.expect("it is written");
            rest = after;
        }
        to.shutdown().await.expect("it is ended");
    };
    let read = async {
        let mut received = Vec::new();
        from.read_to_end(&mut received).await.expect("it is read to the end");
        received
    };
    let ((), received) = tokio::join!(write, read);
    assert!(received == sent, "seed {seed}: {} bytes came back of {}", received.len(), sent.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_streams_both_ways_carry_what_was_written() {
    let nats = Nats::start();
    let (one, other) = pair(&nats).await;
    echo_all(one.streams);
    echo_all(other.streams);
    let conversations = (0..60).map(|seed| {
        let (from, to) = if seed % 2 == 0 { (&one.bus, &other.bus) } else { (&other.bus, &one.bus) };
        let (from, to) = (from.clone(), to.id());
        tokio::spawn(async move { converse(from.connect(to).await.expect("it opens"), seed).await })
    });
    for ended in limited(join_all(conversations)).await {
        ended.expect("no conversation failed");
    }
    until(|| one.bus.figures().streams == 0 && other.bus.figures().streams == 0).await;
    assert_eq!((one.bus.figures().gaps, other.bus.figures().gaps), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_holds_up_its_own_stream_only_and_loses_nothing() {
    const ALL: usize = 16 * 1024 * 1024;
    let nats = Nats::start();
    let (one, mut other) = pair(&nats).await;
    let (mut writer, mut reader) = one.stream_to(&mut other).await;
    let (neighbour, neighbour_end) = one.stream_to(&mut other).await;
    tokio::spawn(echo(neighbour_end));
    let written = Arc::new(AtomicUsize::new(0));
    let counted = written.clone();
    let writing = tokio::spawn(async move {
        let mut random = Random(1);
        while counted.load(Ordering::SeqCst) < ALL {
            let length = (1 + random.below(40_000)).min(ALL - counted.load(Ordering::SeqCst));
            let piece = random.bytes(length);
            for part in piece.chunks(1000) {
                writer.write_all(part).await.expect("it is written");
                counted.fetch_add(part.len(), Ordering::SeqCst);
            }
        }
        writer.shutdown().await.expect("it is ended");
        writer
    });
    until(|| written.load(Ordering::SeqCst) + 1000 > WINDOW_BYTES).await;
    limited(converse(neighbour, 7)).await;
    assert!(written.load(Ordering::SeqCst) <= WINDOW_BYTES, "nothing was read yet");
    let (mut random, mut read, mut buffer) = (Random(1), 0, vec![0; 50_000]);
    let mut expected = Vec::new();
    loop {
        let length = limited(reader.read(&mut buffer)).await.expect("it is read");
        if length == 0 {
            break;
        }
        read += length;
        while expected.len() < length {
            let piece = 1 + random.below(40_000);
            let left = ALL + length - read - expected.len();
            expected.extend(random.bytes(piece.min(left)));
        }
        assert!(
            expected.drain(..length).eq(buffer[..length].iter().copied()),
            "what comes is what was written"
        );
        assert!(written.load(Ordering::SeqCst) <= read + WINDOW_BYTES, "no more waits than the window");
        tokio::task::yield_now().await;
    }
    assert_eq!(read, ALL);
    limited(writing).await.expect("the writer ended in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_known_at_once() {
    let nats = Nats::start();
    let (one, _other) = pair(&nats).await;
    assert_eq!(one.bus.connect(Uuid::now_v7()).await.err(), Some(ConnectFault::NoSuchServer));
    assert_eq!(one.bus.connect(one.bus.id()).await.err(), Some(ConnectFault::NoSuchServer));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_starts_without_nats_and_finds_it_later() {
    let port = free_port();
    let url = format!("nats://127.0.0.1:{port}");
    let (one, mut other) = (Server::start(&url).await, Server::start(&url).await);
    assert_eq!(one.bus.connect(other.bus.id()).await.err(), Some(ConnectFault::NoBus));
    assert!(!one.bus.is_up());
    let _nats = Nats::start_at(port);
    hear_each_other(&one.bus, &other.bus).await;
    let (here, there) = one.stream_to(&mut other).await;
    tokio::spawn(echo(there));
    limited(converse(here, 3)).await;
}

#[tokio::test]
async fn a_bad_url_is_refused() {
    let fault = Bus::start("http://127.0.0.1:4222", Uuid::now_v7()).await.err();
    assert_eq!(fault, Some(BusFault::Url { position: 1 }));
}

/// Writes until it fails; what was read until it failed or ended.
async fn read_until_it_breaks(mut stream: BusStream) -> Vec<u8> {
    let mut received = Vec::new();
    let error = stream.read_to_end(&mut received).await.expect_err("it breaks");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    received
}

async fn write_until_it_breaks(mut stream: BusStream, seed: u64, written: Arc<AtomicUsize>) {
    let mut random = Random(seed);
    loop {
        let piece = random.bytes(1000);
        if let Err(error) = stream.write_all(&piece).await {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            return;
        }
        written.fetch_add(piece.len(), Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_nats_is_killed_all_streams_fail_and_have_carried_what_was_written_first() {
    let mut nats = Nats::start();
    let (one, mut other) = pair(&nats).await;
    let mut idle = one.stream_to(&mut other).await;
    let (mut writers, mut readers) = (Vec::new(), Vec::new());
    for round in 0..3 {
        let written = Arc::new(AtomicUsize::new(0));
        for seed in round * 20..round * 20 + 20 {
            let (here, there) = one.stream_to(&mut other).await;
            let (from, to) = if seed % 2 == 0 { (here, there) } else { (there, here) };
            writers.push(tokio::spawn(write_until_it_breaks(from, seed, written.clone())));
            readers.push((seed, tokio::spawn(read_until_it_breaks(to))));
        }
        until(|| written.load(Ordering::SeqCst) > 2_000_000).await;
        nats.kill();
        let breaking = async {
            for writer in writers.drain(..) {
                writer.await.expect("the writer is reset");
            }
            for (seed, reader) in readers.drain(..) {
                let received = reader.await.expect("the reader is reset");
                let mut random = Random(seed);
                let expected = random.bytes(received.len());
                assert!(received == expected, "seed {seed}: what was read is how what was written begins");
            }
            let mut nothing = [0];
            assert!(idle.0.read(&mut nothing).await.is_err() && idle.1.read(&mut nothing).await.is_err());
        };
        timeout(NOTICE_MAX, breaking).await.expect("nobody hangs");
        until(|| !one.bus.is_up() && !one.bus.hears(other.bus.id())).await;
        nats.restart();
        hear_each_other(&one.bus, &other.bus).await;
        let (here, there) = one.stream_to(&mut other).await;
        let echoing = tokio::spawn(echo(there));
        limited(converse(here, round)).await;
        limited(echoing).await.expect("it ended");
        idle = one.stream_to(&mut other).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nats_that_hangs_resets_the_streams() {
    let nats = Nats::start();
    let (one, mut other) = pair(&nats).await;
    let (mut here, mut there) = one.stream_to(&mut other).await;
    signal(&nats, "STOP");
    let mut nothing = [0];
    let breaking = async { (here.read(&mut nothing).await, there.read(&mut [0]).await) };
    let (read, far) = timeout(NOTICE_MAX, breaking).await.expect("nobody hangs");
    assert!(read.is_err() && far.is_err());
    signal(&nats, "CONT");
    hear_each_other(&one.bus, &other.bus).await;
    let (here, there) = one.stream_to(&mut other).await;
    tokio::spawn(echo(there));
    limited(converse(here, 3)).await;
}

fn signal(nats: &Nats, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), nats.process.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_dropped_fails_at_the_other_end() {
    let nats = Nats::start();
    let (one, mut other) = pair(&nats).await;
    let (mut here, there) = one.stream_to(&mut other).await;
    drop(there);
    let read = limited(here.read(&mut [0])).await;
    assert_eq!(read.expect_err("it is reset").kind(), ErrorKind::ConnectionReset);
    assert!(here.write_all(b"more").await.is_err());
    let (here, mut there) = one.stream_to(&mut other).await;
    drop(here);
    assert!(limited(there.read(&mut [0])).await.is_err());
    assert_eq!((one.bus.figures().gaps, other.bus.figures().gaps), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_was_ended_is_read_whole_though_its_writer_has_gone() {
    let nats = Nats::start();
    let (one, mut other) = pair(&nats).await;
    let (mut here, mut there) = one.stream_to(&mut other).await;
    here.write_all(b"question").await.expect("it is written");
    there.write_all(&Random(5).bytes(100_000)).await.expect("it is written");
    there.shutdown().await.expect("it is ended");
    drop(there);
    // By then the reset has arrived too.
    until(|| one.bus.figures().streams == 0).await;
    let mut answer = Vec::new();
    limited(here.read_to_end(&mut answer)).await.expect("it is read to the end");
    assert!(answer == Random(5).bytes(100_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_end_may_end_before_the_other() {
    let nats = Nats::start();
    let (one, mut other) = pair(&nats).await;
    let (mut here, mut there) = one.stream_to(&mut other).await;
    here.write_all(b"question").await.expect("it is written");
    here.shutdown().await.expect("it is ended");
    assert_eq!(here.write_all(b"more").await.expect_err("it has ended").kind(), ErrorKind::BrokenPipe);
    let mut question = Vec::new();
    limited(there.read_to_end(&mut question)).await.expect("it is read to the end");
    assert_eq!(question, b"question");
    there.write_all(b"answer").await.expect("it is written");
    there.shutdown().await.expect("it is ended");
    drop(there);
    let mut answer = Vec::new();
    limited(here.read_to_end(&mut answer)).await.expect("it is read to the end");
    assert_eq!(answer, b"answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_nobody_takes_are_refused_beyond_a_bound() {
    let nats = Nats::start();
    let (one, other) = pair(&nats).await;
    let mut open = Vec::new();
    let fault = loop {
        match one.bus.connect(other.bus.id()).await {
            Ok(stream) => open.push(stream),
            Err(fault) => break fault,
        }
    };
    assert_eq!((fault, open.len()), (ConnectFault::Refused, 1024));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_and_lost_messages_reset_the_link_at_both_ends_and_nothing_else() {
    let nats = Nats::start();
    let (one, mut other) = pair(&nats).await;
    let mut third = Server::start(&nats.url()).await;
    hear_each_other(&one.bus, &third.bus).await;
    let (mut bystander, bystander_end) = one.stream_to(&mut third).await;
    tokio::spawn(echo(bystander_end));
    let forger = async_nats::connect(nats.url()).await.expect("NATS is there");
    let subject =
        |to: &Bus, from: &Bus| format!("hotline.v1.server.{}.from.{}", to.id().simple(), from.id().simple());
    let mut random = Random(11);
    // A numbering newer than all others.
    let newer = |n: u64, frames: &[u8]| {
        let head =
            [&[1, 0][..], &(1_u64 << 40).to_be_bytes(), &0_u64.to_be_bytes(), &n.to_be_bytes(), frames];
        head.concat()
    };
    // The last is the newest that can be: no more comes through from that server.
    for message in [vec![], vec![9; 100], random.bytes(500), newer(1, &[])[..20].to_vec(), newer(7, &[])] {
        let (mut here, mut there) = one.stream_to(&mut other).await;
        forger.publish(subject(&one.bus, &other.bus), message.into()).await.expect("it is published");
        assert!(limited(here.read(&mut [0])).await.is_err());
        assert!(limited(there.read(&mut [0])).await.is_err());
    }
    bystander.write_all(b"still there").await.expect("it is written");
    let mut echoed = [0; 11];
    limited(bystander.read_exact(&mut echoed)).await.expect("another link is not touched");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_told_to_all_reaches_the_others_only() {
    let nats = Nats::start();
    let (one, other) = pair(&nats).await;
    let (mut here, mut there) = (one.bus.told(), other.bus.told());
    one.bus.tell_all("owners", Bytes::from_static(b"changed"));
    let told = limited(there.recv()).await.expect("it is told");
    assert_eq!((told.from, told.topic.as_str(), &told.bytes[..]), (one.bus.id(), "owners", &b"changed"[..]));
    other.bus.tell_all("owners", Bytes::from_static(b"seen"));
    let told = limited(here.recv()).await.expect("it is told");
    assert_eq!((told.from, &told.bytes[..]), (other.bus.id(), &b"seen"[..]), "not what it told itself");
}

#[test]
fn the_streams_of_a_server_that_dies_fail() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let (survives, dies) = (runtime().expect("a runtime"), runtime().expect("a runtime"));
    let nats = Nats::start();
    let one = survives.block_on(Server::start(&nats.url()));
    let mut other = dies.block_on(Server::start(&nats.url()));
    survives.block_on(async {
        hear_each_other(&one.bus, &other.bus).await;
        let (mut here, _there) = one.stream_to(&mut other).await;
        dies.shutdown_background();
        let read = timeout(NOTICE_MAX, here.read(&mut [0])).await.expect("it does not hang");
        assert!(read.is_err());
        until(|| !one.bus.hears(other.bus.id())).await;
        assert_eq!(one.bus.connect(other.bus.id()).await.err(), Some(ConnectFault::NoSuchServer));
        assert!(one.bus.is_up());
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_at_two_nats_reach_each_other_and_move_when_one_dies() {
    let [mut first, second] = Nats::start_two();
    let mut one = Server::start(&second.url()).await;
    // Whichever of the two it takes first.
    let mut other = Server::start(&format!("{},{}", first.url(), second.url())).await;
    let only_first = Server::start(&first.url()).await;
    hear_each_other(&one.bus, &other.bus).await;
    hear_each_other(&one.bus, &only_first.bus).await;
    let (here, there) = one.stream_to(&mut other).await;
    tokio::spawn(echo(there));
    limited(converse(here, 1)).await;
    let (mut here, there) = only_first.stream_to(&mut one).await;
    let (here_too, there_too) = only_first.stream_to(&mut one).await;
    tokio::spawn(echo(there_too));
    limited(converse(here_too, 2)).await;
    first.kill();
    assert!(timeout(NOTICE_MAX, here.read(&mut [0])).await.expect("it does not hang").is_err());
    assert!(timeout(NOTICE_MAX, read_until_it_breaks(there)).await.expect("it does not hang").is_empty());
    until(|| !only_first.bus.is_up()).await;
    hear_each_other(&one.bus, &other.bus).await;
    let (here, there) = one.stream_to(&mut other).await;
    tokio::spawn(echo(there));
    limited(converse(here, 3)).await;
}

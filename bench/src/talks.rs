//! Conversations under way, and the messages that are said in them, as Tencent brings them.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Result, ensure};
use futures_util::{StreamExt, TryStreamExt, future::try_join_all, stream};
use sha2::{Digest, Sha256};

use crate::{
    crowd::{Crowd, Listening},
    http::{self, Connection},
    listening_socket::ListeningSocket,
    people::{self, Person},
    server::{CALLBACK_TOKEN, SDK_APP_ID, Server},
    stats::Latencies,
};

/// Requests under way at once while something is prepared.
const AT_ONCE: usize = 16;

/// Where the workbench's socket is, and what is in the first text there.
pub(crate) const WORKBENCH: &str = "/workbench/ws";
pub(crate) const WORKBENCH_GREETING: &str = r#""type":"snapshot""#;

/// A talk between two.
#[derive(Debug, Clone)]
pub(crate) struct Talk {
    pub(crate) id: String,
    pub(crate) visitor: Person,
    pub(crate) counselor: String,
}

/// Opens a conversation.
pub(crate) async fn open(connection: &mut Connection, visitor: &Person, counselor: &str) -> Result<String> {
    let answer = connection.send(&open_request(visitor, counselor)).await?;
    answer.begins_with("id").map(str::to_owned)
}

pub(crate) fn open_request(visitor: &Person, counselor: &str) -> Vec<u8> {
    let body = format!(r#"{{"counselor":"{counselor}"}}"#);
    http::request("PUT", "/conversation", Some(&visitor.token), &body)
}

pub(crate) fn end_request(visitor: &Person, conversation: &str) -> Vec<u8> {
    http::request("POST", &format!("/conversation/end/{conversation}"), Some(&visitor.token), "")
}

/// Counselors' sockets, read and forgotten, so that they are online.
#[derive(Debug)]
pub(crate) struct Presence(#[expect(dead_code, reason = "held, not looked at")] Crowd);

impl Presence {
    pub(crate) async fn of(server: &Server, counselors: &[Person]) -> Result<Self> {
        let mut crowd = Crowd::begin(Listening::default())?;
        let open = counselors.iter().map(|counselor| {
            ListeningSocket::open(
                &server.address,
                WORKBENCH,
                Some(&counselor.token),
                None,
                WORKBENCH_GREETING,
            )
        });
        for socket in try_join_all(open).await? {
            crowd.add(socket)?;
        }
        Ok(Self(crowd))
    }
}

/// Counselors of fifty places each, all of them taken.
pub(crate) async fn many(server: &Server, number: usize) -> Result<(Presence, Vec<Talk>)> {
    const PLACES: usize = 50;
    let counselors = people::counselors(server, number.div_ceil(PLACES), 50).await?;
    let presence = Presence::of(server, &counselors).await?;
    let visitors = people::visitors(server, 0, number).await?;
    let counselors = &counselors;
    let each = visitors.into_iter().enumerate().map(|(index, visitor)| async move {
        let mut connection = Connection::open(&server.address).await?;
        let counselor = &counselors[index / PLACES];
        let id = open(&mut connection, &visitor, &counselor.id).await?;
        anyhow::Ok(Talk { id, visitor, counselor: counselor.username.clone() })
    });
    let talks: Vec<Talk> = stream::iter(each).buffered(AT_ONCE).try_collect().await?;
    Ok((presence, talks))
}

/// Every message of a run has a number of its own.
static NUMBER: AtomicU64 = AtomicU64::new(1);

/// As Tencent signs a callback: `SHA256(token + RequestTime)` in hex.
fn sign(now: u64) -> String {
    hex::encode(Sha256::digest(format!("{CALLBACK_TOKEN}{now}")))
}

/// A callback that brings a new message of `talk`: the visitor's and the counselor's in turn.
pub(crate) fn message(talk: &Talk) -> Vec<u8> {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let (from, to) = match number % 2 {
        0 => (&talk.visitor.username, &talk.counselor),
        _ => (&talk.counselor, &talk.visitor.username),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let sequence = number % u64::from(u32::MAX);
    let random = number.wrapping_mul(2_654_435_761) % u64::from(u32::MAX);
    let body = format!(
        r#"{{"CallbackCommand":"C2C.CallbackAfterSendMsg","From_Account":"{from}","To_Account":"{to}","MsgSeq":{sequence},"MsgRandom":{random},"MsgTime":{now},"MsgKey":"{sequence}_{random}_{now}","OnlineOnlyFlag":0,"SendMsgResult":0,"ErrorInfo":"send msg succeed","UnreadMsgNum":1,"MsgBody":[{{"MsgType":"TIMTextElem","MsgContent":{{"Text":"message number {number} of this measurement, about as long as people write"}}}}],"CloudCustomData":"{}"}}"#,
        talk.id
    );
    let path = format!(
        "/message/callback?SdkAppid={SDK_APP_ID}&CallbackCommand=C2C.CallbackAfterSendMsg&contenttype=json&ClientIP=127.0.0.1&OptPlatform=RESTAPI&RequestTime={now}&Sign={}",
        sign(now)
    );
    http::request("POST", &path, None, &body)
}

/// What a load of messages gave.
#[derive(Debug, Default)]
pub(crate) struct Ingested {
    /// Answered as stored.
    pub(crate) stored: u64,
    /// Refused with FAIL.
    pub(crate) refused: u64,
    pub(crate) latencies: Latencies,
    /// From the moment a message was sent, however late that was.
    pub(crate) answers: Latencies,
    pub(crate) time: Duration,
}

impl Ingested {
    pub(crate) fn per_second(&self) -> f64 {
        u32::try_from(self.stored).map_or(f64::INFINITY, f64::from) / self.time.as_secs_f64()
    }

    fn add(&mut self, other: &Self) {
        self.stored += other.stored;
        self.refused += other.refused;
        self.latencies.add(&other.latencies);
        self.answers.add(&other.answers);
    }
}

/// Offers messages for `time` over so many connections: each as fast as it is answered, or together at `rate` a second.
/// With a rate, latency counts from the moment a message was due, whether or not it could be sent then.
pub(crate) async fn ingest(
    server: &Server,
    talks: &[Talk],
    connections: usize,
    time: Duration,
    rate: Option<u32>,
) -> Result<Ingested> {
    let spacing = rate.map(|rate| {
        Duration::from_secs_f64(f64::from(u32::try_from(connections).unwrap_or(1)) / f64::from(rate))
    });
    let begun = Instant::now() + Duration::from_millis(50);
    let mut load = Vec::new();
    for index in 0..connections {
        let mine: Vec<Talk> = talks.iter().skip(index).step_by(connections).cloned().collect();
        ensure!(!mine.is_empty(), "more connections than talks");
        let connection = Connection::open(&server.address).await?;
        let phase = spacing.map(|spacing| {
            spacing.mul_f64(
                f64::from(u32::try_from(index).unwrap_or(0))
                    / f64::from(u32::try_from(connections).unwrap_or(1)),
            )
        });
        load.push(tokio::spawn(one_connection(
            connection,
            mine,
            begun + phase.unwrap_or_default(),
            begun + time,
            spacing,
        )));
    }
    let mut all = Ingested::default();
    for task in load {
        all.add(&task.await??);
    }
    all.time = begun.elapsed();
    Ok(all)
}

async fn one_connection(
    mut connection: Connection,
    talks: Vec<Talk>,
    begin: Instant,
    until: Instant,
    spacing: Option<Duration>,
) -> Result<Ingested> {
    let mut found = Ingested::default();
    let mut due = begin;
    for talk in talks.iter().cycle() {
        if spacing.is_some() {
            tokio::time::sleep_until(due.into()).await;
        } else {
            due = Instant::now();
        }
        if due >= until {
            break;
        }
        let sent = Instant::now();
        let answer = connection.send(&message(talk)).await?;
        found.latencies.record(due.elapsed());
        found.answers.record(sent.elapsed());
        ensure!(answer.status == 200, "a callback was answered with HTTP {}", answer.status);
        if answer.body.windows(4).any(|part| part == b"FAIL") {
            found.refused += 1;
        } else {
            found.stored += 1;
        }
        due += spacing.unwrap_or_default();
    }
    Ok(found)
}

//! The store of messages against a real PostgreSQL: exactly once, in the right conversation, whatever comes.

mod activity;
mod outage;
mod placing;
mod reading;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::join_all;
use hotline::{
    messages::{
        ActivityObserver, Body, MessageLimits, MessageStore, NewMessage, PersonActivity, SentMessage,
        StoreFault, Stored, UnmatchedLimits,
    },
    people::People,
};
use hotline_actors::{ConversationId, PersonId, Timestamp};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::{Database, no_secrets};

const LIMITS: MessageLimits = MessageLimits {
    buffer_max: 1000,
    batch_max: 100,
    store_max: Duration::from_secs(30),
    statement_max: Duration::from_secs(10),
    lock_max: Duration::from_secs(5),
    unmatched: UnmatchedLimits {
        message_bytes_max: 1000,
        of_sender_max: 4,
        messages_max: 6,
        bytes_max: 4000,
    },
};
/// When the conversations of these tests began, in milliseconds; a whole second.
const BEGAN: i64 = 1_640_995_200_000;

/// A database with an institution, a visitor `fangke`, a counselor `zixunshi`, a supervisor `dudao`, and the visitor's
/// open conversation with the counselor.
struct Talk {
    pool: PgPool,
    store: MessageStore,
    conversation: ConversationId,
    visitor: PersonId,
    counselor: PersonId,
    heard: Arc<Mutex<Vec<PersonActivity>>>,
}

impl Talk {
    async fn begin() -> Self {
        Self::begin_with(LIMITS).await
    }

    async fn begin_with(limits: MessageLimits) -> Self {
        let database = Database::fresh().await;
        database.migrate().await;
        let pool = database.pool;
        sqlx::query!("insert into institutions (code, name, created_at) values ('ecnu', '', 0)")
            .execute(&pool)
            .await
            .expect("an institution");
        let visitor = person(&pool, "VISITOR", "fangke").await;
        let counselor = person(&pool, "COUNSELOR", "zixunshi").await;
        person(&pool, "SUPERVISOR", "dudao").await;
        let conversation = conversation(&pool, visitor, counselor).await;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&heard);
        let observer = ActivityObserver::new(People::new(pool.clone(), no_secrets()), move |word| {
            told.lock().expect("nobody panicked with it").push(word);
        });
        let store = MessageStore::start(&pool.connect_options(), limits, observer);
        Self { pool, store, conversation, visitor, counselor, heard }
    }

    /// What the visitor says to the counselor in second `second` of the conversation.
    fn said(&self, sequence: u32, second: i64) -> SentMessage {
        SentMessage {
            from: "fangke".to_owned(),
            to: "zixunshi".to_owned(),
            sequence,
            random: 4_026_038_328,
            said_at: Timestamp(BEGAN + second * 1000),
            key: format!("{sequence}_4026038328_{second}"),
            online_only: false,
            send_result: 0,
            cloud_custom_data: self.conversation.to_string(),
            body: Body::of(&json!([{ "MsgType": "TIMTextElem", "MsgContent": { "Text": "睡不着" } }])),
        }
    }

    async fn deliver(&self, sent: &SentMessage) -> Result<Stored, StoreFault> {
        self.store.store(NewMessage::new(sent.clone(), "administrator", Timestamp(BEGAN))).await
    }

    /// Delivers all at once, so that they share batches.
    async fn deliver_all(&self, sent: &[SentMessage]) -> Vec<Result<Stored, StoreFault>> {
        join_all(sent.iter().map(|sent| self.deliver(sent))).await
    }

    /// Ends the conversation in second `second`.
    async fn end(&self, second: i64) {
        sqlx::query!(
            "update conversations set status = 'FINISHED', ended_at = $2 where id = $1",
            self.conversation.0,
            BEGAN + second * 1000,
        )
        .execute(&self.pool)
        .await
        .expect("it ends");
    }

    /// The sequence numbers stored for the conversation, in order.
    async fn stored(&self) -> Vec<i64> {
        sqlx::query_scalar!(
            "select sequence from messages where conversation = $1 order by sequence",
            self.conversation.0,
        )
        .fetch_all(&self.pool)
        .await
        .expect("messages can be read")
    }

    /// Sequence-bearing keys of unmatched messages, with their reasons.
    async fn unmatched(&self) -> Vec<(String, String)> {
        sqlx::query!("select msg_key, reason from unplaced_messages order by msg_key")
            .fetch_all(&self.pool)
            .await
            .expect("unplaced messages can be read")
            .into_iter()
            .map(|row| (row.msg_key, row.reason))
            .collect()
    }
}

async fn person(pool: &PgPool, kind: &str, username: &str) -> PersonId {
    let id = PersonId(Uuid::now_v7());
    sqlx::query!(
        "insert into people (id, institution, kind, username, created_at, updated_at) values ($1, 'ecnu', $2, $3, 0, 0)",
        id.0,
        kind,
        username,
    )
    .execute(pool)
    .await
    .expect("a person");
    id
}

async fn conversation(pool: &PgPool, visitor: PersonId, counselor: PersonId) -> ConversationId {
    let id = ConversationId(Uuid::now_v7());
    sqlx::query!(
        "insert into conversations (id, institution, kind, visitor, counselor, status, arrival, opened_at, started_at)
         values ($1, 'ecnu', 'COUNSELING_SESSION', $2, $3, 'IN_PROGRESS', 1, $4, $4)",
        id.0,
        visitor.0,
        counselor.0,
        BEGAN,
    )
    .execute(pool)
    .await
    .expect("a conversation");
    id
}

fn unmatched(reason: &str) -> Result<Stored, StoreFault> {
    Err(StoreFault::Unmatched { reason: reason.to_owned() })
}

#[tokio::test]
async fn a_message_delivered_twice_at_once_and_again_later_is_one_row() {
    let talk = Talk::begin().await;
    let mut sent: Vec<SentMessage> = (0..50).map(|sequence| talk.said(sequence, 1)).collect();
    sent.extend(sent.clone());
    sent.reverse();
    let answers = talk.deliver_all(&sent).await;
    assert_eq!(answers.iter().filter(|answer| **answer == Ok(Stored::Inserted)).count(), 50);
    assert_eq!(answers.iter().filter(|answer| **answer == Ok(Stored::Duplicate)).count(), 50);
    assert_eq!(talk.deliver(&sent[7]).await, Ok(Stored::Duplicate));
    assert_eq!(talk.stored().await, (0..50).collect::<Vec<_>>());
    let figures = talk.store.figures();
    assert_eq!((figures.stored, figures.duplicates, figures.buffered), (50, 51, 0));
    // What came before holds up nothing that comes with it for the first time.
    let together: Vec<SentMessage> = (40..60).map(|sequence| talk.said(sequence, 1)).collect();
    let answers = talk.deliver_all(&together).await;
    assert_eq!(answers[..10], vec![Ok(Stored::Duplicate); 10]);
    assert_eq!(answers[10..], vec![Ok(Stored::Inserted); 10]);
    assert_eq!(talk.stored().await, (0..60).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_stored_is_what_was_said() {
    let talk = Talk::begin().await;
    let sent = SentMessage { online_only: true, send_result: 80_001, ..talk.said(u32::MAX, 3) };
    assert_eq!(talk.deliver(&sent).await, Ok(Stored::Inserted));
    let row = sqlx::query!("select * from messages").fetch_one(&talk.pool).await.expect("one row");
    assert_eq!((row.from_account.as_str(), row.to_account.as_str()), ("fangke", "zixunshi"));
    assert_eq!((row.sequence, row.random), (4_294_967_295, 4_026_038_328));
    assert_eq!((row.said_at, row.received_at), (BEGAN + 3000, BEGAN));
    assert_eq!((row.online_only, row.send_result, row.system), (true, 80_001, false));
    assert_eq!(row.cloud_custom_data, talk.conversation.to_string());
    assert_eq!(row.body.to_string(), sent.body.json());
    assert_eq!(row.institution, "ecnu");
}

#[tokio::test]
async fn a_nul_costs_nobody_the_message() {
    let talk = Talk::begin().await;
    let mut sent = talk.said(1, 1);
    sent.key = "key\u{0}".to_owned();
    sent.body = Body::of(&json!([{ "MsgType": "TIMTextElem", "MsgContent": { "Text": "前\u{0}后" } }]));
    assert_eq!(talk.deliver(&sent).await, Ok(Stored::Inserted));
    let body = sqlx::query_scalar!("select body from messages").fetch_one(&talk.pool).await.expect("one row");
    assert_eq!(body[0]["MsgContent"]["Text"], "前\u{fffd}后");
}

#[tokio::test]
async fn a_message_the_database_cannot_hold_does_not_hold_up_the_others() {
    let talk = Talk::begin().await;
    let mut sent: Vec<SentMessage> = (0..20).map(|sequence| talk.said(sequence, 1)).collect();
    // Longer than an index takes, and nothing that could be compressed.
    sent[11].key = (0..200).map(|n| hotline::im::callback::sign("", &n.to_string())).collect();
    let answers = talk.deliver_all(&sent).await;
    for (sequence, answer) in answers.into_iter().enumerate() {
        let expected = if sequence == 11 { Err(StoreFault::Refused) } else { Ok(Stored::Inserted) };
        assert_eq!(answer, expected, "{sequence}");
    }
    assert_eq!(talk.stored().await.len(), 19);
    assert_eq!(talk.store.figures().refused, 1);
}

#[tokio::test]
async fn a_stop_stores_what_waits_and_takes_nothing_new() {
    let talk = Arc::new(Talk::begin().await);
    let sent: Vec<SentMessage> = (0..200).map(|sequence| talk.said(sequence, 1)).collect();
    let (answers, ()) = tokio::join!(talk.deliver_all(&sent), talk.store.shut_down());
    assert!(answers.iter().all(|answer| *answer == Ok(Stored::Inserted)));
    talk.store.ended().await;
    assert_eq!(talk.deliver(&talk.said(200, 1)).await, Err(StoreFault::Stopped));
    assert_eq!(talk.stored().await.len(), 200);
}

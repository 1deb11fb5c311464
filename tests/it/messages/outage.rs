//! The database goes away, comes back, and is slow: nothing acknowledged is lost, and nothing waits for ever.

use sqlx::{Connection, PgConnection};

use super::*;
use crate::support::{SOON, until};

/// Holds back every insert into `messages` until it is let go.
struct Blocked(PgConnection);

impl Blocked {
    async fn new(talk: &Talk) -> Self {
        let mut connection =
            PgConnection::connect_with(&talk.pool.connect_options()).await.expect("one more connection");
        for statement in ["begin", "lock table messages in access exclusive mode"] {
            sqlx::raw_sql(statement).execute(&mut connection).await.expect("the table can be locked");
        }
        Self(connection)
    }

    async fn let_go(mut self) {
        sqlx::raw_sql("rollback").execute(&mut self.0).await.expect("the lock is given back");
    }
}

async fn stored_at_last(talk: &Talk, expected: usize) {
    until("everything is stored", SOON, || async {
        (talk.store.backlog() == 0 && talk.stored().await.len() == expected).then_some(())
    })
    .await;
}

/// Ends every connection of the writer, as a restart of the server would; says how many.
async fn cut_off(talk: &Talk) -> usize {
    sqlx::query_scalar!(
        r#"select pg_terminate_backend(pid) as "ended!" from pg_stat_activity
           where datname = current_database() and application_name = 'hotline-messages'"#
    )
    .fetch_all(&talk.pool)
    .await
    .expect("backends can be ended")
    .len()
}

#[tokio::test]
async fn a_connection_that_breaks_costs_nothing() {
    let talk = Talk::begin().await;
    assert_eq!(talk.deliver(&talk.said(0, 1)).await, Ok(Stored::Inserted));
    assert_eq!(cut_off(&talk).await, 1);
    assert_eq!(talk.deliver(&talk.said(1, 1)).await, Ok(Stored::Inserted));
    assert_eq!(talk.stored().await, [0, 1]);
    assert_eq!(talk.store.figures().outages, 1);
}

#[tokio::test]
async fn a_batch_under_way_when_the_connection_breaks_goes_in_once() {
    let talk = Talk::begin().await;
    let blocked = Blocked::new(&talk).await;
    let sent: Vec<SentMessage> = (0..30).map(|sequence| talk.said(sequence, 1)).collect();
    let breaking = async {
        until("the writer waits for the lock", SOON, || async {
            let waiting = sqlx::query_scalar!(
                r#"select count(*) as "waiting!" from pg_stat_activity where datname = current_database()
                   and application_name = 'hotline-messages' and wait_event_type = 'Lock'"#
            );
            (waiting.fetch_one(&talk.pool).await.expect("activity can be read") > 0).then_some(())
        })
        .await;
        cut_off(&talk).await;
        blocked.let_go().await;
    };
    let (answers, ()) = tokio::join!(talk.deliver_all(&sent), breaking);
    assert!(answers.iter().all(|answer| *answer == Ok(Stored::Inserted)));
    assert_eq!(talk.stored().await, (0..30).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_message_not_stored_in_time_is_late_and_stored_all_the_same() {
    let talk = Talk::begin_with(MessageLimits { store_max: Duration::from_millis(50), ..LIMITS }).await;
    let blocked = Blocked::new(&talk).await;
    assert_eq!(talk.deliver(&talk.said(1, 1)).await, Err(StoreFault::Late));
    assert_eq!(talk.store.figures().late, 1);
    blocked.let_go().await;
    stored_at_last(&talk, 1).await;
}

#[tokio::test]
async fn a_full_buffer_says_so_at_once_and_loses_nothing_it_took() {
    let limits = MessageLimits { buffer_max: 5, store_max: Duration::from_millis(300), ..LIMITS };
    let talk = Talk::begin_with(limits).await;
    let blocked = Blocked::new(&talk).await;
    let sent: Vec<SentMessage> = (0..8).map(|sequence| talk.said(sequence, 1)).collect();
    let answers = talk.deliver_all(&sent).await;
    assert_eq!(answers[..5], vec![Err(StoreFault::Late); 5]);
    assert_eq!(answers[5..], vec![Err(StoreFault::Full); 3]);
    assert_eq!(talk.store.figures().full, 3);
    blocked.let_go().await;
    stored_at_last(&talk, 5).await;
    assert_eq!(talk.deliver(&sent[7]).await, Ok(Stored::Inserted));
}

#[tokio::test]
async fn a_lock_held_too_long_is_an_outage_and_not_a_loss() {
    let talk = Talk::begin_with(MessageLimits { lock_max: Duration::from_millis(100), ..LIMITS }).await;
    let blocked = Blocked::new(&talk).await;
    let sent = [talk.said(1, 1), talk.said(2, 1)];
    let outage = async {
        until("the outage is noticed", SOON, || async { (talk.store.figures().outages == 1).then_some(()) })
            .await;
        blocked.let_go().await;
    };
    let (answers, ()) = tokio::join!(talk.deliver_all(&sent), outage);
    assert_eq!(answers, [Ok(Stored::Inserted), Ok(Stored::Inserted)]);
    assert_eq!(talk.store.figures().outages, 1, "one outage, said once");
}

//! What follows from events: in order, at least once, tried again, and given up where everybody can see it.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hotline::{
    clock,
    consumers::{self, Consumed, Consumer, Failure, RetryPolicy, StoredEvent},
    metrics::{self, Metrics, Seen},
};
use hotline_actors::{ConversationId, CounselorId, dispatch::event::Event};
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::{Hotline, SOON, until};

const RETRY_SOON: RetryPolicy = RetryPolicy {
    look_every: Duration::from_millis(20),
    pause: Duration::from_millis(20),
    first_wait: Duration::from_millis(5),
    wait_max: Duration::from_millis(20),
    tries_max: 3,
};
const AGE_MAX: Duration = Duration::from_mins(5);

/// Writes down what it is given; goes wrong as told.
#[derive(Default)]
struct RecordingConsumer {
    tries: Mutex<Vec<i64>>,
    read: Mutex<Vec<(String, i64)>>,
    failures: Mutex<VecDeque<Failure>>,
}

impl RecordingConsumer {
    fn of(&self, institution: &str) -> Vec<i64> {
        let read = self.read.lock().expect("nobody panicked with it");
        read.iter().filter(|(of, _)| of == institution).map(|(_, seq)| *seq).collect()
    }

    async fn reads(&self, institution: &str, seqs: &[i64]) {
        until("the events are read", SOON, async || (self.of(institution) == seqs).then_some(())).await;
    }

    fn fail(&self, failures: impl IntoIterator<Item = Failure>) {
        self.failures.lock().expect("nobody panicked with it").extend(failures);
    }
}

impl Consumer for RecordingConsumer {
    fn name(&self) -> &'static str {
        "recorder"
    }

    fn kinds(&self) -> &'static [&'static str] {
        &["assigned", "ended"]
    }

    fn age_max(&self) -> Duration {
        AGE_MAX
    }

    async fn consume(&self, stored: &StoredEvent) -> Result<Consumed, Failure> {
        self.tries.lock().expect("nobody panicked with it").push(stored.seq);
        let failure = self.failures.lock().expect("nobody panicked with it").pop_front();
        if let Some(failure) = failure {
            return Err(failure);
        }
        self.read.lock().expect("nobody panicked with it").push((stored.institution.clone(), stored.seq));
        Ok(Consumed::Acted)
    }
}

async fn write(pool: &PgPool, institution: &str, seq: i64, event: &Event, age: Duration) {
    let body = serde_json::to_string(event).expect("an event is JSON");
    write_raw(pool, institution, seq, event.name(), &body, age).await;
}

async fn write_raw(pool: &PgPool, institution: &str, seq: i64, kind: &str, body: &str, age: Duration) {
    sqlx::query!(
        "insert into events (institution, seq, writer, at, kind, body) values ($1, $2, $3, $4, $5, $6::text::json)",
        institution,
        seq,
        Uuid::nil(),
        (clock::now() - age).0,
        kind,
        body,
    )
    .execute(pool)
    .await
    .expect("an event can be written");
}

fn assigned() -> Event {
    Event::Assigned {
        conversation: ConversationId(Uuid::from_u128(1)),
        counselor: CounselorId(Uuid::from_u128(2)),
    }
}

async fn given_up(pool: &PgPool) -> Vec<(i64, String)> {
    let rows = sqlx::query!("select seq, reason from given_up where consumer = 'recorder' order by seq");
    let rows = rows.fetch_all(pool).await.expect("the table is there");
    rows.into_iter().map(|row| (row.seq, row.reason)).collect()
}

async fn cursor(pool: &PgPool, institution: &str) -> Option<i64> {
    sqlx::query_scalar!(
        "select seq from consumer_cursors where consumer = 'recorder' and institution = $1",
        institution
    )
    .fetch_optional(pool)
    .await
    .expect("the table is there")
}

/// Runs the recorder until it is dropped.
fn run(pool: &PgPool, recorder: &Arc<RecordingConsumer>) -> Running {
    run_by(pool, recorder, Arc::new(|_| Some(1)))
}

/// The same, on a server that serves institutions in these lives.
fn run_by(pool: &PgPool, recorder: &Arc<RecordingConsumer>, life: consumers::Lives) -> Running {
    let metrics = Metrics::new().expect("the names are names");
    // Nobody tells what is committed: it is looked for.
    let served = consumers::Served { feed: tokio::sync::broadcast::channel(1).1, life };
    let consuming = consumers::run(pool.clone(), metrics.clone(), Arc::clone(recorder), RETRY_SOON, served);
    Running { task: tokio::spawn(consuming), metrics }
}

struct Running {
    task: tokio::task::JoinHandle<()>,
    metrics: Metrics,
}

impl Running {
    async fn shows(&self, row: &str) {
        until(row, SOON, async || {
            let page = metrics::page(&self.metrics, &Seen::default()).expect("it can be written");
            page.lines().any(|line| line == row).then_some(())
        })
        .await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn begun(pool: &PgPool, institution: &str) {
    until("the cursor is there", SOON, async || cursor(pool, institution).await.map(|_| ())).await;
}

#[tokio::test]
async fn nobody_hears_old_things_and_everything_new_once_and_in_order() {
    let hotline = Hotline::prepare(&["ecnu"]).await;
    let pool = &hotline.database.pool;
    write(pool, "ecnu", 1, &assigned(), Duration::ZERO).await;
    let recorder = Arc::new(RecordingConsumer::default());
    let running = run(pool, &recorder);
    begun(pool, "ecnu").await;
    write(pool, "ecnu", 2, &Event::Claimed, Duration::ZERO).await;
    for seq in 3..=250 {
        write(pool, "ecnu", seq, &assigned(), Duration::ZERO).await;
    }
    recorder.reads("ecnu", &(3..=250).collect::<Vec<_>>()).await;
    // An institution that comes later is read from its beginning.
    sqlx::query!("insert into institutions (code, name, created_at) values ('later', '后来', 0)")
        .execute(pool)
        .await
        .expect("an institution can be added");
    write(pool, "later", 1, &assigned(), Duration::ZERO).await;
    recorder.reads("later", &[1]).await;
    until("the cursor is kept", SOON, async || (cursor(pool, "later").await == Some(1)).then_some(())).await;
    drop(running);

    write(pool, "ecnu", 251, &assigned(), Duration::ZERO).await;
    let again = Arc::new(RecordingConsumer::default());
    let _running = run(pool, &again);
    again.reads("ecnu", &[251]).await;
    assert_eq!((again.of("later"), given_up(pool).await), (Vec::new(), Vec::new()));
}

/// However short the time was.
#[tokio::test]
async fn what_another_server_has_told_in_between_is_not_told_again() {
    let hotline = Hotline::prepare(&["ecnu"]).await;
    let pool = &hotline.database.pool;
    let recorder = Arc::new(RecordingConsumer::default());
    let life = Arc::new(AtomicU64::new(1));
    let now = Arc::clone(&life);
    let _running =
        run_by(pool, &recorder, Arc::new(move |_| Some(now.load(Ordering::SeqCst)).filter(|life| *life > 0)));
    begun(pool, "ecnu").await;
    write(pool, "ecnu", 1, &assigned(), Duration::ZERO).await;
    recorder.reads("ecnu", &[1]).await;
    until("the cursor is kept", SOON, async || (cursor(pool, "ecnu").await == Some(1)).then_some(())).await;

    life.store(0, Ordering::SeqCst);
    write(pool, "ecnu", 2, &assigned(), Duration::ZERO).await;
    sqlx::query!("update consumer_cursors set seq = 2 where institution = 'ecnu'")
        .execute(pool)
        .await
        .expect("another server tells of it");
    life.store(2, Ordering::SeqCst);
    write(pool, "ecnu", 3, &assigned(), Duration::ZERO).await;
    recorder.reads("ecnu", &[1, 3]).await;
}

#[tokio::test]
async fn what_fails_is_tried_again_and_then_given_up() {
    let hotline = Hotline::prepare(&["ecnu"]).await;
    let pool = &hotline.database.pool;
    let recorder = Arc::new(RecordingConsumer::default());
    let passing = || Failure::Passing("no answer".to_owned());
    recorder.fail([passing(), passing()]);
    let running = run(pool, &recorder);
    begun(pool, "ecnu").await;
    write(pool, "ecnu", 1, &assigned(), Duration::ZERO).await;
    recorder.reads("ecnu", &[1]).await;

    recorder.fail([passing(), passing(), passing(), Failure::Lasting("no such account".to_owned())]);
    for seq in 2..=3 {
        write(pool, "ecnu", seq, &assigned(), Duration::ZERO).await;
    }
    write_raw(pool, "ecnu", 4, "assigned", r#"{"event":"of-tomorrow"}"#, Duration::ZERO).await;
    write(pool, "ecnu", 5, &assigned(), Duration::ZERO).await;
    recorder.reads("ecnu", &[1, 5]).await;
    assert_eq!(*recorder.tries.lock().expect("nobody panicked with it"), [1, 1, 1, 2, 2, 2, 3, 5]);
    let given_up = given_up(pool).await;
    let seqs: Vec<i64> = given_up.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(seqs, [2, 3, 4]);
    assert_eq!((given_up[0].1.as_str(), given_up[1].1.as_str()), ("no answer", "no such account"));
    assert!(given_up[2].1.contains("not understood"), "{given_up:?}");
    running.shows(r#"hotline_consumer_given_up_total{consumer="recorder",institution="ecnu"} 3"#).await;
    running.shows(r#"hotline_consumer_lag_seconds{consumer="recorder",institution="ecnu"} 0"#).await;
}

#[tokio::test]
async fn what_is_too_old_is_given_up_all_at_once() {
    let hotline = Hotline::prepare(&["ecnu"]).await;
    let pool = &hotline.database.pool;
    let recorder = Arc::new(RecordingConsumer::default());
    let running = run(pool, &recorder);
    begun(pool, "ecnu").await;
    drop(running);
    for seq in 1..=150 {
        write(pool, "ecnu", seq, &assigned(), AGE_MAX * 2).await;
    }
    write(pool, "ecnu", 151, &assigned(), AGE_MAX / 2).await;
    let running = run(pool, &recorder);
    recorder.reads("ecnu", &[151]).await;
    running.shows(r#"hotline_consumer_given_up_total{consumer="recorder",institution="ecnu"} 150"#).await;
    assert_eq!(given_up(pool).await, [(150, "150 events came too late to be told".to_owned())]);
}

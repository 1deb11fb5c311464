//! The dispatch hears of words, whoever is named how, and of nothing that is nobody's word.

use hotline_actors::{
    dispatch::{
        clock::{Said, TalkRecord},
        conversation::CallSignal,
    },
    journal::Store,
    registry::Progress,
};
use sqlx::postgres::PgConnectOptions;

use super::*;
use crate::support::{OwnJournal, SOON, until};

impl Talk {
    fn heard(&self) -> Vec<PersonActivity> {
        std::mem::take(&mut self.heard.lock().expect("nobody panicked with it"))
    }
}

/// As it comes, and as it is stored.
fn word(from: PersonId, to: PersonId, conversation: Option<ConversationId>) -> [PersonActivity; 2] {
    [Progress::Coming, Progress::Stored].map(|progress| PersonActivity {
        institution: "ecnu".to_owned(),
        from,
        to,
        conversation,
        at: Timestamp(BEGAN + 7000),
        spoken: true,
        call: None,
        progress,
    })
}

#[tokio::test]
async fn a_word_is_heard_with_who_said_it_to_whom_and_when() {
    let talk = Talk::begin().await;
    let sent = talk.said(1, 7);
    assert_eq!(talk.deliver(&sent).await, Ok(Stored::Inserted));
    assert_eq!(talk.heard(), word(talk.visitor, talk.counselor, Some(talk.conversation)));

    let by_id = SentMessage {
        from: talk.counselor.to_string(),
        to: talk.visitor.to_string(),
        cloud_custom_data: String::new(),
        ..talk.said(2, 7)
    };
    assert_eq!(talk.deliver(&by_id).await, Ok(Stored::Inserted));
    // Whoever memory did not know is looked up; then what became of the word may be heard of a moment later.
    let mut heard = Vec::new();
    until("it is heard of twice", SOON, async || {
        heard.extend(talk.heard());
        (heard.len() == 2).then_some(())
    })
    .await;
    let [coming, _] = word(talk.counselor, talk.visitor, None);
    let [_, stored] = word(talk.counselor, talk.visitor, Some(talk.conversation));
    let expected = [coming, stored];
    assert!(expected.iter().all(|one| heard.contains(one)), "{heard:?}");
}

#[tokio::test]
async fn a_word_whose_author_cannot_be_looked_up_is_heard_of_when_it_is_stored() {
    let talk = Talk::begin().await;
    // The store has a connection of its own.
    talk.pool.close().await;
    assert_eq!(talk.deliver(&talk.said(1, 7)).await, Ok(Stored::Inserted));
    let [_coming, stored] = word(talk.visitor, talk.counselor, Some(talk.conversation));
    assert_eq!(talk.heard(), [stored]);
    assert_eq!(talk.deliver(&talk.said(1, 7)).await, Ok(Stored::Duplicate));
    assert_eq!(talk.heard().iter().map(|heard| heard.progress).collect::<Vec<_>>(), [Progress::Again]);
}

#[tokio::test]
async fn a_signal_about_a_call_whose_author_cannot_be_looked_up_is_told_when_it_is_stored() {
    let talk = Talk::begin().await;
    talk.pool.close().await;
    let inner = json!({ "businessID": "rtc_call" }).to_string();
    let data = json!({ "businessID": 1, "actionType": 3, "data": inner }).to_string();
    let answered = json!([{ "MsgType": "TIMCustomElem", "MsgContent": { "Data": data } }]);
    let body = Body::of(&answered);
    assert_eq!(body.call(), Some(CallSignal::Answered));
    assert_eq!(talk.deliver(&SentMessage { body, ..talk.said(1, 7) }).await, Ok(Stored::Inserted));
    let told: Vec<_> = talk.heard().iter().map(|heard| (heard.progress, heard.call)).collect();
    assert_eq!(told, [(Progress::Stored, Some(CallSignal::Answered))]);
}

#[tokio::test]
async fn the_record_says_when_a_word_was_said_and_never_later_than_it_came() {
    let talk = Talk::begin().await;
    let options = PgConnectOptions::clone(&talk.pool.connect_options());
    let store = OwnJournal::new(&options, LIMITS.statement_max);
    let read = async || store.records(vec![talk.conversation]).await.expect("it can be read");
    let silent = TalkRecord { talk: talk.conversation, said: Said::default(), has_visitor_spoken: false };
    assert_eq!(read().await, [silent]);
    // It came in the first second; by Tencent's clock it was the eighth.
    assert_eq!(talk.deliver(&talk.said(1, 7)).await, Ok(Stored::Inserted));
    let (came, asked) = (Timestamp(BEGAN), Some((Timestamp(BEGAN), Timestamp(BEGAN))));
    let said = Said { counselor: None, unanswered: asked };
    assert_eq!(read().await, [TalkRecord { said, has_visitor_spoken: true, ..silent }]);
    let answer = SentMessage { from: "zixunshi".to_owned(), to: "fangke".to_owned(), ..talk.said(2, 8) };
    assert_eq!(talk.deliver(&answer).await, Ok(Stored::Inserted));
    let said = Said { counselor: Some(came), unanswered: None };
    assert_eq!(read().await, [TalkRecord { said, has_visitor_spoken: true, ..silent }]);
    talk.end(9).await;
    assert_eq!(read().await, [], "what is over is left out");
}

#[tokio::test]
async fn a_word_that_is_delivered_again_is_not_stored_again() {
    let talk = Talk::begin().await;
    assert_eq!(talk.deliver(&talk.said(1, 7)).await, Ok(Stored::Inserted));
    assert_eq!(talk.deliver(&talk.said(1, 7)).await, Ok(Stored::Duplicate));
    let progress: Vec<Progress> = talk.heard().iter().map(|heard| heard.progress).collect();
    assert_eq!(progress, [Progress::Coming, Progress::Stored, Progress::Coming, Progress::Again]);
}

#[tokio::test]
async fn what_is_nobodys_word_is_not_heard() {
    let talk = Talk::begin().await;
    for sent in [
        SentMessage { online_only: true, ..talk.said(1, 7) },
        SentMessage { send_result: 80_001, ..talk.said(2, 7) },
        SentMessage { from: "administrator".to_owned(), ..talk.said(3, 7) },
    ] {
        assert_eq!(talk.deliver(&sent).await, Ok(Stored::Inserted));
    }
    let stranger = SentMessage { from: "nobody".to_owned(), ..talk.said(4, 7) };
    assert_eq!(
        talk.deliver(&stranger).await,
        Err(StoreFault::Dropped { reason: "unknown-account".to_owned() })
    );
    assert!(talk.heard().is_empty());
}

#[tokio::test]
async fn a_word_is_heard_before_it_is_stored() {
    let talk = Talk::begin_with(MessageLimits { store_max: Duration::from_millis(200), ..LIMITS }).await;
    let mut lock = talk.pool.begin().await.expect("a transaction");
    sqlx::raw_sql("lock table messages in access exclusive mode")
        .execute(&mut *lock)
        .await
        .expect("the table can be locked");
    assert_eq!(talk.deliver(&talk.said(1, 7)).await, Err(StoreFault::Late));
    assert_eq!(talk.heard().len(), 1);
}

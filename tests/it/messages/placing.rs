//! Which conversation a message belongs to, and what becomes of one that belongs to none.

use hotline::{
    messages::{Withdrawn, unmatched::page as page_of},
    params::Page,
    retention,
};

use super::*;

#[tokio::test]
async fn a_word_said_up_to_five_seconds_after_the_end_belongs_to_it_however_late_it_comes() {
    let talk = Talk::begin().await;
    talk.end(60).await;
    let sent = [talk.said(1, 59), talk.said(2, 65), talk.said(3, 66)];
    let answers = talk.deliver_all(&sent).await;
    assert_eq!(answers, [Ok(Stored::Inserted), Ok(Stored::Inserted), unmatched("after-the-end")]);
    assert_eq!(talk.stored().await, [1, 2]);
    assert_eq!(talk.unmatched().await, [(sent[2].key.clone(), "after-the-end".to_owned())]);
    let status = sqlx::query_scalar!("select status from conversations").fetch_one(&talk.pool).await;
    assert_eq!(status.expect("one conversation"), "FINISHED", "a late word opens nothing again");
}

#[tokio::test]
async fn the_id_of_a_conversation_is_no_way_into_it_for_others() {
    let talk = Talk::begin().await;
    person(&talk.pool, "VISITOR", "bieren").await;
    let from = |from: &str, to: &str, sequence: u32| SentMessage {
        from: from.to_owned(),
        to: to.to_owned(),
        ..talk.said(sequence, 1)
    };
    for (sent, reason) in [
        (from("bieren", "zixunshi", 1), "other-people"),
        (from("fangke", "dudao", 2), "other-people"),
        (from("fangke", "fangke", 3), "other-people"),
        (from("administrator", "dudao", 5), "other-people"),
        (
            SentMessage { cloud_custom_data: Uuid::now_v7().simple().to_string(), ..talk.said(6, 1) },
            "unknown-conversation",
        ),
    ] {
        assert_eq!(talk.deliver(&sent).await, unmatched(reason), "{sent:?}");
    }
    assert!(talk.stored().await.is_empty());
    assert_eq!(talk.unmatched().await.len(), 5);
}

fn dropped(reason: &str) -> Result<Stored, StoreFault> {
    Err(StoreFault::Dropped { reason: reason.to_owned() })
}

#[tokio::test]
async fn of_people_nobody_knows_nothing_is_kept() {
    let talk = Talk::begin().await;
    for (from, to) in
        [("nobody", "zixunshi"), ("zixunshi", "nobody"), ("nobody", "nowhere"), ("administrator", "nobody")]
    {
        let sent = SentMessage { from: from.to_owned(), to: to.to_owned(), ..talk.said(1, 1) };
        assert_eq!(talk.deliver(&sent).await, dropped("unknown-account"), "{from} to {to}");
    }
    assert!(talk.unmatched().await.is_empty());
    assert_eq!((talk.store.figures().dropped, talk.store.figures().unmatched), (4, 0));
}

#[tokio::test]
async fn what_is_kept_apart_has_a_bound_of_its_sender_and_of_the_institution() {
    let talk = Talk::begin().await;
    talk.end(0).await;
    let late = |sequence: u32| talk.said(sequence, 60);
    // Ten in one batch: four of a sender are kept.
    let flood: Vec<SentMessage> = (1..=10).map(late).collect();
    let answers = talk.deliver_all(&flood).await;
    let kept = |answers: &[Result<Stored, StoreFault>]| {
        answers.iter().filter(|answer| **answer == unmatched("after-the-end")).count()
    };
    assert_eq!(kept(&answers), 4);
    assert_eq!(answers.iter().filter(|answer| **answer == dropped("after-the-end")).count(), 6);
    // What is kept stays so however often it comes; of the others there is still no room.
    assert_eq!(kept(&talk.deliver_all(&flood).await), 4);
    assert_eq!(talk.unmatched().await.len(), 4);
    // Another is not pushed out by them, up to what the institution keeps.
    let back = |sequence: u32| SentMessage {
        from: "zixunshi".to_owned(),
        to: "fangke".to_owned(),
        ..late(sequence)
    };
    let others: Vec<SentMessage> = (21..=30).map(back).collect();
    assert_eq!(kept(&talk.deliver_all(&others).await), 2);
    assert_eq!(talk.unmatched().await.len(), 6);
    assert_eq!(talk.store.figures().unmatched, 4 + 4 + 2);
}

#[tokio::test]
async fn what_is_kept_apart_has_a_bound_in_bytes() {
    let talk = Talk::begin_with(MessageLimits {
        unmatched: UnmatchedLimits {
            message_bytes_max: 1000,
            of_sender_max: 100,
            messages_max: 100,
            bytes_max: 4000,
        },
        ..LIMITS
    })
    .await;
    talk.end(0).await;
    let long = |sequence: u32, bytes: usize| {
        let text = "x".repeat(bytes);
        let body = Body::of(&json!([{ "MsgType": "TIMTextElem", "MsgContent": { "Text": text } }]));
        SentMessage { body, ..talk.said(sequence, 60) }
    };
    // Too large: it is kept that it came, without its words.
    assert_eq!(talk.deliver(&long(1, 1000)).await, unmatched("after-the-end"));
    // And one that really has none.
    let nothing = SentMessage { body: Body::of(&json!([])), ..talk.said(20, 60) };
    assert_eq!(talk.deliver(&nothing).await, unmatched("after-the-end"));
    let page = Page { offset: 0, limit: 10 };
    let (rows, _) = page_of(&talk.pool, "ecnu", page, 1000).await.expect("they can be read");
    let rows = serde_json::to_value(rows).expect("rows are JSON");
    let of = |key: &str| rows.as_array()?.iter().find(|row| row["msgKey"] == key).cloned();
    for (key, is_too_large) in [(long(1, 0).key, true), (nothing.key, false)] {
        assert_eq!(of(&key).expect("it is listed")["isTooLarge"], is_too_large, "{key}");
    }
    let many: Vec<SentMessage> = (2..=12).map(|sequence| long(sequence, 800)).collect();
    let answers = talk.deliver_all(&many).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 11);
    let (messages, bytes, empty) = sqlx::query!(
        r#"select count(*) as "messages!", sum(bytes) as "bytes!",
                  count(*) filter (where callback -> 'MsgBody' = '[]') as "empty!" from unplaced_messages"#
    )
    .fetch_one(&talk.pool)
    .await
    .map(|row| (row.messages, row.bytes, row.empty))
    .expect("a sum");
    assert_eq!(
        (messages, empty),
        (6, 2),
        "four of about nine hundred bytes, the large one and the empty one"
    );
    assert!(bytes <= 4000, "{bytes}");
}

#[tokio::test]
async fn what_is_kept_apart_has_an_end() {
    let talk = Talk::begin().await;
    talk.end(0).await;
    for sequence in 1..=2 {
        assert_eq!(talk.deliver(&talk.said(sequence, 60)).await, unmatched("after-the-end"));
    }
    sqlx::query!("update unplaced_messages set received_at = 1000 where msg_key like '1%'")
        .execute(&talk.pool)
        .await
        .expect("time passes");
    let mark =
        sqlx::query!("insert into withdrawn_messages values ('fangke', 'zixunshi', 'never', 1000, 'ecnu')");
    mark.execute(&talk.pool).await.expect("a mark of what never came");
    let days = 30 * 86_400_000;
    for (at, ended) in [(1000 + days - 1, 1), (1000 + days, 1), (1000 + days, 0)] {
        // The mark goes first: after eight days nothing comes any more.
        let done = retention::delete_expired(&talk.pool, 30, Timestamp(at)).await.expect("it can be ended");
        assert_eq!(done, ended);
    }
    assert_eq!(talk.unmatched().await.len(), 1);
}

/// The record of a talk that is over stays as it was.
#[tokio::test]
async fn nothing_is_taken_back_after_the_end() {
    let talk = Talk::begin().await;
    let [before, after, early] = [talk.said(1, 1), talk.said(2, 2), talk.said(3, 3)];
    for sent in [&before, &after] {
        assert_eq!(talk.deliver(sent).await, Ok(Stored::Inserted));
    }
    talk.end(60).await;
    let take_back = async |sent: &SentMessage, second: i64| {
        let named = Withdrawn { from: sent.from.clone(), to: sent.to.clone(), key: sent.key.clone() };
        let at = Timestamp(BEGAN + second * 1000);
        talk.store.mark_withdrawn(&talk.pool, &named, at).await.expect("it is marked");
    };
    // Told late, but done before the end.
    take_back(&before, 59).await;
    take_back(&after, 66).await;
    // The word comes only after its mark.
    take_back(&early, 66).await;
    assert_eq!(talk.deliver(&early).await, Ok(Stored::Inserted));
    let nameless = SentMessage { cloud_custom_data: String::new(), ..talk.said(4, 4) };
    take_back(&nameless, 66).await;
    assert_eq!(talk.deliver(&nameless).await, Ok(Stored::Inserted));
    let revoked = sqlx::query_scalar!("select is_revoked from messages order by sequence");
    assert_eq!(revoked.fetch_all(&talk.pool).await.expect("rows"), [true, false, false, false]);
}

#[tokio::test]
async fn user_ids_are_understood_and_kept_as_user_names() {
    let talk = Talk::begin().await;
    let by_id =
        SentMessage { from: talk.counselor.to_string(), to: talk.visitor.to_string(), ..talk.said(1, 1) };
    let by_name = SentMessage { from: "zixunshi".to_owned(), to: "fangke".to_owned(), ..by_id.clone() };
    let mut answers = talk.deliver_all(&[by_id.clone(), by_name.clone()]).await;
    answers.push(talk.deliver(&by_name).await);
    assert_eq!(answers, [Ok(Stored::Inserted), Ok(Stored::Duplicate), Ok(Stored::Duplicate)]);
    let row = sqlx::query!("select from_account, to_account from messages").fetch_one(&talk.pool).await;
    let row = row.expect("one row");
    assert_eq!((row.from_account.as_str(), row.to_account.as_str()), ("zixunshi", "fangke"));
}

#[tokio::test]
async fn without_an_id_it_is_the_one_open_conversation_of_the_two() {
    let talk = Talk::begin().await;
    // The interface document's sample has words that are no id.
    for (sequence, custom) in (1..).zip(["", "your cloud custom data", "{\"quote\":7}"]) {
        let sent = SentMessage { cloud_custom_data: custom.to_owned(), ..talk.said(sequence, 1) };
        assert_eq!(talk.deliver(&sent).await, Ok(Stored::Inserted), "{custom}");
    }
    let nameless = |sequence: u32| SentMessage { cloud_custom_data: String::new(), ..talk.said(sequence, 1) };
    talk.end(60).await;
    let late = |sequence: u32, second: i64| SentMessage {
        cloud_custom_data: String::new(),
        ..talk.said(sequence, second)
    };
    assert_eq!(talk.deliver(&late(4, 66)).await, unmatched("no-open-conversation"));
    // What is stored stays acknowledged.
    assert_eq!(talk.deliver(&nameless(1)).await, Ok(Stored::Duplicate));
    assert_eq!(talk.stored().await, [1, 2, 3]);
    assert_eq!(talk.unmatched().await.len(), 1);
}

#[tokio::test]
async fn a_nameless_word_belongs_to_the_conversation_that_was_open_when_it_was_said() {
    let talk = Talk::begin().await;
    talk.end(60).await;
    let nameless = |sequence: u32, second: i64| SentMessage {
        cloud_custom_data: String::new(),
        ..talk.said(sequence, second)
    };
    // However late it comes, and up to five seconds after the end.
    let last = [nameless(1, 59), nameless(2, 65)];
    assert_eq!(talk.deliver_all(&last).await, [Ok(Stored::Inserted), Ok(Stored::Inserted)]);
    assert_eq!(talk.deliver(&nameless(3, 66)).await, unmatched("no-open-conversation"));

    let next = conversation(&talk.pool, talk.visitor, talk.counselor).await;
    sqlx::query!("update conversations set started_at = $2 where id = $1", next.0, BEGAN + 62_500)
        .execute(&talk.pool)
        .await
        .expect("it began two seconds after the other ended");
    for (sent, expected) in [
        (nameless(4, 58), talk.conversation),
        // Between the two: a late word of the first.
        (nameless(5, 61), talk.conversation),
        // In the very second in which the second began.
        (nameless(6, 62), next),
        (nameless(7, 64), next),
    ] {
        assert_eq!(talk.deliver(&sent).await, Ok(Stored::Inserted), "{sent:?}");
        let row = sqlx::query_scalar!("select conversation from messages where msg_key = $1", sent.key);
        assert_eq!(row.fetch_one(&talk.pool).await.expect("one row"), expected.0, "{sent:?}");
    }
}

#[tokio::test]
async fn what_had_no_place_moves_over_when_it_comes_again_and_has_one() {
    let talk = Talk::begin().await;
    let sent = SentMessage { from: "xinren".to_owned(), cloud_custom_data: String::new(), ..talk.said(1, 1) };
    assert_eq!(talk.deliver(&sent).await, dropped("unknown-account"));
    let visitor = person(&talk.pool, "VISITOR", "xinren").await;
    for _ in 0..2 {
        assert_eq!(talk.deliver(&sent).await, unmatched("no-open-conversation"));
        assert_eq!(talk.unmatched().await.len(), 1);
    }
    let conversation = conversation(&talk.pool, visitor, talk.counselor).await;
    let answers = talk.deliver_all(&[sent.clone(), sent.clone()]).await;
    assert_eq!(answers, [Ok(Stored::Inserted), Ok(Stored::Duplicate)]);
    assert!(talk.unmatched().await.is_empty());
    let row = sqlx::query_scalar!("select conversation from messages").fetch_one(&talk.pool).await;
    assert_eq!(row.expect("one row"), conversation.0);
}

#[tokio::test]
async fn our_own_notice_is_a_row_of_the_record_and_nobodys_word() {
    let talk = Talk::begin().await;
    let notice = SentMessage { from: "administrator".to_owned(), to: "fangke".to_owned(), ..talk.said(1, 1) };
    assert_eq!(talk.deliver(&notice).await, Ok(Stored::Inserted));
    let system = sqlx::query_scalar!("select system from messages").fetch_one(&talk.pool).await;
    assert!(system.expect("one row"));
}

//! The record as it is read: what is in it, in which order, and how a reader stands to it.

use hotline::messages::record::{self, Record};

use super::*;

impl Talk {
    async fn record(&self, conversation: ConversationId, reader: PersonId) -> Option<Record> {
        record::find(&self.pool, conversation, reader).await.expect("records can be read")
    }

    async fn page(&self, offset: i64, size: i64) -> (Vec<i64>, i64) {
        let page = (offset, size);
        let read = record::read(&self.pool, self.conversation, self.visitor, page).await;
        let (_, page) = read.expect("pages can be read").expect("it is there");
        (page.messages.into_iter().map(|row| row.sequence).collect(), page.count)
    }

    /// The counselor calls the supervisor in; says the id of their talk and of the supervisor.
    async fn call_in_supervisor(&self, status: &str) -> (ConversationId, PersonId) {
        let supervisor = sqlx::query_scalar!("select id from people where username = 'dudao'")
            .fetch_one(&self.pool)
            .await
            .expect("the supervisor is there");
        let id = ConversationId(Uuid::now_v7());
        sqlx::query!(
            "insert into conversations (id, institution, kind, visitor, wanted, counselor, consultation, status, arrival,
                                        opened_at)
             values ($1, 'ecnu', 'REQUEST_SUPERVISE', $2, $3::uuid, case when $5::text = 'IN_PROGRESS' then $3::uuid end, $4, $5::text, 2, $6)",
            id.0,
            self.counselor.0,
            supervisor,
            self.conversation.0,
            status,
            BEGAN,
        )
        .execute(&self.pool)
        .await
        .expect("a request");
        (id, PersonId(supervisor))
    }

    async fn bind(&self, counselor: PersonId, supervisor: PersonId) {
        sqlx::query!(
            "insert into supervisor_bindings (counselor, supervisor, institution) values ($1, $2, 'ecnu')",
            counselor.0,
            supervisor.0,
        )
        .execute(&self.pool)
        .await
        .expect("a binding");
    }
}

#[tokio::test]
async fn a_page_is_oldest_first_without_what_nobody_saw() {
    let talk = Talk::begin().await;
    let typing = SentMessage { online_only: true, ..talk.said(90, 1) };
    let refused = SentMessage { send_result: 80_001, ..talk.said(91, 1) };
    // Within a second the sequence decides (document, section 38).
    let sent = [talk.said(3, 9), typing, talk.said(2, 5), talk.said(1, 9), refused, talk.said(4, 20)];
    assert!(talk.deliver_all(&sent).await.iter().all(|answer| *answer == Ok(Stored::Inserted)));
    assert_eq!(talk.page(0, 20).await, (vec![2, 1, 3, 4], 4));
    assert_eq!(talk.page(2, 2).await, (vec![3, 4], 4));
    assert_eq!(talk.page(i64::MAX, 2).await, (vec![], 4));
}

#[tokio::test]
async fn within_a_second_each_senders_own_go_by_number_and_the_two_by_arrival() {
    let talk = Talk::begin().await;
    let back = |sequence: u32, second: i64| SentMessage {
        from: "zixunshi".to_owned(),
        to: "fangke".to_owned(),
        ..talk.said(sequence, second)
    };
    // The two count on their own: whose numbers are smaller does not matter. Word 71 was overtaken by 72 on its way.
    let arriving = [
        talk.said(72, 5),
        back(3, 5),
        talk.said(71, 5),
        back(4, 5),
        talk.said(70, 6),
        back(2, 4),
        talk.said(73, 5),
    ];
    for sent in &arriving {
        assert_eq!(talk.deliver(sent).await, Ok(Stored::Inserted));
    }
    let expected = vec![2, 71, 3, 72, 4, 73, 70];
    assert_eq!(talk.page(0, 20).await, (expected.clone(), 7));
    let mut one_by_one = Vec::new();
    for offset in 0..7 {
        one_by_one.extend(talk.page(offset, 1).await.0);
    }
    assert_eq!(one_by_one, expected, "paging leaves nothing out and shows nothing twice");
    let all = record::all(&talk.pool, talk.conversation.0).await.expect("all can be read");
    assert_eq!(all.into_iter().map(|row| row.sequence).collect::<Vec<_>>(), expected);
}

/// A notice has the moment in milliseconds, a word only its second: what is told between two words of a second stands
/// between them.
#[tokio::test]
async fn a_notice_stands_where_it_was_told() {
    let talk = Talk::begin().await;
    assert_eq!(talk.deliver(&talk.said(9, 5)).await, Ok(Stored::Inserted));
    sqlx::query!(
        r#"insert into messages (id, institution, conversation, from_account, to_account, msg_key, sequence, random,
                                 said_at, received_at, body, system, notice_kind, notice_seconds)
           values ($1, 'ecnu', $2, 'administrator', 'fangke', 'notice_4', 4, 0, $3, $3,
                   '[{"MsgType": "TIMTextElem", "MsgContent": {"Text": "…"}}]', true, 'limit', 600)"#,
        Uuid::now_v7(),
        talk.conversation.0,
        BEGAN + 5_400,
    )
    .execute(&talk.pool)
    .await
    .expect("a notice");
    let late = NewMessage::new(talk.said(10, 5), "administrator", Timestamp(BEGAN + 5_700));
    assert_eq!(talk.store.store(late).await, Ok(Stored::Inserted));
    assert_eq!(talk.page(0, 20).await.0, [9, 4, 10]);
    let read = record::read(&talk.pool, talk.conversation, talk.visitor, (1, 1)).await;
    let (_, page) = read.expect("pages can be read").expect("it is there");
    assert_eq!(
        (page.messages[0].notice_kind.as_deref(), page.messages[0].notice_seconds),
        (Some("limit"), Some(600))
    );
}

#[tokio::test]
async fn a_deleted_conversation_is_unknown() {
    let talk = Talk::begin().await;
    let record = talk.record(talk.conversation, talk.visitor).await.expect("it is there");
    assert!(record.is_party(talk.visitor) && record.is_party(talk.counselor));
    assert_eq!((record.sides.counselor.as_str(), record.sides.peer.as_str()), ("zixunshi", "fangke"));
    sqlx::query!("update conversations set deleted_at = 1").execute(&talk.pool).await.expect("it is deleted");
    assert!(talk.record(talk.conversation, talk.visitor).await.is_none());
    assert!(talk.record(ConversationId(Uuid::now_v7()), talk.visitor).await.is_none());
}

#[tokio::test]
async fn a_supervisor_stands_to_a_record_by_binding_or_by_being_asked() {
    let talk = Talk::begin().await;
    let standing = async |conversation, reader| {
        let record = talk.record(conversation, reader).await.expect("it is there");
        (record.reader_is_bound, record.reader_is_asked)
    };
    let (_, supervisor) = talk.call_in_supervisor("CANCELLED").await;
    assert_eq!(standing(talk.conversation, supervisor).await, (false, false));
    talk.call_in_supervisor("WAITING").await;
    assert_eq!(standing(talk.conversation, supervisor).await, (false, true));
    let (request, _) = talk.call_in_supervisor("IN_PROGRESS").await;
    let record = talk.record(request, supervisor).await.expect("it is there");
    assert!(record.is_party(supervisor) && !record.is_party(talk.visitor));
    assert_eq!(record.sides.counselor, "zixunshi", "the counselor is the viewpoint here too");
    assert_eq!(record.sides.peer, "dudao");

    let other = person(&talk.pool, "SUPERVISOR", "dudao2").await;
    assert_eq!(standing(talk.conversation, other).await, (false, false));
    talk.bind(talk.counselor, other).await;
    assert_eq!(standing(talk.conversation, other).await, (true, false));
    assert_eq!(standing(request, other).await, (true, false));
}

#[tokio::test]
async fn a_counselor_who_asks_as_a_visitor_is_nobodys_business_but_their_own() {
    let talk = Talk::begin().await;
    let colleague = person(&talk.pool, "COUNSELOR", "zixunshi2").await;
    let supervisor = person(&talk.pool, "SUPERVISOR", "dudao2").await;
    talk.bind(talk.counselor, supervisor).await;
    let own = conversation(&talk.pool, talk.counselor, colleague).await;
    let record = talk.record(own, supervisor).await.expect("it is there");
    assert!(!record.reader_is_bound);
}

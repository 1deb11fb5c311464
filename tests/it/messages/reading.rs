//! The record as it is read: what is in it, in which order, and how a reader stands to it.

use hotline::messages::record::{self, Record};

use super::*;

impl Talk {
    async fn record(&self, conversation: ConversationId, reader: PersonId) -> Option<Record> {
        let now = Timestamp(BEGAN);
        record::find(&self.pool, conversation, reader, now).await.expect("records can be read")
    }

    async fn page(&self, offset: i64, size: i64) -> (Vec<i64>, i64) {
        let page = (offset, size);
        let read = record::read(&self.pool, self.conversation, self.visitor, Timestamp(BEGAN), page).await;
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
            "insert into supervisor_bindings (counselor, supervisor) values ($1, $2)",
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
    let typing = Sent { online_only: true, ..talk.said(90, 1) };
    let refused = Sent { send_result: 80_001, ..talk.said(91, 1) };
    // Within a second the sequence decides (document, section 38).
    let sent = [talk.said(3, 9), typing, talk.said(2, 5), talk.said(1, 9), refused, talk.said(4, 20)];
    assert!(talk.deliver_all(&sent).await.iter().all(|answer| *answer == Ok(Stored::First)));
    assert_eq!(talk.page(0, 20).await, (vec![2, 1, 3, 4], 4));
    assert_eq!(talk.page(2, 2).await, (vec![3, 4], 4));
    assert_eq!(talk.page(i64::MAX, 2).await, (vec![], 4));
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
async fn a_counselor_who_asks_for_himself_is_nobodys_business_but_his_own() {
    let talk = Talk::begin().await;
    let colleague = person(&talk.pool, "COUNSELOR", "zixunshi2").await;
    let supervisor = person(&talk.pool, "SUPERVISOR", "dudao2").await;
    talk.bind(talk.counselor, supervisor).await;
    let own = conversation(&talk.pool, talk.counselor, colleague).await;
    let record = talk.record(own, supervisor).await.expect("it is there");
    assert!(!record.reader_is_bound);
}

//! Our notices, sent to both over IM: once each.

use crate::fakes::tencent::Fault;

use super::*;

const SEND: &str = "openim/sendmsg";

/// A minute for each talk, with one notice a few seconds after its beginning.
const SETTINGS: [(&str, &str); 3] =
    [("im.notices", "true"), ("dispatch.text_seconds_max", "60"), ("dispatch.limit_notices_seconds", "[57]")];

#[tokio::test]
async fn a_notice_reaches_both_once_though_the_server_is_killed_in_between() {
    let mut house = House::open_with(&SETTINGS).await;
    // The first is done and never answered: whether it was done is not known here.
    house.tencent.fail(SEND, &[Fault::Silence]);
    let talk = house.talk("anna").await;
    house.tencent.asked_at_least(SEND, 1).await;
    house.restart().await;
    until("both are told", SOON * 3, async || (house.tencent.delivered().len() >= 2).then_some(())).await;
    until("the cursor has passed it", SOON, async || {
        let passed = sqlx::query_scalar!(
            r#"select c.seq >= (select max(e.seq) from events e where e.kind = 'noticed') as "passed!"
               from consumer_cursors c where c.consumer = 'im-notices'"#
        );
        passed.fetch_one(&house.hotline.database.pool).await.expect("a cursor").then_some(())
    })
    .await;
    let delivered = house.tencent.delivered();
    let told: Vec<&str> = delivered.iter().filter_map(|sent| sent["To_Account"].as_str()).collect();
    assert_eq!(told, [talk.visitor.username.as_str(), "lin"]);
    assert!(house.tencent.asked(SEND).len() >= 3, "the first was sent again");
    for sent in &delivered {
        assert_eq!(sent["From_Account"], "administrator");
        assert_eq!(sent["CloudCustomData"], talk.id.as_str());
        assert_eq!(sent["MsgBody"][0]["MsgContent"]["Text"], "本次咨询将在57秒后结束。");
    }
    // In the record it stands once, and is nobody's word.
    assert_eq!(house.texts(&talk).await, ["本次咨询将在57秒后结束。"]);
}

#[tokio::test]
async fn a_notice_that_cannot_be_sent_is_given_up_visibly() {
    let house = House::open_with(&SETTINGS).await;
    house.tencent.fail(SEND, &[Fault::Code(80001)]);
    house.talk("anna").await;
    let reason = until("it is given up", SOON * 2, async || {
        sqlx::query_scalar!("select reason from given_up where consumer = 'im-notices'")
            .fetch_optional(&house.hotline.database.pool)
            .await
            .expect("a table")
    })
    .await;
    assert!(reason.contains("80001"), "{reason}");
    until("the log says so", SOON, async || house.hotline.log().contains("given up").then_some(())).await;
    assert!(house.tencent.delivered().is_empty());
}

#[tokio::test]
async fn without_being_switched_on_nothing_is_sent() {
    let house = House::open_with(&SETTINGS[1..]).await;
    let talk = house.talk("anna").await;
    house.reads(&talk, &["本次咨询将在57秒后结束。"]).await;
    assert!(house.tencent.asked(SEND).is_empty());
}

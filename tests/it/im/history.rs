//! Nothing that was said is lost because nobody listened here.

use crate::{fakes::tencent::Fault, support::SOON};

use super::*;

const HISTORY: &str = "openim/admin_getroammsg";

#[tokio::test]
async fn words_said_while_the_server_was_down_are_in_the_record_after_its_return_once() {
    let mut house = House::open().await;
    let (talk, other) = (house.talk("anna").await, house.talk("bo").await);
    let nobody = house.hotline.client();
    let first = talk.says(1, "在吗");
    nobody.say(&first).await;
    house.hotline.kill();
    // Tencent has it all, the one that came here too; more than one of its pages.
    house.tencent.keep(&first);
    // Within a second the numbers tell the order.
    let missed = [talk.hears(2, "在"), talk.says(3, "睡不着"), talk.hears(4, "多久了"), talk.says(5, "两周")];
    for word in &missed {
        house.tencent.keep(word);
    }
    let recalled = talk.says(6, "说错了");
    house.tencent.keep_recalled(&recalled);
    house.tencent.keep(&other.says(1, "您好"));
    // And is not at its best.
    house.tencent.fail(HISTORY, &[Fault::Code(60008), Fault::Code(60007), Fault::Cut]);
    house.start_again().await;

    house.reads(&talk, &["在吗", "在", "睡不着", "多久了", "两周", "说错了"]).await;
    house.reads(&other, &["您好"]).await;
    let revoked: Vec<bool> = house.record(&talk).await.iter().map(|row| row["isRevoked"] == true).collect();
    assert_eq!(revoked, [false, false, false, false, false, true]);
    // Should Tencent repeat its callbacks after all, nothing is there twice.
    for word in &missed {
        nobody.say(word).await;
    }
    house.reads(&talk, &["在吗", "在", "睡不着", "多久了", "两周", "说错了"]).await;
    house.hotline.assert_calm();
}

#[tokio::test]
async fn last_words_after_the_end_are_in_the_record_with_and_without_the_conversations_name() {
    let house = House::open().await;
    let talk = house.talk("anna").await;
    house.hotline.client().say(&talk.says(1, "谢谢")).await;
    talk.visitor.end(&talk.id).await;
    let ended = talk.visitor.conversation(&talk.id).await["endTime"].as_i64().expect("it ended") / 1000;
    house.tencent.keep(&talk.hears(2, "再见").at(ended + 1));
    let nameless = Word::new(&talk.visitor.username, "lin", "", 2, words::text("再见!"));
    house.tencent.keep(&nameless.at(ended + 2));
    house.tencent.keep(&talk.says(3, "太晚了").at(ended + 60));
    house.reads(&talk, &["谢谢", "再见", "再见!"]).await;
    assert_eq!(house.over(&talk).await["endTime"].as_i64().map(|end| end / 1000), Some(ended));
    // Each end is fetched once: nothing is owed any more.
    until("nothing is owed", SOON, async || {
        let owed = sqlx::query_scalar!(
            r#"select count(*) as "owed!" from conversations where history_at is null or history_at < ended_at"#
        );
        (owed.fetch_one(&house.hotline.database.pool).await.expect("a count") == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_end_whose_history_could_not_be_fetched_stays_owed_over_a_restart() {
    let mut house = House::open().await;
    let talk = house.talk("anna").await;
    // Both views of it, a few times over.
    house.tencent.fail(HISTORY, &[Fault::Code(91000); 3]);
    talk.visitor.end(&talk.id).await;
    let ended = talk.visitor.conversation(&talk.id).await["endTime"].as_i64().expect("it ended") / 1000;
    house.tencent.keep(&talk.says(1, "再见").at(ended));
    house.tencent.asked_at_least(HISTORY, 1).await;
    assert!(house.texts(&talk).await.is_empty());
    house.restart().await;
    house.reads(&talk, &["再见"]).await;
}

#[tokio::test]
async fn silence_does_not_end_talks_that_went_on_while_the_server_was_down() {
    let mut house =
        House::open_with(&[("dispatch.silence_notice_seconds", "3"), ("dispatch.silence_end_seconds", "3")])
            .await;
    let talk = house.talk("anna").await;
    house.hotline.kill();
    house.tencent.keep(&talk.says(1, "还在吗"));
    // What was said long ago must not count as said now, either.
    house.tencent.keep(&talk.hears(2, "在"));
    let returned = hotline::clock::now();
    house.start_again().await;
    house.reads(&talk, &["还在吗", "在", "请问还有什么需要继续咨询的吗？"]).await;
    let over = house.over(&talk).await;
    assert_eq!((&over["status"], &over["endReason"]), (&json!("TIME_OUT"), &json!("silence")));
    let silence_ms = over["endTime"].as_i64().expect("a time") - returned.0;
    assert!(silence_ms >= 6000, "silence counts from the return: {silence_ms} ms");
}

#[tokio::test]
async fn words_that_no_callback_brought_during_an_outage_of_the_database_are_fetched_after_it() {
    let house = House::open_with(&[("journal.fence_check_seconds", "1")]).await;
    let talk = house.talk("anna").await;
    house.hotline.database.shut().await;
    until("the outage is noticed", SOON, async || {
        house.hotline.log().contains("the store cannot be reached").then_some(())
    })
    .await;
    house.tencent.keep(&talk.says(1, "在吗"));
    house.hotline.database.reopen().await;
    // A connection that the outage has just cut may be given out once more.
    let path = format!("/message/conversation/web?conversationId={}", talk.id);
    until("the record is read again", SOON, async || {
        (house.lin.get(&path).await.body["code"] == 0).then_some(())
    })
    .await;
    house.reads(&talk, &["在吗"]).await;
}

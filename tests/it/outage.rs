//! The database goes away for a while: nothing is said that does not hold, and nothing decided is lost.

use serde_json::json;

use crate::support::{Hotline, SOON, until};

#[tokio::test]
async fn a_request_during_an_outage_is_unsettled_and_then_kept_once() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.add_counselor("ecnu", "lin").await;
    hotline.set("journal.settle_seconds_max", 1);
    hotline.start().await;
    let mut workbench = hotline.staff("lin").await.workbench().await;
    workbench.snapshot().await;
    let (first, second) = (hotline.visitor("ecnu", "first").await, hotline.visitor("ecnu", "second").await);

    // A log-in that was used is known in memory.
    for visitor in [&first, &second] {
        visitor.get("/auth/me").await.ok();
    }
    hotline.database.shut().await;
    let unknown = hotline.client().get("/config").await;
    unknown.refused(-1, "系统繁忙，请稍后再试");
    for visitor in [&first, &second] {
        let asked = visitor.put("/conversation", json!({ "counselor": "any" })).await;
        asked.refused(-1, "操作尚未确认，请稍后查看结果");
    }
    // Asking again for the same joins what is on its way.
    let again = first.put("/conversation", json!({ "counselor": "any" })).await;
    again.refused(-1, "操作尚未确认，请稍后查看结果");
    workbench.ping().await;
    assert!(!workbench.has_come("assigned"), "nobody hears of what is not kept");

    hotline.database.reopen().await;
    for visitor in [&first, &second] {
        let kept = until("it is kept", SOON * 2, async || {
            let current = visitor.get("/conversation/current").await;
            let kept = &current.body["result"][0];
            kept.is_object().then(|| kept.clone())
        })
        .await;
        assert_eq!(kept["status"], "IN_PROGRESS");
        workbench.event("assigned", kept["id"].as_str().expect("an id")).await;
    }
    first
        .put("/conversation", json!({ "counselor": "any" }))
        .await
        .refused(-1, "您正在咨询 lin, 请先结束当前会话");
    until("it is well again", SOON, async || (first.get("/health/ready").await.status == 200).then_some(()))
        .await;
}

#[tokio::test]
async fn beyond_the_backlog_requests_are_refused_at_once() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.add_counselor("ecnu", "lin").await;
    hotline.set("journal.settle_seconds_max", 1);
    hotline.set("journal.backlog_max", 2);
    hotline.start().await;
    let mut visitors = Vec::new();
    for code in ["first", "second", "third"] {
        let visitor = hotline.visitor("ecnu", code).await;
        visitor.get("/auth/me").await.ok();
        visitors.push(visitor);
    }
    hotline.database.shut().await;
    for visitor in &visitors[..2] {
        let asked = visitor.put("/conversation", json!({ "counselor": "any" })).await;
        asked.refused(-1, "操作尚未确认，请稍后查看结果");
    }
    let late = visitors[2].put("/conversation", json!({ "counselor": "any" })).await;
    late.refused(-1, "系统繁忙，请稍后再试");
    hotline.database.reopen().await;
    let visitor = &visitors[2];
    until("it takes requests again", SOON * 2, async || {
        let asked = visitor.put("/conversation", json!({ "counselor": "any" })).await;
        (asked.body["code"] == 0).then_some(())
    })
    .await;
}

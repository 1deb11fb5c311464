//! 28. The list of records: scope, filters, order, pages.

use super::*;
use serde_json::json;

const NOON: i64 = 1_699_934_400_000;
const HOUR: i64 = 3_600_000;

/// Four talks an hour apart: lin's, lin's, chen's, and one of chen's that never began; the last is nobody's record of
/// another institution.
async fn some_records(hotline: &Hotline) -> [String; 4] {
    for code in ["v1", "v2"] {
        hotline.visitor("ecnu", code).await;
    }
    let first = Past::talk("sandbox_v1", "lin", NOON).put(hotline).await;
    let second = Past {
        ended_at: Some(NOON + HOUR + 60_000),
        status: "TIME_OUT",
        ..Past::talk("sandbox_v2", "lin", NOON + HOUR)
    }
    .put(hotline)
    .await;
    let third = Past::talk("sandbox_v1", "chen", NOON + 2 * HOUR).put(hotline).await;
    let fourth =
        Past { status: "CANCELLED", started_at: None, ..Past::talk("sandbox_v2", "chen", NOON + 3 * HOUR) }
            .put(hotline)
            .await;
    [first, second, third, fourth]
}

fn are(ids: &[&String], count: i64) -> (Vec<String>, i64) {
    (ids.iter().map(|id| (*id).clone()).collect(), count)
}

#[tokio::test]
async fn everybody_lists_what_is_in_their_scope() {
    let hotline = house().await;
    let [first, second, third, fourth] = some_records(&hotline).await;
    assert_eq!(listed(&hotline.staff("guanli").await, "").await, are(&[&fourth, &third, &second, &first], 4));
    assert_eq!(listed(&hotline.staff("lin").await, "").await, are(&[&second, &first], 2));
    assert_eq!(listed(&hotline.staff("chen").await, "").await, are(&[&fourth, &third], 2));
    assert_eq!(listed(&hotline.staff("dudao").await, "").await, are(&[&second, &first], 2));
    assert_eq!(listed(&hotline.staff("guanli2").await, "").await, (vec![], 0));
    let visitor = hotline.visitor("ecnu", "v1").await;
    visitor.get("/conversation/consultlist").await.refused(-5, "未开通权限");
    hotline.client().get("/conversation/consultlist").await.fault(403, "/conversation/consultlist");

    // Whoever is asked about a consultation has it in their list; the request itself stands in the list of requests.
    let dudao2 = hotline.staff("dudao2").await;
    assert_eq!(listed(&dudao2, "").await, (vec![], 0));
    let request = Past { about: Some(&third), ..Past::talk("chen", "dudao2", NOON + 2 * HOUR + 1) };
    let request = request.put(&hotline).await;
    assert_eq!(listed(&dudao2, "").await, are(&[&third], 1));
    let requests = "conversationType=REQUEST_SUPERVISE";
    for reader in ["dudao2", "chen", "guanli"] {
        assert_eq!(listed(&hotline.staff(reader).await, requests).await, are(&[&request], 1), "{reader}");
    }
    for reader in ["dudao", "lin", "guanli2"] {
        assert_eq!(listed(&hotline.staff(reader).await, requests).await, (vec![], 0), "{reader}");
    }
    assert_eq!(noted(&hotline, "list-records").await.iter().filter(|(who, _)| who == "lin").count(), 0);
    assert!(noted(&hotline, "list-records").await.contains(&("guanli".to_owned(), None)));
    hotline.assert_calm();
}

#[tokio::test]
async fn records_are_filtered_by_name_time_and_status() {
    let hotline = house().await;
    let [first, second, third, fourth] = some_records(&hotline).await;
    let guanli = hotline.staff("guanli").await;
    sqlx::query!("update people set name = '小雨%_' where username = 'sandbox_v1'")
        .execute(&hotline.database.pool)
        .await
        .expect("a name");
    assert_eq!(listed(&guanli, "visitorName=%E5%B0%8F%E9%9B%A8").await, are(&[&third, &first], 2));
    assert_eq!(listed(&guanli, "visitorName=%25_").await, are(&[&third, &first], 2), "no signs are jokers");
    assert_eq!(
        listed(&guanli, "visitorName=%E8%AE%BF%E5%AE%A2%202").await,
        are(&[&fourth, &second], 2),
        "the nameless by number"
    );
    assert_eq!(listed(&guanli, "visitorName=V2").await, (vec![], 0), "and not by openid");
    assert_eq!(listed(&guanli, "counselorName=che").await, are(&[&fourth, &third], 2));
    assert_eq!(listed(&guanli, "counselorName=nobody").await, (vec![], 0));
    let between = format!("startTime={}&endTime={}", NOON + HOUR, NOON + 2 * HOUR);
    assert_eq!(listed(&guanli, &between).await, are(&[&third, &second], 2));
    assert_eq!(listed(&guanli, "status=TIME_OUT").await, are(&[&second], 1));
    assert_eq!(listed(&guanli, "status&page&size&visitorName").await.1, 4, "names without values are absent");
    for (query, named) in [
        ("status=OPEN", "status"),
        ("property=password", "property"),
        ("property=level&direction=up", "direction"),
        ("startTime=x", "startTime"),
        ("conversationType=CHAT", "conversationType"),
    ] {
        let answer = guanli.get(&format!("/conversation/consultlist?{query}")).await;
        answer.refused_with(-2);
        assert!(answer.body["message"].to_string().contains(named), "{query}");
    }
}

#[tokio::test]
async fn records_are_sorted_with_nothing_last_and_paged() {
    let hotline = house().await;
    let [first, second, third, fourth] = some_records(&hotline).await;
    let (v1, v2) = (hotline.visitor("ecnu", "v1").await, hotline.visitor("ecnu", "v2").await);
    for (client, id, level) in [(&v1, &first, 2), (&v2, &second, 5)] {
        let body = json!({ "conversationId": id, "objectType": "CONVERSATION", "level": level });
        client.put("/evaluate", body).await.ok();
    }
    let guanli = hotline.staff("guanli").await;
    for (query, expected) in [
        ("property=level&direction=desc", [&second, &first, &fourth, &third]),
        ("property=level&direction=asc", [&first, &second, &fourth, &third]),
        ("property=createdTime&direction=ASC", [&first, &second, &third, &fourth]),
        ("property=createdTime", [&fourth, &third, &second, &first]),
        ("property=startTime&direction=desc", [&third, &second, &first, &fourth]),
        ("property=startTime&direction=asc", [&first, &second, &third, &fourth]),
        ("property=endTime&direction=desc", [&fourth, &third, &second, &first]),
        ("property=duration&direction=desc", [&third, &first, &second, &fourth]),
        ("property=duration&direction=asc", [&second, &third, &first, &fourth]),
    ] {
        assert_eq!(listed(&guanli, query).await, are(&expected, 4), "{query}");
    }
    assert_eq!(listed(&guanli, "size=3").await, are(&[&fourth, &third, &second], 4));
    assert_eq!(listed(&guanli, "size=3&page=1").await, are(&[&first], 4));
    assert_eq!(listed(&guanli, "size=3&page=2").await, (vec![], 4));
    let rows = guanli.get("/conversation/consultlist?property=level&size=1").await.ok();
    assert_eq!(rows[0]["evaluate"]["level"], 5);
    assert_eq!(rows[0]["evaluate"]["creatorUser"]["username"], "sandbox_v2");
    hotline.assert_calm();
}

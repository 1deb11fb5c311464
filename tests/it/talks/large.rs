//! With ten thousand conversations: loaded soon, listed from indexes, exported without growing.

use std::time::{Duration, Instant};

use super::{export::unzipped, *};
use crate::support::{SOON, until};
use reqwest::Method;
use serde_json::json;

/// A hotline with the large demo, an administrator, and how long the loading took.
async fn large() -> (Hotline, Duration) {
    let hotline = Hotline::prepare(&["ecnu"]).await;
    let begun = Instant::now();
    hotline.make_large_demo();
    let took = begun.elapsed();
    hotline.add_user("ecnu", "INSTITUTION", "guanli").await;
    // Staff of the demo with the password of tests, to see it with their eyes.
    let hash =
        "update people set password_hash = (select password_hash from people where username = 'guanli')
                where username in ('zixunshi101', 'dudao101')";
    sqlx::query(hash).execute(&hotline.database.pool).await.expect("passwords can be set");
    (hotline, took)
}

/// How often a whole table was read, and how often an index: `PostgreSQL`'s own count.
async fn scans(hotline: &Hotline) -> (i64, i64) {
    let row = sqlx::query!(
        r#"
        select sum(seq_scan)::bigint as "whole!", sum(idx_scan)::bigint as "indexed!"
        from pg_stat_user_tables where relname in ('conversations', 'messages')
        "#
    );
    let row = row.fetch_one(&hotline.database.pool).await.expect("statistics can be read");
    (row.whole, row.indexed)
}

async fn stopped(hotline: &mut Hotline) {
    hotline.terminate();
    assert!(hotline.ended(SOON).await.success());
    counted(hotline).await;
}

/// What a connection counted is told when it is gone.
async fn counted(hotline: &Hotline) {
    until("the server's connections are gone", SOON, async || {
        let left = sqlx::query_scalar!(
            r#"select count(*) as "left!" from pg_stat_activity
               where datname = current_database() and application_name = 'hotline'"#
        );
        (left.fetch_one(&hotline.database.pool).await.expect("a count") == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn lists_and_figures_of_much_history_come_from_indexes() {
    let (mut hotline, took) = large().await;
    assert!(took < Duration::from_mins(1), "{took:?}");
    hotline.make_large_demo();
    let count = sqlx::query_scalar!(r#"select count(*) as "count!" from conversations"#);
    let count = count.fetch_one(&hotline.database.pool).await.expect("a count");
    assert!((10_000..11_000).contains(&count), "a second time makes nothing new: {count}");

    counted(&hotline).await;
    let (whole, indexed) = scans(&hotline).await;
    hotline.start().await;
    for who in ["guanli", "zixunshi101", "dudao101"] {
        let reader = hotline.staff(who).await;
        // More than once: PostgreSQL may plan the sixth time without looking at the values.
        for _ in 0..7 {
            look_at_everything(&reader).await;
        }
    }
    let visitor = hotline.visitor("ecnu", "fangke1001").await;
    assert!(visitor.get("/conversation/current").await.body["count"].as_i64().expect("a count") >= 10);
    stopped(&mut hotline).await;
    let (whole_after, indexed_after) = scans(&hotline).await;
    assert!(indexed_after > indexed + 500, "{indexed} to {indexed_after}: the count counts");
    assert_eq!(whole_after, whole, "no whole table was read");
    hotline.assert_calm();
}

async fn look_at_everything(reader: &Client) {
    let mut first = None;
    for property in ["level", "createdTime", "startTime", "endTime", "duration"] {
        for direction in ["asc", "desc"] {
            let path = format!("/conversation/consultlist?property={property}&direction={direction}");
            let rows = reader.get(&path).await.ok();
            first = first.or_else(|| rows[0]["id"].as_str().map(str::to_owned));
        }
    }
    for filter in [
        "page=100",
        "status=TIME_OUT",
        "status=WAITING",
        "visitorName=%E5%B0%8F",
        "counselorName=%E5%AD%90%E6%B6%B5",
        "visitorName=%E5%B0%8F&counselorName=%E7%8E%8B&status=FINISHED&startTime=1&endTime=9999999999999",
        "startTime=1&endTime=2",
        "conversationType=REQUEST_SUPERVISE",
        "conversationType=REQUEST_SUPERVISE&property=duration&visitorName=%E5%B0%8F",
    ] {
        reader.get(&format!("/conversation/consultlist?{filter}")).await.ok();
    }
    for path in ["7statistics", "numberranking", "ratedranking", "todaychange", "mine", "current"] {
        reader.get(&format!("/conversation/{path}")).await.ok();
    }
    let id = first.expect("a record");
    reader.get(&format!("/conversation/{id}")).await.ok();
    reader.get(&format!("/message/conversation/web?conversationId={id}")).await.ok();
    let text = reader.request(Method::POST, &format!("/conversation/export/{id}")).send().await;
    assert!(text.expect("an answer").headers().contains_key("content-disposition"));
}

/// Memory that the server holds, in KiB.
fn resident(hotline: &Hotline) -> i64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", hotline.process_id())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells it");
    line.trim().trim_end_matches(" kB").trim().parse().expect("a number")
}

#[tokio::test]
async fn a_thousand_conversations_are_exported_without_growing() {
    const GROWTH_KIB_MAX: i64 = 32 * 1024;
    let (mut hotline, _) = large().await;
    hotline.start().await;
    let guanli = hotline.staff("guanli").await;
    let mut ids = Vec::new();
    for page in 0..5 {
        ids.extend(listed(&guanli, &format!("size=200&page={page}")).await.0);
    }
    assert_eq!(ids.len(), 1000);
    let path = "/conversation/batchexport";
    for format in ["txt", "xlsx"] {
        let before = resident(&hotline);
        let mut most = before;
        let request = guanli.request(Method::POST, &format!("{path}?format={format}")).json(&ids);
        let mut response = request.send().await.expect("the server answers");
        let mut zip = Vec::new();
        while let Some(piece) = response.chunk().await.expect("the whole archive") {
            zip.extend_from_slice(&piece);
            most = most.max(resident(&hotline));
        }
        assert!(most - before < GROWTH_KIB_MAX, "{format}: {before} KiB grew to {most} KiB");
        unzipped(&zip, &["-tq"]);
        let files = unzipped(&zip, &["-Z1"]);
        assert_eq!(
            files.lines().filter(|name| name.ends_with(&format!("conversation.{format}"))).count(),
            1000
        );
    }
    let body = json!((0..1001).map(|_| Uuid::now_v7().simple().to_string()).collect::<Vec<_>>());
    guanli.post(path, body).await.refused_with(-2);
    hotline.assert_calm();
}

//! Whether the server is well, and how it stops.

use std::time::Duration;

use crate::support::{Hotline, SOON, until};

/// Service managers commonly kill after ten seconds.
const STOP_SECONDS_MAX: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_stop_closes_sockets_with_1001_and_keeps_what_was_acknowledged() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.add_counselor("ecnu", "lin").await;
    hotline.start().await;
    assert_eq!(hotline.client().get("/health/live").await.status, 200);
    let mut workbench = hotline.staff("lin").await.workbench().await;
    workbench.snapshot().await;
    let visitor = hotline.visitor("ecnu", "first").await;
    let mut socket = visitor.visitor_socket().await;
    socket.snapshot().await;
    let conversation = visitor.open("any").await;

    hotline.terminate();
    assert_eq!(workbench.closed(STOP_SECONDS_MAX).await, Some(1001));
    assert_eq!(socket.closed(STOP_SECONDS_MAX).await, Some(1001));
    let status = hotline.ended(STOP_SECONDS_MAX).await;
    assert!(status.success(), "it ended with {status}");

    hotline.start().await;
    let now = visitor.conversation(conversation["id"].as_str().expect("an id")).await;
    assert_eq!(now["status"], "IN_PROGRESS");
    assert_eq!(now["startTime"], conversation["startTime"]);
    hotline.assert_calm();
}

/// Or each connection's buffers would be resident whole (docs/performance.md).
#[cfg(target_os = "linux")]
#[tokio::test]
async fn memory_is_taken_in_small_pages() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.start().await;
    let path = format!("/proc/{}/status", hotline.process_id());
    let status = std::fs::read_to_string(path).expect("the server runs");
    let huge = status.lines().find_map(|line| line.strip_prefix("THP_enabled:")).map(str::trim);
    assert_eq!(huge, Some("0"));
}

#[tokio::test]
async fn readiness_follows_the_database() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.start().await;
    let client = hotline.client();
    hotline.database.shut().await;
    until("it is not ready", SOON * 2, async || {
        (client.get("/health/ready").await.status == 503).then_some(())
    })
    .await;
    assert_eq!(client.get("/health/live").await.status, 200, "it lives on");

    hotline.database.reopen().await;
    until("it is ready again", SOON * 3, async || {
        (client.get("/health/ready").await.status == 200).then_some(())
    })
    .await;
}

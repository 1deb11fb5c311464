//! The figures of operation, as Prometheus reads them.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Client, Hotline, SOON, until};

/// The page, checked line by line to be Prometheus's text format.
async fn page(client: &Client) -> String {
    let response = client.request(Method::GET, "/metrics").send().await.expect("the server answers");
    assert_eq!(response.status(), StatusCode::OK);
    let kind = response.headers()["content-type"].to_str().expect("text").to_owned();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    let text = response.text().await.expect("text");
    for line in text.lines() {
        let figure = line.rsplit_once(' ').and_then(|(_, figure)| figure.parse::<f64>().ok());
        assert!(line.starts_with("# ") || figure.is_some(), "no line of the format: {line}");
    }
    text
}

fn figure(page: &str, row: &str) -> Option<f64> {
    let of_row = |line: &str| line.strip_prefix(row)?.strip_prefix(' ')?.parse().ok();
    page.lines().find_map(of_row)
}

#[tokio::test]
async fn who_waits_talks_and_asks_is_seen_without_a_session_and_names_nobody() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.add_counselor("ecnu", "linxia").await;
    hotline.start().await;
    let anyone = hotline.client();
    let (first, second) = (hotline.visitor("ecnu", "first").await, hotline.visitor("ecnu", "second").await);
    let linxia = hotline.staff("linxia").await;
    linxia.post("/user/maxconsults", json!({ "maxConsults": 1 })).await.ok();
    let mut workbench = linxia.workbench().await;
    workbench.snapshot().await;
    let (seated, waiting) = (first.open("any").await, second.open("any").await);
    assert_eq!((&seated["status"], &waiting["status"]), (&json!("IN_PROGRESS"), &json!("WAITING")));
    anyone
        .post("/auth/login", json!({ "username": "linxia", "password": "0".repeat(32) }))
        .await
        .refused_with(-3);
    anyone.get("/no/such/page").await.fault(404, "/no/such/page");
    first.conversation(seated["id"].as_str().expect("an id")).await;

    let text = page(&anyone).await;
    let expected = [
        (r#"hotline_conversations{institution="ecnu",phase="in_progress"}"#, 1.0),
        (r#"hotline_conversations{institution="ecnu",phase="waiting"}"#, 1.0),
        (r#"hotline_queue_length{institution="ecnu",queue="common"}"#, 1.0),
        (r#"hotline_queue_length{institution="ecnu",queue="lines"}"#, 0.0),
        (r#"hotline_sockets{institution="ecnu"}"#, 1.0),
        (r#"hotline_registry_serving{institution="ecnu"}"#, 1.0),
        (r#"hotline_journal_lag_seconds{institution="ecnu"}"#, 0.0),
        (r#"hotline_laws_broken_total{institution="ecnu",law="L-1"}"#, 0.0),
        (r#"hotline_log_in_failures_total{by="password"}"#, 1.0),
        (r#"hotline_http_request_seconds_count{method="GET",route="/conversation/{id}",status="2xx"}"#, 1.0),
        (r#"hotline_http_request_seconds_count{method="PUT",route="/conversation",status="2xx"}"#, 2.0),
        (r#"hotline_http_request_seconds_count{method="GET",route="none",status="4xx"}"#, 1.0),
        (r#"hotline_http_request_seconds_count{method="GET",route="/workbench/ws",status="1xx"}"#, 1.0),
        ("hotline_messages_buffered", 0.0),
    ];
    for (row, wanted) in expected {
        assert_eq!(figure(&text, row), Some(wanted), "{row} in\n{text}");
    }
    for row in [
        r#"hotline_wait_longest_seconds{institution="ecnu"}"#,
        r#"hotline_journal_commits_total{institution="ecnu"}"#,
        r#"hotline_journal_events_total{institution="ecnu"}"#,
        r#"hotline_build_info{build="debug build",version="0.1.0"}"#,
        "process_resident_memory_bytes",
        "process_open_fds",
    ] {
        assert!(figure(&text, row).is_some_and(|figure| figure > 0.0), "{row} in\n{text}");
    }
    for name in ["linxia", "sandbox", "first", seated["id"].as_str().expect("an id"), "/no/such"] {
        assert!(!text.contains(name), "{name} is in the figures:\n{text}");
    }
    assert!(!hotline.log().contains(r#""path":"/metrics""#), "scrapes do not fill the log");
    hotline.assert_calm();
}

#[tokio::test]
async fn an_outage_is_seen_while_it_lasts() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.set("journal.settle_seconds_max", 1);
    hotline.start().await;
    let visitor = hotline.visitor("ecnu", "first").await;
    visitor.get("/auth/me").await.ok();
    hotline.database.shut().await;
    visitor.put("/conversation", json!({ "counselor": "any" })).await.refused_with(-1);

    let anyone = hotline.client();
    let lag = r#"hotline_journal_lag_seconds{institution="ecnu"}"#;
    let text = until("the lag is seen", SOON, async || {
        let text = page(&anyone).await;
        figure(&text, lag).is_some_and(|lag| lag > 0.5).then_some(text)
    })
    .await;
    assert_eq!(figure(&text, r#"hotline_journal_troubled{institution="ecnu"}"#), Some(1.0));
    assert!(figure(&text, r#"hotline_journal_backlog_events{institution="ecnu"}"#) >= Some(1.0));
    assert!(figure(&text, r#"hotline_journal_retries_total{institution="ecnu"}"#) >= Some(1.0));

    hotline.database.reopen().await;
    until("nothing is behind", SOON * 2, async || {
        let text = page(&anyone).await;
        let well = figure(&text, r#"hotline_journal_troubled{institution="ecnu"}"#) == Some(0.0)
            && figure(&text, lag) == Some(0.0);
        well.then_some(())
    })
    .await;
}

#[tokio::test]
async fn nobody_reads_the_figures_through_a_proxy_or_from_where_they_are_not_allowed() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    // Not the sandbox, whose door would refuse what is forwarded by itself.
    hotline.set("wechat.mode", "live");
    hotline.set("wechat.apps", Value::Array(Vec::new()));
    hotline.start().await;
    let forwarded = hotline.client().request(Method::GET, "/metrics").header("X-Forwarded-For", "6.6.6.6");
    assert_eq!(forwarded.send().await.expect("the server answers").status(), StatusCode::FORBIDDEN);
    assert_eq!(hotline.client().get("/metrics").await.status, 200);

    hotline.kill();
    hotline.set("metrics.allow", r#"["10.0.0.0/8"]"#);
    hotline.start().await;
    hotline.client().get("/metrics").await.fault(403, "/metrics");
}

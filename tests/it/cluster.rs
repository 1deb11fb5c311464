//! Several servers on one database: one serves, another takes over, and whatever either has said is true.

use std::time::{Duration, Instant};

use futures_util::future::join;
use serde_json::json;

use crate::support::{Hotline, SOON, Stalls, until};

/// The lease (2.5 s), a beat (0.5 s), and the claims: an institution is served again this long after its server died, on a machine
/// that does nothing else.
const TAKEN_OVER_MAX: Duration = Duration::from_secs(5);

/// Two servers; the first of them serves.
async fn two(institutions: &[&str]) -> (Hotline, Hotline) {
    let mut one = Hotline::prepare(institutions).await;
    one.set("cluster.name", "one");
    for institution in institutions {
        one.add_counselor(institution, &format!("lin-{institution}")).await;
    }
    one.start().await;
    let mut two = one.second_server();
    two.set("cluster.name", "two");
    two.listen().await;
    (one, two)
}

async fn health(hotline: &Hotline) -> (u16, String) {
    let answer = hotline.client().get("/health/ready").await;
    (answer.status, answer.body["status"].as_str().unwrap_or_default().to_owned())
}

/// By which server each institution is owned, and how often it has been taken.
async fn owners(hotline: &Hotline) -> Vec<(String, Option<String>, i64)> {
    let rows = sqlx::query!(
        r#"select o.institution, n.name as "name?", o.epoch from owners o left join nodes n on n.id = o.node order by 1"#
    );
    let rows = rows.fetch_all(&hotline.database.pool).await.expect("owners can be read");
    rows.into_iter().map(|row| (row.institution, row.name, row.epoch)).collect()
}

fn owned(institution: &str, by: &str, epoch: i64) -> (String, Option<String>, i64) {
    (institution.to_owned(), Some(by.to_owned()), epoch)
}

#[tokio::test]
async fn one_serves_and_another_takes_over_when_it_is_killed() {
    let stalls = Stalls::watch();
    let (mut one, two) = two(&["ecnu", "still"]).await;
    assert_eq!(health(&two).await, (503, "standby".to_owned()));
    assert_eq!(two.client().get("/health/live").await.status, 200);
    two.client().put("/conversation", json!({ "counselor": "any" })).await.fault(503, "/conversation");
    assert_eq!(owners(&one).await, [owned("ecnu", "one", 1), owned("still", "one", 1)]);

    let mut workbench = one.staff("lin-ecnu").await.workbench().await;
    workbench.snapshot().await;
    let visitor = one.visitor("ecnu", "first").await;
    let opened = visitor.open("any").await;
    assert_eq!(opened["status"], "IN_PROGRESS");
    let id = opened["id"].as_str().expect("an id");

    let killed = Instant::now();
    one.kill();
    two.ready(SOON).await;
    let took = killed.elapsed();
    let stalled = stalls.so_far();
    assert!(took < TAKEN_OVER_MAX + stalled, "it took {took:?} on a machine that stalled for {stalled:?}");
    assert_eq!(owners(&two).await, [owned("ecnu", "two", 2), owned("still", "two", 2)]);
    let mut there = two.client();
    (there.token, there.username) = (visitor.token.clone(), visitor.username.clone());
    let now = there.conversation(id).await;
    assert_eq!((&now["status"], &now["startTime"]), (&opened["status"], &opened["startTime"]));
    there.end(id).await;
    assert_eq!(there.open("any").await["status"], "WAITING", "for whoever was here and is on the way back");

    let figures = two.client().request(reqwest::Method::GET, "/metrics").send().await.expect("an answer");
    let figures = figures.text().await.expect("a text");
    for row in ["hotline_cluster_servers 1", "hotline_cluster_lease 1", "hotline_cluster_taken_total 2"] {
        assert!(figures.lines().any(|line| line == row), "{row}\n{figures}");
    }

    // It comes back and stands by.
    one.listen().await;
    assert_eq!(health(&one).await, (503, "standby".to_owned()));
    for hotline in [&one, &two] {
        hotline.assert_calm();
    }
}

#[tokio::test]
async fn a_server_that_stops_hands_over_at_once() {
    let stalls = Stalls::watch();
    let (mut one, two) = two(&["ecnu"]).await;
    let mut workbench = one.staff("lin-ecnu").await.workbench().await;
    workbench.snapshot().await;
    one.terminate();
    let stopped = Instant::now();
    assert_eq!(workbench.closed(SOON).await, Some(1001));
    two.ready(SOON).await;
    let took = stopped.elapsed();
    let status = one.ended(SOON).await;
    assert!(status.success(), "it ended with {status}");
    let stalled = stalls.so_far();
    // Well within a lease: it was not waited for.
    assert!(took < Duration::from_secs(2) + stalled, "{took:?}, stalled for {stalled:?}");
    let names = sqlx::query_scalar!("select name from nodes").fetch_all(&two.database.pool).await;
    assert_eq!(names.expect("nodes can be read"), ["two"]);
    two.assert_calm();
}

#[tokio::test]
async fn a_server_that_was_frozen_says_nothing_of_yesterday_and_stands_by() {
    let (one, mut two) = two(&["ecnu"]).await;
    let lin = one.staff("lin-ecnu").await;
    let mut workbench = lin.workbench().await;
    workbench.snapshot().await;
    let visitor = one.visitor("ecnu", "first").await;
    let talk = visitor.open("any").await;
    let path = format!("/conversation/end/{}", talk["id"].as_str().expect("an id"));

    one.freeze();
    two.ready(SOON).await;
    let mut there = two.client();
    (there.token, there.username) = (visitor.token.clone(), visitor.username.clone());
    there.end(talk["id"].as_str().expect("an id")).await;
    let again = there.open("any").await;
    // The visitor logs out where they are served now.
    let second = two.visitor("ecnu", "second").await;
    let mut second_at_one = one.client();
    (second_at_one.token, second_at_one.username) = (second.token.clone(), second.username.clone());

    // Asked before it has noticed anything.
    let asked = tokio::spawn({
        let visitor = visitor.request(reqwest::Method::POST, &path);
        async move { crate::support::Answer::try_of(visitor.json(&json!({}))).await }
    });
    one.thaw();
    let answer = asked.await.expect("no panic").expect("an answer");
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(workbench.closed(SOON).await, Some(1012));
    until("it stands by", SOON, async || (health(&one).await.1 == "standby").then_some(())).await;
    assert_eq!(owners(&two).await, [owned("ecnu", "two", 2)]);
    let kept = there.conversation(again["id"].as_str().expect("an id")).await;
    assert_ne!(kept["status"], "ENDED", "nothing of it was ended by the other");
    assert_eq!(there.post("/logout", json!({})).await.status, 302);

    // It takes over in turn, and what it kept in memory of the time before is forgotten.
    sqlx::query!("update people set name = '林医生' where username = 'lin-ecnu'")
        .execute(&two.database.pool)
        .await
        .expect("a name can be changed");
    two.kill();
    one.ready(SOON).await;
    assert_eq!(owners(&one).await, [owned("ecnu", "one", 3)]);
    assert_eq!(visitor.get("/conversation/current").await.status, 403, "they have logged out");
    assert_eq!(second_at_one.open("any").await["status"], "WAITING");
    assert_eq!(lin.get("/auth/me").await.ok()["name"], "林医生");
    one.assert_calm();
}

#[tokio::test]
async fn nobody_takes_over_because_the_database_was_away_for_all() {
    let (one, two) = two(&["ecnu"]).await;
    let mut workbench = one.staff("lin-ecnu").await.workbench().await;
    workbench.snapshot().await;
    let visitor = one.visitor("ecnu", "first").await;
    let talk = visitor.open("any").await;
    one.database.shut().await;
    // Longer than a lease; another might serve by now.
    assert_eq!(workbench.closed(SOON).await, Some(1012));
    assert_eq!((health(&one).await.0, health(&two).await.0), (503, 503));
    visitor.get("/conversation/current").await.fault(503, "/conversation/current");
    // Whoever asks just before it is back is answered.
    let (waits, ()) = join(visitor.get("/conversation/current"), async {
        // Nor does the one that is quicker to find the database again: whoever owns has time for that.
        one.freeze();
        one.database.reopen().await;
        until("the other has", SOON, async || (health(&two).await.1 == "standby").then_some(())).await;
        one.thaw();
    })
    .await;
    assert_eq!(waits.ok()[0]["id"], talk["id"]);
    one.ready(SOON).await;
    assert_eq!(owners(&one).await, [owned("ecnu", "one", 1)]);
    assert_eq!(health(&two).await, (503, "standby".to_owned()));
    assert_eq!(visitor.conversation(talk["id"].as_str().expect("an id")).await["status"], talk["status"]);
}

#[tokio::test]
async fn a_server_without_a_name_leaves_a_database_alone_that_several_serve() {
    let mut alone = Hotline::prepare(&["ecnu"]).await;
    alone.start().await;
    let left = sqlx::query_scalar!(
        r#"select (select count(*) from nodes) + (select count(*) from owners) as "number!""#
    );
    assert_eq!(left.fetch_one(&alone.database.pool).await.expect("a number"), 0, "alone it needs no lease");

    // A mistake: one of several starts beside it, and takes over.
    let mut one = alone.second_server();
    one.set("cluster.name", "one");
    one.start().await;
    assert_eq!(alone.ended(SOON).await.code(), Some(75));
    let said = alone.fails(&["serve"], 78);
    assert!(said.contains("served by several servers (one)") && said.contains("cluster.name"), "{said}");
    assert_eq!(one.visitor("ecnu", "first").await.open("any").await["status"], "WAITING");
    one.assert_calm();
}

#[tokio::test]
async fn an_institution_that_is_new_is_served_by_who_serves_the_others() {
    let (one, two) = two(&["ecnu"]).await;
    one.run(&["institution", "add", "fresh", "--name", "新热线"], "");
    until("it is served", SOON, async || {
        (owners(&one).await == [owned("ecnu", "one", 1), owned("fresh", "one", 1)]).then_some(())
    })
    .await;
    one.add_user("fresh", "institution", "boss").await;
    let boss = one.staff("boss").await;
    until("it answers", SOON, async || (boss.get("/dispatch/now").await.body["code"] == 0).then_some(()))
        .await;
    for hotline in [&one, &two] {
        hotline.assert_calm();
    }
}

#[tokio::test]
async fn a_lease_that_a_clock_set_back_has_left_in_the_future_holds_up_nobody() {
    let (mut one, two) = two(&["ecnu"]).await;
    one.kill();
    sqlx::query!("update nodes set lease_until = clock_timestamp() + interval '1 hour' where name = 'one'")
        .execute(&two.database.pool)
        .await
        .expect("as if it had been written before the clock was set back");
    two.ready(SOON).await;
    assert_eq!(owners(&two).await, [owned("ecnu", "two", 2)]);
    two.assert_calm();
}

#[tokio::test]
async fn a_server_that_cannot_serve_what_it_took_does_not_keep_it() {
    let (mut one, mut two) = two(&["ecnu"]).await;
    let mut held = two.database.pool.begin().await.expect("a transaction");
    sqlx::query!("lock table events in access exclusive mode").execute(&mut *held).await.expect("a lock");
    one.kill();
    // Its beat goes on, its claims do not.
    until("it gives up its lease", SOON * 2, async || {
        two.log().contains("nothing that serves has given a sign").then_some(())
    })
    .await;
    held.rollback().await.expect("the end of it");
    two.ready(SOON).await;
    assert_eq!(two.visitor("ecnu", "first").await.open("any").await["status"], "WAITING");
    two.terminate();
    assert!(two.ended(SOON).await.success());
}

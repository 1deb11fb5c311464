//! A visitor without a name is called by a short number, and never by an openid.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::House;
use crate::support::{Client, Database};

async fn number(client: &Client) -> i64 {
    let rows = client.get("/conversation/current").await.ok();
    rows[0]["user"]["visitorNumber"].as_i64().expect("a number")
}

async fn usernames(client: &Client, path: &str) -> Vec<Value> {
    let rows = client.get(path).await.ok();
    rows.as_array().expect("a list").iter().map(|row| row["username"].clone()).collect()
}

#[tokio::test]
async fn visitors_are_numbered_within_their_institution_and_keep_their_number() {
    let house = House::open().await;
    for code in ["first", "second"] {
        house.hotline.visitor("ecnu", code).await;
    }
    house.hotline.visitor("other", "elsewhere").await;
    let second = house.listed("sandbox_second").await.expect("listed");
    assert_eq!((&second["visitorNumber"], &second["name"]), (&json!(2), &Value::Null));
    let elsewhere = house.stranger.get("/user/list").await.ok();
    assert_eq!(elsewhere[0]["visitorNumber"], 1, "each institution counts for itself");
    assert_eq!(house.listed("lin").await.expect("listed")["visitorNumber"], Value::Null);

    // A log-in, a name and a deletion of another change nothing about it.
    let again = house.hotline.visitor("ecnu", "second").await;
    again.post("/user/update", json!({ "name": "小雨" })).await.ok();
    assert_eq!(house.listed("sandbox_second").await.expect("listed")["visitorNumber"], 2);
    house.hotline.visitor("ecnu", "third").await;
    assert_eq!(house.listed("sandbox_third").await.expect("listed")["visitorNumber"], 3);
    house.hotline.assert_calm();
}

#[tokio::test]
async fn visitors_who_come_at_once_or_in_bulk_get_numbers_of_their_own() {
    let house = House::open().await;
    let codes: Vec<String> = (0..24).map(|code| format!("v{code}")).collect();
    // Each of them twice, as impatient thumbs do.
    futures_util::future::join_all(
        codes.iter().chain(&codes).map(async |code| house.hotline.visitor("ecnu", code).await),
    )
    .await;
    let many = sqlx::query!(
        "insert into people (id, institution, kind, username, state, created_at, updated_at)
         select gen_random_uuid(), 'ecnu', 'VISITOR', 'many_' || n, 'NORMAL', n, n from generate_series(1, 50) n"
    );
    many.execute(&house.hotline.database.pool).await.expect("people can be written");
    let rows = house.admin.get("/user/list?size=200").await.ok();
    let numbers: Vec<i64> = rows
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| row["visitorNumber"].as_i64().expect("a number"))
        .collect();
    assert_eq!(numbers.len(), 74);
    assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), 74, "{numbers:?}");
    house.hotline.assert_calm();
}

#[tokio::test]
async fn the_nameless_are_called_and_found_by_their_number() {
    let house = House::open().await;
    let _first = house.hotline.visitor("ecnu", "first").await;
    let second = house.hotline.visitor("ecnu", "second").await;
    let mut workbench = house.hotline.staff("lin").await.workbench().await;
    workbench.snapshot().await;
    let talk = second.open("any").await["id"].as_str().expect("an id").to_owned();
    assert_eq!(number(&second).await, 2);
    let lin = house.hotline.staff("lin").await;
    for found in ["访客 2", "访客2", "visitor%202"] {
        assert_eq!(usernames(&house.admin, &format!("/user/list?name={found}")).await, ["sandbox_second"]);
        let path = format!("/conversation/consultlist?visitorName={found}");
        assert_eq!(lin.get(&path).await.body["count"], 1, "{found}");
    }
    // What nobody is called by cannot be guessed at either.
    for hidden in ["sandbox", "second", "访客 9"] {
        assert_eq!(usernames(&house.admin, &format!("/user/list?name={hidden}")).await, Vec::<Value>::new());
        let path = format!("/conversation/consultlist?visitorName={hidden}");
        assert_eq!(lin.get(&path).await.body["count"], 0, "{hidden}");
    }
    let file = house.admin.request(reqwest::Method::POST, &format!("/conversation/export/{talk}"));
    let file = file.send().await.expect("an answer").text().await.expect("a file");
    assert!(file.contains("访客：访客 2\n") && !file.contains("sandbox_"), "{file}");
    house.hotline.assert_calm();
}

#[tokio::test]
async fn an_upgrade_numbers_visitors_in_the_order_they_came() {
    let database = Database::fresh().await;
    database.migrate_to(11).await;
    // Not checked when compiled: this is the schema of before.
    for statement in [
        "insert into institutions (code, name, created_at) values ('ecnu', 'ecnu', 0), ('other', 'other', 0)",
        "insert into people (id, institution, kind, username, created_at, updated_at) values
             (gen_random_uuid(), 'ecnu', 'VISITOR', 'late', 30, 30),
             (gen_random_uuid(), 'ecnu', 'VISITOR', 'early', 10, 10),
             (gen_random_uuid(), 'ecnu', 'COUNSELOR', 'lin', 5, 5),
             (gen_random_uuid(), 'other', 'VISITOR', 'elsewhere', 20, 20)",
    ] {
        sqlx::query(statement).execute(&database.pool).await.expect("people of before");
    }
    database.migrate().await;
    let late = sqlx::query!(
        "insert into people (id, institution, kind, username, created_at, updated_at)
         values (gen_random_uuid(), 'ecnu', 'VISITOR', 'new', 1, 1)"
    );
    late.execute(&database.pool).await.expect("a visitor of after");
    let numbers =
        sqlx::query!("select username, visitor_number from people order by visitor_number, institution");
    let numbers = numbers.fetch_all(&database.pool).await.expect("people can be read");
    let numbers: Vec<_> = numbers.iter().map(|row| (row.username.as_str(), row.visitor_number)).collect();
    let expected =
        [("early", Some(1)), ("elsewhere", Some(1)), ("late", Some(2)), ("new", Some(3)), ("lin", None)];
    assert_eq!(numbers, expected);
}

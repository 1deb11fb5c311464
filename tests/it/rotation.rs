//! Another data key: nobody's number is lost on the way, and in the end the old key opens nothing.

use hotline::{
    config::{OldKey, Secrets},
    secrets::Sealer,
};
use serde_json::Value;

use crate::support::{Client, Hotline};

const PHONE: &str = "13823456789";

fn key(digits: &str) -> String {
    digits.repeat(32)
}

fn sealer(id: &str, digits: &str) -> Sealer {
    let old_keys: Vec<OldKey> = Vec::new();
    Sealer::new(&Secrets { data_key: key(digits).as_str().into(), data_key_id: id.to_owned(), old_keys })
}

async fn seal_phone(hotline: &Hotline, username: &str, sealer: &Sealer) {
    let hash = sealer.find_hash(PHONE);
    sqlx::query!(
        "update people set phone = $2, phone_hash = $3, emergency_phone = $2 where username = $1",
        username,
        sealer.seal(PHONE).expect("it can be sealed"),
        hash.as_slice(),
    )
    .execute(&hotline.database.pool)
    .await
    .expect("the number can be written");
}

/// His own number, as the visitor reads it.
async fn phone_of(visitor: &Client) -> Value {
    visitor.get("/conversation/current").await.ok()[0]["user"]["phoneNumber"].clone()
}

#[tokio::test]
async fn numbers_stay_readable_and_findable_while_the_key_changes() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.set("secrets.data_key", key("ab"));
    hotline.start().await;
    let visitor = hotline.visitor("ecnu", "first").await;
    visitor.open("any").await;
    // Behind the server's back, so it has to begin anew.
    hotline.kill();
    seal_phone(&hotline, &visitor.username, &sealer("k1", "ab")).await;
    hotline.start().await;
    assert_eq!(phone_of(&visitor).await, PHONE);

    hotline.kill();
    hotline.set("secrets.data_key", key("cd"));
    hotline.set("secrets.data_key_id", "k2");
    hotline.set("secrets.old_keys", format!(r#"[{{"id":"k1","key":"{}"}}]"#, key("ab")));
    hotline.start().await;
    assert_eq!(phone_of(&visitor).await, PHONE, "the old key still opens");
    hotline.run(&["rotate-keys"], "");
    hotline.run(&["rotate-keys"], "");
    assert_eq!(phone_of(&visitor).await, PHONE, "beside the server that runs");

    hotline.kill();
    hotline.set("secrets.old_keys", "[]");
    hotline.start().await;
    assert_eq!(phone_of(&visitor).await, PHONE, "without the old key");
    let row = sqlx::query!(
        r#"select phone as "phone!", emergency_phone as "emergency_phone!", phone_hash as "phone_hash!"
           from people where username = $1"#,
        visitor.username,
    )
    .fetch_one(&hotline.database.pool)
    .await
    .expect("the visitor is there");
    assert!(row.phone.starts_with("k2:") && row.emergency_phone.starts_with("k2:"));
    assert_eq!(row.phone_hash, sealer("k2", "cd").find_hash(PHONE));
    hotline.assert_calm();
}

#[tokio::test]
async fn what_no_key_opens_is_left_and_named() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.add_counselor("ecnu", "lin").await;
    let lost = sealer("k9", "99");
    seal_phone(&hotline, "lin", &lost).await;
    hotline.set("secrets.data_key_id", "k2");
    let said = hotline.fails(&["rotate-keys"], 1);
    assert!(said.contains(&hotline.database.id_of("lin").await), "{said}");
    assert!(!said.contains(PHONE), "{said}");
    let phone = sqlx::query_scalar!(r#"select phone as "phone!" from people where username = 'lin'"#)
        .fetch_one(&hotline.database.pool)
        .await
        .expect("lin is there");
    assert_eq!(lost.open(&phone).expect("untouched"), PHONE);
}

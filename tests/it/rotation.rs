//! Another data key: nobody's number is lost on the way, and in the end the old key opens nothing. And what is sealed belongs
//! to one person and one column: elsewhere it is nobody's.

use hotline::{
    config::{OldKey, Secrets},
    secrets::{Column, Sealer},
};
use hotline_actors::PersonId;
use serde_json::{Value, json};

use crate::support::{Client, DATA_KEY, Hotline};

const PHONE: &str = "13823456789";

const NEW_KEY: &str = "5e93a0c7d41b86f2093ac7e15b8df6402e71c9a8356f0bd49c18e7a25d306fb4";
const LOST_KEY: &str = "b60d2f9318c7e4a57f01d3b96ae8c25042f7816bd93e5ca0e418b7260fd5932c";

fn sealer(id: &str, key: &str) -> Sealer {
    let old_keys: Vec<OldKey> = Vec::new();
    Sealer::new(&Secrets { data_key: key.into(), data_key_id: id.to_owned(), old_keys })
}

async fn seal_phone(hotline: &Hotline, username: &str, sealer: &Sealer) {
    let hash = sealer.find_hash(PHONE);
    let person: PersonId = hotline.database.id_of(username).await.parse().expect("an id");
    let seal = |column: Column| sealer.seal(PHONE, column.of(person)).expect("it can be sealed");
    sqlx::query!(
        "update people set phone = $2, phone_hash = $3, emergency_phone = $4 where username = $1",
        username,
        seal(Column::Phone),
        hash.as_slice(),
        seal(Column::EmergencyPhone),
    )
    .execute(&hotline.database.pool)
    .await
    .expect("the number can be written");
}

/// Their own number, as the visitor reads it.
async fn phone_of(visitor: &Client) -> Value {
    visitor.get("/conversation/current").await.ok()[0]["user"]["phoneNumber"].clone()
}

#[tokio::test]
async fn numbers_stay_readable_and_findable_while_the_key_changes() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.start().await;
    let visitor = hotline.visitor("ecnu", "first").await;
    visitor.open("any").await;
    // Behind the server's back, so it has to begin anew.
    hotline.kill();
    seal_phone(&hotline, &visitor.username, &sealer("k1", DATA_KEY)).await;
    hotline.start().await;
    assert_eq!(phone_of(&visitor).await, PHONE);

    hotline.kill();
    hotline.set("secrets.data_key", NEW_KEY);
    hotline.set("secrets.data_key_id", "k2");
    hotline.set("secrets.old_keys", format!(r#"[{{"id":"k1","key":"{DATA_KEY}"}}]"#));
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
    assert!(row.phone.starts_with("k2.2:") && row.emergency_phone.starts_with("k2.2:"));
    assert_eq!(row.phone_hash, sealer("k2", NEW_KEY).find_hash(PHONE));
    hotline.assert_calm();
}

#[tokio::test]
async fn what_no_key_opens_is_left_and_named() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.add_counselor("ecnu", "lin").await;
    let lost = sealer("k9", LOST_KEY);
    seal_phone(&hotline, "lin", &lost).await;
    hotline.set("secrets.data_key_id", "k2");
    let said = hotline.fails(&["rotate-keys"], 1);
    assert!(said.contains(&hotline.database.id_of("lin").await), "{said}");
    assert!(!said.contains(PHONE), "{said}");
    let lin = sqlx::query!(r#"select id, phone as "phone!" from people where username = 'lin'"#)
        .fetch_one(&hotline.database.pool)
        .await
        .expect("lin is there");
    assert_eq!(lost.open(&lin.phone, Column::Phone.of(PersonId(lin.id))).expect("untouched"), PHONE);
}

/// What the first version sealed under the tests' key as `k1`, bound to nobody: phone, identity number, emergency phone.
const OF_THE_FIRST_FORM: [&str; 3] = [
    "k1:Vkm5hHRDLRkKO2avPRps+ig/eJ5OtVBU6/lzl45teOFciqkVl1JW",
    "k1:x/7QPVbuujruh5NRBJ5lRGpwaNFN3/djs0rkF0f9KHuShlGzgUQF8prwmmeXLg==",
    "k1:tIAnjYH/XyJSSS3IHwKngnhwupultjkybxALG3oF9t7oglImkweR",
];
const ID_NUMBER: &str = "43230019950616001X";
const EMERGENCY_PHONE: &str = "13900001111";

/// A hotline in whose first version `lin` had given all their numbers, and `chen` theirs since.
async fn with_numbers() -> (Hotline, Client) {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.add_user("ecnu", "INSTITUTION", "guanli").await;
    hotline.add_counselor("ecnu", "lin").await;
    hotline.add_counselor("ecnu", "chen").await;
    let [phone, id_number, emergency_phone] = OF_THE_FIRST_FORM;
    let hash = sealer("k1", DATA_KEY).find_hash(PHONE);
    sqlx::query!(
        "update people set phone = $1, phone_hash = $2, id_number = $3, emergency_phone = $4 where username = 'lin'",
        phone,
        hash.as_slice(),
        id_number,
        emergency_phone,
    )
    .execute(&hotline.database.pool)
    .await
    .expect("numbers can be written");
    hotline.start().await;
    let guanli = hotline.staff("guanli").await;
    let numbers = json!({ "phoneNumber": "13700002222", "idNumber": "110101199001011237", "emergencyPhone": "13700003333" });
    guanli.post("/user/ms/counselor/chen", numbers).await.ok();
    (hotline, guanli)
}

/// Phone, identity number and emergency phone, as an administrator reads them.
async fn numbers_of(guanli: &Client, username: &str) -> Value {
    let row = guanli.get(&format!("/user/ms/counselor/list?username={username}")).await.ok()[0].clone();
    json!([row["phoneNumber"], row["idNumber"], row["emergencyPhone"]])
}

#[tokio::test]
async fn values_of_the_first_form_are_read_and_a_rotation_binds_them() {
    let (hotline, guanli) = with_numbers().await;
    let lins = json!([PHONE, ID_NUMBER, EMERGENCY_PHONE]);
    assert_eq!(numbers_of(&guanli, "lin").await, lins);
    // The same key: what is bound stays as it is, what is not is sealed anew.
    let chens = sealed_of(&hotline, "chen").await;
    assert!(chens.iter().all(|value| value.starts_with("k1.2:")), "{chens:?}");
    hotline.run(&["rotate-keys"], "");
    let bound = sealed_of(&hotline, "lin").await;
    assert!(bound.iter().all(|value| value.starts_with("k1.2:")), "{bound:?}");
    assert_eq!(sealed_of(&hotline, "chen").await, chens);
    assert_eq!(numbers_of(&guanli, "lin").await, lins);
    hotline.run(&["rotate-keys"], "");
    assert_eq!(sealed_of(&hotline, "lin").await, bound, "once more changes nothing");
    assert_eq!(guanli.get("/user/ms/counselor/list?phoneNumber=3456").await.ok()[0]["username"], "lin");
    hotline.assert_calm();
}

async fn sealed_of(hotline: &Hotline, username: &str) -> Vec<String> {
    let row = sqlx::query!(
        r#"select phone as "phone!", id_number as "id_number!", emergency_phone as "emergency_phone!"
           from people where username = $1"#,
        username,
    )
    .fetch_one(&hotline.database.pool)
    .await
    .expect("somebody is there");
    vec![row.phone, row.id_number, row.emergency_phone]
}

#[tokio::test]
async fn a_value_that_was_moved_in_the_database_is_shown_to_nobody() {
    let (mut hotline, guanli) = with_numbers().await;
    hotline.run(&["rotate-keys"], "");
    // Whoever can write the table gives each the other's phone, and chen's identity number as chen's emergency phone.
    let [lin, chen] = [sealed_of(&hotline, "lin").await, sealed_of(&hotline, "chen").await];
    for (username, phone, emergency_phone) in [("lin", &chen[0], &lin[2]), ("chen", &lin[0], &chen[1])] {
        sqlx::query!(
            "update people set phone = $2, emergency_phone = $3 where username = $1",
            username,
            phone,
            emergency_phone,
        )
        .execute(&hotline.database.pool)
        .await
        .expect("values can be moved");
    }
    hotline.kill();
    hotline.start().await;
    let absent = Value::Null;
    assert_eq!(numbers_of(&guanli, "lin").await, json!([absent, ID_NUMBER, EMERGENCY_PHONE]));
    assert_eq!(numbers_of(&guanli, "chen").await, json!([absent, "110101199001011237", absent]));
    let found = guanli.get("/user/ms/counselor/list?phoneNumber=3456").await.ok();
    assert!(found.as_array().expect("a list").iter().all(|row| row["phoneNumber"].is_null()), "{found}");
    // The log says whose and which, and not what.
    let log = hotline.log();
    for (username, column) in [("lin", "phone"), ("chen", "phone"), ("chen", "emergency_phone")] {
        let id = hotline.database.id_of(username).await;
        let tells = |line: &&str| line.contains(&id) && line.contains(&format!("\"column\":\"{column}\""));
        let line = log.lines().find(tells).unwrap_or_else(|| panic!("{username}.{column} is told: {log}"));
        assert!(line.contains("decrypting a stored value failed"), "{line}");
    }
    for number in [PHONE, "13700002222", "110101199001011237", &lin[0], &chen[1]] {
        assert!(!log.contains(number));
    }
    // A rotation leaves them as they are and names whose they are; a new number heals.
    hotline.set("secrets.data_key", NEW_KEY);
    hotline.set("secrets.data_key_id", "k2");
    hotline.set("secrets.old_keys", format!(r#"[{{"id":"k1","key":"{DATA_KEY}"}}]"#));
    let said = hotline.fails(&["rotate-keys"], 1);
    for username in ["lin", "chen"] {
        assert!(said.contains(&hotline.database.id_of(username).await), "{said}");
    }
    guanli.post("/user/ms/counselor/lin", json!({ "phoneNumber": PHONE })).await.ok();
    assert_eq!(numbers_of(&guanli, "lin").await, json!([PHONE, ID_NUMBER, EMERGENCY_PHONE]));
}

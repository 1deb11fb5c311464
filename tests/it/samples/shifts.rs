//! Sections 22 to 25 of the document: shifts.

use hotline::clock;
use serde_json::{Value, json};

use super::{fits_with_words, sample};
use crate::support::{Client, Hotline, within_one_day};

async fn house() -> (Hotline, Client) {
    within_one_day("Asia/Shanghai").await;
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    for (kind, username) in [("INSTITUTION", "ecnu_admin"), ("SUPERVISOR", "dudao"), ("COUNSELOR", "lin")] {
        hotline.add_user("ecnu", kind, username).await;
    }
    hotline.start().await;
    let admin = hotline.staff("ecnu_admin").await;
    (hotline, admin)
}

#[tokio::test]
async fn section_22_arranging_a_day() {
    let (hotline, admin) = house().await;
    // The document's own day is over.
    let mut request = sample("22-arrange")["request"].clone();
    request["users"] = json!([hotline.database.id_of("lin").await, hotline.database.id_of("dudao").await]);
    fits_with_words("22-arrange", "bad", &admin.put("/arrange", request.clone()).await);
    request["timestamp"] = clock::now().0.to_string().into();
    let answer = admin.put("/arrange", request).await;
    fits_with_words("22-arrange", "good", &answer);
    assert_eq!(answer.body["result"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn section_23_arranging_a_week() {
    let (hotline, admin) = house().await;
    let mut request = sample("23-arrange-batch")["request"].clone();
    request["user"] = hotline.database.id_of("lin").await.into();
    fits_with_words("23-arrange-batch", "good", &admin.post("/arrange/batch", request).await);
}

#[tokio::test]
async fn section_24_and_25_the_days_list_and_taking_off() {
    let (hotline, admin) = house().await;
    let now = clock::now().0;
    let dudao = hotline.database.id_of("dudao").await;
    let shifts = admin.put("/arrange", json!({ "timestamp": now, "users": [dudao] })).await.ok();
    let printed = sample("24-theday")["request"].as_str().expect("a path").to_owned();
    let today = printed.replace("1624809600000", &now.to_string());
    let visitor = hotline.visitor("ecnu", "reader").await;
    let list = visitor.get(&today).await;
    fits_with_words("24-theday", "good", &list);
    let row = &list.body["result"][0];
    let mut of_shift = row.clone();
    for live in ["state", "active", "waiting", "maxConsults", "consulted", "rating"] {
        of_shift.as_object_mut().expect("a row").remove(live);
    }
    assert_eq!((&row["id"], &row["timestamp"]), (&shifts[0]["id"], &shifts[0]["timestamp"]));
    assert_eq!(of_shift["user"]["id"], dudao);
    assert_eq!(admin.get(&printed).await.body["result"], json!([]), "nobody was there in 2021");

    let path = format!("/arrange/{}", row["id"].as_str().expect("an id"));
    fits_with_words("25-remove-arrange", "good", &admin.delete(&path).await);
    let empty = visitor.get(&today).await;
    assert_eq!(
        (&empty.body["result"], &empty.body["count"], &empty.body["next"]),
        (&json!([]), &json!(0), &Value::Null)
    );
}

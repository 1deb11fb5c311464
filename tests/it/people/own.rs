//! What somebody does to their own account.

use serde_json::{Value, json};

use super::{House, another_password};
use crate::support::{SOON, md5_of_everybody};

#[tokio::test]
async fn a_new_password_ends_the_other_log_ins_and_sockets() {
    let house = House::open().await;
    let (here, there) = (house.hotline.staff("lin").await, house.hotline.staff("lin").await);
    let (mut own, mut socket) = (here.workbench().await, there.workbench().await);
    own.snapshot().await;
    socket.snapshot().await;
    let change =
        json!({ "oldPassword": md5_of_everybody().to_uppercase(), "newPassword": another_password() });
    here.post("/user/password", change).await.ok();
    assert_eq!(socket.closed(SOON).await, Some(4003), "its log-in has ended");
    own.ping().await;
    there.get("/auth/me").await.fault(403, "/auth/me");
    assert_eq!(here.get("/auth/me").await.ok()["username"], "lin");
    let log_in = |password: Value| json!({ "username": "lin", "password": password });
    let nobody = house.hotline.client();
    nobody.post("/auth/login", log_in(json!(md5_of_everybody()))).await.refused_with(-3);
    assert_eq!(nobody.post("/auth/login", log_in(another_password())).await.ok(), "ok");
    house.hotline.assert_calm();
}

#[tokio::test]
async fn the_key_of_somebodys_drafts_is_the_same_at_each_log_in_and_told_to_nobody_else() {
    let house = House::open().await;
    let me = async |username: &str| house.hotline.staff(username).await.get("/auth/me").await.ok();
    let (lin, again, chen) = (me("lin").await, me("lin").await, me("chen").await);
    let key = lin["draftKey"].as_str().expect("a key");
    assert_eq!(key.len(), 44, "32 bytes as base64");
    assert_eq!(again["draftKey"], key);
    assert_ne!(chen["draftKey"], key);
    let seen = house.admin.get("/user/ms/counselor/list?page=1&size=50").await;
    assert!(!seen.body.to_string().contains("draftKey"), "what others see of a person has no key");
    let visitor = house.hotline.visitor("ecnu", "first").await.get("/auth/me").await.ok();
    assert!(visitor["draftKey"].is_string() && visitor["visitorNumber"].is_i64(), "{visitor}");
    house.hotline.assert_calm();
}

#[tokio::test]
async fn a_wrong_or_missing_password_changes_nothing_and_cannot_be_tried_for_ever() {
    let house = House::open().await;
    let lin = house.hotline.staff("lin").await;
    let good = md5_of_everybody();
    for (body, field) in [
        (json!({ "password": another_password() }), "oldPassword"),
        (json!({ "oldPassword": "", "password": another_password() }), "oldPassword"),
        (json!({ "oldPassword": good }), "password"),
        (json!({ "oldPassword": good, "password": "" }), "password"),
        (json!({ "oldPassword": good, "password": "123456" }), "password"),
    ] {
        let answer = lin.post("/user/password", body).await;
        answer.refused_with(-2);
        assert!(answer.body["message"].as_str().is_some_and(|text| text.contains(field)), "{answer:?}");
    }
    let wrong = json!({ "oldPassword": "0".repeat(32), "password": another_password() });
    for _ in 0..10 {
        lin.post("/user/password", wrong.clone()).await.refused(-1, "原密码错误");
    }
    lin.post("/user/password", wrong.clone()).await.refused_with(-3);
    let visitor = house.hotline.visitor("ecnu", "first").await;
    visitor.post("/user/password", wrong).await.refused(-1, "原密码错误");
    assert_eq!(lin.get("/auth/me").await.ok()["username"], "lin");
    house.hotline.assert_calm();
}

#[tokio::test]
async fn a_profile_is_changed_by_what_is_told_and_no_further() {
    let house = House::open().await;
    let visitor = house.hotline.visitor("ecnu", "first").await;
    let told = json!({
        "name": "王芳", "gender": "女", "age": "20", "avatarUrl": "https://example.edu/a.png", "phoneNumber": "13823456789",
        "emergencyContact": "王强", "emergencyPhone": "13900001111",
        // None of these is theirs to say.
        "type": "SYSTEM", "state": "NORMAL", "institutionCode": "other", "title": "教授", "maxConsults": 50, "idNumber": "1",
    });
    visitor.post("/user/update", told).await.ok();
    let row = house.listed("sandbox_first").await.expect("listed");
    for (key, value) in [
        ("name", json!("王芳")),
        ("gender", json!("女")),
        ("age", json!(20)),
        ("avatarUrl", json!("https://example.edu/a.png")),
        ("phoneNumber", json!("13823456789")),
        ("emergencyContact", json!("王强")),
        ("emergencyPhone", json!("13900001111")),
        ("type", json!("VISITOR")),
        ("institutionCode", json!("ecnu")),
        ("title", Value::Null),
        ("idNumber", Value::Null),
        ("maxConsults", json!(5)),
    ] {
        assert_eq!(row[key], value, "{key}");
    }
    for (field, value) in [
        ("name", json!("x".repeat(10_000))),
        ("phoneNumber", json!("1".repeat(33))),
        ("avatarUrl", json!("x".repeat(1001))),
        ("emergencyPhone", json!(["110"])),
        ("age", json!(-1)),
        ("gender", json!("a\u{0}")),
    ] {
        let answer = visitor.post("/user/update", json!({ "name": "李四", field: value })).await;
        answer.refused_with(-2);
        assert!(answer.body["message"].as_str().is_some_and(|text| text.contains(field)), "{answer:?}");
    }
    visitor.post("/user/update", Value::Null).await.ok();
    visitor.post("/user/update", json!({ "age": "", "gender": "" })).await.ok();
    let row = house.listed("sandbox_first").await.expect("listed");
    assert_eq!((&row["name"], &row["age"], &row["gender"]), (&json!("王芳"), &json!(0), &Value::Null));
    house.hotline.assert_calm();
}

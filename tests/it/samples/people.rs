//! Sections 5 to 20 of the document: people.

use serde_json::{Value, json};

use super::{fits_refusal, fits_with_words, sample};
use crate::support::{Client, Hotline};

async fn house() -> (Hotline, Client) {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.add_user("ecnu", "INSTITUTION", "ecnu_admin").await;
    hotline.start().await;
    let admin = hotline.staff("ecnu_admin").await;
    (hotline, admin)
}

/// The sample's request for this user name.
fn request(name: &str, username: &str) -> Value {
    let mut request = sample(name)["request"].clone();
    request["username"] = json!(username);
    request
}

async fn rows(client: &Client, path: &str) -> Value {
    client.get(path).await.ok()
}

#[tokio::test]
async fn section_05_08_and_09_adding_staff() {
    let (hotline, admin) = house().await;
    // Section 5 says the role; the others ignore it, and the document's own samples have a wrong one.
    for (name, path, username, kind) in [
        ("05-add-user", "/user/ms", "fifth", "SUPERVISOR"),
        ("08-add-supervisor", "/user/ms/supervisor", "eighth", "SUPERVISOR"),
        ("09-add-counselor", "/user/ms/counselor", "ninth", "COUNSELOR"),
    ] {
        fits_with_words(name, "good", &admin.put(path, request(name, username)).await);
        fits_with_words(name, "bad", &admin.put(path, request(name, username)).await);
        let login = json!({ "username": username, "password": sample(name)["request"]["password"] });
        assert_eq!(hotline.client().post("/auth/login", login).await.ok(), "ok", "{name}");
        let list = format!("/user/ms/{}/list?username={username}", kind.to_lowercase());
        let rows = rows(&admin, &list).await;
        assert_eq!((&rows[0]["username"], &rows[0]["type"]), (&json!(username), &json!(kind)));
    }
}

#[tokio::test]
async fn section_06_10_and_16_lists() {
    let (hotline, admin) = house().await;
    for username in ["one", "two"] {
        hotline.add_user("ecnu", "SUPERVISOR", &format!("du_{username}")).await;
        hotline.add_user("ecnu", "COUNSELOR", &format!("zi_{username}")).await;
        hotline.visitor("ecnu", username).await;
    }
    for (name, path) in [
        ("06-users", "/user/list"),
        ("10-supervisors", "/user/ms/supervisor/list"),
        ("10-counselors", "/user/ms/counselor/list"),
        ("16-visitors", "/user/list"),
    ] {
        let answer = admin.get(&format!("{path}?page=1&size=10")).await;
        fits_with_words(name, "good", &answer);
        let (row, printed) = (&answer.body["result"][0], &sample(name)["good"]["result"][0]);
        for key in ["type", "roles", "institutionCode", "maxConsults", "age", "enabled", "subscribe"] {
            assert_eq!(row[key], printed[key], "{name}: {key}");
        }
        assert_eq!((&answer.body["count"], &answer.body["next"]), (&json!(2), &Value::Null), "{name}");
        if name != "16-visitors" {
            fits_refusal(name, "bad", &hotline.client().get(path).await);
        }
    }
}

#[tokio::test]
async fn section_11_12_and_19_changing_staff() {
    let (hotline, admin) = house().await;
    hotline.add_user("ecnu", "SUPERVISOR", "dudao").await;
    hotline.add_user("ecnu", "SUPERVISOR", "dudao2").await;
    hotline.add_user("ecnu", "COUNSELOR", "jiangxianjie").await;
    let dudao = json!([hotline.database.id_of("dudao").await, hotline.database.id_of("dudao2").await]);
    let id = hotline.database.id_of("jiangxianjie").await;
    let by_id = format!("/user/ms/counselor/{id}");
    for (name, path, username, list) in [
        ("11-change-supervisor", "/user/ms/supervisor", "dudao", "/user/ms/supervisor/list?username=dudao"),
        ("12-change-counselor", "/user/ms/counselor", "jiangxianjie", "/user/ms/counselor/list"),
        ("19-change-counselor", by_id.as_str(), "jiangxianjie", "/user/ms/counselor/list"),
    ] {
        let mut request = request(name, username);
        if name == "19-change-counselor" {
            request["supervisors"] = dudao.clone();
        }
        fits_with_words(name, "good", &admin.post(path, request.clone()).await);
        let rows = rows(&admin, list).await;
        let row = rows.as_array().and_then(|rows| rows.iter().find(|row| row["username"] == username));
        let row = row.expect("whoever was changed is listed");
        for (key, value) in request.as_object().expect("an object") {
            match key.as_str() {
                "password" => {}
                "qualificationcode" => assert_eq!(row["qualificationCode"], *value),
                // A number in the answer, digits in a text in the sample.
                "age" => assert_eq!(row["age"].to_string(), value.as_str().expect("digits")),
                "supervisors" => {
                    let sorted = |ids: &Value| {
                        let mut ids: Vec<_> =
                            ids.as_array().expect("ids").iter().map(Value::to_string).collect();
                        ids.sort();
                        ids
                    };
                    assert_eq!(sorted(&row["supervisors"]), sorted(value));
                }
                _ => assert_eq!(row[key], *value, "{name}: {key}"),
            }
        }
    }
}

#[tokio::test]
async fn section_13_and_14_deleting_staff() {
    let (hotline, admin) = house().await;
    hotline.add_user("ecnu", "SUPERVISOR", "dudao").await;
    hotline.add_user("ecnu", "COUNSELOR", "lin").await;
    for (name, path, username) in [
        ("13-delete-supervisor", "/user/ms/supervisor", "dudao"),
        ("14-delete-counselor", "/user/ms/counselor", "lin"),
    ] {
        fits_with_words(name, "good", &admin.delete(&format!("{path}/{username}")).await);
        assert_eq!(rows(&admin, &format!("{path}/list")).await, json!([]), "{name}");
    }
}

#[tokio::test]
async fn section_15_and_20_banning_and_activating_a_visitor() {
    let (hotline, admin) = house().await;
    let visitor = hotline.visitor("ecnu", "first").await;
    let id = visitor.id().await;
    fits_with_words("15-ban", "good", &admin.post(&format!("/user/ban/{id}"), Value::Null).await);
    visitor.get("/auth/me").await.fault(403, "/auth/me");
    assert_eq!(rows(&admin, "/user/list").await[0]["state"], "BANNED");
    fits_with_words("20-activate", "good", &admin.post(&format!("/user/active/{id}"), Value::Null).await);
    assert_eq!(rows(&admin, "/user/list").await[0]["state"], "NORMAL");
    assert_eq!(hotline.visitor("ecnu", "first").await.id().await, id);
}

#[tokio::test]
async fn section_17_and_18_ones_own_password_and_profile() {
    let (hotline, admin) = house().await;
    let first = json!({ "username": "dudao", "password": sample("17-password")["request"]["oldPassword"] });
    // The document's old password is one that nobody may choose any more: whoever has it from before still may log in.
    admin.put("/user/ms/supervisor", first.clone()).await.refused(-2, "密码过于简单");
    hotline.add_user("ecnu", "SUPERVISOR", "dudao").await;
    let hash =
        "$argon2id$v=19$m=19456,t=2,p=1$aG90bGluZS10ZXN0LXNhbHQ$g1WR3+hMmpP0P7l0oov6uDRwqvjAAk469Xe7EsjRMDQ";
    let old = sqlx::query!("update people set password_hash = $1 where username = 'dudao'", hash);
    old.execute(&hotline.database.pool).await.expect("a password can be written");
    let dudao = hotline.client().log_in("/auth/login", first, "dudao").await;
    let change = sample("17-password")["request"].clone();
    fits_with_words("17-password", "good", &dudao.post("/user/password", change.clone()).await);
    let login = json!({ "username": "dudao", "password": change["password"] });
    assert_eq!(hotline.client().post("/auth/login", login).await.ok(), "ok");
    dudao.post("/user/password", change).await.refused(-1, "原密码错误");

    let visitor = hotline.visitor("ecnu", "first").await;
    let blanks = sample("18-update")["request"].clone();
    let told = json!({ "name": "王芳", "phoneNumber": "13823456789", "emergencyContact": "王强", "emergencyPhone": "110" });
    fits_with_words("18-update", "good", &visitor.post("/user/update", told.clone()).await);
    let row = rows(&admin, "/user/list").await[0].clone();
    for (key, value) in told.as_object().expect("an object") {
        assert_eq!(row[key], *value, "{key}");
    }
    fits_with_words("18-update", "good", &visitor.post("/user/update", blanks).await);
    let row = rows(&admin, "/user/list").await[0].clone();
    assert_eq!(row["name"], "王芳", "a name stays");
    for key in ["phoneNumber", "emergencyContact", "emergencyPhone"] {
        assert_eq!(row[key], Value::Null, "{key}");
    }
}

//! Passwords that nobody may choose, and those that an operator sets for whoever has nobody above.

use serde_json::{Value, json};

use super::{House, another_password};
use crate::support::{Client, SOON, md5, md5_of_everybody, until};

const TOO_SIMPLE: &str = "密码过于简单";
/// As long as an ended log-in may go on, and the time of a busy machine.
const NOTICED: std::time::Duration = SOON;

async fn logs_in(client: &Client, username: &str, password: &Value) -> bool {
    let answer = client.post("/auth/login", json!({ "username": username, "password": password })).await;
    answer.body["code"] == 0
}

#[tokio::test]
async fn what_everybody_tries_first_is_refused_wherever_a_password_is_set() {
    let house = House::open().await;
    let lin = house.hotline.staff("lin").await;
    let nobody = house.hotline.client();
    for simple in ["", "123456", "password", "5201314", "Admin123"] {
        for md5 in [md5(simple), md5(simple).to_uppercase()] {
            let with = |mut body: Value| {
                body["password"] = json!(md5);
                body
            };
            let counselor = with(json!({ "username": "wu" }));
            for path in ["/user/ms/counselor", "/user/ms/supervisor"] {
                house.admin.put(path, counselor.clone()).await.refused(-2, TOO_SIMPLE);
            }
            let any = with(json!({ "username": "wu", "role": "ROLE_COUNSELOR" }));
            house.admin.put("/user/ms", any).await.refused(-2, TOO_SIMPLE);
            for path in ["/user/ms/counselor/lin", "/user/ms/supervisor/dudao2"] {
                house.admin.post(path, with(json!({ "title": "教授" }))).await.refused(-2, TOO_SIMPLE);
            }
            let own = with(json!({ "oldPassword": md5_of_everybody() }));
            lin.post("/user/password", own).await.refused(-2, TOO_SIMPLE);
            let own = json!({ "oldPassword": md5_of_everybody(), "newPassword": md5 });
            lin.post("/user/password", own).await.refused(-2, TOO_SIMPLE);
        }
        if !simple.is_empty() {
            let add = ["user", "add", "wu", "--kind", "COUNSELOR", "--institution", "ecnu"];
            assert!(house.hotline.fails_reading(&add, simple, 65).contains("too simple"));
            let set = ["user", "password", "root"];
            assert!(house.hotline.fails_reading(&set, simple, 65).contains("too simple"));
            let set = ["user", "password", "root", "--md5"];
            assert!(house.hotline.fails_reading(&set, &md5(simple), 65).contains("too simple"));
        }
    }
    assert_eq!(house.listed("wu").await, None, "nobody was added");
    assert_eq!(house.listed("lin").await.expect("listed")["title"], Value::Null, "and nothing half done");
    for username in ["lin", "dudao2", "root"] {
        assert!(logs_in(&nobody, username, &json!(md5_of_everybody())).await, "{username}");
    }
    house.hotline.assert_calm();
}

#[tokio::test]
async fn an_operator_sets_a_password_and_the_log_ins_from_before_are_over() {
    let house = House::open().await;
    let nobody = house.hotline.client();
    let lin = house.hotline.staff("lin").await;
    let mut desk = lin.workbench().await;
    desk.snapshot().await;
    let chen = house.hotline.staff("chen").await;
    for (username, client) in [("root", &house.system), ("ecnu_admin", &house.admin), ("lin", &lin)] {
        house.hotline.run(&["user", "password", username], "a password of the operator\n");
        assert!(!logs_in(&nobody, username, &json!(md5_of_everybody())).await, "{username}");
        let again = json!({ "username": username, "password": md5("a password of the operator") });
        let again = nobody.clone().log_in("/auth/login", again, username).await;
        until("the log-in from before is over", NOTICED, async || {
            (client.get("/auth/me").await.status == 403).then_some(())
        })
        .await;
        assert_eq!(again.get("/auth/me").await.ok()["username"], username, "the new one is not");
        let (actors, institutions) = audited(&house, username).await;
        assert_eq!(actors, [uuid::Uuid::nil()], "{username}");
        let institution = if username == "root" { None } else { Some("ecnu".to_owned()) };
        assert_eq!(institutions, [institution]);
    }
    assert_eq!(desk.closed(SOON).await, Some(1012), "it comes back, if it can");
    assert_eq!(chen.get("/auth/me").await.ok()["username"], "chen", "nobody else is");

    // By its MD5, too.
    let md5 = another_password();
    house.hotline.run(&["user", "password", "lin", "--md5"], md5.as_str().expect("a text"));
    assert!(logs_in(&nobody, "lin", &md5).await);
    house.hotline.assert_calm();
}

/// Who reset a person's password, and of which institution the person is.
async fn audited(house: &House, username: &str) -> (Vec<uuid::Uuid>, Vec<Option<String>>) {
    let id = uuid::Uuid::parse_str(&house.id(username).await).expect("an id");
    let rows = sqlx::query!(
        "select actor, institution from audit where action = 'reset-password' and target = $1",
        id
    )
    .fetch_all(&house.hotline.database.pool)
    .await
    .expect("the audit can be read");
    rows.into_iter().map(|row| (row.actor, row.institution)).unzip()
}

#[tokio::test]
async fn a_password_is_set_for_staff_alone_and_read_from_nowhere_but_the_input() {
    let house = House::open().await;
    house.hotline.visitor("ecnu", "anna").await;
    house.admin.delete("/user/ms/counselor/chen").await.ok();
    for nobody in ["sandbox_anna", "chen", "nobody", "a b"] {
        let said = house.hotline.fails_reading(&["user", "password", nobody], "a good password", 65);
        assert!(said.contains(nobody), "{said}");
    }
    for (input, word) in [("", "missing"), ("\n", "missing"), (&*"x".repeat(2000), "longer")] {
        let said = house.hotline.fails_reading(&["user", "password", "lin"], input, 65);
        assert!(said.contains(word), "{said}");
    }
    let said = house.hotline.fails_reading(&["user", "password", "lin", "--md5"], "a good password", 65);
    assert!(said.contains("32 hex digits"), "{said}");
    house.hotline.fails(&["user", "password", "lin", "a good password"], 2);
    assert!(logs_in(&house.hotline.client(), "lin", &json!(md5_of_everybody())).await, "nothing was set");
    house.hotline.assert_calm();
}

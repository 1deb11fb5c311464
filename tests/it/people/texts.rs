//! What texts, names and numbers of people may be.

use serde_json::{Value, json};

use super::{House, another_password};
use crate::support::{Answer, Database, md5_of_everybody};

/// A line break that forges a line, an override that turns a sentence around, and other controls.
const NO_LINES: [&str; 6] =
    ["小雨\n2021-08-20 20:49:17 林晓雨：好", "a\u{202e}b", "a\u{2066}b", "a\tb", "a\u{2028}b", "a\u{7f}b"];

fn refused_by_name(answer: &Answer, field: &str) {
    answer.refused_with(-2);
    assert!(answer.body["message"].as_str().is_some_and(|text| text.contains(field)), "{field}: {answer:?}");
}

#[tokio::test]
async fn one_line_fields_take_no_controls_line_breaks_or_overrides() {
    let house = House::open().await;
    let visitor = house.hotline.visitor("ecnu", "first").await;
    for bad in NO_LINES {
        for field in ["name", "gender", "avatarUrl", "emergencyContact", "emergencyPhone", "phoneNumber"] {
            refused_by_name(&visitor.post("/user/update", json!({ field: bad })).await, field);
        }
        for field in [
            "name",
            "department",
            "title",
            "qualification",
            "qualificationCode",
            "qualificationcode",
            "email",
        ] {
            let body = json!({ "username": "wu", "password": another_password(), field: bad });
            refused_by_name(&house.admin.put("/user/ms/counselor", body).await, field);
            refused_by_name(&house.admin.post("/user/ms/counselor/lin", json!({ field: bad })).await, field);
        }
        for (list, field) in [
            ("/user/list", "name"),
            ("/user/ms/counselor/list", "department"),
            ("/conversation/consultlist", "visitorName"),
        ] {
            let request = house.admin.request(reqwest::Method::GET, list).query(&[(field, bad)]);
            refused_by_name(&Answer::of(request).await, field);
        }
    }
    for name in ["O'Neill-李 (2)", "👩‍👩‍👧", "שלום"] {
        visitor.post("/user/update", json!({ "name": name })).await.ok();
        assert_eq!(house.listed("sandbox_first").await.expect("listed")["name"], name);
    }
    // A name of blanks, or of nothing that is seen, is none; and a name stays.
    let another = house.hotline.visitor("ecnu", "another").await;
    for nothing in [" \u{3000} ", "\u{200b}", "\u{2060}\u{feff}\u{ad}"] {
        for person in [&visitor, &another] {
            person.post("/user/update", json!({ "name": nothing })).await.ok();
        }
        assert_eq!(house.listed("sandbox_first").await.expect("listed")["name"], "שלום");
        assert_eq!(
            another.get("/auth/me").await.ok()["name"],
            Value::Null,
            "the visitor has a number for a name"
        );
    }
    let said = house.hotline.fails(&["institution", "add", "third", "--name", "a\nb"], 65);
    assert!(said.contains("one line"), "{said}");
    house.hotline.assert_calm();
}

#[tokio::test]
async fn what_is_written_about_a_talk_takes_line_breaks_alone() {
    let house = House::open().await;
    let lin = house.hotline.staff("lin").await;
    let mut desk = lin.workbench().await;
    desk.snapshot().await;
    let visitor = house.hotline.visitor("ecnu", "first").await;
    let talk = visitor.open("any").await["id"].as_str().expect("an id").to_owned();
    visitor.end(&talk).await;
    let about = |object: &str, field: &str, text: &str| json!({ "conversationId": talk, "objectType": object, field: text });
    for bad in ["a\tb", "a\u{1b}[2Jb", "a\u{85}b"] {
        refused_by_name(&visitor.put("/evaluate", about("CONVERSATION", "content", bad)).await, "content");
    }
    for bad in NO_LINES {
        refused_by_name(&lin.put("/evaluate", about("VISITOR", "tag", bad)).await, "tag");
    }
    let lines = "谢谢。\n很好\r\n再见";
    let kept = visitor.put("/evaluate", about("CONVERSATION", "content", lines)).await.ok();
    assert_eq!(kept["content"], lines);
    house.hotline.assert_calm();
}

#[tokio::test]
async fn user_names_that_differ_by_case_are_one() {
    let house = House::open().await;
    let lin = house.id("lin").await;
    for way in ["/user/ms/counselor", "/user/ms/supervisor"] {
        let body = json!({ "username": "LIN", "password": another_password() });
        house.admin.put(way, body).await.refused(-2, "用户名已存在！");
    }
    let arguments = ["user", "add", "Lin", "--kind", "SUPERVISOR", "--institution", "ecnu"];
    let said = house.hotline.fails_reading(&arguments, "some password", 65);
    assert!(said.contains("Lin"), "{said}");
    let log_in = |name: &str, password: Value| json!({ "username": name, "password": password });
    let client = house.hotline.client();
    for name in ["lin", "LIN", "Lin"] {
        client.post("/auth/login", log_in(name, json!(md5_of_everybody()))).await.ok();
    }
    house.admin.post("/user/ms/counselor", json!({ "username": "LiN", "title": "讲师" })).await.ok();
    house.admin.post("/user/ms/counselor/LIN", json!({ "gender": "女" })).await.ok();
    let row = house.listed("lin").await.expect("listed");
    assert_eq!((&row["id"], &row["title"], &row["gender"]), (&json!(lin), &json!("讲师"), &json!("女")));

    // Guesses at a name in other letters are guesses at the same account.
    let wrong = json!("0".repeat(32));
    for name in ["lin", "LIN", "Lin", "lIn", "liN", "LIn", "lIN", "LiN", "lin", "LIN"] {
        client.post("/auth/login", log_in(name, wrong.clone())).await.refused_with(-3);
    }
    let locked = client.post("/auth/login", log_in("liN", json!(md5_of_everybody()))).await;
    locked.refused_with(-3);

    // Openids are ids, in which case counts.
    let (small, large) =
        (house.hotline.visitor("ecnu", "abc").await, house.hotline.visitor("ecnu", "ABC").await);
    assert_ne!(small.id().await, large.id().await);
    house.hotline.assert_calm();
}

#[tokio::test]
async fn an_upgrade_keeps_staff_who_are_alike_and_cleans_names() {
    let database = Database::fresh().await;
    database.migrate_to(16).await;
    // Not checked when compiled: this is the schema of before.
    for statement in [
        "insert into institutions (code, name, created_at) values ('ecnu', E'ecnu\\u202e', 0)",
        "insert into people (id, institution, kind, username, name, created_at, updated_at) values
             (gen_random_uuid(), 'ecnu', 'COUNSELOR', 'lin', E'\\u6797\\n\\u6653', 10, 10),
             (gen_random_uuid(), 'ecnu', 'SUPERVISOR', 'Lin', E'\\u2066', 20, 20),
             (gen_random_uuid(), 'ecnu', 'COUNSELOR', 'chen', 'chen', 20, 20),
             (gen_random_uuid(), 'ecnu', 'VISITOR', 'oAb', null, 30, 30),
             (gen_random_uuid(), 'ecnu', 'VISITOR', 'oaB', null, 30, 30)",
    ] {
        sqlx::query(statement).execute(&database.pool).await.expect("people of before");
    }
    database.migrate().await;
    let rows = sqlx::query!(
        "select username, name, username_twin from people where kind <> 'VISITOR' order by username_twin, username"
    );
    let rows = rows.fetch_all(&database.pool).await.expect("people can be read");
    let rows: Vec<_> =
        rows.iter().map(|row| (row.username.as_str(), row.name.as_deref(), row.username_twin)).collect();
    assert_eq!(rows, [("chen", Some("chen"), 0), ("lin", Some("林晓"), 0), ("Lin", None, 1)]);
    let third = sqlx::query!(
        "insert into people (id, institution, kind, username, created_at, updated_at)
         values (gen_random_uuid(), 'ecnu', 'COUNSELOR', 'LIN', 40, 40)"
    );
    let refused = third.execute(&database.pool).await.expect_err("that name is taken");
    assert!(refused.to_string().contains("people_staff_name_unique"), "{refused}");
    let name = sqlx::query_scalar!("select name from institutions").fetch_one(&database.pool).await;
    assert_eq!(name.expect("a name"), "ecnu");
}

#[tokio::test]
async fn numbers_and_addresses_of_staff_are_checked_and_old_ones_hold_nothing_up() {
    let house = House::open().await;
    let bad = [
        ("phoneNumber", json!("1382345678")),
        ("phoneNumber", json!("电话")),
        ("emergencyPhone", json!(12_823_456_789_i64)),
        ("email", json!("zhang@ecnu")),
        ("email", json!("zhang ecnu@ecnu.edu.cn")),
        ("idNumber", json!("432300199506160010")),
        ("idNumber", json!("43230019950231001X")),
    ];
    for (field, value) in &bad {
        let body = json!({ "username": "wu", "password": another_password(), *field: value });
        refused_by_name(&house.admin.put("/user/ms/counselor", body).await, field);
        let change = json!({ "title": "x", *field: value });
        refused_by_name(&house.admin.post("/user/ms/supervisor/dudao1", change).await, field);
    }
    assert_eq!(house.listed("wu").await, None);
    assert_eq!(house.listed("dudao1").await.expect("listed")["title"], Value::Null, "nothing is half done");
    let good = json!({
        "phoneNumber": "+86 138 2345 6789", "email": "zhang@ecnu.edu.cn", "idNumber": "11010519491231002x",
    });
    house.admin.post("/user/ms/counselor/chen", good).await.ok();
    let chen = house.listed("chen").await.expect("listed");
    assert_eq!(
        (&chen["idNumber"], &chen["phoneNumber"]),
        (&json!("11010519491231002X"), &json!("+86 138 2345 6789"))
    );

    // Told by themselves, as visitors may; a form that sends it back unchanged changes the rest.
    let lin = house.hotline.staff("lin").await;
    lin.post("/user/update", json!({ "phoneNumber": "内线 8001" })).await.ok();
    let form = json!({ "phoneNumber": "内线 8001", "email": "", "idNumber": "", "title": "讲师" });
    house.admin.post("/user/ms/counselor/lin", form).await.ok();
    let row = house.listed("lin").await.expect("listed");
    assert_eq!((&row["phoneNumber"], &row["title"]), (&json!("内线 8001"), &json!("讲师")));
    refused_by_name(
        &house.admin.post("/user/ms/counselor/lin", json!({ "phoneNumber": "内线 8002" })).await,
        "phoneNumber",
    );
    let visitor = house.hotline.visitor("ecnu", "first").await;
    visitor.post("/user/update", json!({ "phoneNumber": "不想说" })).await.ok();
    house.hotline.assert_calm();
}

//! Who saw or changed what is another's is in the audit: ids, names of fields and days, and nobody's words, names or numbers.

use serde_json::{Value, json};

use crate::support::{Client, Hotline};

/// One row: who did it, to whom or what, about whom, and what it says besides.
#[derive(Debug, PartialEq, Eq)]
struct Noted {
    actor: String,
    target: Option<String>,
    people: Vec<String>,
    detail: Option<String>,
}

fn noted(actor: &str, target: Option<&str>, people: &[&str], detail: Option<&str>) -> Noted {
    let people = people.iter().map(|name| (*name).to_owned()).collect();
    Noted {
        actor: actor.to_owned(),
        target: target.map(str::to_owned),
        people,
        detail: detail.map(str::to_owned),
    }
}

/// The rows of an action, people by their user names.
async fn rows(hotline: &Hotline, action: &str) -> Vec<Noted> {
    let rows = sqlx::query!(
        r#"select p.username as actor, t.username as "target?", a.detail,
                  array(select q.username from unnest(a.people) as u (id) join people q on q.id = u.id
                        order by q.username) as "people!"
           from audit a join people p on p.id = a.actor left join people t on t.id = a.target
           where a.action = $1 order by a.id"#,
        action
    );
    let rows = rows.fetch_all(&hotline.database.pool).await.expect("the audit can be read").into_iter();
    let row = rows.map(|row| Noted {
        actor: row.actor,
        target: row.target,
        people: row.people,
        detail: row.detail,
    });
    row.collect()
}

/// An institution with its administrator, the supervisor `dudao` who looks after `lin`, and the counselor `chen`.
async fn house() -> (Hotline, Client, Client) {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.add_counselor("ecnu", "lin").await;
    hotline.add_counselor("ecnu", "chen").await;
    hotline.add_user("ecnu", "SUPERVISOR", "dudao").await;
    hotline.add_user("ecnu", "INSTITUTION", "guanli").await;
    hotline.add_system_administrator("root").await;
    hotline.database.bind_supervisor("lin", "dudao").await;
    hotline.start().await;
    let (guanli, dudao) = (hotline.staff("guanli").await, hotline.staff("dudao").await);
    (hotline, guanli, dudao)
}

#[tokio::test]
async fn lists_of_people_say_who_was_seen() {
    let (hotline, guanli, dudao) = house().await;
    for code in ["v1", "v2", "v3"] {
        hotline.visitor("ecnu", code).await;
    }
    guanli.get("/user/list?size=2").await.ok();
    dudao.get("/user/list?username=v1&phoneNumber").await.ok();
    dudao.get("/user/list?name=nobody").await.ok();
    guanli.get("/user/ms/counselor/list?name=lin&phoneNumber=1").await.ok();
    guanli.get("/user/ms/counselor/list?name=lin").await.ok();
    dudao.get("/user/ms/supervisor/list").await.ok();
    // Colleagues, with their numbers masked.
    hotline.staff("lin").await.get("/user/ms/counselor/list").await.ok();
    hotline.staff("root").await.get("/user/list?type=COUNSELOR").await.ok();
    let expected = [
        noted("guanli", None, &["sandbox_v2", "sandbox_v3"], Some("VISITOR")),
        noted("dudao", None, &["sandbox_v1"], Some("VISITOR username")),
        noted("guanli", None, &["lin"], Some("COUNSELOR name")),
        noted("root", None, &["chen", "lin"], Some("COUNSELOR")),
    ];
    assert_eq!(rows(&hotline, "list-people").await, expected, "a page without others is no view");
    hotline.assert_calm();
}

#[tokio::test]
async fn lists_of_records_say_whose_names_were_seen() {
    let (hotline, guanli, dudao) = house().await;
    let lin = hotline.staff("lin").await;
    let mut desk = lin.workbench().await;
    desk.snapshot().await;
    for code in ["v1", "v2"] {
        hotline.visitor("ecnu", code).await.open(&lin.id().await).await;
    }
    guanli.get("/conversation/consultlist?visitorName=%E8%AE%BF%E5%AE%A2%201").await.ok();
    dudao.get("/conversation/consultlist?status=IN_PROGRESS&size=5").await.ok();
    lin.get("/conversation/consultlist").await.ok();
    let expected = [
        noted("guanli", None, &["sandbox_v1"], Some("COUNSELING_SESSION visitorName")),
        noted("dudao", None, &["sandbox_v1", "sandbox_v2"], Some("COUNSELING_SESSION status")),
    ];
    assert_eq!(rows(&hotline, "list-records").await, expected);
    hotline.assert_calm();
}

#[tokio::test]
async fn a_view_that_cannot_be_noted_is_refused() {
    let (hotline, guanli, _) = house().await;
    hotline.visitor("ecnu", "v1").await;
    let day = format!("/arrange/theday?type=COUNSELOR&timestamp={}", hotline::clock::now().0);
    let on_duty = guanli.get(&day).await.ok();
    let shift = format!("/arrange/{}", on_duty[0]["id"].as_str().expect("an id"));
    sqlx::query("alter table audit add constraint full_up check (id < 0) not valid")
        .execute(&hotline.database.pool)
        .await
        .expect("the audit takes no rows");
    for path in ["/user/list", "/user/ms/counselor/list", "/conversation/consultlist", "/dispatch/now"] {
        guanli.get(path).await.fault(500, path);
    }
    guanli.post("/user/ms/counselor/lin", json!({ "title": "x" })).await.fault(500, "/user/ms/counselor/lin");
    let hired = json!({ "username": "wu", "password": "173afad5992a3f73a472fc09b05b1fb7" });
    guanli.put("/user/ms/counselor", hired).await.fault(500, "/user/ms/counselor");
    guanli.delete(&shift).await.fault(500, &shift);
    sqlx::query("alter table audit drop constraint full_up")
        .execute(&hotline.database.pool)
        .await
        .expect("it takes rows again");
    let staff = guanli.get("/user/ms/counselor/list").await.ok();
    let staff: Vec<_> =
        staff.as_array().expect("a list").iter().map(|row| (&row["username"], &row["title"])).collect();
    assert_eq!(staff, [(&json!("chen"), &Value::Null), (&json!("lin"), &Value::Null)], "nothing was done");
    assert_eq!(guanli.get(&day).await.ok(), on_duty);
}

#[tokio::test]
async fn hiring_and_changes_of_others_are_noted_by_field() {
    let (hotline, guanli, dudao) = house().await;
    let hired = json!({ "username": "wu", "password": "173afad5992a3f73a472fc09b05b1fb7", "name": "吴佳宁" });
    guanli.put("/user/ms/counselor", hired).await.ok();
    assert_eq!(rows(&hotline, "add-person").await, [noted("guanli", Some("wu"), &[], None)]);
    let told = json!({ "title": "讲师", "phoneNumber": "13823456789" });
    dudao.post("/user/ms/counselor/lin", told).await.ok();
    guanli.post("/user/ms/supervisor/dudao", json!({ "name": "沈静宜" })).await.ok();
    // One's own is not another's.
    dudao.post("/user/update", json!({ "age": 50 })).await.ok();
    let expected = [
        noted("dudao", Some("lin"), &[], Some("phoneNumber title")),
        noted("guanli", Some("dudao"), &[], Some("name")),
    ];
    assert_eq!(rows(&hotline, "change-profile").await, expected);
    hotline.assert_calm();
}

#[tokio::test]
async fn shifts_and_standing_weeks_are_noted() {
    crate::support::within_one_day("Asia/Shanghai").await;
    let (hotline, guanli, dudao) = house().await;
    let lin = hotline.database.id_of("lin").await;
    let now = hotline::clock::now();
    let day = hotline::calendar::Calendar::new("Asia/Shanghai").date(now).to_string();
    guanli.put("/arrange", json!({ "timestamp": now.0, "users": [lin, dudao.id().await] })).await.ok();
    guanli.put("/arrange", json!({ "timestamp": 0, "users": [lin] })).await.refused_with(-2);
    assert_eq!(rows(&hotline, "add-shift").await, [noted("guanli", None, &["dudao", "lin"], Some(&day))]);
    dudao.post("/arrange/batch", json!({ "weekDays": [5, 1], "user": lin })).await.ok();
    dudao.post("/arrange/batch", json!({ "weekDays": [], "user": lin })).await.ok();
    let expected =
        [noted("dudao", Some("lin"), &[], Some("1 5")), noted("dudao", Some("lin"), &[], Some(""))];
    assert_eq!(rows(&hotline, "change-week").await, expected);
    hotline.assert_calm();
}

#[tokio::test]
async fn what_pages_ask_for_again_and_again_is_one_look_in_ten_minutes() {
    let (hotline, guanli, dudao) = house().await;
    let lin = hotline.staff("lin").await;
    hotline.visitor("ecnu", "v1").await.open(&lin.id().await).await;
    let day = format!("/arrange/theday?type=COUNSELOR&timestamp={}", hotline::clock::now().0);
    for reader in [&guanli, &guanli, &dudao] {
        reader.get("/dispatch/now").await.ok();
    }
    for _ in 0..2 {
        lin.get(&day).await.ok();
    }
    let look = |reader: &str, people: &[&str]| noted(reader, None, people, None);
    let expected =
        [look("guanli", &["chen", "dudao", "lin", "sandbox_v1"]), look("dudao", &["lin", "sandbox_v1"])];
    assert_eq!(rows(&hotline, "read-live-state").await, expected);
    assert!(rows(&hotline, "read-duty").await.is_empty(), "counselors see no numbers of others");
    // Ten minutes later it is another.
    let aged = sqlx::query!("update audit set at = at - 600001");
    aged.execute(&hotline.database.pool).await.expect("time passes");
    guanli.get("/dispatch/now").await.ok();
    assert_eq!(rows(&hotline, "read-live-state").await.len(), 3);
    // And so it is where the clock has been set back since: what is noted stands in the future.
    let ahead = sqlx::query!("update audit set at = at + 1200002");
    ahead.execute(&hotline.database.pool).await.expect("the clock is set back");
    for _ in 0..2 {
        guanli.get("/dispatch/now").await.ok();
    }
    assert_eq!(rows(&hotline, "read-live-state").await.len(), 4);
    hotline.assert_calm();
}

#[tokio::test]
async fn every_page_with_numbers_on_it_is_noted_with_the_people_it_had() {
    let (hotline, guanli, dudao) = house().await;
    let now = hotline::clock::now();
    let day = |kind: &str, rest: &str| format!("/arrange/theday?type={kind}&timestamp={}{rest}", now.0);
    let its = dudao.id().await;
    guanli.put("/arrange", json!({ "timestamp": now.0, "users": [its] })).await.ok();
    guanli.get(&day("COUNSELOR", "&size=1")).await.ok();
    guanli.get(&day("COUNSELOR", "&size=1&page=1")).await.ok();
    guanli.get(&day("COUNSELOR", "&page=1")).await.ok();
    guanli.get(&day("SUPERVISOR", "")).await.ok();
    guanli.get("/dispatch/supervisors").await.ok();
    dudao.get(&day("SUPERVISOR", "")).await.ok();
    let look = |people: &[&str]| noted("guanli", None, people, None);
    let expected = [look(&["chen"]), look(&["lin"]), look(&["dudao"]), look(&["dudao"])];
    assert_eq!(rows(&hotline, "read-duty").await, expected, "a page without others is no view");
    hotline.assert_calm();
}

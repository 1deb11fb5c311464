//! Whoever is bound to a counselor reads everything of that counselor: only administrators bind, and each change is noted.

use serde_json::{Value, json};

use super::{House, another_password};

const BY_ADMINISTRATORS: &str = "绑定督导须由机构管理员修改";

async fn bound(house: &House, counselor: &str) -> Vec<String> {
    let row = house.listed(counselor).await.expect("listed");
    let ids = row["supervisors"].as_array().expect("a list").iter();
    ids.map(|id| id.as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn a_supervisor_changes_bound_counselors_and_nobodys_bindings() {
    let house = House::open().await;
    let (one, two) = (house.id("dudao1").await, house.id("dudao2").await);
    let lin = house.id("lin").await;
    let ways = [
        "/user/ms/counselor".to_owned(),
        "/user/ms/counselor/lin".to_owned(),
        format!("/user/ms/counselor/{lin}"),
    ];
    // Not bound: nothing of the counselor is the supervisor's to change, whichever way it is said.
    for way in &ways {
        for change in [
            json!({}),
            json!({ "title": "x" }),
            json!({ "supervisors": [one] }),
            json!({ "password": another_password() }),
        ] {
            let mut body = change;
            body["username"] = json!("lin");
            house.supervisor.post(way, body).await.refused(-5, "未开通权限");
        }
    }
    assert_eq!(house.listed("lin").await.expect("listed")["title"], Value::Null);

    house
        .admin
        .post("/user/ms/counselor", json!({ "username": "lin", "supervisors": [one, two] }))
        .await
        .ok();
    // The present ones, in any order, or none at all said: clients that send every field go on.
    for same in [
        json!({ "title": "讲师" }),
        json!({ "supervisors": [two, one, two] }),
        json!({ "supervisors": format!("{one},{two}") }),
    ] {
        house.supervisor.post(&ways[1], same).await.ok();
    }
    let nobody = "2c93189d7b53e68e017b53ead62d002c";
    for other in
        [json!([one]), json!([]), json!([one, two, nobody]), json!(["dudao1", "dudao2"]), json!(nobody)]
    {
        for way in &ways {
            let body = json!({ "username": "lin", "title": "教授", "supervisors": other });
            house.supervisor.post(way, body).await.refused(-5, BY_ADMINISTRATORS);
        }
    }
    let row = house.listed("lin").await.expect("listed");
    assert_eq!(row["title"], "讲师", "nothing is half done");
    let mut expected = [one.clone(), two.clone()];
    expected.sort();
    assert_eq!(bound(&house, "lin").await, expected);
    // Another counselor's path with a bound one's name, and the other way round: the path says who it is.
    house
        .supervisor
        .post("/user/ms/counselor/chen", json!({ "username": "lin" }))
        .await
        .refused(-5, "未开通权限");
    // Other ways to make or change accounts are not theirs at all.
    for way in ["/user/ms", "/user/ms/counselor", "/user/ms/supervisor"] {
        let body = json!({ "username": "wu", "password": another_password(), "role": "ROLE_COUNSELOR", "supervisors": [one] });
        house.supervisor.put(way, body).await.refused(-5, "未开通权限");
    }
    house
        .supervisor
        .post("/user/ms", json!({ "username": "lin", "supervisors": [one] }))
        .await
        .refused(-5, "未开通权限");
    house.hotline.assert_calm();
}

#[tokio::test]
async fn every_change_of_a_binding_is_noted() {
    let house = House::open().await;
    let (one, two) = (house.id("dudao1").await, house.id("dudao2").await);
    let lin = house.id("lin").await;
    for supervisors in [json!([one]), json!([one]), json!([two]), json!([one, two])] {
        house.admin.post("/user/ms/counselor/lin", json!({ "supervisors": supervisors })).await.ok();
    }
    house.admin.delete("/user/ms/supervisor/dudao2").await.ok();
    let hired = json!({ "username": "wu", "password": another_password(), "supervisors": [one] });
    house
        .system
        .put("/user/ms/counselor", {
            let mut hired = hired;
            hired["institutionCode"] = json!("ecnu");
            hired
        })
        .await
        .ok();
    let noted = sqlx::query!(
        r#"select a.institution, p.username as actor, a.action, t.username as target, a.people as "people!"
           from audit a join people p on p.id = a.actor join people t on t.id = a.target
           where a.action in ('bind', 'unbind') order by a.id"#
    );
    let noted = noted.fetch_all(&house.hotline.database.pool).await.expect("the audit can be read");
    let noted: Vec<_> = noted
        .into_iter()
        .map(|row| {
            assert_eq!(row.institution.as_deref(), Some("ecnu"));
            let people: Vec<String> = row.people.iter().map(|id| id.simple().to_string()).collect();
            (row.actor, row.action, row.target, people)
        })
        .collect();
    let row = |actor: &str, action: &str, target: &str, who: &String| {
        (actor.to_owned(), action.to_owned(), target.to_owned(), vec![who.clone()])
    };
    let expected = [
        row("ecnu_admin", "bind", "lin", &one),
        row("ecnu_admin", "unbind", "lin", &one),
        row("ecnu_admin", "bind", "lin", &two),
        row("ecnu_admin", "bind", "lin", &one),
        row("ecnu_admin", "unbind", "lin", &two),
        row("root", "bind", "wu", &one),
    ];
    assert_eq!(noted, expected);
    assert_eq!(bound(&house, "lin").await, [one]);
    assert_eq!(house.hotline.database.audits("add-person", &house.id("wu").await).await, ["root"]);
    assert!(!lin.is_empty());
    house.hotline.assert_calm();
}

#[tokio::test]
async fn a_system_administrator_sets_the_password_of_an_institutions_administrator() {
    let house = House::open().await;
    let admin = house.id("ecnu_admin").await;
    let change = |who: &str| json!({ "username": who, "password": another_password() });
    for who in ["ecnu_admin", admin.as_str()] {
        house.supervisor.post("/user/ms", change(who)).await.refused(-5, "未开通权限");
        house.admin.post("/user/ms", change(who)).await.refused(-5, "未开通权限");
        house.stranger.post("/user/ms", change(who)).await.refused_with(-3);
    }
    house.system.post("/user/ms", change("root")).await.refused(-5, "未开通权限");
    house.hotline.visitor("ecnu", "first").await;
    for nobody in ["nobody", "sandbox_first"] {
        house.system.post("/user/ms", change(nobody)).await.refused(-3, &format!("用户未找到：{nobody}"));
    }
    house.system.post("/user/ms", change("ecnu_admin")).await.ok();
    house.admin.get("/auth/me").await.fault(403, "/auth/me");
    let log_in = json!({ "username": "ecnu_admin", "password": another_password() });
    let client = house.hotline.client();
    client.post("/auth/login", log_in).await.ok();
    assert_eq!(house.hotline.database.audits("set-password", &admin).await, ["root"]);
    house.system.post("/user/ms", json!({ "username": "lin", "title": "讲师" })).await.ok();
    assert_eq!(house.hotline.database.audits("change-profile", &house.id("lin").await).await, ["root"]);
    house.hotline.assert_calm();
}

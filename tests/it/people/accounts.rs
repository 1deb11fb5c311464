//! Making and changing accounts.

use reqwest::Method;
use serde_json::{Value, json};

use super::{House, another_password};
use crate::support::{Answer, md5_of_everybody};

const TAKEN: &str = "用户名已存在！";

#[tokio::test]
async fn user_names_are_given_out_once_and_never_like_an_id_or_the_im_administrator() {
    let house = House::open().await;
    let add = async |username: Value| {
        let body = json!({ "username": username, "password": another_password() });
        house.admin.put("/user/ms/counselor", body).await
    };
    house.hotline.visitor("other", "somebody").await;
    for taken in
        ["lin", "dudao1", "root", "other_admin", "sandbox_somebody", "administrator", "Administrator"]
    {
        add(json!(taken)).await.refused(-2, TAKEN);
    }
    for bad in ["a", "a b", "张三", "a.b", &"a".repeat(33), "608260fd5e4bc35def72b735608260fd", "a\u{0}b"] {
        let answer = add(json!(bad)).await;
        answer.refused_with(-2);
        assert!(answer.body["message"].as_str().is_some_and(|text| text.contains("username")), "{answer:?}");
    }
    add(json!("wu-1_x")).await.ok();
    house.admin.delete("/user/ms/counselor/wu-1_x").await.ok();
    add(json!("wu-1_x")).await.refused(-2, TAKEN);
    house.hotline.assert_calm();
}

#[tokio::test]
async fn adding_needs_a_name_and_a_password_and_two_at_once_make_one() {
    let house = House::open().await;
    let add = async |body: Value| house.admin.put("/user/ms/supervisor", body).await;
    let refused = async |body: Value, field: &str| {
        let answer = add(body).await;
        answer.refused_with(-2);
        assert!(answer.body["message"].as_str().is_some_and(|text| text.contains(field)), "{answer:?}");
    };
    refused(json!({ "password": another_password() }), "username").await;
    refused(json!({ "username": "wu" }), "password").await;
    refused(json!({ "username": "wu", "password": "" }), "password").await;
    refused(json!({ "username": "wu", "password": "123456" }), "password").await;
    let with =
        |key: &str, value: Value| json!({ "username": "wu", "password": another_password(), key: value });
    refused(with("name", json!("x".repeat(65))), "name").await;
    refused(with("email", json!("x".repeat(255))), "email").await;
    refused(with("age", json!(151)), "age").await;
    refused(with("title", json!({})), "title").await;
    assert_eq!(house.listed("wu").await, None, "nothing is half done");
    let both = tokio::join!(add(with("title", json!("教授"))), add(with("title", json!("教授"))));
    let codes = [both.0.body["code"].as_i64(), both.1.body["code"].as_i64()];
    assert!(codes == [Some(0), Some(-2)] || codes == [Some(-2), Some(0)], "{both:?}");
    let wu = house.listed("wu").await.expect("listed");
    assert_eq!((&wu["title"], &wu["creator"]), (&json!("教授"), &json!(house.id("ecnu_admin").await)));
    house.hotline.assert_calm();
}

#[tokio::test]
async fn back_office_users_have_the_role_that_is_said() {
    let house = House::open().await;
    let body = |username: &str, role: &str| json!({ "username": username, "password": another_password(), "role": role });
    house.admin.put("/user/ms", body("a1", "ROLE_COUNSELOR")).await.ok();
    assert_eq!(house.listed("a1").await.expect("listed")["type"], "COUNSELOR");
    for role in ["ROLE_INSTITUTION_ADMINISTRATOR", "ROLE_SYSTEM_ADMINISTRATOR"] {
        house.admin.put("/user/ms", body("a2", role)).await.refused(-5, "未开通权限");
    }
    for role in ["", "ROLE_VISITOR", "COUNSELOR", "nonsense"] {
        let answer = house.admin.put("/user/ms", body("a2", role)).await;
        answer.refused_with(-2);
        assert!(answer.body["message"].as_str().is_some_and(|text| text.contains("role")), "{answer:?}");
    }
    let mut elsewhere = body("a2", "ROLE_COUNSELOR");
    for code in ["other", "nowhere"] {
        elsewhere["institutionCode"] = json!(code);
        house.admin.put("/user/ms", elsewhere.clone()).await.refused(-2, "参数格式不正确：institutionCode");
    }

    // A system administrator says where.
    let mut there = body("a3", "ROLE_INSTITUTION_ADMINISTRATOR");
    house.system.put("/user/ms", there.clone()).await.refused(-2, "缺少参数：institutionCode");
    there["institutionCode"] = json!("nowhere");
    house.system.put("/user/ms", there.clone()).await.refused(-2, "参数格式不正确：institutionCode");
    there["institutionCode"] = json!("other");
    house.system.put("/user/ms", there).await.ok();
    house.system.put("/user/ms", body("a4", "ROLE_SYSTEM_ADMINISTRATOR")).await.ok();
    let everybody =
        house.system.get("/user/list?username=a&type=INSTITUTION&institutionCode=other").await.ok();
    let a3 =
        everybody.as_array().expect("a list").iter().find(|row| row["username"] == "a3").expect("listed");
    assert_eq!((&a3["institutionCode"], &a3["state"]), (&json!("other"), &Value::Null));
    house.hotline.assert_calm();
}

#[tokio::test]
async fn parameters_are_understood_in_every_form_and_what_is_absent_stays() {
    let house = House::open().await;
    house.hotline.database.bind_supervisor("lin", "dudao1").await;
    let id = house.id("lin").await;
    let send = |method: Method, path: &str| house.supervisor.request(method, path);
    let post = |path: &str| send(Method::POST, path);
    let by_query = post("/user/ms/counselor?username=lin&title=%E8%AE%B2%E5%B8%88&age=30&email&unknown=1");
    Answer::of(by_query).await.ok();
    let form = post(&format!("/user/ms/counselor/{id}"))
        .form(&[("department", "中心"), ("qualificationcode", "Z-1")]);
    Answer::of(form).await.ok();
    let json = json!({ "username": "lin", "gender": "女", "phoneNumber": 13_823_456_789_i64, "password": "", "role": "ROLE_SYSTEM_ADMINISTRATOR" });
    house.supervisor.post("/user/ms/counselor", json).await.ok();
    let path_by_name =
        house.supervisor.post("/user/ms/counselor/lin", json!({ "qualification": "三级" })).await;
    path_by_name.ok();
    let lin = house.listed("lin").await.expect("listed");
    for (key, value) in [
        ("title", json!("讲师")),
        ("age", json!(30)),
        ("department", json!("中心")),
        ("qualificationCode", json!("Z-1")),
        ("qualification", json!("三级")),
        ("gender", json!("女")),
        ("phoneNumber", json!("13823456789")),
        ("name", json!("lin")),
        ("type", json!("COUNSELOR")),
        ("lastUpdater", json!(house.id("dudao1").await)),
    ] {
        assert_eq!(lin[key], value, "{key}");
    }
    // An empty password changed nothing.
    house.hotline.staff("lin").await;
    let cleared =
        json!({ "username": "lin", "title": "", "phoneNumber": "", "name": "", "qualificationCode": "" });
    house.supervisor.post("/user/ms/counselor", cleared).await.ok();
    let lin = house.listed("lin").await.expect("listed");
    for key in ["title", "phoneNumber", "qualificationCode"] {
        assert_eq!(lin[key], Value::Null, "{key}");
    }
    assert_eq!((&lin["name"], &lin["department"]), (&json!("lin"), &json!("中心")));
    let stored = sqlx::query!("select phone, phone_hash from people where username = 'lin'");
    let stored = stored.fetch_one(&house.hotline.database.pool).await.expect("lin is there");
    assert!(
        stored.phone.is_none() && stored.phone_hash.is_none(),
        "a number that was cleared is not found either"
    );
    house.hotline.assert_calm();
}

#[tokio::test]
async fn only_supervisors_of_the_institution_can_be_bound() {
    let house = House::open().await;
    house.hotline.add_user("other", "SUPERVISOR", "dudao9").await;
    let bind = async |ids: Value| {
        house.admin.post("/user/ms/counselor", json!({ "username": "lin", "supervisors": ids })).await
    };
    let bound = async || house.listed("lin").await.expect("listed")["supervisors"].clone();
    let (one, two) = (house.id("dudao1").await, house.id("dudao2").await);
    bind(json!([one, one])).await.ok();
    assert_eq!(bound().await, json!([one]));
    let nobody = "2c93189d7b53e68e017b53ead62d002c".to_owned();
    for stranger in [nobody, house.id("dudao9").await, house.id("chen").await, "dudao2".to_owned()] {
        bind(json!([two, stranger])).await.refused(-3, &format!("督导未找到：{stranger}"));
        assert_eq!(bound().await, json!([one]), "nothing is half done");
    }
    bind(json!(two)).await.ok();
    assert_eq!(bound().await, json!([two]));
    house.admin.delete("/user/ms/supervisor/dudao2").await.ok();
    assert_eq!(bound().await, json!([]), "whoever is deleted looks after nobody");
    bind(json!([])).await.ok();
    house.hotline.assert_calm();
}

#[tokio::test]
async fn the_wrong_kind_the_deleted_and_other_institutions_people_are_unknown() {
    let house = House::open().await;
    house.admin.delete("/user/ms/counselor/chen").await.ok();
    let (dudao, chen) = (house.id("dudao1").await, house.id("chen").await);
    let gone = "2c93189d7b53e68e017b53ead62d002c";
    for key in ["dudao1", dudao.as_str(), "chen", chen.as_str(), "nobody", gone, "%00", "张三"] {
        let shown = if key == "%00" { "\0" } else { key };
        let unknown = format!("用户未找到：{shown}");
        house.admin.post(&format!("/user/ms/counselor/{key}"), json!({})).await.refused(-3, &unknown);
        house.admin.delete(&format!("/user/ms/counselor/{key}")).await.refused(-3, &unknown);
    }
    for (method, path) in [
        (Method::POST, "/user/ms/counselor/lin"),
        (Method::DELETE, "/user/ms/counselor/lin"),
        (Method::POST, "/user/ms/supervisor/dudao1"),
        (Method::DELETE, "/user/ms/supervisor/dudao1"),
    ] {
        let key = path.rsplit('/').next().expect("a key");
        let answer = house.stranger.send(method, path, Value::Null).await;
        answer.refused(-3, &format!("用户未找到：{key}"));
    }
    assert!(house.listed("lin").await.is_some());
    house.admin.post("/user/ms/counselor", json!({ "title": "x" })).await.refused(-2, "缺少参数：username");
    let log_in = json!({ "username": "chen", "password": md5_of_everybody() });
    house.hotline.client().post("/auth/login", log_in).await.refused_with(-3);
    house.hotline.assert_calm();
}

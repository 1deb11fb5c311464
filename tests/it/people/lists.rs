//! Lists of people.

use serde_json::{Value, json};

use super::House;
use crate::support::Client;

async fn names(client: &Client, path: &str) -> Vec<String> {
    let rows = client.get(path).await.ok();
    rows.as_array()
        .expect("a list")
        .iter()
        .map(|row| row["username"].as_str().expect("text").to_owned())
        .collect()
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

#[tokio::test]
async fn pages_are_counted_from_one_newest_first() {
    let house = House::open().await;
    for number in 0..12 {
        house.hotline.visitor("ecnu", &format!("v{number:02}")).await;
    }
    house.hotline.visitor("other", "elsewhere").await;
    let newest: Vec<String> = (0..12).rev().map(|number| format!("sandbox_v{number:02}")).collect();
    assert_eq!(names(&house.admin, "/user/list").await, newest[..10]);
    for first in ["page=0", "page=1", "page", "page="] {
        assert_eq!(names(&house.admin, &format!("/user/list?{first}&size=5")).await, newest[..5], "{first}");
    }
    assert_eq!(names(&house.admin, "/user/list?page=3&size=5").await, newest[10..]);
    let beyond = house.supervisor.get("/user/list?page=9&size=5").await;
    assert_eq!((&beyond.body["result"], &beyond.body["count"]), (&json!([]), &json!(12)));
    for bad in ["page=-1", "size=0", "size=x", "page=x", "type=NOBODY"] {
        house.admin.get(&format!("/user/list?{bad}")).await.refused_with(-2);
    }
    assert_eq!(names(&house.admin, "/user/list?type=VISITOR&username=V07").await, ["sandbox_v07"]);
    assert_eq!(names(&house.admin, "/user/list?type=COUNSELOR").await, Vec::<String>::new());
    assert_eq!(names(&house.stranger, "/user/list").await, ["sandbox_elsewhere"]);
    house.hotline.assert_calm();
}

#[tokio::test]
async fn filters_find_parts_of_names_and_of_sealed_numbers() {
    let house = House::open().await;
    for (username, name, department, gender, phone) in [
        ("lin", "林晓雨", "临床中心", "女", "13823456789"),
        ("chen", "陈思远", "临床中心", "男", "13900001111"),
    ] {
        let told = json!({ "username": username, "name": name, "department": department, "gender": gender, "phoneNumber": phone });
        house.admin.post("/user/ms/counselor", told).await.ok();
    }
    let found = async |filter: &str| {
        let path = format!("/user/ms/counselor/list?{filter}");
        sorted(names(&house.supervisor, &path).await)
    };
    assert_eq!(found("name=晓").await, ["lin"]);
    assert_eq!(found("department=临床").await, ["chen", "lin"]);
    assert_eq!(found("department=临床&gender=男").await, ["chen"]);
    assert_eq!(found("gender=男女").await, Vec::<String>::new());
    assert_eq!(found("phoneNumber=3456").await, ["lin"]);
    assert_eq!(found("phoneNumber=13900001111").await, ["chen"]);
    assert_eq!(found("phoneNumber=13").await, ["chen", "lin"]);
    assert_eq!(found("phoneNumber=77").await, Vec::<String>::new());
    for wildcard in ["name=%25", "name=_", "name=%27", "phoneNumber=_"] {
        assert_eq!(found(wildcard).await, Vec::<String>::new(), "{wildcard}");
    }
    assert_eq!(names(&house.admin, "/user/ms/supervisor/list?phoneNumber=13").await, Vec::<String>::new());

    // A visitor is found by their whole number only: it is never opened to be searched.
    let visitor = house.hotline.visitor("ecnu", "first").await;
    visitor.post("/user/update", json!({ "name": "王芳", "phoneNumber": "15000002222" })).await.ok();
    assert_eq!(names(&house.admin, "/user/list?phoneNumber=15000002222").await, ["sandbox_first"]);
    assert_eq!(names(&house.admin, "/user/list?phoneNumber=1500000222").await, Vec::<String>::new());
    assert_eq!(names(&house.admin, "/user/list?name=王").await, ["sandbox_first"]);
    house.hotline.assert_calm();
}

#[tokio::test]
async fn each_reader_sees_of_staff_what_is_for_them() {
    let house = House::open().await;
    let told = json!({ "username": "chen", "phoneNumber": "13823456789", "idNumber": "43230019950616001X", "email": "chen@example.edu" });
    house.admin.post("/user/ms/counselor", told).await.ok();
    let seen = async |client: &Client| -> Vec<Value> {
        let rows = client.get("/user/ms/counselor/list?username=chen").await.ok();
        ["phoneNumber", "idNumber", "email"].iter().map(|key| rows[0][*key].clone()).collect()
    };
    let clear = ["13823456789", "43230019950616001X", "chen@example.edu"];
    for reader in [&house.admin, &house.supervisor, &house.system] {
        assert_eq!(seen(reader).await, clear, "{}", reader.username);
    }
    let lin = house.hotline.staff("lin").await;
    assert_eq!(seen(&lin).await, ["138****6789", "432****001X", "c****@example.edu"]);
    let guess = lin.get("/user/ms/counselor/list?phoneNumber=138").await;
    guess.refused(-5, "未开通权限");
    assert_eq!(names(&house.stranger, "/user/ms/counselor/list").await, Vec::<String>::new());
    let everybody = sorted(names(&house.system, "/user/list?size=200").await);
    assert_eq!(everybody, ["chen", "dudao1", "dudao2", "ecnu_admin", "lin", "other_admin", "root"]);
    house.hotline.assert_calm();
}

#[tokio::test]
async fn the_pages_of_a_large_institution_are_read_by_index() {
    let house = House::open().await;
    let pool = &house.hotline.database.pool;
    let many = sqlx::query!(
        "insert into people (id, institution, kind, username, state, created_at, updated_at)
         select gen_random_uuid(), 'other', 'VISITOR', 'many_' || n, 'NORMAL', n, n from generate_series(1, 50000) n"
    );
    many.execute(pool).await.expect("people can be written");
    house.hotline.visitor("ecnu", "first").await;
    sqlx::raw_sql("analyze people").execute(pool).await.expect("tables can be analysed");
    for _ in 0..12 {
        assert_eq!(names(&house.admin, "/user/list").await, ["sandbox_first"]);
        assert_eq!(names(&house.admin, "/user/ms/counselor/list?phoneNumber=13").await, Vec::<String>::new());
    }
    assert_eq!(house.system.get("/user/list").await.body["count"], 50_008);
    let plan = sqlx::query_scalar!(
        r#"explain select id, created_at from people
           where institution = 'ecnu' and kind = any('{VISITOR}') and deleted_at is null"#
    );
    let plan = plan.fetch_all(pool).await.expect("a plan");
    assert!(plan.iter().flatten().all(|line| !line.contains("Seq Scan")), "{plan:?}");
    house.hotline.assert_calm();
}

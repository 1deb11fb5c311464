//! Shifts: single days, standing weeks, the day's list, and what is taken off. Days are the institution's own.

mod days;

use hotline::clock;
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use serde_json::{Value, json};

use crate::support::{Client, Hotline, within_one_day};

const PAST: &str = "只能给今天及以后的日期进行排班";
const NOT_ALLOWED: &str = "未开通权限";

/// A hotline with counselors `lin` and `wu` and the supervisor `dudao`; and another institution.
async fn open() -> (Hotline, Client) {
    within_one_day("Asia/Shanghai").await;
    let mut hotline = Hotline::prepare(&["ecnu", "other"]).await;
    for (institution, kind, username) in [
        ("ecnu", "COUNSELOR", "lin"),
        ("ecnu", "COUNSELOR", "wu"),
        ("ecnu", "SUPERVISOR", "dudao"),
        ("ecnu", "INSTITUTION", "guanli"),
        ("other", "COUNSELOR", "foreign"),
        ("other", "INSTITUTION", "guanli2"),
    ] {
        hotline.add_user(institution, kind, username).await;
    }
    hotline.start().await;
    let admin = hotline.staff("guanli").await;
    (hotline, admin)
}

fn today_in(zone: &str) -> Date {
    let zone = TimeZone::get(zone).expect("a known zone");
    let now = Timestamp::from_millisecond(clock::now().0).expect("now is a moment");
    zone.to_datetime(now).date()
}

/// Noon of a day that is so many days from today in Shanghai.
fn noon(days: i64) -> i64 {
    let day = today_in("Asia/Shanghai").checked_add(days.days()).expect("a day");
    let zone = TimeZone::get("Asia/Shanghai").expect("a known zone");
    zone.to_timestamp(day.at(12, 0, 0, 0)).expect("a moment").as_millisecond()
}

async fn put(client: &Client, timestamp: i64, users: &[&str]) -> Value {
    client.put("/arrange", json!({ "timestamp": timestamp.to_string(), "users": users })).await.ok()
}

/// The user names on duty, in the order of the list.
async fn on_duty(client: &Client, timestamp: i64, kind: &str) -> Vec<String> {
    let path = format!("/arrange/theday?timestamp={timestamp}&type={kind}&state&page&size");
    let rows = client.get(&path).await.ok();
    let rows = rows.as_array().expect("a list");
    rows.iter().map(|row| row["user"]["username"].as_str().expect("text").to_owned()).collect()
}

/// The days of the person's shifts from today on, as days from today.
async fn days_of(hotline: &Hotline, username: &str) -> Vec<i64> {
    let today = today_in("Asia/Shanghai");
    let days = sqlx::query_scalar!(
        r#"select s.day::text as "day!" from shifts s join people p on p.id = s.person
           where p.username = $1 and s.removed_at is null order by s.day"#,
        username,
    )
    .fetch_all(&hotline.database.pool)
    .await
    .expect("shifts can be read");
    let ahead = |day: &String| {
        let day: Date = day.parse().expect("a day");
        i64::from(today.until(day).expect("near days").get_days())
    };
    days.iter().map(ahead).collect()
}

#[tokio::test]
async fn a_day_is_arranged_once_and_dispatch_knows_at_once() {
    let (hotline, admin) = open().await;
    let (lin, wu) = (hotline.database.id_of("lin").await, hotline.database.id_of("wu").await);
    let mut workbench = hotline.staff("lin").await.workbench().await;
    workbench.snapshot().await;
    let visitor = hotline.visitor("ecnu", "early").await;
    assert_eq!(visitor.open("any").await["status"], "WAITING", "nobody is on shift");

    let shifts = put(&admin, noon(0), &[&lin, &wu]).await;
    crate::support::until("the common queue is served", crate::support::SOON, async || {
        (visitor.get("/conversation/current").await.ok()[0]["status"] == "IN_PROGRESS").then_some(())
    })
    .await;
    assert_eq!(put(&admin, noon(0), &[&lin, &wu]).await, shifts, "repeating it changes nothing");
    assert_eq!(shifts[0]["user"]["username"], "lin");
    assert_eq!(on_duty(&admin, noon(0), "COUNSELOR").await, ["lin", "wu"]);
    assert_eq!(on_duty(&admin, noon(1), "COUNSELOR").await, Vec::<String>::new());
    hotline.assert_calm();
}

#[tokio::test]
async fn nonsense_puts_nobody_on_shift() {
    let (hotline, admin) = open().await;
    let (lin, foreign) = (hotline.database.id_of("lin").await, hotline.database.id_of("foreign").await);
    let (guanli, visitor) = (hotline.database.id_of("guanli").await, hotline.visitor("ecnu", "v").await);
    admin.put("/arrange", json!({ "timestamp": noon(-1), "users": [lin] })).await.refused(-2, PAST);
    for nobody in [foreign.as_str(), guanli.as_str(), visitor.id().await.as_str(), "x", &"0".repeat(32)] {
        let body = json!({ "timestamp": noon(0), "users": [lin, nobody] });
        admin.put("/arrange", body).await.refused(-3, &format!("用户未找到：{nobody}"));
        let body = json!({ "weekDays": [1], "user": nobody });
        admin.post("/arrange/batch", body).await.refused(-3, &format!("用户未找到：{nobody}"));
    }
    admin.put("/arrange", json!({ "users": [lin] })).await.refused(-2, "缺少参数：timestamp");
    admin.put("/arrange", json!({ "timestamp": noon(0), "users": [] })).await.refused(-2, "缺少参数：users");
    admin.put("/arrange", json!({ "timestamp": "soon", "users": [lin] })).await.refused_with(-2);
    for days in [json!([0]), json!([8]), json!(["x"]), json!({}), Value::Null] {
        admin.post("/arrange/batch", json!({ "weekDays": days, "user": lin })).await.refused_with(-2);
    }
    for path in ["/arrange/theday", "/arrange/theday?timestamp=1", "/arrange/theday?timestamp=1&type=VISITOR"]
    {
        admin.get(path).await.refused_with(-2);
    }
    let path = "/arrange/theday?timestamp=1&type=COUNSELOR&state=asleep";
    admin.get(path).await.refused(-2, "参数格式不正确：state");
    assert_eq!(days_of(&hotline, "lin").await, Vec::<i64>::new());
    hotline.assert_calm();
}

#[tokio::test]
async fn a_standing_week_is_written_ahead_replaced_and_cleared() {
    let (hotline, admin) = open().await;
    let lin = hotline.database.id_of("lin").await;
    let week = async |days: Value| {
        assert_eq!(admin.post("/arrange/batch", json!({ "weekDays": days, "user": lin })).await.ok(), "ok");
    };
    let today = i64::from(today_in("Asia/Shanghai").weekday().to_monday_one_offset());
    let tomorrow = today % 7 + 1;
    week(json!([today, tomorrow.to_string(), today])).await;
    let expected: Vec<i64> = (0..=60).filter(|day| day % 7 < 2).collect();
    assert_eq!(days_of(&hotline, "lin").await, expected);

    // One day is taken off, another put by hand: both outlive the week.
    let on = admin.get(&format!("/arrange/theday?timestamp={}&type=COUNSELOR", noon(7))).await.ok();
    let shift = on[0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(admin.delete(&format!("/arrange/{shift}")).await.ok(), "ok");
    assert_eq!(admin.delete(&format!("/arrange/{shift}")).await.ok(), "ok", "and stays off");
    put(&admin, noon(8), &[&lin]).await;
    week(json!([today])).await;
    let mut expected: Vec<i64> = (0..=60).filter(|day| day % 7 == 0 && *day != 7).collect();
    expected.push(8);
    expected.sort_unstable();
    assert_eq!(days_of(&hotline, "lin").await, expected);
    week(json!([])).await;
    assert_eq!(days_of(&hotline, "lin").await, [8]);
    put(&admin, noon(7), &[&lin]).await;
    assert_eq!(days_of(&hotline, "lin").await, [7, 8], "by hand it comes back");
}

#[tokio::test]
async fn the_days_list_shows_who_can_be_asked() {
    let (hotline, admin) = open().await;
    let (lin, wu) = (hotline.database.id_of("lin").await, hotline.database.id_of("wu").await);
    put(&admin, noon(0), &[&lin, &wu, &hotline.database.id_of("dudao").await]).await;
    let client = hotline.staff("wu").await;
    client.post("/user/maxconsults", json!({ "maxConsults": 1 })).await.ok();
    let mut workbench = client.workbench().await;
    workbench.snapshot().await;
    let (first, second) = (hotline.visitor("ecnu", "a").await, hotline.visitor("ecnu", "b").await);
    let day = |query: &str| format!("/arrange/theday?timestamp={}&type=COUNSELOR{query}", noon(0));
    let rows = first.get(&day("")).await;
    assert_eq!(rows.body["count"], 2);
    let row = &rows.body["result"][0];
    assert_eq!(
        (&row["user"]["username"], &row["state"], &row["active"]),
        (&json!("wu"), &json!("online"), &json!(0))
    );
    assert_eq!((&row["consulted"], &row["rating"]), (&json!(false), &Value::Null));
    assert_eq!(rows.body["result"][1]["state"], "offline");

    let talk = first.open(&wu).await["id"].as_str().expect("an id").to_owned();
    second.open(&wu).await;
    let rows = first.get(&day("&state=busy")).await;
    assert_eq!(rows.body["count"], 1);
    let row = &rows.body["result"][0];
    assert_eq!((&row["active"], &row["waiting"], &row["maxConsults"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(row["consulted"], true);
    assert_eq!(second.get(&day("&state=busy")).await.ok()[0]["consulted"], false);
    first.end(&talk).await;
    let rated = json!({ "conversationId": talk, "objectType": "COUNSELOR", "level": 4 });
    first.put("/evaluate", rated).await.ok();
    assert_eq!(second.get(&day("&page=0&size=1")).await.ok()[0]["rating"], 4.0);
    assert!(client.get(&day("")).await.ok()[0].get("rating").is_none(), "for visitors only");
    let past_the_end = second.get(&day("&page=7")).await;
    assert_eq!((&past_the_end.body["result"], &past_the_end.body["count"]), (&json!([]), &json!(2)));
    let supervisors = format!("/arrange/theday?timestamp={}&type=SUPERVISOR", noon(0));
    assert_eq!(second.get(&supervisors).await.ok()[0]["user"]["username"], "dudao");
    hotline.assert_calm();
}

#[tokio::test]
async fn a_month_counts_who_is_on_duty_each_day() {
    let (hotline, admin) = open().await;
    let (lin, dudao) = (hotline.database.id_of("lin").await, hotline.database.id_of("dudao").await);
    put(&admin, noon(0), &[&lin, &dudao]).await;
    let month = admin.get(&format!("/arrange/month?timestamp={}", noon(0))).await.ok();
    let days = month.as_array().expect("days");
    let today = today_in("Asia/Shanghai");
    assert_eq!(days.len(), usize::try_from(today.days_in_month()).expect("a month"));
    let row = &days[usize::try_from(today.day() - 1).expect("a day")];
    assert_eq!(row["day"], today.to_string());
    assert_eq!((&row["counselors"], &row["supervisors"]), (&json!(1), &json!(1)));
    assert_eq!(row["users"][0]["username"], "lin");
    let others = days.iter().filter(|day| day["day"] != row["day"]);
    assert!(others.clone().all(|day| day["users"] == json!([]) && day["counselors"] == 0), "{month}");
    assert_eq!(admin.get("/arrange/month").await.ok().as_array().map(Vec::len), Some(days.len()));
}

#[tokio::test]
async fn shifts_are_changed_and_read_by_those_who_may() {
    let (hotline, admin) = open().await;
    let lin = hotline.database.id_of("lin").await;
    let shift = put(&admin, noon(0), &[&lin]).await[0]["id"].as_str().expect("an id").to_owned();
    let (counselor, visitor) = (hotline.staff("lin").await, hotline.visitor("ecnu", "v").await);
    let day = format!("/arrange/theday?timestamp={}&type=COUNSELOR", noon(0));
    for client in [&counselor, &visitor] {
        let put = json!({ "timestamp": noon(0), "users": [lin] });
        client.put("/arrange", put).await.refused(-5, NOT_ALLOWED);
        let week = json!({ "weekDays": [1], "user": lin });
        client.post("/arrange/batch", week).await.refused(-5, NOT_ALLOWED);
        client.delete(&format!("/arrange/{shift}")).await.refused(-5, NOT_ALLOWED);
        assert_eq!(client.get(&day).await.body["count"], 1);
    }
    visitor.get("/arrange/month").await.refused(-5, NOT_ALLOWED);
    counselor.get("/arrange/month").await.ok();
    hotline.client().get("/arrange/theday").await.fault(403, "/arrange/theday");

    let foreign = hotline.staff("guanli2").await;
    assert_eq!(foreign.get(&day).await.body["count"], 0);
    let unknown = format!("排班记录未找到：{shift}");
    foreign.delete(&format!("/arrange/{shift}")).await.refused(-1, &unknown);
    admin.delete("/arrange/nothing").await.refused(-1, "排班记录未找到：nothing");
    assert_eq!(hotline.staff("dudao").await.delete(&format!("/arrange/{shift}")).await.ok(), "ok");
    assert_eq!(visitor.get(&day).await.body["count"], 0);
    let noted = sqlx::query_scalar!("select count(*) from audit where action = 'remove-shift'");
    assert_eq!(noted.fetch_one(&hotline.database.pool).await.expect("the audit can be read"), Some(1));
    hotline.assert_calm();
}

//! The place told is true: it counts whoever is served before by those who serve this visitor, says how long one may
//! wait, and is told again whenever any of it changes.

use hotline::clock;
use serde_json::{Value, json};

use crate::support::{Client, Hotline, SOON, Socket, until, within_one_day};

const MINUTE: i64 = 60_000;

/// The counselor `lin`, on shift, at the workbench, with one place that is taken; and `absent`, not on shift.
struct House {
    hotline: Hotline,
    lin: String,
    desk: Socket,
    /// The one who has the place.
    talk: Value,
    absent: String,
}

impl House {
    async fn opens() -> Self {
        within_one_day("Asia/Shanghai").await;
        let mut hotline = Hotline::prepare(&["ecnu"]).await;
        hotline.add_counselor("ecnu", "lin").await;
        hotline.add_user("ecnu", "COUNSELOR", "absent").await;
        hotline.add_user("ecnu", "INSTITUTION", "guanli").await;
        hotline.set("dispatch.default_max_consults", 1);
        hotline.set("dispatch.grace_seconds", 2);
        hotline.start().await;
        let lin = hotline.staff("lin").await;
        lin.post("/user/maxconsults", json!({ "maxConsults": 1 })).await.ok();
        let mut desk = lin.workbench().await;
        desk.snapshot().await;
        let lin = lin.id().await;
        let talk = hotline.visitor("ecnu", "seated").await.open(&lin).await;
        assert_eq!(talk["status"], "IN_PROGRESS");
        let absent = hotline.database.id_of("absent").await;
        Self { hotline, lin, desk, talk, absent }
    }

    async fn asks(&self, code: &str, counselor: &str) -> (Client, Value) {
        let visitor = self.hotline.visitor("ecnu", code).await;
        let asked = json!({ "counselor": counselor, "fallback": true });
        let waiting = visitor.put("/conversation", asked).await.ok();
        assert_eq!(waiting["status"], "WAITING");
        (visitor, waiting)
    }

    /// How many the choice of a counselor is told to stand behind.
    async fn on_offer(&self, counselor: &str) -> Value {
        let path = format!("/arrange/theday?timestamp={}&type=COUNSELOR", clock::now().0);
        let rows = self.hotline.visitor("ecnu", "chooses").await.get(&path).await.ok();
        let row = rows.as_array().expect("rows").iter().find(|row| row["user"]["id"] == *counselor);
        let row = row.expect("is on shift");
        json!({ "waiting": row["waiting"], "active": row["active"] })
    }
}

fn ahead(conversation: &Value) -> (&Value, &Value) {
    (&conversation["queue"]["ahead"], &conversation["queue"]["next"])
}

async fn told(socket: &mut Socket, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let fits =
        |frame: &Value| frame["type"] == "state" && frame["queue"].is_object() && fits(&frame["queue"]);
    socket.expect(what, fits, SOON).await["queue"].clone()
}

#[tokio::test]
async fn whoever_names_an_absent_counselor_is_told_to_be_served_fourth_and_is() {
    let house = House::opens().await;
    let mut first = Vec::new();
    for number in 0..3 {
        let (visitor, waiting) = house.asks(&format!("v{number}"), "any").await;
        assert_eq!(ahead(&waiting), (&json!(number), &json!(number == 0)));
        first.push((visitor, waiting));
    }
    assert_eq!(house.on_offer(&house.lin).await, json!({ "waiting": 3, "active": 1 }));
    let (last, waiting) = house.asks("last", &house.absent).await;
    let queue = &waiting["queue"];
    assert_eq!((&queue["position"], &queue["ahead"], &queue["next"]), (&json!(4), &json!(3), &json!(false)));
    assert_eq!((&queue["counselorState"], &queue["estimatedWaitSeconds"]), (&json!("offline"), &Value::Null));
    let limit = waiting["createdTime"].as_i64().expect("a time") + 30 * MINUTE;
    assert_eq!((&queue["waitUntil"], &queue["nextShift"]), (&json!(limit), &Value::Null));
    until("others may serve them once the grace after the start is over", SOON, async || {
        (house.on_offer(&house.lin).await["waiting"] == 4).then_some(())
    })
    .await;
    let mut socket = last.visitor_socket().await;
    let snapshot = socket.snapshot().await;
    assert_eq!(snapshot["queue"], *queue, "told alike everywhere");
    let lin = house.hotline.staff("lin").await;
    let mut talking = house.talk["id"].clone();
    for (served, (visitor, waiting)) in first.iter().enumerate() {
        lin.end(talking.as_str().expect("an id")).await;
        let now = visitor.conversation(waiting["id"].as_str().expect("an id")).await;
        assert_eq!(now["status"], "IN_PROGRESS", "served as number {}", served + 1);
        let place = told(&mut socket, "the new place", |queue| queue["ahead"] == 2 - served).await;
        assert_eq!(place["next"], served == 2);
        talking = waiting["id"].clone();
    }
    lin.end(talking.as_str().expect("an id")).await;
    socket.event("assigned", waiting["id"].as_str().expect("an id")).await;
    house.hotline.assert_calm();
}

#[tokio::test]
async fn whoever_waits_is_told_again_when_those_who_serve_come_and_go_or_others_become_urgent() {
    let mut house = House::opens().await;
    let (first, waiting) = house.asks("first", "any").await;
    let (_second, other) = house.asks("second", &house.lin).await;
    assert_eq!((ahead(&waiting), ahead(&other)), ((&json!(0), &json!(true)), (&json!(1), &json!(false))));
    let mut socket = first.visitor_socket().await;
    assert_eq!(socket.snapshot().await["queue"]["next"], true);
    house.desk.send(json!({ "type": "presence", "presence": "away" })).await;
    told(&mut socket, "nobody takes anybody", |queue| queue["next"] == false).await;
    house.desk.send(json!({ "type": "presence", "presence": "online" })).await;
    told(&mut socket, "next again", |queue| queue["next"] == true).await;

    let guanli = house.hotline.staff("guanli").await;
    let raise = format!("/conversation/priority/{}", other["id"].as_str().expect("an id"));
    guanli.post(&raise, json!({ "priority": "URGENT" })).await.ok();
    let place = told(&mut socket, "an urgent one goes before", |queue| queue["ahead"] == 1).await;
    assert_eq!(place["next"], false);
    // A second socket that opens in between is told first, and the other no less.
    guanli.post(&raise, json!({ "priority": "NORMAL" })).await.ok();
    let mut another = first.visitor_socket().await;
    assert_eq!(another.snapshot().await["queue"]["ahead"], 0);
    told(&mut socket, "next at last", |queue| queue["next"] == true).await;
    house.hotline.assert_calm();
}

#[tokio::test]
async fn where_nobody_is_there_the_next_shift_is_told() {
    let house = House::opens().await;
    let guanli = house.hotline.staff("guanli").await;
    let tomorrow = clock::now().0 + 24 * 60 * MINUTE;
    let arranged = json!({ "timestamp": tomorrow, "users": [house.absent] });
    let shifts = guanli.put("/arrange", arranged).await.ok();
    let begins = shifts[0]["timestamp"].clone();
    let (visitor, waiting) = house.asks("first", &house.absent).await;
    assert_eq!(waiting["queue"]["nextShift"], Value::Null, "others are there");
    let mut socket = visitor.visitor_socket().await;
    socket.snapshot().await;
    let House { hotline, desk, .. } = house;
    drop(desk);
    hotline.staff("lin").await.post("/user/maxconsults", json!({ "maxConsults": 0 })).await.ok();
    let path = format!("/arrange/theday?timestamp={}&type=COUNSELOR", clock::now().0);
    let today = guanli.get(&path).await.ok();
    let shift = today[0]["id"].as_str().expect("an id");
    guanli.delete(&format!("/arrange/{shift}")).await.ok();
    let place = told(&mut socket, "the next shift", |queue| !queue["nextShift"].is_null()).await;
    assert_eq!((&place["nextShift"], &place["next"]), (&begins, &json!(false)));
    until("asked alike", SOON, async || {
        let now = visitor.get("/conversation/current").await.ok();
        (now[0]["queue"]["nextShift"] == begins).then_some(())
    })
    .await;
    hotline.assert_calm();
}

//! `State.StateChange`: a visitor who has left before being seated has only a little time to come back.

use super::*;

const ASK: &str = "openim/query_online_status";

/// A change of an IM log-in, so many milliseconds from now.
fn change(account: &str, action: &str, in_ms: i64) -> Value {
    let reason = if action == "Login" { "Register" } else { "LinkClose" };
    json!({
        "CallbackCommand": "State.StateChange", "EventTime": hotline::clock::now().0 + in_ms,
        "Info": { "Action": action, "To_Account": account, "Reason": reason },
    })
}

#[tokio::test]
async fn a_visitor_seated_while_gone_is_absent_unless_they_are_on_another_device_or_back() {
    let mut house =
        House::open_with(&[("dispatch.absent_seconds_max", "3"), ("dispatch.unanswered_seconds", "[]")])
            .await;
    assert_eq!(house.lin.post("/user/maxconsults", json!({ "maxConsults": 0 })).await.ok(), "ok");
    let [gone, elsewhere, back] =
        [house.talk("gone").await, house.talk("elsewhere").await, house.talk("back").await];
    let nobody = house.hotline.client();
    for talk in [&gone, &elsewhere, &back] {
        assert_taken(&nobody.callback(&change(&talk.visitor.username, "Login", -3000)).await);
    }
    // One of two devices leaves; Tencent knows about the other.
    house.tencent.log_in(&elsewhere.visitor.username, true);
    for talk in [&gone, &elsewhere, &back] {
        assert_taken(&nobody.callback(&change(&talk.visitor.username, "Disconnect", -2000)).await);
    }
    house.tencent.asked_at_least(ASK, 3).await;
    // An old log-in that is told late brings nobody back; a new one does.
    assert_taken(&nobody.callback(&change(&gone.visitor.username, "Login", -2500)).await);
    assert_taken(&nobody.callback(&change(&back.visitor.username, "Login", -1000)).await);
    // Nothing shows a visitor's presence. What was told is taken in long before all this has gone its way through the
    // database and the Registry.
    for _ in 0..10 {
        assert_eq!(house.lin.post("/user/maxconsults", json!({ "maxConsults": 0 })).await.ok(), "ok");
        house.lin_socket.ping().await;
    }
    assert_eq!(house.lin.post("/user/maxconsults", json!({ "maxConsults": 5 })).await.ok(), "ok");

    let over = house.over(&gone).await;
    assert_eq!((&over["status"], &over["endReason"]), (&json!("TIME_OUT"), &json!("absent")));
    for talk in [&elsewhere, &back] {
        assert_eq!(talk.visitor.conversation(&talk.id).await["status"], "IN_PROGRESS");
    }
}

//! Our own IM: what two people say over their sockets, as both of them, their supervisor and the record see it.

use serde_json::{Value, json};

use crate::support::{Client, Hotline, SOON, Socket};

/// A visitor in a talk with the counselor lin, over the IM of our own.
struct Chat {
    hotline: Hotline,
    lin: Client,
    visitor: Client,
    his: Socket,
    hers: Socket,
    talk: String,
}

async fn prepared() -> Hotline {
    let mut hotline = Hotline::prepare(&["ecnu", "hdu"]).await;
    hotline.add_counselor("ecnu", "lin").await;
    hotline.add_user("ecnu", "SUPERVISOR", "du");
    hotline.add_user("ecnu", "INSTITUTION", "boss");
    hotline.database.bind_supervisor("lin", "du").await;
    hotline.set("im.mode", "embedded");
    hotline
}

impl Chat {
    async fn begin() -> Self {
        let mut hotline = prepared().await;
        hotline.start().await;
        Self::on(hotline).await
    }

    async fn on(hotline: Hotline) -> Self {
        let lin = hotline.staff("lin").await;
        let mut hers = lin.workbench().await;
        hers.snapshot().await;
        let visitor = hotline.visitor("ecnu", "first").await;
        let mut his = visitor.visitor_socket().await;
        his.snapshot().await;
        let talk = visitor.open(&lin.id().await).await["id"].as_str().expect("an id").to_owned();
        hers.event("assigned", &talk).await;
        his.event("assigned", &talk).await;
        Self { hotline, lin, visitor, his, hers, talk }
    }
}

async fn say(socket: &mut Socket, talk: &str, reference: &str, text: &str) -> Value {
    socket.send(json!({ "type": "say", "ref": reference, "conversation": talk, "text": text })).await;
    answered(socket, reference).await
}

async fn answered(socket: &mut Socket, reference: &str) -> Value {
    let fits = |frame: &Value| frame["ref"] == reference && frame["type"] != "message";
    socket.expect("an answer", fits, SOON).await
}

async fn heard(socket: &mut Socket, reference: &str) -> Value {
    let fits = |frame: &Value| frame["type"] == "message" && frame["message"]["ref"] == reference;
    socket.expect("a message", fits, SOON).await
}

async fn record(client: &Client, talk: &str) -> Vec<Value> {
    let rows = client.get(&format!("/message/conversation/web?conversationId={talk}&size=200")).await.ok();
    rows.as_array().expect("a list").clone()
}

#[tokio::test]
async fn what_is_said_is_stored_answered_and_heard_by_the_other_one() {
    let mut chat = Chat::begin().await;
    let said = say(&mut chat.his, &chat.talk, "a1", "  你好 😀  ").await;
    assert_eq!((&said["type"], &said["conversation"]), (&json!("said"), &json!(chat.talk)));
    let heard = heard(&mut chat.hers, "a1").await;
    assert_eq!(heard["message"], said["message"]);
    assert_eq!(heard["message"]["payload"], json!({ "text": "你好 😀" }));
    let rows = record(&chat.lin, &chat.talk).await;
    let mut shown = said["message"].clone();
    let only_live = ["ref", "timeMs"].map(|key| shown.as_object_mut().expect("an object").remove(key));
    assert_eq!(only_live[0], Some(json!("a1")));
    assert_eq!(rows, [shown]);
}

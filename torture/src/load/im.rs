//! Tencent IM: delivers what was said as callbacks (protocols: `C2C.CallbackAfterSendMsg`), again and again until it is
//! taken, and now and then once more.

use std::{sync::atomic::Ordering, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};

use super::World;
use crate::{
    history::{Fact, wall_ms},
    setup::SDK_APP_ID,
    store_probe::Lookup,
    wire::Client,
};

/// Who says something to whom, and in which talk.
#[derive(Debug, Clone)]
pub(super) struct Talk {
    pub(super) conversation: String,
    pub(super) from: String,
    pub(super) to: String,
}

struct Message {
    talk: Talk,
    token: String,
    key: String,
    body: Value,
}

impl Message {
    fn new(talk: Talk, number: u64) -> Self {
        let token = format!("token-{number}-end");
        let (sequence, time) = (number % 65_536, wall_ms() / 1000);
        // Above i32::MAX, as Tencent's often are.
        let random = 4_026_000_000 + number;
        let key = format!("{sequence}_{random}_{time}");
        let text = json!([{ "MsgType": "TIMTextElem", "MsgContent": { "Text": token } }]);
        let body = json!({
            "CallbackCommand": "C2C.CallbackAfterSendMsg",
            "From_Account": talk.from,
            "To_Account": talk.to,
            "MsgSeq": sequence,
            "MsgRandom": random,
            "MsgTime": time,
            "MsgKey": key,
            "OnlineOnlyFlag": 0,
            "SendMsgResult": 0,
            "ErrorInfo": "send msg succeed",
            "UnreadMsgNum": 1,
            "MsgBody": text,
            "CloudCustomData": talk.conversation,
        });
        Self { talk, token, key, body }
    }
}

/// Says something; Tencent sees to the rest.
pub(super) fn say(world: &World, talk: Talk) {
    let (world, message) = (world.clone(), Message::new(talk, world.next_token()));
    world.shared.undelivered.fetch_add(1, Ordering::Relaxed);
    tokio::spawn(async move {
        deliver(&world, &message).await;
        world.shared.undelivered.fetch_sub(1, Ordering::Relaxed);
    });
}

async fn deliver(world: &World, message: &Message) {
    let client = world.client("tencent");
    let mut rng = world.rng(&message.token);
    let mut again = false;
    loop {
        match callback(&client, &message.body).await {
            Some(Answer::Taken) => {
                note_taken(world, message).await;
                // Delivered again although it was taken: it must not stand there twice.
                if again || !rng.once_in(8) {
                    return;
                }
                again = true;
            }
            Some(Answer::Unmatched) => {
                let Talk { from, to, .. } = message.talk.clone();
                let (token, key) = (message.token.clone(), message.key.clone());
                world.history.note("tencent", Fact::Unmatched { token, from, to, key });
                return;
            }
            Some(Answer::NotYet) | None => tokio::time::sleep(rng.milliseconds(60..300)).await,
        }
    }
}

async fn note_taken(world: &World, message: &Message) {
    let Talk { conversation, from, to } = message.talk.clone();
    let said = Fact::Said { token: message.token.clone(), from, to, key: message.key.clone(), conversation };
    world.history.note("tencent", said);
    let Talk { from, to, .. } = &message.talk;
    world.probe.look("tencent", Lookup::Message { from, to, key: &message.key }).await;
}

enum Answer {
    Taken,
    Unmatched,
    NotYet,
}

async fn callback(client: &Client, body: &Value) -> Option<Answer> {
    let path = format!(
        "/message/callback?SdkAppid={SDK_APP_ID}&CallbackCommand=C2C.CallbackAfterSendMsg&contenttype=json\
         &ClientIP=127.0.0.1&OptPlatform=RESTAPI"
    );
    // Tencent waits two seconds.
    let exchange = client.exchange(Method::POST, &path, body);
    let (status, answer, _) = tokio::time::timeout(Duration::from_secs(2), exchange).await.ok()??;
    Some(match (status, answer["ActionStatus"].as_str()) {
        (200, Some("OK")) => Answer::Taken,
        (200, Some("FAIL"))
            if answer["ErrorInfo"].as_str().is_some_and(|why| why.contains("不属于任何会话")) =>
        {
            Answer::Unmatched
        }
        (_, _) => Answer::NotYet,
    })
}

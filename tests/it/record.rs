//! Callbacks, the record and log-ins to IM over HTTP: what Tencent is answered, and who may read what was said.

use std::time::Duration;

use hotline::{clock, im::user_sig};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, Client, Hotline, IM_KEY, SDK_APP_ID, Word, words};

const CALLBACK: &str = "/message/callback";

/// A hotline where the visitor `sandbox_fangke` talks with `zixunshi`, whom `dudao` looks after.
async fn talk() -> (Hotline, String) {
    let mut hotline = Hotline::prepare(&["ecnu", "other"]).await;
    for (institution, kind, username) in [
        ("ecnu", "COUNSELOR", "zixunshi"),
        ("ecnu", "COUNSELOR", "zixunshi2"),
        ("ecnu", "SUPERVISOR", "dudao"),
        ("ecnu", "SUPERVISOR", "dudao2"),
        ("ecnu", "INSTITUTION", "guanli"),
        ("other", "INSTITUTION", "guanli2"),
    ] {
        hotline.add_user(institution, kind, username).await;
    }
    hotline.database.bind_supervisor("zixunshi", "dudao").await;
    hotline.start().await;
    hotline.visitor("ecnu", "fangke").await;
    let id = Uuid::now_v7();
    // Straight into the table: whom the dispatch would seat is not what is looked at here.
    sqlx::query!(
        "insert into conversations (id, institution, kind, visitor, counselor, status, arrival, opened_at, started_at)
         select $1, 'ecnu', 'COUNSELING_SESSION', v.id, c.id, 'IN_PROGRESS', 0, $2, $2
         from people v, people c where v.username = 'sandbox_fangke' and c.username = 'zixunshi'",
        id,
        clock::now().0,
    )
    .execute(&hotline.database.pool)
    .await
    .expect("a conversation");
    (hotline, id.simple().to_string())
}

fn path_of(conversation: &str) -> String {
    format!("/message/conversation/web?conversationId={conversation}")
}

fn assert_failed(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!((&answer.body["ActionStatus"], &answer.body["ErrorCode"]), (&json!("FAIL"), &json!(1)));
    assert!(answer.body["ErrorInfo"].as_str().is_some_and(|reason| !reason.is_empty()), "{answer:?}");
    assert_eq!(answer.body.as_object().map(serde_json::Map::len), Some(6));
}

#[tokio::test]
async fn a_record_is_read_by_those_it_concerns_and_that_is_noted() {
    let (hotline, id) = talk().await;
    let tencent = hotline.client();
    let word = Word::new("sandbox_fangke", "zixunshi", &id, 1, words::text("你好"));
    tencent.say(&word).await;
    tencent.say(&word).await;
    tencent.say(&Word::new("zixunshi", "sandbox_fangke", &id, 2, words::image())).await;

    let visitor = hotline.visitor("ecnu", "fangke").await;
    let whole = visitor.get(&path_of(&id)).await;
    assert_eq!((&whole.body["count"], &whole.body["next"]), (&json!(2), &Value::Null));
    let rows = whole.ok();
    assert_eq!((&rows[0]["payload"], &rows[0]["flow"]), (&json!({ "text": "你好" }), &json!("in")));
    assert_eq!((&rows[1]["type"], &rows[1]["flow"]), (&json!("TIMImageElem"), &json!("out")));
    for reader in ["zixunshi", "dudao", "guanli"] {
        assert_eq!(hotline.staff(reader).await.get(&path_of(&id)).await.ok(), rows, "{reader}");
    }
    let page = visitor.get(&format!("{}&page=1&size=1", path_of(&id))).await;
    assert_eq!(page.body["count"], 2);
    assert_eq!(page.ok(), json!([rows[1]]));

    for reader in ["zixunshi2", "dudao2"] {
        hotline.staff(reader).await.get(&path_of(&id)).await.refused(-5, "未开通权限");
    }
    hotline.visitor("ecnu", "bieren").await.get(&path_of(&id)).await.refused(-5, "未开通权限");
    let unknown = format!("conversation not find: {id}");
    hotline.staff("guanli2").await.get(&path_of(&id)).await.refused(-1, &unknown);

    let readers = sqlx::query_scalar!(
        "select p.username from audit a join people p on p.id = a.actor
         where a.action = 'read-messages' and a.institution = 'ecnu' order by p.username"
    );
    let readers = readers.fetch_all(&hotline.database.pool).await.expect("the audit can be read");
    assert_eq!(readers, ["dudao", "guanli"], "one's own record is read without a note");
    hotline.assert_calm();
}

#[tokio::test]
async fn an_unknown_conversation_is_not_found_and_a_bad_parameter_named() {
    let (hotline, id) = talk().await;
    let counselor = hotline.staff("zixunshi").await;
    for unknown in ["608260fd5e4bc35def72b735608260fd", "nonsense"] {
        let answer = counselor.get(&path_of(unknown)).await;
        answer.refused(-1, &format!("conversation not find: {unknown}"));
    }
    for (query, named) in [("", "conversationId"), ("conversationId=a%00b", "conversationId")] {
        let answer = counselor.get(&format!("/message/conversation/web?{query}")).await;
        answer.refused_with(-2);
        assert!(answer.body["message"].to_string().contains(named));
    }
    counselor.get(&format!("{}&page=-1", path_of(&id))).await.refused_with(-2);
    hotline.client().get(&path_of(&id)).await.fault(403, "/message/conversation/web");
    hotline.assert_calm();
}

#[tokio::test]
async fn a_callback_is_checked_and_always_answered() {
    let (hotline, id) = talk().await;
    let tencent = hotline.client();
    let word = Word::new("sandbox_fangke", "zixunshi", &id, 1, words::text("你好"));
    let callback = word.callback();
    let send = async |query: &str, body: Vec<u8>| {
        let request = tencent.request(Method::POST, &format!("{CALLBACK}?{query}")).body(body);
        Answer::of(request).await
    };
    let ours = format!("SdkAppid={SDK_APP_ID}&CallbackCommand=C2C.CallbackAfterSendMsg");
    let body = callback.to_string().into_bytes();
    assert_failed(&send("", body.clone()).await);
    assert_failed(&send("SdkAppid=1&CallbackCommand=C2C.CallbackAfterSendMsg", body.clone()).await);
    assert_failed(&send(&format!("SdkAppid={SDK_APP_ID}&CallbackCommand=Other"), body.clone()).await);
    assert_failed(&send("%ff=%fe&SdkAppid", body.clone()).await);
    for broken in [&b"{"[..], b"", b"[]", b"\xff\xfe", b"{\"CallbackCommand\":7}"] {
        assert_failed(&send(&ours, broken.to_vec()).await);
    }
    send(&ours, vec![b' '; 1024 * 1024]).await.fault(413, CALLBACK);
    let stranger = Word::new("nobody", "zixunshi", &id, 2, words::text("?"));
    assert_failed(&tencent.callback(&stranger.callback()).await);
    // Neither content type nor an unknown command is a reason to refuse, and a body of 200 KiB is none either.
    assert_eq!(send(&ours, body).await.ok(), "ok");
    let long = Word::new("sandbox_fangke", "zixunshi", &id, 3, words::text(&"长".repeat(60_000)));
    tencent.say(&long).await;
    assert_eq!(tencent.callback(&json!({ "CallbackCommand": "Sns.CallbackFriendAdd" })).await.ok(), "ok");
    assert_eq!(hotline.staff("zixunshi").await.get(&path_of(&id)).await.body["count"], 2);
    hotline.assert_calm();
}

#[tokio::test]
async fn with_a_token_unsigned_callbacks_are_refused() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.set("im.callback_token", "made-up");
    hotline.start().await;
    let body = json!({ "CallbackCommand": "Sns.CallbackFriendAdd" });
    assert_failed(&hotline.client().callback(&body).await);
    let now = (clock::now().0 / 1000).to_string();
    let signed = hotline::im::callback::sign("made-up", &now);
    let query = format!(
        "SdkAppid={SDK_APP_ID}&CallbackCommand=Sns.CallbackFriendAdd&Sign={signed}&RequestTime={now}"
    );
    let request = hotline.client().request(Method::POST, &format!("{CALLBACK}?{query}")).json(&body);
    assert_eq!(Answer::of(request).await.ok(), "ok");
}

#[tokio::test]
async fn everybody_gets_a_user_sig_of_their_own() {
    let (hotline, _) = talk().await;
    let visitor = hotline.visitor("ecnu", "fangke").await;
    let staff = hotline.staff("zixunshi").await;
    for client in [&visitor, &staff] {
        let sig = sign(client).await;
        let claims = user_sig::decode(&sig).expect("a UserSig");
        assert_eq!((claims.identifier.as_str(), claims.sdk_app_id), (client.username.as_str(), SDK_APP_ID));
        assert_eq!(claims.life_seconds, 180 * 24 * 60 * 60);
        assert!(user_sig::verify(&claims, IM_KEY, clock::now()));
        assert!(
            clock::now().since(hotline_actors::Timestamp(claims.made_seconds * 1000))
                < Duration::from_mins(1)
        );
    }
    hotline.client().post("/im/sign", Value::Null).await.fault(403, "/im/sign");
}

async fn sign(client: &Client) -> String {
    client.post("/im/sign", Value::Null).await.ok().as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn without_an_im_application_there_is_no_user_sig_and_no_callback() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.set("im.sdk_app_id", 0);
    hotline.set("im.secret_key", "");
    hotline.start().await;
    let visitor = hotline.visitor("ecnu", "fangke").await;
    visitor.post("/im/sign", Value::Null).await.refused_with(-1);
    let query = "SdkAppid=0&CallbackCommand=Sns.CallbackFriendAdd";
    let request = visitor.request(Method::POST, &format!("{CALLBACK}?{query}"));
    assert_failed(&Answer::of(request.json(&json!({ "CallbackCommand": "Sns.CallbackFriendAdd" }))).await);
}

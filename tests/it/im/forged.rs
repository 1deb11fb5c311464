//! Callbacks that are not Tencent's: whoever knows the application's number can send them, and nothing comes of it.

use hotline::im::callback::sign;

use super::*;

const TOKEN: &str = "a-token-of-these-tests";
const BAD_SIGN: &str = "回调签名无效";

/// What stands in the query about the signature.
type Signature = Vec<(&'static str, String)>;

fn now() -> i64 {
    hotline::clock::now().0 / 1000
}

fn signed_at(seconds: i64, token: &str) -> Signature {
    let time = seconds.to_string();
    vec![("Sign", sign(token, &time)), ("RequestTime", time)]
}

fn forgeries() -> Vec<(&'static str, Signature)> {
    let time = now().to_string();
    let of_another_moment =
        vec![("Sign", sign(TOKEN, &(now() - 1).to_string())), ("RequestTime", time.clone())];
    vec![
        ("no signature at all", vec![]),
        ("no signature", vec![("RequestTime", time.clone())]),
        ("an empty signature", vec![("Sign", String::new()), ("RequestTime", time.clone())]),
        ("no time", vec![("Sign", sign(TOKEN, ""))]),
        ("a time that is none", vec![("Sign", sign(TOKEN, "soon")), ("RequestTime", "soon".to_owned())]),
        ("a wrong signature", vec![("Sign", "0".repeat(64)), ("RequestTime", time)]),
        ("another token's signature", signed_at(now(), "another-token")),
        ("a signature without a token", signed_at(now(), "")),
        ("another moment's signature", of_another_moment),
        ("a signature of two minutes ago", signed_at(now() - 120, TOKEN)),
        ("a signature of a minute to come", signed_at(now() + 120, TOKEN)),
    ]
}

async fn deliver(client: &Client, body: &Value, signature: &Signature) -> Answer {
    let command = body["CallbackCommand"].as_str().unwrap_or_default();
    Answer::of(client.callback_request(command).query(signature).json(body)).await
}

/// Rows that a callback could have left behind.
async fn traces(house: &House) -> i64 {
    let count = sqlx::query_scalar!(
        r#"select (select count(*) from messages) + (select count(*) from unplaced_messages)
                + (select count(*) from withdrawn_messages) as "count!""#
    );
    count.fetch_one(&house.hotline.database.pool).await.expect("rows can be counted")
}

#[tokio::test]
async fn a_forged_callback_leaves_no_trace_whatever_it_says() {
    let house = House::open_with(&[("im.callback_token", TOKEN), ("im.gate", "true")]).await;
    let (nobody, talk) = (house.hotline.client(), house.talk("anna").await);
    // Said in truth: to be read or taken back by a forgery.
    let said = talk.says(1, "您好");
    assert_taken(&deliver(&nobody, &said.callback(), &signed_at(now(), TOKEN)).await);
    house.reads(&talk, &["您好"]).await;
    let (record, left) = (house.record(&talk).await, traces(&house).await);
    assert_eq!((&record[0]["isPeerRead"], &record[0]["isRevoked"]), (&json!(false), &json!(false)));
    let mut before = talk.says(2, "能进来吗").callback();
    before["CallbackCommand"] = json!("C2C.CallbackBeforeSendMsg");
    let bodies = [
        talk.says(2, "我也是").callback(),
        talk.hears(1, "我是咨询师").callback(),
        Word::new("lin", "nobody", "", 1, words::text("您好")).callback(),
        before,
        json!({
            "CallbackCommand": "C2C.CallbackAfterMsgWithDraw", "From_Account": talk.visitor.username,
            "To_Account": "lin", "MsgKey": said.key(),
        }),
        json!({
            "CallbackCommand": "C2C.CallbackAfterMsgReport", "Report_Account": "lin",
            "Peer_Account": talk.visitor.username, "LastReadTime": now(),
        }),
        json!({
            "CallbackCommand": "State.StateChange",
            "Info": { "Action": "Logout", "To_Account": talk.visitor.username },
        }),
    ];
    for (forgery, signature) in forgeries() {
        for body in &bodies {
            let answer = deliver(&nobody, body, &signature).await;
            assert_eq!(answer.status, 200, "{forgery}: {answer:?}");
            let told = (&answer.body["ActionStatus"], &answer.body["ErrorInfo"]);
            assert_eq!(told, (&json!("FAIL"), &json!(BAD_SIGN)), "{forgery}: {answer:?}");
        }
    }
    // Tencent's own is taken, also a little early or late.
    for (sequence, off) in [(2, -30), (3, 30)] {
        let word = talk.says(sequence, "您好");
        assert_taken(&deliver(&nobody, &word.callback(), &signed_at(now() + off, TOKEN)).await);
    }
    house.reads(&talk, &["您好", "您好", "您好"]).await;
    // What came before has left nothing by then, and changed nothing.
    assert_eq!(traces(&house).await, left + 2);
    assert_eq!(house.record(&talk).await[0], record[0]);
    let asked = house.tencent.asked("openim/query_online_status");
    assert!(asked.is_empty(), "nobody is taken to have logged out: {asked:?}");
    assert!(!house.hotline.log().contains(TOKEN));
    house.hotline.assert_calm();
}

//! In which language a refusal is told: the interface document's, unless a request asks for English.

use reqwest::{Method, header::ACCEPT_LANGUAGE};
use serde_json::{Value, json};

use crate::support::{Answer, Client, Hotline};

async fn asked(client: &Client, language: &str, path: &str, body: &Value) -> Answer {
    let request = client.request(Method::POST, path).header(ACCEPT_LANGUAGE, language);
    Answer::of(request.json(body)).await
}

#[tokio::test]
async fn a_refusal_is_english_for_those_who_ask_for_it_and_the_documents_for_all_others() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.add_counselor("ecnu", "lin").await;
    hotline.start().await;
    let (nobody, lin) = (hotline.client(), hotline.staff("lin").await);
    let wrong = json!({ "username": "lin", "password": "0".repeat(32) });
    let chinese = "该用户名不存在或已被禁用，请核实后再登录！";
    for language in ["zh", "en-US,en;q=0.9", "*"] {
        asked(&nobody, language, "/auth/login", &wrong).await.refused(-3, chinese);
    }
    nobody.post("/auth/login", wrong.clone()).await.refused(-3, chinese);
    let english = asked(&nobody, "en", "/auth/login", &wrong).await;
    english.refused(
        -3,
        "No such user name and password, or the account is disabled. Please check and log in again.",
    );
    // Programs read what stays the same; what is refused by an extractor is translated like what a handler says.
    for language in ["zh", "en"] {
        assert_eq!(asked(&nobody, language, "/auth/login", &wrong).await.body["reason"], "logIn");
        let places = asked(&lin, language, "/user/maxconsults", &json!({ "maxConsults": 99 })).await.body;
        assert_eq!(
            (&places["reason"], &places["field"]),
            (&json!("malformed"), &json!("maxConsults")),
            "{places}"
        );
    }
    asked(&lin, "en", "/conversation/end/nowhere", &json!({}))
        .await
        .refused(-1, "No such conversation: nowhere");
    asked(&lin, "en", "/arrange/batch", &json!({})).await.refused(-5, "You may not do this");
    let good = asked(&lin, "en", "/user/maxconsults", &json!({ "maxConsults": 3 })).await;
    assert_eq!(good.body, json!({ "code": 0, "message": "OK", "result": "ok" }));
    hotline.assert_calm();
}

#[tokio::test]
async fn what_a_client_of_the_document_is_told_begins_as_it_is_printed() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.start().await;
    let request = hotline.client().request(Method::POST, "/auth/login");
    let wrong = json!({ "username": "lin", "password": "0".repeat(32) });
    let answer = request.json(&wrong).send().await.expect("an answer");
    assert_eq!(answer.headers()["content-type"], "application/json");
    let text = answer.text().await.expect("text");
    let printed = r#"{"code":-3,"message":"该用户名不存在或已被禁用，请核实后再登录！","result":null"#;
    assert_eq!(text, format!(r#"{printed},"reason":"logIn"}}"#));
}

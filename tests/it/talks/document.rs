//! The document's own requests, section by section, with ids that exist (docs/contract.md 1).

use super::*;
use crate::{
    samples::{fits_with_words, sample},
    support::within_one_day,
};
use hotline::clock;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn section_27_and_38_supervision_and_evaluation() {
    let hotline = house().await;
    let (lin, visitor) = (hotline.staff("lin").await, hotline.visitor("ecnu", "v1").await);
    let mut desk = lin.workbench().await;
    desk.snapshot().await;
    let talk = id_of(&visitor.open(&lin.id().await).await);
    let mut request = sample("27-supervise")["request"].clone();
    fits_with_words("27-supervise", "bad", &lin.put("/conversation/supervise", request.clone()).await);
    request["supervise"] = json!(hotline.database.id_of("dudao").await);
    request["conversationId"] = json!(talk);
    let dudao = hotline.staff("dudao").await;
    let mut other_desk = dudao.workbench().await;
    other_desk.snapshot().await;
    fits_with_words("27-supervise", "good", &lin.put("/conversation/supervise", request).await);
}

#[tokio::test]
async fn section_28_30_31_32_and_33_records_and_figures() {
    within_one_day("Asia/Shanghai").await;
    let hotline = house().await;
    let (visitor, guanli) = (hotline.visitor("ecnu", "v1").await, hotline.staff("guanli").await);
    // Just now, so that today and this month hold it.
    let talk = Past {
        opened_at: clock::now().0,
        started_at: Some(clock::now().0),
        ..Past::talk("sandbox_v1", "lin", clock::now().0)
    };
    let talk = talk.put(&hotline).await;
    let mut rate = sample("38-evaluate")["request"].clone();
    rate["conversationId"] = json!(talk);
    fits_with_words("38-evaluate", "good", &visitor.put("/evaluate", rate.clone()).await);
    fits_with_words("38-evaluate", "bad", &visitor.put("/evaluate", rate).await);
    let rate = json!({ "conversationId": talk, "objectType": "COUNSELOR", "level": 5 });
    visitor.put("/evaluate", rate).await.ok();

    let list = guanli
        .get("/conversation/consultlist?visitorName&counselorName&property=level&direction=desc&page=0")
        .await;
    fits_with_words("28-consultlist", "good", &list);
    // The document sends these as a JSON body with GET; a body of a GET is ignored.
    let request =
        guanli.request(Method::GET, "/conversation/consultlist").json(&sample("28-consultlist")["request"]);
    fits_with_words("28-consultlist", "good", &crate::support::Answer::of(request).await);
    for (name, path) in [
        ("30-7statistics", "7statistics"),
        ("31-numberranking", "numberranking"),
        ("32-ratedranking", "ratedranking"),
        ("33-todaychange", "todaychange"),
    ] {
        fits_with_words(name, "good", &guanli.get(&format!("/conversation/{path}")).await);
    }
}

#[tokio::test]
async fn section_34_35_and_36_exports_and_deletion() {
    let hotline = house().await;
    hotline.visitor("ecnu", "v1").await;
    let guanli = hotline.staff("guanli").await;
    let unknown = "/conversation/export/608260fd5e4bc35def72b735608260fd";
    fits_with_words("34-export", "bad", &guanli.post(unknown, Value::Null).await);
    let request = sample("35-batchexport")["request"].clone();
    fits_with_words("35-batchexport", "bad", &guanli.post("/conversation/batchexport", request).await);
    let gone = "/conversation/402881217d0da5b1017d0da864880002";
    fits_with_words("36-delete", "bad", &guanli.delete(gone).await);
    let talk = Past::talk("sandbox_v1", "lin", clock::now().0 - 1_200_000).put(&hotline).await;
    fits_with_words("36-delete", "good", &guanli.delete(&format!("/conversation/{talk}")).await);
}

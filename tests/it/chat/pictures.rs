//! Pictures: who may bring one, what it may be, and who may see it.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage};
use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{Chat, answered, heard, prepared, record, refused};
use crate::support::{Answer, Client, SOON, until};

pub(super) fn drawn(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let image = DynamicImage::ImageRgb8(RgbImage::from_pixel(40, 30, image::Rgb([200, 100, 50])));
    image.write_to(&mut bytes, format).expect("it can be written");
    bytes.into_inner()
}

pub(super) async fn upload(client: &Client, talk: &str, bytes: Vec<u8>) -> Answer {
    let path = format!("/im/image?conversation={talk}");
    Answer::of(client.request(Method::POST, &path).header(CONTENT_TYPE, "text/html").body(bytes)).await
}

async fn show(chat: &mut Chat, reference: &str, image: &Value) -> Value {
    let frame = json!({ "type": "say", "ref": reference, "conversation": chat.talk, "image": image });
    chat.visitor_socket.send(frame).await;
    answered(&mut chat.visitor_socket, reference).await
}

#[tokio::test]
async fn a_picture_is_sent_seen_and_part_of_the_record() {
    let mut chat = Chat::begin().await;
    let kept = upload(&chat.visitor, &chat.talk, drawn(ImageFormat::Png)).await.ok();
    assert_eq!(
        (&kept["width"], &kept["height"], &kept["contentType"]),
        (&json!(40), &json!(30), &json!("image/png"))
    );
    let said = show(&mut chat, "p1", &kept["id"]).await;
    let message = &heard(&mut chat.lin_socket, "p1").await["message"];
    assert_eq!(message, &said["message"]);
    assert_eq!((&message["type"], &message["payload"]["uuid"]), (&json!("TIMImageElem"), &kept["id"]));
    let first = &message["payload"]["imageInfoArray"][0];
    assert_eq!((&first["url"], &first["width"], &first["size"]), (&kept["url"], &json!(40), &kept["size"]));
    let url = kept["url"].as_str().expect("an address");
    for client in [&chat.visitor, &chat.lin] {
        let (headers, bytes) = fetched(client, url).await;
        for (name, value) in [
            ("content-type", "image/png"),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
            ("content-security-policy", "default-src 'none'; sandbox"),
        ] {
            assert_eq!(headers[name], value);
        }
        assert!(headers["content-disposition"].to_str().expect("text").starts_with("inline; filename="));
        image::load_from_memory(&bytes).expect("a picture");
        assert!(!headers.contains_key("etag"), "a browser that keeps nothing has nothing to compare");
    }
    assert_eq!(record(&chat.lin, &chat.talk).await[0]["payload"], message["payload"]);
    chat.lin.end(&chat.talk).await;
    let export = chat.lin.request(Method::POST, &format!("/conversation/export/{}", chat.talk));
    let text = export.send().await.expect("an answer").text().await.expect("a text");
    assert!(text.contains(&format!("[图片]({url})")), "{text}");
    upload(&chat.visitor, &chat.talk, drawn(ImageFormat::Png)).await.refused_with(-1);
}

async fn fetched(client: &Client, url: &str) -> (reqwest::header::HeaderMap, Vec<u8>) {
    let answer = client.request(Method::GET, url).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 200);
    let headers = answer.headers().clone();
    (headers, answer.bytes().await.expect("a body").to_vec())
}

#[tokio::test]
async fn a_large_picture_comes_whole() {
    let chat = Chat::begin().await;
    let noise = RgbImage::from_fn(900, 700, |x, y| {
        let mixed = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)).to_le_bytes();
        image::Rgb([mixed[0], mixed[1], mixed[2]])
    });
    let mut bytes = Cursor::new(Vec::new());
    noise.write_to(&mut bytes, ImageFormat::Png).expect("it can be written");
    let kept = upload(&chat.visitor, &chat.talk, bytes.into_inner()).await.ok();
    assert!(kept["size"].as_u64() > Some(600_000), "several pieces: {}", kept["size"]);
    let (headers, bytes) = fetched(&chat.lin, kept["url"].as_str().expect("an address")).await;
    assert_eq!(headers["content-length"], kept["size"].to_string().as_str());
    assert_eq!(image::load_from_memory(&bytes).expect("whole").to_rgb8(), noise);
}

#[tokio::test]
async fn only_pictures_are_taken_and_only_so_many_and_so_large() {
    let mut hotline = prepared().await;
    hotline.set("im.images_per_conversation_max", 3);
    hotline.set("im.image_bytes_max", 20_000);
    hotline.start().await;
    let chat = Chat::on(hotline).await;
    let svg = r#"<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>"#;
    for no_picture in [svg, "<!DOCTYPE html><script>alert(1)</script>", "", "GIF89a"] {
        upload(&chat.visitor, &chat.talk, no_picture.into()).await.refused_with(-2);
    }
    let mut bomb = drawn(ImageFormat::Png);
    bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    upload(&chat.visitor, &chat.talk, bomb).await.refused_with(-2);
    upload(&chat.visitor, &chat.talk, vec![0xff; 20_001]).await.fault(413, "/im/image");
    // Ten at once, and not one too many.
    let many = (0..10).map(|_| upload(&chat.visitor, &chat.talk, drawn(ImageFormat::Jpeg)));
    let answers = futures_util::future::join_all(many).await;
    let taken = answers.iter().filter(|answer| answer.body["code"] == 0).count();
    assert_eq!(taken, 3);
    let full = upload(&chat.lin, &chat.talk, drawn(ImageFormat::Gif)).await;
    full.refused(-1, "本次会话的图片已达上限");
    chat.hotline.assert_calm();
}

/// Twenty bodies that never end, all of one person: more than anybody ever had room for at once.
#[tokio::test]
async fn slow_senders_take_room_from_themselves_alone() {
    let chat = Chat::begin().await;
    let url = chat.visitor.url(&format!("/im/image?conversation={}", chat.talk));
    let token = chat.visitor.token.clone().expect("logged in");
    let address = url.trim_start_matches("http://").split('/').next().expect("an address").to_owned();
    let mut slow = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(&address).await.expect("a connection");
        let head = format!(
            "POST /im/image?conversation={} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Content-Length: 100000\r\n\r\n\u{1}",
            chat.talk
        );
        stream.write_all(head.as_bytes()).await.expect("it is sent");
        slow.push(stream);
    }
    until("the slow one has no room left", SOON, async || {
        let answer = upload(&chat.visitor, &chat.talk, drawn(ImageFormat::Png)).await;
        (answer.body["message"] == "您还有图片正在上传，请稍后再试").then_some(())
    })
    .await;
    for _ in 0..3 {
        let kept = upload(&chat.lin, &chat.talk, drawn(ImageFormat::Png)).await.ok();
        assert_eq!(kept["width"], 40, "the others bring theirs meanwhile");
    }
    drop(slow);
    until("the slow one has room again", SOON, async || {
        let answer = upload(&chat.visitor, &chat.talk, drawn(ImageFormat::Png)).await;
        (answer.body["code"] == 0).then_some(())
    })
    .await;
    chat.hotline.assert_calm();
}

#[tokio::test]
async fn nobody_brings_or_sees_a_picture_of_anothers_talk() {
    let mut chat = Chat::begin().await;
    let hotline = &chat.hotline;
    hotline.add_user("ecnu", "COUNSELOR", "han").await;
    hotline.add_user("ecnu", "SUPERVISOR", "unbound").await;
    let kept = upload(&chat.visitor, &chat.talk, drawn(ImageFormat::WebP)).await.ok();
    let url = kept["url"].as_str().expect("an address").to_owned();
    let stranger = hotline.visitor("ecnu", "second").await;
    let (han, unbound, other) =
        (hotline.staff("han").await, hotline.staff("unbound").await, hotline.staff("other").await);
    let abroad = hotline.visitor("hdu", "abroad").await;
    for client in [&stranger, &han, &unbound, &other, &abroad] {
        upload(client, &chat.talk, drawn(ImageFormat::Png)).await.refused_with(-1);
    }
    for client in [&stranger, &han, &unbound] {
        client.get(&url).await.refused(-5, "未开通权限");
    }
    let unknown = format!("/im/image/{}", "0".repeat(32));
    for client in [&other, &abroad] {
        let (foreign, none) = (client.get(&url).await, client.get(&unknown).await);
        foreign.refused_with(-1);
        let told = |answer: &Answer| {
            let message = answer.body["message"].as_str().unwrap_or_default();
            message.split('：').next().unwrap_or_default().to_owned()
        };
        assert_eq!(told(&foreign), told(&none), "as unknown as one that never was");
    }
    hotline.client().get(&url).await.fault(403, &url);
    upload(&hotline.client(), &chat.talk, drawn(ImageFormat::Png)).await.fault(403, "/im/image");
    // Another's picture is not sent as one's own either.
    let frame = json!({ "type": "say", "ref": "p1", "conversation": chat.talk, "image": kept["id"] });
    chat.lin_socket.send(frame).await;
    refused(&answered(&mut chat.lin_socket, "p1").await, "图片未找到");
}

#[tokio::test]
async fn whoever_looks_at_anothers_pictures_is_noted_once_for_all_of_them() {
    let chat = Chat::begin().await;
    let du = chat.hotline.staff("du").await;
    for _ in 0..3 {
        let kept = upload(&chat.visitor, &chat.talk, drawn(ImageFormat::Png)).await.ok();
        fetched(&du, kept["url"].as_str().expect("an address")).await;
        fetched(&chat.lin, kept["url"].as_str().expect("an address")).await;
    }
    assert_eq!(chat.hotline.database.audits("read-messages", &chat.talk).await, ["du"]);
}

#[tokio::test]
async fn another_site_cannot_bring_a_picture_with_our_cookie() {
    let chat = Chat::begin().await;
    let path = format!("/im/image?conversation={}", chat.talk);
    let cookie = format!("JSESSIONID={}", chat.visitor.token.as_deref().expect("logged in"));
    // An origin names one server.
    let nobody = chat.hotline.client().at_one_server();
    let send = async |origin: &str| {
        let request = nobody.request(Method::POST, &path).header("cookie", &cookie).header("origin", origin);
        Answer::of(request.body(drawn(ImageFormat::Png))).await
    };
    send("https://evil.example").await.fault(403, "/im/image");
    let own = nobody.url("");
    send(&own).await.ok();
}

#[tokio::test]
async fn what_was_deleted_takes_its_pictures_with_it() {
    let mut hotline = prepared().await;
    hotline.set("records.retention_days", 0);
    hotline.set("records.erase_every_seconds", 1);
    hotline.start().await;
    let chat = Chat::on(hotline).await;
    let kept = upload(&chat.visitor, &chat.talk, drawn(ImageFormat::Png)).await.ok();
    chat.lin.end(&chat.talk).await;
    let boss = chat.hotline.staff("boss").await;
    assert_eq!(boss.delete(&format!("/conversation/{}", chat.talk)).await.ok(), "ok");
    chat.lin.get(kept["url"].as_str().expect("an address")).await.refused_with(-1);
    until("the picture is erased", SOON, async || {
        (chat.hotline.database.pictures(&chat.talk).await == 0).then_some(())
    })
    .await;
}

//! What every answer says to caches and to browsers that guess: nothing is kept, and everything is what it is called.

use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};

use crate::support::{Client, Hotline};

const NO_ID: &str = "01a20a49249075379b2f92152cebc161";

async fn headers(request: RequestBuilder) -> (u16, HeaderMap) {
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.headers().clone())
}

fn assert_kept_nowhere(what: &str, (status, headers): (u16, HeaderMap)) -> u16 {
    let says = |name: &str| {
        headers.get_all(name).iter().map(|value| value.to_str().expect("text")).collect::<Vec<_>>()
    };
    assert_eq!(says("cache-control"), ["no-store"], "{what}: {status}");
    assert_eq!(says("x-content-type-options"), ["nosniff"], "{what}: {status}");
    assert!(says("etag").is_empty() && says("last-modified").is_empty(), "{what}: {status}");
    status
}

/// Every route of the document with its method, the places in its path filled.
async fn routes(client: &Client) -> Vec<(Method, String)> {
    let document = client.get("/api/openapi.json").await.body;
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let filled: Vec<&str> =
            path.split('/').map(|part| if part.starts_with('{') { NO_ID } else { part }).collect();
        for method in item.as_object().expect("methods").keys() {
            let method = method.to_uppercase().parse().expect("a method");
            routes.push((method, filled.join("/")));
        }
    }
    // The end of one's own log-in comes last.
    routes.sort_by_key(|(_, path)| path == "/logout");
    routes
}

#[tokio::test]
async fn no_answer_but_pages_and_their_files_is_kept_anywhere() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.add_user("ecnu", "COUNSELOR", "lin").await;
    hotline.add_user("ecnu", "INSTITUTION", "guanli").await;
    hotline.start().await;
    let somebody = [
        ("nobody", hotline.client()),
        ("a visitor", hotline.visitor("ecnu", "anna").await),
        ("a counselor", hotline.staff("lin").await),
        ("an administrator", hotline.staff("guanli").await),
    ];
    let routes = routes(&somebody[0].1).await;
    assert!(routes.len() > 50, "the routes were found: {routes:?}");
    for (who, client) in &somebody {
        for (method, path) in &routes {
            let bare = client.request(method.clone(), path);
            assert_kept_nowhere(&format!("{method} {path} for {who}"), headers(bare).await);
            let with_body = client.request(method.clone(), path).json(&json!({ "id": NO_ID }));
            assert_kept_nowhere(&format!("{method} {path} for {who}, with a body"), headers(with_body).await);
        }
    }
}

#[tokio::test]
async fn no_refusal_is_kept_anywhere_either() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.set("metrics.allow", "[]");
    hotline.start().await;
    let client = hotline.client();
    let visitor = hotline.visitor("ecnu", "anna").await;
    let json = |text: String| {
        client.request(Method::POST, "/auth/login").header("content-type", "application/json").body(text)
    };
    let callback = client.request(Method::POST, "/message/callback").body("x".repeat(300_000));
    let foreign = client.request(Method::POST, "/logout").header("Origin", "https://evil.example");
    for (what, request, status) in [
        ("an unknown path", client.request(Method::GET, "/nowhere"), 404),
        ("an asset that is not there", client.request(Method::GET, "/assets/nothing.js"), 404),
        ("another method", client.request(Method::DELETE, "/auth/me"), 405),
        ("no method at all", client.request(Method::from_bytes(b"BREW").expect("a word"), "/auth/me"), 405),
        ("no log-in", client.request(Method::GET, "/auth/me"), 403),
        ("a foreign page", foreign, 403),
        ("figures for nobody", client.request(Method::GET, "/metrics"), 403),
        ("a body that is no JSON", json("{".to_owned()), 400),
        ("a body that does not say what it is", client.request(Method::POST, "/auth/login").body("{}"), 415),
        ("a body that is too large", json("x".repeat(70_000)), 413),
        ("a callback that is too large", callback, 413),
        ("a picture that is not there", visitor.request(Method::GET, &format!("/im/image/{NO_ID}")), 200),
        ("the log-out", visitor.request(Method::POST, "/logout"), 302),
        ("the document", client.request(Method::GET, "/api/openapi.json"), 200),
        ("the way to the page that shows it", client.request(Method::GET, "/api"), 308),
        ("the page that shows it", client.request(Method::GET, "/api/"), 200),
        ("a file of it", client.request(Method::GET, "/api/swagger-ui.css"), 200),
        ("liveness", client.request(Method::GET, "/health/live"), 200),
        ("readiness", client.request(Method::GET, "/health/ready"), 200),
        ("a socket without its upgrade", client.request(Method::GET, "/visitor/ws"), 200),
    ] {
        assert_eq!(assert_kept_nowhere(what, headers(request).await), status, "{what}");
    }
    hotline.database.shut().await;
    let ready = headers(client.request(Method::GET, "/health/ready")).await;
    assert_eq!(assert_kept_nowhere("a server without its database", ready), 503);
    hotline.database.reopen().await;
}

#[tokio::test]
async fn figures_are_kept_nowhere() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.start().await;
    let answer = headers(hotline.client().request(Method::GET, "/metrics")).await;
    assert_eq!(assert_kept_nowhere("the figures", answer), 200);
    assert_ne!(hotline.client().get("/config").await.body["result"], Value::Null);
}

//! The pages as the server serves them: built by `make test`, or said to be missing.

use std::path::Path;

use reqwest::{Method, Response};

use crate::support::{Answer, Client, Hotline};

async fn asked(client: &Client, method: Method, path: &str) -> Response {
    client.request(method, path).send().await.expect("an answer")
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().expect("text"))
}

/// The files a page refers to, as it stands there: not itself again, and not a number to dial.
fn references(html: &str) -> Vec<&str> {
    let after = |mark| html.split(mark).skip(1).filter_map(|rest: &str| rest.split('"').next());
    let is_file = |reference: &&str| !reference.is_empty() && !reference.starts_with("tel:");
    after("src=\"").chain(after("href=\"")).filter(is_file).collect()
}

#[tokio::test]
async fn the_pages_and_what_they_are_made_of_are_served_and_nothing_else() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.set("im.mode", "embedded");
    hotline.start().await;
    pages_work(&hotline.client()).await;
    hotline.assert_calm();
}

#[tokio::test]
async fn the_pages_stand_under_the_base_path() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.set("server.base_path", "/hotline");
    hotline.start().await;
    let client = hotline.client();
    let bare = asked(&client, Method::GET, "").await;
    assert_eq!((bare.status().as_u16(), header(&bare, "location")), (308, "/hotline/"));
    pages_work(&client).await;
}

async fn pages_work(client: &Client) {
    let is_built = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/dist/index.html").exists();
    for path in ["/", "/visitor"] {
        let page = asked(client, Method::GET, path).await;
        assert_eq!((page.status().as_u16(), header(&page, "x-content-type-options")), (200, "nosniff"));
        assert_eq!(header(&page, "cache-control"), "no-cache");
        assert_eq!(asked(client, Method::HEAD, path).await.status().as_u16(), 200);
        if !is_built {
            assert!(page.text().await.expect("a text").starts_with("The pages are not in this build"));
            continue;
        }
        let policy = header(&page, "content-security-policy");
        assert!(
            policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        let html = page.text().await.expect("a text");
        assert!(
            !html.contains("<script>") && !html.contains("<style"),
            "the policy lets none of it run: {html}"
        );
        let references = references(&html);
        assert!(references.len() > 2, "{html}");
        for reference in references {
            let asset = reference.strip_prefix("./").unwrap_or_else(|| panic!("{reference} is relative"));
            let asset = asked(client, Method::GET, &format!("/{asset}")).await;
            let cache = "public, max-age=31536000, immutable";
            assert_eq!(
                (asset.status().as_u16(), header(&asset, "cache-control")),
                (200, cache),
                "{reference}"
            );
        }
    }
    for nothing in ["/index.html", "/visitor.html", "/assets", "/assets/", "/assets/nothing.js"] {
        assert_eq!(asked(client, Method::GET, nothing).await.status().as_u16(), 404, "{nothing}");
    }
    // The client would tidy these up, were they not written so.
    for above in [
        "/assets/..%2Findex.html",
        "/assets/..%2F..%2FCargo.toml",
        "/assets/%2Fetc%2Fpasswd",
        "/assets/..%5Cindex.html",
    ] {
        let answer = Answer::of(client.request(Method::GET, above)).await;
        assert_eq!((answer.status, &answer.body["error"]), (404, &"Not Found".into()), "{above}");
    }
}

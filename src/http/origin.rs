//! Whether a request that a cookie carries was sent by our own pages (docs/contract.md 1).

use actix_web::http::header::{HOST, HeaderMap, HeaderName, ORIGIN};

const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Whether a write may pass: our own Origin, or none and no browser that says it comes from elsewhere.
pub(crate) fn may_write(headers: &HeaderMap, public_url: &str) -> bool {
    if headers.contains_key(ORIGIN) {
        return is_ours(headers, public_url);
    }
    let site = headers.get(SEC_FETCH_SITE).and_then(|value| value.to_str().ok()).unwrap_or("");
    !matches!(site, "cross-site" | "same-site")
}

/// Whether there is an `Origin`, and it is ours. Sockets ask for this where the cookie carries them.
pub(crate) fn is_ours(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text(ORIGIN) else { return false };
    if !public_url.is_empty() {
        return origin.eq_ignore_ascii_case(public_url.trim_end_matches('/'));
    }
    // Without a public address, ours is whatever the request was sent to.
    let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    matches!((host, text(HOST)), (Some(a), Some(b)) if a.eq_ignore_ascii_case(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn the_public_address_decides_which_origin_is_ours() {
        let public = "https://hotline.example.edu";
        for (origin, ours) in [
            ("https://hotline.example.edu", true),
            ("http://hotline.example.edu", false),
            ("https://hotline.example.edu:8443", false),
            ("https://evil.example", false),
            ("null", false),
        ] {
            assert_eq!(
                may_write(&headers(&[("origin", origin), ("host", "127.0.0.1:80")]), public),
                ours,
                "{origin}"
            );
        }
    }

    #[test]
    fn without_one_it_is_where_the_request_was_sent() {
        let to_us = |origin| headers(&[("host", "127.0.0.1:8080"), ("origin", origin)]);
        assert!(may_write(&to_us("http://127.0.0.1:8080"), ""));
        for foreign in ["http://127.0.0.1:8081", "http://localhost:8080", "null", "https://evil.example"] {
            assert!(!may_write(&to_us(foreign), ""), "{foreign}");
        }
    }

    #[test]
    fn without_an_origin_the_browser_says_where_it_comes_from() {
        assert!(may_write(&headers(&[]), ""));
        for (site, passes) in
            [("same-origin", true), ("none", true), ("same-site", false), ("cross-site", false)]
        {
            assert_eq!(may_write(&headers(&[("sec-fetch-site", site)]), ""), passes, "{site}");
        }
        assert!(!is_ours(&headers(&[("host", "127.0.0.1:8080")]), ""), "a socket needs one");
    }
}

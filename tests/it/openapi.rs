//! The OpenAPI document: as whole as the routes, no wider, and there for everybody to read and to try.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use reqwest::{Method, header::HeaderMap};
use serde_json::Value;

use crate::support::{Client, Hotline};

const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

/// The document itself and its page: what describes is not described.
const ITS_OWN: [&str; 3] = ["/api", "/api/openapi.json", "/api/{file}"];

/// The pages: they are looked at, not asked.
const PAGES: [&str; 4] = ["", "/", "/visitor", "/assets/{file}"];

/// Taken by every method, so that whichever is documented will do.
const ANY: &str = "any";

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder can be listed");
    let paths = entries.map(|entry| entry.expect("a folder can be listed").path());
    paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// What the code registers: `/a/{id}` with its methods.
fn routes() -> BTreeMap<String, BTreeSet<String>> {
    let mut routes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for resource in code.split("web::resource(").skip(1) {
            let route = resource.split('"').nth(1).expect("a route is a literal").replace(":.*}", "}");
            // Up to the end of the statement: what follows are handlers.
            let registered = resource.split(';').next().unwrap_or_default();
            let methods = registered.split(".route(web::").skip(1).map(|rest| {
                let method = rest.split('(').next().unwrap_or_default();
                if method == "to" { ANY } else { method }.to_owned()
            });
            let known = routes.entry(route.clone()).or_default();
            known.extend(methods);
            assert!(!known.is_empty(), "{route}: its methods can be read from the code");
        }
    }
    for own in ITS_OWN.into_iter().chain(PAGES) {
        assert!(routes.remove(own).is_some(), "{own} is there");
    }
    routes
}

async fn document(client: &Client) -> Value {
    let answer = client.get("/api/openapi.json").await;
    assert_eq!(answer.status, 200);
    answer.body
}

/// Every operation with its path and method.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths.iter().flat_map(|(path, item)| {
        item.as_object()
            .expect("an item")
            .iter()
            .map(move |(method, operation)| (&**path, &**method, operation))
    });
    operations.collect()
}

async fn running() -> Hotline {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.start().await;
    hotline
}

#[tokio::test]
async fn the_document_has_every_route_and_no_other() {
    let hotline = running().await;
    let document = document(&hotline.client()).await;
    let routes = routes();
    assert!(routes.len() > 40, "the routes were found: {routes:?}");
    let mut documented: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (path, method, _) in operations(&document) {
        assert!(METHODS.contains(&method), "{path}: {method}");
        documented.entry(path).or_default().insert(method);
    }
    let mut wrong = Vec::new();
    for (path, methods) in &routes {
        let told = documented.get(path.as_str()).cloned().unwrap_or_default();
        if methods.contains(ANY) && !told.is_empty() {
            continue;
        }
        for method in methods.iter().filter(|method| !told.contains(method.as_str())) {
            wrong.push(format!("{method} {path} is not documented"));
        }
    }
    for (path, methods) in &documented {
        let real = routes.get(*path).cloned().unwrap_or_default();
        if real.contains(ANY) {
            continue;
        }
        for method in methods.iter().filter(|method| !real.contains(**method)) {
            wrong.push(format!("{method} {path} is documented, and not there"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    hotline.assert_calm();
}

/// The document as a client's generator reads it: whole in itself.
#[tokio::test]
async fn the_document_is_well_formed() {
    let hotline = running().await;
    let document = document(&hotline.client()).await;
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1.")));
    let mut references = Vec::new();
    references_in(&document, &mut references);
    assert!(references.len() > 100, "references were found: {}", references.len());
    for reference in references {
        let target = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        assert!(target.is_some(), "{reference} leads nowhere");
    }
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let id = operation["operationId"].as_str().expect("an id");
        assert!(ids.insert(id), "{id} is used twice");
        let named: BTreeSet<&str> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
        let told: BTreeSet<&str> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "path")
            .filter_map(|parameter| parameter["name"].as_str())
            .collect();
        assert_eq!(told, named, "{method} {path}: what stands in its path");
        let responses = operation["responses"].as_object().expect("responses");
        assert!(!responses.is_empty(), "{method} {path} answers something");
    }
}

fn references_in<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match (key.as_str(), value) {
                    ("$ref", Value::String(reference)) => found.push(reference),
                    (_, value) => references_in(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| references_in(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `6. 获取用户列表；16. 访客列表`, or `自有：…` for what the interface document does not have.
#[tokio::test]
async fn each_section_of_the_interface_document_is_named() {
    let hotline = running().await;
    let document = document(&hotline.client()).await;
    let mut named = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let summary = operation["summary"].as_str().unwrap_or_default();
        for part in summary.split('；') {
            let section = part.split_once(". ").and_then(|(number, _)| number.parse::<u32>().ok());
            assert!(section.is_some() || part.starts_with("自有："), "{method} {path}: {summary:?}");
            named.extend(section);
        }
    }
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/document");
    for sample in sources(&samples) {
        let name = sample.file_name().and_then(|name| name.to_str()).expect("a name");
        let section: u32 = name.split('-').next().and_then(|number| number.parse().ok()).expect("a section");
        assert!(named.contains(&section), "no operation names the section of {name}");
    }
}

/// Every answer of the usual kind has code, message and result.
#[tokio::test]
async fn the_envelope_is_documented_everywhere() {
    let hotline = running().await;
    let document = document(&hotline.client()).await;
    let mut looked_at = 0;
    for (path, method, operation) in operations(&document) {
        let Some(schema) = operation.pointer("/responses/200/content/application~1json/schema") else {
            continue;
        };
        if path.starts_with("/health/") || path.starts_with("/conversation/export/") {
            continue;
        }
        for shape in shapes(&document, schema) {
            let required: Vec<&str> =
                shape["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            for field in ["code", "message", "result"] {
                assert!(required.contains(&field), "{method} {path}: {field} in {shape}");
            }
        }
        looked_at += 1;
    }
    assert!(looked_at > 35, "answers were looked at: {looked_at}");
}

/// The alternatives of a schema, whatever it refers to.
fn shapes<'a>(document: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target =
            document.pointer(reference.trim_start_matches('#')).expect("a reference leads somewhere");
        return shapes(document, target);
    }
    match schema["oneOf"].as_array() {
        Some(alternatives) => alternatives.iter().flat_map(|one| shapes(document, one)).collect(),
        None => vec![schema],
    }
}

/// What a browser gets: status, headers and text.
async fn fetch(client: &Client, path: &str) -> (u16, HeaderMap, String) {
    let answer = client.request(Method::GET, path).send().await.expect("the server answers");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    (status, headers, answer.text().await.expect("it is text"))
}

async fn page_works(client: &Client, prefix: &str) {
    let (status, headers, _) = fetch(client, "/api").await;
    assert_eq!((status, headers["location"].to_str().ok()), (308, Some(&*format!("{prefix}/api/"))));

    let (status, headers, page) = fetch(client, "/api/").await;
    assert_eq!(status, 200);
    assert!(headers["content-type"].to_str().is_ok_and(|kind| kind.starts_with("text/html")));
    let policy = headers["content-security-policy"].to_str().expect("a policy is text");
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self';"), "{policy}");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    // The policy lets no script stand in the page, and nothing come from elsewhere.
    let scripts: Vec<&str> =
        page.split("<script").skip(1).filter_map(|rest| rest.split('>').next()).collect();
    assert!(!scripts.is_empty(), "{page}");
    assert!(scripts.iter().all(|script| script.contains(" src=")), "{page}");
    let is_asset = |text: &&str| matches!(text.rsplit('.').next(), Some("js" | "css"));
    let links: Vec<&str> = page.split(['"', '\'']).filter(is_asset).collect();
    assert!(links.len() > 3, "{page}");
    for link in links {
        assert!(!link.contains("//") && !link.starts_with('/'), "{link} stands beside the page");
        let (status, headers, _) = fetch(client, &format!("/api/{}", link.trim_start_matches("./"))).await;
        assert_eq!(status, 200, "{link}");
        assert!(headers.contains_key("content-security-policy"), "{link}");
    }
    let (_, _, starter) = fetch(client, "/api/swagger-initializer.js").await;
    assert!(starter.contains("openapi.json"), "{starter}");
    assert_eq!(fetch(client, "/api/nothing-here").await.0, 404);
}

#[tokio::test]
async fn anybody_may_read_the_document_and_its_page() {
    let hotline = running().await;
    let client = hotline.client();
    page_works(&client, "").await;
    assert_eq!(document(&client).await["servers"][0]["url"], "/");
    hotline.assert_calm();
}

#[tokio::test]
async fn the_document_and_its_page_stand_under_the_base_path() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.set("server.base_path", "/hotline");
    hotline.start().await;
    let client = hotline.client();
    page_works(&client, "/hotline").await;
    assert_eq!(document(&client).await["servers"][0]["url"], "/hotline");
    hotline.assert_calm();
}

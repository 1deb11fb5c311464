//! The OpenAPI document, generated from what stands beside each handler, and the page to try it.
//!
//! Each area lists its handlers in `Docs`; what is alike everywhere (tags, ids of operations, faults) is put in here.
//! `tests/it/openapi.rs` compares the document with the routes, `make test` the answers with the document.

mod frames;
pub(crate) mod requests;
pub(crate) mod shapes;

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

use actix_web::{
    HttpResponse,
    http::header::{CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY},
    web::{self, Data, Path, ServiceConfig},
};
use utoipa::{
    OpenApi,
    openapi::{
        Components, ContentBuilder, PathItem, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
        Server, Tag,
        path::{Operation, ParameterIn},
        schema::ArrayItems,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::{
    answer::{Answer, Fault},
    http::{
        caller::COOKIE,
        sockets::frames::{AnyFrame, ClientFrame},
        state::AppState,
    },
    wording::openapi as text,
};

/// The page runs its own scripts and asks this server only; the page's widgets set styles of their own.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(OpenApi)]
#[openapi(
    info(title = "心院热线平台接口", description = text::DESCRIPTION),
    components(schemas(shapes::HttpError, AnyFrame, ClientFrame)),
    security(("session" = []), ("bearer" = [])),
)]
struct Document;

/// The chapters of the document with the areas that belong to them.
fn chapters() -> Vec<(&'static str, Vec<utoipa::openapi::OpenApi>)> {
    use super::{
        auth, config, conversation, dispatch, evaluate, health, im, image, message, metrics, record, shifts,
        statistics, user, wechat,
    };
    vec![
        (
            text::PEOPLE,
            vec![
                auth::Docs::openapi(),
                user::Docs::openapi(),
                user::staff::Docs::openapi(),
                user::standing::Docs::openapi(),
                wechat::Docs::openapi(),
            ],
        ),
        (text::SHIFTS, vec![shifts::Docs::openapi()]),
        (
            text::CONVERSATIONS,
            vec![
                conversation::Docs::openapi(),
                record::Docs::openapi(),
                statistics::Docs::openapi(),
                dispatch::Docs::openapi(),
                im::Docs::openapi(),
                image::Docs::openapi(),
            ],
        ),
        (text::EVALUATIONS, vec![evaluate::Docs::openapi()]),
        (text::MESSAGES, vec![message::Docs::openapi()]),
        (text::CONFIG, vec![config::Docs::openapi()]),
        (text::SOCKETS, vec![super::sockets::Docs::openapi()]),
        (text::STATE, vec![health::Docs::openapi(), metrics::Docs::openapi()]),
    ]
}

static DOCUMENT: LazyLock<utoipa::openapi::OpenApi> = LazyLock::new(|| {
    let mut document = Document::openapi();
    let mut tags = Vec::new();
    for (chapter, areas) in chapters() {
        tags.push(Tag::new(chapter));
        for mut area in areas {
            for (path, item) in &mut area.paths.paths {
                for (method, operation) in operations(item) {
                    operation.tags = Some(vec![chapter.to_owned()]);
                    operation.operation_id = Some(operation_id(method, path));
                    add_faults(operation);
                }
            }
            document.merge(area);
        }
    }
    document.tags = Some(tags);
    let asked = schemas_of_requests(&document);
    if let Some(components) = &mut document.components {
        require_all_fields(components, &asked);
        frames::name_each(components);
        add_fault_responses(components);
        let cookie = ApiKey::Cookie(ApiKeyValue::new(COOKIE));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
    document
});

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("get", item.get.as_mut()),
        ("put", item.put.as_mut()),
        ("post", item.post.as_mut()),
        ("delete", item.delete.as_mut()),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation?)))
}

/// `PUT /user/ms/counselor/{key}` is `put_user_ms_counselor_key`: names of functions repeat among the areas.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

/// Faults that answers share, by their status.
const FAULTS: [(&str, &str, &str); 7] = [
    ("400", "Malformed", text::MALFORMED),
    ("403", "AccessDenied", text::ACCESS_DENIED),
    ("404", "NotFound", text::NOT_FOUND),
    ("413", "TooLarge", text::TOO_LARGE),
    ("415", "UnsupportedMediaType", text::UNSUPPORTED_MEDIA_TYPE),
    ("500", "Failed", text::FAILED),
    ("503", "Stopping", text::STOPPING),
];

/// What may go wrong with a request whatever it asks. An operation that names 415 takes JSON only, and so needs a body.
fn add_faults(operation: &mut Operation) {
    let mut statuses = vec!["403", "500", "503"];
    let needs_json = operation.responses.responses.contains_key("415");
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        body.required = Some(if needs_json { Required::True } else { Required::False });
        statuses.extend(["400", "413"]);
    }
    if needs_json {
        statuses.push("415");
    }
    let parameters = operation.parameters.iter().flatten();
    let in_path = |parameter: &RefOr<utoipa::openapi::path::Parameter>| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Path);
    if parameters.into_iter().any(in_path) {
        statuses.push("404");
    }
    for (status, name, _) in FAULTS.iter().filter(|(status, ..)| statuses.contains(status)) {
        // What a handler says itself, stands.
        let own = operation.responses.responses.get(*status);
        let own = own.is_some_and(|own| matches!(own, RefOr::T(own) if !own.content.is_empty()));
        if !own {
            let shared = RefOr::Ref(Ref::from_response_name(*name));
            operation.responses.responses.insert((*status).to_owned(), shared);
        }
    }
    if let Some(RefOr::T(good)) = operation.responses.responses.get_mut("200")
        && good.description.is_empty()
    {
        text::GOOD.clone_into(&mut good.description);
    }
}

fn add_fault_responses(components: &mut Components) {
    for (_, name, description) in FAULTS {
        let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("HttpError"))).build();
        let response: Response =
            ResponseBuilder::new().description(description).content("application/json", body).build();
        components.responses.insert(name.to_owned(), RefOr::T(response));
    }
}

/// The names of the schemas that bodies of requests are made of. They refer to no others.
fn schemas_of_requests(document: &utoipa::openapi::OpenApi) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for item in document.paths.paths.values() {
        for operation in [&item.put, &item.post, &item.delete].into_iter().flatten() {
            let Some(RefOr::T(body)) = &operation.request_body else { continue };
            for content in body.content.values() {
                let RefOr::T(content) = content else { continue };
                // Some bodies are lists.
                let schema = match &content.schema {
                    Some(RefOr::T(Schema::Array(array))) => match &array.items {
                        ArrayItems::RefOrSchema(items) => Some(items.as_ref()),
                        ArrayItems::False => None,
                    },
                    other => other.as_ref(),
                };
                if let Some(RefOr::Ref(schema)) = schema {
                    names.extend(schema.ref_location.rsplit('/').next().map(str::to_owned));
                }
            }
        }
    }
    names
}

/// Whose absent fields are not sent.
const PARTIAL: [&str; 4] = ["ForVisitor", "RankingRow", "Refusal", "SayRefused"];

/// What we answer is whole: a field without a value is there, and null.
fn require_all_fields(components: &mut Components, except: &BTreeSet<String>) {
    for (name, schema) in &mut components.schemas {
        if let RefOr::T(Schema::Object(object)) = schema
            && !except.contains(name)
            && !PARTIAL.contains(&name.as_str())
        {
            object.required = object.properties.keys().cloned().collect();
        }
    }
}

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/api").route(web::get().to(to_page)))
        .service(web::resource("/api/openapi.json").route(web::get().to(document)))
        .service(web::resource("/api/{file:.*}").route(web::get().to(page)));
}

/// The document as it is committed for clients: readable, and without an address.
///
/// # Errors
///
/// What JSON cannot say; the document has nothing of the kind.
pub(crate) fn json() -> serde_json::Result<String> {
    serde_json::to_string_pretty(&*DOCUMENT)
}

/// The document, with the address it is served under.
async fn document(state: Data<AppState>) -> HttpResponse {
    let base = match state.settings.server.base_path.as_str() {
        "" => "/",
        base => base,
    };
    let mut document = DOCUMENT.clone();
    document.servers = Some(vec![Server::new(base)]);
    HttpResponse::Ok().json(document)
}

async fn to_page(state: Data<AppState>) -> HttpResponse {
    let location = format!("{}/api/", state.settings.server.base_path);
    HttpResponse::PermanentRedirect().insert_header((LOCATION, location)).finish()
}

/// A file of the page. It asks for the document beside it, under whatever prefix both are.
async fn page(file: Path<String>) -> Answer {
    let config = utoipa_swagger_ui::Config::from("openapi.json");
    let found = utoipa_swagger_ui::serve(&file, Arc::new(config)).map_err(Fault::internal)?;
    let found = found.ok_or(Fault::NotFound)?;
    Ok(HttpResponse::Ok()
        .content_type(found.content_type)
        .insert_header((CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .body(found.bytes.into_owned()))
}

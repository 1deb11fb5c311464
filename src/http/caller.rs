//! Whoever calls: the token of a request, and the log-in behind it.

use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    http::header::{AUTHORIZATION, HeaderName},
    web::Data,
};

use super::{origin, state::AppState};
use crate::{answer::Fault, clock, identity::Caller};

/// The cookie of a session; existing clients know it by this name.
pub(crate) const COOKIE: &str = "JSESSIONID";
/// The header in which a log-in answers its token to clients without a cookie jar.
pub(crate) const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-auth-token");

/// Whoever a token belongs to.
///
/// # Errors
/// [`Fault::NoSession`] when it belongs to nobody, or no longer.
pub(crate) async fn by_token(state: &AppState, token: &str) -> Result<Caller, Fault> {
    state.sessions.find(token, clock::now()).await?.ok_or(Fault::NoSession)
}

/// The token of a request: Bearer wins over the cookie, also when it is wrong.
pub(crate) fn token_of(req: &HttpRequest) -> Option<String> {
    match bearer(req) {
        Some(token) => Some(token),
        None => req.cookie(COOKIE).map(|cookie| cookie.value().to_owned()),
    }
}

/// The token of an `Authorization: Bearer …`; empty when the header is there but holds no such thing.
fn bearer(req: &HttpRequest) -> Option<String> {
    let header = req.headers().get(AUTHORIZATION)?;
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// Whether the cookie, and not a Bearer, carries the request: then other sites could have sent it.
pub(crate) fn is_carried_by_cookie(req: &HttpRequest) -> bool {
    bearer(req).is_none() && req.cookie(COOKIE).is_some()
}

/// A request that a foreign page cannot have sent: whatever sets or takes away the session cookie asks for it, also where no
/// cookie comes along. A foreign page must log nobody in or out.
#[derive(Debug)]
pub(crate) struct FromOurPages;

impl FromRequest for FromOurPages {
    type Error = Fault;
    type Future = std::future::Ready<Result<Self, Fault>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(match req.app_data::<Data<AppState>>() {
            None => Err(Fault::internal("no state")),
            Some(state) => {
                // No foreign page can add a Bearer.
                let is_ours = bearer(req).is_some()
                    || origin::may_write(req.headers(), &state.settings.server.public_url);
                if is_ours { Ok(Self) } else { Err(Fault::NoSession) }
            }
        })
    }
}

impl FromRequest for Caller {
    type Error = Fault;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Fault>>>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let state = req.app_data::<Data<AppState>>().ok_or_else(|| Fault::internal("no state"))?;
            let token = token_of(&req).ok_or(Fault::NoSession)?;
            let caller = by_token(state, &token).await?;
            // For the request's line in the log.
            req.extensions_mut().insert(caller.id);
            Ok(caller)
        })
    }
}

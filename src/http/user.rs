//! People: sections 5 to 21 of the document.

use actix_web::web::{self, Data, ServiceConfig};

use hotline_actors::dispatch::counselor::Role;

use crate::{
    answer::{self, Answer, Fault},
    app::AppState,
    auth::Caller,
    params::Params,
    people::Kind,
};

/// Places a person may have at most.
const PLACES_MAX: u32 = 50;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/user/maxconsults").route(web::post().to(max_consults)));
}

/// 21. 修改咨询师最大咨询人数
async fn max_consults(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    let places = params.required_int("maxConsults")?;
    let places = u32::try_from(places).ok().filter(|places| *places <= PLACES_MAX);
    let places = places.ok_or_else(|| Fault::malformed("maxConsults 应为 0 到 50"))?;
    let role = match caller.kind {
        Kind::Counselor => Role::Counselor,
        Kind::Supervisor => Role::Supervisor,
        // Nobody else is ever assigned anybody.
        Kind::Visitor | Kind::Institution | Kind::System => return Err(Fault::not_allowed()),
    };
    state.institutions.set_capacity(caller.institution()?, caller.id, role, places).await?;
    Ok(answer::done())
}

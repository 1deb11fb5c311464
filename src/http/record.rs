//! Records: sections 28, 34 and 35 of the document.

use actix_web::web::{self, Data, ServiceConfig};

use crate::{
    answer::{self, Answer},
    app::AppState,
    audit::{self, Action},
    auth::Caller,
    clock,
    conversations::{
        list::{self, Direction, Kind, Property, Reader, Wish},
        reading::Scope,
        view,
    },
    params::{Paging, Params},
    rights::{self, Reach, Right},
};

const PAGING: Paging = Paging::FromZero { default: 20 };

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/conversation/consultlist").route(web::get().to(consult_list)));
}

/// 28. 咨询记录
async fn consult_list(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    let reach = rights::require(&caller, Right::ListRecords)?;
    let institution = caller.institution()?;
    let wish = Wish {
        kind: params.parsed("conversationType")?.unwrap_or(Kind::Consultation),
        status: params.parsed("status")?,
        begin: params.int("startTime")?,
        end: params.int("endTime")?,
        visitor_name: params.text("visitorName")?,
        counselor_name: params.text("counselorName")?,
        sorted_by: params.parsed("property")?.unwrap_or(Property::CreatedTime),
        direction: params.parsed("direction")?.unwrap_or(Direction::Descending),
        page: params.page(PAGING)?,
    };
    let scope = Scope::of(&state.pool, &caller, reach).await?;
    if reach != Reach::Own {
        audit::note_whole(&state.pool, institution, caller.id, Action::ListRecords, clock::now()).await?;
    }
    let reader = Reader { institution, id: caller.id, scope: &scope };
    let (rows, count) = list::page(&state.pool, reader, &wish).await?;
    Ok(answer::list(&view::many(&state, rows, &caller).await?, count))
}

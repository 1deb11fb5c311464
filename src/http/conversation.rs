//! Conversations: sections 26 to 36 of the document.

use actix_web::web::{self, Data, Path, ServiceConfig};
use hotline_actors::{
    ConversationId, CounselorId, PersonId,
    dispatch::{
        command::{Answer as Decided, Command, Refusal},
        conversation::EndReason,
        counselor::Role,
    },
    registry::Rejected,
};
use uuid::Uuid;

use crate::{
    answer::{self, Answer, Fault},
    app::AppState,
    auth::Caller,
    conversations::{self, Row, view},
    params::{Paging, Params},
    people::{Kind, Person},
    rights::{self, Reach, Right},
};

const PAGING: Paging = Paging::FromZero { default: 20 };
/// Clients that want nobody in particular may say so.
const ANYONE: &str = "any";

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/conversation").route(web::put().to(open)))
        .service(web::resource("/conversation/current").route(web::get().to(current)))
        .service(web::resource("/conversation/end/{id}").route(web::post().to(end)))
        .service(web::resource("/conversation/{id}").route(web::get().to(one)));
}

/// 26. 创建会话
async fn open(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    rights::require(&caller, Right::OwnConversations)?;
    let institution = caller.institution()?;
    let fallback = params.flag("fallback")?;
    let wanted = match params.text("counselor")?.filter(|word| word != ANYONE) {
        Some(id) => Some(wanted(&state, institution, &id).await?),
        None => None,
    };
    let command = Command::Open {
        conversation: ConversationId(Uuid::now_v7()),
        visitor: caller.id.into(),
        wanted: wanted.as_ref().map(|person| person.id.into()),
        fallback,
    };
    let mut outcome = state.institutions.ask(institution, command.clone()).await;
    if let (Err(Rejected::Refused(Refusal::UnknownCounselor)), Some(person)) = (&outcome, &wanted) {
        // Made by the command line while the server runs, and not heard of since.
        let places = u32::try_from(person.max_consults).map_err(Fault::internal)?;
        let admitted = state.institutions.admit(institution, person.id.into(), Role::Counselor, places).await;
        if let Err(Rejected::Refused(Refusal::Expelled)) = admitted {
            // Banned or deleted since he was looked up.
            return Err(Refusal::UnknownCounselor.into());
        }
        admitted?;
        outcome = state.institutions.ask(institution, command).await;
    }
    let id = match outcome {
        Ok(Decided::Opened { conversation, .. }) => conversation,
        Ok(Decided::Done) => return Err(Fault::internal("an opening was answered like something else")),
        Err(Rejected::Refused(Refusal::AlreadyConsulting { counselor, .. })) => {
            return Err(already_consulting(&state, counselor).await?);
        }
        Err(rejected) => return Err(rejected.into()),
    };
    let row = conversations::find(&state.pool, institution, id).await?;
    let row = row.ok_or_else(|| Fault::internal("an acknowledged conversation is not there"))?;
    Ok(answer::ok(view::one(&state, row, &caller).await?))
}

/// A counselor of this institution whom one can ask for.
async fn wanted(state: &AppState, institution: &str, id: &str) -> Result<Person, Fault> {
    let unknown = || Fault::from(Refusal::UnknownCounselor);
    let id: PersonId = id.parse().map_err(|_| unknown())?;
    let person = state.people.get(id).await?.ok_or_else(unknown)?;
    let asked = person.kind == Kind::Counselor
        && person.institution.as_deref() == Some(institution)
        && person.may_come_in();
    if asked { Ok(person) } else { Err(unknown()) }
}

async fn already_consulting(state: &AppState, counselor: Option<CounselorId>) -> Result<Fault, Fault> {
    let counselor = match counselor {
        Some(counselor) => state.people.get(counselor.into()).await?,
        None => None,
    };
    // Who waits for anyone has nobody's name yet.
    let name = counselor.as_ref().map_or("咨询师", Person::called);
    Ok(Fault::wrong(format!("您正在咨询 {name}, 请先结束当前会话")))
}

/// 26. 结束会话
async fn end(state: Data<AppState>, caller: Caller, id: Path<String>) -> Answer {
    let row = find(&state, &caller, &id).await?;
    let reason = part_in(&state, &caller, &row).await?.ok_or_else(Fault::not_allowed)?;
    if row.is_over() {
        return Ok(answer::done());
    }
    let end = Command::End { conversation: ConversationId(row.id), reason };
    match state.institutions.ask(&row.institution, end).await {
        // It has ended meanwhile, and that is kept.
        Ok(_) | Err(Rejected::Refused(Refusal::UnknownConversation)) => Ok(answer::done()),
        Err(rejected) => Err(rejected.into()),
    }
}

/// In which part the caller may end it; none if he may not.
async fn part_in(state: &AppState, caller: &Caller, row: &Row) -> Result<Option<EndReason>, Fault> {
    if row.visitor == caller.id.0 {
        return Ok(Some(EndReason::Visitor));
    }
    Ok(match rights::reach(caller.kind, Right::EndConversation) {
        Reach::Nothing => None,
        Reach::Own => (row.counselor == Some(caller.id.0)).then_some(EndReason::Counselor),
        Reach::Bound if row.counselor == Some(caller.id.0) => Some(EndReason::Counselor),
        Reach::Bound => match row.counterpart() {
            Some(counselor) => conversations::is_bound(&state.pool, counselor, caller.id)
                .await?
                .then_some(EndReason::Supervisor),
            None => None,
        },
        Reach::Institution | Reach::Everywhere => Some(EndReason::Administrator),
    })
}

/// One conversation.
async fn one(state: Data<AppState>, caller: Caller, id: Path<String>) -> Answer {
    let row = find(&state, &caller, &id).await?;
    if !may_read(&state, &caller, &row).await? {
        return Err(Fault::not_allowed());
    }
    Ok(answer::ok(view::one(&state, row, &caller).await?))
}

/// The two in it, whoever is asked for in it, and those whose right reaches it.
async fn may_read(state: &AppState, caller: &Caller, row: &Row) -> Result<bool, Fault> {
    if row.visitor == caller.id.0 || row.counterpart() == Some(caller.id) {
        return Ok(true);
    }
    Ok(match rights::reach(caller.kind, Right::Records) {
        Reach::Nothing | Reach::Own => false,
        Reach::Bound => match row.counterpart() {
            Some(counselor) => conversations::is_bound(&state.pool, counselor, caller.id).await?,
            None => false,
        },
        Reach::Institution | Reach::Everywhere => true,
    })
}

/// Of the caller's institution; any other id is unknown.
async fn find(state: &AppState, caller: &Caller, id: &str) -> Result<Row, Fault> {
    let institution = caller.institution()?;
    let found = match id.parse() {
        Ok(id) => conversations::find(&state.pool, institution, id).await?,
        Err(_) => None,
    };
    found.ok_or_else(|| Fault::wrong(format!("会话未找到：{}", answer::echo(id))))
}

/// 29. 获取小程序当前用户的会话
async fn current(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    rights::require(&caller, Right::OwnConversations)?;
    let (rows, count) = conversations::of_visitor(&state.pool, caller.id, params.page(PAGING)?).await?;
    Ok(answer::list(&view::many(&state, rows, &caller).await?, count))
}

//! Shifts: sections 22 to 25 of the document.

use actix_web::web::{self, Data, Path, ServiceConfig};
use hotline_actors::{CounselorId, PersonId, Timestamp, dispatch::counselor::PublicStatus, push::Load};
use jiff::civil::Date;
use serde::Serialize;
use std::collections::HashMap;
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use super::{
    dispatch::note_view,
    openapi::{
        requests,
        shapes::{Answered, AnsweredAll, Done, Listed},
    },
};
use crate::{
    answer::{self, Answer, Fault},
    audit::Action,
    clock,
    errors::describe,
    http::state::AppState,
    identity::{AccountKind, Caller},
    params::{Paging, Params},
    people::{Person, PersonView, view},
    rights::{self, Reach, Right},
    shifts::{self, Acquaintance, Calendar, OfMonth, ShiftRow, WeekDays},
    text,
    wire::Id,
    wording::Sentence,
};

const PAGING: Paging = Paging::FromZero { default: 20 };

/// This area in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(put, batch, the_day, remove, month))]
pub(super) struct Docs;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/arrange").route(web::put().to(put)))
        .service(web::resource("/arrange/batch").route(web::post().to(batch)))
        .service(web::resource("/arrange/theday").route(web::get().to(the_day)))
        .service(web::resource("/arrange/month").route(web::get().to(month)))
        .service(web::resource("/arrange/{id}").route(web::delete().to(remove)));
}

#[derive(Serialize, ToSchema)]
struct Shift {
    #[serde(serialize_with = "simple")]
    #[schema(value_type = Id)]
    id: Uuid,
    /// The beginning of the day.
    #[schema(value_type = i64)]
    timestamp: Timestamp,
    user: PersonView,
}

fn simple<S: serde::Serializer>(id: &Uuid, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&id.simple())
}

/// 22. 创建排班
#[utoipa::path(
    put,
    path = "/arrange",
    request_body = requests::Arrange,
    responses((status = 200, body = AnsweredAll<Shift>))
)]
async fn put(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    rights::require(&caller, Right::ChangeShifts)?;
    let institution = caller.institution()?;
    let at = Timestamp(params.required_int("timestamp")?);
    let users = params.texts("users")?.filter(|users| !users.is_empty());
    let users = users.ok_or_else(|| Fault::missing("users"))?;
    let calendar = Calendar::open(&state.pool, institution, clock::now()).await?;
    let day = calendar.day(at);
    let people = shifts::staff(&state.people, institution, &users).await?;
    let ids: Vec<PersonId> = people.iter().map(|person| person.id).collect();
    let shifts = calendar.put(day, &ids, caller.id).await?;
    tell_dispatch(&state).await;
    let timestamp = calendar.start_of(day);
    let people: HashMap<PersonId, Person> = people.into_iter().map(|person| (person.id, person)).collect();
    let shifts: Vec<Shift> = shifts
        .iter()
        .filter_map(|shift_row| people.get(&shift_row.person).map(|person| (shift_row, person)))
        .map(|(shift_row, person)| Shift { id: shift_row.shift, timestamp, user: view(person, &caller) })
        .collect();
    Ok(answer::ok(shifts))
}

/// 23. 批量排班
#[utoipa::path(
    post,
    path = "/arrange/batch",
    request_body = requests::ArrangeWeek,
    responses((status = 200, body = Answered<Done>))
)]
async fn batch(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    rights::require(&caller, Right::ChangeShifts)?;
    let institution = caller.institution()?;
    let days = params.ints("weekDays")?.ok_or_else(|| Fault::missing("weekDays"))?;
    let week = WeekDays::new(&days).ok_or_else(|| Fault::malformed(Sentence::WeekDays))?;
    let user = params.required("user")?;
    let people = shifts::staff(&state.people, institution, &[user]).await?;
    let calendar = Calendar::open(&state.pool, institution, clock::now()).await?;
    for person in people {
        calendar.set_week(person.id, &week, caller.id).await?;
    }
    tell_dispatch(&state).await;
    Ok(answer::done())
}

/// Somebody on duty, as they are just now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OnDuty {
    #[serde(serialize_with = "simple")]
    #[schema(value_type = Id)]
    id: Uuid,
    #[schema(value_type = i64)]
    timestamp: Timestamp,
    user: PersonView,
    state: &'static str,
    active: usize,
    /// How many are served before somebody who asks for this one now.
    waiting: usize,
    max_consults: u32,
    #[serde(flatten)]
    for_visitor: Option<ForVisitor>,
}

#[derive(Serialize, ToSchema)]
struct ForVisitor {
    #[schema(required = false)]
    consulted: bool,
    rating: Option<f64>,
}

impl From<Acquaintance> for ForVisitor {
    fn from(known: Acquaintance) -> Self {
        Self { consulted: known.consulted, rating: known.rating }
    }
}

/// 24. 获取当天在线的值班人员
#[utoipa::path(
    get,
    path = "/arrange/theday",
    params(requests::TheDay, requests::FromZero),
    responses((status = 200, body = Listed<OnDuty>))
)]
async fn the_day(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    rights::require(&caller, Right::ReadShifts)?;
    let institution = caller.institution()?;
    let at = Timestamp(params.required_int("timestamp")?);
    let kind = match params.required("type")?.as_str() {
        "SUPERVISOR" => AccountKind::Supervisor,
        "COUNSELOR" => AccountKind::Counselor,
        _ => return Err(Fault::bad("type")),
    };
    let wanted = params.text("state")?.map(|word| shown(&word).ok_or_else(|| Fault::bad("state")));
    let wanted = wanted.transpose()?;
    let page = params.page(PAGING)?;
    let calendar = Calendar::open(&state.pool, institution, clock::now()).await?;
    let day = calendar.day(at);
    let mut present = present(&state, institution, calendar.on_duty(day, kind).await?).await?;
    present.retain(|(_, load)| wanted.is_none_or(|wanted| shown_of(load.as_ref()) == wanted));
    // Those who can be asked come first.
    present.sort_by_key(|(_, load)| rank(shown_of(load.as_ref())));
    let count = i64::try_from(present.len()).map_err(Fault::internal)?;
    let skipped = usize::try_from(page.offset).unwrap_or(usize::MAX);
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let page: Vec<_> = present.into_iter().skip(skipped).take(limit).collect();
    if matches!(caller.kind, AccountKind::Supervisor | AccountKind::Institution) {
        // They see the numbers of whoever is on duty.
        let seen: Vec<PersonId> = page.iter().map(|(shift_row, _)| shift_row.person).collect();
        note_view(&state, &caller, Action::ReadDuty, &seen).await?;
    }
    Ok(answer::list(&rows(&state, &caller, calendar.start_of(day), page).await?, count))
}

/// Somebody on duty, and how loaded they are, as far as dispatch has heard of them.
type Present = Vec<(ShiftRow, Option<Load>)>;

/// How those on duty are just now.
async fn present(state: &AppState, institution: &str, shifts: Vec<ShiftRow>) -> Result<Present, Fault> {
    let overview = state.institutions.overview(institution).await;
    let overview = overview.ok_or_else(|| Fault::wrong(Sentence::Busy))?;
    let loads: HashMap<CounselorId, Load> =
        overview.loads.into_iter().map(|load| (load.counselor, load)).collect();
    let with_load = |shift_row: ShiftRow| {
        let counselor = shift_row.person.into();
        let load = loads.get(&counselor).copied();
        // As many as somebody who asks now would be told of.
        let waiting = overview.before_new.get(&counselor).copied();
        (shift_row, load.map(|load| Load { waiting: waiting.unwrap_or(load.waiting), ..load }))
    };
    Ok(shifts.into_iter().map(with_load).collect())
}

async fn rows(
    state: &AppState,
    caller: &Caller,
    timestamp: Timestamp,
    page: Present,
) -> Result<Vec<OnDuty>, Fault> {
    let ids: Vec<PersonId> = page.iter().map(|(shift_row, _)| shift_row.person).collect();
    let people = state.people.load(&ids).await?;
    let known = match caller.kind {
        AccountKind::Visitor => Some(shifts::acquaintances(&state.pool, caller.id, &ids).await?),
        AccountKind::Counselor | AccountKind::Supervisor | AccountKind::Institution | AccountKind::System => {
            None
        }
    };
    let row = |(shift_row, load): (ShiftRow, Option<Load>)| {
        let person = people.get(&shift_row.person)?;
        let of_person =
            |known: &HashMap<_, Acquaintance>| known.get(&shift_row.person).copied().unwrap_or_default();
        Some(OnDuty {
            id: shift_row.shift,
            timestamp,
            user: view(person, caller),
            state: shown_of(load.as_ref()).as_str(),
            active: load.as_ref().map_or(0, |load| load.active),
            waiting: load.as_ref().map_or(0, |load| load.waiting),
            max_consults: load
                .as_ref()
                .map_or_else(|| u32::try_from(person.max_consults).unwrap_or(0), |load| load.capacity),
            for_visitor: known.as_ref().map(|known| of_person(known).into()),
        })
    };
    Ok(page.into_iter().filter_map(row).collect())
}

fn shown(word: &str) -> Option<PublicStatus> {
    [PublicStatus::Online, PublicStatus::Busy, PublicStatus::Away, PublicStatus::Offline]
        .into_iter()
        .find(|shown| shown.as_str() == word)
}

/// Whom dispatch has not heard of has no socket.
fn shown_of(load: Option<&Load>) -> PublicStatus {
    load.map_or(PublicStatus::Offline, |load| load.shown)
}

fn rank(shown: PublicStatus) -> u8 {
    match shown {
        PublicStatus::Online => 0,
        PublicStatus::Busy => 1,
        PublicStatus::Away => 2,
        PublicStatus::Offline => 3,
    }
}

/// 25. 移除咨询师/督导排班记录
#[utoipa::path(
    delete,
    path = "/arrange/{id}",
    params(("id" = String, Path, description = "排班id")),
    responses((status = 200, body = Answered<Done>))
)]
async fn remove(state: Data<AppState>, caller: Caller, id: Path<String>) -> Answer {
    rights::require(&caller, Right::ChangeShifts)?;
    let institution = caller.institution()?;
    let unknown = || Fault::wrong(Sentence::UnknownShift { id: text::echo(&id).to_owned() });
    let shift: Uuid = id.parse().map_err(|_| unknown())?;
    let calendar = Calendar::open(&state.pool, institution, clock::now()).await?;
    if !calendar.take_off(shift, caller.id).await? {
        return Err(unknown());
    }
    tell_dispatch(&state).await;
    Ok(answer::done())
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DayOfMonth {
    #[schema(value_type = String, format = Date)]
    day: Date,
    #[schema(value_type = i64)]
    timestamp: Timestamp,
    counselors: usize,
    supervisors: usize,
    users: Vec<Brief>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Brief {
    /// Of the shift.
    #[serde(serialize_with = "simple")]
    #[schema(value_type = Id)]
    id: Uuid,
    #[schema(value_type = Id)]
    user: PersonId,
    username: String,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    avatar_url: Option<String>,
    standing: bool,
}

impl From<OfMonth> for Brief {
    fn from(on: OfMonth) -> Self {
        Self {
            id: on.shift,
            user: on.person,
            username: on.username,
            name: on.name,
            kind: on.kind,
            avatar_url: on.avatar_url,
            standing: on.standing,
        }
    }
}

/// 自有：一个月的排班
#[utoipa::path(
    get,
    path = "/arrange/month",
    params(requests::Month),
    responses((status = 200, body = AnsweredAll<DayOfMonth>))
)]
async fn month(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    if rights::require(&caller, Right::ReadShifts)? < Reach::Institution {
        return Err(Fault::not_allowed());
    }
    let now = clock::now();
    let at = params.int("timestamp")?.map_or(now, Timestamp);
    let calendar = Calendar::open(&state.pool, caller.institution()?, now).await?;
    let days = calendar.month(calendar.day(at)).await?;
    let of_kind = |on: &[OfMonth], kind: AccountKind| on.iter().filter(|on| on.kind == kind.as_str()).count();
    let days = days.into_iter().map(|(day, on)| DayOfMonth {
        day,
        timestamp: calendar.start_of(day),
        counselors: of_kind(&on, AccountKind::Counselor),
        supervisors: of_kind(&on, AccountKind::Supervisor),
        users: on.into_iter().map(Brief::from).collect(),
    });
    Ok(answer::ok(days.collect::<Vec<_>>()))
}

/// So that the common queue is served by those on shift at once; dispatch looks by itself, too, a little later.
async fn tell_dispatch(state: &AppState) {
    if let Err(error) = state.institutions.refresh().await {
        tracing::warn!(error = %describe(&error), "passing changed shifts to dispatch failed: they apply at the next refresh");
    }
}

//! The live state, for those who answer for it (ours).

use std::collections::HashMap;

use actix_web::web::{self, Data, ServiceConfig};
use hotline_actors::{
    ConversationId, PersonId,
    dispatch::{
        conversation::Conversation,
        counselor::{self, PublicStatus},
    },
    push::{Load, StandingAlarm},
    registry::QueueOverview,
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use super::openapi::shapes::{Answered, AnsweredAll};
use crate::{
    answer::{self, Answer, Fault},
    audit::{Action, Note},
    clock,
    conversations::reading::Scope,
    http::{sockets::frames::answers::AlarmView, state::AppState},
    identity::{AccountKind, Caller},
    people::{Person, PersonView, view},
    rights::{self, Reach, Right},
    wire::{Id, words},
    wording::Sentence,
};

/// This area in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(now, supervisors))]
pub(super) struct Docs;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/dispatch/now").route(web::get().to(now)))
        .service(web::resource("/dispatch/supervisors").route(web::get().to(supervisors)));
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Now {
    /// When this was so.
    time: i64,
    /// Who can be reached: online, busy or away.
    online: Vec<StaffOverview>,
    /// Who is on shift and cannot be reached.
    missing: Vec<StaffOverview>,
    /// Who waits, in the order of service.
    waiting: Vec<Waiting>,
    /// How many stand in the common queue.
    common: usize,
    /// What is not settled, the oldest first, as the sockets tell it.
    alarms: Vec<AlarmView>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct StaffOverview {
    user: Option<PersonView>,
    role: words::Role,
    state: words::PublicStatus,
    on_shift: bool,
    active: usize,
    waiting: usize,
    max_consults: u32,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Waiting {
    #[schema(value_type = Id)]
    id: ConversationId,
    conversation_type: words::ConversationType,
    user: Option<PersonView>,
    /// Who is asked for by name.
    counselor: Option<PersonView>,
    priority: words::Priority,
    /// Whether it stands in the common queue.
    common: bool,
    created_time: i64,
    /// Milliseconds since then.
    waited: i64,
}

/// A supervisor who may be asked.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Adviser {
    user: Option<PersonView>,
    state: words::PublicStatus,
    on_shift: bool,
    active: usize,
    waiting: usize,
    max_consults: u32,
    /// Whether they look after the one who asks.
    bound: bool,
}

/// 自有：可求助的督导
///
/// 机构的全部督导及其状态，自己的督导在前，其余按能否接待
#[utoipa::path(
    get,
    path = "/dispatch/supervisors",
    responses((status = 200, body = AnsweredAll<Adviser>))
)]
async fn supervisors(state: Data<AppState>, caller: Caller) -> Answer {
    rights::require(&caller, Right::RequestSupervisor)?;
    let overview = state.institutions.overview(caller.institution()?).await;
    let mut overview = overview.ok_or_else(|| Fault::wrong(Sentence::Busy))?;
    overview.loads.retain(|load| load.role == counselor::Role::Supervisor);
    let ids: Vec<PersonId> = overview.loads.iter().map(|load| load.counselor.into()).collect();
    let people = state.people.load(&ids).await?;
    if caller.kind != AccountKind::Counselor {
        note_view(&state, &caller, Action::ReadDuty, &ids).await?;
    }
    let own = state.people.get(caller.id).await?.ok_or(Fault::NoSession)?.supervisors;
    let is_bound = |load: &Load| own.contains(&load.counselor.into());
    let free = |load: &Load| usize::try_from(load.capacity).unwrap_or(0).saturating_sub(load.active);
    overview.loads.sort_by_key(|load| {
        (!is_bound(load), nearness(load.shown), std::cmp::Reverse(free(load)), load.counselor)
    });
    let row = |load: &Load| Adviser {
        user: people.get(&load.counselor.into()).map(|person| view(person, &caller)),
        state: load.shown.into(),
        on_shift: load.on_shift,
        active: load.active,
        waiting: load.waiting,
        max_consults: load.capacity,
        bound: is_bound(load),
    };
    Ok(answer::ok(overview.loads.iter().map(row).collect::<Vec<_>>()))
}

/// How soon somebody may be expected to answer.
fn nearness(shown: PublicStatus) -> u8 {
    match shown {
        PublicStatus::Online => 0,
        PublicStatus::Busy => 1,
        PublicStatus::Away => 2,
        PublicStatus::Offline => 3,
    }
}

/// 自有：实时接待状况
#[utoipa::path(get, path = "/dispatch/now", responses((status = 200, body = Answered<Now>)))]
async fn now(state: Data<AppState>, caller: Caller) -> Answer {
    let reach = rights::require(&caller, Right::Statistics)?;
    if reach == Reach::Own {
        return Err(Fault::not_allowed());
    }
    let institution = caller.institution()?;
    let scope = Scope::of(&state.pool, &caller, reach).await?;
    let overview = state.institutions.overview(institution).await;
    let mut overview = overview.ok_or_else(|| Fault::wrong(Sentence::Busy))?;
    narrow(&mut overview, &scope, caller.id);
    let people = state.people.load(&named(&overview)).await?;
    // Pages ask again every few seconds: that is one look in ten minutes.
    let seen = others(&caller, people.keys());
    look(&caller, Action::ReadLiveState, &seen)?.write_once(&state.pool).await?;
    Ok(answer::ok(shown(&overview, &people, &caller)))
}

/// Who saw whom, each time: another page or day has others on it.
pub(super) async fn note_view(
    state: &AppState,
    caller: &Caller,
    action: Action,
    people: &[PersonId],
) -> Result<(), Fault> {
    let seen = others(caller, people);
    if seen.is_empty() {
        return Ok(());
    }
    Ok(look(caller, action, &seen)?.write(&state.pool).await?)
}

fn others<'a>(caller: &Caller, people: impl IntoIterator<Item = &'a PersonId>) -> Vec<Uuid> {
    let mut seen: Vec<Uuid> = people.into_iter().filter(|id| **id != caller.id).map(|id| id.0).collect();
    seen.sort_unstable();
    seen
}

fn look<'a>(caller: &'a Caller, action: Action, people: &'a [Uuid]) -> Result<Note<'a>, Fault> {
    let (institution, at) = (Some(caller.institution()?), clock::now());
    Ok(Note { institution, actor: caller.id, action, target: None, people, detail: None, at })
}

/// Leaves what is in the reader's scope: their counselors and they themselves, who waits for these, and who waits for anyone.
fn narrow(overview: &mut QueueOverview, scope: &Scope, reader: PersonId) {
    let Some(counselors) = scope.counselors() else { return };
    let in_scope = |id: PersonId| id == reader || counselors.contains(&id.0);
    overview.loads.retain(|load| in_scope(load.counselor.into()));
    overview.waiting.retain(|facts| {
        facts.in_common_queue || facts.requested_counselor.is_some_and(|wanted| in_scope(wanted.into()))
    });
    overview.alarms.retain(|alarm| match alarm {
        StandingAlarm::Unanswered { counselor, .. } => in_scope((*counselor).into()),
        StandingAlarm::CounselorLost { .. } => true,
    });
}

fn named(overview: &QueueOverview) -> Vec<PersonId> {
    let seated = overview.loads.iter().map(|load| PersonId::from(load.counselor));
    let asking = overview.waiting.iter().map(|facts| PersonId::from(facts.visitor));
    let asked = overview.waiting.iter().filter_map(|facts| facts.requested_counselor.map(PersonId::from));
    let mut people: Vec<PersonId> = seated.chain(asking).chain(asked).collect();
    people.sort_unstable();
    people.dedup();
    people
}

fn shown(overview: &QueueOverview, people: &HashMap<PersonId, Person>, reader: &Caller) -> Now {
    let now = clock::steady();
    let person = |id: PersonId| people.get(&id).map(|person| view(person, reader));
    let seat = |load: &Load| StaffOverview {
        user: person(load.counselor.into()),
        role: load.role.into(),
        state: load.shown.into(),
        on_shift: load.on_shift,
        active: load.active,
        waiting: load.waiting,
        max_consults: load.capacity,
    };
    let waiting = |facts: &Conversation| Waiting {
        id: facts.id,
        conversation_type: facts.kind.conversation_type().into(),
        user: person(facts.visitor.into()),
        counselor: facts.requested_counselor.and_then(|wanted| person(wanted.into())),
        priority: facts.priority.into(),
        common: facts.in_common_queue,
        created_time: facts.opened_at.0,
        waited: (now.0 - facts.opened_at.0).max(0),
    };
    let is_there = |load: &&Load| load.shown != PublicStatus::Offline;
    let is_missed = |load: &&Load| load.shown == PublicStatus::Offline && load.on_shift;
    Now {
        time: now.0,
        online: overview.loads.iter().filter(is_there).map(seat).collect(),
        missing: overview.loads.iter().filter(is_missed).map(seat).collect(),
        waiting: overview.waiting.iter().map(waiting).collect(),
        common: overview.common_waiting,
        alarms: overview.alarms.iter().map(AlarmView::from).collect(),
    }
}

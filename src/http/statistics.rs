//! The figures of the front page (sections 30 to 33), and one's own.

use std::collections::BTreeMap;

use actix_web::web::{self, Data, ServiceConfig};
use hotline_actors::PersonId;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::openapi::{
    requests,
    shapes::{Answered, AnsweredAll},
};
use crate::{
    answer::{self, Answer, Fault},
    calendar::{self, Calendar},
    clock,
    conversations::reading::Scope,
    http::state::AppState,
    identity::Caller,
    params::{Paging, Params},
    people::Person,
    rights::{self, Right},
    statistics::{self, MyFigures, StatisticsFilter},
    wire::Id,
};

/// A ranking is a first page.
const RANKING: Paging = Paging::FromZero { default: 10 };

/// This area in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(seven_days, number_ranking, rated_ranking, today_change, mine))]
pub(super) struct Docs;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/conversation/7statistics").route(web::get().to(seven_days)))
        .service(web::resource("/conversation/numberranking").route(web::get().to(number_ranking)))
        .service(web::resource("/conversation/ratedranking").route(web::get().to(rated_ranking)))
        .service(web::resource("/conversation/todaychange").route(web::get().to(today_change)))
        .service(web::resource("/conversation/mine").route(web::get().to(mine)));
}

/// What every figure needs: whose, and by which calendar.
struct StatisticsContext {
    institution: String,
    scope: Scope,
    calendar: Calendar,
}

impl StatisticsContext {
    async fn of(state: &AppState, caller: &Caller) -> Result<Self, Fault> {
        let reach = rights::require(caller, Right::Statistics)?;
        let institution = caller.institution()?.to_owned();
        let scope = Scope::of(&state.pool, caller, reach).await?;
        let calendar = calendar::of(&state.pool, &institution).await?;
        Ok(Self { institution, scope, calendar })
    }

    fn filter(&self) -> StatisticsFilter<'_> {
        StatisticsFilter { institution: &self.institution, scope: &self.scope }
    }
}

/// An object whose keys count from `first`.
fn numbered(numbers: Vec<i64>, first: usize) -> BTreeMap<usize, i64> {
    numbers.into_iter().enumerate().map(|(index, number)| (index + first, number)).collect()
}

/// 30. 七日咨询数量统计
#[utoipa::path(
    get,
    path = "/conversation/7statistics",
    responses((status = 200, body = Answered<BTreeMap<String, i64>>))
)]
async fn seven_days(state: Data<AppState>, caller: Caller) -> Answer {
    let context = StatisticsContext::of(&state, &caller).await?;
    let days = statistics::seven_days(&state.pool, context.filter(), &context.calendar, clock::now()).await?;
    Ok(answer::ok(numbered(days, 1)))
}

/// 33. 今日咨询数量变化
#[utoipa::path(
    get,
    path = "/conversation/todaychange",
    responses((status = 200, body = Answered<BTreeMap<String, i64>>))
)]
async fn today_change(state: Data<AppState>, caller: Caller) -> Answer {
    let context = StatisticsContext::of(&state, &caller).await?;
    let hours =
        statistics::hours_of_today(&state.pool, context.filter(), &context.calendar, clock::now()).await?;
    Ok(answer::ok(numbered(hours, 0)))
}

/// A row of a ranking.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RankingRow {
    #[schema(value_type = Id)]
    id: PersonId,
    username: String,
    name: Option<String>,
    avatar_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<f64>,
    number: i64,
}

impl RankingRow {
    fn new(person: &Person, rating: Option<f64>, number: i64) -> Self {
        Self {
            id: person.id,
            username: person.username.clone(),
            name: person.name.clone(),
            avatar_url: person.avatar_url.clone(),
            rating,
            number,
        }
    }
}

/// 31. 当月咨询数排行
#[utoipa::path(
    get,
    path = "/conversation/numberranking",
    params(requests::Ranking),
    responses((status = 200, body = AnsweredAll<RankingRow>))
)]
async fn number_ranking(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    let context = StatisticsContext::of(&state, &caller).await?;
    let size = params.page(RANKING)?.limit;
    let month = context.calendar.this_month(clock::now());
    let ranked = statistics::most_consultations(&state.pool, context.filter(), month, size).await?;
    ranking(&state, ranked.iter().map(|row| (row.counselor, None, row.number)).collect()).await
}

/// Counselors with their rating and number, as they are ranked.
async fn ranking(state: &AppState, ranked: Vec<(PersonId, Option<f64>, i64)>) -> Answer {
    let ids: Vec<PersonId> = ranked.iter().map(|(counselor, ..)| *counselor).collect();
    let people = state.people.load(&ids).await?;
    let rows = ranked.into_iter().filter_map(|(counselor, rating, number)| {
        people.get(&counselor).map(|person| RankingRow::new(person, rating, number))
    });
    Ok(answer::ok(rows.collect::<Vec<_>>()))
}

/// 32. 当月评价排行
#[utoipa::path(
    get,
    path = "/conversation/ratedranking",
    params(requests::Ranking),
    responses((status = 200, body = AnsweredAll<RankingRow>))
)]
async fn rated_ranking(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    let context = StatisticsContext::of(&state, &caller).await?;
    let size = params.page(RANKING)?.limit;
    let month = context.calendar.this_month(clock::now());
    let rated = statistics::best_rated(&state.pool, context.filter(), month, size).await?;
    ranking(&state, rated.iter().map(|row| (row.counselor, Some(row.mean), row.number)).collect()).await
}

/// 自有：本人的咨询数据
#[utoipa::path(
    get,
    path = "/conversation/mine",
    responses((status = 200, body = Answered<MyFigures>))
)]
async fn mine(state: Data<AppState>, caller: Caller) -> Answer {
    let context = StatisticsContext::of(&state, &caller).await?;
    Ok(answer::ok(statistics::my_figures(&state.pool, caller.id, &context.calendar, clock::now()).await?))
}

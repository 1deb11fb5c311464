//! What a service manager and a load balancer ask.

use std::time::Duration;

use actix_web::{
    HttpResponse, ResponseError,
    web::{self, Data, ServiceConfig},
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::openapi::shapes::HttpError;
use crate::{answer::Fault, errors::describe, http::state::AppState, institutions::Standing};

/// A database that takes longer is as good as away.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// This area in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(live, ready))]
pub(super) struct Docs;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/health/live").route(web::get().to(live)))
        .service(web::resource("/health/ready").route(web::get().to(ready)));
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Health {
    Live,
    Ready,
    DatabaseAway,
    JournalBehind,
    /// 另一台服务器在服务，本机待命
    Standby,
    /// 多台服务器时，本机未能续约
    NoLease,
    /// 多台服务器时，本机与总线断开
    NoBus,
}

#[derive(Serialize, ToSchema)]
struct HealthAnswer {
    status: Health,
}

/// 自有：进程存活
#[utoipa::path(get, path = "/health/live", responses((status = 200, body = HealthAnswer)), security(()))]
async fn live() -> HttpResponse {
    HttpResponse::Ok().json(HealthAnswer { status: Health::Live })
}

/// 自有：可以服务
#[utoipa::path(
    get,
    path = "/health/ready",
    responses((status = 200, body = HealthAnswer), (status = 503, description = "数据库不可用，或服务停止中", body = Unready)),
    security(())
)]
async fn ready(state: Data<AppState>) -> HttpResponse {
    if state.traffic.is_leaving() {
        return Fault::Stopping.error_response();
    }
    if !database_answers(&state).await {
        return HttpResponse::ServiceUnavailable().json(HealthAnswer { status: Health::DatabaseAway });
    }
    match state.institutions.standing(Duration::ZERO).await {
        Standing::Serves => {}
        Standing::StandsBy => {
            return HttpResponse::ServiceUnavailable().json(HealthAnswer { status: Health::Standby });
        }
        Standing::HasNoLease => {
            return HttpResponse::ServiceUnavailable().json(HealthAnswer { status: Health::NoLease });
        }
        Standing::HasNoBus => {
            return HttpResponse::ServiceUnavailable().json(HealthAnswer { status: Health::NoBus });
        }
    }
    if state.institutions.behind().await {
        return HttpResponse::ServiceUnavailable().json(HealthAnswer { status: Health::JournalBehind });
    }
    HttpResponse::Ok().json(HealthAnswer { status: Health::Ready })
}

/// What an unready server answers: what it lacks, or that it stops.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "read by the derive alone")]
enum Unready {
    Lacks(HealthAnswer),
    Stops(HttpError),
}

async fn database_answers(state: &AppState) -> bool {
    let asked = sqlx::query_scalar!("select 1 as \"one!\"").fetch_one(&state.pool);
    match tokio::time::timeout(ANSWER_MAX, asked).await {
        Ok(Ok(_)) => true,
        Ok(Err(error)) => {
            tracing::warn!(error = %describe(&error), "the database does not answer");
            false
        }
        Err(_) => {
            tracing::warn!("the database does not answer in time");
            false
        }
    }
}

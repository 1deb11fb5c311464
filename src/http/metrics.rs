//! The figures of operation, for Prometheus.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::HeaderMap,
    web::{self, Data, ServiceConfig},
};
use utoipa::OpenApi;

use crate::{
    address,
    answer::{Answer, Fault},
    clock,
    cluster::bus,
    config::Settings,
    http::state::AppState,
    metrics::{self, BusFigures, ClusterFigures, Seen},
};

/// This area in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(page))]
pub(super) struct Docs;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/metrics").route(web::get().to(page)));
}

/// 自有：运行指标
///
/// Prometheus 文本格式；只对 `metrics.allow` 中的地址开放
#[utoipa::path(
    get,
    path = "/metrics",
    responses((status = 200, description = "指标", body = String, content_type = "text/plain")),
    security(())
)]
async fn page(req: HttpRequest, state: Data<AppState>) -> Answer {
    let peer = req.peer_addr().map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.ip());
    if !may_read(peer, req.headers(), &state.settings) {
        return Err(Fault::NoSession);
    }
    // Nothing here asks the database: the page matters most while it is away.
    let seen = Seen {
        institutions: state.institutions.health().await,
        now: clock::steady(),
        messages: state.messages.figures(),
        cluster: state.institutions.cluster_figures().map(|figures| {
            let bus = state.forwarding.as_ref().map(|forwarding| bus_figures(forwarding.bus().figures()));
            ClusterFigures { bus, ..figures }
        }),
        connections: state.pool.size(),
        connections_idle: state.pool.num_idle(),
    };
    let text = metrics::page(&state.metrics, &seen).map_err(Fault::internal)?;
    Ok(HttpResponse::Ok().content_type(prometheus::TEXT_FORMAT).body(text))
}

fn bus_figures(figures: bus::Figures) -> BusFigures {
    let bus::Figures { streams, bytes_out, bytes_in, gaps, is_up, .. } = figures;
    BusFigures { is_up, streams, bytes_out, bytes_in, gaps }
}

/// Whether the client stands in `metrics.allow`. What a proxy we do not know hands on is refused: it may stand on this
/// very machine while its client does not.
fn may_read(peer: IpAddr, headers: &HeaderMap, settings: &Settings) -> bool {
    let from = address::client(peer, headers, &settings.server.trusted_proxies);
    let through_a_stranger = from == peer.to_canonical() && address::was_forwarded(headers);
    !through_a_stranger && settings.metrics.allow.iter().any(|network| network.contains(&from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use actix_web::http::header::{HeaderName, HeaderValue};

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn forwarded(name: &'static str, from: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.append(HeaderName::from_static(name), HeaderValue::from_static(from));
        headers
    }

    #[test]
    fn the_figures_are_for_this_machine_unless_set_otherwise() {
        let mut settings = config::defaults();
        let direct = HeaderMap::new();
        let prometheus: IpAddr = "10.0.0.7".parse().expect("an address");
        assert!(may_read(HERE, &direct, &settings));
        assert!(may_read("::ffff:127.0.0.1".parse().expect("an address"), &direct, &settings));
        assert!(!may_read(prometheus, &direct, &settings));
        settings.metrics.allow = vec!["10.0.0.0/24".parse().expect("a network")];
        assert!(may_read(prometheus, &direct, &settings));
        assert!(!may_read(HERE, &direct, &settings), "what is set replaces the default");
    }

    #[test]
    fn what_a_proxy_on_this_machine_hands_on_is_not_from_this_machine() {
        let mut settings = config::defaults();
        for header in ["x-forwarded-for", "x-real-ip", "via"] {
            assert!(!may_read(HERE, &forwarded(header, "6.6.6.6"), &settings), "{header}");
        }
        settings.server.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a network")];
        assert!(!may_read(HERE, &forwarded("x-forwarded-for", "127.0.0.1, 6.6.6.6"), &settings));
        settings.metrics.allow = vec!["10.0.0.0/24".parse().expect("a network")];
        assert!(may_read(HERE, &forwarded("x-forwarded-for", "10.0.0.7"), &settings));
    }
}

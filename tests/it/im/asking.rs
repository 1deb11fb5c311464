//! What Tencent is asked, and what is made of its answers.

use std::time::{Duration, Instant};

use hotline::im::rest::{Notice, Rest, RestFault};

use crate::{
    fakes::tencent::Fault,
    support::{IM_KEY, SDK_APP_ID, Stalls},
};

use super::*;

const SEND: &str = "openim/sendmsg";
const NOTICE: Notice<'_> =
    Notice { to: "anna", sequence: 4_000_000_000, random: 4_026_038_328, text: "话", custom: "" };

fn client(tencent: &Tencent, key: &str) -> Rest {
    let mut settings = hotline::config::Settings::load(None).expect("the defaults are good");
    settings.im.sdk_app_id = SDK_APP_ID;
    settings.im.secret_key = key.into();
    settings.im.rest_url.clone_from(&tencent.url);
    Rest::new(&settings, hotline::outbound::client().expect("a client")).expect("it is configured")
}

#[tokio::test]
async fn tencents_refusals_are_told_apart_by_what_helps() {
    let tencent = Tencent::start().await;
    let rest = client(&tencent, IM_KEY);
    let unknown = rest.send(NOTICE).await.expect_err("nobody is imported yet");
    assert_eq!(unknown, RestFault::Refused(90012));
    assert!(unknown.is_unknown_account() && !unknown.is_passing());
    rest.account_import("anna").await.expect("an account");
    rest.account_import("anna").await.expect("again is harmless");
    for code in [60007, 60008, 91000] {
        tencent.fail(SEND, &[Fault::Code(code)]);
        let passing = rest.send(NOTICE).await.expect_err("it is refused");
        assert_eq!(passing, RestFault::Refused(code));
        assert!(passing.is_passing(), "{code}");
    }
    tencent.fail(SEND, &[Fault::Code(80001)]);
    assert!(!rest.send(NOTICE).await.expect_err("dirty").is_passing());
    tencent.fail(SEND, &[Fault::Cut]);
    assert_eq!(rest.send(NOTICE).await, Err(RestFault::Unreachable));
    let stranger = client(&tencent, "another key");
    assert_eq!(stranger.send(NOTICE).await, Err(RestFault::Refused(60004)));
}

#[tokio::test]
async fn an_answer_that_never_comes_is_not_waited_for_and_the_same_again_is_no_double() {
    let tencent = Tencent::start().await;
    let rest = client(&tencent, IM_KEY);
    rest.account_import("anna").await.expect("an account");
    tencent.fail(SEND, &[Fault::Silence]);
    let (stalls, begun) = (Stalls::watch(), Instant::now());
    assert_eq!(rest.send(NOTICE).await, Err(RestFault::Late));
    let waited = begun.elapsed();
    let at_most = Duration::from_secs(9) + stalls.so_far();
    assert!((Duration::from_secs(3)..at_most).contains(&waited), "{waited:?}");
    rest.send(NOTICE).await.expect("the second time it answers");
    let delivered = tencent.delivered();
    assert_eq!(delivered.len(), 1, "{delivered:?}");
    let forbidden = json!(["ForbidBeforeSendMsgCallback", "ForbidAfterSendMsgCallback"]);
    assert_eq!(delivered[0]["ForbidCallbackControl"], forbidden);
}

#[tokio::test]
async fn who_is_online_and_who_is_kicked() {
    let tencent = Tencent::start().await;
    let rest = client(&tencent, IM_KEY);
    assert_eq!(rest.is_online("anna").await, Ok(false));
    tencent.log_in("anna", true);
    assert_eq!(rest.is_online("anna").await, Ok(true));
    rest.kick("anna").await.expect("an account nobody imported has no log-in to end");
    rest.account_import("anna").await.expect("an account");
    rest.kick("anna").await.expect("it is kicked");
    assert_eq!(tencent.kicked(), ["anna"]);
}

#[tokio::test]
async fn an_account_is_imported_at_the_first_log_in_and_once() {
    let mut house = House::open().await;
    let imported = async |house: &House, account: &str| {
        until("the account is imported", SOON, async || house.tencent.knows(account).then_some(())).await;
    };
    house.tencent.fail("im_open_login_svc/account_import", &[Fault::Code(60008)]);
    let anna = house.hotline.visitor("ecnu", "anna").await;
    imported(&house, &anna.username).await;
    imported(&house, "lin").await;
    until("it is noted", SOON, async || {
        let noted = sqlx::query_scalar!(r#"select count(*) as "noted!" from im_accounts"#);
        (noted.fetch_one(&house.hotline.database.pool).await.expect("a count") == 2).then_some(())
    })
    .await;
    let asked = house.tencent.asked("im_open_login_svc/account_import").len();
    house.restart().await;
    let bo = house.hotline.visitor("ecnu", "bo").await;
    house.hotline.visitor("ecnu", "anna").await;
    imported(&house, &bo.username).await;
    assert_eq!(house.tencent.asked("im_open_login_svc/account_import").len(), asked + 1);
}

#[tokio::test]
async fn whoever_is_banned_or_deleted_is_out_of_im_too() {
    let house = House::open().await;
    let (admin, talk) = (house.hotline.staff("guanli").await, house.talk("anna").await);
    house.hotline.add_user("ecnu", "COUNSELOR", "han").await;
    house.hotline.staff("han").await;
    for account in [talk.visitor.username.as_str(), "han"] {
        until("the account is imported", SOON, async || house.tencent.knows(account).then_some(())).await;
    }
    house.tencent.fail("im_open_login_svc/kick", &[Fault::Code(60008)]);
    let id = house.hotline.database.id_of(&talk.visitor.username).await;
    admin.post(&format!("/user/ban/{id}"), Value::Null).await.ok();
    let gone = admin.request(reqwest::Method::DELETE, "/user/ms/counselor/han");
    Answer::of(gone).await.ok();
    until("both are kicked", SOON, async || {
        let mut kicked = house.tencent.kicked();
        kicked.sort();
        (kicked == ["han", talk.visitor.username.as_str()]).then_some(())
    })
    .await;
}

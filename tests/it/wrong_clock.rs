//! The clock of the server's machine is set back. Only the server sees it so: a small library stands before the system's clock.

use std::{fs, path::PathBuf, process::Command};

use serde_json::{Value, json};

use crate::{
    fakes::tencent::Tencent,
    support::{Client, Hotline, SOON, Socket, Word, md5_of_everybody, until, words},
};

/// Adds what stands in a file to the clock that can be set, and leaves the one alone that cannot.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *ts) {
    int failed = (int)syscall(SYS_clock_gettime, id, ts);
    const char *path = getenv("WRONG_CLOCK");
    if (failed || path == NULL || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE)) return failed;
    char text[32] = {0};
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        if (read(file, text, sizeof text - 1) > 0) ts->tv_sec += atol(text);
        close(file);
    }
    return 0;
}
"#;

/// By how many seconds the server's clock is wrong.
struct WrongClock(PathBuf);

impl WrongClock {
    fn of(hotline: &mut Hotline) -> Self {
        let at = |ending: &str| hotline.folder().join("clock").with_extension(ending);
        let (source, library, file) = (at("c"), at("so"), at("seconds"));
        fs::write(&source, SHIM).expect("cargo's folder for tests can be written");
        let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status();
        assert!(built.expect("cc runs: Rust links with it").success());
        let clock = Self(file);
        clock.set(0);
        hotline.set_variable("LD_PRELOAD", library.to_str().expect("a name in ASCII"));
        hotline.set_variable("WRONG_CLOCK", clock.0.to_str().expect("a name in ASCII"));
        clock
    }

    /// All at once: a file that is written in place may be read half.
    fn set(&self, seconds: i64) {
        let next = self.0.with_extension("next");
        fs::write(&next, seconds.to_string()).expect("the file can be written");
        fs::rename(&next, &self.0).expect("the file can be replaced");
    }
}

fn time(object: &Value, key: &str) -> i64 {
    object[key].as_i64().unwrap_or_else(|| panic!("{key} in {object}"))
}

/// Opens a talk with `lin`, in which only the counselor says something.
async fn talk(visitor: &Client, lin: &Client, workbench: &mut Socket) -> (String, i64) {
    let conversation = visitor.open(&lin.id().await).await;
    let id = conversation["id"].as_str().expect("an id").to_owned();
    let started = time(&conversation, "startTime");
    assert!(time(&conversation, "createdTime") <= started);
    let word = json!({ "type": "say", "ref": format!("{id}-1"), "conversation": id, "text": "您好" });
    workbench.send(word).await;
    let said = workbench.expect("the word", |frame| frame["type"] == "said", SOON).await;
    assert!(time(&said["message"], "timeMs") >= started, "what is said in a talk is said after its start");
    (id, started)
}

#[tokio::test]
async fn set_back_by_an_hour_no_limit_stops_and_nothing_lasts_a_negative_time() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.add_counselor("ecnu", "lin").await;
    hotline.set("im.mode", "embedded");
    hotline.set("dispatch.silence_notice_seconds", 6);
    hotline.set("dispatch.silence_end_seconds", 3);
    let clock = WrongClock::of(&mut hotline);
    hotline.start().await;
    let (lin, visitor) = (hotline.staff("lin").await, hotline.visitor("ecnu", "first").await);
    let mut workbench = lin.workbench().await;
    workbench.snapshot().await;
    let (id, _) = talk(&visitor, &lin, &mut workbench).await;
    clock.set(-3_600);
    let ended = workbench.event("ended", &id).await;
    assert_eq!(ended["endReason"], "silence");
    let over = visitor.conversation(&id).await;
    assert!((9_000..60_000).contains(&time(&over, "duration")), "{over}");

    hotline.kill();
    hotline.start().await;
    let mut workbench = lin.workbench().await;
    workbench.snapshot().await;
    let (next, started) = talk(&visitor, &lin, &mut workbench).await;
    assert!(started >= time(&over, "endTime"), "time goes on from what is known");
    assert_eq!(workbench.event("ended", &next).await["endReason"], "silence");
    let over = visitor.conversation(&next).await;
    assert!((9_000..60_000).contains(&time(&over, "duration")), "{over}");
    // A year, while somebody waits for an answer.
    let (last, started) = talk(&visitor, &lin, &mut workbench).await;
    clock.set(-31_536_000);
    visitor.end(&last).await;
    let over = visitor.conversation(&last).await;
    assert!(time(&over, "endTime") >= started && time(&over, "duration") >= 0, "{over}");
    hotline.assert_calm();
}

#[tokio::test]
async fn set_back_by_an_hour_a_lock_on_log_ins_ends_as_soon_as_ever() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.add_counselor("ecnu", "lin").await;
    hotline.set("session.failures_max_account_address", 1);
    hotline.set("session.failures_window_seconds", 2);
    let clock = WrongClock::of(&mut hotline);
    hotline.start().await;
    let nobody = hotline.client();
    let try_with = async |password: &str| {
        let body = json!({ "username": "lin", "password": password });
        nobody.post("/auth/login", body).await.body["code"].clone()
    };
    assert_eq!(try_with("wrong").await, -3);
    clock.set(-3_600);
    assert_eq!(try_with(&md5_of_everybody()).await, -3, "locked");
    until("the lock is over", SOON, async || (try_with(&md5_of_everybody()).await == 0).then_some(())).await;
    hotline.assert_calm();
}

#[tokio::test]
async fn set_back_by_an_hour_what_im_tells_still_happens_after_what_was() {
    let tencent = Tencent::start().await;
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.set("im.rest_url", &tencent.url);
    hotline.add_counselor("ecnu", "lin").await;
    let clock = WrongClock::of(&mut hotline);
    hotline.start().await;
    let (lin, visitor) = (hotline.staff("lin").await, hotline.visitor("ecnu", "anna").await);
    let mut workbench = lin.workbench().await;
    workbench.snapshot().await;
    let conversation = visitor.open(&lin.id().await).await;
    let id = conversation["id"].as_str().expect("an id").to_owned();
    // Tencent's clock was right all along, and ours is from now on.
    clock.set(-3_600);
    let now_ms = || hotline::clock::now().0 - 3_600_000;
    let nobody = hotline.client();
    let says = |sequence: u32, body: Value| {
        Word::new(&visitor.username, "lin", &id, sequence, body).at(now_ms() / 1000)
    };
    let becomes = async |medium: &str| {
        until(&format!("it becomes {medium}"), SOON, async || {
            (visitor.conversation(&id).await["medium"] == medium).then_some(())
        })
        .await;
    };
    nobody.say(&says(1, words::call("answered"))).await;
    becomes("VOICE").await;
    let gone = json!({
        "CallbackCommand": "State.StateChange", "EventTime": now_ms() + 1000,
        "Info": { "Action": "Disconnect", "To_Account": visitor.username, "Reason": "LinkClose" },
    });
    nobody.callback(&gone).await;
    becomes("TEXT").await;

    // Taken back before it comes, and before the end.
    let word = says(2, words::text("不说了"));
    let taken_back = json!({
        "CallbackCommand": "C2C.CallbackAfterMsgWithDraw", "From_Account": visitor.username, "To_Account": "lin",
        "MsgKey": word.key(), "EventTime": now_ms(), "UnreadMsgNum": 0,
    });
    assert_eq!(nobody.callback(&taken_back).await.body["ErrorCode"], 0);
    visitor.end(&id).await;
    nobody.say(&word).await;
    let path = format!("/message/conversation/web?conversationId={id}&size=200");
    let record = lin.get(&path).await.ok();
    let rows = record.as_array().expect("a list");
    let shown = rows.iter().find(|row| row["payload"]["text"] == "不说了").expect("it is in the record");
    assert_eq!(shown["isRevoked"], true, "{shown}");
    hotline.assert_calm();
}

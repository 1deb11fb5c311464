//! The clock of the server's machine is set back. Only the server sees it so: a small library stands before the system's clock.

use std::{fs, path::PathBuf, process::Command};

use serde_json::{Value, json};

use crate::support::{Client, Hotline, SOON, Socket};

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

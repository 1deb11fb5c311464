//! One long day at the hotline: wait, be seated, talk, be timed out, be moved, and a kill in the middle of it all.

use std::{cell::RefCell, collections::BTreeSet, rc::Rc, time::Duration};

use serde_json::{Value, json};

use crate::support::{Client, Hotline, SOON, Socket, Word, until, words};

/// Long enough that no seat is given by accident of time, short enough to wait for.
const GRACE_SECONDS: u64 = 2;
const SILENCE_NOTICE_SECONDS: u64 = 2;
/// A word has to be said before, on the slowest machine.
const SILENCE_END_SECONDS: u64 = 6;
const TEXT_SECONDS_MAX: u64 = 8;

#[tokio::test]
async fn a_day_at_the_hotline() {
    let mut day = Day::begins().await;
    let talks = day.two_are_seated_and_the_third_waits().await;
    day.anyone_is_another_counselor().await;
    day.words_are_kept_once(&talks[0]).await;
    day.a_raised_capacity_seats_the_third(&talks[2]).await;
    day.a_visitor_ends(&talks[0]).await;
    day.silence_ends_a_talk().await;
    day.the_hard_limit_ends_a_talk().await;
    let waiting = day.a_lost_counselor_gives_up_who_may_be_served_by_others().await;
    day.a_kill_loses_nothing_acknowledged().await;
    day.the_one_who_waited_is_seated_at_last(&talks[1], &waiting).await;
    day.hotline.assert_calm();
    day.hotline.assert_sound();
}

/// A visitor, their socket and their conversation.
struct Talk {
    visitor: Client,
    socket: Socket,
    id: String,
}

struct Day {
    hotline: Hotline,
    lin: Client,
    lin_id: String,
    lin_socket: Option<Socket>,
    han_id: String,
    han_socket: Socket,
    supervisor_socket: Socket,
}

fn status_of(conversation: &Value) -> &str {
    conversation["status"].as_str().expect("a conversation has a status")
}

fn id_of(conversation: &Value) -> String {
    conversation["id"].as_str().expect("a conversation has an id").to_owned()
}

impl Day {
    /// Lin (capacity 2) and Han (5) are at the workbench in `ecnu`; `still` and `brief` have short limits.
    async fn begins() -> Self {
        let mut hotline = Hotline::prepare(&["ecnu", "still", "brief"]).await;
        for (institution, counselor) in [("ecnu", "lin"), ("ecnu", "han"), ("still", "shi"), ("brief", "bao")]
        {
            hotline.add_counselor(institution, counselor).await;
        }
        hotline.add_user("ecnu", "SUPERVISOR", "du").await;
        hotline.database.bind_supervisor("lin", "du").await;
        hotline.set("institutions.ecnu.grace_seconds", GRACE_SECONDS);
        hotline.set("institutions.still.silence_notice_seconds", SILENCE_NOTICE_SECONDS);
        hotline.set("institutions.still.silence_end_seconds", SILENCE_END_SECONDS);
        hotline.set("institutions.brief.text_seconds_max", TEXT_SECONDS_MAX);
        hotline.set("institutions.brief.limit_notices_seconds", format!("[{}, 2]", TEXT_SECONDS_MAX - 2));
        hotline.start().await;

        let (lin, han) = (hotline.staff("lin").await, hotline.staff("han").await);
        assert_eq!(lin.post("/user/maxconsults", json!({ "maxConsults": 2 })).await.ok(), "ok");
        let (mut lin_socket, mut han_socket) = (lin.workbench().await, han.workbench().await);
        let snapshot = lin_socket.snapshot().await;
        assert_eq!(snapshot["presence"], "online");
        assert_eq!(snapshot["maxConsults"], 2);
        assert_eq!(snapshot["onShift"], true);
        assert_eq!((&snapshot["active"], &snapshot["waiting"]), (&json!([]), &json!([])));
        assert_eq!(han_socket.snapshot().await["maxConsults"], 5);
        let mut supervisor_socket = hotline.staff("du").await.workbench().await;
        supervisor_socket.snapshot().await;
        let (lin_id, han_id) = (lin.id().await, han.id().await);
        Self { hotline, lin, lin_id, lin_socket: Some(lin_socket), han_id, han_socket, supervisor_socket }
    }

    fn lin_socket(&mut self) -> &mut Socket {
        self.lin_socket.as_mut().expect("lin is at the workbench")
    }

    /// Logs a visitor in, asks, and connects their socket.
    async fn ask(&self, code: &str, request: Value) -> (Talk, Value) {
        let visitor = self.hotline.visitor("ecnu", code).await;
        let conversation = visitor.put("/conversation", request).await.ok();
        let socket = visitor.visitor_socket().await;
        (Talk { visitor, socket, id: id_of(&conversation) }, conversation)
    }

    async fn two_are_seated_and_the_third_waits(&mut self) -> [Talk; 3] {
        let lin = json!({ "counselor": self.lin_id });
        let (first, seated) = self.ask("first", lin.clone()).await;
        assert_eq!(status_of(&seated), "IN_PROGRESS");
        assert_eq!(seated["counselor"]["id"], self.lin_id.as_str());
        let (second, seated) = self.ask("second", lin.clone()).await;
        assert_eq!(status_of(&seated), "IN_PROGRESS");
        let (mut third, waiting) = self.ask("third", lin).await;
        assert_eq!(status_of(&waiting), "WAITING");
        assert_eq!((&waiting["queue"]["position"], &waiting["queue"]["ahead"]), (&json!(1), &json!(0)));
        assert_eq!(waiting["queue"]["counselorState"], "busy");
        assert_eq!(waiting["startTime"], Value::Null);

        let snapshot = third.socket.snapshot().await;
        assert_eq!(snapshot["conversation"]["id"], third.id.as_str());
        assert_eq!((&snapshot["queue"]["position"], &snapshot["queue"]["ahead"]), (&json!(1), &json!(0)));
        for talk in [&first, &second] {
            let assigned = self.lin_socket().event("assigned", &talk.id).await;
            assert_eq!(assigned["counselor"], self.lin_id.as_str());
        }
        self.lin_socket().event("opened", &third.id).await;
        let again = third.visitor.put("/conversation", json!({ "counselor": self.lin_id })).await;
        again.refused(-1, "您正在咨询 lin, 请先结束当前会话");
        [first, second, third]
    }

    async fn anyone_is_another_counselor(&mut self) {
        let (fourth, seated) = self.ask("fourth", json!({ "counselor": "any" })).await;
        assert_eq!(status_of(&seated), "IN_PROGRESS");
        assert_eq!(seated["counselor"]["id"], self.han_id.as_str());
        self.han_socket.event("assigned", &fourth.id).await;
    }

    /// Each word comes twice, as Tencent may deliver it; it stands in the record once.
    async fn words_are_kept_once(&mut self, talk: &Talk) {
        let (visitor, tencent) = (talk.visitor.username.as_str(), self.hotline.client());
        let said = [
            Word::new(visitor, "lin", &talk.id, 1, words::text("老师您好，我最近睡不着")),
            Word::new("lin", visitor, &talk.id, 2, words::image()),
            Word::new(visitor, "lin", &talk.id, 3, words::custom()),
        ];
        for word in said.iter().chain(&said) {
            tencent.say(word).await;
        }
        let path = format!("/message/conversation/web?conversationId={}", talk.id);
        let answer = self.lin.get(&path).await;
        assert_eq!(answer.body["count"], 3, "{answer:?}");
        let rows = answer.ok();
        let types: Vec<_> = rows.as_array().expect("a list").iter().map(|row| &row["type"]).collect();
        assert_eq!(types, ["TIMTextElem", "TIMImageElem", "TIMCustomElem"]);
        assert_eq!(rows[0]["payload"]["text"], "老师您好，我最近睡不着");
        assert_eq!((&rows[0]["flow"], &rows[1]["flow"]), (&json!("in"), &json!("out")));
        assert_eq!(rows[0]["from"], visitor);
        assert_eq!(rows[1]["payload"]["imageInfoArray"].as_array().map(Vec::len), Some(3));
    }

    async fn a_raised_capacity_seats_the_third(&mut self, third: &Talk) {
        assert_eq!(self.lin.post("/user/maxconsults", json!({ "maxConsults": "3" })).await.ok(), "ok");
        let now = third.visitor.conversation(&third.id).await;
        assert_eq!(status_of(&now), "IN_PROGRESS");
        self.lin_socket().event("assigned", &third.id).await;
    }

    async fn a_visitor_ends(&mut self, talk: &Talk) {
        talk.visitor.end(&talk.id).await;
        let ended = self.lin_socket().event("ended", &talk.id).await;
        assert_eq!(ended["status"], "FINISHED");
        let first = talk.visitor.conversation(&talk.id).await;
        assert_eq!(status_of(&first), "FINISHED");
        talk.visitor.end(&talk.id).await;
        assert_eq!(talk.visitor.conversation(&talk.id).await, first, "ending twice changes nothing");
        assert_eq!(talk.visitor.get("/conversation/current").await.ok()[0]["id"], talk.id.as_str());
    }

    async fn silence_ends_a_talk(&self) {
        let shi = self.hotline.staff("shi").await;
        let mut workbench = shi.workbench().await;
        let visitor = self.hotline.visitor("still", "quiet").await;
        let talk = id_of(&visitor.open("any").await);
        workbench.event("noticed", &talk).await;
        // A word of the counselor after the notice: the silence begins anew, and so does the notice. After one of the visitor
        // there would be none.
        let word = Word::new("shi", &visitor.username, &talk, 1, words::text("您还在吗"));
        self.hotline.client().say(&word).await;
        let notice = workbench.event("noticed", &talk).await;
        assert_eq!(notice["notice"], "silence");
        let ended = workbench.event("ended", &talk).await;
        assert_eq!((&ended["status"], &ended["endReason"]), (&json!("TIME_OUT"), &json!("silence")));
        assert_eq!(visitor.conversation(&talk).await["endReason"], "silence");
    }

    async fn the_hard_limit_ends_a_talk(&self) {
        let bao = self.hotline.staff("bao").await;
        let mut workbench = bao.workbench().await;
        let visitor = self.hotline.visitor("brief", "talker").await;
        let mut socket = visitor.visitor_socket().await;
        socket.snapshot().await;
        let talk = id_of(&visitor.open("any").await);
        for seconds in [TEXT_SECONDS_MAX - 2, 2] {
            let notice = workbench.event("noticed", &talk).await;
            assert_eq!(notice["notice"], format!("limit-{seconds}"));
        }
        let ended = socket.event("ended", &talk).await;
        assert_eq!((&ended["status"], &ended["endReason"]), (&json!("TIME_OUT"), &json!("limit")));
    }

    /// Lin's connection drops while three wait for them. Gives the one who wants nobody else.
    async fn a_lost_counselor_gives_up_who_may_be_served_by_others(&mut self) -> Talk {
        // Lin's free place is taken first, so that the others wait.
        let (_, seated) = self.ask("fifth", json!({ "counselor": self.lin_id })).await;
        assert_eq!(status_of(&seated), "IN_PROGRESS");
        let flexible = json!({ "counselor": self.lin_id, "fallback": true });
        let (sixth, _) = self.ask("sixth", flexible.clone()).await;
        let (mut seventh, waiting) = self.ask("seventh", json!({ "counselor": self.lin_id })).await;
        assert_eq!(waiting["queue"]["position"], 2);
        let (eighth, waiting) = self.ask("eighth", flexible).await;
        assert_eq!(status_of(&waiting), "WAITING");
        drop(self.lin_socket.take());

        let moved = [&sixth, &eighth];
        let mut order = Vec::new();
        for talk in moved {
            order.push(
                self.han_socket.event("assigned", &talk.id).await["seq"]
                    .as_i64()
                    .expect("events are numbered"),
            );
            let now = talk.visitor.conversation(&talk.id).await;
            assert_eq!((status_of(&now), &now["counselor"]["id"]), ("IN_PROGRESS", &json!(self.han_id)));
        }
        assert!(order.is_sorted(), "who came first is seated first: {order:?}");
        let lin = self.lin_id.as_str();
        let lost = |frame: &Value| frame["event"] == "counselor-lost" && frame["counselor"] == lin;
        seventh.socket.expect("counselor-lost", lost, SOON).await;
        self.supervisor_socket.expect("counselor-lost", lost, SOON).await;
        seventh.socket.place(1).await;
        let still = seventh.visitor.conversation(&seventh.id).await;
        assert_eq!(status_of(&still), "WAITING");
        assert_eq!(still["queue"]["counselorState"], "offline");
        seventh
    }

    /// SIGKILL while visitors ask and words come: what was acknowledged is there, once.
    async fn a_kill_loses_nothing_acknowledged(&mut self) {
        const CROWD: usize = 16;
        const ACKNOWLEDGED_BEFORE_KILL: usize = 20;
        let bao = self.hotline.staff("bao").await;
        let limited = self.hotline.visitor("brief", "cut-off").await;
        let mut workbench = bao.workbench().await;
        workbench.snapshot().await;
        let limited_talk = id_of(&limited.open("any").await);

        let kept = Rc::new(RefCell::new(Acknowledged::default()));
        let crowd = tokio::task::LocalSet::new();
        for number in 0..CROWD {
            let visitor = self.hotline.visitor("ecnu", &format!("crowd{number}")).await;
            let tencent = self.hotline.client();
            crowd.spawn_local(ask_and_talk(visitor, tencent, Rc::clone(&kept)));
        }
        let enough = async || (kept.borrow().words.len() >= ACKNOWLEDGED_BEFORE_KILL).then_some(());
        crowd.run_until(until("words are acknowledged", SOON, enough)).await;
        self.hotline.kill();
        crowd.await;
        drop(workbench);

        self.hotline.start().await;
        let kept = Rc::into_inner(kept).expect("the crowd is gone").into_inner();
        kept.all_there_once(&self.hotline).await;
        // The hard limit stands over the restart.
        let ended = async || {
            Some(limited.conversation(&limited_talk).await).filter(|now| status_of(now) == "TIME_OUT")
        };
        let ended =
            until("the limit fires after the restart", SOON + Duration::from_secs(TEXT_SECONDS_MAX), ended)
                .await;
        assert_eq!(ended["endReason"], "limit");
    }

    /// The logins of before the kill still hold. Lin comes back; one of Lin's talks ends; the seventh is next.
    async fn the_one_who_waited_is_seated_at_last(&mut self, second: &Talk, seventh: &Talk) {
        assert_eq!(status_of(&seventh.visitor.conversation(&seventh.id).await), "WAITING");
        let mut workbench = self.lin.workbench().await;
        let snapshot = workbench.snapshot().await;
        assert_eq!(snapshot["active"].as_array().map(Vec::len), Some(3), "{snapshot}");
        assert_eq!(snapshot["maxConsults"], 3);
        let mut socket = seventh.visitor.visitor_socket().await;
        socket.snapshot().await;
        second.visitor.end(&second.id).await;
        let assigned = socket.event("assigned", &seventh.id).await;
        assert_eq!(assigned["counselor"], self.lin_id.as_str());
    }
}

/// What the server said yes to before it was killed.
#[derive(Default)]
struct Acknowledged {
    conversations: Vec<(Client, String)>,
    words: Vec<(String, String)>,
}

/// A visitor who asks for anyone and then speaks until the server is gone.
async fn ask_and_talk(visitor: Client, tencent: Client, kept: Rc<RefCell<Acknowledged>>) {
    let asked = visitor.request(reqwest::Method::PUT, "/conversation").json(&json!({ "counselor": "any" }));
    let Ok(answer) = crate::support::Answer::try_of(asked).await else { return };
    let conversation = answer.ok();
    let (username, id) = (visitor.username.clone(), id_of(&conversation));
    kept.borrow_mut().conversations.push((visitor, id.clone()));
    if status_of(&conversation) != "IN_PROGRESS" {
        return;
    }
    let counselor =
        conversation["counselor"]["username"].as_str().expect("a talk has a counselor").to_owned();
    for sequence in 1.. {
        let word = Word::new(&username, &counselor, &id, sequence, words::text("在吗"));
        match tencent.try_callback(&word.callback()).await {
            Ok(answer) if answer.body["ActionStatus"] == "OK" => {
                kept.borrow_mut().words.push((id.clone(), word.key()));
            }
            Ok(answer) => panic!("the word is refused: {answer:?}"),
            Err(_) => return,
        }
    }
}

impl Acknowledged {
    async fn all_there_once(&self, hotline: &Hotline) {
        for (visitor, id) in &self.conversations {
            assert_eq!(&visitor.conversation(id).await["id"], id.as_str());
            let rows = visitor.get("/conversation/current").await.ok();
            assert_eq!(rows.as_array().map(Vec::len), Some(1), "one conversation, not two: {rows}");
        }
        let rows = sqlx::query!("select conversation, msg_key from messages")
            .fetch_all(&hotline.database.pool)
            .await
            .expect("messages can be read");
        let stored: Vec<_> =
            rows.into_iter().map(|row| (row.conversation.simple().to_string(), row.msg_key)).collect();
        let distinct: BTreeSet<_> = stored.iter().collect();
        assert_eq!(distinct.len(), stored.len(), "no word is there twice");
        for word in &self.words {
            assert!(distinct.contains(word), "{word:?} was acknowledged and is gone");
        }
    }
}

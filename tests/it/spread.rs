//! Several servers on one database and on a bus: who owns what, and how it moves. The bus is a fake one, and the servers are the parts
//! of one that decide; that requests are carried is no matter here.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use hotline::{
    cluster::{BusView, Cluster, JoinFault, LeaseEnd, Owned, Reach, share},
    config::Settings,
    institutions::{Entry, HandOver, Institutions, Standing},
    people::People,
};
use sqlx::{AssertSqlSafe, postgres::PgConnectOptions};
use uuid::Uuid;

use crate::support::{Database, SOON, no_secrets, until};

/// Who is connected to the bus: those hear each other.
#[derive(Debug, Clone, Default)]
struct Bus(Arc<Mutex<BTreeSet<Uuid>>>);

impl Bus {
    fn connected(&self) -> std::sync::MutexGuard<'_, BTreeSet<Uuid>> {
        self.0.lock().expect("no panic")
    }

    /// How a server sees it that is connected.
    fn view(&self) -> BusView {
        let id = Uuid::now_v7();
        self.connected().insert(id);
        let (hears, is_up) = (self.clone(), self.clone());
        BusView {
            id,
            hears: Arc::new(move |other| {
                let connected = hears.connected();
                connected.contains(&id) && connected.contains(&other)
            }),
            is_up: Arc::new(move || is_up.connected().contains(&id)),
        }
    }
}

/// A server, as far as it decides who owns what.
struct Server {
    cluster: Cluster,
    bus: Uuid,
    _lease_end: LeaseEnd,
}

impl Server {
    async fn join(name: &str, database: &Database, bus: &Bus) -> Self {
        let view = bus.view();
        let id = view.id;
        let (cluster, lease_end) =
            Cluster::join(name, &options(database), SOON, Some(view)).await.expect("it joins");
        Self { cluster, bus: id, _lease_end: lease_end }
    }

    fn owned(&self) -> Arc<Owned> {
        self.cluster.owned().borrow().clone()
    }

    fn node(&self) -> Uuid {
        self.owned().node
    }

    fn own(&self) -> BTreeSet<String> {
        self.owned().epochs.keys().cloned().collect()
    }

    async fn sees(&self, what: &str, is_so: impl Fn(&Owned) -> bool) {
        until(what, SOON, async || is_so(&self.owned()).then_some(())).await;
    }
}

fn options(database: &Database) -> PgConnectOptions {
    database.url.parse().expect("the address is well formed")
}

fn codes(number: usize) -> BTreeSet<String> {
    (0..number).map(|number| format!("i{number:02}")).collect()
}

async fn add_institutions(database: &Database, number: usize) {
    let codes = Vec::from_iter(codes(number));
    sqlx::query("insert into institutions (code, name, created_at) select code, code, 0 from unnest($1::text[]) as code")
        .bind(&codes)
        .execute(&database.pool)
        .await
        .expect("institutions can be written");
}

async fn fresh() -> Database {
    let database = Database::fresh().await;
    database.migrate().await;
    database
}

async fn does(database: &Database, statement: &str) {
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&database.pool).await.expect("it can be done");
}

/// All that are told of a move look at once, as if it had come over the bus.
fn tells(from: &Cluster, to: &Cluster) -> impl Future<Output = ()> + Send + 'static {
    let (moved, to) = (from.moved(), to.clone());
    async move {
        loop {
            moved.notified().await;
            to.look_now();
        }
    }
}

#[tokio::test]
async fn each_takes_what_the_hash_gives_it_and_knows_where_the_rest_is() {
    let (database, bus) = (fresh().await, Bus::default());
    let one = Server::join("one", &database, &bus).await;
    let two = Server::join("two", &database, &bus).await;
    for (server, other) in [(&one, &two), (&two, &one)] {
        server.sees("the other", |owned| owned.peers.contains_key(&other.node())).await;
    }
    add_institutions(&database, 40).await;
    let nodes = [one.node(), two.node()];
    let share = |node| codes(40).into_iter().filter(move |code| share::winner(code, nodes) == Some(node));
    for (server, other) in [(&one, &two), (&two, &one)] {
        let theirs: BTreeMap<String, Uuid> = share(other.node()).map(|code| (code, other.bus)).collect();
        server.sees("where the others are", |owned| owned.elsewhere == theirs).await;
        assert_eq!(server.own(), share(server.node()).collect());
        assert!(server.owned().epochs.values().all(|epoch| *epoch == 1), "nothing was taken twice");
        assert_eq!(server.owned().reach, Reach::All);
    }
    assert!(!one.own().is_empty() && !two.own().is_empty());
    // One leaves, and the other takes everything.
    two.cluster.leave().await;
    one.sees("everything is its own", |owned| owned.epochs.len() == 40 && owned.elsewhere.is_empty()).await;
    // Whoever comes then takes nothing by force.
    let three = Server::join("three", &database, &bus).await;
    three.sees("where they are", |owned| owned.elsewhere.len() == 40).await;
    assert_eq!(one.own(), codes(40));
}

#[tokio::test]
async fn a_server_that_loses_the_bus_lets_go_and_one_that_all_lose_moves_nothing() {
    let (database, bus) = (fresh().await, Bus::default());
    let (one, two) = (Server::join("one", &database, &bus).await, Server::join("two", &database, &bus).await);
    one.sees("the other", |owned| owned.peers.contains_key(&two.node())).await;
    add_institutions(&database, 20).await;
    two.sees("its share", |owned| !owned.epochs.is_empty()).await;
    one.sees("its share", |owned| !owned.epochs.is_empty()).await;
    let (all, own) = (bus.connected().clone(), (one.own(), two.own()));

    bus.connected().clear();
    for server in [&one, &two] {
        server.sees("that nobody is on the bus", |owned| owned.peers.is_empty()).await;
    }
    // Longer than one alone would keep them.
    let lost = tokio::time::Instant::now();
    until("beats have passed", SOON, async || (lost.elapsed() > Duration::from_secs(3)).then_some(())).await;
    assert_eq!((one.own(), two.own()), own);
    *bus.connected() = all;
    one.sees("the other again", |owned| owned.peers.contains_key(&two.node())).await;
    two.sees("the other again", |owned| owned.peers.contains_key(&one.node())).await;
    assert_eq!((one.own(), two.own()), own);

    bus.connected().remove(&two.bus);
    two.sees("it lets go", |owned| owned.reach == Reach::Lost && owned.epochs.is_empty()).await;
    one.sees("it has everything", |owned| owned.epochs.len() == 20).await;
    assert!(two.owned().elsewhere.values().all(|bus| *bus == one.bus), "it stays joined, and looks");
    bus.connected().insert(two.bus);
    two.sees("it is back", |owned| owned.reach == Reach::All).await;
    one.sees("it is a taker again", |owned| owned.peers.contains_key(&two.node())).await;
}

#[tokio::test]
async fn an_institution_is_given_by_its_owner_alone_and_to_one_that_stays() {
    let (database, bus) = (fresh().await, Bus::default());
    add_institutions(&database, 1).await;
    let one = Server::join("one", &database, &bus).await;
    one.sees("it owns it", |owned| owned.epochs.len() == 1).await;
    let two = Server::join("two", &database, &bus).await;
    let gives = async |from: &Server, epoch, to| {
        from.cluster.give(&database.pool, "i00", (from.node(), epoch), to).await.expect("an answer")
    };
    assert_eq!(gives(&two, 1, two.node()).await, None, "it owns nothing");
    assert_eq!(gives(&one, 0, two.node()).await, None, "that was long ago");
    let telling = tokio::spawn(tells(&one.cluster, &two.cluster));
    assert_eq!(gives(&one, 1, two.node()).await, Some(Some(two.node())));
    two.sees("it is given", |owned| owned.epochs.get("i00") == Some(&2)).await;
    one.sees("it has given it", |owned| owned.elsewhere.get("i00") == Some(&two.bus)).await;
    telling.abort();

    // To one that is about to leave, or has left, nothing is given: who takes it then is another matter.
    one.cluster.take_no_more().await;
    two.sees("it leaves", |owned| owned.peers.is_empty()).await;
    assert_eq!(gives(&two, 2, one.node()).await, Some(None));
    two.sees("it takes it again", |owned| owned.epochs.get("i00") == Some(&4)).await;
    let gone = one.node();
    one.cluster.leave().await;
    assert_eq!(gives(&two, 4, gone).await, Some(None));
}

#[tokio::test]
async fn a_server_without_a_bus_does_not_join_those_that_have_one() {
    let (database, bus) = (fresh().await, Bus::default());
    add_institutions(&database, 2).await;
    let old = Cluster::join("old", &options(&database), SOON, None).await.expect("it joins");
    let mut owned = old.0.owned();
    owned.wait_for(|owned| owned.epochs.len() == 2).await.expect("the beat goes on");
    // While the bus is introduced: it stands by, since what the old one owns cannot be reached.
    let one = Server::join("one", &database, &bus).await;
    one.sees("what is out of reach", |owned| owned.reach == Reach::Some).await;
    assert_eq!(one.own(), BTreeSet::new());
    let fault = Cluster::join("late", &options(&database), SOON, None).await.expect_err("it needs a bus");
    assert!(matches!(&fault, JoinFault::NeedsBus(names) if names == "one"), "{fault}");
    old.0.leave().await;
    one.sees("it takes over", |owned| owned.epochs.len() == 2 && owned.reach == Reach::All).await;
}

/// A server that serves what it owns.
async fn serving(server: &Server, database: &Database) -> Institutions {
    let settings = Arc::new(Settings::load(None).expect("the defaults are good"));
    let people = People::new(database.pool.clone(), no_secrets());
    let cluster = Some(server.cluster.clone());
    let started =
        Institutions::start(settings, database.pool.clone(), options(database), people, cluster).await;
    let (institutions, _fatal) = started.expect("the database is there");
    actix_web::rt::spawn(institutions.clone().follow_owners(|| {}));
    institutions
}

#[actix_web::test]
async fn an_institution_is_handed_over_in_order() {
    let (database, bus) = (fresh().await, Bus::default());
    add_institutions(&database, 12).await;
    let one = Server::join("one", &database, &bus).await;
    one.sees("everything is its own", |owned| owned.epochs.len() == 12).await;
    let two = Server::join("two", &database, &bus).await;
    one.sees("the other", |owned| owned.peers.contains_key(&two.node())).await;
    actix_web::rt::spawn(tells(&one.cluster, &two.cluster));
    let (at_one, at_two) = (serving(&one, &database).await, serving(&two, &database).await);
    assert_eq!(at_two.standing(SOON).await, Standing::Serves, "it owns nothing, and takes requests");
    let (finished, worked) = (Arc::new(Mutex::new(Vec::new())), at_one.clone());
    at_one.before_hand_over({
        let finished = Arc::clone(&finished);
        move |institution| {
            assert!(matches!(worked.enter(&institution), Entry::Held));
            finished.lock().expect("no panic").push(institution);
            Box::pin(std::future::ready(()))
        }
    });
    assert!(matches!(at_two.enter("i00"), Entry::Elsewhere(id) if id == one.bus));
    assert!(matches!(at_one.enter("nowhere"), Entry::Nowhere));

    let Entry::Here(visit) = at_one.enter_within("i00", SOON).await else { panic!("it is served there") };
    let handing_over = actix_web::rt::spawn({
        let (at_one, to) = (at_one.clone(), two.node());
        async move { at_one.hand_over("i00", to).await }
    });
    until("the door is shut", SOON, async || matches!(at_one.enter("i00"), Entry::Held).then_some(())).await;
    assert_eq!(at_one.hand_over("i00", two.node()).await, HandOver::NotOurs, "once is enough");
    drop(visit);
    assert_eq!(handing_over.await.expect("no panic"), HandOver::Moved);
    assert_eq!(*finished.lock().expect("no panic"), ["i00"]);
    assert!(matches!(at_one.enter_within("i00", SOON).await, Entry::Elsewhere(id) if id == two.bus));
    two.sees("it is given", |owned| owned.epochs.get("i00") == Some(&2)).await;
    assert!(matches!(at_two.enter_within("i00", SOON).await, Entry::Here(_)));
    assert!(matches!(at_one.enter_within("i01", SOON).await, Entry::Here(_)), "the others stay");

    // It stops: everything goes.
    one.cluster.take_no_more().await;
    at_one.hand_all_over(SOON).await;
    assert_eq!(at_one.served(), Vec::<String>::new());
    two.sees("everything", |owned| owned.epochs.len() == 12).await;
    for code in codes(12) {
        assert!(matches!(at_one.enter(&code), Entry::Elsewhere(id) if id == two.bus), "{code}");
        assert!(matches!(at_two.enter_within(&code, SOON).await, Entry::Here(_)), "{code}");
    }
    let epochs: Vec<i64> = two.owned().epochs.values().copied().collect();
    assert_eq!(epochs, [2; 12], "nobody else had them in between");

    // A commit lands for the newest claim alone: those of the first are past.
    let claims = "select count(*) from events where kind = 'claimed'";
    let claims: i64 = sqlx::query_scalar(claims).fetch_one(&database.pool).await.expect("a count");
    assert_eq!(claims, 24, "each was claimed once by either");
}

#[actix_web::test]
async fn a_hand_over_that_fails_is_a_pause() {
    let (database, bus) = (fresh().await, Bus::default());
    add_institutions(&database, 2).await;
    let one = Server::join("one", &database, &bus).await;
    one.sees("everything is its own", |owned| owned.epochs.len() == 2).await;
    let at_one = serving(&one, &database).await;
    let in_it = async |code: &str| matches!(at_one.enter_within(code, SOON).await, Entry::Here(_));
    assert!(in_it("i00").await && in_it("i01").await);
    // To one that is not there: it comes back.
    assert_eq!(at_one.hand_over("i00", Uuid::now_v7()).await, HandOver::LetGo);
    one.sees("it is taken again", |owned| owned.epochs.get("i00") == Some(&3)).await;
    assert!(in_it("i00").await);
    // The database refuses.
    does(
        &database,
        "create function refuses() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
         create trigger refuses before update on owners for each row execute function refuses()",
    )
    .await;
    assert_eq!(at_one.hand_over("i01", Uuid::now_v7()).await, HandOver::Unclear);
    assert!(in_it("i01").await, "it is begun again");
    assert_eq!(one.owned().epochs.get("i01"), Some(&1));
}

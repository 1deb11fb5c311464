//! Who takes part: counselors with places, and as many visitors as a measurement needs, made over HTTP as anybody is.

use anyhow::{Context, Result};
use futures_util::{StreamExt, TryStreamExt, stream};
use md5::{Digest, Md5};
use serde_json::json;

use crate::{
    http::Connection,
    server::{Institution, PASSWORD, Server},
};

/// Log-ins under way at once.
const AT_ONCE: usize = 16;
/// Monday to Sunday.
const EVERY_DAY: [u8; 7] = [1, 2, 3, 4, 5, 6, 7];

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) username: String,
    pub(crate) token: String,
}

fn password() -> String {
    hex::encode(Md5::digest(PASSWORD))
}

async fn who(connection: &mut Connection, token: String) -> Result<Person> {
    let me = connection.ask("GET", "/auth/me", Some(&token), "").await?.result()?;
    let text =
        |key: &str| me[key].as_str().map(str::to_owned).with_context(|| format!("/auth/me without {key}"));
    Ok(Person { id: text("id")?, username: text("username")?, token })
}

/// Logs in somebody of the staff.
pub(crate) async fn staff(server: &Server, username: &str) -> Result<Person> {
    let mut connection = Connection::open(&server.address).await?;
    let body = json!({ "username": username, "password": password() }).to_string();
    let answer = connection.ask("POST", "/auth/login", None, &body).await?;
    let token =
        answer.token.clone().with_context(|| format!("{username}: no token: {:?}", answer.result()))?;
    who(&mut connection, token).await
}

/// The administrator of the first institution.
pub(crate) async fn administrator(server: &Server) -> Result<Person> {
    staff(server, &server.institutions[0].administrator).await
}

/// Counselors on shift every day, with so many places each.
pub(crate) async fn counselors(server: &Server, number: usize, places: u32) -> Result<Vec<Person>> {
    counselors_of(server, &server.institutions[0], number, places).await
}

/// The same in that institution.
pub(crate) async fn counselors_of(
    server: &Server,
    institution: &Institution,
    number: usize,
    places: u32,
) -> Result<Vec<Person>> {
    let administrator = &staff(server, &institution.administrator).await?;
    let one = |index: usize| async move {
        let username = format!("{}_counselor_{index}", institution.id);
        let mut connection = Connection::open(&server.address).await?;
        let body = json!({ "username": username, "password": password() }).to_string();
        connection.ask("PUT", "/user/ms/counselor", Some(&administrator.token), &body).await?.result()?;
        let person = staff(server, &username).await?;
        let week = json!({ "user": person.id, "weekDays": EVERY_DAY }).to_string();
        connection.ask("POST", "/arrange/batch", Some(&administrator.token), &week).await?.result()?;
        set_places(&mut connection, &person, places).await?;
        anyhow::Ok(person)
    };
    stream::iter((0..number).map(one)).buffered(2).try_collect().await
}

/// Changes how many a counselor may have.
pub(crate) async fn set_places(connection: &mut Connection, counselor: &Person, places: u32) -> Result<()> {
    let body = json!({ "maxConsults": places }).to_string();
    connection.ask("POST", "/user/maxconsults", Some(&counselor.token), &body).await?.result()?;
    Ok(())
}

/// Visitors of the mini-program; `from` is the number of the first.
pub(crate) async fn visitors(server: &Server, from: usize, number: usize) -> Result<Vec<Person>> {
    visitors_of(server, &server.institutions[0], from, number).await
}

/// The same of that institution.
pub(crate) async fn visitors_of(
    server: &Server,
    institution: &Institution,
    from: usize,
    number: usize,
) -> Result<Vec<Person>> {
    let each = number.div_ceil(AT_ONCE).max(1);
    let some = |begin: usize| async move {
        let mut connection = Connection::open(&server.address).await?;
        let mut people = Vec::with_capacity(each);
        for index in begin..(begin + each).min(from + number) {
            let Institution { id, appid, .. } = institution;
            let path = format!("/auth/wx/{appid}/login?code={id}v{index}");
            let answer = connection.ask("POST", &path, None, "").await?;
            let token = answer.token.with_context(|| format!("no log-in: HTTP {}", answer.status))?;
            people.push(who(&mut connection, token).await?);
        }
        anyhow::Ok(people)
    };
    let parts: Vec<Vec<Person>> =
        stream::iter((from..from + number).step_by(each).map(some)).buffered(AT_ONCE).try_collect().await?;
    Ok(parts.into_iter().flatten().collect())
}

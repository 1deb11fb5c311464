//! A counselor at the workbench: answers whoever is assigned, ends some talks, steps away, changes the number of places.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};

use super::{
    World,
    im::{Talk, say},
};
use crate::{
    history::Fact,
    rng::Rng,
    setup::{Counselor, PASSWORD_MD5},
    socket::{self, Listener},
    store_probe::Lookup,
    wire::{Client, Reply},
};

/// A counselor's own work goes on this often.
const ROUND: Duration = Duration::from_millis(700);

/// Works until they are sent home.
pub(super) async fn work(world: World, who: Counselor) {
    let username = who.username.clone();
    let mut rng = world.rng(&username);
    let mut client = world.client(&username);
    let id = client.log_in("/auth/login", &json!({ "username": username, "password": PASSWORD_MD5 })).await;
    world.remember_username(&id, &username);
    let listener = Listener {
        client: client.clone(),
        person: id.clone(),
        path: "/workbench/ws",
        probe: world.probe.clone(),
    };
    let mut socket = socket::open(listener, world.rng(&format!("{username} socket")));
    let mut seen = BTreeSet::new();
    let mut online = true;
    loop {
        match tokio::time::timeout(ROUND, socket.frames.recv()).await {
            Ok(Some(frame)) => {
                for talk in assigned_talks(&frame, &id) {
                    if seen.insert(talk["id"].as_str().unwrap_or_default().to_owned()) {
                        tokio::spawn(serve(world.clone(), client.clone(), talk, username.clone()));
                    }
                }
            }
            Ok(None) => return,
            Err(_) => {}
        }
        if rng.once_in(if online { 60 } else { 4 }) {
            online = !online;
            let chosen = if online {
                "online"
            } else if rng.once_in(2) {
                "busy"
            } else {
                "away"
            };
            // A socket that is just coming back says it later.
            let _said = socket.commands.try_send(socket::presence(chosen));
        }
        if rng.once_in(90) {
            set_places(&world, &client, &id, &mut rng).await;
        }
    }
}

/// The talks a frame tells them they have.
fn assigned_talks(frame: &Value, id: &str) -> Vec<Value> {
    match (frame["type"].as_str(), frame["event"].as_str()) {
        (Some("snapshot"), _) => frame["active"].as_array().cloned().unwrap_or_default(),
        (Some("event"), Some("assigned")) if frame["counselor"] == id => vec![frame["talk"].clone()],
        (_, _) => Vec::new(),
    }
}

async fn serve(world: World, client: Client, talk: Value, username: String) {
    let (Some(conversation), Some(visitor)) = (talk["id"].as_str(), talk["visitor"].as_str()) else { return };
    world.waits(conversation, false);
    let mut rng = world.rng(&format!("{username} {conversation}"));
    let Some(to) = world.username(visitor) else { return };
    // Some are slow to answer: alarms are for them.
    tokio::time::sleep(if rng.once_in(6) {
        rng.milliseconds(3500..8000)
    } else {
        rng.milliseconds(100..900)
    })
    .await;
    for _ in 0..rng.number(1..4) {
        say(&world, Talk { conversation: conversation.to_owned(), from: username.clone(), to: to.clone() });
        tokio::time::sleep(rng.milliseconds(200..1200)).await;
    }
    if rng.once_in(4) {
        end(&world, &client, conversation, &mut rng).await;
    }
}

async fn end(world: &World, client: &Client, conversation: &str, rng: &mut Rng) {
    for _ in 0..40 {
        match client.post(&format!("/conversation/end/{conversation}"), &Value::Null).await {
            Reply::Told(_) => {
                world.history.note(&client.name, Fact::Ended { conversation: conversation.to_owned() });
                world.probe.look(&client.name, Lookup::End(conversation)).await;
                return;
            }
            Reply::Refused { .. } | Reply::Fault(_) | Reply::Lost => {
                tokio::time::sleep(rng.milliseconds(50..250)).await;
            }
        }
    }
}

async fn set_places(world: &World, client: &Client, id: &str, rng: &mut Rng) {
    let capacity = u32::try_from(rng.number(2..6)).unwrap_or(4);
    let request = json!({ "maxConsults": capacity });
    if let Reply::Told(_) = client.post("/user/maxconsults", &request).await {
        world.history.note(&client.name, Fact::Places { counselor: id.to_owned(), capacity });
        world.probe.look(&client.name, Lookup::Capacity { counselor: id, capacity }).await;
    }
}

//! A supervisor: lets some who wait be served first.

use serde_json::json;

use super::World;
use crate::{history::Fact, setup::PASSWORD_MD5, wire::Reply};

/// Watches until sent home.
pub(super) async fn watch(world: World, username: String) {
    let mut rng = world.rng(&username);
    let mut client = world.client(&username);
    client.log_in("/auth/login", &json!({ "username": username, "password": PASSWORD_MD5 })).await;
    loop {
        tokio::time::sleep(rng.milliseconds(200..1200)).await;
        let waiting = world.waiting();
        let Some(conversation) = rng.one_of(&waiting) else { continue };
        let priority = if rng.once_in(4) { "NORMAL" } else { "URGENT" };
        let path = format!("/conversation/priority/{conversation}");
        if let Reply::Told(_) = client.post(&path, &json!({ "priority": priority })).await {
            let (conversation, priority) = (conversation.clone(), priority.to_owned());
            world.history.note(&username, Fact::Prioritized { conversation, priority });
        }
    }
}

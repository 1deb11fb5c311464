//! Accounts: who is made, changed, found, banned and deleted, and what that does to the person at once.

mod accounts;
mod bindings;
mod effects;
mod lists;
mod numbers;
mod own;
mod passwords;
mod texts;

use serde_json::{Value, json};

use crate::support::{Client, Hotline};

/// An institution with its administrator, two supervisors and two counselors on shift; a second one; a system
/// administrator.
struct House {
    hotline: Hotline,
    admin: Client,
    supervisor: Client,
    system: Client,
    stranger: Client,
}

impl House {
    async fn open() -> Self {
        let mut hotline = Hotline::prepare(&["ecnu", "other"]).await;
        hotline.add_user("ecnu", "INSTITUTION", "ecnu_admin").await;
        hotline.add_user("ecnu", "SUPERVISOR", "dudao1").await;
        hotline.add_user("ecnu", "SUPERVISOR", "dudao2").await;
        hotline.add_counselor("ecnu", "lin").await;
        hotline.add_counselor("ecnu", "chen").await;
        hotline.add_user("other", "INSTITUTION", "other_admin").await;
        hotline.add_system_administrator("root").await;
        hotline.start().await;
        let (admin, supervisor) = (hotline.staff("ecnu_admin").await, hotline.staff("dudao1").await);
        let (system, stranger) = (hotline.staff("root").await, hotline.staff("other_admin").await);
        Self { hotline, admin, supervisor, system, stranger }
    }

    async fn id(&self, username: &str) -> String {
        self.hotline.database.id_of(username).await
    }

    /// The object of one person, as the administrator sees it; none if they are not listed.
    async fn listed(&self, username: &str) -> Option<Value> {
        for list in ["/user/list", "/user/ms/supervisor/list", "/user/ms/counselor/list"] {
            let rows = self.admin.get(&format!("{list}?size=200")).await.ok();
            let found = rows.as_array().expect("a list").iter().find(|row| row["username"] == username);
            if let Some(found) = found {
                return Some(found.clone());
            }
        }
        None
    }
}

/// A password as clients send it, other than everybody's.
fn another_password() -> Value {
    json!("173afad5992a3f73a472fc09b05b1fb7")
}

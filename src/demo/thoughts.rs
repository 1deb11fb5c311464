//! What people of the demo think of their talks: stars of visitors, and counselors' own notes.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    INSTITUTION,
    history::{Dice, MINUTE, Past},
    words::THANKS,
};
use crate::evaluations::Object;

pub(super) struct Thought {
    conversation: Uuid,
    object: Object,
    creator: Uuid,
    /// Whose rating it is.
    counselor: Option<Uuid>,
    level: Option<i16>,
    content: Option<&'static str>,
    tag: Option<&'static str>,
    at: i64,
    /// When the talk began that it is about.
    begun_at: i64,
}

#[cfg(test)]
impl Thought {
    /// Whether it gives that counselor stars.
    pub(super) fn rates(&self, counselor: Uuid) -> bool {
        self.counselor == Some(counselor) && self.level.is_some()
    }

    /// Whether it is the counselor's note about that conversation.
    pub(super) fn notes(&self, conversation: Uuid) -> bool {
        self.conversation == conversation && matches!(self.object, Object::Visitor)
    }
}

/// What the visitor thought of it, if they say so: six of ten do, and most are content.
pub(super) fn of_visitor(dice: &mut Dice, past: &Past) -> Option<Thought> {
    if past.status != "FINISHED" || dice.roll(10) >= 6 {
        return None;
    }
    let level = 5 - i16::try_from(dice.roll(10).saturating_sub(5).min(4)).unwrap_or(0);
    let words = dice.pick(&THANKS).filter(|_| past.opened_at % 3 == 0 && level > 3);
    Some(Thought {
        conversation: past.id,
        object: Object::Conversation,
        creator: past.visitor,
        counselor: past.counselor,
        level: Some(level),
        content: words.copied(),
        tag: None,
        at: past.ended_at + MINUTE,
        begun_at: past.started_at?,
    })
}

/// The counselor's note about a talk that took place.
pub(super) fn note(past: &Past, (tag, words): (&'static str, &'static str)) -> Option<Thought> {
    Some(Thought {
        conversation: past.id,
        object: Object::Visitor,
        creator: past.counselor?,
        counselor: None,
        level: None,
        content: Some(words),
        tag: Some(tag),
        at: past.ended_at + 4 * MINUTE,
        begun_at: past.started_at?,
    })
}

pub(super) async fn insert(connection: &mut PgConnection, rows: &[Thought]) -> Result<(), sqlx::Error> {
    fn column<T>(rows: &[Thought], of: impl Fn(&Thought) -> T) -> Vec<T> {
        rows.iter().map(of).collect()
    }
    sqlx::query!(
        "insert into evaluations (id, institution, conversation, object_type, creator, counselor, level, content, tag,
                                  created_at, begun_at)
         select u.id, $1, u.conversation, u.object_type, u.creator, u.counselor, u.level, u.content, u.tag, u.at, u.begun_at
         from unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::uuid[], $7::smallint[], $8::text[], $9::text[],
                     $10::bigint[], $11::bigint[])
              as u (id, conversation, object_type, creator, counselor, level, content, tag, at, begun_at)",
        INSTITUTION,
        &column(rows, |_| Uuid::now_v7()),
        &column(rows, |row| row.conversation),
        &column(rows, |row| row.object.as_str().to_owned()),
        &column(rows, |row| row.creator),
        &column(rows, |row| row.counselor) as &[Option<Uuid>],
        &column(rows, |row| row.level) as &[Option<i16>],
        &column(rows, |row| row.content.map(str::to_owned)) as &[Option<String>],
        &column(rows, |row| row.tag.map(str::to_owned)) as &[Option<String>],
        &column(rows, |row| row.at),
        &column(rows, |row| row.begun_at),
    )
    .execute(connection)
    .await?;
    Ok(())
}

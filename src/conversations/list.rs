//! The list of records (section 28): what is in a reader's scope, filtered and sorted.
//!
//! A page is found by ids alone, from an index that holds all that is filtered and sorted by; the rows are read after.

use std::str::FromStr;

use hotline_actors::{
    PersonId,
    dispatch::conversation::{ConversationType, Status},
    words::UnknownWord,
};
use sqlx::PgPool;
use uuid::Uuid;

use super::{ConversationRow, by_ids, reading::Scope};
use crate::params::Page;

/// By what the list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Property {
    Level,
    CreatedTime,
    StartTime,
    EndTime,
    Duration,
}

/// Which way. Where there is nothing to sort by comes last, either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Ascending,
    Descending,
}

impl FromStr for Property {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "level" => Ok(Self::Level),
            "createdTime" => Ok(Self::CreatedTime),
            "startTime" => Ok(Self::StartTime),
            "endTime" => Ok(Self::EndTime),
            "duration" => Ok(Self::Duration),
            _ => Err(UnknownWord),
        }
    }
}

impl Property {
    fn as_str(self) -> &'static str {
        match self {
            Self::Level => "level",
            Self::CreatedTime => "createdTime",
            Self::StartTime => "startTime",
            Self::EndTime => "endTime",
            Self::Duration => "duration",
        }
    }
}

impl FromStr for Direction {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text.to_ascii_lowercase().as_str() {
            "asc" => Ok(Self::Ascending),
            "desc" => Ok(Self::Descending),
            _ => Err(UnknownWord),
        }
    }
}

/// What is asked for.
#[derive(Clone)]
pub struct ListQuery {
    pub kind: ConversationType,
    pub status: Option<Status>,
    /// Begun at or after this moment, as the figures count; what never began, asked for.
    pub begin: Option<i64>,
    /// Begun at or before this moment; what never began, asked for.
    pub end: Option<i64>,
    /// A part of the name of the visitor.
    pub visitor_name: Option<String>,
    /// This very visitor.
    pub visitor: Option<PersonId>,
    /// A part of the name of the counselor.
    pub counselor_name: Option<String>,
    pub sorted_by: Property,
    pub direction: Direction,
    pub page: Page,
}

impl std::fmt::Debug for ListQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ListQuery").field("kind", &self.kind).field("names", &"…").finish_non_exhaustive()
    }
}

impl ListQuery {
    /// The kind and the names of the filters, for the audit; none of their values.
    pub fn named(&self) -> String {
        let given = [
            ("status", self.status.is_some()),
            ("startTime", self.begin.is_some()),
            ("endTime", self.end.is_some()),
            ("visitorName", self.visitor_name.is_some()),
            ("visitor", self.visitor.is_some()),
            ("counselorName", self.counselor_name.is_some()),
        ];
        let filters = given.into_iter().filter_map(|(field, is_given)| is_given.then_some(field));
        std::iter::once(self.kind.as_str()).chain(filters).collect::<Vec<_>>().join(" ")
    }
}

/// Who asks, for what they may read.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    pub institution: &'a str,
    pub id: PersonId,
    pub scope: &'a Scope,
}

/// The page that is asked for, and how many records there are in all. `lists` plans each statement anew, for the filters
/// that are given; the rows of the page are read as any others, from `pool`.
///
/// # Errors
/// The database's.
pub async fn page(
    lists: &PgPool,
    pool: &PgPool,
    reader: Reader<'_>,
    query: &ListQuery,
) -> Result<(Vec<ConversationRow>, i64), sqlx::Error> {
    match query.kind {
        ConversationType::Consultation => {
            let asked = asked_about(pool, reader).await?;
            let ids = consultations(lists, reader, query, &asked).await?;
            let count = count_consultations(lists, reader, query, &asked).await?;
            Ok((by_ids(pool, reader.institution, &ids).await?, count))
        }
        ConversationType::Supervision => {
            let (ids, count) = supervisions(lists, reader, query).await?;
            Ok((by_ids(pool, reader.institution, &ids).await?, count))
        }
    }
}

/// The consultations that a supervisor was asked about: they are in scope besides those of the counselors bound to that
/// supervisor.
async fn asked_about(pool: &PgPool, reader: Reader<'_>) -> Result<Vec<Uuid>, sqlx::Error> {
    if reader.scope.counselors().is_none() {
        return Ok(Vec::new());
    }
    sqlx::query_scalar!(
        r#"
        select distinct consultation as "consultation!" from conversations
        where coalesce(counselor, wanted) = $1 and consultation is not null and status <> 'CANCELLED'
            and deleted_at is null
        "#,
        reader.id.0
    )
    .fetch_all(pool)
    .await
}

/// A statement over the consultations that are asked for.
macro_rules! query_list {
    ($macro:ident, $select:literal, $joins:literal, $rest:literal, $reader:expr, $query:expr, $asked:expr
     $(, $argument:expr)*) => {
        sqlx::$macro!(
            $select + " from conversations c " + $joins + "
             where c.institution = $1 and c.kind = 'COUNSELING_SESSION' and c.deleted_at is null
                 and ($2::uuid[] is null or coalesce(c.counselor, c.wanted) = any($2) or c.id = any($3))
                 and ($4::text is null or c.status = $4)
                 and ($5::bigint is null or coalesce(c.started_at, c.opened_at) >= $5)
                 and ($6::bigint is null or coalesce(c.started_at, c.opened_at) <= $6)
                 and ($7::text is null or c.visitor in (
                     select p.id from people p where p.institution = $1
                         and strpos(searched_name(p.name, p.username, p.visitor_number), lower($7)) > 0))
                 and ($8::text is null or coalesce(c.counselor, c.wanted) in (
                     select p.id from people p where p.institution = $1
                         and strpos(searched_name(p.name, p.username, p.visitor_number), lower($8)) > 0))
                 and ($9::uuid is null or c.visitor = $9) "
             + $rest,
            $reader.institution,
            $reader.scope.counselors() as Option<&[Uuid]>,
            $asked,
            $query.status.map(Status::as_str),
            $query.begin,
            $query.end,
            $query.visitor_name.as_deref(),
            $query.counselor_name.as_deref(),
            $query.visitor.map(|visitor| visitor.0)
            $(, $argument)*
        )
    };
}

async fn count_consultations(
    pool: &PgPool,
    reader: Reader<'_>,
    query: &ListQuery,
    asked: &[Uuid],
) -> Result<i64, sqlx::Error> {
    query_list!(query_scalar, r#"select count(*) as "count!""#, "", "", reader, query, asked)
        .fetch_one(pool)
        .await
}

async fn consultations(
    pool: &PgPool,
    reader: Reader<'_>,
    query: &ListQuery,
    asked: &[Uuid],
) -> Result<Vec<Uuid>, sqlx::Error> {
    macro_rules! ids {
        ($joins:literal, $order:literal) => {
            query_list!(
                query_scalar,
                "select c.id",
                $joins,
                $order,
                reader,
                query,
                asked,
                query.page.limit,
                query.page.offset
            )
            .fetch_all(pool)
            .await
        };
    }
    // Each order is a statement of its own: an order that is a parameter could not be served by an index.
    match (query.sorted_by, query.direction) {
        (Property::CreatedTime, Direction::Descending) => {
            ids!("", "order by c.opened_at desc, c.id desc limit $10 offset $11")
        }
        (Property::CreatedTime, Direction::Ascending) => {
            ids!("", "order by c.opened_at, c.id limit $10 offset $11")
        }
        (Property::StartTime, Direction::Descending) => {
            ids!(
                "",
                "order by c.started_at desc nulls last, c.opened_at desc, c.id desc limit $10 offset $11"
            )
        }
        (Property::StartTime, Direction::Ascending) => {
            ids!("", "order by c.started_at nulls last, c.opened_at, c.id limit $10 offset $11")
        }
        (Property::EndTime, Direction::Descending) => {
            ids!("", "order by c.ended_at desc nulls last, c.opened_at desc, c.id desc limit $10 offset $11")
        }
        (Property::EndTime, Direction::Ascending) => {
            ids!("", "order by c.ended_at nulls last, c.opened_at, c.id limit $10 offset $11")
        }
        (Property::Duration, Direction::Descending) => ids!(
            "",
            "order by c.ended_at - c.started_at desc nulls last, c.opened_at desc, c.id desc limit $10 offset $11"
        ),
        (Property::Duration, Direction::Ascending) => ids!(
            "",
            "order by c.ended_at - c.started_at nulls last, c.opened_at desc, c.id desc limit $10 offset $11"
        ),
        (Property::Level, Direction::Descending) => ids!(
            "left join evaluations e on e.conversation = c.id and e.object_type = 'CONVERSATION'
             left join evaluations k on k.conversation = c.id and k.object_type = 'COUNSELOR'",
            "order by coalesce(e.level, k.level) desc nulls last, c.opened_at desc, c.id desc limit $10 offset $11"
        ),
        (Property::Level, Direction::Ascending) => ids!(
            "left join evaluations e on e.conversation = c.id and e.object_type = 'CONVERSATION'
             left join evaluations k on k.conversation = c.id and k.object_type = 'COUNSELOR'",
            "order by coalesce(e.level, k.level) nulls last, c.opened_at desc, c.id desc limit $10 offset $11"
        ),
    }
}

/// Talks with supervisors: those a counselor in scope asked for, and those the reader is asked in. The talks are few,
/// so one statement sorts them any way. The names are those of the consultation they are about.
async fn supervisions(
    pool: &PgPool,
    reader: Reader<'_>,
    query: &ListQuery,
) -> Result<(Vec<Uuid>, i64), sqlx::Error> {
    let sign = match query.direction {
        Direction::Ascending => 1,
        Direction::Descending => -1,
    };
    let found = sqlx::query!(
        r#"
        select c.id, count(*) over () as "count!"
        from conversations c
            join conversations about on about.id = c.consultation
            join people asker on asker.id = c.visitor
            join people visitor on visitor.id = about.visitor
            left join evaluations e on e.conversation = c.id and e.object_type = 'CONVERSATION'
            left join evaluations k on k.conversation = c.id and k.object_type = 'COUNSELOR'
        where c.institution = $1 and c.kind = 'REQUEST_SUPERVISE' and c.deleted_at is null
            and ($2::uuid[] is null or c.visitor = any($2) or coalesce(c.counselor, c.wanted) = $3)
            and ($4::text is null or c.status = $4)
            and ($5::bigint is null or coalesce(c.started_at, c.opened_at) >= $5)
            and ($6::bigint is null or coalesce(c.started_at, c.opened_at) <= $6)
            and ($7::text is null
                 or strpos(searched_name(visitor.name, visitor.username, visitor.visitor_number), lower($7)) > 0)
            and ($8::text is null
                 or strpos(searched_name(asker.name, asker.username, asker.visitor_number), lower($8)) > 0)
            and ($11::uuid is null or about.visitor = $11)
        order by $9::bigint * case $10::text
                when 'level' then coalesce(e.level, k.level)
                when 'createdTime' then c.opened_at
                when 'startTime' then c.started_at
                when 'endTime' then c.ended_at
                when 'duration' then c.ended_at - c.started_at
            end nulls last, c.opened_at desc, c.id desc
        "#,
        reader.institution,
        reader.scope.counselors() as Option<&[Uuid]>,
        reader.id.0,
        query.status.map(Status::as_str),
        query.begin,
        query.end,
        query.visitor_name.as_deref(),
        query.counselor_name.as_deref(),
        sign,
        query.sorted_by.as_str(),
        query.visitor.map(|visitor| visitor.0),
    )
    .fetch_all(pool)
    .await?;
    let count = found.first().map_or(0, |row| row.count);
    let offset = usize::try_from(query.page.offset).unwrap_or(usize::MAX);
    let limit = usize::try_from(query.page.limit).unwrap_or(0);
    Ok((found.into_iter().skip(offset).take(limit).map(|row| row.id).collect(), count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_from_others() {
        for property in [
            Property::Level,
            Property::CreatedTime,
            Property::StartTime,
            Property::EndTime,
            Property::Duration,
        ] {
            assert_eq!(property.as_str().parse::<Property>().expect("its own word"), property);
        }
        assert!("password".parse::<Property>().is_err());
        assert_eq!("DESC".parse::<Direction>().expect("a direction"), Direction::Descending);
        assert!("down".parse::<Direction>().is_err());
        assert!("OPEN".parse::<Status>().is_err());
        assert!("CHAT".parse::<ConversationType>().is_err());
    }
}

//! Pictures of talks over our own IM: taken in when they are what they seem to be, kept beside the words, served to
//! whoever may read the talk, erased with it.

mod strip;
mod uploads;

use std::io::Cursor;

use bytes::Bytes;
use futures_util::{Stream, stream};
use hotline_actors::{ConversationId, PersonId, Timestamp};
use image::{ImageDecoder, ImageFormat, ImageReader, Limits, metadata::Orientation};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::errors::describe;

pub use uploads::{Busy, Uploads};

/// Whoever opens a picture takes four bytes of memory for each of its points.
const PIXELS_MAX: u64 = 50_000_000;
/// No screen and no phone has a side as long.
const SIDE_PIXELS_MAX: u32 = 16_384;
/// What is taken, and as what it is served.
const KINDS: [(ImageFormat, &str); 4] = [
    (ImageFormat::Png, "image/png"),
    (ImageFormat::Jpeg, "image/jpeg"),
    (ImageFormat::Gif, "image/gif"),
    (ImageFormat::WebP, "image/webp"),
];
/// Frames of a film: half a minute at twenty a second. Whoever shows it unpacks each.
const FRAMES_MAX: usize = 600;
/// Points of one frame of a film, those of the largest screens (3840 × 2160): a still is unpacked once, a frame again and again.
const FRAME_PIXELS_MAX: u64 = 3840 * 2160;
/// Points of all frames of a film. 600 frames of a sticker of 500 × 500 have 150 million, five seconds of a whole screen
/// (1920 × 1080, twenty a second) 207 million.
const FILM_PIXELS_MAX: u64 = 210_000_000;
/// Scans of a JPEG. Those that come in by and by have about ten; each makes whoever shows it go over all points once more.
const SCANS_MAX: usize = 100;
/// Segments or chunks of one picture, each of which takes some memory while it is looked at. Pictures of five megabytes have a
/// thousand, those of a careless program ten thousand.
const PARTS_MAX: usize = 16_384;
/// Bytes of memory for reading a header. What could unpack to more is taken out before.
const HEADER_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// What stands before the id in the address of a picture.
const PATH: &str = "/im/image/";
/// Bytes of a picture that are in memory for one reader.
const PIECE_BYTES: i32 = 256 * 1024;
/// Several that come at once count anew until each has a number of its own.
const NUMBERINGS_MAX: usize = 64;

/// Why bytes are not taken for a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTaken {
    Kind,
    Damaged,
    TooManyPixels,
    TooManyFrames,
    FilmTooLarge,
    TooManyScans,
    TooManyParts,
}

/// A picture that was looked through: nothing is in it but what is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    pub content_type: &'static str,
    /// As it is shown.
    pub width: u32,
    pub height: u32,
    pub bytes: Bytes,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picture").field("content_type", &self.content_type).finish_non_exhaustive()
    }
}

impl Picture {
    /// Looks at the content, whatever it is called. What is not picture goes first, without being unpacked: where and by what
    /// it was taken, remarks, whatever hangs on behind. Its orientation stays. Of what is left only the header is decoded. So
    /// a picture that would unpack to far more than it weighs costs nothing here.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub fn of(bytes: Bytes) -> Result<Self, NotTaken> {
        let format = image::guess_format(&bytes).map_err(|_| NotTaken::Kind)?;
        let known = KINDS.iter().find(|(kind, _)| *kind == format);
        let (_, content_type) = *known.ok_or(NotTaken::Kind)?;
        let strip::Stripped { bytes, orientation, frames, frame_points, scans } =
            strip::stripped(bytes, format)?;
        if frames > FRAMES_MAX {
            return Err(NotTaken::TooManyFrames);
        }
        if scans > SCANS_MAX {
            return Err(NotTaken::TooManyScans);
        }
        let (width, height) = header(&bytes, format)?;
        let points = (u64::from(width) * u64::from(height)).max(frame_points);
        if width.max(height) > SIDE_PIXELS_MAX || points > PIXELS_MAX {
            return Err(NotTaken::TooManyPixels);
        }
        if frames > 1 && (points > FRAME_PIXELS_MAX || points * frames as u64 > FILM_PIXELS_MAX) {
            return Err(NotTaken::FilmTooLarge);
        }
        let lies_on_its_side = matches!(
            orientation,
            Orientation::Rotate90
                | Orientation::Rotate270
                | Orientation::Rotate90FlipH
                | Orientation::Rotate270FlipH
        );
        let (width, height) = if lies_on_its_side { (height, width) } else { (width, height) };
        Ok(Self { content_type, width, height, bytes })
    }
}

fn header(bytes: &Bytes, format: ImageFormat) -> Result<(u32, u32), NotTaken> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(HEADER_BYTES_MAX);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|error| {
        if matches!(error, image::ImageError::Limits(_)) {
            NotTaken::TooManyPixels
        } else {
            NotTaken::Damaged
        }
    })?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(NotTaken::Damaged);
    }
    Ok((width, height))
}

/// A picture as it is known without its bytes.
#[derive(Debug, Clone)]
pub struct Known {
    pub id: Uuid,
    pub content_type: String,
    pub width: i32,
    pub height: i32,
    pub size: i32,
}

/// Where a picture is to be had.
pub fn url(base_path: &str, id: Uuid) -> String {
    format!("{base_path}{PATH}{}", id.simple())
}

/// The picture of ours that an address names, whatever the base path was when it was written.
pub fn named_in(url: &str) -> Option<Uuid> {
    let (base, id) = url.rsplit_once(PATH)?;
    let is_ours = base.is_empty() || (base.starts_with('/') && !base.starts_with("//"));
    id.parse::<PersonId>().ok().filter(|_| is_ours).map(|id| id.0)
}

impl Known {
    /// The element of a message, in the form of Tencent's callback: the three sizes are all the same picture.
    pub fn element(&self, base_path: &str) -> Value {
        let url = url(base_path, self.id);
        let picture = |kind: u8| json!({ "Type": kind, "Size": self.size, "Width": self.width, "Height": self.height, "URL": url });
        let content = json!({
            "UUID": self.id.simple().to_string(),
            "ImageFormat": self.number_of_kind(),
            "ImageInfoArray": [picture(1), picture(2), picture(3)],
        });
        json!([{ "MsgType": "TIMImageElem", "MsgContent": content }])
    }

    /// `ImageFormat` (document 269/2720).
    fn number_of_kind(&self) -> u8 {
        match self.content_type.as_str() {
            "image/jpeg" => 1,
            "image/gif" => 2,
            "image/png" => 3,
            _ => 255,
        }
    }

    /// What a file of it is called.
    pub fn file_name(&self) -> String {
        format!("{}.{}", self.id.simple(), self.ending())
    }

    /// What the name of a file of it ends with.
    pub fn ending(&self) -> &str {
        match self.content_type.strip_prefix("image/").unwrap_or("bin") {
            "jpeg" => "jpg",
            other => other,
        }
    }
}

/// Keeps a picture; `None` when the conversation has as many as it may.
///
/// # Errors
/// The database's.
pub async fn keep(
    pool: &PgPool,
    institution: &str,
    conversation: ConversationId,
    by: PersonId,
    picture: &Picture,
    at: Timestamp,
    most: u32,
) -> Result<Option<Known>, sqlx::Error> {
    let known = Known {
        id: Uuid::now_v7(),
        content_type: picture.content_type.to_owned(),
        width: whole(picture.width),
        height: whole(picture.height),
        size: whole(picture.bytes.len()),
    };
    for _ in 0..NUMBERINGS_MAX {
        let row = sqlx::query!(
            r#"
            with next as (
                select coalesce(max(number), 0) + 1 as number from images where conversation = $3
            ), kept as (
                insert into images (id, institution, conversation, number, uploaded_by, uploaded_at, content_type,
                                    width, height, size, bytes)
                select $1, $2, $3, number, $4, $5, $6, $7, $8, $9, $10 from next where number <= $11
                on conflict on constraint images_numbered do nothing
                returning id
            )
            select number > $11 as "full!", exists (select from kept) as "kept!" from next
            "#,
            known.id,
            institution,
            conversation.0,
            by.0,
            at.0,
            known.content_type,
            known.width,
            known.height,
            known.size,
            &picture.bytes[..],
            whole(most),
        )
        .fetch_one(pool)
        .await?;
        if row.full {
            return Ok(None);
        }
        if row.kept {
            return Ok(Some(known));
        }
    }
    Err(sqlx::Error::PoolTimedOut)
}

fn whole(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}

/// A picture that `by` uploaded for this conversation.
///
/// # Errors
/// The database's.
pub async fn uploaded(
    pool: &PgPool,
    id: Uuid,
    conversation: ConversationId,
    by: PersonId,
) -> Result<Option<Known>, sqlx::Error> {
    sqlx::query_as!(
        Known,
        "select id, content_type, width, height, size from images
         where id = $1 and conversation = $2 and uploaded_by = $3",
        id,
        conversation.0,
        by.0,
    )
    .fetch_optional(pool)
    .await
}

/// The pictures of a conversation, as they were numbered.
///
/// # Errors
/// The database's.
pub async fn of_conversation(pool: &PgPool, conversation: Uuid) -> Result<Vec<Known>, sqlx::Error> {
    sqlx::query_as!(
        Known,
        "select id, content_type, width, height, size from images where conversation = $1 order by number",
        conversation,
    )
    .fetch_all(pool)
    .await
}

/// How many pictures these conversations have.
///
/// # Errors
/// The database's.
pub async fn count(pool: &PgPool, conversations: &[Uuid]) -> Result<i64, sqlx::Error> {
    let counted = sqlx::query_scalar!(
        r#"select count(*) as "count!" from images where conversation = any($1)"#,
        conversations,
    );
    counted.fetch_one(pool).await
}

/// A picture and its conversation.
///
/// # Errors
/// The database's.
pub async fn find(pool: &PgPool, id: Uuid) -> Result<Option<(Known, ConversationId)>, sqlx::Error> {
    let row = sqlx::query!(
        "select id, conversation, content_type, width, height, size from images where id = $1",
        id
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| {
        let known = Known {
            id: row.id,
            content_type: row.content_type,
            width: row.width,
            height: row.height,
            size: row.size,
        };
        (known, ConversationId(row.conversation))
    }))
}

/// The bytes of a picture, piece by piece, as fast as they are taken.
pub fn pieces(pool: PgPool, known: &Known) -> impl Stream<Item = Result<Bytes, sqlx::Error>> + use<> {
    let (id, size) = (known.id, known.size);
    stream::try_unfold(0, move |offset| {
        let pool = pool.clone();
        async move {
            if offset >= size {
                return Ok(None);
            }
            // PostgreSQL counts from one.
            let piece = sqlx::query_scalar!(
                r#"select substring(bytes from $2 for $3) as "piece!" from images where id = $1"#,
                id,
                offset + 1,
                PIECE_BYTES,
            )
            .fetch_one(&pool)
            .await;
            match piece {
                Ok(piece) => Ok(Some((Bytes::from(piece), offset.saturating_add(PIECE_BYTES)))),
                Err(error) => {
                    tracing::warn!(error = %describe(&error), "a picture is broken off");
                    Err(error)
                }
            }
        }
    })
}

#[cfg(test)]
mod tests;

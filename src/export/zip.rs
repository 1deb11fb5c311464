//! Many conversations as one zip, written while it is read: what is held at any moment is a few conversations, a few pieces
//! of a picture and of the archive, and a line of the index for each, however many are asked for.
//!
//! ```text
//! database ─► Maker ─► (2 transcripts or pieces of a picture) ─► a thread that renders and packs ─► (8 pieces) ─► the answer
//! ```
//!
//! A folder for each conversation has its words, the talks with supervisors beside, and their pictures in folders of their own;
//! `index` lists them. It comes last, since it says what is there.

use std::{
    io::{self, Write},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, TryStreamExt};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, mpsc},
    time::timeout,
};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{
    ExportFault, Format, Maker, Transcript,
    index::{Folders, Indexed},
    render::{self, rendered},
    transcript::Attachment,
};
use crate::{calendar::Calendar, conversations::ConversationRow, images};

/// Bytes of a piece of the answer.
const PIECE_BYTES: usize = 32 * 1024;
/// Pieces that wait for the reader.
const PIECES_MAX: usize = 8;
/// Transcripts and pieces of pictures that wait for the packer.
const PARTS_MAX: usize = 2;
/// The folder of a conversation's pictures, within its own.
const PICTURES: &str = "pictures";
/// A reader who takes nothing this long has gone.
const READER_STALL_MAX: Duration = Duration::from_mins(1);

/// One conversation with what belongs beside it: a folder.
#[derive(Debug, Clone)]
pub struct Entry {
    pub conversation: ConversationRow,
    /// The talks with supervisors about it.
    pub supervisions: Vec<ConversationRow>,
}

/// What is to be packed, or the good end.
enum Part {
    File {
        path: String,
        transcript: Box<Transcript>,
    },
    /// Its bytes follow.
    Picture {
        path: String,
    },
    Piece(Bytes),
    Index {
        all: Vec<Indexed>,
        calendar: Calendar,
    },
    End,
}

/// Nobody packs any more; the packer has said why.
struct Gone;

type Parts = mpsc::Sender<Part>;

type Piece = Result<Bytes, io::Error>;

/// The zip of these conversations, piece by piece. A fault on the way breaks the answer off, so that half an archive is
/// never taken for a whole one.
pub fn stream(
    maker: Maker,
    entries: Vec<Entry>,
    format: Format,
    leave: OwnedSemaphorePermit,
) -> impl Stream<Item = Piece> {
    let (parts, to_pack) = mpsc::channel(PARTS_MAX);
    let (pieces, mut to_send) = mpsc::channel::<Piece>(PIECES_MAX);
    actix_web::rt::spawn(async move {
        match feed(&maker, &entries, format, &parts).await {
            // If nobody packs any more, the packer has said why.
            Ok(()) => _ = parts.send(Part::End).await,
            Err(error) => tracing::error!(%error, "export failed midway: reading its data"),
        }
    });
    let outlet = Outlet { pieces, runtime: Handle::current() };
    actix_web::rt::task::spawn_blocking(move || {
        let _leave = leave;
        let pipe = Pipe { outlet: outlet.clone(), buffer: BytesMut::new() };
        if let Err(error) = pack(to_pack, pipe, format) {
            tracing::warn!(%error, "an export was not finished");
            // The reader may be the one who has gone.
            _ = outlet.send(Err(io::Error::other("the export broke off")));
        }
    });
    futures_util::stream::poll_fn(move |context| to_send.poll_recv(context))
}

/// Reads one conversation after the other.
async fn feed(maker: &Maker, entries: &[Entry], format: Format, parts: &Parts) -> Result<(), ExportFault> {
    let (mut folders, mut all) = (Folders::default(), Vec::new());
    for entry in entries {
        let transcript = maker.make(&entry.conversation, Some(PICTURES)).await?;
        let folder = folders.name(&transcript.summary, &maker.calendar);
        all.push(Indexed {
            folder: folder.clone(),
            supervisions: entry.supervisions.len(),
            summary: transcript.summary.clone(),
        });
        let Ok(()) = one(maker, &folder, "conversation", transcript, format, parts).await? else {
            return Ok(());
        };
        for (number, row) in (1..).zip(&entry.supervisions) {
            let name = format!("supervise-{number}");
            let transcript = maker.make(row, Some(&format!("{PICTURES}-{name}"))).await?;
            let Ok(()) = one(maker, &folder, &name, transcript, format, parts).await? else { return Ok(()) };
        }
    }
    let _gone = parts.send(Part::Index { all, calendar: maker.calendar.clone() }).await;
    Ok(())
}

/// A transcript and its pictures.
async fn one(
    maker: &Maker,
    folder: &str,
    name: &str,
    mut transcript: Transcript,
    format: Format,
    parts: &Parts,
) -> Result<Result<(), Gone>, ExportFault> {
    let attachments = std::mem::take(&mut transcript.attachments);
    let path = format!("{folder}/{name}.{}", format.extension());
    if parts.send(Part::File { path, transcript: Box::new(transcript) }).await.is_err() {
        return Ok(Err(Gone));
    }
    for Attachment { picture, path } in attachments {
        if parts.send(Part::Picture { path: format!("{folder}/{path}") }).await.is_err() {
            return Ok(Err(Gone));
        }
        let mut pieces = Box::pin(images::pieces(maker.pool.clone(), &picture));
        while let Some(piece) = pieces.try_next().await? {
            if parts.send(Part::Piece(piece)).await.is_err() {
                return Ok(Err(Gone));
            }
        }
    }
    Ok(Ok(()))
}

/// Why the packer stopped.
#[derive(Debug, thiserror::Error)]
enum PackFault {
    #[error("its conversations could not all be read")]
    NotFed,
    #[error(transparent)]
    Render(#[from] ExportFault),
    #[error(transparent)]
    Zip(#[from] zip::result::ZipError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Renders and packs, on a thread of its own.
fn pack(mut parts: mpsc::Receiver<Part>, pipe: Pipe, format: Format) -> Result<(), PackFault> {
    let mut archive = ZipWriter::new_stream(pipe);
    loop {
        match parts.blocking_recv() {
            Some(Part::File { path, transcript }) => {
                archive.start_file(path, SimpleFileOptions::default())?;
                archive.write_all(&rendered(&transcript, format)?)?;
            }
            // Packed already: more work on them gains nothing.
            Some(Part::Picture { path }) => {
                archive.start_file(path, SimpleFileOptions::default().compression_level(Some(1)))?;
            }
            Some(Part::Piece(bytes)) => archive.write_all(&bytes)?,
            Some(Part::Index { all, calendar }) => {
                archive.start_file(format!("index.{}", format.extension()), SimpleFileOptions::default())?;
                archive.write_all(&render::index(&all, &calendar, format)?)?;
            }
            Some(Part::End) => break,
            None => return Err(PackFault::NotFed),
        }
    }
    let mut pipe = archive.finish()?.into_inner();
    pipe.flush()?;
    Ok(())
}

/// The way to the reader, from the packer's thread.
#[derive(Clone)]
struct Outlet {
    pieces: mpsc::Sender<Piece>,
    runtime: Handle,
}

impl Outlet {
    fn send(&self, piece: Piece) -> io::Result<()> {
        match self.runtime.block_on(timeout(READER_STALL_MAX, self.pieces.send(piece))) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::Error::new(io::ErrorKind::BrokenPipe, "the reader has gone")),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the reader takes nothing")),
        }
    }
}

/// Where the archive is written to: it leaves in pieces.
struct Pipe {
    outlet: Outlet,
    buffer: BytesMut,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE_BYTES {
            self.outlet.send(Ok(self.buffer.split().freeze()))?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() { Ok(()) } else { self.outlet.send(Ok(self.buffer.split().freeze())) }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use sqlx::postgres::PgPoolOptions;
    use uuid::Uuid;

    use super::*;
    use crate::{
        config::defaults,
        export::{Exports, Reader},
        identity::AccountKind,
        people::People,
        secrets::Sealer,
    };
    use hotline_actors::PersonId;

    /// A maker whose database is closed: it can read nothing.
    async fn maker() -> Maker {
        let pool = PgPoolOptions::new().connect_lazy("postgres://nobody@127.0.0.1/none").expect("an address");
        pool.close().await;
        let sealer = Sealer::new(&defaults().secrets);
        Maker {
            people: People::new(pool.clone(), sealer.clone()),
            pool,
            sealer,
            calendar: Calendar::new("UTC"),
            reader: Reader { id: PersonId(Uuid::from_u128(9)), kind: AccountKind::Institution },
            anonymize: false,
        }
    }

    fn entry() -> Entry {
        let conversation = ConversationRow::for_tests(Uuid::from_u128(1));
        Entry { conversation, supervisions: Vec::new() }
    }

    async fn pieces(entries: Vec<Entry>) -> Vec<Piece> {
        let leave = Exports::default().begin().expect("nothing runs yet");
        stream(maker().await, entries, Format::Text, leave).collect().await
    }

    #[actix_web::test]
    async fn an_archive_that_cannot_be_finished_ends_in_an_error() {
        let pieces = pieces(vec![entry()]).await;
        assert!(pieces.last().expect("something is said").is_err());
    }

    #[actix_web::test]
    async fn an_archive_of_nothing_is_whole() {
        let pieces = pieces(Vec::new()).await;
        let whole: Vec<u8> = pieces.into_iter().flat_map(|piece| piece.expect("no fault")).collect();
        assert!(
            whole.starts_with(b"PK") && whole.windows(9).any(|part| part == b"index.txt"),
            "an index of nothing"
        );
    }

    #[test]
    fn only_a_few_run_at_once() {
        let exports = Exports::default();
        let running: Vec<_> = std::iter::from_fn(|| exports.begin()).take(100).collect();
        assert_eq!(running.len(), crate::export::AT_ONCE_MAX);
        drop(running);
        assert!(exports.begin().is_some());
    }
}

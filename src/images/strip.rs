//! Takes out of a picture all that is not picture. Nothing is left that is not named here: a visitor's photograph must
//! not tell where they live, nor a picture be a second thing besides.

use std::io::Read;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use flate2::read::ZlibDecoder;
use image::{ImageFormat, metadata::Orientation};
use img_parts::{
    ImageEXIF,
    jpeg::markers,
    png::Png,
    riff::{RiffChunk, RiffContent},
    webp::{self, WebP},
};

use super::{NotTaken, PARTS_MAX};

/// Chunks of PNG that say how it looks (PNG third edition, 11; `acTL` and so on move it), and the lengths that they can have.
const PNG_KEPT: [(&[u8; 4], std::ops::RangeInclusive<usize>); 16] = [
    (b"IHDR", 13..=13),
    (b"PLTE", 3..=768),
    (b"IDAT", 0..=usize::MAX),
    (b"IEND", 0..=0),
    (b"tRNS", 1..=256),
    (b"cHRM", 32..=32),
    (b"gAMA", 4..=4),
    (b"iCCP", 0..=usize::MAX),
    (b"sBIT", 1..=4),
    (b"sRGB", 1..=1),
    (b"cICP", 4..=4),
    (b"bKGD", 1..=6),
    (b"pHYs", 9..=9),
    (b"acTL", 8..=8),
    (b"fcTL", 26..=26),
    (b"fdAT", 4..=usize::MAX),
];
/// Of these there may be many.
const PNG_MANY: [&[u8; 4]; 3] = [b"IDAT", b"fcTL", b"fdAT"];
/// The first byte of `VP8X`: there is EXIF, there is XMP.
const WEBP_METADATA: u8 = 0b0000_1100;
/// The same byte: it is a film.
const WEBP_ANIMATED: u8 = 0b0000_0010;

/// What stands ahead of EXIF where it is not alone.
const EXIF: &[u8] = b"Exif\0\0";
/// What stands ahead of how often a GIF is shown.
const GIF_REPEATS: &[u8] = b"\x0bNETSCAPE2.0";

/// Bytes of a profile of colours, unpacked. Those of cameras and screens have a few thousand, those of printers half a million.
/// A larger one goes: PNG packs it, and whoever shows the picture unpacks it.
const PROFILE_BYTES_MAX: usize = 1024 * 1024;

/// The picture alone.
pub(super) struct Stripped {
    pub(super) bytes: Bytes,
    /// How to hold it.
    pub(super) orientation: Orientation,
    /// One, or those of a film.
    pub(super) frames: usize,
    /// Points of the largest frame where one may say that it is larger than the picture.
    pub(super) frame_points: u64,
    /// How often whoever shows a JPEG goes over all its points.
    pub(super) scans: usize,
}

/// The picture alone. Nothing is unpacked for it but a profile of colours, up to its bound.
///
/// # Errors
/// It is not whole, or in too many parts.
#[expect(clippy::wildcard_enum_match_arm, reason = "the crate knows many kinds that are not taken")]
pub(super) fn stripped(bytes: Bytes, format: ImageFormat) -> Result<Stripped, NotTaken> {
    match format {
        ImageFormat::Jpeg => jpeg(&bytes),
        ImageFormat::Png if png_parts(&bytes) > PARTS_MAX => Err(NotTaken::TooManyParts),
        ImageFormat::Png => png(bytes).ok_or(NotTaken::Damaged),
        ImageFormat::WebP => webp(&bytes),
        ImageFormat::Gif => gif(&bytes).ok_or(NotTaken::Damaged),
        _ => Err(NotTaken::Kind),
    }
}

/// What EXIF says about how to hold the picture; what cannot be read says nothing.
fn orientation(exif: Option<&[u8]>) -> Orientation {
    exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms)
}

/// EXIF that says how to hold the picture, and nothing else: one directory with one entry (TIFF 6.0, section 2).
fn how_to_hold(orientation: Orientation) -> Option<Bytes> {
    if orientation == Orientation::NoTransforms {
        return None;
    }
    let mut exif = BytesMut::with_capacity(26);
    exif.put_slice(b"MM\0*");
    exif.put_u32(8);
    exif.put_u16(1);
    // Tag, SHORT, one of it; the value stands left in its four bytes.
    exif.put_u16(0x0112);
    exif.put_u16(3);
    exif.put_u32(1);
    exif.put_u16(orientation.to_exif().into());
    exif.put_u16(0);
    exif.put_u32(0);
    Some(exif.freeze())
}

/// What one way through a JPEG finds.
#[derive(Default)]
struct Seen<'a> {
    kept: BytesMut,
    /// Bytes of `kept` that stand ahead of EXIF: the start, and JFIF.
    head_bytes: usize,
    exif: Option<&'a [u8]>,
    profile_bytes: usize,
    parts: usize,
    scans: usize,
}

fn jpeg(bytes: &[u8]) -> Result<Stripped, NotTaken> {
    let mut seen = jpeg_seen(bytes, true).ok_or(NotTaken::Damaged)?;
    if seen.parts > PARTS_MAX {
        return Err(NotTaken::TooManyParts);
    }
    if seen.scans == 0 {
        return Err(NotTaken::Damaged);
    }
    if seen.profile_bytes > PROFILE_BYTES_MAX {
        seen = jpeg_seen(bytes, false).ok_or(NotTaken::Damaged)?;
    }
    let Seen { mut kept, head_bytes, exif, scans, .. } = seen;
    let orientation = orientation(exif);
    if let Some(exif) = how_to_hold(orientation) {
        let rest = kept.split_off(head_bytes);
        put_segment(&mut kept, markers::APP1, &[EXIF, &exif].concat());
        kept.unsplit(rest);
    }
    Ok(Stripped { bytes: kept.freeze(), orientation, frames: 1, frame_points: 0, scans })
}

/// Up to the end of the picture: what hangs on behind goes, and what stands between its segments.
fn jpeg_seen(bytes: &[u8], keeps_profile: bool) -> Option<Seen<'_>> {
    let mut seen = Seen { kept: BytesMut::with_capacity(bytes.len()), head_bytes: 2, ..Seen::default() };
    seen.kept.put_slice(bytes.get(..2)?);
    let (mut at, mut is_in_scan) = (2, false);
    loop {
        let marker_at = at + bytes.get(at..)?.iter().position(|byte| *byte == markers::P)?;
        let marker = *bytes.get(marker_at + 1)?;
        if is_in_scan {
            seen.kept.put_slice(&bytes[at..marker_at]);
        }
        at = match marker {
            // A byte of the scan that looks like a marker, or a point to start anew from.
            markers::Z | markers::RST0..=markers::RST7 => {
                if is_in_scan {
                    seen.kept.put_slice(&[markers::P, marker]);
                }
                marker_at + 2
            }
            // Filling.
            markers::P => marker_at + 1,
            markers::EOI => {
                seen.kept.put_slice(&[markers::P, markers::EOI]);
                return Some(seen);
            }
            // They have no length (T.81, table B.1), and none belongs into a picture.
            0x01..=0xbf | markers::SOI => {
                is_in_scan = false;
                marker_at + 2
            }
            _ => {
                let length = u16::from_be_bytes([*bytes.get(marker_at + 2)?, *bytes.get(marker_at + 3)?]);
                let end = marker_at + 2 + usize::from(length);
                seen.segment(marker, bytes.get(marker_at + 4..end)?, keeps_profile);
                is_in_scan = marker == markers::SOS;
                end
            }
        };
    }
}

impl<'a> Seen<'a> {
    /// Keeps tables, frames and scans; of the rest the colours, and JFIF without its thumbnail.
    fn segment(&mut self, marker: u8, contents: &'a [u8], keeps_profile: bool) {
        self.parts += 1;
        let kept = match marker {
            markers::APP0 => Some(contents).filter(|c| c.starts_with(b"JFIF\0") && c.len() == 14),
            markers::APP1 => {
                self.exif = self.exif.or(contents.strip_prefix(EXIF));
                None
            }
            markers::APP2 if contents.starts_with(b"ICC_PROFILE\0") => {
                self.profile_bytes += contents.len();
                Some(contents).filter(|_| keeps_profile)
            }
            // As long as it is; programs that read it do not look whether it is longer.
            markers::APP14 => contents.get(..12).filter(|c| c.starts_with(b"Adobe")),
            // Nobody knows what would stand in it.
            markers::JPG => None,
            markers::SOF0..=markers::SOF15 | markers::SOS | markers::DQT | markers::DNL | markers::DRI => {
                Some(contents)
            }
            _ => None,
        };
        let Some(contents) = kept else { return };
        let is_ahead_of_exif = marker == markers::APP0 && self.kept.len() == self.head_bytes;
        put_segment(&mut self.kept, marker, contents);
        self.scans += usize::from(marker == markers::SOS);
        if is_ahead_of_exif {
            self.head_bytes = self.kept.len();
        }
    }
}

/// Not longer than it was read, or than a few bytes.
fn put_segment(kept: &mut BytesMut, marker: u8, contents: &[u8]) {
    kept.put_slice(&[markers::P, marker]);
    kept.put_u16(u16::try_from(contents.len() + 2).unwrap_or(u16::MAX));
    kept.put_slice(contents);
}

/// Chunks up to the end, or as far as there are bytes; the crate takes memory for each.
fn png_parts(bytes: &[u8]) -> usize {
    const SIGNATURE: usize = 8;
    let (mut at, mut parts) = (SIGNATURE, 0);
    while let Some([a, b, c, d, kind @ ..]) = bytes.get(at..at + 8) {
        parts += 1;
        if kind == b"IEND" {
            break;
        }
        at += 12 + u32::from_be_bytes([*a, *b, *c, *d]) as usize;
    }
    parts
}

fn png(bytes: Bytes) -> Option<Stripped> {
    let mut png = Png::from_bytes(bytes).ok()?;
    let orientation = orientation(png.exif().as_deref());
    // Most stand there once (third edition, table 7). Of profiles the first alone is unpacked, however many there are.
    let mut seen = Vec::new();
    png.chunks_mut().retain(|chunk| {
        let (kind, length) = (chunk.kind(), chunk.contents().len());
        let is_first = !seen.contains(&kind);
        let is_kept = PNG_KEPT.iter().any(|(kept, lengths)| **kept == kind && lengths.contains(&length))
            && (is_first || PNG_MANY.contains(&&kind));
        if is_kept && is_first {
            seen.push(kind);
        }
        is_kept && (&kind != b"iCCP" || png_profile_is_small(chunk.contents()))
    });
    let kinds: Vec<[u8; 4]> = png.chunks().iter().map(img_parts::png::PngChunk::kind).collect();
    let whole = kinds.first() == Some(b"IHDR") && kinds.last() == Some(b"IEND") && kinds.contains(b"IDAT");
    if !whole {
        return None;
    }
    png.set_exif(how_to_hold(orientation));
    let frames = kinds.iter().filter(|kind| *kind == b"fcTL").count().max(1);
    Some(Stripped { bytes: png.encoder().bytes(), orientation, frames, frame_points: 0, scans: 0 })
}

/// Whether a profile (PNG third edition, 11.3.2.3: name, zero, method, packed with zlib) is whole and within the bound.
fn png_profile_is_small(contents: &[u8]) -> bool {
    let Some(name_end) = contents.iter().position(|byte| *byte == 0) else { return false };
    let packed = contents.get(name_end + 2..).unwrap_or_default();
    // Unpacked piece by piece into nothing, and no further than the bound.
    let mut unpacked = ZlibDecoder::new(packed).take(PROFILE_BYTES_MAX as u64 + 1);
    let read = std::io::copy(&mut unpacked, &mut std::io::sink());
    read.is_ok_and(|bytes| (1..=PROFILE_BYTES_MAX as u64).contains(&bytes))
}

fn webp(bytes: &Bytes) -> Result<Stripped, NotTaken> {
    let mut body = riff_taken(&mut bytes.clone()).map(|(_, body)| body).ok_or(NotTaken::Damaged)?;
    if !body.starts_with(b"WEBP") {
        return Err(NotTaken::Damaged);
    }
    body.advance(4);
    let (mut seen, mut parts) = (Webp::default(), 0);
    while !body.is_empty() {
        parts += 1;
        if parts > PARTS_MAX {
            return Err(NotTaken::TooManyParts);
        }
        let (id, contents) = riff_taken(&mut body).ok_or(NotTaken::Damaged)?;
        seen.chunk(id, &contents).ok_or(NotTaken::Damaged)?;
    }
    let Webp { kept, exif, frames, once, .. } = seen;
    if frames == 0 && !once.contains(&webp::CHUNK_VP8) {
        return Err(NotTaken::Damaged);
    }
    let orientation = orientation(exif.as_deref());
    let content = RiffContent::List { kind: Some(*b"WEBP"), subchunks: kept };
    let mut webp = WebP::new(RiffChunk::new(*b"RIFF", content)).map_err(|_| NotTaken::Damaged)?;
    if let Some(exif) = how_to_hold(orientation) {
        webp.set_exif(Some(exif));
    }
    let bytes = webp.encoder().bytes();
    Ok(Stripped { bytes, orientation, frames: frames.max(1), frame_points: 0, scans: 0 })
}

/// Takes a chunk off the front; `None` where it is not whole. Lists within it are not looked into.
fn riff_taken(bytes: &mut Bytes) -> Option<([u8; 4], Bytes)> {
    let id = bytes.get(..4)?.try_into().ok()?;
    let length = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?) as usize;
    bytes.get(8..8 + length)?;
    let contents = bytes.slice(8..8 + length);
    // One byte more where the length is odd.
    bytes.advance((8 + length + length % 2).min(bytes.len()));
    Some((id, contents))
}

/// What is kept of a WebP, chunk by chunk.
#[derive(Default)]
struct Webp {
    kept: Vec<RiffChunk>,
    exif: Option<Bytes>,
    is_film: bool,
    frames: usize,
    /// Kept already, of what stands there once.
    once: Vec<[u8; 4]>,
}

impl Webp {
    /// A film has frames and no still besides, a still no frames; of what stands there once the first counts.
    fn chunk(&mut self, id: [u8; 4], contents: &Bytes) -> Option<()> {
        let contents = match id {
            webp::CHUNK_VP8X if self.kept.is_empty() => {
                let mut header = BytesMut::from(contents.get(..10)?);
                self.is_film = header[0] & WEBP_ANIMATED != 0;
                header[0] &= !WEBP_METADATA;
                header.freeze()
            }
            webp::CHUNK_ANIM if self.is_film && self.is_first(id) => {
                Bytes::copy_from_slice(contents.get(..6)?)
            }
            webp::CHUNK_ANMF if self.is_film => {
                self.frames += 1;
                webp_frame(contents)?
            }
            webp::CHUNK_ALPH if !self.is_film && self.is_first(id) => contents.clone(),
            // Points are packed in one way or in the other.
            webp::CHUNK_VP8 | webp::CHUNK_VP8L if !self.is_film && self.is_first(webp::CHUNK_VP8) => {
                contents.clone()
            }
            webp::CHUNK_ICCP if self.is_first(id) && contents.len() <= PROFILE_BYTES_MAX => contents.clone(),
            webp::CHUNK_EXIF if self.exif.is_none() => {
                self.exif = Some(Bytes::copy_from_slice(contents.strip_prefix(EXIF).unwrap_or(contents)));
                return Some(());
            }
            _ => return Some(()),
        };
        self.kept.push(RiffChunk::new(id, RiffContent::Data(contents)));
        Some(())
    }

    fn is_first(&mut self, id: [u8; 4]) -> bool {
        let is_first = !self.once.contains(&id);
        if is_first {
            self.once.push(id);
        }
        is_first
    }
}

/// Where a frame stands and for how long it is seen, its transparency and its points (the container's specification,
/// "Animation"); what else may stand in it goes.
fn webp_frame(contents: &Bytes) -> Option<Bytes> {
    const HEADER: usize = 16;
    let mut kept = BytesMut::from(contents.get(..HEADER)?);
    let mut chunks = contents.slice(HEADER..);
    let mut has_transparency = false;
    loop {
        let (id, data) = riff_taken(&mut chunks)?;
        let is_points = id == webp::CHUNK_VP8 || id == webp::CHUNK_VP8L;
        if is_points || (id == webp::CHUNK_ALPH && !std::mem::replace(&mut has_transparency, true)) {
            kept.put_slice(&RiffChunk::new(id, RiffContent::Data(data)).encoder().bytes());
        }
        if is_points {
            return Some(kept.freeze());
        }
    }
}

/// Screen, colours, frames and their timing (`GIF89a`, sections 17 to 27); remarks and what programs added go.
fn gif(bytes: &[u8]) -> Option<Stripped> {
    const SCREEN: usize = 13;
    let mut kept = BytesMut::with_capacity(bytes.len());
    let mut at = SCREEN + gif_colours(*bytes.get(10)?);
    kept.put_slice(bytes.get(..at)?);
    let (mut frames, mut frame_points) = (0, 0);
    let (mut timing, mut repeats) = (None, false);
    loop {
        at = match *bytes.get(at)? {
            0x3b => {
                kept.put_u8(0x3b);
                let (bytes, orientation) = (kept.freeze(), Orientation::NoTransforms);
                return (frames > 0).then_some(Stripped {
                    bytes,
                    orientation,
                    frames,
                    frame_points,
                    scans: 0,
                });
            }
            0x2c => {
                frames += 1;
                // A frame may say that it is larger than the screen.
                let side = |from: usize| {
                    Some(u64::from(u16::from_le_bytes([*bytes.get(from)?, *bytes.get(from + 1)?])))
                };
                frame_points = frame_points.max(side(at + 5)? * side(at + 7)?);
                // Where it stands, its colours, and one byte ahead of its points.
                let end = gif_blocks(bytes, at + 10 + gif_colours(*bytes.get(at + 9)?) + 1)?;
                if let Some(timing) = timing.take() {
                    kept.put_slice(timing);
                    kept.put_u8(0);
                }
                kept.put_slice(bytes.get(at..end)?);
                end
            }
            0x21 => {
                let end = gif_blocks(bytes, at + 2)?;
                match bytes.get(at + 1..end)? {
                    // The last one ahead of a frame says how long it is seen, in four bytes.
                    [0xf9, 4, _, _, _, _, ..] => timing = bytes.get(at..at + 7),
                    // How often the film is shown: what begins with 1.
                    [0xff, rest @ ..] if !repeats => {
                        if let Some([3, 1, low, high, ..]) = rest.strip_prefix(GIF_REPEATS) {
                            repeats = true;
                            kept.put_slice(&[0x21, 0xff]);
                            kept.put_slice(GIF_REPEATS);
                            kept.put_slice(&[3, 1, *low, *high, 0]);
                        }
                    }
                    _ => {}
                }
                end
            }
            _ => return None,
        };
    }
}

/// Bytes of a table of colours.
fn gif_colours(packed: u8) -> usize {
    if packed & 0x80 == 0 { 0 } else { 3 << ((packed & 7) + 1) }
}

/// Behind a chain of blocks, each with its length ahead, the last one empty.
fn gif_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    }
}

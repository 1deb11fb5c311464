//! Takes out of a picture all that is not picture. Nothing is left that is not named here: a visitor's photograph must
//! not tell where they live, nor a picture be a second thing besides.

use std::io::Read;

use bytes::{BufMut, Bytes, BytesMut};
use flate2::read::ZlibDecoder;
use image::{ImageFormat, metadata::Orientation};
use img_parts::{
    ImageEXIF,
    jpeg::{Jpeg, JpegSegment, markers},
    png::Png,
    webp::{self, WebP},
};

use super::PIXELS_MAX;

/// Chunks of PNG that say how it looks (PNG third edition, 11; `acTL` and so on move it).
const PNG_KEPT: [&[u8; 4]; 16] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP",
    b"bKGD", b"pHYs", b"acTL", b"fcTL", b"fdAT",
];
const WEBP_KEPT: [[u8; 4]; 7] = [
    webp::CHUNK_VP8X,
    webp::CHUNK_VP8,
    webp::CHUNK_VP8L,
    webp::CHUNK_ALPH,
    webp::CHUNK_ANIM,
    webp::CHUNK_ANMF,
    webp::CHUNK_ICCP,
];
/// The first byte of `VP8X`: there is EXIF, there is XMP.
const WEBP_METADATA: u8 = 0b0000_1100;

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
}

/// The picture alone; `None` where it is not whole. Nothing is unpacked for it but a profile of colours, up to its bound.
#[expect(clippy::wildcard_enum_match_arm, reason = "the crate knows many kinds that are not taken")]
pub(super) fn stripped(bytes: Bytes, format: ImageFormat) -> Option<Stripped> {
    match format {
        ImageFormat::Jpeg => jpeg(bytes),
        ImageFormat::Png => png(bytes),
        ImageFormat::WebP => webp(bytes),
        ImageFormat::Gif => gif(&bytes),
        _ => None,
    }
}

/// What EXIF says about how to hold the picture; what cannot be read says nothing.
fn orientation(exif: Option<Bytes>) -> Orientation {
    exif.and_then(|exif| Orientation::from_exif_chunk(&exif)).unwrap_or(Orientation::NoTransforms)
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

fn jpeg(bytes: Bytes) -> Option<Stripped> {
    let mut jpeg = Jpeg::from_bytes(bytes).ok()?;
    let orientation = orientation(jpeg.exif());
    let segments = jpeg.segments_mut();
    segments.retain(|segment| jpeg_keeps(segment.marker(), segment.contents()));
    let profile = |segment: &JpegSegment| segment.marker() == markers::APP2;
    let profile_bytes: usize =
        segments.iter().filter(|segment| profile(segment)).map(|s| s.contents().len()).sum();
    if profile_bytes > PROFILE_BYTES_MAX {
        segments.retain(|segment| !profile(segment));
    }
    // The first scan carries the rest of the file with it.
    let scan = segments.pop().filter(JpegSegment::has_entropy)?;
    let (marker, contents) = (scan.marker(), scan.contents().clone());
    // Behind marker, length and header.
    let rest = scan.encoder().bytes().slice(4 + contents.len()..);
    segments.push(JpegSegment::new_with_entropy(marker, contents, jpeg_rest(&rest)?));
    jpeg.set_exif(how_to_hold(orientation));
    Some(Stripped { bytes: jpeg.encoder().bytes(), orientation, frames: 1 })
}

/// Tables, frames and scans; of the rest the colours, and JFIF without its thumbnail.
fn jpeg_keeps(marker: u8, contents: &[u8]) -> bool {
    match marker {
        markers::APP0 => contents.starts_with(b"JFIF\0") && contents.len() == 14,
        markers::APP2 => contents.starts_with(b"ICC_PROFILE\0"),
        markers::APP14 => contents.starts_with(b"Adobe"),
        markers::SOF0..=markers::SOF15 | markers::SOS..=markers::EXP => true,
        _ => false,
    }
}

/// What follows the header of the first scan, up to the end of the picture: what hangs on behind, and what is no picture
/// between further scans, goes.
fn jpeg_rest(rest: &[u8]) -> Option<Bytes> {
    let mut kept = BytesMut::with_capacity(rest.len());
    let mut at = 0;
    loop {
        let marker_at = at + rest.get(at..)?.iter().position(|byte| *byte == markers::P)?;
        let marker = *rest.get(marker_at + 1)?;
        let end = match marker {
            // A byte of the scan that looks like a marker, or a point to start anew from.
            markers::Z | markers::RST0..=markers::RST7 => marker_at + 2,
            // Filling.
            markers::P => marker_at + 1,
            markers::EOI => {
                kept.put_slice(&rest[at..marker_at + 2]);
                return Some(kept.freeze());
            }
            _ => {
                let length = u16::from_be_bytes([*rest.get(marker_at + 2)?, *rest.get(marker_at + 3)?]);
                let end = marker_at + 2 + usize::from(length);
                let contents = rest.get(marker_at + 4..end)?;
                if !jpeg_keeps(marker, contents) {
                    kept.put_slice(&rest[at..marker_at]);
                    at = end;
                    continue;
                }
                end
            }
        };
        kept.put_slice(&rest[at..end]);
        at = end;
    }
}

fn png(bytes: Bytes) -> Option<Stripped> {
    let mut png = Png::from_bytes(bytes).ok()?;
    let orientation = orientation(png.exif());
    // One profile is all that PNG allows (third edition, 11.3.2.3); the first alone is unpacked, however many there are.
    let mut has_profile = false;
    png.chunks_mut().retain(|chunk| match &chunk.kind() {
        b"iCCP" => !std::mem::replace(&mut has_profile, true) && png_profile_is_small(chunk.contents()),
        kind => PNG_KEPT.contains(&kind),
    });
    let kinds: Vec<[u8; 4]> = png.chunks().iter().map(img_parts::png::PngChunk::kind).collect();
    let whole = kinds.first() == Some(b"IHDR") && kinds.last() == Some(b"IEND") && kinds.contains(b"IDAT");
    if !whole {
        return None;
    }
    png.set_exif(how_to_hold(orientation));
    let frames = kinds.iter().filter(|kind| *kind == b"fcTL").count().max(1);
    Some(Stripped { bytes: png.encoder().bytes(), orientation, frames })
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

fn webp(bytes: Bytes) -> Option<Stripped> {
    let mut webp = WebP::from_bytes(bytes).ok()?;
    let orientation = orientation(webp.exif());
    let mut has_profile = false;
    webp.chunks_mut().retain(|chunk| {
        if chunk.id() != webp::CHUNK_ICCP {
            return WEBP_KEPT.contains(&chunk.id());
        }
        let is_large = chunk.content().data().is_none_or(|data| data.len() > PROFILE_BYTES_MAX);
        !std::mem::replace(&mut has_profile, true) && !is_large
    });
    for chunk in webp.chunks_mut().iter_mut().filter(|chunk| chunk.id() == webp::CHUNK_VP8X) {
        let mut header = BytesMut::from(&chunk.content().data()?[..]);
        *header.first_mut()? &= !WEBP_METADATA;
        *chunk = img_parts::riff::RiffChunk::new(
            webp::CHUNK_VP8X,
            img_parts::riff::RiffContent::Data(header.freeze()),
        );
    }
    let pictures = [webp::CHUNK_VP8, webp::CHUNK_VP8L, webp::CHUNK_ANMF];
    if !pictures.into_iter().any(|kind| webp.has_chunk(kind)) {
        return None;
    }
    if let Some(exif) = how_to_hold(orientation) {
        webp.set_exif(Some(exif));
    }
    let frames = webp.chunks().iter().filter(|chunk| chunk.id() == webp::CHUNK_ANMF).count().max(1);
    Some(Stripped { bytes: webp.encoder().bytes(), orientation, frames })
}

/// Screen, colours, frames and their timing (`GIF89a`, sections 17 to 27); remarks and what programs added go.
fn gif(bytes: &[u8]) -> Option<Stripped> {
    const SCREEN: usize = 13;
    let mut kept = BytesMut::with_capacity(bytes.len());
    let mut at = SCREEN + gif_colours(*bytes.get(10)?);
    kept.put_slice(bytes.get(..at)?);
    let mut frames = 0;
    loop {
        let end = match *bytes.get(at)? {
            0x3b => {
                kept.put_u8(0x3b);
                let orientation = Orientation::NoTransforms;
                return (frames > 0).then(|| Stripped { bytes: kept.freeze(), orientation, frames });
            }
            0x2c => {
                frames += 1;
                // A frame may say that it is larger than the screen.
                let side = |from: usize| {
                    Some(u64::from(u16::from_le_bytes([*bytes.get(from)?, *bytes.get(from + 1)?])))
                };
                if side(at + 5)? * side(at + 7)? > PIXELS_MAX {
                    return None;
                }
                // Where it stands, its colours, and one byte ahead of its points.
                gif_blocks(bytes, at + 10 + gif_colours(*bytes.get(at + 9)?) + 1)?
            }
            0x21 => {
                let end = gif_blocks(bytes, at + 2)?;
                let repeats = bytes.get(at + 2..at + 14).is_some_and(|head| head == b"\x0bNETSCAPE2.0");
                if bytes[at + 1] != 0xf9 && !repeats {
                    at = end;
                    continue;
                }
                end
            }
            _ => return None,
        };
        kept.put_slice(bytes.get(at..end)?);
        at = end;
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

use std::io::Write;

use flate2::{Compression, write::ZlibEncoder};
use image::{DynamicImage, ImageFormat, RgbImage, codecs::gif::GifEncoder};
use img_parts::{
    ImageEXIF,
    jpeg::{Jpeg, JpegSegment, markers},
    png::{Png, PngChunk},
    riff::{RiffChunk, RiffContent},
    webp::WebP,
};

use super::*;

const SECRET: &[u8] = b"31.2304N 121.4737E";

fn drawn() -> DynamicImage {
    DynamicImage::ImageRgb8(RgbImage::from_fn(40, 30, |x, y| {
        image::Rgb([u8::try_from(x * 6).unwrap_or(0), u8::try_from(y * 8).unwrap_or(0), 120])
    }))
}

fn encoded(format: ImageFormat) -> Bytes {
    let mut bytes = Cursor::new(Vec::new());
    drawn().write_to(&mut bytes, format).expect("it can be written");
    bytes.into_inner().into()
}

/// EXIF as a camera writes it: how it was held, and where.
fn exif(orientation: u8) -> Bytes {
    let mut exif =
        vec![b'M', b'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
    exif.extend([0; 4]);
    exif.extend_from_slice(SECRET);
    exif.into()
}

fn points(bytes: &[u8]) -> Vec<u8> {
    image::load_from_memory(bytes).expect("still a picture").to_rgb8().into_raw()
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

fn taken(bytes: &Bytes) -> Picture {
    Picture::of(bytes.clone()).expect("a picture")
}

#[test]
fn each_kind_is_known_by_its_content_and_keeps_its_points() {
    for (format, content_type) in [
        (ImageFormat::Png, "image/png"),
        (ImageFormat::Jpeg, "image/jpeg"),
        (ImageFormat::Gif, "image/gif"),
        (ImageFormat::WebP, "image/webp"),
    ] {
        let bytes = encoded(format);
        let picture = taken(&bytes);
        assert_eq!((picture.content_type, picture.width, picture.height), (content_type, 40, 30));
        assert_eq!(points(&picture.bytes), points(&bytes), "{content_type}");
        // What has been through once goes through unchanged.
        assert_eq!(taken(&picture.bytes).bytes, picture.bytes, "{content_type}");
    }
}

#[test]
fn a_photograph_does_not_tell_where_it_was_taken_but_how_to_hold_it() {
    let mut jpeg = Jpeg::from_bytes(encoded(ImageFormat::Jpeg)).expect("a JPEG");
    jpeg.set_exif(Some(exif(6)));
    let xmp = [b"http://ns.adobe.com/xap/1.0/\0".as_slice(), SECRET].concat();
    for (marker, contents) in [(markers::APP1, xmp), (markers::COM, SECRET.to_vec()), (0xed, SECRET.to_vec())]
    {
        jpeg.segments_mut().insert(1, JpegSegment::new_with_contents(marker, contents.into()));
    }
    // Further pictures, or whole films, hang on behind.
    let bytes = Bytes::from([&jpeg.encoder().bytes()[..], b"<script>", SECRET].concat());
    let picture = taken(&bytes);
    assert!(holds(&bytes, SECRET) && !holds(&picture.bytes, SECRET));
    assert!(!holds(&picture.bytes, b"<script>") && picture.bytes.ends_with(&[0xff, 0xd9]));
    assert_eq!((picture.width, picture.height), (30, 40), "as it is held");
    let orientation = Jpeg::from_bytes(picture.bytes.clone()).expect("a JPEG").exif();
    let orientation = orientation.and_then(|exif| Orientation::from_exif_chunk(&exif));
    assert_eq!(orientation, Some(Orientation::Rotate90));
    assert_eq!(points(&picture.bytes), points(&bytes));
}

#[test]
fn remarks_between_the_scans_of_a_jpeg_go_as_well() {
    // A scan, a remark, a table, a second scan, the end, and something behind.
    let rest = [
        &[1, 2, 0xff, 0x00, 3, 0xff, 0xd0, 4][..],
        &[0xff, 0xfe, 0x00, 0x05, b'a', b'b', b'c'],
        &[0xff, 0xc4, 0x00, 0x03, 9],
        &[0xff, 0xda, 0x00, 0x03, 0],
        &[5, 6, 0xff, 0xd9],
        b"behind",
    ]
    .concat();
    let head = [&[0xff, 0xd8, 0xff, 0xda, 0x00, 0x03, 0][..], &rest].concat();
    let kept = strip::stripped(head.into(), ImageFormat::Jpeg).expect("whole").bytes;
    let expected = [
        &[0xff, 0xd8, 0xff, 0xda, 0x00, 0x03, 0][..],
        &[1, 2, 0xff, 0x00, 3, 0xff, 0xd0, 4],
        &[0xff, 0xc4, 0x00, 0x03, 9],
        &[0xff, 0xda, 0x00, 0x03, 0],
        &[5, 6, 0xff, 0xd9],
    ]
    .concat();
    assert_eq!(kept, expected);
}

#[test]
fn remarks_and_what_hangs_on_behind_go_from_the_others_too() {
    let mut png = Png::from_bytes(encoded(ImageFormat::Png)).expect("a PNG");
    for kind in [*b"tEXt", *b"iTXt", *b"eXIf", *b"prVt"] {
        png.chunks_mut().insert(1, PngChunk::new(kind, SECRET.into()));
    }
    let png = [&png.encoder().bytes()[..], SECRET].concat();

    let mut webp = WebP::from_bytes(encoded(ImageFormat::WebP)).expect("a WebP");
    webp.set_exif(Some(exif(1)));
    webp.chunks_mut().push(RiffChunk::new(*b"XMP ", RiffContent::Data(SECRET.into())));
    let webp = [&webp.encoder().bytes()[..], SECRET].concat();

    let gif = encoded(ImageFormat::Gif);
    let remark = [&[0x21, 0xfe, u8::try_from(SECRET.len()).unwrap_or(0)][..], SECRET, &[0]].concat();
    let head = 13 + if gif[10] & 0x80 == 0 { 0 } else { 3 << ((gif[10] & 7) + 1) };
    let gif = [&gif[..head], &remark, &gif[head..], SECRET].concat();

    for bytes in [png, webp, gif] {
        let bytes = Bytes::from(bytes);
        let picture = taken(&bytes);
        assert!(holds(&bytes, SECRET) && !holds(&picture.bytes, SECRET), "{}", picture.content_type);
        assert_eq!(points(&picture.bytes), points(&bytes), "{}", picture.content_type);
    }
}

#[test]
fn a_picture_of_ours_is_known_by_its_address() {
    let id = Uuid::from_u128(11);
    for base_path in ["", "/psy"] {
        assert_eq!(named_in(&url(base_path, id)), Some(id));
    }
    let foreign = format!("https://x{}", url("", id));
    for other in ["", "https://x/1.jpg", "/im/image/none", &foreign, &foreign.replace("https:", "")] {
        assert_eq!(named_in(other), None, "{other}");
    }
}

#[test]
fn a_film_of_gif_keeps_its_frames() {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    encoder.set_repeat(image::codecs::gif::Repeat::Infinite).expect("it can be written");
    let frames = (0..3).map(|_| image::Frame::new(drawn().to_rgba8()));
    encoder.encode_frames(frames).expect("it can be written");
    drop(encoder);
    let bytes = Bytes::from(bytes);
    assert_eq!(taken(&bytes).bytes, bytes);
}

/// `iCCP` of so many zeros, packed: a thousandth of their size.
fn profile(bytes: usize) -> PngChunk {
    let mut packed = ZlibEncoder::new(b"icc\0\0".to_vec(), Compression::best());
    packed.write_all(&vec![0; bytes]).expect("it can be packed");
    PngChunk::new(*b"iCCP", packed.finish().expect("it can be packed").into())
}

#[test]
fn a_profile_that_unpacks_to_far_more_than_it_weighs_goes_unread() {
    let with = |profile: PngChunk| {
        let mut png = Png::from_bytes(encoded(ImageFormat::Png)).expect("a PNG");
        png.chunks_mut().insert(1, profile);
        png.encoder().bytes()
    };
    let bomb = with(profile(60_000_000));
    assert!(bomb.len() < 100_000);
    // What reads the header sees what is stored: the profile is in neither.
    let picture = taken(&bomb);
    assert_eq!(picture.bytes, encoded(ImageFormat::Png));
    // An honest one stays, and one that is no profile goes.
    let honest = with(profile(3_144));
    assert_eq!(taken(&honest).bytes, honest);
    for garbage in [&b"icc"[..], b"icc\0", b"icc\0\0", b"icc\0\0garbage", b""] {
        let picture = taken(&with(PngChunk::new(*b"iCCP", Bytes::from_static(garbage))));
        assert_eq!(picture.bytes, encoded(ImageFormat::Png), "{garbage:?}");
    }
    // The others carry theirs unpacked, so that it weighs what it is.
    let mut jpeg = Jpeg::from_bytes(encoded(ImageFormat::Jpeg)).expect("a JPEG");
    for _ in 0..20 {
        let contents = [&b"ICC_PROFILE\0\x01\x01"[..], &vec![0; 60_000]].concat();
        jpeg.segments_mut().insert(1, JpegSegment::new_with_contents(markers::APP2, contents.into()));
    }
    assert_eq!(taken(&jpeg.encoder().bytes()).bytes, encoded(ImageFormat::Jpeg));
}

#[test]
fn of_many_profiles_the_first_alone_is_looked_at() {
    let with = |profiles: &[PngChunk]| {
        let mut png = Png::from_bytes(encoded(ImageFormat::Png)).expect("a PNG");
        png.chunks_mut().splice(1..1, profiles.iter().cloned());
        png.encoder().bytes()
    };
    // Each of them is within the bound; unpacked together they would be hundreds of megabytes.
    let full = profile(1024 * 1024);
    let many = with(&vec![full.clone(); 400]);
    assert!(many.len() < 500_000);
    assert!(taken(&many).bytes == with(&[full]), "one is left");
    // Behind one that is too large there is none: the others are not looked at.
    let behind = taken(&with(&[profile(60_000_000), profile(3_144)])).bytes;
    assert_eq!(behind, encoded(ImageFormat::Png));

    let mut webp = WebP::from_bytes(encoded(ImageFormat::WebP)).expect("a WebP");
    let profile = |length: usize| RiffChunk::new(*b"ICCP", RiffContent::Data(vec![0; length].into()));
    webp.chunks_mut().extend([profile(100), profile(200)]);
    let kept = WebP::from_bytes(taken(&webp.encoder().bytes()).bytes).expect("a WebP");
    let profiles: Vec<_> = kept.chunks().iter().filter(|chunk| chunk.id() == *b"ICCP").collect();
    assert_eq!(profiles, [&profile(100)]);
}

/// Packed remarks are thrown away as they are: nothing reads them first.
#[test]
fn packed_remarks_are_not_unpacked() {
    let remark = profile(60_000_000).contents().clone();
    let international = [b"k\0\x01\0\0\0", &remark[5..]].concat();
    let mut png = Png::from_bytes(encoded(ImageFormat::Png)).expect("a PNG");
    png.chunks_mut().insert(1, PngChunk::new(*b"zTXt", remark));
    png.chunks_mut().insert(1, PngChunk::new(*b"iTXt", international.into()));
    assert_eq!(taken(&png.encoder().bytes()).bytes, encoded(ImageFormat::Png));
}

#[test]
fn a_film_has_so_many_frames_at_most() {
    // A GIF of many frames, each of one point.
    let frame = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0";
    let head = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff";
    let film = |frames: usize| Bytes::from([&head[..], &frame.repeat(frames), b"\x3b"].concat());
    assert!(Picture::of(film(FRAMES_MAX)).is_ok());
    assert_eq!(Picture::of(film(FRAMES_MAX + 1)), Err(NotTaken::TooManyFrames));
    let mut png = Png::from_bytes(encoded(ImageFormat::Png)).expect("a PNG");
    for _ in 0..=FRAMES_MAX {
        png.chunks_mut().insert(1, PngChunk::new(*b"fcTL", vec![0; 26].into()));
    }
    assert_eq!(Picture::of(png.encoder().bytes()), Err(NotTaken::TooManyFrames));
    let mut webp = WebP::from_bytes(encoded(ImageFormat::WebP)).expect("a WebP");
    for _ in 0..=FRAMES_MAX {
        webp.chunks_mut().push(RiffChunk::new(*b"ANMF", RiffContent::Data(vec![0; 24].into())));
    }
    assert_eq!(Picture::of(webp.encoder().bytes()), Err(NotTaken::TooManyFrames));
}

#[test]
fn what_is_no_picture_is_not_taken() {
    let svg = r#"<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>"#;
    for other in [
        svg.as_bytes(),
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"",
        b"GIF",
        b"%PDF-1.7",
        b"BM\0\0\0\0",
        b"\0\0\x01\0",
        b"II*\0\x08\0\0\0",
    ] {
        assert_eq!(Picture::of(Bytes::copy_from_slice(other)), Err(NotTaken::Kind), "{other:?}");
    }
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
        let whole = encoded(format);
        // However much of it there is, it is whole or it is not taken; nothing panics.
        for length in 0..whole.len() {
            assert!(Picture::of(whole.slice(..length)).is_err(), "{format:?} of {length} bytes");
        }
    }
    // Begins as a picture does, and is a page to whoever looks on.
    let html = [b"GIF89a\x01\0\x01\0\0\0\0".as_slice(), b"<script>alert(1)</script>"].concat();
    assert_eq!(Picture::of(html.into()), Err(NotTaken::Damaged));
}

#[test]
fn nothing_panics_whatever_byte_is_wrong() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
        let whole = encoded(format);
        for at in 0..whole.len() {
            for wrong in [0x00, 0xff, 0x3b] {
                let mut bytes = whole.to_vec();
                bytes[at] = wrong;
                // Taken or not: only that it comes back matters.
                let _ = Picture::of(bytes.into());
            }
        }
    }
}

#[test]
fn a_bomb_is_known_by_its_measures() {
    // 60,000 × 60,000 points in a few bytes; only its header is read.
    let mut bomb = Png::from_bytes(encoded(ImageFormat::Png)).expect("a PNG");
    let mut header = bomb.chunks()[0].contents().to_vec();
    header[..4].copy_from_slice(&60_000_u32.to_be_bytes());
    header[4..8].copy_from_slice(&60_000_u32.to_be_bytes());
    bomb.chunks_mut()[0] = PngChunk::new(*b"IHDR", header.into());
    assert_eq!(Picture::of(bomb.encoder().bytes()), Err(NotTaken::TooManyPixels));
}

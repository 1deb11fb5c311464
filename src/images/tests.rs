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

/// Frames of one point each.
fn gif_film(frames: usize) -> Bytes {
    let frame = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0";
    let head = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff";
    [&head[..], &frame.repeat(frames), b"\x3b"].concat().into()
}

/// A GIF film whose screen says that it has this size.
fn gif_film_of(width: u16, height: u16, frames: usize) -> Bytes {
    let mut film = gif_film(frames).to_vec();
    film[6..8].copy_from_slice(&width.to_le_bytes());
    film[8..10].copy_from_slice(&height.to_le_bytes());
    film.into()
}

/// An APNG that says that it has this size and as many frames.
fn png_film(width: u32, height: u32, frames: usize) -> Bytes {
    let mut png = Png::from_bytes(encoded(ImageFormat::Png)).expect("a PNG");
    let mut header = png.chunks()[0].contents().to_vec();
    header[..4].copy_from_slice(&width.to_be_bytes());
    header[4..8].copy_from_slice(&height.to_be_bytes());
    png.chunks_mut()[0] = PngChunk::new(*b"IHDR", header.into());
    // The first is the picture itself.
    let frame = |number: u8, width: u32, height: u32| {
        let numbers = [number.into(), width, height, 0, 0].map(u32::to_be_bytes);
        PngChunk::new(*b"fcTL", [&numbers.concat()[..], &[0; 6]].concat().into())
    };
    let count = u32::try_from(frames).expect("few").to_be_bytes();
    png.chunks_mut().insert(1, PngChunk::new(*b"acTL", [count, [0; 4]].concat().into()));
    png.chunks_mut().insert(2, frame(0, width, height));
    let end = png.chunks().len() - 1;
    png.chunks_mut().splice(end..end, vec![frame(1, 1, 1); frames - 1]);
    png.encoder().bytes()
}

fn riff(id: [u8; 4], data: impl Into<Bytes>) -> RiffChunk {
    RiffChunk::new(id, RiffContent::Data(data.into()))
}

fn webp_of(chunks: Vec<RiffChunk>) -> Bytes {
    let kind = Some(*b"WEBP");
    RiffChunk::new(*b"RIFF", RiffContent::List { kind, subchunks: chunks }).encoder().bytes()
}

/// The one chunk of a still WebP: its points.
fn webp_points() -> RiffChunk {
    WebP::from_bytes(encoded(ImageFormat::WebP)).expect("a WebP").chunks()[0].clone()
}

fn webp_head(width: u32, height: u32) -> [RiffChunk; 2] {
    let measures = [width - 1, height - 1].map(u32::to_le_bytes);
    let head = [&[2, 0, 0, 0], &measures[0][..3], &measures[1][..3]].concat();
    [riff(*b"VP8X", head), riff(*b"ANIM", vec![0; 6])]
}

/// A frame with what else is in it.
fn webp_frame(behind: &[RiffChunk]) -> RiffChunk {
    // Where it stands, 40 × 30 points, and for how long it is seen.
    let mut frame = vec![0, 0, 0, 0, 0, 0, 39, 0, 0, 29, 0, 0, 20, 0, 0, 0];
    for chunk in [&[webp_points()], behind].concat() {
        frame.extend_from_slice(&chunk.encoder().bytes());
    }
    riff(*b"ANMF", frame)
}

fn webp_film(width: u32, height: u32, frames: usize) -> Bytes {
    webp_of([&webp_head(width, height)[..], &vec![webp_frame(&[]); frames]].concat())
}

#[test]
fn a_film_has_so_many_frames_at_most() {
    for film in [gif_film as fn(usize) -> Bytes, |n| png_film(40, 30, n), |n| webp_film(40, 30, n)] {
        let whole = film(FRAMES_MAX);
        assert_eq!(taken(&whole).bytes, whole);
        assert_eq!(Picture::of(film(FRAMES_MAX + 1)), Err(NotTaken::TooManyFrames));
    }
}

#[test]
fn the_frames_of_a_film_have_so_many_points_together_at_most() {
    let gif = |width: u16, height: u16, frames| gif_film_of(width, height, frames);
    let png = |width: u16, height: u16, frames| png_film(width.into(), height.into(), frames);
    let webp = |width: u16, height: u16, frames| webp_film(width.into(), height.into(), frames);
    for film in [gif as fn(u16, u16, usize) -> Bytes, png, webp] {
        // A sticker of half a minute, a whole screen of five seconds, a large still.
        for (width, height, frames) in [(500, 500, 600), (1920, 1080, 100), (3840, 2160, 25), (7000, 7000, 1)]
        {
            assert!(Picture::of(film(width, height, frames)).is_ok(), "{width} × {height}, {frames} frames");
        }
        for (width, height, frames) in
            [(16_383, 3000, 600), (600, 600, 600), (7000, 7000, 2), (3841, 2160, 2)]
        {
            let answer = Picture::of(film(width, height, frames));
            assert_eq!(answer, Err(NotTaken::FilmTooLarge), "{width} × {height}, {frames} frames");
        }
    }
    // Whoever shows a GIF unpacks a frame as large as the frame says, whatever the screen says.
    let frame = |width: u16| {
        let mut film = gif_film(2).to_vec();
        film[24..26].copy_from_slice(&width.to_le_bytes());
        film[26..28].copy_from_slice(&5000_u16.to_le_bytes());
        Picture::of(film.into())
    };
    assert!(frame(1).is_ok());
    assert_eq!(frame(5000), Err(NotTaken::FilmTooLarge));
    assert_eq!(frame(u16::MAX), Err(NotTaken::TooManyPixels));
}

#[test]
fn a_jpeg_has_so_many_scans_at_most() {
    let whole = encoded(ImageFormat::Jpeg);
    let scan_at = whole.windows(2).position(|two| two == [0xff, 0xda]).expect("a scan");
    let (head, scan) = (&whole[..scan_at], &whole[scan_at..whole.len() - 2]);
    let with = |scans: usize| Bytes::from([head, &scan.repeat(scans), &[0xff, 0xd9]].concat());
    assert_eq!(taken(&with(SCANS_MAX)).bytes, with(SCANS_MAX));
    assert_eq!(Picture::of(with(SCANS_MAX + 1)), Err(NotTaken::TooManyScans));
}

#[test]
fn a_picture_is_in_so_many_parts_at_most() {
    let jpeg = |parts: usize| {
        let whole = encoded(ImageFormat::Jpeg);
        Bytes::from([&whole[..2], &[0xff, 0xfe, 0, 2].repeat(parts), &whole[2..]].concat())
    };
    let png = |parts: usize| {
        let mut png = Png::from_bytes(encoded(ImageFormat::Png)).expect("a PNG");
        png.chunks_mut().splice(1..1, vec![PngChunk::new(*b"prVt", Bytes::new()); parts]);
        png.encoder().bytes()
    };
    let webp = |parts: usize| webp_of([vec![webp_points()], vec![riff(*b"prVt", ""); parts]].concat());
    // A list within a list is a part as well.
    let lists = |parts: usize| {
        let list = RiffContent::List { kind: Some(*b"prVt"), subchunks: vec![riff(*b"prVt", ""); parts] };
        webp_of(vec![webp_points(), RiffChunk::new(*b"LIST", list)])
    };
    for film in [jpeg as fn(usize) -> Bytes, png, webp] {
        assert!(Picture::of(film(PARTS_MAX - 100)).is_ok());
        assert_eq!(Picture::of(film(PARTS_MAX)), Err(NotTaken::TooManyParts));
    }
    // What is within a part that goes is not looked at.
    assert_eq!(taken(&lists(PARTS_MAX)).bytes, encoded(ImageFormat::WebP));
    // Nor is what hangs on behind.
    let behind = [&encoded(ImageFormat::Png)[..], &vec![0; 12 * PARTS_MAX]].concat();
    assert_eq!(taken(&behind.into()).bytes, encoded(ImageFormat::Png));
}

#[test]
fn nothing_hides_within_what_stays_of_a_gif() {
    let film = gif_film(2);
    let repeats = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0";
    let timing = b"\x21\xf9\x04\0\x05\0\0";
    let secret = [&[u8::try_from(SECRET.len()).unwrap_or(0)], SECRET].concat();
    let with = |secret: &[u8]| {
        let stray = if secret.is_empty() { b"".to_vec() } else { [b"\x21\xf9", secret, b"\0"].concat() };
        [&film[..19], repeats, secret, b"\0", &stray, timing, secret, b"\0", &film[19..]].concat()
    };
    let clean = Bytes::from(with(b""));
    assert_eq!(taken(&clean).bytes, clean, "the timing stays");
    assert_eq!(taken(&with(&secret).into()).bytes, clean);
    // Of several that say the same the one ahead of the frame, or the first, is what counts.
    let doubled = [&film[..19], repeats, b"\0", repeats, b"\0", timing, b"\0", timing, b"\0", &film[19..]];
    assert_eq!(taken(&doubled.concat().into()).bytes, clean);
}

#[test]
fn nothing_hides_within_the_frames_of_a_webp() {
    let [head, timing] = webp_head(40, 30);
    let clean = webp_of(vec![head.clone(), timing.clone(), webp_frame(&[])]);
    let hidden = [riff(*b"EXIF", SECRET), riff(*b"prVt", SECRET), webp_points()];
    let longer = |chunk: &RiffChunk| {
        let data = chunk.content().data().expect("data");
        riff(chunk.id(), [data, SECRET].concat())
    };
    let bytes = webp_of(vec![longer(&head), longer(&timing), webp_frame(&hidden)]);
    assert_eq!(taken(&bytes).bytes, clean);
    // Nor does a film hold a still that nobody sees, nor a still a film.
    let bytes = webp_of(vec![head, timing.clone(), webp_frame(&[]), webp_points(), riff(*b"VP8 ", SECRET)]);
    assert_eq!(taken(&bytes).bytes, clean);
    let bytes = webp_of(vec![webp_points(), riff(*b"VP8 ", SECRET), timing, webp_frame(&hidden)]);
    assert_eq!(taken(&bytes).bytes, encoded(ImageFormat::WebP));
    // A frame without points is none.
    let [head, timing] = webp_head(40, 30);
    let empty = webp_of(vec![head, timing, riff(*b"ANMF", vec![0; 24])]);
    assert_eq!(Picture::of(empty), Err(NotTaken::Damaged));
}

#[test]
fn nothing_hides_within_what_stays_of_a_png() {
    let mut png = Png::from_bytes(encoded(ImageFormat::Png)).expect("a PNG");
    let measure = PngChunk::new(*b"pHYs", vec![0; 9].into());
    png.chunks_mut().insert(1, measure.clone());
    let clean = png.clone().encoder().bytes();
    assert_eq!(taken(&clean).bytes, clean);
    // Longer than it can be, or there already.
    for kind in [b"pHYs", b"gAMA", b"tRNS", b"bKGD", b"fcTL", b"acTL", b"PLTE"] {
        png.chunks_mut().insert(1, PngChunk::new(*kind, SECRET.repeat(50).into()));
    }
    let end = png.chunks().len() - 1;
    png.chunks_mut().insert(end, measure);
    assert_eq!(taken(&png.encoder().bytes()).bytes, clean);
}

#[test]
fn nothing_hides_between_the_segments_of_a_jpeg() {
    let segment = |marker: u8, contents: &[u8]| {
        let length = u16::try_from(contents.len() + 2).expect("short").to_be_bytes();
        [&[0xff, marker], &length[..], contents].concat()
    };
    let adobe = b"Adobe\0\x64\0\0\0\0\x01";
    let (table, scan) = (segment(0xc4, &[9]), [&segment(0xda, &[0])[..], &[1, 2, 0xff, 0, 3]].concat());
    let end = [0xff, 0xd9];
    let clean = [&[0xff, 0xd8], &segment(0xee, adobe)[..], &scan, &table, &scan, &end].concat();
    let bytes = [
        &[0xff, 0xd8],
        SECRET,
        &[0xff, 0xff],
        &segment(0xee, &[adobe, SECRET].concat())[1..],
        SECRET,
        &segment(0xc8, SECRET),
        &segment(0xdf, SECRET),
        &[0xff, 0x01],
        SECRET,
        &scan,
        &table,
        SECRET,
        &[0xff, 0xd0],
        SECRET,
        &segment(0xfe, b"remark"),
        SECRET,
        &scan,
        &end,
    ]
    .concat();
    let kept = strip::stripped(bytes.into(), ImageFormat::Jpeg).expect("whole").bytes;
    assert_eq!(kept, clean);
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

//! Pictures come in three sizes; the web client wants original, thumb, large (docs/protocols.md 3.2).

use serde_json::{Map, Value, json};

/// The shorter side of the large picture: the SDK computes its measures anew from the original.
const LARGE_SIDE: u64 = 720;
/// `ImageFormat` of a picture that names none.
const FORMAT_OTHER: u64 = 255;

pub(super) fn payload(content: &Map<String, Value>) -> Value {
    let [original, large, thumb] = by_type(content.get("ImageInfoArray"));
    let (width, height) = (measure(original, "Width"), measure(original, "Height"));
    let pictures = if width == 0 || height == 0 {
        // Without the original's measures the SDK neither swaps nor computes, and numbers them through.
        [picture(original, 1, 0), picture(large, 2, 1), picture(thumb, 3, 2)]
    } else {
        let mut large = picture(large, 2, 2);
        let (width, height) = scaled(width, height);
        large["width"] = json!(width);
        large["height"] = json!(height);
        [picture(original, 1, 0), picture(thumb, 3, 1), large]
    };
    let format = content.get("ImageFormat").cloned().unwrap_or_else(|| json!(FORMAT_OTHER));
    let mut payload = json!({ "imageFormat": format, "imageInfoArray": pictures });
    if let Some(uuid) = content.get("UUID") {
        payload["uuid"] = uuid.clone();
    }
    payload
}

/// Original, large and thumb: by `Type`, and those without a usable one into the first free place.
fn by_type(pictures: Option<&Value>) -> [Option<&Value>; 3] {
    let mut places = [None; 3];
    let mut untyped = Vec::new();
    for picture in pictures.and_then(Value::as_array).into_iter().flatten() {
        let place = match picture.get("Type").and_then(Value::as_u64) {
            Some(1) => Some(0),
            Some(2) => Some(1),
            Some(3) => Some(2),
            Some(_) | None => None,
        };
        match place {
            Some(place) if places[place].is_none() => places[place] = Some(picture),
            Some(_) | None => untyped.push(picture),
        }
    }
    for picture in untyped {
        if let Some(place) = places.iter_mut().find(|place| place.is_none()) {
            *place = Some(picture);
        }
    }
    places
}

fn picture(picture: Option<&Value>, size_type: u8, index: u8) -> Value {
    let url = picture.and_then(|picture| picture.get("URL"));
    let mut out = json!({
        "sizeType": size_type,
        "type": index,
        "size": measure(picture, "Size"),
        "width": measure(picture, "Width"),
        "height": measure(picture, "Height"),
        "imageUrl": url.cloned().unwrap_or_else(|| json!("")),
    });
    if let Some(url) = url {
        out["url"] = url.clone();
    }
    out
}

fn measure(picture: Option<&Value>, name: &str) -> u64 {
    picture.and_then(|picture| picture.get(name)).and_then(Value::as_u64).unwrap_or(0)
}

/// Scales down so that the shorter side is [`LARGE_SIDE`], the longer one rounded up.
fn scaled(width: u64, height: u64) -> (u64, u64) {
    let short = width.min(height);
    if short <= LARGE_SIDE {
        return (width, height);
    }
    let scale = |side: u64| side.saturating_mul(LARGE_SIDE).div_ceil(short);
    (scale(width), scale(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_large_picture_does_not_let_the_thumb_take_its_place() {
        let content = json!({ "ImageInfoArray": [
            { "Type": 3, "Size": 3, "Width": 198, "Height": 264, "URL": "thumb" },
            { "Type": 1, "Size": 1, "Width": 700, "Height": 900, "URL": "original" },
        ]});
        let payload = payload(content.as_object().expect("an object"));
        let seen: Vec<_> = (0..3)
            .map(|at| {
                let picture = &payload["imageInfoArray"][at];
                (picture["sizeType"].clone(), picture["imageUrl"].clone(), picture["width"].clone())
            })
            .collect();
        assert_eq!(
            seen,
            [
                (json!(1), json!("original"), json!(700)),
                (json!(3), json!("thumb"), json!(198)),
                (json!(2), json!(""), json!(700)),
            ]
        );
        assert_eq!(payload["imageFormat"], 255);
    }
}

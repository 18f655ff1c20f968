//! How large an image is, and a small copy of it, made anew from its pixels: nothing else of the file survives.

use std::io::Cursor;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, metadata::Orientation};

/// The longest side of a small copy.
const SIDE: u32 = 640;
/// Images with more pixels are told of but not decoded.
const PIXELS: u64 = 50_000_000;
/// What a decoder may take.
const MEMORY: u64 = 256 * 1024 * 1024;
const QUALITY: u8 = 82;

/// What is known of an image; nothing of anything else.
#[derive(Default)]
pub struct Picture {
    /// Width and height as it is shown.
    pub size: Option<(u32, u32)>,
    /// A small copy: JPEG, or PNG where it can be seen through.
    pub thumb: Option<Vec<u8>>,
}

/// Looks at a file of this type. What cannot be decoded is no picture.
pub fn of(path: &Path, mime: &str) -> Picture {
    let format = match mime {
        "image/png" => ImageFormat::Png,
        "image/jpeg" => ImageFormat::Jpeg,
        "image/gif" => ImageFormat::Gif,
        "image/webp" => ImageFormat::WebP,
        _ => return Picture::default(),
    };
    read(path, format).unwrap_or_else(|error| {
        tracing::debug!(%error, mime, "an image cannot be decoded");
        Picture::default()
    })
}

fn read(path: &Path, format: ImageFormat) -> image::ImageResult<Picture> {
    let mut reader = ImageReader::open(path)?;
    reader.set_format(format);
    // Checked here, with the size in hand: what is too large still has one.
    reader.no_limits();
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let turned = matches!(
        orientation,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    );
    let size = Some(if turned { (height, width) } else { (width, height) });
    if u64::from(width) * u64::from(height) > PIXELS || decoder.total_bytes() > MEMORY {
        return Ok(Picture { size, thumb: None });
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY);
    decoder.set_limits(limits)?;
    let image = DynamicImage::from_decoder(decoder)?;
    Ok(Picture { size, thumb: Some(small(image, orientation)?) })
}

fn small(image: DynamicImage, orientation: Orientation) -> image::ImageResult<Vec<u8>> {
    let mut image = if image.width().max(image.height()) > SIDE { image.thumbnail(SIDE, SIDE) } else { image };
    image.apply_orientation(orientation);
    let mut out = Vec::new();
    if image.color().has_alpha() {
        DynamicImage::from(image.into_rgba8()).write_to(&mut Cursor::new(&mut out), ImageFormat::Png)?;
    } else {
        DynamicImage::from(image.into_rgb8()).write_with_encoder(JpegEncoder::new_with_quality(&mut out, QUALITY))?;
    }
    Ok(out)
}

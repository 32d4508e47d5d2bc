//! Pictures of text and lines: SVG made into PNG with the bundled fonts, whatever this computer has installed.

use resvg::{
    render,
    tiny_skia::{Pixmap, Transform},
    usvg::{Options, Tree},
};

use crate::domain::typeface;

/// Pixels per unit of the SVG: sharp on a dense screen and in print.
const SCALE: f32 = 2.0;

#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    #[error("the picture was not understood")]
    Svg(#[source] resvg::usvg::Error),
    #[error("a picture of {0} × {1} pixels was not made")]
    Size(u32, u32),
    #[error("the picture was not turned into a file")]
    Encode(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Takes as long as a hundred frames; not for the window's own thread.
pub fn png(svg: &str) -> Result<Vec<u8>, PictureError> {
    let mut options = Options { font_family: "Inter".to_owned(), ..Options::default() };
    for font in [typeface::INTER, typeface::INTER_SEMIBOLD] {
        options.fontdb_mut().load_font_data(font.to_vec());
    }
    let tree = Tree::from_str(svg, &options).map_err(PictureError::Svg)?;
    let size = tree.size();
    let (width, height) = ((size.width() * SCALE) as u32, (size.height() * SCALE) as u32);
    let mut pixels = Pixmap::new(width, height).ok_or(PictureError::Size(width, height))?;
    render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(|err| PictureError::Encode(Box::new(err)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_drawn_with_the_bundled_fonts() {
        let blank = r##"<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20"><rect width="60" height="20" fill="#FFFFFF"/></svg>"##;
        let text = blank.replace(
            "</svg>",
            r##"<text x="4" y="15" font-family="Inter" fill="#000000">limit</text></svg>"##,
        );
        let (blank, text) = (png(blank).unwrap(), png(&text).unwrap());
        assert!(blank.starts_with(b"\x89PNG\r\n\x1a\n"));
        assert_ne!(blank, text, "the text left no trace: no font was found");
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert!(matches!(png("connections"), Err(PictureError::Svg(_))));
    }
}

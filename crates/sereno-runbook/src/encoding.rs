//! Any bytes to text with LF line ends.

use crate::model::Encoding;
use sereno_model::Diagnostic;

pub fn decode(bytes: &[u8], _diagnostics: &mut Vec<Diagnostic>) -> (String, Encoding) {
    let crlf = bytes.windows(2).any(|pair| pair == b"\r\n");
    let text = String::from_utf8_lossy(bytes)
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    (
        text,
        Encoding {
            detected: "utf-8".to_owned(),
            repaired: None,
            bom: false,
            crlf,
        },
    )
}

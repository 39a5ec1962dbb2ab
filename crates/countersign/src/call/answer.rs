//! Where does an answer go?

use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use countersign_client::Response;
use data_encoding::BASE64;
use serde_json::{Value, json};

use super::explain;
use crate::failure::Hint;
use crate::ui;

/// To standard output, as it arrives: it may be large.
pub(super) async fn print(mut answer: Response) -> Result<()> {
    let mut last = b'\n';
    while let Some(chunk) = answer.chunk().await.map_err(explain)? {
        ui::bytes(&chunk);
        last = chunk.last().copied().unwrap_or(last);
    }
    if last != b'\n' {
        ui::bytes(b"\n");
    }
    Ok(())
}

/// Into a file, as it arrives.
pub(super) async fn write(mut answer: Response, path: &Path) -> Result<()> {
    let cannot = || format!("cannot write `{}`", path.display());
    let created = File::create(path).with_context(cannot);
    let mut file = created.hint("name a file in a folder that is there and may be written")?;
    while let Some(chunk) = answer.chunk().await.map_err(explain)? {
        file.write_all(&chunk).with_context(cannot)?;
    }
    Ok(())
}

/// As one JSON document. What is text is told as such, and anything else in Base64.
pub(super) async fn document(answer: Response) -> Result<Value> {
    let (status, version) = (answer.status().as_u16(), format!("{:?}", answer.version()));
    let headers = answer.headers().iter();
    let headers = headers.map(|(name, value)| json!([name.as_str(), shown(value.as_bytes())]));
    let headers: Vec<_> = headers.collect();
    let bytes = answer.bytes().await.map_err(explain)?;
    let (encoding, body) = body(&bytes);
    Ok(json!({
        "status": status,
        "version": version,
        "headers": headers,
        "encoding": encoding,
        "body": body,
    }))
}

fn body(bytes: &[u8]) -> (&'static str, Value) {
    if let Ok(document) = serde_json::from_slice(bytes) {
        return ("json", document);
    }
    match str::from_utf8(bytes) {
        Ok(text) => ("text", json!(text)),
        Err(_) => ("base64", json!(BASE64.encode(bytes))),
    }
}

pub(super) fn show_head(answer: &Response) {
    ui::note(format!("< {:?} {}", answer.version(), answer.status()));
    for (name, value) in answer.headers() {
        ui::note(format!("< {name}: {}", shown(value.as_bytes())));
    }
}

fn shown(value: &[u8]) -> &str {
    str::from_utf8(value).unwrap_or("(not text)")
}

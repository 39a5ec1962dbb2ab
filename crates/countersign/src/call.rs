use std::fs::File;
use std::io::{self, Read, Write};

use anyhow::{Context, Result, anyhow};
use countersign_client::{
    Body, Client, HeaderName, HeaderValue, Method, RequestBuilder, Response, Retry, Url,
};

use crate::cli::CallArgs;
use crate::failure::hinted;
use crate::ui;

/// `countersign call`.
pub(crate) async fn run(args: CallArgs) -> Result<()> {
    let url = url(&args.url)?;
    let retry = args.retry.map(Retry::times);
    let client = args.connection.client(&url, |builder| match retry {
        Some(retry) => builder.retry(retry),
        None => builder,
    });
    let client = client.await?;
    if args.verbose {
        ui::note(client.diagnose(&url, false).await);
    }
    let request = request(&client, &args, url)?;
    let answered = match args.any_status {
        true => request.send_any_status().await,
        false => request.send().await,
    };
    let answer = answered.map_err(explain)?;
    if args.verbose {
        show_head(&answer);
    }
    pass_on(answer, &args).await
}

/// A URL, or why it is none.
pub(crate) fn url(text: &str) -> Result<Url> {
    text.parse()
        .with_context(|| format!("`{text}` is not a URL"))
}

/// Keeps the client's own hint.
pub(crate) fn explain(error: countersign_client::Error) -> anyhow::Error {
    match error.hint() {
        Some(hint) => hinted(error, hint),
        None => error.into(),
    }
}

fn request(client: &Client, args: &CallArgs, url: Url) -> Result<RequestBuilder> {
    let method = method(args)?;
    if args.verbose {
        ui::note(format!("> {method} {}", url.path()));
    }
    let mut request = client.request(method, url);
    for header in &args.header {
        let (name, value) = parse_header(header)?;
        if args.verbose {
            ui::note(format!("> {name}: {}", shown(&name, &value)));
        }
        request = request.header(name, value);
    }
    if let Some(json) = &args.json {
        let body: serde_json::Value =
            serde_json::from_str(json).context("the value of --json is not JSON")?;
        request = request.json(&body);
    }
    match &args.data {
        Some(data) => Ok(request.body(body(data)?)),
        None => Ok(request),
    }
}

fn method(args: &CallArgs) -> Result<Method> {
    match &args.method {
        Some(method) => method
            .to_ascii_uppercase()
            .parse()
            .with_context(|| format!("`{method}` is not a method")),
        None if args.json.is_some() || args.data.is_some() => Ok(Method::POST),
        None => Ok(Method::GET),
    }
}

fn parse_header(text: &str) -> Result<(HeaderName, HeaderValue)> {
    let wrong = || format!("`{text}` is not a header: wanted `Name: value`");
    let (name, value) = text.split_once(':').ok_or_else(|| anyhow!(wrong()))?;
    let name = name.trim().parse().with_context(wrong)?;
    Ok((name, value.trim().parse().with_context(wrong)?))
}

/// What lets somebody else act as the caller is not printed.
fn shown<'a>(name: &HeaderName, value: &'a HeaderValue) -> &'a str {
    match name.as_str() {
        "authorization" | "cookie" | "proxy-authorization" => "(hidden)",
        _ => value.to_str().unwrap_or("(not text)"),
    }
}

fn body(data: &str) -> Result<Body> {
    let Some(file) = data.strip_prefix('@') else {
        return Ok(data.to_owned().into());
    };
    let mut bytes = Vec::new();
    let read = match file {
        "-" => io::stdin().read_to_end(&mut bytes),
        path => File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)),
    };
    read.with_context(|| format!("cannot read `{file}`"))?;
    Ok(bytes.into())
}

fn show_head(answer: &Response) {
    ui::note(format!("< {:?} {}", answer.version(), answer.status()));
    for (name, value) in answer.headers() {
        ui::note(format!(
            "< {name}: {}",
            value.to_str().unwrap_or("(not text)")
        ));
    }
}

/// As it arrives: it may be large.
async fn pass_on(mut answer: Response, args: &CallArgs) -> Result<()> {
    let Some(path) = &args.output else {
        let mut last = b'\n';
        while let Some(chunk) = answer.chunk().await.map_err(explain)? {
            ui::bytes(&chunk);
            last = chunk.last().copied().unwrap_or(last);
        }
        if last != b'\n' {
            ui::bytes(b"\n");
        }
        return Ok(());
    };
    let cannot = || format!("cannot write `{}`", path.display());
    let mut file = File::create(path).with_context(cannot)?;
    while let Some(chunk) = answer.chunk().await.map_err(explain)? {
        file.write_all(&chunk).with_context(cannot)?;
    }
    Ok(())
}

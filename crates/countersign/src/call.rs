mod answer;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::Args;
use countersign_client::{
    Body, Client, Error, HeaderName, HeaderValue, Kind, Likely, Method, RequestBuilder, Retry, Url,
};

use crate::cli::OUTPUT;
use crate::connection::Connection;
use crate::epilogue::{Example, USUAL, epilogue};
use crate::exit::Exit;
use crate::failure::{Hint, hinted};
use crate::{input, ui};

/// Call an API that demands a client certificate.
///
/// Sends one request and prints the body of the answer as it comes. An answer of status 400 or above is a failure, and
/// is told as an error: who must act, and what to do.
#[derive(Debug, Args)]
#[command(after_long_help = epilogue(&EXAMPLES, &USUAL))]
pub(crate) struct CallArgs {
    /// What to call; https only.
    url: String,

    #[command(flatten)]
    connection: Connection,

    /// The method [default: GET, or POST with a body].
    #[arg(long, short = 'X', value_name = "METHOD", help_heading = REQUEST)]
    method: Option<String>,

    /// A header, as `Name: value`; may be repeated.
    #[arg(long, short = 'H', value_name = "HEADER", help_heading = REQUEST)]
    header: Vec<String>,

    /// A body: the text itself, `@FILE`, or `@-` for standard input.
    #[arg(long, short = 'd', value_name = "BODY", help_heading = REQUEST)]
    data: Option<String>,

    /// A body in JSON, with the header that says so.
    #[arg(long, value_name = "JSON", conflicts_with = "data", help_heading = REQUEST)]
    data_json: Option<String>,

    /// Repeat at most so many times what is safe to repeat.
    #[arg(long, value_name = "TIMES", help_heading = REQUEST)]
    retry: Option<u32>,

    /// Take any status for an answer, and print its body.
    #[arg(long, help_heading = OUTPUT)]
    any_status: bool,

    /// Print one JSON document: status, version, headers and body.
    #[arg(long, conflicts_with = "out", help_heading = OUTPUT)]
    json: bool,

    /// Write the body there instead of printing it.
    #[arg(long, short, alias = "output", value_name = "FILE", help_heading = OUTPUT)]
    out: Option<PathBuf>,

    /// Tell what the handshake shows, and the heads of request and answer, on standard error.
    #[arg(long, short, help_heading = OUTPUT)]
    verbose: bool,
}

const REQUEST: &str = "What to send";

const EXAMPLES: [Example; 4] = [
    (
        "As a dev client, while `countersign dev` serves",
        "countersign call --as billing https://localhost:8443/whoami",
    ),
    (
        "With a certificate from a partner, and the authority that signed their server's",
        "countersign call --cert us.pem --key us-key.pem --cacert partner-ca.pem https://api.partner.example/v1/orders",
    ),
    (
        "With a body",
        "countersign call --as billing --data-json '{\"amount_minor\":1250,\"currency\":\"EUR\"}' https://localhost:8443/v1/transactions",
    ),
    (
        "For a program: status, headers and body as one document",
        "countersign call --as billing --json https://localhost:8443/whoami",
    ),
];

/// `countersign call`.
pub(crate) async fn run(args: CallArgs) -> Result<Exit> {
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
        answer::show_head(&answer);
    }
    match (&args.out, args.json) {
        (Some(path), _) => answer::write(answer, path).await?,
        (None, true) => ui::data(answer::document(answer).await?),
        (None, false) => answer::print(answer).await?,
    }
    Ok(Exit::Done)
}

/// A URL, or why it is none.
pub(crate) fn url(text: &str) -> Result<Url> {
    text.parse()
        .with_context(|| format!("`{text}` is not a URL"))
        .hint("write it as https://HOST:PORT/PATH")
}

/// The error with what to do, in the words of a command line.
fn explain(error: Error) -> anyhow::Error {
    let hint = hint(&error);
    match error.kind() {
        // What lies below says the same in the words of rustls and hyper.
        Kind::Refused(_) | Kind::Trust(_) => hinted(anyhow!("{error}"), hint),
        _ => hinted(error, hint),
    }
}

fn hint(error: &Error) -> String {
    let ours = match error.kind() {
        Kind::Refused(refused) if refused.likely == Likely::NoCertificate => {
            Some("show one: --cert FILE and --key FILE, or --as NAME for a dev client")
        }
        Kind::Denied(_) => {
            Some("the certificate is accepted: ask the operator of the server for access")
        }
        Kind::Status { .. } => Some("--any-status prints the whole answer"),
        _ => None,
    };
    let theirs = || error.hint();
    let hint = ours.map(str::to_owned).or_else(theirs);
    hint.unwrap_or_else(|| "countersign doctor with the same options says more".to_owned())
}

fn request(client: &Client, args: &CallArgs, url: Url) -> Result<RequestBuilder> {
    let method = method(args)?;
    if args.verbose {
        ui::note(format!("> {method} {}", url.path()));
    }
    let mut request = client.request(method, url);
    for header in &args.header {
        let (name, value) =
            parse_header(header).hint("write it as --header 'Accept: application/json'")?;
        if args.verbose {
            ui::note(format!("> {name}: {}", shown(&name, &value)));
        }
        request = request.header(name, value);
    }
    if let Some(json) = &args.data_json {
        let body: serde_json::Value = serde_json::from_str(json)
            .context("the value of --data-json is not JSON")
            .hint(
                "put it in quotes, so that the shell leaves it as it is: '{\"key\":\"value\"}'",
            )?;
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
            .with_context(|| format!("`{method}` is not a method"))
            .hint("write a word such as GET or POST"),
        None if args.data_json.is_some() || args.data.is_some() => Ok(Method::POST),
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
    if file == "-" {
        let mut bytes = Vec::new();
        let read = io::stdin().read_to_end(&mut bytes);
        read.context("cannot read standard input")?;
        return Ok(bytes.into());
    }
    let wanted = "name a file with the body after the @";
    Ok(input::bytes(Path::new(file), wanted)?.into())
}

use anyhow::{Context, Result};
use countersign_client::{Client, Credential, Method, ServerTrust};

use crate::cli::CallArgs;
use crate::failure::hinted;
use crate::ui;

/// `countersign call`.
pub(crate) async fn run(args: CallArgs) -> Result<()> {
    let client = client(&args).await?;
    let method = method(&args)?;
    let mut request = client.request(method, &args.url);
    if let Some(json) = &args.json {
        let body: serde_json::Value =
            serde_json::from_str(json).context("the value of --json is not JSON")?;
        request = request.json(&body);
    }
    let answered = async { request.send().await?.text().await };
    match answered.await {
        Ok(body) => ui::data(body.trim_end()),
        Err(error) => return Err(explain(error)),
    }
    Ok(())
}

/// Keeps the client's own hint.
pub(crate) fn explain(error: countersign_client::Error) -> anyhow::Error {
    match error.hint() {
        Some(hint) => hinted(error, hint),
        None => error.into(),
    }
}

async fn client(args: &CallArgs) -> Result<Client> {
    let file = |end: &str| {
        let name = args.dev_client.as_ref()?;
        Some(args.dir.join(format!("{name}{end}")))
    };
    let cert = args.cert.clone().or_else(|| file(".pem"));
    let key = args.key.clone().or_else(|| file("-key.pem"));
    let cacert = args.cacert.clone();
    let cacert = cacert.unwrap_or_else(|| args.dir.join("root.pem"));
    let mut builder = Client::builder().trust(ServerTrust::pinned_ca_pem_file(cacert)?);
    if let Some(cert) = cert {
        let key = key.unwrap_or_else(|| cert.clone());
        builder = builder.credential(Credential::from_pem_files(cert, key)?);
    }
    Ok(builder.build().await?)
}

fn method(args: &CallArgs) -> Result<Method> {
    match (&args.method, &args.json) {
        (Some(method), _) => method
            .to_ascii_uppercase()
            .parse()
            .with_context(|| format!("`{method}` is not a method")),
        (None, Some(_)) => Ok(Method::POST),
        (None, None) => Ok(Method::GET),
    }
}

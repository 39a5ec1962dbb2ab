use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{ArgGroup, Args, ValueEnum};
use countersign_client::{
    BuildError, Client, ClientBuilder, Credential, CredentialError, HttpVersion, LoadError,
    Password, Pin, Proxy, ServerTrust, TlsVersion, Url,
};

use crate::cli::DEV_FOLDER;
use crate::failure::{Hint, hinted};
use crate::input;
use crate::password::PasswordArgs;

/// How a server is reached, and as whom.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("trusted").args(["dev_client", "cacert", "system_roots"]).required(true).multiple(true))]
pub(crate) struct Connection {
    /// Call as this dev client, with its certificate in --dir: billing, reports, newcomer, or one that `pki issue` made.
    #[arg(
        long = "as",
        value_name = "NAME",
        conflicts_with_all = ["cert", "key", "p12", "cacert"],
        help_heading = CALLER
    )]
    dev_client: Option<String>,

    /// The folder of the dev certificates, for --as.
    #[arg(long, value_name = "DIR", default_value = DEV_FOLDER, help_heading = CALLER)]
    dir: PathBuf,

    /// The certificate to present, as PEM: the caller's own first, then those of the authorities between.
    #[arg(long, value_name = "FILE", help_heading = CALLER)]
    cert: Option<PathBuf>,

    /// The private key, as PEM [default: in the file of --cert].
    #[arg(long, value_name = "FILE", requires = "cert", help_heading = CALLER)]
    key: Option<PathBuf>,

    /// A PKCS#12 store of both.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "cert",
        requires = "password",
        help_heading = CALLER
    )]
    p12: Option<PathBuf>,

    #[command(flatten, next_help_heading = CALLER)]
    password: PasswordArgs,

    /// The certificates of the authorities that may vouch for the server, as PEM.
    #[arg(long, value_name = "FILE", help_heading = SERVER)]
    cacert: Option<PathBuf>,

    /// Let the authorities that this system trusts vouch for the server too.
    #[arg(long, help_heading = SERVER)]
    system_roots: bool,

    /// Want this key on the path to the server, as `sha256/` and base64; of several one suffices.
    #[arg(long, value_name = "PIN", help_heading = SERVER)]
    pin: Vec<String>,

    /// Connect to this address instead of that of the host; the certificate must still be for the host. The port
    /// counts only where the URL has none.
    #[arg(long, value_name = "ADDRESS", help_heading = WAY)]
    connect_to: Option<SocketAddr>,

    /// The proxy to call through.
    #[arg(long, value_name = "URL", help_heading = WAY)]
    proxy: Option<String>,

    /// Speak only this version of TLS.
    #[arg(long, value_name = "VERSION", help_heading = WAY)]
    tls: Option<Tls>,

    /// Speak only this version of HTTP.
    #[arg(long, value_name = "VERSION", help_heading = WAY)]
    http: Option<Http>,

    /// Give up after so many seconds.
    #[arg(long, value_name = "SECONDS", help_heading = WAY)]
    timeout: Option<f64>,
}

const CALLER: &str = "Who calls";
const SERVER: &str = "Whom to trust";
const WAY: &str = "How to get there";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Tls {
    #[value(name = "1.2")]
    V12,
    #[value(name = "1.3")]
    V13,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Http {
    #[value(name = "1.1")]
    V11,
    #[value(name = "2")]
    V2,
}

impl Connection {
    /// A client for `url`, with more settings.
    pub(crate) async fn client(
        &self,
        url: &Url,
        more: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Result<Client> {
        let mut builder = Client::builder().trust(self.trust()?);
        if let Some(credential) = self.credential()? {
            builder = builder.credential(credential);
        }
        let built = more(self.wire(builder, url)?).build().await;
        built.map_err(explain_build)
    }

    fn wire(&self, mut builder: ClientBuilder, url: &Url) -> Result<ClientBuilder> {
        if let Some(version) = self.tls {
            builder = builder.tls_version(version.into());
        }
        if let Some(version) = self.http {
            builder = builder.http_version(version.into());
        }
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(Proxy::new(proxy));
        }
        if let (Some(address), Some(host)) = (self.connect_to, url.host_str()) {
            builder = builder.resolve(host, address);
        }
        if let Some(seconds) = self.timeout {
            let limit = Duration::try_from_secs_f64(seconds)
                .context("--timeout is no duration")
                .hint("write seconds, such as 2.5")?;
            builder = builder.timeout(limit).connect_timeout(limit);
        }
        Ok(builder)
    }

    fn trust(&self) -> Result<ServerTrust> {
        let dev = self.dev_client.as_ref().map(|_| self.dir.join("root.pem"));
        let pinned = self.cacert.clone().or(dev);
        let pinned = pinned.map(ServerTrust::pinned_ca_pem_file).transpose();
        let pinned = pinned.map_err(|error| self.explain_load(error))?;
        let system = self.system_roots.then(ServerTrust::system_roots);
        let mut trust = match (pinned, system) {
            (Some(pinned), Some(system)) => pinned.or(system),
            (Some(trust), None) | (None, Some(trust)) => trust,
            (None, None) => return Err(BuildError::NoTrust.into()),
        };
        for pin in &self.pin {
            let pin: Pin = pin
                .parse()
                .with_context(|| format!("--pin {pin}"))
                .hint("`countersign inspect FILE` prints the pin of a certificate")?;
            trust = trust.pin(pin);
        }
        Ok(trust)
    }

    /// What is presented, as it is: whoever calls by hand may want to see it refused.
    fn credential(&self) -> Result<Option<Credential>> {
        let dev = |end: &str| {
            let name = self.dev_client.as_ref()?;
            Some(self.dir.join(format!("{name}{end}")))
        };
        let password = self.password.given()?.map(Password::from);
        if let (Some(store), Some(password)) = (&self.p12, &password) {
            let bytes = self.read(store)?;
            let opened = Credential::from_pkcs12(&bytes, password);
            return opened
                .map(Some)
                .map_err(|error| explain(store, store, error));
        }
        let Some(chain) = self.cert.clone().or_else(|| dev(".pem")) else {
            return Ok(None);
        };
        let key = self.key.clone().or_else(|| dev("-key.pem"));
        let key = key.unwrap_or_else(|| chain.clone());
        let (chain_pem, key_pem) = (self.read(&chain)?, self.read(&key)?);
        let opened = match &password {
            Some(password) => Credential::from_encrypted_pem(&chain_pem, &key_pem, password),
            None => Credential::from_pem(&chain_pem, &key_pem),
        };
        opened
            .map(Some)
            .map_err(|error| explain(&chain, &key, error))
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>> {
        input::bytes(path, &self.wanted())
    }

    fn explain_load(&self, error: LoadError) -> anyhow::Error {
        let advice = match &error {
            LoadError::Read { path, source } => input::advice(path, source),
            _ => return error.into(),
        };
        hinted(error, advice.unwrap_or_else(|| self.wanted()))
    }

    /// What to do about a file that is not there.
    fn wanted(&self) -> String {
        match &self.dev_client {
            Some(name) => make_dev_client(name, &self.dir),
            None => "name a file that is there".to_owned(),
        }
    }
}

/// What to do about a dev client whose certificate is not there.
pub(crate) fn make_dev_client(name: &str, dir: &Path) -> String {
    let dir = dir.display();
    format!(
        "make the dev certificates first: countersign pki init --dir {dir}; or this client: \
         countersign pki issue client {name} --dir {dir}"
    )
}

/// Names the files, and says what to do.
fn explain(chain: &Path, key: &Path, source: CredentialError) -> anyhow::Error {
    let hint = match source {
        CredentialError::KeyEncrypted => {
            Some("give the password with --password-file FILE or --password-env VAR")
        }
        CredentialError::KeyPassword | CredentialError::Pkcs12Password => Some(
            "the password is the first line of --password-file, or the value of --password-env",
        ),
        _ => source.hint(),
    };
    let error = LoadError::Credential {
        chain: chain.to_owned(),
        key: key.to_owned(),
        source,
    };
    match hint {
        Some(hint) => hinted(error, hint),
        None => error.into(),
    }
}

fn explain_build(error: BuildError) -> anyhow::Error {
    match error {
        BuildError::Proxy { .. } => hinted(error, "a proxy is given as `http://HOST:PORT`"),
        error => error.into(),
    }
}

impl From<Tls> for TlsVersion {
    fn from(version: Tls) -> Self {
        match version {
            Tls::V12 => Self::Tls12,
            Tls::V13 => Self::Tls13,
        }
    }
}

impl From<Http> for HttpVersion {
    fn from(version: Http) -> Self {
        match version {
            Http::V11 => Self::Http1,
            Http::V2 => Self::Http2,
        }
    }
}

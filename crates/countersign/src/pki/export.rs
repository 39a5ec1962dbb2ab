use std::path::{Path, PathBuf, absolute};

use anyhow::{Context, Result, anyhow};
use clap::{Args, ValueEnum};
use countersign_pki::{Plan, Store, Usage};
use data_encoding::BASE64;
use jiff::Timestamp;

use super::source::{Place, Source, failed};
use crate::failure::{Hint, hinted};
use crate::ui;

/// Print a certificate for another program.
///
/// Prints an item for another program. `pem` and `k8s-secret` contain the private key of a server or a
/// client; the key of an authority is never printed.
///
/// Exit codes: 0 done, 1 failed, 2 not understood.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The name of the item.
    name: String,

    /// For whom.
    #[arg(long, value_enum)]
    format: Format,

    #[command(flatten)]
    place: Place,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// The chain and the private key in one text; of an authority the certificate alone.
    Pem,
    /// The certificate alone, binary.
    Der,
    /// A Kubernetes secret of type kubernetes.io/tls, with the root as ca.crt.
    K8sSecret,
    /// Lines for a shell, that make curl, Python, Node, Go and OpenSSL trust the root and nothing else.
    Env,
    /// A configuration for `curl --config -`.
    Curl,
    /// Directives for nginx: of a server to serve with, of a client to call an upstream with.
    Nginx,
}

/// `countersign pki export`.
pub(super) fn run(args: ExportArgs) -> Result<()> {
    let store = Store::at(&args.place.dir);
    let source = Source::read(&store, args.place.file.as_deref())?;
    let plan = Plan::new(source.draft.manifest(), Timestamp::UNIX_EPOCH);
    let usage = plan
        .usage_of(&args.name)
        .hint("name an item of the manifest")?;
    let stored = store.stored(&args.name).map_err(failed)?;
    let is_authority = plan.is_authority(&args.name);
    match args.format {
        Format::Pem if is_authority => ui::bytes(stored.chain_pem().as_bytes()),
        Format::Pem => ui::bytes((stored.chain_pem() + stored.key_pem()).as_bytes()),
        Format::Der => ui::bytes(stored.certificate_der()),
        _ if is_authority => {
            return Err(hinted(
                anyhow!("`{}` is an authority, which no program presents", args.name),
                "export what it has signed, or print its certificate with --format pem",
            ));
        }
        Format::K8sSecret => {
            let root = store.stored(plan.root_of(&args.name)?).map_err(failed)?;
            let (chain, key) = (stored.chain_pem(), stored.key_pem());
            ui::data(secret(&args.name, &chain, key, &root.chain_pem()));
        }
        Format::Env => Paths::of(&store, &plan, &args.name)?.env(),
        Format::Curl => Paths::of(&store, &plan, &args.name)?.curl(),
        Format::Nginx => Paths::of(&store, &plan, &args.name)?.nginx(usage),
    }
    Ok(())
}

fn secret(name: &str, chain: &str, key: &str, root: &str) -> String {
    let [chain, key, root] = [chain, key, root].map(|text| BASE64.encode(text.as_bytes()));
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\ntype: kubernetes.io/tls\ndata:\n  \
         tls.crt: {chain}\n  tls.key: {key}\n  ca.crt: {root}"
    )
}

/// Where the files are, from wherever the reader starts.
struct Paths {
    certificate: String,
    key: String,
    root: String,
}

impl Paths {
    fn of(store: &Store, plan: &Plan, name: &str) -> Result<Self> {
        Ok(Self {
            certificate: text(&store.certificate_path(name))?,
            key: text(&store.key_path(name))?,
            root: text(&store.certificate_path(plan.root_of(name)?))?,
        })
    }

    fn env(&self) {
        let own = [
            ("COUNTERSIGN_CERT", &self.certificate),
            ("COUNTERSIGN_KEY", &self.key),
        ];
        let roots = [
            "SSL_CERT_FILE",
            "CURL_CA_BUNDLE",
            "REQUESTS_CA_BUNDLE",
            "NODE_EXTRA_CA_CERTS",
        ];
        for (name, path) in own.into_iter().chain(roots.map(|name| (name, &self.root))) {
            ui::data(format!("export {name}={}", shell(path)));
        }
    }

    fn curl(&self) {
        let options = [
            ("cert", &self.certificate),
            ("key", &self.key),
            ("cacert", &self.root),
        ];
        for (name, path) in options {
            ui::data(format!("{name} = {}", quoted(path)));
        }
    }

    fn nginx(&self, usage: &[Usage]) {
        let is_server = usage.contains(&Usage::Server);
        let (prefix, root, verify) = match is_server {
            true => ("ssl", "ssl_client_certificate", "ssl_verify_client"),
            false => (
                "proxy_ssl",
                "proxy_ssl_trusted_certificate",
                "proxy_ssl_verify",
            ),
        };
        ui::data(format!(
            "{prefix}_certificate {};",
            quoted(&self.certificate)
        ));
        ui::data(format!("{prefix}_certificate_key {};", quoted(&self.key)));
        ui::data(format!("{root} {};", quoted(&self.root)));
        ui::data(format!("{verify} on;"));
    }
}

fn text(path: &Path) -> Result<String> {
    let path: PathBuf = absolute(path)?;
    let text = path.to_str().map(str::to_owned);
    text.with_context(|| format!("`{}` cannot be written as text", path.display()))
}

/// For a POSIX shell.
fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// For curl and nginx, which unescape alike.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

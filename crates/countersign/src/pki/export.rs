//! How does another program get an item? In its own form, or as lines that name the files.

mod snippet;

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use clap::{Args, ValueEnum};
use countersign_pki::{Key, Pkcs12, Pkcs12Kind, Plan, Store, Stored, Usage};
use data_encoding::BASE64;
use jiff::Timestamp;
use serde_json::{Value, json};

use self::snippet::Paths;
use super::source::{Place, Source, failed};
use crate::cli::OUTPUT;
use crate::epilogue::{Example, USUAL, epilogue};
use crate::exit::Exit;
use crate::failure::{Hint, hinted};
use crate::new_file::{self, Readers};
use crate::password::PasswordArgs;
use crate::ui;

/// Print a certificate for another program.
///
/// Prints an item for another program, or writes it to a new file.
///
/// `pem`, `encrypted-pem`, `p12`, `p12-legacy` and `k8s-secret` contain the private key of a server or
/// a client, and `java` a password: such a file is for its owner alone. The key of an authority is
/// never exported.
#[derive(Debug, Args)]
#[command(after_long_help = epilogue(&EXAMPLES, &USUAL))]
pub(crate) struct ExportArgs {
    /// The name of the item.
    name: String,

    /// For whom.
    #[arg(long, value_enum)]
    format: Format,

    /// Write it there instead of printing it; a file that is there already is never written over.
    #[arg(short, long, value_name = "FILE", help_heading = OUTPUT)]
    out: Option<PathBuf>,

    #[command(flatten)]
    password: PasswordArgs,

    #[command(flatten)]
    place: Place,

    /// Print one JSON document, with what was made or the file that it was written to.
    #[arg(long, help_heading = OUTPUT)]
    json: bool,
}

const EXAMPLES: [Example; 3] = [
    (
        "For curl",
        "countersign pki export billing --format curl | curl --config - https://localhost:8443/whoami",
    ),
    (
        "A PKCS#12 store, into a new file",
        "countersign pki export billing --format p12 --out billing.p12 --password-file password.txt",
    ),
    (
        "A Kubernetes secret",
        "countersign pki export server --format k8s-secret | kubectl apply -f -",
    ),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The chain and the private key in one text; of an authority the certificate alone.
    Pem,
    /// The chain and the private key, encrypted under a password.
    EncryptedPem,
    /// The certificate alone, binary.
    Der,
    /// A PKCS#12 store, under a password (AES-256, SHA-256); of an authority a trust store.
    P12,
    /// The same in Triple DES and SHA-1, for old versions of Java and macOS.
    P12Legacy,
    /// A Kubernetes secret of type kubernetes.io/tls, with the root as ca.crt.
    K8sSecret,
    /// Lines for a shell, that make curl, Python, Node, Go and OpenSSL trust the root and nothing else.
    Env,
    /// A configuration for `curl --config -`.
    Curl,
    /// A session of Python's requests.
    Requests,
    /// Options for Node: of a client an https.Agent, of a server an https.Server.
    Node,
    /// A function for Go that makes a tls.Config.
    Go,
    /// Options for `java @FILE`; they name the stores NAME.p12 and ROOT.p12 in the folder.
    Java,
    /// Directives for nginx: of a server to serve with, of a client to call an upstream with.
    Nginx,
}

/// `countersign pki export`.
pub(super) fn run(args: ExportArgs) -> Result<Exit> {
    let export = Export::new(&args)?;
    let bytes = export.made(args.format)?;
    if let Some(out) = &args.out {
        new_file::create(out, &bytes, export.readers(args.format))?;
        ui::note(format!("wrote {}", out.display()));
    }
    if args.json {
        ui::data(document(&args, &bytes));
    } else if args.out.is_none() {
        ui::bytes(&bytes);
    }
    Ok(Exit::Done)
}

/// A text as it is, anything else in Base64.
fn document(args: &ExportArgs, bytes: &[u8]) -> Value {
    let (encoding, content) = match str::from_utf8(bytes) {
        Ok(text) => ("text", text.to_owned()),
        Err(_) => ("base64", BASE64.encode(bytes)),
    };
    let is_printed = args.out.is_none();
    json!({
        "name": args.name,
        "format": args.format.name(),
        "path": args.out,
        "encoding": is_printed.then_some(encoding),
        "content": is_printed.then_some(content),
    })
}

/// What an export is made of.
struct Export<'a> {
    name: &'a str,
    password: &'a PasswordArgs,
    store: Store,
    plan: Plan,
}

impl<'a> Export<'a> {
    fn new(args: &'a ExportArgs) -> Result<Self> {
        let format = args.format.name();
        if !args.format.takes_a_password() {
            args.password.refused(&format)?;
        }
        let store = Store::at(&args.place.dir);
        let source = Source::read(&store, args.place.file.as_deref())?;
        let plan = Plan::new(source.draft.manifest(), Timestamp::UNIX_EPOCH);
        plan.usage_of(&args.name)
            .hint("name an item of the manifest")?;
        let export = Self {
            name: &args.name,
            password: &args.password,
            store,
            plan,
        };
        match export.is_authority() && !args.format.suits_authorities() {
            true => Err(export.of_authority()),
            false => Ok(export),
        }
    }

    fn made(&self, format: Format) -> Result<Vec<u8>> {
        let text = match format {
            Format::P12 => return self.pkcs12(Pkcs12Kind::Modern),
            Format::P12Legacy => return self.pkcs12(Pkcs12Kind::Legacy),
            Format::Der => return Ok(self.stored()?.certificate_der().to_vec()),
            Format::Pem => self.pem()?,
            Format::EncryptedPem => self.encrypted_pem()?,
            Format::K8sSecret => self.secret()?,
            Format::Java => self.java()?,
            Format::Env => self.paths()?.env(),
            Format::Curl => self.paths()?.curl(),
            Format::Requests => self.paths()?.requests(),
            Format::Node => self.paths()?.node(self.usage()?),
            Format::Go => self.paths()?.go(self.usage()?),
            Format::Nginx => self.paths()?.nginx(self.usage()?),
        };
        Ok(text.into_bytes())
    }

    /// Of a file with what `made` returns.
    fn readers(&self, format: Format) -> Readers {
        let has_key_or_password = match format {
            Format::Pem | Format::P12 | Format::P12Legacy => !self.is_authority(),
            Format::EncryptedPem | Format::K8sSecret | Format::Java => true,
            _ => false,
        };
        match has_key_or_password {
            true => Readers::Owner,
            false => Readers::All,
        }
    }

    fn pem(&self) -> Result<String> {
        let stored = self.stored()?;
        Ok(match self.is_authority() {
            true => stored.chain_pem(),
            false => stored.chain_pem() + &self.key(&stored)?.pem(),
        })
    }

    fn encrypted_pem(&self) -> Result<String> {
        let stored = self.stored()?;
        let password = self.password.required("encrypted-pem")?;
        let key = self.key(&stored)?.encrypted_pem(&password)?;
        Ok(stored.chain_pem() + &key)
    }

    fn pkcs12(&self, kind: Pkcs12Kind) -> Result<Vec<u8>> {
        let stored = self.stored()?;
        let password = self.password.required("PKCS#12")?;
        let chain = stored.chain_pem();
        let store = match self.is_authority() {
            true => Pkcs12::trust(self.name, &chain)?,
            false => Pkcs12::identity(self.name, &chain, &self.key(&stored)?)?,
        };
        let made = store.kind(kind).encrypt(&password);
        made.hint("choose a password of printable ASCII, which every program reads alike")
    }

    fn secret(&self) -> Result<String> {
        let stored = self.stored()?;
        let root = self.plan.root_of(self.name)?;
        let root = self.store.stored(root).map_err(failed)?.chain_pem();
        let (chain, key) = (stored.chain_pem(), self.key(&stored)?.pem());
        let parts = [&chain, key.as_str(), &root];
        let [chain, key, root] = parts.map(|text| BASE64.encode(text.as_bytes()));
        Ok(format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {}\ntype: kubernetes.io/tls\ndata:\n  \
             tls.crt: {chain}\n  tls.key: {key}\n  ca.crt: {root}\n",
            self.name
        ))
    }

    fn java(&self) -> Result<String> {
        let password = self.password.required("java")?;
        let own = self.java_store(self.name)?;
        let trusted = self.java_store(self.plan.root_of(self.name)?)?;
        snippet::java(&own, &trusted, &password)
    }

    /// Java reads no PEM.
    fn java_store(&self, name: &str) -> Result<PathBuf> {
        let dir = self.store.dir();
        let path = dir.join(format!("{name}.p12"));
        if path.is_file() {
            return Ok(path);
        }
        let (missing, dir) = (path.display(), dir.display());
        Err(hinted(
            anyhow!("there is no store `{missing}`, which Java would read"),
            format!(
                "make it under the same password: countersign pki export {name} --dir {dir} \
                 --format p12 --out {missing} --password-file FILE"
            ),
        ))
    }

    fn paths(&self) -> Result<Paths> {
        Paths::of(&self.store, &self.plan, self.name)
    }

    fn usage(&self) -> Result<&[Usage]> {
        Ok(self.plan.usage_of(self.name)?)
    }

    /// The files, which belong together.
    fn stored(&self) -> Result<Stored> {
        self.store.stored(self.name).map_err(failed)
    }

    /// In whichever form its file has it, it leaves in the one that every program reads.
    fn key(&self, stored: &Stored) -> Result<Key> {
        let path = self.store.key_path(self.name);
        Key::from_pem(stored.key_pem())
            .with_context(|| format!("`{}`", path.display()))
            .hint("put a private key there in PEM, PKCS#8 and not encrypted")
    }

    fn is_authority(&self) -> bool {
        self.plan.is_authority(self.name)
    }

    fn of_authority(&self) -> anyhow::Error {
        hinted(
            anyhow!("`{}` is an authority, which no program presents", self.name),
            "export what it has signed, or its certificate with --format pem, der or p12",
        )
    }
}

impl Format {
    fn takes_a_password(self) -> bool {
        matches!(
            self,
            Self::EncryptedPem | Self::P12 | Self::P12Legacy | Self::Java
        )
    }

    /// Without the key of the authority.
    fn suits_authorities(self) -> bool {
        matches!(self, Self::Pem | Self::Der | Self::P12 | Self::P12Legacy)
    }

    /// As it is written on the command line.
    fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

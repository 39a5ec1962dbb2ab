mod psd2;

use std::net::IpAddr;

use anyhow::Result;
use clap::{Args, ValueEnum};
use countersign_pki::{KeyKind, ManifestError, NewCertificate, Store};

use self::psd2::Psd2Args;
use super::outcome;
use super::source::{Place, Source, failed, held};
use crate::cli::OUTPUT;
use crate::epilogue::{Example, USUAL, epilogue};
use crate::exit::Exit;
use crate::moment::Moment;
use crate::ui;

/// Add a certificate to the manifest, and make it.
///
/// Adds an entry to the manifest, which is what later runs renew it by, and makes its key and its
/// certificate. The same command again changes nothing. Prints the certificate files.
#[derive(Debug, Args)]
#[command(after_long_help = epilogue(&EXAMPLES, &USUAL))]
pub(crate) struct IssueArgs {
    /// What it is for.
    #[arg(value_enum)]
    kind: Kind,

    /// The name of the entry and of its files: NAME.pem and NAME-key.pem.
    name: String,

    /// The common name [default for a client without any other: NAME].
    #[arg(long, value_name = "TEXT", help_heading = NAMES)]
    cn: Option<String>,

    /// The SPIFFE ID.
    #[arg(long, value_name = "ID", help_heading = NAMES)]
    spiffe: Option<String>,

    /// A DNS name; may be repeated.
    #[arg(long, value_name = "NAME", help_heading = NAMES)]
    dns: Vec<String>,

    /// An IP address; may be repeated.
    #[arg(long, value_name = "ADDRESS", help_heading = NAMES)]
    ip: Vec<IpAddr>,

    /// An e-mail address; may be repeated.
    #[arg(long, value_name = "ADDRESS", help_heading = NAMES)]
    email: Vec<String>,

    /// The kind of its key: p256, p384, p521, ed25519, rsa2048, rsa3072 or rsa4096 [default: as its
    /// profile or the settings say, p256]. A key that is there is kept unless it is of another kind; it
    /// is then moved to the folder `retired`.
    #[arg(long, alias = "key", value_name = "KIND", value_parser = key_kind)]
    key_kind: Option<KeyKind>,

    /// A profile of the manifest to go by, instead of that of its kind.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// How long it lives, such as 90m, 12h, 30d or 2y [default: as its profile says, 30d].
    #[arg(long, value_name = "LIFETIME")]
    ttl: Option<String>,

    /// The authority that signs it.
    #[arg(long, value_name = "NAME", default_value = "issuing")]
    issuer: String,

    /// Make that many: NAME-0001 and so on, with the number in the SPIFFE ID and the common name.
    #[arg(long, value_name = "N")]
    count: Option<u32>,

    #[command(flatten)]
    psd2: Psd2Args,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    moment: Moment,

    /// Print one JSON document.
    #[arg(long, help_heading = OUTPUT)]
    json: bool,
}

const NAMES: &str = "Names in the certificate";

const EXAMPLES: [Example; 4] = [
    (
        "A client whom a policy knows by a SPIFFE ID",
        "countersign pki issue client alice --spiffe spiffe://dev.countersign.example/alice",
    ),
    (
        "A server under two names, for a week",
        "countersign pki issue server api --dns api.test.example --dns localhost --ttl 7d",
    ),
    (
        "A thousand clients, for a load test",
        "countersign pki issue client load --count 1000 --spiffe spiffe://dev.countersign.example/load",
    ),
    (
        "A payment service provider",
        "countersign pki issue qwac tpp --dns tpp.example.com --org-id PSDGB-FCA-123456 --psd2-role PSP_AI",
    ),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Client,
    Server,
    /// A payment service provider's, shaped like a qualified website certificate: for TLS.
    Qwac,
    /// A payment service provider's, shaped like a qualified seal certificate: for messages.
    Qseal,
}

impl Kind {
    fn profile(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Qwac => "qwac",
            Self::Qseal => "qseal",
        }
    }
}

fn key_kind(text: &str) -> Result<KeyKind, String> {
    KeyKind::named(text).ok_or_else(|| {
        let known = KeyKind::ALL.map(KeyKind::as_str).join(", ");
        format!("there are {known}")
    })
}

/// `countersign pki issue`.
pub(super) fn run(args: IssueArgs) -> Result<Exit> {
    let store = held(Store::at(&args.place.dir))?;
    let mut source = Source::read(&store, args.place.file.as_deref())?;
    let store = store.made().map_err(failed)?;
    let (name, moment, json) = (args.name.clone(), args.moment.clone(), args.json);
    let added = source.draft.add(&args.certificate());
    if added.map_err(|error| source.refused(error.clone(), hint(&error)))? {
        source.write(&store)?;
    }
    let plan = moment.plan(source.draft.manifest()).only(&name)?;
    let report = outcome::apply(&store, &plan).map_err(failed)?;
    if json {
        ui::data(outcome::report_json(&store, &report));
    } else {
        let of_entry: Vec<&str> = plan.called(&name)?;
        let entries = report.entries().iter();
        for entry in entries.filter(|entry| of_entry.contains(&entry.name.as_str())) {
            ui::data(entry.path.display());
        }
    }
    outcome::tell(store.dir(), &report);
    Ok(Exit::Done)
}

fn hint(error: &ManifestError) -> &'static str {
    match error {
        ManifestError::Exists { .. } => {
            "choose another name, or change the entry there and run countersign pki apply"
        }
        _ => "see countersign pki issue --help",
    }
}

impl IssueArgs {
    fn certificate(self) -> NewCertificate {
        let nameless = self.cn.is_none()
            && self.spiffe.is_none()
            && self.dns.is_empty()
            && self.ip.is_empty()
            && self.email.is_empty();
        let cn = match nameless && self.kind == Kind::Client {
            true => Some(self.name.clone()),
            false => self.cn,
        };
        let stated = self.psd2.stated(&self.name, cn.as_deref(), &self.dns);
        let (subject, psd2) = stated.unzip();
        let profile = self.kind.profile().to_owned();
        NewCertificate {
            name: self.name,
            profile: self.profile.unwrap_or(profile),
            issuer: self.issuer,
            ttl: self.ttl,
            count: self.count,
            cn: cn.filter(|_| subject.is_none()),
            spiffe: self.spiffe,
            dns: self.dns,
            ip: self.ip,
            email: self.email,
            key: self.key_kind,
            subject,
            psd2,
        }
    }
}

use std::net::IpAddr;

use anyhow::Result;
use clap::{Args, ValueEnum};
use countersign_pki::{ManifestError, NewCertificate, Store};

use super::moment::Moment;
use super::outcome;
use super::source::{Place, Source, failed};
use crate::ui;

/// Add a certificate to the manifest, and make it.
///
/// Adds an entry to the manifest, which is what later runs renew it by, and makes its key and its
/// certificate. The same command again changes nothing. Prints the certificate files.
///
/// Exit codes: 0 done, 1 failed, 2 not understood.
#[derive(Debug, Args)]
pub(crate) struct IssueArgs {
    /// What it is for.
    #[arg(value_enum)]
    profile: Profile,

    /// The name of the entry and of its files: NAME.pem and NAME-key.pem.
    name: String,

    /// The common name [default for a client without any other: NAME].
    #[arg(long, value_name = "TEXT")]
    cn: Option<String>,

    /// The SPIFFE ID.
    #[arg(long, value_name = "ID")]
    spiffe: Option<String>,

    /// A DNS name; may be repeated.
    #[arg(long, value_name = "NAME")]
    dns: Vec<String>,

    /// An IP address; may be repeated.
    #[arg(long, value_name = "ADDRESS")]
    ip: Vec<IpAddr>,

    /// An e-mail address; may be repeated.
    #[arg(long, value_name = "ADDRESS")]
    email: Vec<String>,

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
    place: Place,

    #[command(flatten)]
    moment: Moment,

    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Profile {
    Client,
    Server,
}

/// `countersign pki issue`.
pub(super) fn run(args: IssueArgs) -> Result<()> {
    let store = Store::at(&args.place.dir);
    let mut source = Source::read(&store, args.place.file.as_deref())?;
    let store = Store::open(&args.place.dir).map_err(failed)?;
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
    Ok(())
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
        let is_client = matches!(self.profile, Profile::Client);
        let nameless = self.cn.is_none()
            && self.spiffe.is_none()
            && self.dns.is_empty()
            && self.ip.is_empty()
            && self.email.is_empty();
        let cn = match nameless && is_client {
            true => Some(self.name.clone()),
            false => self.cn,
        };
        NewCertificate {
            name: self.name,
            profile: if is_client { "client" } else { "server" }.to_owned(),
            issuer: self.issuer,
            ttl: self.ttl,
            count: self.count,
            cn,
            spiffe: self.spiffe,
            dns: self.dns,
            ip: self.ip,
            email: self.email,
        }
    }
}

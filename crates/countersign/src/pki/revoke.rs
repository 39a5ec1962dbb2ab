use anyhow::Result;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use countersign_pki::{Revocation, RevocationReason, Revoke, Store};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::outcome;
use super::source::{Place, Source, failed, held};
use crate::cli::OUTPUT;
use crate::epilogue::{Example, USUAL, epilogue};
use crate::exit::Exit;
use crate::moment::Moment;
use crate::ui;

/// Remember that a certificate is no longer good, and say so in the revocation lists.
///
/// Remembers in `revoked.toml` that the certificate in place is no longer good, and makes the revocation
/// lists NAME.crl.pem of its issuer and of the authorities above. The certificate stays where it is, and
/// can be replaced with `renew`. The same command again changes nothing. Prints the lists.
#[derive(Debug, Args)]
#[command(after_long_help = epilogue(&EXAMPLES, &USUAL))]
pub(crate) struct RevokeArgs {
    /// The name of the item, or of a range; with --serial any name to remember it by.
    name: String,

    /// Why.
    #[arg(long, default_value = "unspecified", ignore_case = true, value_parser = reason())]
    reason: RevocationReason,

    /// Revoke the certificate with this serial number, in hexadecimal, instead of the one in place: one
    /// that was renewed since, or that was made with `sign`.
    #[arg(long, value_name = "HEX", value_parser = serial)]
    serial: Option<Serial>,

    /// The authority that issued it, for --serial [default: that of the item, or else issuing].
    #[arg(long, value_name = "NAME", requires = "serial")]
    issuer: Option<String>,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    moment: Moment,

    /// Print one JSON document.
    #[arg(long, help_heading = OUTPUT)]
    json: bool,
}

const EXAMPLES: [Example; 2] = [
    (
        "The certificate in place",
        "countersign pki revoke billing --reason keyCompromise",
    ),
    (
        "One that was renewed since, by its serial number",
        "countersign pki revoke billing --serial 3f:a1:07",
    ),
];

/// As clap takes a `Vec` for something that is repeated.
#[derive(Clone, Debug)]
struct Serial(Vec<u8>);

/// `countersign pki revoke`.
pub(super) fn run(args: RevokeArgs) -> Result<Exit> {
    let store = held(Store::at(&args.place.dir))?;
    let source = Source::read(&store, args.place.file.as_deref())?;
    let plan = args.moment.plan(source.draft.manifest());
    let of_item = plan.issuer_of(&args.name);
    let issuer = args.issuer.as_deref().or(of_item).unwrap_or("issuing");
    let what = match &args.serial {
        None => Revoke::InPlace(&args.name),
        Some(Serial(serial)) => Revoke::Serial {
            name: &args.name,
            issuer,
            serial,
        },
    };
    let (revoked, report) = store.revoke(&plan, what, args.reason).map_err(failed)?;
    if args.json {
        let revoked: Value = revoked.iter().map(document).collect();
        let lists = outcome::lists_json(report.lists());
        ui::data(json!({ "revoked": revoked, "lists": lists }));
    } else {
        for list in report.lists() {
            ui::data(list.path.display());
        }
    }
    revoked.iter().for_each(|it| tell(it, plan.now()));
    if report.lists().is_empty() {
        ui::note("the revocation lists are unchanged");
    }
    Ok(Exit::Done)
}

fn tell(revocation: &Revocation, now: Timestamp) {
    let Revocation {
        name, reason, at, ..
    } = revocation;
    let serial = HEXLOWER.encode(&revocation.serial);
    match at.as_second() == now.as_second() {
        true => ui::note(format!("revoked `{name}`, serial {serial} ({reason})")),
        false => ui::note(format!(
            "`{name}`, serial {serial}, is revoked since {at} ({reason})"
        )),
    }
}

fn document(revocation: &Revocation) -> Value {
    json!({
        "name": revocation.name,
        "issuer": revocation.issuer,
        "serial": HEXLOWER.encode(&revocation.serial),
        "reason": revocation.reason.as_str(),
        "at": revocation.at.to_string(),
    })
}

fn reason() -> impl TypedValueParser<Value = RevocationReason> {
    let names = RevocationReason::ALL.map(RevocationReason::as_str);
    PossibleValuesParser::new(names).try_map(|name| {
        RevocationReason::named(&name).ok_or_else(|| format!("`{name}` is no reason"))
    })
}

/// As OpenSSL prints it, with or without colons, or as this program does.
fn serial(text: &str) -> Result<Serial, &'static str> {
    let digits = text.replace(':', "");
    let even = match digits.len() % 2 {
        0 => digits,
        _ => format!("0{digits}"),
    };
    let bytes = HEXLOWER_PERMISSIVE.decode(even.as_bytes()).ok();
    let bytes = bytes.filter(|bytes| !bytes.is_empty());
    bytes
        .map(Serial)
        .ok_or("write it in hexadecimal, as openssl x509 -serial does")
}

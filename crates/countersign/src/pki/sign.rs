use std::io::{self, Read};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::{Args, ValueEnum};
use countersign_pki::{Authority, Certified, Csr, Lifetime, Name, Plan, Request, Store};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::source::{Place, Source, failed};
use crate::cli::OUTPUT;
use crate::epilogue::{Example, USUAL, epilogue};
use crate::exit::Exit;
use crate::failure::{Hint, hinted};
use crate::moment::Now;
use crate::new_file::{self, Readers};
use crate::{input, ui};

/// Sign somebody else's certificate signing request.
///
/// Signs a request (PKCS#10) that somebody else made with a key of theirs. The names are those that are
/// given here, or with --san-from-csr those that are asked for; whatever else is asked for is left out:
/// the extensions are ours. Prints the chain, the leaf first. Nothing is kept of it but the serial
/// number that is told, by which `revoke --serial` revokes it.
#[derive(Debug, Args)]
#[command(after_long_help = epilogue(&EXAMPLES, &USUAL))]
pub(crate) struct SignArgs {
    /// The request, in PEM or binary; - is standard input.
    csr: PathBuf,

    /// What the certificate is for.
    #[arg(long, value_enum)]
    profile: Profile,

    /// Take the common name and the other names from the request.
    #[arg(long, help_heading = NAMES, conflicts_with_all = ["cn", "dns", "ip", "uri", "email"])]
    san_from_csr: bool,

    /// The common name.
    #[arg(long, value_name = "TEXT", help_heading = NAMES)]
    cn: Option<String>,

    /// A DNS name; may be repeated.
    #[arg(long, value_name = "NAME", help_heading = NAMES)]
    dns: Vec<String>,

    /// An IP address; may be repeated.
    #[arg(long, value_name = "ADDRESS", help_heading = NAMES)]
    ip: Vec<IpAddr>,

    /// A URI, such as a SPIFFE ID; may be repeated.
    #[arg(long, value_name = "URI", help_heading = NAMES)]
    uri: Vec<String>,

    /// An e-mail address; may be repeated.
    #[arg(long, value_name = "ADDRESS", help_heading = NAMES)]
    email: Vec<String>,

    /// How long it lives, such as 90m, 12h or 30d; never beyond its issuer.
    #[arg(long, value_name = "LIFETIME", value_parser = Lifetime::parse, default_value = "30d")]
    ttl: Lifetime,

    /// The authority that signs it.
    #[arg(long, value_name = "NAME", default_value = "issuing")]
    issuer: String,

    /// Write the chain to this file, which must not be there yet, instead of printing it.
    #[arg(short, long, value_name = "FILE", help_heading = OUTPUT)]
    out: Option<PathBuf>,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    now: Now,

    /// Print one JSON document, with the chain or the file that it was written to.
    #[arg(long, help_heading = OUTPUT)]
    json: bool,
}

const NAMES: &str = "Names in the certificate";

const EXAMPLES: [Example; 2] = [
    (
        "A client's, with the names that it asks for",
        "countersign pki sign alice.csr --profile client --san-from-csr",
    ),
    (
        "A server's, with a name of ours, into a file",
        "countersign pki sign api.csr --profile server --dns api.test.example --out api.pem",
    ),
];

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Profile {
    Client,
    Server,
}

/// `countersign pki sign`.
pub(super) fn run(args: SignArgs) -> Result<Exit> {
    let csr = read(&args.csr)?;
    check(&args, &csr)?;
    let store = Store::at(&args.place.dir);
    let source = Source::read(&store, args.place.file.as_deref())?;
    let now = args.now.get();
    let plan = Plan::new(source.draft.manifest(), now);
    let authority = store.authority(&plan, &args.issuer).map_err(failed)?;
    let signed = request(&args, &authority, &csr, now).sign(&csr);
    let signed = signed
        .with_context(|| format!("cannot sign `{}`", args.csr.display()))
        .hint("have the authority renewed: countersign pki apply")?;
    put(&args, &signed)?;
    ui::note(format!(
        "signed by `{}`, serial {}, valid until {}",
        args.issuer,
        HEXLOWER.encode(&signed.serial()),
        signed.not_after()
    ));
    Ok(Exit::Done)
}

fn read(path: &Path) -> Result<Csr> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        let read = io::stdin().read_to_end(&mut bytes);
        read.context("cannot read standard input")?;
    } else {
        bytes = input::bytes(
            path,
            "name a request that is there; openssl req -new makes one",
        )?;
    }
    let shown = path.display();
    let csr = match str::from_utf8(&bytes) {
        Ok(text) => Csr::from_pem(text),
        Err(_) => Csr::from_der(&bytes),
    };
    csr.with_context(|| format!("`{shown}`"))
        .hint("have the holder of the key make another request, as openssl req -new does")
}

/// Whether there are names, and all of them can stand in a certificate.
fn check(args: &SignArgs, csr: &Csr) -> Result<()> {
    let given = args.names();
    if let Some(refused) = refused(&given, args.cn.as_deref()) {
        return Err(hinted(refused, "see countersign pki sign --help"));
    }
    let (names, cn) = match args.san_from_csr {
        true => (csr.names(), csr.common_name()),
        false => (given.as_slice(), args.cn.as_deref()),
    };
    let is_host = |name: &Name| matches!(name, Name::Dns(_) | Name::Ip(_));
    let (enough, wanted) = match args.profile {
        Profile::Server => (names.iter().any(is_host), "a DNS name or an address"),
        Profile::Client => (cn.is_some() || !names.is_empty(), "a name"),
    };
    if enough {
        return Ok(());
    }
    let error = match args.san_from_csr {
        true => anyhow!("`{}` does not ask for {wanted}", args.csr.display()),
        false => anyhow!("the certificate would not have {wanted}"),
    };
    Err(error).hint(
        "give names with --dns, --ip, --uri or --email, or take those of the request with --san-from-csr",
    )
}

/// The first name that cannot stand in a certificate.
fn refused(names: &[Name], cn: Option<&str>) -> Option<anyhow::Error> {
    let names = names.iter().map(|name| (name.to_string(), name.flaw()));
    let cn = cn.map(|cn| {
        let shown = format!("cn:{}", cn.escape_debug());
        (shown, Name::common_name_flaw(cn))
    });
    let mut flaws = names.chain(cn);
    flaws.find_map(|(name, flaw)| Some(anyhow!("`{name}` is refused: {}", flaw?)))
}

fn request<'a>(
    args: &SignArgs,
    authority: &'a Authority,
    csr: &Csr,
    now: Timestamp,
) -> Request<'a> {
    let request = match args.profile {
        Profile::Client => authority.client(now),
        Profile::Server => authority.server(now),
    };
    let request = request.lasting(args.ttl);
    if args.san_from_csr {
        return request.names_of(csr);
    }
    let names = args.names().into_iter();
    let request = names.fold(request, Request::name);
    args.cn.iter().fold(request, Request::common_name)
}

fn put(args: &SignArgs, signed: &Certified) -> Result<()> {
    let text = signed.chain_pem();
    if let Some(path) = &args.out {
        new_file::create(path, text.as_bytes(), Readers::All)?;
    }
    if args.json {
        ui::data(document(args, signed));
    } else if args.out.is_none() {
        ui::bytes(text.as_bytes());
    }
    Ok(())
}

fn document(args: &SignArgs, signed: &Certified) -> Value {
    json!({
        "issuer": args.issuer,
        "serial": HEXLOWER.encode(&signed.serial()),
        "not_after": signed.not_after().to_string(),
        "path": args.out,
        "chain": args.out.is_none().then(|| signed.chain_pem()),
    })
}

impl SignArgs {
    fn names(&self) -> Vec<Name> {
        let dns = self.dns.iter().cloned().map(Name::Dns);
        let ip = self.ip.iter().copied().map(Name::Ip);
        let uri = self.uri.iter().cloned().map(Name::Uri);
        let email = self.email.iter().cloned().map(Name::Email);
        dns.chain(ip).chain(uri).chain(email).collect()
    }
}

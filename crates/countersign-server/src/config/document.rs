//! The configuration document: TOML in, [`Config`] out.

mod front;
mod oauth;

use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use countersign_axum::{Dialect, Element, Unbelieved};
use countersign_identity::{NamePattern, NameRules, Pin, Scheme, Thumbprint};
use countersign_tls::{BlockList, ClientCertificate, ClientPurpose, Revocation, RevocationReach};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use http::HeaderName;
use jiff::SignedDuration;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use toml::Spanned;

use self::front::{RouteEntry, UpstreamEntry};
use self::oauth::OAuthEntry;
use super::{
    AuditTarget, Config, ConfigError, FetchConfig, GatewayConfig, Hints, ListSource, TrustConfig,
    Vouchers,
};
use crate::Addresses;

pub(super) fn read(path: &Path, text: &str) -> Result<Config, ConfigError> {
    let reader = Reader { path, text };
    let document: Document = toml::from_str(text)
        .map_err(|error| reader.refused(error.span().unwrap_or_default(), error.message()))?;
    reader.config(document)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    listen: SocketAddr,
    admin: SocketAddr,
    #[serde(default)]
    health: Option<SocketAddr>,
    #[serde(default)]
    audit: Option<PathBuf>,
    #[serde(default)]
    audit_before_answer: bool,
    policy: PathBuf,
    #[serde(default)]
    client_certificate: Option<Word>,
    #[serde(default)]
    open_banking: Option<Spanned<bool>>,
    #[serde(default)]
    storage: Option<Word>,
    credential: CredentialEntry,
    #[serde(default)]
    fetch: FetchEntry,
    #[serde(default)]
    identity_headers: Option<Word>,
    #[serde(default)]
    gateways: Vec<Spanned<GatewayEntry>>,
    trusts: Vec<Spanned<TrustEntry>>,
    #[serde(default)]
    routes: Vec<Spanned<RouteEntry>>,
    #[serde(default)]
    upstream: Option<Spanned<UpstreamEntry>>,
    #[serde(default)]
    oauth: Option<Spanned<OAuthEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CredentialEntry {
    chain: PathBuf,
    key: PathBuf,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FetchEntry {
    #[serde(default)]
    folder: Option<PathBuf>,
    #[serde(default)]
    every: Option<Word>,
    #[serde(default)]
    anchors: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GatewayEntry {
    principal: Word,
    says: Word,
    #[serde(default)]
    header: Option<Word>,
    #[serde(default)]
    element: Option<Word>,
    trusts: Vec<Word>,
    #[serde(default)]
    intermediates: Option<PathBuf>,
    #[serde(default)]
    i_know_that_nothing_is_verified: bool,
}

/// A text with its place.
type Word = Spanned<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustEntry {
    name: Word,
    #[serde(default)]
    anchors: Option<PathBuf>,
    #[serde(default)]
    scheme: Option<Word>,
    #[serde(default)]
    names: Option<Vec<Word>>,
    #[serde(default)]
    pins: Option<Vec<Word>>,
    #[serde(default)]
    pinned: Option<PathBuf>,
    #[serde(default)]
    crls: Vec<PathBuf>,
    #[serde(default)]
    crl_urls: Vec<Word>,
    #[serde(default)]
    revocation: Option<Word>,
    #[serde(default)]
    revocation_of: Option<Word>,
    #[serde(default)]
    blocked: BlockedEntry,
    #[serde(default)]
    hints: Option<Word>,
    #[serde(default)]
    hints_from: Option<PathBuf>,
    #[serde(default)]
    max_intermediates: Option<u8>,
    #[serde(default)]
    keys: Option<Vec<Word>>,
    #[serde(default)]
    signatures: Option<Vec<Word>>,
    #[serde(default)]
    client_purpose: Option<Word>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct BlockedEntry {
    #[serde(default)]
    pins: Vec<Word>,
    #[serde(default)]
    thumbprints: Vec<Word>,
    #[serde(default)]
    serials: Vec<Word>,
}

impl TrustEntry {
    fn has_lists(&self) -> bool {
        !self.crls.is_empty() || !self.crl_urls.is_empty()
    }
}

const HOUR: Duration = Duration::from_secs(3600);
const SHORTEST: Duration = Duration::from_secs(60);

/// Turns entries into values, and knows the text for the place of an error.
struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
}

type Outcome<T> = Result<T, ConfigError>;

impl Reader<'_> {
    fn config(&self, document: Document) -> Outcome<Config> {
        let fetch = self.fetch(&document.fetch)?;
        let trusts = document.trusts.iter();
        let trusts = trusts.map(|trust| self.trust(trust, &fetch));
        Ok(Config {
            file: self.path.to_owned(),
            addresses: Addresses {
                health: document.health,
                ..Addresses::new(document.listen, document.admin)
            },
            chain: self.file(&document.credential.chain),
            key: self.file(&document.credential.key),
            client_certificate: self.choice(
                document.client_certificate.as_ref(),
                &[
                    ("required", ClientCertificate::Required),
                    ("requested", ClientCertificate::Requested),
                    ("refused-over-http", ClientCertificate::RefusedOverHttp),
                ],
            )?,
            trusts: trusts.collect::<Result<_, _>>()?,
            policy: self.file(&document.policy),
            front: self.front(&document.routes, document.upstream.as_ref())?,
            open_banking: self.open_banking(&document)?,
            storage: document.storage.as_ref().map(|word| self.storage(word)),
            oauth: self.oauth(&document)?,
            fetch,
            identity_headers: self.choice(
                document.identity_headers.as_ref(),
                &[("strip", Unbelieved::Strip), ("refuse", Unbelieved::Refuse)],
            )?,
            gateways: self.gateways(&document)?,
            audit: match document.audit {
                Some(path) => AuditTarget::File(self.file(&path)),
                None => AuditTarget::Stdout,
            },
            audit_before_answer: document.audit_before_answer,
        })
    }

    /// A gateway has the routes that it is given, and no other.
    fn open_banking(&self, document: &Document) -> Outcome<bool> {
        match &document.open_banking {
            Some(switch) if *switch.get_ref() && !document.routes.is_empty() => {
                let wanted =
                    "a gateway keeps no accounts: wanted `open_banking` or `routes`, not both";
                Err(self.refused(switch.span(), wanted))
            }
            switch => Ok(switch.as_ref().is_some_and(|switch| *switch.get_ref())),
        }
    }

    fn gateways(&self, document: &Document) -> Outcome<Vec<GatewayConfig>> {
        let mut gateways: Vec<GatewayConfig> = Vec::new();
        for spanned in &document.gateways {
            let entry = spanned.get_ref();
            let gateway = self.gateway(spanned, &document.trusts)?;
            if gateways
                .iter()
                .any(|other| other.principal == gateway.principal)
            {
                let message = format!("`{}` is a gateway already", gateway.principal);
                return Err(self.refused(entry.principal.span(), message));
            }
            gateways.push(gateway);
        }
        // The chain that would be passed on is not that of the caller.
        match (document.gateways.first(), document.routes.is_empty()) {
            (Some(gateway), false) => Err(self.refused(
                gateway.span(),
                "a gateway believes none before it: wanted `gateways` or `routes`, not both",
            )),
            _ => Ok(gateways),
        }
    }

    fn gateway(
        &self,
        spanned: &Spanned<GatewayEntry>,
        known: &[Spanned<TrustEntry>],
    ) -> Outcome<GatewayConfig> {
        let entry = spanned.get_ref();
        for word in &entry.trusts {
            let mut known = known.iter().map(|trust| trust.get_ref().name.get_ref());
            if !known.any(|name| name == word.get_ref()) {
                let message = format!("there is no trust `{}`", word.get_ref());
                return Err(self.refused(word.span(), message));
            }
        }
        let trusts = self.parse_all(Some(&entry.trusts))?.unwrap_or_default();
        if trusts.is_empty() {
            return Err(self.refused(spanned.span(), "wanted the trusts of its clients"));
        }
        Ok(GatewayConfig {
            principal: self.parse(&entry.principal)?,
            dialect: self.dialect(entry, trusts.len())?,
            trusts,
            intermediates: entry.intermediates.as_ref().map(|path| self.file(path)),
        })
    }

    fn dialect(&self, entry: &GatewayEntry, trusts: usize) -> Outcome<Dialect> {
        let says = &entry.says;
        let element = self.choice(
            entry.element.as_ref(),
            &[("only", Element::Only), ("last", Element::Last)],
        )?;
        let fixed = entry.header.is_none();
        let header = || self.header(entry);
        let weak = entry.i_know_that_nothing_is_verified && trusts == 1;
        match says.get_ref().as_str() {
            "xfcc" if fixed => return Ok(Dialect::Xfcc(element)),
            _ if entry.element.is_some() => {}
            "client-cert" if fixed => return Ok(Dialect::ClientCert),
            "escaped-pem" => return header().map(Dialect::EscapedPem),
            "folded-pem" => return header().map(Dialect::FoldedPem),
            "encoded-der" => return header().map(Dialect::EncodedDer),
            "unverified-subject" if weak => return header().map(Dialect::UnverifiedSubject),
            "unverified-subject" => {
                let wanted = "wanted `i_know_that_nothing_is_verified = true` and one trust";
                return Err(self.refused(says.span(), wanted));
            }
            _ => {}
        }
        let wanted = "wanted `client-cert`; `xfcc`, perhaps with `element`; or, with `header`, `escaped-pem`, \
                      `folded-pem`, `encoded-der` or `unverified-subject`";
        Err(self.refused(says.span(), wanted))
    }

    fn header(&self, entry: &GatewayEntry) -> Outcome<HeaderName> {
        match &entry.header {
            Some(word) => self.parse(word),
            None => Err(self.refused(entry.says.span(), "wanted the `header` beside it")),
        }
    }

    fn trust(&self, spanned: &Spanned<TrustEntry>, fetch: &FetchConfig) -> Outcome<TrustConfig> {
        let entry = spanned.get_ref();
        let urls = entry.crl_urls.iter();
        let fetched = urls.map(|url| self.list_source(url, fetch));
        Ok(TrustConfig {
            name: self.parse(&entry.name)?,
            vouchers: self.vouchers(spanned)?,
            lists: entry.crls.iter().map(|path| self.file(path)).collect(),
            fetched: fetched.collect::<Result<_, _>>()?,
            revocation: self.revocation(entry)?,
            reach: self.choice(
                entry.revocation_of.as_ref(),
                &[
                    ("chain", RevocationReach::Chain),
                    ("leaf", RevocationReach::Leaf),
                ],
            )?,
            block_list: self.block_list(&entry.blocked)?,
            hints: self.hints(entry)?,
            max_intermediates: entry.max_intermediates,
            keys: self.parse_all(entry.keys.as_deref())?,
            signatures: self.parse_all(entry.signatures.as_deref())?,
            client_purpose: self.choice(
                entry.client_purpose.as_ref(),
                &[
                    ("not-excluded", ClientPurpose::NotExcluded),
                    ("listed", ClientPurpose::Listed),
                ],
            )?,
        })
    }

    fn fetch(&self, entry: &FetchEntry) -> Outcome<FetchConfig> {
        let every = entry.every.as_ref().map(|word| {
            let every = word.get_ref().parse::<SignedDuration>().ok();
            let every = every.and_then(|every| Duration::try_from(every).ok());
            every
                .filter(|every| *every >= SHORTEST)
                .ok_or_else(|| self.refused(word.span(), "wanted a time of 1m or more, as `1h`"))
        });
        let folder = entry.folder.as_deref();
        Ok(FetchConfig {
            folder: self.file(folder.unwrap_or_else(|| Path::new("fetched"))),
            every: every.transpose()?.unwrap_or(HOUR),
            anchors: entry.anchors.as_ref().map(|path| self.file(path)),
        })
    }

    /// The file is named after the address, so that another address is another file.
    fn list_source(&self, word: &Word, fetch: &FetchConfig) -> Outcome<ListSource> {
        let url = word.get_ref();
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(self.refused(word.span(), format!("`{url}` is no http or https URL")));
        }
        let digest = HEXLOWER.encode(&Sha256::digest(url.as_bytes()));
        Ok(ListSource {
            url: url.clone(),
            file: fetch.folder.join(format!("{digest}.crl")),
        })
    }

    fn vouchers(&self, spanned: &Spanned<TrustEntry>) -> Outcome<Vouchers> {
        let entry = spanned.get_ref();
        let pins = self.parse_all::<Pin>(entry.pins.as_deref())?;
        let by_pin = pins.is_some() || entry.pinned.is_some();
        match (&entry.anchors, &entry.scheme, &entry.names, by_pin) {
            (Some(path), Some(scheme), Some(names), false) => {
                let scheme: Scheme = self.parse(scheme)?;
                let names = self.parse_all::<NamePattern>(Some(names))?;
                Ok(Vouchers::Anchors {
                    path: self.file(path),
                    names: NameRules::new(scheme, names.unwrap_or_default()),
                })
            }
            (None, None, None, true) if !entry.has_lists() => Ok(Vouchers::Pins {
                pins: pins.unwrap_or_default(),
                certificates: entry.pinned.as_ref().map(|path| self.file(path)),
            }),
            _ => Err(self.refused(
                spanned.span(),
                "wanted `anchors`, `scheme` and `names`, or else `pins`, `pinned` or both, and no `crls`",
            )),
        }
    }

    /// Without a word, lists are asked. That there are none is for the operator to say.
    fn revocation(&self, entry: &TrustEntry) -> Outcome<Revocation> {
        let Some(word) = &entry.revocation else {
            return match !entry.has_lists() && entry.anchors.is_some() {
                true => Err(self.refused(
                    entry.name.span(),
                    "nobody of this trust could be revoked: wanted `crls`, or `revocation = \"off\"`",
                )),
                false if entry.anchors.is_none() => Ok(Revocation::Off),
                false => Ok(Revocation::RequireFresh),
            };
        };
        let text = word.get_ref().as_str();
        match text {
            "require-fresh" => return Ok(Revocation::RequireFresh),
            "off" => return Ok(Revocation::Off),
            _ => {}
        }
        let limit = text.strip_prefix("allow-stale ");
        let limit = limit.and_then(|limit| limit.parse::<SignedDuration>().ok());
        match limit.filter(SignedDuration::is_positive) {
            Some(limit) => Ok(Revocation::AllowStale { limit }),
            None => Err(self.refused(
                word.span(),
                format!("`{text}` is none of `require-fresh`, `allow-stale 24h`, `off`"),
            )),
        }
    }

    fn hints(&self, entry: &TrustEntry) -> Outcome<Hints> {
        match (&entry.hints, &entry.hints_from) {
            (Some(word), Some(_)) => Err(self.refused(
                word.span(),
                "either `hints` or `hints_from` says which names are told",
            )),
            (None, Some(path)) => Ok(Hints::File(self.file(path))),
            (word, None) => self.choice(
                word.as_ref(),
                &[("all", Hints::Anchors), ("none", Hints::None)],
            ),
        }
    }

    fn block_list(&self, entry: &BlockedEntry) -> Outcome<BlockList> {
        let mut list = BlockList::default();
        for pin in &entry.pins {
            list = list.pin(self.parse(pin)?);
        }
        for thumbprint in &entry.thumbprints {
            list = list.thumbprint(self.thumbprint(thumbprint)?);
        }
        for serial in &entry.serials {
            let added = list.serial(serial.get_ref());
            list = added.map_err(|error| self.refused(serial.span(), error))?;
        }
        Ok(list)
    }

    /// Base64url, or hex as openssl prints it.
    fn thumbprint(&self, word: &Word) -> Outcome<Thumbprint> {
        let digits: String = word.get_ref().chars().filter(|c| *c != ':').collect();
        let digest = HEXLOWER_PERMISSIVE.decode(digits.as_bytes());
        let digest = digest.map(|digest| BASE64URL_NOPAD.encode(&digest));
        let read = digest.ok().and_then(|digest| digest.parse().ok());
        read.map_or_else(|| self.parse(word), Ok)
    }

    /// Paths are relative to the folder of the document.
    fn file(&self, path: &Path) -> PathBuf {
        let folder = self.path.parent();
        folder.unwrap_or_else(|| Path::new("")).join(path)
    }

    fn parse<T: FromStr<Err: Display>>(&self, word: &Word) -> Outcome<T> {
        let parsed = word.get_ref().parse::<T>();
        parsed.map_err(|error| self.refused(word.span(), error))
    }

    fn parse_all<T: FromStr<Err: Display>>(
        &self,
        words: Option<&[Word]>,
    ) -> Outcome<Option<Vec<T>>> {
        let parse = |words: &[Word]| words.iter().map(|word| self.parse(word)).collect();
        words.map(parse).transpose()
    }

    /// Without a word, the default.
    fn choice<T: Clone + Default>(&self, word: Option<&Word>, choices: &[(&str, T)]) -> Outcome<T> {
        let Some(word) = word else {
            return Ok(T::default());
        };
        let found = choices.iter().find(|(name, _)| name == word.get_ref());
        found.map(|(_, value)| value.clone()).ok_or_else(|| {
            let names: Vec<_> = choices
                .iter()
                .map(|(name, _)| format!("`{name}`"))
                .collect();
            let (word_text, names) = (word.get_ref(), names.join(", "));
            self.refused(word.span(), format!("`{word_text}` is none of {names}"))
        })
    }

    fn refused(&self, at: Range<usize>, message: impl Display) -> ConfigError {
        let before = self.text.get(..at.start).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        ConfigError::Document {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
            message: message.to_string(),
        }
    }
}

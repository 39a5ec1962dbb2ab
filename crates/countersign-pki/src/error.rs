//! What can go wrong, for whoever has to put it right: the manifest's author, the caller, the operator.

mod store;

use jiff::Timestamp;

pub use self::store::StoreError;
use crate::key::KeyKind;
use crate::subject::Attribute;

/// Why a manifest was refused, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The text is not TOML, or not the TOML of a manifest: an unknown key, a number for a text.
    #[error("line {line}, column {column}: {reason}")]
    Syntax {
        /// Line of the mistake, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What was found and what was wanted.
        reason: String,
    },
    /// Every key is known, but what it says cannot be.
    #[error("line {line}, column {column}: {}{flaw}", prefix(item.as_deref()))]
    Flawed {
        /// Line of the mistake, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// The entry in which it stands, unless what is wrong names it: ``certificate `billing` ``.
        item: Option<String>,
        /// What is wrong.
        flaw: Flaw,
    },
    /// A name given to [`Manifest::with_server_names`](crate::Manifest::with_server_names) is not one.
    #[error("cannot add {name} to the servers: {reason}")]
    ServerName {
        /// The name as given.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A certificate that was to be added cannot be.
    #[error("cannot add `{name}`: {flaw}")]
    NotAdded {
        /// The certificate.
        name: String,
        /// What is wrong.
        flaw: Flaw,
    },
    /// A certificate that was to be added is there already, and says something else.
    #[error("`{name}` is in the manifest already, and is not what is asked for")]
    Exists {
        /// The certificate.
        name: String,
    },
    /// Names were to be added to the server certificates, and there is none.
    #[error("cannot add {name}: no certificate has the profile `server`")]
    NoServer {
        /// The first name that found no place.
        name: String,
    },
}

fn prefix(item: Option<&str>) -> String {
    item.map_or_else(String::new, |item| format!("{item}: "))
}

/// What is wrong with an entry of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// The manifest is written for another version of this tool.
    #[error("version {found} is not known; this is version 1")]
    Version {
        /// The version that the manifest states.
        found: u64,
    },
    /// The name of an item cannot be the name of its files.
    #[error("item name `{name}`: {reason}")]
    ItemName {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Two items would have the same files.
    #[error("`{name}` is taken already; a certificate needs a name of its own")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// An item is to be issued by something that is no authority of this manifest.
    #[error("`{item}` is to be issued by `{issuer}`, which is no authority here; there is {known}")]
    UnknownIssuer {
        /// The item.
        item: String,
        /// The issuer that it asks for.
        issuer: String,
        /// The authorities that there are.
        known: String,
    },
    /// Following the issuers from this authority never reaches a root.
    #[error("the issuers of `{item}` form a circle")]
    Circle {
        /// An authority that waits for the circle.
        item: String,
    },
    /// An authority claims a path length that its issuer does not allow.
    #[error("`{item}` has path length {length}, but `{issuer}`, with {limit}, allows {allowed}")]
    PathLength {
        /// The authority.
        item: String,
        /// The path length that it asks for.
        length: u8,
        /// Its issuer.
        issuer: String,
        /// The path length of the issuer.
        limit: u8,
        /// What the issuer leaves.
        allowed: String,
    },
    /// No such profile.
    #[error("profile `{profile}` is not known; there are {known}")]
    UnknownProfile {
        /// The profile.
        profile: String,
        /// The profiles that there are.
        known: String,
    },
    /// A profile of one's own that does not say what it rests on.
    #[error(
        "profile `{profile}` extends nothing; write `extends = \"server\"`, `\"client\"`, `\"qwac\"` or `\"qseal\"`"
    )]
    ProfileAlone {
        /// The profile.
        profile: String,
    },
    /// A profile that rests on one that is none of the four that there are from the start.
    #[error(
        "profile `{profile}` extends `{extends}`; only `server`, `client`, `qwac` and `qseal` can be extended"
    )]
    ProfileExtends {
        /// The profile.
        profile: String,
        /// What it says that it extends.
        extends: String,
    },
    /// A word that is none of those that may stand there.
    #[error("{what} `{word}` is not known; there are {known}")]
    UnknownWord {
        /// What it should be: `key`, `key usage`, `purpose`, `attribute`, `role`.
        what: &'static str,
        /// The word as written, control characters escaped.
        word: String,
        /// The words that there are.
        known: String,
    },
    /// A leaf that would sign certificates.
    #[error("key usage `keyCertSign` is for authorities")]
    LeafSigns,
    /// An authority that would not.
    #[error("an authority has `keyCertSign` in its key usage")]
    AuthorityCannotSign,
    /// An authority without a common name, by which it is told of.
    #[error("authority `{item}` has no common name; give its subject a `cn`")]
    AuthorityWithoutName {
        /// The authority.
        item: String,
    },
    /// Two places state the common name.
    #[error("`cn` is in the subject already")]
    CommonNameTwice,
    /// A root is revoked by nobody.
    #[error("`{item}` is a root, which nobody can revoke")]
    RootRevoked {
        /// The root.
        item: String,
    },
    /// A moment that is none.
    #[error("moment `{text}`: {reason}")]
    Moment {
        /// The moment as written.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A payment service provider's certificate that does not say enough, or contradicts itself.
    #[error("certificate `{item}` cannot state what PSD2 wants: {reason}")]
    Psd2 {
        /// The certificate.
        item: String,
        /// What is missing, or does not fit.
        reason: String,
    },
    /// A fixture that is made from something else than a certificate.
    #[error("fixture `{item}` is made from `{from}`, which is no certificate here")]
    UnknownOriginal {
        /// The fixture.
        item: String,
        /// What it is to be made from.
        from: String,
    },
    /// Two fixtures would have the same files.
    #[error("`{name}` is taken already; a fixture needs a name of its own")]
    FixtureTaken {
        /// The name.
        name: String,
    },
    /// A fixture that changes what cannot be, or what contradicts itself.
    #[error("fixture `{item}` cannot be changed so: {reason}")]
    Mutation {
        /// The fixture.
        item: String,
        /// Why not.
        reason: &'static str,
    },
    /// A fixture that does not say enough of its verdict.
    #[error("fixture `{item}` needs {wanted} in `expect`")]
    Expectation {
        /// The fixture.
        item: String,
        /// What is missing.
        wanted: &'static str,
    },
    /// A verdict that is none.
    #[error("outcome `{text}`: write `accept`, `http 403`, `alert 45`, `not loaded` or `-`")]
    Outcome {
        /// The verdict as written.
        text: String,
    },
    /// Hexadecimal digits, or numbers and dots, that are none.
    #[error("{what} `{text}`: {reason}")]
    Digits {
        /// What it should be.
        what: &'static str,
        /// The text as written.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A national authority that is not told by two texts.
    #[error("`nca` is two texts: `[\"GB-FCA\", \"Financial Conduct Authority\"]`")]
    Nca,
    /// The part of a lifetime within which to renew is none.
    #[error("renew_within `{text}`: {reason}")]
    RenewWithin {
        /// The part as written.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A range of no certificates, or of too many.
    #[error("count {count}: from 1 to {most}")]
    Count {
        /// The number as written.
        count: u64,
        /// How many there may be.
        most: u32,
    },
    /// A range whose certificates would all have one name.
    #[error("certificate `{item}` has a count, so it needs `spiffe` or `cn` to carry the number")]
    CountWithoutName {
        /// The certificate.
        item: String,
    },
    /// A lifetime that is none.
    #[error("lifetime `{text}`: {reason}")]
    Lifetime {
        /// The lifetime as written.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A name that no certificate should carry.
    #[error("`{name}`: {reason}")]
    Name {
        /// The name, control characters escaped.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The same name twice in one certificate.
    #[error("{name} is given twice")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A certificate that would identify nobody.
    #[error(
        "certificate `{item}` has no name; give it `spiffe`, `dns`, `ip`, `uri`, `email` or `cn`"
    )]
    NoName {
        /// The certificate.
        item: String,
    },
}

impl Flaw {
    /// Whether it says itself in which entry it is.
    pub(crate) fn names_its_entry(&self) -> bool {
        !matches!(
            self,
            Self::UnknownProfile { .. }
                | Self::UnknownWord { .. }
                | Self::LeafSigns
                | Self::AuthorityCannotSign
                | Self::CommonNameTwice
                | Self::Moment { .. }
                | Self::Nca
                | Self::Count { .. }
                | Self::Lifetime { .. }
                | Self::Name { .. }
                | Self::DuplicateName { .. }
                | Self::Outcome { .. }
                | Self::Digits { .. }
        )
    }
}

/// Why a certificate could not be issued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The certificate would end before it starts.
    #[error("a certificate cannot be valid from {from} until {until}")]
    ValidityEmpty {
        /// The start that was asked for.
        from: Timestamp,
        /// The end that was asked for.
        until: Timestamp,
    },
    /// X.509 writes the years 1950 to 9999.
    #[error("{from} to {until} does not lie between the years 1950 and 9999")]
    ValidityOutOfRange {
        /// The start that was asked for.
        from: Timestamp,
        /// The end that was asked for.
        until: Timestamp,
    },
    /// Nothing that starts now can end before its issuer does.
    #[error(
        "authority `{issuer}` can issue nothing now: it is valid from {not_before} until {not_after}"
    )]
    IssuerNotValid {
        /// Common name of the issuer.
        issuer: String,
        /// When the issuer starts.
        not_before: Timestamp,
        /// When the issuer ends.
        not_after: Timestamp,
    },
    /// The issuer's path length leaves no room for another authority.
    #[error("authority `{issuer}` may not issue an authority with path length {length}")]
    PathLength {
        /// Common name of the issuer.
        issuer: String,
        /// The path length that was asked for.
        length: u8,
    },
    /// Subject alternative names are ASCII; write internationalised names in their ASCII form.
    #[error("{name} cannot be written in a certificate: it is not ASCII")]
    NameNotAscii {
        /// The name.
        name: String,
    },
    /// The name of an item that is not in this PKI.
    #[error("no {wanted} is called `{name}`; there is {known}")]
    UnknownItem {
        /// `authority` or `certificate`.
        wanted: &'static str,
        /// The name asked for.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// A fixture of a manifest cannot be made.
    #[error("the fixture `{name}` cannot be made")]
    Fixture {
        /// The fixture.
        name: String,
        /// Why not.
        source: Box<Self>,
    },
    /// The manifest was refused.
    #[error("the manifest is refused")]
    Manifest {
        /// Where and why.
        source: Box<ManifestError>,
    },
    /// The text holds no private key that can be read.
    #[error("cannot read the private key: {reason}")]
    KeyUnreadable {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The key is not the one in the certificate.
    #[error("the certificate of `{name}` is for another key")]
    KeyMismatch {
        /// Common name of the certificate.
        name: String,
    },
    /// No key of this kind comes from a seed.
    #[error("no {kind:?} key can be made from a seed; P256, P384 and Ed25519 can")]
    NotSeedable {
        /// The kind that was asked for.
        kind: KeyKind,
    },
    /// A certificate from a seed was asked of an issuer whose signatures differ each time.
    #[error(
        "authority `{issuer}` does not sign the same way twice; its key must be a P256 one from a seed, an Ed25519 or an RSA one"
    )]
    NotDeterministic {
        /// Common name of the issuer.
        issuer: String,
    },
    /// A subject holds each attribute at most once.
    #[error("the subject states {attribute:?} twice")]
    AttributeTwice {
        /// The attribute.
        attribute: Attribute,
    },
    /// Numbers that are no object identifier (X.660).
    #[error("{arcs:?} is no object identifier")]
    NotAnOid {
        /// The numbers.
        arcs: Vec<u64>,
    },
    /// A certificate signing request that is not granted.
    #[error("the certificate signing request is refused: {reason}")]
    RequestRefused {
        /// Why not.
        reason: &'static str,
    },
    /// Bytes that cannot be taken apart.
    #[error("cannot read the certificate: {reason}")]
    Unreadable {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The key cannot sign in that way.
    #[error("cannot sign so: {reason}")]
    Unforgeable {
        /// Why not.
        reason: &'static str,
    },
    /// A key and its certificates that cannot become a PKCS#12 store.
    #[error("cannot make a PKCS#12 store: {reason}")]
    Pkcs12 {
        /// Why not.
        reason: &'static str,
    },
    /// A PKCS#12 store that cannot be opened.
    #[error("cannot read the PKCS#12 store: {reason}")]
    Pkcs12Unreadable {
        /// Why not.
        reason: &'static str,
    },
    /// The cryptographic library refused.
    #[error("cannot make a key or sign: {reason}")]
    Signing {
        /// What the library says.
        reason: String,
    },
}

impl From<rcgen::Error> for IssueError {
    fn from(error: rcgen::Error) -> Self {
        Self::Signing {
            reason: error.to_string(),
        }
    }
}

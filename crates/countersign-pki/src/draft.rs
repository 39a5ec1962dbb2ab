//! How is a manifest changed without losing what its author wrote around it? A [`Draft`].

use std::fmt;
use std::net::IpAddr;

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, value};

use crate::error::ManifestError;
use crate::key::KeyKind;
use crate::manifest::{CertificateEntry, Manifest};
use crate::name::Name;
use crate::psd2::Role;
use crate::subject::Subject;

/// The text of a manifest, to be added to. Comments, order and spelling stay. It prints as TOML.
///
/// ```
/// use countersign_pki::{Draft, NewCertificate};
///
/// let mut draft = Draft::parse("version = 1\n\n# Ours.\n[authority.root]\nsubject = \"Root\"\n")?;
/// let alice = NewCertificate {
///     name: "alice".into(),
///     profile: "client".into(),
///     issuer: "root".into(),
///     cn: Some("alice".into()),
///     ..NewCertificate::default()
/// };
/// assert!(draft.add(&alice)?);
/// assert!(!draft.add(&alice)?, "it is there already");
/// assert!(draft.to_string().contains("# Ours.\n"));
/// assert!(draft.to_string().ends_with(
///     "\n[certificate.alice]\nprofile = \"client\"\nissuer = \"root\"\ncn = \"alice\"\n"
/// ));
/// # Ok::<(), countersign_pki::ManifestError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Draft {
    document: DocumentMut,
    manifest: Manifest,
}

/// A certificate to be added to a [`Draft`], as the manifest writes it.
#[derive(Clone, Debug, Default)]
pub struct NewCertificate {
    /// The name of the item and of its files.
    pub name: String,
    /// `server`, `client`, or a profile of the manifest.
    pub profile: String,
    /// The authority that is to issue it.
    pub issuer: String,
    /// How long it lives; as its profile says if left out.
    pub ttl: Option<String>,
    /// How many, if it is a range.
    pub count: Option<u32>,
    /// The common name.
    pub cn: Option<String>,
    /// The SPIFFE ID.
    pub spiffe: Option<String>,
    /// DNS names.
    pub dns: Vec<String>,
    /// IP addresses.
    pub ip: Vec<IpAddr>,
    /// E-mail addresses.
    pub email: Vec<String>,
    /// The kind of key; as its profile says if left out.
    pub key: Option<KeyKind>,
    /// The subject, all of it; the common name alone goes under `cn`.
    pub subject: Option<Subject>,
    /// What it states for PSD2 beside what its profile says.
    pub psd2: Option<NewStatements>,
}

/// What a certificate of a payment service provider states: who registers it, and as what.
#[derive(Clone, Debug)]
pub struct NewStatements {
    /// The national authority's identifier: `GB-FCA`.
    pub nca_id: String,
    /// Its name.
    pub nca_name: String,
    /// What the provider may be.
    pub roles: Vec<Role>,
    /// Where its disclosure statement in English is.
    pub disclosure: Option<String>,
}

impl Draft {
    /// Reads a manifest that is to be changed.
    ///
    /// # Errors
    /// As [`Manifest::parse`].
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let manifest = Manifest::parse(text)?;
        let document = text.parse::<DocumentMut>();
        let document = document.map_err(|error| ManifestError::Syntax {
            line: 1,
            column: 1,
            reason: error.message().to_owned(),
        })?;
        Ok(Self { document, manifest })
    }

    /// What it says.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Adds names to every certificate for servers that lacks them. Whether that changed anything.
    ///
    /// # Errors
    /// As [`Manifest::with_server_names`].
    pub fn add_server_names(
        &mut self,
        names: impl IntoIterator<Item = Name>,
    ) -> Result<bool, ManifestError> {
        let wanted = self.manifest.clone().with_server_names(names)?;
        let before = std::mem::replace(&mut self.manifest, wanted);
        if before == self.manifest {
            return Ok(false);
        }
        for (had, has) in before.certificates.iter().zip(&self.manifest.certificates) {
            let new = has.names.iter().filter(|name| !had.names.contains(name));
            let entry = self.document.get_mut("certificate");
            let entry = entry.and_then(|all| all.get_mut(&has.entry));
            if let Some(table) = entry.and_then(Item::as_table_like_mut) {
                new.for_each(|name| push(table, name));
            }
        }
        // A range has one entry and many certificates: what was written counts.
        self.manifest = Manifest::parse(&self.to_string())?;
        Ok(true)
    }

    /// Adds a certificate. `false`: it is there already, and says the same.
    ///
    /// # Errors
    /// [`ManifestError::NotAdded`] if the manifest would be wrong with it, [`ManifestError::Exists`] if
    /// there is another of that name.
    pub fn add(&mut self, new: &NewCertificate) -> Result<bool, ManifestError> {
        let mut document = self.document.clone();
        let all = document
            .entry("certificate")
            .or_insert_with(implicit_table)
            .as_table_like_mut();
        let exists = all.is_some_and(|all| all.insert(&new.name, new.to_item()).is_some());
        let manifest = Manifest::parse(&document.to_string()).map_err(|error| match error {
            ManifestError::Flawed { flaw, .. } => ManifestError::NotAdded {
                name: new.name.clone(),
                flaw,
            },
            other => other,
        })?;
        match exists {
            true if same(&manifest, &self.manifest) => Ok(false),
            true => Err(ManifestError::Exists {
                name: new.name.clone(),
            }),
            false => {
                *self = Self { document, manifest };
                Ok(true)
            }
        }
    }
}

impl fmt::Display for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.document.fmt(f)
    }
}

impl NewCertificate {
    fn to_item(&self) -> Item {
        let mut table = Table::new();
        table.decor_mut().set_prefix("\n");
        let key = self.key.map(|key| key.to_string());
        let texts = [
            ("profile", Some(&self.profile)),
            ("issuer", Some(&self.issuer)),
            ("ttl", self.ttl.as_ref()),
            ("key", key.as_ref()),
            ("cn", self.cn.as_ref()),
            ("spiffe", self.spiffe.as_ref()),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                table.insert(key, value(text.as_str()));
            }
        }
        if let Some(count) = self.count {
            table.insert("count", value(i64::from(count)));
        }
        let ip = self.ip.iter().map(IpAddr::to_string).collect();
        for (key, texts) in [("dns", &self.dns), ("ip", &ip), ("email", &self.email)] {
            if !texts.is_empty() {
                table.insert(key, value(texts.iter().collect::<Array>()));
            }
        }
        if let Some(subject) = &self.subject {
            let attributes = subject.attributes();
            let attributes = attributes.map(|(attribute, text)| (attribute.as_str(), text));
            table.insert("subject", value(attributes.collect::<InlineTable>()));
        }
        if let Some(psd2) = &self.psd2 {
            table.insert("psd2", value(psd2.to_table()));
        }
        Item::Table(table)
    }
}

impl NewStatements {
    fn to_table(&self) -> InlineTable {
        let mut table = InlineTable::new();
        let nca: Array = [&self.nca_id, &self.nca_name].into_iter().collect();
        let roles: Array = self.roles.iter().map(|role| role.name()).collect();
        table.insert("nca", nca.into());
        table.insert("roles", roles.into());
        if let Some(url) = &self.disclosure {
            let pds: InlineTable = [("en", url.as_str())].into_iter().collect();
            table.insert("pds", pds.into());
        }
        table
    }
}

/// `[certificate.alice]` needs no `[certificate]` above it.
fn implicit_table() -> Item {
    let mut table = Table::new();
    table.set_implicit(true);
    Item::Table(table)
}

/// Adds a name to the list of its kind.
fn push(entry: &mut dyn TableLike, name: &Name) {
    let (key, text) = match name {
        Name::Dns(name) => ("dns", name.clone()),
        Name::Ip(address) => ("ip", address.to_string()),
        Name::Uri(uri) => ("uri", uri.clone()),
        Name::Email(address) => ("email", address.clone()),
    };
    let list = entry.entry(key).or_insert(value(Array::new()));
    if let Some(list) = list.as_array_mut() {
        list.push(text);
    }
}

/// Whether both say the same; the order of the entries does not matter.
fn same(one: &Manifest, two: &Manifest) -> bool {
    let sorted = |manifest: &Manifest| {
        let mut all: Vec<CertificateEntry> = manifest.certificates.clone();
        all.sort_by(|one, two| one.name.cmp(&two.name));
        all
    };
    sorted(one) == sorted(two)
}

//! Makes the seeds of the fuzz targets: `cargo run -p countersign-identity --example seeds -- DIR`.
//!
//! One folder for each target, with what the catalogue of `countersign-pki` and the published vectors
//! have for it.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use countersign_identity::{
    Certificate, ClientCert, EscapedPem, ForwardedChain, Scheme, Thumbprint, Xfcc,
};
use countersign_pki::Catalogue;
use data_encoding::{BASE64, HEXLOWER};
use x509_parser::prelude::{FromDer, X509Certificate};

fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::args_os().nth(1).ok_or("wanted: a folder")?;
    let seeds = Seeds { dir: dir.into() };
    for fixture in Catalogue::all()? {
        let chain = fixture.presented.map(|presented| presented.chain_pem);
        for der in certificates(&chain.unwrap_or_default()) {
            seeds.of_certificate(&der)?;
        }
    }
    seeds.of_vectors()?;
    seeds.of_texts()
}

struct Seeds {
    dir: PathBuf,
}

impl Seeds {
    fn of_certificate(&self, der: &[u8]) -> Result<(), Box<dyn Error>> {
        // Large ones teach a fuzzer nothing but to be slow.
        if der.len() > 4096 {
            return Ok(());
        }
        self.write("certificate", der)?;
        self.of_headers(der)?;
        let Ok(certificate) = Certificate::from_der(der) else {
            return Ok(());
        };
        let (_, x509) = X509Certificate::from_der(der)?;
        self.write("dn_der", x509.subject().as_raw())?;
        self.of_name(&certificate.subject().to_string())?;
        for name in Scheme::ALL.map(|scheme| scheme.name_in(&certificate)) {
            self.write(
                "name",
                name.map(|name| name.to_string())
                    .unwrap_or_default()
                    .as_bytes(),
            )?;
        }
        match certificate.qc_statements() {
            Some(statements) => self.write("qc_statements", statements),
            None => Ok(()),
        }
    }

    /// As each dialect forwards it.
    fn of_headers(&self, der: &[u8]) -> Result<(), Box<dyn Error>> {
        let Ok(chain) = ForwardedChain::new(der.to_vec(), vec![der.to_vec()]) else {
            return Ok(());
        };
        let read = ClientCert::new(chain.clone());
        let above = read.client_cert_chain().unwrap_or_default();
        let both = format!("{}\n{above}", read.client_cert());
        self.write("client_cert", both.as_bytes())?;
        self.write("client_cert", BASE64.encode(der).as_bytes())?;
        let pem = EscapedPem::new(chain.clone()).to_string();
        self.write("pem_header", pem.as_bytes())?;
        self.write("xfcc", Xfcc::new(chain).to_string().as_bytes())
    }

    fn of_name(&self, name: &str) -> Result<(), Box<dyn Error>> {
        self.write("dn_text", name.as_bytes())?;
        self.write("subject_text", name.as_bytes())?;
        self.write(
            "dn_match",
            format!("{name}\n{}", name.to_uppercase()).as_bytes(),
        )
    }

    fn of_vectors(&self) -> Result<(), Box<dyn Error>> {
        for hex in members(OBIE, "", "qcStatements_hex")? {
            self.write("qc_statements", &HEXLOWER.decode(hex.as_bytes())?)?;
        }
        for name in members(BRASIL, "/examples", "subject_dn")? {
            self.of_name(&name)?;
        }
        Ok(())
    }

    fn of_texts(&self) -> Result<(), Box<dyn Error>> {
        for name in DISTINGUISHED_NAMES {
            self.of_name(name)?;
            self.write("name", format!("dn:*,{name}").as_bytes())?;
        }
        for name in NAMES {
            self.write("name", name.as_bytes())?;
        }
        for id in SPIFFE_IDS {
            self.write("spiffe_id", id.as_bytes())?;
        }
        self.write("policy", POLICY.as_bytes())?;
        self.write("policy", EVERY_KEY.as_bytes())
    }

    /// Under a name that the content gives, so that each seed is there once.
    fn write(&self, target: &str, seed: &[u8]) -> Result<(), Box<dyn Error>> {
        let folder = self.dir.join(target);
        fs::create_dir_all(&folder)?;
        let file: &Path = &folder.join(Thumbprint::of(seed).to_string());
        Ok(fs::write(file, seed)?)
    }
}

/// The certificates of a PEM bundle that can be decoded.
fn certificates(pem: &str) -> Vec<Vec<u8>> {
    let blocks = pem.split("-----BEGIN CERTIFICATE-----").skip(1);
    let base64 = blocks.filter_map(|block| block.split("-----").next());
    base64
        .filter_map(|base64| {
            BASE64
                .decode(base64.split_whitespace().collect::<String>().as_bytes())
                .ok()
        })
        .collect()
}

/// The member `key` of each object in the list at `place`.
fn members(json: &str, place: &str, key: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let json: serde_json::Value = serde_json::from_str(json)?;
    let list = json.pointer(place).and_then(|list| list.as_array());
    let objects = list.into_iter().flatten();
    let members = objects.filter_map(|object| object.get(key)?.as_str());
    Ok(members.map(str::to_owned).collect())
}

const OBIE: &str =
    include_str!("../../../fixtures/vectors/psd2/obie-eidas-csr-profiles-2.2-qcstatements.json");
const BRASIL: &str =
    include_str!("../../../fixtures/vectors/psd2/openbanking-brasil-subject-dn.json");
const POLICY: &str = include_str!("../../../fixtures/policy.toml");

/// A policy with every key that there is, and something to warn of.
const EVERY_KEY: &str = r#"version = 1
[roles.idle]
permissions = ["a:b"]
[principals.c]
enabled = false
not_after = 2027-01-01T00:00:00Z
permissions = ["d:e"]
identities = [
    { trust = "t", name = "x5t:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU" },
    { trust = "t", name = "cn:f" },
    { trust = "u", name = 'dn:CN=Straße\, g,O=H' },
    { trust = "u", name = "org:PSDGB-FCA-1" },
]
"#;

/// RFC 4514, section 4, and what is hard in it.
const DISTINGUISHED_NAMES: [&str; 10] = [
    "UID=jsmith,DC=example,DC=net",
    "OU=Sales+CN=J.  Smith,DC=example,DC=net",
    r#"CN=James \"Jim\" Smith\, III,DC=example,DC=net"#,
    r"CN=Before\0dAfter,DC=example,DC=net",
    "1.3.6.1.4.1.1466.0=#04024869",
    r"CN=Lu\C4\8Di\C4\87",
    "CN=Straße\u{a0}ﬁne A\u{30a}",
    "C=#1e0400470042,C=#1c080000004700000042,C=#14024742",
    r"labeledURI=https://a.example/\#\ ",
    "2.5.4.97=#0c0a4e54524742a831,2.25.340282366920938463463374607431768211455=#0500",
];

const NAMES: [&str; 16] = [
    "spiffe://partner.example/*",
    "spiffe://partner.example/billing",
    "uri:https://partner.example/*",
    "dns:*.partner.example",
    "dns:API.partner.example",
    "email:*@partner.example",
    "ip:2001:db8::1",
    "cn:acme-*",
    "dn:*,O=Acme,C=SE",
    "dn:CN=Billing+UID=1,O=Acme",
    "org:PSDGB-FCA-*",
    "org:PSDGB-FCA-123456",
    "org:LEIXG-529900T8BM49AURSDO55",
    "pin:sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    "x5t:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
    "1.2.840.113549.1.9.1",
];

const SPIFFE_IDS: [&str; 4] = [
    "spiffe://prod.example/ns/payments/sa/billing",
    "spiffe://a/b",
    "spiffe://a.b-c_d/E.f-g_h/..i",
    "spiffe://prod.example/a/../b",
];

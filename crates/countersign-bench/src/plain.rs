//! The servers that one writes with axum and rustls, as their documentation shows: a CA for the clients, one
//! route, and nobody asks who calls.

mod document;

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::extract::Query;
use axum::routing::get;
use axum::{Json, Router};
use document::{Page, Paging};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

/// What a plain server is told on its command line.
#[derive(Clone, Debug, clap::Parser)]
pub struct Arguments {
    /// Where to listen.
    pub address: SocketAddr,
    /// The folder with `server.pem`, `server-key.pem` and `root.pem`.
    pub folder: std::path::PathBuf,
    /// Revocation lists, as PEM.
    pub lists: Option<std::path::PathBuf>,
}

/// The one route. It does what ours does behind its guard: reads which page is asked for, and writes one as JSON.
pub fn router() -> Router {
    Router::new().route(PATH, get(list))
}

async fn list(Query(_): Query<Paging>) -> Json<Page> {
    Json(Page {
        items: Vec::new(),
        next: None,
    })
}

/// Demands a certificate below `root.pem`, and looks at the lists, where there are some.
///
/// # Errors
///
/// A file is missing or wrong.
pub fn config(arguments: &Arguments) -> Result<Arc<ServerConfig>> {
    let provider = countersign_tls::provider();
    let file = |name: &str| read(&arguments.folder.join(name));
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(&file("root.pem")?) {
        roots.add(root?)?;
    }
    let mut verifier =
        WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider));
    if let Some(lists) = &arguments.lists {
        let lists = read(lists)?;
        let lists = CertificateRevocationListDer::pem_slice_iter(&lists);
        verifier = verifier.with_crls(lists.collect::<Result<Vec<_>, _>>()?);
    }
    let chain = file("server.pem")?;
    let chain = CertificateDer::pem_slice_iter(&chain).collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(&file("server-key.pem")?)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier.build()?)
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// What every server is asked for.
pub const PATH: &str = "/v1/transactions";

/// What every server answers: the first page of a ledger in which nothing is.
pub const ANSWER: &str = r#"{"items":[],"next":null}"#;
